# SPDX-License-Identifier: GPL-3.0-or-later
"""Text messages: one to one, through Twilio's stand-in, and everything that can go wrong with it."""
import contextlib
import json

import pytest

from outside import next_id
from telephony import number, signed_call, statement, status_of
from waits import until

STATUS = "/api/sms/status/"
SENT = ("completed",)


@pytest.fixture
def chief(account):
    return account("smsagent", role="admin")


@pytest.fixture
def twilio(stack, record, settings):
    call = signed_call(stack, record, settings)
    return lambda path, form, expect=200, **more: call(path, form, expect, product="smsagent", **more)


@pytest.fixture
def person(chief):
    """Somebody who is known."""
    phone = number()
    chief.post("/api/users/", {"phone_number": phone}, 201)
    return phone


@pytest.fixture
def send(chief, person):
    """send("text"): to that person; the id of the message."""
    def post(text, to=person):
        return chief.post(f"/api/users/{to}/send_message/", {"message": text}).message_id
    return post


@pytest.fixture
def row(sql):
    """row(message): what is known of it, a column or an expression of sms."""
    def ask(message, column):
        return sql(f"select {column} from sms join smsagent.message m using (job_id) where m.name = %s", message)
    return ask


@pytest.fixture
def tries(sql):
    """How the attempts of a message's job ended that did not end it."""
    def ask(message):
        return sql("select coalesce(string_agg(t.outcome || ':' || t.counts, ' ' order by t.epoch), '') from job_try t "
                   "join smsagent.message m on m.job_id = t.id where m.name = %s", message)
    return ask


def test_a_message_is_sent_and_told_of(chief, person, send, exchange, row):
    message = send("Welcome to premium tier!")
    assert message.startswith("msg_20")
    shown = status_of(chief, message, *SENT)
    assert (shown.sent_count, shown.failed_count, shown.delivery_rate) == (1, 0, 100.0) and shown.completed_at
    assert exchange.bodies(person) == ["Welcome to premium tier!"]
    assert exchange.to(person)[0]["from"] == exchange.ours
    until(lambda: row(message, "state") == "delivered", "Twilio's calls have come")
    assert row(message, "sid") == exchange.to(person)[0]["sid"]


def test_who_may_text_whom(account, chief, person):
    member = account("smsagent")
    member.post(f"/api/users/{person}/send_message/", {"message": "hello"}, 403)
    member.post("/api/messaging/broadcast/", {"message": "hello"}, 403)
    chief.post(f"/api/users/{number()}/send_message/", {"message": "hello"}, 404)
    chief.post(f"/api/users/{person}/send_message/", {"message": ""}, 400)
    chief.post(f"/api/users/{person}/send_message/", {"message": "x" * 1601}, 400)
    chief.get("/api/messaging/status/msg_20000101_001/", 404)


def test_a_refused_number(chief, send, exchange, row, sql):
    sql("insert into smsagent.person (phone_number) values ('+15005550001') on conflict do nothing")
    message = send("hello", "+15005550001")
    shown = status_of(chief, message, "failed")
    assert (shown.sent_count, shown.failed_count) == (0, 1)
    assert row(message, "error_code") == "21211" and "not a valid phone number" in row(message, "error_message")
    assert exchange.to("+15005550001") == []


def test_one_that_is_not_delivered(chief, send, row, sql):
    sql("insert into smsagent.person (phone_number) values ('+15551230010') on conflict do nothing")
    message = send("hello", "+15551230010")
    status_of(chief, message, "failed")
    assert row(message, "state || error_code") == "failed30003"


def test_a_provider_that_is_busy(chief, person, send, exchange, tries):
    """It says when to come again; that is no failure of the job's."""
    exchange.fault("status", status=429, retry_after=1)
    message = send("hello")
    status_of(chief, message, *SENT)
    assert exchange.bodies(person) == ["hello"] and tries(message) == "snoozed:false"


