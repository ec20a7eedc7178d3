# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /ailice/api/items/{id} by uwsgi: plain WSGI, psycopg2, redis-py, PyJWT. A connection a process, statements prepared
on it."""
import json
import os
import time

import jwt
import psycopg2
import redis

WINDOW = 3600
KEY = bytes.fromhex(os.environ["BENCH_KEY"])
LIMIT = int(os.environ["BENCH_LIMIT"])
PREPARED = """
prepare caller (bigint, bigint, uuid) as
select a.role from account a
 where a.id = $1 and a.product = 'ailice' and a.deleted_at is null and a.tokens_valid_after <= to_timestamp($2)
   and $3 <> all (a.revoked);
prepare item (bigint, bigint) as
select ailice.item_json(i)::text as body from ailice.item i where i.id = $1 and i.account_id = $2
"""


class Refused(Exception):
    """The status and what is wrong."""


def connect():
    connection = psycopg2.connect(os.environ["BENCH_DATABASE"])
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(PREPARED)
    return cursor


database = connect()
counters = redis.Redis(unix_socket_path=os.environ["BENCH_REDIS"])


def row(statement, values):
    database.execute(statement, values)
    return database.fetchone()


def claims_of(environ):
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme != "Bearer":
        raise Refused("401 Unauthorized", "Authentication is required")
    try:
        claims = jwt.decode(token, KEY, algorithms=["HS256"], audience="ailice", issuer="millrace")
    except jwt.InvalidTokenError as why:
        raise Refused("401 Unauthorized", "The access token is not valid") from why
    if claims["typ"] != "access":
        raise Refused("401 Unauthorized", "The access token is not valid")
    return claims


def limit(account):
    key = f"uwsgi:{account}:{int(time.time()) // WINDOW}"
    count = counters.incr(key)
    if count == 1:
        counters.expire(key, WINDOW)
    if count > LIMIT:
        raise Refused("429 Too Many Requests", "Too many requests")


def item(environ):
    claims = claims_of(environ)
    limit(claims["sub"])
    if not row("execute caller (%s, %s, %s)", (claims["sub"], claims["iat"], claims["jti"])):
        raise Refused("401 Unauthorized", "The access token is no longer valid")
    found = row("execute item (%s, %s)", (int(environ["REQUEST_URI"].rpartition("/")[2]), claims["sub"]))
    if not found:
        raise Refused("404 Not Found", "There is no such resource")
    return found[0].encode()


def application(environ, start_response):
    try:
        status, body = "200 OK", item(environ)
    except Refused as why:
        status, detail = why.args
        body = json.dumps({"detail": detail}).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
