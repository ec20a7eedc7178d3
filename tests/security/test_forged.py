# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks like a proof of who calls and is none, at every row that looks for one."""
import hashlib
import hmac
import time

from dialects import scheme_of
from examples import NOTHING_YET, request_of
from forge import CODE, LINK, REFRESH, SEAL, base64url
from judge import check_reply
from world import REALM

NO_ALGORITHM = ("none", "None", "NONE", "nOnE", "noNe", "")
REFUSED = (400, 401, 431)     # 400 and 431: the web server's, of what is no header at all, or too large


def without_algorithm(token):
    """Unsigned, in every spelling."""
    payload = token.split(".")[1]
    for name in NO_ALGORITHM:
        head = base64url(b'{"alg":"%s","typ":"JWT"}' % name.encode())
        yield f"alg {name}", f"{head}.{payload}."
        yield f"alg {name}, signed", f"{head}.{payload}.{token.split('.')[2]}"


def signed_as(forge, account, product, algorithm, key):
    """An HMAC under the name of another algorithm: the confusion of a public key with a secret."""
    head, payload, _ = forge.token(account, aud=product, header={"alg": "HS256"}).split(".")
    head = base64url(b'{"alg":"%s","typ":"JWT","kid":"%s"}' % (algorithm.encode(), forge.kid.encode()))
    return f"{head}.{payload}.{base64url(hmac.digest(key, f'{head}.{payload}'.encode(), 'sha256'))}"


def of_claims(world, person):
    """Signed as we sign, but for one thing."""
    forge, account, product, now = world.forge, person.account, person.product, int(time.time())
    other = next(name for name in world.products if name != product)
    changes = {
        "expired": {"iat": now - 7200, "exp": now - 1}, "expired long ago": {"exp": 1}, "not yet": {"nbf": now + 3600},
        "from the future": {"iat": now + 3600, "exp": now + 7200}, "wrong audience": {"aud": other}, "no audience": {"aud": None},
        "list of audiences": {"aud": [product]}, "wrong issuer": {"iss": "somebody"}, "no issuer": {"iss": None},
        "wrong type": {"typ": "refresh"}, "no type": {"typ": None}, "nobody": {"sub": "0"}, "negative": {"sub": f"-{account}"},
        "number": {"sub": account}, "SQL": {"sub": f"{account} or true"}, "beyond bounds": {"sub": "9223372036854775808"},
        "no end": {"exp": None}, "end as text": {"exp": str(now + 600)}, "no number": {"jti": None}, "path": {"jti": "../x"},
    }
    for name, claims in changes.items():
        yield name, forge.token(account, **{"aud": product, **claims})
    yield "refresh token", world.refresh_token(person)
    yield "unknown key", forge.token(account, aud=product, header={"kid": "00000000"})
    yield "no key named", forge.token(account, aud=product, header={"kid": ""})
    yield "path as key", forge.token(account, aud=product, header={"kid": "../../../dev/null"})
    yield "own key", forge.token(account, aud=product, header={"jwk": {"kty": "oct", "k": base64url(b"k" * 32)}}, key=b"k" * 32)
    for number in (LINK, REFRESH, CODE, SEAL):
        yield f"key {number}", forge.token(account, aud=product, key=forge.key(number))
    for name, key in (("empty key", b"\0"), ("the key's name", forge.kid.encode()),
                      ("secret itself", world.settings["secret"].encode()), ("product", product.encode())):
        yield name, forge.token(account, aud=product, key=key)
    for algorithm in ("RS256", "ES256", "PS256", "EdDSA"):
        for key in (forge.kid.encode(), b"", forge.key(1)):
            yield f"{algorithm} {len(key)}", signed_as(forge, account, product, algorithm, key)
    for algorithm in ("HS384", "HS512"):
        yield algorithm, forge.token(account, aud=product, header={"alg": algorithm})


