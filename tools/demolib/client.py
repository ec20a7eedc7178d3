# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the API, as the demo has it: every call prints a line with its time."""
import json
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = 120.0  # seconds


def step(what, began, result):
    print(f"  {what:<62} {result:<12} {(time.monotonic() - began) * 1000:8.1f} ms", flush=True)


def until(what, ask, good):
    """Ask until the answer is good: what a polling client does. Prints one line."""
    began, times = time.monotonic(), 0
    while time.monotonic() - began < PATIENCE:
        answer = ask()
        times += 1
        done = good(answer)
        if done:
            step(f"{what} ({times} polls)", began, done if isinstance(done, str) else "")
            return answer
        time.sleep(0.1)
    sys.exit(f"demo: {what}: it did not happen in time; the last answer: {answer}")


class Client:
    """One user of one product."""

    def __init__(self, stack, product, scheme="Bearer"):
        self.base, self.product = f"{stack['url']}/{product}", product
        self.scheme, self.token = scheme, None

    def get(self, target, want=200, show=True):
        return self._call("GET", target, None, None, want, show)

    def post(self, target, body=None, want=200):
        return self._call("POST", target, json.dumps(body or {}).encode(), "application/json", want)

    def upload(self, target, name, file, kind, want=200, **texts):
        """A file, and fields beside it, as multipart/form-data."""
        mark = secrets.token_hex(16)
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n'.encode() for key, text in texts.items()]
        head = (f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{file.name}"\r\n'
                f"Content-Type: {kind}\r\n\r\n")
        body = b"".join(parts) + head.encode() + file.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        return self._call("POST", target, body, f"multipart/form-data; boundary={mark}", want)

    def _call(self, method, target, body, kind, want, show=True):
        headers = {"Content-Type": kind} if kind else {}
        url = target if target.startswith("http") else self.base + target
        if self.token and url.startswith(self.base):
            headers["Authorization"] = f"{self.scheme} {self.token}"
        began = time.monotonic()
        status, said, content = fetch(urllib.request.Request(url, body, headers, method=method))
        if show:
            path = urllib.parse.urlsplit(url).path.removeprefix("/" + self.product)
            step(f"{self.product}: {method} {path if len(path) < 44 else path[:41] + '...'}", began, str(status))
        if status != want:
            sys.exit(f"demo: {method} {target}: expected {want}, got {status}: {content.decode(errors='replace')}")
        return json.loads(content) if said == "application/json" and content else content


def fetch(request):
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers.get_content_type(), refused.read()
