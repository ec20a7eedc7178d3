#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs that reach every row: seeds.py FRONT FOLDER

FRONT is a millrace-front, which describes its rows. FOLDER/request gets a request for each, with a value for each field;
FOLDER/route its method and path; FOLDER/request.dict the names of all fields.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

SAMPLES = {"email": "ann@example.org", "date": "2024-01-15", "date-time": "2024-01-15T10:30:00Z", "time": "08:30",
           "uri": "https://example.org/", "uuid": "123e4567-e89b-12d3-a456-426614174000"}
TOKENS = ("Bearer", "Token", "millrace_session=1.00000000000000000000000000000000", "multipart/form-data; boundary=x",
          "REQUEST_METHOD=", "REQUEST_URI=/", "CONTENT_TYPE=application/json", "HTTP_AUTHORIZATION=", "HTTP_COOKIE=",
          "HTTP_ACCEPT=", "HTTP_IDEMPOTENCY_KEY=", "HTTP_IF_NONE_MATCH=", "HTTP_PREFER=", "HTTP_ORIGIN=", "REMOTE_ADDR=127.0.0.1")


def sample(schema):
    """A value that the schema takes, mostly."""
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        return {name: sample(inner) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {}))] * max(schema.get("minItems", 1), 1)
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 1), 1)
    if kind == "boolean":
        return True
    if schema.get("pattern", "").startswith("^"):
        prefix = re.match(r"\^([a-z]+_)?", schema["pattern"])[1] or ""
        return "+15551234567" if "\\+" in schema["pattern"] else prefix + "1"
    return SAMPLES.get(schema.get("format"), "a" * max(schema.get("minLength", 1), 1))


def body_of(operation):
    """Its Content-Type and text; two empty ones when it has none."""
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        value = sample(content["schema"])
        if media == "multipart/form-data":
            parts = (f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n{text}\r\n'
                     for name, text in value.items())
            return media + "; boundary=x", "".join(parts) + "--x--\r\n"
        if media == "application/x-www-form-urlencoded":
            return media, "&".join(f"{name}={text}" for name, text in value.items())
        return media, json.dumps(value, separators=(",", ":"))
    return "", ""


def uri_of(product, path, operation):
    given = {"path": {}, "query": {}}
    for parameter in operation.get("parameters", ()):
        if "name" in parameter and parameter.get("in") in given:
            given[parameter["in"]][parameter["name"]] = str(sample(parameter.get("schema", {})))
    path = re.sub(r"{(\w+)}", lambda name: given["path"].get(name[1], "1").replace("+", "%2B"), path)
    query = "&".join(f"{name}={value}" for name, value in given["query"].items())
    return f"/{product}{path}" + ("?" + query if query else "")


def names_in(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "properties":
                yield from inner
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


def main(front, folder):
    words = set(TOKENS)
    rows = json.loads(subprocess.run([front, "--endpoints"], check=True, capture_output=True, text=True).stdout)
    for name in ("request", "route"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for product in sorted({row["product"] for row in rows}):
        described = json.loads(subprocess.run([front, "--openapi", product], check=True, capture_output=True, text=True).stdout)
        words.update(names_in(described["paths"]))
        for path, methods in described["paths"].items():
            for method, operation in methods.items():
                uri, (media, body) = uri_of(product, path, operation), body_of(operation)
                lines = [f"REQUEST_METHOD={method.upper()}", f"REQUEST_URI={uri}"]
                lines += [f"CONTENT_TYPE={media}"] if media else []
                name = f"{product}-{operation['operationId']}"
                (folder / "request" / name).write_text("\n".join([*lines, "", body]), newline="")
                (folder / "route" / name).write_text(f"{method.upper()}\n{uri}")
    (folder / "request.dict").write_text("".join(f'"{word}"\n' for word in sorted(words)))


main(sys.argv[1], Path(sys.argv[2]))
