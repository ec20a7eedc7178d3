/* SPDX-License-Identifier: GPL-3.0-or-later
 * :job_args, from a request's checked input to what its statement is given. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/serve.h"
#include "queue/job_args.h"
#include "tests/unit/suite.h"

static const struct job_kind kind = {
    .name = "hook.call",
    .in = FIELDS({ .name = "count", .type = INTEGER }, { .name = "text", .type = TEXT, .max = 9 },
                 { .name = "token", .type = TEXT, .flags = SECRET }),
};
enum { PAGE, COUNT, TEXT_TEXT, TOKEN_TEXT };
static const struct field given[] = {
    [PAGE] = { .name = "page", .type = INTEGER },
    [COUNT] = { .name = "count", .type = INTEGER },
    [TEXT_TEXT] = { .name = "text", .type = TEXT },
    [TOKEN_TEXT] = { .name = "token", .type = TEXT },
    { .name = NULL },
};

static struct seal_ring *ring_new(void *ctx)
{
    struct seal_ring *ring = NULL;
    struct keys keys;
    const char *why;

    ck_assert_int_eq(keys_derive("0123456789abcdef0123456789abcdef", &keys), 0);
    ck_assert_int_eq(seal_ring_new(ctx, "", &keys, &ring, &why), 0);
    return ring;
}

struct desk {
    struct config config;
    struct server server;
    struct endpoint row;
    struct operation operation;
    struct request rq;
};

static struct desk *desk_new(void *ctx, bool encrypt)
{
    struct desk *desk = NEW(ctx, struct desk);

    desk->config.queue_encrypt = encrypt;
    desk->server.config = &desk->config;
    desk->server.seals = ring_new(desk);
    desk->row.in = given;
    desk->operation = (struct operation){ .row = &desk->row, .fields = desk->row.in, .kind = &kind };
    desk->rq = (struct request){ .server = &desk->server, .operation = &desk->operation };
    desk->rq.arguments = memory_check(talloc_zero_array(desk, const char *, FIXED_COUNT + ELEMENTS(given)));
    desk->rq.arguments[FIXED_COUNT + COUNT] = "12";
    desk->rq.arguments[FIXED_COUNT + TOKEN_TEXT] = "tok-en";
    return desk;
}

/* Compose for a request that hangs off the desk: what a request allocates is on itself. */
static int compose(struct desk *desk)
{
    struct request *rq = memory_check(talloc_memdup(desk, &desk->rq, sizeof desk->rq));
    int r;

    talloc_set_name_const(rq, "struct request");
    r = job_args_compose(rq);
    desk->rq = *rq;
    return r;
}

/* What the worker makes of it. */
static char *opened(void *ctx, const struct seal_ring *ring, const char *args)
{
    json_auto_t *value = json_loads(args, 0, NULL), *open = NULL;
    const char *why = "";

    ck_assert_msg(job_args_open(ctx, ring, &kind, value, &open, &why) == 0, "%s", why);
    return json_text(ctx, open);
}

START_TEST(the_front_puts_what_the_worker_opens)
{
    autotalloc void *ctx = talloc_new(NULL);

    for (int encrypt = 0; encrypt < 2; encrypt++) {
        struct desk *desk = desk_new(ctx, encrypt);
        const char *text;

        ck_assert_int_eq(compose(desk), 0);
        text = desk->rq.arguments[ARG_JOB_ARGS];
        ck_assert_int_eq(!strncmp(text, "{\"sealed\":\"mrs1.", 16), encrypt);
        ck_assert_int_eq(!strncmp(text, "{\"count\":12,\"token\":\"mrs1.", 26), !encrypt);
        ck_assert_ptr_null(strstr(text, "tok-en"));
        ck_assert_str_eq(opened(ctx, desk->server.seals, text), "{\"count\":12,\"token\":\"tok-en\"}");
    }
}
END_TEST

