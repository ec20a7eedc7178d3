# SPDX-License-Identifier: GPL-3.0-or-later
"""The web servers that a stack can have in front: one row each. What they say about Millrace is what etc/ ships."""
import os
from dataclasses import dataclass
from pathlib import Path

from .system import Trouble

APACHE_MODULES = "/usr/lib/apache2/modules"


@dataclass
class WebServer:
    program: str                # the service's name, the folder of etc/ its files come from, and of the state they go to
    argv: tuple                 # {state} is the state folder
    site: str = "millrace.conf"
    modules: tuple = ()         # of Apache, besides those of stacklib/apache.conf
    more: str = ""              # lines of Apache's configuration, for these modules
    front: bool = True          # the front runs by itself; else the web server starts it
    sendfile: str = "sendfile"
    stop: str = "SIGTERM"


NGINX = ("-e", "stderr", "-p", "{state}", "-c", "{state}/nginx/nginx.conf")
APACHE = ("-D", "FOREGROUND", "-f", "{state}/apache/apache.conf")
LIGHTTPD = ("-D", "-f", "{state}/lighttpd/lighttpd.conf")
WEB_SERVERS = {
    "nginx": WebServer("nginx", NGINX, sendfile="accel", stop="SIGQUIT"),
    "apache": WebServer("apache", APACHE, modules=("proxy", "proxy_fcgi")),
    "lighttpd": WebServer("lighttpd", LIGHTTPD),
    "cgi": WebServer("apache", APACHE, "millrace-cgi.conf", ("cgid",), front=False, sendfile="no"),
    "lighttpd-cgi": WebServer("lighttpd", LIGHTTPD, "millrace-cgi.conf", front=False),
    "fcgid": WebServer("apache", APACHE, "millrace-fcgid.conf", ("fcgid",),
                       'FcgidIPCDir "{state}/run"\nFcgidProcessTableFile "{state}/run/fcgid"\n', front=False),
}
FOLDERS = sorted({one.program for one in WEB_SERVERS.values()})


def placeholders(one, state, port, access_log):
    """What stands between @ in the files of etc/ and stacklib/."""
    modules = "".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so\n" for name in one.modules)
    return {"PORT": port, "STATE": state, "ACCESS_LOG": access_log, "WORKERS": min(2, os.cpu_count() or 1),
            "APACHE_MODULES_MORE": modules + one.more.format(state=state), "APACHE_MODULES": APACHE_MODULES,
            **{f"MILLRACE_{name.upper()}": state / name for name in FOLDERS}, "SITE": one.site,
            "LIGHTTPD_HOST": f'include "{state}/lighttpd/millrace-host.conf"' if one.front else "",
            "FRONT_SOCKET": state / "run" / "front", "STORAGE_FOLDER": state / "files",
            "FRONT_PROGRAM": state / "bin" / "millrace-front", "FRONT_FOLDER": state / "bin",
            "MILLRACE_CONFIG": state / "millrace.conf"}


def templates(one, folder):
    """The whole configuration, and what is shipped; an example of a host stays where it is. folder: the stack's bin."""
    shipped = sorted((folder / one.program).glob("millrace*"))
    own = [folder / "stacklib" / f"{one.program}.conf"]
    if one.program == "lighttpd":
        own.append(folder / "stacklib" / "millrace-hosts.lua")      # in place of the one that is shipped
    return [*(file for file in shipped if "vhost" not in file.name), *own]


def program_of(one):
    names = {"apache": "apache2"}
    name = names.get(one.program, one.program)
    for place in ("/usr/local/sbin", "/usr/sbin", "/usr/bin"):
        if os.access(f"{place}/{name}", os.X_OK):
            return f"{place}/{name}"
    raise Trouble(f"{name} is not installed: tools/deps test")


def pid_in(file):
    try:
        return int(Path(file).read_text())
    except (OSError, ValueError):
        return 0
