# SPDX-License-Identifier: GPL-3.0-or-later
"""A caller of ailice who is counted: his address is no exempt one, and his counters begin so far below zero that no rate
limit is ever reached, while every request is counted as anybody's is."""
import time
from dataclasses import dataclass

import redis
from lib.stack import Trouble, api, bearer, call

# As a client's address that the trusted nginx passes on; of a block that is for documentation.
ADDRESS = {"X-Forwarded-For": "192.0.2.7"}
FAR, WINDOW = -10**9, 3600
CONTENT = {"sections": [{"heading": "One", "text": "A paragraph or so of text, as such items have it. " * 4}], "words": 46}


@dataclass(frozen=True)
class Caller:
    stack: dict
    id: str
    headers: dict

    def item(self, n=1):
        """The path of one of n new items."""
        body = {"title": "An item that is asked for", "item_type": "article", "description": "It has a few fields.",
                "content": CONTENT, "metadata": {"tags": ["bench"]}, "status": "published"}
        token = self.headers["Authorization"].removeprefix("Bearer ")
        return [f"/ailice/api/items/{api(self.stack, 'POST', '/ailice/api/items', body, token)['id']}" for _ in range(n)][0]

    def _counters(self):
        window = int(time.time()) // WINDOW
        return [f"mr1:{{rl:ailice:account {self.id}}}:general:{n}" for n in (window, window + 1)]

    def unlimit(self):
        server = redis.Redis(unix_socket_path=self.stack["redis"])
        for name in self._counters():
            server.set(name, FAR, ex=2 * WINDOW + 60)

    def counted(self):
        """Requests so far, of this hour and, once it comes, the next."""
        server = redis.Redis(unix_socket_path=self.stack["redis"])
        return sum(int(server.get(name) or FAR) - FAR for name in self._counters())


def sign_up(stack, name="bench"):
    token = api(stack, "POST", "/ailice/api/auth/register",
                {"username": name, "email": f"{name}@example.org", "password": "Correct-horse-9"})["access_token"]
    who = api(stack, "GET", "/ailice/api/auth/me", token=token)["id"]
    caller = Caller(stack, str(who), {**bearer(token), **ADDRESS})
    caller.unlimit()
    return caller


def check_counted(stack, caller, path):
    """Authentication, limits: what the front says of a request must show that it was put through them."""
    before = caller.counted()
    status, headers, _ = call(stack, "GET", path, headers=caller.headers)
    if status != 200 or not headers["X-RateLimit-Limit"] or caller.counted() != before + 1:
        raise Trouble(f"the request is not counted: status {status}, limit {headers['X-RateLimit-Limit']}")
    if call(stack, "GET", path, headers=ADDRESS)[0] != 401:
        raise Trouble("nobody is asked who he is")
