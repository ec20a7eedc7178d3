# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of the Expense Tracker at the addresses that want them, and what is told beside."""
import json
import threading

import pytest

from subscriber import Subscriber
from waits import until

HOOKS = "/api/webhooks/"
EVENTS = ["expense.created", "expense.updated", "expense.deleted", "payment.completed", "payment.failed",
          "settlement.created", "settlement.completed", "group.member_joined", "group.member_left"]


@pytest.fixture
def state_of(sql):
    """state_of(delivery, "failed"): wait until it is that; then its row."""
    def wait(delivery, state):
        until(lambda: sql("select state from hook_delivery where id = %s", delivery) == state, f"{delivery} is {state}")
        return json.loads(sql("select row_to_json(d) from hook_delivery d where id = %s", delivery))
    return wait


def subscribe(client, url, *events):
    return client.post(HOOKS, {"url": url, "events": list(events) or EVENTS}, 201).data


# -- addresses ---------------------------------------------------------------------------------------------------------

def test_a_secret_is_shown_once(member, sql):
    ann, bob = member(), member()
    made = subscribe(ann, "https://hooks.example.org/a?b=c", "expense.deleted", "expense.created", "expense.created")
    assert len(made.secret) == 64 and made.is_active and made.events == ["expense.created", "expense.deleted"]
    shown = ann.get(HOOKS)["data"]
    assert shown == [{key: made[key] for key in ("id", "url", "events", "is_active", "created_at")}]
    kept = sql("select secret from hook where id = %s", made.id.removeprefix("wh_"))
    assert kept.startswith("mrs1.") and made.secret not in kept
    assert bob.get(HOOKS)["data"] == []
    bob.delete(f"{HOOKS}{made.id}/", 404)
    ann.delete(f"{HOOKS}{made.id}/", 204)
    ann.delete(f"{HOOKS}{made.id}/", 404)
    assert ann.get(HOOKS)["data"] == []


@pytest.mark.parametrize("body", [
    {"url": "ftp://there.example/"}, {"url": "https://"}, {"url": "https://user:word@there.example/"}, {"url": "x"}, {"url": None},
    {"url": "https://" + "x" * 2100}, {"events": []}, {"events": ["expense.paid"]}, {"events": "expense.created"}, {"events": None}],
    ids=lambda body: json.dumps(body)[:40])
def test_what_is_no_subscription(member, body):
    refused = member().post(HOOKS, {"url": "https://there.example/", "events": ["expense.created"], **body}, 422)
    assert refused.error.details[0].field.split(".")[0].split("[")[0] in body


@pytest.mark.parametrize("url, why", [
    ("https://user:word@there.example/", "must not have a user name or a password"), ("https://user@there.example/", "must not have a user name"),
    ("ftp://there.example/", "must be a URL such as https://"), ("https://there.example:port/", "must be a URL such as https://"),
    ("https://" + "x" * 2100, "must be at most 2048 characters")])
def test_a_refusal_says_what_is_wrong_with_an_address(member, url, why):
    refused = member().post(HOOKS, {"url": url, "events": ["expense.created"]}, 422)
    assert [detail.field for detail in refused.error.details] == ["url"] and why in refused.error.details[0].message


def test_twenty_addresses_are_enough(member):
    ann = member()
    for _ in range(20):
        subscribe(ann, "https://there.example/")
    ann.post(HOOKS, {"url": "https://there.example/", "events": EVENTS}, 409)
    page = ann.get(f"{HOOKS}?page_size=15&page=2")
    assert len(page["data"]) == 5 and page.meta.pagination.total_items == 20


# -- deliveries --------------------------------------------------------------------------------------------------------

def test_an_event_is_signed(member, subscriber, happens, state_of):
    ann = member()
    hook = subscribe(ann, subscriber.url, "expense.created")
    happens("expense.created", [ann], {"expense": {"id": "exp_1", "title": "Café \u2603"}})
    got = subscriber.wait(1)[0]
    assert got.signed_with(hook.secret) and not got.signed_with("another")
    assert got.headers["X-Webhook-Event"] == "expense.created" and got.headers["X-Webhook-Sequence"] == "1"
    assert got.headers["Content-Type"] == "application/json"
    assert got.body == {"event": "expense.created", "timestamp": "2026-01-15T10:30:00Z",
                        "data": {"expense": {"id": "exp_1", "title": "Café \u2603"}},
                        "metadata": {"webhook_id": hook.id, "api_version": "1.0", "sequence": 1}}
    row = state_of(got.id, "delivered")
    assert (row["tries"], row["status"], row["error"]) == (1, 200, None)


