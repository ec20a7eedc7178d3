# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies that are not what they say, too large, too deep, too slow, or made to burst when they are opened."""
import gzip
import json
import socket
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from examples import BOUNDARY, body_of, done_of, fields_of, request_of
from judge import check_reply
from people import PNG
from waits import until
from wire import PATIENCE

MIB = 1 << 20
REFUSED = (400, 401, 404, 409, 413, 422)
RAISED = {"role": "admin", "is_admin": True, "account_id": 1, "must_be": "user", "is_staff": True, "quota": 10**6}
# Who may more than others without having paid for it: what was bought here is the caller's.
RISEN = """select count(*) from account a
            where a.role <> 'user' or a.tier not in ('free', coalesce((
                  select p.tier from billing.subscription_now(a.id) s join billing.plan p on p.product = a.product and p.id = s.plan
                   where billing.live(s.status)), 'free'))"""
GROWTH = 48 * MIB      # memory that the front may take more for any of it

# Of a JSON body: what is none, or none of ours.
NO_JSON = {
    "empty text": b" ", "cut": b'{"a":', "two": b"{}{}", "list": b"[]", "text": b'"a"', "number": b"1", "null": b"null", "true": b"true",
    "BOM": b"\xef\xbb\xbf{}", "UTF-16": "{}".encode("utf-16"), "comment": b"{/**/}", "single quotes": b"{'a':1}", "no quotes": b"{a:1}",
    "comma": b'{"a":1,}', "NaN": b'{"a":NaN}', "infinite": b'{"a":Infinity}', "hex": b'{"a":0x1}', "leading zero": b'{"a":01}',
    "plus": b'{"a":+1}', "point": b'{"a":.5}', "twice": b'{"a":1,"a":2}', "twice, escaped": b'{"a":1,"\\u0061":2}',
    "huge": b'{"a":1e400}', "long integer": b'{"a":' + b"9" * 400 + b"}", "beyond 64 bits": b'{"a":9223372036854775808}',
    "NUL": b'{"a":"\0"}', "escaped NUL": b'{"a":"\\u0000"}', "NUL in a name": b'{"\\u0000":1}', "newline": b'{"a":"\n"}',
    "bad UTF-8": b'{"a":"\xff"}', "overlong": b'{"a":"\xc0\x80"}', "surrogate": b'{"a":"\xed\xa0\x80"}',
    "lone surrogate": b'{"a":"\\ud800"}', "wrong pair": b'{"a":"\\udc00\\ud800"}', "half pair": b'{"a":"\\ud800x"}',
    "beyond Unicode": b'{"a":"\xf4\x90\x80\x80"}', "bad escape": b'{"a":"\\x41"}', "deep": b'{"a":' * 65 + b"1" + b"}" * 65,
    "deep list": b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}", "open": b"[" * 200000, "after it": b"{} x", "NUL after it": b"{}\0",
    "form": b"a=1&b=2", "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
}


def with_length(request, length, body=None):
    """As it goes out, with any Content-Length, or several."""
    lengths = length if isinstance(length, tuple) else (length,)
    head = replace(request, body=None).plus(*((b"Content-Length", text) for text in lengths)).to_send()
    return head + (request.body if body is None else body)


@pytest.fixture
def caller(world, row):
    return None if row["who"] == "ANYONE" else world.victim(row)


@pytest.fixture
def writing(world, row, caller):
    """A right request of the row's, or None where it takes no body."""
    return request_of(row, caller) if fields_of(row, "body") else None


@pytest.fixture(scope="module")
def avatars(world):
    """Sends bytes as somebody's picture: send(content, filename=..., head=...)."""
    row = next(one for one in world.rows if one["name"] == "me_avatar")
    person = world.person(row["product"], "painter", "admin" if row["who"] == "ADMIN" else "user")
    name = next(field["name"] for field in row["fields"] if field["type"] == "FILE_PART")
    kept = world.wire()

    def send(content, filename=b"me.png", raw=None, boundary=BOUNDARY.encode(), **more):
        part = b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n' % (boundary, name.encode(), filename)
        request = request_of(row, person).without(b"content-type")
        request.body = raw if raw is not None else part + content + b"\r\n--" + boundary + b"--\r\n"
        reply = kept.ask(request.plus((b"Content-Type", b"multipart/form-data; boundary=" + boundary), *more.get("headers", ())))
        check_reply(row["product"], reply)
        return reply
    send.person, send.name = person, name.encode()
    return send