@pytest.mark.parametrize("fault", [
    {"kind": "cut"}, {"kind": "cut", "after": True}, {"kind": "malformed", "after": True},
    {"kind": "status", "status": 500}, {"kind": "status", "status": 500, "after": True}, {"kind": "status", "status": 503, "after": True}],
    ids=["cut before", "cut after", "half an answer", "500 before", "500 after", "503 after"])
def test_an_unknown_outcome(person, send, exchange, tries, row, paused, fault):
    """Whether it went out is asked of the list: it is texted once, whatever happened. Nothing is told meanwhile."""
    exchange.fault(**fault)
    with contextlib.ExitStack() as deaf:
        with paused("sms"):
            message = send("only once")
            deaf.enter_context(paused("front"))
        until(lambda: row(message, "state") == "sent", "it is known that it was sent")
    assert exchange.bodies(person) == ["only once"]
    assert tries(message).startswith("failed:true") and row(message, "sid") == exchange.to(person)[0]["sid"]


def test_an_unknown_outcome_that_is_told(chief, person, send, exchange):
    """Twilio's own calls say that it went out."""
    exchange.fault("cut", after=True)
    exchange.fault("status", status=403, method="GET", times=0)
    status_of(chief, send("told"), *SENT)
    exchange.heal()
    assert exchange.bodies(person) == ["told"]


def test_an_unknown_outcome_of_which_it_is_told_that_it_waits(chief, person, send, exchange, sql):
    """The answer is lost, and Twilio tells of the message that it is queued, no more: that proves it went out."""
    exchange.fault("cut", after=True)
    message = send("queued and lost")
    status_of(chief, message, *SENT)
    assert exchange.bodies(person) == ["queued and lost"]
    job = sql("select job_id from sms where phone_number = %s", person)
    sql("update sms set state = 'trying' where job_id = %s::uuid", job)
    sql("select sms_told(%s, (select sid from sms where job_id = %s::uuid), 'queued', null, null)", job, job)
    assert sql("select state from sms where job_id = %s::uuid", job) == "sent"


def test_the_same_text_before_is_another_message(chief, person, send, exchange, row):
    first = send("again")
    status_of(chief, first, *SENT)
    exchange.fault("cut")
    second = send("again")
    status_of(chief, second, *SENT)
    assert exchange.bodies(person) == ["again", "again"]
    assert {row(first, "sid"), row(second, "sid")} == {message["sid"] for message in exchange.to(person)}


def test_twins(chief, person, send, exchange, row, paused):
    """Of two of the same text to the same number, neither takes the other's message for its own."""
    exchange.fault("cut", times=1)
    with paused("sms"):
        twins = [send("twins"), send("twins")]
    for one in twins:
        status_of(chief, one, *SENT)
    assert exchange.bodies(person) == ["twins", "twins"]
    assert {row(one, "sid") for one in twins} == {message["sid"] for message in exchange.to(person)}


def test_twins_of_which_neither_is_known(person, send, exchange, row, paused):
    """Both went out, and nobody here heard of it: each is one of them."""
    exchange.fault("cut", after=True, times=2)
    with contextlib.ExitStack() as deaf:
        with paused("sms"):
            twins = [send("twice"), send("twice")]
            deaf.enter_context(paused("front"))
        until(lambda: all(row(one, "state") == "sent" for one in twins), "it is known of both")
    assert exchange.bodies(person) == ["twice", "twice"]
    assert {row(one, "sid") for one in twins} == {message["sid"] for message in exchange.to(person)}


def test_what_a_twin_has_taken_for_its_own(chief, person, send, exchange, row, sql, paused):
    """While the answer is on its way, another one of the same text that looks for its own finds this one: then this one is to be
    sent again, since there are two to send."""
    with paused("sms"):
        message = send("mine or yours")
        taken = next_id(sql, "SM", 32)
        sql("insert into sms_owned values (%s)", taken)
    status_of(chief, message, *SENT)
    assert [one["sid"] for one in exchange.to(person)] == [taken, row(message, "sid")]


