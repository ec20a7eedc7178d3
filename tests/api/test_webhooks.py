# SPDX-License-Identifier: GPL-3.0-or-later
"""What providers call, with their signatures."""
import base64
import hashlib
import hmac
import secrets
from urllib.parse import urlencode

import pytest

from client import Client

STATUS = "/api/v1/webhooks/twilio/status/"


@pytest.fixture
def twilio(stack, record, settings):
    """twilio(path, form, ...): a call as Twilio makes it."""
    def call(path, form, expect=200, product="nutrition", signed=None, token=None, headers=None, data=None):
        client = Client(stack, product, record)
        text = client.base + path + "".join(name + value for name, value in sorted((signed or form).items()))
        mac = hmac.new((token or settings["twilio.token"]).encode(), text.encode(), hashlib.sha1).digest()
        return client.call("POST", path, expect, data=data or urlencode(form), headers={
            "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": base64.b64encode(mac).decode(),
            **(headers or {})})
    return call


def message(**more):
    return {"MessageSid": "SM" + secrets.token_hex(16), "MessageStatus": "delivered", "ErrorCode": "", "ErrorMessage": "",
            **more}


@pytest.fixture
def sent(account, sql):
    """The id of a message that was sent."""
    member, sid = account("nutrition"), "SM" + secrets.token_hex(16)
    sql("insert into nutrition.message (sid, account_id, status) select %s, id, 'sent' from account where email = %s", sid,
        member.email)
    return sid


def status_of(sql, sid):
    return sql("select status || ' ' || coalesce(error_code, '-') from nutrition.message where sid = %s", sid)


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
