# SPDX-License-Identifier: GPL-3.0-or-later
"""What Stripe tells: signed, again and again, and in any order."""
import json
import time

import pytest

from till import WEBHOOKS, all_told, customer_of, looked_at, signature
from waits import until

BOUGHT, PAID = "/api/v1/payments/subscription/", "/api/v1/payments/history/"
DAY = 86400


@pytest.fixture
def eater(account):
    return account("nutrition")


@pytest.fixture
def buyer(eater, till, sql):
    """Somebody with a subscription, whose events have all been looked at."""
    eater.post(BOUGHT, {"plan_id": 2, "payment_method_id": "pm_card_visa"}, 201)
    eater.there = till.get(f"/v1/subscriptions/{eater.get(BOUGHT).stripe_subscription_id}")
    until(lambda: eater.get(PAID).results and eater.get(PAID).results[0].invoice_url, "the invoice is known")
    all_told(sql, eater.there.customer)
    return eater


def changed(there, **more):
    return {**there, **more}


def told(till, client, sql, event):
    till.tell(client, event)
    return looked_at(sql, event)


# -- proof -----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("product", WEBHOOKS)
def test_a_signature_must_hold(account, till, sql, product):
    client, event = account(product), till.event("charge.refunded", {"id": "ch_1", "object": "charge"})
    body = json.dumps(event).encode()
    proper = signature(till.secret, body)
    for wrong in ("", "t=1,v1=", "v1=" + "0" * 64, signature("whsec_of_somebody_else", body), signature(till.secret, body + b" "),
                  signature(till.secret, body, time.time() - 301), signature(till.secret, body, time.time() + 400),
                  proper[:-1] + ("0" if proper[-1] != "0" else "1"), proper.replace("v1=", "v0=")):
        till.tell(client, event, 400, headers={"Stripe-Signature": wrong})
    till.tell(client, event, 400, headers={"Stripe-Signature": None})
    assert sql("select count(*) from billing.event where id = %s", event["id"]) == "0"
    at, right = proper.split(",")
    till.tell(client, event, headers={"Stripe-Signature": f"{at},v1={'0' * 64},{right}"})       # a secret is being changed
    assert looked_at(sql, event) == "stored"


def test_an_event_must_be_one(eater, till):
    till.tell(eater, {"type": "invoice.paid", "data": {"object": {}}}, 400)
    till.tell(eater, {"id": "evt_x", "type": "invoice.paid", "data": []}, 400)
    till.tell(eater, {"id": "evt_x", "type": "invoice.paid"}, 400)


def test_without_a_secret_nothing_is_believed(front_with, eater, till):
    front_with("stripe.webhook_secret = ")
    till.tell(eater, till.event("charge.refunded", {"id": "ch_1"}), 503)


def test_one_of_several_secrets(front_with, eater, till, sql):
    front_with("stripe.webhook_secret = whsec_one, whsec_two")
    for secret in ("whsec_one", "whsec_two"):
        event = till.event("charge.refunded", {"id": "ch_1", "object": "charge"})
        till.tell(eater, event, secret=secret)
        assert looked_at(sql, event) == "stored"
    till.tell(eater, till.event("charge.refunded", {"id": "ch_1"}), 400)


# -- again, and in any order -----------------------------------------------------------------------------------------------

def test_a_repeat_does_nothing(buyer, till, sql):
    event = till.event("customer.subscription.updated", changed(buyer.there, status="past_due"), time.time() + DAY)
    assert told(till, buyer, sql, event) == "applied" and buyer.get(BOUGHT).status == "past_due"
    sql("update billing.subscription set status = 'active' where stripe_id = %s", buyer.there.id)
    for _ in range(3):
        till.tell(buyer, event)
    assert sql("select count(*) from job where kind = 'billing.event' and args ->> 'event_id' = %s", event["id"]) == "1"
    assert buyer.get(BOUGHT).status == "active"


def test_what_is_older_changes_nothing(buyer, till, sql):
    at = int(time.time()) + DAY
    late = till.event("customer.subscription.updated", changed(buyer.there, status="unpaid"), at - 10)
    newest = till.event("customer.subscription.updated", changed(buyer.there, status="past_due"), at)
    assert told(till, buyer, sql, newest) == "applied"
    assert told(till, buyer, sql, late) == "older"
    created = till.event("customer.subscription.created", changed(buyer.there, status="incomplete"), at)
    assert told(till, buyer, sql, created) == "older"          # of one second, what is made comes first
    assert buyer.get(BOUGHT).status == "past_due"


def test_what_is_of_the_same_second_is_asked_for(buyer, till, sql):
    at = int(time.time()) + DAY
    first = till.event("customer.subscription.updated", changed(buyer.there, status="past_due"), at)
    second = till.event("customer.subscription.updated", changed(buyer.there, status="unpaid"), at)
    assert told(till, buyer, sql, first) == "applied" and buyer.get(BOUGHT).status == "past_due"
    assert told(till, buyer, sql, second) == "applied" and buyer.get(BOUGHT).status == "active"    # as Stripe has it


def test_an_end_is_an_end(buyer, till, sql):
    at = int(time.time()) + DAY
    gone = till.event("customer.subscription.deleted", changed(buyer.there, status="canceled", ended_at=at), at)
    assert told(till, buyer, sql, gone) == "applied" and buyer.get(BOUGHT).plan.name == "Basic"
    late = till.event("customer.subscription.updated", changed(buyer.there, status="active"), at)
    assert told(till, buyer, sql, late) == "older" and buyer.get(BOUGHT).plan.name == "Basic"
    assert sql("select tier from account where email = %s", buyer.email) == "free"


