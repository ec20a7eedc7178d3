# SPDX-License-Identifier: GPL-3.0-or-later
"""Who pays, and how: through the products' calls, the queue billing and Stripe's stand-in."""
import json
import threading

import pytest
import requests

from client import PATIENCE
from till import customer_of, ended, tried
from waits import until

METHODS, BOUGHT, PAID = "/api/v1/payments/methods/", "/api/v1/payments/subscription/", "/api/v1/payments/history/"
PREMIUM, PREMIUM_PRICE = 2, 9.99
SITE = {"success_url": "https://example.org/yes", "cancel_url": "https://example.org/no"}


@pytest.fixture
def eater(account):
    return account("nutrition")


@pytest.fixture
def thinker(account):
    return account("ailice")


# -- Nutrition: payment methods --------------------------------------------------------------------------------------------

def test_a_method_is_added_and_removed(eater, till):
    first = eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 201)
    assert first.card == {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034} and first.is_default
    second = eater.post(METHODS, {"payment_method_id": "pm_card_amex"}, 201)
    assert second.card.last4 == "0005" and not second.is_default
    third = eater.post(METHODS, {"payment_method_id": "pm_card_mastercard", "set_as_default": True}, 201)
    assert [(one.id, one.is_default) for one in eater.get(METHODS).payment_methods] == [
        (third.id, True), (second.id, False), (first.id, False)]
    customer = till.get(f"/v1/customers/{customer_of(till, eater.email)}")
    assert customer.invoice_settings.default_payment_method == third.id and customer.metadata.product == "nutrition"
    eater.delete(f"{METHODS}{third.id}/", 204)
    eater.delete(f"{METHODS}{third.id}/", 404)
    assert third.id not in [one.id for one in eater.get(METHODS).payment_methods]
    assert till.get(f"/v1/payment_methods/{third.id}").customer is None


def test_a_method_that_cannot_be_removed(eater, till, sql):
    """Stripe refuses: it is told so, and the method is there as before. When Stripe only stumbles, it is tried again."""
    card = eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 201).id
    till.fault("status", f"/v1/payment_methods/{card}/detach", method="POST", status=400)
    assert eater.delete(f"{METHODS}{card}/", 503).error == "service_unavailable"
    assert ended(sql, eater, "billing.detach")[0] == "buried"
    assert [one.id for one in eater.get(METHODS).payment_methods] == [card]
    assert till.get(f"/v1/payment_methods/{card}").customer == customer_of(till, eater.email)
    till.fault("status", f"/v1/payment_methods/{card}/detach", method="POST", status=500)
    eater.delete(f"{METHODS}{card}/", 204)
    tried(sql, eater, "billing.detach")
    assert eater.get(METHODS).payment_methods == [] and till.get(f"/v1/payment_methods/{card}").customer is None


def test_a_method_of_somebody_else_is_not_there(eater, account):
    mine = eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 201)
    other = account("nutrition")
    other.delete(f"{METHODS}{mine.id}/", 404)
    told = other.post(METHODS, {"payment_method_id": mine.id}, 400)
    assert told.error == "validation_error" and "payment_method_id" in told.details
    assert len(eater.get(METHODS).payment_methods) == 1


def test_a_method_that_is_none(eater):
    told = eater.post(METHODS, {"payment_method_id": "pm_nowhere"}, 400)
    assert told.details == {"payment_method_id": ["No such PaymentMethod: 'pm_nowhere'"]}
    assert eater.post(METHODS, {"payment_method_id": "pm_card_chargeDeclined"}, 400).error == "payment_failed"
    assert eater.get(METHODS).payment_methods == []


# -- Nutrition: subscriptions ----------------------------------------------------------------------------------------------

