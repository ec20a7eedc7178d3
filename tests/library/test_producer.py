# SPDX-License-Identifier: GPL-3.0-or-later
"""The producer's functions, from a program that is C and C++."""
import errno
import json

import pytest

from conftest import PATIENCE, VARIANT, Producer, until
from places import Nodes, free_ports
from resp import Redis

CXX = ["g++"] if VARIANT == "asan" else ["g++", "clang++"]
ECHO = json.dumps({"do": "echo"})


def row(world, job, columns):
    return world.sql(f"select {columns} from job where id = '{job}'")[0]


def in_redis(world, job):
    return world.redis("HGET", "mr1:{q:probe}:j", job)


@pytest.mark.parametrize("compiler", CXX)
def test_the_producer_in_cxx(world, installed, worker, compiler):
    producer = world.producer(installed.compile("tests/library/producer.c", compiler, more=("libpq",)))
    assert producer.ended(producer.put(kind="probe.run", args=ECHO)).state == "done"
    producer.close()


def test_by_addresses_alone(world, producer_program, worker):
    producer = world.producer(producer_program, world.servers.url(world.database), world.servers.redis_socket)
    assert producer.ended(producer.put(kind="probe.run", args=ECHO)).state == "done"
    assert producer("put", kind="probe.run", sealed=1)[0] == -errno.EINVAL
    producer.close()


def test_everything_that_can_be_said(world, worker, producer):
    job = producer.put(kind="probe.run", args=ECHO, product="shop", tenant="t1", account_id=5, request_id="r", priority=3,
                       delay=500, expires=900, key="k1", cost=7, unique="everything", unique_for=60,
                       chain='[{"kind":"probe.run"}]')
    columns = "product, tenant, account_id, request_id, priority, key, cost, unique_name, chain, args"
    assert row(world, job, columns) == ["shop", "t1", "5", "r", "3", "k1", "7", "everything", '[{"kind":"probe.run"}]', ECHO]
    due, expires = map(float, row(world, job, "extract(epoch from due_at - job_id_time(id)), extract(epoch from expires_at - job_id_time(id))"))
    assert 499 < due < 520 and 899 < expires < 920          # from when it was put, a little after it was named
    assert in_redis(world, job).startswith("1|3|probe.run|") and in_redis(world, job).endswith("|60|k1|7|t1")
    assert producer.status(job).state == "waiting"
    producer("cancel", id=job)
    producer.ended(job)


def test_what_is_not_said(world, worker, producer):
    job = producer.put(kind="probe.run", delay=100)
    assert row(world, job, "product, tenant, account_id, priority, key, cost, expires_at is null, unique_name is null, args") == \
        ["default", "default", "", "2", "", "1", "t", "t", "{}"]
    producer("cancel", id=job)


@pytest.mark.parametrize("said, r, why", [
    ({}, -errno.EINVAL, "kind"),
    ({"kind": "no.such"}, -errno.EAGAIN, "no.such"),
    ({"kind": "probe.run", "args": "{oops"}, -errno.EINVAL, "args: not a JSON object"),
    ({"kind": "probe.run", "args": "[1]"}, -errno.EINVAL, "args: not a JSON object"),
    ({"kind": "probe.run", "args": json.dumps({"a": "x" * 65536})}, -errno.E2BIG, "args"),
    ({"kind": "probe.run", "chain": "{}"}, -errno.EINVAL, "chain: not a JSON list"),
    ({"kind": "probe.run", "tenant": "a b"}, -errno.EINVAL, "tenant"),
    ({"kind": "probe.run", "priority": 9}, -errno.EINVAL, "priority"),
    ({"kind": "probe.run", "delay": -1}, -errno.EINVAL, "negative"),
    ({"kind": "probe.run", "batch": "nonsense"}, -errno.EINVAL, "uuid"),
    ({"kind": "probe.run", "batch": "00000000-0000-0000-0000-000000000000"}, -errno.EALREADY, "batch"),
])
def test_what_does_not_hold(worker, producer, said, r, why):
    answer = producer("put", **said)
    assert answer[0] == r and why in answer[1]


def test_unknown_jobs(worker, producer):
    for id, r in (("00000000-0000-7000-8000-000000000000", -errno.ENOENT), ("nonsense", -errno.EINVAL)):
        assert producer("status", id=id)[0] == producer("cancel", id=id)[0] == producer("wait", id=id, ms=0)[0] == r


def test_wait_has_an_end(worker, producer):
    job = producer.put(kind="probe.run", args=ECHO, delay=300)
    assert producer("wait", id=job, ms=50)[0] == -errno.ETIMEDOUT
    producer("cancel", id=job)


def test_many_are_one_transaction(world, worker, producer):
    r, ids = producer("many", n=200, kind="probe.run", args=ECHO)
    assert r == 0 and len(set(ids.split())) == 200
    assert {producer.ended(job).state for job in ids.split()} == {"done"}
    before = world.sql.one("select count(*) from job")
    assert producer("many", n=1001, kind="probe.run")[0] == -errno.E2BIG
    assert producer("many", n=3, kind="no.such")[0] == -errno.EAGAIN
    assert world.sql.one("select count(*) from job") == before
    assert producer("many", n=0) == (0, "")


def test_many_with_one_name_are_one_job(worker, producer):
    r, ids = producer("many", n=3, kind="probe.run", unique="all the same", delay=100)
    assert r == 2 and len(set(ids.split())) == 1
    producer("cancel", id=ids.split()[0])


