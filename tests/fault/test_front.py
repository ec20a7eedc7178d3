# SPDX-License-Identifier: GPL-3.0-or-later
"""The front ends, reads its configuration again, and loses its servers: no request and no record of one is lost."""
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from servers import Session, until
from world import PATIENCE

sys.path.append(str(Path(__file__).resolve().parents[1] / "plumbing"))
from fastcgi import Peer, request                                      # noqa: E402

WHO, NOTHING = "/auth/user/", "/figureforge/api/nothing/"
ROOM = 8192                    # records that wait in a front


def records(world, where):
    return int(world.one(f"select count(*) from request where {where}"))


def recorded(world, n, where):
    """Wait for n records; that there are no more is looked at when something else has been written behind them."""
    until(lambda: records(world, where) >= n, f"{n} records are there", PATIENCE, every=0.05)
    mark = "last" + secrets.token_hex(6)
    send(world, [mark])
    until(lambda: records(world, f"request_id = '{mark}'"), "what came later is there", PATIENCE, every=0.05)
    assert records(world, where) == n


def send(world, names):
    """Requests that no server is asked for, past nginx, with these ids."""
    peer = Peer(world.stack["front"])
    for at in range(0, len(names), 100):
        some = names[at:at + 100]
        for number, name in enumerate(some, 1):
            peer.send(request(number, NOTHING, HTTP_X_REQUEST_ID=name))
        assert {answer.status for answer in peer.answers(len(some)).values()} == {404}
    peer.socket.close()


def log_of(world, service="front"):
    return (Path(world.stack["log_dir"]) / f"{service}.log").read_text()


@contextlib.contextmanager
def asking(artists, path=WHO):
    """Everybody asks without a pause; gives what came back."""
    over, answers = threading.Event(), []

    def ask(artist):
        while not over.is_set():
            answers.append(artist.get(path).status_code)
    threads = [threading.Thread(target=ask, args=(artist,)) for artist in artists]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


