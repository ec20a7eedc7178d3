#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold every endpoint against the reference (contract.json): its own example is sent to the stack that MILLRACE_STACK
describes, and the answer must have the example's status, type and shape. Prints what holds, what does not and what is
still to do. Exits 1 when a row that is there does not hold."""
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlencode

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "api"), str(HERE)]
import ailice                                                   # noqa: E402
import expenses                                                 # noqa: E402
import figureforge                                              # noqa: E402
import nutrition                                                # noqa: E402
import smsagent                                                 # noqa: E402
from client import Client, Mailbox, Record, load_stack          # noqa: E402
from shape import troubles                                      # noqa: E402
from till import Till                                           # noqa: E402

FIXTURES = {module.__name__: module.Fixture for module in (nutrition, smsagent, expenses, ailice, figureforge)}


def key_of(product, method, path):
    """Parameters may have other names, and a slash at the end counts for nothing."""
    return product, method, re.sub(r"\{\w+\}", "{}", path).rstrip("/")


def send(fixture, case):
    """The case's example; the answer has been checked for what every answer must have."""
    path = re.sub(r"\{(\w+)\}", lambda name: str(fixture.path[name[1]]), case["full_path"])
    path += getattr(fixture, "queries", {}).get(case["id"], "")
    body = case["request"]
    if case["id"] in fixture.bodies:
        body = fixture.bodies[case["id"]](fixture, body)
    client = fixture.clients[case["auth"]]
    if case["content_type"] == "multipart/form-data":
        return client.upload(path, case["status"], **fixture.parts(case["id"], body))
    if case["content_type"] == "application/x-www-form-urlencoded":
        headers = {"Content-Type": case["content_type"], **fixture.signature(path, body)}
        return client.call(case["method"], path, case["status"], data=urlencode(body), headers=headers)
    if case["auth"] == "signature":
        data = json.dumps(body).encode()
        return client.call(case["method"], path, case["status"], data=data, headers=Till(client.stack).signed(data))
    return client.call(case["method"], path, case["status"], body)


def hold_event(fixture, case):
    """What is wrong with what a subscriber is sent when the fixture causes the case's event; nothing when it holds."""
    try:
        event = fixture.cause(case["id"])
    except (AssertionError, KeyError, OSError) as why:
        return [f"{type(why).__name__}: {why}"]
    if not event.signed_with(fixture.secret):
        return ["its signature is not that of the subscription's secret"]
    if event.headers["Content-Type"] != case["content_type"]:
        return [f"its type is {event.headers['Content-Type']}, not {case['content_type']}"]
    return list(troubles(case["request"], event.body))


def hold(fixture, case):
    """What is wrong with the answer to the case's example; nothing when it holds."""
    if case["kind"] == "webhook_out":
        return hold_event(fixture, case)
    try:
        answer = send(fixture, case)
    except (AssertionError, KeyError, OSError) as why:
        return [f"{type(why).__name__}: {why}"]
    if case["id"] in getattr(fixture, "after", {}):
        fixture.after[case["id"]](fixture, case)
    kind, wanted = answer.http.headers.get("Content-Type"), getattr(fixture, "types", {}).get(case["id"], case["response_content_type"])
    if kind != wanted:
        return [f"the answer's type is {kind}, not {wanted}"]
    if wanted is None:
        return [] if not answer.http.content else [f"there is a body: {answer.http.content[:100]!r}"]
    example = case["response"] if case["response"] is not None else case["proposed_response"]
    if wanted == "application/xml":
        return [] if answer.http.text == example else [f"the answer is {answer.http.text!r}"]
    return list(troubles(example, answer.value, maps=getattr(fixture, "maps", {}).get(case["id"], ())))


def fixtures_of(products, cases, stack, rows):
    record, mailbox = Record(rows), Mailbox(stack)
    examples = {case["id"]: case["request"] for case in cases}
    if strangers := sorted(products - FIXTURES.keys()):
        sys.exit(f"contract: {', '.join(strangers)} has rows but no fixture: add it to FIXTURES of {__file__}")
    return {product: FIXTURES[product](lambda product=product: Client(stack, product, record), mailbox, examples)
            for product in products}


def load_cases():
    return json.loads((HERE / "contract.json").read_text())["cases"]


def ready_of(cases, rows):
    """Those that there is a row for; and events that the product's fixture can cause."""
    there = {key_of(row["product"], row["method"], row["path"]) for row in rows}
    caused = {event for fixture in FIXTURES.values() for event in getattr(fixture, "causes", ())}
    return [case for case in cases if case["id"] in caused or
            (case["kind"] == "http" and key_of(case["product"], case["method"], case["full_path"]) in there)]


def main():
    cases, stack = load_cases(), load_stack()
    rows = json.loads(subprocess.check_output([f"{stack['bin']}/millrace-front", "--endpoints"]))
    ready = ready_of(cases, rows)
    fixtures = fixtures_of({case["product"] for case in ready}, cases, stack, rows)
    failures = 0
    for case in ready:
        why = hold(fixtures[case["product"]], case)
        failures += bool(why)
        print(f"{'FAILS' if why else 'holds'}  {case['id']}")
        for line in why:
            print(f"       {line}")
    to_do = defaultdict(list)
    for case in cases:
        if case not in ready:
            to_do[case["product"]].append(case["id"].removeprefix(case["product"] + "."))
    for product, ids in to_do.items():
        print(f"to do  {product}: {len(ids)} ({', '.join(ids)})")
    print(f"contract: {len(ready) - failures} of {len(cases)} rows hold" + (f", {failures} do not" if failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
