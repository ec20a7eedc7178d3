# SPDX-License-Identifier: GPL-3.0-or-later
"""AIlice's integrations: services are connected, and what there is at them becomes items."""

import pytest
import requests

from client import PATIENCE
from waits import until

ALL = "/api/integrations"
MANY = 205
# service: what its items are, how many pages so many of them are, whether it tells what is new
SERVICES = {"google_drive": ("file", 3, True), "dropbox": ("file", 3, False), "onedrive": ("file", 3, False),
            "github": ("project", 3, True), "gitlab": ("project", 3, True), "slack": ("channel", 2, False),
            "discord": ("guild", 2, False), "twitter": ("post", 3, True)}


class Sandbox:
    """The stand-in of all services, and how it is steered."""

    def __init__(self, stack):
        self.base = stack["sandbox"] + "/-/control"

    def ask(self, method, path, body=None):
        answer = requests.request(method, self.base + path, json=body, timeout=PATIENCE)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def has(self, service, count, touched=0):
        self.ask("POST", "/items", {"service": service, "count": count, "touched": touched})

    def calls(self, service):
        calls = self.ask("GET", f"/calls?service={service}&limit=1000")
        return calls["calls"] if isinstance(calls, dict) else calls

    def fails(self, service, **fault):
        self.ask("POST", "/faults", {"service": service, **fault})

    def heal(self, service):
        self.ask("DELETE", f"/faults?service={service}")


@pytest.fixture(scope="module")
def sandbox(stack):
    made = Sandbox(stack)
    yield made
    for service in SERVICES:
        made.heal(service)
        made.has(service, 25)


def connect(client, service, token="good", **config):
    return client.post(f"{ALL}/{service}/connect", {"access_token": token, "refresh_token": "again", "config": config}, 201)


def sync(client, service, headers=None, **more):
    return client.post(f"{ALL}/{service}/sync", {"sync_type": "full", **more}, headers=headers)


def items(client, kind):
    return client.get(f"/api/items?item_type={kind}&limit=100").value


def test_a_connection_is_shown_without_its_tokens(account, sql):
    ann = account("ailice")
    made = connect(ann, "github", "ghp_secret")
    assert (made.service_name, made.connected, made.last_sync, made.sync_status, made.error_message) == ("github", True, None, "idle", None)
    assert "T" in made.created_at and set(made) == {"id", "service_name", "connected", "last_sync", "sync_status", "error_message",
                                                    "created_at", "updated_at"}
    assert ann.get(f"{ALL}/github/status").value == made.value and ann.get(ALL).value == [made.value]
    kept = sql("select access_token || ' ' || refresh_token from ailice.integration where id = %s", made.id)
    assert kept.count("mrs1.") == 2 and "ghp_" not in kept and "again" not in kept
    again = connect(ann, "github", "another")
    assert again.id == made.id and again.created_at == made.created_at
    assert sql("select access_token from ailice.integration where id = %s", made.id) not in kept
    ann.delete(f"{ALL}/github", 204)
    assert ann.get(ALL).value == []


def test_what_is_not_connected(account):
    ann, bob = account("ailice"), account("ailice")
    connect(bob, "slack")
    ann.get(f"{ALL}/slack/status", 404)
    ann.post(f"{ALL}/slack/sync", {"sync_type": "full"}, 404)
    ann.delete(f"{ALL}/slack", 404)
    assert bob.get(ALL).value[0].service_name == "slack"


def test_what_is_no_service(account):
    ann = account("ailice")
    for call, more in (("connect", {"access_token": "x"}), ("sync", {})):
        assert "service" in ann.post(f"{ALL}/myspace/{call}", more, 400).detail
    ann.get(f"{ALL}/myspace/status", 400)
    ann.delete(f"{ALL}/myspace", 400)
    assert "access_token" in ann.post(f"{ALL}/github/connect", {"config": {}}, 400).detail
    assert "sync_type" in ann.post(f"{ALL}/github/sync", {"sync_type": "some"}, 400).detail


def test_a_watchlist_is_given_and_not_asked_for(account):
    ann = account("ailice")
    ann.post(f"{ALL}/tradingview/connect", {"config": {"watchlist": ["NASDAQ:AAPL", "FX:EURUSD"]}}, 201)
    assert sync(ann, "tradingview").value == {"service_name": "tradingview", "sync_status": "completed", "items_synced": 2,
                                              "message": "Successfully synced 2 items"}
    status = ann.get(f"{ALL}/tradingview/status")
    assert status.sync_status == "completed" and status.last_sync
    assert sorted(item.title for item in items(ann, "symbol")) == ["FX:EURUSD", "NASDAQ:AAPL"]
    assert items(ann, "symbol")[0].metadata.service == "tradingview"


