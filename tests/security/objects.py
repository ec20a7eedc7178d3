# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the things are that rows name in their paths and bodies. A row that names one by a parameter which nothing here
explains fails test_strangers.py: add it to OBJECTS."""
from dataclasses import dataclass
from typing import Callable

import examples
import people

NUMBERS = ("ID", "UUID")


@dataclass(frozen=True)
class Owned:
    """Something of one account's. make(world, owner) gives the values of the row's parameters; look(owner, values) what
    the owner sees of it; refusals: what somebody else is answered (403 only where he may know that it is there); owner:
    what the owner is answered where that is not the row's status."""
    make: Callable
    look: Callable
    refusals: tuple = (404,)
    owner: int = 0


@dataclass(frozen=True)
class Nobodys:
    """Something that has no owner among the accounts, and why; make as above, where there need be one."""
    why: str
    make: Callable = lambda world, caller: {}


def names_of(row):
    """The parameters that name objects: all of the path's, and what of query and body is an id."""
    def inside(fields):
        for field in fields:
            if field["in"] == "path" or field["type"] in NUMBERS or field["name"].endswith(("_id", "_ids")):
                yield field["name"]
            elif field["in"] == "body" and field["type"] in ("OBJECT", "LIST"):
                yield from inside(field.get("fields", ()))
    return tuple(dict.fromkeys(inside(row["fields"])))


def object_of(row):
    """The entry of a row that names objects: its own, else that of its parameters, of its product or of all."""
    names = names_of(row)
    for key in (f"{row['product']}.{row['name']}", (row["product"], *names), ("*", *names)):
        if key in OBJECTS:
            return OBJECTS[key]
    return None


# -- how each is made --------------------------------------------------------------------------------------------------

def ailice_item(_world, owner):
    return {"item_id": owner.post("/api/items", {"title": "mine", "item_type": "note", "content": {"a": 1}}, 201).id}


def figureforge_job(_world, owner):
    return {"job_id": owner.draw().job_id}


def figureforge_image(_world, owner):
    return {"image_id": owner.draw().images[0].id}


def ailice_notice(_world, owner):
    return {"notification_id": owner.post("/api/notify/send", {"title": "mine", "message": "for me"}, 201).id}


def ailice_training(_world, owner):
    """It has failed when this returns: its examples are of one label."""
    examples = {"examples": [{"text": "mine", "label": "mine"}]}
    made = owner.post("/api/ai/train", {"model_name": "mine", "model_type": "text", "base_model": "local:text-classifier",
                                        "training_data": examples})
    while not owner.get(f"/api/jobs/{made.job_id}?wait=20").finished_at:
        pass
    return {"training_id": made.training_id, "job_id": made.job_id}


def ailice_media(_world, owner):
    return {"media_id": owner.upload("/api/media/upload", 201, file=("mine.png", people.PNG)).id}


def ailice_service(_world, owner):
    owner.post("/api/integrations/slack/connect", {"access_token": "mine"}, 201)
    return {"service": "slack"}


def expenses_hook(_world, owner):
    hook = {"url": "https://there.example/", "events": ["expense.created"]}
    return {"webhook_id": owner.post("/api/webhooks/", hook, 201).value["data"]["id"]}


def ailice_account(_world, owner):
    return {"user_id": owner.account}


def expenses_group(world, owner):
    made = world.sql(f"insert into expenses.expense_group (name, currency, created_by) values ('mine', 'USD', {owner.account}) returning id")
    world.sql("insert into expenses.member (group_id, account_id, email, role, status) "
              f"select {made}, id, email, 'admin', 'active' from account where id = {owner.account}")
    return {"group_id": f"grp_{made}"}


def expenses_expense(_world, owner):
    made = owner.post("/api/expenses/", {"title": "mine", "amount": "12.50"}, 201).value["data"]["id"]
    return {"expense_id": made, "split_type": "equal", "split_data": {"participants": [f"usr_{owner.account}"]}}


def expenses_seen(owner, values):
    return owner.get(f"/api/expenses/?group_id={values['group_id']}").value["data"]


def expenses_notice(world, owner):
    made = world.sql("insert into expenses.notification (account_id, type, title, message, priority) "
                     f"values ({owner.account}, 'expense_added', 'mine', 'for me', 'normal') returning id")
    return {"notification_id": f"ntf_{made}"}


