# SPDX-License-Identifier: GPL-3.0-or-later
"""Media kinds that no row of a product puts by itself, and what is to be seen behind the fence only."""
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import clips
from waits import until

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hostile"))
import fenced                                                   # noqa: E402

KEYED = "{p} {t} -c:v libx264 -preset veryfast -g 25 -bf 3 -c:a aac"


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return lambda name, **how: clips.make(folder, name, **how)


@pytest.fixture
def run(stack, tmp_path):
    """run("media.hls", {...}, {"media": path}): the folder it leaves, and how it went."""
    count = iter(range(1000))

    def one(kind, args, files, **more):
        folder = tmp_path / f"job-{next(count)}"
        ran = fenced.run(stack["bin"], "media", kind, {"source": "any", **args}, files, folder, **more)
        return folder, ran
    return one


@pytest.fixture
def done(run):
    def one(*words, **more):
        folder, ran = run(*words, **more)
        assert ran.outcome == "done", ran
        return folder, ran.result
    return one


# -- for players that fetch piece by piece -----------------------------------------------------------------------------

def test_a_playlist_and_its_segments(done, clip):
    folder, made = done("media.hls", {"quality": "low"}, {"media": clip("keyed.mp4", seconds=14, recipe=KEYED)})
    assert (made["file"], made["segments"], made["type"]) == ("index.m3u8", 3, "application/vnd.apple.mpegurl")
    playlist = (folder / "index.m3u8").read_text()
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in playlist and playlist.endswith("#EXT-X-ENDLIST\n")
    parts = [line for line in playlist.splitlines() if not line.startswith("#")]
    assert parts == [f"part-{n:05}.ts" for n in range(3)]
    assert sorted(path.name for path in folder.iterdir()) == ["in", "index.m3u8", *parts]
    for n, part in enumerate(parts):            # each stands for itself: a picture that needs no other comes first
        told = clips.probe(folder / part)
        assert (told["by_type"]["video"]["codec_name"], told["by_type"]["audio"]["codec_name"]) == ("h264", "aac")
        assert abs(float(told["format"]["duration"]) - (6, 6, 2)[n]) < 0.1
        first = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=flags", "-of", "csv=p=0",
                                "-read_intervals", "%+#1", folder / part], capture_output=True, text=True, check=True, timeout=60)
        assert first.stdout.startswith("K")


@pytest.fixture
def playlist(account, clip, operator, sql):
    """playlist(spoil): the job that makes one of a stored video, and what spoil(key) has given before."""
    def put(spoil=lambda key: None):
        media = account("ailice").upload("/api/media/upload", 201, file=("clip.mp4", clip("clip.mp4").read_bytes()))
        key = sql("select f.storage_key from file f join ailice.media m on m.file_id = f.id where m.id = %s", media.id)
        spoiled = spoil(key)
        return operator("put", "media.hls", "--product", "ailice", "--args", json.dumps({"source": key, "quality": "low"})).split()[0], spoiled
    return put


def test_a_playlist_of_a_stored_video(playlist, operator):
    job, _ = playlist()
    made = until(lambda: (now := json.loads(operator("job", job, "--json")))["state"] == "done" and now["result"], "it has not ended")
    assert (made["file"], made["segments"], made["type"]) == ("index.m3u8", 1, "application/vnd.apple.mpegurl")


def test_a_playlist_of_what_is_gone(playlist, depot, trouble):
    """No other try would find it; when it is there again, it can be kicked."""
    job, (file, content) = playlist(lambda key: ((file := depot.file(key)), file.read_bytes(), file.unlink())[:2])
    assert trouble.buried(job) == "its file is no longer there"
    file.write_bytes(content)
    assert json.loads(trouble.again(job))["segments"] == 1


# -- pictures that stand for something ---------------------------------------------------------------------------------

