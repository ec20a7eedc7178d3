#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a thumbnail made: thumb_put.py FROM TO, with DATABASE, REDIS (a unix socket) and PUT (put.lua) in the environment."""
import json
import os
import sys

import psycopg2
import redis

database = psycopg2.connect(os.environ["DATABASE"])
with open(os.environ["PUT"]) as file:
    put = redis.Redis(unix_socket_path=os.environ["REDIS"]).register_script(file.read())

with database, database.cursor() as cursor:             # commits at its end; rows of your own go in here too
    cursor.execute("select j.id, job_ticket(j) from job_put('thumb.make', 'shop', 'shop', null, %s) as j",
                   [json.dumps({"from": sys.argv[1], "to": sys.argv[2]})])
    job_id, ticket = cursor.fetchone()
if ticket:
    queue, *words = ticket.split(" ", 2)
    put(keys=["mr1:{q:%s}:" % queue], args=words)       # by EVALSHA, by EVAL when Redis has forgotten it
print(job_id)
