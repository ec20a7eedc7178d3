# SPDX-License-Identifier: GPL-3.0-or-later
"""What the house does by itself: closed accounts are erased, old things go, services are probed."""
import json
import time
from pathlib import Path

import pytest

from client import GENERATE
from waits import until

HOUSE = {"house.erase": "maint.erase", "house.reports": "report.expire", "house.expire": "maint.expire", "house.probe": "maint.probe"}


@pytest.fixture
def does(operator):
    """does("maint.probe"): put it and wait for its end; the result."""
    def run(kind, **args):
        job = operator("put", kind, "--args", json.dumps(args), "--wait").split()[0]
        return json.loads(operator("job", job, "--json"))["result"]
    return run


def rows_of(sql, account):
    """How many rows of each table refer to an account."""
    asked = sql("select string_agg(format('select %%L as t, count(*) as n from %%s where %%I = {0}', c.conrelid::regclass, c.conrelid::regclass, "
                "a.attname), ' union all ') from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1] "
                "where c.contype = 'f' and c.conparentid = 0 and c.confrelid = 'account'::regclass")
    counted = sql("select coalesce(json_object_agg(t, n), '{}') from (" + asked.format(int(account)) + ") as s where n > 0")
    return json.loads(counted)


def files_of(stack, sql, account):
    return [Path(stack["storage"]) / key for key in sql("select storage_key from file where account_id = %s", account).split()]


def number(client):
    return int(client.id.removeprefix("user_"))


def test_schedules_are_installed(operator):
    there = {row["name"]: row["kind"] for row in json.loads(operator("schedules", "--json"))}
    assert HOUSE.items() <= there.items()


def test_what_an_operator_removed_stays_removed(operator):
    operator("schedule", "remove", "house.expire")
    operator("migrate")
    assert "house.expire" not in {row["name"] for row in json.loads(operator("schedules", "--json"))}
    operator("schedule", "add", "house.expire", "--kind", "maint.expire", "--cron", "43 3 * * *")


def test_a_closed_account_is_erased(alice, bob, stack, sql, does):
    mine, his = alice.draw(batch_size=2, model="croquis"), bob.draw(model="croquis")
    alice.call("PATCH", f"/api/images/{mine.images[0].id}/update/", 200, {"is_public": True})
    bob.post(f"/api/images/{mine.images[0].id}/favorite/")          # a row of somebody else's that refers to hers
    alice.post(f"/api/images/{mine.images[1].id}/favorite/")
    files, others = files_of(stack, sql, number(alice)), files_of(stack, sql, number(bob))
    assert len(files) == 4 and all(file.exists() for file in files + others)
    before = rows_of(sql, number(bob))
    alice.call("DELETE", "/api/auth/delete/?confirm=DELETE", 204)
    after, = sql("select extract(epoch from due_at - job_id_time(id)) from job where kind = 'maint.erase' and (args ->> 'account')::bigint = %s",
                 number(alice)).split()
    assert 3590 < float(after) < 3601                                # its name tells milliseconds of another clock
    assert does("maint.erase", account=number(alice)) == {"accounts": 1}
    assert rows_of(sql, number(alice)) == {} and sql("select count(*) from account where id = %s", number(alice)) == "0"
    assert not any(file.exists() for file in files) and all(file.exists() for file in others)
    assert rows_of(sql, number(bob)) == {table: n for table, n in before.items() if table != "figureforge.favorite"}
    assert bob.get(f"/api/images/job/{his.job_id}/").status == "completed"
    assert sql("select count(*) from list_count where owner = %s", number(alice)) == "0"