def of_text(token):
    """A right token that is damaged on its way."""
    yield "cut", token[:-1]
    yield "half", token[:len(token) // 2]
    yield "letter", ("A" if token[0] not in "Aa" else "B") + token[1:]                      # hex digits may be of either case
    yield "last letter", token[:-4] + ("AAAA" if token[-4:].upper() != "AAAA" else "BBBB")
    yield "doubled", token * 2
    yield "twice", f"{token} {token}"
    yield "comma", f"{token}, {token}"
    yield "padding", token + "="
    yield "empty", ""
    yield "dots", ".." + token
    yield "4 KB", token + "A" * 4000
    yield "64 KB", "A" * 65536
    yield "NUL", f"{token}\0"
    yield "CRLF", f"{token[:10]}\r\n{token[10:]}"
    yield "tab inside", f"{token[:10]}\t{token[10:]}"
    yield "UTF-8", token[:10] + "é".encode().decode("latin-1") + token[10:]
    yield "full width", token + "．".encode().decode("latin-1")
    yield "quoted", f'"{token}"'
    yield "percent", "%65" + token[1:]


def api_tokens(world, person):
    """40 hex digits are all there is."""
    token = person.token
    yield "other letters", token[:-1] + "g"
    yield "longer", token + "0"
    yield "zeros", "0" * 40
    yield "hash", hashlib.sha1(person.username.encode()).hexdigest()
    yield "JWT", world.forge.token(person.account, aud=person.product)
    for at in range(0, 40, 3):
        yield f"digit {at}", token[:at] + ("0" if token[at] != "0" else "1") + token[at + 1:]


def forgeries(world, person):
    yield from of_text(person.token)
    if person.product == REALM:
        return
    if person.product == "smsagent":
        yield from api_tokens(world, person)
        return
    yield from without_algorithm(person.token)
    yield from of_claims(world, person)


def headers_of(world, person):
    """name, lines of headers: each forgery behind the product's scheme, the right token behind others, two at once."""
    scheme, other = scheme_of(person.product), "Bearer" if person.product == "smsagent" else "Token"
    for name, token in forgeries(world, person):
        yield name, [(b"Authorization", f"{scheme} {token}".encode("latin-1"))]
    for wrong in (other, "Basic", "Digest", f"{scheme}{scheme}", f"x{scheme}", f"{scheme},", ""):
        yield f"scheme {wrong}", [(b"Authorization", f"{wrong} {person.token}".encode())]
    yield "no blank", [(b"Authorization", f"{scheme}{person.token}".encode())]
    right, wrong = person.authorization, f"{scheme} x".encode()
    yield "right, then wrong", [(b"Authorization", right), (b"Authorization", wrong)]
    yield "wrong, then right", [(b"Authorization", wrong), (b"Authorization", right)]


def elsewhere(person):
    """Where no proof is looked for: query and headers."""
    token = person.token.encode()
    for name in ("token", "access_token", "authorization", "Authorization", "api_key", "jwt"):
        yield b"?%s=%s" % (name.encode(), token), []
    for name in (b"X-Authorization", b"Proxy-Authorization", b"X-Auth-Token", b"X-API-Key", b"X-Access-Token", b"Authorization2",
                 b"X-Forwarded-Authorization", b"Authentication"):
        yield b"", [(name, person.authorization)]
    for name in (b"access_token", b"token", b"sessionid", b"millrace_session"):
        yield b"", [(b"Cookie", name + b"=" + token)]
    for name in (b"X-User", b"X-User-Id", b"X-Remote-User", b"Remote-User", b"X-Forwarded-User"):
        yield b"", [(name, str(person.account).encode())]


def test_no_forgery_opens_a_row(world, wire, asking):
    person = world.caller(asking)
    plain = request_of(asking)
    for name, headers in headers_of(world, person):
        reply = wire.ask(plain.plus(*headers))
        check_reply(asking["product"], reply)
        assert reply.status_code in REFUSED, f"{name}: {reply.status_code}"


def test_a_proof_belongs_into_its_header(world, wire, guarded):
    person = world.caller(guarded)
    for query, headers in elsewhere(person):
        request = request_of(guarded).plus(*headers)
        request.target += query
        reply = wire.ask(request)
        check_reply(guarded["product"], reply)
        assert reply.status_code == 401, (query, headers)


def test_an_access_token_refreshes_nothing(world, wire, row):
    """Nor does anything else that we sign."""
    if row["name"] != "token_refresh":
        return
    alice = world.person(row["product"], "alice")
    stale = int(time.time()) - 10
    for token in (alice.token, world.forge.token(alice.account, aud=row["product"], typ="refresh"),
                  world.forge.token(alice.account, key=world.forge.key(REFRESH), aud=row["product"], typ="access"),
                  world.forge.token(alice.account, key=world.forge.key(REFRESH), aud="other", typ="refresh"),
                  world.forge.token(alice.account, key=world.forge.key(REFRESH), aud=row["product"], typ="refresh", exp=stale),
                  world.refresh_token(alice)):                       # signed by us, but never handed out
        reply = wire.ask(request_of(row, values={"refresh": token}))
        check_reply(row["product"], reply)
        assert reply.status_code == 401


def test_what_all_this_is_held_against(world, wire, guarded):
    """The same requests with the right token get past the door: else the refusals above would prove nothing."""
    person = world.new_person(guarded["product"], "admin" if guarded["who"] == "ADMIN" else "user")
    reply = wire.ask(request_of(guarded, person))
    check_reply(guarded["product"], reply)
    nothing_yet = NOTHING_YET.get((guarded["product"], guarded["name"]))
    assert nothing_yet and nothing_yet in reply.content or reply.status_code not in (400, 401, 403, 405, 422), reply.content
