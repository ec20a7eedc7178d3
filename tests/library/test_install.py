# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed: the header by itself, the libraries' symbols, the manual, the pages' programs."""
import re
import subprocess

import pytest

from conftest import ROOT, VARIANT

HEADER = "queue/public/millrace/queue.h"
STANDARDS = [["gcc", "-xc", "-std=c99"], ["gcc", "-xc", "-std=c17"], ["clang", "-xc", "-std=c17"],
             ["g++", "-xc++", "-std=c++11"], ["g++", "-xc++", "-std=c++20"], ["clang++", "-xc++", "-std=c++17"]]


def declared():
    return set(re.findall(r"\b(millrace_\w+)\(", re.sub(r"/\*.*?\*/", "", (ROOT / HEADER).read_text(), flags=re.S)))


def names(*words):
    lines = subprocess.run(["nm", "--defined-only", *words], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1].split("@@")[0] for line in lines.splitlines() if re.match(r"[0-9a-f]+ ", line)}


@pytest.mark.parametrize("compiler", STANDARDS, ids=" ".join)
def test_the_header_stands_alone(installed, tmp_path, compiler):
    source = tmp_path / "alone"
    source.write_text("#include <millrace/queue.h>\n#include <millrace/queue.h>\n")
    subprocess.run([*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Wundef", "-Werror", "-Wshadow", "-fsyntax-only", *installed.flags("--cflags"), source], check=True)


def test_the_header_includes_nothing_of_ours(installed):
    text = (installed.prefix / "include/millrace/queue.h").read_text()
    assert re.findall(r"#include (.*)", text) == ["<stddef.h>"]


def test_the_shared_library_shows_what_the_header_declares_and_nothing_else(installed):
    shown = names("-D", str(installed.prefix / "lib/libmillrace-queue.so"))
    assert shown - {"MILLRACE_QUEUE_1"} == declared()


def test_the_static_library_shows_the_same(installed):
    shown = names("-g", str(installed.prefix / "lib/libmillrace-queue.a"))
    ours = {name for name in shown if not name.startswith(("__odr_asan", "DW.ref", "__asan", "__start", "__stop"))}
    assert ours == declared() if VARIANT != "asan" else declared() <= ours


def test_the_shared_library_has_a_name_that_carries_its_version(installed):
    said = subprocess.run(["readelf", "-d", installed.prefix / "lib/libmillrace-queue.so"], check=True, capture_output=True,
                          text=True).stdout
    assert "soname: [libmillrace-queue.so.1]" in said
    assert (installed.prefix / "lib/libmillrace-queue.so.1").exists()
    assert not re.search(r"NEEDED.*(curl|jwt|crypto|seccomp|Magick|cairo)", said)


def test_every_function_is_in_the_manual(installed):
    page = installed.prefix / "share/man/man3/libmillrace-queue.3"
    text = page.read_text().replace("\\-", "-")
    assert declared() == set(re.findall(r"\b(millrace_\w+)\(", text)), "the manual's functions are not the header's"
    said = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", page], capture_output=True, text=True, check=True)
    assert said.stderr == ""


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "docs/examples").iterdir()))
def test_the_page_shows_the_programs_as_they_are(name):
    page = (ROOT / "docs/queue-library.md").read_text()
    shown = re.findall(rf"`docs/examples/{re.escape(name)}`:\n\n```\w+\n(.*?)```\n", page, re.S)
    assert shown == [(ROOT / "docs/examples" / name).read_text()]


def test_the_example_worker_has_40_lines():
    assert len((ROOT / "docs/examples/thumb_worker.c").read_text().splitlines()) <= 40


def test_the_put_script_is_the_one_that_the_engine_runs(installed):
    text = (installed.prefix / "share/millrace/put.lua").read_text()
    assert all((ROOT / "queue/scripts" / part).read_text() in text for part in ("prelude/prelude.lua", "put.lua"))


def test_another_prefix_makes_anew_what_carries_it(tmp_path):
    file = tmp_path / "millrace-queue.pc"
    for prefix in ("/opt/one", "/opt/two"):
        subprocess.run(["make", "-s", f"B={tmp_path}", f"PREFIX={prefix}", str(file)], cwd=ROOT, check=True)
        assert f"prefix={prefix}\n" in file.read_text()
    made = file.stat().st_mtime_ns
    subprocess.run(["make", "-s", f"B={tmp_path}", "PREFIX=/opt/two", str(file)], cwd=ROOT, check=True)
    assert file.stat().st_mtime_ns == made
