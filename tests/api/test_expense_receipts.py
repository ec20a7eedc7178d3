# SPDX-License-Identifier: GPL-3.0-or-later
"""Receipts of expenses: sent, read when there is time, shown."""
import json

import pytest

from books import png
from household import EXPENSES, refused
from receipts import DINER, LUIGI, packed, printed
from waits import in_one, this_hour, until


@pytest.fixture
def dinner(home):
    return home.enter(split_data={"participants": [home.ann.id, home.bob.id]})


def send(who, expense, data, expect=200, **more):
    return who.upload(f"{EXPENSES}{expense.id}/receipt/", expect, receipt=("me.png", data), **more)["data" if expect == 200 else "error"]


def detail(who, expense):
    return who.get(f"{EXPENSES}{expense.id}/")["data"]


def file_of(link):
    """Which file it is of, and which generation of its links; it ends with another hour when a new one has begun."""
    return link.rpartition("/files/")[2].split(":")[:3]


def test_a_receipt_is_read(home, dinner):
    sent = send(home.bob, dinner, packed(printed(LUIGI), "PNG"), prefer="wait=60")
    seen = until(lambda: (one := detail(home.ann, dinner)).ocr_status == "completed" and one, "the receipt is read")
    assert file_of(seen.receipt) == file_of(sent.receipt_url) and seen.receipt.endswith(f"/{dinner.id}.png")
    assert (seen.ocr_data.vendor, seen.ocr_data.date, seen.ocr_data.total) == ("LUIGI'S RESTAURANT", "2024-01-14", "79.57")
    assert seen.ocr_data["items"][0] == {"name": "Pizza Margherita", "price": "18.00"}
    assert sent.ocr_status in ("completed", "processing") and (sent.ocr_data == seen.ocr_data or sent.ocr_data is None)
    assert (seen.title, seen.amount, seen.vendor) == ("Dinner", "30.00", None)                  # nothing of it has changed
    assert home.cid.get(sent.receipt_url).http.headers["Content-Type"] == "image/png"
    assert [one.type for one in seen.activity] == ["created", "receipt_added"]
    live = json.loads(home.sql("select data from live_event where type = 'expense_update' and data ->> 'expense_id' = %s order by id desc limit 1", dinner.id))
    assert live["action"] == "receipt_processed" and live["expense"]["ocr_data"] == dict(seen.ocr_data)
    assert home.sql("select description from expenses.activity where expense_id = %s and type = 'receipt_added'", dinner.id[4:]) == \
        f"{home.bob.username} added a receipt to 'Dinner' expense of $30.00"


def test_who_does_not_wait_reads_it_later(home, dinner, paused):
    with paused("ai"):
        sent, seen = in_one(this_hour, lambda: (send(home.ann, dinner, packed(printed(DINER), "PNG"), prefer="respond-async"),
                                                detail(home.bob, dinner)))
        assert (sent.ocr_data, sent.ocr_status) == (None, "processing") and sent.receipt_url
        assert (seen.ocr_data, seen.ocr_status, seen.receipt) == (None, "processing", sent.receipt_url)
    assert until(lambda: detail(home.bob, dinner).ocr_data, "it is read").total == "24.02"


def test_another_takes_its_place(home, dinner):
    first = send(home.ann, dinner, packed(printed(DINER), "PNG"), prefer="respond-async").receipt_url
    second = send(home.bob, dinner, packed(printed(LUIGI)), prefer="respond-async").receipt_url
    assert second.endswith(".jpg") and first != second
    home.ann.get(first, 404)
    assert until(lambda: detail(home.ann, dinner).ocr_data, "the second is read").total == "79.57"


def test_what_cannot_be_read_is_kept_all_the_same(home, dinner):
    send(home.ann, dinner, png(20, 10, said=(30000, 30000)), prefer="respond-async")
    until(lambda: detail(home.ann, dinner).ocr_status == "failed", "nobody could read it")
    assert detail(home.ann, dinner).ocr_data is None and detail(home.ann, dinner).receipt


def test_links_end_with_the_expense(home, dinner):
    link = send(home.ann, dinner, packed(printed(DINER)), prefer="respond-async").receipt_url
    home.ann.get(link)
    home.ann.delete(f"{EXPENSES}{dinner.id}/", 204)
    home.ann.get(link, 404)


def test_receipts_are_of_those_who_take_part(home, dinner):
    picture = png(20, 10)
    assert send(home.cid, dinner, picture, 403).code == "PERMISSION_DENIED"
    send(home.eve, dinner, picture, 404)
    assert home.sql("select coalesce(receipt_id::text, 'none') from expenses.expense where id = %s", dinner.id[4:]) == "none"


def test_what_is_no_receipt(home, dinner):
    for data in (b"%PDF-1.4\n", b"GIF89a" + bytes(100), b""):
        assert refused(send(home.ann, dinner, data, 422)) == ["receipt"]
    home.ann.upload(f"{EXPENSES}{dinner.id}/receipt/", 422, other=("me.png", png(2, 2)))
    assert send(home.ann, dinner, png(2, 2) + bytes(10485760), 413).code == "PAYLOAD_TOO_LARGE"
