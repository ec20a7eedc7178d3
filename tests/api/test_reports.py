# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of the Expense Tracker: what is asked for, and what the files are that come of it."""
import csv
import io
import json
import re
import secrets
import subprocess

import pytest
import requests

from books import GENERATE, REPORTS, WEBP, Books, jpeg, png
from client import Client
from waits import HOUR, room_in, until

csv.field_size_limit(1 << 24)
JANUARY = {"date_from": "2024-01-01", "date_to": "2024-01-31"}


@pytest.fixture
def books(sql):
    return Books(sql)


@pytest.fixture
def person(stack, record):
    """person("Ann"): somebody who shares expenses; .number of the account."""
    def make(first, currency="EUR"):
        client, name = Client(stack, "expenses", record), f"reader{secrets.token_hex(4)}"
        entered = client.post("/api/auth/register/", {
            "email": f"{name}@example.org", "password": "SecurePassword123!", "username": name, "first_name": first,
            "last_name": "Payer", "preferred_currency": currency, "timezone": "Europe/Berlin"}, 201).data
        client.token, client.number = entered.tokens.access, entered.user.id.removeprefix("usr_")
        return client
    return make


@pytest.fixture
def ann(person):
    return person("Ann")


def asked(client, kind="expense_summary", form="pdf", filters=JANUARY, **options):
    made = client.post(GENERATE, {"report_type": kind, "format": form, "filters": filters, "options": options}, 202).data
    assert made.status == "processing"
    return made.report_id


def ended(client, report):
    def look():
        found = client.get(f"{REPORTS}{report}/").data
        return found if found.status != "processing" else None
    return until(look, f"{report} has ended")


def made(client, *words, **more):
    """The report and its bytes."""
    report = ended(client, asked(client, *words, **more))
    assert report.status == "completed", report
    content = fetched(report.download_url)
    assert len(content) == report.file_size
    return report, content


def fetched(link, expect=200):
    response = requests.get(link, timeout=60)
    assert response.status_code == expect, (link, response.status_code)
    return response.content


