# SPDX-License-Identifier: GPL-3.0-or-later
"""Twilio's stand-in, as tests steer it and look into it, and numbers that nobody else has."""
import base64
import hashlib
import hmac
import itertools
import re
import secrets
from pathlib import Path
from urllib.parse import urlencode

from client import PATIENCE, Client
from outside import Outside
from waits import until

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = "/2010-04-01/Accounts/*/Messages.json"


_numbers = itertools.count(secrets.randbelow(10**7))


def number():
    """One that nobody else has, nor the sandbox for its own ends."""
    told = f"{next(_numbers) % 10**7:07}"
    return number() if told.startswith("1230") else f"+1555{told}"


class Exchange(Outside):
    """The sandbox's Twilio."""

    def __init__(self, stack, settings):
        super().__init__(stack, "twilio", early=True)
        self.account = settings["twilio.account"]
        self.base = f"{stack['sandbox']}/twilio/2010-04-01/Accounts/{self.account}"
        self.ours = settings["twilio.from"]
        self._session.auth = (self.account, "any")

    def fault(self, kind, path=MESSAGES, **more):
        """The next call that sends (method="GET": that lists) goes wrong."""
        return super().fault(kind, path, **{"method": "POST", **more})

    def to(self, phone):
        """The messages that somebody was sent, the first one first."""
        answer = self._session.get(f"{self.base}/Messages.json", params={"To": phone}, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"][::-1]

    def bodies(self, phone):
        return [message["body"] for message in self.to(phone)]

    def text(self, sender, body):
        """Somebody texts us: the sandbox tells the product."""
        answer = self._session.post(f"{self.base}/Messages.json", data={"To": self.ours, "From": sender, "Body": body},
                                    timeout=PATIENCE)
        assert answer.status_code == 201, answer.text
        return answer.json()["sid"]


def signed_call(stack, record, settings):
    """call(path, form, ...): a call as Twilio makes it. query is part of what is signed."""
    def call(path, form, expect=200, product="nutrition", signed=None, token=None, headers=None, data=None):
        client = Client(stack, product, record)
        text = client.base + path + "".join(name + value for name, value in sorted((signed or form).items()))
        mac = hmac.new((token or settings["twilio.token"]).encode(), text.encode(), hashlib.sha1).digest()
        return client.call("POST", path, expect, data=data or urlencode(form), headers={
            "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": base64.b64encode(mac).decode(),
            **(headers or {})})
    return call


def statement(sql, name, **values):
    """What a statement of the workers does, with these values."""
    text = (ROOT / "sql" / "worker" / f"{name}.sql").read_text().replace("%", "%%")
    text = re.sub(r"--.*", "", text)
    return sql(re.sub(r"(?<!:):([a-z_]+)", lambda found: "null" if values[found[1]] is None else
                      "'" + str(values[found[1]]).replace("'", "''") + "'", text))


def status_of(client, message_id, *wanted):
    """The message, once its status is one of the wanted."""
    def there():
        found = client.get(f"/api/messaging/status/{message_id}/")
        return found if found.status in wanted else None
    return until(there, f"message {message_id} is {' or '.join(wanted)}; it is {client.get(f'/api/messaging/status/{message_id}/')}")
