# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers GET /ailice/api/items/{id}: the front, the least that libfcgi can do, and the same endpoint on other
platforms (bench/peers), all behind the same nginx, over unix sockets. A row each."""
import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lib.stack import ROOT, Trouble, end, hand_over, start

PEERS = ROOT / "bench" / "peers"
MODULES = ROOT / "build" / "peers" / "node_modules"
LIMIT = 10**9
NGINX = """# Written by bench/front. {kept} connections kept by each of nginx's workers, where the protocol knows that.
upstream bench_{name} {{
    server unix:{socket} max_fails=0;
    keepalive {kept};
    keepalive_requests 100000;
    keepalive_timeout 60s;
}}
server {{
    listen 127.0.0.1:{port};
    server_name {name}.bench;
    set $millrace_product "";
    location / {{
        {location}
    }}
}}
"""
FASTCGI = "include {state}/nginx/millrace-fastcgi.conf; fastcgi_pass bench_{name};"
UWSGI = " ".join(f"uwsgi_param {name} ${value};" for name, value in (
    ("QUERY_STRING", "query_string"), ("REQUEST_METHOD", "request_method"), ("CONTENT_TYPE", "content_type"),
    ("CONTENT_LENGTH", "content_length"), ("REQUEST_URI", "request_uri"), ("PATH_INFO", "document_uri"),
    ("SERVER_PROTOCOL", "server_protocol"), ("REMOTE_ADDR", "remote_addr"), ("SERVER_PORT", "server_port"),
    ("SERVER_NAME", "server_name"))) + " uwsgi_pass unix:{socket};"
PHP = """[global]
error_log = {folder}/php.log
daemonize = no
[bench]
listen = {socket}
listen.backlog = 1024
pm = static
pm.max_children = {workers}
pm.max_requests = 0
clear_env = no
catch_workers_output = yes
php_admin_value[opcache.enable] = 1
php_admin_value[opcache.validate_timestamps] = 0
php_admin_value[opcache.jit_buffer_size] = 32M
php_admin_value[opcache.jit] = tracing
php_admin_value[display_errors] = 0
"""
UWSGI_RUN = ("/usr/bin/uwsgi", "--plugin", "python3", "--uwsgi-socket", "{socket}", "--chmod-socket=600", "--listen", "1024",
             "--master", "--lazy-apps", "--processes", "{workers}", "--disable-logging", "--need-app", "--die-on-term",
             "--no-orphans", "--thunder-lock", "--chdir", "{folder}", "--module")


@dataclass(frozen=True)
class Side:
    """argv and location may name {socket}, {folder} (a copy of bench/peers/NAME), {state}, {name}, {workers}, {kept}."""
    name: str
    argv: tuple = ()
    location: str = ""
    workers: int = 0
    kept: int = 64
    packages: tuple = ()
    note: str = ""


SIDES = (
    Side("front", note="all steps on"),
    Side("probe", ("{state}/bin/bench-probe", "--config", "{state}/millrace.conf", "item", "{socket}", "{workers}", "{account}"),
         FASTCGI, 64, 24, note="libfcgi, 64 threads, kept; no authentication"),
    Side("php", ("/usr/sbin/php-fpm8.2", "-n", "-c", "{folder}/php.ini", "-F", "-O", "-y", "{folder}/fpm.conf"),
         FASTCGI + " fastcgi_param SCRIPT_FILENAME {folder}/index.php;", 8, 2, ("php8.2-fpm", "php8.2-pgsql", "php-redis"),
         "php-fpm, static, opcache with jit, pgsql, redis"),
    Side("uwsgi", (*UWSGI_RUN, "item"), UWSGI, 3, 0, ("uwsgi-core", "python3-psycopg2", "python3-redis", "python3-jwt"),
         "WSGI, psycopg2, redis-py, PyJWT"),
    Side("django", (*UWSGI_RUN, "site_bench"), UWSGI, 3, 0, ("uwsgi-core", "python3-django"), "Django under uwsgi"),
    Side("fastify", ("/usr/bin/node", "{folder}/server.js", "{socket}", "{workers}"),
         "proxy_pass http://bench_{name}; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;",
         2, 64, ("fastify", "pg", "ioredis", "fast-jwt"), "cluster, pg, ioredis, fast-jwt"),
)


def access_key(secret):
    """What access tokens are signed with, as common/token.c derives it from the secret."""
    master = hashlib.blake2b(secret.encode(), digest_size=32).digest()
    return hashlib.blake2b(key=master, digest_size=32, salt=(1).to_bytes(8, "little"), person=b"millrace").digest()


def secret_of(stack):
    for line in Path(stack["config"]).read_text(encoding="utf-8").splitlines():
        if line.startswith("secret = "):
            return line.removeprefix("secret = ")
    raise Trouble("the stack has no secret")


class Running:
    """A side that is started; nginx is what the stack's must be given for it, headers are what asks it."""

    def __init__(self, stack, side, options, account):
        self.stack, self.side, self.process = stack, side, None
        self.pid, self.headers, self.nginx = stack["pids"]["front"], {}, ""
        if side.argv:
            self._start(options, account)

    def _start(self, options, account):
        stack, side = self.stack, self.side
        state = Path(stack["state"])
        folder = state / f"bench-{side.name}"
        self.words = {"state": state, "folder": folder, "socket": state / "run" / side.name, "name": side.name,
                      "port": stack["port"], "workers": options.workers.get(side.name, side.workers),
                      "kept": options.kept.get(side.name, side.kept) or 1, "account": account}
        self._install(options, folder)
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder), "NODE_ENV": "production",
                       "BENCH_KEY": access_key(secret_of(stack)).hex(), "BENCH_DATABASE": stack["database_url"],
                       "BENCH_REDIS": stack["redis"], "BENCH_LIMIT": str(LIMIT), "BENCH_POOL": str(options.pool)}
        log = open(Path(stack["log_dir"]) / f"bench-{side.name}.log", "ab")               # noqa: SIM115: the child's
        self.process = start(stack, [word.format(**self.words) for word in side.argv], env=environment, stdout=log,
                             stderr=log)
        log.close()
        self.pid, self.headers = self.process.pid, {"Host": f"{side.name}.bench"}
        self.nginx = NGINX.format(location=side.location.format(**self.words), **self.words)

    def _install(self, options, folder):
        """Where the stack's account can read it."""
        name = self.side.name
        if name == "probe":
            program = folder.parent / "bin" / "bench-probe"
            shutil.copyfile(ROOT / "build" / options.variant / "bench-probe", program)
            program.chmod(0o755)
            return
        shutil.copytree(PEERS / name, folder)
        if name == "fastify":
            subprocess.run(["cp", "-a", MODULES, folder / "node_modules"], check=True)
        if name == "php":
            (folder / "fpm.conf").write_text(PHP.format(**self.words), encoding="utf-8")
            (folder / "php.ini").write_text("".join(
                f"{word}\n" for word in ("zend_extension=opcache.so", "extension=pgsql.so", "extension=igbinary.so",
                                         "extension=redis.so", "variables_order=EGPCS")), encoding="utf-8")
        hand_over(self.stack, folder)

    def stop(self):
        if self.process:
            end(self.process)
        self.process = None


def version(package):
    """Of a Debian package, or of a module of npm."""
    module = MODULES / package / "package.json"
    if module.exists():
        return json.loads(module.read_text(encoding="utf-8"))["version"]
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    if shown.returncode:
        raise Trouble(f"{package} is not installed: tools/deps bench")
    return shown.stdout.split("-")[0].split("+")[0].split(":")[-1]
