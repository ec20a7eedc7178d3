# SPDX-License-Identifier: GPL-3.0-or-later
"""How a right request is changed. Each mutator takes the dice, the row and the request, changes the request and returns the
name of what it has touched. What goes out is HTTP still: what is none is test_bodies.py's."""
import json
from urllib.parse import quote

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACK", "PROPFIND", "get", "X")
NUMBERS = (0, -1, 1, 2**31 - 1, 2**31, -2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64, 10**30, 10**400,
           0.1, -0.0, 1e308, -1e308, 5e-324, 1e-400, 1.7976931348623157e308, 99999999999999.99, 1e15, 1e16)
TEXTS = ("", " ", "\t", "\r\n", "a" * 255, "a" * 256, "a" * 5000, "a" * 70000, "é" * 300, "😀" * 100, "\u202e\u2066", "ﬀ", "İ", "ß",
         "null", "true", "0", "-1", "1e9", "NaN", "Infinity", "0x10", "١٢٣", "１２３", "'", "\"", "\\", "''", "';--", "' or 1=1 --", "%",
         "_", "%s", "$1", ":account_id", "{}", "[]", "{\"a\":1}", "[1,2", "\\u0000", "a\x00b", "\x7f", "\x1b[0m", "\ufeff", "\ufffe",
         "\ufffd", "\u2028", "..", "../..", "/etc/passwd", "C:\\x", "http://127.0.0.1/", "javascript:alert(1)", "<script>", "&amp;",
         "2024-02-30", "2024-01-01T00:00:00Z", "9999-12-31", "10000-01-01", "0000-00-00", "-4713-01-01", "24:00", "23:60", "+1", "+" + "1" * 40,
         "a@b", "a@b.c", "@", "a" * 64 + "@" + "b" * 190 + ".c", "DELETE", "admin", "img_1", "img_9223372036854775808",
         "00000000-0000-0000-0000-000000000000", "{0}", "pg_sleep(9)", "E'\\\\'", "{1,2}", "{\"", "\\N", "infinity", "epoch", "now")
HEADERS = {
    b"Content-Type": (b"", b"text/plain", b"application/json; charset=utf-16", b"application/JSON", b"multipart/form-data",
                      b"multipart/form-data; boundary=", b"multipart/form-data; boundary=" + b"b" * 200, b"application/x-www-form-urlencoded",
                      b"\xff", b";", b"application/json;;;", b"application/json, text/plain", b"application/vnd.api+json"),
    b"Accept": (b"", b"*/*", b"text/html", b"application/json;q=0", b"application/vnd.expensetracker.v2+json", b",,,;", b"x" * 4000, b"\xff"),
    b"Authorization": (b"", b"Bearer", b"Bearer ", b"Bearer x", b"Token x", b"Basic YTpi", b"Bearer a.b.c", b"x" * 4000, b"\xff\xfe"),
    b"Content-Encoding": (b"gzip", b"deflate", b"identity", b"br", b"gzip, gzip", b"\xff"),
    b"Idempotency-Key": (b"", b"a", b"x" * 255, b"x" * 256, b"x" * 4000, b"\xff\xfe", b"'", b"\\", b"\xe2\x82\xac", b"%00", b"00000000"),
    b"Prefer": (b"wait=0", b"wait=-1", b"wait=99999999999999999999", b"respond-async", b"wait=x", b"\xff", b"wait=1.5", b",;="),
    b"If-None-Match": (b"*", b'""', b'W/""', b'"x', b"x" * 4000, b"\xff", b'"a", "b"'),
    b"Range": (b"bytes=0-", b"bytes=-1", b"bytes=9-1", b"bytes=0-0,1-1", b"bytes=" + b"9" * 40, b"bytes=-9223372036854775808", b"x"),
    b"X-Request-ID": (b"", b"a b", b"x" * 64, b"x" * 65, b"\xff", b"a\tb"),
    b"X-Forwarded-For": (b"", b"x", b"::1", b"10.0.0.1, ::ffff:10.0.0.1", b"999.999.999.999", b":::::", b"1" * 45, b"\xff", b"fe80::1%eth0", b","),
    b"Cookie": (b"", b"=", b";;;", b"millrace_session=", b"millrace_session=1.x", b"a=" + b"b" * 4000, b"\xff=\xff", b"millrace_session=9" * 20),
    b"X-CSRF-Token": (b"", b"x", b"0" * 64, b"\xff"),
    b"Origin": (b"null", b"https://evil.example", b"", b"\xff", b"x" * 4000),
    b"X-HTTP-Method-Override": (b"DELETE", b"GET", b"X"),
    b"Host": (b"evil.example", b"localhost:99999", b"127.0.0.1", b"[::1]", b"LOCALHOST"),
    b"Expect": (b"100-continue",),
    b"X-Twilio-Signature": (b"", b"x", b"A" * 28, b"\xff"),
    b"Accept-Language": (b"xx", b"\xff", b"de;q=9"),
}


