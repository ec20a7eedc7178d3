# SPDX-License-Identifier: GPL-3.0-or-later
"""The front's link to Redis: logins, demotions, sentinels."""
import socket
import threading

import pytest

from conftest import until


class Sentinel:
    """Answers like a sentinel: AUTH, then where the master is."""

    def __init__(self, password=None):
        self.password, self.master, self.asked = password, ("127.0.0.1", 1), []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.place = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer = self.socket.accept()[0]
            except OSError:
                return
            with peer, peer.makefile("rb") as lines:
                self.answer(peer, lines)

    def answer(self, peer, lines):
        known = self.password is None
        while head := lines.readline():
            words = []
            for _ in range(int(head[1:])):
                words.append(lines.read(int(lines.readline()[1:]) + 2)[:-2].decode())
            self.asked.append(words)
            if words[0] == "AUTH":
                known = words[-1] == self.password
                peer.sendall(b"+OK\r\n" if known else b"-WRONGPASS no\r\n")
            elif not known:
                peer.sendall(b"-NOAUTH no\r\n")
            else:
                host, port = self.master
                peer.sendall(f"*2\r\n${len(host)}\r\n{host}\r\n${len(str(port))}\r\n{port}\r\n".encode())

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def sentinel():
    made = []

    def make(**more):
        made.append(Sentinel(**more))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def port(services):
    """A port of 127.0.0.1 on which Redis listens as well."""
    def listens():
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        return port if services.redis_command("config", "set", "port", str(port)) == "OK" else None     # else somebody was faster
    yield until(listens)
    services.redis_command("config", "set", "port", "0")


@pytest.fixture
def user(services):
    """Makes a user, whose login needs some signs that an address has to hide."""
    def make():
        assert services.redis_command("acl", "setuser", "plumb", "on", ">p@ss w%rd", "~*", "+@all") == "OK"
    yield make
    services.redis_command("acl", "deluser", "plumb")


LOGIN = "plumb:p%40ss%20w%25rd"


def logins(services):
    found = [line for line in services.redis_command("info", "commandstats").splitlines() if line.startswith("cmdstat_auth:")]
    return int(found[0].split("=")[1].split(",")[0]) if found else 0


def test_it_logs_in_again_after_every_loss(services, another_front, user):
    user()
    peer = another_front(f"unix://{LOGIN}@{services.redis_socket}")
    assert peer.ask("/redis?first").text == "first"
    for _ in range(3):
        services.redis_command("client", "kill", "user", "plumb")
        until(lambda: peer.ask("/redis?again").text == "again")
    services.redis_command("function", "flush")
    services.redis_command("del", "counter")
    assert peer.ask("/count?counter").text == "1"


def test_a_wrong_login_is_not_tried_all_the_time(services, another_front, user, capfd):
    before = logins(services)
    peer = another_front(f"unix://{LOGIN}@{services.redis_socket}")
    for _ in range(200):
        assert peer.ask("/redis?1").status == 503
    assert logins(services) == before + 1
    told = capfd.readouterr().err
    assert told.count("redis.lost") == 1 and "login refused: WRONGPASS" in told and "p@ss" not in told
    user()
    until(lambda: peer.ask("/redis?1").text == "1")


def test_a_server_that_became_a_replica_is_left(services, another_front):
    peer = another_front(services.redis_socket)
    assert peer.ask("/count?counter").status == 200
    services.redis_command("replicaof", "127.0.0.1", "1")
    try:
        refused = peer.ask("/count?counter")
        assert refused.status == 500 and "READONLY" in refused.text
        assert peer.ask("/redis?1").status == 503
    finally:
        services.redis_command("replicaof", "no", "one")
    until(lambda: peer.ask("/count?counter").status == 200)


def test_the_first_sentinel_that_answers_names_the_master(services, another_front, sentinel, port, user):
    user()
    silent, known = sentinel(password="other"), sentinel(password="s3cret")
    known.master = ("127.0.0.1", port)
    peer = another_front(f"sentinel://{LOGIN}@127.0.0.1:1,{silent.place},{known.place}/main?sentinel=:s3cret")
    assert peer.ask("/count?counter").status == 200  # it has waited for all this
    assert known.asked == [["AUTH", "s3cret"], ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"]]
    services.redis_command("client", "kill", "user", "plumb")
    until(lambda: peer.ask("/count?counter").status == 200)


def test_a_sentinel_that_names_a_replica_is_not_believed(services, another_front, sentinel, port):
    behind = sentinel()
    behind.master = ("127.0.0.1", port)
    services.redis_command("replicaof", "127.0.0.1", "1")
    try:
        peer = another_front(f"sentinel://{behind.place}/main")
        until(lambda: len(behind.asked) > 2)
        assert peer.ask("/redis?1").status == 503
    finally:
        services.redis_command("replicaof", "no", "one")
    until(lambda: peer.ask("/count?counter").status == 200)
