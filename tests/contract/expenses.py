# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Expense Tracker's examples need to be true: accounts, the tokens that are mailed to them, a card."""
import re
import subprocess
import time

import people

# As the engine's events will write them.
TOLD = """
insert into expenses.notification (account_id, type, title, message, sender_id, metadata, action_url)
select a.id, 'expense_added', 'New expense in Roommates', 'John added Groceries', a.id, '{"expense_id": "exp_123", "group_id": "grp_1"}',
       '/expenses/exp_123' from account a, generate_series(1, 3) where a.product = 'expenses' and a.email = '%s'
"""


# An expense that one pays for another, as members; and that it is told of.
SPENT = """
with e as (insert into expenses.expense (account_id, paid_by, group_id, title, amount, booked, currency, expense_date)
           values (%(payer)s, %(payer)s, %(group)s, 'Groceries', 4567, 4567, 'USD', '2024-01-15') returning *)
select id from e"""
BOOKED = """
select expenses.shares_make(e, array[%(sharer)s::bigint], null), expenses.book(e.id, 1),
       expenses.note(e.group_id, e.id, e.paid_by, 'expense_added', 'John added ''Groceries'' expense of $45.67',
                     json_build_object('expense_id', expenses.expense_ref(e.id), 'amount', '45.67'))
  from expenses.expense e where e.id = %(expense)s"""


class Paths(dict):
    """Each example of a group's has one of its own: what it does to it the others do not see."""

    def __init__(self, new_group, **known):
        super().__init__(known)
        self._new_group = new_group

    def __missing__(self, name):
        if name == "group_id":
            return self._new_group()
        raise KeyError(name)


class Fixture:
    def __init__(self, new_client, mailbox, examples):
        self._new_client, self._mailbox = new_client, mailbox
        self._account = examples["expenses.auth.register"]
        self.nobody, self.user = new_client(), new_client()
        mine = self._register(self.user)
        self.user.token = mine.tokens.access
        self.user.call("PATCH", "/api/users/me/", 200, {"bio": "Software developer", "profile": {
            "occupation": "Software Developer", "company": "Tech Corp", "country": "United States", "city": "New York"}})
        self._picture(self.user)
        self._asked(TOLD % mine.user.email)
        self._me, self._others = mine.user, [self._shown() for _ in range(2)]
        self._group = self._new_group()
        card = self.user.post("/api/payments/methods/", examples["expenses.payments.methods.create"], 201).value["data"]["id"]
        self.payment = {"settlement_id": self._settlement(mine.user.id), "payment_method_id": card}
        self.path = Paths(self._new_group, notification_id=self.user.get("/api/notifications/").value.data[0].id, report_id=self._report())
        self.clients = {"none": self.nobody, "optional": self.nobody, "bearer": self.user}

    def _asked(self, statement):
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.user.stack["database_url"], "-c", statement],
                              check=True, timeout=60, capture_output=True, text=True).stdout.strip()

    def _shown(self):
        """Somebody with a picture."""
        client = self._new_client()
        entered = self._register(client)
        client.token, client.ref = entered.tokens.access, entered.user.id
        self._picture(client)
        return client

    def _picture(self, client):
        client.upload("/api/users/me/avatar/", **self.parts(None, None))
        self._awaited(lambda: client.get("/api/users/me/").value.data.avatar, "the avatar is not made")

    @staticmethod
    def _awaited(holds, otherwise):
        until = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < until, otherwise
            time.sleep(0.05)

    def _new_group(self):
        """Of three, each of whom owes another: nobody owes anything all told. It has an image, and the second of them was invited."""
        made = self.user.post("/api/groups/", {"name": "Roommates", "group_type": "home", "currency": "USD"}, 201).value.data
        self.user.call("PATCH", f"/api/groups/{made.id}/", 200, {"settings": {"simplify_debts": False}})
        for client in self._others:
            client.post("/api/groups/join/", {"invite_code": made.invite_code})
        people, group = [ref[4:] for ref in (self._me.id, *(client.ref for client in self._others))], made.id[4:]
        self._asked(f"update expenses.member set invited_by = {people[0]} where group_id = {group} and account_id = {people[1]}")
        self._asked(f"update expenses.expense_group set image_id = (select avatar_id from expenses.profile where account_id = {people[1]}) "
                    f"where id = {group}")
        for payer, sharer in zip(people, people[1:] + people[:1]):
            expense = self._asked(SPENT % {"payer": payer, "group": group})
            self._asked(BOOKED % {"sharer": sharer, "expense": expense})
        return made.id

    def _report(self):
        """One that is completed."""
        made = self.user.post("/api/analytics/reports/generate/", {"report_type": "group_summary", "format": "csv"}, 202).value.data.report_id
        self._awaited(lambda: self.user.get(f"/api/analytics/reports/{made}/").value.data.status != "processing", "the report is not made")
        return made

    def _mine(self, body):
        return {**body, "filters": {**body["filters"], "group_ids": [self._group], "category_ids": ["cat_1", "cat_2"]}}

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
    def parts(_case, _example):
        return {"avatar": ("me.png", people.PNG)}

    queries = {"expenses.notifications.list": "?type=expense_added",      # reports are told of, too
               "expenses.groups.list": "?group_type=home",                # whose image has been set
               "expenses.groups.members": "?page_size=1&page=2",          # the founder was invited by nobody
               "expenses.groups.activity": "?page_size=1"}                # what is not of an expense says other things
    bodies = {"expenses.auth.register": _new, "expenses.auth.login": _known, "expenses.auth.refresh": _refresh,
              "expenses.auth.logout": _refresh, "expenses.auth.password_reset": _known,
              "expenses.payments.process": lambda self, body: {**body, **self.payment},
              "expenses.auth.password_reset_confirm": _reset, "expenses.analytics.reports.generate": _mine}