LARGE = 20000         # bytes of a member that is not made larger any more


def anything(dice, depth=0):
    """Some JSON value."""
    kind = dice.randrange(10 if depth < 3 else 7)
    if kind < 3:
        return dice.choice(TEXTS)
    if kind < 5:
        return dice.choice(NUMBERS)
    if kind < 7:
        return dice.choice((None, True, False))
    if kind < 9:
        return [anything(dice, depth + 1) for _ in range(dice.choice((0, 1, 2, 3, 100)))]
    return {dice.choice(TEXTS)[:300] or "a": anything(dice, depth + 1) for _ in range(dice.choice((0, 1, 2, 5)))}


def garbled(dice, data):
    """Bytes with some of them changed, cut, doubled, or strange ones in between."""
    data = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 5))):
        at = dice.randrange(len(data) + 1)
        kind = dice.randrange(6)
        if kind == 0 and at < len(data):
            data[at] = dice.randrange(256)
        elif kind == 1 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 2:
            del data[at:at + dice.choice((1, 2, 10, 1000))]
        elif kind == 3:
            data[at:at] = data[at:at + dice.choice((1, 5, 50))] * dice.choice((1, 2, 10))
        elif kind == 4:
            data[at:at] = dice.choice((b"\0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\r\n", b"\"", b"\\", b"{", b"]"))
        else:
            del data[at:]
    return bytes(data)


# -- mutators ----------------------------------------------------------------------------------------------------------

def other_method(dice, _row, request):
    request.method = dice.choice(METHODS)
    return "method"


def some_text(dice):
    return "".join(dice.choice(TEXTS)[:dice.choice((3, 40, 2000))] for _ in range(dice.choice((1, 1, 2))))


def in_path(dice, _row, request):
    """A segment behind the product becomes another, is left out, doubled or changed by a letter."""
    path, mark, query = request.target.partition(b"?")
    segments = path.split(b"/")
    at = dice.randrange(2, len(segments)) if len(segments) > 2 else 1
    strange = quote(some_text(dice).encode("utf-8", "surrogatepass"), safe=dice.choice(("", "':@!$&()*+,;=~.")))[:3000].encode()
    kind = dice.randrange(6)
    if kind == 0:
        segments[at] = strange
    elif kind == 1:
        segments.insert(at, strange)
    elif kind == 2:
        segments.insert(at, segments[at])
    elif kind == 3:
        del segments[at]
    elif kind == 4:
        segments[at] += dice.choice((b"%", b"%2", b"%zz", b"%00", b"%2f", b"%252f", b"%ff", b"%c0%af", b";x", b".", b"%20", b"\xff", b"~"))
    else:
        segments[at] = quote(garbled(dice, segments[at])).encode()
    request.target = (b"/".join(segments) or b"/") + mark + query
    return "path"


