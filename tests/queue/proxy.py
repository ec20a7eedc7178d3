# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redis that says something else, or nothing for a while: in front of the real one, with some of its answers changed."""
import os
import socket
import threading


class Proxy:
    """change: {b"TIME": function of the real reply's raw bytes that gives what is passed on}. see: function that is called
    with the raw bytes of each command, which is passed on when it returns."""

    def __init__(self, path, real, change, see=None):
        self.path, self.real, self.change, self.see = str(path), real, change, see
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()
        os.unlink(self.path)

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.real)
        asked, answers = client.makefile("rb"), server.makefile("rb")
        try:
            while raw := message(asked):
                if self.see:
                    self.see(raw)
                server.sendall(raw)
                reply = message(answers)
                change = self.change.get(raw.split(b"\r\n")[2].upper())
                client.sendall(change(reply) if change else reply)
        except OSError:
            pass                               # it has gone while it waited for an answer
        server.close()
        client.close()


def message(file):
    """One whole message of the protocol, as it is; b"" at the end."""
    line = file.readline()
    if line[:1] == b"$" and line != b"$-1\r\n":
        return line + file.read(int(line[1:]) + 2)
    if line[:1] == b"*":
        return line + b"".join(message(file) for _ in range(max(0, int(line[1:]))))
    return line


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text)


def info(old, new):
    """Of INFO's reply, whichever part was asked for: a line replaced."""
    return lambda reply: bulk(reply.split(b"\r\n", 1)[1][:-2].replace(old, new))


def later(seconds):
    def change(reply):
        parts = reply.split(b"\r\n")
        return b"*2\r\n" + bulk(b"%d" % (int(parts[2]) + seconds)) + bulk(parts[4])
    return change
