# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in by a code that comes by mail."""
import secrets

import pytest

from client import Client

REQUEST, VERIFY = "/api/auth/magic-link/request/", "/api/auth/magic-link/verify/"


@pytest.fixture
def address():
    return f"someone-{secrets.token_hex(4)}@example.org"


def other(code):
    return f"{(int(code) + 1) % 1000000:06d}"


def test_a_code_comes_by_mail_and_signs_in(figureforge, mailbox, address):
    asked = figureforge.post(REQUEST, {"email": address})
    assert asked == {"message": "If the address is valid, a sign-in code has been sent", "expires_in": 600}
    mail = mailbox.wait(address)[0]
    assert mail["to"] == [address] and "code" in mail["subject"]
    entered = figureforge.post(VERIFY, {"email": address, "code": mailbox.code(address)})
    assert entered.expires_in == 3600
    assert entered.user.email == address
    figureforge.token = entered.access
    assert figureforge.get("/api/auth/user/").id == entered.user.id


def test_a_code_that_the_mail_server_refuses(figureforge, mailbox, address, sql, trouble):
    """For good: whoever asked is told nothing else; the operator sees why, and may send another one after all."""
    mailbox.ask(refuse=address, code=550, times=1)
    figureforge.post(REQUEST, {"email": address})
    job = sql("select id from job where kind = 'mail.magic_link' and args ->> 'email' = %s", address)
    assert trouble.buried(job) == "the mail server refused: 550 refused as asked" and mailbox.ask(list=address) == []
    trouble.again(job)
    assert figureforge.post(VERIFY, {"email": address, "code": mailbox.code(address)}).user.email == address


def test_a_code_that_the_mail_server_does_not_take_yet(figureforge, mailbox, address, sql, trouble):
    mailbox.ask(refuse=address, code=451, times=1)
    figureforge.post(REQUEST, {"email": address})
    job = sql("select id from job where kind = 'mail.magic_link' and args ->> 'email' = %s", address)
    assert trouble.failed(job) == "the mail server said: 451 refused as asked"
    assert figureforge.post(VERIFY, {"email": address, "code": mailbox.code(address)}).user.email == address
    assert len(mailbox.ask(list=address)) == 1


def test_signing_in_again_is_the_same_account(sign_in):
    first = sign_in("alice")
    second = sign_in("alice", first.email)
    assert second.id == first.id
    assert second.token != first.token and second.refresh != first.refresh
    first.get("/api/auth/user/")


def test_an_address_is_the_same_in_capitals(figureforge, mailbox, alice):
    figureforge.post(REQUEST, {"email": alice.email.upper()})
    code = mailbox.code(alice.email, 2)
    assert figureforge.post(VERIFY, {"email": alice.email.title(), "code": code}).user.id == alice.id


def test_a_code_is_good_once(figureforge, mailbox, address):
    figureforge.post(REQUEST, {"email": address})
    code = mailbox.code(address)
    figureforge.post(VERIFY, {"email": address, "code": code})
    refused = figureforge.post(VERIFY, {"email": address, "code": code}, 400)
    assert "code" in refused.error.details


def test_a_newer_code_replaces_the_older(figureforge, mailbox, address):
    codes = []
    for count in (1, 2):
        figureforge.post(REQUEST, {"email": address})
        codes.append(mailbox.code(address, count))
    if codes[0] != codes[1]:     # once in a million times they are the same
        figureforge.post(VERIFY, {"email": address, "code": codes[0]}, 400)
    figureforge.post(VERIFY, {"email": address, "code": codes[1]})


def test_after_five_wrong_codes_the_right_one_is_wrong(figureforge, mailbox, address):
    figureforge.post(REQUEST, {"email": address})
    code = mailbox.code(address)
    for _ in range(5):
        figureforge.post(VERIFY, {"email": address, "code": other(code)}, 400)
    figureforge.post(VERIFY, {"email": address, "code": code}, 400)


def test_the_fifth_try_may_still_be_right(figureforge, mailbox, address):
    figureforge.post(REQUEST, {"email": address})
    code = mailbox.code(address)
    for _ in range(4):
        figureforge.post(VERIFY, {"email": address, "code": other(code)}, 400)
    figureforge.post(VERIFY, {"email": address, "code": code})


def test_ten_wrong_codes_lock_an_address_for_the_day(figureforge, mailbox, address):
    for count in (1, 2):
        figureforge.post(REQUEST, {"email": address})
        code = mailbox.code(address, count)
        for _ in range(5):
            figureforge.post(VERIFY, {"email": address, "code": other(code)}, 400)
    figureforge.post(REQUEST, {"email": address})
    figureforge.post(VERIFY, {"email": address, "code": mailbox.code(address, 3)}, 400)


