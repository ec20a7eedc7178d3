# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request leaves a record in the database, a little later."""
import itertools
import secrets
import threading
import time

import pytest
from client import PATIENCE, POLL, Client

MODELS = "/api/images/models/"
WHO = "/api/auth/user/"


@pytest.fixture
def told(sql):
    """told(n, where): the columns asked for of the n requests that the condition names, as soon as they are there."""
    def rows(n, columns, where, *values):
        until = time.monotonic() + PATIENCE
        while True:
            found = sql(f"select string_agg(concat_ws(' ', {columns}), E'\\n' order by at) from request where {where}", *values)
            found = found.splitlines()
            if len(found) >= n:
                assert len(found) == n, found
                return found
            assert time.monotonic() < until, f"{len(found)} of {n} records after {PATIENCE} s"
            time.sleep(POLL)
    return rows


@pytest.fixture
def named(figureforge):
    """A client whose failed requests carry ids of their own."""
    mark = "t" + secrets.token_hex(6)
    numbers = itertools.count(1)
    return mark, lambda: {"X-Request-ID": f"{mark}-{next(numbers)}"}


@pytest.fixture
def number(sql):
    """number(alice): of her account."""
    return lambda client: sql("select id from account where email = %s", client.email)


def test_requests_of_an_account_are_counted_exactly(alice, told, number):
    for _ in range(7):
        alice.get(WHO)
    for _ in range(3):
        alice.head(WHO)
    rows = told(10, "product, operation, status", "account_id = %s", number(alice))
    assert len(set(rows)) == 1 and rows[0].startswith("figureforge ") and rows[0].endswith(" 200")


def test_a_record_says_what_was_asked_and_what_came_of_it(alice, told, named, number, sql):
    mark, name = named
    before = float(sql("select extract(epoch from clock_timestamp())"))
    alice.get("/api/images/job/01900000-0000-7000-8000-000000000000/", 404, headers=name())
    after = float(sql("select extract(epoch from clock_timestamp())"))
    (row,) = told(1, "product, operation, status, account_id, us, extract(epoch from at)", "request_id = %s", f"{mark}-1")
    product, operation, status, account, us, at = row.split()
    assert (product, status, account) == ("figureforge", "404", number(alice)) and operation == "generation_get"
    assert 0 < int(us) < (after - before) * 1e6
    assert before <= float(at) <= after


def test_what_is_refused_is_counted(figureforge, told, named):
    mark, name = named
    figureforge.get(WHO, 401, headers=name())
    figureforge.get("/api/nothing/", 404, headers=name())
    figureforge.call("DELETE", MODELS, 405, headers=name())
    figureforge.post("/api/auth/magic-link/request/", {"email": "none"}, 400, headers=name())
    rows = told(4, "product, status, operation", "request_id like %s", mark + "-%")
    assert [row.split()[:2] for row in rows] == [["figureforge", status] for status in ("401", "404", "405", "400")]
    assert [len(row.split()) for row in rows] == [3, 2, 2, 3]


def test_what_is_for_no_product_is_counted(figureforge, told, named):
    mark, name = named
    answer = figureforge.raw_get("/nothing/../figureforge/api/", b"X-Request-ID: " + name()["X-Request-ID"].encode())
    assert answer.status_code == 404                                # nginx goes by what it makes of a path, the front does not
    other = Client(figureforge.stack, "nutrition", figureforge.record)
    other.get("/api/nothing/", 404, headers=name())
    assert told(2, "product || '/' || operation, status", "request_id like %s", mark + "-%") == ["/ 404", "nutrition/ 404"]


def test_a_success_keeps_no_name(alice, told, number):
    alice.get(WHO, headers={"X-Request-ID": "not-kept"})
    assert told(1, "coalesce(request_id, 'none')", "account_id = %s", number(alice)) == ["none"]


def test_a_thousand_at_once_are_counted_exactly(sign_in, told, number):
    """More than one batch, from several clients at once."""
    people = [sign_in("crowd") for _ in range(4)]

    def ask(one):
        for _ in range(400):
            one.get(WHO)
    threads = [threading.Thread(target=ask, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = ",".join(number(one) for one in people)
    told(1600, "product, status", f"account_id in ({ids})")


def test_hours_hold_what_records_say(alice, told, number, sql):
    """The scheduler has rolled up every batch it took exactly."""
    alice.get(WHO)
    told(1, "status", "account_id = %s", number(alice))
    until = time.monotonic() + PATIENCE
    batch = sql("select max(batch) from request where account_id = %s", number(alice))
    while sql("select rolled_at is null from request_batch where id = %s", batch) == "t":
        assert time.monotonic() < until, f"not rolled up after {PATIENCE} s"
        time.sleep(POLL)
    off = sql("""select count(*) from (select date_trunc('hour', r.at, 'UTC') as hour, r.product, r.operation, r.status / 100 as class,
                   count(*) as n, sum(r.us) as us from request r join request_batch b on b.id = r.batch and b.rolled_at is not null
                   group by 1, 2, 3, 4) x full join request_hour h using (hour, product, operation, class)
                 where (x.n, x.us) is distinct from (h.requests, h.us)""")
    assert off == "0"
