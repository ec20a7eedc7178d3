# SPDX-License-Identifier: GPL-3.0-or-later
"""common/provider/s3.h against a server: s3rver, with a gate that checks signatures and hashes, and breaks what it is
told to."""
import filecmp
import os
import re
import subprocess
from urllib.parse import parse_qsl, urlencode

import pytest
import requests

ASAN = "asan" in os.environ.get("S3_CALLS", "")
MEMORY_MOST = 400_000 if ASAN else 24_000                # kB


def methods(journal):
    return [line.split()[0] for line in journal]


@pytest.mark.parametrize("style", ["path", "host"])
def test_an_object_comes_and_goes(s3, small, tmp_path, style):
    more = {"style": style, "endpoint": f"http://localhost:{s3.port}"}
    back = tmp_path / "back"
    s3.good("put", "a/b/c-1_2.png", small, **more)
    size, changed = s3.good("head", "a/b/c-1_2.png", **more).said[0].split()
    assert int(size) == 10000 and int(changed) > 1_700_000_000
    s3.good("get", "a/b/c-1_2.png", back, **more)
    assert filecmp.cmp(small, back, shallow=False)
    s3.good("get", "a/b/c-1_2.png", back, 4995, 10, **more)
    assert back.read_bytes() == b"5678901234"
    s3.good("delete", "a/b/c-1_2.png", **more)
    assert s3.call("head", "a/b/c-1_2.png", **more).error == "ENOENT"
    assert s3.call("get", "a/b/c-1_2.png", back, **more).error == "ENOENT"
    s3.good("delete", "a/b/c-1_2.png", **more)


def test_an_empty_object(s3, tmp_path):
    nothing, back = tmp_path / "nothing", tmp_path / "back"
    nothing.touch()
    s3.good("put", "empty", nothing)
    assert s3.good("head", "empty").said[0].startswith("0 ")
    s3.good("get", "empty", back)
    assert back.read_bytes() == b""


def test_a_range_that_is_not_there(s3, small, tmp_path):
    s3.good("put", "ranged", small)
    assert s3.call("get", "ranged", tmp_path / "back", 9995, 10).error == "ERANGE"
    assert s3.call("get", "ranged", tmp_path / "back", 20000, 10).error == "ERANGE"


@pytest.mark.parametrize("wrong", [{"secret_key": "another"}, {"access_key": "ANOTHER"}], ids=["secret", "name"])
def test_a_wrong_key(s3, small, tmp_path, wrong):
    s3.good("put", "locked", small)
    s3.journal()
    for words in (("put", "locked", small), ("head", "locked"), ("get", "locked", tmp_path / "back"), ("delete", "locked"),
                  ("list", "-")):
        assert s3.call(*words, **wrong).error == "EACCES", words
    assert methods(s3.journal()) == ["PUT", "HEAD", "HEAD", "DELETE", "GET"]       # nobody asked twice
    s3.good("head", "locked")


def test_a_bucket_that_is_not_there(s3, small):
    assert s3.call("put", "a", small, bucket="others").error == "ENOENT"
    assert s3.call("delete", "a", bucket="others").error == "ENOENT"


# -- large ones --------------------------------------------------------------------------------------------------------

def test_a_large_object_goes_in_parts_and_in_little_memory(s3, large, tmp_path):
    back = tmp_path / "back"
    assert s3.good("put", "large", large).memory < MEMORY_MOST
    journal = s3.journal()
    assert methods(journal) == ["POST"] + ["PUT"] * 6 + ["POST"]
    assert s3.good("get", "large", back).memory < MEMORY_MOST
    assert filecmp.cmp(large, back, shallow=False)
    s3.good("delete", "large")


def test_a_part_that_fails_is_sent_again(s3, large, tmp_path):
    s3.fault("partNumber=3", "cut", 2)
    s3.good("put", "mended", large)
    assert sum("partNumber=3&" in line for line in s3.journal()) == 3
    s3.good("get", "mended", tmp_path / "back")
    assert filecmp.cmp(large, tmp_path / "back", shallow=False)
    s3.good("delete", "mended")