def expenses_settlement(world, owner):
    payee = world.person("expenses", "payee")
    made = world.sql("insert into expenses.settlement (payer_id, payee_id, amount, currency) "
                     f"values ({owner.account}, {payee.account}, 4567, 'USD') returning id")
    method = owner.post("/api/payments/methods/", {"method_type": "stripe", "stripe_token": "tok_visa"}, 201).value["data"]["id"]
    return {"settlement_id": f"stl_{made}", "payment_method_id": method}


def expenses_partner(world, owner):
    """Somebody whom the owner can pay, and the group that they share."""
    payee = world.person("expenses", "payee")
    group = world.sql(f"insert into expenses.expense_group (name, currency, created_by) values ('mine', 'USD', {owner.account}) returning id")
    world.sql("insert into expenses.member (group_id, account_id, email, status) "
              f"select {group}, id, email, 'active' from account where id in ({owner.account}, {payee.account})")
    return {"payee_id": f"usr_{payee.account}", "group_id": f"grp_{group}"}


def nutrition_method(_world, owner):
    return {"method_id": owner.post("/api/v1/payments/methods/", {"payment_method_id": "pm_card_visa"}, 201).id}


def expenses_group(_world, owner):
    return {"group_id": owner.post("/api/groups/", {"name": "mine"}, 201).value["data"]["id"]}


def expenses_report(world, owner):
    made = world.sql("insert into report (job_id, product, account_id, type, format, status, error) "
                     f"values (gen_random_uuid(), 'expenses', {owner.account}, 'expense_summary', 'pdf', 'failed', 'mine') returning id")
    return {"report_id": f"rpt_{made}"}


def expenses_analysed(row):
    """What its owner reads of a group there."""
    return Owned(expenses_group, lambda owner, values: owner.get(f"/api/analytics/{row}/?group_id={values['group_id']}").value["data"])


def nutrition_meal(_world, owner):
    return {"meal_id": owner.post("/api/v1/meals/", {"name": "mine"}, 201).id}


def nutrition_analysis(_world, owner):
    return {"session_id": owner.post("/api/v1/ai/analyze/", {"text": "an apple"}, 202).session_id}


def smsagent_task(world, caller):
    phone = smsagent_person(world, caller)["phone_number"]
    return {"task_id": world.sql("insert into smsagent.task (phone_number, category, user_message, success, processing_time) "
                                 f"values ('{phone}', 'coding', 'hello', true, 2.3) returning id")}


def smsagent_person(world, _caller):
    chief = world.person("smsagent", "chief", "admin")
    return {"phone_number": chief.post("/api/users/", {"phone_number": examples.VALUES["PHONE"](None)}, 201).phone_number}


def smsagent_message(world, _caller):
    chief = world.person("smsagent", "chief", "admin")
    return {"message_id": chief.post("/api/messaging/broadcast/", {"message": "x", "tier_filter": ["enterprise"]}, 201).message_id}


def read(path):
    """What the owner reads there."""
    return lambda owner, values: owner.get(path.format(**values)).value


