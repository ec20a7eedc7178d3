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
# As the billing worker will write what Stripe tells.
PAYMENTS = """
with me as (select id from account where product = 'nutrition' and email = '%(email)s'),
subscribed as (
  insert into nutrition.subscription (account_id, plan_id, status, current_period_start, current_period_end, stripe_subscription_id)
  select id, 2, 'active', now(), now() + interval '1 month', 'sub_' || id from me),
attached as (
  insert into nutrition.payment_method (id, account_id, type, brand, last4, exp_month, exp_year, is_default)
  select 'pm_' || id, id, 'card', 'visa', '4242', 12, 2035, true from me)
insert into nutrition.payment (account_id, amount, currency, status, description, payment_date, stripe_payment_intent_id, invoice_url)
select id, 9.99, 'USD', 'succeeded', 'Premium subscription', now(), 'pi_' || id, 'https://pay.stripe.com/invoice/in_1' from me
"""


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
        self._sql(PAYMENTS % {"email": email})
        self._await_statistics()
        self.path, self.bodies = {}, {}
        self.clients = {"none": self.nobody, "bearer": self.user, "admin": self.chief, "signature": self.nobody}
        lines = Path(stack["config"]).read_text().splitlines()
        self._token = dict(line.split(" = ", 1) for line in lines if " = " in line)["twilio.token"]

    def _sql(self, statement):
        subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.user.stack["database_url"], "-c", statement],
                       check=True, timeout=60)

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
