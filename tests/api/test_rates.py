# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits. The tests' own addresses (10.*) are not counted; these are."""
import itertools
import random
import secrets
import time

import pytest
import redis

from client import Client
from waits import HOUR, MINUTE, room_in

HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture
def counted(stack, record):
    """counted("nutrition"): somebody at an address that is counted."""
    def make(product):
        client = Client(stack, product, record)
        client.address = nobodys()
        return client
    return make


_addresses = itertools.count(random.randrange(1 << 16))       # a stack may outlive a run of the tests


def nobodys():
    """An address from which nobody has called."""
    number = next(_addresses) % (1 << 16)
    return f"203.0.{number >> 8}.{number & 255}"


def at_home(client):
    """Whoever is signed in is counted by his account, wherever he calls from."""
    client.address = nobodys()
    return client


def told(answer):
    return tuple(int(answer.http.headers[name]) for name in HEADERS)


PLANS = "/api/v1/payments/plans/"


def test_who_is_not_signed_in_is_counted_by_address(counted):
    room_in(HOUR)
    one, other = counted("nutrition"), counted("nutrition")
    for left in (99, 98, 97):
        most, remaining, reset = told(one.get(PLANS))
        assert (most, remaining) == (100, left) and 0 < reset - time.time() <= HOUR and reset % HOUR == 0
    assert told(other.get(PLANS))[1] == 99


@pytest.mark.parametrize("product, path, most", [
    ("nutrition", "/api/v1/users/nobody/", None), ("ailice", "/api/auth/me", 300), ("expenses", "/api/users/me/", 1000),
    ("smsagent", "/api/users/", 1000), ("figureforge", "/api/auth/user/", 1000)])
def test_who_is_signed_in_is_counted_by_account(account, counted, product, path, most):
    room_in(HOUR)
    client = at_home(account(product))
    if most is None:                                     # no row is behind this path: nothing is counted
        assert not set(HEADERS) & set(client.get(path, 404).http.headers)
        return
    first = told(client.get(path))
    assert first[:2] == (most, most - 1)
    assert told(at_home(client).get(path))[1] == most - 2


def test_beyond_the_limit(counted):
    room_in(MINUTE, 20)
    client, body = counted("expenses"), {"email": "nobody@example.org", "password": "not this one"}
    for left in (4, 3, 2, 1, 0):
        assert told(client.post("/api/auth/login/", body, 401))[:2] == (5, left)
    for _ in range(2):
        answer = client.post("/api/auth/login/", body, 429)
        assert answer.value.error.code == "RATE_LIMIT_EXCEEDED" and told(answer)[:2] == (5, 0)
        assert 0 < int(answer.http.headers["Retry-After"]) <= MINUTE
    assert told(client.get("/api/users/me/", 401))[:2] == (100, 99)          # another rate
    counted("expenses").post("/api/auth/login/", body, 401)                  # another address


def test_what_is_refused_counts(counted):
    room_in(HOUR)
    client = counted("ailice")
    for n, (method, path, status) in enumerate((("GET", "/api/auth/me", 401), ("POST", "/api/auth/login", 400))):
        assert told(client.call(method, path, status, {} if method == "POST" else None))[1] == 299 - n
    client.token = "garbage"
    assert told(client.get("/api/auth/me", 401))[1] == 297


def test_what_is_counted_is_forgotten_after_its_window(counted, stack):
    room_in(HOUR)
    client, server = counted("ailice"), redis.Redis(unix_socket_path=stack["redis"])
    for hits in (1, 2):
        client.get("/api/auth/me", 401)
        name, = server.scan_iter(f"*ailice:address {client.address}*", count=10000)
        assert int(server.get(name)) == hits and HOUR - 60 < server.ttl(name) <= HOUR + 5


def test_a_tier_has_its_own_limit(account, operator):
    client = at_home(account("expenses", tier="premium"))
    assert told(client.get("/api/users/me/"))[0] == 5000


def test_the_sms_agents_words(counted):
    room_in(HOUR)
    client = counted("smsagent")
    for _ in range(100):
        client.get("/api/users/", 401)
    answer = client.get("/api/users/", 429)
    assert answer.detail == "You have exceeded the rate limit of 100 requests per hour"
    assert answer.retry_after == int(answer.http.headers["Retry-After"])


def network():
    """The front half of an IPv6 address."""
    return f"2001:db8:{random.randrange(0x1000, 0x10000):x}:{random.randrange(0x1000, 0x10000):x}"


def address_and_twin(kind):
    """An address and another that counts as the same, and what both are counted as."""
    if kind == "mapped":
        address = nobodys()
        return address, f"::ffff:{address}", address
    half = network()
    return f"{half}::1", f"{half.upper()}:9:8:7:6", f"{half}::"


def left_from(client, address):
    client.address = address
    return told(client.get(PLANS))[1]


@pytest.mark.parametrize("kind", ["network", "mapped"])
def test_a_network_of_ipv6_is_counted_as_one_address(counted, kind):
    room_in(HOUR)
    client, (address, twin, _) = counted("nutrition"), address_and_twin(kind)
    assert [left_from(client, one) for one in (address, twin, address, f"{network()}::1")] == [99, 98, 97, 99]


@pytest.mark.parametrize("kind", ["network", "mapped"])
@pytest.mark.parametrize("product, path, body, status, scope", [
    ("figureforge", "/api/auth/magic-link/request/", {"email": "%s@example.org"}, 200, "signin-ip"),
    ("figureforge", "/api/auth/magic-link/check-user/", {"email": "%s@example.org"}, 200, "check-user"),
    ("expenses", "/api/auth/password-reset/", {"email": "%s@example.org"}, 200, "reset-ip"),
    ("ailice", "/api/auth/login", {"username": "%s", "password": "a guess"}, 401, "password-ip"),
    ("smsagent", "/api/auth/token/", {"username": "%s", "password": "a guess"}, 400, "password-ip"),
    ("operator", "/api/session", {"name": "%s", "password": "a guess"}, 401, "operator-ip")])
def test_so_do_throttles(counted, sql, product, path, body, status, scope, kind):
    client, (address, twin, place) = counted(product), address_and_twin(kind)
    for client.address in (address, twin, f"{network()}::1"):
        client.post(path, {name: value.replace("%s", f"n{secrets.token_hex(6)}") for name, value in body.items()}, status)
    subject = place if product == "operator" else f"{product}:{place}"
    assert sql("select count from throttle where scope = %s and subject = %s", scope, subject) == "2"


def test_a_listed_address_is_not_counted(stack, record):
    assert not set(HEADERS) & set(Client(stack, "nutrition", record).get(PLANS).http.headers)


def test_who_may_not_is_counted_before_he_is_told(account, counted):
    room_in(HOUR)
    client = at_home(account("smsagent"))
    client.get("/api/users/")                                                    # his tier is known from here on
    first = told(client.get("/api/users/+15550001111/", 404))
    again = client.post("/api/users/", {"phone_number": "+15550001111"}, 403)
    assert told(again)[1] == first[1] - 1


def test_predictions_have_a_rate_of_their_own(account):
    ann = at_home(account("ailice"))
    room_in(HOUR)
    nothing = {"model_id": "openai:gpt-4", "input_data": {"prompt": ""}}
    for _ in range(20):
        ann.post("/api/ai/predict", nothing, 400)
    ann.post("/api/ai/predict", nothing, 429)
    ann.get("/api/ai/models")
