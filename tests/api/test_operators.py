# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators' realm: who may, who may not, and what ends a session."""
import json
import re
import secrets
import subprocess
import time

import pytest

from client import PATIENCE, POLL, Client
from conftest import console_enter, load_rows, find_stack
from waits import rebuilt

SESSION, QUEUES, PAUSE, RESUME = "/api/session", "/api/queues", "/api/queues/mail/pause", "/api/queues/mail/resume"
ROWS = [row for row in load_rows(find_stack()) if row["product"] == "operator"]
GUARDED = pytest.mark.parametrize("row", [row for row in ROWS if row["who"] != "ANYONE"], ids=lambda row: row["name"])


def path_of(row):
    return re.sub(r"\{\w+\}", "mail", row["path"])


@pytest.fixture
def nobody(stack, record):
    return Client(stack, "operator", record)


@pytest.fixture
def op(console):
    return console("operator")


@pytest.fixture
def redis(stack):
    def run(*words):
        return subprocess.run(["redis-cli", "-s", stack["redis"], *words], capture_output=True, text=True, check=True).stdout
    return run


def cookie(client, **more):
    return {**client.headers, **more}


def enter(client, name, password, expect=201, **headers):
    return client.call("POST", SESSION, expect, {"name": name, "password": password}, headers=headers)


# -- what there is -----------------------------------------------------------------------------------------------------

def test_the_rows_are_described():
    assert {row["name"] for row in ROWS} == {"operator_session_open", "operator_session_get", "operator_session_close",
                                             "operator_queues", "operator_services", "operator_queue_pause", "operator_queue_resume"}
    assert {row["root"] for row in ROWS} == {"/-/operator"}


def test_a_session_is_opened_and_says_who(op, nobody):
    entered = enter(nobody, op.username, op.password)
    assert (entered.name, entered.role) == (op.username, "operator") and len(entered.csrf_token) == 64
    given = entered.http.headers["Set-Cookie"]
    assert re.fullmatch(r"millrace_operator=\d+\.[0-9a-f]{32}; Path=/-/operator; Max-Age=43200; HttpOnly; SameSite=Strict", given)
    who = op.get(SESSION)
    assert (who.name, who.role, who.csrf_token) == (op.username, "operator", op.headers["X-CSRF-Token"])
    assert who.http.headers["Cache-Control"] == "no-store"


def test_a_name_may_be_in_capitals(op, nobody):
    enter(nobody, op.username.upper(), op.password)


def test_a_session_is_closed(op):
    closed = op.delete(SESSION, 204)
    assert closed.http.headers["Set-Cookie"].startswith("millrace_operator=; Path=/-/operator; Max-Age=0")
    op.get(SESSION, 401)
    op.delete(SESSION, 401)


def test_the_queues_are_shown(op):
    shown = {queue.queue: queue for queue in op.get(QUEUES).queues}
    assert {"image", "mail"} <= shown.keys()
    mail = shown["mail"]
    assert mail.state == "open" and mail.workers == 1 and not mail.paused and not mail.refusing and mail.why is None
    assert all(mail[name] >= 0 for name in ("waiting", "delayed", "running", "parked", "buried", "draining"))


def test_what_waits_is_counted(op, paused, figureforge, by_hand):
    by_hand("house.digests")
    def open_jobs():
        mail = next(queue for queue in op.get(QUEUES).queues if queue.queue == "mail")
        return mail.waiting + mail.running + mail.delayed
    with paused("mail"):                                         # the worker: what it would do waits
        before = open_jobs()
        figureforge.post("/api/auth/magic-link/request/", {"email": f"queued-{secrets.token_hex(4)}@example.org"})
        assert open_jobs() == before + 1


def test_an_operator_pauses_and_resumes(op, operator, redis):
    try:
        assert op.post(PAUSE) == {"queue": "mail", "paused": True}
        assert redis("HGET", "mr1:{q:mail}:cfg", "paused").strip() == "1"       # Redis has heard of it before the answer
        told = {queue.queue: queue for queue in op.get(QUEUES).queues}["mail"]
        assert told.paused and told.state == "paused"
        assert next(row for row in json.loads(operator("queues", "--json")) if row["queue"] == "mail")["paused"]
    finally:
        assert op.post(RESUME) == {"queue": "mail", "paused": False}
    assert redis("HGET", "mr1:{q:mail}:cfg", "paused").strip() == ""
    noted = json.loads(operator("audit", "--target", "mail", "--limit", "2", "--json"))
    assert [(row["who"], row["action"], row["details"]) for row in noted] == [
        (f"operator:{op.username}", "set", {"name": "paused", "value": None}),
        (f"operator:{op.username}", "set", {"name": "paused", "value": "1"})]


