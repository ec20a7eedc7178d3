# SPDX-License-Identifier: GPL-3.0-or-later
"""millrace files sweep, of a folder; of a bucket it is tests/api/test_bucket.py's."""
import os
import time

import pytest

from command import Command

DAY = 86400


@pytest.fixture
def files(tmp_path):
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


@pytest.fixture
def command(servers, database, files):
    return Command(servers, database, storage_folder=str(files))


@pytest.fixture
def store(files):
    """Put a file there, that was changed some seconds ago."""
    def put(key, age):
        path = files / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (time.time() - age,) * 2)
        return path
    return put


@pytest.fixture
def named(sql, store):
    """A file that a row names; deleted: it is on its way out."""
    def put(key, age, deleted=False):
        sql("insert into account (product, email, username) values ('figureforge', 'n@x', 'n') on conflict do nothing")
        account = sql.one("select id from account where email = 'n@x'")
        sql(f"insert into file (product, account_id, storage_key, name, type, deleted_at) values ('figureforge', {account},"
            f" '{key}', 'x', 'image/png', {'now()' if deleted else 'null'})")
        return store(key, age)
    return put


@pytest.fixture
def piece(sql, store):
    """piece(key, age): a file that a job has left for another."""
    def put(key, age):
        sql(f"insert into piece values ('{key}', gen_random_uuid(), null, now())")
        return store(key, age)
    return put


def test_what_nothing_names_is_removed(command, sql, store, named, piece):
    kept = [named("figureforge/ab/one.1/a.png", 3 * DAY), named("figureforge/ab/two.1/a.png", 3 * DAY, deleted=True),
            named("figureforge/ab/one.1/b.png", 60), piece("ailice/ab/one.1/part.nut", 3 * DAY), store("figureforge/ab/three.1/a.png", DAY - 600)]
    gone = [store("figureforge/ab/one.1/c.png", 3 * DAY), store("expenses/uploads/00/0a", DAY + 60), store("top", 2 * DAY)]
    assert set(command("files", "sweep", "--dry-run").lines) == {"figureforge/ab/one.1/c.png", "expenses/uploads/00/0a", "top"}
    assert all(path.exists() for path in kept + gone)
    assert command("files", "sweep").line == "3 of 6 files removed"
    assert all(path.exists() for path in kept) and not any(path.exists() for path in gone)
    assert command("files", "sweep").line == "0 of 3 files removed"
    assert sql.one("select count(*) from audit where action = 'sweep' and details ->> 'removed' = '3'") == "1"


def test_the_age_can_be_said(command, store, named):
    named("figureforge/ab/one.1/a.png", 3 * DAY)
    young = store("figureforge/ab/two.1/a.png", 7200)
    command("files", "sweep")
    assert young.exists()
    command("files", "sweep", "--older", "90m")
    assert not young.exists()


def test_more_than_a_page(command, store, named):
    kept = [named(f"figureforge/ab/{n}.1/a.png", 3 * DAY) for n in range(3)]
    for n in range(1100):
        store(f"figureforge/cd/{n}.1/a.png", 2 * DAY)
    assert command("files", "sweep").line == "1100 of 1103 files removed"
    assert all(path.exists() for path in kept)


def test_links_and_strange_names_are_left_alone(command, files, store, named, tmp_path):
    named("figureforge/ab/one.1/a.png", 3 * DAY)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_bytes(b"x")
    os.utime(outside / "a", (0, 0))
    (files / "figureforge" / "link").symlink_to(outside)
    (files / "figureforge" / "file").symlink_to(outside / "a")
    strange = store("figureforge/strange name", 3 * DAY)
    assert command("files", "sweep").line == "0 of 1 files removed"
    assert (outside / "a").exists() and strange.exists()


def test_a_database_that_names_none_of_them_is_hardly_theirs(command, store):
    path = store("figureforge/ab/one.1/a.png", 3 * DAY)
    assert "is this its database" in command("files", "sweep", status=4).err
    assert path.exists()
    assert command("files", "sweep", "--dry-run").line == "figureforge/ab/one.1/a.png"


@pytest.mark.parametrize("words, status, why", [
    (("burn",), 2, "is no action"), (("sweep", "--older", "59m"), 2, "an hour or more"), (("sweep", "--older", "x"), 2, "--older"),
    (("sweep", "twice"), 2, ""), ((), 2, "")])
def test_what_is_refused(command, words, status, why):
    assert why in command("files", *words, status=status).err


def test_a_folder_that_is_not_there(command, tmp_path):
    assert "No such file" in command("files", "sweep", status=1, storage_folder=str(tmp_path / "none")).err