def test_an_item_comes_once(account):
    """What was taken over is changed, not doubled; what the account has made of it otherwise stays."""
    ann = account("ailice")
    ann.post(f"{ALL}/tradingview/connect", {"config": {"watchlist": ["A", "B"]}}, 201)
    sync(ann, "tradingview")
    before = {item.title: item for item in items(ann, "symbol")}
    ann.call("PUT", f"/api/items/{before['A'].id}", 200, {"description": "mine"})
    ann.post(f"{ALL}/tradingview/connect", {"config": {"watchlist": ["B", "C", "A", "A"]}}, 201)
    assert sync(ann, "tradingview", sync_type="incremental").items_synced == 4
    after = {item.title: item for item in items(ann, "symbol")}
    assert sorted(after) == ["A", "B", "C"] and after["A"].id == before["A"].id and after["A"].description == "mine"
    assert after["B"].updated_at == before["B"].updated_at
    ann.delete(f"{ALL}/tradingview", 204)
    assert len(items(ann, "symbol")) == 3                           # what came stays


def test_who_does_not_wait_looks_at_the_status(account, paused):
    ann = account("ailice")
    ann.post(f"{ALL}/tradingview/connect", {"config": {"watchlist": ["A"]}}, 201)
    with paused("integ"):
        begun = ann.post(f"{ALL}/tradingview/sync", {"sync_type": "full"}, headers={"Prefer": "respond-async"})
        assert (begun.sync_status, begun.items_synced, begun.message) == ("syncing", 0, "The sync goes on")
        again = ann.post(f"{ALL}/tradingview/sync", {"sync_type": "full"}, headers={"Prefer": "respond-async"})
        assert again.sync_status == "syncing" and ann.get(f"{ALL}/tradingview/status").sync_status == "syncing"
    until(lambda: ann.get(f"{ALL}/tradingview/status").sync_status == "completed", "the sync has ended")
    assert len(items(ann, "symbol")) == 1


def test_who_disconnects_ends_the_sync(account, paused, sql):
    ann = account("ailice")
    ann.post(f"{ALL}/tradingview/connect", {"config": {"watchlist": ["A"]}}, 201)
    with paused("integ"):
        ann.post(f"{ALL}/tradingview/sync", {"sync_type": "full"}, headers={"Prefer": "respond-async"})
        ann.delete(f"{ALL}/tradingview", 204)
    job = sql("select id from job where kind = 'integ.sync' and tenant like %s order by id desc limit 1", "ailice/%%")
    until(lambda: sql("select outcome from job_end where id = %s", job) == "done", "the sync has ended")
    assert items(ann, "symbol") == []


@pytest.mark.parametrize("token", ["a\nb", "x" * 8193, "", 7])
def test_what_is_no_token(account, token):
    ann = account("ailice")
    if token == "a\nb":                      # a header would become two: told when it is used
        connect(ann, "github", token)
        assert sync(ann, "github").sync_status == "error"
    else:
        ann.post(f"{ALL}/github/connect", {"access_token": token}, 400)


# -- what the services have --------------------------------------------------------------------------------------------

def count_of(sql, client, kind):
    return int(sql("select count(*) from ailice.item i join account a on a.id = i.account_id where a.username = %s and item_type = %s",
                   client.username, kind))


@pytest.mark.parametrize("service", SERVICES)
def test_all_that_a_service_lists_is_taken_over(account, sandbox, sql, service):
    kind, pages, tells = SERVICES[service]
    ann = account("ailice")
    sandbox.has(service, MANY)
    connect(ann, service)
    before = len(sandbox.calls(service))
    assert sync(ann, service).value == {"service_name": service, "sync_status": "completed", "items_synced": MANY,
                                        "message": f"Successfully synced {MANY} items"}
    assert len(sandbox.calls(service)) - before == pages + (service == "twitter")     # whose token it is is asked first
    assert count_of(sql, ann, kind) == MANY
    assert {item.metadata.service for item in items(ann, kind)} == {service} and len({item.title for item in items(ann, kind)}) == 100
    sandbox.has(service, MANY, 2)
    assert sync(ann, service, sync_type="incremental").items_synced == (2 if tells else MANY)
    assert count_of(sql, ann, kind) == MANY


def test_a_profile_is_one_item(account):
    ann = account("ailice")
    connect(ann, "linkedin")
    assert sync(ann, "linkedin").items_synced == 1
    assert len(items(ann, "profile")) == 1


