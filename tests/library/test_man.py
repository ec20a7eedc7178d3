# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual says what the programs say of themselves: every command, option and setting is in its page, with its bounds
and its default, and no page has one that there is not."""
import os
import re
import subprocess

import pytest

from conftest import ROOT

PAGES = sorted(path.name for path in (ROOT / "man").iterdir())
DAEMONS = ("millrace-front", "millrace-sandbox", "millrace-scheduler", "millrace-worker")
PLAIN = {"MILLRACE_SECRET": "s" * 32, "PATH": os.environ["PATH"]}


def page(name):
    return (ROOT / "man" / name).read_text()


def options_in(text):
    return set(re.findall(r"^\.It Fl -([a-z-]+)", text, re.M))


def said(installed, program, *words, status=0):
    """What a program prints that is asked for its help."""
    done = subprocess.run([installed.prefix / program, *words], env=PLAIN, capture_output=True, text=True, check=False)
    assert done.returncode == status, done
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def commands(installed):
    """command -> its help."""
    names = re.findall(r"^  ([a-z]+) ", said(installed, "bin/millrace", "--help"), re.M)
    names.remove("millrace")                     # "millrace COMMAND --help tells more"
    actions = re.findall(r"millrace (schedule [a-z]+)", said(installed, "bin/millrace", "schedule", "--help"))
    names = [name for name in names if name != "schedule"] + actions
    return {name: said(installed, "bin/millrace", *name.split(), "--help") for name in names}


@pytest.fixture(scope="module")
def sections():
    """command -> what millrace(1) says of it."""
    parts = re.split(r"^\.Ss (.*)$", page("millrace.1").partition(".Sh COMMANDS")[2].partition(".Sh ENVIRONMENT")[0], flags=re.M)
    return {re.split(r" (?:Ar|Op) ", head)[0]: text for head, text in zip(parts[1::2], parts[2::2])}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed(installed, name):
    installed_page = installed.prefix / "share" / "man" / f"man{name[-1]}" / name
    for check in (["mandoc", "-Tlint", "-Wwarning", installed_page], ["groff", "-mandoc", "-ww", "-Tutf8", "-z", installed_page]):
        done = subprocess.run(check, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stdout + done.stderr == ""


def test_every_command_is_in_the_manual(commands, sections):
    assert set(commands) == set(sections)


def test_every_option_of_a_command_is_in_the_manual(commands, sections):
    for name, text in commands.items():
        shown = set(re.findall(r"^  --([a-z-]+)", text, re.M)) - {"help"}
        assert shown == options_in(sections[name]), name


def test_every_name_of_a_queues_setting_is_in_the_manual(commands, sections):
    names = set(re.findall(r"\b(?:cap|rate|level)(?:\.[a-z0-9]+)?|\b(?:weight|age|limiter|backlog|paused)\b", commands["set"]))
    told = sections["set"].replace("level.2", "").replace("level.3", "")
    assert {name for name in names if name not in told} == set() and len(names) > 12


@pytest.mark.parametrize("program", DAEMONS)
def test_every_option_of_a_program_is_in_the_manual(installed, program):
    shown = set(re.findall(r"--([a-z-]+)", said(installed, f"sbin/{program}", "--help")))
    assert shown | {"help", "version"} == options_in(page(f"{program}.8"))


def test_every_option_of_the_runner_is_in_the_manual(installed):
    shown = set(re.findall(r"--([a-z-]+)", said(installed, "lib/millrace/millrace-runner-image", status=2)))
    assert shown == options_in(page("millrace-runner.8"))


def settings():
    """(key, what the page has to say of it) of each row of the table."""
    row = re.compile(r'\{ "([\w.]+)", (STRING|NUMBER|SWITCH), AT\(\w+\), (MILLRACE_LIBDIR |MILLRACE_SHAREDIR )?"([^"]*)", (\d+), (\d+), (true|false),')
    forms = {"STRING": "text", "NUMBER": "number, {} to {}", "SWITCH": "yes or no"}
    for key, form, prefix, standard, low, high, secret in row.findall((ROOT / "common" / "config.c").read_text()):
        standard = {"": "", "MILLRACE_LIBDIR ": "PREFIX/lib/millrace", "MILLRACE_SHAREDIR ": "PREFIX/share/millrace"}[prefix] + standard
        yield key, forms[form].format(low, high) + (", secret" if secret == "true" else "") + f"; default {standard or 'empty'}"


def test_every_setting_is_in_the_manual_with_its_bounds_and_default(installed):
    told = re.findall(r"^\.It Cm (\S+)\n\.Pq (.*)\n\.br\n[A-Z]", page("millrace.conf.5"), re.M)
    assert told == list(settings())
    assert [key for key, _ in told] == re.findall(r"^([\w.]+) = ", said(installed, "bin/millrace", "config"), re.M)
