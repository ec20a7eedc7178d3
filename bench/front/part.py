# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of bench/front share. A part is a program of its own that runs in a stack (MILLRACE_STACK), or brings one
up, tells what it has measured and ends with lines: figure NAME VALUE [OP GOAL]. bench/front/run calls them one after
the other."""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import psycopg2                                                                   # noqa: E402
from lib.load import show_figures                                                 # noqa: E402
from lib.stack import Trouble, enter                                              # noqa: E402

NAMES = ("front", "probe", "php", "uwsgi", "django", "fastify")


def sql(stack, text, *values):
    """Rows of one statement, or nothing."""
    connection = psycopg2.connect(stack["database_url"])
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(text, values or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def words(text):
    """NAME=N,..."""
    return {name: int(n) for name, _, n in (word.partition("=") for word in text.split(",") if word)}


def arguments(name, doc):
    parser = argparse.ArgumentParser(prog=f"bench/front/{name}.py", description=doc,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="gcc", choices=("gcc", "clang", "asan"))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of one turn")
    parser.add_argument("--warm", type=int, default=2, help="seconds of load in front of the first turn of each side")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--sides", default=",".join(NAMES), help="of peers: who is measured")
    parser.add_argument("--workers", type=words, default={}, help="of peers: NAME=N,... processes, or threads of the probe")
    parser.add_argument("--kept", type=words, default={}, help="of peers: NAME=N,... connections each nginx worker keeps")
    parser.add_argument("--pool", type=int, default=8, help="of peers: connections of one process of fastify")
    options = parser.parse_args()
    options.sides = options.sides.split(",")
    return options


def main(name, doc, run):
    options = arguments(name, doc)
    try:
        stack = enter(f"bench-{name}", options.variant)
        show_figures(run(stack, options))
    except (Trouble, OSError, psycopg2.Error) as why:
        print(f"bench/front/{name}.py: {why}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)