@pytest.mark.parametrize("service", [*SERVICES, "linkedin"])
def test_a_token_that_ended_is_told(account, sql, service):
    ann = account("ailice")
    connect(ann, service, "expired")
    answer = sync(ann, service)
    assert (answer.sync_status, answer.items_synced) == ("error", 0) and answer.message.startswith(f"{service} does not accept the token")
    status = ann.get(f"{ALL}/{service}/status")
    assert (status.sync_status, status.error_message, status.last_sync) == ("error", answer.message, None)
    assert connect(ann, service).sync_status == "idle"
    assert sync(ann, service).sync_status == "completed"


def test_pages_that_came_are_kept(account, sandbox, sql):
    """The second page is refused: a hundred items are there, and the next sync brings the rest."""
    ann = account("ailice")
    sandbox.has("dropbox", MANY)
    sandbox.fails("dropbox", kind="status", status=409, path="/2/files/list_folder/continue", times=0)
    connect(ann, "dropbox")
    answer = sync(ann, "dropbox")
    assert answer.sync_status == "error" and answer.items_synced == 100
    assert count_of(sql, ann, "file") == 100 and ann.get(f"{ALL}/dropbox/status").last_sync is None
    sandbox.heal("dropbox")
    assert sync(ann, "dropbox", sync_type="incremental").items_synced == MANY - 100 and count_of(sql, ann, "file") == MANY


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "cut"}, {"kind": "malformed"},
                                   {"kind": "status", "status": 429, "retry_after": 1}], ids=str)
def test_what_may_go_better_is_tried_again(account, sandbox, sql, fault):
    ann = account("ailice")
    sandbox.has("gitlab", 3)
    sandbox.fails("gitlab", times=1, **fault)
    connect(ann, "gitlab")
    begun = ann.post(f"{ALL}/gitlab/sync", {"sync_type": "full"}, headers={"Prefer": "respond-async"})
    assert begun.sync_status == "syncing"
    job = sql("select max(id::text) from job where kind = 'integ.sync'")
    until(lambda: sql("select count(*) from job_try where id = %s", job) == "1", "an attempt has failed")
    until(lambda: ann.get(f"{ALL}/gitlab/status").sync_status == "completed", "the sync has ended")
    assert count_of(sql, ann, "project") == 3


def folders(sandbox):
    """How often Dropbox was asked for the begin of the list."""
    return sum(call["path"].endswith("/list_folder") for call in sandbox.calls("dropbox"))


MORE = "There are more: the next sync goes on behind these"
FURTHER = "/2/files/list_folder/continue"


@pytest.fixture
def dropbox(account, sandbox):
    """dropbox(kind=...): who has connected a Dropbox of three pages, of which the second and third go wrong so, begins to sync."""
    def begin(**fault):
        ann = account("ailice")
        sandbox.has("dropbox", MANY)
        sandbox.fails("dropbox", path=FURTHER, **fault)
        connect(ann, "dropbox")
        return ann
    yield begin
    sandbox.heal("dropbox")


def begun(client, service):
    assert sync(client, service, headers={"Prefer": "respond-async"}).sync_status == "syncing"


def ended(client, service):
    def there():
        found = client.get(f"{ALL}/{service}/status")
        return found if found.sync_status != "syncing" else None
    return until(there, "the sync has ended")


def test_a_sync_that_is_put_off_goes_on_where_it_was(dropbox, sandbox, sql):
    before, ann = folders(sandbox), dropbox(kind="status", status=429, retry_after=1, times=1)
    begun(ann, "dropbox")
    found = ended(ann, "dropbox")
    assert (found.sync_status, found.error_message) == ("completed", None) and found.last_sync
    assert folders(sandbox) - before == 1 and count_of(sql, ann, "file") == MANY
    assert sql("select items_synced from ailice.integration where id = %s", found.id) == str(MANY)


def test_a_service_that_wants_no_calls_any_more_ends_the_sync(dropbox, sandbox, sql):
    """What was read stays, and the next sync goes on behind it."""
    before, ann = folders(sandbox), dropbox(kind="status", status=429, retry_after=1, times=0)
    begun(ann, "dropbox")
    found = ended(ann, "dropbox")
    assert (found.sync_status, found.error_message, count_of(sql, ann, "file")) == ("completed", MORE, 100)
    assert sync(ann, "dropbox").message == f"Successfully synced 0 items. {MORE}"
    sandbox.heal("dropbox")
    assert sync(ann, "dropbox").items_synced == MANY - 100 and folders(sandbox) - before == 1


