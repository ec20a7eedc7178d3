# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens and links made by hand from the stack's secret, as common/token.h says they are made: what a right one looks
like, so that a wrong one differs in one thing only."""
import base64
import hashlib
import hmac
import json
import secrets
import time

ACCESS, REFRESH, LINK, CODE, SEAL, KID = range(1, 7)     # numbers of the subkeys
LASTS = 6 * 3600         # seconds: longer than any suite


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token):
    return json.loads(from_base64url(token.split(".")[1]))


class Forge:
    def __init__(self, secret):
        self._master = hashlib.blake2b(secret.encode(), digest_size=32).digest()
        self.kid = self.key(KID, 16)[:4].hex()

    def key(self, number, size=32):
        """libsodium's crypto_kdf_derive_from_key()."""
        return hashlib.blake2b(b"", digest_size=size, key=self._master, salt=number.to_bytes(16, "little"),
                               person=b"millrace".ljust(16, b"\0")).digest()

    def token(self, account, key=None, header=(), **claims):
        """An access token of an account; a claim of None is left out."""
        now = int(time.time())
        payload = {"iss": "millrace", "aud": "figureforge", "sub": str(account), "jti": secrets.token_hex(16),
                   "typ": "access", "iat": now, "exp": now + LASTS, **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        head = {"alg": "HS256", "typ": "JWT", "kid": self.kid, **dict(header)}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (head, payload))
        if head["alg"] == "none":
            return text + "."
        digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[head["alg"]]
        return f"{text}.{base64url(hmac.digest(key or self.key(ACCESS), text.encode(), digest))}"

    def link(self, *parts):
        """The token of a link: product, file, generation, expires, disposition."""
        payload = ":".join(map(str, parts))
        letters = bytes(ord("a") + half for byte in self.key(LINK) for half in (byte >> 4, byte & 15))
        return f"{payload}.{hmac.digest(letters, payload.encode(), 'sha256').hex()}"
