# SPDX-License-Identifier: GPL-3.0-or-later
"""Settlements that are paid by card: once, whatever comes twice, late, out of order or at the same moment."""
import json
import threading
import time

import pytest

from roommates import Circle, number_of
from till import customer_of, ended, looked_at, tried
from waits import twin, until

LIST, PAY, METHODS = "/api/payments/settlements/", "/api/payments/process/", "/api/payments/methods/"
SOON = {"Prefer": "wait=0"}
PAID = {"confirmation_type": "paid", "payment_method": "cash"}
ROUNDS = 12


class Due:
    """What john owes jane, and how it is paid."""

    def __init__(self, sql, circle, john, jane):
        self._sql, self.circle, self.john, self.jane = sql, circle, john, jane
        self.card = self.attach("tok_visa")

    def attach(self, token):
        return self.john.post(METHODS, {"method_type": "stripe", "stripe_token": token}, 201).data.id

    def asked(self, amount="45.67"):
        return self.john.post(LIST, {"payee_id": self.jane.id, "group_id": self.circle.ref, "amount": amount}, 201).data

    def order(self, settlement, card=None):
        return {"settlement_id": settlement.id, "payment_method_id": card or self.card, "amount": settlement.amount, "currency": "USD"}

    def confirm(self, settlement, status=200, client=None, body=None):
        return (client or self.john).post(f"{LIST}{settlement.id}/confirm/", body or PAID, status)

    def state(self, settlement):
        return self.john.get(f"{LIST}{settlement.id}/").data.status

    def becomes(self, settlement, status):
        until(lambda: self.state(settlement) == status, f"{settlement.id} is {status}")

    def job(self, settlement):
        """That of its last payment."""
        return self._sql("select job_id from billing.payment where purpose = %s order by id desc limit 1", settlement.id)

    def events(self, settlement):
        """What was told of it, in its order."""
        return json.loads(self._sql("select coalesce(json_agg(args ->> 'event' order by id), '[]') from job where kind = 'hook.fanout' and "
                                    "coalesce(args -> 'data' ->> 'settlement_id', args -> 'data' -> 'settlement' ->> 'id') = %s", settlement.id))

    def reasons(self, settlement):
        """What each is told by a webhook of why it was not paid."""
        return json.loads(self._sql("select json_object_agg('usr_' || a, args -> 'data' ->> 'error_message') from job, json_array_elements_text(args -> 'audience') a "
                                    "where kind = 'hook.fanout' and args ->> 'event' = 'payment.failed' and args -> 'data' ->> 'settlement_id' = %s", settlement.id))

    def intent(self, till, settlement, status, **more):
        """The payment as Stripe tells of it."""
        return {"id": f"pi_{self.job(settlement)}", "object": "payment_intent", "customer": customer_of(till, self.john.email), "status": status,
                "amount": 4567, "currency": "usd", "created": int(time.time()), "metadata": {"job_id": self.job(settlement)}, "latest_charge": "ch_1", **more}

    def charged(self, till):
        """How many payments of his Stripe has taken."""
        return [one.status for one in till.every("/v1/payment_intents", customer=customer_of(till, self.john.email))].count("succeeded")


@pytest.fixture
def due(sql, john, jane):
    john.headers["Prefer"] = "wait=30"                   # a busy machine takes longer than who says nothing is let wait
    return Due(sql, Circle(sql, john, jane), john, jane)


def refused(client, body, status, field=None):
    answer = client.post(PAY, body, status)
    assert [detail.field for detail in answer.error.details] == ([field] if field else []), answer
    return answer


def notices(client, kind, count=1):
    return until(lambda: len(rows := client.get(f"/api/notifications/?type={kind}")["data"]) >= count and rows, f"{count} {kind}")


# -- one after the other -----------------------------------------------------------------------------------------------

