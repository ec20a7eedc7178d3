# SPDX-License-Identifier: GPL-3.0-or-later
"""millrace migrate."""
from engine import ROOT
from servers import Session

import pytest

MIGRATIONS = sorted(path.stem for path in (ROOT / "sql" / "schema").glob("*.sql"))


@pytest.fixture
def empty(servers):
    name = servers.new_database()
    session = Session(servers.url(name))
    session.name = name
    yield session
    session.close()


def applied(sql):
    return [row[0] for row in sql("select name from schema_migration order by number")]


def test_migrate_applies_all_and_then_nothing(empty, millrace):
    first, second = millrace(empty.name, "migrate"), millrace(empty.name, "migrate")
    assert first.returncode == second.returncode == 0
    assert first.output.splitlines() == [f"applied {name}" for name in MIGRATIONS] and second.output == ""
    assert applied(empty) == MIGRATIONS
    assert int(empty.one("select count(*) from job_kind")) > 0


def test_many_migrate_at_once(empty, millrace):
    running = [millrace(empty.name, "migrate", background=True) for _ in range(4)]
    said = [one.communicate(timeout=60)[0] for one in running]
    assert [one.returncode for one in running] == [0] * 4, said
    assert sorted("".join(said).splitlines()) == [f"applied {name}" for name in MIGRATIONS]
    assert applied(empty) == MIGRATIONS


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(empty, millrace):
    assert millrace(empty.name, "migrate").returncode == 0
    empty("update schema_migration set checksum = repeat('0', 64) where number = 2")
    done = millrace(empty.name, "migrate")
    assert done.returncode != 0 and f"{MIGRATIONS[1]}: it was changed after it was applied" in done.output


def test_a_migration_that_fails_leaves_nothing_of_itself(empty, millrace):
    empty("create table account (mine integer)")
    done = millrace(empty.name, "migrate")
    assert done.returncode != 0 and "already exists" in done.output
    assert applied(empty) == []
    assert empty.one("select count(*) from pg_proc where proname = 'refuse'") == "0"


def test_a_migration_that_meets_a_duplicate_value_is_not_taken_for_applied(empty, millrace):
    """The lock's own answer, another was faster, is a duplicate value as well."""
    empty("create function trapped() returns event_trigger language plpgsql as $$ begin"
          " if to_regclass('figureforge.image') is not null then raise unique_violation; end if; end $$;"
          "create event trigger trapped on ddl_command_end execute function trapped()")
    done = millrace(empty.name, "migrate")
    trapped = next(name for name in MIGRATIONS if name.endswith("_figureforge"))
    assert done.returncode != 0 and f"{trapped}: a value of it is there already" in done.output
    assert applied(empty) == MIGRATIONS[:MIGRATIONS.index(trapped)]


def test_kinds_are_brought_up_to_date(empty, millrace):
    assert millrace(empty.name, "migrate").returncode == 0
    before = empty("select * from job_kind order by name")
    empty("update job_kind set deadline = 1, tries = 1")
    assert millrace(empty.name, "migrate").returncode == 0
    assert empty("select * from job_kind order by name") == before


# A group of before there were books: 1 has paid 30.00 for 1, 2 and 3, what 2 owes of it is settled, and has paid 9 yen for himself.
BEFORE_BOOKS = """
  insert into account (product, email, username) select 'expenses', n || '@example.org', 'u' || n from generate_series(1, 3) n;
  insert into expenses.expense_group (name, currency, created_by) select 'Flat', 'USD', min(id) from account;
  insert into expenses.member (group_id, account_id, email, role, status) select 1, id, email, 'member', 'active' from account;
  insert into expenses.expense (account_id, paid_by, group_id, title, amount, currency, expense_date, deleted_at)
  values (1, 1, 1, 'Rent', 3000, 'USD', '2026-01-01', null), (1, 1, 1, 'Tea', 9, 'JPY', '2026-01-01', null),
         (1, 1, null, 'Own', 500, 'EUR', '2026-01-01', null), (1, 1, 1, 'Gone', 700, 'USD', '2026-01-01', now());
  insert into expenses.share (expense_id, account_id, position, amount, settled_at)
  values (1, 1, 1, 1000, null), (1, 2, 2, 1000, now()), (1, 3, 3, 1000, null), (2, 1, 1, 9, null), (3, 1, 1, 500, null),
         (4, 1, 1, 350, null), (4, 2, 2, 350, null);
  insert into expenses.settlement (payer_id, payee_id, group_id, amount, currency, status)
  values (2, 1, 1, 1000, 'USD', 'completed'), (3, 1, 1, 400, 'USD', 'pending'), (3, 1, null, 50, 'USD', 'completed')"""


