#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page far from the first costs: bench/front/deep.py [options]. In a stack that is there (MILLRACE_STACK is set)
it takes that one, and leaves an account of each product with its rows there.

An account of AIlice has a million items, one of FigureForge a million images. Page 1, page 10,000 by the link that page
9,999 gives, and page 10,000 by its number take turns, and the medians count. Compared is the CPU time a request costs in
all processes that serve it: nginx, front, PostgreSQL, Redis.

The last lines are for programs: figure NAME VALUE OP GOAL, or figure NAME VALUE report where there is no goal. Of the
lists the worse counts. Exit status: 0 measured, whether or not the goals are reached; 1 something could not be
measured."""
import argparse
import http.client
import json
import os
import re
import secrets
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from lib.processes import cpu                                                      # noqa: E402

SETTINGS = ("environment=production", "log.level=warning")  # what runs in earnest: sandboxes check each answer's shape
SERVING = ("nginx", "front", "postgres", "redis")
KINDS = ("first", "link", "number")
PATIENCE = 60.0
ITEMS = """
insert into ailice.item (account_id, title, item_type, status, created_at)
select a.id, 'item ' || n, case when n % 2 = 0 then 'post' else 'note' end, 'draft',
       now() - interval '60 days' + n * interval '5 seconds'
  from account a, generate_series(1, :rows) as n
 where a.product = 'ailice' and a.username = :'name';
vacuum analyze ailice.item;
"""
IMAGES = """
with kept as (
  insert into file (product, account_id, storage_key, name, type)
  select 'figureforge', id, 'bench/' || username, 'a.png', 'image/png' from account
   where product = 'figureforge' and username = :'name'
  returning id, account_id),
asked as (
  insert into figureforge.generation (id, account_id, prompt, filters, model, batch_size, cost, period, status)
  select gen_random_uuid(), account_id, 'x', '{}', 'croquis', 1, 1, now()::date, 'completed' from kept
  returning id, account_id)
insert into figureforge.image (generation_id, account_id, position, file_id, thumbnail_id, width, height, tags, created_at)
select asked.id, kept.account_id, n, kept.id, kept.id, 512, 768, array['pose:standing', 'lighting:soft'],
       now() - interval '60 days' + n * interval '5 seconds'
  from asked, kept, generate_series(1, :rows) as n;
vacuum analyze figureforge.image;
vacuum analyze file;
"""


class Trouble(Exception):
    """Something could not be measured."""


def run(argv, text):
    done = subprocess.run([str(word) for word in argv], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{argv[0]}: {done.stderr}")
    return done.stdout


# ---- the lists -------------------------------------------------------------------------------------------------------


def next_of_items(_, headers):
    return re.search(r'<([^>]*)>; rel="next"', headers.get("Link", ""))[1]


def next_of_images(body, _):
    return json.loads(body)["next"]


LISTS = {
    "ailice": {"path": "/api/items", "place": "skip", "rows": ITEMS, "next": next_of_items},
    "figureforge": {"path": "/api/images/user/", "place": "offset", "rows": IMAGES, "next": next_of_images},
}


class Reader:
    """Somebody who has all the rows, on one connection."""

    def __init__(self, stack, product, options):
        self.product, self.list = product, LISTS[product]
        name = f"deep-{secrets.token_hex(4)}"
        operator = [Path(stack["bin"]) / "millrace", "--config", stack["config"]]
        run([*operator, "user", "add", product, name, f"{name}@example.org"], "a long pass phrase\n")
        token = run([*operator, "token", product, name], "").strip()
        run(["psql", "-Xqd", stack["database_url"], "-v", "ON_ERROR_STOP=1", "-v", f"name={name}", "-v", f"rows={options.rows}"],
            self.list["rows"])
        self.headers = {"Authorization": f"Bearer {token}"}
        address = urlsplit(stack["url"])
        self.server = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
        self.paths = self.find_paths(options)

    def get(self, path):
        self.server.request("GET", path, headers=self.headers)
        answer = self.server.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise Trouble(f"{path} is answered {answer.status}: {body[:300]!r}")
        return body, answer.headers

    def find_paths(self, options):
        """KIND: path. Both ways to the deep page lead to the same rows."""
        base = f"/{self.product}{self.list['path']}?limit={options.size}"
        body = json.loads(self.get(base)[0])
        if "count" in body and body["count"] != options.rows:
            raise Trouble(f"{self.product}: there are {body['count']} rows")
        deep = options.size * (options.page - 1)
        before = self.get(f"{base}&{self.list['place']}={deep - options.size}")
        link = urlsplit(self.list["next"](*before))
        paths = dict(zip(KINDS, (base, f"{link.path}?{link.query}", f"{base}&{self.list['place']}={deep}")))
        ids = [re.findall(rb'"id" : ("?[a-z_0-9]+)', self.get(paths[kind])[0]) for kind in KINDS]
        if ids[1] != ids[2] or ids[0] == ids[1] or len(ids[1]) != options.size or "cursor=" not in paths["link"]:
            raise Trouble(f"{self.product}: page {options.page} is another one by link than by number")
        return paths


def turn(reader, kind, pids, seconds):
    """Microseconds of CPU a request."""
    asked, before, end = 0, sum(cpu(pids).values()), time.monotonic() + seconds
    while time.monotonic() < end or asked < 3:
        reader.get(reader.paths[kind])
        asked += 1
    return (sum(cpu(pids).values()) - before) / asked * 1e6


# ---- the run ---------------------------------------------------------------------------------------------------------


def measure(stack, options):
    """PRODUCT: KIND: microseconds, a median."""
    pids = {name: stack["pids"][name] for name in SERVING}
    medians = {}
    print(f"{options.rows} rows, pages of {options.size}; CPU us a request, {options.turns} turns of {options.seconds:g} s")
    print(f"{'':12} {'page 1':>10} {'by link':>10} {'by number':>10}   page {options.page}")
    for product in LISTS:
        reader = Reader(stack, product, options)
        for kind in KINDS:                                          # plans, caches
            turn(reader, kind, pids, options.seconds / 3)
        taken = [{kind: turn(reader, kind, pids, options.seconds) for kind in KINDS} for _ in range(options.turns)]
        medians[product] = {kind: statistics.median(one[kind] for one in taken) for kind in KINDS}
        print(f"{product:12} {' '.join(f'{medians[product][kind]:10.0f}' for kind in KINDS)}")
    return medians


def arguments():
    parser = argparse.ArgumentParser(prog="bench/front/deep.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="gcc", choices=("gcc", "clang", "asan"))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="of one turn")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--page", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=100, help="rows of a page")
    return parser.parse_args()


def main():
    options = arguments()
    if "MILLRACE_STACK" not in os.environ:
        settings = [word for setting in SETTINGS for word in ("--set", setting)]
        os.execv(ROOT / "tools" / "stack", ["stack", "run", "bench-deep", "--variant", options.variant, "--fast", *settings,
                                            "--", *sys.orig_argv])
    try:
        stack = json.loads(Path(os.environ["MILLRACE_STACK"]).read_text(encoding="utf-8"))
        medians = measure(stack, options)
    except (Trouble, OSError, http.client.HTTPException) as why:
        print(f"bench/front/deep.py: {why}", file=sys.stderr)
        return 1
    print()
    print(f"figure front.deep.link.ratio {max(one['link'] / one['first'] for one in medians.values()):.2f} <= 2.00")
    print(f"figure front.deep.number.ratio {max(one['number'] / one['first'] for one in medians.values()):.2f} report")
    return 0


if __name__ == "__main__":
    sys.exit(main())
