# SPDX-License-Identifier: GPL-3.0-or-later
"""The real programs on a database and a Redis of the test's choice."""
import os
import re
import threading

from servers import PATIENCE, until


class Fleet:
    """settings: of every program that is started from now on, named like redis_url."""

    def __init__(self, program, millrace, database, sql, folder):
        self.program, self.millrace, self.database, self.sql = program, millrace, database, sql
        self.settings = {"queue_lease": 3, "queue_reconcile": 1, "worker_stop": 0, "worker_folder": folder,
                         "redis_timeout": 300}
        self.running, self.lines = [], {}

    def start(self, name, *words):
        process = self.program(name, self.database, *words, **self.settings)
        self.running.append(process)
        self.lines[process.pid] = []
        reader = threading.Thread(target=lambda: self.lines[process.pid].extend(process.stdout), daemon=True)
        reader.start()
        process.reader = reader
        return process

    def line(self, process, text):
        """The first line of its log that has the text."""
        return until(lambda: next((line for line in list(self.lines[process.pid]) if text in line), None), f"it says {text}")

    def run(self, *words):
        """The command; gives the ended process."""
        return self.millrace(self.database, *words, **self.settings)

    def put(self, queue):
        """A job that no program tells Redis of but the scheduler. One of mail has no address and is buried at once."""
        kind = {"image": "image.generate", "mail": "mail.magic_link"}[queue]
        return self.sql.one(f"select (job_put('{kind}', 'figureforge', 't', null, '{{}}')).id")

    def state(self, job):
        found = re.search(r"^state +(.*)$", self.run("job", job).output, re.M)
        return found and found[1]

    def ended(self, job):
        """Wait for its end; gives the outcome."""
        rows = until(lambda: self.sql(f"select outcome from job_end where id = '{job}'"), f"{job} has ended")
        return rows[0][0]

    def stop(self):
        """The last lines of who did not end well, if any."""
        running, self.running = self.running, []
        for process in running:
            process.terminate()
        for process in running:
            if process.wait(PATIENCE) != 0:
                os.write(2, "".join(self.lines[process.pid][-20:]).encode())
            process.reader.join(PATIENCE)
            process.stdout.close()