def test_an_account_whose_files_cannot_be_removed(alice, stack, sql, does, operator, trouble):
    """Storage has become read-only: no row of a file goes before its bytes, and the next try takes up the rest."""
    alice.draw(model="croquis")
    files = files_of(stack, sql, number(alice))
    alice.call("DELETE", "/api/auth/delete/?confirm=DELETE", 204)
    for file in files:
        trouble.shut(file)
    job = operator("put", "maint.erase", "--args", json.dumps({"account": number(alice)})).split()[0]
    assert "could not be removed: Permission denied" in trouble.failed(job)
    assert files_of(stack, sql, number(alice)) == files and all(file.exists() for file in files)
    trouble.heal()
    assert json.loads(trouble.again(job)) == {"accounts": 1}
    assert not any(file.exists() for file in files) and rows_of(sql, number(alice)) == {}


def test_no_row_of_a_file_goes_before_its_bytes(alice, bob, stack, sql, does):
    """A job may leave a file while its account is being erased: then its rows wait for the bytes."""
    alice.draw(model="croquis")
    mine = number(alice)
    files = files_of(stack, sql, mine)
    sql("update account set deleted_at = now() - interval '1 minute' where id = %s", mine)
    assert int(sql("select account_erase(%s, 500)", mine)) > 0
    assert files and files_of(stack, sql, mine) == files
    assert does("maint.erase", account=mine) == {"accounts": 1} and not any(file.exists() for file in files)
    his = number(bob)                                   # who has a piece, and no file
    sql("insert into piece (storage_key, job_id, account_id, gone_at) values ('no/such-' || %s, gen_random_uuid(), %s, now())", his, his)
    sql("update account set deleted_at = now() where id = %s", his)
    assert int(sql("select account_erase(%s, 500)", his)) > 0 and rows_of(sql, his)["piece"] == 1
    assert does("maint.erase", account=his) == {"accounts": 1}


def test_one_account_that_is_busy_holds_up_no_other(alice, bob, paused, operator, sql):
    there = lambda client: sql("select count(*) from account where id = %s", number(client)) == "1"   # noqa: E731
    with paused("image"):
        alice.post(GENERATE, {"prompt": "a heron"}, 202)
        for client, hours in ((alice, 3), (bob, 2)):
            sql("update account set deleted_at = now() - make_interval(hours => %s) where id = %s", hours, number(client))
        job = operator("put", "maint.erase").split()[0]
        until(lambda: not there(bob), "the one that is not busy is erased")
        assert there(alice)
        until(lambda: sql("select outcome from job_try where id = %s", job) == "snoozed", "it looks again later")
        operator("cancel", job)
    until(lambda: sql("select status from figureforge.generation where account_id = %s", number(alice)) not in ("queued", "processing"),
          "what alice had running has ended")


def test_an_open_account_is_not(alice, sql, does):
    alice.draw(model="croquis")
    before = rows_of(sql, number(alice))
    assert does("maint.erase", account=number(alice)) == {"accounts": 0}
    assert rows_of(sql, number(alice)) == before


def test_accounts_of_all_products_go(account, sql, does):
    """Nobody can close these himself yet; the operator can."""
    for product, fill in (("ailice", lambda one: [one.post("/api/items", {"title": "x", "item_type": "note"}, 201),
                                                  one.post("/api/integrations/slack/connect", {"access_token": "x"}, 201),
                                                  one.post("/api/notify/send", {"title": "t", "message": "m"}, 201)]),
                          ("nutrition", lambda one: [one.post("/api/v1/meals/", {"name": "soup"}, 201) for _ in range(40)])):
        one = account(product)
        fill(one)
        number_of = sql("select id from account where product = %s and username = %s", product, one.username)
        assert rows_of(sql, number_of)
        sql("update account set deleted_at = now() - interval '2 hours' where id = %s", number_of)
        assert does("maint.erase")["accounts"] >= 1
        assert rows_of(sql, number_of) == {} and sql("select count(*) from account where id = %s", number_of) == "0"