@pytest.mark.parametrize("match, what, error", [
    ("partNumber=1", "busy", "EAGAIN"), ("partNumber=1", "junk", "EIO"), (r"^POST .*uploadId", "sorry", "EAGAIN")])
def test_parts_that_come_to_nothing_are_removed(s3, large, match, what, error):
    s3.fault(match, what, 100)
    assert s3.call("put", "unmade", large).error == error
    assert re.match("DELETE /files/unmade[?]uploadId=[^&]+$", s3.journal()[-1])
    assert s3.call("head", "unmade").error == "ENOENT"


@pytest.mark.parametrize("what, error", [("junk", "EIO"), ("cut", "EAGAIN"), ("moved", "EIO")])
def test_parts_that_cannot_begin(s3, large, what, error):
    s3.fault("uploads=", what, 100)
    assert s3.call("put", "unmade", large).error == error
    assert methods(s3.journal()) == ["POST"]                          # a second would leave a second upload behind


def test_an_end_whose_answer_is_lost_counts_when_the_object_is_there(s3, large):
    s3.fault(r"^POST .*uploadId", "deaf")
    s3.good("put", "whole", large)
    assert methods(s3.journal())[-2:] == ["POST", "HEAD"]
    s3.good("delete", "whole")


# -- faults ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("what", ["cut", "busy", "deaf"])
def test_what_may_be_done_twice_is_tried_again(s3, small, tmp_path, what):
    for match, words in (("^PUT", ("put", "again", small)), ("^HEAD", ("head", "again")), ("^GET", ("get", "again", tmp_path / "x")),
                         ("^DELETE", ("delete", "again"))):
        s3.fault(match, what, 3)
        s3.good(*words)
        assert methods(s3.journal()).count(match[1:]) == 4
    assert (tmp_path / "x").read_bytes() == small.read_bytes()


def test_an_answer_that_breaks_off_is_fetched_again(s3, small, tmp_path):
    s3.good("put", "broken", small)
    s3.fault("^GET", "half", 2)
    s3.good("get", "broken", tmp_path / "back")
    assert filecmp.cmp(small, tmp_path / "back", shallow=False)


def test_there_is_an_end_to_trying(s3):
    s3.fault(".", "busy", 100)
    assert s3.call("head", "never").error == "EAGAIN"
    assert len(s3.journal()) == 4


@pytest.mark.parametrize("words", [("put", "mute"), ("head", "mute"), ("get", "mute"), ("delete", "mute")])
def test_who_does_not_answer_is_not_waited_for(s3, small, words):
    s3.fault(".", "mute", 100)
    outcome = s3.call(*words, *([small] if words[0] in ("put", "get") else []), timeout=700)
    assert outcome.error == "EAGAIN" and 0.6 < outcome.seconds < 60
    assert len(s3.journal()) == 1


def test_an_answer_that_stalls_is_given_up(s3, tmp_path):
    """Long before the time that its bytes are given."""
    (tmp_path / "zeros").write_bytes(bytes(8 << 20))
    s3.good("put", "stalls", tmp_path / "zeros")
    s3.fault("^GET", "stall", 100)
    outcome = s3.call("get", "stalls", tmp_path / "back", timeout=1000)
    assert outcome.error == "EAGAIN" and outcome.seconds < 60


def test_nobody_there(s3, small):
    outcome = s3.call("put", "a", small, endpoint="http://127.0.0.1:1")
    assert outcome.error == "EAGAIN" and outcome.seconds < 60


@pytest.mark.parametrize("what", ["moved"])
def test_no_redirect_is_followed(s3, small, what):
    s3.fault("^PUT", what, 100)
    assert s3.call("put", "a", small).error == "EIO"
    assert len(s3.journal()) == 1


