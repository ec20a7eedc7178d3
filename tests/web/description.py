# SPDX-License-Identifier: GPL-3.0-or-later
"""An OpenAPI document, and what it says of a call."""
import copy
import json
import re
from fnmatch import fnmatchcase
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator, FormatChecker, RefResolver

SOMETIMES = re.compile("RateLimit|^(Idempotent-Replayed|Preference-Applied|Retry-After)$")


def closed(schema):
    """The schema with nothing allowed that it does not name: what is answered must be described."""
    if isinstance(schema, list):
        return [closed(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(member) for name, member in schema.items()}
    if "properties" in schema and schema.get("type") in ("object", ["object", "null"]):
        schema["additionalProperties"] = False
    return schema


class Description:
    def __init__(self, document):
        self.document = document
        self._closed = closed(copy.deepcopy(document))

    def operations(self):
        """(method, path) -> operation"""
        return {(method.upper(), path): operation for path, methods in self.document["paths"].items()
                for method, operation in methods.items()}

    def find(self, method, path):
        """The operation that a path with parameters of other names, or a slash less at the end, means."""
        def shape(text):
            return re.sub(r"\{\w+\}", "{}", text).rstrip("/")
        found = [operation for (of, at), operation in self.operations().items()
                 if of == method and shape(at) == shape(path)]
        assert len(found) == 1, f"{method} {path} is described {len(found)} times"
        return found[0]

    def resolve(self, thing):
        while "$ref" in thing:
            at = self.document
            for part in thing["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            thing = at
        return thing

    def troubles(self, schema, value):
        """What of a value is not as the schema has it, one sentence each."""
        resolver = RefResolver("", self._closed)
        validator = Draft202012Validator(closed(copy.deepcopy(schema)), resolver=resolver, format_checker=FormatChecker())
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def request_troubles(self, operation, request):
        """Of a request of the tests' client: the kind of its body, and the body where it is JSON."""
        content, kind = operation["requestBody"]["content"], request.headers["Content-Type"].split(";")[0]
        if kind not in content:
            return [f"a body of {kind} is not described"]
        if kind == "application/x-www-form-urlencoded":
            told = set(content[kind]["schema"]["properties"])
            return [f"the field {name} is not described" for name, _ in parse_qsl(request.body, True) if name not in told]
        return self.troubles(content[kind]["schema"], json.loads(request.body)) if kind == "application/json" else []

    def answer_troubles(self, operation, answer):
        """Of an answer of the tests' client."""
        status = str(answer.http.status_code)
        if status not in operation["responses"] and "default" not in operation["responses"]:
            return [f"status {status} is not described"]
        response = self.resolve(operation["responses"].get(status) or operation["responses"]["default"])
        missing = [name for name in response.get("headers", ()) if name not in answer.http.headers and not SOMETIMES.search(name)]
        told = [f"the header {name} is missing" for name in missing]
        if "content" not in response:
            return told + (["there is a body, which is not described"] if answer.http.content else [])
        kind = answer.http.headers["Content-Type"].split(";")[0]
        if not any(fnmatchcase(kind, media) for media in response["content"]):  # a range is a key of its own: */*
            return told + [f"a body of {kind} is not described"]
        return told + (self.troubles(response["content"][kind]["schema"], answer.value) if kind == "application/json" else [])
