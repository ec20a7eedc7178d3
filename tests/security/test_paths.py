# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to say a path, a method or a host that are none."""
import re
from dataclasses import replace

import pytest

from examples import path_of, request_of, root_of
from judge import check_reply
from wire import Request

EVIL = b"evil.example"
# A path that is none of a row: {head} and {tail} are the row's path, cut before its last segment.
TRICKS = ("{head}/./{tail}", "{head}/x/../{tail}", "{head}/{tail}/..", "{head}/{tail}/.", "{head}/{tail}/%2e", "{head}/%2e/{tail}",
          "{head}/x/%2e%2e/{tail}", "{head}/%2e%2e%2f{tail}", "{head}%2f{tail}", "{head}%5c{tail}", "{head}\\{tail}", "{head}%252f{tail}",
          "{head}/%25{tail}", "{head}//{tail}", "//{product}{head}/{tail}", "{head}///{tail}", "{head}/{tail}//", "{head}/{tail};x=y",
          "{head};/{tail}", "{head}/{tail}%00", "{head}/%00{tail}", "{head}/{tail}%00.json", "{head}/{tail}%0a", "{head}/{tail}%20",
          "{head}/{tail}.", "{head}/{tail}..", "{head}/{tail}.json", "{head}/{tail}~", "{head}/{tail}%c0%af", "{head}%c0%af{tail}",
          "{head}/%c0%ae%c0%ae/{tail}", "{head}%e0%80%af{tail}", "{head}%ef%bc%8f{tail}", "{head}/{tail}%e2%80%8b", "{head}/{tail}%ff",
          "{head}/%u002e%u002e/{tail}", "{head}/{tail}%", "{head}/{tail}%2", "{head}/{tail}%zz", "{head}/{tail}|x", "{head}/..;/{tail}",
          "{head}/*", "{head}/{tail}/*", "{head}/{tail}%3f", "{head}/{tail}%23", "{head}/{tail}&x", "{head}/{tail}/%2e%2e/%2e%2e/-/readyz",
          "{head}/{tail}/../../../../../../etc/passwd", "{head}/{long}", "{head}/{tail}{long}")
HOMOGLYPHS = {"a": "%d0%b0", "e": "%d0%b5", "i": "%d1%96", "o": "%d0%be", "p": "%d1%80", "s": "%d1%95", "l": "%e2%85%bc"}
OVERRIDES = [((name, method), b"?_method=%s&method=%s" % (method, method)) for method in (b"DELETE", b"PUT", b"PATCH", b"POST", b"GET")
             for name in (b"X-HTTP-Method-Override", b"X-HTTP-Method", b"X-Method-Override")]
REWRITES = (b"X-Original-URL", b"X-Rewrite-URL", b"X-Original-URI", b"X-Accel-Redirect", b"X-Sendfile", b"X-Forwarded-Prefix", b"X-Script-Name")


def tricks_with(row):
    product, path = root_of(row)[1:], path_of(row)
    head, _, tail = path.rstrip("/").rpartition("/")
    for trick in TRICKS:
        told = trick.format(head=head, tail=tail, product=product, long="x" * 8000)
        yield (told if told.startswith("//" + product) else f"/{product}{told}").encode("latin-1")
    for letter, other in HOMOGLYPHS.items():
        if letter in tail:
            yield f"/{product}{head}/{tail.replace(letter, other, 1)}".encode()
    if tail.upper() != tail:
        yield f"/{product}{head}/{tail.upper()}".encode()
    yield f"/{product.upper()}{path}".encode()
    yield f"/%2e/{product}{path}".encode()
    yield f"/x/../../{product}{path}".encode()


def pattern_of(row):
    """What the row answers to; a parameter takes anything but a slash."""
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(f"{root_of(row)}{row['path'].rstrip('/')}")) + "/?")


def test_no_other_path_is_the_rows(world, wire, row):
    """Called by somebody who may: what is not the path does nothing."""
    caller = world.person(row["product"], "alice", "admin" if row["who"] == "ADMIN" else "user") if row["who"] != "ANYONE" else None
    plain, others = request_of(row, caller), [pattern_of(one) for one in world.rows]
    for target in tricks_with(row):
        if any(other.fullmatch(target.decode("latin-1")) for other in others):
            continue                                     # where a parameter takes it, it is what the parameter says
        reply = wire.ask(replace(plain, target=target))
        check_reply(row["product"], reply, lost=True)
        assert reply.status_code in (400, 403, 404, 405, 414), f"{target}: {reply.status_code}"
        assert b"root:" not in reply.content and not reply.headers.get("X-Accel-Redirect")


def test_parameters_take_no_tricks(world, wire, row):
    caller = world.caller(row) if row["who"] != "ANYONE" else None
    for name in re.findall(r"\{(\w+)\}", row["path"]):
        marked = request_of(row, caller, {name: "MARK"})
        for text in (b"..", b".", b"%2e%2e", b"..%2f..%2f..%2fetc%2fpasswd", b"%2fetc%2fpasswd", b"..%5c..%5c", b"%00", b"x%00.png", b"-", b"*",
                     b"%2a", b"0", b"-1", b"1e3", b"0x1", b"01", b"%2b1", b"1%20", b"null", b"x" * 8000, b"%f0%9f%98%80" * 200,
                     b"%ef%bc%91", b"millrace.conf", b"page.js%00", b"..%2fpage.js", b"%27%20or%201=1--", b"%7b%7d", b"[]", b"%25", b"%2525"):
            reply = wire.ask(replace(marked, target=marked.target.replace(b"MARK", text)))
            check_reply(row["product"], reply, lost=True)
            assert reply.status_code in (400, 404, 405, 414), f"{text}: {reply.status_code}"


