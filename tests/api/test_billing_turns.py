# SPDX-License-Identifier: GPL-3.0-or-later
"""What one account wishes of Stripe in whatever order it is tried, and what Stripe has changed unheard."""
import itertools
import json
import time

import pytest

from till import all_told, customer_of, ended, looked_at, tried
from waits import until

METHODS, BOUGHT = "/api/v1/payments/methods/", "/api/v1/payments/subscription/"
PREMIUM, FAMILY = 2, 51
SITE = {"success_url": "https://example.org/yes", "cancel_url": "https://example.org/no"}
CHECKOUT, MINE, PLANS = "/api/billing/checkout", "/api/billing/subscription", "/api/subscriptions"
SOON = {"Prefer": "wait=0"}


@pytest.fixture
def eater(account):
    return account("nutrition")


@pytest.fixture
def buyer(eater):
    """Somebody of Nutrition with a subscription, .there."""
    eater.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201)
    eater.there = eater.get(BOUGHT).stripe_subscription_id
    return eater


@pytest.fixture
def thinker(account, till):
    """Somebody of AIlice with a subscription, .there."""
    client = account("ailice")
    page = client.post(CHECKOUT, SITE)
    client.there = till.post(f"/sandbox/checkout/{page.session_id}/pay").subscription
    until(lambda: client.either(MINE).get("status") == "active", "it is paid for")
    return client


@pytest.fixture
def family(till, sql):
    """Another plan of Nutrition's."""
    price = till.post("/v1/prices", {"unit_amount": 1999, "currency": "usd", "recurring[interval]": "month",
                                     "product_data[name]": "Family"})
    sql("insert into nutrition.plan (id, name, description, price, currency, period, features, is_active, stripe_price_id) values "
        "(51, 'Family', 'x', 19.99, 'USD', 'month', '{}', true, %s) on conflict (id) do update "
        "set stripe_price_id = excluded.stripe_price_id, is_active = true", price.id)
    yield price.id
    sql("update nutrition.plan set is_active = false where id = 51")


def said(till, there, method="POST"):
    """What was asked of a subscription, and whether it came to something."""
    return [(one["input"], one["fault"] is None) for one in till.calls(method, f"/v1/subscriptions/{there}")]


def stumbles(till, there):
    """The next call that changes the subscription comes to nothing, and takes its time: what is wished meanwhile has its turn before
    it is tried again. begun() waits for it."""
    till.fault("latency", f"/v1/subscriptions/{there}", method="POST", ms=4000)
    till.fault("status", f"/v1/subscriptions/{there}", method="POST", status=500)

    def begun():
        until(lambda: till.faults() == [], "it is tried")
    return begun


# -- wishes that overtake each other ---------------------------------------------------------------------------------------

def test_a_wish_is_not_tried_again_behind_a_later_one(thinker, till, sql):
    """The cancellation fails at first; meanwhile it is taken back, and then its turn comes again."""
    begun = stumbles(till, thinker.there)
    assert thinker.post(f"{MINE}/cancel", headers=SOON).cancel_at_period_end
    begun()
    assert not thinker.post(f"{MINE}/reactivate").cancel_at_period_end
    assert ended(sql, thinker, "billing.cancel") == ("done", {"superseded": True})
    assert not till.get(f"/v1/subscriptions/{thinker.there}").cancel_at_period_end
    assert said(till, thinker.there) == [({"cancel_at_period_end": "true"}, False), ({"cancel_at_period_end": "false"}, True)]
    assert not thinker.get(MINE).cancel_at_period_end