def test_a_list_that_is_out_of_order(person, send, exchange, row, paused, sql):
    """Sixty that are older stand before it: the list is read on, over its pages."""
    exchange.fault("cut", after=True)
    exchange.fault("status", status=429, retry_after=1, method="GET", times=0)
    with contextlib.ExitStack() as deaf:
        with paused("sms"):
            message = send("far behind")
            deaf.enter_context(paused("front"))
        until(lambda: sql("select count(*) from sandbox.thing where body ->> 'to' = %s", person) == "1", "it has gone out")
        sql("select sandbox.put('twilio', 'message', 'SMold' || i || %s, body || jsonb_build_object('sid', 'SMold' || i || %s, "
            "'date_created', sandbox.twilio_time(now() - interval '1 hour'))) from sandbox.thing, generate_series(1, 60) as i where body ->> 'to' = %s",
            person, person, person)
        exchange.heal()
        until(lambda: row(message, "state") == "sent", "it is found")
    assert len(exchange.bodies(person)) == 50 and not row(message, "sid").startswith("SMold")
    assert sql("select count(*) from sandbox.thing where body ->> 'to' = %s", person) == "61"


def test_a_list_that_cannot_be_read(chief, person, send, exchange, sql):
    """A page whose only entry is none proves nothing: the text is not sent a second time."""
    sql("select sandbox.put('twilio', 'message', 'SMbad' || %s, jsonb_build_object('account_sid', %s, 'sid', '', 'to', %s, "
        "'from', %s))", person, exchange.account, person, exchange.ours)
    exchange.fault("cut")
    status_of(chief, send("who knows"), "unknown")
    assert sql("select count(*) from sandbox.thing where body ->> 'to' = %s", person) == "1"


@pytest.fixture
def tried(person, sql):
    """tried(): a message that is being sent, its job and when it was tried."""
    def make(state="trying"):
        return sql("insert into sms (job_id, product, phone_number, body, state, intended_at) values (gen_random_uuid(), 'smsagent', "
                   "%s, 'x', %s, clock_timestamp()) returning job_id, extract(epoch from intended_at)", person, state).split("|")
    return make


def test_what_an_attempt_says_of_an_earlier_try(tried, sql):
    """One that stood still, while another went on with the message, does not know how that is; but that it went out is so."""
    job, intended = tried()
    say = lambda state, at=intended, sid=None: statement(   # noqa: E731
        sql, "sms_settle", job_id=job, intended=at, state=state, sid=sid, code=None, message=None).split("|")[0]
    assert say("waiting", at=float(intended) - 1) == "moved" and say("failed", at=float(intended) - 1) == "moved"
    assert sql("select state from sms where job_id = %s", job) == "trying"
    assert say("sent", at=float(intended) - 1, sid=f"SM{job}") == "settled"
    assert sql("select state from sms where job_id = %s", job) == "sent" and say("waiting") == "moved"


def test_one_message_is_one_of_ours(tried, sql):
    (one, at), (other, other_at) = tried(), tried()
    settle = lambda job, intended: statement(   # noqa: E731
        sql, "sms_settle", job_id=job, intended=intended, state="sent", sid=f"SM{one}", code=None, message=None).split("|")[0]
    assert (settle(one, at), settle(other, other_at)) == ("settled", "taken")
    assert sql("select state from sms where job_id = %s", other) == "trying"
    assert statement(sql, "sms_unclaimed", sids=f"{{SM{one},SM{other}}}") == f"SM{other}"


def test_what_a_worker_of_an_earlier_release_has_sent_is_ours(tried, sql):
    (one, _), (other, _) = tried(), tried()
    sql("update sms set sid = %s where job_id = %s", f"SM{one}", one)
    assert statement(sql, "sms_unclaimed", sids=f"{{SM{one},SM{other}}}") == f"SM{other}"