@pytest.mark.parametrize("queue", ["nothing", "mail%0aX", "mail'--", "a" * 33, "..%2fmail"])
def test_a_queue_that_is_not_there(op, queue, sql):
    before = sql("select count(*) from audit")
    op.call("POST", f"/api/queues/{queue}/pause", expect=404)
    assert sql("select count(*) from audit") == before


# -- who may not -------------------------------------------------------------------------------------------------------

@GUARDED
def test_nobody_may(nobody, row):
    nobody.call(row["method"], path_of(row), 401)


@GUARDED
@pytest.mark.parametrize("product", ["nutrition", "smsagent", "expenses", "ailice", "figureforge"])
def test_an_administrator_of_a_product_may_not(account, nobody, row, product):
    token = account(product, role="admin").token
    for scheme in ("Bearer", "Token", "Session"):
        nobody.call(row["method"], path_of(row), 401, headers={"Authorization": f"{scheme} {token}"})


@GUARDED
def test_a_session_of_a_product_may_not(account, stack, record, nobody, row):
    admin = account("smsagent", role="admin")
    entered = Client(stack, "smsagent", record).post("/api/auth/session/",
                                                     {"username": admin.username, "password": admin.password})
    value = entered.http.headers["Set-Cookie"].split(";")[0].partition("=")[2]
    for name in ("millrace_session", "millrace_operator"):
        nobody.call(row["method"], path_of(row), 401,
                    headers={"Cookie": f"{name}={value}", "X-CSRF-Token": entered.csrf_token})


@GUARDED
def test_a_token_for_this_realm_may_not(op, forge, nobody, row):
    """Sessions only: no token counts here, whoever has signed it."""
    number = op.headers["Cookie"].partition("=")[2].split(".")[0]
    for audience in ("operator", "-", "millrace"):
        nobody.call(row["method"], path_of(row), 401, headers={"Authorization": f"Bearer {forge.token(number, aud=audience)}"})


@GUARDED
@pytest.mark.parametrize("wrong", ["", "x", "0.{digits}", "-1.{digits}", "99999999999999999999.{digits}", "{id}.{zeros}", "{id}.",
                                   "{id}.{digits}0", "{id}.{upper}", "{id}.{digits};", "{id} {digits}", "{next}.{digits}"])
def test_a_forged_cookie_may_not(op, nobody, row, wrong):
    number, digits = op.headers["Cookie"].partition("=")[2].split(".")
    value = wrong.format(id=number, next=int(number) + 1, digits=digits, zeros="0" * 32, upper=digits.upper() + "A")
    if wrong == "{id}.{digits};":
        value = f"x; millrace_operatorx={number}.{digits}"
    nobody.call(row["method"], path_of(row), 401 if row["method"] == "GET" or not re.fullmatch(r"[1-9]\d{0,18}\.[0-9a-f]{32}", value)
                else 403, headers={"Cookie": f"millrace_operator={value}"})


@GUARDED
def test_an_expired_session_may_not(op, row, sql):
    sql("update operator_session set expires_at = now() where operator_id = (select id from operator where name = %s)", op.username)
    op.call(row["method"], path_of(row), 401)


@GUARDED
def test_an_idle_session_may_not(op, row, sql):
    where = "where operator_id = (select id from operator where name = %s)"
    sql("update operator_session set seen_at = now() - interval '119 minutes' " + where, op.username)
    op.get(SESSION)                                              # just in time, and now it is used again
    assert sql("select seen_at > now() - interval '1 minute' from operator_session " + where, op.username) == "t"
    sql("update operator_session set seen_at = now() - interval '2 hours' " + where, op.username)
    op.call(row["method"], path_of(row), 401)


@GUARDED
@pytest.mark.parametrize("sent", [None, "", "0" * 64, "0" * 63, "other"])
def test_without_its_csrf_token_nothing_is_changed(op, console, row, sent):
    if row["method"] == "GET":
        op.call("GET", path_of(row), headers={"X-CSRF-Token": sent})
        return
    sent = console().headers["X-CSRF-Token"] if sent == "other" else sent
    assert "X-CSRF-Token" in op.call(row["method"], path_of(row), 403, headers={"X-CSRF-Token": sent}).error.message
    op.get(SESSION)


@GUARDED
def test_a_viewer_only_looks(console, row, sql):
    viewer, before = console("viewer"), sql("select count(*) from audit where action = 'set'")
    assert (row["who"] == "ADMIN") == (row["method"] == "POST")
    expect = 403 if row["who"] == "ADMIN" else row["status"]
    viewer.call(row["method"], path_of(row), expect)
    assert sql("select count(*) from audit where action = 'set'") == before


def test_a_viewer_hears_no_before_what_is_wrong(console):
    console("viewer").call("POST", "/api/queues/nothing/pause", 403)


