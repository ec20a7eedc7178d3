# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups and expenses of the Expense Tracker, as rows: what reports are made of. And pictures of receipts."""
import base64
import struct
import zlib

GENERATE, REPORTS = "/api/analytics/reports/generate/", "/api/analytics/reports/"


class Books:
    def __init__(self, sql):
        self._sql = sql

    def group(self, name, owner, *members, currency="EUR"):
        number = self._sql("insert into expenses.expense_group (name, currency, created_by) values (%s, %s, %s) returning id",
                           name, currency, owner)
        for member in (owner, *members):
            self._sql("insert into expenses.member (group_id, account_id, email, role, status) select %s, id, email, "
                      "case when id = %s then 'admin' else 'member' end, 'active' from account where id = %s", number, owner, member)
        return number

    def expense(self, payer, title, amount, *sharers, day="2024-01-15", group=None, category=None, currency="EUR", receipt=None):
        """Split equally between the payer and sharers, minor units."""
        people = ",".join(str(person) for person in (payer, *sharers))
        number = self._sql("insert into expenses.expense (account_id, paid_by, group_id, category_id, title, amount, currency, expense_date, "
                           "receipt_id, booked) select %s, %s, g.id, (select id from expenses.category where slug = %s), %s, t.amount, "
                           "t.currency, t.day, nullif(%s, '')::bigint, "
                           "coalesce(expenses.fx_convert(t.amount, t.currency, g.currency, t.day), t.amount) "
                           "from (select %s::bigint as amount, %s as currency, %s::date as day) t "
                           "left join expenses.expense_group g on g.id = nullif(%s, '')::bigint returning id",
                           payer, payer, category or "", title, receipt or "", amount, currency, day, group or "")
        self._sql("select expenses.shares_make(e, ('{' || %s || '}')::bigint[], null), expenses.book(e.id, 1) from expenses.expense e where e.id = %s",
                  people, number)
        return number

    def many(self, payer, count, title="No "):
        """So many expenses of January 2024, one statement."""
        self._sql("with e as (insert into expenses.expense (account_id, paid_by, category_id, title, amount, booked, currency, expense_date) "
                  "select %s, %s, 1 + n %% 10, %s || n, 100 + n, 100 + n, 'EUR', date '2024-01-01' + n %% 31 from generate_series(1, %s) n "
                  "returning *) insert into expenses.share (expense_id, account_id, position, amount, booked, owed_to, day, category_id, currency) "
                  "select id, paid_by, 0, amount, booked, paid_by, expense_date, category_id, currency from e", payer, payer, title, count)

    def settlement(self, payer, payee, amount, status="completed", day="2024-01-20", currency="EUR", group=None):
        number = self._sql("insert into expenses.settlement (payer_id, payee_id, amount, currency, status, created_at, group_id) "
                           "select %s, %s, %s, %s, case %s when 'completed' then 'pending' else %s end, %s, nullif(%s, '')::bigint returning id",
                           payer, payee, amount, currency, status, status, day, group or "")
        if status == "completed":
            self._sql("select expenses.settlement_complete(%s, 'manual')", number)
            self._sql("update expenses.settlement set completed_at = %s where id = %s", day, number)


def jpeg(width, height, turn=None):
    """A grey JPEG, with EXIF when it is to be turned."""
    def segment(marker, body):
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    exif = b"" if turn is None else segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x112, 3, 1, turn, 0) + b"\0\0\0\0")
    comment = segment(0xFE, b"taken at 52.5200, 13.4050")
    bits = "00" * (-(-width // 8) * -(-height // 8))           # of each block: no change, end
    bits += "1" * (-len(bits) % 8)
    coded = bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    one_code = bytes([1] + [0] * 15) + b"\0"
    return (b"\xff\xd8" + exif + comment + segment(0xDB, b"\0" + b"\1" * 64) +
            segment(0xC0, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)) +
            segment(0xC4, b"\0" + one_code) + segment(0xC4, b"\x10" + one_code) +
            segment(0xDA, b"\1\1\0\0\x3f\0") + coded + b"\xff\xd9")


def png(width, height, said=None):
    """A grey PNG; said: width and height that its head tells instead."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", *(said or (width, height)), 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress((b"\0" + b"\x80" * width) * height)) + chunk(b"IEND", b"")


# One pixel, lossless.
WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
