# SPDX-License-Identifier: GPL-3.0-or-later
"""AIlice's predictions and trainings at providers, through the sandbox: what is asked there, and what becomes of it when
things go wrong."""
import json

import pytest

from client import tell
from outside import next_id
from waits import until

PREDICT, TRAIN = "/api/ai/predict", "/api/ai/train"
CHAT, ORDER, TUNING = "/v1/chat/completions", "/v1/models/meta/meta-llama-3-8b-instruct/predictions", "/v1/fine_tuning/jobs"
LLAMA, FLUX = "replicate:meta/meta-llama-3-8b-instruct", "replicate:black-forest-labs/flux-schnell"
LATER = {"Prefer": "respond-async"}


@pytest.fixture
def ann(account):
    return account("ailice")


def wish(model="openai:gpt-4", prompt="Hello, world!", **more):
    return {"model_id": model, "input_data": {"prompt": prompt}, "parameters": {}, **more}


def job_of(client, job_id):
    return until(lambda: (seen := client.get(f"/api/jobs/{job_id}")).status not in ("queued", "processing") and seen,
                 "the job has not ended")


# -- what is asked, and answered ---------------------------------------------------------------------------------------

def test_openai(ann, outside):
    openai = outside("openai")
    answer = ann.post(PREDICT, {"model_id": "openai:gpt-4", "input_data": {"prompt": f"What is {ann.username}?", "system": "Be short"},
                                "parameters": {"temperature": 0.5, "max_tokens": 50, "unheard_of": 1}})
    assert answer.model_id == "openai:gpt-4" and ann.username in answer.output
    assert answer.metadata.provider == "openai" and answer.metadata.usage.total_tokens > 0
    call, = openai.calls(about=ann.username)
    assert (call["method"], call["path"]) == ("POST", CHAT)
    assert call["input"] == {"model": "gpt-4", "temperature": 0.5, "max_tokens": 50, "messages": [
        {"role": "system", "content": "Be short"}, {"role": "user", "content": f"What is {ann.username}?"}]}


def test_gemini(ann, outside):
    gemini = outside("gemini")
    answer = ann.post(PREDICT, wish("google:gemini-pro", ann.username, parameters={"temperature": 0.5}))
    assert (answer.model_id, answer.metadata.provider) == ("google:gemini-pro", "google") and ann.username in answer.output
    call, = gemini.calls(about=ann.username)
    assert call["path"] == "/v1beta/models/gemini-2.5-pro:generateContent"
    assert call["input"]["generationConfig"] == {"temperature": 0.5}


def test_replicate(ann, outside):
    replicate = outside("replicate")
    answer = ann.post(PREDICT, wish(LLAMA, ann.username, parameters={"top_k": 3}))
    assert (answer.model_id, answer.metadata.provider) == (LLAMA, "replicate") and ann.username in answer.output
    order, = replicate.calls("POST", about=ann.username)
    assert order["path"] == ORDER and order["input"] == {"input": {"prompt": ann.username, "top_k": 3}}
    assert len(replicate.calls("GET", "/v1/predictions/")) >= 2


def test_pictures_come_as_their_addresses(ann):
    answer = ann.post(PREDICT, wish(FLUX, parameters={"num_outputs": 2}))
    assert len(answer.metadata.output) == 2 and json.loads(answer.output) == list(answer.metadata.output)


def test_who_does_not_wait_polls(ann, account):
    asked = ann.post(PREDICT, wish(), 202, headers=LATER)
    assert asked.status == "queued"
    job = job_of(ann, asked.job_id)
    assert (job.kind, job.status, job.error) == ("ai.predict", "completed", None)
    assert job.result.model_id == "openai:gpt-4" and "Hello, world!" in job.result.output
    account("ailice").get(f"/api/jobs/{asked.job_id}", 404)


# -- what cannot be asked ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("body, field", [
    (wish("openai:unheard-of"), "model_id"), (wish("gpt-4"), "model_id"), (wish("anthropic:claude"), "model_id"),
    (wish(""), "model_id"), (wish(7), "model_id"), (wish("local:text-classifier"), "model_id"), (wish(prompt=""), "input_data.prompt"),
    (wish(prompt=7), "input_data.prompt"), (wish(prompt=None), "input_data.prompt"), (wish(prompt="x" * 32001), "input_data.prompt"),
    (wish(input_data={}), "input_data.prompt"), (wish(input_data="Hello"), "input_data"), (wish(input_data=None), "input_data"),
    (wish(parameters=[]), "parameters"), ({"model_id": "openai:gpt-4"}, "input_data")], ids=lambda value: str(value)[:40])
