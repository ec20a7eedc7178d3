# SPDX-License-Identifier: GPL-3.0-or-later
"""Idempotency-Key: sent again, a POST is not carried out again."""
import secrets
import threading

import pytest

ITEMS = "/api/items"


@pytest.fixture
def member(account):
    return account("ailice")


def key():
    return {"Idempotency-Key": secrets.token_hex(8)}


def make(client, title, headers, expect=201):
    return client.post(ITEMS, {"title": title, "item_type": "post"}, expect, headers=headers)


def titles(client):
    return [item["title"] for item in client.get(ITEMS).value]


def test_the_first_answer_comes_again(member):
    headers = key()
    first = make(member, "one", headers)
    again = make(member, "one", headers)
    assert first.value == again.value and titles(member) == ["one"]
    assert again.http.headers["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first.http.headers
    assert again.http.headers["Content-Type"] == "application/json"
    assert make(member, "one", key()).id != first.id


def test_another_request_under_the_same_key(member):
    headers = key()
    make(member, "one", headers)
    assert "used for another" in make(member, "two", headers, 400).detail           # 409 in AIlice's words
    member.post(f"{ITEMS}?x=1", {"title": "one", "item_type": "post"}, 400, headers=headers)
    assert titles(member) == ["one"]


def test_keys_are_their_owners(member, account):
    headers, other = key(), account("ailice")
    assert make(member, "one", headers).id != make(other, "one", headers).id


def test_what_was_refused_may_be_sent_again(member):
    headers = key()
    member.post(ITEMS, {"title": ""}, 400, headers=headers)
    make(member, "one", headers)


@pytest.mark.parametrize("wrong", ["x" * 65, "a b", "a\x7f", "\u00e9"])
def test_what_is_no_key(member, wrong):
    make(member, "one", {"Idempotency-Key": wrong.encode()}, 400)
    assert titles(member) == []


def test_twins_at_once(member, account):
    """Many at the same time: one is carried out, the others hear its answer or that it is under way."""
    headers, answers = key(), []

    def ask():
        answer = member._session.post(member.base + ITEMS, json={"title": "one", "item_type": "post"}, timeout=30,
                                      headers={"Authorization": f"Bearer {member.token}", "X-Forwarded-For": member.address,
                                               **headers})
        answers.append((answer.status_code, answer.text))
    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = {text for status, text in answers if status == 201}
    assert len(good) == 1 and titles(member) == ["one"]
    assert all("being worked on" in text for status, text in answers if status != 201)
    assert make(member, "one", headers).http.text in good


def test_a_job_is_put_once(alice, operator):
    headers, wish = key(), {"prompt": "a runner", "batch_size": 1}
    first = alice.post("/api/images/generate/", wish, 202, headers=headers)
    assert alice.post("/api/images/generate/", wish, 202, headers=headers).job_id == first.job_id
    assert alice.finished(first.job_id).status == "completed"
    assert alice.quota().used == 1


def test_answers_lie_sealed(member, sql):
    make(member, "a secret title", key())
    assert sql("select answer from idempotency i join account a on a.id = i.account_id where a.email = %s",
               member.email).startswith("mrs1.")


def test_a_token_that_was_ended_gets_nothing_again(member):
    headers = key()
    make(member, "one", headers)
    member.post("/api/auth/logout")
    make(member, "one", headers, 401)
