# SPDX-License-Identifier: GPL-3.0-or-later
"""Broadcasts of the SMS agent: to those of some tiers, once each."""
import time

import pytest

from telephony import number, statement, status_of
from waits import until


@pytest.fixture
def exchange(exchange, operator):
    operator("limiter", "twilio", "1000", "100")
    yield exchange
    operator("limiter", "twilio", "1000", "100")        # whoever comes next has no turn to wait for


@pytest.fixture
def chief(account):
    return account("smsagent", role="admin")


@pytest.fixture
def people(sql):
    """people(n): so many of tier enterprise, which nobody else is."""
    def make(n):
        sql("update smsagent.person set tier = 'free' where tier = 'enterprise'")
        phones = sorted({number() for _ in range(2 * n)} - {"+15551230010"})[:n]
        sql("insert into smsagent.person (phone_number, tier) values " + ", ".join(f"('{phone}', 'enterprise')" for phone in phones))
        return phones
    return make


@pytest.fixture
def broadcast(chief):
    def put(text, **more):
        return chief.post("/api/messaging/broadcast/", {"message": text, "tier_filter": ["enterprise"], **more}, 201)
    return put


@pytest.fixture
def states(sql):
    """states(message): how many recipients are how, {"delivered": 3}."""
    def ask(message):
        told = sql("select string_agg(state || '=' || n, ' ') from (select r.state, count(*) as n from smsagent.recipient r join "
                   "smsagent.message m on m.no = r.message_no where m.name = %s group by r.state) as s", message)
        return {state: int(n) for state, n in (one.split("=") for one in told.split())}
    return ask


def test_everybody_is_texted_once(chief, people, broadcast, exchange, states):
    phones = people(40)
    asked = broadcast("System maintenance scheduled for tonight", message_type="announcement")
    assert asked.message_id.startswith("broadcast_20") and asked.recipients_count == 40 and asked.status == "queued"
    shown = status_of(chief, asked.message_id, "completed")
    assert (shown.sent_count, shown.failed_count, shown.delivery_rate) == (40, 0, 100.0) and shown.completed_at
    assert all(exchange.bodies(phone) == ["System maintenance scheduled for tonight"] for phone in phones)
    until(lambda: states(asked.message_id) == {"delivered": 40}, "Twilio's calls have come")


def test_whom_it_is_for(chief, people, broadcast, exchange, paused, sql):
    """Those of its tiers as it was asked for; not who has asked not to be texted, by then or until it is his turn."""
    staying, leaving, stopped, stopping = people(4)
    sql("insert into sms_stop (phone_number) values (%s)", stopped)
    with paused("sms"):
        asked = broadcast("hello")
        chief.post(f"/api/users/{leaving}/update_tier/", {"tier": "free"})
        coming = number()
        chief.post("/api/users/", {"phone_number": coming, "tier": "enterprise"}, 201)
        sql("insert into sms_stop (phone_number) values (%s)", stopping)
    assert asked.recipients_count == 3
    shown = status_of(chief, asked.message_id, "completed")
    assert (shown.sent_count, shown.failed_count) == (2, 0) and not {"skipped_count", "waiting_count", "unknown_count"} & set(shown)
    assert [exchange.bodies(phone) for phone in (staying, leaving, stopped, stopping, coming)] == [["hello"], ["hello"], [], [], []]


def test_who_asks_to_be_left_alone_meanwhile(chief, people, broadcast, exchange, operator, sql):
    """He is counted, too: all counts together are those whom it was for."""
    phones = people(6)
    operator("limiter", "twilio", "1", "1")
    asked = broadcast("too late for one")
    until(lambda: exchange.bodies(phones[0]), "it has begun")
    sql("insert into sms_stop (phone_number) values (%s)", phones[-1])
    seen = chief.get(f"/api/messaging/status/{asked.message_id}/")
    assert seen.sent_count + seen.get("waiting_count", 0) + seen.get("skipped_count", 0) == 6
    shown = status_of(chief, asked.message_id, "completed")
    assert (shown.sent_count, shown.failed_count, shown.skipped_count) == (5, 0, 1) and exchange.bodies(phones[-1]) == []


