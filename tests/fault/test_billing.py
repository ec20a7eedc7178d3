# SPDX-License-Identifier: GPL-3.0-or-later
"""Payments when calls are cut and workers die: each is taken once, whatever is tried again."""
import json
import os
import secrets
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(1, str(Path(__file__).parents[1] / "api"))
from servers import Session, until     # noqa: E402
from till import Till, customer_of     # noqa: E402

CREATE, LIST = "/v1/payment_intents", "/v1/payment_intents?%"


class Payer:
    """Somebody of the Expense Tracker with a card."""

    def __init__(self, world, till, card):
        self.world, self.till = world, till
        self.email = f"payer-{secrets.token_hex(6)}@millrace.test"
        self.id = world.one(f"insert into account (product, email, username) values ('expenses', '{self.email}', "
                            f"'{self.email[:20]}') returning id")
        self.customer = till.post("/v1/customers", {"email": self.email, "metadata[product]": "expenses"}).id
        self.card = till.post(f"/v1/payment_methods/{card}/attach", {"customer": self.customer}).id
        world.sql(f"insert into billing.customer (account_id, stripe_id) values ({self.id}, '{self.customer}')")

    def pay(self, amount=4567, purpose=None, tries=5):
        """The job that takes it. What SQL puts alone the scheduler finds after a while: so it is put by hand, while the queue
        waits for the row that it is about."""
        purpose, row = purpose or secrets.token_hex(6), {"product": "expenses", "account-id": self.id, "args": "{}"}
        self.millrace("pause", "billing")
        job = self.millrace("put", "billing.pay", *(word for name, value in row.items() for word in (f"--{name}", str(value))))
        self.world.sql(f"update job set tries = {tries} where id = '{job}'")
        self.world.sql("insert into billing.payment (account_id, job_id, purpose, payment_method, amount, currency, status, description) "
                       f"values ({self.id}, '{job}', '{purpose}', '{self.card}', {amount}, 'usd', 'new', 'January')")
        self.millrace("resume", "billing")
        return job

    def millrace(self, *words):
        done = self.world.millrace(*words)
        assert done.returncode == 0, done
        return done.stdout.strip()

    def pay_by_call(self, purpose):
        """As a statement of an endpoint puts it."""
        return self.world.one(f"select job_id from billing.pay({self.id}, 'expenses', '{purpose}', '{self.card}', 4567, 'USD', "
                              "'January', 'test')")

    def state(self, job):
        return self.world.one(f"select status from billing.payment where job_id = '{job}'")

    def charged(self, job):
        """Stripe's payments for a job."""
        return [one for one in self.till.every("/v1/payment_intents", customer=self.customer) if one.metadata.get("job_id") == job]


@pytest.fixture
def till(world):
    made = Till(world.stack)
    yield made
    made.heal()


@pytest.fixture
def payer(world, till):
    return lambda card="pm_card_visa": Payer(world, till, card)


@pytest.fixture
def silent(world):
    """No event is told, so that nothing is known of a payment but by asking."""
    world.ctl("pause", "front")
    yield
    world.ctl("resume", "front")


def test_a_payment_is_taken(world, till, payer):
    john = payer()
    job = john.pay_by_call("stl_1")
    assert world.ended(job)[0] == "done" and john.state(job) == "succeeded"
    charge, = john.charged(job)
    assert (charge.amount, charge.currency, charge.status) == (4567, "usd", "succeeded")
    call, = till.calls("POST", CREATE, about=john.customer)
    assert call["headers"]["idempotency-key"].startswith(job) and call["headers"]["stripe-version"] == "2023-10-16"
    with pytest.raises(Exception, match="payment_once"):
        john.pay_by_call("stl_1")
    assert world.one(f"select stripe_charge_id from billing.payment where job_id = '{job}'") == charge.latest_charge


@pytest.mark.parametrize("card,why", [("pm_card_chargeCustomerFail", "Your card was declined."),
                                      ("pm_card_authenticationRequired", "Your card was declined. This transaction requires authentication.")])
def test_a_card_says_no(world, payer, card, why):
    john = payer(card)
    job = john.pay(purpose="stl_2")
    assert world.ended(job)[0] == "done" and john.state(job) == "failed"
    assert world.one(f"select error from billing.payment where job_id = '{job}'") == why
    assert json.loads(world.one(f"select result from job_end where id = '{job}'"))["refused"]["error"] == "payment"
    john.card = john.till.post("/v1/payment_methods/pm_card_visa/attach", {"customer": john.customer}).id
    again = john.pay(purpose="stl_2")                  # what has failed may be paid again
    assert world.ended(again)[0] == "done" and john.state(again) == "succeeded"


