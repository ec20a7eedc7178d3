# SPDX-License-Identifier: GPL-3.0-or-later
"""Good files that were damaged: see mutate.py."""
import os

import pytest

import mutate

COUNT = int(os.environ.get("HOSTILE_MUTATIONS", "50"))
SEED = "check"


@pytest.mark.parametrize("subject", mutate.subjects(), ids=lambda subject: subject.name)
def test_damaged(build, subject):
    failed, counts = mutate.try_all(build, subject, SEED, range(COUNT))
    assert not failed, f"--seed {SEED} --only {subject.name} --number ...: {failed}"
    assert sum(counts.values()) == COUNT
    assert counts["done"] or counts["bury"] < COUNT, "no file was good enough to get anywhere"


def test_a_mutation_is_what_its_seed_says():
    subject = mutate.subjects()[0]
    good = bytes(range(256)) * 40
    assert mutate.mutation(subject, good, "a", 7) == mutate.mutation(subject, good, "a", 7)
    assert len({mutate.mutation(subject, good, "a", n)[0] for n in range(50)}) > 45
    assert mutate.mutation(subject, good, "a", 7)[0] != mutate.mutation(subject, good, "b", 7)[0]
