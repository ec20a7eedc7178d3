# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs against the sandbox of the stack that MILLRACE_STACK describes:

    tools/stack run sandbox --fast -- /usr/bin/python3 -m pytest tests/sandbox
"""
import contextlib
import http.server
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

sys.path.append(str(Path(__file__).resolve().parent.parent / "api"))
from database import Database                                   # noqa: E402

HERE, ROOT = Path(__file__).parent, Path(__file__).resolve().parents[2]
NODE, LIBRARIES = "/usr/bin/node", ROOT / "build" / "sandbox"
PATIENCE = 60           # seconds anything may take on a busy machine


class Sandbox:
    def __init__(self, stack):
        self.stack, self.url = stack, stack["sandbox"]
        self.session = requests.Session()

    def ask(self, method, path, status=200, key="any", **more):
        """What the sandbox answers, which must say that it is the sandbox."""
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **more.pop("headers", {})}
        answer = self.session.request(method, self.url + path, headers=headers, timeout=PATIENCE, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code}: {answer.text[:1000]}"
        assert answer.headers["X-Sandbox"] == "millrace"
        return answer

    def get(self, path, status=200, **more):
        return self.ask("GET", path, status, **more).json()

    def post(self, path, body=None, status=200, **more):
        return self.ask("POST", path, status, json=body, **more).json()

    def delete(self, path, status=200, **more):
        return self.ask("DELETE", path, status, **more).json()

    # -- control -------------------------------------------------------------------------------------------------------

    def reset(self):
        self.post("/-/control/reset")

    def fault(self, kind, **more):
        return self.post("/-/control/faults", {"kind": kind, **more}, 201)["id"]

    def faults(self):
        return self.get("/-/control/faults")

    def calls(self, **which):
        return self.get("/-/control/calls", params=which)

    def sent(self, **which):
        return self.get("/-/control/sent", params=which)

    def sql(self, statement):
        """Run a statement in the stack's database; the first column of what it gives, a line a row."""
        return Database(self.stack["database_url"])(statement)


class Hook:
    """A webhook: what is sent to it, in the order it came; answers what it is told to."""

    def __init__(self):
        self.came, self.statuses = queue.Queue(), []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):   # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = hook.statuses.pop(0) if hook.statuses else 200
                hook.came.put((status, self.path, dict(self.headers), body))       # before the next may come
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):   # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def next(self):
        """(the status it was answered, path, headers, body) of the next call."""
        return self.came.get(timeout=PATIENCE)

    def end(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="session")
def stack():
    if "MILLRACE_STACK" not in os.environ:
        pytest.exit("MILLRACE_STACK is not set: tools/stack run sandbox --fast -- /usr/bin/python3 -m pytest tests/sandbox", 2)
    return json.loads(Path(os.environ["MILLRACE_STACK"]).read_text())


@pytest.fixture
def sandbox(stack):
    one = Sandbox(stack)
    one.reset()
    return one


@pytest.fixture
def hook():
    with contextlib.ExitStack() as after:
        one = Hook()
        after.callback(one.end)
        yield one


@pytest.fixture(scope="session")
def library(tmp_path_factory, stack):
    """Run a file of tests (node:test) that uses a service's own client library: the libraries as npm installed them."""
    if not (LIBRARIES / "installed").exists():
        pytest.exit("the client libraries are missing: make build/sandbox/installed", 2)
    folder = tmp_path_factory.mktemp("library")
    (folder / "node_modules").symlink_to(LIBRARIES / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')

    def run(name, **more):
        shutil.copy(HERE / name, folder)
        done = subprocess.run([NODE, "--test", name], cwd=folder, capture_output=True, text=True, timeout=120, check=False,
                              env={"PATH": "/usr/bin:/bin", "SANDBOX": stack["sandbox"], **more})
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout
    return run
