# SPDX-License-Identifier: GPL-3.0-or-later
"""All statements in sql/, whoever calls them."""
import re

from engine import ROOT
from servers import Refused


def numbered(text):
    """With $1, $2 ... for its named parameters, as common/statement.c sends it."""
    names = {}
    return re.sub(r"(?<![:\w]):([a-z_]+)", lambda match: f"${names.setdefault(match.group(1), len(names) + 1)}", text)


def test_postgresql_takes_every_statement(sql):
    """One that it refuses may go unnoticed for long: who runs it has an answer for a PostgreSQL that is away."""
    folder = ROOT / "sql" / "sandbox"                       # millrace-sandbox makes its schema by itself
    more = sorted(folder.glob("*_schema.sql"), key=lambda path: len(path.stem))   # a service's second one has a longer name
    made = [folder / "schema.sql", folder / "example.sql", *more]
    for path in made:
        sql(path.read_text())
    # What `millrace foods import` and `millrace fx import` make for their own transactions.
    importers = "".join((ROOT / "queue/cli" / name).read_text() for name in ("foods.c", "fx.c"))
    for table in re.findall(r"create temp table \w+ \([^()]*\)", importers):
        sql(table)
    paths = [path for path in (ROOT / "sql").rglob("*.sql") if path.parent.name != "schema" and path not in made]
    assert len(paths) > 50
    for path in paths:
        text = re.sub(r"^--.*\n", "", path.read_text(), flags=re.M)
        try:
            sql(f'prepare "{path.parent.name} {path.stem}" as {numbered(text)}')
        except Refused as refused:
            raise AssertionError(path) from refused