# 2 has given 1 9.00, and owes him 3.00 and 4.00 since; of a hundred dong that 3 has paid nothing is owed in cents. 3 owes 1 2.00, who
# owes him 5.00.
BEFORE_SHARES = """
  insert into account (product, email, username) select 'expenses', n || '@example.org', 'u' || n from generate_series(1, 3) n;
  insert into expenses.expense_group (name, currency, created_by) select 'Flat', 'USD', min(id) from account;
  insert into expenses.member (group_id, account_id, email, status) select 1, id, email, 'active' from account;
  insert into expenses.settlement (payer_id, payee_id, group_id, amount, currency) values (2, 1, 1, 900, 'USD');
  select expenses.settlement_complete(1, 'cash');
  insert into expenses.expense (account_id, paid_by, group_id, title, amount, booked, currency, expense_date)
  select p.who, p.who, 1, p.title, p.amount, p.booked, p.currency, '2026-01-01'
    from (values (1, 1, 'Tea', 600, 600, 'USD'), (2, 1, 'Rent', 800, 800, 'USD'), (3, 3, 'Pho', 100, 0, 'VND'), (4, 1, 'Bus', 200, 200, 'USD'),
                 (5, 3, 'Taxi', 500, 500, 'USD')) as p(n, who, title, amount, booked, currency) order by p.n;
  select expenses.shares_make(e, s.who, null), expenses.book(e.id, 1)
    from expenses.expense e
    join (values (1, array[1, 2]), (2, array[1, 2]), (3, array[2, 3]), (4, array[3]), (5, array[1])) as s(id, who) on s.id = e.id order by e.id"""


def test_shares_of_before_follow_the_books(empty):
    """0075_shares_follow.sql: what was paid too much covers shares that came later, as does what two owe each other; and nothing is settled."""
    for name in MIGRATIONS:
        if name.startswith("0075"):
            empty(BEFORE_SHARES)
            assert empty("select open from expenses.expense order by id") == [["1"]] * 5
            assert empty("select unsettled from expenses.expense_group") == [["1400"]]
        empty((ROOT / "sql" / "schema" / f"{name}.sql").read_text())
    assert empty("select id, open from expenses.expense order by id") == [["1", "0"], ["2", "0"], ["3", "0"], ["4", "0"], ["5", "1"]]
    assert empty("select expense_id, account_id from expenses.share where settled_at is not null and credited order by 1") \
        == [["1", "2"], ["2", "2"], ["4", "3"]]
    assert empty("select unsettled from expenses.expense_group") == [["500"]]
    assert empty("select debtor_id, creditor_id, settled from expenses.debt where settled > 0 order by 1") == [["2", "1", "700"], ["3", "1", "200"]]


def test_expenses_of_before_come_into_the_books(empty):
    """0066_ledger.sql to 0069_settlement.sql, of a database that has groups already."""
    for name in MIGRATIONS:
        if name.startswith("0066"):
            empty(BEFORE_BOOKS)
        empty((ROOT / "sql" / "schema" / f"{name}.sql").read_text())
    assert empty("select spent, expenses, unsettled, members, active, invite_code ~ '^FLAT' from expenses.expense_group") \
        == [["3000", "2", "1000", "3", "3", "t"]]
    assert empty("select account_id, paid, owed, balance from expenses.member order by 1") \
        == [["1", "3000", "2000", "1000"], ["2", "1000", "1000", "0"], ["3", "0", "1000", "-1000"]]
    assert empty("select debtor, creditor, amount from expenses.debts(1)") == [["3", "1", "1000"]]
    assert empty("select id, booked, open from expenses.expense order by id")[:3] == [["1", "3000", "1"], ["2", "0", "0"], ["3", "500", "0"]]