@pytest.mark.parametrize("tell", (0, 1))
def test_a_transaction_of_the_callers(world, worker, producer, tell):
    url = world.servers.url(world.database)
    r, job = producer("put_in", database=url, end="commit", tell=tell, kind="probe.run", args=ECHO)
    assert r == 0 and producer.ended(job).state == "done"
    r, job = producer("put_in", database=url, end="rollback", kind="probe.run", args=ECHO)
    assert r == 0 and producer("status", id=job)[0] == -errno.ENOENT
    assert producer("put_in", database=url, end="rollback", kind="no.such")[0] == -errno.EAGAIN
    assert producer("put_in", database="host=/nonexistent", end="rollback", kind="probe.run")[0] == -errno.EIO


def test_tell_takes_tickets_only(world, worker, producer):
    assert producer("tell", ticket="oops")[0] == -errno.EINVAL
    assert producer("tell", ticket="probe 00000000-0000-0000-0000-000000000000 oops")[0] == -errno.EINVAL


def test_a_batch_and_what_follows_it(world, worker, producer):
    follow = json.dumps({"kind": "probe.run", "args": {"do": "echo"}, "previous": "batch"})
    r, batch = producer("batch_open", **{"finally": follow})
    assert r == 0
    jobs = producer("many", n=5, kind="probe.run", args=ECHO, batch=batch)[1].split()
    assert {producer.ended(job).state for job in jobs} == {"done"}
    assert world.sql.one(f"select ended_at is null from batch where id = '{batch}'") == "t"
    assert producer("batch_close", id=batch)[0] == 0
    def last():
        found = world.sql(f"select e.result from job j join job_end e using (id) where j.args ->> 'batch' = '{batch}'")
        return found and found[0][0]
    assert json.loads(until(last, "what follows has ended", PATIENCE))["args"] == {"do": "echo", "batch": batch}
    assert producer("put", kind="probe.run", batch=batch)[0] == -errno.EALREADY
    assert producer("batch_close", id="00000000-0000-0000-0000-000000000000")[0] == -errno.ENOENT


def test_a_chain(worker, world, producer):
    job = producer.put(kind="probe.run", args=ECHO, chain='[{"kind":"probe.run","args":{"do":"bury"},"previous":"first"}]')
    follows = f"select e.outcome from job j join job_end e using (id) where j.args ->> 'first' = '{job}'"
    assert until(lambda: world.sql(follows), "what follows has ended", PATIENCE) == [["buried"]]


def test_sealed_arguments(worker, world, producer):
    job = producer.put(kind="probe.run", args=json.dumps({"do": "echo", "word": "swordfish"}), sealed=1)
    assert json.loads(producer.ended(job).result)["args"]["word"] == "swordfish"
    assert "swordfish" not in row(world, job, "args")[0] and "mrs1." in row(world, job, "args")[0]


def test_a_kind_is_claimed_once(world, worker, producer):
    assert producer("register", queue="probe", kind="probe.run")[0] == 0
    assert producer("register", queue="thumbs2", kind="probe.run")[0] == -errno.EEXIST
    assert producer("register", queue="thumbs2", kind="image.generate")[0] == -errno.EEXIST
    for queue, kind in (("Bad", "a.b"), ("a b", "a.b"), ("", "a.b"), ("good", "a b"), ("good", "a|b"), ("good", ""),
                        ("good", "x" * 65), ("q" * 33, "a.b")):
        assert producer("register", queue=queue, kind=kind)[0] == -errno.EINVAL, (queue, kind)


def test_a_queue_with_a_redis_of_its_own(world, worker, producer_program):
    """It is told there, looked at there and cancelled there; the library used to know redis.url only."""
    nodes, (port,) = Nodes(), free_ports(1)
    nodes.start(port, "--save", "")
    producer = Producer(producer_program, {**world.environment, "MILLRACE_REDIS_QUEUES": f"probe=127.0.0.1:{port}"})
    own = Redis(f"127.0.0.1:{port}")
    try:
        job = producer.put(kind="probe.run", args=ECHO, delay=500)
        assert own("HGET", "mr1:{q:probe}:j", job) and not in_redis(world, job)
        own("SET", f"mr1:{{q:probe}}:p:{job}", 37)
        assert producer.status(job).progress == 37
        producer("cancel", id=job)
        assert own("HGET", "mr1:{q:probe}:j", job).startswith("1|0|"), "it is in front"
    finally:
        producer.close()
        own.close()
        nodes.stop()


def test_a_queue_that_refuses(world, worker, producer):
    """The scheduler, which knows of no reason, says each second that it does not."""
    def refused():
        world.sql("insert into queue (name, refusing, why) values ('probe', true, 'because') on conflict (name) do update "
                  "set refusing = true, why = 'because'")
        answer = producer("put", kind="probe.run")
        return answer if answer[0] == -errno.EAGAIN else None
    assert "because" in until(refused, "it is refused")[1]
    world.sql("update queue set refusing = false, why = '' where name = 'probe'")


def test_z_redis_away(world, worker, producer):
    """Last, since it takes the whole queue along: Redis' death does not end the program (SIGPIPE), a put is still taken,
    and runs once Redis is back."""
    producer.status(producer.put(kind="probe.run", args=ECHO))
    world.redis.close()
    world.servers.stop_redis()
    jobs = [producer.put(kind="probe.run", args=ECHO) for _ in range(3)]
    assert producer.status(jobs[0]).state == "waiting"
    assert producer("tell", ticket="probe 00000000-0000-0000-0000-000000000000 oops")[0] == -errno.EIO
    world.servers.start_redis()
    world.redis.__init__(world.servers.redis_socket)
    assert {producer.ended(job).state for job in jobs} == {"done"}


def test_z_postgresql_away(world, producer_program):
    producer = world.producer(producer_program, "host=/nonexistent", world.servers.redis_socket)
    assert producer("put", kind="probe.run")[0] == -errno.EIO
    assert producer("status", id="x")[0] == -errno.EIO
    producer.close()
