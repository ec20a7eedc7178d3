# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing up, in and out, of every product that has it: what holds for all of them, each in its own words."""
import re
import secrets
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from client import PATIENCE, Client
from telephony import number

PASSWORD = "correct horse 1"


class Way:
    """How a product's accounts are made and entered."""

    def __init__(self, register, login, refresh, me, names):
        self.register, self.login, self.refresh, self.me, self.names = register, login, refresh, me, names

    def account(self):
        name = "p" + secrets.token_hex(5)
        whole = {"email": f"{name}@example.org", "username": name, "password": PASSWORD, "first_name": "John",
                 "last_name": "Doe"}
        return {key: whole[key] for key in self.names}

    def login_of(self, account):
        return {key: account[key] for key in (("username",) if "ailice" in self.login else ("email",))} | \
            {"password": account["password"]}


WAYS = {
    "nutrition": Way("/api/v1/auth/register/", "/api/v1/auth/login/", "/api/v1/auth/refresh/", None, ("email", "password")),
    "expenses": Way("/api/auth/register/", "/api/auth/login/", "/api/auth/refresh/", "/api/users/me/",
                    ("email", "username", "password", "first_name", "last_name")),
    "ailice": Way("/api/auth/register", "/api/auth/login", None, "/api/auth/me", ("email", "username", "password")),
}


def tokens_of(answer):
    """access, refresh: wherever the product puts them."""
    body = answer.value
    body = body.get("data", body)
    body = body.get("tokens", body)
    return body.get("access") or body.get("access_token"), body.get("refresh")


@pytest.fixture(params=list(WAYS))
def product(request):
    return request.param


@pytest.fixture
def way(product):
    return WAYS[product]


@pytest.fixture
def nobody(stack, record, product):
    return Client(stack, product, record)


@pytest.fixture
def member(stack, record, product, way):
    """Somebody who has just signed up, with .account."""
    client = Client(stack, product, record)
    client.account = way.account()
    client.token, client.refresh = tokens_of(client.post(way.register, client.account, 201))
    return client


def login(client, way, account=None, expect=200, **other):
    body = {**way.login_of(account or client.account), **other}
    if "username" not in way.names or way.login.startswith("/api/auth/login/"):
        body = {"email": (account or client.account)["email"], "password": body["password"]}
    else:
        body = {"username": (account or client.account)["username"], "password": body["password"]}
    return client.post(way.login, body, expect)


def test_who_signs_up_is_signed_in(member, way, stack, record, product):
    if way.me:
        assert member.account["email"] in member.get(way.me).http.text
    again = Client(stack, product, record)
    again.token, _ = tokens_of(login(again, way, member.account))
    if way.me:
        again.get(way.me)


def test_an_address_has_one_account(member, nobody, way, product):
    twin = {**way.account(), "email": member.account["email"].upper()}
    answer = nobody.post(way.register, twin, 409 if product == "expenses" else 400)
    assert "email" in answer.http.text


def test_a_wrong_password_and_an_unknown_name_are_told_alike(member, nobody, way):
    wrong = login(nobody, way, {**member.account, "password": "something else"}, 401)
    unknown = login(nobody, way, way.account(), 401)
    strip = lambda answer: re.sub(r"req_\w+|[\d-]{10}T\d\d:\d\d:\d\dZ", "", answer.http.text)
    assert strip(wrong) == strip(unknown)


def test_unknown_names_cost_what_known_ones_do(member, stack, record, product, way):
    """Nine of each, in turn; the quickest, which nothing else has held up. Each has its own address, so that nothing is throttled."""
    spent = {True: [], False: []}
    for _ in range(9):
        for known in (True, False):
            client = Client(stack, product, record)
            account = {**(member.account if known else way.account()), "password": "not this one"}
            begun = time.perf_counter()
            login(client, way, account, 401)
            spent[known].append(time.perf_counter() - begun)
    known, unknown = (min(spent[key]) for key in (True, False))
    assert unknown > known / 2, (known, unknown)


def test_guessing_is_throttled(member, stack, record, product, way):
    for _ in range(10):
        login(Client(stack, product, record), way, {**member.account, "password": "a guess"}, 401)
    answer = login(Client(stack, product, record), way, member.account, 429)
    assert 0 < int(answer.http.headers["Retry-After"]) <= 900


@pytest.mark.parametrize("product, path, name, wrong, right", [
    ("nutrition", "/api/v1/auth/login/", "email", 401, 200), ("expenses", "/api/auth/login/", "email", 401, 200),
    ("ailice", "/api/auth/login", "username", 401, 200), ("smsagent", "/api/auth/token/", "username", 400, 200),
    ("smsagent", "/api/auth/session/", "username", 400, 200), ("operator", "/api/session", "name", 401, 201)])