def run(pdf, *words):
    """A tool of poppler on a PDF."""
    done = subprocess.run(words, input=pdf, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def info(pdf):
    return dict(re.findall(r"^([\w ]+): +(.*)$", run(pdf, "pdfinfo", "-"), re.M))


def text(pdf, page=None):
    pages = ("-f", str(page), "-l", str(page)) if page else ()
    return run(pdf, "pdftotext", "-layout", *pages, "-", "-")


def rows_of(content):
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.fixture
def sound(tmp_path):
    """sound(pdf): qpdf finds nothing wrong; its outline's titles."""
    def check(pdf):
        (tmp_path / "report.pdf").write_bytes(pdf)
        done = subprocess.run(["qpdf", "--check", "report.pdf"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "No syntax or stream encoding errors" in done.stdout, done
        told = json.loads(subprocess.run(["qpdf", "--json", "--json-key=outlines", "report.pdf"], cwd=tmp_path, capture_output=True,
                                         timeout=60, check=True).stdout)
        return [entry["title"] for entry in told["outlines"]]
    return check


# -- the document ------------------------------------------------------------------------------------------------------

def test_a_document(ann, books, sound):
    books.many(ann.number, 200)
    report, pdf = made(ann)
    assert list(report) == ["report_id", "status", "download_url", "expires_at", "file_size", "generated_at"]
    assert sound(pdf) == ["Summary", "Where it went", "Spending over time", "Expenses"]
    told = info(pdf)
    assert (told["Title"], told["Tagged"], told["Page size"]) == ("Expense summary", "yes", "595.28 x 841.89 pts (A4)")
    assert told["Author"] == "Expense Tracker" and told["Subject"] == "1 January 2024 – 31 January 2024"
    pages = int(told["Pages"])
    assert pages > 5
    assert re.search(r"Prepared for +Ann Payer <reader\w+@example.org>", text(pdf, 1)) and "Contents" in text(pdf, 1)
    for page in range(2, pages + 1):
        assert f"Page {page} of {pages}" in text(pdf, page)
    heads = [page for page in range(1, pages + 1) if re.search(r"Date +Title +Category +Group +Paid by +Amount +Your share", text(pdf, page))]
    listed = [page for page in range(1, pages + 1) if re.search(r"Jan 2024 +No \d+", text(pdf, page))]
    assert heads == listed and len(listed) > 3                        # again on each page
    assert len(re.findall(r"\bNo \d+\b", text(pdf))) == 200           # each once
    assert re.search(r"Total +401.00 EUR", text(pdf, pages))          # 200 times 1.00 and 0.01 to 2.00
    structure = run(pdf, "pdfinfo", "-struct", "-")
    for tag in ("Document", "H1", "H2", "Table", "TR", "TH", "TD", "Figure", "Link"):
        assert re.search(rf"^ *{tag}\b", structure, re.M), tag
    assert structure.count("Table (") == 3 and len(re.findall(r"^ *Figure\b", structure, re.M)) == 3


def test_sums_are_exact(ann, books):
    for amount in (1, 2, 333333333333333, 5):
        books.expense(ann.number, "big", amount)
    _, pdf = made(ann)
    assert "3,333,333,333,333.41 EUR" in text(pdf)                    # no double has this
    _, content = made(ann, "expense_summary", "csv")
    assert [row[5] for row in rows_of(content)[1:]] == ["0.05", "3333333333333.33", "0.02", "0.01"]


def test_currencies_and_their_digits(person, books):
    yuko = person("Yuko", "JPY")
    books.expense(yuko.number, "sushi", 12500, currency="JPY")
    books.expense(yuko.number, "oil", 12500, currency="KWD")
    _, pdf = made(yuko)
    shown = text(pdf)
    assert "12,500 JPY" in shown and "12.500 KWD" in shown
    assert "Amounts in KWD are listed, and not counted in figures that are in JPY" in re.sub(r"\s+", " ", shown)
    _, content = made(yuko, "expense_summary", "json")
    listed = json.loads(content)["sections"][-1]["rows"]
    assert [(row["amount"], row["amount_currency"]) for row in listed] == [("12.500", "KWD"), ("12500", "JPY")]


SCRIPTS = {"Cyrillic": "Ужин в ресторане", "Greek": "Δείπνο", "Hebrew": "ארוחת ערב", "Arabic": "عشاء", "Devanagari": "चाय",
           "Thai": "กาแฟ", "Chinese": "会议晚餐", "Japanese": "ラーメン", "Korean": "저녁 식사", "Armenian": "ընթրիք", "Georgian": "ვახშამი",
           "Amharic": "እራት", "Tamil": "தேநீர்", "Vietnamese": "Bữa tối", "signs": "→ ✓ €"}


def test_any_script(ann, books, sound):
    for title in SCRIPTS.values():
        books.expense(ann.number, title, 1000)
    _, pdf = made(ann)
    sound(pdf)
    shown, fonts = text(pdf), run(pdf, "pdffonts", "-")
    for script in ("Cyrillic", "Greek", "Chinese", "Japanese", "Korean", "Armenian", "Georgian", "Amharic", "Vietnamese"):
        assert SCRIPTS[script] in shown, script
    assert set("בעचதก→✓€") < set(shown)
    for font in ("Arabic", "Hebrew", "Devanagari", "Thai", "Armenian", "Georgian", "Ethiopic", "Tamil"):
        assert f"NotoSans{font}" in fonts
    assert all(line.split()[-5] == "yes" for line in fonts.splitlines()[2:]), fonts        # embedded


def test_the_period_when_it_is_not_said(ann, books, sql):
    room_in(HOUR)
    month = sql("select to_char(date_trunc('month', now() at time zone 'Europe/Berlin'), 'YYYY-MM-DD')")
    last = sql("select (date %s + interval '1 month - 1 day')::date", month)
    for title, day in (("before", "2024-01-15"), ("first", month), ("last", last)):
        books.expense(ann.number, title, 100, day=day)
    for filters, titles, name in ((None, ["last", "first"], f"{month}-to-{last}"), ({}, ["last", "first"], f"{month}-to-{last}"),
                                  ({"date_from": "2024-01-01"}, ["last", "first", "before"], f"2024-01-01-to-{last}"),
                                  ({"date_to": "2024-01-20"}, ["before"], "2024-01-01-to-2024-01-20")):
        asking = {"report_type": "expense_summary", "format": "csv", **({} if filters is None else {"filters": filters})}
        report = ended(ann, ann.post(GENERATE, asking, 202).data.report_id)
        assert [row[1] for row in rows_of(fetched(report.download_url))[1:]] == titles and name in report.download_url


def test_charts_can_be_left_out(ann, books):
    books.expense(ann.number, "tea", 300)
    _, with_them = made(ann)
    _, without = made(ann, include_charts=False)
    assert "Figure" in run(with_them, "pdfinfo", "-struct", "-") and "Figure" not in run(without, "pdfinfo", "-struct", "-")
    assert "Shares of the whole" not in text(without)


def test_grouped_by_what_was_asked_for(ann, person, books):
    bob = person("Bob")
    group = books.group("Flat", ann.number, bob.number)
    books.expense(ann.number, "rent", 90000, bob.number, group=group, category="rent")
    books.expense(bob.number, "tea", 400, ann.number, day="2024-02-02", category="food")
    span = {"date_from": "2024-01-01", "date_to": "2024-03-31"}
    for by, names in (("category", ["Housing", "Food & Dining"]), ("group", ["Flat", "Personal"]), ("payer", ["Ann Payer", "Bob Payer"]),
                      ("month", ["2024-01", "2024-02"])):
        _, content = made(ann, "expense_summary", "json", span, group_by=by)
        rows = json.loads(content)["sections"][1]["rows"]
        assert [(row["name"], row["amount"], row["share"]) for row in rows] == list(zip(names, ["450.00", "2.00"], [99.6, 0.4])), by


def test_steps_begin_where_the_report_does(ann, person, books):
    """Weeks begin on Mondays; the first one is what is left of it."""
    books.expense(ann.number, "tea", 400, day="2024-05-02")
    books.settlement(ann.number, person("Bob").number, 100, day="2024-05-02")
    for kind, section in (("expense_summary", "Spending over time"), ("settlement_history", "Paid and received")):
        _, content = made(ann, kind, "json", {"date_from": "2024-05-01", "date_to": "2024-08-31"})
        rows = next(part["rows"] for part in json.loads(content)["sections"] if part["title"] == section)
        assert [row["day"] for row in rows[:3]] == ["2024-05-01", "2024-05-06", "2024-05-13"] and rows[-1]["day"] == "2024-08-26", kind
        assert "1.00" in rows[0].values() or "4.00" in rows[0].values()


def test_nothing_to_show(ann, sound):
    for kind in ("expense_summary", "category_breakdown", "group_summary", "settlement_history"):
        _, pdf = made(ann, kind, include_receipts=True)
        sound(pdf)
        assert re.search("There are no|Nothing was|You are in no", text(pdf)), kind
        _, content = made(ann, kind, "csv")
        assert len(rows_of(content)) == 1


# -- receipts ----------------------------------------------------------------------------------------------------------

@pytest.fixture
def receipt(sql, depot):
    """receipt(ann, bytes): the id of a stored file."""
    def keep(client, content, stored=True):
        key = f"expenses/receipt-{secrets.token_hex(8)}/receipt"
        if stored:
            depot.plant(key, content)
        return sql("insert into file (product, account_id, storage_key, name, type) values ('expenses', %s, %s, 'receipt', 'image/jpeg') "
                   "returning id", client.number, key)
    return keep


def test_receipts_are_shown(ann, books, receipt, sound):
    twice = jpeg(64, 32)
    for title, content in (("one", twice), ("two", twice), ("three", jpeg(40, 80, turn=6)), ("four", png(30, 20)), ("five", png(3000, 40)),
                           ("six", WEBP)):
        books.expense(ann.number, title, 100, receipt=receipt(ann, content))
    _, pdf = made(ann, include_receipts=True)
    assert sound(pdf)[-1] == "Receipts"
    pictures = [line.split() for line in run(pdf, "pdfimages", "-list", "-").splitlines()[2:]]
    assert {(line[3], line[4], line[8]) for line in pictures if line[2] == "image"} == \
        {("1600", "21", "image"), ("30", "20", "image"), ("40", "80", "jpeg"), ("64", "32", "jpeg"), ("1", "1", "image")}
    assert len({line[10] for line in pictures if line[3] == "64"}) == 1            # the same picture is there once
    assert pdf.count(b"\xff\xd8\xff") == 2 and b"52.5200" not in pdf and b"Exif" not in pdf
    assert "cannot be shown" not in text(pdf)


def test_receipts_that_are_no_pictures(ann, books, receipt, sound):
    whole = jpeg(64, 64)
    for title, content in (("text", b"<svg onload=alert(1)>"), ("empty", b""), ("cut", whole[:-20]), ("bomb", png(8, 8, (60000, 60000))),
                           ("wide", jpeg(8, 8).replace(b"\0\x08\0\x08", b"\xff\xff\xff\xff")), ("broken", png(64, 64)[:60]), ("cut webp", WEBP[:30]),
                           ("script", b"\xff\xd8\xff\xe0\0\x05%PDF /JavaScript")):
        books.expense(ann.number, title, 100, receipt=receipt(ann, content))
    books.expense(ann.number, "gone", 100, receipt=receipt(ann, b"", stored=False))
    books.expense(ann.number, "good", 100, receipt=receipt(ann, whole))
    _, pdf = made(ann, include_receipts=True)
    sound(pdf)
    shown = re.sub(r"\s+", " ", text(pdf))
    assert shown.count("cannot be shown") + shown.count("too large to be shown") == 8 and "is not there any more" in shown
    assert len(run(pdf, "pdfimages", "-list", "-").splitlines()) == 3
    assert b"JavaScript" not in pdf and b"onload" not in pdf


# -- CSV and JSON ------------------------------------------------------------------------------------------------------

def test_a_csv(ann, books):
    books.expense(ann.number, 'say "a, b"\nand c', 1234567, day="2024-01-02", category="coffee")
    report, content = made(ann, "expense_summary", "csv")
    assert report.download_url.endswith("/expense-summary-2024-01-01-to-2024-01-31.csv")
    assert content == b'Date,Title,Category,Group,Paid by,Amount,Amount currency,Your share,Your share currency\r\n' \
        b'2024-01-02,"say ""a, b""\nand c",Coffee & Snacks,,Ann Payer,12345.67,EUR,12345.67,EUR\r\n'
    response = requests.get(report.download_url, timeout=60)
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_formulas_are_defused(ann, books):
    for title in ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "＝1", "-12.50", "+41", "plain = text", "\t=1"):
        books.expense(ann.number, title, 100)
    _, content = made(ann, "expense_summary", "csv")
    assert [row[1] for row in rows_of(content)[:0:-1]] == \
        ["'=cmd|' /C calc'!A0", "'+1+1", "'-2+3", "'@SUM(A1)", "'＝1", "-12.50", "+41", "plain = text", "'\t=1"]


def test_hostile_texts(ann, books, sql, sound):
    control = "a\x01b\x1b[31mc\u202ed\\N\\"
    books.expense(ann.number, control, 100)
    wide = books.expense(ann.number, "w", 100)
    sql("update expenses.expense set title = repeat('w', 1000000) where id = %s", wide)
    books.expense(ann.number, "\\N", 100)
    _, pdf = made(ann)
    sound(pdf)
    assert "\x1b" not in text(pdf) and text(pdf).count("w") < 700 and len(pdf) < 500_000
    _, content = made(ann, "expense_summary", "csv")
    assert [row[1] for row in rows_of(content)[1:]] == ["\\N", "w" * 1_000_000, control]
    _, content = made(ann, "expense_summary", "json")
    assert [row["title"] for row in json.loads(content)["sections"][-1]["rows"]] == ["\\N", "w" * 1_000_000, control]


def test_categories_with_what_is_in_them(ann, books):
    books.expense(ann.number, "beans", 600, category="coffee")
    books.expense(ann.number, "dinner", 300, category="food")
    books.expense(ann.number, "?", 100)
    _, content = made(ann, "category_breakdown", "csv")
    assert rows_of(content)[1:] == [
        ["Food & Dining", "", "2", "9.00", "EUR", "4.50", "EUR", "90.0"], ["Food & Dining", "Coffee & Snacks", "1", "6.00", "EUR", "6.00", "EUR", "60.0"],
        ["Food & Dining", "General", "1", "3.00", "EUR", "3.00", "EUR", "30.0"], ["Uncategorized", "", "1", "1.00", "EUR", "1.00", "EUR", "10.0"]]
    food = ann_category(books)
    _, content = made(ann, "expense_summary", "csv", {**JANUARY, "category_ids": [food]})
    assert sorted(row[1] for row in rows_of(content)[1:]) == ["beans", "dinner"]       # with its subcategories


def ann_category(books):
    return "cat_" + books._sql("select id from expenses.category where slug = 'food'")


def test_balances_of_a_group(ann, person, books):
    bob = person("Bob")
    group = books.group("Trip", ann.number, bob.number)
    books.expense(ann.number, "hotel", 10001, bob.number, group=group, category="lodging")
    books.expense(bob.number, "before", 500, ann.number, group=group, day="2023-12-31")
    books.settlement(bob.number, ann.number, 2000, group=group)
    books.settlement(bob.number, ann.number, 9999, status="pending", group=group)
    _, content = made(bob, "group_summary", "csv", {**JANUARY, "group_ids": [f"grp_{group}"]})
    assert rows_of(content)[1:] == [["Trip", "Ann Payer", "100.01", "EUR", "50.01", "EUR", "27.50", "EUR"],
                                    ["Trip", "Bob Payer", "0.00", "EUR", "50.00", "EUR", "-27.50", "EUR"]]
    _, content = made(bob, "expense_summary", "json", {**JANUARY, "group_ids": [f"grp_{group}"]})
    assert json.loads(content)["sections"][0]["rows"][0] == {"label": "Spent in all", "value": "100.01", "value_currency": "EUR"}
    _, content = made(bob, "settlement_history", "json")
    facts = {row["label"]: row["value"] for row in json.loads(content)["sections"][0]["rows"]}
    assert facts == {"You have paid": "20.00", "You have received": "0.00", "Still open": "99.99", "Settlements": 2, "Completed": 1, "Waiting": 1}
    assert len(json.loads(content)["sections"][2]["rows"]) == 2


def test_nothing_of_others_is_told(ann, person, books):
    mallory = person("Mallory")
    group = books.group("Flat", ann.number)
    books.expense(ann.number, "secret", 100, group=group)
    books.settlement(ann.number, person("Bob").number, 100)
    for kind in ("expense_summary", "category_breakdown", "group_summary", "settlement_history"):
        _, content = made(mallory, kind, "csv")
        assert len(rows_of(content)) == 1
    refused = mallory.post(GENERATE, {"report_type": "group_summary", "format": "csv", "filters": {"group_ids": [f"grp_{group}"]}}, 422)
    assert refused.error.details[0].field == "filters.group_ids"


# -- its life ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("body, field", [
    ({"format": "pdf"}, "report_type"), ({"report_type": "expense_summary"}, "format"),
    ({"report_type": "taxes", "format": "pdf"}, "report_type"), ({"report_type": "expense_summary", "format": "xls"}, "format"),
    ({"report_type": "expense_summary", "format": "pdf", "filters": {"date_from": "2024-13-01"}}, "filters.date_from"),
    ({"report_type": "expense_summary", "format": "pdf", "filters": {"date_from": "2024-02-01", "date_to": "2024-01-01"}}, "filters.date_to"),
    ({"report_type": "expense_summary", "format": "pdf", "filters": {"category_ids": ["cat_999999"]}}, "filters.category_ids"),
    ({"report_type": "expense_summary", "format": "pdf", "filters": {"category_ids": ["cat_9999999999"]}}, "filters.category_ids"),
    ({"report_type": "expense_summary", "format": "pdf", "filters": {"group_ids": ["grp_0x"]}}, "filters.group_ids"),
    ({"report_type": "expense_summary", "format": "pdf", "options": {"group_by": "colour"}}, "options.group_by"),
])
def test_what_cannot_be_asked_for(ann, body, field):
    assert ann.post(GENERATE, body, 422).error.details[0].field.startswith(field)