def test_a_poster_of_a_sound_and_a_wave_of_a_picture(run, done, clip):
    _, ran = run("media.poster", {"style": "poster"}, {"media": clip("tone.mp3")})
    assert (ran.outcome, ran.why) == ("bury", "there is no picture in it")
    _, ran = run("media.poster", {"style": "waveform"}, {"media": clip("silent.mp4")})
    assert (ran.outcome, ran.why) == ("bury", "there is no sound in it")
    folder, made = done("media.poster", {"style": "waveform"}, {"media": clip("clip.mp4")})
    assert (made["type"], made["width"], made["height"]) == ("image/png", 1280, 240)
    assert clips.probe(folder / "waveform.png")["by_type"]["video"]["codec_name"] == "png"


def test_a_poster_stands_upright(done, clip):
    folder, made = done("media.poster", {}, {"media": clip("turned.mp4")})
    picture = clips.probe(folder / "poster.jpg")["by_type"]["video"]
    assert (picture["width"], picture["height"]) == (made["width"], made["height"]) == (180, 320)


# -- as a whole and in parts -------------------------------------------------------------------------------------------

def shown_at(path):
    """Seconds at which each picture of a file is shown."""
    told = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=best_effort_timestamp_time",
                           "-of", "csv=p=0", path], capture_output=True, text=True, check=True, timeout=60)
    return [float(line.strip(",")) for line in told.stdout.splitlines() if line.strip(",")]


def decoded(path):
    """What a player says that goes through all of it."""
    return subprocess.run(["ffmpeg", "-v", "warning", "-i", path, "-f", "null", "-"], capture_output=True, text=True, check=True,
                          timeout=60).stderr


@pytest.mark.parametrize("source, output_format", [
    ("{p} {t} -c:v libx264 -preset veryfast -g 25 -bf 3 -c:a aac", "mp4"),
    ("{p} {t} -c:v libx264 -preset veryfast -g 25 -bf 3 -c:a aac", "webm"), ("{p} -c:v libx264 -preset veryfast -g 25", "mp4"),
    ("{p} {t} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -c:a libopus", "mp4")],
                         ids=["h264 to mp4", "h264 to webm", "silent", "vp9 to mp4"])
def test_a_video_in_parts_is_the_same_as_whole(done, clip, source, output_format):
    how = {"output_format": output_format, "quality": "low"}
    name = f"{abs(hash(source))}.{'webm' if 'vp9' in source else 'mp4'}"
    path = clip(name, seconds=7, rate="30000/1001", recipe=source)
    whole, made = done("media.transcode", how, {"media": path}, gathered={"part_seconds": 0})
    cut, parts = done("media.transcode", how, {"media": path}, gathered={"part_seconds": 2})
    assert len(parts["parts"]) == 3 and parts["sound"] == ("{t}" in source)
    files = {}
    for n, part in enumerate(parts["parts"]):
        folder, _ = done("media.part", {**how, "track": "picture", "turn": parts["turn"]}, {"media": cut / part})
        files[f"part-{n:05}"] = folder / "part.nut"
    if parts["sound"]:
        folder, _ = done("media.part", {**how, "track": "sound"}, {"media": path})
        files["sound-00000"] = folder / "part.nut"
    joined, result = done("media.join", {**how, "transcode_id": "any"}, files,
                          gathered={"parts": len(parts["parts"]), "sound": parts["sound"], "duration_ms": parts["duration_ms"]})
    one, other = whole / made["file"], joined / result["file"]
    assert len(shown_at(one)) == len(shown_at(other)) > 200
    assert all(abs(a - b) < 0.002 for a, b in zip(shown_at(one), shown_at(other)))
    assert decoded(other) == ""
    one, other = clips.probe(one), clips.probe(other)
    assert abs(float(one["format"]["duration"]) - float(other["format"]["duration"])) < 0.1
    assert [stream["codec_name"] for stream in one["streams"]] == [stream["codec_name"] for stream in other["streams"]]
    assert {key: result[key] for key in ("type", "width", "height")} == {key: made[key] for key in ("type", "width", "height")}