# Product and the parameters' names, in their order; "*" for rows that every product has; or "product.row" for one row.
OBJECTS = {
    ("ailice", "item_id"): Owned(ailice_item, read("/api/items/{item_id}")),
    ("figureforge", "job_id"): Owned(figureforge_job, read("/api/images/job/{job_id}/")),
    ("figureforge", "image_id"): Owned(figureforge_image, read("/api/images/{image_id}/")),
    ("smsagent", "phone_number"): Nobodys("those who text belong to the installation: each of its accounts sees them", smsagent_person),
    ("smsagent", "task_id"): Nobodys("tasks belong to the installation: each of its accounts sees them", smsagent_task),
    ("smsagent", "message_id"): Nobodys("messages belong to the installation: each of its accounts sees them", smsagent_message),
    ("smsagent", "message_sid"): Nobodys("Twilio's own number, in a call that it signs"),
    ("nutrition", "meal_id"): Owned(nutrition_meal, read("/api/v1/meals/{meal_id}/")),
    ("expenses", "settlement_id", "payment_method_id"): Owned(
        expenses_settlement, lambda owner, _: owner.get("/api/payments/methods/").value["data"]),
    ("expenses", "settlement_id"): Owned(expenses_settlement, lambda owner, values: owner.get(
        f"/api/payments/settlements/{values['settlement_id']}/").value["data"]),
    # A group of others is no group to whoever is not in it.
    ("expenses", "payee_id", "group_id"): Owned(expenses_partner, lambda owner, _: owner.get("/api/payments/settlements/").value["data"],
                                                refusals=(422,)),
    "expenses.settlement_list": Nobodys("a group's id only narrows the caller's own: tests/api/test_settlements.py"),
    ("nutrition", "method_id"): Owned(nutrition_method, read("/api/v1/payments/methods/")),
    ("nutrition", "plan_id", "payment_method_id"): Nobodys("plans are everybody's; whose a payment method is, Stripe knows: test_billing.py "
                                                           "tries somebody else's"),
    ("nutrition", "payment_method_id"): Nobodys("whose a payment method is, Stripe knows: test_billing.py tries somebody else's"),
    ("figureforge", "plan_id"): Nobodys("plans are everybody's"),
    ("figureforge", "payment_method_id"): Nobodys("whose a payment method is, Stripe knows: test_billing.py tries somebody else's"),
    ("nutrition", "session_id"): Owned(nutrition_analysis, lambda owner, values: owner.get(
        f"/api/v1/ai/analyze/{values['session_id']}/").value["session_id"]),
    ("nutrition", "device_id", "local_id"): Nobodys("a device's own names, which count among the caller's meals only"),
    ("expenses", "notification_id"): Owned(expenses_notice, lambda owner, _: owner.get("/api/notifications/").value["data"]),
    ("expenses", "webhook_id"): Owned(expenses_hook, lambda owner, _: owner.get("/api/webhooks/").value["data"]),
    "ailice.integration_connect": Nobodys("a service's name: everybody connects his own", lambda world, caller: {"service": "slack"}),
    ("ailice", "service"): Owned(ailice_service, read("/api/integrations/{service}/status")),
    ("expenses", "expense_id"): Owned(expenses_expense, lambda owner, values: owner.get("/api/expenses/{expense_id}/".format(**values)).value["data"]),
    ("expenses", "expense_id", "category_id", "paid_by"): Owned(
        expenses_expense, lambda owner, values: owner.get("/api/expenses/{expense_id}/".format(**values)).value["data"]),
    "expenses.expense_create": Owned(expenses_group, expenses_seen),
    "expenses.expense_list": Owned(expenses_group, expenses_seen),
    ("expenses", "report_id"): Owned(expenses_report, lambda owner, values: owner.get("/api/analytics/reports/{report_id}/".format(**values)).value["data"]),
    ("expenses", "group_id"): Owned(expenses_group, lambda owner, values: owner.get("/api/groups/{group_id}/".format(**values)).value["data"]),
    ("expenses", "token"): Nobodys("the token is the right to join: tests/api/test_invitations.py"),
    "expenses.analytics_summary": expenses_analysed("summary"),
    "expenses.analytics_trends": expenses_analysed("trends"),
    "expenses.analytics_categories": expenses_analysed("categories"),
    "expenses.report_generate": Nobodys("groups of others are refused, and a report tells of the caller's own: tests/api/test_reports.py"),
    ("ailice", "notification_id"): Owned(ailice_notice, read("/api/notify/history")),
    ("ailice", "training_id"): Owned(ailice_training, read("/api/ai/train/{training_id}")),
    ("ailice", "job_id"): Owned(ailice_training, read("/api/jobs/{job_id}")),
    ("ailice", "model_id"): Nobodys("names a model: everybody's, or one that is looked for among the caller's own"),
    ("ailice", "media_id"): Owned(ailice_media, read("/api/media/{media_id}")),
    "ailice.media_stream": Owned(ailice_media, read("/api/media/{media_id}"), refusals=(401, 404)),  # 401: nobody, and no link
    # That there is such an account may be known: 403, as only an administrator notifies somebody else.
    ("ailice", "user_id"): Owned(ailice_account, read("/api/notify/history"), refusals=(403,)),
    ("operator", "queue"): Nobodys("a queue is the installation's"),
    ("nutrition", "message_sid"): Nobodys("Twilio's own number, in a call that it signs"),
    ("*", "token", "name"): Nobodys("the token is the right to the file: test_paths.py changes each byte of it"),
    ("*", "file"): Nobodys("a file of the API's pages, which anybody may read"),
}