def test_what_is_no_question(ann, body, field):
    assert field in ann.post(PREDICT, body, 400).detail


def test_a_provider_without_a_key(ann, sql):
    """The workers tell which there are when they start; here as if they had told that there is none."""
    sql("update provider set available = false where name = 'openai'")
    try:
        assert "not configured" in ann.post(PREDICT, wish(), 503).detail
        assert "not configured" in ann.post(TRAIN, training(), 503).detail
        models = {model["id"]: model["available"] for model in ann.get("/api/ai/models").value}
        assert not models["openai:gpt-4"] and models["google:gemini-pro"] and models["local:text-classifier"]
    finally:
        sql("update provider set available = true where name = 'openai'")


def test_the_models(ann):
    models = ann.get("/api/ai/models").value
    assert all(model["available"] for model in models)
    assert {model["provider"] for model in models} == {"openai", "google", "replicate", "local"}
    assert [model["id"] for model in ann.get("/api/ai/models?model_type=image").value] == [FLUX]
    assert ann.get("/api/ai/models?provider=google&limit=1").value == [next(m for m in models if m["provider"] == "google")]
    assert ann.get("/api/ai/models?provider=nobody").value == []


# -- what goes wrong ---------------------------------------------------------------------------------------------------

LIMITED, BROKEN = {"kind": "status", "status": 429, "retry_after": 1}, {"kind": "status", "status": 500}


@pytest.mark.parametrize("service, model, fault, calls", [
    ("openai", "openai:gpt-4", LIMITED, 2), ("openai", "openai:gpt-4", BROKEN, 2), ("openai", "openai:gpt-4", {"kind": "cut"}, 2),
    ("openai", "openai:gpt-4", {"kind": "malformed"}, 2), ("openai", "openai:gpt-4", {"kind": "status", "status": 503}, 2),
    ("gemini", "google:gemini-pro", LIMITED, 2), ("gemini", "google:gemini-pro", {"kind": "malformed"}, 2),
    ("replicate", LLAMA, LIMITED, 2), ("replicate", LLAMA, BROKEN, 2),
    # The order was made, and its answer not understood: it is found.
    ("replicate", LLAMA, {"kind": "malformed"}, 1)],
    ids=lambda value: value["kind"] + str(value.get("status", "")) if isinstance(value, dict) else None)
def test_what_passes_is_tried_again(ann, outside, service, model, fault, calls):
    there = outside(service)
    there.fault(**fault, method="POST")
    answer = ann.post(PREDICT, wish(model, f"Hello from {ann.username}"))
    assert ann.username in answer.output
    assert len(there.calls("POST", about=ann.username)) == calls


def test_a_limit_costs_no_try(ann, outside, sql):
    """More often than it is tried."""
    openai = outside("openai")
    openai.fault("status", status=429, retry_after=1, times=3)
    assert ann.username in ann.post(PREDICT, wish(prompt=ann.username)).output
    assert len(openai.calls(about=ann.username)) == 4


def test_a_provider_that_fails_for_good(ann, outside):
    openai = outside("openai")
    openai.fault("status", status=500, times=0)
    error = ann.post(PREDICT, wish(prompt=ann.username), 500)
    assert error.detail.startswith("The model gave no answer")
    assert len(openai.calls(about=ann.username)) == 2


def test_a_refusal_is_not_repeated(ann, outside):
    """Parameters that the provider does not take."""
    openai = outside("openai")
    openai.fault("status", status=400)
    ann.post(PREDICT, wish(prompt=ann.username), 500)
    assert len(openai.calls(about=ann.username)) == 1


def test_a_prediction_that_fails(ann, outside):
    error = ann.post(PREDICT, wish(LLAMA, "sandbox-refuses"), 500)
    assert "NSFW" in error.detail


@pytest.mark.parametrize("model", ["openai:gpt-4", "google:gemini-pro"])
def test_a_model_that_would_not_answer(ann, outside, model):
    assert "would not answer" in ann.post(PREDICT, wish(model, f"sandbox-refuses {ann.username}"), 500).detail


def test_a_cancelled_question(ann, outside, operator):
    openai = outside("openai")
    openai.fault("latency", ms=15000)
    asked = ann.post(PREDICT, wish(), 202, headers=LATER)
    until(lambda: ann.get(f"/api/jobs/{asked.job_id}").status == "processing", "nobody has begun")
    operator("cancel", asked.job_id)
    job = job_of(ann, asked.job_id)
    assert (job.status, job.error, job.result) == ("cancelled", "The job was cancelled", None)


# -- Replicate: ordered once -------------------------------------------------------------------------------------------

