# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/stack up of a stack that is up: what was built since, or asked for otherwise, is not passed over."""
import importlib.machinery
import importlib.util
import json
import os
import pwd
import shutil
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def stack(tmp_path, monkeypatch):
    """tools/stack of a checkout of its own, whose programs are a few bytes, and the place of a stack that was brought up."""
    for part in ("stack", "mailcatcher"):
        (tmp_path / "tools").mkdir(exist_ok=True)
        shutil.copy(TOOLS / part, tmp_path / "tools" / part)
    shutil.copytree(TOOLS / "stacklib", tmp_path / "tools" / "stacklib")
    loader = importlib.machinery.SourceFileLoader("stack_under_test", str(TOOLS / "stack"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    places = module.Place.install.__globals__
    monkeypatch.setitem(places, "ROOT", tmp_path)
    monkeypatch.setitem(places, "account", lambda: pwd.getpwuid(os.geteuid()))
    for variant in ("gcc", "clang"):
        (tmp_path / "build" / variant).mkdir(parents=True)
        for program in places["PROGRAMS"]:
            (tmp_path / "build" / variant / program).write_text(f"{variant} {program}\n")
            (tmp_path / "build" / variant / program).chmod(0o755)
    module.place = module.Place("some")
    module.plan = {"name": "some", "variant": "gcc", "set": {}}
    module.place.make()
    module.place.install("gcc")
    (module.place.state / "plan.json").write_text(json.dumps(module.plan))
    return module


def test_nothing_is_restarted_that_is_what_was_asked_for(stack):
    assert stack.why_restart(stack.place, stack.plan) is None


@pytest.mark.parametrize("built", ["build/gcc/millrace-front", "build/gcc/millrace-runner-media", "build/web/docs/nutrition.html", "tools/stacklib/fleet.py"])
def test_what_was_built_since_is_taken_over(stack, tmp_path, built):
    (tmp_path / built).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / built).write_text("another\n")
    (tmp_path / built).chmod(0o755)
    assert stack.why_restart(stack.place, stack.plan) == "something has been built since"
    stack.place.install("gcc")
    assert stack.why_restart(stack.place, stack.plan) is None


@pytest.mark.parametrize("other", [{"variant": "clang"}, {"set": {"queue.lease": "3"}}], ids=str)
def test_other_options_are_not_passed_over(stack, other):
    assert stack.why_restart(stack.place, {**stack.plan, **other}) == "it was started with other options"