def test_some_are_refused(chief, people, broadcast, exchange, states, sql):
    people(5)
    sql("insert into smsagent.person (phone_number, tier) values ('+15005550009', 'enterprise'), ('+15005550004', 'enterprise') "
        "on conflict (phone_number) do update set tier = 'enterprise'")
    sql("delete from sms_stop where phone_number = '+15005550004'")
    asked = broadcast("hello")
    shown = status_of(chief, asked.message_id, "completed")
    assert (shown.sent_count, shown.failed_count, shown.delivery_rate) == (5, 2, 71.4)
    assert sql("select count(*) from sms_stop where phone_number = '+15005550004'") == "1"      # Twilio said so


def test_one_is_not_delivered(chief, people, broadcast, states, sql):
    """It counts as sent until Twilio tells otherwise."""
    people(3)
    sql("insert into smsagent.person (phone_number, tier) values ('+15551230010', 'enterprise') "
        "on conflict (phone_number) do update set tier = 'enterprise'")
    asked = broadcast("hello")
    until(lambda: states(asked.message_id) == {"delivered": 3, "failed": 1}, "Twilio's calls have come")
    shown = status_of(chief, asked.message_id, "completed")
    assert (shown.sent_count, shown.failed_count) == (3, 1)


@pytest.mark.parametrize("fault", [
    {"kind": "cut", "times": 5}, {"kind": "cut", "times": 5, "after": True}, {"kind": "status", "status": 500, "times": 3},
    {"kind": "status", "status": 429, "retry_after": 1, "times": 2}, {"kind": "malformed", "times": 4}],
    ids=["cut before", "cut after", "500", "429", "half an answer"])
def test_calls_that_go_wrong(chief, people, broadcast, exchange, fault):
    phones = people(20)
    exchange.fault(**fault)
    asked = broadcast("only once")
    assert status_of(chief, asked.message_id, "completed").sent_count == 20
    assert [exchange.bodies(phone) for phone in phones] == [["only once"]] * 20


def test_the_same_text_to_one_and_to_many(chief, people, broadcast, exchange, paused):
    """Neither takes the other's message for its own, whichever of them was lost."""
    one, other = people(2)
    single = chief.post(f"/api/users/{one}/send_message/", {"message": "the same"}).message_id
    status_of(chief, single, "completed")
    exchange.fault("cut", times=2)
    status_of(chief, broadcast("the same").message_id, "completed")
    assert exchange.bodies(one) == ["the same"] * 2 and exchange.bodies(other) == ["the same"]
    exchange.fault("cut")
    status_of(chief, chief.post(f"/api/users/{other}/send_message/", {"message": "the same"}).message_id, "completed")
    assert exchange.bodies(other) == ["the same"] * 2


def test_what_is_said_of_a_recipient(chief, people, broadcast, paused, sql):
    """Of an earlier try, by an attempt that stood still, nothing counts but that it went out; and one message is one of ours."""
    phone, other = people(2)
    with paused("sms"):
        no = sql("select no from smsagent.message where name = %s", broadcast("fenced").message_id)
        sql("insert into smsagent.recipient (message_no, phone_number) values (%s, %s), (%s, %s)", no, phone, no, other)
        n, _, _, phones, intended, _ = statement(sql, "sms_broadcast_take", no=no, after="", most=10).split("|")
        assert (n, phones) == ("2", f"{phone} {other}")

        def note(phone, state, sid="", at=intended):
            statement(sql, "sms_broadcast_note", no=no, phones=f"{{{phone}}}", intended=f"{{{at}}}", states=f"{{{state}}}",
                      sids=f"{{{sid or 'null'}}}", codes="{null}")
            return sql("select state from smsagent.recipient where message_no = %s and phone_number = %s", no, phone)
        assert note(phone, "waiting", at=float(intended) - 1) == "trying" and note(phone, "failed", at=float(intended) - 1) == "trying"
        assert note(phone, "sent", f"SM{no}", at=float(intended) - 1) == "sent"
        assert note(other, "sent", f"SM{no}") == "asking"
        assert note(other, "waiting") == "waiting" and note(other, "sent", f"SM{no}x") == "sent"
        assert sql("select sent from smsagent.message where no = %s", no) == "2"
        sql("update smsagent.message set status = 'completed', listed_to = null where no = %s", no)


