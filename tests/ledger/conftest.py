# SPDX-License-Identifier: GPL-3.0-or-later
"""The books of groups against a second reckoning, at the stack that MILLRACE_STACK describes:

    tools/stack run ledger --fast -- /usr/bin/python3 -B -m pytest tests/ledger

LEDGER_EXAMPLES: groups of each property (20); make ledger tries more.
"""
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]
from model import RATES         # noqa: E402
from people import Office       # noqa: E402

settings.register_profile("ledger", max_examples=int(os.environ.get("LEDGER_EXAMPLES", "20")), deadline=None, database=None, print_blob=True,
                          suppress_health_check=list(HealthCheck))
settings.load_profile("ledger")
OFFICES = []


@pytest.fixture(scope="session")
def office():
    if "MILLRACE_STACK" not in os.environ:
        pytest.exit("MILLRACE_STACK is not set: tools/stack run ledger --fast -- /usr/bin/python3 -B -m pytest tests/ledger", 2)
    made = Office()
    rates = ", ".join(f"('{name}', {float(usd)})" for name, usd in RATES.items() if name != "USD")
    made.sql("insert into expenses.fx_rate (currency, day, usd) select r.currency, d::date, r.usd::numeric "
             f"from (values {rates}) as r(currency, usd), generate_series(date '2024-01-01', '2024-04-30', '1 day') d on conflict do nothing")
    OFFICES.append(made)
    return made


def pytest_terminal_summary(terminalreporter):
    for made in OFFICES:
        counts = [f"{count} {what}" for what, count in sorted(made.counts.items(), key=lambda pair: -pair[1])]
        terminalreporter.write_line(f"ledger: {', '.join(counts)}")
