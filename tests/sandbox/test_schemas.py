# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model that is none answers when it is given a JSON schema: an instance of it, whatever it is."""
import json

import jsonschema
import pytest

FOOD = {"type": "object", "required": ["name", "grams", "confidence"], "additionalProperties": False,
        "properties": {"name": {"type": "string"}, "grams": {"type": "number", "minimum": 0, "maximum": 2000},
                       "confidence": {"type": "number", "minimum": 0, "maximum": 1}}}
TREE = {"type": "object", "required": ["name", "children"], "properties": {"name": {"type": "string"},
                                                                          "children": {"type": "array", "items": {"$ref": "#"}}}}
CHAIN = {"$ref": "#/$defs/link", "$defs": {"link": {"type": "object", "required": ["value", "next"], "properties": {
    "value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/link"}, {"type": "null"}]}}}}}
SCHEMAS = {
    "foods": {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": FOOD, "minItems": 1}}},
    "a tree": TREE,
    "a chain": CHAIN,
    "bounds": {"type": "object", "required": ["a", "b", "c", "d"], "properties": {
        "a": {"type": "integer", "exclusiveMinimum": 5}, "b": {"type": "number", "exclusiveMaximum": 0},
        "c": {"type": "integer", "minimum": 7, "multipleOf": 5}, "d": {"type": "number", "minimum": 0.25, "maximum": 0.5}}},
    "texts": {"type": "object", "required": ["short", "long", "date", "time", "mail", "id"], "properties": {
        "short": {"type": "string", "maxLength": 3}, "long": {"type": "string", "minLength": 500}, "date": {"type": "string", "format": "date"},
        "time": {"type": "string", "format": "date-time"}, "mail": {"type": "string", "format": "email"}, "id": {"type": "string", "format": "uuid"}}},
    "patterns": {"type": "object", "required": ["a", "b", "c", "d", "e", "f"], "properties": {
        "a": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}, "b": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "c": {"type": "string", "pattern": r"^\+[1-9]\d{7,14}$"}, "d": {"type": "string", "pattern": "^ab?c*$"},
        "e": {"type": "string", "pattern": r"^[\w.]+@x\.com$"}, "f": {"type": "string", "pattern": "^[^a]$"}}},
    "choices": {"type": "object", "required": ["a", "b", "c", "d"], "properties": {
        "a": {"enum": ["x", 1, None]}, "b": {"const": {"z": 1}}, "c": {"type": ["null", "integer"]},
        "d": {"oneOf": [{"type": "boolean"}, {"type": "string"}]}}},
    "counts": {"type": "array", "minItems": 5, "maxItems": 5, "items": {"type": "array", "maxItems": 1, "items": {"type": "boolean"}}},
    "parts": {"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                        {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}]},
    "nothing said": {},
}


def ask(sandbox, schema, words):
    answer = sandbox.post("/openai/v1/chat/completions", {
        "model": "gpt-4o", "messages": [{"role": "system", "content": "You are a cook."}, {"role": "user", "content": words}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}})
    return json.loads(answer["choices"][0]["message"]["content"])


@pytest.mark.parametrize("words", ("", "Rice with chicken breast, and an apple.", "é\n\"quoted\" \\ {}" * 40), ids=("none", "foods", "odd"))
@pytest.mark.parametrize("name", SCHEMAS)
def test_an_answer_is_an_instance(sandbox, name, words):
    answer = ask(sandbox, SCHEMAS[name], words)
    jsonschema.validate(answer, SCHEMAS[name], format_checker=jsonschema.FormatChecker())
    assert ask(sandbox, SCHEMAS[name], words) == answer


def test_the_words_say_which_foods(sandbox):
    items = ask(sandbox, SCHEMAS["foods"], "Rice with chicken breast, and an apple.")["items"]
    assert [item["name"] for item in items] == ["rice", "chicken breast", "apple"]
    assert len(ask(sandbox, SCHEMAS["foods"], "What is it?")["items"]) == 3


def test_the_words_choose_of_an_enum(sandbox):
    kinds = {"type": "object", "properties": {"kind": {"enum": ["question", "reminder", "spam"]}}}
    assert [ask(sandbox, kinds, words)["kind"] for words in ("This is SPAM", "A reminder, please", "Hello")] == ["spam", "reminder", "question"]
