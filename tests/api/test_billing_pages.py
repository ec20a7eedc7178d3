# SPDX-License-Identifier: GPL-3.0-or-later
"""Those who pay on Stripe's own pages: AIlice and FigureForge. And the Expense Tracker's payment methods."""
import pytest

from till import customer_of, ended, tried
from waits import until

SITE = {"success_url": "https://example.org/yes", "cancel_url": "https://example.org/no"}
CHECKOUT, MINE = "/api/billing/checkout", "/api/billing/subscription"
PLANS = "/api/subscriptions"


@pytest.fixture
def thinker(account):
    return account("ailice")


def paid(till, url):
    """Somebody pays on the page: Stripe's id of what he has bought."""
    return till.post(f"/sandbox/checkout/{url.rsplit('/', 1)[1]}/pay").subscription


def state_of(client):
    """Of AIlice's subscriber; None while there is no subscription."""
    return next((one["status"] for one in [client.either(MINE)] if "status" in one), None)


# -- AIlice ----------------------------------------------------------------------------------------------------------------

def test_a_subscription_by_checkout(thinker, till, sql):
    thinker.get(MINE, 404)
    assert thinker.get("/api/billing/invoices").value == []
    page = thinker.post(CHECKOUT, SITE)
    assert page.session_id.startswith("cs_test_") and page.url.startswith("http")
    thinker.get(MINE, 404)
    paid(till, page.url)
    until(lambda: state_of(thinker) == "active", "it is paid for")
    have = thinker.get(MINE)
    assert (have.price, have.currency, have.cancel_at_period_end) == (49.99, "usd", False)
    invoice, = until(lambda: thinker.get("/api/billing/invoices").value, "the invoice is known")
    assert (invoice.amount_due, invoice.amount_paid, invoice.status, invoice.currency) == (4999, 4999, "paid", "usd")
    assert invoice.invoice_pdf.startswith("https://") and thinker.get("/api/billing/invoices?skip=1").value == []
    assert sql("select tier from account where email = %s", thinker.email) == "pro"
    assert "subscription" in thinker.post(CHECKOUT, SITE, 400).detail


def test_one_page_at_a_time(thinker, till):
    """Who pays on two pages would have two subscriptions: the next page closes the one before."""
    first, second = thinker.post(CHECKOUT, SITE), thinker.post(CHECKOUT, SITE)
    till.post(f"/sandbox/checkout/{first.session_id}/pay", expect=404)
    there = till.post(f"/sandbox/checkout/{second.session_id}/pay").subscription
    until(lambda: state_of(thinker) == "active", "it is paid for")
    assert [one.id for one in till.every("/v1/subscriptions", customer=customer_of(till, thinker.email), status="all")] == [there]


def test_a_page_whose_answer_was_lost(thinker, till):
    """It is the same when it is tried again, and open."""
    till.fault("cut", "/v1/checkout/sessions", method="POST", after=True)
    page = thinker.post(CHECKOUT, SITE)
    assert till.get(f"/v1/checkout/sessions/{page.session_id}").status == "open"
    assert [one.id for one in till.every("/v1/checkout/sessions", customer=customer_of(till, thinker.email))] == [page.session_id]


def test_who_has_a_subscription_by_then_gets_no_page(thinker, till, sql):
    """While the job waits for Stripe the account comes to have one."""
    till.fault("status", "/v1/customers", status=503, times=0)
    thinker.post(CHECKOUT, SITE, 503, headers={"Prefer": "wait=0"})
    tried(sql, thinker, "billing.checkout")
    sql("insert into billing.subscription (account_id, plan, status, amount, currency, current_period_start, current_period_end) "
        "select id, 'pro', 'active', 4999, 'usd', now(), now() + interval '1 month' from account where email = %s", thinker.email)
    till.heal()
    assert until(lambda: sql("select e.result -> 'refused' ->> 'code' from job_end e join job j on j.id = e.id join account a "
                             "on a.id = j.account_id where j.kind = 'billing.checkout' and a.email = %s", thinker.email),
                 "it is refused") == "subscribed"