def test_who_is_in_the_books_of_others_stays(circle, sql, does):
    """A closed account of the Expense Tracker took with it what others had paid and owed; or half of it, and failed for ever."""
    ann, bob, eve = circle.people("Ann", "Bob", "Eve")
    group = circle.group(ann, bob)
    spent = circle.expense(group, ann, 3000, ann, bob)
    sql("insert into expenses.member (group_id, account_id, email) select %s, id, email from account where id = %s", group.split("_")[1].rstrip("/"), eve.number)
    for one, left in ((ann, "1"), (eve, "0")):
        sql("update account set deleted_at = now() - interval '2 hours' where id = %s", one.number)
        assert does("maint.erase", account=one.number) == {"accounts": 1}
        assert sql("select count(*) from account where id = %s", one.number) == left
    assert bob.get(group).data.my_balance == "-15.00" and bob.get(f"/api/expenses/exp_{spent}/").data.paid_by.id == ann.ref
    assert circle.wrong(group) == "" and sql("select count(*) from expenses.member where email = %s", eve.email) == "0"


def test_bytes_of_removed_files_go(alice, stack, sql, does):
    job = alice.draw(batch_size=2, model="croquis")
    first, second = [image.id.removeprefix("img_") for image in job.images]
    sql("update file set deleted_at = now() - interval '25 hours' where id in (select file_id from figureforge.image where id = %s)",
        first)
    keys = dict(line.split("|") for line in sql("select i.id, f.storage_key from figureforge.image i join file f on f.id = i.file_id "
                                                "where i.id in (%s, %s)", first, second).splitlines())
    assert does("maint.expire")["files"] >= 1
    assert not (Path(stack["storage"]) / keys[first]).exists() and (Path(stack["storage"]) / keys[second]).exists()
    assert sql("select purged_at is not null from file where storage_key = %s", keys[first]) == "t"
    assert does("maint.expire")["files"] == 0


def test_bytes_that_cannot_be_removed_are_kept_in_mind(alice, stack, sql, does, operator, trouble):
    image, = alice.draw(model="croquis").images
    key = sql("update file set deleted_at = now() - interval '25 hours' where id = (select file_id from figureforge.image where id = %s) "
              "returning storage_key", image.id.removeprefix("img_")).split()[0]
    trouble.shut(Path(stack["storage"]) / key)
    sql("insert into smsagent.inbound (sid, phone_number, answer, received_at) values ('SMheld' || %s, '+15550000000', '', now() - interval '91 days')", key)
    job = operator("put", "maint.expire").split()[0]
    assert trouble.failed(job) == f"the file {key} could not be removed: Permission denied"
    assert sql("select purged_at is null from file where storage_key = %s", key) == "t"
    assert sql("select count(*) from smsagent.inbound where sid = 'SMheld' || %s", key) == "0", "it used to wait for the files"
    trouble.heal()
    assert json.loads(trouble.again(job))["files"] >= 1
    assert not (Path(stack["storage"]) / key).exists() and sql("select purged_at is null from file where storage_key = %s", key) == "f"


def test_old_texts_go(sql, does):
    sql("insert into smsagent.inbound (sid, phone_number, answer, received_at) select 'SMold' || n, '+15550000000', '', now() - interval '91 days' "
        "from generate_series(1, 1001) as n union all select 'SMnew', '+15550000000', '', now() - interval '89 days'")
    assert does("maint.expire")["texts"] == 1001
    assert sql("delete from smsagent.inbound where phone_number = '+15550000000' returning sid") == "SMnew"


def test_services_are_probed(sql, does, stack):
    does("maint.probe")
    found = {name: (status, ms) for name, status, ms in
             (line.split("|") for line in sql("select name, status, ms from provider_health").splitlines())}
    assert set(found) == {"openai", "gemini", "replicate", "stripe", "twilio"}
    assert int(found["openai"][1]) >= 0
    assert {status for status, _ in found.values()} == {"healthy"}, sql("select string_agg(name || ': ' || why, ', ') from provider_health")
    detail = json.loads(sql("select detail from provider_health where name = 'twilio'"))
    assert set(detail) == {"account_balance", "currency"}


