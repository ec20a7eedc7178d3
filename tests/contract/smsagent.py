# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SMS agent's examples need to be true: an operator's account, which only the operator's command makes, and
somebody who texts."""
import secrets
import subprocess

import people


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
        # Nobody can text yet.
        subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", stack["database_url"], "-c",
                        "update smsagent.person set last_active = now(); insert into smsagent.task (phone_number, category, "
                        "user_message, ai_response, success, processing_time, tokens_used, complexity_score, completed_at, metadata) "
                        "select phone_number, c, 'hello', 'Hello!', true, 2.3, 450, 0.7, now(), '{\"language\": \"python\", "
                        "\"confidence\": 0.95, \"prompt_template\": \"debug_code\", \"model_used\": \"gpt-4\"}' "
                        "from smsagent.person, unnest('{coding,debug,general}'::text[]) as c, generate_series(1, 11)"], check=True, timeout=60)
        self.path = {"phone_number": person.phone_number, "task_id": self.user.get("/api/tasks/?page_size=1").results[0].id}
        self.queries = {"smsagent.tasks.list": f"?user_phone={person.phone_number}&category=coding&page=1&page_size=10"}
        self.clients = {"none": self.nobody, "token": self.user, "admin": self.user}

    bodies = {"smsagent.auth.token": lambda self, body: self.account,
              "smsagent.users.create": lambda self, body: {**body, "phone_number": number()}}
