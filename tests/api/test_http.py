# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths, methods and headers: what is the same for every endpoint."""
import re

import pytest

from client import Answer, check_answer

WHO = "/api/auth/user/"
MODELS = "/api/images/models/"


# -- request ids -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["abc", "A-b_9", "x" * 64, "0"])
def test_a_request_keeps_its_name(figureforge, name):
    for expect, path in ((200, MODELS), (401, WHO), (404, "/api/nothing/")):
        assert figureforge.get(path, expect, headers={"X-Request-ID": name}).http.headers["X-Request-ID"] == name


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a;b", "a\"b", "é".encode(), "a/b", "{}", "a,b", "a\tb", "%0d%0aX: y"])
def test_a_bad_name_is_replaced(figureforge, name):
    given = figureforge.get(MODELS, headers={"X-Request-ID": name}).http.headers["X-Request-ID"]
    assert re.fullmatch(r"req_[0-9a-zA-Z]{12}", given)


@pytest.mark.smoke
def test_what_the_web_server_says_itself_has_a_name(figureforge, server):
    """A body beyond its own bound never reaches the front."""
    given = []
    for name in ("mine", "not mine!"):
        answer = figureforge.post("/api/auth/verify/", data=b"x" * (3 << 20), expect=413, headers={"X-Request-ID": name})
        given.append(answer.http.headers["X-Request-ID"])
    assert given[0] == "mine" and re.fullmatch(server.new_id, given[1])


def test_each_request_has_a_name_of_its_own(figureforge):
    assert len({figureforge.get(MODELS).http.headers["X-Request-ID"] for _ in range(20)}) == 20


@pytest.mark.parametrize("line", [b"X-Request-ID: a\rSet-Cookie: x=1", b"X-Request-ID: a\x0bSet-Cookie: x=1",
                                  b"X-Request-ID: a%0d%0aSet-Cookie: x=1", b"X-Request-ID: a\xe5\x98\x8a\xe5\x98\x8dSet-Cookie: x=1",
                                  b"X-Request-ID: a\x00Set-Cookie: x=1"], ids=repr)
def test_a_name_cannot_bring_a_header(figureforge, line):
    answer = figureforge.raw_get("/figureforge" + MODELS, line)
    assert answer.status_code in (200, 400)
    assert "Set-Cookie" not in answer.headers
    assert "a" != answer.headers.get("X-Request-ID", "")[:1]


def test_the_job_knows_the_request(alice, accepted, sql):
    job = accepted(alice, {"prompt": "a boat"}, headers={"X-Request-ID": "the-one"})
    assert sql("select request_id from job where id = %s", job.job_id) == "the-one"


# -- paths -------------------------------------------------------------------------------------------------------------

def test_both_slash_forms(alice):
    for path in (WHO, MODELS):
        assert alice.get(path) == alice.get(path.rstrip("/"))
    alice.post("/api/auth/verify", {})
    job = alice.draw()
    alice.get(f"/api/images/job/{job.job_id}")
    alice.get(f"/api/images/{job.images[0].id}")


@pytest.mark.parametrize("path", ["/", "/api/", "/api", "/api/nothing/", "/api/auth/", "/api/auth/user/x/", "/nothing", "/api/images/",
                                  "/api/images/job/", "/API/auth/user/", "/api/auth/User/", "/api/images/models/x",
                                  "/api/" + "x/" * 40])
def test_an_unknown_route(alice, path):
    alice.get(path, 404)
    alice.post(path, {}, 404)


def test_an_unknown_product(figureforge):
    for product in ("nothing", "figureforg", "figureforgee", "FIGUREFORGE", ""):
        assert figureforge.raw_get(f"/{product}{MODELS}").status_code == 404


@pytest.mark.smoke
def test_what_is_nobodys_is_told_as_operators_are(figureforge):
    """By the front as by the web server, whose own answers there have the same form."""
    answer = Answer(figureforge.raw_get("/-/nothing/"))
    assert answer.http.status_code == 404
    check_answer("operator", answer)


