# SPDX-License-Identifier: GPL-3.0-or-later
"""How often services are called: what one that wants fewer calls says holds for all who would call it, and a rate that was
set is kept."""
import json
import subprocess
import time
from pathlib import Path

import pytest

from outside import Outside
from telephony import Exchange, number
from waits import until

PREDICT, ANALYZE = "/api/ai/predict", "/api/v1/ai/analyze/"
LLAMA = "replicate:meta/meta-llama-3-8b-instruct"
METHODS, PAY = "/api/payments/methods/", "/api/payments/process/"
CHAT = "/v1/chat/completions"
LATER = {"Prefer": "respond-async"}


@pytest.fixture
def ann(account):
    return account("ailice")


@pytest.fixture
def limited(operator):
    """limited("openai", 1, 1): a rate; without numbers none. What holds the service ends, too, now and with the test."""
    set_here = []

    def limit(name, rate=1000, burst=1000):
        set_here.append(name)
        operator("limiter", name, str(rate), str(burst))
    yield limit
    for name in set_here:
        operator("limiter", name, "1000", "1000")
        operator("limiter", name, "--remove")


@pytest.fixture
def openai(stack, limited):
    service = Outside(stack, "openai")
    limited("openai")
    yield service
    service.heal()


def ask(client, model="openai:gpt-4", prompt=None):
    return client.post(PREDICT, {"model_id": model, "input_data": {"prompt": prompt or client.username}, "parameters": {}}, 202,
                       headers=LATER).job_id


def ended(client, job_id):
    return until(lambda: (seen := client.get(f"/api/jobs/{job_id}")).status not in ("queued", "processing") and seen,
                 "the job has not ended")


def put_off(sql, job_id):
    """What the job's attempts were put off with, the first one first."""
    return sql("select string_agg(outcome || ' ' || counts || ' ' || error, '|' order by epoch) from job_try where id = %s", job_id)


@pytest.mark.parametrize("forked", [False, True], ids=["in the worker's loop", "in a child"])
def test_a_429_holds_back_the_next_job(ann, account, openai, sql, forked):
    """Only the one that was told used to wait; the next ones asked, and were told, one by one."""
    began = sql("select clock_timestamp()")
    openai.fault("status", CHAT, status=429, retry_after=6)
    if forked:
        account("nutrition").post(ANALYZE, {"text": "an apple"}, 202)
    else:
        ask(ann, prompt="the first")
    until(lambda: openai.calls("POST", CHAT), "nobody has called")
    until(lambda: sql("select count(*) from job_try where error like '%%429%%' and ended_at > %s", began) != "0", "it is told")
    job = ask(ann)
    assert ended(ann, job).status == "completed"
    assert sql("select clock_timestamp() - %s > interval '6 s'", began) == "t"
    assert put_off(sql, job) == "snoozed false its turn of openai has not come", "it was not called in vain, and nothing counts"
    assert len(openai.calls("POST", CHAT, about=ann.username)) == 1


def test_another_service_is_not_held_back(ann, openai, operator):
    openai.fault("status", CHAT, status=429, retry_after=60)
    held = ask(ann)
    until(lambda: openai.calls("POST", CHAT), "nobody has called")
    assert ended(ann, ask(ann, "google:gemini-pro")).status == "completed"
    operator("cancel", held)


def test_an_operator_ends_a_hold(ann, openai, operator, limited, sql):
    openai.fault("status", CHAT, status=429, retry_after=60)
    held = ask(ann, prompt="the first")
    until(lambda: "429" in put_off(sql, held), "it is not put off")
    limited("openai")
    assert ended(ann, ask(ann)).status == "completed"
    operator("cancel", held)


def test_a_rate_that_was_set_is_kept(ann, openai, limited, sql, paused):
    """Three at one a second: the second and the third wait, each once, until their turn comes."""
    limited("openai", 1, 1)
    began = time.monotonic()
    with paused("ai"):                                   # so that all three are there at once
        jobs = [ask(ann) for _ in range(3)]
    assert {ended(ann, job).status for job in jobs} == {"completed"}
    assert time.monotonic() - began > 1.8
    waited = [put_off(sql, job) for job in jobs]
    assert waited.count("") == 1 and all(text.count("its turn of openai") == 1 for text in waited if text)


