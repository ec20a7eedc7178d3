# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Expense Tracker's examples need to be true: accounts, and the tokens that are mailed to them."""
import re

import people


class Fixture:
    def __init__(self, new_client, mailbox, examples):
        self._new_client, self._mailbox = new_client, mailbox
        self._account = examples["expenses.auth.register"]
        self.nobody, self.user = new_client(), new_client()
        self.user.token = self._register(self.user).tokens.access
        self.user.call("PATCH", "/api/users/me/", 200, {"bio": "Software developer", "profile": {
            "occupation": "Software Developer", "company": "Tech Corp", "country": "United States", "city": "New York"}})
        self.user.upload("/api/users/me/avatar/", **self.parts(None, None))
        self.path = {}
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
