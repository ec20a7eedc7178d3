# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange rates of the Expense Tracker: how they come in (millrace fx), and what they are for."""
import datetime
import os
import subprocess

import pytest

from books import Books

HEAD = "date,currency,usd\n"
# As the bank's file is: the latest day first, a comma at each end, currencies that there are no more, what is not known.
BANK = """Date,USD,JPY,BGN,CYP,ISK,
2019-03-05,1.1329,126.71,1.9558,N/A,137.5,
2019-03-04,1.1300,126.55,1.9558,0.5853,N/A,
1999-01-04,N/A,133.73,N/A,0.58231,N/A,
"""


@pytest.fixture
def written(tmp_path):
    """written(text): the path of a file of it."""
    def write(text):
        os.chmod(tmp_path, 0o755)
        (tmp_path / "rates.csv").write_text(text)
        return str(tmp_path / "rates.csv")
    return write


@pytest.fixture
def refused(stack, written):
    """refused(text): what is said of it."""
    def run(text):
        done = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "fx", "import", written(text)],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 1, done
        return done.stderr
    return run


@pytest.fixture
def fresh(sql):
    """Nothing is known of these currencies, before and after."""
    def clear():
        sql("delete from expenses.fx_rate where currency in ('JPY', 'BGN', 'ISK', 'EUR', 'THB', 'MYR') and day < '2022-01-01'")
    clear()
    yield
    clear()


def known(sql, *currencies):
    listed = ", ".join(f"'{one}'" for one in currencies)
    return sql("select string_agg(currency || ' ' || day || ' ' || usd, E'\\n' order by currency, day) from expenses.fx_rate "
               f"where currency in ({listed}) and day < '2022-01-01'").splitlines()


def test_rates_are_taken(sql, operator, written, fresh):
    assert operator("fx", "import", written(HEAD + "2021-06-01,THB,0.0321\n2021-06-02,thb,0.032\n2021-06-01,MYR,0.242500\n")) == \
        "3 rates of 2 currencies, 3 of them new or other than before\n"
    assert known(sql, "THB", "MYR") == ["MYR 2021-06-01 0.2425", "THB 2021-06-01 0.0321", "THB 2021-06-02 0.032"]


def test_columns_stand_in_any_order(sql, operator, written, fresh):
    operator("fx", "import", written('\ufeff"usd","note","date","currency"\r\n"0.25","a, b","2021-06-01","MYR"\r\n'))
    assert known(sql, "MYR") == ["MYR 2021-06-01 0.25"]


def test_the_same_again_changes_nothing_and_a_correction_counts(sql, operator, written, fresh):
    text = HEAD + "2021-06-01,THB,0.0321\n2021-06-02,THB,0.032\n"
    operator("fx", "import", written(text))
    assert operator("fx", "import", written(text)) == "2 rates of 1 currencies, 0 of them new or other than before\n"
    assert operator("fx", "import", written(text.replace("0.0321", "0.0322"))) == \
        "2 rates of 1 currencies, 1 of them new or other than before\n"
    assert known(sql, "THB") == ["THB 2021-06-01 0.0322", "THB 2021-06-02 0.032"]


def test_the_banks_file(sql, operator, written, fresh):
    """A dollar's worth comes of two numbers of a line; the euro's is one of them."""
    assert operator("fx", "import", written(BANK)).startswith("7 rates of 4 currencies, 7 of them")
    assert known(sql, "EUR", "ISK") == ["EUR 2019-03-04 1.13", "EUR 2019-03-05 1.1329", f"ISK 2019-03-05 {sql('select trim_scale(1.1329 / 137.5)')}"]
    assert [line[:14] for line in known(sql, "BGN", "JPY")] == ["BGN 2019-03-04", "BGN 2019-03-05", "JPY 2019-03-04", "JPY 2019-03-05"]
    assert sql("select expenses.fx_convert(12671, 'JPY', 'EUR', '2019-03-05'), expenses.fx_convert(10000, 'EUR', 'JPY', '2019-03-05')") == "10000|12671"


