# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures that are larger than they look, or something else than they say."""
import gzip
import io
import struct
import zipfile
import zlib

import pytest

import album
from mutate import SECRET
from subjects_pictures import AVATAR, MAKERS, OCR, SHOWN, THUMBNAILS

SMALL = 130         # MiB that a picture may cost whose header gives it away; that of who starts the program counts as well
UNUSABLE = "the picture cannot be used: "


@pytest.fixture
def refused(attempt):
    """refused(content): every job is buried, at once, with a reason for its owner."""
    def give(content, jobs=SHOWN, memory=SMALL, cpu=2.0, **more):
        whys = set()
        for job in jobs:
            ran = attempt(content, job, name="picture", **more)
            assert ran.outcome == "bury" and ran.why.startswith(UNUSABLE), (job, ran)
            assert ran.memory < memory and ran.cpu < cpu, (job, ran)
            whys.add(ran.why.removeprefix(UNUSABLE))
        return whys
    return give


# -- what is far larger than it looks ------------------------------------------------------------------------------------

def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width, height, *more, depth=8, kind=2, rows=b""):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)) + b"".join(more) + \
        chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def jpeg(width, height):
    """A good one whose frame says that it is another size."""
    content = bytearray(MAKERS["jpeg"]())
    at = content.find(b"\xff\xc0\x00\x11\x08")
    content[at + 5:at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def gif(width, height, frames=1, frame=None):
    image = b"," + struct.pack("<HHHHB", 0, 0, *(frame or (width, height)), 0) + b"\2\2L\1\0"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6) + image * frames + b";"


