# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists, as each product pages them."""
import secrets

import pytest


@pytest.fixture
def items(account):
    """Somebody with five items, the oldest first."""
    client = account("ailice")
    client.made = [client.post("/api/items", {"title": f"item {n}", "item_type": "post" if n % 2 else "note"}, 201).id
                   for n in range(5)]
    return client


def ids(answer):
    return [row["id"] for row in answer.value]


def test_skip_and_limit(items):
    newest = items.made[::-1]
    assert ids(items.get("/api/items")) == newest
    assert ids(items.get("/api/items?skip=1&limit=2")) == newest[1:3]
    assert ids(items.get("/api/items?skip=5")) == ids(items.get("/api/items?skip=1000000000")) == []
    assert ids(items.get("/api/items?limit=1000")) == newest                     # more than a page has counts as a page
    assert ids(items.get("/api/items?item_type=post")) == [newest[1], newest[3]]
    for wrong in ("skip=-1", "limit=0", "limit=-1", "skip=x", "limit=1.5", "skip=99999999999999999999", "status=none"):
        assert wrong.split("=")[0] in items.get(f"/api/items?{wrong}", 400).detail


def test_items_are_their_owners(items, account):
    other, mine = account("ailice"), f"/api/items/{items.made[0]}"
    assert other.get("/api/items").value == []
    other.get(mine, 404)
    other.call("PUT", mine, 404, {"title": "mine now"})
    other.delete(mine, 404)
    assert items.get(mine).title == "item 0"


def test_an_item_is_published_once(items):
    mine = f"/api/items/{items.made[0]}"
    first = items.call("PUT", mine, 200, {"status": "published", "content": {"b": [1, {"a": None}], "a": 2}})
    assert first.published_at and list(first.content) == ["b", "a"]
    items.call("PUT", mine, 200, {"status": "draft"})
    assert items.call("PUT", mine, 200, {"status": "published"}).published_at == first.published_at
    items.call("PUT", mine, 400, {"content": []})
    items.call("PUT", mine, 400, {"metadata": {"x": "y" * 70000}})
    items.delete(mine, 204)
    items.get(mine, 404)


@pytest.fixture
def people(account):
    """An operator, and what tells apart the seven people it has made."""
    chief, prefix = account("smsagent", role="admin"), f"+44{secrets.randbelow(10**7):07}"
    for n in range(7):
        chief.post("/api/users/", {"phone_number": f"{prefix}{n}", "tier": "enterprise"}, 201)
    chief.prefix = prefix
    return chief


def test_pages_with_absolute_links(people):
    page = people.get("/api/users/?tier=enterprise&page_size=3&page=1")
    assert page.previous is None and page.count >= 7 and len(page.results) == 3
    assert page.next.startswith(people.base) and "tier=enterprise" in page.next and "page_size=3" in page.next
    seen = [row.phone_number for row in page.results]
    while page.next:
        page = people.get(page.next)
        seen += [row.phone_number for row in page.results]
    assert len(seen) == len(set(seen)) == page.count
    assert [number for number in seen if number.startswith(people.prefix)] == [f"{people.prefix}{n}" for n in range(6, -1, -1)]
    beyond = people.get("/api/users/?page=1000000")
    assert beyond.results == [] and beyond.next is None and beyond.previous
    for wrong in ("page=0", "page_size=0", "page=x", "tier=none"):
        assert wrong.split("=")[0] in people.get(f"/api/users/?{wrong}", 400).fields


@pytest.mark.parametrize("written", ["+{}", "%2B{}", "%2b{}"])
def test_a_phone_number_in_a_path(people, written):
    number = people.prefix[1:] + "0"
    assert people.get(f"/api/users/{written.format(number)}/").phone_number == f"+{number}"
    people.get(f"/api/users/{number}/", 404)


def test_relative_links(alice):
    alice.draw(batch_size=4)
    page = alice.get("/api/images/user/?limit=3&tag=pose%3Anone")
    assert page.value == {"results": [], "count": 0, "next": None, "previous": None}
    page = alice.get("/api/images/user/?limit=3")
    assert page.count == 4 and page.previous is None
    assert page.next.startswith(f"/{alice.product}/api/images/user/?limit=3&offset=3&cursor=")
    last = alice.get(page.next.removeprefix(f"/{alice.product}"))
    assert last.next is None and last.previous == f"/{alice.product}/api/images/user/?limit=3&offset=0"
    assert len({image.id for image in page.results + last.results}) == 4


def test_plans(stack, record):
    from client import Client
    plans = Client(stack, "nutrition", record).get("/api/v1/payments/plans/").plans
    assert [(plan.id, plan.price) for plan in plans] == [(1, 0.0), (2, 9.99)]


# -- methods and other origins -----------------------------------------------------------------------------------------

def test_options_tell_what_may_be_asked(items):
    items.token = None
    for path, allowed in (("/api/items", "GET, HEAD, POST, OPTIONS"), ("/api/items/1", "GET, HEAD, PUT, DELETE, OPTIONS"),
                          ("/api/auth/login", "POST, OPTIONS")):
        answer = items.call("OPTIONS", path, 204).http
        assert answer.headers["Allow"] == allowed and not answer.content
        assert "Access-Control-Allow-Origin" not in answer.headers
    items.call("OPTIONS", "/api/nowhere", 404)
