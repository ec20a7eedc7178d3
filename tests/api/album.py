# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures to send in, made by Pillow, and what is asked of those that come back."""
import io

from PIL import ExifTags, Image, ImageCms, ImageDraw

RED, BLUE, GREEN, WHITE = (200, 30, 40), (20, 60, 180), (30, 140, 60), (255, 255, 255)
ORIENTATION = next(number for number, name in ExifTags.TAGS.items() if name == "Orientation")
TURNS = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
         5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
         8: Image.Transpose.ROTATE_270}


def flag(width, height, mode="RGB"):
    """Red above, of what is below blue at the left and green at the right."""
    picture = Image.new("RGB", (width, height), RED)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height // 2, width // 2 - 1, height), BLUE)
    draw.rectangle((width // 2, height // 2, width, height), GREEN)
    return picture.convert(mode)


def packed(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def lying(picture, orientation):
    """As a camera stores it that is held another way, and says so; and says where it was."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F] = "Camera of a certain make"
    stored = picture.transpose(TURNS[orientation]) if orientation > 1 else picture
    return packed(stored, "JPEG", quality=92, exif=exif, comment=b"a secret comment")


def opened(data):
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def near(colour, other, by=24):
    return all(abs(a - b) <= by for a, b in zip(colour, other))


def is_flag(data, size):
    """A JPEG of that size that shows the flag upright, and carries nothing else."""
    picture = opened(data)
    assert picture.format == "JPEG" and picture.mode == "RGB" and picture.size == size
    assert not picture.getexif() and not {"icc_profile", "comment", "exif"} & set(picture.info), picture.info
    width, height = size
    for at, colour in (((.5, .2), RED), ((.2, .8), BLUE), ((.8, .8), GREEN)):
        seen = picture.getpixel((int(at[0] * width), int(at[1] * height)))
        assert near(seen, colour), (at, seen, colour)
    return picture


def profile(name):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()
