# SPDX-License-Identifier: GPL-3.0-or-later
"""The front's plumbing, spoken to in raw FastCGI: /usr/bin/python3 -m pytest tests/plumbing"""
import os
import re
import select
import signal
import time

from conftest import until
from fastcgi import begin, request


# ---- statements ----


def test_settings_reach_every_connection_untouched(peer):
    peer.send([r for i in range(1, 9) for r in request(i, "/setting?plumbing.one")])
    assert {answer.text for answer in peer.answers(8).values()} == {"it's; \"one\""}
    assert peer.ask("/setting?plumbing.two").text == ""
    assert peer.ask("/setting?application_name").text == "millrace-front"
    assert peer.ask("/setting?statement_timeout").text == "2s"
    assert peer.ask("/slowsetting?statement_timeout").text == "10s"


def test_an_error_leaves_its_neighbours_alone(peer):
    peer.send([r for i in range(1, 201) for r in request(i, "/error?0" if i % 2 else f"/sql?{i}")])
    for i, answer in peer.answers(200).items():
        assert answer.status == (400 if i % 2 else 200) and (i % 2 or answer.text == str(i + 1))


def test_a_refusal_carries_its_message_and_field(peer):
    answer = peer.ask("/refused?taken")
    assert (answer.status, answer.text) == (409, "conflict 0 MR409|name|taken")


def test_a_statement_that_cannot_be_prepared_fails_each_time(peer):
    peer.send([r for i in range(1, 21) for r in request(i, "/broken?1" if i % 2 else f"/sql?{i}")])
    for i, answer in peer.answers(20).items():
        assert answer.status == (500 if i % 2 else 200)
        assert not i % 2 or "42601" in answer.text


def test_the_first_calls_error_keeps_the_second_from_running(peer, services):
    services.sql("truncate plumbing_note")
    assert peer.ask("/two?0").text.startswith("invalid 0 22012")
    assert services.sql("select count(*) from plumbing_note") == "0"
    assert peer.ask("/two?1").text == "1"
    assert services.sql("select count(*) from plumbing_note") == "1"


def test_the_second_calls_error_undoes_the_first(peer, services):
    services.sql("truncate plumbing_note")
    assert peer.ask("/undone?0").text.startswith("invalid 1 22012")
    assert services.sql("select count(*) from plumbing_note") == "0"


def test_a_commit_that_fails_is_an_error(peer, services):
    services.sql("truncate plumbing_once")
    peer.send([r for i in range(1, 6) for r in request(i, "/once?same")])
    statuses = sorted(answer.status for answer in peer.answers(5).values())
    assert statuses == [200, 409, 409, 409, 409]


def test_a_statement_that_outlives_its_schema_is_prepared_again(peer, services):
    assert peer.ask("/star?x").text == "round"
    services.sql("alter table plumbing_shape add column more int")
    peer.send([r for i in range(1, 21) for r in request(i, "/star?x")])
    assert {answer.text for answer in peer.answers(20).values()} == {"round"}
    services.sql("alter table plumbing_shape drop column more")
    assert peer.ask("/star?x").text == "round"


def test_a_statement_past_its_timeout_is_unavailable(peer):
    assert peer.ask("/nap?3000").text.startswith("unavailable 0 57014")


def test_the_slow_lane_does_not_delay_the_fast_one(connect):
    slow, fast = connect(), connect()
    slow.send([r for i in range(1, 21) for r in request(i, "/slow?200")])
    times = []
    for i in range(100):
        began = time.monotonic()
        assert fast.ask(f"/sql?{i}").text == str(i + 1)
        times.append(time.monotonic() - began)
    assert sorted(times)[50] < 0.1                  # behind one of the slow ones it were twice that
    assert all(answer.status == 200 for answer in slow.answers(20).values())


def test_a_slow_head_sends_others_to_the_other_connection(connect, services):
    slow, fast = connect(), connect()
    slow.send(request(1, "/nap?1500"))              # of the two seconds that a statement may take there
    until(lambda: backends(services, "%pg_sleep%"))
    for i in range(8):
        fast.ask(f"/sql?{i}")
    assert not select.select([slow.socket], [], [], 0)[0]
    assert slow.answers(1)[1].status == 200


def test_a_full_queue_and_an_old_one_are_unavailable(peer):
    began = time.monotonic()
    peer.send([r for i in range(1, 521) for r in request(i, "/slow?10")])
    full = [peer.ended() for _ in range(20)]
    refused = [answer for _, answer, _ in full if answer.status == 503]
    assert len(refused) >= 10 and all(answer.text.startswith("unavailable 0 |") for answer in refused)
    first = time.monotonic() - began
    rest = [peer.ended()[1] for _ in range(500)]
    assert first < (time.monotonic() - began) / 2   # at once, and not as those that grow old
    good = sum(answer.status == 200 for answer in rest)
    assert 64 <= good < 480 and all(answer.status in (200, 503) for answer in rest)
    assert peer.ask("/slow?1").status == 200


# ---- leases ----


def test_a_leased_transaction_commits(peer, services):
    services.sql("truncate plumbing_note")
    peer.send([r for i in range(1, 31) for r in request(i, f"/lease?{i}")])
    assert {answer.text for answer in peer.answers(30).values()} == {"leased"}
    assert services.sql("select count(distinct text) from plumbing_note") == "30"


def test_a_transaction_left_open_is_rolled_back(peer, services):
    services.sql("truncate plumbing_note")
    peer.send([r for i in range(1, 11) for r in request(i, "/lease?drop" if i % 2 else f"/lease?{i}")])
    assert {answer.text for answer in peer.answers(10).values()} == {"leased"}
    assert services.sql("select count(*) from plumbing_note") == "5"


