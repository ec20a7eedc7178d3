# SPDX-License-Identifier: GPL-3.0-or-later
"""Stripe's stand-in as tests see it: what it keeps, what goes wrong with it, and the events that it would send."""
import hashlib
import hmac
import itertools
import json
import time
from pathlib import Path

from client import PATIENCE, Thing
from outside import Outside
from waits import until

# Where each product is told of events.
WEBHOOKS = {"nutrition": "/api/v1/webhooks/stripe/", "ailice": "/api/billing/webhook", "figureforge": "/api/webhooks/stripe/",
            "expenses": "/api/webhooks/stripe/"}


def signature(secret, body, at=None):
    """What stands in Stripe-Signature."""
    at = int(time.time() if at is None else at)
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


class Till(Outside):
    """till.post("/v1/customers", email="a@b.c"): as a caller of Stripe's API; names may be nested."""

    _events = itertools.count(1)

    def __init__(self, stack):
        super().__init__(stack, "stripe", early=True)
        lines = Path(stack["config"]).read_text().splitlines()
        self.secret = dict(line.split(" = ", 1) for line in lines if " = " in line)["stripe.webhook_secret"]

    def call(self, method, path, fields=None, expect=200, **more):
        answer = self._session.request(method, f"{self.sandbox}/stripe{path}", timeout=PATIENCE,
                                       headers={"Authorization": "Bearer sk_test", **more.pop("headers", {})},
                                       **({"params": fields} if method == "GET" else {"data": fields}))
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code}: {answer.text[:500]}"
        return json.loads(answer.content, object_hook=Thing)

    def post(self, path, fields=None, expect=200, **more):
        return self.call("POST", path, fields, expect, **more)

    def get(self, path, **fields):
        return self.call("GET", path, fields)

    def every(self, path, **fields):
        return self.get(path, limit=100, **fields).data

    # -- events --------------------------------------------------------------------------------------------------------

    def event(self, type, thing, created=None, **more):
        """An event that Stripe might tell."""
        return {"id": f"evt_test{time.time_ns()}x{next(self._events)}", "object": "event", "type": type,
                "created": int(time.time() if created is None else created), "data": {"object": thing, **more}}

    def signed(self, body):
        """The headers of what Stripe tells."""
        return {"Content-Type": "application/json", "Stripe-Signature": signature(self.secret, body)}

    def tell(self, client, event, expect=200, secret=None, at=None, headers=None):
        """Call a product as Stripe does."""
        body = json.dumps(event).encode()
        return client.call("POST", WEBHOOKS[client.product], expect, data=body, headers={
            "Content-Type": "application/json", "Stripe-Signature": signature(secret or self.secret, body, at), **(headers or {})})


def customer_of(till, email):
    """Stripe's id of somebody; None."""
    found = till.every("/v1/customers", email=email)
    return found[0].id if found else None


def looked_at(sql, event):
    """Wait until an event was looked at: what came of it."""
    return until(lambda: sql("select outcome from billing.event where id = %s and outcome is not null", event["id"]),
                 f"event {event['id']} was looked at")


def all_told(sql, customer):
    """Wait until all that has happened to a customer at Stripe was told, and looked at: what is done to his rows then stays so."""
    until(lambda: sql("select count(*) from sandbox.outgoing where service = 'stripe' and state = 'waiting' "
                      "and body::json -> 'data' -> 'object' ->> 'customer' = %s", customer) == "0", "all is told")
    until(lambda: sql("select count(*) from billing.event where outcome is null and data -> 'object' ->> 'customer' = %s", customer) == "0",
          "all is looked at")


def tried(sql, client, kind):
    """Wait until the account's job of the kind was tried once, in vain."""
    until(lambda: sql("select count(*) from job_try t join job j on j.id = t.id join account a on a.id = j.account_id "
                      "where j.kind = %s and a.email = %s", kind, client.email) != "0", f"the {kind} was tried")


def ended(sql, client, kind):
    """The outcome and the result of the account's job of the kind, when it has ended."""
    found = until(lambda: sql("select e.outcome || ' ' || coalesce(e.result, 'null') from job_end e join job j on j.id = e.id "
                              "join account a on a.id = j.account_id where j.kind = %s and a.email = %s", kind, client.email),
                  f"the {kind} has ended")
    outcome, result = found.split(" ", 1)
    return outcome, json.loads(result)