BOMBS = {
    "png": png(60000, 60000, rows=bytes(1 << 20)), "png, wide": png(2**31 - 1, 1), "png, high": png(1, 2**31 - 1),
    "png, 16 bits": png(29000, 29000, depth=16, kind=6), "png, one bit": png(30000, 30000, depth=1, kind=0),
    "gif": gif(65535, 65535), "jpeg": jpeg(65500, 65500), "jpeg, 900 megapixels": jpeg(30000, 30000),
    "webp": b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\xff\xff\xff\x0f\0\x88\x88\x08\0\0\0\0\0",
    "webp, extended": b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff" * 6 + bytes(10),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_size_that_is_absurd(refused, name):
    whys = refused(BOMBS[name])
    assert whys <= {"it has more pixels than are taken", "it is neither JPEG nor PNG or WebP"}


EMPTY = {"png": png(0, 10), "png, high": png(10, 0), "gif": gif(0, 0), "jpeg": jpeg(0, 10)}


@pytest.mark.parametrize("name", EMPTY)
def test_a_size_that_is_none(refused, name):
    refused(EMPTY[name])


def test_as_large_as_may_be(attempt):
    """What the header is allowed has to fit: thirty-two million pixels of one colour, in some kilobytes."""
    content = png(8000, 4000, rows=bytes((8000 * 3 + 1) * 4000))
    for job in (AVATAR, OCR):
        ran = attempt(content, job, name="picture", cpu=60)
        assert ran.outcome == "done" and ran.memory < 1200, ran


def test_many_frames_cost_no_more_than_one(attempt):
    one = attempt(gif(500, 500), AVATAR, name="picture")
    many = attempt(gif(500, 500, frames=20000), AVATAR, name="picture")
    assert one.outcome == many.outcome and many.cpu < one.cpu + 1.5 and many.memory < one.memory + 30, (one, many)


def test_a_frame_larger_than_its_canvas(attempt):
    ran = attempt(gif(10, 10, frame=(65535, 65535)), AVATAR, name="picture")
    assert ran.outcome == "bury" and ran.cpu < 5 and ran.memory < 1200, ran


def test_texts_that_burst(attempt):
    """Compressed texts and profiles in a PNG unpack to a thousand times as much."""
    mega = zlib.compress(bytes(1 << 20), 9)
    bomb = gzip.compress(bytes(64 << 20), 9)[10:-8]
    for name in (b"zTXt", b"iCCP"):
        content = png(4, 4, chunk(name, b"x\0\0" + b"\x78\xda" + bomb), rows=bytes(13 * 4))
        for job in SHOWN:
            ran = attempt(content, job, name="picture")
            assert ran.memory < 400 and ran.cpu < 5, (name, job, ran)
    ran = attempt(png(4, 4, *[chunk(b"zTXt", b"x\0\0" + mega)] * 500, rows=bytes(13 * 4)), AVATAR, name="picture")
    assert ran.memory < 600 and ran.cpu < 10, ran


def test_scans_without_number(refused):
    """A progressive JPEG may say the same scan over and over: a few bytes each, and a pass over all pixels."""
    content = album.packed(album.flag(2000, 2000), "JPEG", progressive=True)
    end = content.rfind(b"\xff\xda")
    scan = content[end:-2]
    refused(content[:-2] + scan * 3000 + b"\xff\xd9", jobs=(AVATAR, THUMBNAILS), cpu=10.0)


# -- what it is not ------------------------------------------------------------------------------------------------------

def archive():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for n in range(16):
            packed.writestr(f"{n}.png", bytes(16 << 20))
    return stream.getvalue()


SVG = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" ' \
      b'xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64"><image xlink:href="text:../secret"/><text>&x;</text></svg>'
MVG = b"push graphic-context\nviewbox 0 0 64 64\nimage over 0,0 0,0 'text:../secret'\nfill 'url(https://127.0.0.1:9/\"|cat ../secret\")'\n" \
      b"pop graphic-context\n"
MSL = b'<?xml version="1.0"?><image><read filename="text:../secret"/><write filename="out.png"/></image>'
DISGUISED = {
    "svg": SVG, "mvg": MVG, "msl": MSL, "postscript": b"%!PS-Adobe-3.0\n(../secret) (r) file 100 string readstring pop show\n",
    "eps with a preview": b"\xc5\xd0\xd3\xc6" + bytes(26) + b"%!PS\n(../secret) run\n", "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n",
    "a path": b"@../secret", "text:": b"text:../secret", "label:": b"label:@../secret", "ephemeral:": b"ephemeral:../secret",
    "url": b"https://127.0.0.1:9/x.png", "caption": b"caption:@/etc/passwd", "zip": archive(), "gzip": gzip.compress(MAKERS["png"]()),
    "svgz": gzip.compress(SVG), "tiff": b"II*\0\x08\0\0\0" + bytes(100), "bmp": b"BM" + bytes(100), "ico": b"\0\0\1\0\1\0" + bytes(100),
    "psd": b"8BPS\0\1" + bytes(100), "miff": b"id=ImageMagick  class=DirectClass\ncolumns=1  rows=1\n:\x1a" + bytes(10),
    "mpc": b"id=MagickCache\n", "xpm": b'/* XPM */\nstatic char *x[] = {"1 1 1 1", "a c #000000", "a"};\n',
    "pnm": b"P6 1 1 255\n\0\0\0", "html": b"<html><img src='file:///etc/passwd'></html>", "elf": b"\x7fELF" + bytes(100),
    "shell": b"#!/bin/sh\ncat ../secret\n", "dicom": bytes(128) + b"DICM" + bytes(100), "heic": b"\0\0\0\x18ftypheic" + bytes(100),
    "nothing": b"", "a byte": b"\xff",
}


@pytest.mark.parametrize("name", DISGUISED)
def test_what_is_no_picture(refused, name):
    whys = refused(DISGUISED[name])
    assert not any("secret" in why or "root:" in why for why in whys)


BEGINNINGS = {"png": MAKERS["png"]()[:33], "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00",
              "gif": b"GIF89a\x10\0\x10\0\x80\0\0", "webp": MAKERS["webp"]()[:30]}


@pytest.mark.parametrize("landlock", ["yes", "no"])
@pytest.mark.parametrize("begin", BEGINNINGS)
def test_a_script_behind_a_good_beginning(refused, begin, landlock):
    """Whoever looks further than the first bytes finds another format: nobody does."""
    for behind in (SVG, MVG, MSL, bytes(128 - len(BEGINNINGS[begin])) + b"DICM", DISGUISED["postscript"], b"@../secret"):
        whys = refused(BEGINNINGS[begin] + behind, landlock=landlock)
        assert not any(SECRET.decode() in why for why in whys)


def test_another_format_inside(attempt):
    """Two files in one: what it begins with counts."""
    for behind in (SVG, MVG, archive()):
        for job in (AVATAR, THUMBNAILS) if behind != SVG else SHOWN:
            assert attempt(MAKERS["png"]() + behind, job, name="picture").outcome == "done"
            assert attempt(MAKERS["jpeg"]() + behind, job, name="picture").outcome == "done"


# -- what is no longer whole ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", MAKERS)
def test_a_file_that_was_cut_off(attempt, name):
    """It may not be shown in part: half a face, and grey below. Of a GIF with several frames the first is enough."""
    whole = album.packed(album.flag(120, 90).convert("P"), "GIF") if name == "gif" else MAKERS[name]()
    for tenth in range(10):
        ran = attempt(whole[:len(whole) * tenth // 10], AVATAR, name="picture")
        assert ran.outcome == "bury" and ran.why.startswith(UNUSABLE), (tenth, ran)
    assert attempt(whole, AVATAR, name="picture").outcome == "done"


def test_more_bytes_than_are_taken(refused):
    assert refused(MAKERS["png"]() + bytes(33 << 20), jobs=(AVATAR,), memory=200) == {"it has more bytes than are taken"}


def test_profiles_that_lie(attempt):
    """Colours by a profile that is broken stay as they are."""
    good = album.profile("sRGB")
    for profile in (b"", b"x", good[:128], good[:200], b"\xff" * 4 + good[4:], good[:128] + b"\xff" * 400, good[:36] + b"XXXX" + good[40:]):
        for kind in ("JPEG", "PNG", "WEBP"):
            ran = attempt(album.packed(album.flag(64, 64), kind, icc_profile=profile), AVATAR, name="picture")
            assert ran.outcome == "done", (kind, len(profile), ran)
