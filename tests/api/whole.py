#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the API come to as a whole, also when each half of them ran in a stack of its own.

    whole.py --keep FILE    after tests in the stack that MILLRACE_STACK describes: what they called, and how jobs of each kind ended
    whole.py FILE...        of all these together: was every row of the front's tables called, has every kind of job ended well,
                            and has every one ended badly or had a failed attempt? Names what is missing, and exits 1 then."""
import json
import sys
from pathlib import Path

from client import called_file, load_stack
from database import Database

# A kind that tells its caller of a refusal ends well with it.
ENDED = """
  select json_object_agg(name, json_build_object('well', well, 'badly', badly)) from (
  select k.name, count(*) filter (where e.outcome = 'done' and coalesce(e.refused, false) is false) as well,
         count(*) filter (where e.outcome <> 'done' or e.refused or t.failed) as badly
    from job_kind k
    left join job j on j.kind = k.name
    left join (select id, outcome, coalesce(nullif(result::jsonb -> 'refused', 'null'), nullif(result::jsonb -> 'error', 'null')) is not null as refused from job_end) e using (id)
    left join lateral (select true as failed from job_try where id = j.id and outcome in ('failed', 'buried') limit 1) t on true
   group by k.name) as kind"""


def keep(path):
    stack = load_stack()
    path.write_text(json.dumps({**json.loads(called_file(stack).read_text()), "kinds": json.loads(Database(stack["database_url"])(ENDED))}))


def hold(parts):
    rows, called = ({name for part in parts for name in part[key]} for key in ("rows", "called"))
    kinds = {name for part in parts for name in part["kinds"]}
    well, badly = ({name for name in kinds if any(part["kinds"].get(name, {}).get(how) for part in parts)} for how in ("well", "badly"))
    print(f"rows: {len(rows & called)} of {len(rows)} were called", *sorted(rows - called))
    print(f"kinds: {len(well)} of {len(kinds)} ended well, {len(badly)} badly")
    for how, names in (("well", kinds - well), ("badly", kinds - badly)):
        if names:
            print(f"never {how}:", *sorted(names))
    return bool(rows) and rows <= called and well == badly == kinds


if __name__ == "__main__":
    if sys.argv[1:2] == ["--keep"]:
        keep(Path(sys.argv[2]))
    else:
        sys.exit(not hold([json.loads(Path(name).read_text()) for name in sys.argv[1:]]))
