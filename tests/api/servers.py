# SPDX-License-Identifier: GPL-3.0-or-later
"""What each web server decides for itself, before a request reaches the front. Everything else is the same behind all
of them. The names are those of tools/stack --server."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    line_too_long: int = 414              # a request line of 100 kB
    knows_methods: bool = True            # hands on methods that it does not know; else it answers 501
    refuses_paths: tuple = (400, 404)     # what is answered to tricks with paths
    new_id: str = r"req_[0-9a-f]{12}"     # the name it gives to an answer of its own
    runs_front: bool = True               # the front is a service of its own, which may be away
    tells_size: bool = True               # with 416, of what a part was asked


SERVERS = {
    "nginx": Server(),
    "apache": Server(tells_size=False),
    "fcgid": Server(runs_front=False, tells_size=False),
    "cgi": Server(runs_front=False),
    # A path that leaves the products lands in its document root, which has nothing to list.
    "lighttpd": Server(line_too_long=431, knows_methods=False, refuses_paths=(400, 403, 404), tells_size=False),
    "lighttpd-cgi": Server(line_too_long=431, knows_methods=False, refuses_paths=(400, 403, 404), tells_size=False,
                           runs_front=False),
}