def test_guesses_at_once_are_throttled_as_well(account, stack, record, product, path, name, wrong, right):
    """All of them ask before the first is counted, and wait for their hash together."""
    owner, all_there = account(product), threading.Barrier(40)
    url, known = Client(stack, product, record).base + path, owner.email if name == "email" else owner.username

    def guess(password):
        headers = {"X-Forwarded-For": Client(stack, product, record).address}
        return requests.post(url, json={name: known, "password": password}, headers=headers, timeout=PATIENCE).status_code

    def guess_with_all(password):
        all_there.wait(PATIENCE)
        return guess(password)
    with ThreadPoolExecutor(40) as pool:
        told = list(pool.map(guess_with_all, [f"guess {n}" for n in range(39)] + [owner.password]))
    assert set(told) <= {wrong, right, 429} and told.count(wrong) == 10, told
    assert guess(owner.password) == 429


@pytest.mark.parametrize("password", ["short", "", "x" * 129, None, 12345678])
def test_a_password_has_rules(nobody, way, product, password):
    answer = nobody.post(way.register, {**way.account(), "password": password}, 422 if product == "expenses" else 400)
    assert "password" in answer.http.text and "short" not in answer.http.text


def test_a_password_is_not_the_name(nobody, way, product):
    account = way.account()
    account["password"] = account["email"].upper()
    nobody.post(way.register, account, 422 if product == "expenses" else 400)


def test_all_that_is_wrong_is_told_at_once(nobody, way, product):
    answer = nobody.post(way.register, {"email": "no address", "password": "x"}, 422 if product == "expenses" else 400)
    for name in way.names:
        assert name in answer.http.text, name


def test_a_refresh_token_gives_access(member, way, product):
    if not way.refresh:
        return
    fresh, _ = tokens_of(member.post(way.refresh, {"refresh": member.refresh}))
    assert fresh != member.token
    damaged = member.refresh[:-2] + ("xx" if member.refresh[-2] != "x" else "yy")
    for wrong in (member.token, damaged, "", "x" * 5000):
        member.post(way.refresh, {"refresh": wrong}, 401 if 0 < len(wrong) < 5000 else 422 if product == "expenses" else 400)


def test_a_database_keeps_no_password(member, sql):
    kept = sql("select password_hash from account where email = %s", member.account["email"])
    assert kept.startswith("$argon2id$")


# -- the Expense Tracker's mails ---------------------------------------------------------------------------------------

@pytest.fixture
def tracker(stack, record):
    def make():
        client, way = Client(stack, "expenses", record), WAYS["expenses"]
        client.account = way.account()
        client.token, client.refresh = tokens_of(client.post(way.register, client.account, 201))
        return client
    return make


def mailed_token(mailbox, address, about, count):
    mails = [mail for mail in mailbox.wait(address, count) if about in mail["text"]]
    return re.search(r"^[\w-]{43}(?=\r?$)", mails[-1]["text"], re.M).group()


def test_an_address_is_verified_by_its_mail(tracker, mailbox, sql):
    member = tracker()
    token = mailed_token(mailbox, member.account["email"], "address is yours", 1)
    verified = lambda: sql("select verified_at is not null from account where email = %s", member.account["email"])
    assert verified() == "f"
    member.post("/api/auth/verify-email/", {"token": token[:-1] + ("A" if token[-1] != "A" else "B")}, 422)
    member.post("/api/auth/verify-email/", {"token": token})
    assert verified() == "t"
    member.post("/api/auth/verify-email/", {"token": token}, 422)


def test_a_forgotten_password(tracker, mailbox, stack, record):
    member, other = tracker(), Client(stack, "expenses", record)
    address = member.account["email"]
    told = other.post("/api/auth/password-reset/", {"email": address}).value
    assert told.message == other.post("/api/auth/password-reset/", {"email": "nobody@example.org"}).value.message
    token = mailed_token(mailbox, address, "password", 2)
    other.post("/api/auth/password-reset/confirm/", {"token": token, "new_password": "short"}, 422)
    other.post("/api/auth/password-reset/confirm/", {"token": token, "new_password": "quite another 2"})
    member.get("/api/users/me/", 401)
    member.post("/api/auth/refresh/", {"refresh": member.refresh}, 401)
    other.post("/api/auth/login/", {"email": address, "password": PASSWORD}, 401)
    other.post("/api/auth/login/", {"email": address, "password": "quite another 2"})
    other.post("/api/auth/password-reset/confirm/", {"token": token, "new_password": "a third one 3"}, 422)


