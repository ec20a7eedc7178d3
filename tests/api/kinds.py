#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the tests of the API: has every kind of job ended well, and has every one ended badly or had a failed attempt, in the
stack that MILLRACE_STACK describes? Exits 1 and names those that have not."""
import subprocess
import sys

from client import load_stack

# A kind that tells its caller of a refusal ends well with it.
ASKED = """
  select k.name, count(*) filter (where e.outcome = 'done' and coalesce(e.refused, false) is false) as well,
         count(*) filter (where e.outcome <> 'done' or e.refused or t.failed) as badly
    from job_kind k
    left join job j on j.kind = k.name
    left join (select id, outcome, coalesce(nullif(result::jsonb -> 'refused', 'null'), nullif(result::jsonb -> 'error', 'null')) is not null as refused from job_end) e using (id)
    left join lateral (select true as failed from job_try where id = j.id and outcome in ('failed', 'buried') limit 1) t on true
   group by k.name order by k.name"""


def main():
    said = subprocess.run(["psql", "-XAtq", "-F", " ", "-v", "ON_ERROR_STOP=1", "-d", load_stack()["database_url"], "-c", ASKED],
                          capture_output=True, text=True, timeout=60, check=True).stdout
    rows = [(name, int(well), int(badly)) for name, well, badly in map(str.split, said.splitlines())]
    never_well, never_badly = [name for name, well, _ in rows if not well], [name for name, _, badly in rows if not badly]
    print(f"kinds: {len(rows) - len(never_well)} of {len(rows)} ended well, {len(rows) - len(never_badly)} badly",
          *(f"never {how}: {' '.join(names)}" for how, names in (("well", never_well), ("badly", never_badly)) if names), sep="; ")
    return bool(never_well or never_badly)


if __name__ == "__main__":
    sys.exit(main())
