# SPDX-License-Identifier: GPL-3.0-or-later
"""What a web server must do for the front, whichever it is: servers.py has the few things that are its own."""
import pytest

from client import Answer, Client, check_answer

pytestmark = pytest.mark.smoke
PRODUCTS = ("nutrition", "smsagent", "expenses", "ailice", "figureforge")
MODELS = "/figureforge/api/images/models/"


@pytest.fixture(params=PRODUCTS)
def somebody(stack, record, request):
    """Nobody in particular, of each product."""
    return Client(stack, request.param, record)


@pytest.fixture(scope="module")
def path(sign_in):
    """Of a picture."""
    painter = sign_in("painter")
    return painter.draw().images[0].url.removeprefix(painter.base)


# -- what it hands on --------------------------------------------------------------------------------------------------

def test_it_hands_on_who_calls(account):
    somebody = account("expenses")
    somebody.get("/api/users/me/")
    somebody.token = None
    somebody.get("/api/users/me/", 401)


def test_the_query_comes_as_it_was_sent(account):
    """A page's link repeats it."""
    somebody = account("smsagent", role="admin")
    for n in range(2):
        somebody.post("/api/users/", {"phone_number": f"+4411{n}{id(somebody) % 10**7:07}", "tier": "enterprise"}, 201)
    for query in ("a=%2B+%20&b=c%2Fd%3D", "a=//..//&b=%252F", "a=%C3%A9'()*!", "x=&y"):
        assert f"?{query}&" in somebody.get(f"/api/users/?{query}&page_size=1").next


@pytest.mark.parametrize("target, expect", [
    ("%6dodels/", 200), ("models", 200), ("models/?a=%2F+b//", 200), ("models%2F", 404), ("%2Fmodels/", 404), ("/models/", 404),
    ("models//", 404), ("x%2F..%2Fmodels/", 404), ("mod+els/", 404), ("models%2B/", 404), ("models%3F", 404),
    ("mod%25els/", 404)])
def test_the_path_comes_as_it_was_sent(figureforge, target, expect):
    assert figureforge.raw_get(f"/figureforge/api/images/{target}").status_code == expect


def test_a_file_is_found_by_its_encoded_name(figureforge, path):
    figureforge.get(path.replace(":", "%3A"))
    figureforge.get(path.replace("/files/", "/files%2F"), 404)


def test_a_proxy_header_does_no_harm(figureforge):
    assert figureforge.raw_get(MODELS, b"Proxy: http://127.0.0.1:1/").status_code == 200


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_in_chunks(figureforge, size):
    body = b'{"email": "nobody"}'
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + size]), body[at:at + size]) for at in range(0, len(body), size))
    answer = figureforge.raw(b"POST /figureforge/api/auth/magic-link/request/ HTTP/1.1\r\nHost: localhost\r\n"
                             b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                             + pieces + b"0\r\n\r\n")
    assert answer.status_code == 400 and b'"email"' in answer.content and b"required" not in answer.content


# -- what it says itself -----------------------------------------------------------------------------------------------

def test_a_body_beyond_every_bound(somebody):
    """In the product's words, which the client checks of every answer."""
    somebody.post("/api/auth/verify/", data=b"x" * (3 << 20), expect=413)


def test_the_front_refuses_what_is_a_little_too_long(figureforge):
    answer = figureforge.post("/api/auth/magic-link/request/", data=b"x" * (3 << 19), expect=413)
    assert answer.error.message == "The body is too large"


UNREADABLE = {
    "a blank in a header's name": ("/api/nothing/", b"Host: localhost", b"X A: b"),
    "a null byte in a header": ("/api/nothing/", b"Host: localhost", b"X-A: a\0b"),
    "no host": ("/api/nothing/",),
    "a host that is none": ("/api/nothing/", b"Host: a/../b"),
    "two hosts": ("/api/nothing/", b"Host: localhost", b"Host: elsewhere"),
    "a length that is no number": ("/api/nothing/", b"Host: localhost", b"Content-Length: x"),
}


def unread(somebody, path, *lines, method="GET"):
    line = f"{method} /{somebody.product}{path} HTTP/1.1".encode()
    return Answer(somebody.raw(b"\r\n".join([line, *lines, b"Connection: close", b"", b""])))


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_request_that_cannot_be_read(somebody, what):
    answer = unread(somebody, *UNREADABLE[what])
    assert answer.http.status_code == 400
    check_answer(somebody.product, answer)


