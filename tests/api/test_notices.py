# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications of the Expense Tracker, whose lists have an envelope with links, and of AIlice, whose lists are bare arrays."""
import secrets

import pytest

TOLD, CHOICE = "/api/notifications/", "/api/notifications/preferences/"
SEND, HISTORY = "/api/notify/send", "/api/notify/history"


@pytest.fixture
def payer(stack, record):
    """Somebody who shares expenses, and .number of the account."""
    from client import Client
    client, name = Client(stack, "expenses", record), f"payer{secrets.token_hex(4)}"
    entered = client.post("/api/auth/register/", {"email": f"{name}@example.org", "password": "SecurePassword123!", "username": name,
                                                  "first_name": "Ann", "last_name": "Payer"}, 201).data
    client.token, client.number = entered.tokens.access, entered.user.id.removeprefix("usr_")
    return client


@pytest.fixture
def told(payer, sql):
    """told(5, type="payment_due"): as many notifications, the latest last."""
    def tell(count, type="expense_added", priority="normal", client=payer):
        made = sql("insert into expenses.notification (account_id, type, title, message, priority, sender_id) "
                   "select %s, %s, 'No ' || n, 'x', %s, %s from generate_series(1, %s) as n returning id",
                   client.number, type, priority, client.number, count)
        return [f"ntf_{number}" for number in made.split()]
    return tell


def ids(answer):
    return [notice["id"] for notice in answer["data"]]


def test_an_envelope_with_meta_and_links(payer, told):
    made = told(5)[::-1]
    page = payer.get(f"{TOLD}?priority=normal&page_size=2&page=2")
    assert list(page) == ["status", "data", "meta", "links"] and ids(page) == made[2:4]
    assert page.meta.pagination == {"page": 2, "page_size": 2, "total_pages": 3, "total_items": 5, "has_next": True, "has_previous": True}
    assert page.meta.unread_count == 5
    link = "/expenses/api/notifications?priority=normal&page_size=2&page={}"
    assert (page.links.first, page.links.last, page.links.previous) == (link.format(1), link.format(3), link.format(1))
    assert page.links.next.startswith(link.format(3) + "&cursor=")
    last = payer.get(page.links.next.removeprefix("/expenses"))
    assert ids(last) == made[4:] and last.links.next is None and not last.meta.pagination.has_next
    assert page.data[0].sender == {"id": f"usr_{payer.number}", "name": "Ann Payer"} and page.data[0].action_url is None


def test_nothing_was_told(payer):
    page = payer.get(TOLD)
    assert page["data"] == [] and page.meta.unread_count == 0 and page.meta.pagination.total_pages == 0
    assert page.links.next is None and page.links.previous is None
    assert payer.post(f"{TOLD}mark-all-read/")["data"] == {"updated_count": 0}


def test_what_was_read(payer, told):
    first, second, third = told(2) + told(1, "payment_due", "high")
    read = payer.call("PUT", f"{TOLD}{second}/read/")["data"]
    assert list(read) == ["id", "is_read", "read_at"] and read.id == second and read.is_read
    assert payer.call("PUT", f"{TOLD}{second}/read")["data"] == read               # once
    for query, wanted in (("is_read=true", [second]), ("is_read=0", [third, first]), ("type=payment_due", [third]),
                          ("is_read=false&priority=high", [third]), ("is_read=true&priority=high", []), ("", [third, second, first])):
        page = payer.get(f"{TOLD}?{query}")
        assert ids(page) == wanted and page.meta.pagination.total_items == len(wanted) and page.meta.unread_count == 2, query
    assert payer.post(f"{TOLD}mark-all-read/")["data"] == {"updated_count": 2}
    assert payer.get(TOLD).meta.unread_count == 0
    for wrong in ("is_read=maybe", "type=none", "priority=medium", "page=0"):
        assert payer.get(f"{TOLD}?{wrong}", 422).error.details[0].field == wrong.split("=")[0]


def test_notifications_are_their_owners(payer, told, account):
    (mine,) = told(1)
    other = account("expenses")
    other.call("PUT", f"{TOLD}{mine}/read/", 404)
    for nothing in (mine.removeprefix("ntf_"), "ntf_0", "ntf_x", "preferences"):
        payer.call("PUT", f"{TOLD}{nothing}/read/", 404)
    assert other.get(TOLD)["data"] == [] and other.post(f"{TOLD}mark-all-read/")["data"] == {"updated_count": 0}
    assert payer.get(TOLD).meta.unread_count == 1