def test_an_order_whose_answer_was_lost_is_found(ann, outside, sql):
    replicate = outside("replicate")
    replicate.fault("cut", path=ORDER, after=True)
    prompt = f"an order of {ann.username}"
    answer = ann.post(PREDICT, wish(LLAMA, prompt))
    assert prompt in answer.output
    assert len(replicate.calls("POST", about=prompt)) == 1 and replicate.calls("GET", "/v1/predictions")


def test_an_order_that_never_arrived_is_made(ann, outside):
    replicate = outside("replicate")
    replicate.fault("cut", path=ORDER)
    answer = ann.post(PREDICT, wish(LLAMA, f"another of {ann.username}"))
    assert ann.username in answer.output
    assert len(replicate.calls("POST", about=ann.username)) == 2


@pytest.fixture
def lost(ann, outside, sql):
    """lost(prompt): an order that has arrived, whose answer was lost; it is looked for when .heal() was called. .job, .id."""
    def order(prompt):
        replicate = outside("replicate")
        replicate.fault("cut", path=ORDER, after=True)
        replicate.fault("status", path="/v1/predictions", method="GET", status=429, retry_after=1, times=0)
        replicate.job = ann.post(PREDICT, wish(LLAMA, prompt), 202, headers=LATER).job_id
        until(lambda: replicate.calls("GET", "/v1/predictions"), "nobody has looked for it")
        replicate.id = sql("select body ->> 'id' from sandbox.thing where service = 'replicate' and body -> 'input' ->> 'prompt' = %s", prompt)
        return replicate
    return order


def test_an_order_is_found_behind_those_of_others(ann, lost, sql):
    """On the third page of the list."""
    prompt = f"behind others, {ann.username}"
    replicate = lost(prompt)
    sql("select count(sandbox.replicate_predict('a/b', 'v', '{\"input\": {}}', 'http://x', true)) from generate_series(1, 201)")
    replicate.heal()
    job = job_of(ann, replicate.job)
    assert job.status == "completed" and prompt in job.result.output
    assert len(replicate.calls("POST", about=prompt)) == 1


def test_what_does_not_show_yet_is_waited_for(ann, lost, hurry, sql):
    """The list lags behind: so soon nobody concludes that it was not ordered."""
    prompt = f"a little later, {ann.username}"
    replicate = lost(prompt)
    sql("update ai_order set tried_at = now() + interval '1 minute' where job_id = %s", replicate.job)
    sql("update sandbox.thing set kind = 'hidden' where id = %s", replicate.id)
    replicate.heal()
    until(lambda: sql("select count(*) from job_try where id = %s and error like '%%does not show yet'", replicate.job) == "1", "it waits")
    sql("update sandbox.thing set kind = 'prediction' where id = %s", replicate.id)
    hurry("ai", replicate.job)
    assert job_of(ann, replicate.job).status == "completed"
    assert len(replicate.calls("POST", about=prompt)) == 1


def test_an_order_that_another_has_taken_for_its_own(ann, outside, sql, paused):
    """Two of the same question: nobody can tell which is which, and there are to be two."""
    replicate = outside("replicate")
    prompt = f"taken, {ann.username}"
    with paused("ai"):
        asked = ann.post(PREDICT, wish(LLAMA, prompt), 202, headers=LATER)
        sql("insert into ai_order (job_id, position, provider, remote_id) values (gen_random_uuid(), 0, 'replicate', %s)",
            next_id(sql, "sandbox", 19))
    assert job_of(ann, asked.job_id).status == "completed"
    assert len(replicate.calls("POST", about=prompt)) == 2


def test_what_replicate_has_forgotten_is_not_ordered_again(ann, lost, sql):
    prompt = f"forgotten, {ann.username}"
    replicate = lost(prompt)
    sql("update sandbox.thing set body = body || '{\"input\": {}, \"data_removed\": true}' where id = %s", replicate.id)
    replicate.heal()
    assert job_of(ann, replicate.job).status == "failed"
    assert len(replicate.calls("POST", about=prompt)) == 1
    sql("delete from sandbox.thing where id = %s", replicate.id)


def test_the_same_question_twice_is_two_orders(ann, outside):
    """Even when the answer to the second was lost: what is the first's is not taken for it."""
    replicate = outside("replicate")
    prompt = f"twice by {ann.username}"
    ann.post(PREDICT, wish(LLAMA, prompt))
    replicate.fault("cut", path=ORDER)
    ann.post(PREDICT, wish(LLAMA, prompt))
    assert len(replicate.calls("POST", about=prompt)) == 3


