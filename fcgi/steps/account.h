/* SPDX-License-Identifier: GPL-3.0-or-later
 * Handlers of signing up and in, for rows of any product. Each names what it sets for the row's statement. */
#ifndef MILLRACE_ACCOUNT_H
#define MILLRACE_ACCOUNT_H
#include "fcgi/request.h"

/* Field password, perhaps email and username; sets password_hash, matches (no meaning), refresh_digest and
 * refresh_expires (null where the dialect has no refresh tokens). */
int account_sign_up(struct request *rq);
#define SIGN_UP_SETS "password_hash", "matches", "refresh_digest", "refresh_expires"

/* Field password, behind a first statement that gives account and password_hash (both null: unknown). Sets account,
 * matches, password_hash (only when it is to be replaced), refresh_digest, refresh_expires. */
int account_sign_in(struct request *rq);
#define SIGN_IN_SETS SIGN_UP_SETS, "account"

/* As account_sign_in, for a session: sets session_digest as well. The answer's column session, an account, hands it out
 * as a cookie and csrf_token; of session_end, it takes the cookie back. */
int account_session(struct request *rq);
#define SESSION_SETS SIGN_IN_SETS, "session_digest"
enum { SESSION_SECONDS = 12 * 3600 }; /* its row says so too: session_open() */

/* Field refresh, a token; sets refresh_digest, account and refresh_issued_at, or refuses. */
int account_refresh(struct request *rq);
/* The same field, but what is no token is passed over; sets expires_at too, of the access token, when there is one. */
int account_sign_out(struct request *rq);
#define REFRESH_SETS "refresh_digest", "account", "refresh_issued_at"

/* Field token, one that was mailed; sets token_digest and, when there is a field new_password, password_hash. */
int account_token(struct request *rq);
#define TOKEN_SETS "token_digest", "password_hash", "matches"

/* The SHA-256 of a text as hex, on ctx. */
char *digest_hex(void *ctx, const char *text);
/* For handlers of other ways to sign in: make the refresh token that the answer's column signin hands out. */
void refresh_prepare(struct request *rq);
#endif