def test_what_one_wants_to_be_told(payer):
    before = payer.get(CHOICE)["data"]
    assert (before.email_enabled, before.push_enabled, before.sms_enabled) == (True, False, False) and not before.quiet_hours.enabled
    assert len(before.preferences) == 10 and {choice.frequency for choice in before.preferences} == {"immediate"}
    answer = payer.call("PUT", CHOICE, 200, {
        "push_enabled": True, "quiet_hours": {"enabled": True, "start": "23:00"},
        "preferences": [{"type": "payment_due", "frequency": "weekly"}, {"type": "payment_due", "frequency": "daily", "channels": ["push", "email", "push"]},
                        {"type": "expense_added", "enabled": False, "channels": []}]})
    assert answer.message == "Preferences updated successfully" and "data" not in answer
    payer.call("PUT", CHOICE, 200, {"preferences": [{"type": "payment_due", "enabled": False}]})
    after = payer.get(CHOICE)["data"]
    by_type = {choice.pop("type"): choice for choice in after.preferences}
    assert by_type["payment_due"] == {"enabled": False, "channels": ["push", "email"], "frequency": "daily"}
    assert by_type["expense_added"] == {"enabled": False, "channels": [], "frequency": "immediate"}
    assert by_type["group_invite"] == {"enabled": True, "channels": ["email", "in_app"], "frequency": "immediate"}
    assert after.quiet_hours == {"enabled": True, "start": "23:00", "end": "08:00", "timezone": "UTC"}
    assert (after.email_enabled, after.push_enabled) == (True, True)


@pytest.mark.parametrize("body, field", [
    ({"email_enabled": "yes"}, "email_enabled"), ({"preferences": [{"enabled": True}]}, "preferences[0].type"),
    ({"preferences": [{"type": "none"}]}, "preferences[0].type"), ({"quiet_hours": {"start": "8"}}, "quiet_hours.start"),
    ({"preferences": [{"type": "payment_due", "channels": ["pigeon"]}]}, "preferences[0].channels[0]"),
    ({"quiet_hours": {"timezone": "Mars/Olympus"}}, "quiet_hours.timezone"),
], ids=str)
def test_what_is_no_choice(payer, body, field):
    before = payer.get(CHOICE)["data"]
    assert payer.call("PUT", CHOICE, 422, body).error.details[0].field == field
    assert payer.get(CHOICE)["data"] == before


# -- AIlice ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def writer(account, sql):
    client = account("ailice")
    client.number = int(sql("select id from account where email = %s", client.email))
    return client


def send(client, title="Hello", expect=201, to="", **more):
    return client.post(SEND + to, {"title": title, "message": "You", **more}, expect)


def test_a_bare_array(writer):
    made = [send(writer, str(n)).id for n in range(5)][::-1]
    assert [notice.id for notice in writer.get(HISTORY).value] == made
    assert [notice.id for notice in writer.get(f"{HISTORY}?skip=1&limit=2").value] == made[1:3]
    read = writer.post(f"/api/notify/{made[0]}/read")
    assert read.read and read.read_at and writer.post(f"/api/notify/{made[0]}/read").read_at == read.read_at
    assert [notice.id for notice in writer.get(f"{HISTORY}?unread_only=true&limit=3").value] == made[1:4]
    assert writer.get(f"{HISTORY}?skip=5").value == [] and "unread_only" in writer.get(f"{HISTORY}?unread_only=2", 400).detail
    assert writer.post("/api/notify/mark-all-read").updated == 4
    assert writer.get(f"{HISTORY}?unread_only=1").value == []


def test_who_tells_whom(writer, account):
    chief, other = account("ailice", role="admin"), account("ailice")
    (mine,) = [send(writer, to=f"?user_id={writer.number}", metadata={"a": [1]}, action_url="https://example.org/x")]
    assert mine.metadata == {"a": [1]} and mine.notification_type == "info" and mine.read_at is None
    assert "administrator" in send(other, expect=403, to=f"?user_id={writer.number}").detail
    send(other, expect=403, to="?user_id=9223372036854775807")
    assert send(chief, "From above", to=f"?user_id={writer.number}", notification_type="warning").notification_type == "warning"
    send(chief, expect=404, to="?user_id=9223372036854775807")
    assert [notice.title for notice in writer.get(HISTORY).value] == ["From above", "Hello"]
    assert other.get(HISTORY).value == [] and chief.get(HISTORY).value == []
    other.post(f"/api/notify/{mine.id}/read", None, 404)
    for wrong in ({"notification_type": "loud"}, {"action_url": "javascript:x"}, {"metadata": []}, {"message": None}):
        assert next(iter(wrong)) in send(writer, expect=400, **wrong).detail
    assert "user_id" in send(writer, expect=400, to="?user_id=0").detail