def test_what_is_no_json(wire, row, writing):
    if not writing or row["form"] != "json":
        return
    for name, text in NO_JSON.items():
        reply = wire.ask(replace(writing, body=text))
        check_reply(row["product"], reply)
        assert reply.status_code == 400, name


def test_other_types_of_bodies(wire, row, writing):
    """The bytes are right, but they are said to be something else, or to be packed."""
    if not writing:
        return
    for kind in (b"text/plain", b"text/xml", b"application/octet-stream", b"", b"application/jsonp", b"application/json\xff", b"multipart/form-data"):
        reply = wire.ask(writing.without(b"content-type").plus((b"Content-Type", kind)))
        check_reply(row["product"], reply)
        assert reply.status_code == 400, kind


def test_members_that_are_too_much(world, wire, row, writing):
    """Nor are there any that one can be raised by."""
    if not writing or row["form"] != "json":
        return
    known, before = body_of(row), world.sql(RISEN)
    for body in ({**known, **{f"a{n}": n for n in range(20000)}}, {**known, "a" * 100000: 1}, {**known, "x": ["y"] * 50000},
                 {name: "a" * 200000 for name in known}, {name: [[]] * 1000 for name in known}, {name: 10**300 for name in known},
                 {name: {"$ne": None} for name in known}, {name: {"__proto__": {"admin": True}} for name in known}):
        reply = wire.ask(replace(writing, body=json.dumps({**body, **RAISED}).encode()))
        check_reply(row["product"], reply)
        assert reply.status_code in {*done_of(row), 429, *REFUSED}
    assert world.sql(RISEN) == before


def test_lengths_that_lie(world, row, writing):
    if not writing:
        return
    true = b"%d" % len(writing.body)
    for length in (b"-1", b"+" + true, b"0x10", true + b"x", true + b" " + true, b"1e3", b"", b"9" * 30, b"18446744073709551617", (true, b"1"),
                   (true, true + b"0"), b"1," + true, b"\xff"):
        reply = world.wire().send(with_length(writing, length))
        assert reply.status_code in (400, 413), length
    for length, expect in ((b"1", REFUSED), (b"0", (*done_of(row), *REFUSED))):         # what follows is no request
        reply = world.wire().send(with_length(writing, length))
        check_reply(row["product"], reply)
        assert reply.status_code in expect, length
    huge = world.wire().send(with_length(writing, b"999999999999", b"{"))
    check_reply(row["product"], huge)
    assert huge.status_code == 413


def test_smuggling(world, row, writing):
    """Two ways to say where the body ends: whatever is answered, it is one answer to one request."""
    if not writing:
        return
    inner = b"GET /figureforge/api/images/models/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for lines in ([(b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"5")], [(b"Transfer-Encoding", b"chunked, identity")],
                  [(b"Transfer-Encoding", b"xchunked")], [(b"Transfer-Encoding", b"identity"), (b"Transfer-Encoding", b"chunked")],
                  [(b"Transfer-Encoding", b"\x0bchunked")], [(b"Transfer-Encoding", b'"chunked"')], [(b"Transfer-Encoding ", b"chunked")]):
        wire = world.wire()
        reply = wire.send(replace(writing, body=None).plus(*lines).to_send() + b"0\r\n\r\n" + inner)
        assert reply is None or reply.status_code in (400, 411, 501, *REFUSED), lines
        assert reply is None or b"croquis" not in reply.content
        wire.close()