def test_what_is_paid_is_settled(due, till, sql):
    expense = due.circle.expense(due.jane, 9134, due.john, due.jane)
    made = due.asked()
    paid = due.john.post(PAY, due.order(made)).data
    assert paid.status == "completed" and paid.external_transaction_id.startswith("ch_") and paid.processed_at
    done = due.john.get(f"{LIST}{made.id}/").data
    assert (done.status, done.method) == ("completed", "stripe") and done.completed_at
    assert due.circle.balance(due.john) == due.circle.balance(due.jane) == 0 and due.circle.wrong() == []
    assert sql("select settled_at is not null from expenses.share where expense_id = %s and account_id = %s", expense, number_of(due.john)) == "t"
    assert due.events(made) == ["settlement.created", "payment.completed", "settlement.completed"]
    assert due.circle.activities() == ["settlement_created", "settlement_completed"]
    for client in (due.john, due.jane):                                     # nobody's word: both are notified
        assert notices(client, "settlement_completed")[0].sender is None
    live = json.loads(sql("select json_agg(data ->> 'status' order by id) from live_event where type = 'payment_update' and data ->> 'settlement_id' = %s", made.id))
    assert live == ["pending", "processing", "completed"] and due.charged(till) == 1


def test_it_is_paid_once(due, till):
    made = due.asked()
    key = {"Idempotency-Key": "january"}
    first, again = (due.john.call("POST", PAY, 200, due.order(made), headers=key) for _ in range(2))
    assert again.data.payment_id == first.data.payment_id
    assert "completed" in refused(due.john, due.order(made), 409).error.message
    due.confirm(made, 409)
    due.john.post(f"{LIST}{made.id}/cancel/", None, 409)
    assert due.charged(till) == 1 and due.circle.balance(due.john) == 4567 and due.circle.wrong() == []


def test_what_cannot_be_paid(due, account, till):
    bob, stranger = account("expenses"), account("expenses")
    due.circle.add(bob)
    made = due.asked()
    order = due.order(made)
    refused(due.jane, order, 403)
    refused(bob, order, 403)
    refused(stranger, order, 404)
    refused(due.john, {**order, "settlement_id": "stl_999999999"}, 404)
    refused(due.john, {**order, "amount": "45.66"}, 422, "amount")
    refused(due.john, {**order, "currency": "EUR"}, 422, "currency")
    refused(due.john, {**order, "payment_method_id": "pm_none"}, 422, "payment_method_id")
    theirs = bob.post(METHODS, {"method_type": "stripe", "stripe_token": "tok_visa"}, 201).data.id
    refused(due.john, {**order, "payment_method_id": theirs}, 422, "payment_method_id")
    assert due.state(made) == "pending"
    due.circle.leaves(due.jane)
    refused(due.john, order, 409)
    due.john.post(f"{LIST}{made.id}/cancel/")
    assert "cancelled" in refused(due.john, order, 409).error.message
    assert due.charged(till) == 0 and due.circle.balance(due.john) == 0


def test_a_card_says_no(due, till, sql):
    made = due.asked()
    bad = due.attach("tok_chargeCustomerFail")
    answer = due.john.post(PAY, due.order(made, bad), 422)
    assert answer.error.code == "PAYMENT_FAILED" and due.state(made) == "failed"
    assert due.john.get(f"{LIST}{made.id}/").data.method == "manual"
    note, = notices(due.john, "payment_due")
    assert (note.priority, note.message) == ("high", f"Your payment of $45.67 to {made.payee.name} failed: Your card was declined.")
    assert due.jane.get("/api/notifications/?type=payment_due")["data"] == []
    assert due.events(made) == ["settlement.created", "payment.failed", "payment.failed"]
    assert due.reasons(made) == {due.john.id: "Your card was declined.", due.jane.id: "The payment failed."}
    assert due.john.post(PAY, due.order(made)).data.status == "completed"
    assert due.charged(till) == 1 and due.circle.balance(due.john) == 4567 and due.circle.wrong() == []
    assert sql("select count(*) from billing.payment where purpose = %s", made.id) == "2"


def test_what_has_failed_is_paid_in_cash(due):
    made = due.asked()
    due.john.post(PAY, due.order(made, due.attach("tok_chargeCustomerFail")), 422)
    assert due.confirm(made).data.method == "cash"
    assert due.circle.balance(due.john) == 4567 and due.circle.wrong() == []
    refused(due.john, due.order(made), 409)


