# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Expense Tracker's examples need to be true: accounts, the tokens that are mailed to them, a card."""
import re
import time

import people
from database import Database
from receipts import LUIGI, packed, printed
from subscriber import Subscriber


class Paths(dict):
    """Each example of a group's has one of its own: what it does to it the others do not see."""

    def __init__(self, new_group, **known):
        super().__init__(known)
        self._new_group = new_group

    def __missing__(self, name):
        if name == "group_id":
            return self._new_group()
        raise KeyError(name)


# Two halves of a month and the one before it, with categories and without, in whole per cents; and rates, since the caller
# comes to prefer euros.
MONTHS = """
insert into expenses.fx_rate (currency, day, usd)
select 'EUR', d, 1.25 from unnest('{2023-02-24, 2023-03-02, 2023-03-15, 2023-03-30}'::date[]) d on conflict do nothing;
with e as (insert into expenses.expense (account_id, paid_by, category_id, title, amount, booked, currency, expense_date)
           select a.id, a.id, (select id from expenses.category where slug = x.slug), 'Groceries', x.amount, x.amount, 'USD', x.day::date
             from account a, (values ('restaurants', 2850, '2023-03-02'), ('groceries', 950, '2023-03-30'), ('fuel', 2000, '2023-03-15'),
                                     (null, 4200, '2023-03-30'), ('food', 7000, '2023-02-24')) as x(slug, amount, day)
            where a.id = %s returning *)
insert into expenses.share (expense_id, account_id, position, amount, booked, owed_to, day, category_id, currency)
select id, paid_by, 0, amount, booked, paid_by, expense_date, category_id, currency from e
"""


