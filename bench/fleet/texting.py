#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of Twilio's API as a broadcast needs, quick enough to hold a thousand messages a second beside it: each is
accepted after a fixed time. bench/fleet/texting.py LATENCY-MS: prints its port, then serves; GET / tells what came since the
last GET /, as JSON: messages, of how many numbers, and the seconds between the first and the last."""
import asyncio
import json
import socket
import sys
import time
from urllib.parse import parse_qs

LATENCY = int(sys.argv[1]) / 1000


class Came:
    def __init__(self):
        self.total = 0
        self.reset()

    def reset(self):
        self.count, self.numbers, self.first, self.last = 0, set(), 0.0, 0.0

    def note(self, body):
        self.total += 1
        self.count += 1
        self.numbers.add(parse_qs(body)[b"To"][0])
        self.last = time.monotonic()
        self.first = self.first or self.last
        return self.total

    def told(self):
        said = {"messages": self.count, "numbers": len(self.numbers), "seconds": self.last - self.first}
        self.reset()
        return said


CAME = Came()


class Line(asyncio.Protocol):
    """A connection: one request after the other."""

    def connection_made(self, transport):
        self.transport, self.bytes = transport, b""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self.bytes += data
        head, found, body = self.bytes.partition(b"\r\n\r\n")
        if not found:
            return
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        if len(body) < length:
            return
        self.bytes = b""
        if head.startswith(b"GET / "):
            self.answer(b"200 OK", CAME.told())
        elif head.startswith(b"GET "):
            self.answer(b"200 OK", {"messages": [], "next_page_uri": None})
        else:
            said = {"sid": f"SM{CAME.note(body):032x}", "status": "queued", "body": "", "error_code": None, "error_message": None,
                    "date_created": "Thu, 01 Jan 2026 00:00:00 +0000"}
            asyncio.get_running_loop().call_later(LATENCY, self.answer, b"201 CREATED", said)

    def answer(self, status, said):
        if not self.transport.is_closing():
            text = json.dumps(said).encode()
            self.transport.write(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))


async def main():
    server = await asyncio.get_running_loop().create_server(Line, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
