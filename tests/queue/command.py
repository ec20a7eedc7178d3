# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's command and the scheduler as processes on this test's servers."""
import os
import subprocess

from engine import ROOT

BUILD = ROOT / os.environ.get("MILLRACE_BUILD", "build/gcc")
SECRET = "0123456789abcdef0123456789abcdef"


class Done:
    def __init__(self, process, out, err):
        self.status, self.text, self.err = process.returncode, out, err
        self.lines = out.splitlines()

    @property
    def line(self):
        assert len(self.lines) == 1, self.lines
        return self.lines[0]


class Command:
    """Call it with words; settings are the environment's (queue_encrypt="yes")."""

    def __init__(self, servers, database, **settings):
        self.settings = {"database_url": servers.url(database), "redis_url": servers.redis_socket, "secret": SECRET, **settings}

    def environment(self, settings):
        named = {f"MILLRACE_{name.upper()}": value for name, value in {**self.settings, **settings}.items()}
        return {**{name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}, **named}

    def start(self, *words, program="millrace", **settings):
        return subprocess.Popen([BUILD / program, *words], env=self.environment(settings), text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __call__(self, *words, status=0, text="", **settings):
        done = self.end(self.start(*words, **settings), text)
        assert done.status == status, (words, done.status, done.text, done.err)
        return done

    @staticmethod
    def end(process, text=""):
        out, err = process.communicate(text, timeout=60)
        return Done(process, out, err)
