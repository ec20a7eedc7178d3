# SPDX-License-Identifier: GPL-3.0-or-later
"""The front's plumbing, spoken to in raw FastCGI: /usr/bin/python3 -m pytest tests/plumbing"""
import os
import random
import re
import signal
import socket
import subprocess

import pytest
from conftest import PATIENCE, PROGRAM, until
from fastcgi import (ABORT, GET_VALUES, GET_VALUES_RESULT, PARAMS, STDIN, STDOUT, UNKNOWN, Peer, begin,
                     interleave, pairs, record, request)


def fnv(data):
    value = 14695981039346656037
    for byte in data:
        value = (value ^ byte) * 1099511628211 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


# ---- records ----


def test_four_hundred_multiplexed_requests_each_get_their_own_answer(peer):
    dice = random.Random(1)
    plan = {i: dice.choice(["/hello", "/sql", "/slow", "/error", "/redis", "/both", "/none"]) for i in range(1, 401)}
    argument = {i: 0 if uri == "/error" else i % 7 if uri == "/slow" else i for i, uri in plan.items()}
    peer.send_split(interleave([request(i, f"{uri}?{argument[i]}") for i, uri in plan.items()]))
    wanted = {"/hello": lambda i: (200, f"hello {i}"), "/sql": lambda i: (200, str(i + 1)),
              "/slow": lambda i: (200, str(i % 7)), "/error": lambda i: (400, "invalid 0 22012||division by zero"),
              "/redis": lambda i: (200, str(i)), "/both": lambda i: (200, str(i + 1)), "/none": lambda i: (404, "none")}
    for i, answer in peer.answers(400).items():
        assert (answer.status, answer.text) == wanted[plan[i]](i), plan[i]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_a_request_may_come_in_pieces_of_any_size(peer, size):
    peer.send_split(b"".join(request(1, "/body", b"x" * 300)), sizes=(size,))
    assert peer.answers(1)[1].text == f"300 whole memory {fnv(b'x' * 300)}"


def test_padding_is_skipped(peer):
    peer.send([begin(1), record(PARAMS, 1, pairs({"REQUEST_URI": "/hello?p"}), 255), record(PARAMS, 1, b"", 3),
               record(STDIN, 1, b"", 8)])
    assert peer.answers(1)[1].text == "hello p"


def test_get_values(peer):
    peer.send(record(GET_VALUES, 0, pairs({"FCGI_MPXS_CONNS": "", "FCGI_MAX_REQS": "", "NONSENSE": ""})))
    assert peer.next() == (GET_VALUES_RESULT, 0, pairs({"FCGI_MPXS_CONNS": "1", "FCGI_MAX_REQS": "1024"}))


def test_an_unknown_management_record_is_named(peer):
    peer.send(record(77, 0, b"what"))
    assert peer.next() == (UNKNOWN, 0, bytes([77]) + bytes(7))


def test_another_role_is_refused_and_the_connection_lives_on(peer):
    peer.send(begin(3, role=2))
    assert peer.ended()[2] == 3  # FCGI_UNKNOWN_ROLE
    assert peer.ask("/hello?x").text == "hello x"


@pytest.mark.parametrize("junk", [
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x01\x01\x00\x05\x00\x02\x00\x00\x00\x01",                                   # a short BEGIN
    begin(0),                                                                     # no id
    begin(5) + begin(5),                                                          # an id twice
    begin(5) + record(PARAMS, 5, b"\xff\xff\xff\xff\xff") + record(PARAMS, 5),    # a cut pair
    begin(5) + record(PARAMS, 5, b"\x04\x01ab\0dx") + record(PARAMS, 5),          # a NUL in a name
    begin(5) + record(STDIN, 5, b"x"),                                            # a body before the parameters' end
    record(GET_VALUES, 0, b"\x7f"),
])
def test_junk_ends_its_own_connection_only(connect, junk):
    other, bad = connect(), connect()
    other.send(request(1, "/nap?50"))
    bad.send(junk)
    assert bad.is_closed()
    assert other.answers(1)[1].status == 200
    assert other.ask("/hello?y").text == "hello y"