def test_a_try_of_long_ago_is_asked_about_at_once(tried, sql):
    job, _ = tried()
    sql("update sms set intended_at = now() - interval '100 days' where job_id = %s", job)
    assert sql("select todo, wait_ms from sms_begin(%s, 'smsagent', null, '', '', 5000, null)", job) == "ask|0"


def test_whatever_is_told_proves_that_it_went_out(tried, sql):
    job, _ = tried()
    sql("select sms_told(%s, %s, 'a word that is new', null, null)", job, f"SM{job}")
    assert sql("select state || ' ' || sid from sms where job_id = %s", job) == f"sent SM{job}"


def test_news_of_what_a_twin_has_taken_are_the_twins(tried, sql):
    (one, at), (other, _) = tried(), tried()
    statement(sql, "sms_settle", job_id=one, intended=at, state="sent", sid=f"SM{one}", code=None, message=None)
    sql("select sms_told(%s, %s, 'delivered', null, null)", other, f"SM{one}")
    assert sql("select state from sms where job_id = %s", one) == "delivered"
    assert sql("select state || coalesce(sid, '') from sms where job_id = %s", other) == "trying"


@pytest.mark.parametrize("full", ["number", "account"])
def test_a_number_that_an_account_has_named(account, sql, operator, exchange, full):
    """It may be anybody's: so many texts go there in a day, and as many on behalf of the account, wherever they go."""
    ann, phone = account("expenses"), number()
    owner = sql("select id from account where email = %s", ann.email)

    def text(body):
        operator("put", "sms.send", "--product", "expenses", "--account-id", owner, "--args", json.dumps({"to": phone, "body": body}), "--wait")
    text("the first")
    assert sql("select string_agg(scope || count, ' ' order by scope) from throttle where (scope, subject) in "
               "(('sms-number', %s), ('sms-account', %s))", phone, owner) == "sms-account1 sms-number1"
    sql("update throttle set count = 19 where (scope, subject) = (%s, %s)", "sms-" + full, phone if full == "number" else owner)
    text("the last")
    text("one more")
    assert exchange.bodies(phone) == ["the first", "the last"]
    assert sql("select state from sms where phone_number = %s and body = 'one more'", phone) == "skipped"


def test_a_closed_account_texts_nobody(account, sql, operator, exchange):
    """Its rows are being erased, and those of its messages that are under way with them."""
    ann, phone = account("expenses"), number()
    owner = sql("update account set deleted_at = now() where email = %s returning id", ann.email)
    operator("put", "sms.send", "--product", "expenses", "--account-id", owner, "--args", json.dumps({"to": phone, "body": "x"}), "--wait")
    assert exchange.to(phone) == [] and sql("select count(*) from sms where phone_number = %s", phone) == "0"


def test_what_nobody_can_tell(chief, person, send, exchange, operator, sql):
    """The list does not answer either: it is told as unknown, and nothing is sent again until somebody says so."""
    exchange.fault("cut")
    exchange.fault("status", status=403, method="GET", times=0)
    message = send("who knows")
    shown = status_of(chief, message, "unknown")
    assert (shown.sent_count, shown.failed_count, shown.unknown_count) == (0, 0, 1)
    exchange.heal()
    assert exchange.bodies(person) == []
    operator("kick", sql("select job_id from smsagent.message where name = %s", message))
    assert "unknown_count" not in status_of(chief, message, *SENT)
    assert exchange.bodies(person) == ["who knows"]


def test_news_in_any_order(person, send, chief, twilio, row, exchange):
    message = send("hello")
    until(lambda: row(message, "state") == "delivered", "it is delivered")
    form = {"MessageSid": row(message, "sid"), "MessageStatus": "failed", "ErrorCode": "30003"}
    twilio(STATUS, form)                                            # what was delivered stays so
    twilio(STATUS, {**form, "MessageStatus": "sent"})
    assert row(message, "state") == "delivered"
    twilio(STATUS, form, 403, token="x" * 32)
    assert status_of(chief, message, *SENT).sent_count == 1


