# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are sent in."""
import base64
import os

import pytest

from waits import until

AVATAR = "/api/users/me/avatar/"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
MIB = 1024 * 1024


@pytest.fixture
def member(account):
    return account("expenses")


@pytest.fixture
def kept(depot, by_hand):
    """Keys of the files that uploads have left in the storage."""
    by_hand("house.expire")
    return lambda: depot.keys("expenses/uploads")


@pytest.fixture(autouse=True)
def through(sql):
    """Whoever comes next meets no worker that is busy with our pictures."""
    yield
    open_ones = "select count(*) from job j where kind = 'image.variant' and not exists (select from job_end e where e.id = j.id)"
    until(lambda: sql(open_ones) == "0", "the pictures' jobs have ended")


@pytest.fixture
def send(member, depot, kept):
    """send(content) -> the answer, without waiting for the avatar; and the one file that has come."""
    def upload(content, name="me.png"):
        before = kept()
        answer = member.upload(AVATAR, avatar=(name, content), prefer="respond-async")
        (key,) = kept() - before
        return answer, depot.file(key).read_bytes()
    return upload


@pytest.fixture
def untouched(paused):
    """Nobody makes anything of what is sent."""
    with paused("image"):
        yield


def test_a_picture_of_oneself(member, send, untouched):
    answer, stored = send(PNG)
    assert stored == PNG
    member.get(answer.value.data.avatar_url, 404)               # nobody sees what was sent
    another, stored = send(PNG + b"more", "../../me.svg")
    assert another.value.data.avatar_url != answer.value.data.avatar_url and stored == PNG + b"more"


def test_a_large_one_is_written_to_disk(send, untouched):
    content = PNG + os.urandom(9 * MIB)
    assert send(content)[1] == content


@pytest.mark.parametrize("content, expect, why", [
    (b"#!/bin/sh\necho hello\n", 422, "type"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "type"), (b"", 422, "empty"),
    (b"%PDF-1.4\n", 422, "type"), (PNG + bytes(10 * MIB), 413, None), (PNG + bytes(11 * MIB), 413, None)],
                         ids=["script", "svg", "empty", "pdf", "10 MiB", "11 MiB"])
def test_what_is_no_picture(member, kept, content, expect, why):
    before = kept()
    answer = member.upload(AVATAR, expect, avatar=("me.png", content), type="image/png")
    if why:
        assert answer.value.error.details[0].field == "avatar" and why in answer.value.error.details[0].message
    assert kept() == before


def test_a_body_that_is_none(member, kept):
    before, head = kept(), "multipart/form-data; boundary=b"
    part = b'--b\r\nContent-Disposition: form-data; name="avatar"; filename="a"\r\n\r\n' + PNG + b"\r\n"
    send = lambda data, expect, kind=head: member.call("POST", AVATAR, expect, data=data, headers={"Content-Type": kind})
    for data in (b"", part, part + b"--b-", part[:-4], b"\0" * 100, part.replace(b"name=", b"nome=") + b"--b--"):
        send(data, 400)
    send(part + b"--b--", 400, "application/json")
    send(part + b"--b--", 400, "multipart/form-data")
    send(b"--b--", 422)                                             # nothing in it
    assert send(part + part + b"--b--", 422).value.error.details[0].message == "must be sent once"
    send((part.replace(b'"avatar"', b'"other"')) * 3 + b"--b--", 422)   # what is not known is passed over
    assert kept() == before
    send(part + b"--b--\r\n", 200)


def test_a_file_whose_statement_fails_is_not_kept(member, kept, sql):
    before = kept()
    sql("delete from expenses.profile where account_id = (select id from account where email = %s)", member.email)
    sql("alter table file add constraint no_more check (product <> 'expenses' or name <> 'avatar.jpg') not valid")
    try:
        member.upload(AVATAR, 500, avatar=("me.png", PNG))
    finally:
        sql("alter table file drop constraint no_more")
    member.get("/api/users/me/", 404)
    after = member.upload(AVATAR, 200, avatar=("me.png", PNG + b"2"))       # the pool has come to it behind the removal
    assert after and len(kept() - before) == 1