def spoil(client, mailbox, address, codes, sql):
    """Ask for codes, and guess each wrong five times."""
    for _ in range(codes):
        sql("delete from throttle where scope = 'signin-email' and subject like %s", f"figureforge:{address}%")   # minutes go by
        before = len(mailbox.ask(list=address))
        client.post(REQUEST, {"email": address})
        code = mailbox.code(address, before + 1)
        for _ in range(5):
            client.post(VERIFY, {"email": address, "code": other(code)}, 400)


def enter(client, mailbox, address, expect=200):
    before = len(mailbox.ask(list=address))
    client.post(REQUEST, {"email": address})
    return client.post(VERIFY, {"email": address, "code": mailbox.code(address, before + 1)}, expect)


def test_strangers_do_not_lock_an_owner_out(stack, record, mailbox, alice, figureforge, sql):
    """They share ten wrong codes a day; the place that she signed in from has its own."""
    for _ in range(2):
        spoil(Client(stack, "figureforge", record), mailbox, alice.email, 1, sql)
    sql("delete from throttle where scope = 'signin-email'")
    enter(figureforge, mailbox, alice.email, 400)                # all strangers are shut out now
    enter(alice, mailbox, alice.email)


def test_strangers_do_not_spoil_codes_once_they_are_shut_out(stack, record, mailbox, alice, figureforge, sql):
    for _ in range(2):
        spoil(Client(stack, "figureforge", record), mailbox, alice.email, 1, sql)
    sql("delete from throttle where scope = 'signin-email'")
    before = len(mailbox.ask(list=alice.email))
    alice.post(REQUEST, {"email": alice.email})
    code = mailbox.code(alice.email, before + 1)
    for _ in range(6):
        figureforge.post(VERIFY, {"email": alice.email, "code": other(code)}, 400)
    alice.post(VERIFY, {"email": alice.email, "code": code})


def test_an_owners_place_may_be_wrong_ten_times_a_day(mailbox, alice, figureforge, sql):
    spoil(alice, mailbox, alice.email, 2, sql)
    sql("delete from throttle where scope = 'signin-email'")
    enter(alice, mailbox, alice.email, 400)
    enter(figureforge, mailbox, alice.email)                     # another place still may


def test_no_more_than_forty_guesses_a_day(stack, record, mailbox, alice, sql):
    """Three places that are known, and all others together: 40 of 1,000,000 codes."""
    places = [Client(stack, "figureforge", record) for _ in range(5)]
    for place in places:
        sql("delete from throttle where scope = 'signin-email'")
        enter(place, mailbox, alice.email)
    for client in [*places, alice, *(Client(stack, "figureforge", record) for _ in range(3))]:
        spoil(client, mailbox, alice.email, 3, sql)
    assert sql("select sum(count), count(*) from throttle where scope = 'signin-wrong' and subject like %s",
               f"figureforge:{alice.email}%") == "40|4"


def test_strangers_do_not_ask_for_all_of_an_owners_codes(stack, record, mailbox, alice):
    stranger = Client(stack, "figureforge", record)
    stranger.post(REQUEST, {"email": alice.email})
    stranger.post(REQUEST, {"email": alice.email})               # with the one that she signed in by, three
    stranger.post(REQUEST, {"email": alice.email}, 429)
    mailbox.wait(alice.email, 3)                                 # the last code to come is the one that counts
    enter(alice, mailbox, alice.email)
    alice.post(REQUEST, {"email": alice.email})
    alice.post(REQUEST, {"email": alice.email}, 429)             # her own three, the first one as a stranger


@pytest.mark.parametrize("address, place", [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2::", "2001:db8:1:2::"), ("", ""), ("unix:", ""), ("1:2", "")])
def test_what_a_place_is(sql, address, place):
    assert sql("select coalesce(signin_place_of(%s), '')", address) == place


def test_a_network_of_ipv6_is_one_place(mailbox, alice, sql):
    where = "select string_agg(p.place, ' ' order by p.seen_at) from signin_place p join account a on a.id = p.account_id where a.email = %s"
    first = sql(where, alice.email)
    for alice.address in ("2001:db8:1:2:3:4:5:6", "2001:DB8:1:2::9", "::ffff:" + first):
        enter(alice, mailbox, alice.email)
        sql("delete from throttle where scope = 'signin-email'")
    assert sql(where, alice.email) == f"2001:db8:1:2:: {first}"


def test_who_deletes_an_account_leaves_no_place(alice, sql):
    where = "select count(*) from signin_place p join account a on a.id = p.account_id where a.email = %s"
    assert sql(where, alice.email) == "1"
    alice.delete("/api/auth/delete/", 204, body={"confirmation": "DELETE"})
    assert sql(where, alice.email) == "0"


def test_a_code_ends_after_ten_minutes(figureforge, mailbox, address, sql):
    figureforge.post(REQUEST, {"email": address})
    code = mailbox.code(address)
    left = sql("select round(extract(epoch from expires_at - now())) from signin_code where email = %s", address)
    assert 540 < int(left) <= 600
    sql("update signin_code set expires_at = now() where email = %s", address)
    figureforge.post(VERIFY, {"email": address, "code": code}, 400)


def test_a_code_is_for_its_address_only(figureforge, mailbox, address, alice):
    figureforge.post(REQUEST, {"email": address})
    figureforge.post(VERIFY, {"email": alice.email, "code": mailbox.code(address)}, 400)


def test_a_code_is_nowhere_but_in_the_mail(figureforge, mailbox, address, sql):
    figureforge.post(REQUEST, {"email": address})
    code = mailbox.code(address)
    kept = sql("select row_to_json(c)::text from signin_code c where email = %s", address)
    assert code not in kept
    assert code not in sql("select coalesce(string_agg(args::text, ' '), '') from job where args ->> 'email' = %s", address)


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "", " 12345", 123456, None, "１２３４５６"])
def test_a_code_is_six_digits(figureforge, address, code):
    assert "code" in figureforge.post(VERIFY, {"email": address, "code": code}, 400).error.details


