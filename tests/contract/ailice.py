# SPDX-License-Identifier: GPL-3.0-or-later
"""What AIlice's examples need to be true: an account, an item of its own, a clip, a subscription."""
import sys
import tempfile
import time
from pathlib import Path

import people

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "api"))
import clips                                                    # noqa: E402
from till import Till                                           # noqa: E402

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
        self._subscribe(self.user, examples["ailice.billing.checkout"])
        self._await_statistics()
        with tempfile.TemporaryDirectory() as folder:
            self.clip = clips.make(folder, "clip.mp4").read_bytes()
        media = self.user.upload("/api/media/upload", 201, **self.parts(None, None))
        self.path = {"item_id": item.id, "notification_id": told.id, "media_id": media.id, "service": "google_drive"}
        self.clients = {"none": self.nobody, "bearer": self.user, "signature": self.nobody}

    def _subscribe(self, who, site):
        """Somebody pays on Stripe's page."""
        till, until = Till(who.stack), time.monotonic() + PATIENCE
        till.post(f"/sandbox/checkout/{who.post('/api/billing/checkout', site).session_id}/pay")
        while not who.get("/api/billing/invoices").value or who.get("/api/billing/subscription").status != "active":
            assert time.monotonic() < until, "no subscription was told"
            time.sleep(0.1)

    def _newcomer(self, body):
        """Who has a subscription cannot buy another: somebody else does, and the reference's user is back after it."""
        self._staying = self.user.token
        self.user.token = self.user.post("/api/auth/register", account(), 201).access_token
        return body

    def _back(self, _case):
        self.user.token = self._staying

    def _event(self, _body):
        return Till(self.user.stack).event("charge.refunded", {"id": "ch_1", "object": "charge"})

    def parts(self, _case, _example):
        return {"file": ("video.mp4", self.clip)}

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

    def _training(self, body):
        """The reference trains a "string" on nothing; here it is the local classifier, on two labels."""
        examples = [{"text": f"{label} {n}", "label": label} for label in ("good", "bad") for n in range(3)]
        return {**body, "base_model": "local:text-classifier", "training_data": {"examples": examples}}

    types = {"ailice.media.stream": "video/mp4"}
    bodies = {"ailice.ai.train": _training, "ailice.auth.register": lambda self, body: account(), "ailice.auth.login": _login,
              "ailice.notify.send": _told, "ailice.billing.checkout": _newcomer, "ailice.billing.webhook": _event}
    after = {"ailice.auth.logout": _leave, "ailice.billing.checkout": _back}
