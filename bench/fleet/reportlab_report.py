#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of bench/fleet/report.py as ReportLab makes it: reportlab_report.py ROWS OUTPUT COLUMN..."""
import sys

from reportlab.graphics.charts.barcharts import HorizontalBarChart
from reportlab.graphics.charts.piecharts import Pie
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table, TableStyle


def charts():
    amounts = [(10 - i) * 10000 for i in range(10)]
    drawing, pie, bars = Drawing(480, 200), Pie(), HorizontalBarChart()
    pie.x, pie.y, pie.width, pie.height, pie.data = 20, 40, 120, 120, amounts
    bars.x, bars.y, bars.width, bars.height, bars.data = 240, 20, 220, 170, [amounts]
    bars.categoryAxis.categoryNames = [f"Category {i}" for i in range(10)]
    drawing.add(pie)
    drawing.add(bars)
    return drawing


def numbered(canvas, document):
    canvas.setFont("Noto", 8)
    canvas.drawRightString(A4[0] - 48, 40, f"Page {document.page}")


def main():
    rows = [line.rstrip("\n").split("\t") for line in open(sys.argv[1], encoding="utf-8")]
    for name, file in (("Noto", "Regular"), ("Noto-Bold", "Bold")):
        pdfmetrics.registerFont(TTFont(name, f"/usr/share/fonts/truetype/noto/NotoSans-{file}.ttf"))
    document = SimpleDocTemplate(sys.argv[2], pagesize=A4, leftMargin=48, rightMargin=48, topMargin=72, bottomMargin=62)
    table = Table([sys.argv[3:], *rows], repeatRows=1, colWidths=[53, 130, 86, 66, 53, 59, 52], rowHeights=18)
    table.setStyle(TableStyle([("FONT", (0, 0), (-1, -1), "Noto", 6.4), ("FONT", (0, 0), (-1, 0), "Noto-Bold", 6), ("ALIGN", (5, 0), (-1, -1), "RIGHT"),
                               ("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.lightgrey), ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)]))
    document.build([Paragraph("Expense summary", getSampleStyleSheet()["Title"]), charts(), PageBreak(), table],
                   onFirstPage=numbered, onLaterPages=numbered)


main()
