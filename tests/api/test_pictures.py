# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fleet makes of pictures that are sent in (image.variant)."""
import json
import secrets

import pytest
import requests
from PIL import Image

import album
from client import PATIENCE
from waits import until

AVATAR = "/api/users/me/avatar/"
SIDE = (512, 512)


@pytest.fixture
def member(account):
    return account("expenses")


@pytest.fixture
def avatar(member):
    """avatar(data) -> what its link leads to, as soon as the worker has made it."""
    def send(data, name="me.jpg"):
        url = member.upload(AVATAR, avatar=(name, data), prefer="respond-async").value.data.avatar_url
        return until(lambda: (answer := requests.get(url, timeout=PATIENCE)).status_code == 200 and answer.content, "it is made")
    return send


@pytest.fixture
def shown(member):
    """What everybody sees of the member: the bytes behind the link in the profile, None without one."""
    def look():
        url = member.get("/api/users/me/").value.data.avatar
        return url and requests.get(url, timeout=PATIENCE).content
    return look


@pytest.fixture
def ended(sql, member):
    """The outcomes of the member's jobs, in their order, once all have ended."""
    def wait():
        asked = "select string_agg(coalesce(e.outcome::text, '-') || coalesce(' ' || (e.result ->> 'gone'), ''), ', ' order by j.id) from job j " \
                "left join job_end e using (id) join account a on a.id = j.account_id where j.kind = 'image.variant' and a.email = %s"
        return until(lambda: "-" not in (found := sql(asked, member.email)) and found, "all jobs have ended")
    return wait


FORMS = {
    "JPEG": lambda: album.packed(album.flag(1600, 1200), "JPEG", quality=90),
    "JPEG, progressive": lambda: album.packed(album.flag(1600, 1200), "JPEG", quality=90, progressive=True),
    "JPEG, grey": lambda: album.packed(album.flag(300, 300, "L"), "JPEG", quality=90),
    "JPEG, CMYK": lambda: album.packed(album.flag(640, 480, "CMYK"), "JPEG", quality=95),
    "PNG": lambda: album.packed(album.flag(900, 1400), "PNG"),
    "PNG, palette": lambda: album.packed(album.flag(300, 200).quantize(8), "PNG"),
    "PNG, 16 bits": lambda: album.packed(Image.new("I;16", (600, 600), 40000), "PNG"),
    "WebP": lambda: album.packed(album.flag(800, 800), "WEBP", quality=90),
    "WebP, lossless": lambda: album.packed(album.flag(801, 533), "WEBP", lossless=True),
    "tiny": lambda: album.packed(album.flag(20, 10), "PNG"),
    "long": lambda: album.packed(album.flag(6000, 40), "PNG"),
}
GREY = ("JPEG, grey", "PNG, 16 bits")


@pytest.mark.parametrize("form", [form for form in FORMS if form not in GREY])
def test_an_avatar_is_made(avatar, form):
    album.is_flag(avatar(FORMS[form]()), SIDE)


@pytest.mark.parametrize("form", GREY)
def test_of_grey_ones_as_well(avatar, form):
    made = album.opened(avatar(FORMS[form]()))
    assert made.format == "JPEG" and made.size == SIDE
    seen, source = made.convert("L").getpixel((250, 100)), {"JPEG, grey": 82, "PNG, 16 bits": 156}[form]
    assert abs(seen - source) <= 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright_and_tells_nothing(avatar, orientation):
    made = avatar(album.lying(album.flag(900, 600), orientation))
    album.is_flag(made, SIDE)
    assert b"secret" not in made and b"Camera" not in made and b"Exif" not in made


def test_what_is_transparent_becomes_white(avatar):
    picture = album.flag(600, 600).convert("RGBA")
    picture.paste((0, 0, 0, 0), (150, 0, 450, 250))
    made = album.opened(avatar(album.packed(picture, "PNG")))
    assert album.near(made.getpixel((256, 100)), album.WHITE, 4)
    assert album.near(made.getpixel((20, 100)), album.RED) and album.near(made.getpixel((490, 100)), album.RED)