def test_a_service_that_never_wanted_a_call_ends_the_sync(account, sandbox):
    ann = account("ailice")
    sandbox.fails("gitlab", kind="status", status=429, retry_after=1, times=0)
    connect(ann, "gitlab")
    begun(ann, "gitlab")
    found = ended(ann, "gitlab")
    sandbox.heal("gitlab")
    assert found.sync_status == "error" and found.error_message


def test_a_sync_whose_time_runs_out_leaves_the_rest_to_the_next(dropbox, paused, sandbox, sql):
    before, ann = folders(sandbox), dropbox(kind="latency", ms=5000, times=1)
    with paused("integ"):
        begun(ann, "dropbox")
        sql("update job set deadline = 9 where id = (select max(id::text) from job where kind = 'integ.sync')::uuid")
    found = ended(ann, "dropbox")
    assert (found.sync_status, found.error_message, count_of(sql, ann, "file")) == ("completed", MORE, 200)
    assert sync(ann, "dropbox").items_synced == MANY - 200 and folders(sandbox) - before == 1


def test_who_gives_another_token_gets_what_that_lists(dropbox, sandbox, sql):
    """A sync that runs with the token before tells nothing any more: it begins anew."""
    before, ann = folders(sandbox), dropbox(kind="latency", ms=4000, times=1)
    begun(ann, "dropbox")
    until(lambda: count_of(sql, ann, "file") == 100, "the first page is there")
    connect(ann, "dropbox", "another")
    found = ended(ann, "dropbox")
    assert (found.sync_status, found.error_message) == ("completed", None) and folders(sandbox) - before == 2
    assert sql("select items_synced from ailice.integration where id = %s", found.id) == str(MANY)


def test_a_token_that_ended_is_no_trouble_of_the_next(dropbox, sandbox, sql):
    ann = dropbox(kind="latency", ms=4000, times=1)
    sandbox.fails("dropbox", kind="status", status=401, path=FURTHER, times=1)
    begun(ann, "dropbox")
    until(lambda: count_of(sql, ann, "file") == 100, "the first page is there")
    connect(ann, "dropbox", "another")
    assert ended(ann, "dropbox").error_message is None


@pytest.fixture
def two_pages(configured):
    """A sync reads two pages."""
    configured("integ", "integ.pages = 2")


def test_what_is_too_long_for_one_sync_goes_on_with_the_next(account, sandbox, sql, two_pages):
    """By cursor, by number, by the last item, by address; and of one whose token is asked first whose it is."""
    for service in ("google_drive", "github", "onedrive", "twitter"):
        kind, _, tells = SERVICES[service]
        ann, pages = account("ailice"), 1 + (service != "twitter")
        sandbox.has(service, MANY)
        connect(ann, service)
        first = sync(ann, service)
        assert (first.sync_status, first.items_synced) == ("completed", 100 * pages), service
        assert first.message == f"Successfully synced {100 * pages} items. {MORE}"
        status = ann.get(f"{ALL}/{service}/status")
        assert (status.sync_status, status.error_message, status.last_sync) == ("completed", MORE, None)
        calls = len(sandbox.calls(service))
        last = sync(ann, service, sync_type="incremental")
        assert (last.items_synced, last.message) == (MANY - 100 * pages, f"Successfully synced {MANY - 100 * pages} items"), service
        assert len(sandbox.calls(service)) - calls == 3 - pages
        assert count_of(sql, ann, kind) == MANY
        status = ann.get(f"{ALL}/{service}/status")
        assert status.error_message is None and status.last_sync
        sandbox.has(service, MANY, 2)
        assert sync(ann, service, sync_type="incremental").items_synced == (2 if tells else 200), service


def test_a_place_that_does_not_hold_any_more(account, sandbox, sql, two_pages):
    ann = account("ailice")
    sandbox.has("dropbox", MANY)
    connect(ann, "dropbox")
    assert sync(ann, "dropbox").message.endswith(MORE)
    sandbox.fails("dropbox", kind="status", status=409, path="/2/files/list_folder/continue", times=0)
    assert sync(ann, "dropbox").sync_status == "error"
    sandbox.heal("dropbox")
    again = sync(ann, "dropbox")                        # from the begin
    assert (again.items_synced, again.message.endswith(MORE)) == (200, True)
    connect(ann, "dropbox", "another")                  # and with another token
    assert sync(ann, "dropbox").items_synced == 200
    assert sync(ann, "dropbox").items_synced == 5 and count_of(sql, ann, "file") == MANY