def test_a_wish_is_carried_out_whatever_stripe_tells_before(thinker, till, sql):
    """An event shows the row as Stripe has it still: the wish is none the less the latest."""
    till.fault("status", f"/v1/subscriptions/{thinker.there}", method="POST", status=500, times=0)
    thinker.post(f"{MINE}/cancel", headers=SOON)
    tried(sql, thinker, "billing.cancel")
    event = till.event("customer.subscription.updated", till.get(f"/v1/subscriptions/{thinker.there}"))
    till.tell(thinker, event)
    assert looked_at(sql, event) == "applied" and not thinker.get(MINE).cancel_at_period_end
    till.heal()
    assert ended(sql, thinker, "billing.cancel") == ("done", None)
    assert till.get(f"/v1/subscriptions/{thinker.there}").cancel_at_period_end and thinker.get(MINE).cancel_at_period_end


def test_the_answer_to_a_repeated_call_is_an_old_one(thinker, till, sql):
    """Between the call, whose answer is lost, and its repeat the subscription has ended: it does not come back."""
    till.fault("cut", f"/v1/subscriptions/{thinker.there}", method="POST", after=True)
    thinker.post(f"{MINE}/cancel", headers=SOON)
    tried(sql, thinker, "billing.cancel")
    till.call("DELETE", f"/v1/subscriptions/{thinker.there}")
    until(lambda: thinker.either(MINE).get("status") is None, "it was told")
    assert ended(sql, thinker, "billing.cancel")[0] == "done"
    thinker.get(MINE, 404)
    assert sql("select tier from account where email = %s", thinker.email) == "free"


def test_another_plan_and_the_end_are_two_wishes(buyer, till, sql, family):
    """The plan is changed late, and stays to end: what was wished last of each holds."""
    begun = stumbles(till, buyer.there)
    buyer.post(BOUGHT, {"plan_id": FAMILY}, 201, headers=SOON)
    begun()
    buyer.delete(BOUGHT, 200)
    have = until(lambda: next((one for one in [buyer.get(BOUGHT)] if one.plan.name == "Family"), None), "the plan is changed")
    there = till.get(f"/v1/subscriptions/{buyer.there}")
    assert have.cancel_at_period_end and there.cancel_at_period_end and there["items"].data[0].price.id == family
    assert [words.get("cancel_at_period_end") for words, _ in said(till, buyer.there)] == ["false", "true", None]


def test_a_plan_that_is_not_wished_any_more(buyer, till, sql, family):
    """Two changes: the one that is tried again behind the other does nothing."""
    sql("insert into nutrition.plan (id, name, description, price, currency, period, features, is_active, stripe_price_id) "
        "select 52, 'Club', 'x', 29.99, 'USD', 'month', '{}', true, %s on conflict (id) do update "
        "set stripe_price_id = excluded.stripe_price_id, is_active = true",
        till.post("/v1/prices", {"unit_amount": 2999, "currency": "usd", "recurring[interval]": "month", "product_data[name]": "Club"}).id)
    try:
        begun = stumbles(till, buyer.there)
        buyer.post(BOUGHT, {"plan_id": FAMILY}, 201, headers=SOON)
        begun()
        assert buyer.post(BOUGHT, {"plan_id": 52}, 201).subscription.plan.name == "Club"
        ends = ("select count(*) from job_end e join job j on j.id = e.id join account a on a.id = j.account_id "
                "where j.args ->> 'change' = 'true' and a.email = %s")
        until(lambda: sql(ends, buyer.email) == "2", "both have ended")
        assert buyer.get(BOUGHT).plan.name == "Club" and len(said(till, buyer.there)) == 2
    finally:
        sql("update nutrition.plan set is_active = false where id = 52")


# -- turns -----------------------------------------------------------------------------------------------------------------

