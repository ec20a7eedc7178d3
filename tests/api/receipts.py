# SPDX-License-Identifier: GPL-3.0-or-later
"""Receipts as people photograph them: printed by Pillow, then turned, made small, speckled, shaded."""
import io
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

FONTS = "/usr/share/fonts/truetype/dejavu/"
PAPER = 250

LUIGI = """\
        LUIGI'S RESTAURANT
       12 Harbour Street
      Tel. +1 555 010 4471

Date: 2024-01-14      19:32
Table 7          Server Anna

Pizza Margherita       18.00
Lasagne al Forno       21.50
2 x House Wine         24.00
Tiramisu                9.50

Subtotal               73.00
Tax                     6.57
TOTAL                 $79.57

Visa ****4471          79.57
        Thank you!
"""
MARKET = """\
          BIOMARKT GMBH
        Lindenstraße 4, Bonn

Bon 4711        03.05.2023 17:45

Vollkornbrot           3,49 A
Butter                 2,29 A
Espresso 1kg          18,90 B
Apfelsaft              1,99 A

SUMME EUR             26,67
MwSt 7%                0,51
Bar                   30,00
Rückgeld               3,33
"""
DINER = """\
THE CORNER DINER
Receipt #20931
Jan 7, 2025 8:15 AM

Pancakes              $11.25
Coffee refill          $3.00
Orange juice           $4.75

Sub-total             $19.00
Sales tax 8%           $1.52
Tip                    $3.50
Amount due            $24.02
"""


def printed(text, size=26, margin=40, font="DejaVuSansMono.ttf"):
    face = ImageFont.truetype(FONTS + font, size)
    lines = text.split("\n")
    step = int(size * 1.35)
    page = Image.new("L", (int(max(map(face.getlength, lines))) + 2 * margin, step * len(lines) + 2 * margin), PAPER)
    draw = ImageDraw.Draw(page)
    for n, line in enumerate(lines):
        draw.text((margin, margin + n * step), line, 20, face)
    return page


def turned(page, degrees):
    return page.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=PAPER)


def smaller(page, part):
    return page.resize((int(page.width * part), int(page.height * part)), Image.Resampling.LANCZOS)


def speckled(page, amount=28):
    """The grain of a small lens in a dim room."""
    grain = Image.frombytes("L", page.size, random.Random(1).randbytes(page.width * page.height))
    grain = grain.point(lambda v: 128 + (v - 128) * amount // 128)
    return ImageChops.add(page.filter(ImageFilter.GaussianBlur(0.6)), grain, scale=1, offset=-128)


def shaded(page):
    """Lit from one side."""
    shade = Image.linear_gradient("L").rotate(90).resize(page.size)
    return ImageChops.multiply(page, shade.point(lambda v: 110 + v * 145 // 255))


def on_a_table(page):
    """Dark wood around the paper."""
    table = Image.new("L", (page.width + 300, page.height + 300), 70)
    table.paste(page, (150, 150))
    return table


def packed(page, kind="JPEG", **options):
    stream = io.BytesIO()
    page.convert("RGB").save(stream, kind, **({"quality": 80} if kind == "JPEG" else {}), **options)
    return stream.getvalue()