def in_query(dice, row, request):
    names = [field["name"] for field in row["fields"] if field["in"] == "query"] + list(row.get("page", ()))
    pairs = []
    for _ in range(dice.choice((1, 1, 2, 3, 30))):
        name = dice.choice(names) if names and dice.random() < 0.8 else quote(some_text(dice)[:50].encode())
        value = dice.choice(NUMBERS) if dice.random() < 0.5 else some_text(dice)
        pairs.append(f"{name}{dice.choice(('=', '=', '=', '', '=='))}{quote(str(value)[:2000].encode())}")
    query = dice.choice(("&", "&", "&&", ";")).join(pairs).encode()
    if dice.random() < 0.1:
        query = quote(garbled(dice, query), safe="%&=+;").encode()
    request.target = request.target.partition(b"?")[0] + b"?" + query[:6000]
    return "query"


def in_headers(dice, _row, request):
    name = dice.choice(list(HEADERS))
    request.headers = [pair for pair in request.headers if pair[0] != name]
    if dice.random() < 0.9:
        request.headers.append((name, dice.choice(HEADERS[name])))
    return f"header {name.decode()}"


def in_body(dice, row, request):
    """A member becomes anything, goes, comes, or the bytes change."""
    if request.body is None:
        request.body = json.dumps(anything(dice)).encode()
        if dice.random() < 0.7:
            request.headers.append((b"Content-Type", b"application/json"))
        return "body"
    known = [field["name"] for field in row["fields"] if field["in"] == "body"]
    body = members_of(request.body) if row["form"] == "json" and known and dice.random() < 0.8 else None
    if body is None:
        request.body = garbled(dice, request.body)
        return "body"
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        change_member(dice, body, known)
    request.body = written(dice, body)
    return "body"


def members_of(text):
    """None when it is no object: it may have been changed already."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def change_member(dice, body, known):
    name = dice.choice(known)
    kind = dice.randrange(8) if len(json.dumps(body.get(name))) < LARGE else 0
    if kind == 0:
        body.pop(name, None)
    elif kind == 1:
        body[dice.choice(TEXTS)[:300]] = anything(dice)
    elif kind == 2 and isinstance(body.get(name), str):
        body[name] += dice.choice(TEXTS)
    elif kind == 3 and isinstance(body.get(name), (str, list)):
        body[name] = (body[name] * dice.choice((0, 2, 300)))[:100000]
    elif kind == 4 and isinstance(body.get(name), dict) and body[name]:
        change_member(dice, body[name], list(body[name]))
    elif kind == 5:
        body[name] = dice.choice(([body.get(name)], {name: body.get(name)}, str(body.get(name)), [body.get(name)] * 50))
    else:
        body[name] = anything(dice)


def written(dice, body):
    """JSON, perhaps in another form."""
    text = json.dumps(body, ensure_ascii=dice.random() < 0.5)
    kind = dice.randrange(12)
    if kind == 0:
        text = text[:-1] + "," + text[1:] if len(text) > 2 else text          # each member twice
    elif kind == 1:
        text = dice.choice(("[%s]", " \n%s\n ", "\ufeff%s", "%s%s", "%s,", "/**/%s", "{\"a\":%s}")).replace("%s", text)
    elif kind == 2:
        depth = dice.choice((10, 63, 64, 65, 1000, 20000))
        text = text[:-1] + (", " if len(text) > 2 else "") + '"deep":' + "[" * depth + "]" * depth + "}"
    elif kind == 3:
        text = text.replace('"', "'")
    return text.encode("utf-8", "surrogatepass")


MUTATORS = (other_method, in_path, in_query, in_headers, in_headers, in_body, in_body, in_body)


def mutate(dice, row, request):
    """What has been touched, in a list. Once in a while nothing: the request is right."""
    if dice.random() < 0.02:
        return ["nothing"]
    return [dice.choice(MUTATORS)(dice, row, request) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