def test_one_account_does_not_hold_up_another(eater, account, till, sql):
    """Slow jobs of one account, more than the worker has slots: another's is done at once, and they are done one by one."""
    till.fault("latency", "/v1/payment_methods/pm_card_amex/attach", ms=15000, times=1)
    for _ in range(4):
        eater.post(METHODS, {"payment_method_id": "pm_card_amex"}, 503, headers=SOON)
    until(lambda: till.faults() == [], "the first of them runs")
    other = account("nutrition")
    other.post(METHODS, {"payment_method_id": "pm_card_visa"}, 201)
    assert eater.get(METHODS).payment_methods == []
    assert sql("select string_agg(distinct j.key, ' ') = 'billing/' || min(a.id) from job j join account a on a.id = j.account_id "
               "where j.queue = 'billing' and a.email = %s", eater.email) == "t"
    assert sql("select count(*) from job j join billing.event e on e.id = j.args ->> 'event_id' where j.kind = 'billing.event' "
               "and e.data -> 'object' ->> 'customer' = %s and j.key = ''", customer_of(till, other.email)) == "0"


# -- what Stripe tells, in every order ----------------------------------------------------------------------------------------

# Tells a customer's events in an order, as billing.event does: what is asked for is there as it is in the end. 0: a job
# asks in between, and writes down what it hears.
TRIAL = """
create function pg_temp.trial(who bigint, told json, whole json, orders text) returns text language plpgsql as $$
declare
  turn text; place int; e json; outcome text;
begin
  for turn in select unnest(string_to_array(orders, ' ')) loop
    delete from billing.told;
    delete from billing.subscription where account_id = who;
    delete from billing.invoice where account_id = who;
    delete from billing.payment where account_id = who;
    foreach place in array string_to_array(turn, null)::int[] loop
      if place = 0 then
        perform billing.subscription_know(who, whole -> 'subscription');
        continue;
      end if;
      e := told -> (place - 1);
      insert into billing.event (product, id, type, created, data)
      values ('nutrition', 'evt_' || turn || place, e ->> 'type', (e ->> 'created')::bigint, e -> 'data');
      outcome := billing.event_apply('nutrition', 'evt_' || turn || place);
      if outcome = 'ask' then
        outcome := billing.event_apply('nutrition', 'evt_' || turn || place, whole -> (e -> 'data' -> 'object' ->> 'object'));
      end if;
      if outcome not in ('applied', 'older') then
        return turn || ': ' || outcome;
      end if;
    end loop;
    if (select coalesce(string_agg(s.status || s.cancel_at_period_end || (s.ended_at is null), ' '), '')
          from billing.subscription s where s.account_id = who)
       || (select coalesce(string_agg(i.status || i.amount_paid, ' '), '') from billing.invoice i where i.account_id = who)
       || (select coalesce(string_agg(p.status || p.amount, ' '), '') from billing.payment p where p.account_id = who)
       is distinct from whole ->> 'state' then
      return turn;
    end if;
  end loop;
  return 'all are right';
end $$
"""