def test_a_subscription_ends_and_goes_on(thinker, till):
    thinker.post(f"{MINE}/cancel", None, 404)
    thinker.post(f"{MINE}/reactivate", None, 404)
    there = paid(till, thinker.post(CHECKOUT, SITE).url)
    until(lambda: state_of(thinker) == "active", "it is paid for")
    thinker.post(f"{MINE}/reactivate", None, 400)
    assert thinker.post(f"{MINE}/cancel").cancel_at_period_end
    assert till.get(f"/v1/subscriptions/{there}").cancel_at_period_end
    assert not thinker.post(f"{MINE}/reactivate").cancel_at_period_end
    assert not till.get(f"/v1/subscriptions/{there}").cancel_at_period_end
    assert thinker.post(f"{MINE}/cancel?cancel_immediately=true").status == "canceled"
    assert till.get(f"/v1/subscriptions/{there}").status == "canceled"
    thinker.get(MINE, 404)


def test_a_subscription_that_does_not_go_on(thinker, till, sql):
    """Stripe refuses: it ends, as it would have."""
    there = paid(till, thinker.post(CHECKOUT, SITE).url)
    until(lambda: state_of(thinker) == "active", "it is paid for")
    assert thinker.post(f"{MINE}/cancel").cancel_at_period_end
    until(lambda: ended(sql, thinker, "billing.cancel")[0] == "done", "Stripe knows")
    till.fault("status", f"/v1/subscriptions/{there}", method="POST", status=400)
    thinker.post(f"{MINE}/reactivate", None, 503)
    assert ended(sql, thinker, "billing.reactivate")[0] == "buried"
    assert thinker.get(MINE).cancel_at_period_end and till.get(f"/v1/subscriptions/{there}").cancel_at_period_end
    assert not thinker.post(f"{MINE}/reactivate").cancel_at_period_end


def test_a_page_that_is_not_made_in_time(thinker, till, sql):
    """Nobody waits for it any more, so it is not made later either."""
    till.fault("latency", "/v1/customers", ms=3000)
    thinker.post(CHECKOUT, SITE, 503, headers={"Prefer": "wait=1"})
    thinker.post(CHECKOUT, {**SITE, "success_url": "javascript:alert(1)"}, 400)
    thinker.post(CHECKOUT, {"success_url": SITE["success_url"]}, 400)


def test_a_wish_is_answered_before_stripe_has_heard_of_it(thinker, till, sql):
    paid(till, thinker.post(CHECKOUT, SITE).url)
    until(lambda: state_of(thinker) == "active", "it is paid for")
    assert thinker.post(f"{MINE}/cancel", headers={"Prefer": "respond-async"}).cancel_at_period_end
    assert thinker.get(MINE).cancel_at_period_end
    until(lambda: sql("select count(*) from job_end e join job j using (id) join account a on a.id = j.account_id "
                      "where j.kind = 'billing.cancel' and e.outcome = 'done' and a.email = %s", thinker.email) == "1", "Stripe knows")
    assert thinker.get(MINE).cancel_at_period_end


# -- FigureForge -----------------------------------------------------------------------------------------------------------

def test_a_plan_by_checkout(alice, till):
    alice.post(f"{PLANS}/cancel/", None, 400)
    alice.post(f"{PLANS}/reactivate/", None, 400)
    assert "plan_id" in alice.post(f"{PLANS}/checkout/", {**SITE, "plan_id": "free"}, 400).http.text
    assert alice.get(f"{PLANS}/current/").status == "none" and alice.get(f"{PLANS}/history/").results == []
    there = paid(till, alice.post(f"{PLANS}/checkout/", {**SITE, "plan_id": "pro_monthly"}).checkout_url)
    have = until(lambda: next(iter([one for one in [alice.get(f"{PLANS}/current/")] if one.status == "active"]), None), "it runs")
    assert (have.plan_id, have.tier) == ("pro_monthly", "pro") and alice.quota().limit == 200
    user = alice.get("/api/auth/user/").subscription
    assert (user.status, user.plan_id, user.current_period_end) == ("active", "pro_monthly", have.current_period_end)
    bill, = until(lambda: alice.get(f"{PLANS}/history/").results, "the invoice is known")
    assert (bill.amount, bill.currency, bill.status, bill.description) == (19.99, "usd", "paid", "Pro")
    alice.post(f"{PLANS}/checkout/", {**SITE, "plan_id": "studio_monthly"}, 400)
    assert alice.post(f"{PLANS}/cancel/").cancel_at_period_end
    assert not alice.post(f"{PLANS}/reactivate/").cancel_at_period_end
    till.post(f"/sandbox/subscriptions/{there}/renew")
    assert until(lambda: len(alice.get(f"{PLANS}/history/").results) == 2, "the next invoice is known")
    assert until(lambda: alice.get(f"{PLANS}/current/").current_period_end > have.current_period_end, "the next period has begun")


