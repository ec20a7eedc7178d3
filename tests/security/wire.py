# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP as bytes: no library gets to tidy up what is sent."""
import http.client
import shlex
import socket
import time
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote

PATIENCE = 90.0      # seconds any answer may take on a busy machine; the web server itself gives up before that
TRIES = 4            # of a request whose answer must come soon


@dataclass
class Request:
    """headers: pairs of bytes; body None: there is none. to_send() is all of it as it goes on the wire."""
    method: str
    target: bytes
    headers: list = field(default_factory=list)
    body: bytes = None

    def to_send(self):
        lines = [self.method.encode() + b" " + self.target + b" HTTP/1.1"]
        if not self.has(b"host"):
            lines.append(b"Host: localhost")
        lines += [name + b": " + value for name, value in self.headers]
        if self.body is not None:
            lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + (self.body or b"")

    def has(self, name):
        return any(one.lower() == name for one, _ in self.headers)

    def header(self, name):
        return next((value for one, value in self.headers if one.lower() == name), b"")

    def without(self, *names):
        return Request(self.method, self.target, [pair for pair in self.headers if pair[0].lower() not in names], self.body)

    def plus(self, *pairs):
        return Request(self.method, self.target, [*self.headers, *pairs], self.body)

    def curl(self, url):
        """One line for a shell that sends the same."""
        words = ["curl", "-sS", "-i", "--path-as-is", "-X", self.method]
        for name, value in self.headers:
            words += ["-H", (name + b": " + value if value else name + b";").decode("latin-1")]
        line = " ".join(shell_word(word) for word in words)
        if self.method == "HEAD":
            line = line.replace("-X HEAD", "--head")
        target = shell_word(url + self.target.decode("latin-1"))
        if self.body is None:
            return f"{line} -g {target}"
        return f"echo {b64encode(self.body).decode()} | base64 -d | {line} --data-binary @- -g {target}"


def shell_word(text):
    """Quoted, one byte a character; what no terminal shows is written in bash's $'...'."""
    if all(" " <= letter <= "~" for letter in text):
        return shlex.quote(text)
    letters = (letter if " " <= letter <= "~" and letter not in "'\\" else f"\\x{ord(letter):02x}" for letter in text)
    return "$'" + "".join(letters) + "'"


@dataclass
class Reply:
    status_code: int
    headers: object        # http.client's: names in any case, get_all()
    content: bytes
    seconds: float


class Wire:
    """A kept connection to the web server, made again when it was closed."""

    def __init__(self, port, tally=None):
        self.port, self.tally, self.socket = port, tally, None

    def close(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    def ask(self, request):
        return self.send(request.to_send(), request.method)

    def ask_soon(self, request, seconds):
        """A busy machine makes anything slow once. What the request itself makes slow is so each time: its time is that of
        the first try that took no longer than that. None at all of one that asked to wait, and was heard."""
        replies = [self.ask(request)]
        if replies[0] and "Preference-Applied" in replies[0].headers:
            replies[0].seconds = 0.0
        while replies[-1] and replies[-1].seconds > seconds and len(replies) < TRIES:
            replies.append(self.ask(request))
        if replies[-1]:
            replies[0].seconds = replies[-1].seconds
        return replies[0]

    def send(self, data, method="GET"):
        """The reply, or None when it hung up without one: twice, for an idle connection may be closed at any time."""
        kept = self.socket is not None
        reply = self._once(data, method)
        return self._once(data, method) if reply is None and kept else reply

    def _once(self, data, method):
        if not self.socket:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass                                    # it may have answered before it had read all
        try:
            response = http.client.HTTPResponse(self.socket, method=method)
            response.begin()
            reply = Reply(response.status, response.headers, response.read(), time.perf_counter() - began)
        except (http.client.HTTPException, ConnectionResetError, BrokenPipeError):
            self.close()
            return None
        if self.tally:
            self.tally.note()
        if response.will_close:
            self.close()
        return reply


def encode(text):
    """A path's segment or a query's text."""
    return quote(str(text), safe="").encode()
