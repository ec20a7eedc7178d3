# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check of tools/lint finds what it is for, in a tree that is otherwise clean."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"
HEAD = f"/* {LICENCE} */\n"
CLEAN = {
    "common/a.h": HEAD + "int a(void);\n",
    "common/a.c": HEAD + '#include "common/a.h"\n\nint a(void)\n{\n    return 0;\n}\n',
    "fcgi/shop/endpoints.c": HEAD + "static const struct endpoint shop[] = {\n    ENDPOINT(shop, thing_get, .method = GET),\n};\n",
    "queue/b.c": HEAD + "int b(void)\n{\n    return run(&script_put, &sql_queue_put);\n}\n",
    "queue/scripts/put.lua": f"-- {LICENCE}\nreturn 1\n",
    "sql/shop/thing_get.sql": "-- A thing of the caller's\nselect 1 where 1 = :account_id\n",
    "sql/queue/put.sql": "select 1\n",
    "sql/schema/0001_a.sql": f"-- {LICENCE}\nselect 1;\n",
    "tools/sh": f"#!/bin/sh\n# {LICENCE}\necho \"$1\"\n",
    "docs/a.md": "# A page: of `things`\n\n[here](#a-page-of-things), [b](../tools/sh), tests/a.py::test_a, tests/c.c::a_thing\n",
    "tests/a.py": f"# {LICENCE}\ndef test_a():\n    assert True\n",
    "tests/c.c": HEAD + "START_TEST(a_thing)\n{\n}\nEND_TEST\n",
    "tools/py": f"#!/usr/bin/python3\n# {LICENCE}\nprint(1)\n",
}


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "lint", tmp_path / "tools" / "lint")
    shutil.copy(ROOT / ".clang-format", tmp_path / ".clang-format")

    def lint(changes):
        for name, text in {**CLEAN, **changes}.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                file.write_text(text)
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
        done = subprocess.run([tmp_path / "tools" / "lint"], capture_output=True, text=True, env=environment, check=False)
        return done.returncode, done.stdout.splitlines()
    return lint


def test_a_clean_tree(tree):
    status, said = tree({})
    assert status == 0 and said == [f"lint: {len(CLEAN) + 2} files, nothing wrong"], said


def function(lines):
    return HEAD + "int c(int x)\n{\n" + "    x++;\n" * (lines - 3) + "    return x;\n}\n"


@pytest.mark.parametrize("check, place, changes", [
    ("includes", "common/c.c:2", {"common/c.c": HEAD + '#include "queue/job.h"\n'}),
    ("includes", "queue/c.c:2", {"queue/c.c": HEAD + '#include "fcgi/serve.h"\n'}),
    ("includes", "fcgi/c.c:2", {"fcgi/c.c": HEAD + '#include "workers/kinds.h"\n'}),
    ("includes", "workers/c.c:2", {"workers/c.c": HEAD + '#include "fcgi/serve.h"\n'}),
    ("tenancy", "sql/shop/thing_get.sql:1", {"sql/shop/thing_get.sql": "-- not :account_id\nselect ::account_id\n"}),
    ("tenancy", "sql/shop/thing_get.sql:1", {"sql/shop/thing_get.sql": "-- public:\nselect 1\n"}),
    ("licence", "common/c.h:1", {"common/c.h": "int c;\n"}),
    ("licence", "tools/x:1", {"tools/x": "#!/bin/sh\necho\n"}),
    ("licence", "sql/schema/0002_b.sql:1", {"sql/schema/0002_b.sql": "select 1;\n"}),
    ("blanks", "docs/a.md:1", {"docs/a.md": "a \nb\n"}),
    ("blanks", "docs/a.md:1", {"docs/a.md": "a"}),
    ("lengths", "common/c.c:3", {"common/c.c": function(61)}),
    ("lengths", "tools/py:3", {"tools/py": f"#!/usr/bin/python3\n# {LICENCE}\ndef f(x):\n" + "    x += 1\n" * 60}),
    ("lengths", "tools/py:450", {"tools/py": f"#!/usr/bin/python3\n# {LICENCE}\n" + "x = 1\n" * 449}),
    ("layout", "common/c.c:2", {"common/c.c": HEAD + "int  c;\n"}),
    ("shell", "tools/sh:3", {"tools/sh": f"#!/bin/sh\n# {LICENCE}\necho $1\n"}),
    ("alone", "docs/a.md:1", {"docs/a.md": "see /wor" + "k/notes.md\n"}),
    ("statements", "fcgi/shop/endpoints.c:3", {"sql/shop/thing_get.sql": None}),
    ("statements", "sql/shop/stray.sql:1", {"sql/shop/stray.sql": "select :account_id\n"}),
    ("statements", "sql/queue/stray.sql:1", {"sql/queue/stray.sql": "select 1\n"}),
    ("tests", "docs/b.md:2", {"docs/b.md": "a\ntests/a.py::test_b\n"}),
    ("tests", "docs/b.md:1", {"docs/b.md": "tests/b.py::test_a\n"}),
    ("tests", "docs/b.md:1", {"docs/b.md": "tests/c.c::a_thin\n"}),
    ("paths", "docs/b.md:2", {"docs/b.md": "a\n`common/b.c`\n"}),
    ("paths", "docs/b.md:1", {"docs/b.md": "see `fcgi/shop/endpoint.c:7` and `fcgi/shop/endpoints.c`\n"}),
    ("paths", "docs/b.md:1", {"docs/b.md": "`tools/other up`\n"}),
    ("paths", "docs/b.md:1", {"docs/b.md": "`queue/{scripts,script}/put.lu`\n"}),
    ("paths", "README.md:1", {"README.md": "`sql/shop/thin_*.sql`\n"}),
    ("links", "docs/b.md:1", {"docs/b.md": "[a](c.md)\n"}),
    ("links", "docs/b.md:1", {"docs/b.md": "[a](a.md#b)\n"}),
    ("links", "docs/b.md:3", {"docs/b.md": "```\n# b\n[a](#b)\n```\n"}),
    ("statements", "queue/scripts/stray.lua:1", {"queue/scripts/stray.lua": f"-- {LICENCE}\n"}),
])
def test_what_is_wrong_is_found(tree, check, place, changes):
    status, said = tree(changes)
    assert status == 1 and len(said) == 2, said
    assert said[0].startswith(place + ": ") and said[0].endswith(f"[{check}]"), said


@pytest.mark.parametrize("changes", [
    {"common/c.c": function(60)}, {"fcgi/shop/endpoints.c": CLEAN["fcgi/shop/endpoints.c"] + "\n// x" * 460 + "\n"},
    {"fcgi/c.c": HEAD + '#include "common/a.h"\n#include "fcgi/b.h"\n#include "queue/b.h"\n#include "sql.h"\n'},
    {"sql/shop/thing_get.sql": "-- public: anybody may see a thing\nselect 1\n"},
    {"common/c.c": HEAD + "/* clang-format off */\nint  c;\n/* clang-format on */\n"},
    {"docs/b.md": "[a](a.md#a-page-of-things) [b](https://example.org/x#y)\n"},
    {"etc/a.conf": "worker.folder = /var/lib/shop/work/x\n"},
    {"docs/b.md": "`common/a.c`, `common/`, `sql/PRODUCT/NAME.sql`, `common/a.{c,h}`, `queue/scripts/*.lua`, `tools/sh -x`, `fcgi/shop/endpoints.c:2`, "
                  "`tests/a.py::test_a`, `build/gcc/x`, `elsewhere/x.c`, common/none.c\n"},
])
def test_what_is_right_is_let_be(tree, changes):
    assert tree(changes)[0] == 0, tree(changes)
