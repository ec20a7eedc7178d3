#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report of twenty pages with two charts, made from the same rows by our runner (its fence included), by ReportLab, by
WeasyPrint and wkhtmltopdf from HTML, and by a bare Cairo program that measures and decides nothing: whole processes, in turns,
medians. Then the memory of 1,000,000 rows made into a CSV: the largest that the process which reads them and the one which
writes them have been. bench/fleet/report.py [options]. The last lines are for programs: figure NAME VALUE OP GOAL."""
import argparse
import html
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
from lib.load import show_figures                                                 # noqa: E402
from lib.stack import Trouble, api, enter                                         # noqa: E402

PAGES, TO_A_PAGE, PATIENCE, PASSWORD = 20, 38, 300.0, "a password of the bench's"
COLUMNS = ("Date", "Title", "Category", "Group", "Paid by", "Amount", "Your share")
CATEGORIES = [(f"Kind {i}", (10 - i) * 10000) for i in range(10)]
JANUARY = {"date_from": "2024-01-01", "date_to": "2024-01-31"}


def table(count):
    return [(f"2024-01-{i % 31 + 1:02}", f"Groceries at the corner {i}", CATEGORIES[i % 10][0], ("Flat", "Office")[i % 2],
             ("Ann Payer", "Bob Wilson")[i % 2], 100 + i * 7919 % 900000, 50 + i * 104729 % 90000) for i in range(count)]


# -- the ways ----------------------------------------------------------------------------------------------------------

class Ours:
    """The lines that gather would have written, and the runner."""

    def __init__(self, build, folder, rows):
        self.runner, self.folder = build / "millrace-runner-report", folder / "ours"
        types = ("date", "text", "text", "text", "text", "money", "money")
        columns = [{"title": title, "name": title, "type": of, "weight": 4 if title == "Title" else 2} for title, of in zip(COLUMNS, types)]
        grouped = [{"title": "Category", "name": "c", "type": "text"}, {"title": "Amount", "name": "a", "type": "money"}]
        charts = [{"kind": kind, "title": kind, "label": 0, "values": [1]} for kind in ("pie", "bar")]
        heads = [{"title": "Expense summary", "subtitle": "January 2024", "brand": "Bench", "owner": "Ann", "name": "bench"},
                 {"title": "Where it went", "kind": "table", "columns": grouped, "charts": charts}]
        lines = [json.dumps(head) for head in heads] + [f"\t{name}\t{amount} EUR" for name, amount in CATEGORIES]
        lines.append(json.dumps({"title": "Expenses", "kind": "table", "columns": columns}))
        lines += ["".join(f"\t{cell}" for cell in row[:5]) + f"\t{row[5]} EUR\t{row[6]} EUR" for row in rows]
        self.lines = "\n".join(lines) + "\n"
        self.request = json.dumps({"id": "bench", "kind": "report.generate", "product": "expenses", "account_id": 1, "epoch": 1,
                                   "attempt": 1, "args": {"report": "expense_summary", "format": "pdf"}, "gathered": {"lines": 1000}})

    def ready(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "in").mkdir(parents=True)
        (self.folder / "in" / "report.lines").write_text(self.lines)

    def make(self):
        limits = ("--memory=1024", "--cpu=60", "--file-size=256", "--landlock=yes")
        with subprocess.Popen(["sh", "-c", 'exec "$0" "$@" 3> reports', self.runner, *limits], cwd=self.folder,
                              stdin=subprocess.PIPE, text=True) as child:
            child.communicate(self.request)
        if '"outcome":"done"' not in (self.folder / "reports").read_text():
            raise Trouble("our report was not made")
        return self.folder / "report.pdf"


class Command:
    """Another program, which reads a file and writes a PDF."""

    def __init__(self, folder, name, argv):
        self.made, self.name = folder / f"{name}.pdf", name
        self.argv = [str(word).replace("@", str(self.made)) for word in argv]
        self.environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder)}

    def ready(self):
        self.made.unlink(missing_ok=True)

    def make(self):
        done = subprocess.run(self.argv, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode:
            raise Trouble(f"{self.name}: {done.stderr[-500:]}")
        return self.made


def bars_svg():
    marks = "".join(f'<rect x="90" y="{i * 18}" width="{amount / 500}" height="12" fill="#0072b2"/>'
                    f'<text x="0" y="{i * 18 + 10}" font-size="9">{name}</text>' for i, (name, amount) in enumerate(CATEGORIES))
    return f'<svg width="320" height="190" xmlns="http://www.w3.org/2000/svg">{marks}</svg>'


def pie_svg():
    marks = "".join(f'<circle cx="70" cy="70" r="40" fill="none" stroke="#{i * 20 + 40:02x}72b2" stroke-width="40" '
                    f'stroke-dasharray="{amount / 550000 * 251} 251" stroke-dashoffset="-{sum(a for _, a in CATEGORIES[:i]) / 550000 * 251}"/>'
                    for i, (_, amount) in enumerate(CATEGORIES))
    return f'<svg width="150" height="150" xmlns="http://www.w3.org/2000/svg">{marks}</svg>'


def page_html(rows):
    head = "".join(f"<th>{title}</th>" for title in COLUMNS)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in shown(row)) + "</tr>" for row in rows)
    style = ("@page { size: A4; margin: 25mm 17mm; @bottom-right { content: 'Page ' counter(page) ' of ' counter(pages) } } "
             "body { font-family: 'Noto Sans'; font-size: 8.5px } table { border-collapse: collapse; width: 100% } "
             "td, th { border-bottom: 1px solid #ddd; padding: 3px; text-align: left }")
    return (f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Expense summary</title><style>{style}</style>"
            f"<h1>Expense summary</h1>{pie_svg()}{bars_svg()}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></html>")


def shown(row):
    return (*row[:5], *(f"{amount // 100:,}.{amount % 100:02} EUR" for amount in row[5:]))


def bare_program(folder):
    program = folder / "cairo_report"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "pangocairo", "cairo"], check=True, capture_output=True, text=True).stdout
    subprocess.run(["cc", "-O2", "-std=gnu17", "-o", program, HERE / "cairo_report.c", *flags.split(), "-lm"], check=True)
    return program


def ways(build, folder):
    rows = table((PAGES - 2) * TO_A_PAGE)
    (folder / "rows.tsv").write_text("".join("\t".join(shown(row)) + "\n" for row in rows))
    (folder / "page.html").write_text(page_html(rows))
    return {"ours": Ours(build, folder, rows),
            "cairo": Command(folder, "cairo", [bare_program(folder), folder / "rows.tsv", "@", len(COLUMNS), TO_A_PAGE]),
            "reportlab": Command(folder, "reportlab", ["/usr/bin/python3", HERE / "reportlab_report.py", folder / "rows.tsv", "@", *COLUMNS]),
            "weasyprint": Command(folder, "weasyprint", ["weasyprint", "-q", folder / "page.html", "@"]),
            "wkhtmltopdf": Command(folder, "wkhtmltopdf", ["wkhtmltopdf", "-q", folder / "page.html", "@"])}


def timed(way):
    """Seconds by the clock, CPU seconds, pages and bytes."""
    way.ready()
    before, began = os.times(), time.monotonic()
    made = way.make()
    seconds, after = time.monotonic() - began, os.times()
    told = subprocess.run(["pdfinfo", made], check=True, capture_output=True, text=True).stdout
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, used, int(re.search(r"Pages: +(\d+)", told).group(1)), made.stat().st_size


def documents(build, turns):
    with tempfile.TemporaryDirectory(prefix="bench-report-") as folder:
        all_ways = ways(build, Path(folder))
        for name in ("ours", "cairo"):
            timed(all_ways[name])                           # once before it counts: those that take least
        taken = {name: [] for name in all_ways}
        for _ in range(turns):
            for name, way in all_ways.items():
                taken[name].append(timed(way))
    print(f"{'':12} {'s':>7} {'CPU s':>7} {'pages':>6} {'kB':>7}")
    median = {}
    for name, times in taken.items():
        median[name] = statistics.median(one[0] for one in times)
        print(f"{name:12} {median[name]:7.3f} {statistics.median(one[1] for one in times):7.3f} {times[0][2]:6} {times[0][3] / 1000:7.0f}")
    print()
    return [("fleet.report.cairo", median["ours"] / median["cairo"], "<=", 2.0)] + \
        [(f"fleet.report.{name}", median["ours"] / median[name], "<=", 1.0) for name in ("reportlab", "weasyprint", "wkhtmltopdf")]


# -- memory ------------------------------------------------------------------------------------------------------------

def peaks(pid, seen):
    """The largest that each child of the worker has been, in MiB."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        try:
            name = Path(f"/proc/{child}/comm").read_text().strip()
            found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text(), re.M)
        except OSError:
            continue
        if found:
            seen[name] = max(seen.get(name, 0), int(found.group(1)) / 1024)


