# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers that die while they text: nobody is texted twice, and nobody is forgotten."""
import os
import secrets
import signal

import pytest
import requests

from servers import until
from world import PATIENCE

PASSWORD = "a secret of the chief's"


class Chief:
    """An administrator of the SMS agent."""

    def __init__(self, world):
        self.world, self.base = world, world.stack["url"] + "/smsagent/api"
        name = f"chief-{secrets.token_hex(4)}"
        world.command("user", "add", "--role", "admin", "smsagent", name, f"{name}@example.org", text=PASSWORD + "\n")
        self.session = requests.Session()
        token = self.post("/auth/token/", 200, username=name, password=PASSWORD)["token"]
        self.session.headers["Authorization"] = f"Token {token}"

    def post(self, path, status=201, **body):
        answer = self.session.post(self.base + path, json=body, timeout=PATIENCE)
        assert answer.status_code == status, answer.text
        return answer.json()

    def people(self, n):
        """So many new ones of a tier that nobody else has."""
        self.world.sql("update smsagent.person set tier = 'free' where tier = 'enterprise'")
        start = secrets.randbelow(10**6)
        self.world.sql("insert into smsagent.person (phone_number, tier) select format('+1666%s', lpad((" f"{start} * 7 + n)::text, 7, '0')), "
                       f"'enterprise' from generate_series(1, {n}) as n on conflict (phone_number) do update set tier = 'enterprise'")

    def broadcast(self, text):
        """The message's number and the job's id."""
        name = self.post("/messaging/broadcast/", message=text, tier_filter=["enterprise"])["message_id"]
        return self.world.sql(f"select no, job_id from smsagent.message where name = '{name}'")[0]


@pytest.fixture
def chief(world):
    yield Chief(world)
    requests.delete(world.stack["sandbox"] + "/-/control/faults?service=twilio", timeout=PATIENCE)


def slow(world, ms):
    """Calls that send take so long, and have their effect first."""
    what = {"kind": "latency", "service": "twilio", "method": "POST", "ms": ms, "times": 0}
    assert requests.post(world.stack["sandbox"] + "/-/control/faults", json=what, timeout=PATIENCE).status_code == 201


def caught(world, job):
    """Its worker, frozen in the middle of it; None between two of its turns."""
    worker = world.pid("sms")
    world.freeze(worker)
    held = world.redis("HGET", "mr1:{q:sms}:own", job)
    if held and held.split("|")[0] not in [row[3] for row in world.tries(job)]:
        return worker
    world.thaw(worker)
    return None


def texted(world, text):
    """How often each was sent this text."""
    return dict(world.sql("select body ->> 'to', count(*) from sandbox.thing where service = 'twilio' and kind = 'message' "
                          f"and body ->> 'body' = '{text}' group by 1"))


def test_a_worker_killed_in_the_middle_of_a_broadcast(world, chief):
    """Twice. What was in flight is asked of the provider, which cannot tell us by itself meanwhile."""
    world.command("limiter", "twilio", "100", "50")
    chief.people(500)
    slow(world, 150)
    text = f"fault {secrets.token_hex(4)}"
    number, job = chief.broadcast(text)
    front = world.pid("front")
    world.freeze(front)
    for share in (100, 250):
        until(lambda: len(texted(world, text)) >= share, "some have been texted", PATIENCE)
        worker = until(lambda: caught(world, job), "a worker has it", PATIENCE)
        os.kill(worker, signal.SIGKILL)
        world.restarted("sms", worker)
    assert world.ended(job)[0] == "done"
    world.thaw(front)
    found = texted(world, text)
    assert len(found) == 500 and set(found.values()) == {"1"}
    assert world.sql(f"select recipients, sent, failed, unknown from smsagent.message where no = {number}") == [["500", "500", "0", "0"]]
    assert [row[0] for row in world.tries(job)].count("lost") == 2


def test_a_worker_killed_between_call_and_answer(world, chief):
    """A single message: it was sent, and nobody here had heard of it."""
    phone = "+1777" + f"{secrets.randbelow(10**7):07}"
    chief.post("/users/", phone_number=phone)
    slow(world, 5000)
    text = f"once {secrets.token_hex(4)}"
    name = chief.post(f"/users/{phone}/send_message/", 200, message=text)["message_id"]
    job = world.one(f"select job_id from smsagent.message where name = '{name}'")
    front = world.pid("front")
    world.freeze(front)
    until(lambda: texted(world, text) == {phone: "1"}, "it was sent", PATIENCE)
    worker = world.pid("sms")
    os.kill(worker, signal.SIGKILL)         # long before the answer
    world.restarted("sms", worker)
    assert world.ended(job)[0] == "done"
    world.thaw(front)
    assert texted(world, text) == {phone: "1"}
