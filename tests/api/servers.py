# SPDX-License-Identifier: GPL-3.0-or-later
"""What each web server decides for itself, before a request reaches the front. Everything else is the same behind all
of them. The names are those of tools/stack --server."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    line_too_long: int = 414              # a request line of 100 kB
    headers_too_large: int = 431          # a header of 100 kB
    null_byte: int = 400                  # in a path; 404 is said to whatever is not Millrace's
    reads_large: bool = True              # tells whose path it is of a head that is too large
    in_form: bool = True                  # says in the product's form that a file has no such part
    knows_methods: bool = True            # hands on methods that it does not know; else it answers 501
    refuses_paths: tuple = (400, 404)     # what is answered to tricks with paths
    new_id: str = r"req_[0-9a-f]{12}"     # the name it gives to an answer of its own
    runs_front: bool = True               # the front is a service of its own, which may be away
    tells_size: bool = True               # with 416, of what a part was asked


# A path that leaves the products lands in its document root, which has nothing to list.
LIGHTTPD = {"line_too_long": 431, "knows_methods": False, "refuses_paths": (400, 403, 404), "tells_size": False, "reads_large": False,
            "in_form": False}
APACHE = {"headers_too_large": 400, "null_byte": 404}
SERVERS = {
    "nginx": Server(),
    "apache": Server(**APACHE, tells_size=False),
    "fcgid": Server(**APACHE, tells_size=False, runs_front=False),
    "cgi": Server(**APACHE, runs_front=False),
    "lighttpd": Server(**LIGHTTPD),
    "lighttpd-cgi": Server(**LIGHTTPD, runs_front=False),
}
