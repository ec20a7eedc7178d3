# SPDX-License-Identifier: GPL-3.0-or-later
"""A token that has ended stays so, also when Redis has forgotten everything. Sign-in throttles do not need Redis at all."""
import re

import pytest

from examples import FORMS, request_of
from judge import check_reply
from waits import rebuilt
from wire import Request
from world import REALM


@pytest.fixture(autouse=True, scope="module")
def forgotten(world):
    """Those who come after find the queues open."""
    yield
    rebuilt(world.stack, world.redis)


SIGN_OUT = {"expenses": "/api/auth/logout/", "ailice": "/api/auth/logout"}


def by_signing_out(_world, person):
    status = 200 if person.product == "ailice" else 204
    person.post(SIGN_OUT[person.product], {} if status == 204 else None, status)


def by_operator(world, person):
    world.operator("user", "sign-out", person.product, person.username)


def by_deletion(world, person):
    if person.product == "figureforge":
        person.call("DELETE", "/api/auth/delete/?confirm=DELETE", 204)
    else:
        world.sql(f"update account set deleted_at = now() where id = {person.account}")


def by_reset(world, person):
    world.nobody("expenses").post("/api/auth/password-reset/", {"email": person.email})
    token = re.search(r"^[\w-]{43}(?=\r?$)", world.mailbox.wait(person.email)[0]["text"], re.M).group()
    world.nobody("expenses").post("/api/auth/password-reset/confirm/", {"token": token, "new_password": "quite another 2"})


def by_closing(_world, person):
    person.call("DELETE", "/api/session", 204, headers={"Authorization": None})


WAYS = {REALM: (by_closing,), "nutrition": (by_operator, by_deletion), "smsagent": (by_operator, by_deletion),
        "expenses": (by_signing_out, by_operator, by_deletion, by_reset), "ailice": (by_signing_out, by_operator, by_deletion),
        "figureforge": (by_operator, by_deletion)}


def rows_of(world, product, person):
    """Those that ask who calls, without those that this one may not call anyhow."""
    return [row for row in world.rows if row["product"] == product and row["who"] in ("SIGNED_IN", "OPTIONAL", "ADMIN")
            and (row["who"] != "ADMIN" or person.role == "admin")]


@pytest.fixture(scope="module")
def ended(world):
    """People of every product whose tokens have ended, each in another way."""
    people = []
    for product, ways in WAYS.items():
        for way in ways:
            for role in ("user", "admin"):
                person = world.new_person(product, role)
                person.role, person.way = role, way.__name__
                asked = next((row for row in rows_of(world, product, person) if row["method"] == "GET"), None)
                if asked:
                    reply = world.wire().ask(request_of(asked, person))
                    assert reply.status_code != 401, "the token never was one"
                way(world, person)
                people.append(person)
    assert set(WAYS) == set(world.products), "say how tokens of the new product end"
    return people


def refused_everywhere(world, wire, people):
    for person in people:
        for row in rows_of(world, person.product, person):
            reply = wire.ask(request_of(row, person))
            check_reply(person.product, reply)
            assert reply.status_code == 401, f"{row['name']} {person.way} {person.role}: {reply.status_code} {reply.content[:200]}"


def test_what_has_ended_opens_nothing(world, wire, ended):
    refused_everywhere(world, wire, ended)


def test_nor_when_redis_was_flushed(world, wire, ended):
    world.redis("FLUSHALL")
    refused_everywhere(world, wire, ended)


# -- throttles ---------------------------------------------------------------------------------------------------------

def guess(person):
    """One wrong password; the status."""
    path = {"nutrition": "/api/v1/auth/login/", "smsagent": "/api/auth/token/", "expenses": "/api/auth/login/",
            "ailice": "/api/auth/login"}[person.product]
    name = "email" if person.product in ("nutrition", "expenses") else "username"
    return post(person, path, {name: getattr(person, name), "password": "a guess"})


def ask_for_mail(person):
    path = "/api/auth/password-reset/" if person.product == "expenses" else "/api/auth/magic-link/request/"
    return post(person, path, {"email": person.email})


def guess_code(person, code):
    return post(person, "/api/auth/magic-link/verify/", {"email": person.email, "code": code})


def post(person, path, body):
    """Each time from another address: it is the account that is guarded."""
    world, kind = person.world, FORMS["json"]
    post.number += 1
    headers = [(b"Content-Type", kind[0].encode()), (b"X-Forwarded-For", b"10.253.%d.%d" % divmod(post.number, 250))]
    reply = world.wire().ask(Request("POST", f"/{person.product}{path}".encode(), headers, kind[1](body)))
    check_reply(person.product, reply)
    return reply.status_code


post.number = 0


def told(attempt, person):
    return attempt(person) == 429


def untold(attempt, person):
    """The answer is the same as ever, but no mail is sent."""
    assert attempt(person) == 200
    return int(person.world.sql(f"select count(*) from job where account_id = {person.account}")) == 3


# What is tried, of which product, how often it may be, and how one finds that it may not any more.
THROTTLES = [(guess, product, 10, told) for product in ("nutrition", "smsagent", "expenses", "ailice")] + \
    [(ask_for_mail, "expenses", 3, untold), (ask_for_mail, "figureforge", 3, told)]


def tried_out(world):
    """Each as often as it may be; what is closed then, and by whom."""
    for attempt, product, most, closed in THROTTLES:
        person = world.new_person(product)
        person.world = world
        for _ in range(most):
            assert attempt(person) != 429, (attempt.__name__, product)
        yield attempt, person, closed


def test_throttles_outlive_redis(world):
    doors = list(tried_out(world))
    world.redis("FLUSHALL")
    for attempt, person, closed in doors:
        assert closed(attempt, person), (attempt.__name__, person.product)


def test_guessed_codes_close_without_redis(world):
    """Five a code, and ten an address and day, whatever new codes are asked for."""
    person = world.new_person("figureforge")
    person.world = world
    codes = []
    for count in (1, 2):
        if codes:
            guess_five(person, codes[0])
        assert ask_for_mail(person) == 200
        codes.append(world.mailbox.code(person.email, count))
    world.ctl("stop", "redis")
    try:
        guess_five(person, codes[1])
        assert guess_code(person, codes[1]) == 400, "the right one is wrong after five guesses"
        world.sql(f"update signin_code set tries = 0 where email = '{person.email}'")
        assert guess_code(person, codes[1]) == 400, "the address is locked after ten"
    finally:
        world.ctl("start", "redis")


def guess_five(person, code):
    for _ in range(5):
        assert guess_code(person, f"{(int(code) + 1) % 1000000:06d}") == 400


def test_throttles_close_without_redis(world):
    world.ctl("stop", "redis")
    try:
        for attempt, person, closed in tried_out(world):
            assert closed(attempt, person), (attempt.__name__, person.product)
    finally:
        world.ctl("start", "redis")
