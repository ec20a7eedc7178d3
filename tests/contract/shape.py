# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an answer has the shape of the reference's example: its keys in its order, more are allowed; its JSON types; and
where the example's text is a date, an address, a token or an id, a text of that form."""
import re

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A text that looks like the first in the example looks like the second in the answer, which is called the third.
FORMS = [(re.compile(example), re.compile(answer), what) for example, answer, what in (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "a time in UTC"),
    (r"\d{4}-\d\d-\d\d", r"\d{4}-\d\d-\d\d", "a date"),
    (r"https?://.*", r"https?://[^/\s]+/\S+", "an absolute URL"),
    (r"/api/\S*", r"/\S*", "a relative URL"),
    (r"eyJ\S*", r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{43}", "a signed token"),
    (r"job_uuid|" + UUID, UUID, "a UUID"),
)]
PREFIXED = re.compile(r"([a-z]{2,12}_)\d+")     # user_123


def type_name(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return {int: "whole number", float: "number", str: "text", list: "list", dict: "object"}.get(type(value), "object")


def text_trouble(example, value):
    prefixed = PREFIXED.fullmatch(example)
    if prefixed and not re.fullmatch(re.escape(prefixed[1]) + r"[1-9]\d*", value):
        return f"is no id such as {example}: {value}"
    for looks, must, what in FORMS:
        if looks.fullmatch(example):
            return None if must.fullmatch(value) else f"is not {what}: {value}"
    return None


def map_troubles(example, value, path, maps):
    if not value:
        yield f"{path} is empty, which shows nothing"
    for key, member in value.items():
        yield from troubles(next(iter(example.values())), member, f"{path}.{key}", maps)


def object_troubles(example, value, path, maps):
    known = [key for key in value if key in example]
    if known != [key for key in example if key in value]:
        yield f"{path or 'the body'} has its keys in another order: {', '.join(known)}"
    for key, member in example.items():
        place = f"{path}.{key}" if path else key
        if key in value:
            yield from troubles(member, value[key], place, maps)
        else:
            yield f"{place} is missing"


def list_troubles(example, value, path, maps):
    if example and not value:
        yield f"{path} is empty, which shows nothing"
    for number, member in enumerate(value if example else ()):
        yield from troubles(example[0], member, f"{path}[{number}]", maps)


def troubles(example, value, path="", maps=()):
    """What of the answer is not as in the example, one sentence each. A null in the example says nothing. maps are the
    paths of objects whose keys are data: each of their members is held against the example's first."""
    expected, given = type_name(example), type_name(value)
    if example is None:
        return
    if expected != given and (expected, given) != ("number", "whole number"):
        yield f"{path or 'the body'} is {given}, not {expected}"
    elif expected == "object":
        yield from (map_troubles if path in maps else object_troubles)(example, value, path, maps)
    elif expected == "list":
        yield from list_troubles(example, value, path, maps)
    elif expected == "text" and (trouble := text_trouble(example, value)):
        yield f"{path} {trouble}"