def test_what_has_failed_is_taken_back(due):
    made = due.asked()
    due.john.post(PAY, due.order(made, due.attach("tok_chargeCustomerFail")), 422)
    assert due.jane.post(f"{LIST}{made.id}/cancel/").data.status == "cancelled"
    refused(due.john, due.order(made), 409)
    assert due.circle.balance(due.john) == 0


def test_while_it_is_being_paid(due, paused, till):
    """Nobody can end it in another way; then the payment does."""
    made = due.asked()
    with paused("billing"):
        assert due.john.post(PAY, due.order(made), headers=SOON).data.status == "processing"
        assert due.state(made) == "processing"
        due.confirm(made, 409)
        due.confirm(made, 409, due.jane, {"confirmation_type": "received"})
        for client in (due.john, due.jane):
            client.post(f"{LIST}{made.id}/cancel/", None, 409)
        refused(due.john, due.order(made), 409)
        assert due.circle.balance(due.john) == 0
    due.becomes(made, "completed")
    assert due.charged(till) == 1 and due.circle.balance(due.john) == 4567 and due.circle.wrong() == []


# -- what Stripe tells -------------------------------------------------------------------------------------------------

def test_what_is_told_twice_and_late(due, till, sql):
    """The event of the success before the worker knows of it, again, and then an older one of a failure."""
    made = due.asked()
    till.fault("status", "/v1/payment_intents", method="POST", status=500, times=0)
    assert due.john.post(PAY, due.order(made), headers=SOON).data.status == "processing"
    tried(sql, due.john, "billing.pay")
    won = till.event("payment_intent.succeeded", due.intent(till, made, "succeeded"))
    for _ in range(2):
        till.tell(due.john, won)
    assert looked_at(sql, won) == "applied" and due.state(made) == "completed"
    for told, outcome in ((till.event("payment_intent.succeeded", due.intent(till, made, "succeeded"), created=won["created"] - 60), "older"),
                          (till.event("payment_intent.payment_failed", due.intent(till, made, "requires_payment_method"),
                                      created=won["created"] - 30), "older"),
                          (till.event("payment_intent.payment_failed", due.intent(till, made, "requires_payment_method"),
                                      created=won["created"] + 600), "applied")):
        till.tell(due.john, told)
        assert looked_at(sql, told) == outcome
    assert ended(sql, due.john, "billing.pay")[0] == "done"
    assert due.state(made) == "completed" and due.events(made) == ["settlement.created", "payment.completed", "settlement.completed"]
    assert due.circle.balance(due.john) == 4567 and due.circle.wrong() == []


def failed(due, till, sql):
    """A settlement whose payment was said to have failed, by an event; its worker gets nowhere."""
    made = due.asked()
    till.fault("status", "/v1/payment_intents", method="POST", status=500, times=0)
    due.john.post(PAY, due.order(made), headers=SOON)
    until(lambda: sql("select count(*) from job_try where id = %s", due.job(made)) != "0", "it was tried")
    lost = till.event("payment_intent.payment_failed", due.intent(till, made, "requires_payment_method"))
    till.tell(due.john, lost)
    assert looked_at(sql, lost) == "applied"
    due.becomes(made, "failed")
    return made, due.intent(till, made, "succeeded"), lost["created"]


@pytest.mark.parametrize("end", ["completed", "cancelled"])
def test_what_was_ended_otherwise_and_is_charged_after_all(due, till, sql, end):
    """The books move by the first word only, and both are told to put the rest right."""
    made, intent, at = failed(due, till, sql)
    if end == "completed":
        due.confirm(made)
    else:
        due.john.post(f"{LIST}{made.id}/cancel/")
    before = due.circle.balance(due.john)
    late = till.event("payment_intent.succeeded", intent, created=at + 600)
    till.tell(due.john, late)
    assert looked_at(sql, late) == "applied"
    for client in (due.john, due.jane):
        note = until(lambda client=client: next((row for row in client.get("/api/notifications/?type=settlement_completed")["data"]
                                                 if row.title.startswith("Paid besides")), None), "the notice")
        assert note.priority == "high" and f"that is {end} already" in note.message
    assert due.state(made) == end and due.circle.balance(due.john) == before == (4567 if end == "completed" else 0)
    assert due.circle.wrong() == [] and due.events(made).count("settlement.completed") == (end == "completed")