def test_an_operators_session_holds_in_no_product(op, stack, record):
    _, value = op.headers["Cookie"].split("=")
    for product in ("nutrition", "smsagent", "expenses", "ailice", "figureforge"):
        for row in load_rows(stack):
            if row["product"] == product and row["who"] in ("SIGNED_IN", "ADMIN") and row["method"] == "GET":
                Client(stack, product, record).call(
                    "GET", re.sub(r"\{\w+\}", "1", row["path"].replace("{phone_number}", "+15551234567")), 401, headers={
                        "Cookie": f"millrace_operator={value}; millrace_session={value}",
                        "X-CSRF-Token": op.headers["X-CSRF-Token"]})


def test_the_realm_is_reached_by_its_own_path_only(stack, record):
    for product in ("operator", "figureforge"):
        client = Client(stack, product, record)
        client.base = f"{stack['url']}/{product}"
        for path in (SESSION, "/-/operator/api/session", "/api/queues"):
            assert client.raw_get(f"/{product}{path}").status_code == 404


def test_it_has_nothing_but_its_rows(op, nobody):
    for path in ("", "/", "/api", "/api/sessions", "/openapi.json", "/docs", "/files/x/y", "/api/queues/mail", "/api/queues/mail/pause/x"):
        nobody.get(path, 404)
    assert nobody.call("PUT", SESSION, 405).http.headers["Allow"] == "GET, HEAD, POST, DELETE, OPTIONS"


def test_no_other_origin_may_read_it(op):
    answer = op.get(SESSION, headers={"Origin": "http://127.0.0.1:1"})
    assert not [name for name in answer.http.headers if name.lower().startswith("access-control")]


def test_an_idempotency_key_means_nothing_here(op, sql, by_hand):
    """They are kept by the number of an account: an operator's is another's."""
    by_hand("house.expire")
    before = sql("select count(*) from idempotency")
    op.post(RESUME, headers={"Idempotency-Key": secrets.token_hex(8)})
    assert sql("select count(*) from idempotency") == before


# -- what ends a session -----------------------------------------------------------------------------------------------

def test_who_is_disabled_is_out_at_once(op, nobody, operator):
    assert operator("operator", "disable", op.username) == f"{op.username}: is disabled\n"
    op.get(SESSION, 401)
    op.post(RESUME, None, 401)
    enter(nobody, op.username, op.password, 401)
    operator("operator", "enable", op.username)
    op.get(SESSION, 401)                                         # what was open stays closed
    enter(nobody, op.username, op.password)


def test_a_session_that_outlived_a_disabling_is_none(op, sql):
    sql("update operator set disabled_at = now() where name = %s", op.username)
    op.get(SESSION, 401)


def test_another_password_ends_all_sessions(op, nobody, operator):
    operator("operator", "password", op.username, text="another password\n")
    op.get(SESSION, 401)
    enter(nobody, op.username, op.password, 401)
    enter(nobody, op.username, "another password")


def test_signing_out_ends_all_sessions(op, operator):
    operator("operator", "sign-out", op.username)
    op.get(SESSION, 401)
    console_enter(op).get(SESSION)


def test_a_role_goes_for_open_sessions(op, operator):
    operator("operator", "set", op.username, "--role", "viewer")
    op.post(RESUME, None, 403)
    assert op.get(SESSION).role == "viewer"


def test_sixteen_sessions_of_one(op, stack, record):
    first = op.headers
    for _ in range(16):
        console_enter(op)
    op.get(SESSION)
    op.headers = first
    op.get(SESSION, 401)


def test_a_loss_of_redis_changes_nothing(op, redis, nobody, stack):
    redis("FLUSHALL")
    op.get(SESSION)
    op.delete(SESSION, 204)
    redis("FLUSHALL")
    op.get(SESSION, 401)
    enter(nobody, op.username, op.password)
    rebuilt(stack, redis)


# -- guessing ----------------------------------------------------------------------------------------------------------

def test_a_wrong_password_and_an_unknown_name_are_the_same(op, nobody, operator, console):
    gone = console()
    operator("operator", "disable", gone.username)
    answers = [enter(nobody, name, password, 401) for name, password in
               ((op.username, "wrong"), (f"no-{secrets.token_hex(4)}", "wrong"), (gone.username, gone.password))]
    assert answers[0] == answers[1] == answers[2] and "Set-Cookie" not in answers[0].http.headers


def test_they_take_the_same_time(op, stack, record):
    """Both cost a hash, which takes ten times as long as all else. The least of some is taken: a busy machine makes things slower."""
    def least(name):
        client, times = Client(stack, "operator", record), []
        for _ in range(8):
            began = time.monotonic()
            enter(client, name, "wrong", 401)
            times.append(time.monotonic() - began)
        return min(times)
    known, unknown = least(op.username), least(f"no-{secrets.token_hex(4)}")
    assert 0.25 < known / unknown < 4


