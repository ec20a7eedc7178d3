# SPDX-License-Identifier: GPL-3.0-or-later
"""Other keys sign, and what the former ones signed and sealed holds until they are dropped."""
import json
import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from client import PATIENCE, POLL, Client, ask
from conftest import console_enter
from forge import LINK, REFRESH, SEAL, Forge, base64url, from_base64url
from test_sign_in import REQUEST, VERIFY

PRODUCTS = {"nutrition": "/api/v1/payments/plans/", "smsagent": "/api/users/", "expenses": "/api/users/me/", "ailice": "/api/auth/me",
            "figureforge": "/api/auth/user/"}
WHO = "/api/auth/user/"


class Keys:
    """The stack's keys.file, and its command."""

    def __init__(self, stack, starts, starts_before, settings, probe):
        self.stack, self.path = stack, Path(settings["keys.file"])
        self._starts, self._before, self._probe, self._secret = starts, starts_before, probe, settings["secret"]

    def run(self, *words, status=0):
        done = subprocess.run([f"{self.stack['bin']}/millrace", "--config", self.stack["config"], "keys", *words], text=True,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == status, done
        return done.stdout + done.stderr

    def list(self):
        return json.loads(self.run("list", "--json"))

    def rotate(self, *words):
        """The kid of the key that signs from now on."""
        kid = self.run("rotate", *words).split()[0]
        self.restart()
        return kid

    def drop(self, kid, *words):
        self.run("drop", kid, *words)
        self.restart()

    def restart(self):
        for service in ("image", "mail", "front"):
            told = ask(self.stack["control"], {"do": "restart", "service": service})
            assert "error" not in told, told
        self._before.update(self._starts())
        until = time.monotonic() + PATIENCE
        while self._probe.raw_get("/-/readyz").status_code in (502, 503):
            assert time.monotonic() < until
            time.sleep(POLL)

    def forge(self, kid):
        """Of the key with that kid, by what the file says."""
        lines = [line.split() for line in self.path.read_text().splitlines() if not line.startswith("#")]
        text = next(words[3] for words in lines if words[1] == kid)
        return Forge(self._secret if text == "secret" else text)


@pytest.fixture
def keys(stack, starts, starts_before, settings, figureforge, sql):
    if "front" not in starts():
        pytest.skip("the web server starts the front")
    sql("delete from idempotency")       # answers that others have had kept, sealed: a key that has sealed some is not dropped
    made = Keys(stack, starts, starts_before, settings, figureforge)
    yield made
    if made.path.exists():
        made.path.unlink()
        made.restart()


def kid_of(token):
    return json.loads(from_base64url(token.split(".")[0]))["kid"]


# -- tokens ------------------------------------------------------------------------------------------------------------

def test_tokens_of_the_old_key_hold_until_it_is_dropped(keys, forge, account, sign_in, alice):
    people = {product: account(product) for product in PRODUCTS if product not in ("smsagent", "nutrition")}
    old = keys.list()[0]["kid"]
    assert old == forge.kid == kid_of(alice.token)
    new = keys.rotate()
    assert [(key["kid"], key["state"], key["of"]) for key in keys.list()] == [(new, "signs", "keys.file"), (old, "checks", "secret")]
    for product, one in people.items():
        one.get(PRODUCTS[product])
    renewed = alice.post("/api/auth/refresh/", {"refresh": alice.refresh})
    assert kid_of(renewed.access) == new
    again = sign_in("alice", alice.email)
    assert kid_of(again.token) == kid_of(again.refresh) == new
    keys.drop(old)
    for product, one in people.items():
        one.get(PRODUCTS[product], 401)                          # in the product's own form
    alice.get(WHO, 401)
    alice.post("/api/auth/refresh/", {"refresh": alice.refresh}, 401, headers={"Authorization": None})
    alice.token = renewed.access
    alice.get(WHO)
    again.get(WHO)


def test_the_command_signs_as_the_front_does(keys, account, operator):
    one = account("ailice")
    new = keys.rotate()
    one.token = operator("token", "ailice", one.username).strip()
    assert kid_of(one.token) == new
    one.get("/api/auth/me")


def test_a_prepared_key_holds_and_does_not_sign(keys, alice, sign_in):
    old = keys.list()[0]["kid"]
    new = keys.rotate("--prepare")
    assert [(key["kid"], key["state"]) for key in keys.list()] == [(old, "signs"), (new, "next")]
    assert kid_of(sign_in("alice", alice.email).token) == old
    number = int(alice.id.removeprefix("user_"))
    alice.token = keys.forge(new).token(number)                  # as a front that is ahead would sign
    alice.get(WHO)
    assert "prepared already" in keys.run("rotate", "--prepare", status=4)
    assert keys.rotate() == new and [key["state"] for key in keys.list()] == ["signs", "checks"]
    assert kid_of(sign_in("alice", alice.email).token) == new


@pytest.mark.parametrize("kid", [None, "", "00000000", "secret", "../../etc/passwd", "../keys", "/dev/zero", "%2e%2e%2f", "a\x00b", "a\r\nb",
                                 "x" * 3000, "KID", "secret-{}", "{} ", "{}\x00", 7, ["{}"], {"kid": "{}"}, True])
def test_a_kid_that_is_none(alice, forge, kid):
    """It is compared, and never a path, a pattern or a number of anything."""
    sent = kid.format(forge.kid) if isinstance(kid, str) else [forge.kid] if isinstance(kid, list) else kid
    number = int(alice.id.removeprefix("user_"))
    alice.token = forge.token(number, header={"kid": sent}.items())
    if len(alice.token) < 4096:
        alice.get(WHO, 401)
    alice.token = forge.token(number)
    alice.get(WHO)


def test_a_kid_must_be_that_of_the_key(keys, forge, alice):
    """Also where both are known: and a key for one purpose is none for another."""
    number, new = int(alice.id.removeprefix("user_")), keys.rotate()
    other = keys.forge(new)
    for token in (forge.token(number, header={"kid": new}.items()), other.token(number, header={"kid": forge.kid}.items()),
                  *(one.token(number, key=one.key(purpose)) for one in (forge, other) for purpose in (LINK, REFRESH, SEAL))):
        alice.token = token
        alice.get(WHO, 401)
    for one in (forge, other):
        alice.token = one.token(number)
        alice.get(WHO)


# -- what is not a token -----------------------------------------------------------------------------------------------

def test_links_of_the_old_key_hold_until_it_is_dropped(keys, alice):
    image = alice.draw().images[0].id
    alice.call("PATCH", f"/api/images/{image}/update/", 200, {"is_public": True})       # its links have no end
    old = alice.get(f"/api/images/{image}/").url.removeprefix(alice.base)
    former = keys.list()[0]["kid"]
    keys.rotate()
    new = alice.get(f"/api/images/{image}/").url.removeprefix(alice.base)
    assert new != old and new.split(".")[0] == old.split(".")[0]
    alice.get(old), alice.get(new)
    alice.token = None
    keys.drop(former)
    alice.get(old, 404)
    alice.get(new)


def test_a_code_that_is_on_its_way(keys, figureforge, mailbox):
    address = f"rotated-{os.urandom(4).hex()}@example.org"
    figureforge.post(REQUEST, {"email": address})
    code = mailbox.code(address)
    keys.rotate()
    wrong = f"{(int(code) + 1) % 1000000:06d}"
    figureforge.post(VERIFY, {"email": address, "code": wrong}, 400)
    figureforge.post(VERIFY, {"email": address, "code": code})


def test_api_tokens_and_sessions_know_no_keys(keys, account, console, stack, record):
    """They are keyed from the secret itself: a token that programs hold for years must not end with a key."""
    texter, op = account("smsagent"), console()
    page = Client(stack, "smsagent", record)
    entered = page.post("/api/auth/session/", {"username": texter.username, "password": texter.password})
    page.headers = {"Cookie": entered.http.headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": entered.csrf_token}
    former = keys.list()[0]["kid"]
    keys.rotate()
    keys.drop(former)
    texter.get("/api/users/")
    asked = page.call("POST", "/api/auth/token/", 200, {"username": texter.username, "password": texter.password},
                      headers={"Cookie": None, "X-CSRF-Token": None})
    assert asked.token == texter.token
    page.delete("/api/auth/session/", 204)
    assert op.get("/api/session").csrf_token == op.headers["X-CSRF-Token"]
    op.delete("/api/session", 204)


# -- seals -------------------------------------------------------------------------------------------------------------

def test_what_was_sealed_before_opens(keys, account, mailbox, stack, paused, sql):
    """An answer that is kept, and the arguments of a job that begins when another key signs. Neither lets its key be dropped."""
    member, former = account("ailice"), keys.list()[0]["kid"]
    headers = {"Idempotency-Key": os.urandom(8).hex()}
    first = member.post("/api/items", {"title": "one", "item_type": "post"}, 201, headers=headers)
    address = f"sealed-{os.urandom(4).hex()}@example.org"
    with paused("mail"):
        put = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "put", "mail.magic_link", "--args",
                              json.dumps({"email": address})], capture_output=True, text=True, check=True,
                             env={**os.environ, "MILLRACE_QUEUE_ENCRYPT": "yes"})
        job = put.stdout.split()[0]
        assert f"mrs1.secret-{former}." in sql("select args::text from job where id = %s", job)
        keys.run("rotate")
        told = keys.run("drop", former, status=4)
        assert former in told and "open jobs" in told
    keys.restart()
    assert mailbox.code(address)
    again = member.post("/api/items", {"title": "one", "item_type": "post"}, 201, headers=headers)
    assert again.value == first.value and again.http.headers["Idempotent-Replayed"] == "true"
    assert "answers of the last day" in keys.run("drop", former, status=4)
    other = {"Idempotency-Key": os.urandom(8).hex()}
    member.post("/api/items", {"title": "two", "item_type": "post"}, 201, headers=other)
    kept = sql("select answer from idempotency where key = %s", other["Idempotency-Key"])
    assert kept.startswith(f"mrs1.secret-{keys.list()[0]['kid']}.")
    keys.drop(former, "--force")


