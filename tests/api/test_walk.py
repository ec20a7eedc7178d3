# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages that walk through a product with curl: their blocks are run as they stand, and what comes back is what they show."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

PRODUCTS = Path(__file__).parents[2] / "docs" / "products"
BLOCK = re.compile(r"^```(sh|json|text)\n(.*?)^```$", re.M | re.S)


def walk_of(page):
    """Each block to be run, with the kind and the text of what is shown behind it."""
    blocks = [(found[1], found[2]) for found in BLOCK.finditer(page.read_text())]
    assert len(blocks) % 2 == 0 and [kind == "sh" for kind, _ in blocks] == [True, False] * (len(blocks) // 2), f"{page}: not in pairs"
    return [(run, *shown) for (_, run), shown in zip(blocks[::2], blocks[1::2])]


def like(shown, text):
    """... stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, shown.split("..."))), text, re.S) is not None


def holds(shown, got, at=""):
    """Where what came differs from what is shown; members that are not shown may be anything."""
    if isinstance(shown, dict) and isinstance(got, dict):
        return [what for key in shown for what in (holds(shown[key], got[key], f"{at}.{key}") if key in got else [f"{at}.{key} is missing"])]
    if isinstance(shown, list) and isinstance(got, list) and len(shown) == len(got):
        return [what for n, (one, other) in enumerate(zip(shown, got)) for what in holds(one, other, f"{at}[{n}]")]
    same = like(shown, got) if isinstance(shown, str) and isinstance(got, str) else shown == got and isinstance(shown, bool) == isinstance(got, bool)
    return [] if same else [f"{at}: {shown!r} is shown, and {got!r} came"]


def run(walk, base, folder):
    """What each block has said: one shell runs them all, and ends at the first that fails."""
    script = "set -euo pipefail\n" + "".join(f"{{\n{block}}} > {folder}/{n}\n" for n, (block, _, _) in enumerate(walk))
    done = subprocess.run(["bash", "-c", script], env={**os.environ, "BASE": base, "no_proxy": "*"}, capture_output=True, text=True,
                          timeout=600, cwd=folder)
    said = [(folder / str(n)).read_text() if (folder / str(n)).exists() else "" for n in range(len(walk))]
    assert done.returncode == 0, f"{done.stderr}\nblock {sum(map(bool, said))} of {len(walk)} failed; the last words: {''.join(said)[-1000:]}"
    return said


@pytest.mark.parametrize("page", sorted(PRODUCTS.glob("*.md")), ids=lambda page: page.stem)
def test_a_walk_comes_out_as_its_page_shows(stack, page, tmp_path):
    walk = walk_of(page)
    assert walk
    for n, ((_, kind, shown), said) in enumerate(zip(walk, run(walk, f"{stack['url']}/{page.stem}", tmp_path))):
        if kind == "json":
            assert holds(json.loads(shown), json.loads(said)) == [], f"block {n + 1} of {page}: {said}"
        else:
            assert like(shown.strip(), said.strip()), f"block {n + 1} of {page}: {said}"


@pytest.mark.parametrize("shown, got, differs", [
    ({"a": "x..."}, {"a": "xyz", "b": 1}, 0), ({"a": "x"}, {"a": "xyz"}, 1), ({"a": 1}, {}, 1), ([], [1], 1), ([1, "..."], [1, "s"], 0),
    ({"a": None}, {"a": 0}, 1), ({"a": False}, {"a": 0}, 1), ("a...c", "abd", 1), ("...", None, 1), ({"a": {"b": "1"}}, {"a": {"b": "2"}}, 1)])
def test_what_is_another_answer(shown, got, differs):
    assert len(holds(shown, got)) == differs
