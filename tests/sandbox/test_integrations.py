# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of what AIlice integrates, over all their pages, and what each says to whose token does not hold."""
from datetime import datetime, timedelta, timezone

import pytest


def google_drive(sandbox, size, since=None):
    token = ""
    while token is not None:
        query = {"pageSize": size, "pageToken": token, **({"q": f"trashed = false and modifiedTime > '{since}'"} if since else {})}
        page = sandbox.get("/google_drive/drive/v3/files", params=query)
        yield [one["id"] for one in page["files"]]
        token = page.get("nextPageToken")


def dropbox(sandbox, size):
    page = sandbox.post("/dropbox/2/files/list_folder", {"path": "", "limit": size})
    while True:
        yield [one["id"] for one in page["entries"]]
        if not page["has_more"]:
            return
        page = sandbox.post("/dropbox/2/files/list_folder/continue", {"cursor": page["cursor"]})


def onedrive(sandbox, size):
    path = f"/onedrive/v1.0/me/drive/root/children?$top={size}"
    while path:
        page = sandbox.get(path)
        yield [one["id"] for one in page["value"]]
        path = page.get("@odata.nextLink", "").removeprefix(sandbox.url)


def github(sandbox, size, since=None):
    path = f"/github/user/repos?per_page={size}" + (f"&since={since}" if since else "")
    while path:
        answer = sandbox.ask("GET", path)
        yield [one["id"] for one in answer.json()]
        path = answer.links.get("next", {}).get("url", "").removeprefix(sandbox.url)


def gitlab(sandbox, size, since=None):
    page = "1"
    while page:
        answer = sandbox.ask("GET", "/gitlab/api/v4/projects", params={"page": page, "per_page": size, "last_activity_after": since})
        yield [one["id"] for one in answer.json()]
        page = answer.headers["X-Next-Page"]


def slack(sandbox, size):
    cursor = None
    while cursor != "":
        page = sandbox.get("/slack/api/conversations.list", params={"limit": size, "cursor": cursor})
        assert page["ok"] is True
        yield [one["id"] for one in page["channels"]]
        cursor = page["response_metadata"]["next_cursor"]


def discord(sandbox, size):
    after = None
    while True:
        page = sandbox.get("/discord/api/v10/users/@me/guilds", params={"limit": size, "after": after})
        yield [one["id"] for one in page]
        if len(page) < size:
            return
        after = page[-1]["id"]


def twitter(sandbox, size, since=None):
    me = sandbox.get("/twitter/2/users/me")["data"]["id"]
    token = None
    while True:
        page = sandbox.get(f"/twitter/2/users/{me}/tweets", params={"max_results": size, "pagination_token": token, "start_time": since})
        ids = [one["id"] for one in page.get("data", [])]
        assert page["meta"]["result_count"] == len(ids)
        yield ids
        token = page["meta"].get("next_token")
        if not token:
            return


WALKS = (google_drive, dropbox, onedrive, github, gitlab, slack, discord, twitter)
NEWS = (google_drive, github, gitlab, twitter)      # those that can be asked for what has changed
FIRST = {"google_drive": "/drive/v3/files", "onedrive": "/v1.0/me/drive/root/children", "github": "/user/repos",
         "gitlab": "/api/v4/projects", "slack": "/api/conversations.list", "discord": "/api/v10/users/@me/guilds",
         "twitter": "/2/users/me", "linkedin": "/v2/userinfo"}
WORDS = {"google_drive": lambda body: body["error"]["status"] == "UNAUTHENTICATED",
         "onedrive": lambda body: body["error"]["code"] == "InvalidAuthenticationToken",
         "github": lambda body: body["message"] == "Bad credentials",
         "gitlab": lambda body: body["error"] == "invalid_token",
         "slack": lambda body: body == {"ok": False, "error": "token_expired"},
         "discord": lambda body: body["code"] == 0,
         "twitter": lambda body: body["title"] == "Unauthorized",
         "linkedin": lambda body: body["serviceErrorCode"] == 65601}


@pytest.mark.parametrize("count", (0, 1, 20, 25))
@pytest.mark.parametrize("walk", WALKS)
def test_all_pages_hold_each_thing_once(sandbox, walk, count):
    sandbox.post("/-/control/items", {"service": walk.__name__, "count": count})
    pages = list(walk(sandbox, 10))
    ids = [one for page in pages for one in page]
    assert len(ids) == len(set(ids)) == count
    assert all(len(page) <= 10 for page in pages) and len(pages) <= max(1, -(-count // 10)) + (walk is discord)


@pytest.mark.parametrize("walk", NEWS)
def test_what_has_changed_can_be_asked_for(sandbox, walk):
    before = (datetime.now(timezone.utc) - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [one for page in walk(sandbox, 10, since=before) for one in page] == []
    sandbox.post("/-/control/items", {"service": walk.__name__, "count": 30, "touched": 12})
    assert len({one for page in walk(sandbox, 10, since=before) for one in page}) == 12
    assert len({one for page in walk(sandbox, 10) for one in page}) == 30


@pytest.mark.parametrize("service", FIRST)
def test_a_token_that_has_ended_is_told_as_the_service_tells_it(sandbox, service):
    status = 200 if service == "slack" else 401
    assert WORDS[service](sandbox.get(f"/{service}{FIRST[service]}", status, key="expired"))
    sandbox.get(f"/{service}{FIRST[service]}", status, key="")
    sandbox.get(f"/{service}{FIRST[service]}")


def test_dropbox_refuses_what_it_does_not_know(sandbox):
    answer = sandbox.post("/dropbox/2/files/list_folder", {"path": ""}, 401, key="expired")
    assert answer["error"] == {".tag": "expired_access_token"}
    assert sandbox.post("/dropbox/2/files/list_folder/continue", {"cursor": "mine"}, 400)["error"] == {".tag": "reset"}


def test_linkedin_knows_one_person_in_both_forms(sandbox):
    assert sandbox.get("/linkedin/v2/userinfo")["sub"] == sandbox.get("/linkedin/v2/me")["id"]
