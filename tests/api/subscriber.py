# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who wants events: an HTTP server on loopback that keeps what it was sent and answers as it is told."""
import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 60.0
ALLOWED = "127.0.0.77"       # the stack's hook.allow: all else on loopback is as private as ever


@dataclass
class Delivery:
    path: str
    headers: dict
    raw: bytes
    body: dict = field(init=False)

    def __post_init__(self):
        self.body = json.loads(self.raw)

    @property
    def id(self):
        return self.headers["X-Webhook-Id"]

    def signed_with(self, secret):
        expected = hmac.new(secret.encode(), self.raw, hashlib.sha256).hexdigest()
        return self.headers["X-Webhook-Signature"] == expected


class Subscriber:
    """answers: statuses of the next calls, then 200 for ever; an int, or (status, headers, body). hold(): calls wait until
    release()."""

    def __init__(self, host=ALLOWED):
        self.got, self.answers, self.most_at_once = [], [], 0
        self._now, self._news = 0, threading.Condition()
        self._open = threading.Event()
        self._open.set()
        subscriber = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):                                     # pylint: disable=invalid-name
                subscriber.serve(self)

            def do_GET(self):                                      # pylint: disable=invalid-name
                subscriber.serve(self)

            def log_message(self, *_words):                        # pylint: disable=arguments-differ
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def serve(self, call):
        raw = call.rfile.read(int(call.headers.get("Content-Length", 0)))
        with self._news:
            self.got.append(Delivery(call.path, call.headers, raw or b"{}"))
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            answer = self.answers.pop(0) if self.answers else 200
            self._news.notify_all()
        self._open.wait(PATIENCE)
        status, headers, body = answer if isinstance(answer, tuple) else (answer, {}, b"")
        with self._news:
            self._now -= 1
        try:
            call.send_response(status)
            for name, value in {"Content-Length": len(body), **headers}.items():
                call.send_header(name, str(value))
            call.end_headers()
            call.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):            # it was killed, or has had enough
            pass

    def hold(self):
        self._open.clear()

    def release(self):
        self._open.set()

    def wait(self, count):
        """What came, as soon as there are so many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.got) >= count, PATIENCE), f"{len(self.got)} of {count} deliveries came"
            return list(self.got)

    def close(self):
        self.release()
        self._server.shutdown()
        self._server.server_close()
