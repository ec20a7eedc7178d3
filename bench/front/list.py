#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a list of 100 rows costs the front itself: GET /ailice/api/items?limit=100 of a caller who has them."""
import json

import part
from account import check_counted, sign_up
from lib.load import load, measure, median_of, show_turns, warn_when_busy
from lib.stack import Trouble, call

ROWS = 100


def run(stack, options):
    caller = sign_up(stack, "lister")
    caller.item(ROWS)
    path = f"/ailice/api/items?limit={ROWS}"
    body = call(stack, "GET", path, headers=caller.headers)[2]
    if len(json.loads(body)) != ROWS:
        raise Trouble(f"the list has {len(json.loads(body))} rows")
    check_counted(stack, caller, path)

    def loading(seconds):
        return load(stack["url"] + path, caller.headers, options.clients, seconds)

    loading(options.warm)
    turns = [measure(stack["pids"], stack["pids"]["front"], lambda: loading(options.seconds)) for _ in range(options.turns)]
    median = median_of(turns)
    show_turns([(f"list {i + 1}", turn) for i, turn in enumerate(turns)] + [("list median", median)])
    print(f"An answer has {len(body)} bytes.\n")
    warn_when_busy([median])
    return [("front.list.cpu", median["handler"] / 1000, "<=", 0.1)]


if __name__ == "__main__":
    part.main("list", __doc__, run)