def test_a_plan_is_bought_and_cancelled(eater, till, sql):
    made = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    assert made.subscription.status == "active" and made.subscription.plan == {"name": "Premium", "price": PREMIUM_PRICE}
    assert made.client_secret.startswith("pi_") and "_secret_" in made.client_secret and not made.requires_action
    have = eater.get(BOUGHT)
    assert (have.id, have.status, have.plan.name) == (made.subscription.id, "active", "Premium")
    there = till.get(f"/v1/subscriptions/{have.stripe_subscription_id}")
    assert there.status == "active" and there.metadata.subscription_id == str(have.id)
    paid = until(lambda: eater.get(PAID).results, "the payment is known")
    assert (paid[0].amount, paid[0].currency, paid[0].status) == (PREMIUM_PRICE, "USD", "succeeded")
    assert until(lambda: eater.get(PAID).results[0].invoice_url, "its invoice is known").startswith("https://")
    assert sql("select tier from account where email = %s", eater.email) == "premium"
    assert "plan_id" in eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 400).details
    told = eater.delete(BOUGHT, 200)
    assert told.cancel_at_period_end and told.current_period_end == have.current_period_end
    assert eater.get(BOUGHT).cancel_at_period_end and eater.get(BOUGHT).status == "active"
    assert till.get(f"/v1/subscriptions/{have.stripe_subscription_id}").cancel_at_period_end
    eater.call("DELETE", BOUGHT, 200, {"cancel_at_period_end": False, "cancellation_reason": "Too expensive"})
    assert eater.get(BOUGHT).plan.name == "Basic"
    gone = till.get(f"/v1/subscriptions/{have.stripe_subscription_id}")
    assert gone.status == "canceled" and gone.cancellation_details.comment == "Too expensive"
    assert sql("select tier from account where email = %s", eater.email) == "free"
    eater.delete(BOUGHT, 404)


def test_the_plan_that_costs_nothing(eater, till):
    made = eater.post(BOUGHT, {"plan_id": 1}, 201)
    assert made.subscription == {"id": None, "status": "active", "plan": {"name": "Basic", "price": 0.0}}
    assert made.client_secret is None and customer_of(till, eater.email) is None
    assert "plan_id" in eater.post(BOUGHT, {"plan_id": 77}, 400).details
    assert "payment_method_id" in eater.post(BOUGHT, {"plan_id": PREMIUM}, 400).details


def test_a_card_that_says_no(eater, till):
    for card in ("pm_card_chargeDeclined", "pm_card_chargeCustomerFail"):
        told = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": card}, 400)
        assert (told.error, told.message) == ("payment_failed", "Your card was declined.")
        assert eater.get(BOUGHT).plan.name == "Basic"
    theirs = till.every("/v1/subscriptions", customer=customer_of(till, eater.email), status="all")
    assert [one.status for one in theirs] == ["canceled"]
    assert eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201).subscription.status == "active"


def test_a_card_whose_owner_is_asked(eater, till):
    made = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_authenticationRequired"}, 201)
    assert made.requires_action and made.subscription.status == "incomplete"
    till.post(f"/sandbox/payment_intents/{made.client_secret.split('_secret_')[0]}/authenticate")
    assert until(lambda: eater.get(BOUGHT).status == "active", "it runs") and eater.get(BOUGHT).plan.name == "Premium"


def test_who_gave_up_may_begin_again(eater, till):
    eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_authenticationRequired"}, 201)
    made = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    assert made.subscription.status == "active" and eater.get(BOUGHT).id == made.subscription.id
    theirs = till.every("/v1/subscriptions", customer=customer_of(till, eater.email), status="all")
    assert sorted(one.status for one in theirs) == ["active", "canceled"]


def test_another_plan(eater, till, sql):
    price = till.post("/v1/prices", {"unit_amount": 1999, "currency": "usd", "recurring[interval]": "month",
                                     "product_data[name]": "Family"})
    sql("insert into nutrition.plan (id, name, description, price, currency, period, features, is_active, stripe_price_id) values "
        "(50, 'Family', 'x', 19.99, 'USD', 'month', '{}', true, %s) on conflict (id) do update "
        "set stripe_price_id = excluded.stripe_price_id, is_active = true", price.id)
    try:
        made = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
        changed = eater.post(BOUGHT, {"plan_id": 50}, 201)
        assert changed.subscription.id == made.subscription.id and changed.subscription.plan.name == "Family"
        have = eater.get(BOUGHT)
        assert (have.plan.name, have.plan.price, have.status) == ("Family", 19.99, "active")
        call, = till.calls("POST", f"/v1/subscriptions/{have.stripe_subscription_id}")
        assert call["input"]["proration_behavior"] == "create_prorations"
        eater.post(BOUGHT, {"plan_id": 1}, 400)
    finally:
        sql("update nutrition.plan set is_active = false where id = 50")


# -- Stripe is in trouble --------------------------------------------------------------------------------------------------

def test_stripe_is_down(eater, till):
    """What has no answer without Stripe is 503; what is wished is begun, and done when Stripe is back."""
    till.fault("status", "/v1/*", status=503, times=0)
    told = eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 503, headers={"Prefer": "wait=1"})
    assert told.error == "service_unavailable"
    made = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201, headers={"Prefer": "wait=1"})
    assert made.subscription.status == "incomplete" and made.client_secret is None
    till.heal()
    assert until(lambda: eater.get(BOUGHT).status == "active", "it was bought in the end")
    assert eater.get(BOUGHT).id == made.subscription.id


