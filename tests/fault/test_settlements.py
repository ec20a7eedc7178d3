# SPDX-License-Identifier: GPL-3.0-or-later
"""A settlement whose payment's worker dies: it is paid once, completed once, and the books move once."""
import os
import secrets
import signal
import sys
from pathlib import Path

import pytest
import requests

sys.path.insert(1, str(Path(__file__).parents[1] / "api"))
from forge import Forge                # noqa: E402
from recount import wrong              # noqa: E402
from servers import Session, until     # noqa: E402
from till import Till                  # noqa: E402

CREATE = "/v1/payment_intents"


class Payer:
    """Somebody with a card, who is to pay somebody of his group; what he asks the front."""

    def __init__(self, world, till):
        self.world, self.till = world, till
        self.ids = [self._account() for _ in range(2)]
        self.token = Forge(dict(line.split(" = ", 1) for line in Path(world.stack["config"]).read_text().splitlines()
                                if " = " in line)["secret"]).token(self.ids[0], aud="expenses")
        self.customer = till.post("/v1/customers", {"email": f"{secrets.token_hex(6)}@millrace.test", "metadata[product]": "expenses"}).id
        self.card = till.post("/v1/payment_methods/pm_card_visa/attach", {"customer": self.customer}).id
        world.sql(f"insert into billing.customer (account_id, stripe_id) values ({self.ids[0]}, '{self.customer}')")
        world.sql(f"insert into billing.payment_method (id, account_id, type) values ('{self.card}', {self.ids[0]}, 'card')")
        self.group = world.one(f"insert into expenses.expense_group (name, currency, created_by) values ('Roommates', 'USD', {self.ids[0]}) returning id")
        for one in self.ids:
            world.sql(f"insert into expenses.member (group_id, account_id, email, status) values ({self.group}, {one}, 'a{one}', 'active')")

    def _account(self):
        name = f"payer-{secrets.token_hex(6)}"
        made = self.world.one(f"insert into account (product, email, username) values ('expenses', '{name}@millrace.test', '{name}') returning id")
        self.world.sql("insert into expenses.profile (account_id, first_name, last_name, preferred_currency, timezone) "
                       f"values ({made}, 'Ann', 'Payer', 'USD', 'UTC')")
        return made

    def post(self, path, body, status, **headers):
        answer = requests.post(f"{self.world.stack['url']}/expenses/api/payments/{path}", json=body, timeout=60,
                               headers={"Authorization": f"Bearer {self.token}", **headers})
        assert answer.status_code == status, answer.text
        return answer.json()["data"] if status < 300 else None

    def charged(self):
        return [one.status for one in self.till.every(CREATE, customer=self.customer)]

    def balance(self):
        return int(self.world.one(f"select balance from expenses.member where group_id = {self.group} and account_id = {self.ids[0]}"))

    def events(self):
        return [row[0] for row in self.world.sql("select args ->> 'event' from job where kind = 'hook.fanout' and "
                                                 f"(args -> 'audience' ->> 0) = '{self.ids[0]}' order by id")]


@pytest.fixture
def till(world):
    made = Till(world.stack)
    yield made
    made.heal()


def test_a_worker_is_killed_while_the_settlement_hears_of_it(world, till):
    """Stripe has taken the money; what the worker was about to write, the payment, the settlement and the books, dies with it."""
    john = Payer(world, till)
    made = john.post("settlements/", {"payee_id": f"usr_{john.ids[1]}", "amount": "45.67"}, 201)["id"]
    session = Session(world.stack["database_url"])
    order = {"settlement_id": made, "payment_method_id": john.card, "amount": "45.67", "currency": "USD"}
    world.ctl("pause", "billing")
    john.post("process/", order, 200, Prefer="wait=0")
    session("begin")
    session(f"select expenses.group_lock({john.group})")     # the settlement's transaction waits here
    world.ctl("resume", "billing")
    until(lambda: john.charged() == ["succeeded"], "Stripe has taken it")
    until(lambda: world.one("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") != "0",
          "it waits for the group")
    worker = world.pid("billing")
    os.kill(worker, signal.SIGKILL)
    world.restarted("billing", worker)
    assert john.balance() == 0
    session("rollback")
    session.close()
    until(lambda: world.one(f"select status from expenses.settlement where id = {made[4:]}") == "completed", "it is completed", 60)
    world.settled()
    assert john.charged() == ["succeeded"] and john.balance() == 4567
    assert sorted(john.events()) == ["payment.completed", "settlement.completed", "settlement.created"]
    john.post("process/", order, 409)
    john.post(f"settlements/{made}/confirm/", {"confirmation_type": "paid"}, 409)
    assert wrong(world.one, john.group) == []
