# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that want something of libav which they must not have."""
import struct
import zlib

import pytest

import clips
from mutate import SECRET
from subjects_media import HLS, POSTER, PROBE, SMALL, transcode

JOBS = (PROBE, POSTER, HLS, transcode("mp4"), transcode("mp3"), transcode("png"))
UNREADABLE = "this is not media that can be read"


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return lambda name, recipe=None, **how: clips.make(folder, name, recipe=recipe, **{**SMALL, **how}).read_bytes()


# -- what names other files ----------------------------------------------------------------------------------------------

PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{file}\n#EXT-X-ENDLIST\n",
    "m3u8 by key": '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-KEY:METHOD=AES-128,URI="{file}"\n#EXTINF:10,\n{file}\n#EXT-X-ENDLIST\n',
    "m3u8 by map": '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MAP:URI="{file}"\n#EXTINF:10,\n{file}\n#EXT-X-ENDLIST\n',
    "m3u8 of concat": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nconcat:{file}|{file}\n#EXT-X-ENDLIST\n",
    "m3u8 of http": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/{file}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{file}'\nduration 10\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT10S">'
            '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{file}</BaseURL>'
            '</Representation></AdaptationSet></Period></MPD>\n',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "webvtt": "WEBVTT\n\n00:00.000 --> 00:10.000\n{file}\n",
    "subrip": "1\n00:00:00,000 --> 00:00:10,000\n{file}\n",
    "ffmetadata": ";FFMETADATA1\ntitle={file}\n",
    "image sequence": "{file}%03d.png\n",
}


@pytest.mark.parametrize("landlock", ["yes", "no"])
@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_list_of_other_files_is_no_media(attempt, name, landlock):
    """The fence would keep it from them as well; here it is the reader that does not ask."""
    for file in ("file:../secret", "/etc/passwd"):
        for job in (PROBE, POSTER, transcode("mp4")):
            ran = attempt(PLAYLISTS[name].format(file=file).encode(), job, landlock=landlock)
            assert ran.outcome == "bury" and ran.why.startswith(UNREADABLE), ran
            assert SECRET.decode() not in ran.why and "root:" not in ran.why


@pytest.mark.parametrize("begin", [b"ID3\3\0\0\0\0\0\0", b"RIFF\x40\0\0\0WAVE", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"GIF89a"],
                         ids=["mp3", "wav", "mp4", "gif"])
def test_a_list_in_disguise(attempt, begin):
    for job in JOBS:
        ran = attempt(begin + PLAYLISTS["m3u8"].format(file="../secret").encode() * 20, job)
        assert ran.outcome == "bury", ran


# -- what is far larger than it looks ------------------------------------------------------------------------------------

def png(width, height):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(bytes(1 << 20), 9)) + chunk(b"IEND", b"")


def vp8(clip, width, height):
    """Every key frame of a VP8 video says its size behind 9d 01 2a; 14 bits each."""
    content, at = bytearray(clip("vp8.webm", "{p} -c:v libvpx -deadline realtime -g 1")), -1
    while (at := content.find(b"\x9d\x01\x2a", at + 1)) >= 0:
        content[at + 3:at + 7] = struct.pack("<HH", width, height)
    return bytes(content)


def mjpeg(clip, width, height):
    content, at = bytearray(clip("mjpeg.mov", "{p} -c:v mjpeg")), -1
    while (at := content.find(b"\xff\xc0\x00\x11\x08", at + 1)) >= 0:
        content[at + 5:at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


BOMBS = {
    "png": lambda clip: png(60000, 60000), "png, wide": lambda clip: png(2000000000, 1), "png, nothing": lambda clip: png(0, 0),
    "gif": lambda clip: b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\2\2L\1\0;",
    "vp8": lambda clip: vp8(clip, 16383, 16383), "mjpeg": lambda clip: mjpeg(clip, 65500, 65500),
    "webp": lambda clip: b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\xff\xff\xff\x0f\0\x88\x88\x08\0\0\0\0\0",
}


@pytest.mark.parametrize("name", BOMBS)
def test_pictures_of_an_absurd_size(attempt, clip, name):
    content = BOMBS[name](clip)
    for job in (transcode("mp4"), POSTER) if name in ("vp8", "mjpeg") else (PROBE, transcode("png"), POSTER):
        ran = attempt(content, job)
        assert ran.outcome == "bury" and ran.why, ran
        assert ran.memory < 200 and ran.cpu < 5, ran


def test_a_length_beyond_measure(attempt, clip):
    content = bytearray(clip("clip.mp4"))
    for box, at in ((b"mvhd", 20), (b"mdhd", 20)):
        place = -1
        while (place := content.find(box, place + 1)) >= 0:
            content[place + at:place + at + 4] = b"\x7f\xff\xff\xff"
    ran = attempt(bytes(content), PROBE)
    assert ran.outcome == "bury" and "too long" in ran.why, ran


def test_streams_without_number(attempt, tmp_path, clip):
    (tmp_path / "one.mkv").write_bytes(clip("clip.mkv"))
    clips.ffmpeg("-i", tmp_path / "one.mkv", *["-map", "0:v"] * 40, "-c", "copy", tmp_path / "many.mkv")
    ran = attempt((tmp_path / "many.mkv").read_bytes(), PROBE)
    assert ran.outcome == "bury" and ran.why.startswith(UNREADABLE), ran


# -- what is no longer whole ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, output_format", [("clip.mp4", "webm"), ("clip.mov", "mp4"), ("clip.webm", "mp4"), ("tone.mp3", "ogg")])
def test_a_file_that_was_cut_off(attempt, clip, name, output_format):
    whole = clip(name)
    for tenth in range(10):
        ran = attempt(whole[:len(whole) * tenth // 10], transcode(output_format))
        assert tenth or ran.outcome == "bury", ran
    assert attempt(whole, transcode(output_format)).outcome == "done"


def test_codings_that_are_not_listed(attempt, tmp_path):
    for coding, name in (("ffv1", "a.mkv"), ("mpeg2video", "a.mkv"), ("rawvideo", "a.mov")):
        clips.make(tmp_path, f"{coding}-{name}", recipe=f"{{p}} -c:v {coding}", **SMALL)
        ran = attempt((tmp_path / f"{coding}-{name}").read_bytes(), transcode("mp4"))
        assert ran.outcome == "bury", ran
