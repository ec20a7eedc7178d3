# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw FastCGI, for tests that look below what a web server would send."""
import random
import socket
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, GET_VALUES, GET_VALUES_RESULT, UNKNOWN = 1, 2, 3, 4, 5, 6, 9, 10, 11


def record(kind, number, content=b"", padding=0):
    return struct.pack(">BBHHBB", 1, kind, number, len(content), padding, 0) + content + bytes(padding)


def length(n):
    return bytes([n]) if n < 128 else struct.pack(">I", n | 0x80000000)


def pairs(values):
    out = b""
    for name, value in values.items():
        name, value = name.encode(), value.encode()
        out += length(len(name)) + length(len(value)) + name + value
    return out


def begin(number, keep=True, role=1):
    return record(BEGIN, number, struct.pack(">HB5x", role, keep))


def request(number, uri, body=b"", keep=True, promised=None, **more):
    """The records of a whole request, as a list."""
    params = {"REQUEST_METHOD": "POST" if body else "GET", "REQUEST_URI": uri, **more}
    if body or promised is not None:
        params["CONTENT_LENGTH"] = str(len(body) if promised is None else promised)
    encoded = pairs(params)
    out = [begin(number, keep)]
    out += [record(PARAMS, number, encoded[i : i + 60000]) for i in range(0, len(encoded), 60000)]
    out.append(record(PARAMS, number))
    out += [record(STDIN, number, body[i : i + 32768]) for i in range(0, len(body), 32768)]
    out.append(record(STDIN, number))
    return out


def interleave(streams, seed=7):
    """The records of several requests shuffled, each request's own in order."""
    dice = random.Random(seed)
    order = [i for i, stream in enumerate(streams) for _ in stream]
    dice.shuffle(order)
    streams = [list(reversed(stream)) for stream in streams]
    return b"".join(streams[i].pop() for i in order)


class Answer:
    def __init__(self, raw):
        self.head, _, self.body = raw.partition(b"\r\n\r\n")
        self.status = int(self.head.split(b"\r\n")[0].split()[1]) if self.head else None
        self.text = self.body.decode(errors="replace")

    def __repr__(self):
        return f"<{self.status} {self.text[:200]!r}>"


class Peer:
    """A web server's connection."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.partial, self.extra = {}, []

    def send(self, records):
        self.socket.sendall(b"".join(records) if isinstance(records, list) else records)

    def send_split(self, data, sizes=(1, 2, 3, 7, 64, 5000), seed=7):
        dice, at = random.Random(seed), 0
        while at < len(data):
            n = dice.choice(sizes)
            self.socket.sendall(data[at : at + n])
            at += n

    def next(self):
        """The next record, (kind, id, content); None at the end of the connection."""
        try:
            head = self.file.read(8)
        except ConnectionResetError:
            return None
        if len(head) < 8:
            return None
        _, kind, number, size, padding, _ = struct.unpack(">BBHHBB", head)
        return kind, number, self.file.read(size + padding)[:size]

    def ended(self):
        """Next (id, answer, protocol status); None at the end of the connection."""
        while True:
            got = self.next()
            if got is None:
                return None
            kind, number, content = got
            if kind == STDOUT:
                self.partial[number] = self.partial.get(number, b"") + content
            elif kind == END:
                return number, Answer(self.partial.pop(number, b"")), content[4]
            else:
                self.extra.append(got)

    def answers(self, n):
        out = {}
        while len(out) < n:
            got = self.ended()
            assert got is not None, f"the connection ended after {len(out)} of {n} answers"
            assert got[0] not in out, "answered twice"
            out[got[0]] = got[1]
        return out

    def ask(self, uri, body=b"", number=1, **more):
        self.send(request(number, uri, body, **more))
        return self.answers(1)[number]

    def is_closed(self):
        return self.next() is None

    def close(self):
        self.file.close()
        self.socket.close()