def test_a_token_that_the_mail_server_refuses(tracker, mailbox, stack, record, sql, trouble):
    """Whoever asked is told what everybody is told; the operator sees why, and the token of the next try is good."""
    member, other = tracker(), Client(stack, "expenses", record)
    address = member.account["email"]
    mailbox.wait(address)
    mailbox.ask(refuse=address, code=550, times=1)
    other.post("/api/auth/password-reset/", {"email": address})
    job = sql("select id from job where kind = 'mail.token' and args ->> 'email' = %s and args ->> 'purpose' = 'reset'", address)
    assert trouble.buried(job) == "the mail server refused: 550 refused as asked" and len(mailbox.ask(list=address)) == 1
    trouble.again(job)
    token = mailed_token(mailbox, address, "password", 2)
    other.post("/api/auth/password-reset/confirm/", {"token": token, "new_password": "quite another 2"})


def test_signing_out_ends_both_tokens(tracker):
    member = tracker()
    member.post("/api/auth/logout/", {"refresh": member.refresh}, 204)
    member.get("/api/users/me/", 401)
    token, member.token = member.token, None
    member.post("/api/auth/refresh/", {"refresh": member.refresh}, 401)
    member.post("/api/auth/logout/", {"refresh": member.refresh}, 204)      # a used one has ended already
    member.post("/api/auth/logout/", {"refresh": "garbage"}, 204)
    member.token = token
    member.post("/api/auth/logout/", {"refresh": member.refresh}, 401)


def test_a_profile_is_changed_in_part(tracker):
    member = tracker()
    change = lambda body, expect=200: member.call("PATCH", "/api/users/me/", expect, body).value
    mine = change({"bio": "I count", "profile": {"city": "Bonn"}, "settings": {"push_notifications": True}}).data
    assert (mine.bio, mine.profile.city, mine.settings.push_notifications) == ("I count", "Bonn", True)
    mine = change({"timezone": "Europe/Berlin", "profile": {"company": "Mill"}}).data
    assert (mine.bio, mine.profile.city, mine.profile.company, mine.timezone) == ("I count", "Bonn", "Mill", "Europe/Berlin")
    mine = change({"bio": None, "profile": {"city": None}}).data
    assert (mine.bio, mine.profile.city, mine.profile.company) == (None, None, "Mill")
    for wrong in ({"timezone": "Nowhere/Land"}, {"preferred_currency": "XXX"}, {"first_name": None}, {"last_name": " "}, {"bio": "x" * 501},
                  {"settings": {"push_notifications": "yes"}}):
        change(wrong, 422)
    assert member.get("/api/users/me/").value.data == mine


def test_a_version_that_is_not_there(tracker):
    member = tracker()
    for accept in ("application/vnd.expensetracker.v1+json", "application/json", "*/*", "text/html, application/json;q=0.9"):
        member.get("/api/users/me/", headers={"Accept": accept})
    for accept in ("application/vnd.expensetracker.v2+json", "text/html, application/vnd.expensetracker.v3+json"):
        member.get("/api/users/me/", 400, headers={"Accept": accept})


# -- AIlice ------------------------------------------------------------------------------------------------------------

def test_an_access_token_is_ended_by_signing_out(account):
    member = account("ailice")
    assert member.post("/api/auth/logout").message == "Logged out"
    member.get("/api/auth/me", 401)


def test_login_takes_the_address_as_well(account, stack, record):
    member, other = account("ailice"), Client(stack, "ailice", record)
    for name in (member.username, member.username.upper(), member.email):
        other.post("/api/auth/login", {"username": name, "password": member.password})


# -- the SMS agent's tokens and sessions -------------------------------------------------------------------------------

PEOPLE = "/api/users/"


def test_the_command_prints_the_token_that_the_product_takes(account, operator, stack):
    staff = account("smsagent")
    said = operator("token", "smsagent", staff.username).strip()
    assert said == staff.token
    refused = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "token", "smsagent", staff.username, "--minutes", "5"],
                             capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2 and "holds until millrace user sign-out" in refused.stderr


def test_an_api_token_is_the_same_each_time(account, operator):
    staff = account("smsagent")
    ask = lambda expect=200: staff.post("/api/auth/token/", {"username": staff.username, "password": staff.password}, expect)
    assert ask().token == staff.token and re.fullmatch(r"[0-9a-f]{40}", staff.token)
    operator("user", "sign-out", "smsagent", staff.username)
    staff.get(PEOPLE, 401)
    renewed = ask().token
    assert renewed != staff.token
    staff.token = renewed
    staff.get(PEOPLE)


@pytest.mark.parametrize("change", [lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda t: t.upper() + "0",
                                    lambda t: ("0" if t[0] != "0" else "1") + t[1:], lambda t: t[:39], lambda t: "0" * 40])
def test_a_forged_api_token(account, change):
    staff = account("smsagent")
    staff.token = change(staff.token)
    staff.get(PEOPLE, 401)


