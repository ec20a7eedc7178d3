# SPDX-License-Identifier: GPL-3.0-or-later
"""What all services of the sandbox have in common: proofs, faults, the log of calls, webhooks, replays."""
import base64
import hashlib
import hmac
import json
import smtplib
import subprocess
import time
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import requests

from conftest import PATIENCE

MODELS = "/openai/v1/models"
SECRET = "whsec_" + base64.b64encode(b"a key of the tests").decode()


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def send(sandbox, hook, line="one", sign="", **more):
    """Have the sandbox call the hook."""
    values = {"service": "openai", "line": line, "url": hook.url + "/hook", "message": "msg_1", "sign": sign, "secret": SECRET, **more}
    sandbox.sql("select sandbox.send(" + ", ".join(f"{name} => {literal(value)}" for name, value in values.items()) + ")")


# -- who calls ---------------------------------------------------------------------------------------------------------

def test_without_a_key_nobody_is_answered(sandbox):
    assert "didn't provide an API key" in sandbox.get(MODELS, 401, key="")["error"]["message"]
    assert sandbox.get(MODELS, 401, key="expired")["error"]["code"] == "invalid_api_key"
    sandbox.get(MODELS)
    assert [call["fault"] for call in sandbox.calls()] == ["refused", "refused", None]


def test_proofs_are_not_in_the_log(sandbox):
    sandbox.get(MODELS, key="sk-very-secret")
    assert "very-secret" not in json.dumps(sandbox.calls())


def test_it_starts_in_no_other_environment(stack):
    done = subprocess.run([stack["bin"] + "/millrace-sandbox", "--config", stack["config"]], capture_output=True, text=True,
                          timeout=PATIENCE, env={"MILLRACE_ENVIRONMENT": "production"}, check=False)
    assert done.returncode == 1 and "environment = sandbox only" in done.stderr


def test_the_front_knows_no_service(stack):
    assert requests.get(stack["url"] + MODELS, timeout=PATIENCE).status_code == 404
    assert requests.get(stack["url"] + "/-/control/calls", timeout=PATIENCE).status_code == 404
    for program in ("millrace-front", "millrace-worker"):
        assert b"sandbox.thing" not in Path(stack["bin"], program).read_bytes()
    assert b"sandbox.thing" in Path(stack["bin"], "millrace-sandbox").read_bytes()


# -- the log -----------------------------------------------------------------------------------------------------------

def test_calls_are_counted(sandbox):
    for number in range(3):
        sandbox.get(MODELS, params={"page": number}, headers={"X-Mine": "yes"})
    calls = sandbox.calls(service="openai", path="/v1/models%")
    assert [call["path"] for call in calls] == [f"/v1/models?page={number}" for number in range(3)]
    assert all(call["headers"]["x-mine"] == "yes" and call["operation"] == "openai_model_list" for call in calls)
    assert [call["id"] for call in sandbox.calls(after=calls[0]["id"], limit=1)] == [calls[1]["id"]]
    assert sandbox.calls(service="nobody") == [] == sandbox.calls(method="POST")


def test_a_reset_forgets_all(sandbox):
    sandbox.fault("status", times=0)
    sandbox.get(MODELS, 500)
    sandbox.sql("select sandbox.put('openai', 'thing', sandbox.id('t_'), '{}')")
    sandbox.reset()
    assert sandbox.calls() == [] == sandbox.faults()
    assert sandbox.sql("select count(*), sandbox.id('t_', 3) from sandbox.thing") == "0|t_001"


# -- faults ------------------------------------------------------------------------------------------------------------

def test_a_status_is_told_in_the_words_of_the_service(sandbox):
    sandbox.fault("status", status=429, retry_after=7)
    answer = sandbox.ask("GET", MODELS, 429)
    assert answer.headers["Retry-After"] == "7" and answer.json()["error"]["code"] == "rate_limit_exceeded"
    sandbox.get(MODELS)


def test_a_fault_hits_what_it_is_meant_for(sandbox):
    sandbox.fault("status", service="stripe")
    sandbox.fault("status", method="POST")
    sandbox.fault("status", path="/v1/files*")
    sandbox.get(MODELS)
    one = sandbox.fault("status", service="openai", method="GET", path="/v1/mod*", times=2, status=503)
    sandbox.get(MODELS, 503)
    sandbox.get(MODELS, 503)
    sandbox.get(MODELS)
    assert one not in [fault["id"] for fault in sandbox.faults()] and len(sandbox.faults()) == 3
    assert sandbox.delete("/-/control/faults", params={"service": "stripe"}) == {"cleared": 1}
    assert sandbox.delete("/-/control/faults", params={"id": sandbox.faults()[0]["id"]}) == {"cleared": 1}
    assert sandbox.delete("/-/control/faults") == {"cleared": 1}


def test_latencies_add_to_other_faults(sandbox):
    sandbox.fault("latency", ms=120)
    sandbox.fault("latency", ms=120)
    sandbox.fault("status", status=500)
    began = time.monotonic()
    sandbox.get(MODELS, 500)
    assert time.monotonic() - began >= 0.24


@pytest.mark.parametrize("after", (False, True))
def test_a_connection_is_cut(sandbox, after):
    """With and without the effect; the next call says which."""
    files = {"purpose": (None, "batch"), "file": ("a.jsonl", b"{}")}
    sandbox.fault("cut", after=after)
    with pytest.raises(requests.ConnectionError):
        requests.post(sandbox.url + "/openai/v1/files", headers={"Authorization": "Bearer any"}, files=files, timeout=PATIENCE)
    assert len(sandbox.get("/openai/v1/files")["data"]) == after
    assert sandbox.calls()[0]["fault"] == ("cut after" if after else "cut")