def test_chunks_that_are_none(world, row, writing):
    if not writing:
        return
    plain = replace(writing, body=None).plus((b"Transfer-Encoding", b"chunked")).to_send()
    for chunks in (b"x\r\n", b"-1\r\n", b"fffffffffffffffff\r\n{}", b"2\r\n{}x\r\n0\r\n\r\n", b"ffffffff\r\n{}"):
        reply = world.wire().send(plain + chunks)
        assert reply is None or reply.status_code in REFUSED, chunks
        if reply is not None:
            check_reply(row["product"], reply)


def test_too_large(world, row, writing):
    """Declared and not: refused, and never kept in memory."""
    if not writing:
        return
    before = world.front_memory()
    padding = b" " * (3 * MIB)
    for data in (with_length(writing, b"%d" % (len(padding) + 1), padding + b"x"), replace(writing, body=None).plus(
            (b"Transfer-Encoding", b"chunked")).to_send() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(padding), padding)):
        if row["form"] == "parts":
            continue
        reply = world.wire().send(data)
        assert reply is None or reply.status_code == 413
        if reply is not None:
            check_reply(row["product"], reply)
    assert world.front_memory() < before + GROWTH


def test_cut_in_flight(world, wire, row, writing):
    """A client that leaves in the middle of its body, or just behind it: the next one is served."""
    if not writing:
        return
    whole = writing.to_send()
    for data in (whole[:-1], whole[:len(whole) // 2], whole[:-len(writing.body)], whole[:10]):
        left = world.wire()
        left.socket = left_behind(world, data)
        left.close()
    assert wire.ask(replace(writing, body=b"{" if row["form"] == "json" else b"%")).status_code in REFUSED


def left_behind(world, data):
    one = socket.create_connection(("127.0.0.1", world.stack["port"]), timeout=PATIENCE)
    one.sendall(data)
    return one


# -- things that burst -------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def bomb():
    return gzip.compress(b'{"a":"' + b"x" * (64 * MIB) + b'"}', 9)


def test_packed_bodies_are_not_unpacked(world, wire, row, writing, bomb):
    if not writing or row["form"] == "parts":
        return
    before = world.front_memory()
    for name, packed in ((b"gzip", bomb), (b"gzip", gzip.compress(writing.body)), (b"deflate", zlib.compress(writing.body)),
                         (b"gzip, gzip", gzip.compress(gzip.compress(writing.body))), (b"br", b"\x8b\x03\x80{}\x03")):
        reply = wire.ask(replace(writing, body=packed).plus((b"Content-Encoding", name)))
        check_reply(row["product"], reply)
        assert reply.status_code in (400, 422), name
    assert world.front_memory() < before + GROWTH


def png_of(width, height):
    """A picture whose head says that it is large; all of it one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = zlib.compress(b"\0" * (8 * MIB), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_of(width, height):
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + \
        b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xd9"


@pytest.mark.parametrize("content", [png_of(50000, 50000), png_of(2**31 - 1, 2**31 - 1), jpeg_of(65535, 65535),
                                     b"GIF89a\xff\xff\xff\xff\xf7\x00\x00" + bytes(2000), b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\xff" * 30,
                                     b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g>" * 10000,
                                     b"%!PS\n", b"push graphic-context\nfill 'url(https://x\"|id\")'\n", gzip.compress(bytes(MIB))],
                         ids=["png", "png 2^31", "jpeg", "gif", "webp", "png head", "jpeg head", "svg", "postscript", "mvg", "gzip"])
def test_pictures_that_burst_are_kept_or_refused(world, avatars, content):
    usual, before = avatars(PNG).seconds, world.front_memory()
    reply = avatars(content)
    assert reply.status_code in (200, 422) and reply.seconds < 10 + 10 * usual
    assert world.front_memory() < before + GROWTH


# -- multipart ---------------------------------------------------------------------------------------------------------

def test_parts_that_are_too_many_or_none(world, avatars):
    before, mark = world.front_memory(), b"--" + BOUNDARY.encode()
    part = b'%s\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\n' % (mark, avatars.name)
    other = b'%s\r\nContent-Disposition: form-data; name="n%%d"\r\n\r\nx\r\n' % mark
    end = mark + b"--\r\n"
    for raw in (b"".join(other % n for n in range(5000)) + end, (part + PNG + b"\r\n") * 1000 + end, part * 3 + end, mark + b"\r\n" * 100000 + end,
                b"%s\r\n%s\r\n\r\nx\r\n%s" % (mark, b"X: y\r\n" * 5000, end), b"%s\r\nX: %s\r\n\r\nx\r\n%s" % (mark, b"y" * 100000, end), end, mark, b"--",
                b"\r\n" * 1000 + end, part + PNG, part.replace(b'name="', b"name='") + PNG + b"\r\n" + end,
                part.replace(b'; filename="a"', b"") + PNG + b"\r\n" + end, part.replace(b"form-data", b"attachment") + PNG + b"\r\n" + end,
                part.replace(avatars.name, b"a" * 3000) + PNG + b"\r\n" + end, part.replace(avatars.name, b"\0") + PNG + b"\r\n" + end,
                b"%s\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n%s\r\n--inner--\r\n%s" % (mark, part, end)):
        reply = avatars(b"", raw=raw)
        assert reply.status_code in (400, 413, 422), raw[:200]
    assert world.front_memory() < before + GROWTH


@pytest.mark.parametrize("boundary", [b"b" * 71, b"b" * 5000, b"", b'"', b'"a', b"a b", b"\xff", b"a\tb", b"-", b"--", b'"\\""'], ids=repr)
def test_boundaries(avatars, boundary):
    assert avatars(PNG, boundary=boundary).status_code in (200, 400)


@pytest.mark.parametrize("filename", [b"../../../../tmp/evil.png", b"/etc/passwd", b"..\\..\\evil.png", b"C:\\evil.png", b"evil\0.png", b"a" * 250,
                                      b"a" * 5000, b"%2e%2e%2fevil.png", b"%0d%0aSet-Cookie: x=1", b"evil.png\\\"; x=\\\"y", b".htaccess", b"..", b".",
                                      b"\xff\xfe.png", "\u202egnp.exe".encode(), b"\x1b[31m.png", b"con", b"$(id).png", b"-rf", b"a;b|c.png"], ids=repr)
def test_names_of_files_name_no_path(world, avatars, filename):
    """A file is kept under a name of ours, and given back under one that is one."""
    folder = Path(world.stack["storage"])
    before = {path for path in folder.parent.rglob("*evil*")}
    reply = avatars(PNG, filename=filename)
    assert reply.status_code in (200, 400, 422)
    assert {path for path in folder.parent.rglob("*evil*")} == before
    if reply.status_code == 200:
        url = json.loads(reply.content)["data"]["avatar_url"]
        answer = until(lambda: (found := requests.get(url, timeout=PATIENCE)).status_code == 200 and found, "an avatar is made of it")
        disposition = answer.headers["Content-Disposition"]
        assert answer.content[:3] == b"\xff\xd8\xff" and PNG not in answer.content      # not what was sent
        assert "evil" not in url.split("/files/")[0] and "Set-Cookie" not in answer.headers
        assert "/" not in disposition and "\\" not in disposition and disposition.count('"') in (0, 2)


def test_compressed_parts_stay_so(avatars):
    assert avatars(gzip.compress(PNG)).status_code == 422
    part = b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--%s--\r\n'
    assert avatars(b"", raw=part % (BOUNDARY.encode(), avatars.name, BOUNDARY.encode())).status_code == 422


# -- slow clients ------------------------------------------------------------------------------------------------------

def test_slow_clients_hinder_nobody(world, trickle):
    """Dozens of them send a byte now and then, as they have since the suite began: the front knows of none."""
    wire, spent = world.wire(), []
    assert len(trickle.slow) >= 40
    person = world.person("expenses", "alice")
    row = next(one for one in world.rows if one["product"] == "expenses" and one["name"] == "me_get")
    for _ in range(50):
        reply = wire.ask(request_of(row, person))
        assert reply.status_code == 200
        spent.append(reply.seconds)
    assert sorted(spent)[25] < 1                                   # who waits for one of them waits for ever
    assert len(list(Path(f"/proc/{world.front_pid()}/fd").iterdir())) < 40 + 128