def test_a_report_is_its_owners(ann, person):
    report = asked(ann, form="json")
    person("Mallory").get(f"{REPORTS}{report}/", 404)
    for nothing in ("rpt_0", "rpt_x", report.removeprefix("rpt_")):
        ann.get(f"{REPORTS}{nothing}/", 404)
    assert ended(ann, report).status == "completed"


def test_who_asked_is_told(ann):
    report = asked(ann, form="csv")
    ended(ann, report)
    told, = until(lambda: ann.get("/api/notifications/?type=report_ready")["data"], "nobody is told")
    assert told.metadata == {"report_id": report, "format": "csv"} and told.title == "Your report is ready"


def test_an_unchanged_answer(ann):
    report = asked(ann, form="csv")
    ended(ann, report)
    tag = ann.get(f"{REPORTS}{report}/").http.headers["ETag"]
    ann.get(f"{REPORTS}{report}/", 304, headers={"If-None-Match": tag})


def test_a_report_expires(ann, sql, operator, depot):
    done, _ = made(ann, "expense_summary", "csv")
    number = done.report_id.removeprefix("rpt_")
    key = sql("select storage_key from file where id = (select file_id from report where id = %s)", number)
    assert depot.file(key).exists()
    sql("update report set expires_at = now() - interval '1 second' where id = %s", number)
    over = ann.get(f"{REPORTS}{done.report_id}/").data
    assert (over.status, over.download_url) == ("expired", None)                    # before it is cleared away
    operator("put", "report.expire", "--args", "{}", "--wait")
    assert ann.get(f"{REPORTS}{done.report_id}/").data.status == "expired"
    fetched(done.download_url, 404)
    assert not depot.file(key).exists() and sql("select count(*) from file where storage_key = %s", key) == "0"