def test_a_restarted_worker_does_not_order_again(ann, outside, stack, starts_before):
    replicate = outside("replicate")
    replicate.fault("latency", path="/v1/predictions/*", ms=3000, times=1)
    asked = ann.post(PREDICT, wish(LLAMA, f"through a restart of {ann.username}"), 202, headers=LATER)
    until(lambda: replicate.calls("GET", "/v1/predictions/"), "nobody has looked")
    tell(stack, "kill", "ai")
    starts_before["ai"] += 1
    job = job_of(ann, asked.job_id)
    assert job.status == "completed" and ann.username in job.result.output
    assert len(replicate.calls("POST", about=ann.username)) == 1


@pytest.fixture
def cancelling(sql):
    """cancelling(calls): the id of the job that cancels what was ordered by the first of these calls, once it is there."""
    def find(remote):
        return until(lambda: sql("select id from job where kind = 'ai.cancel' and args ->> 'remote_id' = %s", remote), "nothing cancels it")
    return find


def outcome(sql, job):
    return until(lambda: sql("select outcome || ' ' || coalesce(error, '') from job_end where id = %s", job), "it has not ended").strip()


def test_a_cancelled_prediction_is_cancelled_there(ann, outside, operator, unheld, cancelling, sql):
    replicate = outside("replicate")
    replicate.fault("status", path="/v1/predictions/*", status=429, retry_after=30, times=0)
    asked = ann.post(PREDICT, wish(LLAMA, "in vain"), 202, headers=LATER)
    until(lambda: replicate.calls("GET", "/v1/predictions/"), "nobody has looked")
    replicate.heal()
    unheld("replicate")
    operator("cancel", asked.job_id)
    assert job_of(ann, asked.job_id).status == "cancelled"
    remote = sql("select remote_id from ai_order where job_id = %s", asked.job_id)
    assert outcome(sql, cancelling(remote)) == "done"
    cancel, = replicate.calls("POST", "/v1/predictions/")
    assert cancel["path"] == f"/v1/predictions/{remote}/cancel"


@pytest.mark.parametrize("service, remote, why", [
    ("replicate", "nothing-of-ours", "buried replicate said 404"), ("openai", "ftjob-nothing", "buried openai said 404"),
    ("gemini", "anything", "buried nothing can be cancelled at gemini")])
def test_a_cancel_of_what_there_is_not(operator, sql, service, remote, why):
    job = operator("put", "ai.cancel", "--args", json.dumps({"provider": service, "remote_id": remote})).split()[0]
    assert outcome(sql, job).startswith(why)


def test_a_cancel_is_tried_again_when_the_provider_fails(outside, operator, sql):
    outside("openai").fault("status", path=TUNING + "/*/cancel", status=500, times=0)
    job = operator("put", "ai.cancel", "--args", json.dumps({"provider": "openai", "remote_id": "ftjob-nothing"})).split()[0]
    assert until(lambda: sql("select outcome || ' ' || counts || ' ' || error from job_try where id = %s", job), "it is not tried").startswith(
        "failed true openai said 500")
    assert not sql("select outcome from job_end where id = %s", job)
    operator("cancel", job)


# -- fine-tuning -------------------------------------------------------------------------------------------------------

EXAMPLES = [{"prompt": f"What is {n}?", "completion": f"It is {n}"} for n in range(9)] + [
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}]


def training(**other):
    return {"model_name": "numbers", "model_type": "text", "base_model": "openai:gpt-4o-mini-2024-07-18",
            "training_data": {"examples": EXAMPLES}, "parameters": {"n_epochs": 2}, **other}


def trained(client, asked):
    return until(lambda: (seen := client.get(f"{TRAIN}/{asked.training_id}")).status not in ("queued", "processing") and seen,
                 "the training has not ended")


def test_a_fine_tuning(ann, account, outside):
    openai = outside("openai")
    name = ann.username[-17:]
    asked = ann.post(TRAIN, training(model_name=name))
    done = trained(ann, asked)
    assert (done.status, done.error) == ("completed", None) and done.model_id.startswith("openai:ft:")
    order, = openai.calls("POST", TUNING, about=name)
    assert openai.calls("POST", "/v1/files")
    assert order["input"]["model"] == "gpt-4o-mini-2024-07-18" and order["input"]["suffix"] == name
    assert job_of(ann, asked.job_id).kind == "ai.train"
    assert done.model_id in [model["id"] for model in ann.get("/api/ai/models").value]
    answer = ann.post(PREDICT, wish(done.model_id, "What is 3?"))
    assert answer.model_id == done.model_id and "What is 3?" in answer.output
    ann_only = account("ailice")
    ann_only.post(PREDICT, wish(done.model_id), 400)