@pytest.mark.smoke
@pytest.mark.parametrize("target", [
    "//api/images/models/", "/api//images/models/", "/api/images//models/", "/api/images/models//",
    "/api%2fimages%2fmodels/", "/api/images/models%00/", "/api/images/%00models/", "/api/images/models%2f",
    "/./api/images/models/", "/api/./images/models/", "/api/x/../images/models/", "/api/images/models/..",
    "/api/images/models/%2e%2e/", "/%2e%2e/figureforge/api/images/models/", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd", "/api/images/%zz/", "/api/images/%/", "/api/images/%c0%ae%c0%ae/", "/api/images/\xff/",
    "/api/images/..;/models/", "/api/images/models/;x=y", "/api/images/models%0d%0aSet-Cookie:%20x=1/",
    "/files/%2e%2e/%2e%2e", "/files/x/%2e%2e%2fmillrace.conf"], ids=repr)
def test_tricks_with_paths(figureforge, server, target):
    answer = figureforge.raw_get("/figureforge" + target)
    assert answer.status_code in server.refuses_paths, answer.content
    assert b"croquis" not in answer.content and b"root:" not in answer.content
    assert "Set-Cookie" not in answer.headers


@pytest.mark.smoke
def test_a_very_long_path(figureforge, server):
    assert figureforge.raw_get("/figureforge/api/images/" + "x" * 7000 + "/").status_code == 404
    assert figureforge.raw_get("/figureforge/api/images/" + "x" * 100000 + "/").status_code == server.line_too_long
    figureforge.get(MODELS + "?" + "x=y&" * 1500)


@pytest.mark.smoke
def test_what_decodes_to_a_path_is_that_path(figureforge):
    assert figureforge.raw_get("/figureforge/api/images/%6dodels/").status_code == 200


@pytest.mark.parametrize("image", ["img_0", "img_01", "img_-1", "img_1x", "img_", "1", "IMG_1", "img_9223372036854775808",
                                   "img_99999999999999999999", "user_1", "img_1%20", "img_1'--", "null", "img_1%00"])
def test_what_is_no_image(alice, image):
    assert alice.raw_get(f"/figureforge/api/images/{image}/", b"Authorization: Bearer " + alice.token.encode()
                         ).status_code in ((400, 404) if "%00" in image else (404,))


@pytest.mark.parametrize("job", ["1", "x", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000000",
                                 "00000000000000000000000000000000", "g0000000-0000-0000-0000-000000000000", "%7b%7d",
                                 "{00000000-0000-0000-0000-000000000000}"])
def test_what_is_no_job(alice, job):
    alice.get(f"/api/images/job/{job}/", 404)


# -- methods -----------------------------------------------------------------------------------------------------------

@pytest.mark.smoke
@pytest.mark.parametrize("method, path, allowed", [
    ("GET", "/api/images/generate/", "POST"), ("DELETE", WHO, "GET"), ("PUT", WHO, "GET"), ("POST", MODELS, "GET"),
    ("PATCH", "/api/images/img_1/", "GET"), ("GET", "/api/auth/verify/", "POST"), ("HEAD", "/api/auth/verify/", "POST"),
    ("TRACK", WHO, "GET"), ("BREW", WHO, "GET")])
def test_another_method(alice, figureforge, server, method, path, allowed):
    if method in ("TRACK", "BREW") and not server.knows_methods:
        line = f"{method} /figureforge{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert figureforge.raw(line.encode()).status_code == 501
        return
    for client in (alice, figureforge):
        assert client.call(method, path, 405).http.headers["Allow"] == \
            ("GET, HEAD, OPTIONS" if allowed == "GET" else f"{allowed}, OPTIONS")


@pytest.mark.smoke
def test_head_is_get_without_the_body(alice):
    for path in (WHO, MODELS):
        answer = alice.head(path).http
        assert answer.content == b""
        assert int(answer.headers["Content-Length"]) == len(alice.get(path).http.content)
    alice.token = None
    assert alice.head(WHO, 401).http.content == b""


# -- answers -----------------------------------------------------------------------------------------------------------

def test_answers_are_json_that_nobody_keeps(alice):
    headers = alice.get(WHO).http.headers
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"


def test_an_error_says_nothing_of_the_inside(alice):
    answer = alice.post("/api/images/generate/", {"prompt": "x", "model": "'\"\\"}, 400)
    assert not re.search(rb"sql|postgres|select|/home|\.c:", answer.http.content, re.I)


def test_the_caller_is_not_repeated_unquoted(alice):
    answer = alice.post("/api/images/generate/", data=b'{"prompt": "</script>\\u2028", "model": "a\\"b"}', expect=400)
    assert answer.error.details.model
