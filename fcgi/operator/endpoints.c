/* SPDX-License-Identifier: GPL-3.0-or-later
 * The operators' endpoints, one row each. SIGNED_IN: any of them; ADMIN: those with the role of operator. */
#include "common/memory.h"
#include "fcgi/fields.h"
#include "fcgi/operator/operator.h"
#include "fcgi/request.h"
#include "fcgi/steps/account.h"
#include "sql.h"

/* A page that was loaded anew asks for it. */
static int session_get(struct request *rq)
{
    char *csrf = memory_check(talloc_size(rq, DIGEST_HEX + 1));

    csrf_token(request_keys(rq), rq->session, csrf);
    argument_set(rq, "csrf_token", csrf);
    return answer_from_sql(rq);
}

/* clang-format off */
#define SESSION_OUT OUT(TEXT, "csrf_token"), OUT(TEXT, "name"), OUT(TEXT, "role"), OUT(TEXT, "expires_at")
#define QUEUE_PATH { .name = "queue", .in = PATH, .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 32, .doc = "Its name." }
#define PAUSED_OUT FIELDS(OUT(TEXT, "queue"), OUT(BOOLEAN, "paused"))

const struct endpoint operator_endpoints[] = {
    ENDPOINT(core, operator_session_open,
        .method = POST, .path = "/api/session", .who = ANYONE, .status = 201,
        .doc = "Sign in: a cookie, and the X-CSRF-Token that calls which change something must send.",
        .in = FIELDS({ .name = "name", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64, .doc = "The operator's name." },
                     PASSWORD_TYPED),
        .out = FIELDS(SESSION_OUT),
        .first = &sql_core_operator_password_by_name, .handler = account_session, .sets = NAMES(SESSION_SETS)),
    ENDPOINT(core, operator_session_get,
        .method = GET, .path = "/api/session",
        .doc = "Who is signed in.",
        .out = FIELDS(SESSION_OUT), .handler = session_get, .sets = NAMES("csrf_token")),
    ENDPOINT(core, operator_session_close,
        .method = DELETE, .path = "/api/session", .status = 204,
        .doc = "End the session."),
    ENDPOINT(core, operator_queues,
        .method = GET, .path = "/api/queues", .lane = LANE_SLOW,
        .doc = "What each queue has; what is not known, because its Redis does not answer, is null.",
        .out = FIELDS(OUT_OBJECTS("queues", OUT(TEXT, "queue"), OUT(TEXT, "state"), OUT(BOOLEAN, "paused"),
                                  OUT(BOOLEAN, "refusing"), OUT_NULLABLE(TEXT, "why"), OUT_NULLABLE(INTEGER, "waiting"),
                                  OUT_NULLABLE(INTEGER, "delayed"), OUT_NULLABLE(INTEGER, "running"),
                                  OUT_NULLABLE(INTEGER, "parked"), OUT(INTEGER, "buried"),
                                  OUT_NULLABLE(INTEGER, "workers"), OUT_NULLABLE(INTEGER, "draining"))),
        .first = &sql_core_operator_queue_names, .handler = operator_queues, .sets = NAMES("looks")),
    ENDPOINT(core, operator_services,
        .method = GET, .path = "/api/services",
        .doc = "How the services outside answered last; unknown: nobody has asked for two minutes.",
        .out = FIELDS(OUT_OBJECTS("services", OUT(TEXT, "name"), OUT(TEXT, "status"), OUT_NULLABLE(INTEGER, "response_ms"),
                                  OUT_NULLABLE(OBJECT, "detail"), OUT_NULLABLE(TEXT, "why"), OUT(TEXT, "checked_at")))),
    ENDPOINT(core, operator_queue_pause,
        .method = POST, .path = "/api/queues/{queue}/pause", .who = ADMIN,
        .doc = "Let no more jobs of a queue begin.",
        .in = FIELDS(QUEUE_PATH), .out = PAUSED_OUT),
    ENDPOINT(core, operator_queue_resume,
        .method = POST, .path = "/api/queues/{queue}/resume", .who = ADMIN,
        .doc = "Let them begin again.",
        .in = FIELDS(QUEUE_PATH), .out = PAUSED_OUT),
    { .name = NULL },
};
/* clang-format on */