def test_records_of_requests_that_are_not_there_are_skipped(peer):
    peer.send([record(STDIN, 9, b"x"), record(PARAMS, 9), record(ABORT, 9)])
    assert peer.ask("/hello?z").text == "hello z"


def test_parameters_past_64_kib_are_refused_for_their_request_only(peer):
    peer.send(request(1, "/nap?50"))
    peer.send(request(2, "/hello", b"b" * 40000, COOKIE="c" * 200000))
    answers = peer.answers(2)
    assert (answers[1].status, answers[2].status) == (200, 431)
    assert peer.ask("/hello?a", COOKIE="c" * 60000).text == "hello a"


def test_more_than_1024_requests_on_a_connection_are_refused(peer):
    peer.send(b"".join(begin(i) for i in range(1, 1027)))
    assert [peer.ended()[2] for _ in range(2)] == [2, 2]  # FCGI_OVERLOADED
    peer.send(request(1, "/hello?b")[1:])
    assert peer.answers(1)[1].text == "hello b"


def test_without_keep_conn_the_connection_ends_after_its_answer(peer):
    assert peer.ask("/sql?1", keep=False).text == "2"
    assert peer.is_closed()


def test_a_kept_connection_serves_many(peer):
    assert [peer.ask(f"/sql?{i}").text for i in range(20)] == [str(i + 1) for i in range(20)]


def test_a_long_answer_to_a_client_that_reads_late(connect):
    slow, other = connect(), connect()
    slow.send([r for i in range(1, 9) for r in request(i, "/long?3000000")])
    for i in range(20):
        assert other.ask(f"/hello?{i}").text == f"hello {i}"
    expected = (b"abcdefghijklmnopqrstuvwxyz" * 115385)[:3000000]
    assert all(answer.body == expected for answer in slow.answers(8).values())


# ---- files ----


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """A file in which every four bytes differ from all others."""
    path = tmp_path_factory.mktemp("files") / "pattern"
    path.write_bytes(b"".join(n.to_bytes(4, "big") for n in range(2 << 20)))
    return path