def test_colours_come_to_srgb(avatar):
    """By a profile in which red and blue have changed places, what says red is blue."""
    swapped = bytearray(album.profile("sRGB"))
    red, blue = swapped.find(b"rXYZ"), swapped.find(b"bXYZ")
    swapped[red:red + 4], swapped[blue:blue + 4] = b"bXYZ", b"rXYZ"
    made = album.opened(avatar(album.packed(Image.new("RGB", (400, 400), (255, 0, 0)), "JPEG", quality=95,
                                            icc_profile=bytes(swapped))))
    assert album.near(made.getpixel((200, 200)), (0, 0, 255), 12), made.getpixel((200, 200))
    assert "icc_profile" not in made.info


def test_nobody_sees_what_was_sent(member, paused, avatar, shown):
    """A photo says where it was taken: the former picture is shown until there is an avatar."""
    sent = album.lying(album.flag(700, 500), 6)
    assert b"secret" in sent
    with paused("image"):
        url = member.upload(AVATAR, avatar=("me.jpg", sent), prefer="respond-async").value.data.avatar_url
        member.get(url, 404)
        member.get(url, 404, headers={"Authorization": None})
        assert shown() is None
    first = until(shown, "it is made")
    album.is_flag(first, SIDE)
    assert b"secret" not in first and member.get("/api/users/me/").value.data.avatar == url
    with paused("image"):
        another = member.upload(AVATAR, avatar=("me.jpg", sent), prefer="respond-async").value.data.avatar_url
        member.get(another, 404)
        assert shown() == first and member.get("/api/users/me/").value.data.avatar == url
    until(lambda: member.get("/api/users/me/").value.data.avatar == another, "the other one is made")
    assert b"secret" not in shown()
    member.get(url, 404)                                # the one before has ended


def test_no_link_but_its_own_leads_to_what_was_sent(member, paused, sql, forge):
    """Its row is there; the generation that has links is the next one."""
    with paused("image"):
        url = member.upload(AVATAR, avatar=("me.jpg", album.lying(album.flag(300, 300), 1)), prefer="respond-async").value.data.avatar_url
        row = sql("select f.id || ':' || f.generation from file f join expenses.profile p on p.avatar_next_id = f.id join account a on a.id = p.account_id "
                  "where a.email = %s", member.email)
        number, generation = row.split(":")
        assert f":{number}:{int(generation) + 1}:" in url
    until(lambda: requests.get(url, timeout=PATIENCE).status_code == 200, "it is made")


def test_who_waits_gets_a_link_that_holds(member):
    url = member.upload(AVATAR, avatar=("me.png", album.packed(album.flag(700, 500), "PNG"))).value.data.avatar_url
    album.is_flag(until(lambda: (answer := member.get(url).http).status_code == 200 and answer.content, "it is there"), SIDE)


def test_what_was_sent_goes_with_time(member, avatar, sql, by_hand):
    """Its bytes, with all that the camera has told, belong to a row that is deleted: the fleet removes those."""
    by_hand("house.expire")
    avatar(album.lying(album.flag(900, 600), 6))
    rows = "select string_agg(concat(f.type, ' ', f.storage_key like '%%/uploads/%%', ' ', f.deleted_at is not null), ', ' order by f.id)" \
           " from file f join account a on a.id = f.account_id where a.email = %s"
    assert sql(rows, member.email) == "image/jpeg f f, image/jpeg t t"


BROKEN = album.packed(album.flag(1600, 1200), "JPEG")[:9000]


def test_one_that_does_not_decode_is_refused(member, avatar, shown, sql):
    """The one before stays; what was sent is removed."""
    first = avatar(album.packed(album.flag(64, 64), "PNG"))
    refused = member.upload(AVATAR, 422, avatar=("me.jpg", BROKEN), prefer="wait=30").value.error.details[0]
    assert (refused.field, refused.message) == ("avatar", "cannot be used: it is cut short")
    assert shown() == first
    assert sql("select count(*) filter (where f.deleted_at is null) || ' ' || count(*) from file f join account a on a.id = f.account_id where a.email = %s",
               member.email) == "1 3"


def test_one_that_is_cancelled_leaves_the_one_before(member, avatar, shown, sql, operator, paused, ended):
    first = avatar(album.packed(album.flag(64, 64), "PNG"))
    with paused("image"):
        url = member.upload(AVATAR, avatar=("me.jpg", album.lying(album.flag(300, 300), 1)), prefer="respond-async").value.data.avatar_url
        job = sql("select max(j.id::text) from job j join account a on a.id = j.account_id where a.email = %s", member.email)
        operator("cancel", job)
    assert ended() == "done, cancelled" and shown() == first
    member.get(url, 404)
    assert sql("select count(*) from expenses.profile p join account a on a.id = p.account_id where a.email = %s and avatar_next_id is null",
               member.email) == "1"
    operator("kick", job)                               # it is made after all
    until(lambda: member.get("/api/users/me/").value.data.avatar == url, "it is made")
    assert b"secret" not in shown()


