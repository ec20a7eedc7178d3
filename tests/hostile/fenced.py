# SPDX-License-Identifier: GPL-3.0-or-later
"""A fenced job without a fleet: millrace-runner-RUNNER on one request, in a folder of its own, as queue/fence.h has it.

    ran = run("build/gcc", "media", "media.probe", {"source": "a"}, {"media": b"..."}, folder)
    assert ran.outcome == "bury" and "cannot be read" in ran.why
"""
import json
import os
import signal
import subprocess
import tempfile
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0       # seconds one may take on a busy machine
REPORT = 3            # the descriptor that takes reports
ENVIRONMENT = {"LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1", "MAGICK_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass
class Ran:
    """What came of it. status: as of waitpid; cpu: seconds; memory: MiB at the most."""
    status: int
    report: dict
    progress: list
    cpu: float
    memory: float
    said: bytes

    @property
    def outcome(self):
        return self.report.get("outcome")

    @property
    def why(self):
        return self.report.get("why", "")

    @property
    def result(self):
        return self.report.get("result")


def request(kind, args, gathered=None):
    return json.dumps({"id": str(uuid.UUID(int=7 << 76 | 2 << 62 | 1)), "kind": kind, "args": args, "attempt": 1, "epoch": 1,
                       "gathered": gathered}).encode()


def run(build, runner, kind, args, files, folder, memory=1536, cpu=60, file_size=256, patience=PATIENCE, landlock="yes",
        gathered=None):
    """files: name -> bytes or the Path of a file, which lie in the job's folder/in. The folder must not be there, or be
    empty; what the job leaves is in it afterwards."""
    folder = Path(folder)
    (folder / "in").mkdir(parents=True)
    for name, content in files.items():
        if isinstance(content, Path):
            content = content.read_bytes()
        (folder / "in" / name).write_bytes(content)
    words = [Path(build).resolve() / f"millrace-runner-{runner}", f"--memory={memory}", f"--cpu={cpu}", f"--file-size={file_size}",
             f"--landlock={landlock}"]
    with tempfile.TemporaryDirectory(prefix="fenced-") as beside:
        beside = Path(beside)
        (beside / "request").write_bytes(request(kind, args, gathered))
        with open(beside / "request", "rb") as asked, open(beside / "said", "wb") as said:
            child = subprocess.Popen(["sh", "-c", f'exec "$0" "$@" {REPORT}> {beside}/reports', *words], stdin=asked, stdout=said,
                                     stderr=said, cwd=folder, env=ENVIRONMENT)
        watch = threading.Timer(patience, child.send_signal, (signal.SIGKILL,))
        watch.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        finally:
            watch.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        told = [json.loads(line) for line in (beside / "reports").read_bytes().splitlines()]
        return Ran(status=child.returncode, report=told[-1] if told and "outcome" in told[-1] else {},
                   progress=[line["progress"] for line in told if "progress" in line], cpu=usage.ru_utime + usage.ru_stime,
                   memory=usage.ru_maxrss / 1024, said=(beside / "said").read_bytes())