# ---- PostgreSQL that goes away ----


def backends(services, like):
    return services.sql("select pid from pg_stat_activity where application_name = 'millrace-front' and state <> 'idle'"
                        f" and query like '{like}'").split()


def test_a_killed_backend_costs_its_own_request_only(connect, services):
    services.sql("truncate plumbing_note")
    lost, other = connect(), connect()
    lost.send(request(1, "/notes?700"))
    [pid] = until(lambda: backends(services, "%pg_sleep%"))
    other.send(request(1, "/sql?1"))
    assert other.answers(1)[1].text == "2"
    services.sql(f"select pg_terminate_backend({pid})")
    answer = lost.answers(1)[1]
    assert (answer.status, answer.text) == (503, "unavailable 0 ||")
    assert services.sql("select count(*) from plumbing_note") == "0"
    for i in range(20):
        assert other.ask(f"/sql?{i}").text == str(i + 1)


def test_what_is_idempotent_is_sent_again(connect, services):
    lost = connect()
    lost.send(request(1, "/nap?701"))
    [pid] = until(lambda: backends(services, "%pg_sleep%"))
    services.sql(f"select pg_terminate_backend({pid})")
    assert lost.answers(1)[1].text == "701"


def test_a_lost_lease_ends_and_later_ones_work(connect, services):
    services.sql("begin; lock plumbing_note; select pg_terminate_backend(pid) from pg_stat_activity"
                 " where application_name = 'millrace-front'")
    assert until(lambda: connect().ask("/lease?after").text == "leased")


def test_idle_backends_killed_are_not_noticed_by_clients(peer, services):
    for i in range(5):
        services.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace-front'")
        assert peer.ask(f"/sql?{i}").text == str(i + 1)


def test_postgresql_stops_and_starts(peer, services, state):
    services.postgres_stop()
    try:
        began = time.monotonic()
        assert peer.ask("/sql?1").status == 503
        assert 1.0 < time.monotonic() - began < 20  # it waits for as long as the queue may age
        assert state().fast == 0
        assert peer.ask("/redis?1").text == "1" and peer.ask("/hello?1").text == "hello 1"
    finally:
        services.postgres_start()
    until(lambda: peer.ask("/sql?2").text == "3")
    until(lambda: state().fast and state().slow)


def test_what_waits_while_postgresql_starts_again_is_answered(peer, services):
    services.postgres_stop()
    try:
        peer.send([r for i in range(1, 31) for r in request(i, f"/sql?{i}")])
    finally:
        services.postgres_start()
    answers = peer.answers(30)
    assert all(answer.status in (200, 503) for answer in answers.values())
    assert any(answer.status == 200 for answer in answers.values())
    until(lambda: peer.ask("/sql?2").text == "3")


def test_backends_that_stand_still_are_given_up(peer, services):
    """As when the network is cut: the connections are whole, and nobody answers."""
    assert peer.ask("/sql?1").text == "2"
    pids = [int(pid) for pid in services.sql("select pid from pg_stat_activity"
                                             " where application_name = 'millrace-front'").split()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        peer.send(request(1, "/notes?0"))
        assert peer.answers(1)[1].status == 503
        assert until(lambda: peer.ask("/sql?2").status == 200)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


# ---- Redis that goes away ----


def test_a_library_that_redis_has_lost_is_loaded_again(peer, services):
    services.redis_command("del", "counter")
    assert peer.ask("/count?counter").text == "1"
    services.redis_command("function", "flush")
    services.redis_command("config", "resetstat")
    peer.send([r for i in range(1, 101) for r in request(i, "/count?counter")])
    assert sorted(int(answer.text) for answer in peer.answers(100).values()) == list(range(2, 102))
    loads = re.search(r"cmdstat_function\|load:calls=(\d+)", services.redis_command("info", "commandstats"))
    assert int(loads[1]) == 1                      # for all that were under way
    assert peer.ask("/get?counter").text == "101"  # of another library


def test_an_error_of_redis_is_its_own(peer, services):
    services.redis_command("set", "word", "abc")
    peer.send(request(1, "/count?word") + request(2, "/redis?fine"))
    answers = peer.answers(2)
    assert answers[1].status == 500 and answers[2].text == "fine"


def test_redis_stops_and_starts(peer, services, state):
    services.redis_stop()
    until(lambda: not state().redis)
    times = []
    for _ in range(10):
        began = time.monotonic()
        assert peer.ask("/redis?1").status == 503
        times.append(time.monotonic() - began)
    assert min(times) < 0.3                         # nobody waits for who is known to be away
    assert peer.ask("/sql?1").text == "2"
    services.redis_start()
    until(lambda: peer.ask("/count?counter").status == 200)


def test_a_paused_redis_is_given_up_after_the_timeout(peer, services, state):
    until(lambda: state().redis)
    services.redis.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        peer.send([r for i in range(1, 21) for r in request(i, f"/redis?{i}")])
        assert {answer.status for answer in peer.answers(20).values()} == {503}
        assert 0.3 < time.monotonic() - began < 20
        assert peer.ask("/sql?1").text == "2"
    finally:
        services.redis.send_signal(signal.SIGCONT)
    until(lambda: peer.ask("/redis?well").text == "well")


def test_a_killed_connection_to_redis_is_made_anew(peer, services):
    for _ in range(5):
        services.redis_command("client", "kill", "type", "normal", "skipme", "yes")
        until(lambda: peer.ask("/redis?again").text == "again")
