# SPDX-License-Identifier: GPL-3.0-or-later
"""What every answer and every line of the log must be, whatever was sent."""
import re

from client import Answer, check_answer

EVENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z millrace-front\[\d+\] (error|warning|info|debug) "
                   r"[a-z_]+(\.[a-z_]+)* [^\x00-\x1f\x7f]*")
FORGED = "forged.event"          # what injected text pretends to be
WAITED = "preference-applied"    # the answer took as long as the request allowed
OURS = {"cache-control", "connection", "content-disposition", "content-length", "content-security-policy", "content-type",
        "date", "etag", "keep-alive", "last-modified", "accept-ranges", "content-range", "server", "transfer-encoding",
        "vary", "allow", "retry-after", "www-authenticate", "location", "set-cookie", "idempotent-replayed", "link",
        "x-content-type-options", "x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset",
        "referrer-policy", "x-frame-options", WAITED}
SELF = {400, 404, 405, 413, 414}      # what nginx may answer by itself, in HTML, to what it does not understand

# In nobody's form: the path has lost its product.
PLAIN = [{"code": "not_found", "message": f"There is no such {what}"} for what in ("product", "resource")]


def by_web_server(reply):
    """It never reached the front."""
    return reply.headers.get("Content-Type", "").startswith("text/html") and "X-Request-ID" not in reply.headers


def check_reply(product, reply, itself=()):
    """Of the front: in the product's own form. itself: statuses that the web server may have answered here by itself.
    True when it was the front's."""
    assert reply is not None, "it hung up"
    if by_web_server(reply):
        assert reply.status_code in itself, f"the web server answered {reply.status_code}: {reply.content[:200]!r}"
        return False
    assert reply.status_code < 500, f"{reply.status_code}: {reply.content[:500]!r}"
    strange = {name.lower() for name in reply.headers} - OURS
    assert not strange, f"headers that nobody wrote: {strange}"
    answer = Answer(reply)
    if reply.status_code == 404 and answer.get("error") in PLAIN:
        return True
    check_answer(product, answer)
    return True


def check_log(world):
    """A line is an event, and none is one that somebody made up."""
    with open(world.log("front"), "rb") as lines:
        for line in lines:
            text = line.rstrip(b"\n").decode("utf-8", "backslashreplace")
            assert EVENT.fullmatch(text), f"no line of ours: {text!r}"
            assert f" {FORGED} " not in text.split("]", 1)[1][:40], f"a forged line: {text!r}"
