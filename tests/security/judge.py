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

# In nobody's form: the path has lost its product.
PLAIN = [{"code": "not_found", "message": f"There is no such {what}"} for what in ("product", "resource")]


def by_web_server(reply):
    """It never reached the front, and is none of a path that would."""
    return reply.headers.get("Content-Type", "").startswith("text/html") and "X-Request-ID" not in reply.headers


def is_nobodys(answer):
    """What the web server says where it knows no product: like the operators' realm."""
    return isinstance(answer.get("error"), dict) and "fields" in answer.error


def check_reply(product, reply, lost=False):
    """In the product's own form. lost: the path may have lost its product. True when it was not the web server's page."""
    assert reply is not None, "it hung up"
    if by_web_server(reply):
        assert lost and reply.status_code in (403, 404, 413), f"the web server answered {reply.status_code}: {reply.content[:200]!r}"
        return False
    assert reply.status_code < 500, f"{reply.status_code}: {reply.content[:500]!r}"
    strange = {name.lower() for name in reply.headers} - OURS
    assert not strange, f"headers that nobody wrote: {strange}"
    answer = Answer(reply)
    if reply.status_code == 404 and answer.get("error") in PLAIN:
        return True
    check_answer("operator" if lost and is_nobodys(answer) else product, answer)
    return True


def check_log(world):
    """A line is an event, and none is one that somebody made up."""
    with open(world.log("front"), "rb") as lines:
        for line in lines:
            text = line.rstrip(b"\n").decode("utf-8", "backslashreplace")
            assert EVENT.fullmatch(text), f"no line of ours: {text!r}"
            assert f" {FORGED} " not in text.split("]", 1)[1][:40], f"a forged line: {text!r}"