def test_an_answer_is_malformed(sandbox):
    sandbox.fault("malformed")
    answer = sandbox.ask("GET", MODELS)
    with pytest.raises(ValueError):
        answer.json()
    sandbox.get(MODELS)


@pytest.mark.parametrize("body", ({}, {"kind": "lightning"}, {"kind": "status", "status": 200}, {"kind": "latency", "ms": -1}))
def test_a_fault_that_makes_no_sense(sandbox, body):
    sandbox.post("/-/control/faults", body, 400)
    assert sandbox.faults() == []


def test_there_is_room_for_so_many_faults(sandbox):
    for _ in range(64):
        sandbox.fault("latency", ms=1, service="nobody")
    sandbox.post("/-/control/faults", {"kind": "cut"}, 409)


# -- webhooks ----------------------------------------------------------------------------------------------------------

def test_a_call_signed_as_stripe_does(sandbox, hook):
    send(sandbox, hook, sign="stripe", body='{"id": "evt_1"}', headers='{"Content-Type": "application/json"}')
    _, path, headers, body = hook.next()
    stamp, signature = (part.split("=")[1] for part in headers["Stripe-Signature"].split(","))
    assert path == "/hook" and body == '{"id": "evt_1"}' and headers["Content-Type"] == "application/json"
    assert abs(int(stamp) - time.time()) < 60
    assert signature == hmac.new(SECRET.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()


def test_a_call_signed_as_twilio_does(sandbox, hook):
    send(sandbox, hook, sign="twilio", form='{"To": "+1 555", "MessageStatus": "sent", "Body": "é&=ü"}')
    _, path, headers, body = hook.next()
    text = hook.url + path + "Bodyé&=üMessageStatussentTo+1 555"
    assert headers["X-Twilio-Signature"] == base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()).decode()
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body) == {"To": ["+1 555"], "MessageStatus": ["sent"], "Body": ["é&=ü"]}


def test_a_call_signed_as_replicate_does(sandbox, hook):
    send(sandbox, hook, sign="replicate", body="{}")
    _, _, headers, body = hook.next()
    text = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.{body}"
    mac = hmac.new(b"a key of the tests", text.encode(), hashlib.sha256).digest()
    assert headers["Webhook-Id"] == "msg_1" and headers["Webhook-Signature"] == "v1," + base64.b64encode(mac).decode()


def test_a_line_keeps_its_order_and_what_is_refused_comes_again(sandbox, hook):
    hook.statuses = [500, 503]
    for number in range(5):
        send(sandbox, hook, body=str(number))
    assert [(status, body) for status, _, _, body in (hook.next() for _ in range(7))] == \
        [(500, "0"), (503, "0"), (200, "0"), (200, "1"), (200, "2"), (200, "3"), (200, "4")]


def test_a_line_does_not_wait_for_another(sandbox, hook):
    sandbox.sql("select sandbox.send('openai', 'a', 'http://127.0.0.1:1/', 'm', null, null, '{}')")
    send(sandbox, hook, line="b", body="b")
    assert hook.next()[3] == "b"
    assert {(call["line"], call["state"]) for call in sandbox.sent()} >= {("a", "waiting")}


def test_lines_that_fail_do_not_keep_others_waiting(sandbox, hook):
    """More of them than go out at once, and in front of the one that does not."""
    sandbox.sql("select sandbox.send('openai', 'a' || n, 'http://127.0.0.1:1/', 'm', null, null, '{}') from generate_series(1, 100) n")
    send(sandbox, hook, line="b", body="b")
    assert hook.next()[3] == "b"
    assert {call["state"] for call in sandbox.sent() if call["line"] != "b"} <= {"waiting", "failed"}


def test_many_lines_at_once(sandbox, hook):
    """More than go out at once."""
    sandbox.sql(f"select sandbox.send('openai', 'line ' || n % 40, '{hook.url}/', 'm', null, null, n::text) "
                "from generate_series(1, 200) n")
    came = [int(hook.next()[3]) for _ in range(200)]
    for line in range(40):
        mine = [number for number in came if number % 40 == line]
        assert mine == sorted(mine) and len(mine) == 5


# -- mail --------------------------------------------------------------------------------------------------------------

def test_mails_can_be_read(sandbox, stack):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@millrace.test", "reader@millrace.test", "Hello"
    mail.set_content("from the tests")
    with smtplib.SMTP("127.0.0.1", stack["smtp_port"]) as to:
        to.send_message(mail)
    assert [one["subject"] for one in sandbox.get("/-/control/mail", params={"to": "reader@millrace.test"})] == ["Hello"]
    assert sandbox.get("/-/control/mail", params={"to": "nobody@millrace.test"}) == []
    sandbox.get("/-/control/mail", 400)


# -- pace --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("looks, seen", ((0, ["succeeded"]), (1, ["starting", "succeeded"]),
                                         (3, ["starting", "processing", "processing", "succeeded"])))
def test_an_order_is_there_after_so_many_looks(sandbox, looks, seen):
    try:
        sandbox.post("/-/control/looks", {"service": "replicate", "looks": looks})
        sandbox.reset()
        now = sandbox.post("/replicate/v1/models/black-forest-labs/flux-schnell/predictions", {"input": {"prompt": "x"}}, 201)
        states = [now["status"]]
        while not now["completed_at"]:
            now = sandbox.get(f"/replicate/v1/predictions/{now['id']}")
            states.append(now["status"])
        assert states == seen
        assert not any(name.startswith("sandbox") for name in now)
    finally:
        sandbox.post("/-/control/looks", {"service": "replicate", "looks": 2})
