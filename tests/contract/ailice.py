# SPDX-License-Identifier: GPL-3.0-or-later
"""What AIlice's examples need to be true: an account, an item of its own."""
import time

import people

PATIENCE = 60.0


def account():
    return {"username": people.name(), "email": people.email(), "password": people.PASSWORD}


class Fixture:
    def __init__(self, new_client, _mailbox, examples):
        self.nobody, self.user, self.leaving = new_client(), new_client(), new_client()
        self.account = account()
        self.user.token = self.user.post("/api/auth/register", self.account, 201).access_token
        item = self.user.post("/api/items", {**examples["ailice.items.create"], "status": "published"}, 201)
        told = self.user.post("/api/notify/send", self._told(examples["ailice.notify.send"]), 201)
        self.user.get("/api/items/9223372036854775807", 404)
        self._await_statistics()
        self.path = {"item_id": item.id, "notification_id": told.id}
        self.clients = {"none": self.nobody, "bearer": self.user}

    def _told(self, body):
        return {**body, "action_url": "https://example.org/items/1"}

    def _await_statistics(self):
        """Requests are told of within two seconds."""
        until = time.monotonic() + PATIENCE
        while not self.user.get("/api/analytics/errors").value:
            assert time.monotonic() < until, "no request was counted"
            time.sleep(0.1)

    def _leave(self, _body):
        """Whoever signs out is nobody afterwards: a token of its own for that."""
        self.user.token = self.user.post("/api/auth/login", self._login(None)).access_token

    def _login(self, _body):
        return {key: self.account[key] for key in ("username", "password")}

    bodies = {"ailice.auth.register": lambda self, body: account(), "ailice.auth.login": _login,
              "ailice.notify.send": _told}
    after = {"ailice.auth.logout": _leave}
