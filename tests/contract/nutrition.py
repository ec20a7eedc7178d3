# SPDX-License-Identifier: GPL-3.0-or-later
"""What Nutrition's examples need to be true: somebody who has entered a meal a day and pays, an administrator, and requests
that were counted."""
import base64
import hashlib
import hmac
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import people

PATIENCE = 60.0


class Fixture:
    maps = {"nutrition.admin.stats.api_usage": ("by_endpoint", "by_status_code"),
            "nutrition.admin.stats.users": ("geographic_distribution",)}

    def __init__(self, new_client, _mailbox, _examples):
        self.nobody, self.user, self.chief = new_client(), new_client(), new_client()
        stack, email, chief = self.user.stack, people.email(), people.email()
        entered = self.user.post("/api/v1/auth/register/", {"email": email, "password": people.PASSWORD}, 201)
        self.user.token = entered.access
        for day in range(3):
            self._eat(datetime.now(timezone.utc) - timedelta(days=day))
        self.user.call("PATCH", "/api/v1/users/me/", 200, {"preferences": {"country": "US"}})
        subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "user", "add", "--role", "admin", "nutrition",
                        chief, chief], input=people.PASSWORD + "\n", text=True, check=True, timeout=60, capture_output=True)
        self.chief.token = self.chief.post("/api/v1/auth/login/", {"email": chief, "password": people.PASSWORD}).access
        self._buy(self.user)
        self._await_statistics()
        spare = self.user.post("/api/v1/payments/methods/", {"payment_method_id": "pm_card_amex"}, 201)
        self.path = {"id": spare.id}
        self.clients = {"none": self.nobody, "bearer": self.user, "admin": self.chief, "signature": self.nobody}
        lines = Path(stack["config"]).read_text().splitlines()
        self._token = dict(line.split(" = ", 1) for line in lines if " = " in line)["twilio.token"]

    def _buy(self, who):
        """Somebody pays; Stripe's stand-in tells of it."""
        who.post("/api/v1/payments/subscription/", {"plan_id": 2, "payment_method_id": "pm_card_visa"}, 201)
        until = time.monotonic() + PATIENCE
        while not [paid for paid in who.get("/api/v1/payments/history/").results if paid.invoice_url]:
            assert time.monotonic() < until, "no payment was told"
            time.sleep(0.1)

    def _newcomer(self, body):
        """Who has a plan cannot buy it again: somebody else does, and the reference's user is back after it."""
        self._staying, email = self.user.token, people.email()
        self.user.token = self.user.post("/api/v1/auth/register/", {"email": email, "password": people.PASSWORD}, 201).access
        return {**body, "payment_method_id": "pm_card_visa"}

    def _back(self, _case):
        self.user.token = self._staying

    bodies = {"nutrition.payments.subscription.create": _newcomer,
              "nutrition.payments.methods.create": lambda self, body: {**body, "payment_method_id": "pm_card_visa"}}
    after = {"nutrition.payments.subscription.create": _back}

    def _eat(self, at):
        self.user.post("/api/v1/meals/", {"name": "Lunch", "consumed_at": at.isoformat(),
                                          "meal_items": [{"name": "Soup", "calories": 420, "protein": 12.5}]}, 201)

    def _await_statistics(self):
        """Requests are told of within two seconds and rolled up within ten more."""
        until = time.monotonic() + PATIENCE
        while "/api/v1/meals/" not in self.chief.get("/api/v1/admin/stats/api-usage/").by_endpoint:
            assert time.monotonic() < until, "no request was counted"
            time.sleep(0.1)

    def signature(self, path, form):
        text = self.nobody.base + path + "".join(name + value for name, value in sorted(form.items()))
        mac = hmac.new(self._token.encode(), text.encode(), hashlib.sha1).digest()
        return {"X-Twilio-Signature": base64.b64encode(mac).decode()}
