# SPDX-License-Identifier: GPL-3.0-or-later
"""What FigureForge's examples need to be true: people, a finished job, an image, a plan that is paid for."""
import secrets
import time

from till import Till

PATIENCE = 60.0
SITE = {"success_url": "https://example.org/yes", "cancel_url": "https://example.org/no"}


class Fixture:
    """examples[...] are the reference's request bodies. Ids in paths and what no example can know in bodies are
    replaced by what was made here through the API."""

    def __init__(self, new_client, mailbox, examples):
        self._new_client, self._mailbox = new_client, mailbox
        self.nobody, self.user = new_client(), new_client()
        self.user.email, code = self._mailed_code()
        email = self.user.email
        self.user.token = self.user.post("/api/auth/magic-link/verify/", {"email": email, "code": code}).access
        wish = {**examples["figureforge.images.generate"], "model": "croquis", "batch_size": 2}
        job = self.user.finished(self.user.post("/api/images/generate/", wish, 202).job_id)
        self.path = {"job_id": job.job_id, "image_id": job.images[0].id}
        for image in job.images:
            self.user.call("PATCH", f"/api/images/{image.id}/update/", 200, {"is_public": True})
        self._subscribe()
        self.clients = {"none": self.nobody, "optional": self.user, "bearer": self.user, "signature": self.nobody}

    def _subscribe(self):
        """Pay on Stripe's page."""
        page = self.user.post("/api/subscriptions/checkout/", {**SITE, "plan_id": "pro_monthly"}).checkout_url
        till, until = Till(self.user.stack), time.monotonic() + PATIENCE
        till.post(f"/sandbox/checkout/{page.rsplit('/', 1)[1]}/pay")
        while not self.user.get("/api/subscriptions/history/").results or self.user.get("/api/subscriptions/current/").status != "active":
            assert time.monotonic() < until, "no subscription was told"
            time.sleep(0.1)

    def _mailed_code(self):
        email = f"reference-{secrets.token_hex(4)}@example.org"
        self._new_client().post("/api/auth/magic-link/request/", {"email": email})
        return email, self._mailbox.code(email)

    def _fresh_code(self, _body):
        email, code = self._mailed_code()
        return {"email": email, "code": code}

    def _newcomer(self, body):
        """Who has a plan cannot buy another: somebody else does."""
        self._leave(body)
        return {**body, **SITE}

    def _event(self, _body):
        return Till(self.user.stack).event("charge.refunded", {"id": "ch_1", "object": "charge"})

    def _leave(self, _body):
        """Whoever closes his account is nobody afterwards: somebody else does it, and the reference's user is back after it."""
        email, code = self._mailed_code()
        self._staying = self.user.token
        self.user.token = self.user.post("/api/auth/magic-link/verify/", {"email": email, "code": code}).access
        return {"confirmation": "DELETE"}

    def _back(self, _case):
        self.user.token = self._staying

    queries = {"figureforge.images.user": "?limit=1", "figureforge.images.gallery": "?limit=1"}
    after = {"figureforge.auth.delete": _back, "figureforge.subscriptions.checkout": _back}

    # The reference asks for a model that needs a provider's key; the local one takes its place.
    bodies = {
        "figureforge.auth.magic_link.request":
            lambda self, body: {**body, "email": f"reference-{secrets.token_hex(4)}@example.org"},
        "figureforge.auth.magic_link.verify": _fresh_code,
        "figureforge.auth.magic_link.check_user": lambda self, body: {"email": self.user.email},
        "figureforge.auth.user.update": lambda self, body: {**body, "username": "ref" + secrets.token_hex(4)},
        "figureforge.auth.delete": _leave,
        "figureforge.subscriptions.checkout": _newcomer,
        "figureforge.subscriptions.payment_method": lambda self, body: {"payment_method_id": "pm_card_visa"},
        "figureforge.webhooks.stripe": _event,
        "figureforge.images.generate": lambda self, body: {**body, "model": "croquis"},
    }