@pytest.mark.parametrize("text, why", [
    ("", "it is empty"),
    ("day,currency,usd\n", "there are no columns date, currency and usd, nor Date and USD"),
    (HEAD + "2021-06-01,THB\n", "line 2: it has too few fields; nothing was taken"),
    (HEAD + "2021-06-01,MYR,0.25\n2021-06-31,THB,0.03\n", 'line 3, column date: "2021-06-31" must be a date such as 2024-01-15; nothing was taken'),
    (HEAD + "01.06.2021,THB,0.03\n", "line 2, column date"),
    (HEAD + "2021-06-01,BAHT,0.03\n", "line 2, column currency"),
    (HEAD + "2021-06-01,XAU,1800\n", "line 2, column currency"),
    (HEAD + "2021-06-01,USD,1\n", 'column currency: "USD" is what all others are told in'),
    (HEAD + "2021-06-01,THB,\n", "line 2, column usd"),
    (HEAD + "2021-06-01,THB,-0.03\n", 'line 2, column usd: "-0.03" must be greater than 0'),
    (HEAD + "2021-06-01,THB,0\n", "must be greater than 0"),
    (HEAD + "2021-06-01,THB,3e-2\n", "must be a decimal number"),
    (HEAD + "2021-06-01,THB,0x1\n", "must be a decimal number"),
    (HEAD + "2021-06-01,THB,NaN\n", "must be a decimal number"),
    (HEAD + "2021-06-01,THB,1000000.1\n", "must be at most 1000000"),
    (HEAD + "2021-06-01,THB,0.0000000000001\n", "has too many decimals"),
    (HEAD + "2021-06-01,THB,\"0.03\n", "line 2: it is not CSV"),
    (HEAD + "2021-06-01,THB,0.03\n\n2021-06-02,THB,0.03\n2021-06-01,THB,0.04\n", "line 5: tells a rate that was told before; nothing was taken"),
    (HEAD + "2021-06-01,THB,0.03\n2021-06-01,thb,0.03\n", "line 3: tells a rate that was told before"),
    (BANK.replace("126.55", "-126.55"), 'line 3, column JPY: "-126.55" must be greater than 0'),
    (BANK.replace("1.1300", "0"), "line 3, column USD"),
    (BANK.replace("2019-03-04", "4 March 2019"), "line 3, column Date"),
    (BANK.replace("2019-03-04", "2019-03-05"), "line 3: tells a rate that was told before"),
    (BANK + "2019-03-01,1.1383\n", "line 5: it has too few fields"),
])
def test_of_a_broken_file_nothing_is_taken(sql, refused, fresh, text, why):
    assert why in refused(text)
    assert known(sql, "THB", "MYR", "JPY", "EUR", "BGN") == []


def test_what_is_still_to_come_is_not_known(sql, refused, operator, written, fresh):
    now = datetime.datetime.now(datetime.timezone.utc)
    assert "is still to come" in refused(HEAD + f"{now + datetime.timedelta(days=3):%Y-%m-%d},THB,0.03\n")
    operator("fx", "import", written(HEAD + f"{now - datetime.timedelta(minutes=1):%Y-%m-%d},THB,0.03\n"))
    assert sql("delete from expenses.fx_rate where currency = 'THB' and day >= '2022-01-01' returning usd") == "0.03"


def test_a_file_that_is_not_there(stack):
    done = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "fx", "import", "/nowhere.csv"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 3 and "/nowhere.csv: No such file" in done.stderr


def test_many_lines(sql, operator, written, fresh):
    first = datetime.date(1994, 1, 1)
    lines = [f"{first + datetime.timedelta(days=n)},MYR,0.{n + 1}\n" for n in range(10_000)]
    assert operator("fx", "import", written(HEAD + "".join(lines))).startswith("10000 rates of 1 currencies, 10000 of them")
    assert sql("select count(*) from expenses.fx_rate where currency = 'MYR' and day < '2022-01-01'") == "10000"
    assert operator("fx", "import", written(HEAD + "".join(lines))).startswith("10000 rates of 1 currencies, 0 of them")


def test_the_newest_are_listed(operator, written, fresh):
    operator("fx", "import", written(HEAD + "".join(f"2021-06-{day:02},THB,0.{day + 10}\n" for day in range(1, 31)) + "2021-05-01,MYR,0.25\n"))
    rows = operator("fx", "list").splitlines()
    assert [row.split() for row in rows if row[:3] in ("THB", "MYR")] == [["MYR", "2021-05-01", "0.25"], ["THB", "2021-06-30", "0.4"]]
    assert [row.split() for row in operator("fx", "list", "thb", "--limit", "2").splitlines()[1:]] == \
        [["THB", "2021-06-30", "0.4"], ["THB", "2021-06-29", "0.39"]]
    assert operator("fx", "list", "MYR", "--json").replace("\n", "") == '[{"currency":"MYR","date":"2021-05-01","usd":"0.25"}]'


def test_a_rate_holds_for_a_week(sql, operator, written, fresh):
    operator("fx", "import", written(HEAD + "2021-06-01,THB,0.03\n2021-06-04,THB,0.04\n"))

    def worth(day):
        return sql("select expenses.fx_usd('THB', %s)", day)
    assert [worth(f"2021-{day}") for day in ("05-31", "06-01", "06-03", "06-04", "06-11", "06-12")] == ["", "0.03", "0.03", "0.04", "0.04", ""]


def test_an_expense_in_another_currency_is_worth_what_the_rate_says(sql, operator, written, account, fresh):
    operator("fx", "import", written(HEAD + "2021-06-01,THB,0.03205\n2021-06-02,THB,0.04\n"))
    ann, books = account("expenses"), Books(sql)
    number = ann.get("/api/users/me/").data.id.removeprefix("usr_")
    group = books.group("Trip", number, currency="USD")
    books.expense(number, "curry", 33300, day="2021-06-01", group=group, currency="THB")        # 10.67265 dollars
    assert sql("select spent from expenses.expense_group where id = %s", group) == "1067"
    shown = ann.get("/api/analytics/summary/?date_from=2021-06-01&date_to=2021-06-01").data
    assert shown.summary.total_expenses == "10.67" and shown.unconverted == []