def test_a_short_video_is_not_cut(done, clip):
    how = {"output_format": "mp4", "quality": "low"}
    path = clip("keyed7.mp4", seconds=7, recipe=KEYED)
    assert "parts" not in done("media.transcode", how, {"media": path}, gathered={"part_seconds": 4})[1]
    assert "parts" not in done("media.transcode", {**how, "output_format": "mp3"}, {"media": path}, gathered={"part_seconds": 1})[1]
    keyless = clip("keyless.mp4", seconds=7, recipe="{p} -c:v libx264 -preset veryfast -g 1000 -sc_threshold 0")
    folder, made = done("media.transcode", how, {"media": keyless}, gathered={"part_seconds": 1})
    assert made["file"] == "media.mp4" and sorted(path.name for path in folder.iterdir()) == ["in", "media.mp4"]


def test_parts_that_are_none(run, clip):
    how = {"output_format": "mp4", "quality": "low", "transcode_id": "any"}
    _, ran = run("media.join", how, {"part-00000": clip("clip.mp4")}, gathered={"parts": 1, "sound": False, "duration_ms": 0})
    assert ran.outcome == "bury" and "can be read" in ran.why
    _, ran = run("media.join", how, {}, gathered={"parts": 0, "sound": False, "duration_ms": 0})
    assert (ran.outcome, ran.why) == ("bury", "there are no parts to join")


# -- what else holds ---------------------------------------------------------------------------------------------------

def test_the_same_input_makes_the_same_file(done, clip):
    for form in ("mp4", "mp3", "jpeg"):
        media = {"media": clip("dots.png" if form == "jpeg" else "clip.mp4")}
        one, made = done("media.transcode", {"output_format": form, "quality": "low"}, media)
        other, _ = done("media.transcode", {"output_format": form, "quality": "low"}, media)
        assert (one / made["file"]).read_bytes() == (other / made["file"]).read_bytes(), form


def test_pictures_keep_odd_sizes(done, clip):
    odd = clip("odd.png", recipe="{p} -vf scale=321:181 -frames:v 1")
    for form in ("png", "jpeg", "webp"):
        _, made = done("media.transcode", {"output_format": form, "quality": "high"}, {"media": odd})
        assert (made["width"], made["height"]) == (321, 181), form


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def dot(path):
    """A decoder's word for the first pixel of a picture."""
    return tuple(subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], capture_output=True,
                                check=True, timeout=60).stdout[:3])


def test_what_one_can_see_through_is_white_where_that_cannot_be(done, tmp_path):
    clear = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 6, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress((b"\0" + b"\x20\x10\x40\0" * 16) * 16)) + chunk(b"IEND", b"")
    folder, _ = done("media.transcode", {"output_format": "jpeg", "quality": "high"}, {"media": clear})
    assert dot(folder / "media.jpg") == (255, 255, 255)
    folder, _ = done("media.transcode", {"output_format": "webp", "quality": "high"}, {"media": clear})
    assert "a" in clips.probe(folder / "media.webp")["by_type"]["video"]["pix_fmt"]


def test_a_photo_stands_as_it_was_held(done, clip):
    plain = clip("dots.jpg").read_bytes()
    note = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x112, 3, 1, 6, 0, 0)      # orientation: 6, a quarter right
    photo = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(note) + 2) + note + plain[2:]
    _, told = done("media.probe", {}, {"media": photo})
    assert (told["width"], told["height"]) == (180, 320)
    folder, made = done("media.transcode", {"output_format": "jpeg", "quality": "high"}, {"media": photo})
    assert (made["width"], made["height"]) == (180, 320)
    assert b"Exif" not in (folder / "media.jpg").read_bytes()
    _, told = done("media.probe", {}, {"media": plain})
    assert (told["width"], told["height"]) == (320, 180)


def test_progress_only_grows(run, clip):
    _, ran = run("media.transcode", {"output_format": "mp4", "quality": "low"}, {"media": clip("clip.mp4")})
    assert ran.progress == sorted(set(ran.progress)) and len(ran.progress) > 10 and ran.progress[-1] >= 90
