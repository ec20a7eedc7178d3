# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 server on loopback, and the program that makes single calls to it."""
import os
import subprocess
import time
from collections import namedtuple
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
CALLS = os.environ.get("S3_CALLS", str(ROOT / "build/gcc/s3-calls"))
SERVER = ROOT / "build/s3/server.mjs"
BUCKET, REGION, ACCESS_KEY, SECRET_KEY = "files", "eu-test-1", "KEYOFTESTS", "a secret/of+tests"

Outcome = namedtuple("Outcome", "error memory said seconds")


class S3:
    def __init__(self, folder):
        self.folder = folder / BUCKET
        self.process = subprocess.Popen(["/usr/bin/node", "--openssl-legacy-provider", SERVER, "0", folder, BUCKET, REGION, ACCESS_KEY, SECRET_KEY],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening at "), f"no S3 server: make build/s3/installed ({line!r})"
        self.port = int(line.split()[-1])
        self.url = f"http://127.0.0.1:{self.port}"

    def end(self):
        self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()

    def argv(self, what, *words, endpoint=None, bucket=BUCKET, access_key=ACCESS_KEY, secret_key=SECRET_KEY, style="path",
             timeout=5000):
        return [CALLS, endpoint or self.url, bucket, access_key, secret_key, style, str(timeout), what, *map(str, words)]

    def call(self, what, *words, **more):
        """Its error's name ("0": none), the most memory it held (kB), what it said, and how long that took."""
        began = time.monotonic()
        done = subprocess.run(self.argv(what, *words, **more), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and not done.stderr, f"{done.returncode}: {done.stderr}"
        *said, last = done.stdout.splitlines()
        error, memory = last.split()
        return Outcome(error, int(memory), said, time.monotonic() - began)

    def good(self, *words, **more):
        outcome = self.call(*words, **more)
        assert outcome.error == "0", f"{words}: {outcome}"
        return outcome

    def fault(self, match, what, times=1):
        requests.post(f"{self.url}/-/fault", json={"match": match, "what": what, "times": times}, timeout=60)

    def no_fault(self):
        """The calls since the last time."""
        return requests.post(f"{self.url}/-/fault", timeout=60).json()

    journal = no_fault

    def hang_up(self):
        requests.post(f"{self.url}/-/hangup", timeout=60)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    one = S3(tmp_path_factory.mktemp("s3"))
    yield one
    one.end()


@pytest.fixture
def s3(server):
    server.no_fault()
    yield server
    server.no_fault()


@pytest.fixture
def small(tmp_path):
    file = tmp_path / "small"
    file.write_bytes(b"0123456789" * 1000)
    return file


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """80 MiB and a little more, that are no two pieces the same."""
    file = tmp_path_factory.mktemp("large") / "large"
    with open(file, "wb") as out:
        for _ in range(80):
            out.write(os.urandom(1 << 20))
        out.write(b"end")
    return file
