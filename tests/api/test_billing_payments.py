# SPDX-License-Identifier: GPL-3.0-or-later
"""A payment is taken once, and what is paid is had: whatever is cut, tried again, or paid twice at the same moment."""
import threading

import pytest

from till import customer_of, ended, looked_at, tried
from waits import twin, until

BOUGHT, PAY = "/api/v1/payments/subscription/", "/api/payments/process/"
PREMIUM = 2
SOON = {"Prefer": "wait=0"}


# -- settlements of the Expense Tracker ------------------------------------------------------------------------------------

@pytest.fixture
def order(account, sql):
    """What pays a settlement, and who: .client, .settlement."""
    john, jane = account("expenses"), account("expenses")
    card = john.post("/api/payments/methods/", {"method_type": "stripe", "stripe_token": "tok_visa"}, 201).data.id
    number = sql("insert into expenses.settlement (payer_id, payee_id, amount, currency) select a.id, b.id, 4567, 'USD' "
                 "from account a cross join account b where a.email = %s and b.email = %s returning id", john.email, jane.email)
    john.settlement, john.order = number, {"settlement_id": f"stl_{number}", "payment_method_id": card, "amount": "45.67", "currency": "USD"}
    return john


def test_a_settlement_is_paid_by_one_of_many(order, till):
    """The same moment, several times: one is taken."""
    answers = []

    def click(client):
        try:
            answers.append(client.post(PAY, order.order).data.status)
        except AssertionError:
            client.post(PAY, order.order, 409)
    clicks = [threading.Thread(target=click, args=(twin(order),)) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert answers == ["completed"]
    assert [one.status for one in till.every("/v1/payment_intents", customer=customer_of(till, order.email))] == ["succeeded"]


def test_a_payment_that_is_cancelled_at_stripe(order, till, sql):
    """Its job does not know what became of it; Stripe tells. It may be paid anew."""
    till.fault("status", "/v1/payment_intents", method="POST", status=500, times=0)
    assert order.post(PAY, order.order, headers=SOON).data.status == "processing"
    tried(sql, order, "billing.pay")
    job = sql("select job_id from billing.payment where purpose = %s", order.order["settlement_id"])
    event = till.event("payment_intent.canceled", {
        "id": f"pi_{job}", "object": "payment_intent", "customer": customer_of(till, order.email), "status": "canceled",
        "amount": 4567, "currency": "usd", "metadata": {"job_id": job}})
    till.tell(order, event)
    assert looked_at(sql, event) == "applied"
    assert sql("select status from expenses.settlement where id = %s", order.settlement) == "failed"
    till.heal()
    assert ended(sql, order, "billing.pay") == ("done", {"payment_intent": f"pi_{job}"})
    assert till.every("/v1/payment_intents", customer=customer_of(till, order.email)) == []
    assert order.post(PAY, order.order).data.status == "completed"


def test_a_payment_that_stripe_is_at_still(order, till, sql, paused):
    """It is in the list and has come to nothing yet: that it failed is not said, or it would be paid anew."""
    with paused("billing"):
        order.post(PAY, order.order, headers=SOON)
        job = sql("update billing.payment set status = 'sending', asked_at = now() where purpose = %s returning job_id",
                  order.order["settlement_id"])
        there = till.post("/v1/payment_intents", {
            "customer": customer_of(till, order.email), "amount": 4567, "currency": "usd",
            "payment_method": order.order["payment_method_id"], "metadata[job_id]": job})
    tried(sql, order, "billing.pay")
    order.post(PAY, order.order, 409)
    till.post(f"/v1/payment_intents/{there.id}/confirm")
    until(lambda: sql("select status from expenses.settlement where id = %s", order.settlement) == "completed", "it is paid")
    assert ended(sql, order, "billing.pay") == ("done", {"payment_intent": there.id})
    assert [one.id for one in till.every("/v1/payment_intents", customer=customer_of(till, order.email))] == [there.id]


# -- subscriptions of Nutrition --------------------------------------------------------------------------------------------

# How a call may come to nothing, or seem to.
TROUBLE = [("status", {"status": 429, "retry_after": 1}), ("status", {"status": 409}), ("status", {"status": 500, "after": True}),
           ("malformed", {"after": True}), ("cut", {"after": True}), ("cut", {})]


@pytest.mark.parametrize("path", ["/v1/subscriptions", "/v1/payment_intents/*/confirm"])
def test_trouble_of_every_kind(account, till, path):
    """Each hits somebody else's purchase: each is made once."""
    for kind, more in TROUBLE:
        till.fault(kind, path, method="POST", **more)
    eaters = [account("nutrition") for _ in TROUBLE]
    for one in eaters:
        one.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201, headers=SOON)
    for one in eaters:
        until(lambda one=one: one.get(BOUGHT).status == "active", "it was bought")
        customer = customer_of(till, one.email)
        assert [thing.status for thing in till.every("/v1/subscriptions", customer=customer, status="all")] == ["active"]
        assert [thing.status for thing in till.every("/v1/payment_intents", customer=customer)] == ["succeeded"]