def test_what_is_our_own_fault(chief, people, broadcast, exchange, operator, sql):
    """A key that does not hold stops all: nobody is counted as refused, and it goes on when it has been mended."""
    phones = people(10)
    exchange.fault("status", status=401, times=0)
    asked = broadcast("later")
    shown = status_of(chief, asked.message_id, "failed")
    assert (shown.sent_count, shown.failed_count) == (0, 0)
    exchange.heal()
    operator("kick", sql("select job_id from smsagent.message where name = %s", asked.message_id))
    assert status_of(chief, asked.message_id, "completed").sent_count == 10
    assert [exchange.bodies(phone) for phone in phones] == [["later"]] * 10


def test_it_can_be_stopped(chief, people, broadcast, exchange, operator, sql):
    phones = people(30)
    operator("limiter", "twilio", "2", "1")
    asked = broadcast("stop me")
    until(lambda: chief.get(f"/api/messaging/status/{asked.message_id}/").sent_count > 0, "it has begun")
    job = sql("select job_id from smsagent.message where name = %s", asked.message_id)
    operator("cancel", job)
    shown = status_of(chief, asked.message_id, "failed")
    assert shown.sent_count + shown.failed_count + shown.waiting_count + shown.get("unknown_count", 0) == 30
    texted = [phone for phone in phones if exchange.bodies(phone)]
    assert 0 < len(texted) < 30
    operator("limiter", "twilio", "1000", "100")
    operator("kick", job)
    status_of(chief, asked.message_id, "completed")
    assert [exchange.bodies(phone) for phone in phones] == [["stop me"]] * 30


def test_the_rate_is_kept(chief, people, broadcast, exchange, operator):
    """Five a second and one at once: nine messages take 1.6 seconds."""
    phones = people(9)
    operator("limiter", "twilio", "5", "1")
    began = time.monotonic()
    asked = broadcast("slowly")
    assert status_of(chief, asked.message_id, "completed").sent_count == 9
    assert time.monotonic() - began > 1.5
    assert [exchange.bodies(phone) for phone in phones] == [["slowly"]] * 9


def test_it_takes_turns(chief, people, broadcast, exchange, operator, sql):
    """After two seconds (sms.turn, in a stack) others may have theirs; nobody is texted twice or forgotten for that."""
    phones = people(25)
    operator("limiter", "twilio", "10", "1")
    asked = broadcast("in turns")
    assert status_of(chief, asked.message_id, "completed").sent_count == 25
    assert [exchange.bodies(phone) for phone in phones] == [["in turns"]] * 25
    put_off = sql("select string_agg(distinct t.outcome || ' ' || t.error, ', ') from job_try t join smsagent.message m on m.job_id = t.id "
                  "where m.name = %s", asked.message_id)
    assert put_off == "snoozed it goes on in its next turn"


def test_nobody(chief, broadcast, sql):
    sql("update smsagent.person set tier = 'free' where tier = 'enterprise'")
    asked = broadcast("is anybody there")
    assert asked.recipients_count == 0
    shown = status_of(chief, asked.message_id, "completed")
    assert (shown.sent_count, shown.failed_count, shown.delivery_rate) == (0, 0, 0.0)
    assert "tier_filter" in chief.post("/api/messaging/broadcast/", {"message": "x", "tier_filter": ["gold"]}, 400).http.text