def memory_of(front):
    with open(f"/proc/{front.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def descriptors_of(front):
    return len(os.listdir(f"/proc/{front.pid}/fd"))


@pytest.mark.parametrize("offset, size", [(0, 8 << 20), (0, 1), (0, 65536), (3, 65537), ((8 << 20) - 1, 1), (1 << 20, 0)])
def test_a_part_of_a_file_is_sent(peer, pattern, offset, size):
    assert peer.ask(f"/file?{offset}:{size}:{pattern}").body == b"file: " + pattern.read_bytes()[offset:offset + size]
    assert peer.ask("/hello?after").text == "hello after"


def test_files_for_those_who_read_late_take_no_memory(connect, front, pattern):
    slow, other = [connect() for _ in range(8)], connect()
    before = memory_of(front)
    for peer in slow:
        peer.send(request(1, f"/file?0:{8 << 20}:{pattern}"))
    for i in range(50):
        assert other.ask(f"/sql?{i}").text == str(i + 1)
    assert memory_of(front) - before < 16 << 10          # KiB; of 64 MiB that were asked for
    whole = b"file: " + pattern.read_bytes()
    for peer in slow:
        assert peer.answers(1)[1].body == whole


def test_a_file_that_has_become_shorter_ends_early(peer, pattern):
    assert peer.ask(f"/file?{(8 << 20) - 10}:4000:{pattern}").body == b"file: " + pattern.read_bytes()[-10:]
    assert peer.ask("/hello?after").text == "hello after"


def test_clients_that_leave_while_a_file_is_sent(connect, front, state, pattern):
    until(lambda: state().open == 1)
    before = descriptors_of(front)
    for i in range(20):
        leaver = connect()
        leaver.send(request(1, f"/file?0:{8 << 20}:{pattern}") + request(2, f"/file?0:{8 << 20}:{pattern}"))
        if i % 3:
            assert leaver.next()[0] == STDOUT
        if i % 2:
            leaver.send(record(ABORT, 1))
        leaver.close()
    until(lambda: state().open == 1)
    until(lambda: descriptors_of(front) <= before)


# ---- clients that leave ----


def test_an_aborted_request_ends_and_its_neighbour_goes_on(peer, state):
    gone = state().gone
    peer.send(request(1, "/nap?300") + request(2, "/sql?5"))
    peer.send(record(ABORT, 1))
    assert {number: answer.text for number, answer in peer.answers(2).items()} == {1: "", 2: "6"}
    assert state().gone == gone + 1
    assert peer.ask("/sql?6").text == "7"


def test_an_abort_while_parameters_are_still_to_come(peer):
    peer.send([begin(1), record(ABORT, 1)])
    assert peer.answers(1)[1].status is None
    assert peer.ask("/hello?c").text == "hello c"


def test_clients_that_leave_in_the_middle_of_a_statement(connect, state):
    gone = state().gone
    for i in range(20):
        leaver = connect()
        leaver.send(request(1, "/nap?100") + request(2, "/redis?1") + request(3, "/slow?50") + [begin(4)])
        if i % 4:  # these have been read; the others may vanish together with their requests
            leaver.send(request(5, "/hello?here"))
            until(lambda: leaver.ended()[0] == 5)
        leaver.close()
    until(lambda: state().open == 1)  # the state's own
    assert state().gone >= gone + 15
    assert connect().ask("/sql?7").text == "8"


def test_a_client_that_closes_its_sending_side_still_gets_its_answer(peer):
    peer.send(request(1, "/nap?50") + [begin(2)])
    peer.socket.shutdown(socket.SHUT_WR)
    assert peer.answers(1)[1].text == "50"
    assert peer.is_closed()


# ---- bodies ----


@pytest.mark.parametrize("size, place", [(0, "memory"), (1, "memory"), (65536, "memory"), (65537, "file"),
                                         (1000003, "file"), (5000000, "file")])
def test_bodies_arrive_exactly(peer, size, place):
    body = random.Random(size).randbytes(size)
    assert peer.ask("/body", body).text == f"{size} whole {place} {fnv(body)}"


def test_large_bodies_of_several_requests_interleaved(connect):
    peers = [connect() for _ in range(3)]
    bodies = {i: random.Random(i).randbytes(200000 + i) for i in range(1, 9)}
    for peer in peers:
        peer.send(interleave([request(i, "/body", body) for i, body in bodies.items()], seed=id(peer)))
    for peer in peers:
        for i, answer in peer.answers(8).items():
            assert answer.text == f"{200000 + i} whole file {fnv(bodies[i])}"


def test_a_client_that_leaves_while_its_body_is_written(connect, state):
    for _ in range(10):
        leaver = connect()
        leaver.send(request(1, "/body", bytes(1000000))[:-5])
        leaver.close()
    until(lambda: state().open == 1)


def test_a_body_past_its_limit_is_told_and_the_connection_lives_on(peer):
    assert peer.ask("/body", b"x" * 101, SMALL="1").text == "0 large memory cbf29ce484222325"
    assert peer.ask("/body", b"x" * 100, SMALL="1").status == 200
    answer = peer.ask("/body", bytes(8 * 1024 * 1024 + 1))
    assert (answer.status, answer.text.split()[1]) == (413, "large")
    assert peer.ask("/hello?d").text == "hello d"


def test_a_cut_body_is_told(peer):
    assert peer.ask("/body", b"x" * 10, promised=11).text.split()[:2] == ["10", "cut"]
    assert peer.ask("/body", b"x" * 100000, promised=100001).text.split()[:3] == ["100000", "cut", "file"]
    assert peer.ask("/body", b"", promised="").text.split()[:2] == ["0", "whole"]
    assert peer.ask("/body", b"x", promised="1x").text.split()[:2] == ["1", "cut"]


# ---- the socket, and the end ----


def test_the_socket_is_for_owner_and_group(services, front):
    assert os.stat(services.socket).st_mode & 0o777 == 0o660


def test_a_second_instance_does_not_steal_the_socket(services, front):
    second = subprocess.run([PROGRAM, services.socket, services.conninfo, services.redis_socket],
                            stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    assert second.returncode == 1 and "in use" in second.stderr


def test_a_file_that_is_no_socket_is_left_alone(services, tmp_path):
    path = tmp_path / "file"
    path.write_text("precious")
    second = subprocess.run([PROGRAM, str(path), services.conninfo, services.redis_socket],
                            stderr=subprocess.PIPE, timeout=PATIENCE)
    assert second.returncode == 1 and path.read_text() == "precious"


def test_a_stale_socket_is_replaced_and_a_drain_answers_what_is_open(services):
    path = f"{services.folder}/second.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(path)
    left.close()
    front = services.front_start(path)
    busy, idle, late = Peer(path), Peer(path), Peer(path)
    assert idle.ask("/hello?1").text == "hello 1" and busy.ask("/sql?1").text == "2"
    busy.send(request(1, "/nap?300") + request(2, "/slow?400"))
    late.send(request(1, "/body", bytes(100000))[:-1])
    until(lambda: "open=4" in idle.ask("/state").text)
    front.send_signal(signal.SIGTERM)
    assert idle.is_closed()
    assert not os.path.exists(path)
    with pytest.raises(OSError):
        Peer(path)
    late.send(record(STDIN, 1))
    assert late.answers(1)[1].text.startswith("100000 whole")
    assert {answer.status for answer in busy.answers(2).values()} == {200}
    assert busy.is_closed() and late.is_closed()
    assert front.wait(PATIENCE) == 0


# ---- the second transport ----


def cgi(services, uri, body=b"", **more):
    environment = {"REQUEST_METHOD": "POST", "REQUEST_URI": uri, "CONTENT_LENGTH": str(len(body)), "PATH": "/usr/bin",
                   **more}
    done = subprocess.run([PROGRAM, "-", services.conninfo, services.redis_socket], input=body, env=environment,
                          stdout=subprocess.PIPE, timeout=PATIENCE)
    assert done.returncode == 0
    head, _, text = done.stdout.partition(b"\r\n\r\n")
    return int(re.match(rb"Status: (\d+)", head)[1]), text.decode()


def test_a_file_by_the_second_transport(services, pattern):
    whole = pattern.read_bytes()
    done = subprocess.run([PROGRAM, "-", services.conninfo, services.redis_socket], stdout=subprocess.PIPE, timeout=PATIENCE,
                          env={"REQUEST_METHOD": "GET", "REQUEST_URI": f"/file?1:{7 << 20}:{pattern}"})
    assert done.stdout.partition(b"\r\n\r\n")[2] == b"file: " + whole[1:1 + (7 << 20)]


def test_plain_cgi(services):
    assert cgi(services, "/hello?cgi") == (200, "hello cgi")
    assert cgi(services, "/both?41") == (200, "42")
    assert cgi(services, "/body", b"y" * 100000) == (200, f"100000 whole file {fnv(b'y' * 100000)}")
    assert cgi(services, "/body", b"y" * 10, CONTENT_LENGTH="11") == (413, f"10 cut memory {fnv(b'y' * 10)}")
    assert cgi(services, "/body", b"y" * 101, SMALL="1")[1].startswith("0 large")


def test_one_request_at_a_time_through_libfcgi(services, pattern):
    path = f"{services.folder}/third.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    front = subprocess.Popen([PROGRAM, "-", services.conninfo, services.redis_socket], stdin=listener)
    peer = Peer(path)
    assert peer.ask("/both?1").text == "2"
    assert peer.ask("/body", b"z" * 70000).text == f"70000 whole file {fnv(b'z' * 70000)}"
    assert peer.ask(f"/file?5:1000000:{pattern}").body[6:] == pattern.read_bytes()[5:1000005]
    assert peer.ask("/body", b"z" * 10, promised=20).text.split()[:2] == ["10", "cut"]
    assert peer.ask("/body", b"z" * 101, SMALL="1").text.split()[1] == "large"
    peer.close()
    other = Peer(path)
    assert other.ask("/sql?1", keep=False).text == "2" and other.is_closed()
    front.send_signal(signal.SIGTERM)
    assert front.wait(PATIENCE) == 0
    listener.close()