@pytest.mark.parametrize("email", ["", "someone", "@example.org", "someone@", "some one@example.org", "a@b", 7, None,
                                   "someone@example.org\r\nBcc: all@example.org", "a" * 250 + "@example.org",
                                   "someone@@example.org", "<someone@example.org>", "a,b@example.org"])
def test_what_is_no_address_gets_no_mail(figureforge, email):
    refused = figureforge.post(REQUEST, {"email": email}, 400)
    assert list(refused.error.details) == ["email"]


def test_each_missing_field_is_named(figureforge):
    assert set(figureforge.post(VERIFY, {}, 400).error.details) == {"email", "code"}


def test_three_codes_in_a_quarter_of_an_hour(figureforge, stack, record, mailbox, address):
    for _ in range(3):
        Client(stack, "figureforge", record).post(REQUEST, {"email": address})
    refused = Client(stack, "figureforge", record).post(REQUEST, {"email": address}, 429)
    assert 0 < int(refused.http.headers["Retry-After"]) <= 900
    figureforge.post(REQUEST, {"email": f"another-{address}"})
    assert len(mailbox.wait(address, 3)) == 3


def test_ten_codes_an_hour_for_one_client(figureforge, sql):
    for _ in range(10):
        figureforge.post(REQUEST, {"email": f"many-{secrets.token_hex(6)}@example.org"})
    victim = f"many-{secrets.token_hex(6)}@example.org"
    refused = figureforge.post(REQUEST, {"email": victim}, 429)
    assert 900 < int(refused.http.headers["Retry-After"]) <= 3600
    assert sql("select count(*) from throttle where subject = %s", f"figureforge:{victim}") == "0"


def test_a_client_cannot_choose_its_address(figureforge, address):
    """Only the last entry of X-Forwarded-For is the trusted proxy's own word; earlier ones are anybody's."""
    for number in range(10):
        figureforge.post(REQUEST, {"email": f"{number}-{address}"},
                         headers={"X-Forwarded-For": f"192.0.2.{number}, {figureforge.address}"})
    figureforge.post(REQUEST, {"email": address}, 429, headers={"X-Forwarded-For": f"192.0.2.99, {figureforge.address}"})


def test_a_line_of_its_own_is_the_proxys_word(figureforge, address):
    """A proxy may add a line behind the client's, in place of an entry."""
    def ask(claimed):
        body = b'{"email": "%s"}' % address.encode()
        return figureforge.raw(b"POST /figureforge%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                               b"X-Forwarded-For: %s\r\nX-Forwarded-For: %s\r\nContent-Type: application/json\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (REQUEST.encode(), claimed, figureforge.address.encode(),
                                                                len(body), body)).status_code
    for number in range(10):
        figureforge.post(REQUEST, {"email": f"{number}-{address}"})
    assert ask(b"192.0.2.77") == 429


def test_nobody_learns_whether_an_account_exists(figureforge, address, alice):
    known, unknown = (figureforge.post(REQUEST, {"email": email}) for email in (alice.email, address))
    assert known == unknown
    known, unknown = (figureforge.post(VERIFY, {"email": email, "code": "000000"}, 400)
                      for email in (f"x-{alice.email}", address))
    assert known == unknown


def test_a_wrong_code_is_refused_alike_with_and_without_an_account(figureforge, mailbox, address, alice):
    answers = []
    for email, count in ((alice.email, 2), (address, 1)):
        figureforge.post(REQUEST, {"email": email})
        code = mailbox.code(email, count)
        answers.append(figureforge.post(VERIFY, {"email": email, "code": other(code)}, 400))
    assert answers[0] == answers[1]


def test_signing_in_asks_for_no_token(alice, mailbox, address):
    alice.token = "garbage"
    alice.post(REQUEST, {"email": address})
    alice.post(VERIFY, {"email": address, "code": mailbox.code(address)})
