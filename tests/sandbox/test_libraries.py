# SPDX-License-Identifier: GPL-3.0-or-later
"""The services' own client libraries against the sandbox, as they are, but for the base of their URLs: a file NAME.mjs each.
What they find wrong is in the failure's text."""
import re

import pytest

from conftest import HERE

FILES = sorted(path.name for path in HERE.glob("*.mjs"))


@pytest.mark.parametrize("name", FILES)
def test_a_client_library_works(sandbox, library, hook, name):
    said = library(name, HOOK=hook.url)
    assert int(re.search(r"^# pass (\d+)$", said, re.M)[1]) > 0
    assert sandbox.calls(limit=1), "it asked somebody else"
