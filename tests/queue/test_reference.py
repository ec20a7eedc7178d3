# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of docs/queue.md name what there is: every key and script and no other, and what scripts count."""
import re

from engine import FILES, ROOT, SCRIPTS

TEXTS = {path: path.read_text() for path in [*FILES, *FILES[0].parent.glob("*/*.lua")]}


def first_column(heading):
    """Of the first table under the heading."""
    text = (ROOT / "docs" / "queue.md").read_text().partition(f"\n## {heading}\n")[2]
    table = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.M).group(1)
    return [re.split(r"(?<!\\)\|", row)[1].strip() for row in table.splitlines()]


def families(words):
    """r: of r:2:t."""
    return {re.match(r"[a-z_]+:?", word).group() for word in words}


def test_keys():
    told = families(name for column in first_column("Keys in Redis") for name in re.findall("`([^`]+)`", column))
    of_queues = "".join(text for path, text in TEXTS.items() if path.stem != "tokens")
    assert told == families(re.findall(r"\bP \.\. '([^']+)'", of_queues))


def test_scripts():
    assert sorted(first_column("Functions")) == sorted(SCRIPTS)


def test_counters_of_scripts():
    told = families(name for column in first_column("Counters") for name in re.findall("`([^`]+)`", column))
    added = families(re.findall(r"'HINCRBY', P \.\. 'n', '([^']+)'", "".join(TEXTS.values())))
    assert added and added <= told
