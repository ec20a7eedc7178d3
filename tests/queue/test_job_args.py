# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that are sealed, or may be, in the hands of statements."""
import json

import pytest

from engine import statement
from servers import Refused


@pytest.mark.parametrize("said, decided, joined", [
    ('{"a":1,"b":"x"}', '{"c":true}', {"a": 1, "b": "x", "c": True}), ('{"a":1,"b":2}', '{"b":null}', {"a": 1, "b": None}),
    ('{"sealed":"mrs1.a.AAAA"}', '{"b":2}', {"sealed": "mrs1.a.AAAA", "b": 2}), ("{}", '{"b":2}', {"b": 2}),
    ("{}", "{}", {})])
def test_what_a_statement_decides_goes_over_what_was_said(sql, said, decided, joined):
    text = sql.one(f"select job_args_with('{said}', '{decided}')")
    assert json.loads(text) == joined and text.count('"b"') <= 1


def test_what_was_said_keeps_its_text(sql):
    value = '[1,2.50,1e3,{"x":  "\\u00e9"}]'
    assert value in sql.one(f"select job_args_with('{{\"a\":{value}}}', '{{\"b\":1}}')")


@pytest.mark.parametrize("size, fits", [(65_000, True), (65_530, False)])
def test_what_was_said_and_decided_is_not_too_large_for_a_job(sql, size, fits):
    join = f"select octet_length(job_args_with(json_build_object('a', repeat('x', {size})), '{{\"b\":2}}')::text)"
    if fits:
        assert int(sql.one(join)) < size + 40
    else:
        with pytest.raises(Refused) as refused:
            sql(join)
        assert refused.value.sqlstate == "MR413"


@pytest.mark.parametrize("args, shown", [
    ('{"a": 1, "b": "mrs1.a.AAAA", "sealed": "mrs1.a.AAAA"}', {"a": 1, "b": "(sealed)", "sealed": "(sealed)"}),
    ("{}", {}), ('["mrs1"]', ["mrs1"])])
def test_what_is_sealed_is_not_shown(sql, args, shown):
    job = sql.one("select (job_put(kind => 'mail.magic_link', product => 'p', tenant => 't', account_id => null, "
                  f"args => '{args}')).id")
    text = sql.one(f"select args from ({statement('queue/job_show', job_id=job)}) as shown")
    assert json.loads(text) == shown