def test_a_text_message_takes_its_turn(account, stack, settings, sql, limited):
    """sms.send was bound by no rate of Twilio's unless an operator had thought of it."""
    exchange, chief = Exchange(stack, settings), account("smsagent", role="admin")
    phone = number()
    sql("insert into smsagent.person (phone_number) values (%s)", phone)
    limited("twilio", 1, 1)
    began = time.monotonic()
    for text in ("one", "two"):
        chief.post(f"/api/users/{phone}/send_message/", {"message": text})
    until(lambda: len(exchange.bodies(phone)) == 2, "not both have gone out")
    assert time.monotonic() - began > 0.9


def test_no_service_parks_a_job_for_as_long_as_it_likes(account, stack, settings, sql, operator, limited):
    exchange, chief = Exchange(stack, settings), account("smsagent", role="admin")
    phone = number()
    sql("insert into smsagent.person (phone_number) values (%s)", phone)
    limited("twilio")
    exchange.fault("status", status=429, retry_after=3600)
    chief.post(f"/api/users/{phone}/send_message/", {"message": "hello"})
    found = until(lambda: sql("select s.job_id, round(extract(epoch from t.not_before - t.ended_at)) from sms s join job_try t "
                              "on t.id = s.job_id where s.phone_number = %s", phone), "it is not put off")
    job, seconds = found.split("|")
    operator("cancel", job)
    exchange.heal()
    assert 590 < int(seconds) <= 600


def test_rates_are_installed_once(stack, sql, operator):
    """By `millrace migrate`, where services are the real ones: what an operator has made of them since stays."""
    def migrate(environment):
        config = Path(stack["config"]).with_name("limits.conf")
        config.write_text("".join(line for line in open(stack["config"]) if not line.startswith("environment"))
                          + f"environment = {environment}\n")
        try:
            return subprocess.run([f"{stack['bin']}/millrace", "--config", config, "migrate"], capture_output=True, text=True)
        finally:
            config.unlink()

    rates = lambda: dict(line.split("|") for line in sql("select name, rate from limiter where name in "
                                                         "('openai', 'gemini', 'replicate', 'stripe')").splitlines())
    before = rates()
    operator("migrate")
    assert rates() == before, "the sandbox has no limits"
    try:
        done = migrate("production")
        assert done.returncode == 0, done.stderr
        assert rates() == {"openai": "8", "gemini": "5", "replicate": "10", "stripe": "20"} | before
        operator("limiter", "gemini", "--remove")
        operator("limiter", "openai", "50", "50")
        assert migrate("production").returncode == 0
        assert "gemini" not in rates() and rates()["openai"] == "50"
    finally:
        for name in rates():
            operator("limiter", name, "--remove")
        sql("delete from limiter where name = 'twilio'; delete from limiter_installed")


# -- jobs of several calls -------------------------------------------------------------------------------------------------

def test_only_what_is_made_takes_a_turn(ann, outside, limited, sql):
    """Each look at a prediction took one."""
    replicate = outside("replicate")
    limited("replicate", "0.01", 1)
    job = ask(ann, LLAMA)
    assert ended(ann, job).status == "completed"
    assert replicate.calls("GET", "/v1/predictions/") and "its turn" not in (put_off(sql, job) or "")


def test_pictures_of_two_calls_are_made_among_others(ann, openai, limited, operator, sql):
    """Sixteen are calls of ten and six, of which the second was given up when its turn had not come."""
    limited("openai", 2, 1)
    jobs = [ask(ann)]
    drawn = operator("put", "image.generate", "--args", json.dumps(
        {"prompt": f"dawn, for {ann.username}", "model": "gpt-image", "provider": "openai", "remote": "gpt-image-1", "batch_size": 16})).split()[0]
    jobs += [ask(ann) for _ in range(3)]
    drawings = until(lambda: len(found := openai.calls("POST", "/v1/images/generations", about=ann.username)) > 1 and found, "there is one call")
    assert [drawing["input"]["n"] for drawing in drawings] == [10, 6]
    assert {ended(ann, job).status for job in jobs} == {"completed"}
    operator("cancel", drawn)                                    # enough is seen