def test_a_service_that_is_down(sql, does, outside, account):
    """That is what is to be found out: the probe has done its work."""
    outside("openai").fault("status", status=500, times=0)
    does("maint.probe")
    assert sql("select status || ' ' || why from provider_health where name = 'openai'").startswith("down openai said 500")
    assert sql("select string_agg(name, ' ' order by name) from provider_health where status = 'healthy'") == "gemini replicate stripe twilio"
    assert account("smsagent").get("/api/health/").services.openai.status == "unhealthy"
    outside("openai").heal()
    does("maint.probe")
    assert sql("select status from provider_health where name = 'openai'") == "healthy"


def test_a_probe_that_cannot_be_written_down(sql, operator, does, trouble):
    """It is not tried again: the schedule puts the next one, and until then the state grows old."""
    does("maint.probe")
    trouble.refuse("provider_health", "update", "old.name = 'stripe'")
    before = sql("select checked_at from provider_health where name = 'stripe'")
    job = operator("put", "maint.probe").split()[0]
    assert trouble.buried(job).startswith("the state of stripe could not be stored: ")
    assert sql("select checked_at from provider_health where name = 'stripe'") == before
    trouble.heal()
    trouble.again(job)
    assert sql("select checked_at from provider_health where name = 'stripe'") != before


# ---- who shows it ----

@pytest.fixture
def found(sql, does):
    """found(openai="down"): as if the probe had found it so."""
    does("maint.probe")

    def say(age="0 s", **states):
        for name, status in states.items():
            sql("update provider_health set status = %s, why = 'it is on fire', checked_at = now() - %s::interval where name = %s", status, age, name)
    yield say
    does("maint.probe")


def test_health_tells_of_services(account, found, sql):
    agent = account("smsagent")
    began = time.monotonic()
    asked = agent.get("/api/health/", headers={"Authorization": None})
    took = time.monotonic() - began
    assert (asked.status, asked.version) == ("healthy", "1.0.0") and asked.uptime >= 0
    assert asked.services.database.status == asked.services.redis.status == "healthy"
    assert asked.services.redis.response_time < took and asked.services.redis.memory_usage.endswith("MB")
    assert asked.services.openai.status == "healthy" and asked.services.openai.rate_limit_remaining == 9999
    assert asked.services.twilio.account_balance[0] == "$" and float(asked.services.twilio.account_balance[1:]) > 0
    found(openai="down")
    asked = agent.get("/api/health/")
    assert asked.status == "degraded" and asked.services.openai.status == "unhealthy"
    assert "fire" not in asked.http.text, "the reason is for operators"
    found(openai="not_configured")
    assert agent.get("/api/health/").services.openai.status == "not_configured"
    sql("""update provider_health set detail = '{"account_balance": "n/a", "currency": "USD", "rate_limit_remaining": "many"}' """
        "where name in ('openai', 'twilio')")
    services = agent.get("/api/health/").services
    assert services.twilio.account_balance is None and services.openai.rate_limit_remaining is None
    found("3 minutes", openai="down", twilio="healthy")
    asked = agent.get("/api/health/")
    assert asked.services.openai.status == asked.services.twilio.status == "unknown" and asked.status == "healthy"


def test_operators_see_why(operator, console, found):
    found(stripe="down")
    shown = {row["name"]: row for row in json.loads(operator("services", "--json"))}
    assert set(shown) == {"openai", "gemini", "replicate", "stripe", "twilio"}
    assert shown["stripe"]["status"] == "down" and shown["stripe"]["why"] == "it is on fire"
    assert shown["openai"]["status"] == "healthy" and shown["openai"]["ms"] >= 0
    assert "stripe" in operator("services")
    asked = {row["name"]: row for row in console("operator").get("/api/services").services}
    assert (asked["stripe"]["status"], asked["stripe"]["why"]) == ("down", "it is on fire")
    assert set(asked["twilio"]["detail"]) == {"account_balance", "currency"} and asked["twilio"]["response_ms"] >= 0
