# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox that stands in for the services outside: what they were asked, and what is to go wrong with them. A test has it by
the fixtures outside, till (Stripe) and exchange (Twilio), which let go wrong nothing beyond its end."""
import requests

from client import PATIENCE

PAGE = 1000


def next_id(sql, prefix, digits):
    """What the sandbox will call the next thing that is made."""
    last = sql("select sandbox.id(%s, %s)", prefix, digits)
    return prefix + str(int(last.removeprefix(prefix)) + 1).zfill(digits)


class Outside:
    """One service of the sandbox: Outside(stack, "openai"). Calls count from when this was made on, of early ones from ever on."""

    def __init__(self, stack, service, early=False):
        self.sandbox, self.service = stack["sandbox"], service
        self._session = requests.Session()
        self._session.trust_env = False
        self._after = 0
        self._after = 0 if early else max((call["id"] for call in self.calls()), default=0)

    def _control(self, verb, what, body=None, **query):
        answer = self._session.request(verb, f"{self.sandbox}/-/control/{what}", json=body, timeout=PATIENCE,
                                       params={"service": self.service, **query} if body is None else None)
        assert answer.status_code < 300, f"{verb} {what}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def calls(self, method="", path="", about=""):
        """Those that came, the oldest first; path: how it begins, without the service, % for anything; about: what they
        say, in path or body. A call may come into the log a little after its answer: who counts says what his own are about."""
        assert not method or method.isalpha(), f"{method} is no method: calls(METHOD, PATH)"
        found, after, only = [], self._after, {"method": method} if method else {}
        while page := self._control("GET", "calls", after=after, limit=PAGE, path=f"{path}%", **only):
            found, after = found + page, page[-1]["id"]
        return [call for call in found if about in call["path"] + str(call["input"])]

    def fault(self, kind, path="*", **more):
        """The next call goes wrong: latency (ms=), status (status=, retry_after=), cut or malformed; after=True: once it
        has taken effect; times=0: until heal(), or heal(what this gives). Of several the first one counts."""
        return self._control("POST", "faults", {"kind": kind, "service": self.service, "path": path, **more})["id"]

    def faults(self):
        """Those that still wait for a call."""
        return self._control("GET", "faults")

    def heal(self, fault=None):
        """Nothing goes wrong any more, or not so."""
        self._control("DELETE", "faults", **({"id": fault} if fault else {}))
