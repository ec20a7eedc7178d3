# SPDX-License-Identifier: GPL-3.0-or-later
"""Random requests near a right one, for every row; mutate.py sends more of them."""
import os

from mutate import Run


def test_random_requests(world):
    count, seed = int(os.environ.get("SECURITY_MUTATIONS", "100")), os.environ.get("SECURITY_SEED", "millrace")
    run = Run(world, count, seed)
    troubles = run.run(world.rows)
    world.tally.mutations += run.sent
    print(run.said())
    assert not troubles, "\n".join(troubles)
    assert run.sent == count * len(world.rows)
