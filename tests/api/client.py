# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of a product's API, as tests want them: one line says what is asked and what must come back.

    job = alice.post("/api/images/generate/", {"prompt": "a runner"}, 202)
    assert alice.get(f"/api/images/job/{job.job_id}/").status == "queued"
    bob.get(f"/api/images/job/{job.job_id}/", 404)

What comes back is the body, its members as attributes; `.http` is the response around it. Of every answer it is
checked here what every answer must have: a request id, nosniff, and for an error the product's envelope.
"""
import contextlib
import http.client
import itertools
import json
import os
import random
import re
import socket
import time
from pathlib import Path

import requests

from dialects import check_body, scheme_of

PATIENCE = 60.0      # seconds a job may take on a busy machine
POLL = 0.05          # seconds between two looks at it
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
ENDED = ("completed", "failed", "cancelled")
GENERATE = "/api/images/generate/"
ROOTS = {"operator": "/-/operator"}      # of realms that are no products


def load_stack():
    """What tools/stack says of the stack that is up now."""
    return json.loads(Path(os.environ["MILLRACE_STACK"]).read_text())


def called_file(stack):
    """Where the tests of a stack write which rows they have called."""
    return Path(stack["state"]) / "called.json"


class Thing(dict):
    """A JSON object whose members are attributes."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no {name} in {json.dumps(self)[:500]}") from None


class Answer(Thing):
    """The body of a response; `.value`, all of it as it came; and `.http`:
    status_code, headers, content."""

    def __init__(self, response):
        body = {}
        if response.headers.get("Content-Type", "").startswith("application/json") and response.content:
            body = json.loads(response.content, object_hook=Thing)
        super().__init__(body if isinstance(body, dict) else {})
        object.__setattr__(self, "value", body)
        object.__setattr__(self, "http", response)


class RawResponse:
    """What came back on a socket, in the form of requests' responses. A header that came twice is one with two values."""

    def __init__(self, response):
        self.status_code, self.content = response.status, response.read()
        self.headers = requests.structures.CaseInsensitiveDict(
            (name, ", ".join(response.headers.get_all(name))) for name in response.headers)


def check_answer(product, answer):
    """What holds for every answer of the front."""
    headers, status = answer.http.headers, answer.http.status_code
    assert REQUEST_ID.fullmatch(headers["X-Request-ID"]), dict(headers)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers or not re.search(r"\d", headers["Server"])
    if status >= 400 and answer.http.content:
        assert headers["Content-Type"] == "application/json" and "no-store" in headers["Cache-Control"], dict(headers)
    described = "openapi" in answer          # the description itself, which is in no product's form
    if headers.get("Content-Type", "").startswith("application/json") and answer.http.content and not described:
        check_body(product, answer.value, status)
    if status == 401:
        assert headers["WWW-Authenticate"] == scheme_of(product)
    if status in (429, 503):
        assert int(headers["Retry-After"]) > 0


class Record:
    """Which rows of the front's tables have been called, and answered as they should."""

    def __init__(self, rows):
        self.rows = rows
        self.seen = set()
        self._patterns = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", row["path"].rstrip("/")) + "/?"), row)
                          for row in rows]
        self._patterns.sort(key=lambda pattern: pattern[1]["path"].count("{"))   # literals win over parameters

    def note(self, product, method, path, status):
        path = path.split("?")[0]
        for pattern, row in self._patterns:
            if row["product"] == product and row["method"] == method and pattern.fullmatch(path):
                if row["status"] == status and "sql" in row:
                    self.seen.add(row["sql"])
                return

    def keep(self, path):
        """What every product has need be called in one of them. Rows without a statement are tests/web's."""
        path.write_text(json.dumps({"rows": sorted({row["sql"] for row in self.rows if "sql" in row}), "called": sorted(self.seen)}))