def test_answers_that_are_lost(eater, till):
    """Each call that changes something is cut once after it took effect: nothing is done twice."""
    for path in ("/v1/customers", "/v1/payment_methods/*/attach", "/v1/subscriptions", "/v1/payment_intents/*/confirm"):
        till.fault("cut", path, method="POST", after=True)
    eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    assert until(lambda: eater.get(BOUGHT).status == "active", "it was bought in the end")
    customers = till.every("/v1/customers", email=eater.email)
    assert len(customers) == 1
    assert len(till.every("/v1/subscriptions", customer=customers[0].id, status="all")) == 1
    assert len(till.every("/v1/payment_methods", customer=customers[0].id)) == 1
    assert [one.status for one in till.every("/v1/payment_intents", customer=customers[0].id)] == ["succeeded"]


def test_one_plan_is_bought_at_a_time(eater, till, sql):
    """The first purchase waits for Stripe: a second one is refused, and is not made later either. When the first has come to an
    end another may begin."""
    till.fault("status", "/v1/*", status=503, times=0)
    made = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201, headers={"Prefer": "wait=0"})
    assert made.subscription.status == "incomplete"
    told = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 400, headers={"Prefer": "wait=0"})
    assert told.details == {"plan_id": ["A plan is being bought already"]}
    tried(sql, eater, "billing.subscribe")
    till.heal()
    assert until(lambda: eater.get(BOUGHT).status == "active", "it was bought in the end")
    jobs = ("select count(*) from job j join account a on a.id = j.account_id {} "
            "where j.kind = 'billing.subscribe' and a.email = %s")
    assert sql(jobs.format(""), eater.email) == "1"
    until(lambda: sql(jobs.format("join job_end e on e.id = j.id"), eater.email) == "1", "its job has ended")
    theirs = till.every("/v1/subscriptions", customer=customer_of(till, eater.email), status="all")
    assert [one.status for one in theirs] == ["active"] and eater.get(BOUGHT).id == made.subscription.id
    assert sql("select count(*) from billing.subscription s join account a on a.id = s.account_id "
               "where a.email = %s and s.buying", eater.email) == "0"


def test_two_purchases_at_the_same_moment(eater, till):
    """A double click: one of them buys."""
    said = []

    def click():
        body = json.dumps({"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"})
        said.append(requests.post(eater.base + BOUGHT, body, timeout=PATIENCE, headers={
            "Content-Type": "application/json", "Authorization": f"Bearer {eater.token}"}).status_code)
    clicks = [threading.Thread(target=click) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(said) == [201, 400, 400, 400]
    assert until(lambda: eater.get(BOUGHT).status == "active", "it was bought")
    theirs = till.every("/v1/subscriptions", customer=customer_of(till, eater.email), status="all")
    assert [one.status for one in theirs] == ["active"]


def test_who_has_a_subscription_by_then_buys_no_other(eater, till, sql):
    """While the job waits for Stripe the account comes to have one: the job looks once more before it buys."""
    till.fault("status", "/v1/*", status=503, times=0)
    made = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201, headers={"Prefer": "wait=0"})
    sql("insert into billing.subscription (account_id, plan, status, amount, currency, current_period_start, current_period_end) "
        "select id, '2', 'active', 999, 'usd', now(), now() + interval '1 month' from account where email = %s", eater.email)
    tried(sql, eater, "billing.subscribe")
    till.heal()
    assert until(lambda: sql("select status from billing.subscription where id = %s and ended_at is not null",
                             made.subscription.id), "it is given up") == "incomplete_expired"
    assert till.every("/v1/subscriptions", customer=customer_of(till, eater.email), status="all") == []
    assert eater.get(BOUGHT).status == "active"


# -- what is over is not found: an answer to its end was lost --------------------------------------------------------------

def test_a_cancellation_whose_answer_is_lost(eater, till, sql):
    """It is tried again, and Stripe has no such subscription any more: it is cancelled, and stays so."""
    eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    there = eater.get(BOUGHT).stripe_subscription_id
    till.fault("cut", f"/v1/subscriptions/{there}", method="DELETE", after=True)
    eater.call("DELETE", BOUGHT, 200, {"cancel_at_period_end": False})
    assert till.get(f"/v1/subscriptions/{there}").status == "canceled" and len(till.calls("DELETE", f"/v1/subscriptions/{there}")) == 2
    assert eater.get(BOUGHT).plan.name == "Basic"
    assert sql("select tier from account where email = %s", eater.email) == "free"
    assert sql("select e.outcome from job_end e join job j on j.id = e.id join account a on a.id = j.account_id "
               "where j.kind = 'billing.cancel' and a.email = %s", eater.email) == "done"


