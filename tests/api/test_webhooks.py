# SPDX-License-Identifier: GPL-3.0-or-later
"""What providers call, with their signatures."""
import secrets

import pytest

from telephony import signed_call

STATUS = "/api/v1/webhooks/twilio/status/"


@pytest.fixture
def twilio(stack, record, settings):
    return signed_call(stack, record, settings)


def message(**more):
    return {"MessageSid": "SM" + secrets.token_hex(16), "MessageStatus": "delivered", "ErrorCode": "", "ErrorMessage": "",
            **more}


@pytest.fixture
def sent(account, sql):
    """The id of a message that was sent."""
    member, sid = account("nutrition"), "SM" + secrets.token_hex(16)
    sql("insert into sms (job_id, product, account_id, phone_number, body, state, sid) select gen_random_uuid(), 'nutrition', id, "
        "'+15550001111', 'hello', 'sent', %s from account where email = %s", sid, member.email)
    return sid


def status_of(sql, sid):
    return sql("select state || ' ' || coalesce(error_code, '-') from sms where sid = %s", sid)


def test_what_became_of_a_message(twilio, sent, sql):
    assert not twilio(STATUS, message(MessageSid=sent, MessageStatus="failed", ErrorCode="30003")).http.content
    assert status_of(sql, sent) == "failed 30003"
    twilio(STATUS, message(MessageSid=sent))
    assert status_of(sql, sent) == "delivered -"
    twilio(STATUS, message(MessageSid=sent, MessageStatus="sent"))              # comes late
    twilio(STATUS, message(MessageSid=sent, MessageStatus="failed", ErrorCode="30003"))
    assert status_of(sql, sent) == "delivered -"
    twilio(STATUS, message())                                                   # not ours


def test_a_signature_must_hold(twilio, sent, sql):
    form = message(MessageSid=sent)
    twilio(STATUS, form, 403, token="x" * 32)
    twilio(STATUS, form, 403, signed={**form, "MessageStatus": "sent"})
    twilio(STATUS, form, 403, headers={"X-Twilio-Signature": ""})
    twilio(STATUS, form, 403, headers={"X-Twilio-Signature": None})
    assert status_of(sql, sent) == "sent -"


def test_a_form_that_is_none(twilio):
    form = message()
    assert "MessageSid" in twilio(STATUS, {"MessageStatus": "sent"}, 400).http.text
    twilio(STATUS, form, 400, data="MessageSid=%zz")
    twilio(STATUS, form, 400, headers={"Content-Type": "application/json"})
    twilio(STATUS, form, 400, data="&".join(f"a{n}=1" for n in range(300)))
    twilio(STATUS, form, 413, data="a=" + "x" * 1100000)