@pytest.fixture
def asked(account):
    """Somebody whose card's owner is to be asked before his plan is paid: .intent is what he would confirm."""
    client = account("nutrition")
    made = client.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_authenticationRequired"}, 201)
    assert made.requires_action
    client.intent = made.client_secret.split("_secret_")[0]
    return client


def paid_by(till, client):
    return [one.id for one in till.every("/v1/payment_intents", customer=customer_of(till, client.email)) if one.status == "succeeded"]


def test_what_was_given_up_cannot_be_paid(asked, till):
    """He has bought anew with another card: what he began before takes no money any more."""
    asked.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    till.post(f"/sandbox/payment_intents/{asked.intent}/authenticate", expect=400)
    assert len(paid_by(till, asked)) == 1 and asked.intent not in paid_by(till, asked)


def test_what_was_cancelled_cannot_be_paid(asked, till):
    asked.call("DELETE", BOUGHT, 200, {"cancel_at_period_end": False})
    till.post(f"/sandbox/payment_intents/{asked.intent}/authenticate", expect=400)
    assert paid_by(till, asked) == []


VOIDING = 3000          # milliseconds that it takes until what was begun cannot be paid any more


def test_what_is_paid_while_it_is_given_up(asked, till, sql):
    """He buys anew, and pays what he began before at the same moment: that holds, and nothing else is bought."""
    till.fault("latency", "/v1/invoices/*/void", method="POST", ms=VOIDING)
    asked.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201, headers=SOON)
    until(lambda: till.faults() == [], "the job has seen that it is not paid")
    till.post(f"/sandbox/payment_intents/{asked.intent}/authenticate")
    until(lambda: sql("select count(*) from job_end e join job j on j.id = e.id join account a on a.id = j.account_id "
                      "where j.kind = 'billing.subscribe' and a.email = %s", asked.email) == "2", "both jobs have ended")
    until(lambda: asked.get(BOUGHT).status == "active", "it is paid for")
    theirs = till.every("/v1/subscriptions", customer=customer_of(till, asked.email), status="all")
    assert [one.status for one in theirs] == ["active"] and paid_by(till, asked) == [asked.intent]


def test_what_is_paid_while_it_is_cancelled(asked, till, sql):
    """What was paid is had: the cancellation is refused, and takes nothing away."""
    there = asked.get(BOUGHT).stripe_subscription_id
    till.fault("latency", "/v1/invoices/*/void", method="POST", ms=VOIDING)
    asked.call("DELETE", BOUGHT, 200, {"cancel_at_period_end": False}, headers=SOON)
    until(lambda: till.faults() == [], "the job has seen that it is not paid")
    till.post(f"/sandbox/payment_intents/{asked.intent}/authenticate")
    outcome, result = ended(sql, asked, "billing.cancel")
    assert (outcome, result["refused"]["code"]) == ("done", "paid")
    assert till.get(f"/v1/subscriptions/{there}").status == "active" and paid_by(till, asked) == [asked.intent]
    assert until(lambda: asked.get(BOUGHT).status == "active", "it is had") and asked.get(BOUGHT).stripe_subscription_id == there


def test_what_is_paid_while_it_is_not_bought_any_more(account, till, sql):
    """The account has another by then; but what was paid in that moment is not refused."""
    client = account("nutrition")
    till.fault("latency", "/v1/invoices/*/void", method="POST", ms=VOIDING)
    stumbles = till.fault("status", "/v1/payment_intents/*/confirm", method="POST", status=500, after=True, times=0)
    made = client.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_authenticationRequired"}, 201, headers=SOON)
    tried(sql, client, "billing.subscribe")
    there = sql("select stripe_id from billing.subscription where id = %s", made.subscription.id)
    intent, = till.every("/v1/payment_intents", customer=customer_of(till, client.email))
    sql("insert into billing.subscription (account_id, plan, status, amount, currency, current_period_start, current_period_end) "
        "select id, '2', 'active', 999, 'usd', now(), now() + interval '1 month' from account where email = %s", client.email)
    till.heal(stumbles)
    until(lambda: till.faults() == [], "the job has seen that it is not paid")
    till.post(f"/sandbox/payment_intents/{intent.id}/authenticate")
    outcome, result = ended(sql, client, "billing.subscribe")
    assert outcome == "done" and "refused" not in result
    assert till.get(f"/v1/subscriptions/{there}").status == "active"