def guess(client, name, times, **headers):
    for _ in range(times):
        enter(client, name, "wrong", 401, **headers)


def test_ten_wrong_passwords_for_a_name(op, stack, record):
    for _ in range(2):
        guess(Client(stack, "operator", record), op.username, 5)
    refused = enter(Client(stack, "operator", record), op.username, op.password, 429)
    assert 0 < int(refused.http.headers["Retry-After"]) <= 900
    op.get(SESSION)                                              # who is in stays in


def test_unknown_names_are_throttled_as_well(stack, record):
    name = f"no-{secrets.token_hex(4)}"
    guess(Client(stack, "operator", record), name, 10)
    enter(Client(stack, "operator", record), name, "wrong", 429)


def test_thirty_wrong_passwords_from_an_address(op, nobody):
    for _ in range(3):
        guess(nobody, f"no-{secrets.token_hex(4)}", 10)
    refused = enter(nobody, op.username, op.password, 429)
    assert 900 < int(refused.http.headers["Retry-After"]) <= 3600


def test_the_throttle_holds_while_redis_is_away_and_was_flushed(op, stack, record, paused, redis):
    guess(Client(stack, "operator", record), op.username, 5)
    redis("FLUSHALL")
    with paused("redis"):
        guess(Client(stack, "operator", record), op.username, 5)
        enter(Client(stack, "operator", record), op.username, op.password, 429)
        other = op.get(SESSION)
        assert other.name == op.username
        assert {queue.state for queue in op.get(QUEUES).queues} == {"unknown"}
        assert op.post(PAUSE).paused                             # PostgreSQL has it; the scheduler tells Redis
    op.post(RESUME)
    until = time.monotonic() + PATIENCE
    while {queue.state for queue in op.get(QUEUES).queues} != {"open"}:
        assert time.monotonic() < until
        time.sleep(POLL)


@pytest.mark.parametrize("name", ["x\r\nSet-Cookie: a=b", "x\nfront.stop open=0", "x\u2028y", "\x1b[2Jx", "a\x00b", "'; drop table operator;--",
                                  "x" * 65, "", " ", None, 7, ["a"]])
def test_a_name_is_written_nowhere_as_it_came(nobody, stack, name, sql):
    """Into no header, no log, no statement."""
    answer = enter(nobody, name, "wrong", 400)
    assert answer.error.code == ("malformed" if name == "a\x00b" else "invalid")
    assert "Set-Cookie" not in answer.http.headers
    log = open(f"{stack['log_dir']}/front.log", encoding="utf-8", errors="replace").read()
    assert "\nfront.stop open=0" not in log and "\x1b[2J" not in log and "drop table" not in log
    assert sql("select count(*) > 0 from operator") in "tf"


@pytest.mark.parametrize("name", ["Upper", "a b", "-x", "x\ny", "é", "a" * 33, "../x", ""])
def test_a_name_that_cannot_be(stack, name):
    done = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "operator", "add", "--", name],
                          input="long enough\n", capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.startswith("millrace: "), done


# -- the command -------------------------------------------------------------------------------------------------------

def test_the_command_tells_and_is_in_the_audit(op, operator):
    rows = {row["name"]: row for row in json.loads(operator("operator", "list", "--json"))}
    assert rows[op.username]["role"] == "operator" and rows[op.username]["sessions"] == 1 and rows[op.username]["state"] == "enabled"
    operator("operator", "disable", op.username)
    operator("operator", "enable", op.username)
    actions = [row["action"] for row in json.loads(operator("audit", "--target", op.username, "--json"))]
    assert actions == ["operator.enable", "operator.disable", "operator.sign-in", "operator.add"]


def test_what_the_command_refuses(op, stack):
    def run(*words, text=""):
        done = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "operator", *words], input=text,
                              capture_output=True, text=True, check=False)
        return done.returncode
    assert run("add", op.username, text="long enough\n") == 4
    assert run("add", "somebody", text="short\n") == 2
    assert run("add", "somebody") == 2
    assert run("password", "no-such-one", text="long enough\n") == 3
    assert run("disable", "no-such-one") == run("enable", "no-such-one") == run("sign-out", "no-such-one") == 3
    assert run("set", op.username) == run("disable") == run("dance", op.username) == run("add", op.username, "--role", "root") == 2


def test_no_account_of_a_product_becomes_an_operator(stack):
    for words in (("user", "add", "operator", "x", "x@example.org"), ("token", "operator", "x")):
        done = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], *words], input="long enough\n",
                              capture_output=True, text=True, check=False)
        assert done.returncode == 3, done
