# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's command tells what it can do, whoever asks, and needs no server for that."""
import pytest


@pytest.mark.parametrize("words, status", [(["--help"], 0), ([], 2), (["--nope"], 2), (["nope"], 2), (["job"], 2)])
def test_help_names_every_command(millrace, words, status):
    done = millrace("none", *words)
    assert done.returncode == status
    for command in ("migrate", "config", "job", "cancel", "schedules", "schedule", "put", "batch", "top",
                    "doctor", "metrics"):
        assert f"\n  {command} " in done.output
