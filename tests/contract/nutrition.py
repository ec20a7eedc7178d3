# SPDX-License-Identifier: GPL-3.0-or-later
"""What Nutrition's examples need to be true."""
import base64
import hashlib
import hmac
from pathlib import Path

import people


class Fixture:
    def __init__(self, new_client, _mailbox, _examples):
        self.nobody, self.user = new_client(), new_client()
        entered = self.user.post("/api/v1/auth/register/", {"email": people.email(), "password": people.PASSWORD}, 201)
        self.user.token = entered.access
        self.path, self.bodies = {}, {}
        self.clients = {"none": self.nobody, "bearer": self.user, "signature": self.nobody}
        lines = Path(self.user.stack["config"]).read_text().splitlines()
        self._token = dict(line.split(" = ", 1) for line in lines if " = " in line)["twilio.token"]

    def signature(self, path, form):
        text = self.nobody.base + path + "".join(name + value for name, value in sorted(form.items()))
        mac = hmac.new(self._token.encode(), text.encode(), hashlib.sha1).digest()
        return {"X-Twilio-Signature": base64.b64encode(mac).decode()}
