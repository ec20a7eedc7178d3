# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked of a generation, and what is said of what may not."""
import json

import pytest

from client import GENERATE


def refused(client, body, *fields):
    """400, with each of the fields named and no other; nothing was put and nothing paid."""
    error = client.post(GENERATE, body, 400).error
    assert set(error.details) == set(fields), error
    assert client.quota().used == 0
    return error


@pytest.mark.parametrize("size", [0, -1, 5, 17, 10 ** 18, "x", "1", "", 1.5, 1.0, True, None, [], {}])
def test_bad_batch_sizes(alice, size):
    refused(alice, {"prompt": "a fox", "batch_size": size}, "batch_size")


def test_a_number_beyond_all_bounds(alice):
    alice.post(GENERATE, data=b'{"prompt": "a fox", "batch_size": %s}' % (b"9" * 400), expect=400)
    alice.post(GENERATE, data=b'{"prompt": "a fox", "batch_size": 1e999}', expect=400)


def test_the_plan_bounds_the_batch(alice):
    error = refused(alice, {"prompt": "a fox", "batch_size": 5}, "batch_size")
    assert "free" in error.details.batch_size and "4" in error.details.batch_size


@pytest.mark.parametrize("prompt", [None, "", 7, True, ["a fox"], {"text": "a fox"}, "x" * 2001, "é" * 2001, "🦊" * 2001,
                                    "a\x01fox", "a\x1b[31mfox", "a\x7ffox", "a\x85fox"],
                         ids=lambda prompt: repr(prompt)[:16])
def test_bad_prompts(alice, prompt):
    refused(alice, {"prompt": prompt}, "prompt")


def test_no_prompt(alice):
    assert refused(alice, {}, "prompt").details.prompt == "is required"
    refused(alice, {"batch_size": 1, "model": "croquis"}, "prompt")


@pytest.mark.parametrize("prompt", ["x", "x" * 2000, "🦊" * 2000, "a fox\n\tat dawn\r\n", "'; drop table account; --",
                                    "%s %n :account_id $1 \\ \" </script>", "ἀλώπηξ 狐 ثعلب", " "],
                         ids=lambda prompt: repr(prompt)[:16])
def test_a_prompt_is_kept_as_it_was(alice, accepted, sql, prompt):
    job = accepted(alice, {"prompt": prompt})
    for kept in ("prompt from figureforge.generation", "args ->> 'prompt' from job"):
        assert json.loads(sql(f"select to_json({kept.replace(' from', ') from', 1)} where id = %s", job.job_id)) == prompt


def test_a_prompt_comes_back_as_it_was(alice):
    prompt = "ἀλώπηξ 狐 '; drop table job; -- \" \\ %s </script>\n" + "🦊" * 1900
    image = alice.draw(prompt=prompt).images[0]
    assert alice.get(f"/api/images/{image.id}/").prompt == prompt


def test_unicode_that_is_none(alice):
    for text in (b'"\xff"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\u0000"', b'"a\x00b"'):
        alice.post(GENERATE, data=b'{"prompt": %s}' % text, expect=400)


@pytest.mark.parametrize("filters, field", [
    ({"pose": "Standing"}, "filters.pose"), ({"pose": ""}, "filters.pose"), ({"pose": "x" * 33}, "filters.pose"),
    ({"pose": "a b"}, "filters.pose"), ({"pose": 1}, "filters.pose"), ({"pose": None}, "filters.pose"),
    ({"pose": ["standing"]}, "filters.pose"), ({"background": "../x"}, "filters.background"),
    ("pose", "filters"), (["pose"], "filters"), (None, "filters"), (1, "filters")], ids=str)
def test_bad_filters(alice, filters, field):
    refused(alice, {"prompt": "a fox", "filters": filters}, field)


def test_all_that_is_wrong_is_told_at_once(alice):
    refused(alice, {"batch_size": 0, "model": "no such model", "filters": {"pose": "A", "lighting": "B"}},
            "prompt", "batch_size", "model", "filters.pose", "filters.lighting")


