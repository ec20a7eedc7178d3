# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests ask the stack's database themselves. A connection is kept: a program for each statement would take longer than
the statement, thousands of times."""
import select
import threading

from psycopg import pq

PATIENCE = 60           # seconds


class Database:
    """Call it with statements for what `psql -At` would say: a line a row, fields apart by "|", null is nothing."""

    def __init__(self, url):
        self._url, self._connection, self._lock = url, None, threading.Lock()

    def __call__(self, statements):
        with self._lock:
            if self._connection is None or self._has_ended():
                self._connect()
            self._connection.send_query(statements.encode())
            results = self._results()
            self._forget(statements)
            said = [self._text(result) for result in results]
        return "\n".join(text for text in said if text).strip()

    def _connect(self):
        self._connection = pq.PGconn.connect(self._url.encode())
        assert self._connection.status == pq.ConnStatus.OK, self._connection.error_message.decode()

    def _forget(self, statements):
        """The next statements find the connection as if it were new."""
        if self._connection.transaction_status != pq.TransactionStatus.IDLE:
            self._connection.exec_(b"rollback")
        if statements.lstrip().lower().startswith("set "):
            self._connection.exec_(b"reset all")

    def _has_ended(self):
        """The server says nothing that it was not asked for, but that it goes."""
        return self._connection.status != pq.ConnStatus.OK or self._waits(0)

    def _waits(self, seconds):
        poll = select.poll()
        poll.register(self._connection.socket, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _results(self):
        """All of them, before any is looked at: the connection is free again."""
        found = []
        while True:
            while self._connection.is_busy():
                if not self._waits(PATIENCE):
                    self._connection = None
                    raise AssertionError(f"PostgreSQL has said nothing for {PATIENCE} s")
                self._connection.consume_input()
            result = self._connection.get_result()
            if result is None:
                return found
            found.append(result)

    @staticmethod
    def _text(result):
        assert result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY), result.error_message.decode()
        return "\n".join("|".join((result.get_value(row, field) or b"").decode() for field in range(result.nfields))
                         for row in range(result.ntuples))
