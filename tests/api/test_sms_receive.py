# SPDX-License-Identifier: GPL-3.0-or-later
"""What is texted to us: questions become tasks, some words are heeded, and too much is refused. Tasks that others ask for."""
import secrets
import xml.etree.ElementTree as xml

import pytest

from telephony import number, signed_call
from waits import until

RECEIVE, TASKS = "/api/sms/receive/", "/api/tasks/"


@pytest.fixture
def chief(account):
    return account("smsagent", role="admin")


@pytest.fixture
def text(stack, record, settings):
    """text("help me", sender): what is answered at once; None: nothing."""
    call = signed_call(stack, record, settings)

    def send(body, sender, sid=None, **more):
        form = {"From": sender, "To": settings["twilio.from"], "Body": body, "AccountSid": settings["twilio.account"],
                "MessageSid": sid or "SM" + secrets.token_hex(16), **more}
        answer = call(RECEIVE, form, product="smsagent").http
        assert answer.headers["Content-Type"] == "application/xml"
        said = xml.fromstring(answer.content)
        assert said.tag == "Response" and [one.tag for one in said] in ([], ["Message"])
        return said[0].text if len(said) else None
    return send


@pytest.fixture
def job_of(sql):
    """job_of(task): its job's kind, and how it ended."""
    return lambda task: sql("select kind from job where args::json ->> 'task_id' = %s", task)


def tasks_of(chief, phone):
    return chief.get(f"{TASKS}?user_phone={phone}").results


def test_a_question_becomes_a_task(chief, text, job_of):
    phone = number()
    assert text("Help me debug this Python code <now> & here", phone) == \
        "Thank you for your message! I'm processing your request and will respond shortly."
    person, tasks = chief.get(f"/api/users/{phone}/"), tasks_of(chief, phone)
    assert (person.tier, person.total_requests, person.monthly_requests) == ("free", 1, 1)
    assert [task.sms_content for task in tasks] == ["Help me debug this Python code <now> & here"]
    assert job_of(tasks[0].id) == "ai.reply"


def test_who_texts_gets_an_answer(chief, exchange, sql):
    """The whole way: Twilio hands the question over, and is given the answer, which is delivered."""
    phone = number()
    exchange.text(phone, "What is a linked list?")
    until(lambda: exchange.to(phone), "there is an answer")
    task, = tasks_of(chief, phone)
    assert task.success and task.sms_content == "What is a linked list?" and exchange.bodies(phone)[0] in task.ai_response
    until(lambda: sql("select bool_and(state = 'delivered') from sms where phone_number = %s", phone) == "t", "it is delivered")


def test_told_twice_it_is_one(chief, text):
    phone, sid = number(), "SM" + secrets.token_hex(16)
    assert text("What is a pointer?", phone, sid) == text("What is a pointer?", phone, sid)
    assert len(tasks_of(chief, phone)) == 1 and chief.get(f"/api/users/{phone}/").total_requests == 1


def test_words(chief, text, sql):
    phone = number()

    def stopped():
        return sql("select count(*) from sms_stop where phone_number = %s", phone) == "1"
    assert "STOP" in text("help", phone) and not stopped()
    assert text("Stop.", phone) is None and stopped()
    assert "Welcome back" in text("YES", phone) and not stopped()
    assert text("unsubscribe", phone) is None and stopped()
    assert text("START", phone, OptOutType="START") is None and not stopped()       # Twilio has answered
    assert tasks_of(chief, phone) == []
    assert text("Please stop the loop in my program", phone).startswith("Thank you") and not stopped()
    text("yes", phone)                              # nobody was stopped, so it is said in earnest
    assert len(tasks_of(chief, phone)) == 2


def test_too_much(chief, text, sql):
    phone = number()
    for _ in range(10):
        assert text("again", phone).startswith("Thank you")
    assert "used up" in text("once more", phone)
    assert len(tasks_of(chief, phone)) == 10
    chief.post(f"/api/users/{phone}/update_tier/", {"tier": "premium"})
    assert text("once more", phone).startswith("Thank you")
    sql("update smsagent.person set tier = 'free', monthly_requests = 50 where phone_number = %s", phone)
    sql("update smsagent.inbound set received_at = now() - interval '2 hours' where phone_number = %s", phone)
    assert "used up" in text("of the month", phone)


def test_without_text(chief, text):
    phone = number()
    assert "no text" in text(" ", phone) and tasks_of(chief, phone) == []


def test_a_signature_must_hold(stack, record, settings):
    form = {"From": number(), "Body": "x", "MessageSid": "SM" + secrets.token_hex(16)}
    signed_call(stack, record, settings)(RECEIVE, form, 403, product="smsagent", token="x" * 32)


def test_a_task_in_somebodys_name(account, chief, job_of, sql):
    phone, member = number(), account("smsagent")
    chief.post("/api/users/", {"phone_number": phone}, 201)
    assert "sms_content" in member.post(TASKS, {"user_phone": phone, "sms_content": " \n"}, 400).fields
    task = member.post(TASKS, {"user_phone": phone, "sms_content": "Sort a list", "category": "coding"}, 201)
    assert (task.category, task.user_phone, task.ai_response, task.success) == ("coding", phone, None, None)
    assert job_of(task.id) == "ai.reply"
    assert sql("select category_given || ' ' || reply_by_sms from smsagent.task where id = %s", task.id) == "true false"
    other = member.post(TASKS, {"user_phone": phone, "sms_content": "Sort a list", "send_sms": True}, 201)
    assert sql("select category_given || ' ' || reply_by_sms from smsagent.task where id = %s", other.id) == "false true"
    assert "user_phone" in member.post(TASKS, {"user_phone": number(), "sms_content": "x"}, 400).http.text
