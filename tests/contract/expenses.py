# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Expense Tracker's examples need to be true: accounts, and the tokens that are mailed to them."""
import re
import subprocess

import people

# As the engine's events will write them.
TOLD = """
insert into expenses.notification (account_id, type, title, message, sender_id, metadata, action_url)
select a.id, 'expense_added', 'New expense in Roommates', 'John added Groceries', a.id, '{"expense_id": "exp_123", "group_id": "grp_1"}',
       '/expenses/exp_123' from account a, generate_series(1, 3) where a.product = 'expenses' and a.email = '%s'
"""


class Fixture:
    def __init__(self, new_client, mailbox, examples):
        self._new_client, self._mailbox = new_client, mailbox
        self._account = examples["expenses.auth.register"]
        self.nobody, self.user = new_client(), new_client()
        mine = self._register(self.user)
        self.user.token = mine.tokens.access
        self.user.call("PATCH", "/api/users/me/", 200, {"bio": "Software developer", "profile": {
            "occupation": "Software Developer", "company": "Tech Corp", "country": "United States", "city": "New York"}})
        self.user.upload("/api/users/me/avatar/", **self.parts(None, None))
        subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.user.stack["database_url"], "-c", TOLD % mine.user.email],
                       check=True, timeout=60)
        self.path = {"notification_id": self.user.get("/api/notifications/").value.data[0].id}
        self.clients = {"none": self.nobody, "optional": self.nobody, "bearer": self.user}

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

    bodies = {"expenses.auth.register": _new, "expenses.auth.login": _known, "expenses.auth.refresh": _refresh,
              "expenses.auth.logout": _refresh, "expenses.auth.password_reset": _known,
              "expenses.auth.password_reset_confirm": _reset}
