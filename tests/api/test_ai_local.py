# SPDX-License-Identifier: GPL-3.0-or-later
"""Text classifiers of AIlice's users: trained here, on what they say."""
import json
import re

import pytest

from waits import until

TRAIN, PREDICT = "/api/ai/train", "/api/ai/predict"
GOOD = ["I love this, it is wonderful", "What a great day, thank you", "Lovely work, I am very happy",
        "Excellent, it works and I like it", "The best thing I have seen"]
BAD = ["I hate this, it is terrible", "What an awful day, go away", "Poor work, I am very angry",
       "Horrible, it fails and I dislike it", "The worst thing I have seen"]
EXAMPLES = [{"text": text, "label": label} for label, texts in (("good", GOOD), ("bad", BAD)) for text in texts]


def wish(**other):
    return {"model_name": "moods", "model_type": "text", "base_model": "local:text-classifier",
            "training_data": {"examples": EXAMPLES}, "parameters": {}, **other}


def trained(client, **other):
    asked = client.post(TRAIN, wish(**other))
    assert (asked.status, asked.message) == ("queued", "Training job queued")
    return until(lambda: (seen := client.get(f"{TRAIN}/{asked.training_id}")).status in ("completed", "failed") and seen,
                 "the training has not ended")


def predict(client, prompt, model="local:moods", expect=200):
    return client.post(PREDICT, {"model_id": model, "input_data": {"prompt": prompt}}, expect)


@pytest.fixture
def ann(account):
    return account("ailice")


def test_a_classifier_is_trained_and_answers(ann):
    done = trained(ann)
    assert (done.status, done.model_id, done.error) == ("completed", "local:moods", None)
    assert 0 <= done.accuracy <= 1
    answer = predict(ann, "wonderful, I am so happy")
    assert (answer.model_id, answer.output, answer.metadata.provider) == ("local:moods", "good", "local")
    assert predict(ann, "terrible, I am so angry").output == "bad"
    assert set(answer.metadata.labels) == {"good", "bad"} and answer.metadata.confidence == max(answer.metadata.labels.values())
    assert [model["id"] for model in ann.get("/api/ai/models?provider=local").value] == ["local:text-classifier", "local:moods"]


def test_figures_are_told_as_they_are_meant(ann):
    """0.9991 was told as 0.99909999999999999."""
    trained(ann)
    text = predict(ann, "wonderful, I am so happy").http.text
    figures = re.findall(r"\d\.(\d+)", text)
    assert figures and all(len(digits) <= 4 for digits in figures), text


@pytest.mark.parametrize("parameter, value", [
    ("cost", "many"), ("cost", -1), ("cost", 0), ("cost", 10001), ("cost", True), ("cost", [1]), ("n_epochs", 0), ("n_epochs", 1.5),
    ("n_epochs", "auto"), ("seed", -1), ("seed", "7")])
def test_a_parameter_that_cannot_be_used_is_refused(ann, parameter, value):
    """It used to be passed over without a word, and the training made with another."""
    assert f"parameters.{parameter}" in ann.post(TRAIN, wish(parameters={parameter: value}), 400).detail


def test_a_cost_that_came_past_the_call_is_told(ann, sql, operator):
    done = trained(ann, parameters={"cost": 0.5, "n_epochs": None, "unheard_of": "x"})
    assert done.status == "completed"
    sql("update ailice.training set parameters = %s where id = %s", '{"cost": "many"}', done.training_id)
    job = operator("put", "ai.fit", "--args", json.dumps({"training_id": int(done.training_id)})).split()[0]
    assert until(lambda: sql("select outcome || ' ' || error from job_end where id = %s", job), "it has not ended") == \
        "buried parameters.cost must be a number from 0.001 to 10000"


def test_the_same_examples_make_the_same_model(ann, account, sql, depot):
    assert trained(ann).accuracy == trained(account("ailice")).accuracy
    keys = sql("select string_agg(storage_key, ' ') from (select storage_key from file where product = 'ailice' and name = 'model' "
               "order by id desc limit 2) f").split()
    one, other = (depot.file(key).read_bytes() for key in keys)
    assert one == other and len(one) > 1000