def test_an_answer_that_is_lost(world, till, payer, silent):
    """The call took effect, its answer never came: it is not sent again, the list is asked."""
    john = payer()
    till.fault("cut", CREATE, method="POST", after=True)
    job = john.pay()
    assert world.ended(job)[0] == "done" and john.state(job) == "succeeded"
    (outcome, counts, error, _), = world.tries(job)
    assert (outcome, counts) == ("failed", "t") and error.startswith("unknown: ")
    assert [one.status for one in john.charged(job)] == ["succeeded"]
    assert sent(till, john, 1) and till.calls("GET", f"{LIST}{john.customer}")


def test_a_call_that_came_to_nothing(world, till, payer, silent):
    """The connection broke before anything was done: the list does not have it, so it is sent."""
    john = payer()
    till.fault("cut", CREATE, method="POST")
    job = john.pay()
    assert world.ended(job)[0] == "done" and john.state(job) == "succeeded"
    assert len(john.charged(job)) == 1
    assert sent(till, john, 2) == ["cut", None]


def test_an_answer_that_cannot_be_understood(world, till, payer, silent):
    john = payer()
    till.fault("malformed", CREATE, method="POST")
    till.fault("status", CREATE, method="GET", status=500)
    job = john.pay()
    assert world.ended(job)[0] == "done" and john.state(job) == "succeeded" and len(john.charged(job)) == 1


def test_what_nobody_knows_is_told_so(world, till, payer, silent):
    """Then an operator has it looked for again."""
    john = payer()
    till.fault("cut", CREATE, method="POST", after=True, times=0)
    till.fault("status", CREATE, method="GET", status=500, times=0)
    job = john.pay(tries=2)
    assert world.ended(job)[0] == "buried" and john.state(job) == "unknown"
    till.heal()
    assert world.millrace("kick", job).returncode == 0
    until(lambda: john.state(job) == "succeeded", "it was found", 60)
    assert world.ended(job)[0] == "done" and len(john.charged(job)) == 1


def sent(till, john, count):
    """Wait until so many calls are in the log, which may be a little after their answers; there are no more."""
    found = until(lambda: len(calls := [one["fault"] for one in till.calls("POST", CREATE, about=john.customer)]) >= count and calls, "they were sent")
    return len(found) == count and found


def test_stripe_is_not_there(world, till, payer, silent):
    """Who says so may stand between: it is asked before anything is sent again, and in the end it is not known."""
    john = payer()
    till.fault("status", CREATE, method="POST", status=503, times=0)
    job = john.pay(tries=2)
    assert world.ended(job)[0] == "buried" and john.state(job) == "unknown" and sent(till, john, 2)
    assert [one for one in till.calls("GET", LIST) if john.customer in one["path"]]
    till.heal()
    john.millrace("kick", job)
    until(lambda: john.state(job) == "succeeded", "it was taken", 60)
    assert len(john.charged(job)) == 1


def test_stripe_does_not_want_us(world, till, payer, silent):
    """It has failed, and that is known; whoever kicks its job does not take it again."""
    john = payer()
    till.fault("status", CREATE, method="POST", status=401)
    job = john.pay()
    assert world.ended(job)[0] == "buried" and john.state(job) == "failed" and john.charged(job) == []
    john.millrace("kick", job)
    until(lambda: world.ended(job)[0] == "done", "it was looked at", 60)
    assert john.state(job) == "failed" and john.charged(job) == [] and sent(till, john, 1)


def test_a_refusal_says_nothing_of_the_call_before(world, till, payer, silent):
    """The first call may be under way still, when the second is not let in: that it failed is not known."""
    john = payer()
    till.fault("cut", CREATE, method="POST")
    till.fault("status", CREATE, method="POST", status=401)
    job = john.pay()
    assert world.ended(job)[0] == "buried" and john.state(job) == "unknown" and sent(till, john, 2)
    john.millrace("kick", job)
    until(lambda: john.state(job) == "succeeded", "it was taken", 60)
    assert len(john.charged(job)) == 1


def test_a_worker_is_killed_between_the_call_and_its_commit(world, till, payer, silent):
    john = payer()
    till.fault("latency", CREATE, method="POST", ms=5000)
    job = john.pay()
    until(lambda: john.state(job) == "sending", "it is being sent")
    session = Session(world.stack["database_url"])
    session("begin")
    session("lock table billing.payment in exclusive mode")
    until(lambda: john.charged(job), "Stripe has taken it")
    worker = world.pid("billing")
    os.kill(worker, signal.SIGKILL)
    world.restarted("billing", worker)
    session("rollback")
    session.close()
    assert world.ended(job)[0] == "done" and john.state(job) == "succeeded"
    assert [row[:2] for row in world.tries(job)] == [["lost", "f"]]
    assert [one.status for one in john.charged(job)] == ["succeeded"]
    assert sent(till, john, 1) and till.calls("GET", f"{LIST}{john.customer}")