@pytest.mark.parametrize("age", [60, 3000])
def test_events_in_every_order(buyer, till, sql, age):
    """Those of a subscription, with a job that asks in between; of an invoice and its payment. Each order ends the same."""
    now, there = int(time.time()), till.get(f"/v1/subscriptions/{buyer.there}")
    who = sql("select id from account where email = %s", buyer.email)
    all_told(sql, there.customer)

    def right(things, whole, orders):
        text = " ".join("".join(map(str, order)) for order in orders)
        words = [json.dumps(one).replace("'", "''") for one in (things, whole)]
        return sql(f"begin; {TRIAL.replace('%', '%%')}; select pg_temp.trial({who}, '{words[0]}'::json, '{words[1]}'::json, '{text}'); rollback")
    steps = [("created", {"status": "incomplete"}), ("updated", {"status": "active"}), ("updated", {"status": "past_due"}),
             ("updated", {"status": "active", "cancel_at_period_end": True})]
    told = [till.event(f"customer.subscription.{kind}", {**there, **more}, now - age + (0, 0, 20, 20)[n])
            for n, (kind, more) in enumerate(steps)]
    whole = {"subscription": told[3]["data"]["object"], "state": "activetruetrue"}
    assert right(told, whole, itertools.permutations(range(5))) == "all are right"
    over = till.event("customer.subscription.deleted", {**there, "status": "canceled", "ended_at": now - age + 20}, now - age + 20)
    whole = {"subscription": over["data"]["object"], "state": "canceledfalsefalse"}
    assert right([*told[:3], over], whole, itertools.permutations(range(5))) == "all are right"
    bill = {"id": "in_trial", "object": "invoice", "customer": there.customer, "subscription": there.id, "status": "open",
            "amount_due": 999, "amount_paid": 0, "currency": "usd", "created": now - age, "payment_intent": "pi_trial"}
    intent = {"id": "pi_trial", "object": "payment_intent", "customer": there.customer, "amount": 999, "currency": "usd",
              "status": "requires_payment_method", "created": now - age, "metadata": {}}
    paid, done = {**bill, "status": "paid", "amount_paid": 999}, {**intent, "status": "succeeded", "latest_charge": "ch_trial"}
    told = [till.event("payment_intent.payment_failed", intent, now - age), till.event("invoice.payment_failed", bill, now - age),
            till.event("payment_intent.succeeded", done, now - age), till.event("invoice.payment_succeeded", paid, now - age),
            till.event("invoice.paid", paid, now - age)]
    whole = {"invoice": paid, "payment_intent": done, "state": "paid999succeeded999"}
    assert right(told, whole, itertools.permutations(range(1, 6))) == "all are right"


# -- what Stripe has changed unheard --------------------------------------------------------------------------------------------

def ended_so(sql, client, kind):
    """How the account's job of the kind has ended: outcome, error."""
    return until(lambda: sql("select e.outcome || '|' || coalesce(e.error, '') from job_end e join job j on j.id = e.id "
                             "join account a on a.id = j.account_id where j.kind = %s and a.email = %s", kind, client.email),
                 f"the {kind} has ended").split("|", 1)


def test_a_customer_who_was_deleted_at_stripe(buyer, till, sql):
    """It is told: all that was his is over, and he may begin anew."""
    first = customer_of(till, buyer.email)
    till.call("DELETE", f"/v1/customers/{first}")
    until(lambda: sql("select count(*) from billing.customer where stripe_id = %s", first) == "0", "it was told")
    assert buyer.get(BOUGHT).plan.name == "Basic" and buyer.get(METHODS).payment_methods == []
    event = till.event("invoice.paid", {"id": f"in_{first}", "object": "invoice", "customer": first, "subscription": buyer.there,
                                        "status": "paid", "amount_due": 999, "amount_paid": 999, "currency": "usd",
                                        "created": int(time.time()), "payment_intent": f"pi_{first}"})
    till.tell(buyer, event)                      # what he has paid before is his, however late it is told
    assert looked_at(sql, event) == "applied" and buyer.get(BOUGHT).plan.name == "Basic"
    assert buyer.post(BOUGHT, {"plan_id": PREMIUM, "payment_method_id": "pm_card_visa"}, 201).subscription.status == "active"
    assert customer_of(till, buyer.email) != first


def test_a_customer_who_was_deleted_unheard(eater, till, sql):
    """The first call that comes to nothing finds it out; the next begins anew."""
    eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 201)
    first = customer_of(till, eater.email)
    till.call("DELETE", f"/v1/customers/{first}")
    until(lambda: sql("select count(*) from billing.customer where stripe_id = %s", first) == "0", "it was told")
    sql("insert into billing.customer (account_id, stripe_id) select id, %s from account where email = %s", first, eater.email)
    eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 503)
    eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 201)
    assert customer_of(till, eater.email) != first and len(eater.get(METHODS).payment_methods) == 1


