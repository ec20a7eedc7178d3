# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SMS agent's examples need to be true: an operator's account, which only the operator's command makes, and
somebody who texts."""
import base64
import hashlib
import hmac
import secrets
import subprocess
import time
from pathlib import Path

import people
from database import Database

PATIENCE = 60.0


def number():
    return "+1555" + "".join(secrets.choice("0123456789") for _ in range(7))


class Fixture:
    def __init__(self, new_client, _mailbox, _examples):
        self.nobody, self.user = new_client(), new_client()
        stack = self.user.stack
        self.account = {"username": people.name(), "password": people.PASSWORD}
        subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "user", "add", "--role", "admin", "smsagent",
                        self.account["username"], people.email()], input=self.account["password"] + "\n", text=True,
                       check=True, timeout=60)
        self.user.token = self.user.post("/api/auth/token/", self.account).token
        for _ in range(22):
            person = self.user.post("/api/users/", {"phone_number": number(), "email": people.email(),
                                                    "full_name": "John Doe"}, 201)
        # Tasks that have been answered.
        Database(stack["database_url"])(
            "update smsagent.person set last_active = now(); insert into smsagent.task (phone_number, category, "
            "user_message, ai_response, success, processing_time, tokens_used, complexity_score, completed_at, metadata) "
            "select phone_number, c, 'hello', 'Hello!', true, 2.3, 450, 0.7, now(), '{\"language\": \"python\", "
            "\"confidence\": 0.95, \"prompt_template\": \"debug_code\", \"model_used\": \"gpt-4\"}' "
            "from smsagent.person, unnest('{coding,debug,general}'::text[]) as c, generate_series(1, 11)")
        self.path = {"phone_number": person.phone_number, "task_id": self.user.get("/api/tasks/?page_size=1").results[0].id,
                     "message_id": self._message()}
        # The services outside have been asked how they are.
        subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "put", "maint.probe", "--wait"],
                       stdout=subprocess.DEVNULL, check=True, timeout=60)
        lines = Path(stack["config"]).read_text().splitlines()
        self._token = dict(line.split(" = ", 1) for line in lines if " = " in line)["twilio.token"]
        self.queries = {"smsagent.tasks.list": f"?user_phone={person.phone_number}&category=coding&page=1&page_size=10"}
        self.clients = {"none": self.nobody, "token": self.user, "admin": self.user, "signature": self.nobody}

    def _message(self):
        """A broadcast that is complete: nobody is of that tier."""
        asked = self.user.post("/api/messaging/broadcast/", {"message": "Hello", "tier_filter": ["enterprise"]}, 201).message_id
        until = time.monotonic() + PATIENCE
        while self.user.get(f"/api/messaging/status/{asked}/").status != "completed":
            assert time.monotonic() < until, "the broadcast does not end"
            time.sleep(0.1)
        return asked

    def signature(self, path, form):
        text = self.nobody.base + path + "".join(name + value for name, value in sorted(form.items()))
        mac = hmac.new(self._token.encode(), text.encode(), hashlib.sha1).digest()
        return {"X-Twilio-Signature": base64.b64encode(mac).decode()}

    bodies = {"smsagent.auth.token": lambda self, body: self.account,
              "smsagent.users.create": lambda self, body: {**body, "phone_number": number()},
              "smsagent.tasks.create": lambda self, body: {**body, "user_phone": self.path["phone_number"]},
              "smsagent.sms.receive": lambda self, body: {**body, "MessageSid": "SM" + secrets.token_hex(16)}}