def test_a_cancellation_that_stripe_has_told_of(eater, till, sql):
    """It took effect and was told; the job never learns of it. What is taken back is the wish, not what Stripe has told."""
    eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    there = eater.get(BOUGHT).stripe_subscription_id
    till.fault("cut", f"/v1/subscriptions/{there}", method="DELETE", after=True)
    stumbles = till.fault("status", f"/v1/subscriptions/{there}", method="DELETE", status=500, times=0)
    till.fault("status", f"/v1/subscriptions/{there}", method="DELETE", status=400, times=0)
    eater.call("DELETE", BOUGHT, 200, {"cancel_at_period_end": False}, headers={"Prefer": "wait=0"})
    until(lambda: sql("select outcome from billing.event where type = 'customer.subscription.deleted' "
                      "and data -> 'object' ->> 'id' = %s and outcome is not null", there), "it was told")
    till.heal(stumbles)
    until(lambda: sql("select e.outcome from job_end e join job j on j.id = e.id join account a on a.id = j.account_id "
                      "where j.kind = 'billing.cancel' and a.email = %s", eater.email) == "buried", "the job gave up")
    assert eater.get(BOUGHT).plan.name == "Basic"
    assert sql("select tier from account where email = %s", eater.email) == "free"


def test_wishes_that_are_not_granted(eater, till):
    """One after the other: it is as it was before the first."""
    eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    there = eater.get(BOUGHT).stripe_subscription_id
    till.fault("status", f"/v1/subscriptions/{there}", method="POST", status=503, times=1)
    till.fault("status", f"/v1/subscriptions/{there}", method="POST", status=400, times=0)
    till.fault("status", f"/v1/subscriptions/{there}", method="DELETE", status=400, times=0)
    eater.call("DELETE", BOUGHT, 200, {"cancel_at_period_end": True}, headers={"Prefer": "wait=0"})
    eater.call("DELETE", BOUGHT, 503, {"cancel_at_period_end": False})
    have = until(lambda: [one for one in [eater.get(BOUGHT)] if one.plan.name == "Premium"], "it is taken back")[0]
    assert have.status == "active" and not have.cancel_at_period_end


def test_a_refused_purchase_whose_end_is_not_heard_of(eater, till):
    """The card says no, and the answer to the cancellation is lost: the customer is told of his card."""
    till.fault("cut", "/v1/subscriptions/*", method="DELETE", after=True)
    told = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_chargeCustomerFail"}, 400)
    assert (told.error, told.message) == ("payment_failed", "Your card was declined.")
    theirs = till.every("/v1/subscriptions", customer=customer_of(till, eater.email), status="all")
    assert [one.status for one in theirs] == ["canceled"] and eater.get(BOUGHT).plan.name == "Basic"


def test_what_was_given_up_is_over_already(eater, till, sql):
    """What is to be forgotten before another is bought has ended at Stripe, unheard of."""
    eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_authenticationRequired"}, 201)
    there = eater.get(BOUGHT).stripe_subscription_id
    till.call("DELETE", f"/v1/subscriptions/{there}")
    until(lambda: sql("select ended_at from billing.subscription where stripe_id = %s and ended_at is not null", there), "it was told")
    sql("update billing.subscription set status = 'incomplete', ended_at = null where stripe_id = %s", there)   # as if it had not been
    made = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    assert until(lambda: eater.get(BOUGHT).status == "active", "it is bought") and eater.get(BOUGHT).id == made.subscription.id
    theirs = till.every("/v1/subscriptions", customer=customer_of(till, eater.email), status="all")
    assert sorted(one.status for one in theirs) == ["active", "canceled"]


def test_a_wish_that_is_not_granted(eater, till, sql):
    made = eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    till.fault("status", f"/v1/subscriptions/{eater.get(BOUGHT).stripe_subscription_id}", method="POST", status=400)
    assert eater.delete(BOUGHT, 503).error == "service_unavailable"
    assert not eater.get(BOUGHT).cancel_at_period_end and eater.get(BOUGHT).id == made.subscription.id


def test_without_stripe(front_with, eater, thinker):
    front_with("stripe.url = \nsandbox.url = ")
    eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 503)
    eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 503)
    thinker.post("/api/billing/checkout", SITE, 503)
    assert eater.get(BOUGHT).plan.name == "Basic"
