# SPDX-License-Identifier: GPL-3.0-or-later
"""The private stack that is measured (tools/stack): what it says of itself, calls of its API, and what a bench starts
beside it and puts behind its nginx."""
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from .processes import family

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("environment=production", "log.level=warning")  # what runs in earnest: sandboxes check each answer's shape
PATIENCE = 30.0                    # seconds for mail, job, probe


class Trouble(Exception):
    """Something could not be measured."""


def until(what, ask, patience=PATIENCE):
    """Ask again until the answer is true, and return it."""
    end = time.monotonic() + patience
    while not (answer := ask()):
        if time.monotonic() > end:
            raise Trouble(f"{what}: not after {patience:.0f} s")
        time.sleep(0.05)
    return answer


def enter(name, variant, settings=()):
    """The description of the stack that we are in; outside of one this program is run again in one of its own."""
    if "MILLRACE_STACK" not in os.environ:
        words = [word for setting in (*SETTINGS, *settings) for word in ("--set", setting)]
        os.execv(ROOT / "tools" / "stack", ["stack", "run", name, "--variant", variant, *words, "--", *sys.orig_argv])
    with open(os.environ["MILLRACE_STACK"], encoding="utf-8") as file:
        return json.load(file)


# ---- the API ---------------------------------------------------------------------------------------------------------


def call(stack, method, path, body=None, headers=()):
    """Status, headers and bytes of the answer."""
    headers = dict(headers)
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(stack["url"] + path, method=method, headers=headers,
                                     data=json.dumps(body).encode() if body is not None else None)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read()


def api(stack, method, path, body=None, token=None):
    """What a good answer says."""
    status, _, content = call(stack, method, path, body, bearer(token) if token else {})
    if status not in (200, 201, 202):
        raise Trouble(f"{method} {path} is answered {status}: {content.decode(errors='replace')}")
    return json.loads(content)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def mails_to(stack, address):
    """Once there is one."""
    with socket.socket(socket.AF_UNIX) as to:
        to.connect(stack["mail"])
        to.sendall(json.dumps({"wait": address, "count": 1, "timeout": PATIENCE}).encode() + b"\n")
        mails = json.loads(to.makefile().readline())
    if not isinstance(mails, list):
        raise Trouble(f"no mail came to {address}: {mails}")
    return mails


# ---- beside the stack ------------------------------------------------------------------------------------------------


def owner(stack):
    """Arguments of subprocess that make a child the account that the stack runs as."""
    found = Path(stack["state"]).stat()
    return {"user": found.st_uid, "group": found.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def hand_over(stack, path):
    """A file of ours, or a folder with all that is in it, becomes the stack's."""
    found = Path(stack["state"]).stat()
    for one in (path, *path.rglob("*")) if os.geteuid() == 0 else ():
        os.chown(one, found.st_uid, found.st_gid, follow_symlinks=False)


def behind_nginx(stack, name, text):
    """Give the stack's nginx more to serve. Returns when the workers of before are gone, who would end connections."""
    nginx = stack["pids"]["nginx"]
    before = set(family(nginx)) - {nginx}
    more = Path(stack["state"]) / "nginx" / "more"
    more.mkdir(exist_ok=True)
    (more / f"{name}.conf").write_text(text, encoding="utf-8")
    hand_over(stack, more)
    os.kill(nginx, signal.SIGHUP)
    until("nginx takes its new configuration", lambda: not before & set(family(nginx)))


def start(stack, argv, **more):
    """A process of the stack's account; a group of its own."""
    return subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, cwd="/", start_new_session=True,
                            **owner(stack), **more)


def end(process):
    """With all that it has started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