def test_the_method_is_the_first_word(wire, row):
    """Nothing else says which it is: a row that changes something is not reached by GET."""
    if row["method"] == "GET":
        return
    for header, query in OVERRIDES:
        reply = wire.ask(replace(request_of(row), method="GET", target=request_of(row).target + query).plus(header))
        check_reply(row["product"], reply)
        assert reply.status_code in (200, 401, 404, 405)
        if reply.status_code == 405:
            assert row["method"] in reply.headers["Allow"]


def test_the_target_is_the_only_path(world, wire, guarded):
    """Headers of other servers do not lead anywhere else."""
    there = request_of(guarded, world.caller(guarded)).target
    for name in REWRITES:
        for target in (there, b"/_files/x", b"/-/readyz"):
            reply = wire.ask(Request("GET", f"{root_of(guarded)}/api/nothing".encode(), [(name, target)]))
            check_reply(guarded["product"], reply)
            assert reply.status_code == 404


def test_links_take_no_host_from_the_caller(world, wire, row):
    if row["method"] != "GET":
        return
    caller = world.caller(row) if row["who"] != "ANYONE" else None
    plain = request_of(row, caller)
    for headers in ([(b"Host", EVIL)], [(b"Host", b"localhost"), (b"X-Forwarded-Host", EVIL), (b"X-Forwarded-Server", EVIL), (b"X-Host", EVIL)],
                    [(b"Host", b"localhost"), (b"Forwarded", b"host=" + EVIL), (b"X-Forwarded-Proto", b"gopher"), (b"X-Forwarded-Port", b"1")],
                    [(b"Host", EVIL + b":1234")], [(b"Host", b"localhost@" + EVIL)]):
        reply = wire.ask(plain.plus(*headers))
        check_reply(row["product"], reply)
        assert EVIL not in reply.content and EVIL.decode() not in str(reply.headers) and b"gopher" not in reply.content
    absolute = replace(plain, target=b"http://" + EVIL + plain.target)
    reply = wire.ask(absolute)
    check_reply(row["product"], reply)
    assert EVIL not in reply.content and EVIL.decode() not in str(reply.headers)


@pytest.mark.parametrize("lines", [b"Host: localhost\r\nHost: evil.example", b"Host:", b"X-No-Host: 1", b"Host: a b", b"Host: ../../x", b"Host: \x00"],
                         ids=repr)
def test_hosts_that_are_none(world, lines):
    reply = world.wire().send(b"GET /figureforge/api/images/models/ HTTP/1.1\r\n" + lines + b"\r\nConnection: close\r\n\r\n")
    assert reply.status_code in (200, 400) and EVIL not in reply.content


# -- files -------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def link(world):
    """A link of alice's: its path and its content."""
    alice = world.person("figureforge", "alice")
    url = alice.draw().images[0].url
    return url.removeprefix(world.stack["url"]).encode(), alice.get(url).http.content


def test_each_byte_of_a_links_token_counts(wire, link):
    path, content = link
    assert wire.ask(Request("GET", path)).content == content
    start, token, name = path.rpartition(b"/")[0].rpartition(b"/")[0] + b"/", path.split(b"/")[-2], path.split(b"/")[-1]
    for at in range(len(token)):
        for other in {b"%%%02x" % (token[at] ^ 1 << bit) for bit in range(8)} | {b"", token[at:at + 1] * 2, b"%00", b"%2f"}:
            reply = wire.ask(Request("GET", start + token[:at] + other + token[at + 1:] + b"/" + name))
            assert reply.status_code in (400, 404) and reply.content != content, (at, other)


def test_a_links_name_is_no_path(wire, link):
    path, content = link
    start = path.rpartition(b"/")[0]
    for name in (b"..", b"%2e%2e", b"..%2f..%2fmillrace.conf", b"x%0d%0aSet-Cookie:%20x=1", b"%22%3b%20filename=x", b"%00", b"x" * 4000, b"%ff"):
        reply = wire.ask(Request("GET", start + b"/" + name))
        assert reply.status_code in (200, 400, 404) and "Set-Cookie" not in reply.headers
        assert reply.status_code != 200 or reply.content == content
        assert "\n" not in (reply.headers.get("Content-Disposition") or "")


def test_no_stored_file_has_an_address(world, wire, link):
    keys = world.sql("select storage_key from file limit 20").splitlines()
    assert keys and link
    for key in keys:
        for prefix in ("/_files/", "/figureforge/_files/", "/figureforge/../_files/", "/figureforge/%2e%2e/_files/", "/files/", "/figureforge/files/",
                       "//_files/", "/_files//", "/_files/./", "/%5ffiles/", "/_FILES/", "/figureforge/files/..%2f..%2f_files%2f", "/./_files/"):
            reply = wire.ask(Request("GET", f"{prefix}{key}".encode(), [(b"X-Accel-Redirect", f"/_files/{key}".encode())]))
            assert reply.status_code in (400, 403, 404), prefix


def test_health_is_below_no_product(wire):
    """What the web server takes for its path is none for the front, which goes by what was sent."""
    for target in (b"/figureforge/../-/statistics", b"/figureforge/%2e%2e/-/readyz", b"/figureforge/-/readyz", b"/figureforge//-/readyz"):
        reply = wire.ask(Request("GET", target))
        assert reply.status_code in (400, 403, 404)