def test_what_is_paid_for_is_not_paid_again(ann, openai, outside, operator):
    """A picture that was lost on the way used to have all of them made anew."""
    pictures = outside("pictures")
    pictures.fault("status", status=500, times=2)
    operator("put", "image.generate", "--wait", "--args", json.dumps(
        {"prompt": f"dusk, for {ann.username}", "model": "gpt-image", "provider": "openai", "remote": "dall-e-2", "batch_size": 2}))
    assert len(pictures.calls("GET")) >= 3 and not pictures.faults()
    assert len(openai.calls("POST", "/v1/images/generations", about=ann.username)) == 1


def test_a_job_of_three_calls_gets_on(account, till, limited, sql):
    """A customer, a card, and that it is charged when nothing is said: the job began anew at each."""
    limited("stripe", 2, 1)
    john = account("expenses")
    assert john.post(METHODS, {"method_type": "stripe", "stripe_token": "tok_visa"}, 201).data.id
    made = till.calls("POST", "/v1/customers", about=john.email)
    assert len(made) == 1, "no call was made again"
    assert sql("select count(*) from job_try t join job j using (id) join account a on a.id = j.account_id where a.email = %s and "
               "t.error like 'its turn%%'", john.email) == "0"


def test_who_waits_to_order_has_ordered_nothing(ann, limited, operator, sql):
    limited("replicate", "0.01", 1)
    jobs = [ask(ann, LLAMA, prompt=f"{ann.username} {n}") for n in range(2)]
    waits = until(lambda: next((job for job in jobs if "its turn" in (put_off(sql, job) or "")), None), "none waits")
    assert sql("select count(*) from ai_order where job_id = %s", waits) == "0"
    operator("cancel", waits)


def test_who_waits_to_pay_has_not_been_sending(account, till, limited, operator, sql):
    """Each attempt looked through Stripe's payments for one that nobody had made."""
    john, jane = account("expenses"), account("expenses")
    card = john.post(METHODS, {"method_type": "stripe", "stripe_token": "tok_visa"}, 201).data.id
    limited("stripe", "0.01", 1)

    def pay():
        number = sql("insert into expenses.settlement (payer_id, payee_id, amount, currency) select a.id, b.id, 4567, 'USD' "
                     "from account a cross join account b where a.email = %s and b.email = %s returning id", john.email, jane.email)
        john.post(PAY, {"settlement_id": f"stl_{number}", "payment_method_id": card, "amount": "45.67", "currency": "USD"}, 200,
                  headers={"Prefer": "wait=0"})
        return sql("select job_id from billing.payment where purpose = %s", f"stl_{number}")
    jobs = [pay(), pay()]
    waits = until(lambda: next((job for job in jobs if "its turn" in (put_off(sql, job) or "")), None), "none waits")
    assert sql("select status || coalesce(asked_at::text, '') from billing.payment where job_id = %s", waits) == "new"
    operator("cancel", waits)


def test_a_429_leaves_the_backlog_of_messages(exchange, limited, operator, sql, by_hand):
    """All five hundred were noted as asked about before the first was."""
    by_hand("house.messages")
    limited("twilio")
    exchange.fault("status", path="*", method="GET", status=429, retry_after=600)
    sql("insert into sms (job_id, product, phone_number, body, state, sid, changed_at) select gen_random_uuid(), 'smsagent', "
        "'+15550000000', 'silence', 'sent', 'SMbacklog' || n, now() - interval '2 days' from generate_series(1, 40) as n")
    try:
        job = operator("put", "sms.status", "--args", '{"hours": 1}').split()[0]
        until(lambda: "429" in (put_off(sql, job) or ""), "it is not told")
        operator("cancel", job)
        assert sql("select count(*) from sms where sid like 'SMbacklog%%' and asked_at is not null") == "0"
    finally:
        sql("delete from sms where sid like 'SMbacklog%%'")
