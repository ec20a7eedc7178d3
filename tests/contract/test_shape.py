# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's own measure: what it lets through and what it does not."""
import pytest

from shape import troubles

UUID = "01a1fc00-0000-7000-8000-000000000000"


@pytest.mark.parametrize("example, answer", [
    ({"a": 1}, {"a": 2}), ({"a": 1}, {"a": 2, "more": None}), ({"a": 1, "b": 2}, {"a": 1, "more": 0, "b": 2}), ({}, {"a": 1}),
    ({"a": 1.5}, {"a": 2}), ({"a": None}, {"a": {"b": 1}}), ({"a": []}, {"a": []}), ({"a": []}, {"a": [1]}),
    ({"a": [{"b": 1}]}, {"a": [{"b": 2}, {"b": 3, "c": 4}]}), ({"a": "user_123"}, {"a": "user_7"}),
    ({"a": "2024-01-15T10:30:00Z"}, {"a": "2026-11-22T00:00:00Z"}), ({"a": "job_uuid"}, {"a": UUID}), ({"a": "x"}, {"a": ""}),
    ({"a": "https://cdn.example.com/image.jpg"}, {"a": "http://127.0.0.1:8080/figureforge/files/x/y.png"}),
], ids=str)
def test_holds(example, answer):
    assert list(troubles(example, answer)) == []


@pytest.mark.parametrize("example, answer, why", [
    ({"a": 1}, {}, "a is missing"), ({"a": {"b": 1}}, {"a": {}}, "a.b is missing"), ({"a": 1}, {"a": "1"}, "a is text"),
    ({"a": 1}, {"a": 1.5}, "a is number"), ({"a": 1}, {"a": True}, "a is boolean"), ({"a": True}, {"a": 1}, "a is whole"),
    ({"a": 1}, {"a": None}, "a is null"), ({"a": []}, {"a": {}}, "a is object"), ({"a": 1}, [], "the body is list"),
    ({"a": [{"b": 1}]}, {"a": []}, "a is empty"), ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {}]}, "a[1].b is missing"),
    ({"a": "user_123"}, {"a": "7"}, "a is no id"), ({"a": "user_123"}, {"a": "user_07"}, "a is no id"),
    ({"a": "2024-01-15T10:30:00Z"}, {"a": "2026-11-22 00:00:00+00"}, "a is not a time"),
    ({"a": "https://x.example/y"}, {"a": "/y"}, "a is not an absolute"), ({"a": "job_uuid"}, {"a": "7"}, "a is not a UUID"),
    ({"a": "eyJ0eXAiOiJKV1QiLCJhbGc..."}, {"a": "eyJhbGciOiJub25lIn0.e30."}, "a is not a signed"),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "the body has its keys in another order"),
], ids=str)
def test_does_not_hold(example, answer, why):
    found = list(troubles(example, answer))
    assert len(found) == 1 and found[0].startswith(why), found


@pytest.mark.parametrize("answer, why", [
    ({"a": {"x": {"n": 1}, "y": {"n": 2}}}, None), ({"a": {}}, "a is empty"), ({"a": {"x": {"n": 1}, "y": {}}}, "a.y.n is missing"),
    ({"a": {"x": 1}}, "a.x is whole number"),
], ids=str)
def test_keys_that_are_data(answer, why):
    found = list(troubles({"a": {"/api/": {"n": 1}}}, answer, maps=("a",)))
    assert [why] == [line[:len(why)] for line in found] if why else found == []