def test_a_second_failure_does_not_end_the_payment_after_it(due, till, sql, paused):
    """What was said to have failed is cancelled at Stripe while another card is charged: that one goes on."""
    made, _, at = failed(due, till, sql)
    gone = till.event("payment_intent.canceled", due.intent(till, made, "canceled"), created=at + 600)
    till.heal()
    with paused("billing"):
        sql("update expenses.settlement set status = 'processing' where id = %s", made.id.removeprefix("stl_"))
        number = sql("insert into billing.payment (account_id, job_id, purpose, amount, currency, status, description) values "
                     "(%s, gen_random_uuid(), %s, 4567, 'usd', 'sending', 'x') returning id", number_of(due.john), made.id)
    till.tell(due.john, gone)
    looked_at(sql, gone)
    assert due.state(made) == "processing"
    sql("update billing.payment set status = 'failed' where id = %s", number)
    assert due.state(made) == "failed"


# -- at the same moment ------------------------------------------------------------------------------------------------

def at_once(*calls):
    """What came of each: its status."""
    start, statuses = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number, client, path, body):
        client = twin(client)
        start.wait()
        statuses[number] = client.attempt(path, body)
    threads = [threading.Thread(target=run, args=(number, *call)) for number, call in enumerate(calls)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return statuses


def test_confirmed_by_both_paid_and_taken_back_at_once(due, till):
    """Many rounds: one of the words counts, and the books move once or not at all."""
    john, jane, moved, charged = due.john, due.jane, 0, 0
    for number in range(ROUNDS):
        made = due.asked("1.00")
        there = f"{LIST}{made.id}/"
        calls = [(john, f"{there}confirm/", PAID), (jane, f"{there}confirm/", {"confirmation_type": "received"}), (john, PAY, due.order(made)),
                 (john, f"{there}confirm/", PAID), (john, PAY, due.order(made))]
        calls += [(jane, f"{there}cancel/", None)] * (number % 2)
        turned = calls[number % len(calls):] + calls[:number % len(calls)]
        statuses = at_once(*turned)
        assert sorted(statuses) == [200] + [409] * (len(calls) - 1), statuses
        winner = turned[statuses.index(200)]
        charged += winner[1] == PAY
        moved += not winner[1].endswith("cancel/")
        assert due.state(made) == ("cancelled" if winner[1].endswith("cancel/") else "completed")
        assert due.events(made).count("settlement.completed") == (not winner[1].endswith("cancel/"))
    assert due.circle.balance(john) == -due.circle.balance(jane) == 100 * moved
    assert due.charged(till) == charged and due.circle.wrong() == []


def test_confirmed_while_its_payment_fails_and_is_told_of(due, till, sql):
    """The payment's word and the people's take the same locks in the same order: nothing is stuck, and one counts."""
    moved = 0
    for number in range(ROUNDS // 2):
        made, intent, at = failed(due, till, sql)
        till.heal()
        late = till.event("payment_intent.succeeded", intent, created=at + 600)
        begun = threading.Thread(target=till.tell, args=(twin(due.jane), late))
        if number % 2:
            begun.start()
        statuses = at_once((due.john, f"{LIST}{made.id}/confirm/", PAID), (due.john, PAY, due.order(made)),
                           (due.jane, f"{LIST}{made.id}/cancel/", None))
        if not number % 2:
            begun.start()
        begun.join()
        looked_at(sql, late)
        assert set(statuses) <= {200, 409} and statuses.count(200) <= 1, statuses
        until(lambda made=made: due.state(made) in ("completed", "cancelled"), "it has ended")
        moved += due.state(made) == "completed"
    assert due.circle.balance(due.john) == 4567 * moved and due.circle.wrong() == []
