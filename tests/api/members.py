# SPDX-License-Identifier: GPL-3.0-or-later
"""People of the Expense Tracker, what happens to them, and what they are told."""
import json
import secrets

import pytest

from client import Client
from subscriber import Subscriber
from waits import until


@pytest.fixture
def subscriber():
    made = Subscriber()
    yield made
    made.close()


@pytest.fixture
def member(stack, record):
    """member(): somebody with an account, and .number of it."""
    def make(**said):
        client, name = Client(stack, "expenses", record), f"member{secrets.token_hex(4)}"
        client.email = f"{name}@example.org"
        entered = client.post("/api/auth/register/", {"email": client.email, "password": "SecurePassword123!", "username": name,
                                                      "first_name": "Ann", "last_name": "Member", **said}, 201).data
        client.token, client.id, client.number = entered.tokens.access, entered.user.id, int(entered.user.id.removeprefix("usr_"))
        return client
    return make


@pytest.fixture
def happens(operator):
    """happens("expense.created", [ann]): an event that concerns these. The id of the job that tells it."""
    def put(event, audience, data=None, notice=None, stream="group-1"):
        args = {"event": event, "at": "2026-01-15T10:30:00Z", "audience": [one.number for one in audience], "data": data or {}}
        if notice:
            args["notice"] = notice
        return operator("put", "hook.fanout", "--product", "expenses", "--tenant", "expenses", "--key", f"event/{stream}",
                        "--args", json.dumps(args)).strip()
    return put


@pytest.fixture
def outcome(sql):
    """outcome(job): how it ended, once it has."""
    return lambda job: until(lambda: sql("select outcome from job_end where id = %s", job), f"{job} ends")
