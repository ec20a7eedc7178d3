# SPDX-License-Identifier: GPL-3.0-or-later
"""A right request for every row: the reference's example where it has one, else made from the row's fields."""
import json
import re
import secrets
import uuid
from urllib.parse import urlencode

import people
from run import key_of, load_cases
from wire import Request, encode

BOUNDARY = "frontier"
REFERENCE = {key_of(case["product"], case["method"], case["full_path"]): case["request"]
             for case in load_cases() if case["kind"] == "http" and isinstance(case["request"], dict)}
TEXTER = "+15550009999"         # somebody who texts: conftest.py sees to it that there is one
# What the reference's example asks for and this stack has not, and what a row wants besides what its fields require.
INSTEAD = {("figureforge", "image_generate"): {"model": "croquis"}, ("figureforge", "user_delete"): {"confirmation": "DELETE"},
           ("ailice", "train"): {"base_model": "local:text-classifier", "model_name": "mine",
                                 "training_data": {"examples": [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]}},
           **{row: {"payment_method_id": "pm_card_visa"} for row in (("nutrition", "subscription_create"), ("nutrition", "payment_method_create"),
                                                                     ("figureforge", "payment_method_set"))},
           ("figureforge", "subscription_checkout"): {"success_url": "https://example.org/yes", "cancel_url": "https://example.org/no"},
           ("expenses", "settlement_create"): {"payee_id": "usr_999999999", "group_id": "grp_999999999", "due_date": None},
           ("expenses", "payment_process"): {"settlement_id": "stl_1", "payment_method_id": "pm_1"},
           ("ailice", "integration_connect"): {"access_token": "mine"},
           ("nutrition", "ai_analyze"): {"text": "an apple"},
           ("smsagent", "task_create"): {"user_phone": TEXTER},
           ("expenses", "report_generate"): {"filters": {}},
           ("expenses", "expense_create"): {"category_id": "cat_1", "expense_type": None, "group_id": None, "split_data": None},
           ("expenses", "expense_split"): {"split_type": "equal", "split_data": {"participants": ["usr_1"]}},
           ("expenses", "group_create"): {"initial_members": []},           # nobody is invited over and over
           ("ailice", "media_transcode"): {"output_format": "png"}}        # what its owner has sent is a picture

# Rows that refuse whoever has nothing yet that they could act on, as the reference's gaps have it: with these words.
NOTHING_YET = {("figureforge", "subscription_cancel"): b"There is no subscription", ("figureforge", "subscription_reactivate"): b"There is no subscription",
               ("expenses", "settlement_create"): b"is none of your groups"}


def least(field):
    """A whole number within the bounds of a field."""
    return field["min"] if field["max"] < field["min"] or field["min"] > 0 else min(1, field["max"] or 1)


def text_of(field, letter="a"):
    return letter * max(field["min"], 1 if field["max"] < 8 else 8)


def list_of(field):
    return [value_of(field["fields"][0]) for _ in range(max(1, field["min"]))]


def object_of(field):
    return {one["name"]: value_of(one) for one in field.get("fields", ())}


VALUES = {
    "TEXT": text_of, "TOKEN": text_of, "WORD": text_of, "SLUG": text_of, "CODE": lambda field: text_of(field, "1"),
    "INTEGER": least, "DECIMAL": lambda field: str(least(field)), "NUMBER": least, "BOOLEAN": lambda field: True,
    "ENUM": lambda field: field["values"][0], "EMAIL": lambda field: people.email(),
    "UUID": lambda field: str(uuid.uuid4()), "ID": lambda field: f"{field.get('prefix', '')}999999999",
    "DATE": lambda field: "2026-01-15", "CLOCK": lambda field: "08:30", "TIME": lambda field: "2026-01-15T08:30:00Z",
    "ZONE_NAME": lambda field: "Europe/Berlin", "CURRENCY": lambda field: "EUR", "URL": lambda field: "https://example.org/x",
    "PHONE": lambda field: "+1555" + "".join(secrets.choice("0123456789") for _ in range(7)),
    "FILE_PART": lambda field: ("me.png", people.PNG), "OBJECT": object_of, "LIST": list_of,
}


def value_of(field):
    return VALUES[field["type"]](field)


def fields_of(row, place):
    return [field for field in row["fields"] if field["in"] == place]


def body_of(row):
    """The body's members. What must be nobody else's (addresses, numbers, names of users) is new each time."""
    known = REFERENCE.get(key_of(row["product"], row["method"], row["path"]), {})
    fresh = {"EMAIL", "PHONE", "FILE_PART"}
    body = {field["name"]: people.name() if field["name"] == "username" else
            known[field["name"]] if field["name"] in known and field["type"] not in fresh else value_of(field)
            for field in fields_of(row, "body") if field["required"] or field["name"] in known}
    return {**body, **INSTEAD.get((row["product"], row["name"]), {})}


def parts_of(body):
    told = b""
    for name, value in body.items():
        filename, content = value if isinstance(value, tuple) else (None, str(value).encode())
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"' + \
            (f'; filename="{filename}"\r\nContent-Type: image/png' if filename else "")
        told += head.encode() + b"\r\n\r\n" + content + b"\r\n"
    return told + f"--{BOUNDARY}--\r\n".encode()


FORMS = {
    "json": ("application/json", lambda body: json.dumps(body).encode()),
    "form": ("application/x-www-form-urlencoded", lambda body: urlencode(body).encode()),
    "parts": (f"multipart/form-data; boundary={BOUNDARY}", parts_of),
}


def done_of(row):
    """The statuses of a success: of a row that waits for its job 200 as well, when that has ended in time."""
    return {row["status"], 200} if row["waits"] else {row["status"]}


def sent_as(row, body):
    """The header that says how, and the bytes."""
    kind, write = FORMS[row["form"]]
    return (b"Content-Type", kind.encode()), write(body)


KNOWN = {"service": "slack"}        # parameters that are one of a few words, and refused when they are not


def path_of(row, values=None):
    """The row's path with the values of its parameters; those that are not given name what there is not."""
    given = {field["name"]: KNOWN.get(field["name"]) or value_of(field) for field in fields_of(row, "path")}
    given.update(values or {})
    return re.sub(r"\{(\w+)\}", lambda name: encode(given[name[1]]).decode(), row["path"])


def root_of(row):
    """Where the paths of the row's product begin."""
    return row.get("root") or f"/{row['product']}"


def request_of(row, caller=None, values=None, query="", address="10.255.0.1"):
    """As a Request. values: of path parameters, and of the body's members that name objects."""
    if named := {field["name"]: values[field["name"]] for field in fields_of(row, "query") if field["name"] in (values or {})}:
        query += f"{'&' if query else '?'}{urlencode(named)}"
    request = Request(row["method"], f"{root_of(row)}{path_of(row, values)}{query}".encode(),
                      [(b"X-Forwarded-For", address.encode()), *(caller.proof if caller else ())])
    if fields_of(row, "body"):
        members = body_of(row)
        members.update({name: value for name, value in (values or {}).items()
                        if any(field["name"] == name for field in fields_of(row, "body"))})
        header, request.body = sent_as(row, members)
        request.headers.append(header)
    return request
