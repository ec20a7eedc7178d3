# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow clients: some send a byte of their body from time to time, some stop in the middle of it or of their headers."""
import contextlib
import selectors
import socket
import threading
import time

SLOW, STALLED = 48, 16
PAUSE = 0.25          # seconds between two bytes
PATIENCE = 40.0       # seconds until the web server has had enough of those that say nothing

HEAD = (b"POST /figureforge/api/auth/user/update/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.254.0.1\r\n"
        b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")


class Trickle:
    def __init__(self, port):
        self._over = threading.Event()
        self.slow = [self._begin(port, HEAD) for _ in range(SLOW)]
        self.stalled = [self._begin(port, HEAD[:end]) for end in (None, -20) for _ in range(STALLED // 2)]
        self._thread = threading.Thread(target=self._drip, daemon=True)
        self._thread.start()

    @staticmethod
    def _begin(port, start):
        one = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        one.sendall(start)
        return one

    def _drip(self):
        while not self._over.wait(PAUSE):
            for one in self.slow:
                with contextlib.suppress(OSError):
                    one.send(b" ")

    def end(self):
        """How many of those that stopped are open all the same, after the time they have. The slow ones leave."""
        self._over.set()
        self._thread.join()
        for one in self.slow:
            one.close()
        waiting = selectors.DefaultSelector()
        for one in self.stalled:
            waiting.register(one, selectors.EVENT_READ)
        until = time.monotonic() + PATIENCE
        while waiting.get_map() and time.monotonic() < until:
            for key, _ in waiting.select(timeout=1):
                with contextlib.suppress(OSError):
                    if key.fileobj.recv(4096):
                        continue
                waiting.unregister(key.fileobj)
        left = len(waiting.get_map())
        for one in self.stalled:
            one.close()
        return left
