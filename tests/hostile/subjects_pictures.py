# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures: small ones with some writing, and with what cameras add."""
import zlib
from pathlib import Path

import album
import receipts
from mutate import Subject

AVATAR = ("image", "image.variant", {"file_id": 1, "use": "avatar"})
THUMBNAILS = ("image", "image.variant", {"file_id": 1, "use": "thumbnails", "boxes": [64, 200]})
OCR = ("text", "ai.ocr", {"file_id": 1})
SHOWN = (AVATAR, THUMBNAILS, OCR)


def kept(name, make):
    """The way to a good file."""
    def to(folder):
        path = Path(folder) / name
        path.write_bytes(make())
        return path
    return to


def page():
    return receipts.printed("CORNER SHOP\n2024-01-14\nSoap    2.10\nBread   1.90\nTotal  $4.00", size=18, margin=10)


def gif():
    frames = [album.flag(120, 90).convert("P"), album.flag(90, 120).resize((120, 90)).convert("P")]
    return album.packed(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0, duration=100)


def png_chunks(content):
    """Where each chunk's name begins, and where it ends; as far as they follow one another."""
    at = 8
    while at + 12 <= len(content):
        end = at + 8 + int.from_bytes(content[at:at + 4], "big")
        if end + 4 > len(content):
            return
        yield at + 4, end
        at = end + 4


def png_mend(content):
    """The pixels end with a checksum, and so does each chunk."""
    pixels = [span for span in png_chunks(content) if content[span[0]:span[0] + 4] == b"IDAT"]
    packed = b"".join(content[begin + 4:end] for begin, end in pixels)
    try:
        sum_of_all = zlib.adler32(zlib.decompressobj(-15).decompress(packed[2:]))
        if pixels[-1][1] - pixels[-1][0] >= 8:
            content[pixels[-1][1] - 4:pixels[-1][1]] = sum_of_all.to_bytes(4, "big")
    except (zlib.error, IndexError):
        pass                                                    # it can no longer be unpacked
    for begin, end in png_chunks(content):
        content[end:end + 4] = zlib.crc32(content[begin:end]).to_bytes(4, "big")
    return content


MAKERS = {
    "jpeg": lambda: album.lying(page().convert("RGB"), 6),
    "jpeg-progressive": lambda: album.packed(page().convert("RGB"), "JPEG", progressive=True, icc_profile=album.profile("sRGB")),
    # packed loosely, so that not every damage ends in the unpacking
    "png": lambda: album.packed(page().convert("RGBA"), "PNG", compress_level=0, icc_profile=album.profile("sRGB")),
    "webp": lambda: album.packed(page().convert("RGB"), "WEBP", quality=80),
    "webp-lossless": lambda: album.packed(page().convert("RGBA"), "WEBP", lossless=True, icc_profile=album.profile("sRGB")),
    "gif": gif,
}
SUBJECTS = [Subject(name, kept("good", make), (AVATAR, THUMBNAILS) if name == "gif" else SHOWN, file="picture",
                    mend=png_mend if name == "png" else None)
            for name, make in MAKERS.items()]