def test_a_model_that_is_trained_again_is_the_new_one(ann, sql):
    trained(ann)
    turned = [{"text": one["text"], "label": {"good": "sweet", "bad": "sour"}[one["label"]]} for one in EXAMPLES]
    trained(ann, training_data={"examples": turned})
    assert predict(ann, "wonderful, I am so happy").output == "sweet"
    assert sql("select count(*) from file where product = 'ailice' and name = 'model' and deleted_at is null and account_id = %s",
               ann.get("/api/auth/me").id) == "1"


def test_a_model_is_its_accounts(ann, account):
    trained(ann)
    stranger = account("ailice")
    assert "model_id" in predict(stranger, "wonderful", expect=400).detail
    assert stranger.get("/api/ai/models?provider=local").value == ann.get("/api/ai/models?provider=local").value[:1]


@pytest.mark.parametrize("examples, said", [
    ([{"text": "a", "label": "x"}], "two labels"), ([{"text": "a", "label": "x"}, {"text": "b", "label": "x"}], "two labels"),
    ([{"text": "a", "label": "x"}, {"text": "b"}], "example 2"), ([{"text": 7, "label": "x"}], "example 1"), ([7], "example 1"),
    ([{"text": "", "label": "x"}, {"text": " ", "label": "y"}], "no words"),
    ([{"text": "a", "label": ""}, {"text": "b", "label": "y"}], "a label"),
    ([{"text": f"a{n}", "label": f"l{n}"} for n in range(65)], "64 labels")], ids=lambda value: str(value)[:20])
def test_examples_that_are_none(ann, examples, said):
    done = trained(ann, training_data={"examples": examples})
    assert done.status == "failed" and said in done.error and done.model_id is None and done.accuracy is None


@pytest.mark.parametrize("change, field", [
    ({"training_data": {}}, "training_data.examples"), ({"training_data": {"examples": []}}, "training_data.examples"),
    ({"training_data": {"examples": "x"}}, "training_data.examples"), ({"training_data": None}, "training_data"),
    ({"base_model": "local:unheard-of"}, "base_model"), ({"base_model": "google:gemini-pro"}, "base_model"),
    ({"base_model": "replicate:meta/meta-llama-3-8b-instruct"}, "base_model"), ({"base_model": "string"}, "base_model"),
    ({"model_type": "image"}, "model_type"), ({"model_name": "a b"}, "model_name"), ({"model_name": ""}, "model_name")], ids=str)
def test_what_cannot_be_asked_for(ann, change, field):
    assert field in ann.post(TRAIN, wish(**change), 400).detail


def test_a_job_tells_of_its_training(ann, account):
    asked = ann.post(TRAIN, wish())
    job = until(lambda: (seen := ann.get(f"/api/jobs/{asked.job_id}")).status == "completed" and seen, "it has not ended")
    assert (job.kind, job.result.examples, job.result.labels, job.error) == ("ai.fit", len(EXAMPLES), 2, None)
    account("ailice").get(f"/api/jobs/{asked.job_id}", 404)
    account("ailice").get(f"{TRAIN}/{asked.training_id}", 404)


def test_hostile_texts_are_only_texts(ann):
    trained(ann)
    for text in ("\t\n", "x" * 32000, "🦊" * 16000, "é" * 32000, "'; drop table job; --", "%s%n", "﷽" * 9000, "\u0301" * 9000):
        assert predict(ann, text).output in ("good", "bad")


def test_a_model_whose_file_is_lost(ann, sql, depot, trouble):
    """That no other try helps: who asks is told that it failed, and the next training makes it whole."""
    trained(ann)
    key = sql("select storage_key from file where product = 'ailice' and name = 'model' and deleted_at is null and account_id = %s",
              ann.get("/api/auth/me").id)
    depot.file(key).unlink()
    predict(ann, "wonderful", expect=500)
    job = sql("select id from job where kind = 'ai.classify' and account_id = %s", ann.get("/api/auth/me").id)
    assert trouble.buried(job) == "the model's file is gone"
    shown = ann.get(f"/api/jobs/{job}")
    assert (shown.status, shown.result) == ("failed", None) and shown.error
    trained(ann)
    assert predict(ann, "wonderful, I am so happy").output == "good"


def test_a_large_training(ann):
    """As much as a request may bring."""
    many = [{"text": f"{one['text']} number {n}", "label": one["label"]} for n in range(1100) for one in EXAMPLES]
    done = trained(ann, training_data={"examples": many})
    assert done.status == "completed" and done.accuracy == 1
