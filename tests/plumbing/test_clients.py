# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocking clients against real servers; what is checked is in clients.c."""
import os
import subprocess

import pytest
from conftest import PROGRAM

CLIENTS = os.path.join(os.path.dirname(PROGRAM), "clients")
CHECKS = subprocess.run([CLIENTS], stdout=subprocess.PIPE, check=True, text=True).stdout.split()


@pytest.mark.parametrize("check", CHECKS)
def test_client(services, check):
    try:
        done = subprocess.run([CLIENTS, services.conninfo, services.redis_socket, check], stderr=subprocess.PIPE, text=True,
                              timeout=60)
    finally:
        services.redis_command("replicaof", "no", "one")
    assert done.returncode == 0, done.stderr
