# SPDX-License-Identifier: GPL-3.0-or-later
"""A session's cookie is half of what its page has: who has stolen it, or makes a browser send it, changes nothing."""
import pytest

from examples import request_of
from judge import check_reply

READS = ("GET", "HEAD")


class Session:
    """One that was opened: .cookie, .csrf, .person."""

    def __init__(self, world, role):
        self.person = world.new_person("smsagent", role)
        opened = self.person.post("/api/auth/session/", {"username": self.person.username, "password": self.person.password})
        self.cookie = opened.http.headers["Set-Cookie"].split(";")[0].encode()
        self.csrf = opened.csrf_token.encode()

    @property
    def digits(self):
        return self.cookie.split(b".")[1]


@pytest.fixture(scope="module")
def session(world):
    return Session(world, "admin")


@pytest.fixture(scope="module")
def other(world):
    return Session(world, "admin")


@pytest.fixture(scope="module")
def closed(world):
    gone = Session(world, "admin")
    gone.person.call("DELETE", "/api/auth/session/", 204,
                     headers={"Cookie": gone.cookie.decode(), "X-CSRF-Token": gone.csrf.decode(), "Authorization": None})
    return gone


@pytest.fixture
def ask(wire, guarded):
    def send(*headers):
        reply = wire.ask(request_of(guarded).plus(*headers))
        check_reply(guarded["product"], reply)
        return reply.status_code
    return send


def has_sessions(row):
    return row["product"] == "smsagent"


def test_a_stolen_cookie_changes_nothing(session, other, closed, guarded, ask):
    if not has_sessions(guarded) or guarded["method"] in READS:
        return
    mine = (b"Cookie", session.cookie)
    for csrf in (None, b"", other.csrf, closed.csrf, session.csrf[:-1], session.csrf + b"0", session.csrf.upper() + b" ",
                 session.digits, b"null", b"0" * 64, session.cookie):
        assert ask(mine, *([(b"X-CSRF-Token", csrf)] if csrf is not None else [])) == 403, csrf


def test_where_a_page_cannot_write(session, guarded, wire):
    """A form of another page can set cookies of its own names, a query and a body, but no header."""
    if not has_sessions(guarded) or guarded["method"] in READS:
        return
    request = request_of(guarded, query=f"?csrf_token={session.csrf.decode()}&X-CSRF-Token={session.csrf.decode()}")
    cookie = session.cookie + b"; csrftoken=" + session.csrf + b"; X-CSRF-Token=" + session.csrf
    reply = wire.ask(request.plus((b"Cookie", cookie), (b"Origin", b"https://evil.example"), (b"X-CSRF", session.csrf)))
    check_reply("smsagent", reply)
    assert reply.status_code == 403


def test_a_closed_session(closed, guarded, ask):
    if has_sessions(guarded):
        assert ask((b"Cookie", closed.cookie), (b"X-CSRF-Token", closed.csrf)) == 401


def test_no_cookie_of_ours(session, other, guarded, ask):
    """Somebody else's number before the digits, digits of nobody, other forms."""
    if not has_sessions(guarded):
        return
    name, _, value = session.cookie.partition(b"=")
    for forged in (b"%d.%s" % (other.person.account, session.digits), value[:-1], value + b"0", b"1." + b"0" * 32, b"1.",
                   b"-%s" % value, value.replace(b".", b"%2e"), value.upper() + b"x", b"0x1." + session.digits, b"9" * 30 + b"." + session.digits,
                   b'"%s"' % value, b"\xff" + value, b"A" * 5000):
        assert ask((b"Cookie", name + b"=" + forged), (b"X-CSRF-Token", session.csrf)) in (401, 403), forged
    for wrong in (b"MILLRACE_SESSION", b"__Host-" + name, name + b"x", b"x" + name):
        assert ask((b"Cookie", wrong + b"=" + value), (b"X-CSRF-Token", session.csrf)) == 401, wrong


def test_another_product_knows_no_such_cookie(session, guarded, ask):
    if not has_sessions(guarded):
        assert ask((b"Cookie", session.cookie), (b"X-CSRF-Token", session.csrf)) == 401


def test_a_wrong_header_counts_before_a_right_cookie(session, guarded, ask):
    if has_sessions(guarded):
        assert ask((b"Cookie", session.cookie), (b"X-CSRF-Token", session.csrf), (b"Authorization", b"Token x")) == 401


def test_what_all_this_is_held_against(world, guarded, ask):
    """The same with the right token goes through."""
    if has_sessions(guarded):
        own = Session(world, "admin")
        assert ask((b"Cookie", own.cookie), (b"X-CSRF-Token", own.csrf)) not in (400, 401, 403)