def test_news_that_come_before_the_answer(person, twilio, sql, exchange):
    """Twilio calls while its answer is still on the way: by our own name of the message."""
    job = sql("insert into sms (job_id, product, phone_number, body, state, intended_at) "
              "values (gen_random_uuid(), 'smsagent', %s, 'x', 'trying', now()) returning job_id", person)
    form = {"MessageSid": "SM" + job.replace("-", ""), "MessageStatus": "sent"}
    twilio(f"{STATUS}?ref={job}", form)
    twilio(f"{STATUS}?ref={job}", {**form, "MessageStatus": "queued"})
    assert sql("select state || ' ' || sid from sms where job_id = %s", job) == f"sent {form['MessageSid']}"
    twilio(f"{STATUS}?ref=nonsense", {"MessageSid": "SMnone", "MessageStatus": "sent"})


def test_stop_and_start(chief, person, send, exchange, sql):
    """Who has asked not to be texted is not, whatever waits for him."""
    exchange.text(person, " Stop ")
    until(lambda: sql("select count(*) from sms_stop where phone_number = %s", person) == "1", "the word has come")
    chief.post(f"/api/users/{person}/send_message/", {"message": "hello"}, 409)
    exchange.text(person, "yes")
    until(lambda: sql("select count(*) from sms_stop where phone_number = %s", person) == "0", "the word has come")
    status_of(chief, send("hello again"), *SENT)
    assert exchange.bodies(person) == ["hello again"]


def test_stopped_while_it_waits(chief, person, send, exchange, paused, sql, row):
    with paused("sms"):
        message = send("too late")
        sql("insert into sms_stop (phone_number) values (%s)", person)
    assert status_of(chief, message, "failed").failed_count == 1
    assert row(message, "state") == "skipped" and exchange.to(person) == []


def test_stopped_without_our_knowing(chief, person, send, exchange, sql, row):
    """Twilio knows it, and says so: from then on we do."""
    exchange.text(person, "STOP")
    until(lambda: sql("delete from sms_stop where phone_number = %s returning 1", person) == "1", "the word has come")
    message = send("hello")
    status_of(chief, message, "failed")
    assert row(message, "error_code") == "21610"
    assert sql("select count(*) from sms_stop where phone_number = %s", person) == "1"


def test_what_was_never_told_is_asked(chief, person, send, exchange, operator, sql, row, by_hand):
    by_hand("house.messages")
    message = send("silence")
    until(lambda: row(message, "state") == "delivered", "it is delivered")
    sql("update sms set state = 'sent', changed_at = now() - interval '2 hours' where sid = %s", row(message, "sid"))
    operator("put", "sms.status", "--args", '{"hours": 1}', "--wait")
    assert row(message, "state || (asked_at is not null)") == "deliveredtrue"


def test_what_was_never_told_cannot_be_asked(chief, person, send, exchange, operator, sql, row, trouble, by_hand):
    """Twilio does not answer: what is known of the message stays, and it is asked again."""
    by_hand("house.messages")
    message = send("silence")
    until(lambda: row(message, "state") == "delivered", "it is delivered")
    sql("update sms set state = 'sent', asked_at = null, changed_at = now() - interval '2 hours' where sid = %s", row(message, "sid"))
    exchange.fault("status", f"/2010-04-01/Accounts/*/Messages/{row(message, 'sid')}.json", method="GET", status=500)
    job = operator("put", "sms.status", "--args", '{"hours": 1}').split()[0]
    assert trouble.failed(job).startswith("twilio said 500")
    assert row(message, "state || (asked_at is null)") == "senttrue" and status_of(chief, message, *SENT)
    trouble.again(job)
    assert row(message, "state || (asked_at is not null)") == "deliveredtrue" and exchange.bodies(person) == ["silence"]