def test_the_portal_and_the_card(alice, till):
    assert alice.post(f"{PLANS}/portal/").portal_url.startswith("http")
    card = alice.post(f"{PLANS}/payment-method/", {"payment_method_id": "pm_card_visa"})
    assert card.is_default and card.card["last4"] == "4242" and card.payment_method_id.startswith("pm_")
    other = alice.post(f"{PLANS}/payment-method/", {"payment_method_id": "pm_card_amex"})
    customer = till.get(f"/v1/customers/{customer_of(till, alice.email)}")
    assert customer.invoice_settings.default_payment_method == other.payment_method_id
    assert alice.post(f"{PLANS}/payment-method/", {"payment_method_id": "pm_card_chargeDeclined"}, 402).error.code == "PAYMENT_FAILED"


def test_a_portal_that_stripe_does_not_open(alice, till, sql):
    """It refuses: who asked is told; it stumbles: it is asked again meanwhile."""
    till.fault("status", "/v1/billing_portal/sessions", method="POST", status=400)
    alice.post(f"{PLANS}/portal/", None, 503)
    assert ended(sql, alice, "billing.portal") == ("buried", None)
    till.fault("status", "/v1/billing_portal/sessions", method="POST", status=500)
    assert alice.post(f"{PLANS}/portal/").portal_url.startswith("http")
    tried(sql, alice, "billing.portal")


def test_who_leaves_while_stripe_is_away(sign_in, till, sql, trouble):
    """Nothing is forgotten here before Stripe has; it is told again until it has heard."""
    leaver = sign_in("leaver")
    leaver.post(f"{PLANS}/portal/")
    there = customer_of(till, leaver.email)
    till.fault("status", f"/v1/customers/{there}", method="DELETE", status=500)
    leaver.call("DELETE", "/api/auth/delete/", 204, {"confirmation": "DELETE"})
    job = sql("select j.id from job j join account a on a.id = j.account_id where j.kind = 'billing.close' and a.email = %s", leaver.email)
    assert trouble.failed(job).startswith("stripe said 500")
    assert customer_of(till, leaver.email) == there and sql("select count(*) from billing.customer where stripe_id = %s", there) == "1"
    trouble.again(job)
    assert customer_of(till, leaver.email) is None and sql("select count(*) from billing.customer where stripe_id = %s", there) == "0"


def test_who_leaves_pays_no_more(sign_in, till, sql):
    leaver = sign_in("leaver")
    there = paid(till, leaver.post(f"{PLANS}/checkout/", {**SITE, "plan_id": "pro_monthly"}).checkout_url)
    until(lambda: leaver.get(f"{PLANS}/current/").status == "active", "it runs")
    leaver.call("DELETE", "/api/auth/delete/", 204, {"confirmation": "DELETE"})
    assert until(lambda: till.get(f"/v1/subscriptions/{there}").status == "canceled", "Stripe has ended it")
    assert customer_of(till, leaver.email) is None
    until(lambda: sql("select count(*) from billing.customer c join account a on a.id = c.account_id where a.email = %s",
                      leaver.email) == "0", "it is forgotten")


# -- Expense Tracker -------------------------------------------------------------------------------------------------------

def test_a_card_by_its_token(account, till):
    payer, path = account("expenses"), "/api/payments/methods/"
    made = payer.post(path, {"method_type": "stripe", "stripe_token": "tok_visa", "name": "Personal Visa"}, 201).data
    assert (made.name, made.is_default, made.details["brand"], made.details["last4"]) == ("Personal Visa", True, "Visa", "4242")
    payer.post(path, {"method_type": "stripe", "stripe_token": "tok_mastercard", "is_default": True}, 201)
    assert [(one.name, one.is_default) for one in payer.get(path).data] == [("Mastercard ending in 4444", True), ("Personal Visa", False)]
    told = payer.post(path, {"method_type": "stripe", "stripe_token": "tok_visa", "name": " "}, 422).error
    assert (told.details[0].field, told.details[0].message) == ("name", "must not be blank")
    told = payer.post(path, {"method_type": "stripe", "stripe_token": "tok_nothing"}, 422).error
    assert told.details[0].field == "stripe_token"
    assert payer.post(path, {"method_type": "stripe", "stripe_token": "tok_chargeDeclined"}, 422).error.code == "PAYMENT_FAILED"
    payer.post(path, {"method_type": "paper", "stripe_token": "tok_visa"}, 422)
    assert len(till.every("/v1/payment_methods", customer=customer_of(till, payer.email))) == 2


