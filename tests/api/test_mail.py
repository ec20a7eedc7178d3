# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters as they arrive, and mails that do not."""
import json
import secrets
import subprocess

import pytest

from waits import until


@pytest.fixture
def post(stack):
    """post("notice", to, title=..., ...): the exit status of `millrace put --wait` and the job's id."""
    def put(letter, to, account=None, **values):
        words = ["--account-id", str(account)] if account else []
        done = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "put", "mail.send", "--product", "expenses", *words,
                               "--args", json.dumps({"to": to, "letter": letter, "values": values}), "--wait", "--timeout", "50"],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout.split()[0]
    return put


@pytest.fixture
def address():
    return f"reader-{secrets.token_hex(4)}@example.org"


@pytest.fixture
def error_of(sql):
    return lambda job: sql("select error from job_end where id = %s", job)


def test_a_letter_is_text_and_html(post, mailbox, address, stack):
    words = "A <b>bold</b> & \"quoted\" word; café ☃\nand a line"
    status, _ = post("notice", address, title="Ünïcode & <tags>", message=words, action_url="/expenses/exp_1?a=1&b=2")
    assert status == 0
    mail, = mailbox.wait(address)
    link = f"{stack['url']}/expenses/expenses/exp_1?a=1&b=2"
    assert mail["subject"] == "Ünïcode & <tags>" and words in mail["text"].replace("\r\n", "\n") and link in mail["text"]
    assert "A &lt;b&gt;bold&lt;/b&gt; &amp; &quot;quoted&quot; word; café ☃<br>" in mail["html"]
    assert f'href="{link.replace("&", "&amp;")}"' in mail["html"] and "<b>" not in mail["html"]
    assert mail["headers"]["Content-Type"].startswith("multipart/alternative") and mail["headers"]["Auto-Submitted"] == "auto-generated"


def test_nobody_adds_a_header(post, mailbox, address):
    status, _ = post("notice", address, title="Hello\r\nBcc: eve@example.org\r\nX-Evil: 1", message="x\r\n.\r\nQUIT\r\n")
    assert status == 0
    mail, = mailbox.wait(address)
    assert mail["to"] == [address] and "Bcc" not in mail["headers"] and "X-Evil" not in mail["headers"]
    assert mail["subject"].startswith("Hello") and "\n" not in mail["subject"] and "QUIT" in mail["text"]


def test_letters_that_there_are_not(post, error_of, address):
    for letter, values, why in (("postcard", {}, "there is no letter postcard"),
                                ("notice", {"title": "t"}, "the letter notice cannot be written: message is required"),
                                ("sign_in", {"code": 7}, "the letter sign_in cannot be written: code must be")):
        status, job = post(letter, address, **values)
        assert status == 1 and error_of(job).startswith(why), error_of(job)


def test_a_refusal_for_good(post, error_of, mailbox, address):
    mailbox.ask(refuse=address, code=550, times=9)
    status, job = post("notice", address, title="t", message="m")
    assert status == 1 and error_of(job) == "the mail server refused: 550 refused as asked"


def test_a_refusal_for_now(post, sql, mailbox, address):
    mailbox.ask(refuse=address, code=451, times=1)
    status, job = post("notice", address, title="t", message="m")
    assert status == 0 and len(mailbox.wait(address)) == 1
    assert sql("select outcome || ' ' || error from job_try where id = %s", job) == "failed the mail server said: 451 refused as asked"


def test_who_has_gone_is_not_written_to(post, account, sql, mailbox):
    ann = account("expenses")
    number = sql("select id from account where username = %s", ann.username)
    sql("update account set deleted_at = now() where id = %s", number)
    status, job = post("notice", ann.email, account=number, title="t", message="m")
    assert status == 0 and until(lambda: sql("select outcome from job_end where id = %s", job), "it ends") == "done"
    assert mailbox.ask(list=ann.email) == []
