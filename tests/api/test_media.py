# SPDX-License-Identifier: GPL-3.0-or-later
"""AIlice's media: sent in, looked at, played, made into other forms."""
import contextlib
import json
import time
import uuid
from pathlib import Path

import pytest

import clips
from client import PATIENCE, Client
from pictures import size_of
from waits import until

UPLOAD = "/api/media/upload"
VIDEO, SOUND, PICTURE = ("mp4", "webm"), ("mp3", "wav", "ogg"), ("jpeg", "png", "webp")


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """clip("clip.mp4"): the path of one."""
    folder = tmp_path_factory.mktemp("clips")
    return lambda name, **how: clips.make(folder, name, **how)


@pytest.fixture
def user(account):
    return account("ailice")


@pytest.fixture
def send(user, clip):
    def upload(name, content=None, expect=201, prefer=None, **how):
        return user.upload(UPLOAD, expect, prefer=prefer, file=(name, content if content is not None else clip(name, **how).read_bytes()))
    return upload


@pytest.fixture
def seen(user):
    """The media once it is as it should be."""
    def wait(media, so=lambda shown: shown.status != "processing"):
        end = time.monotonic() + PATIENCE
        while not so(shown := user.get(f"/api/media/{media.id}")):
            assert time.monotonic() < end, shown
            time.sleep(0.05)
        return shown
    return wait


@pytest.fixture
def made(user, seen):
    """A rendition of a media, once its job has ended."""
    def make(media, output_format, quality="low"):
        job = user.post(f"/api/media/{media.id}/transcode", {"output_format": output_format, "quality": quality})
        find = lambda shown: next(one for one in shown.renditions if one.job_id == job.job_id)
        return find(seen(media, lambda shown: find(shown).status not in ("queued", "processing")))
    return make


# -- sent in -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, kind, size, duration", [
    ("clip.mp4", "video", (320, 180), 2), ("clip.mov", "video", (320, 180), 2), ("clip.mkv", "video", (320, 180), 2),
    ("clip.webm", "video", (320, 180), 2), ("turned.mp4", "video", (180, 320), 2), ("tone.mp3", "audio", None, 2),
    ("tone.wav", "audio", None, 2), ("tone.ogg", "audio", None, 2), ("tone.flac", "audio", None, 2), ("tone.m4a", "audio", None, 2),
    ("dots.png", "image", (320, 180), None), ("dots.jpg", "image", (320, 180), None), ("dots.gif", "image", (320, 180), None),
    ("dots.webp", "image", (320, 180), None)])
def test_what_is_sent_is_looked_at(send, seen, clip, name, kind, size, duration):
    media = seen(send(name))
    assert (media.status, media.error, media.media_type) == ("ready", None, kind)
    assert (media.original_filename, media.file_size, media.transcoded) == (name, clip(name).stat().st_size, False)
    assert (media.width, media.height) == (size or (None, None)) and media.duration == duration
    assert media.filename.endswith(name.rpartition(".")[2]) and media.renditions == []


@pytest.mark.smoke
def test_a_short_look_is_waited_for(send):
    assert send("clip.mp4", prefer="wait=30").width == 320


def test_who_does_not_wait_is_told_nothing_yet(user, clip, paused, seen):
    content = clip("clip.mp4").read_bytes()
    with paused("media"):
        began = time.monotonic()
        media = user.upload(UPLOAD, 201, file=("a.mp4", content))
        assert time.monotonic() - began > 1.9, "who says nothing waits for two seconds"
        assert (media.duration, media.width, media.height, media.status) == (None, None, None, "processing")
        assert (media.mime_type, media.media_type) == ("video/mp4", "video")
    assert seen(media).duration == 2