def test_wrong_credentials_are_a_validation_error(account):
    staff = account("smsagent")
    answer = staff.post("/api/auth/token/", {"username": staff.username, "password": "no"}, 400)
    assert answer.error == "validation_error" and answer.fields


def enter(staff):
    opened = staff.post("/api/auth/session/", {"username": staff.username, "password": staff.password})
    cookie = opened.http.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age=43200" in cookie
    staff.token = None
    return cookie.split(";")[0], opened.csrf_token


def test_a_session(account):
    staff = account("smsagent", role="admin")
    cookie, csrf = enter(staff)
    page, phone = {"Cookie": f"a=b; {cookie}"}, number()
    staff.get(PEOPLE, headers=page)
    staff.post(PEOPLE, {"phone_number": phone}, 403, headers=page)
    staff.post(PEOPLE, {"phone_number": phone}, 403, headers={**page, "X-CSRF-Token": csrf[:-1] + ("x" if csrf[-1] != "x" else "y")})
    staff.post(PEOPLE, {"phone_number": phone}, 201, headers={**page, "X-CSRF-Token": csrf})
    staff.delete("/api/auth/session/", 403, headers=page)
    gone = staff.delete("/api/auth/session/", 204, headers={**page, "X-CSRF-Token": csrf})
    assert "Max-Age=0" in gone.http.headers["Set-Cookie"]
    staff.get(PEOPLE, 401, headers=page)


def test_a_token_has_no_session_to_end(account):
    """Its proof is a number, no digest: the call was refused as invalid."""
    staff = account("smsagent")
    staff.delete("/api/auth/session/", 204)
    staff.get(PEOPLE)


def test_a_forged_session(account):
    one, other = account("smsagent"), account("smsagent")
    (mine, _), (others, _) = enter(one), enter(other)
    name, _, value = mine.partition("=")
    for forged in (f"{others.partition('=')[2].split('.')[0]}.{value.split('.')[1]}", value[:-1], "1.", "x.y", "1." + "0" * 32,
                   f"9{'9' * 30}.{value.split('.')[1]}"):
        one.get(PEOPLE, 401, headers={"Cookie": f"{name}={forged}"})
    one.get(PEOPLE, headers={"Cookie": mine})


def test_only_an_administrator_changes_a_tier(account):
    chief, staff = account("smsagent", role="admin"), account("smsagent")
    phone = number()
    staff.post(PEOPLE, {"phone_number": phone}, 403)
    chief.post(PEOPLE, {"phone_number": phone}, 201)
    twice = chief.post(PEOPLE, {"phone_number": phone}, 400)
    assert twice.fields.phone_number
    where = f"{PEOPLE}{phone}/"
    staff.call("PATCH", where, 200, {"full_name": "Ann"})
    staff.call("PATCH", where, 403, {"tier": "premium"})
    assert chief.call("PATCH", where, 200, {"tier": "premium"}).tier == "premium"
    assert staff.get(where).full_name == "Ann"


# -- FigureForge -------------------------------------------------------------------------------------------------------

def test_an_account_that_is_closed(alice, figureforge, sign_in):
    picture = alice.draw().images[0]
    for body, query in (({}, ""), ({"confirmation": "delete"}, ""), (None, "?confirm=yes")):
        alice.call("DELETE", f"/api/auth/delete/{query}", 400, body)
    assert figureforge.post("/api/auth/magic-link/check-user/", {"email": alice.email}).exists is True
    alice.call("DELETE", "/api/auth/delete/?confirm=DELETE", 204)
    alice.get("/api/auth/user/", 401)
    alice.post("/api/auth/refresh/", {"refresh": alice.refresh}, 401)
    figureforge.get(picture.url, 404)
    figureforge.get(f"/api/images/{picture.id}/", 404)
    assert figureforge.post("/api/auth/magic-link/check-user/", {"email": alice.email}).exists is False
    assert sign_in("alice", alice.email).id != alice.id


def test_names_are_changed(alice, bob):
    name = "a" + secrets.token_hex(4)
    mine = alice.post("/api/auth/user/update/", {"username": name, "display_name": "Alice"})
    assert (mine.username, mine.display_name) == (name, "Alice")
    assert alice.post("/api/auth/user/update/", {"display_name": None}).display_name is None
    assert bob.post("/api/auth/user/update/", {"username": name.upper()}, 409).error.details.username
    assert alice.get("/api/auth/user/").username == name


def test_refreshing(alice):
    fresh = alice.post("/api/auth/refresh/", {"refresh": alice.refresh})
    assert fresh.expires_in == 3600 and set(fresh) == {"access", "expires_in"}
    alice.token = fresh.access
    assert alice.get("/api/auth/user/stats/").images_generated == 0
