# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's command tells what it can do, whoever asks, and needs no server for that."""
import pytest


@pytest.mark.parametrize("words, status", [(["--help"], 0), ([], 2), (["--nope"], 2), (["nope"], 2), (["job"], 2)])
def test_help_names_every_command(millrace, words, status):
    done = millrace("none", *words)
    assert done.returncode == status
    for command in ("migrate", "config", "job", "cancel", "schedules", "schedule"):
        assert f"\n  {command} " in done.output


def test_cancelling_a_job_that_waits_gives_up_its_name_and_counts_in_its_batch(millrace, database, sql, redis):
    """Once its end alone was written: the batch was never complete, and nobody else could have the name."""
    def put(**more):
        named = "".join(f", {name} => {value}" for name, value in more.items())
        return sql.one("select (job_put('mail.magic_link', 'p', 'p/1', null, '{}', due_at => now() + interval '1 h'"
                       f"{named})).id")
    batch = sql.one("""select batch_open('p', finally => '{"kind": "mail.magic_link", "previous": "batch"}')""")
    job = put(batch=f"'{batch}'", unique_name="'only'")
    sql(f"select batch_close('{batch}')")
    done = millrace(database, "cancel", job)
    assert done.returncode == 0, done.output
    assert sql("select total, cancelled, ended_at is not null from batch") == [["1", "1", "t"]]
    assert sql("select name from job_unique") == [] and put(unique_name="'only'") != job
    follower = sql.one(f"select id from job where args ->> 'batch' = '{batch}'")
    assert redis("HEXISTS", "mr1:{q:mail}:j", follower) == 1, "Redis was told what the end has put"
    assert millrace(database, "cancel", job).returncode == 4
