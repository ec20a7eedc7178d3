# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a stack has stored, looked at from behind: its folder, or that of the S3 server, which adds an end to
each name."""
from pathlib import Path

S3_END = "._S3rver_object"


class Depot:
    def __init__(self, stack):
        self.remote = "s3" in stack
        self.root = Path(stack["s3_folder"] if self.remote else stack["storage"])
        self._end = S3_END if self.remote else ""

    def file(self, key):
        return self.root / (key + self._end)

    def keys(self, prefix=""):
        found = {str(path.relative_to(self.root)) for path in (self.root / prefix).rglob("*") if path.is_file()}
        return {name.removesuffix(self._end) for name in found if name.endswith(self._end)}
