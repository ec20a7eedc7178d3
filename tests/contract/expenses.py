# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Expense Tracker's examples need to be true: accounts, the tokens that are mailed to them, a card."""
import re
import subprocess
import time

import people
from receipts import LUIGI, packed, printed

# As the engine's events will write them.
TOLD = """
insert into expenses.notification (account_id, type, title, message, sender_id, metadata, action_url)
select a.id, 'expense_added', 'New expense in Roommates', 'John added Groceries', a.id, '{"expense_id": "exp_123", "group_id": "grp_1"}',
       '/expenses/exp_123' from account a, generate_series(1, 3) where a.product = 'expenses' and a.email = '%s'
"""

# Two halves of a month and the one before it, with categories and without, in whole per cents; and rates, since the caller
# comes to prefer euros.
MONTHS = """
insert into expenses.fx_rate (currency, day, usd)
select 'EUR', d, 1.25 from unnest('{2023-02-24, 2023-03-02, 2023-03-15, 2023-03-30}'::date[]) d on conflict do nothing;
with e as (insert into expenses.expense (account_id, paid_by, category_id, title, amount, booked, currency, expense_date)
           select a.id, a.id, (select id from expenses.category where slug = x.slug), 'Groceries', x.amount, x.amount, 'USD', x.day::date
             from account a, (values ('restaurants', 2850, '2023-03-02'), ('groceries', 950, '2023-03-30'), ('fuel', 2000, '2023-03-15'),
                                     (null, 4200, '2023-03-30'), ('food', 7000, '2023-02-24')) as x(slug, amount, day)
            where a.product = 'expenses' and a.email = '%s' returning *)
insert into expenses.share (expense_id, account_id, position, amount, booked, owed_to, day, category_id, currency)
select id, paid_by, 0, amount, booked, paid_by, expense_date, category_id, currency from e
"""


class Fixture:
    def __init__(self, new_client, mailbox, examples):
        self._new_client, self._mailbox = new_client, mailbox
        self._account = examples["expenses.auth.register"]
        self.nobody, self.user = new_client(), new_client()
        mine = self._register(self.user)
        self.user.token, self._me = mine.tokens.access, mine.user.id
        self.user.call("PATCH", "/api/users/me/", 200, {"bio": "Software developer", "profile": {
            "occupation": "Software Developer", "company": "Tech Corp", "country": "United States", "city": "New York"}})
        self.user.upload("/api/users/me/avatar/", **self.parts(None, None))
        self._asked(TOLD % mine.user.email)
        self._asked(MONTHS % mine.user.email)
        self._group = self._asked("with g as (insert into expenses.expense_group (name, currency, created_by) select 'Roommates', 'USD', %s "
                                  "returning id) insert into expenses.member (group_id, account_id, email, role, status) "
                                  "select id, %s, 'me', 'admin', 'active' from g returning group_id" % ((mine.user.id[4:],) * 2))
        card = self.user.post("/api/payments/methods/", examples["expenses.payments.methods.create"], 201).value["data"]["id"]
        self.payment = {"settlement_id": self._settlement(mine.user.id), "payment_method_id": card}
        self._others = [self._register(self._new_client()).user.id for _ in range(3)]
        for other in self._others:
            self._asked("insert into expenses.member (group_id, account_id, email, status) select %s, id, email, 'active' from account where id = %s"
                        % (self._group, other[4:]))
        self.path = {"notification_id": self.user.get("/api/notifications/").value.data[0].id, "report_id": self._report(), "expense_id": self._expense()}
        self.clients = {"none": self.nobody, "optional": self.nobody, "bearer": self.user}

    def _asked(self, statement):
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.user.stack["database_url"], "-c", statement],
                              check=True, timeout=60, capture_output=True, text=True).stdout.strip()

    def _report(self):
        """One that is completed."""
        made = self.user.post("/api/analytics/reports/generate/", {"report_type": "group_summary", "format": "csv"}, 202).value.data.report_id
        until = time.monotonic() + 60
        while self.user.get(f"/api/analytics/reports/{made}/").value.data.status == "processing":
            assert time.monotonic() < until, "the report is not made"
            time.sleep(0.05)
        return made

    def _expense(self, *_said):
        """One of the group that only its payer shares, with all that the example shows."""
        made = self.user.post("/api/expenses/", self._dinner({}), 201).value["data"]["id"]
        self.user.upload(f"/api/expenses/{made}/receipt/", **self.parts("expenses.expenses.receipt", None))
        self.user.post(f"/api/expenses/{made}/comments/", {"comment": "Thanks for covering this!"}, 201)
        return made

    def _dinner(self, body):
        """Shared by all when it is the example's, else by its payer alone."""
        sharing = [self._me, *self._others] if body else [self._me]
        return {"title": "Dinner", "description": "Team dinner", "amount": "250.00", "tags": ["dinner"], **body, "category_id": "cat_1",
                "group_id": f"grp_{self._group}", "split_data": {"participants": sharing}}

    def _parted(self, body):
        return {**body, "split_data": dict(zip((self._me, *self._others), body["split_data"].values()))}

    def _deleted(self, _case):
        self.path["expense_id"] = self._expense()

    def _mine(self, body):
        return {**body, "filters": {**body["filters"], "group_ids": [f"grp_{self._group}"], "category_ids": ["cat_1", "cat_2"]}}

    def _settlement(self, payer):
        """As a call will make it."""
        payee = self._register(self._new_client()).user.id
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.user.stack["database_url"], "-c",
                               "insert into expenses.settlement (payer_id, payee_id, amount, currency) values "
                               f"({payer.removeprefix('usr_')}, {payee.removeprefix('usr_')}, 4567, 'USD') returning 'stl_' || id"],
                              check=True, timeout=60, capture_output=True, text=True)
        return done.stdout.strip()

    def _new(self, _body=None):
        return {**self._account, "email": people.email(), "username": people.name()}

    def _register(self, client, account=None):
        return client.post("/api/auth/register/", account or self._new(), 201).value.data

    def _known(self, body):
        account = self._new()
        self._register(self._new_client(), account)
        return {**body, **{key: account[key] for key in ("email", "password") if key in body}}

    def _refresh(self, _body):
        return {"refresh": self._register(self._new_client()).tokens.refresh}

    def _reset(self, body):
        address = self._known({"email": ""})["email"]
        self._new_client().post("/api/auth/password-reset/", {"email": address})
        mail = next(mail for mail in self._mailbox.wait(address, 2) if "password" in mail["text"])
        return {**body, "token": re.search(r"^[\w-]{43}(?=\r?$)", mail["text"], re.M).group()}

    @staticmethod
    def parts(case, _example):
        if case == "expenses.expenses.receipt":
            return {"receipt": ("receipt.png", packed(printed(LUIGI), "PNG"))}
        return {"avatar": ("me.png", people.PNG)}

    queries = {"expenses.notifications.list": "?type=expense_added",      # reports are told of, too
               **{f"expenses.analytics.{name}": "?date_from=2023-03-01&date_to=2023-03-31" for name in ("summary", "trends", "categories")},
               "expenses.expenses.list": "?search=Dinner"}                # with all that the example shows
    after = {"expenses.expenses.delete": _deleted}
    bodies = {"expenses.expenses.create": _dinner, "expenses.expenses.split": _parted, "expenses.auth.register": _new, "expenses.auth.login": _known, "expenses.auth.refresh": _refresh,
              "expenses.auth.logout": _refresh, "expenses.auth.password_reset": _known,
              "expenses.payments.process": lambda self, body: {**body, **self.payment},
              "expenses.auth.password_reset_confirm": _reset, "expenses.analytics.reports.generate": _mine}