def test_a_full_disk_is_told_as_such(s3, small):
    s3.good("put", "full", small)
    assert s3.call("get", "full", "/dev/full").error == "ENOSPC"


def test_a_connection_that_was_closed_meanwhile(s3, small):
    s3.good("put", "kept", small)
    with subprocess.Popen(s3.argv("head-later", "kept"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        first = process.stdout.readline()
        s3.hang_up()
        second, last = process.communicate("\n", timeout=60)[0].splitlines()
    assert first.strip() == second and last.startswith("0 ")


# -- links -------------------------------------------------------------------------------------------------------------

def presigned(s3, key, method="GET", seconds=60, age=0, kind="image/png", disposition='attachment; filename="a b~c.png"', **more):
    return s3.good("presign", key, method, seconds, age, kind, disposition, **more).said[0]


@pytest.fixture
def linked(s3, small):
    s3.good("put", "linked/a.png", small)
    return s3


@pytest.mark.parametrize("style", ["path", "host"])
def test_a_link_says_what_the_answer_is_to_say(linked, small, style):
    url = presigned(linked, "linked/a.png", style=style, endpoint=f"http://localhost:{linked.port}")
    host = {"Host": f"files.localhost:{linked.port}"} if style == "host" else {}
    answer = requests.get(url.replace("//files.", "//"), headers=host, timeout=60)
    assert answer.status_code == 200 and answer.content == small.read_bytes()
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a b~c.png"'


def test_a_part_through_a_link(linked):
    answer = requests.get(presigned(linked, "linked/a.png"), headers={"Range": "bytes=5-9"}, timeout=60)
    assert (answer.status_code, answer.content) == (206, b"56789")


def test_a_link_for_head(linked):
    assert requests.head(presigned(linked, "linked/a.png", method="HEAD"), timeout=60).headers["Content-Length"] == "10000"
    assert requests.head(presigned(linked, "linked/a.png"), timeout=60).status_code == 403
    assert requests.get(presigned(linked, "linked/a.png", method="HEAD"), timeout=60).status_code == 403


def test_a_link_ends(linked):
    assert requests.get(presigned(linked, "linked/a.png", seconds=60, age=50), timeout=60).status_code == 200
    assert requests.get(presigned(linked, "linked/a.png", seconds=60, age=70), timeout=60).status_code == 403


@pytest.mark.parametrize("name, value", [
    ("X-Amz-Expires", "61"), ("X-Amz-Date", "20200101T000000Z"), ("X-Amz-Credential", "KEYOFTESTS/20200101/eu-test-1/s3/aws4_request"),
    ("response-content-type", "text/html"), ("response-content-disposition", "inline"), ("X-Amz-Signature", "0" * 64),
    ("X-Amz-Signature", ""), ("added", "1")])
def test_every_part_of_a_link_is_signed(linked, name, value):
    path, query = presigned(linked, "linked/a.png").split("?")
    assert requests.get(f"{path}?{urlencode({**dict(parse_qsl(query)), name: value})}", timeout=60).status_code in (400, 403)
    assert requests.get(f"{path}?{query}", timeout=60).status_code == 200
    assert requests.get(f"{path.replace('a.png', 'b.png')}?{query}", timeout=60).status_code == 403
    assert requests.get(path, timeout=60).status_code == 403


# -- lists -------------------------------------------------------------------------------------------------------------

def test_a_list_has_many_pages(s3):
    folder = s3.folder / "many"
    folder.mkdir()
    for number in range(2100):
        (folder / f"{number:04}._S3rver_object").touch()
    listed = [line.split() for line in s3.good("list", "-").said]
    assert [key for key, _, _ in listed if key.startswith("many/")] == [f"many/{number:04}" for number in range(2100)]
    assert len(s3.journal()) == 3
    for path in folder.iterdir():
        path.unlink()


def test_a_list_that_is_none(s3):
    s3.fault("list-type", "junk")
    assert s3.call("list", "-").error == "EIO"