def cgi(world, uri, **more):
    """What a front of one request answers."""
    environment = {"PATH": "/usr/bin", "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "REQUEST_URI": uri, **more}
    done = subprocess.run([f"{world.stack['bin']}/millrace-front", "--config", world.stack["config"]], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    return done.stdout.decode()


def probe(world, path):
    answer = requests.get(f"{world.stack['url']}/-/{path}", timeout=PATIENCE)
    return answer.status_code, answer.json()


@contextlib.contextmanager
def locked(world, table):
    session = Session(world.stack["database_url"])
    session(f"begin; lock table {table}")
    yield
    session("rollback")
    session.close()


# ---- statistics ----

def test_a_front_that_ends_writes_what_it_knows(world, artist):
    for _ in range(10):
        assert artist.get(WHO).status_code == 200
    world.ctl("restart", "front")
    assert records(world, f"account_id = {artist.id}") == 10


def test_a_cgi_program_leaves_a_record(world):
    mark = secrets.token_hex(6)
    assert cgi(world, NOTHING, HTTP_X_REQUEST_ID=mark).startswith("Status: 404")
    assert records(world, f"request_id = '{mark}'") == 1


def test_records_wait_for_postgres(world, artist):
    mark = secrets.token_hex(6)
    world.ctl("stop", "postgres")
    for number in range(5):
        answer = artist.session.get(artist.base + WHO, headers={"X-Request-ID": f"{mark}-{number}"}, timeout=PATIENCE)
        assert answer.status_code == 503
    send(world, [f"{mark}-{number}" for number in range(5, 2000)])
    world.ctl("start", "postgres")
    recorded(world, 2000, f"request_id like '{mark}-%'")


def test_a_cut_connection_counts_no_record_twice(world):
    """Connections are cut while batches are on their way: whether one was written is not known to the front then."""
    mark, cut = secrets.token_hex(6), 0
    for turn in range(12):
        until(lambda: records(world, f"request_id like '{mark}-%'") >= (turn - 3) * 1000, "not too many wait", PATIENCE)
        send(world, [f"{mark}-{turn}-{number}" for number in range(1000)])
        cut += int(world.one("select count(pg_terminate_backend(pid)) from pg_stat_activity "
                             "where application_name = 'millrace-front'"))
    assert cut > 0
    recorded(world, 12000, f"request_id like '{mark}-%'")
    assert records(world, f"request_id like '{mark}-%'") == \
        int(world.one(f"select count(distinct request_id) from request where request_id like '{mark}-%'"))


def test_what_does_not_fit_is_counted_and_told_once(world):
    mark = secrets.token_hex(6)
    before = log_of(world)
    world.ctl("stop", "postgres")
    send(world, [f"{mark}-{number}" for number in range(ROOM + 1000)])
    world.ctl("start", "postgres")
    until(lambda: "statistics.lost" in log_of(world)[len(before):], "it is told", PATIENCE, every=0.05)
    told = log_of(world)[len(before):]
    assert told.count("statistics.full") == told.count("statistics.lost") == 1 and told.count("statistics.put") <= 1
    lost = int(told.split("statistics.lost requests=")[1].split()[0])
    assert 1000 <= lost < 1100
    recorded(world, ROOM + 1000 - lost, f"request_id like '{mark}-%'")


def test_a_slow_statement_of_somebody_holds_no_record_up(world, artist):
    """Images are listed on the slow lane, which has one connection."""
    mark = secrets.token_hex(6)
    with locked(world, "figureforge.image"):
        asks = threading.Thread(target=artist.get, args=("/images/user/",))
        asks.start()
        until(lambda: world.sql("select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%image%'"),
              "the list waits", PATIENCE)
        send(world, [f"{mark}-{number}" for number in range(3000)])
        recorded(world, 3000, f"request_id like '{mark}-%'")
        assert asks.is_alive()
    asks.join()


# ---- health ----

def agent_health(world):
    """The same to the SMS agent's users, in the form of its reference."""
    answer = requests.get(world.stack["url"] + "/smsagent/api/health/", timeout=PATIENCE)
    return answer.status_code, answer.json()


def test_readiness_goes_by_postgres_and_tells_of_redis(world):
    ready = (200, {"status": "ready", "database": "ok", "redis": "ok", "parked": 0})
    until(lambda: probe(world, "readyz") == ready, "it is ready")
    world.ctl("stop", "postgres")
    until(lambda: probe(world, "readyz") == (503, {"status": "unready", "database": "away", "redis": "ok", "parked": 0}), "it is missed")
    assert probe(world, "healthz") == (200, {"status": "ok"})
    world.ctl("start", "postgres")
    until(lambda: probe(world, "readyz") == ready, "it is ready again")
    world.ctl("stop", "redis")
    until(lambda: probe(world, "readyz") == (200, {"status": "ready", "database": "ok", "redis": "away", "parked": 0}), "Redis is missed")
    code, health = agent_health(world)
    assert code == 503 and health["status"] == health["services"]["redis"]["status"] == "unhealthy"
    assert health["services"]["database"]["status"] == "healthy"
    world.ctl("start", "redis")
    until(lambda: agent_health(world)[0] == 200, "Redis is back")
    until(lambda: probe(world, "readyz") == ready, "all is well")


def test_health_is_below_the_mount_and_of_no_product(world):
    assert cgi(world, "/-/healthz", MILLRACE_PRODUCT="expenses").startswith("Status: 200")
    assert cgi(world, "/deep/mount/-/healthz", MILLRACE_FRONT_MOUNT="/deep/mount").endswith('{"status":"ok"}')
    assert cgi(world, "/-/healthz", MILLRACE_FRONT_MOUNT="/deep/mount").startswith("Status: 404")


def test_a_database_that_lacks_migrations_is_not_ready(world):
    last = world.one("select max(number) from schema_migration")
    world.sql(f"update schema_migration set number = -number where number = {last}")
    try:
        assert probe(world, "readyz") == (503, {"status": "unready", "database": "old", "redis": "ok", "parked": 0})
    finally:
        world.sql(f"update schema_migration set number = -number where number = -{last}")
    assert probe(world, "readyz")[0] == 200
    world.sql("insert into schema_migration (number, name, checksum) values (999999, 'of the next release', '')")
    try:
        assert probe(world, "readyz")[0] == 200
    finally:
        world.sql("delete from schema_migration where number = 999999")


# ---- the end of a front ----

class Fronts:
    """Fronts on a socket that stays, as systemd gives it to them, in the place of the stack's own."""

    def __init__(self, world):
        self.world, self.running = world, None
        stack = world.stack
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(stack["front"])
        os.chmod(stack["front"], 0o777)
        self.listener.listen(1024)
        self.argv = [f"{stack['bin']}/millrace-front", "--config", stack["config"]]

    def start(self):
        self.running = subprocess.Popen(["sh", "-c", 'exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh", *self.argv],
                                        stdin=self.listener)

    def stop(self):
        running, self.running = self.running, None
        if running:
            running.terminate()
            assert running.wait(PATIENCE) == 0


@pytest.fixture
def fronts(world):
    world.ctl("stop", "front")
    fronts = Fronts(world)
    yield fronts
    fronts.stop()
    fronts.listener.close()
    os.unlink(world.stack["front"])
    world.ctl("start", "front")


def test_a_restart_behind_a_socket_that_stays_loses_no_request(world, artists, fronts):
    """The old front has ended before the next one begins; nginx sends again what it had not taken any more."""
    fronts.start()
    people = artists(4)
    with asking(people) as answers:
        for _ in range(6):
            seen = len(answers)
            until(lambda: len(answers) >= seen + 200, "requests are answered", PATIENCE)
            fronts.stop()
            fronts.start()
        seen = len(answers)
        until(lambda: len(answers) >= seen + 200, "requests are answered", PATIENCE)
    assert set(answers) == {200}
    fronts.stop()
    assert records(world, f"account_id in ({', '.join(str(one.id) for one in people)})") == len(answers)


def test_a_front_that_ends_answers_what_it_has_taken(world, artist):
    """Kept open by requests whose statements wait for a lock."""
    peer, front = Peer(world.stack["front"]), world.pid("front")
    token = artist.session.headers["Authorization"]
    with locked(world, "account"):
        peer.send(b"".join(b"".join(request(number, "/figureforge/api" + WHO, HTTP_AUTHORIZATION=token)) for number in range(1, 6)))
        until(lambda: int(world.one("select count(*) from pg_stat_activity where application_name = 'millrace-front' and "
                                    "wait_event_type = 'Lock'")), "they wait")
        os.kill(front, signal.SIGTERM)
        until(lambda: f"[{front}] info front.stop open=5" in log_of(world), "it is about to end")
    assert {answer.status for answer in peer.answers(5).values()} == {200}
    assert peer.is_closed()
    world.restarted("front", front)
    until(lambda: probe(world, "healthz")[0] == 200, "the next one answers")
    recorded(world, 5, f"account_id = {artist.id}")


# ---- another configuration ----

@pytest.fixture
def configure(world):
    """configure("front.origins = ..."): lines are added to the file, and the front is told."""
    path, front = Path(world.stack["config"]), world.pid("front")
    old = path.read_text()

    def say(text):
        before = len(log_of(world))
        path.write_text(old + text + "\n")
        os.kill(front, signal.SIGHUP)
        return until(lambda: next((line for line in log_of(world)[before:].splitlines() if "front.reload" in line), None),
                     "it has looked")
    yield say
    say("")
    assert world.pid("front") == front


def allowed(peer, number, path=NOTHING):
    peer.send(request(number, path, HTTP_ORIGIN="https://app.example"))
    answer = peer.answers(1)[number]
    return b"Access-Control-Allow-Origin: https://app.example" in answer.head


def test_origins_change_without_a_dropped_connection(world, artists, configure):
    peer = Peer(world.stack["front"])
    with asking(artists(2)) as answers:
        assert not allowed(peer, 1)
        assert " info " in configure("front.origins = https://other.example, https://app.example")
        assert allowed(peer, 2)
        assert " info " in configure("")
        assert not allowed(peer, 3)
    assert set(answers) == {200}
    peer.socket.close()


def test_pages_of_other_origins_read_products_and_their_files_only(world, artists, configure):
    def asked(url, **headers):
        answer = requests.get(url, headers={"Origin": "https://app.example", **headers}, timeout=PATIENCE)
        return answer.status_code, {name.lower(): value for name, value in answer.headers.items()}
    artist, url = artists(1)[0], world.stack["url"]
    picture = artist.completed(artist.generate())["images"][0]["url"]
    assert not [name for name in asked(picture)[1] if name == "vary" or name.startswith("access-control")]
    configure("front.origins = https://app.example")
    for status, heads in (asked(picture), asked(picture, Range="bytes=0-7"), asked(url + NOTHING)):
        assert status in (200, 206, 404) and heads["access-control-allow-origin"] == "https://app.example"
        assert heads["access-control-allow-credentials"] == "true" and heads["vary"] == "Origin"
        exposed = heads["access-control-expose-headers"].split(", ")
        assert {"Preference-Applied", "Content-Range", "Content-Disposition", "ETag"} <= set(exposed)
    other = asked(picture, Origin="https://evil.example")[1]
    assert other["vary"] == "Origin" and "access-control-allow-origin" not in other
    for path in ("/-/healthz", "/-/readyz", "/-/metrics", "/-/nothing", "/-/operator/api/session", "/nowhere/"):
        heads = asked(url + path)[1]
        assert not [name for name in heads if name == "vary" or name.startswith("access-control")], path
    ahead = requests.options(url + NOTHING.replace("nothing", "auth/user"), timeout=PATIENCE, headers={
        "Origin": "https://app.example", "Access-Control-Request-Method": "GET"})
    assert ahead.status_code == 204 and "Range" in ahead.headers["Access-Control-Allow-Headers"].split(", ")


@pytest.mark.parametrize("path, code", [(NOTHING, "PAYLOAD_TOO_LARGE"), ("/nowhere/", "too_large")])
def test_headers_that_are_too_large_are_refused_in_the_products_words(world, path, code):
    peer = Peer(world.stack["front"])
    peer.send(request(1, path, b"{}", HTTP_COOKIE="c" * 70000))
    answer = peer.answers(1)[1]
    assert answer.status == 431 and b"431 Request Header Fields Too Large" in answer.head
    assert re.search(rb"^X-Request-ID: req_\w+\r?$", answer.head, re.MULTILINE)
    error = json.loads(answer.text)["error"]
    assert (error["code"], error["message"]) == (code, "The request's headers are too large")
    peer.send(request(2, NOTHING))
    assert peer.answers(1)[2].status == 404
    peer.socket.close()


@pytest.mark.parametrize("broken, why", [
    ("front.origins", "no = in the line"), ("no.such = 1", "unknown key no.such"), ("secret = short", "secret must be set"),
    ("front.threads = many", "front.threads must be a whole number"), ("log.level = loud", "log.level must be")])
def test_a_broken_file_changes_nothing(world, configure, broken, why):
    peer = Peer(world.stack["front"])
    assert " info " in configure("front.origins = https://app.example")
    line = configure(f"front.origins = https://other.example\n{broken}")
    assert " error " in line and why in line
    assert allowed(peer, 1)
    peer.socket.close()


def test_products_and_the_log_change(world, configure):
    peer = Peer(world.stack["front"])

    def text():
        peer.send(request(1, NOTHING))
        return peer.answers(1)[1].text
    assert "no such product" not in text()
    configure("products = expenses\nlog.level = debug")
    before = len(log_of(world))
    assert "no such product" in text()
    until(lambda: " debug request " in log_of(world)[before:], "the log says more")
    configure("")
    before = len(log_of(world))
    assert "no such product" not in text()
    assert " debug " not in log_of(world)[before:]
    peer.socket.close()