@pytest.mark.parametrize("name, content, why", [
    ("a.mp4", b"no video at all\n" * 50, "must not be of the type text/plain"), ("a.mp4", b"", "must not be empty"),
    ("a.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "must not be of the type"),
    ("a.zip", b"PK\3\4" + bytes(60), "must not be of the type")], ids=["text", "empty", "playlist", "zip"])
def test_what_is_no_media_is_refused(send, name, content, why):
    assert f"file {why}" in send(name, content, 400).detail


def test_what_only_looks_like_media(send, seen, user):
    media = seen(send("a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"nothing of a video" * 200))
    assert (media.status, media.duration, media.poster_url) == ("failed", None, None)
    assert media.error.startswith("this is not media that can be read")
    answer = user.post(f"/api/media/{media.id}/transcode", {"output_format": "webm", "quality": "low"}, 400)
    assert media.error in answer.detail


def test_a_picture_stands_for_it(send, seen, user):
    video = seen(send("clip.mp4"), lambda shown: shown.poster_url)
    poster = user.get(video.poster_url, headers={"Authorization": None}).http
    assert poster.headers["Content-Type"] == "image/jpeg" and size_of(poster) == (320, 180)
    sound = seen(send("tone.mp3"), lambda shown: shown.poster_url)
    wave = user.get(sound.poster_url, headers={"Authorization": None}).http
    assert wave.headers["Content-Type"] == "image/png" and size_of(wave) == (1280, 240)


def test_a_video_of_which_no_picture_can_be_shown(send, seen, user, clip, sql, trouble):
    """Its index is whole, what it leads to is damaged: it was looked at, and there is no picture to stand for it."""
    content = bytearray(clip("silent.mp4").read_bytes())
    at = content.index(b"mdat")
    size = int.from_bytes(content[at - 4:at], "big")
    content[at + 4:at - 4 + size] = bytes(size - 8)
    media = seen(send("damaged.mp4", bytes(content)))
    job = until(lambda: sql("select j.id from job j join file f on f.storage_key = j.args ->> 'source' join ailice.media m on m.file_id = f.id "
                            "where j.kind = 'media.poster' and m.id = %s", media.id), "its picture is asked for")
    assert trouble.buried(job)
    shown = user.get(f"/api/media/{media.id}")
    assert (shown.status, shown.poster_url, shown.width) == ("ready", None, 320)


# -- played ------------------------------------------------------------------------------------------------------------

def test_it_is_played_by_its_owner_and_by_its_link(send, user, account, stack, record, clip):
    content, media = clip("clip.mp4").read_bytes(), send("clip.mp4")
    path = f"/api/media/{media.id}/stream"
    whole = user.get(path).http
    assert whole.content == content and whole.headers["Content-Type"] == "video/mp4"
    part = user.get(path, 206, headers={"Range": "bytes=10-19"}).http
    assert part.content == content[10:20] and part.headers["Content-Range"] == f"bytes 10-19/{len(content)}"
    assert user.head(path).http.headers["Content-Length"] == str(len(content))
    account("ailice").get(path, 404)
    nobody = Client(stack, "ailice", record)
    nobody.get(path, 401)
    link = user.get(f"/api/media/{media.id}").stream_url
    assert nobody.get(link, 206, headers={"Range": "bytes=-5"}).http.content == content[-5:]
    nobody.get(link[:-1] + ("0" if link[-1] != "0" else "1"), 404)
    other = send("tone.mp3")
    nobody.get(link.replace(f"/media/{media.id}/", f"/media/{other.id}/"), 404)
    nobody.get(path + "?token=ailice:1:1:0:inline." + "0" * 64, 404)


def test_a_range_beyond_its_end(send, user):
    media = send("clip.mp4")
    answer = user.raw_get(f"/ailice/api/media/{media.id}/stream", b"Range: bytes=99999999-", b"Authorization: Bearer " + user.token.encode())
    assert answer.status_code == 416


def test_a_rendition_is_played_by_its_format(send, user, made):
    media = send("clip.mp4")
    path = f"/api/media/{media.id}/stream"
    user.get(f"{path}?format=mp3", 404)
    user.get(f"{path}?quality=low", 400)
    user.get(f"{path}?format=exe", 400)
    low, high = made(media, "mp3", "low"), made(media, "mp3", "high")
    assert low.file_size < high.file_size
    assert len(user.get(f"{path}?format=mp3").http.content) == high.file_size
    assert len(user.get(f"{path}?format=mp3&quality=low").http.content) == low.file_size
    user.get(f"{path}?format=mp3&quality=medium", 404)
    assert len(user.get(low.stream_url, headers={"Authorization": None}).http.content) == low.file_size


# -- made into other forms -----------------------------------------------------------------------------------------------

CODECS = {"mp4": ("mp4", "h264", "aac"), "webm": ("webm", "vp9", "opus"), "mp3": ("mp3", None, "mp3"),
          "wav": ("wav", None, "pcm_s16le"), "ogg": ("ogg", None, "vorbis"), "jpeg": ("image2", "mjpeg", None),
          "png": ("png_pipe", "png", None), "webp": ("webp_pipe", "webp", None)}


def check_made(rendition, content, path, size, duration, silent):
    form, picture, sound = CODECS[rendition.output_format]
    path = path / f"made.{rendition.output_format}"
    path.write_bytes(content)
    told = clips.probe(path)
    assert form in told["format"]["format_name"]
    assert told["by_type"].get("video", {}).get("codec_name") == picture
    assert told["by_type"].get("audio", {}).get("codec_name") == (None if silent else sound)
    if picture:
        assert (told["by_type"]["video"]["width"], told["by_type"]["video"]["height"]) == size == (rendition.width, rendition.height)
    if duration:
        assert abs(float(told["format"]["duration"]) - duration) < 0.15 and rendition.duration == duration
    assert rendition.file_size == len(content)


@pytest.mark.parametrize("name, output_format, size", [
    *(("clip.mp4", form, (320, 180)) for form in VIDEO + SOUND), ("clip.webm", "mp4", (320, 180)), ("turned.mp4", "mp4", (180, 320)),
    ("silent.mp4", "webm", (320, 180)), ("tone.flac", "mp3", None), ("tone.mp3", "ogg", None),
    *(("dots.png", form, (320, 180)) for form in PICTURE), ("dots.gif", "png", (320, 180)), ("dots.webp", "jpeg", (320, 180))])
def test_each_form(send, user, made, seen, tmp_path, name, output_format, size):
    media = send(name)
    rendition = made(media, output_format, "medium")
    assert rendition.status == "completed", rendition
    content = user.get(f"/api/media/{media.id}/stream?format={output_format}").http
    assert content.headers["Content-Type"] == rendition.mime_type
    check_made(rendition, content.content, tmp_path, size, None if output_format in PICTURE else 2, name == "silent.mp4")
    if output_format == "mp4":
        order = clips.boxes(content.content)
        assert order.index("moov") < order.index("mdat")
    assert seen(media).transcoded is True


def test_quality_is_size_and_bytes(send, made):
    media = send("large.mp4", size="1920x1080", seconds=1, rate=5, recipe=clips.RECIPES["clip.mp4"])
    renditions = [made(media, "mp4", quality) for quality in ("low", "medium", "high")]
    assert [(one.width, one.height) for one in renditions] == [(640, 360), (1280, 720), (1920, 1080)]
    sizes = [one.file_size for one in renditions]
    assert sizes == sorted(sizes) and len(set(sizes)) == 3


def test_nothing_of_where_it_was_made_stays(send, made, user, clip, tmp_path):
    clips.ffmpeg("-i", clip("clip.mp4"), "-c", "copy", "-metadata", "location=+48.1+011.5/", "-metadata", "comment=secret place",
                 tmp_path / "placed.mp4")
    content = (tmp_path / "placed.mp4").read_bytes()
    assert b"secret place" in content
    media = send("placed.mp4", content)
    made(media, "mp4")
    assert b"secret place" not in user.get(f"/api/media/{media.id}/stream?format=mp4").http.content


def test_the_same_pair_is_one_job(send, user, made, paused, later):
    media = send("clip.mp4")
    path, body = f"/api/media/{media.id}/transcode", {"output_format": "ogg", "quality": "low"}
    with paused("media"):
        jobs = {call.result().job_id for call in [later(user.post, path, body) for _ in range(8)]}
        assert len(jobs) == 1
        assert user.post(path, {**body, "quality": "high"}).job_id not in jobs
    assert made(media, "ogg").job_id in jobs
    again = user.post(path, body)
    assert (again.job_id in jobs, again.status) == (True, "completed")
    assert user.post(path, {"output_format": "wav"}).quality == "medium"


def test_its_job_is_polled(send, user, paused):
    media = send("clip.mp4")
    with paused("media"):
        job = user.post(f"/api/media/{media.id}/transcode", {"output_format": "mp3", "quality": "low"})
        assert user.get(f"/api/jobs/{job.job_id}").status == "queued"
    polled = user.get(f"/api/jobs/{job.job_id}?wait=30")
    while polled.status == "processing":
        polled = user.get(f"/api/jobs/{job.job_id}?wait=30", headers={"If-None-Match": polled.http.headers["ETag"]})
    assert (polled.kind, polled.status, polled.error) == ("media.transcode", "completed", None)
    assert polled.result.type == "audio/mpeg"


def test_what_cannot_be_made(send, user, seen):
    video, sound, picture, silent = (seen(send(name)) for name in ("clip.mp4", "tone.mp3", "dots.png", "silent.mp4"))
    for media, forms in ((video, PICTURE), (sound, VIDEO + PICTURE), (picture, VIDEO + SOUND)):
        for form in forms:
            assert "output_format cannot be" in user.post(f"/api/media/{media.id}/transcode", {"output_format": form}, 400).detail
    user.post(f"/api/media/{video.id}/transcode", {"output_format": "avi"}, 400)
    user.post(f"/api/media/{video.id}/transcode", {"output_format": "mp4", "quality": "best"}, 400)
    user.post("/api/media/999999/transcode", {"output_format": "mp4"}, 404)
    for form in SOUND:
        answer = user.post(f"/api/media/{silent.id}/transcode", {"output_format": form}, 400)
        assert answer.detail == f"output_format cannot be {form}: there is no sound in it"


def test_sound_of_what_was_not_looked_at_yet(send, user, seen, paused, sql):
    """Nobody knows yet that there is none: the job ends with that, at once and for good."""
    with paused("media"):
        silent = send("silent.mp4")
        job = user.post(f"/api/media/{silent.id}/transcode", {"output_format": "mp3", "quality": "low"})
    failed = seen(silent, lambda shown: shown.renditions[0].status not in ("queued", "processing")).renditions[0]
    assert (failed.job_id, failed.status, failed.error) == (job.job_id, "failed", "there is no sound in it")
    assert sql("select e.outcome || (select count(*) from job_try t where t.id = e.id) from job_end e where id = %s", job.job_id) == "buried0"
    user.post(f"/api/media/{silent.id}/transcode", {"output_format": "mp3", "quality": "low"}, 400)


# -- stopped -----------------------------------------------------------------------------------------------------------

@pytest.fixture
def long_one(send, seen):
    """A video that takes the encoder some seconds."""
    return seen(send("long.mp4", size="1280x720", seconds=6, recipe=clips.RECIPES["clip.mp4"]))


def state(job_id, sql):
    return sql("select outcome from job_end where id = %s", job_id)


def test_it_is_cancelled_in_the_middle(long_one, user, seen, operator, sql):
    job = user.post(f"/api/media/{long_one.id}/transcode", {"output_format": "webm", "quality": "high"})
    seen(long_one, lambda shown: shown.renditions[0].status == "processing")
    operator("cancel", job.job_id)
    rendition = seen(long_one, lambda shown: shown.renditions[0].status not in ("queued", "processing")).renditions[0]
    assert (rendition.status, rendition.error) == ("cancelled", "The job was cancelled")
    assert state(job.job_id, sql) == "cancelled"
    user.get(f"/api/media/{long_one.id}/stream?format=webm", 404)
    operator("kick", job.job_id)
    assert seen(long_one).renditions[0].status in ("queued", "processing")
    operator("cancel", job.job_id)


def test_it_passes_its_deadline(long_one, user, seen, paused, sql):
    with paused("media"):
        job = user.post(f"/api/media/{long_one.id}/transcode", {"output_format": "webm", "quality": "high"})
        sql("update job set deadline = 1, tries = 1 where id = %s returning id", job.job_id)
    rendition = seen(long_one, lambda shown: shown.renditions[0].status not in ("queued", "processing")).renditions[0]
    assert (rendition.status, rendition.error) == ("failed", "the job passed its deadline of 1 s")


# -- in parts ----------------------------------------------------------------------------------------------------------

@pytest.fixture
def in_parts(configured):
    """The worker cuts videos of more than four seconds into parts of two."""
    configured("media", "media.part = 2")


@pytest.fixture
def keyed(send, seen):
    return seen(send("keyed.mp4", seconds=7, recipe="{p} {t} -c:v libx264 -preset veryfast -g 25 -c:a aac"))


@pytest.fixture
def left(sql, depot):
    """left(job_id): what a rendition's jobs have in storage, by what names it: piece, file, nothing."""
    def look(job_id):
        jobs = sql("select string_agg(id::text, ' ') from (select %s as id union all select job_id::text from media_part where transcode_id = %s "
                   "union all select id::text from job where kind = 'media.join' and args ->> 'transcode_id' = %s) as j",
                   job_id, job_id, job_id).split()
        by = {"piece": set(), "file": set(), "nothing": set()}
        for key in depot.keys("ailice"):
            if key.split("/")[2].partition(".")[0] in jobs:
                by[sql("select case when exists (select from piece where storage_key = %s) then 'piece' "
                       "when exists (select from file where storage_key = %s) then 'file' else 'nothing' end", key, key)].add(key)
        return by
    return look


@pytest.fixture
def expire(operator, by_hand):
    by_hand("house.expire")
    return lambda: operator("put", "maint.expire", "--args", "{}", "--wait")


@pytest.fixture
def held(operator):
    """with held("media.part"): ...   No job of the kind begins."""
    @contextlib.contextmanager
    def hold(kind):
        operator("set", "media", f"cap.kind:{kind}", "0")
        try:
            yield
        finally:
            operator("set", "media", f"cap.kind:{kind}")
    return hold


def test_a_long_video_is_made_in_parts(in_parts, keyed, user, made, sql, tmp_path, left, expire):
    rendition = made(keyed, "mp4")
    assert rendition.status == "completed", rendition
    content = user.get(f"/api/media/{keyed.id}/stream?format=mp4").http.content
    check_made(rendition, content, tmp_path, (320, 180), 7, False)
    order = clips.boxes(content)
    assert order.index("moov") < order.index("mdat")
    polled = user.get(f"/api/jobs/{rendition.job_id}")
    assert (polled.status, polled.result, polled.finished_at) == ("completed", None, rendition.finished_at)
    assert sql("select count(*) filter (where track = 'picture'), count(*) filter (where made is not null) from media_part "
               "where transcode_id = %s", rendition.job_id) == "4|5"
    there = left(rendition.job_id)
    assert [len(there[name]) for name in ("piece", "file", "nothing")] == [9, 1, 0]
    expire()                                                    # nobody wants the pieces any more
    assert left(rendition.job_id) == {"piece": set(), "file": there["file"], "nothing": set()}
    assert user.get(f"/api/media/{keyed.id}/stream?format=mp4").http.content == content
    assert sql("select count(*) from piece where job_id = %s", rendition.job_id) == "0"


def test_a_part_that_is_not_made(in_parts, keyed, user, seen, operator, sql, left, expire, held):
    with held("media.part"):
        job = user.post(f"/api/media/{keyed.id}/transcode", {"output_format": "webm", "quality": "low"})
        part = until(lambda: sql("select job_id from media_part where transcode_id = %s and track = 'picture' order by position limit 1",
                                 job.job_id), "it has not been cut")
        operator("cancel", part)
        assert user.get(f"/api/jobs/{job.job_id}").status == "processing"      # though the first one is done
    rendition = seen(keyed, lambda shown: shown.renditions[0].status not in ("queued", "processing")).renditions[0]
    assert (rendition.status, rendition.error) == ("failed", "The job was cancelled")
    polled = user.get(f"/api/jobs/{job.job_id}?wait=5")
    assert (polled.status, polled.error) == ("failed", "The job was cancelled")
    there = left(job.job_id)
    assert len(there["piece"]) >= 4 and not there["nothing"]
    expire()
    assert left(job.job_id) == there                            # a day long it may be kicked
    operator("kick", part)
    until(lambda: sql("select made from media_part where job_id = %s", part), "the part is made after all")
    sql("update piece set gone_at = now()")
    sql(Path("sql/worker/piece_next.sql").read_text())          # they are about to be removed, and there still
    join = sql("select id from job where kind = 'media.join' and args ->> 'transcode_id' = %s", job.job_id)
    assert "Its parts have been removed" in refused_kick(operator, join) and left(job.job_id)["piece"]
    expire()
    assert left(job.job_id) == {"piece": set(), "file": set(), "nothing": set()}
    assert "Its parts have been removed" in refused_kick(operator, join)


def test_a_part_whose_piece_is_lost(in_parts, keyed, user, seen, sql, depot, held, trouble):
    """No other try would find it: the part is given up, the whole with it, and its owner reads why."""
    last = "select p.job_id || ' ' || (j.args ->> 'source') from media_part p join job j on j.id = p.job_id " \
           "where p.transcode_id = %s and p.track = 'picture' order by p.position desc limit 1"
    with held("media.part"):
        job = user.post(f"/api/media/{keyed.id}/transcode", {"output_format": "webm", "quality": "high"})
        part, piece = until(lambda: sql(last, job.job_id), "it has not been cut").split()
        depot.file(piece).unlink()
    assert trouble.buried(part) == "its file is no longer there"
    rendition = seen(keyed, lambda shown: shown.renditions[0].status not in ("queued", "processing")).renditions[0]
    assert (rendition.status, rendition.error, user.get(f"/api/jobs/{job.job_id}").status) == ("failed", "its file is no longer there", "failed")


def refused_kick(operator, job):
    with pytest.raises(AssertionError) as why:
        operator("kick", job)
    return str(why.value)


def test_a_closed_account_leaves_no_part(send, seen, sql, depot, operator, by_hand):
    """Neither what has been made, nor what is being made: that is asked to end, and waited for."""
    by_hand("house.erase")
    media = seen(send("clip.mp4"), lambda shown: shown.poster_url)
    account = sql("select account_id from ailice.media where id = %s", media.id)
    pieces = [f"ailice/aa/{uuid.uuid4()}.1/part-0000{n}.nut" for n in range(3)]
    for key in pieces:
        depot.plant(key)
        sql("insert into piece values (%s, %s, %s, now() + interval '7 days')", key, key.split("/")[2][:36], account)
    keys = [*pieces, *sql("select storage_key from file where account_id = %s", account).split()]
    running = sql("insert into ailice.rendition (id, media_id, output_format, quality) values (gen_random_uuid(), %s, 'webm', 'low') returning id",
                  media.id)
    sql("update account set deleted_at = now() - interval '2 hours' where id = %s", account)
    erase = lambda *words: operator("put", "maint.erase", "--args", json.dumps({"account": int(account)}), *words).split()[0]
    job = erase()
    until(lambda: sql("select count(*) from job_try where id = %s and outcome = 'snoozed'", job) != "0", "it waits for what runs")
    assert sql("select asked_by from job_cancel where id = %s", running) == "maint.erase"
    assert all(depot.file(key).exists() for key in keys) and len(keys) == 5
    sql("update ailice.rendition set status = 'cancelled' where id = %s", running)
    erase("--wait")
    assert not any(depot.file(key).exists() for key in keys)
    assert sql("select count(*) from account where id = %s", account) == "0"
    assert sql("select count(*) from piece where account_id = %s or storage_key = %s", account, pieces[0]) == "0"