class Client:
    """Somebody at an address of his own, who may have signed in."""

    _addresses = itertools.count(random.randrange(1 << 23))   # of 10.0.0.0/8; a stack may outlive a run of the tests

    def __init__(self, stack, product, record):
        number = next(self._addresses) % (1 << 24)
        self.address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        self.stack, self.product, self.record = stack, product, record
        self.base = stack["url"] + ROOTS.get(product, "/" + product)
        self.token = self.refresh = self.email = self.id = None
        self.headers = {}                                     # that go with every call
        self._session = requests.Session()
        self._session.trust_env = False

    # -- one line each ---------------------------------------------------------------------------------------------

    def get(self, path, expect=200, **more):
        return self.call("GET", path, expect, **more)

    def head(self, path, expect=200, **more):
        return self.call("HEAD", path, expect, **more)

    def delete(self, path, expect=200, **more):
        return self.call("DELETE", path, expect, **more)

    def post(self, path, body=None, expect=200, **more):
        return self.call("POST", path, expect, body, **more)

    def either(self, path, *statuses):
        """What is there, or what is said of its not being there."""
        response = self._session.get(self.base + path, timeout=PATIENCE, allow_redirects=False,
                                     headers={"X-Forwarded-For": self.address, "Authorization": f"{scheme_of(self.product)} {self.token}"})
        assert response.status_code in (statuses or (200, 404)), response.text
        return Answer(response)

    def attempt(self, path, body=None):
        """A POST whose end the test does not know: its status."""
        response = self._session.post(self.base + path, timeout=PATIENCE, allow_redirects=False, json=body, headers={
            "X-Forwarded-For": self.address, "Authorization": f"{scheme_of(self.product)} {self.token}", **self.headers})
        check_answer(self.product, Answer(response))
        self.record.note(self.product, "POST", path, response.status_code)
        return response.status_code

    def call(self, method, path, expect=200, body=None, data=None, headers=None):
        """body is sent as JSON, data as it is. path may be a whole link from an answer. headers: None takes one
        away that would have been sent."""
        sent = {"X-Forwarded-For": self.address, **self.headers}
        if self.token:
            sent["Authorization"] = f"{scheme_of(self.product)} {self.token}"
        if body is not None or data is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        if path.startswith(self.base):
            path = path[len(self.base):]
        response = self._session.request(method, self.base + path, headers=sent, timeout=PATIENCE,
                                         data=json.dumps(body) if body is not None else data, allow_redirects=False)
        if response.status_code == 302 and "s3" in self.stack:
            return self._from_s3(method, path, response, headers or {}, expect)
        self.record.note(self.product, method, path, response.status_code)
        return self._checked(Answer(response), expect, f"{method} {path}")

    def _from_s3(self, method, path, redirect, headers, expect):
        """What the bucket gives, to which a link of ours leads for a short while."""
        check_answer(self.product, Answer(redirect))
        there = redirect.headers["Location"]
        assert there.startswith(self.stack["s3"] + "/files/") and redirect.headers["Cache-Control"] == "private" and \
            redirect.content == b"", redirect.headers
        kept = {name: value for name, value in headers.items() if value and name != "Authorization"}
        response = requests.request(method, there, headers=kept, timeout=PATIENCE, allow_redirects=False)
        assert response.status_code == expect, f"{method} {path}, {there}: {response.status_code}, not {expect}: {response.content[:1000]!r}"
        self.record.note(self.product, method, path, response.status_code)
        return Answer(response)

    def upload(self, path, expect=200, boundary="frontier", type=None, prefer=None, **parts):
        """parts: name=text, or name=(filename, bytes)."""
        body = b""
        for name, part in parts.items():
            filename, content = part if isinstance(part, tuple) else (None, part.encode())
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
            head += f'; filename="{filename}"\r\nContent-Type: {type or "application/octet-stream"}' if filename is not None else ""
            body += head.encode() + b"\r\n\r\n" + content + b"\r\n"
        return self.call("POST", path, expect, data=body + f"--{boundary}--\r\n".encode(),
                         headers={"Content-Type": f"multipart/form-data; boundary={boundary}",
                                  **({"Prefer": prefer} if prefer else {})})

    def _checked(self, answer, expect, what):
        got = answer.http
        assert got.status_code == expect, f"{what}: {got.status_code}, not {expect}: {got.content[:1000]!r}"
        check_answer(self.product, answer)
        return answer

    def raw(self, request, half_close=False):
        """Send bytes as they are to the web server. Its answer unchecked, or None when it hung up."""
        with socket.create_connection(("127.0.0.1", self.stack["port"]), timeout=PATIENCE) as to:
            to.sendall(request)
            if half_close:
                to.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(to)
            try:
                response.begin()
                return RawResponse(response)
            except http.client.BadStatusLine:
                return None

    def raw_get(self, target, *lines):
        """GET a target as it is: no library gets to tidy it up."""
        head = [b"GET " + target.encode("latin-1") + b" HTTP/1.1", b"Host: localhost", b"Connection: close",
                b"X-Forwarded-For: " + self.address.encode()]
        return self.raw(b"\r\n".join(head + list(lines)) + b"\r\n\r\n")

    # -- conversations ---------------------------------------------------------------------------------------------

    def finished(self, job_id):
        """The job, once it has ended."""
        until = time.monotonic() + PATIENCE
        while True:
            job = self.get(f"/api/images/job/{job_id}/")
            if job.status in ENDED:
                return job
            assert time.monotonic() < until, f"job {job_id} is still {job.status} after {PATIENCE} s"
            time.sleep(POLL)

    def draw(self, **wishes):
        """Ask for pictures and wait for them."""
        job = self.post(GENERATE, {"prompt": "a runner at dawn", **wishes}, 202)
        job = self.finished(job.job_id)
        assert job.status == "completed", job
        return job

    def quota(self):
        return self.get("/api/auth/user/").quota


def ask(path, what):
    """One line of JSON asks at a unix socket, one answers."""
    with socket.socket(socket.AF_UNIX) as to:
        to.settimeout(PATIENCE + 5)
        to.connect(path)
        to.sendall(json.dumps(what).encode() + b"\n")
        return json.loads(to.makefile().readline())


def tell(stack, action, service):
    """Of the stack's services: tell(stack, "stop", "redis")."""
    told = ask(stack["control"], {"do": action, "service": service})
    assert "error" not in told, told


@contextlib.contextmanager
def standing_still(stack, service):
    tell(stack, "pause", service)
    try:
        yield
    finally:
        tell(stack, "resume", service)


class Mailbox:
    """The stack's mail catcher."""

    def __init__(self, stack):
        self._path = stack["mail"]

    def ask(self, **what):
        return ask(self._path, what)

    def wait(self, address, count=1):
        """The mails to an address, as soon as there are count of them."""
        mails = self.ask(wait=address, count=count, timeout=PATIENCE)
        assert isinstance(mails, list), f"no mail came to {address}: {mails}"
        return mails

    def code(self, address, count=1):
        """The sign-in code of the count-th mail."""
        return re.search(r"\b\d{6}\b", self.wait(address, count)[count - 1]["text"]).group()
