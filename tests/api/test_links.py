# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed links: who has one may have the file, as long as it says so."""
import os
import time

import pytest

from forge import Forge
from waits import in_one, this_hour


class Picture:
    """A picture of alice's, its link taken apart."""

    def __init__(self, client):
        self.client = client
        job = client.draw().job_id
        self.hour, self.image = in_one(this_hour, lambda: (this_hour(), client.get(f"/api/images/job/{job}/").images[0]))
        self.path = self.image.url.removeprefix(client.base)
        _, _, self.token, self.name = self.path.split("/")
        self.payload, self.mac = self.token.split(".")
        self.parts = self.payload.split(":")

    @property
    def file(self):
        return int(self.parts[1])


@pytest.fixture(scope="session")
def picture(sign_in):
    """For tests that only look."""
    return Picture(sign_in("painter"))


@pytest.fixture
def own_picture(alice):
    """For tests that change what the server knows of it."""
    return Picture(alice)


@pytest.mark.smoke
def test_a_link_is_enough(figureforge, picture, depot):
    answer = figureforge.get(picture.path).http
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{picture.name}"'
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert "X-Accel-Redirect" not in answer.headers
    if not depot.remote:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "private" in answer.headers["Cache-Control"]


def test_a_link_says_what_it_is_for(picture):
    product, _, generation, expires, disposition = picture.parts
    assert (product, generation, disposition) == ("figureforge", "1", "inline")
    assert int(expires) == (picture.hour + 2) * 3600


def test_a_link_stays_the_same_within_the_hour(picture):
    one, other = in_one(this_hour, lambda: [picture.client.get(f"/api/images/{picture.image.id}/").url for _ in range(2)])
    assert one == other and (this_hour() != picture.hour or one == picture.image.url)


@pytest.mark.smoke
def test_parts_of_a_file_can_be_fetched(figureforge, picture):
    whole = figureforge.get(picture.path).http
    part = figureforge.get(picture.path, 206, headers={"Range": "bytes=0-7"}).http
    assert part.content == whole.content[:8] == b"\x89PNG\r\n\x1a\n"
    figureforge.get(picture.path, 304, headers={"If-None-Match": whole.headers["ETag"]})
    assert figureforge.head(picture.path).http.headers["Content-Length"] == str(len(whole.content))


def test_what_we_sign_by_hand_holds(figureforge, picture, forge):
    """Else the refusals below would prove nothing."""
    figureforge.get(f"/files/{forge.link('figureforge', picture.file, 1, 0, 'inline')}/x.png")
    attached = figureforge.get(f"/files/{forge.link('figureforge', picture.file, 1, 0, 'attachment')}/x.png")
    assert attached.http.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("part, value", [
    (0, "expenses"), (0, ""), (1, "{other}"), (1, "0"), (1, "-1"), (2, "0"), (2, "2"), (3, "0"), (3, "9999999999"),
    (4, "attachment"), (4, "i"), (4, "")], ids=str)
def test_each_part_is_signed(figureforge, picture, part, value):
    parts = list(picture.parts)
    parts[part] = value.format(other=picture.file + 1)
    figureforge.get(f"/files/{':'.join(parts)}.{picture.mac}/{picture.name}", 404)


def test_each_character_counts(figureforge, picture):
    for at, letter in enumerate(picture.token):
        other = picture.token[:at] + ("A" if letter != "A" else "B") + picture.token[at + 1:]
        figureforge.get(f"/files/{other}/{picture.name}", 404)


@pytest.mark.parametrize("form", ["{payload}", "{payload}.", ".{mac}", "{mac}.{payload}", "{payload}.{mac}=", "{payload}={mac}",
                                  "{payload}.{mac}.", "{payload}.{mac}A", "{payload}..{mac}", "A{payload}.{mac}", "x", ".",
                                  "{long}"])
def test_what_is_no_link(figureforge, picture, form):
    token = form.format(payload=picture.payload, mac=picture.mac, long="A" * 600)
    figureforge.get(f"/files/{token}/{picture.name}", 404)


@pytest.mark.parametrize("link", [
    ("figureforge", "{file}", 1, "{past}", "inline"), ("expenses", "{file}", 1, 0, "inline"),
    ("figureforge", "{file}", 0, 0, "inline"), ("figureforge", "{file}", 2, 0, "inline"),
    ("figureforge", 999999999, 1, 0, "inline"), ("figureforge", "0{file}", 1, 0, "inline"),
    ("figureforge", "{file}", 1, 0, "other"), ("figureforge", "{file}", 1, 0), ("figureforge", "{file}", 1, 0, "inline", "")],
    ids=str)
def test_signed_but_wrong(figureforge, picture, forge, link):
    parts = [str(part).format(file=picture.file, past=int(time.time()) - 1) for part in link]
    figureforge.get(f"/files/{forge.link(*parts)}/{picture.name}", 404)


def test_another_key_signs_nothing(figureforge, picture):
    other = Forge("0" * 64)
    figureforge.get(f"/files/{other.link('figureforge', picture.file, 1, 0, 'inline')}/{picture.name}", 404)


def test_a_raised_generation_ends_every_link(figureforge, alice, own_picture, sql):
    figureforge.get(own_picture.path)
    sql("update file set generation = generation + 1 where id = %s", own_picture.file)
    figureforge.get(own_picture.path, 404)
    figureforge.get(alice.get(f"/api/images/{own_picture.image.id}/").url)


def test_a_deleted_file_is_gone(figureforge, own_picture, sql):
    sql("update file set deleted_at = now() where id = %s", own_picture.file)
    figureforge.get(own_picture.path, 404)


@pytest.mark.smoke
def test_a_file_that_is_not_in_storage_is_told_in_the_products_words(figureforge, own_picture, sql, depot):
    file = depot.file(sql("select storage_key from file where id = %s", own_picture.file))
    os.rename(file, file.with_suffix(".away"))
    answer = figureforge.get(own_picture.path, 404)
    if depot.remote:
        assert b"NoSuchKey" in answer.http.content                 # who says it is the bucket
    else:
        assert answer.error.code == "NOT_FOUND" and answer.http.headers["X-Request-ID"].startswith("req_")
    os.rename(file.with_suffix(".away"), file)
    figureforge.get(own_picture.path)


def test_a_public_image_has_a_link_without_end(alice, own_picture, sql):
    sql("update figureforge.image set is_public = true where id = %s", own_picture.image.id.removeprefix("img_"))
    url = alice.get(f"/api/images/{own_picture.image.id}/").url
    assert url.split("/")[-2].split(":")[3] == "0"
    alice.get(url)


@pytest.mark.smoke
def test_stored_files_have_no_address_of_their_own(figureforge, picture, sql):
    key = sql("select storage_key from file where id = %s", picture.file)
    for target in (f"/_files/{key}", f"/figureforge/_files/{key}", f"/figureforge/../_files/{key}",
                   f"/figureforge/%2e%2e/_files/{key}", f"/%5ffiles/{key}", f"//_files/{key}", f"/_files//{key}",
                   f"/files/{key}", f"/figureforge/files/{key}"):
        assert figureforge.raw_get(target).status_code == 404, target


def test_a_link_needs_its_name(figureforge, picture):
    figureforge.get(f"/files/{picture.token}/", 404)
    figureforge.get(f"/files/{picture.token}", 404)
    figureforge.get(f"/files/{picture.token}/a/b", 404)


def test_a_link_is_for_reading(alice, picture):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert alice.call(method, picture.path, 405).http.headers["Allow"] == "GET, HEAD, OPTIONS"
