# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked by text message: put into a category, answered, and texted in messages that fit."""
import json

import pytest

from telephony import number
from waits import until

CHAT, SENT = "/v1/chat/completions", "/2010-04-01/Accounts"


@pytest.fixture
def agent(account):
    return account("smsagent", role="admin")


@pytest.fixture
def phone(agent):
    """Somebody's number, known to the agent."""
    made = number()
    agent.post("/api/users/", {"phone_number": made}, 201)
    return made


def asked(agent, phone, text, **more):
    """The task, once it has ended."""
    task = agent.post("/api/tasks/", {"user_phone": phone, "sms_content": text, **more}, 201)
    return until(lambda: (seen := agent.get(f"/api/tasks/{task.id}/")).success is not None and seen, "the task has not ended")


def texts(twilio, phone):
    return [call["input"]["Body"] for call in twilio.calls("POST", SENT) if call["input"].get("To") == phone]


@pytest.mark.parametrize("text, category, template, language", [
    ("Help me debug this Python function, it throws a TypeError", "debug", "debug_code", "python"),
    ("Write a SQL query that counts orders per customer", "coding", "write_code", "sql"),
    ("Explain recursion to me", "explain", "explain", None), ("Tell me a joke", "general", "general", None)])
def test_a_question(agent, phone, outside, text, category, template, language):
    openai, twilio = outside("openai"), outside("twilio")
    text += f" ({phone})"
    task = asked(agent, phone, text)
    assert (task.success, task.category, task.error_message) == (True, category, None)
    assert text in task.ai_response and task.tokens_used > 0 and 0 < task.complexity_score < 1 and task.processing_time >= 0
    assert task.completed_at >= task.created_at
    assert (task.metadata.prompt_template, task.metadata.get("language")) == (template, language)
    assert 0 < task.metadata.confidence <= 1 and task.metadata.model_used.startswith("gpt-4o-mini")
    call, = openai.calls("POST", CHAT, about=phone)
    assert [message["role"] for message in call["input"]["messages"]] == ["system", "user"]
    assert call["input"]["messages"][1]["content"] == text and "468 characters" in call["input"]["messages"][0]["content"]
    assert texts(twilio, phone) == []


def test_a_given_category_stays(agent, phone):
    task = asked(agent, phone, "Tell me a joke", category="coding")
    assert task.category == "coding" and "confidence" not in task.metadata and task.metadata.prompt_template == "write_code"


def test_the_answer_is_texted(agent, phone, outside):
    twilio = outside("twilio")
    asked(agent, phone, "Tell me a joke", send_sms=True)
    until(lambda: texts(twilio, phone), "nothing was texted")
    text, = texts(twilio, phone)
    assert "Tell me a joke" in text and len(text) <= 160


def test_a_long_answer_is_texted_in_order(agent, phone, outside):
    twilio = outside("twilio")
    task = asked(agent, phone, "Tell me of " + " ".join(f"thing{n}" for n in range(40)), send_sms=True)
    until(lambda: len(texts(twilio, phone)) == 3, "three were not texted")
    pieces = texts(twilio, phone)
    assert [piece[:4] for piece in pieces] == ["1/3 ", "2/3 ", "3/3 "] and all(len(piece) <= 160 for piece in pieces)
    assert " ".join(piece[4:] for piece in pieces).removesuffix("...") in task.ai_response


def test_a_reply_that_never_comes_is_told(agent, phone, outside):
    openai, twilio = outside("openai"), outside("twilio")
    openai.fault("status", status=500, times=0)
    task = asked(agent, phone, f"Tell me a joke, {phone}", send_sms=True)
    assert (task.success, task.ai_response) == (False, None) and "500" in task.error_message
    until(lambda: texts(twilio, phone), "nothing was texted")
    assert texts(twilio, phone) == ["Sorry, there is no answer to your message now. Please try again later."]
    assert len(openai.calls("POST", CHAT, about=phone)) == 2


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 429, "retry_after": 1}, {"kind": "cut"}, {"kind": "malformed"}],
                         ids=lambda fault: fault["kind"])
def test_what_passes_is_tried_again(agent, phone, outside, fault):
    openai, twilio = outside("openai"), outside("twilio")
    openai.fault(**fault)
    assert asked(agent, phone, f"Tell me a joke, {phone}", send_sms=True).success
    until(lambda: texts(twilio, phone), "nothing was texted")
    assert len(openai.calls("POST", CHAT, about=phone)) == 2 and len(texts(twilio, phone)) == 1


def test_a_task_is_answered_once(agent, phone, operator, outside):
    """However often its job is put."""
    openai = outside("openai")
    task = asked(agent, phone, f"Tell me a joke, {phone}")
    job = operator("put", "ai.reply", "--args", json.dumps({"task_id": task.id})).split()[0]
    until(lambda: json.loads(operator("job", job, "--json"))["state"] == "buried", "it is not buried")
    assert len(openai.calls(about=phone)) == 1 and agent.get(f"/api/tasks/{task.id}/").ai_response == task.ai_response