# -- the command -------------------------------------------------------------------------------------------------------

def test_the_file_is_the_groups_at_most(keys):
    before = os.stat(keys.stack["config"])
    keys.run("rotate")
    made = keys.path.stat()
    assert stat.S_IMODE(made.st_mode) == 0o640 and (made.st_uid, made.st_gid) == (before.st_uid, before.st_gid)
    assert [path.name for path in keys.path.parent.glob("keys.*")] == ["keys.lock"]      # no draft is left


def test_what_cannot_be_done(keys, operator):
    first = keys.list()[0]["kid"]
    assert "signs" in keys.run("drop", first, status=4)
    keys.run("drop", "00000000", status=3)
    keys.run("drop", "../../etc/passwd", status=3)
    keys.run("drop", status=2)
    keys.run("dance", status=2)
    assert not keys.path.exists()
    for _ in range(15):
        keys.run("rotate")
    assert "16 already" in keys.run("rotate", status=4)
    actions = [(row["action"], row["target"]) for row in json.loads(operator("audit", "--limit", "2", "--json"))]
    assert actions[0] == ("keys.rotate", keys.list()[0]["kid"])


def test_several_at_once_lose_none(keys):
    running = [subprocess.Popen([f"{keys.stack['bin']}/millrace", "--config", keys.stack["config"], "keys", "rotate"],
                                stdout=subprocess.PIPE, text=True) for _ in range(6)]
    made = {one.communicate(timeout=60)[0].split()[0] for one in running}
    listed = [key["kid"] for key in keys.list()]
    assert len(made) == 6 and len(listed) == 7 and made == set(listed[:6])


@pytest.mark.parametrize("text", ["", "signs\n", "signs 00000000 - " + "f" * 64 + "\n", "checks 00000000 - secret\n", "\x00" * 100, "x" * 5000])
def test_a_file_that_does_not_hold_starts_nothing(keys, text):
    """It is told where, without a word of what stands there."""
    keys.path.write_text(text)
    keys.path.chmod(0o640)
    told = keys.run("list", status=1)
    assert str(keys.path) in told and "f" * 16 not in told
    keys.run("rotate", status=1)
    assert keys.path.read_text() == text


def test_a_file_that_all_may_read_is_refused(keys):
    keys.run("rotate")
    keys.path.chmod(0o644)
    assert "others than its owner and group may read it" in keys.run("list", status=1)


def test_keys_are_shown_by_no_command(keys, operator):
    keys.run("rotate")
    text = keys.path.read_text().split()
    secrets = [word for word in text if len(word) == 64]
    assert len(secrets) == 1
    shown = keys.run("list") + keys.run("list", "--json") + operator("config") + operator("audit", "--json")
    assert not [one for one in secrets if one in shown]
