# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read on photographed receipts (ai.ocr)."""
import json
import secrets
import subprocess

import pytest

import receipts
from album import flag, lying
from client import PATIENCE
from receipts import DINER, LUIGI, MARKET, packed, printed, shaded, smaller, speckled, turned
from waits import until

READ = {
    LUIGI: {"vendor": "LUIGI'S RESTAURANT", "date": "2024-01-14", "total": "79.57", "currency": "USD", "items": [
        {"name": "Pizza Margherita", "price": "18.00"}, {"name": "Lasagne al Forno", "price": "21.50"},
        {"name": "House Wine", "price": "24.00"}, {"name": "Tiramisu", "price": "9.50"}]},
    MARKET: {"vendor": "BIOMARKT GMBH", "date": "2023-05-03", "total": "26.67", "currency": "EUR", "items": [
        {"name": "Vollkornbrot", "price": "3.49"}, {"name": "Butter", "price": "2.29"},
        {"name": "Espresso 1kg", "price": "18.90"}, {"name": "Apfelsaft", "price": "1.99"}]},
    DINER: {"vendor": "THE CORNER DINER", "date": "2025-01-07", "total": "24.02", "currency": "USD", "items": [
        {"name": "Pancakes", "price": "11.25"}, {"name": "Coffee refill", "price": "3.00"},
        {"name": "Orange juice", "price": "4.75"}]},
}
NAMES = {LUIGI: "restaurant", MARKET: "market", DINER: "diner"}
FORMS = {
    "clean": lambda page: packed(page, "PNG"),
    "WebP": lambda page: packed(page, "WEBP"),
    "askew": lambda page: packed(turned(page, 5)),
    "far askew": lambda page: packed(turned(page, -12)),
    "small": lambda page: packed(smaller(page, 0.45)),
    "grainy": lambda page: packed(speckled(page)),
    "grainy, askew": lambda page: packed(speckled(turned(page, 3))),
    "shaded": lambda page: packed(shaded(page)),
    "on its side": lambda page: packed(turned(page, 90)),
    "on its other side": lambda page: packed(turned(page, 270)),
    "on its head": lambda page: packed(turned(page, 180)),
    "as a camera stores it": lambda page: lying(page.convert("RGB"), 6),
    "on a table": lambda page: packed(turned(receipts.on_a_table(page), 2)),
    "light on dark": lambda page: packed(page.point(lambda v: 255 - v), "PNG"),
}


@pytest.fixture
def member(account):
    return account("expenses")


@pytest.fixture
def stored(member, depot, sql):
    """stored(data) -> the id of a file of the member's."""
    def keep(data):
        key = f"expenses/uploads/{secrets.token_hex(8)}/receipt"
        depot.plant(key, data)
        return int(sql("insert into file (product, account_id, storage_key, name, type) select 'expenses', id, %s, 'receipt.jpg', "
                       "'image/jpeg' from account where email = %s returning id", key, member.email))
    return keep


@pytest.fixture
def read(stored, sql, put):
    """read(data) -> the row of picture_text."""
    def ask(data):
        file = stored(data)
        put(file)
        return json.loads(sql("select row_to_json(t) from picture_text t where file_id = %s", file))
    return ask


@pytest.fixture
def put(stack):
    """put(file) -> the exit status of millrace put --wait: how the job ended."""
    def wait(file):
        return subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "put", "ai.ocr", "--product", "expenses",
                               "--wait", "--args", json.dumps({"file_id": file})], capture_output=True, timeout=2 * PATIENCE).returncode
    return wait


def amounts(found):
    return [item["price"] for item in found["items"]]


# The first in every form, each of the others in half of them.
CASES = [(text, form) for n, text in enumerate(READ) for k, form in enumerate(FORMS) if n == 0 or k % 2 == n - 1]


@pytest.mark.parametrize("text, form", CASES, ids=[f"{NAMES[text]}, {form}" for text, form in CASES])
def test_a_receipt_is_read(read, text, form):
    row = read(FORMS[form](printed(text)))
    assert row["status"] == "completed"
    found, expect = row["result"], READ[text]
    confidence = found.pop("confidence")
    assert {**found, "items": amounts(found)} == {**expect, "items": amounts(expect)}
    assert confidence >= 80


def test_names_of_what_was_bought(read):
    assert read(packed(printed(LUIGI), "PNG"))["result"]["items"] == READ[LUIGI]["items"]


NOTHING = {"vendor": None, "date": None, "total": None, "currency": None, "items": []}


def test_what_cannot_be_read_is_null(read):
    for data in (packed(flag(800, 600), "PNG"), packed(printed(" "), "PNG"), packed(flag(3, 2), "PNG")):
        row = read(data)
        assert row["status"] == "completed"
        confidence = row["result"].pop("confidence")
        assert row["result"] == NOTHING and confidence <= 20


def test_a_sum_that_is_wrong_makes_less_sure(read):
    right = read(packed(printed(DINER), "PNG"))["result"]
    wrong = read(packed(printed(DINER.replace("24.02", "94.02")), "PNG"))["result"]
    assert wrong["total"] == "94.02" and wrong["items"] == right["items"]
    assert wrong["confidence"] <= 70 < 90 <= right["confidence"]


@pytest.mark.parametrize("data, why", [
    (b"GIF89a" + bytes(100), "it is neither JPEG nor PNG or WebP"), (b"", "its file cannot be read"),
    (b"%PDF-1.4\n", "it is neither JPEG nor PNG or WebP"), (packed(printed(DINER), "PNG")[:500], "it cannot be decoded"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x75\0\0\0\x75\0\x08\2\0\0\0....", "it has more pixels than are taken")],
                         ids=["gif", "empty", "pdf", "cut", "30 megapixels square"])
def test_what_is_no_picture_buries_the_job(read, data, why):
    row = read(data)
    assert row["status"] == "failed" and row["result"] is None and row["error"] == f"the picture cannot be used: {why}"


def test_one_that_could_not_be_read_is_read_again(read, sql, operator):
    job = read(b"%PDF-1.4\n")["job_id"]
    assert job in operator("kick", job)
    until(lambda: sql("select count(*) from picture_text where job_id = %s and status = 'failed'", job) == "1" and
          sql("select outcome from job_end where id = %s", job) == "buried", "it has been tried once more")


def test_a_file_that_is_gone_is_not_read(stored, put, sql):
    file = stored(packed(printed(DINER), "PNG"))
    sql("update file set deleted_at = now() where id = %s", file)
    assert put(file) != 0                                       # nobody takes it for one that says nothing
    assert sql("select status || ': ' || error from picture_text where file_id = %s", file) == "failed: the picture has been taken back"
    assert put(999999999) != 0