@pytest.mark.parametrize("after, orders", [(True, 1), (False, 2)])
def test_a_training_whose_answer_was_lost_is_found(ann, outside, after, orders):
    openai = outside("openai")
    openai.fault("cut", path=TUNING, method="POST", after=after)
    name = ann.username[-17:]
    done = trained(ann, ann.post(TRAIN, training(model_name=name)))
    assert done.status == "completed"
    assert len(openai.calls("POST", TUNING, about=name)) == orders


def test_a_training_that_does_not_show_yet_is_waited_for(ann, outside, hurry, sql):
    openai, name = outside("openai"), ann.username[-17:]
    openai.fault("cut", path=TUNING, method="POST", after=True)
    openai.fault("status", path=TUNING, method="GET", status=429, retry_after=1, times=0)
    asked = ann.post(TRAIN, training(model_name=name))
    until(lambda: openai.calls("GET", TUNING), "nobody has looked for it")
    sql("update ailice.training set ordered_at = now() + interval '1 minute' where job_id = %s", asked.job_id)
    hidden = sql("update sandbox.thing set kind = 'hidden' where service = 'openai' and body ->> 'object' = 'fine_tuning.job' and "
                 "body ->> 'user_provided_suffix' = %s returning kind || ' ' || id", name)
    openai.heal()
    until(lambda: sql("select count(*) from job_try where id = %s and error like '%%does not show yet'", asked.job_id) == "1", "it waits")
    assert hidden.startswith("hidden ")
    sql("update sandbox.thing set kind = 'tune' where id = %s", hidden.removeprefix("hidden "))
    hurry("ai", asked.job_id)
    assert trained(ann, asked).status == "completed" and len(openai.calls("POST", TUNING, about=name)) == 1


def test_examples_that_no_provider_takes(ann):
    done = trained(ann, ann.post(TRAIN, training(training_data={"examples": [*EXAMPLES, {"prompt": "x"}]})))
    assert done.status == "failed" and "example 11" in done.error


def test_a_cancelled_training_is_cancelled_there(ann, outside, operator, unheld, cancelling, sql):
    openai = outside("openai")
    openai.fault("status", path=TUNING + "/*", method="GET", status=429, retry_after=30, times=0)
    asked = ann.post(TRAIN, training())
    until(lambda: openai.calls("GET", TUNING + "/"), "nobody has looked")
    openai.heal()
    unheld("openai")
    operator("cancel", asked.job_id)
    assert trained(ann, asked).status == "cancelled"
    remote = sql("select t.remote_id from ailice.training t where t.job_id = %s", asked.job_id)
    assert outcome(sql, cancelling(remote)) == "done"
    assert [call["path"] for call in openai.calls("POST", TUNING + "/")] == [f"{TUNING}/{remote}/cancel"]


# -- any program's questions -------------------------------------------------------------------------------------------

SCHEMA = {"type": "object", "properties": {"animal": {"type": "string"}, "legs": {"type": "integer"}},
          "required": ["animal", "legs"], "additionalProperties": False}


@pytest.mark.parametrize("model", ["openai:gpt-4o", "google:gemini-2.5-flash"])
def test_a_question_by_a_schema(operator, model):
    args = {"model": model, "messages": [{"role": "user", "content": "A fox"}], "schema": SCHEMA}
    result = json.loads(operator("put", "ai.complete", "--args", json.dumps(args), "--wait").splitlines()[1])
    assert isinstance(result["json"]["animal"], str) and isinstance(result["json"]["legs"], int)
    assert result["usage"]["total_tokens"] > 0


def test_a_question_in_plain(operator):
    args = {"model": "openai:gpt-4o", "messages": [{"role": "user", "content": "A fox"}]}
    result = json.loads(operator("put", "ai.complete", "--args", json.dumps(args), "--wait").splitlines()[1])
    assert "A fox" in result["text"] and "json" not in result


@pytest.mark.parametrize("args, why", [
    ({"model": "nobody:gpt-4", "messages": [{"role": "user", "content": "x"}]}, "no model"),
    ({"model": "openai:", "messages": [{"role": "user", "content": "x"}]}, "no model"),
    ({"model": "google:gemini-2.5-pro", "messages": [{"role": "king", "content": "x"}]}, "cannot be said"),
    ({"model": "openai:unheard-of", "messages": [{"role": "user", "content": "x"}]}, "404")], ids=str)
def test_a_question_that_is_none(operator, stack, args, why):
    job = operator("put", "ai.complete", "--args", json.dumps(args)).split()[0]
    assert why in until(lambda: (seen := json.loads(operator("job", job, "--json")))["state"] == "buried" and seen["error"],
                        "it is not buried")