def test_one_that_was_replaced_meanwhile_is_left_alone(member, paused, shown, ended):
    with paused("image"):
        first = member.upload(AVATAR, avatar=("me.png", album.packed(album.flag(64, 64), "PNG")), prefer="respond-async").value.data.avatar_url
        second = member.upload(AVATAR, avatar=("me.png", album.packed(album.flag(65, 65), "PNG")), prefer="respond-async").value.data.avatar_url
    assert ended() == "done true, done"
    assert member.get("/api/users/me/").value.data.avatar == second and shown()
    member.get(first, 404)


def test_two_at_the_same_moment(member, shown, sql, paused, ended):
    """Neither call has seen the other's file, so the first of them is there still: it does not become an avatar that nobody removes."""
    with paused("image"):
        first, second = (member.upload(AVATAR, avatar=("me.png", album.packed(album.flag(side, 64), "PNG")), prefer="respond-async")
                         .value.data.avatar_url for side in (64, 65))
        sql("update file f set deleted_at = null from account a where a.id = f.account_id and a.email = %s", member.email)
    assert ended() == "done, done"
    assert member.get("/api/users/me/").value.data.avatar == second and shown()
    assert requests.get(first, timeout=PATIENCE).status_code == 404
    assert sql("select count(*) from file f join account a on a.id = f.account_id where a.email = %s and f.deleted_at is null",
               member.email) == "1"


def test_one_that_is_taken_back_is_shown_no_more(member, avatar, sql, operator, paused, ended):
    avatar(album.packed(album.flag(64, 64), "PNG"))
    with paused("image"):
        member.upload(AVATAR, avatar=("me.png", album.packed(album.flag(65, 65), "PNG")), prefer="respond-async")
        sql("update expenses.profile p set avatar_id = avatar_next_id from account a where a.id = p.account_id and a.email = %s", member.email)
        operator("cancel", sql("select max(j.id::text) from job j join account a on a.id = j.account_id where j.kind = 'image.variant' "
                               "and a.email = %s", member.email))
    assert ended() == "done, cancelled"
    assert sql("select coalesce(p.avatar_id, p.avatar_next_id) is null from expenses.profile p join account a on a.id = p.account_id "
               "where a.email = %s", member.email) == "t"


def test_an_old_one_does_not_come_back(member, avatar, operator, sql, ended):
    member.upload(AVATAR, avatar=("me.jpg", BROKEN), prefer="respond-async")
    assert ended() == "buried"
    job = sql("select max(j.id::text) from job j join account a on a.id = j.account_id where a.email = %s", member.email)
    avatar(album.packed(album.flag(64, 64), "PNG"))
    with pytest.raises(AssertionError, match="Another picture has been sent since"):
        operator("kick", job)


@pytest.fixture
def stored(member, depot, sql):
    """stored(data) -> the id of a file of the member's."""
    def keep(data):
        key = f"expenses/uploads/{secrets.token_hex(8)}/it"
        depot.plant(key, data)
        return int(sql("insert into file (product, account_id, storage_key, name, type) "
                       "select 'expenses', id, %s, 'it.jpg', 'image/jpeg' from account where email = %s returning id", key, member.email))
    return keep


def test_thumbnails(stored, depot, operator, sql):
    """Each as large as its box lets it be; a box larger than the picture does not enlarge it."""
    file = stored(album.lying(album.flag(1500, 1000), 6))
    operator("put", "image.variant", "--product", "expenses", "--wait", "--args",
             json.dumps({"file_id": file, "use": "thumbnails", "boxes": [256, 1024, 4096, 256]}))
    made = json.loads(sql("select json_agg(json_build_object('box', box, 'size', array[width, height],"
                          " 'key', (select storage_key from file f where f.id = v.variant_id)) order by box)"
                          " from picture_variant v where v.file_id = %s", file))
    assert [(thumb["box"], *thumb["size"]) for thumb in made] == [(256, 256, 171), (1024, 1024, 683), (4096, 1500, 1000)]
    for thumb in made:
        album.is_flag(depot.file(thumb["key"]).read_bytes(), tuple(thumb["size"]))
