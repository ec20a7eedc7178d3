# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that came is there when its row is, and is gone when its row is refused."""
import os
import secrets
import struct
import threading
import zlib
from pathlib import Path

import pytest
import requests

from servers import Session, until
from world import PATIENCE


def picture():
    """A PNG that nobody else has."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    line = b"\0" + secrets.token_bytes(3 * 64)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 1, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(line)) + chunk(b"IEND", b"")


class Sender:
    """Somebody who sends a picture, which has to wait for his profile."""

    def __init__(self, world):
        self.world, self.base = world, world.stack["url"] + "/expenses/api"
        name = "u" + secrets.token_hex(6)
        answer = requests.post(f"{self.base}/auth/register/", timeout=PATIENCE, json={
            "email": f"{name}@example.org", "username": name, "password": "correct horse 1", "first_name": "A",
            "last_name": "B"})
        assert answer.status_code == 201, answer.text
        self.headers = {"Authorization": "Bearer " + answer.json()["data"]["tokens"]["access"]}
        self.account = int(world.one(f"select id from account where username = '{name}'"))
        self.data, self.status = picture(), None

    def begin(self):
        """Returns what the server runs for it."""
        self.holder = Session(self.world.stack["database_url"])
        self.holder(f"begin; select 1 from expenses.profile where account_id = {self.account} for update")
        self.thread = threading.Thread(target=self.send)
        self.thread.start()
        waits = "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%avatar%'"
        return int(until(lambda: self.world.sql(waits), "the statement waits", PATIENCE)[0][0])

    def send(self):
        self.status = requests.post(f"{self.base}/users/me/avatar/", headers=self.headers, timeout=PATIENCE,
                                    files={"avatar": ("me.png", self.data, "image/png")}).status_code

    def let_go(self):
        self.holder("rollback")
        self.holder.close()

    def answered(self):
        self.thread.join(PATIENCE)
        return self.status

    def stored(self):
        folder = next(line.split("=", 1)[1].strip() for line in Path(self.world.stack["config"]).read_text().splitlines()
                      if line.startswith("storage.folder"))
        same = (file for file in Path(folder).rglob("*") if file.is_file() and file.stat().st_size == len(self.data) and
                file.read_bytes() == self.data)
        return next(same, None)


@pytest.fixture
def sender(world):
    return Sender(world)


def test_a_file_whose_row_is_refused_is_removed(world, sender):
    backend = sender.begin()
    world.sql(f"select pg_cancel_backend({backend})")
    assert sender.answered() == 503
    sender.let_go()
    until(lambda: not sender.stored(), "the file is gone", PATIENCE)


def test_a_file_whose_row_may_be_there_stays(world, sender):
    """The server says nothing any more: what it has committed, nobody knows."""
    sender.send()
    os.utime(sender.stored(), (0, 0))
    sender.data = picture()
    backend = sender.begin()
    world.freeze(backend)
    assert sender.answered() == 503
    world.thaw(backend)
    sender.let_go()
    assert sender.stored()
    os.utime(sender.stored(), (0, 0))                    # what it has not is swept in the end, where rows name other old files
    assert world.millrace("files", "sweep").returncode == 0
    assert not sender.stored()
