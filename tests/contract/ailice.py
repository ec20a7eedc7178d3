# SPDX-License-Identifier: GPL-3.0-or-later
"""What AIlice's examples need to be true: an account, an item of its own."""
import people


def account():
    return {"username": people.name(), "email": people.email(), "password": people.PASSWORD}


class Fixture:
    def __init__(self, new_client, _mailbox, examples):
        self.nobody, self.user, self.leaving = new_client(), new_client(), new_client()
        self.account = account()
        self.user.token = self.user.post("/api/auth/register", self.account, 201).access_token
        item = self.user.post("/api/items", {**examples["ailice.items.create"], "status": "published"}, 201)
        self.path = {"item_id": item.id}
        self.clients = {"none": self.nobody, "bearer": self.user}

    def _leave(self, _body):
        """Whoever signs out is nobody afterwards: a token of its own for that."""
        self.user.token = self.user.post("/api/auth/login", self._login(None)).access_token

    def _login(self, _body):
        return {key: self.account[key] for key in ("username", "password")}

    bodies = {"ailice.auth.register": lambda self, body: account(), "ailice.auth.login": _login}
    after = {"ailice.auth.logout": _leave}