# -- Expense Tracker: paying a settlement ----------------------------------------------------------------------------------

PAY, CARDS = "/api/payments/process/", "/api/payments/methods/"


@pytest.fixture
def debt(account):
    """john owes jane 45.67 for two of three dinners: john, with .card and .settlement."""
    def make(token="tok_visa"):
        john, jane = account("expenses"), account("expenses")
        group = jane.post("/api/groups/", {"name": "Table", "currency": "USD"}, 201).data
        john.post("/api/groups/join/", {"invite_code": group.invite_code})
        for day, amount in ((1, "40.00"), (2, "51.34"), (3, "18.00")):
            jane.post("/api/expenses/", {"title": "Dinner", "amount": amount, "group_id": group.id, "expense_date": f"2024-01-0{day}"}, 201)
        john.card = john.post(CARDS, {"method_type": "stripe", "stripe_token": token}, 201).data.id
        john.settlement = john.post("/api/payments/settlements/", {"payee_id": jane.get("/api/users/me/").data.id, "amount": "45.67",
                                                                   "currency": "USD", "group_id": group.id}, 201).data.id
        john.order = {"settlement_id": john.settlement, "payment_method_id": john.card, "amount": "45.67", "currency": "USD"}
        john.creditor = jane
        return john
    return make


def state_of_debt(sql, john):
    return sql("select t.status || ' ' || (select count(*) from expenses.share s where s.account_id = t.payer_id and s.settled_at is not null) "
               "from expenses.settlement t where 'stl_' || t.id = %s", john.settlement)


def test_a_settlement_is_paid_once(debt, till, sql):
    john = debt()
    john.post(PAY, {**john.order, "amount": "45.66"}, 422)
    john.post(PAY, {**john.order, "currency": "EUR"}, 422)
    john.post(PAY, {**john.order, "payment_method_id": "pm_elsewhere"}, 422)
    john.creditor.post(PAY, john.order, 403)
    paid = john.post(PAY, john.order).data
    assert (paid.status, paid.payment_id[:4], paid.external_transaction_id[:3]) == ("completed", "pay_", "ch_") and paid.processed_at
    assert state_of_debt(sql, john) == "completed 2"
    john.post(PAY, john.order, 409)
    charge, = till.every("/v1/payment_intents", customer=customer_of(till, john.email))
    assert (charge.amount, charge.latest_charge) == (4567, paid.external_transaction_id)
    told = sql("select args ->> 'event' from job where kind = 'hook.fanout' and args -> 'data' ->> 'settlement_id' = %s", john.settlement)
    assert told == "payment.completed"


def test_a_settlement_whose_card_says_no(debt, till, sql):
    john = debt("tok_chargeCustomerFail")
    told = john.post(PAY, john.order, 422).error
    assert (told.code, told.message) == ("PAYMENT_FAILED", "Your card was declined.") and state_of_debt(sql, john) == "failed 0"
    card = john.post(CARDS, {"method_type": "stripe", "stripe_token": "tok_visa"}, 201).data.id
    assert john.post(PAY, {**john.order, "payment_method_id": card}).data.status == "completed"
    assert state_of_debt(sql, john) == "completed 2"


def test_a_settlement_whose_owner_is_asked(debt, sql):
    """Nobody is there to be asked."""
    john = debt("tok_authenticationRequired")
    assert "requires authentication" in john.post(PAY, john.order, 422).error.message and state_of_debt(sql, john) == "failed 0"


def test_a_settlement_while_stripe_is_silent(debt, till, sql):
    """The payment was made, its answer never came: it is found, and not made again."""
    john = debt()
    till.fault("cut", "/v1/payment_intents", method="POST", after=True)
    assert john.post(PAY, john.order, headers={"Prefer": "wait=1"}).data.status in ("processing", "completed")
    john.post(PAY, john.order, 409)
    until(lambda: state_of_debt(sql, john) == "completed 2", "it is paid")
    assert len(till.every("/v1/payment_intents", customer=customer_of(till, john.email))) == 1
