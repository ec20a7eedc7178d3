# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of Redis' protocol as the tests need."""
import select
import socket


class RedisError(Exception):
    """An error reply."""


class Redis:
    """place: path of a unix socket, or HOST:PORT; login: user and password."""

    def __init__(self, place, login=None):
        self.login = login
        self._connect(place)

    def _connect(self, place):
        host, _, port = place.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), 10) if host else socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        if not host:
            self.socket.connect(place)
        self.file = self.socket.makefile("rb")
        if self.login:
            self("AUTH", *self.login)

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, *words):
        """Without waiting for the answer: take() has it."""
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))

    def waits(self, seconds=0.0):
        """Whether no answer has come within so many seconds."""
        return not select.select([self.socket], [], [], seconds)[0]

    def take(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis has closed the connection")
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"-":
            raise RedisError(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return None if rest == "-1" else [self.take() for _ in range(int(rest))]
        return rest

    def __call__(self, *words):
        """Ask; goes along to the node of a cluster that has the key."""
        self.send(*words)
        try:
            return self.take()
        except RedisError as error:
            if not str(error).startswith("MOVED "):
                raise
            self.close()
            self._connect(str(error).split()[2])
            return self(*words)