class Fixture:
    def __init__(self, new_client, mailbox, examples):
        self._new_client, self._mailbox = new_client, mailbox
        self._account = examples["expenses.auth.register"]
        self.nobody = new_client()
        self.user = self._shown()
        self.user.call("PATCH", "/api/users/me/", 200, {"bio": "Software developer", "profile": {
            "occupation": "Software Developer", "company": "Tech Corp", "country": "United States", "city": "New York"}})
        self._asked(MONTHS % self.user.ref[4:])
        self._others = [self._shown() for _ in range(3)]
        self._group = self._new_group()
        card = self.user.post("/api/payments/methods/", examples["expenses.payments.methods.create"], 201).value["data"]["id"]
        self.payment = {"settlement_id": self._settlement(), "payment_method_id": card}
        told = self._awaited(lambda: self.user.get("/api/notifications/?type=expense_added").value.data, "nothing is told")
        self.path = Paths(self._new_group, settlement_id=self._settlement(), notification_id=told[0].id, report_id=self._report(),
                          expense_id=self._expense())
        self.subscriber = Subscriber()
        self.secret = self.user.post("/api/webhooks/", {"url": self.subscriber.url, "events": list(self.causes.values())}, 201).value.data.secret
        self.clients = {"none": self.nobody, "optional": self.nobody, "bearer": self.user}

    def _asked(self, statement):
        return Database(self.user.stack["database_url"])(statement)

    def _shown(self):
        """Somebody with a picture."""
        client = self._new_client()
        entered = self._register(client)
        client.token, client.ref = entered.tokens.access, entered.user.id
        client.upload("/api/users/me/avatar/", **self.parts(None, None))
        self._awaited(lambda: client.get("/api/users/me/").value.data.avatar, "the avatar is not made")
        return client

    @staticmethod
    def _awaited(asked, otherwise):
        until = time.monotonic() + 60
        while not (found := asked()):
            assert time.monotonic() < until, otherwise
            time.sleep(0.05)
        return found

    def _new_group(self):
        """Each of its members owes another the same: nobody owes anything all told. It has an image, and the second was invited."""
        made = self.user.post("/api/groups/", {"name": "Roommates", "group_type": "home", "currency": "USD"}, 201).value.data
        self.user.call("PATCH", f"/api/groups/{made.id}/", 200, {"settings": {"simplify_debts": False}})
        for client in self._others:
            client.post("/api/groups/join/", {"invite_code": made.invite_code})
        people, group = [self.user, *self._others], made.id[4:]
        self._asked(f"update expenses.member set invited_by = {self.user.ref[4:]} where group_id = {group} and account_id = {people[1].ref[4:]}")
        self._asked(f"update expenses.expense_group set image_id = (select avatar_id from expenses.profile where account_id = {people[1].ref[4:]}) "
                    f"where id = {group}")
        for payer, sharer in zip(people, people[1:] + people[:1]):
            payer.post("/api/expenses/", {"title": "Groceries", "amount": "45.67", "currency": "USD", "group_id": made.id,
                                          "split_data": {"participants": [sharer.ref]}}, 201)
        return made.id

    def _report(self):
        """One that is completed."""
        made = self.user.post("/api/analytics/reports/generate/", {"report_type": "group_summary", "format": "csv"}, 202).value.data.report_id
        self._awaited(lambda: self.user.get(f"/api/analytics/reports/{made}/").value.data.status != "processing", "the report is not made")
        return made

    def _expense(self, *_said):
        """One of the group that only its payer shares, with all that the example shows."""
        made = self.user.post("/api/expenses/", self._dinner({}), 201).value["data"]["id"]
        self.user.upload(f"/api/expenses/{made}/receipt/", **self.parts("expenses.expenses.receipt", None))
        self.user.post(f"/api/expenses/{made}/comments/", {"comment": "Thanks for covering this!"}, 201)
        return made

    def _dinner(self, body):
        """Shared by all when it is the example's, else by its payer alone."""
        sharing = [client.ref for client in (self.user, *self._others)][:None if body else 1]
        return {"title": "Dinner", "description": "Team dinner", "amount": "250.00", "tags": ["dinner"],
                "vendor": "Luigi's Restaurant", "location": "123 Main St, New York", **body, "category_id": "cat_1",
                "group_id": self._group, "split_data": {"participants": sharing}}

    def _parted(self, body):
        return {**body, "split_data": dict(zip([client.ref for client in (self.user, *self._others)], body["split_data"].values()))}

    def _deleted(self, _case):
        self.path["expense_id"] = self._expense()

    def _mine(self, body):
        return {**body, "filters": {**body["filters"], "group_ids": [self._group], "category_ids": ["cat_1", "cat_2"]}}

    def _settled(self, body):
        """With whom, and by a day that is to come."""
        return {**body, "payee_id": self._others[0].ref, "group_id": self._group,
                "due_date": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 86400))}

    def _settlement(self):
        return self.user.post("/api/payments/settlements/", self._settled({"amount": "45.67"}), 201).value.data.id

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

    # -- events --------------------------------------------------------------------------------------------------------

    def cause(self, case):
        """Have the case's event happen: what its subscriber is sent."""
        before, event = len(self.subscriber.wait(0)), self.causes[case]
        getattr(self, "_" + event.replace(".", "_"))()
        return self._awaited(lambda: [got for got in self.subscriber.wait(0)[before:] if got.body["event"] == event], f"{event} is not sent")[0]

    def _expense_created(self):
        return self._expense()

    def _expense_updated(self):
        self.user.call("PUT", f"/api/expenses/{self._expense()}/", 200, {"title": "Updated: Dinner"})

    def _expense_deleted(self):
        self.user.call("DELETE", f"/api/expenses/{self._expense()}/", 204)

    def _settlement_created(self):
        return self._settlement()

    def _settlement_completed(self):
        self.user.post(f"/api/payments/settlements/{self._settlement()}/confirm/", {"confirmation_type": "paid", "payment_method": "cash"})

    def _payment_completed(self):
        self._paid("tok_visa", 200)

    def _payment_failed(self):
        self._paid("tok_chargeCustomerFail", 422)

    def _paid(self, card, status):
        method = self.user.post("/api/payments/methods/", {"method_type": "stripe", "stripe_token": card}, 201).value["data"]["id"]
        self.user.post("/api/payments/process/", {"settlement_id": self._settlement(), "payment_method_id": method, "amount": "45.67",
                                                  "currency": "USD"}, status)

    def _group_member_joined(self):
        """Somebody new; he leaves again."""
        joining = self._new_client()
        joining.token = self._register(joining).tokens.access
        code = self.user.get(f"/api/groups/{self._group}/").value.data.invite_code
        joining.post("/api/groups/join/", {"invite_code": code})
        return joining

    def _group_member_left(self):
        self._group_member_joined().post(f"/api/groups/{self._group}/leave/")

    @staticmethod
    def parts(case, _example):
        if case == "expenses.expenses.receipt":
            return {"receipt": ("receipt.png", packed(printed(LUIGI), "PNG"))}
        return {"avatar": ("me.png", people.PNG)}

    queries = {"expenses.notifications.list": "?type=expense_added",      # reports are told of, too
               **{f"expenses.analytics.{name}": "?date_from=2023-03-01&date_to=2023-03-31" for name in ("summary", "trends", "categories")},
               "expenses.expenses.list": "?search=Dinner",                # with all that the example shows
               "expenses.groups.list": "?group_type=home",                # whose image has been set
               "expenses.groups.members": "?page_size=1&page=2",          # the founder was invited by nobody
               "expenses.groups.activity": "?page_size=1"}                # what is not of an expense says other things
    after = {"expenses.expenses.delete": _deleted}
    bodies = {"expenses.expenses.create": _dinner, "expenses.expenses.split": _parted, "expenses.auth.register": _new, "expenses.auth.login": _known, "expenses.auth.refresh": _refresh,
              "expenses.auth.logout": _refresh, "expenses.auth.password_reset": _known,
              "expenses.payments.settlements.create": _settled, "expenses.payments.process": lambda self, body: {**body, **self.payment},
              "expenses.auth.password_reset_confirm": _reset, "expenses.analytics.reports.generate": _mine}
    causes = {f"expenses.webhook_out.{event.replace('.', '_')}": event for event in (
        "expense.created", "expense.updated", "expense.deleted", "payment.completed", "payment.failed", "settlement.created",
        "settlement.completed", "group.member_joined", "group.member_left")}
