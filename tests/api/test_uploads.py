# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are sent in."""
import base64
import os

import pytest

AVATAR = "/api/users/me/avatar/"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
MIB = 1024 * 1024


@pytest.fixture
def member(account):
    return account("expenses")


@pytest.fixture
def kept(depot):
    """Keys of the files that uploads have left in the storage."""
    return lambda: depot.keys("expenses/uploads")


def test_a_picture_of_oneself(member, kept):
    before = kept()
    url = member.upload(AVATAR, avatar=("me.png", PNG)).value.data.avatar_url
    picture = member.get(url, headers={"Authorization": None})
    assert picture.http.content == PNG and picture.http.headers["Content-Type"] == "image/png"
    assert member.get("/api/users/me/").value.data.avatar == url
    assert len(kept() - before) == 1
    another = member.upload(AVATAR, avatar=("../../me.svg", PNG + b"more")).value.data.avatar_url
    assert another != url and member.get(another).http.content == PNG + b"more"
    member.get(url, 404)


def test_a_large_one_is_written_to_disk(member):
    content = PNG + os.urandom(9 * MIB)
    url = member.upload(AVATAR, avatar=("me.png", content)).value.data.avatar_url
    assert member.get(url).http.content == content


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
    sql("alter table file add constraint no_more check (product <> 'expenses' or name <> 'avatar.png') not valid")
    try:
        member.upload(AVATAR, 500, avatar=("me.png", PNG))
    finally:
        sql("alter table file drop constraint no_more")
    member.get("/api/users/me/", 404)
    until = member.upload(AVATAR, 200, avatar=("me.png", PNG + b"2"))       # the pool has come to it behind the removal
    assert until and len(kept() - before) == 1