def test_a_method_that_comes_with_too_large_a_body(somebody):
    """A bug of nginx's configuration: to what it refused before the body it said 413, in words of its own, for the body."""
    answer = unread(somebody, "/api/nothing/", b"Host: localhost", b"Content-Length: %d" % (3 << 20), method="TRACE")
    assert answer.http.status_code in (405, 413)
    check_answer(somebody.product, answer)


def test_a_null_byte_in_a_path(somebody, server):
    answer = unread(somebody, "/api/nothing%00/", b"Host: localhost")
    assert answer.http.status_code == server.null_byte
    if server.null_byte == 400:
        check_answer(somebody.product, answer)


def test_a_head_that_is_too_large(somebody, server):
    """Of a head that it has not read it cannot tell the product: then the words are nobody's, like the operators'."""
    product = somebody.product if server.reads_large else "operator"
    for status, answer in ((server.line_too_long, unread(somebody, "/api/" + "x" * 100000, b"Host: localhost")),
                           (server.headers_too_large, unread(somebody, "/api/nothing/", b"Host: localhost", b"X-A: " + b"x" * 100000))):
        assert answer.http.status_code == status
        check_answer(product, answer)


def test_the_front_is_away(stack, record, server, front_away):
    clients = [Client(stack, product, record) for product in PRODUCTS]
    if not server.runs_front:
        pytest.skip("nothing runs by itself that could be away")
    with front_away():
        for client in clients:
            said = client.get("/api/nothing/", 503, headers={"X-Request-ID": "mine"})
            assert said.http.headers["X-Request-ID"] == "mine"
            client.post("/api/nothing/", data=b"x" * (3 << 19), expect=503)
    for client in clients:
        client.get("/api/nothing/", 404)


# -- a host of its own for a product -----------------------------------------------------------------------------------

def test_a_host_is_a_product(account, server):
    """etc/*/millrace-host.conf, for the host expenses.test."""
    if not server.runs_front:
        pytest.skip("there is an example for servers that the front runs behind")
    somebody, number = account("expenses"), b"%d" % (3 << 20)
    token = b"Authorization: Bearer " + somebody.token.encode()

    def ask(line, *more):
        head = b"\r\n".join([line.encode() + b" HTTP/1.1", b"Host: expenses.test", b"Connection: close", *more])
        return somebody.raw(head + b"\r\n\r\n")

    assert ask("GET /api/users/me/", token).status_code == 200
    assert ask("GET /api/users/me/").status_code == 401
    for elsewhere in ("/expenses/api/users/me/", "/figureforge/api/images/models/", "/_millrace/x", "/_files/x"):
        assert ask(f"GET {elsewhere}", token).status_code in (403, 404)
    refused = ask("POST /api/users/me/", token, b"Content-Length: " + number)
    assert refused.status_code == 413 and b'"version":"1.0"' in refused.content
    assert refused.headers["X-Request-ID"].encode() in refused.content
    assert ask("GET /api/users%00/").headers["Content-Type"] == "application/json"


# -- finished files ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("wanted, first, last", [
    ("bytes=0-0", 0, 1), ("bytes=5-", 5, None), ("bytes=-7", -7, None), ("bytes=2-99999999", 2, None),
    ("bytes=-99999999", 0, None)])
def test_a_part_of_a_file(figureforge, path, wanted, first, last):
    whole = figureforge.get(path).http.content
    part = figureforge.get(path, 206, headers={"Range": wanted}).http
    assert part.content == whole[first:last]
    start = first % len(whole)
    assert part.headers["Content-Range"] == f"bytes {start}-{start + len(part.content) - 1}/{len(whole)}"
    assert part.headers["Content-Type"] == "image/png"


def test_a_part_that_is_not_there(figureforge, server, path):
    size = len(figureforge.get(path).http.content)
    answer = figureforge.raw_get("/figureforge" + path, b"Range: bytes=%d-" % size)
    assert answer.status_code == 416 and answer.headers.get("Content-Range") == \
        (f"bytes */{size}" if server.tells_size else None)
    if server.in_form:
        check_answer("figureforge", Answer(answer))


def test_a_part_only_if_it_is_the_same(figureforge, path):
    whole = figureforge.get(path).http
    figureforge.get(path, 206, headers={"Range": "bytes=1-2", "If-Range": whole.headers["ETag"]})
    other = figureforge.get(path, 200, headers={"Range": "bytes=1-2", "If-Range": '"another"'}).http
    assert other.content == whole.content


def test_the_head_of_a_file(figureforge, path):
    whole, head = figureforge.get(path).http, figureforge.head(path).http
    assert head.content == b"" and head.headers["Content-Length"] == str(len(whole.content))
    for name in ("Content-Type", "Content-Disposition", "ETag"):
        assert head.headers[name] == whole.headers[name]
