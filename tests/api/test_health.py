# SPDX-License-Identifier: GPL-3.0-or-later
"""What balancers ask: outside of all products, counted by nothing."""
import re
import secrets

import pytest
import requests

from client import PATIENCE
from waits import until


@pytest.fixture
def probe(stack):
    session = requests.Session()
    session.trust_env = False

    def ask(path, expect=200, method="GET", **headers):
        answer = session.request(method, stack["url"] + path, headers=headers, timeout=PATIENCE)
        assert answer.status_code == expect, (answer.status_code, answer.text)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == ("text/plain; version=0.0.4" if path == "/-/metrics" else "application/json")
        assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]
        return answer
    return ask


def test_the_process_answers(probe):
    answer = probe("/-/healthz")
    assert answer.text == '{"status":"ok"}'
    assert probe("/-/healthz/").text == answer.text and probe("/-/healthz?a=b").text == answer.text
    assert probe("/-/healthz", method="HEAD").text == ""


def test_it_is_ready(probe):
    until(lambda: probe("/-/readyz").text == '{"status":"ready","database":"ok","redis":"ok","parked":0}', "it is ready, and nobody waits")


def test_rounds_of_the_loop_are_counted(probe):
    def rounds():
        found = re.findall(r'^millrace_front_round_seconds_(\w+)\{process="\d+"(?:,le="(.+)")?\} (\S+)$',
                           probe("/-/metrics").text, re.M)
        counts = [int(value) for kind, _, value in found if kind == "bucket"]
        assert counts == sorted(counts) and [bound for _, bound, _ in found][:2] == ["5e-05", "0.0001"]
        assert counts[-1] == int(found[-1][2]) and float(found[-2][2]) > 0
        return counts[-1]
    first = rounds()
    assert rounds() > first > 0


@pytest.mark.parametrize("path", ["/-/", "/-/nothing", "/-/healthz/more", "/-/readyz/x"])
def test_there_is_nothing_else(probe, path):
    assert probe(path, 404).json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "BREW"])
def test_it_is_only_asked(probe, method):
    assert probe("/-/healthz", 405, method).headers["Allow"] == "GET, HEAD"


def test_it_is_not_in_the_statistics(probe, figureforge, sql):
    mark = secrets.token_hex(8)
    probe("/-/nothing", 404, **{"X-Request-ID": "health-" + mark})
    probe("/-/healthz", **{"X-Request-ID": "health-" + mark})
    figureforge.get("/api/nothing/", 404, headers={"X-Request-ID": "other-" + mark})
    found = until(lambda: sql("select string_agg(request_id, ' ') from request where request_id like %s", "%-" + mark), "it is counted")
    assert found == "other-" + mark