def filled(stack, rows):
    """An account with so many expenses: its id and token."""
    name = f"bench{os.getpid()}"
    told = api(stack, "POST", "/expenses/api/auth/register/", {
        "email": f"{name}@example.org", "password": PASSWORD, "username": name, "first_name": "Ann", "last_name": "Bench"})["data"]
    owner = told["user"]["id"][4:]
    subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", stack["database_url"], "-v", f"owner={owner}", "-v", f"rows={rows}"],
                   check=True, text=True, input="""
with e as (insert into expenses.expense (account_id, paid_by, category_id, title, amount, booked, currency, expense_date)
           select :owner, :owner, 1 + n % 10, 'Groceries at the corner, number ' || n, 100 + n, 100 + n, 'USD', date '2024-01-01' + n % 31
             from generate_series(1, :rows) n returning *)
insert into expenses.share (expense_id, account_id, position, amount, booked, owed_to, day, category_id, currency)
select id, paid_by, 0, amount, booked, paid_by, expense_date, category_id, currency from e;
analyze expenses.expense; analyze expenses.share;
""")
    return told["tokens"]["access"]


def long_csv(stack, rows):
    token = filled(stack, rows)
    asked = {"report_type": "expense_summary", "format": "csv", "filters": JANUARY}
    worker, seen, began = stack["pids"]["report"], {}, time.monotonic()
    report = api(stack, "POST", "/expenses/api/analytics/reports/generate/", asked, token)["data"]
    state, looked = report, began
    while state["status"] == "processing":
        peaks(worker, seen)
        if time.monotonic() - looked > 0.5:
            looked = time.monotonic()
            state = api(stack, "GET", f"/expenses/api/analytics/reports/{report['report_id']}/", token=token)["data"]
        if looked - began > PATIENCE:
            raise Trouble("the CSV is not made")
        time.sleep(0.01)
    if state["status"] != "completed":
        raise Trouble(f"the CSV: {state}")
    print(f"{rows} rows to CSV: {state['file_size'] / 1e6:.0f} MB within {looked - began:.1f} s; " +
          ", ".join(f"{name} {peak:.1f} MiB" for name, peak in seen.items()) + "\n")
    return [("fleet.report.csv", max(seen.values()), "<=", 32)]


def main():
    parser = argparse.ArgumentParser(prog="bench/fleet/report.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="gcc", choices=("gcc", "clang"))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1000000, help="of the CSV")
    options = parser.parse_args()
    stack = enter("bench-fleet", options.variant)
    try:
        figures = documents(ROOT / "build" / options.variant, options.turns) + long_csv(stack, options.rows)
    except (Trouble, OSError, subprocess.SubprocessError) as why:
        print(f"bench/fleet/report.py: {why}", file=sys.stderr)
        return 1
    show_figures(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