def test_unknown_fields_count_for_nothing(alice):
    job = alice.draw(filters={"pose": "standing", "mood": "ANY THING", "x": None}, account_id=1, status="completed")
    image = alice.get(f"/api/images/{job.images[0].id}/")
    assert (image.filters, image.tags) == ({"pose": "standing"}, ["pose:standing"])


@pytest.mark.parametrize("model", ["flux-pro", "gpt-image"])
def test_a_model_that_cannot_be_used_here(alice, model, sql):
    sql("update provider set available = false where name in ('openai', 'replicate')")
    try:
        error = alice.post(GENERATE, {"prompt": "a fox", "model": model}, 503).error
        assert not {one.id: one.available for one in alice.get("/api/images/models/").models}[model]
    finally:
        sql("update provider set available = true where name in ('openai', 'replicate')")
    assert "model" in error.details
    assert alice.quota().used == 0


@pytest.mark.parametrize("model", ["no-such-model", "", "croquis ", "CROQUIS", 1, None, "x" * 65, "a/b"])
def test_an_unknown_model(alice, model):
    refused(alice, {"prompt": "a fox", "model": model}, "model")


# -- bodies ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("body", [b"{", b"{]", b"{'prompt': 'x'}", b'{"prompt": "x",}', b'{"prompt": "x"} {}', b"prompt=x",
                                  b'{"prompt": "x"}x', b"\xef\xbb\xbf{}", b"NaN", b'{"prompt": "x", "n": NaN}', b"{\x00}",
                                  b'{"prompt": "x", "prompt": "y"}', b'{"a": {"b": 1, "b": 2}, "prompt": "x"}'],
                         ids=repr)
def test_what_is_no_json(alice, body):
    answer = alice.post(GENERATE, data=body, expect=400)
    assert "JSON" in answer.error.message and answer.error.details == {}


@pytest.mark.parametrize("body", [b"[]", b'["prompt"]', b'"prompt"', b"null", b"1", b"true"], ids=repr)
def test_json_that_is_no_object(alice, body):
    assert "object" in alice.post(GENERATE, data=body, expect=400).error.message


def nested(levels):
    """An object with so many levels in all."""
    return b'{"prompt": "a fox", "x": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def test_depth(alice, accepted):
    accepted(alice, data=nested(64))
    assert "deep" in alice.post(GENERATE, data=nested(65), expect=400).error.message
    alice.post(GENERATE, data=nested(200000), expect=400)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json",
                                  "application/jsonp", "application/json-patch+json", "application", "", None])
def test_another_content_type(alice, kind):
    answer = alice.post(GENERATE, data=b'{"prompt": "a fox"}', expect=400, headers={"Content-Type": kind})
    assert "application/json" in answer.error.message


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON",
                                  "application/json;charset=UTF-8", "application/json ; x=y"])
def test_json_by_its_names(alice, accepted, kind):
    accepted(alice, {"prompt": "a fox"}, headers={"Content-Type": kind})


def test_no_body_is_an_empty_object(alice):
    refused(alice, None, "prompt")
    alice.post(GENERATE, data=b"", expect=400)
    alice.post("/api/auth/verify/")


def padded(size):
    """A good request of so many bytes."""
    body = json.dumps({"prompt": "a fox", "padding": ""})
    body = body.replace('"padding": ""', '"padding": "' + "x" * (size - len(body)) + '"').encode()
    assert len(body) == size
    return body


@pytest.mark.parametrize("size", [65535, 65536, 65537, 300000, 1 << 20])
def test_a_large_body_that_is_allowed(alice, accepted, size):
    accepted(alice, data=padded(size))


@pytest.mark.parametrize("size", [(1 << 20) + 1, 3 << 19, 3 << 20])
def test_a_body_that_is_too_large(alice, size):
    alice.post(GENERATE, data=padded(size), expect=413)
    assert alice.quota().used == 0


def test_a_body_that_is_cut(alice):
    head = (f"POST /figureforge{GENERATE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {alice.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n").encode()
    answer = alice.raw(head + b'{"prompt": "a fox"}', half_close=True)
    assert answer is None or answer.status_code == 400
    assert alice.quota().used == 0


def test_a_chunked_body(alice, accepted):
    def chunks():
        yield b'{"prompt": '
        yield b'"a fox"}'
    accepted(alice, data=chunks())
