# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes of pictures, read from their own bytes."""
import struct

FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}    # JPEG's start-of-frame markers


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR", data[:16]
    assert data[-8:-4] == b"IEND", "the picture is cut"
    return struct.unpack(">II", data[16:24])


def jpeg_size(data):
    assert data[:2] == b"\xff\xd8", data[:16]
    assert data[-2:] == b"\xff\xd9", "the picture is cut"
    at = 2
    while True:
        marker, length = struct.unpack(">xBH", data[at:at + 4])
        if marker in FRAMES:
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length


READERS = {"image/png": png_size, "image/jpeg": jpeg_size}


def size_of(response):
    """Width and height of a picture that came as a response, of the type it says it has."""
    return READERS[response.headers["Content-Type"]](response.content)