def test_a_method_that_is_gone_does_not_come_back(buyer, till, sql):
    method = buyer.get("/api/v1/payments/methods/").payment_methods[0]
    there, at = till.get(f"/v1/payment_methods/{method.id}"), int(time.time()) + DAY
    gone = till.event("payment_method.detached", changed(there, customer=None), at, previous_attributes={"customer": there.customer})
    assert told(till, buyer, sql, gone) == "applied" and buyer.get("/api/v1/payments/methods/").payment_methods == []
    assert told(till, buyer, sql, till.event("payment_method.attached", there, at - 5)) == "older"
    assert buyer.get("/api/v1/payments/methods/").payment_methods == []


def test_an_invoice_that_cannot_be_paid(buyer, till, sql):
    bill = {"id": f"in_{buyer.there.id}", "object": "invoice", "customer": buyer.there.customer, "subscription": buyer.there.id,
            "status": "open", "amount_due": 999, "amount_paid": 0, "currency": "usd", "created": int(time.time()) + DAY,
            "payment_intent": f"pi_{buyer.there.id}", "hosted_invoice_url": "https://example.org/i", "invoice_pdf": None}
    assert told(till, buyer, sql, till.event("invoice.payment_failed", bill)) == "applied"
    paid = buyer.get(PAID).results[0]
    assert (paid.status, paid.amount, paid.invoice_url) == ("failed", 9.99, "https://example.org/i")
    assert paid.description.startswith("Premium subscription - ")
    done = changed(bill, status="paid", amount_paid=999)
    assert told(till, buyer, sql, till.event("invoice.paid", done)) == "applied"
    assert told(till, buyer, sql, till.event("invoice.payment_failed", bill, time.time() - 60)) == "older"
    assert buyer.get(PAID).results[0].status == "succeeded"


# -- whose it is -----------------------------------------------------------------------------------------------------------

def test_what_is_of_nobody_here(buyer, account, till, sql):
    stranger = till.event("customer.subscription.updated", changed(buyer.there, customer="cus_elsewhere", status="unpaid"), time.time() + DAY)
    assert told(till, buyer, sql, stranger) == "foreign"
    other = account("ailice")                            # the customer is another product's
    event = till.event("customer.subscription.updated", changed(buyer.there, status="unpaid"), time.time() + DAY)
    assert told(till, other, sql, event) == "foreign"
    assert told(till, buyer, sql, till.event("customer.tax_id.created", {"id": "txi_1", "object": "tax_id"})) == "stored"
    assert buyer.get(BOUGHT).status == "active"


def test_an_event_names_somebody_elses_subscription(buyer, account, till, sql):
    """Two customers of one product: neither's event changes what is the other's."""
    other = account("nutrition")
    other.post("/api/v1/payments/methods/", {"payment_method_id": "pm_card_visa"}, 201)
    customer = sql("select c.stripe_id from billing.customer c join account a on a.id = c.account_id where a.email = %s", other.email)
    mine = buyer.get(BOUGHT).id
    event = till.event("customer.subscription.updated", changed(
        buyer.there, id=f"sub_forged{mine}", customer=customer, status="unpaid", metadata={"subscription_id": str(mine)}), time.time() + DAY)
    told(till, buyer, sql, event)
    assert buyer.get(BOUGHT).status == "active" and buyer.get(BOUGHT).stripe_subscription_id == buyer.there.id


def test_a_session_whose_subscription_was_never_told(account, till, sql):
    """Its own event is lost: Stripe is asked for the subscription."""
    thinker = account("ailice")
    page = thinker.post("/api/billing/checkout", {"success_url": "https://example.org/y", "cancel_url": "https://example.org/n"})
    till.post(f"/sandbox/checkout/{page.session_id}/pay")
    session = till.get(f"/v1/checkout/sessions/{page.session_id}")
    all_told(sql, customer_of(till, thinker.email))
    sql("delete from billing.subscription where stripe_id = %s", session.subscription)
    assert told(till, thinker, sql, till.event("checkout.session.completed", session)) == "applied"
    assert thinker.get("/api/billing/subscription").status == "active"


def test_an_event_while_stripe_is_away(account, till, sql, trouble):
    """It is taken, and what it does not say cannot be asked for: nothing of it is done before that."""
    thinker = account("ailice")
    page = thinker.post("/api/billing/checkout", {"success_url": "https://example.org/y", "cancel_url": "https://example.org/n"})
    till.post(f"/sandbox/checkout/{page.session_id}/pay")
    session = till.get(f"/v1/checkout/sessions/{page.session_id}")
    all_told(sql, customer_of(till, thinker.email))
    sql("delete from billing.subscription where stripe_id = %s", session.subscription)
    till.fault("status", f"/v1/subscriptions/{session.subscription}", method="GET", status=500)
    event = till.event("checkout.session.completed", session)
    till.tell(thinker, event)
    job = sql("select id from job where kind = 'billing.event' and args ->> 'event_id' = %s", event["id"])
    assert trouble.failed(job).startswith("stripe said 500")
    assert sql("select coalesce(outcome, 'ask') from billing.event where id = %s", event["id"]) == "ask"
    thinker.get("/api/billing/subscription", 404)
    assert json.loads(trouble.again(job)) == {"outcome": "applied"}
    assert thinker.get("/api/billing/subscription").status == "active"