def test_only_those_it_concerns_hear_of_it(member, subscriber, happens, outcome, sql):
    ann, bob, eve = member(), member(), member()
    hook = subscribe(ann, subscriber.url, "expense.created")
    subscribe(bob, subscriber.url, "expense.deleted")
    subscribe(eve, subscriber.url, "expense.created")
    assert outcome(happens("expense.created", [ann, bob])) == "done"
    assert [got.body["metadata"]["webhook_id"] for got in subscriber.wait(1)] == [hook.id]
    assert sql("select count(*) from hook_delivery d join hook h on h.id = d.hook_id where h.account_id in (%s, %s)",
               bob.number, eve.number) == "0"


def test_first_attempts_go_in_order(member, subscriber, happens):
    """Forty events of four streams at once, to an address that is slow to answer the first."""
    ann, count = member(), 40
    hook = subscribe(ann, subscriber.url, "expense.updated")
    subscriber.hold()
    threads = [threading.Thread(target=lambda stream=stream: [
        happens("expense.updated", [ann], {"n": n, "stream": stream}, stream=f"group-{stream}") for n in range(count // 4)])
        for stream in range(4)]
    for thread in threads:
        thread.start()
    subscriber.wait(1)
    subscriber.release()
    for thread in threads:
        thread.join()
    got = subscriber.wait(count)
    assert [int(one.headers["X-Webhook-Sequence"]) for one in got] == list(range(1, count + 1))
    assert subscriber.most_at_once == 1 and all(one.signed_with(hook.secret) for one in got)
    for stream in range(4):
        assert [one.body["data"]["n"] for one in got if one.body["data"]["stream"] == stream] == list(range(count // 4))


def test_a_failure_holds_up_nobody(member, subscriber, happens, hurry, state_of, sql):
    ann = member()
    subscribe(ann, subscriber.url, "expense.created")
    subscriber.answers = [500]
    happens("expense.created", [ann], {"n": 1})
    happens("expense.created", [ann], {"n": 2})
    first, second = subscriber.wait(2)
    assert [first.body["data"]["n"], second.body["data"]["n"]] == [1, 2]
    row = state_of(first.id, "retrying")
    assert (row["tries"], row["status"], row["error"]) == (1, 500, "the answer was 500")
    retry = sql("select id from job where kind = 'hook.retry' and args ->> 'delivery' = %s", first.id)
    # Its name tells the time in whole milliseconds, by another clock.
    assert 50 < float(sql("select extract(epoch from due_at - job_id_time(id)) from job where id = %s", retry)) < 61
    hurry("hook", retry)
    again = subscriber.wait(3)[2]
    assert (again.id, again.raw, again.headers["X-Webhook-Sequence"]) == (first.id, first.raw, "1")
    assert state_of(first.id, "delivered")["tries"] == 2
    assert sql("select failures from hook where account_id = %s", ann.number) == "0"


def test_a_redirect_is_not_followed(member, subscriber, happens, state_of):
    ann, inside = member(), Subscriber()
    try:
        subscribe(ann, subscriber.url, "expense.created")
        subscriber.answers = [(302, {"Location": inside.url}, b"")]
        happens("expense.created", [ann])
        row = state_of(subscriber.wait(1)[0].id, "retrying")
        assert row["error"] == "the answer was 302" and inside.got == []
    finally:
        inside.close()


def test_an_answer_has_a_bound(member, subscriber, happens, state_of):
    ann = member()
    subscribe(ann, subscriber.url, "expense.created")
    subscriber.answers = [(200, {}, b"x" * 65536), (200, {}, b"x" * 65537)]
    happens("expense.created", [ann])
    happens("expense.created", [ann])
    first, second = subscriber.wait(2)
    state_of(first.id, "delivered")
    assert "more than 65536 bytes" in state_of(second.id, "retrying")["error"]


@pytest.mark.parametrize("host", ["[::1]", "127.0.0.1", "2130706433", "0x7f000001", "127.1", "0.0.0.0", "[::ffff:127.0.0.77]", "10.0.0.1",
                                  "169.254.169.254", "100.64.0.1", "[fe80::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"])
def test_what_is_not_public_is_not_called(member, happens, state_of, sql, host):
    ann = member()
    subscribe(ann, f"https://{host}:443/", "expense.created")
    happens("expense.created", [ann])
    delivery = until(lambda: sql("select d.id from hook_delivery d join hook h on h.id = d.hook_id where h.account_id = %s",
                                 ann.number), "there is a delivery")
    assert "is not to be called" in state_of(delivery, "retrying")["error"]


def test_a_name_that_leads_inside(member, happens, state_of, sql):
    """It looks like any other; what it resolves to is looked at when the connection is made."""
    ann, inside = member(), Subscriber("127.0.0.1")
    try:
        subscribe(ann, f"http://localhost:{inside.port}/", "expense.created")
        happens("expense.created", [ann])
        delivery = until(lambda: sql("select d.id from hook_delivery d join hook h on h.id = d.hook_id where h.account_id = %s",
                                     ann.number), "there is a delivery")
        assert f":{inside.port} is not to be called: loopback" in state_of(delivery, "retrying")["error"]
        assert inside.got == []
    finally:
        inside.close()


def test_a_dead_address_is_switched_off(member, subscriber, happens, state_of, sql, mailbox):
    ann = member()
    hook = subscribe(ann, subscriber.url, "expense.created")
    sql("update hook set failures = 49 where account_id = %s", ann.number)
    subscriber.answers = [503]
    happens("expense.created", [ann])
    first = subscriber.wait(1)[0]
    state_of(first.id, "retrying")
    assert not ann.get(HOOKS)["data"][0].is_active
    mail = next(mail for mail in mailbox.wait(ann.email, 2) if "webhook" in mail["subject"])
    assert subscriber.url in mail["text"] and "50 deliveries" in mail["text"] and "the answer was 503" in mail["html"]
    job = happens("expense.created", [ann])
    until(lambda: sql("select outcome from job_end where id = %s", job), "the event is told")
    assert sql("select count(*) from hook_delivery d join hook h on h.id = d.hook_id where h.account_id = %s", ann.number) == "1"
    ann.delete(f"{HOOKS}{hook.id}/", 204)


# -- notifications -----------------------------------------------------------------------------------------------------

def notice(**more):
    return {"type": "expense_added", "title": "New expense in <Roommates>", "message": "John added 'Groceries' & more",
            "action_url": "/expenses/exp_1", **more}


def test_a_notification_by_mail_and_in_the_list(member, happens, mailbox):
    ann, bob = member(), member()
    happens("expense.created", [ann, bob], notice=notice(sender_id=bob.number, metadata={"expense_id": "exp_1"}))
    mail = next(mail for mail in mailbox.wait(ann.email, 2) if "expense" in mail["subject"])
    assert mail["subject"] == "New expense in <Roommates>"
    assert "John added 'Groceries' & more" in mail["text"] and "John added &#39;Groceries&#39; &amp; more" in mail["html"]
    assert f"{ann.base}/expenses/exp_1" in mail["text"]
    told = ann.get("/api/notifications/")["data"]
    assert [(one.type, one.title, one.priority, one.sender.id, one.metadata) for one in told] == \
        [("expense_added", "New expense in <Roommates>", "normal", f"usr_{bob.number}", {"expense_id": "exp_1"})]
    assert bob.get("/api/notifications/")["data"] == []             # the sender knows


def mails_put(sql, client):
    """The jobs of somebody's notices: seconds until each is due."""
    return [float(line) for line in sql("select extract(epoch from due_at - job_id_time(id)) from job where kind = 'mail.send' and "
                                        "account_id = %s", client.number).split()]


@pytest.mark.parametrize("wish, listed, mailed", [
    ({}, 1, 1),
    ({"preferences": [{"type": "expense_added", "enabled": False}]}, 0, 0),
    ({"preferences": [{"type": "expense_added", "channels": ["email"]}]}, 0, 1),
    ({"preferences": [{"type": "expense_added", "channels": ["in_app", "push"]}]}, 1, 0),
    ({"preferences": [{"type": "expense_added", "channels": []}]}, 0, 0),
    ({"preferences": [{"type": "expense_added", "frequency": "daily"}]}, 1, 0),
    ({"preferences": [{"type": "payment_due", "enabled": False}]}, 1, 1),
    ({"email_enabled": False}, 1, 0)], ids=lambda wish: json.dumps(wish)[:60])
def test_preferences(member, happens, outcome, sql, wish, listed, mailed):
    ann = member()
    ann.call("PUT", "/api/notifications/preferences/", 200, wish)
    assert outcome(happens("expense.created", [ann], notice=notice())) == "done"
    assert len(ann.get("/api/notifications/")["data"]) == listed and len(mails_put(sql, ann)) == mailed


@pytest.mark.parametrize("wish, number, texted", [
    ({"sms_enabled": True, "preferences": [{"type": "expense_added", "channels": ["sms"]}]}, "+15550001234", 1),
    ({"sms_enabled": True, "preferences": [{"type": "expense_added", "channels": ["sms"]}]}, None, 0),
    ({"sms_enabled": True}, "+15550001234", 0),
    ({"preferences": [{"type": "expense_added", "channels": ["sms"]}]}, "+15550001234", 0)], ids=["wanted", "no number", "no channel", "off"])
def test_texts(member, happens, outcome, sql, wish, number, texted):
    ann = member()
    ann.call("PATCH", "/api/users/me/", 200, {"phone_number": number})
    ann.call("PUT", "/api/notifications/preferences/", 200, wish)
    assert outcome(happens("expense.created", [ann], notice=notice())) == "done"
    put = sql("select args ->> 'to' || ' ' || (args ->> 'body') from job where kind = 'sms.send' and account_id = %s", ann.number)
    assert put == (f"{number} New expense in <Roommates>: John added 'Groceries' & more" if texted else "")


def test_quiet_hours_delay_mail_only(member, happens, outcome, sql):
    ann = member()
    hour = int(sql("select extract(hour from now() at time zone 'Asia/Kolkata')"))
    quiet = {"enabled": True, "start": f"{(hour - 1) % 24:02d}:00", "end": f"{(hour + 2) % 24:02d}:00", "timezone": "Asia/Kolkata"}
    ann.call("PUT", "/api/notifications/preferences/", 200, {"quiet_hours": quiet})
    assert outcome(happens("expense.created", [ann], notice=notice())) == "done"
    assert len(ann.get("/api/notifications/")["data"]) == 1
    assert 3600 - 60 <= mails_put(sql, ann)[0] < 7201


@pytest.mark.parametrize("at, start, end, zone, until_when", [
    ("2026-01-15T21:59:59Z", "22:00", "08:00", "UTC", "2026-01-15T21:59:59Z"),
    ("2026-01-15T22:00:00Z", "22:00", "08:00", "UTC", "2026-01-16T08:00:00Z"),
    ("2026-01-16T07:59:59Z", "22:00", "08:00", "UTC", "2026-01-16T08:00:00Z"),
    ("2026-01-16T08:00:00Z", "22:00", "08:00", "UTC", "2026-01-16T08:00:00Z"),
    ("2026-01-15T12:30:00Z", "12:00", "13:00", "UTC", "2026-01-15T13:00:00Z"),
    ("2026-01-15T13:00:00Z", "12:00", "13:00", "UTC", "2026-01-15T13:00:00Z"),
    ("2026-01-15T12:30:00Z", "12:00", "12:00", "UTC", "2026-01-15T12:30:00Z"),
    ("2026-01-16T04:00:00Z", "22:00", "08:00", "America/New_York", "2026-01-16T13:00:00Z"),
    ("2026-03-08T06:30:00Z", "22:00", "08:00", "America/New_York", "2026-03-08T12:00:00Z"),    # the night is an hour short
    ("2026-01-15T17:00:00Z", "22:00", "08:00", "Asia/Kolkata", "2026-01-16T02:30:00Z")])
def test_when_quiet_hours_end(sql, at, start, end, zone, until_when):
    quiet = json.dumps({"enabled": True, "start": start, "end": end, "timezone": zone})
    assert sql("select iso_time(expenses.quiet_until(%s, %s))", quiet, at) == until_when
    off = json.dumps({"enabled": False, "start": start, "end": end, "timezone": zone})
    assert sql("select iso_time(expenses.quiet_until(%s, %s))", off, at) == at


def test_products_tell_by_one_call(member, operator, sql, paused):
    """What a product's statement calls in its own transaction."""
    ann = member()
    with paused("hook"):
        ticket = sql("select event_tell('expenses', 'settlement.created', 'group-7', array[%s]::bigint[], '{\"a\": 1}')", ann.number)
        queue, job, packed = ticket.split(" ")
        operator("cancel", job)
    assert queue == "hook" and packed.endswith("|event/expenses/group-7|1|expenses")
    args = json.loads(sql("select args from job where id = %s", job))
    assert args["audience"] == [ann.number] and (args["event"], args["data"], args["notice"]) == ("settlement.created", {"a": 1}, None)