START_TEST(the_front_refuses_what_the_kind_would)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct desk *desk = desk_new(ctx, false);

    desk->rq.arguments[FIXED_COUNT + TEXT_TEXT] = "ten letter";
    ck_assert_int_lt(compose(desk), 0);
    ck_assert_int_eq(desk->rq.error, E_INVALID);
    ck_assert_int_eq(desk->rq.errors.count, 1);
    ck_assert_str_eq(desk->rq.errors.list[0].field, "text");
    ck_assert_str_eq(desk->rq.errors.list[0].message, "must be at most 9 characters");
    ck_assert_ptr_null(desk->rq.arguments[ARG_JOB_ARGS]);
}
END_TEST

START_TEST(the_front_refuses_what_is_too_large_for_a_job)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *token = memory_check(talloc_zero_size(ctx, 50001));

    memset(token, 'x', 50000);
    for (int encrypt = 0; encrypt < 2; encrypt++) {
        struct desk *desk = desk_new(ctx, encrypt);

        desk->rq.arguments[FIXED_COUNT + TOKEN_TEXT] = token;
        ck_assert_int_lt(compose(desk), 0);
        ck_assert_int_eq(desk->rq.error, E_TOO_LARGE);
        ck_assert_int_eq(error_status(desk->rq.error), 413);
        ck_assert_str_eq(desk->rq.message, "This is more than a job may be given");
        ck_assert_ptr_null(desk->rq.arguments[ARG_JOB_ARGS]);
    }
}
END_TEST

START_TEST(a_row_that_puts_no_job_is_let_be)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct desk *desk = desk_new(ctx, true);

    desk->operation.kind = NULL;
    ck_assert_int_eq(compose(desk), 0);
    ck_assert_ptr_null(desk->rq.arguments[ARG_JOB_ARGS]);
}
END_TEST

static const struct field wide[] = { { .name = "email", .type = EMAIL },
                                     { .name = "x", .type = TEXT },
                                     { .name = NULL } };
static const struct field wrong[] = { { .name = "x", .type = TEXT },
                                      { .name = "email", .type = TEXT },
                                      { .name = NULL } };

static const struct {
    const char *job;
    const struct field *in;
    int source; /* of the statement's one parameter */
    const char *stray;
} rows[] = {
    { "mail.magic_link", wide, ARG_JOB_ARGS, NULL },
    { "mail.magic_link", NULL, ARG_JOB_ARGS, NULL },
    { "mail.magic_link", wrong, ARG_JOB_ARGS, "email" },
    { "mail.magic_link", wrong, ARG_PRODUCT, NULL },
    { "mail.magic_lnk", wide, ARG_PRODUCT, "mail.magic_lnk" },
    { NULL, wide, ARG_JOB_ARGS, "job_args" },
    { NULL, wide, ARG_PRODUCT, NULL },
};

START_TEST(a_row_is_held_against_its_kind_at_the_start)
{
    const struct endpoint row = { .name = "x", .job = rows[_i].job, .in = rows[_i].in };
    struct statement statement = { .count = 1 };
    struct operation operation = { .row = &row,
                                   .fields = row.in,
                                   .bound = { .statement = &statement, .sources = { rows[_i].source } } };

    ck_assert_pstr_eq(job_args_bind(&operation), rows[_i].stray);
    ck_assert_int_eq(operation.kind != NULL, !rows[_i].stray && rows[_i].source == ARG_JOB_ARGS);
}
END_TEST

SUITE(job_args_front)
{
    tcase_add_test(tests, the_front_puts_what_the_worker_opens);
    tcase_add_test(tests, the_front_refuses_what_the_kind_would);
    tcase_add_test(tests, the_front_refuses_what_is_too_large_for_a_job);
    tcase_add_test(tests, a_row_that_puts_no_job_is_let_be);
    tcase_add_loop_test(tests, a_row_is_held_against_its_kind_at_the_start, 0, ELEMENTS(rows));
}