def test_another_stripe_account_is_no_deletion(buyer, till, sql):
    """The key is of another account or mode, which knows nothing of his: none of it goes here, and with the right key all goes on."""
    there, first = till.get(f"/v1/subscriptions/{buyer.there}"), customer_of(till, buyer.email)
    hidden = "update sandbox.thing set id = {} where service = 'stripe' and id in (%s, %s)"
    sql(hidden.format("'elsewhere ' || id"), first, there.id)
    try:
        buyer.post(METHODS, {"payment_method_id": "pm_card_amex"}, 503)
        outcome, error = ended_so(sql, buyer, "billing.attach")
        assert outcome == "buried" and f"customer {first}: stripe.key is of another account or mode" in error
        buyer.call("DELETE", BOUGHT, 503, {"cancel_at_period_end": False})
        outcome, error = ended_so(sql, buyer, "billing.cancel")
        assert outcome == "buried" and f"subscription {there.id}: stripe.key is of another account or mode" in error
    finally:
        sql("update sandbox.thing set id = substring(id from 11) where service = 'stripe' and id in ('elsewhere ' || %s, 'elsewhere ' || %s)",
            first, there.id)
    assert buyer.get(BOUGHT).status == "active" and len(buyer.get(METHODS).payment_methods) == 1
    buyer.post(METHODS, {"payment_method_id": "pm_card_amex"}, 201)
    assert customer_of(till, buyer.email) == first


def test_a_method_that_was_detached_unheard(eater, till, sql):
    card = eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 201).id
    till.post(f"/v1/payment_methods/{card}/detach")
    until(lambda: eater.get(METHODS).payment_methods == [], "it was told")
    sql("update billing.payment_method set detached_at = null where id = %s", card)
    eater.delete(f"{METHODS}{card}/", 204)
    assert eater.get(METHODS).payment_methods == []


def test_a_method_that_is_removed_before_its_attachment_is_known(eater, till, sql):
    """The answer is lost, the event tells of it, its owner removes it; the repeat's old answer does not bring it back."""
    first = eater.post(METHODS, {"payment_method_id": "pm_card_visa"}, 201)
    till.fault("cut", "/v1/payment_methods/*/attach", method="POST", after=True)
    eater.post(METHODS, {"payment_method_id": "pm_card_amex"}, 503, headers=SOON)
    tried(sql, eater, "billing.attach")
    card, = until(lambda: [one.id for one in eater.get(METHODS).payment_methods if one.id != first.id], "it was told")
    eater.delete(f"{METHODS}{card}/", 204)
    until(lambda: sql("select count(*) from job_end e join job j on j.id = e.id join account a on a.id = j.account_id "
                      "where j.kind = 'billing.attach' and a.email = %s", eater.email) == "2", "it was tried again")
    assert [one.id for one in eater.get(METHODS).payment_methods] == [first.id]


def test_who_has_paid_unheard_gets_no_other_page(thinker, till, sql):
    """No event of it came: Stripe is asked before another page is made."""
    all_told(sql, customer_of(till, thinker.email))
    sql("delete from billing.subscription where stripe_id = %s", thinker.there)
    thinker.get(MINE, 404)
    assert "subscription" in thinker.post(CHECKOUT, SITE, 400).detail
    assert thinker.get(MINE).status == "active"


def test_who_leaves_while_stripe_is_told_of_him(sign_in, till, sql):
    """He is made a customer after he has gone: Stripe is to forget him all the same."""
    leaver = sign_in("leaver")
    till.fault("latency", "/v1/customers", method="POST", ms=4000)
    leaver.post(f"{PLANS}/portal/", None, 503, headers=SOON)
    until(lambda: till.faults() == [], "the job has begun to tell it")
    leaver.call("DELETE", "/api/auth/delete/", 204, {"confirmation": "DELETE"})
    puts = "select count(*) from job j join account a on a.id = j.account_id where j.kind = 'billing.close' and a.email = %s"
    assert sql(puts, leaver.email) == "0"
    until(lambda: sql(puts, leaver.email) == "1", "what has Stripe forget him is put")
    assert customer_of(till, leaver.email)