def test_a_report_that_cannot_be_cleared_away(ann, sql, operator, depot, trouble, by_hand):
    by_hand("house.reports")
    done, _ = made(ann, "expense_summary", "csv")
    number = done.report_id.removeprefix("rpt_")
    key = sql("select storage_key from file where id = (select file_id from report where id = %s)", number)
    sql("update report set expires_at = now() - interval '1 second' where id = %s", number)
    trouble.refuse("report", "update", f"old.id = {number}")
    job = operator("put", "report.expire").split()[0]
    assert "as asked" in trouble.failed(job)
    assert depot.file(key).exists() and sql("select count(*) from file where storage_key = %s", key) == "1"
    assert ann.get(f"{REPORTS}{done.report_id}/").data.status == "expired"                  # its owner has lost it all the same
    trouble.heal()
    trouble.again(job)
    assert not depot.file(key).exists() and sql("select count(*) from file where storage_key = %s", key) == "0"


def test_too_many_rows_for_a_pdf(ann, books):
    books.many(ann.number, 20001)
    failed = ended(ann, asked(ann))
    assert failed.status == "failed" and failed.download_url is None
    assert failed.error == "A PDF has at most 20000 rows; CSV and JSON have any number"
    _, content = made(ann, "expense_summary", "csv")
    assert content.count(b"\r\n") == 20002


def test_a_report_that_is_cancelled(ann, sql, paused, operator):
    with paused("report"):
        report = asked(ann)
        job = sql("select job_id from report where id = %s", report.removeprefix("rpt_"))
        operator("cancel", job)
    failed = ended(ann, report)
    assert (failed.status, failed.error) == ("failed", "The job was cancelled")
    operator("kick", job)
    assert ended(ann, report).status == "completed"


def test_what_only_the_operator_is_to_know(ann, sql, operator, stack):
    """A report that no statement knows: the reason is with the job."""
    job = operator("put", "report.generate", "--product", "expenses", "--account-id", ann.number, "--args",
                   '{"report": "taxes", "format": "pdf"}').strip()
    until(lambda: sql("select outcome from job_end where id = %s", job) == "buried", "it is buried")
    assert "there is no such report" in operator("job", job)
