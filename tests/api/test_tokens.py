# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as an access token, and what does not."""
import time

import pytest

from forge import LINK, REFRESH, base64url, claims_of

WHO = "/api/auth/user/"


@pytest.fixture
def account(alice):
    return int(alice.id.removeprefix("user_"))


def refused(client, token):
    client.token = token
    answer = client.get(WHO, 401)
    client.get("/api/images/models/", 401)      # a bad token is refused where none is needed as well
    return answer


def test_a_token_says_who_for_what_and_how_long(alice, account, forge):
    claims = claims_of(alice.token)
    assert (claims["iss"], claims["aud"], claims["sub"], claims["typ"]) == \
        ("millrace", "figureforge", str(account), "access")
    assert claims["exp"] - claims["iat"] == 3600 and abs(claims["iat"] - time.time()) < 60
    refresh = claims_of(alice.refresh)
    assert refresh["typ"] == "refresh" and refresh["exp"] - refresh["iat"] == 30 * 24 * 3600
    assert refresh["jti"] != claims["jti"]


def test_what_we_forge_would_hold(alice, account, forge):
    """Else the refusals below would prove nothing."""
    alice.token = forge.token(account)
    assert alice.get(WHO).id == alice.id


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YWxpY2U6c2VjcmV0", "Token {}", "{}", "Bearer {}x",
                                    "Bearer x{}", "Bearer {}.x", "Bearer garbage", "Bearer ..", "Bearer a.b.c",
                                    "Bearer {} {}", "Bearer " + "x" * 5000])
def test_what_is_no_bearer_token(alice, header):
    answer = alice.get(WHO, 401, headers={"Authorization": header.format(alice.token, alice.token)})
    assert answer.error.code == "AUTHENTICATION_REQUIRED"


def test_nobody_is_asked_to_sign_in(figureforge):
    figureforge.get(WHO, 401)
    figureforge.post("/api/auth/verify/", {}, 401)


def test_the_scheme_may_be_in_any_case(alice):
    alice.get(WHO, headers={"Authorization": f"bearer {alice.token}"})


def test_an_expired_token(alice, account, forge):
    now = int(time.time())
    assert "expired" in refused(alice, forge.token(account, iat=now - 3600, exp=now - 1)).error.message


def test_a_token_from_the_future(alice, account, forge):
    now = int(time.time())
    refused(alice, forge.token(account, iat=now + 3600, exp=now + 7200))
    refused(alice, forge.token(account, nbf=now + 3600))


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_another_algorithm(alice, account, forge, algorithm):
    refused(alice, forge.token(account, header={"alg": algorithm}))


@pytest.mark.parametrize("spelling", ["None", "NONE", "nOnE"])
def test_no_algorithm_in_other_letters(alice, account, forge, spelling):
    head, payload, _ = forge.token(account).split(".")
    refused(alice, f"{base64url(b'{%s}' % (f'{chr(34)}alg{chr(34)}:{chr(34)}{spelling}{chr(34)}').encode())}.{payload}.")
    refused(alice, f"{head}.{payload}.")


def test_another_key(alice, account, forge):
    refused(alice, forge.token(account, key=b"k" * 32))
    refused(alice, forge.token(account, key=forge.key(LINK)))
    refused(alice, forge.token(account, key=forge.key(REFRESH)))
    refused(alice, forge.token(account, header={"kid": "00000000"}))


@pytest.mark.parametrize("claims", [
    {"aud": "expenses"}, {"aud": None}, {"aud": ["figureforge"]}, {"iss": "somebody"}, {"iss": None},
    {"typ": "refresh"}, {"typ": None}, {"sub": None}, {"sub": "0"}, {"sub": "-1"}, {"sub": "1 or 1=1"}, {"sub": 1},
    {"jti": None}, {"jti": "x"}, {"jti": "../../etc/passwd"}, {"exp": None}, {"exp": "9999999999"}, {"iat": None},
    {"sub": "99999999999999999999"}], ids=lambda claims: "-".join(f"{k}={v}" for k, v in claims.items()))
def test_a_claim_that_does_not_hold(alice, account, forge, claims):
    refused(alice, forge.token(account, **claims))


def test_a_refresh_token_gives_no_access(alice):
    refused(alice, alice.refresh)


def test_a_changed_token(alice, forge):
    head, payload, signature = alice.token.split(".")
    other = forge.token(999999).split(".")[1]
    refused(alice, f"{head}.{other}.{signature}")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    refused(alice, f"{head}.{payload}.{flipped}")


def test_an_account_that_never_was(alice, forge):
    refused(alice, forge.token(999999999))


def test_an_account_of_another_product(alice, account, sql):
    sql("update account set product = 'expenses' where id = %s", account)
    refused(alice, alice.token)


def test_the_token_of_a_deleted_account(alice, account, sql):
    alice.get(WHO)
    sql("update account set deleted_at = now() where id = %s", account)
    refused(alice, alice.token)


def test_a_deleted_account_makes_room_for_a_new_one(alice, account, sign_in, sql):
    sql("update account set deleted_at = now() where id = %s", account)
    again = sign_in("alice", alice.email)
    assert again.id != alice.id
    assert again.quota().used == 0


def test_a_revoked_token(alice, account, forge, sql):
    sql("select revoke_token(%s, %s, now() + interval '1 hour')", account, claims_of(alice.token)["jti"])
    refused(alice, alice.token)
    alice.get("/api/images/job/00000000-0000-7000-8000-000000000000/", 401)     # before anything is looked for
    alice.token = forge.token(account)      # another token of hers still counts
    alice.get(WHO)


def test_all_tokens_before_a_moment(alice, account, forge, sql):
    sql("update account set tokens_valid_after = now() where id = %s", account)
    refused(alice, forge.token(account, iat=int(time.time()) - 60))
    sql("update account set tokens_valid_after = now() - interval '1 minute' where id = %s", account)
    alice.token = forge.token(account)
    alice.get(WHO)


def test_a_token_in_the_query_is_none(figureforge, alice):
    figureforge.get(f"{WHO}?token={alice.token}", 401)
    figureforge.get(f"{WHO}?access_token={alice.token}", 401)
