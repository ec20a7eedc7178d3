/* SPDX-License-Identifier: GPL-3.0-or-later
 * The dial, told by hand what servers would answer. */
#include "common/memory.h"
#include "common/redis_dial.h"
#include "tests/unit/suite.h"
#include <errno.h>

static void *ctx;
static struct redis_dial *dial;

static void begin(const char *address)
{
    ctx = talloc_new(NULL);
    dial = dial_new(ctx, address);
    ck_assert_int_eq(dial_begin(dial), DIAL_AGAIN);
}

static void end(void)
{
    talloc_free(ctx);
}

static const char *place(void)
{
    char *text = memory_check(talloc_size(ctx, REDIS_PLACE_TEXT));
    redis_place_print(dial_place(dial), text);
    return text;
}

/* What it says, "WORD WORD; WORD", as far as it goes. */
static const char *says(void)
{
    struct command commands[DIAL_SAYS];
    int n = dial_say(dial, ctx, commands);
    char *text = COPY(ctx, "");

    for (int i = 0; i < n; i++)
        for (int k = 0; k < commands[i].count; k++)
            text = memory_check(talloc_asprintf_append(text, "%s%.*s",
                                                       !i && !k ? ""
                                                       : k      ? " "
                                                                : "; ",
                                                       (int)commands[i].lengths[k], commands[i].words[k]));
    return text;
}

static redisReply *text_reply(int type, const char *text)
{
    redisReply *reply = NEW(ctx, redisReply);

    reply->type = type;
    reply->str = COPY(ctx, text);
    reply->len = strlen(text);
    return reply;
}

static const char *hear(int number, int type, const char *text)
{
    return dial_hear(dial, number, text_reply(type, text));
}

/* An array of texts; second may be NULL. */
static const char *hear_list(int number, const char *first, const char *second)
{
    redisReply *reply = NEW(ctx, redisReply);

    reply->type = REDIS_REPLY_ARRAY;
    reply->elements = second ? 2 : 1;
    reply->element = memory_check(talloc_zero_array(ctx, redisReply *, 2));
    reply->element[0] = text_reply(REDIS_REPLY_STRING, first);
    reply->element[1] = text_reply(REDIS_REPLY_STRING, second ? second : "");
    return dial_hear(dial, number, reply);
}

#define INFO "# Server\r\nredis_version:7\r\nrun_id:abc123\r\n"

START_TEST(a_server_is_asked_who_it_is)
{
    begin("redis://me:pw@h:7");
    ck_assert_str_eq(place(), "h:7");
    ck_assert_str_eq(says(), "AUTH me pw; ROLE; INFO server; PING");
    ck_assert_ptr_null(hear(0, REDIS_REPLY_STATUS, "OK"));
    ck_assert_ptr_null(hear_list(1, "master", NULL));
    ck_assert_ptr_null(hear(2, REDIS_REPLY_STRING, INFO));
    ck_assert_int_eq(dial_greeted(dial), DIAL_THERE);
    ck_assert_str_eq(dial_run_id(dial), "abc123");
    end();
}
END_TEST

START_TEST(a_server_without_functions_is_none)
{
    begin("h");
    ck_assert_str_eq(says(), "ROLE; INFO server; PING");
    ck_assert_str_eq(hear(1, REDIS_REPLY_STRING, "# Server\r\nredis_version:6.2.14\r\nrun_id:abc123\r\n"),
                     "is older than 7, and has no functions");
    ck_assert_ptr_null(hear(1, REDIS_REPLY_STRING, "# Server\r\nredis_version:10.0.1\r\nrun_id:abc123\r\n"));
    end();
}
END_TEST

START_TEST(a_server_that_loads_its_data_is_not_ready)
{
    begin("h");
    ck_assert_str_eq(says(), "ROLE; INFO server; PING");
    ck_assert_ptr_null(hear(2, REDIS_REPLY_STATUS, "PONG"));
    ck_assert_str_eq(hear(2, REDIS_REPLY_ERROR, "LOADING Redis is loading the dataset in memory"),
                     "LOADING Redis is loading the dataset in memory");
    ck_assert_int_eq(dial_failed(dial, "LOADING"), DIAL_OVER);
    end();
}
END_TEST

START_TEST(a_replica_is_not_what_was_looked_for)
{
    begin("h");
    ck_assert_str_eq(says(), "ROLE; INFO server; PING");
    ck_assert_str_eq(hear_list(0, "slave", NULL), "is no master");
    ck_assert_int_eq(dial_failed(dial, "is no master"), DIAL_OVER);
    ck_assert_str_eq(dial_why(dial), "h:6379: is no master");
    end();
}
END_TEST

START_TEST(the_default_user_needs_no_name)
{
    begin("redis://:pw@h:7");
    ck_assert_str_eq(says(), "AUTH pw; ROLE; INFO server; PING");
    end();
}
END_TEST

static const struct {
    const char *address, *error, *heard;
    int number;
} denials[] = {
    { "redis://:pw@h", "WRONGPASS invalid", "login refused: WRONGPASS invalid", 0 },
    { "redis://:pw@h", "ERR AUTH <password> called without any password", "login refused: ERR AUTH", 0 },
    { "h", "NOAUTH Authentication required.", "NOAUTH Authentication required.", 0 },
    { "redis://:pw@h", "NOPERM no permissions to run the 'role' command", "NOPERM no permissions", 1 },
    { "sentinel://h/m?sentinel=:pw", "WRONGPASS invalid", "login refused: WRONGPASS invalid", 0 },
};

START_TEST(who_is_not_let_in_does_not_knock_again_soon)
{
    const char *heard;

    begin(denials[_i].address);
    says();
    heard = hear(denials[_i].number, REDIS_REPLY_ERROR, denials[_i].error);
    ck_assert_int_eq(strncmp(heard, denials[_i].heard, strlen(denials[_i].heard)), 0);
    ck_assert_int_eq(dial_failed(dial, heard), DIAL_OVER);
    ck_assert_int_ge(dial_backoff(dial), 1500);
    ck_assert_ptr_null(strstr(dial_why(dial), "pw"));
    end();
}
END_TEST

START_TEST(other_failures_back_off_step_by_step)
{
    int last = 0;

    begin("h");
    for (int i = 0; i < 14; i++) {
        ck_assert_int_eq(dial_failed(dial, "Connection refused"), DIAL_OVER);
        ck_assert_int_le(dial_backoff(dial), last ? 2 * last : 50);
        ck_assert_int_le(dial_backoff(dial), 2000);
        last = dial_backoff(dial);
        ck_assert_int_eq(dial_begin(dial), DIAL_AGAIN);
    }
    ck_assert_int_ge(last, 1500);
    dial_up(dial);
    dial_failed(dial, "lost");
    ck_assert_int_le(dial_backoff(dial), 50);
    end();
}
END_TEST

/* ---- Sentinel ---- */

START_TEST(a_sentinel_names_the_master)
{
    begin("sentinel://me:pw@a:1,b:2/main?sentinel=s:x");
    ck_assert_str_eq(says(), "AUTH s x; SENTINEL GET-MASTER-ADDR-BY-NAME main");
    ck_assert_ptr_null(hear(0, REDIS_REPLY_STATUS, "OK"));
    ck_assert_ptr_null(hear_list(1, "10.0.0.1", "7001"));
    ck_assert_int_eq(dial_greeted(dial), DIAL_AGAIN);
    ck_assert_str_eq(place(), "10.0.0.1:7001");
    ck_assert_str_eq(says(), "AUTH me pw; ROLE; INFO server; PING");
    ck_assert_ptr_null(hear(0, REDIS_REPLY_STATUS, "OK"));
    ck_assert_ptr_null(hear_list(1, "master", NULL));
    ck_assert_ptr_null(hear(2, REDIS_REPLY_STRING, INFO));
    ck_assert_int_eq(dial_greeted(dial), DIAL_THERE);
    end();
}
END_TEST

START_TEST(sentinels_that_do_not_answer_are_passed_over)
{
    begin("sentinel://a:1,b:2,c:3/main");
    ck_assert_str_eq(place(), "a:1");
    ck_assert_int_eq(dial_failed(dial, "timeout"), DIAL_AGAIN);
    ck_assert_str_eq(place(), "b:2");
    says();
    ck_assert_str_eq(hear(0, REDIS_REPLY_NIL, ""), "the sentinel knows no master of that name");
    ck_assert_int_eq(dial_failed(dial, "nil"), DIAL_AGAIN);
    ck_assert_str_eq(place(), "c:3");
    says();
    ck_assert_str_eq(hear_list(0, "10.0.0.1", "0"), "a place was named that is none");
    ck_assert_int_eq(dial_failed(dial, "none"), DIAL_OVER);
    ck_assert_str_eq(dial_why(dial), "c:3: none");
    end();
}
END_TEST

START_TEST(a_sentinel_that_is_behind_is_not_asked_first_again)
{
    begin("sentinel://a:1,b:2/main");
    says();
    ck_assert_ptr_null(hear_list(0, "::5", "7001"));
    ck_assert_int_eq(dial_greeted(dial), DIAL_AGAIN);
    ck_assert_str_eq(place(), "[::5]:7001");
    ck_assert_int_eq(dial_failed(dial, "is no master"), DIAL_OVER);
    ck_assert_str_eq(dial_why(dial), "[::5]:7001: is no master");
    ck_assert_int_eq(dial_begin(dial), DIAL_AGAIN);
    ck_assert_str_eq(place(), "b:2");
    end();
}
END_TEST

START_TEST(a_connection_that_breaks_later_begins_a_new_attempt)
{
    begin("sentinel://a:1,b:2/main");
    says();
    hear_list(0, "m", "1");
    ck_assert_int_eq(dial_greeted(dial), DIAL_AGAIN);
    ck_assert_int_eq(dial_greeted(dial), DIAL_THERE);
    dial_up(dial);
    ck_assert_int_eq(dial_failed(dial, "closed"), DIAL_OVER);
    end();
}
END_TEST

/* ---- a cluster ---- */

START_TEST(a_node_names_the_one_that_has_the_slot)
{
    begin("cluster://:pw@[::1]:1,b:2/{q:x}");
    ck_assert_str_eq(says(), "AUTH pw; EXISTS {q:x}; INFO server; PING");
    ck_assert_ptr_null(hear(0, REDIS_REPLY_STATUS, "OK"));
    ck_assert_ptr_null(hear(1, REDIS_REPLY_ERROR, "MOVED 3999 fe80::9:6381"));
    ck_assert_ptr_null(hear(2, REDIS_REPLY_STRING, INFO));
    ck_assert_int_eq(dial_greeted(dial), DIAL_AGAIN);
    ck_assert_str_eq(place(), "[fe80::9]:6381");
    ck_assert_str_eq(says(), "AUTH pw; EXISTS {q:x}; INFO server; PING");
    ck_assert_str_eq(hear(1, REDIS_REPLY_ERROR, "MOVED 3999 c:1"), "MOVED 3999 c:1"); /* not for ever */
    ck_assert_int_eq(dial_failed(dial, "moved"), DIAL_OVER);
    ck_assert_int_eq(dial_begin(dial), DIAL_AGAIN);
    ck_assert_str_eq(place(), "b:2");
    says();
    ck_assert_ptr_null(hear(1, REDIS_REPLY_INTEGER, ""));
    ck_assert_int_eq(dial_greeted(dial), DIAL_THERE);
    end();
}
END_TEST

START_TEST(a_node_without_a_name_is_where_it_was_asked)
{
    begin("cluster://h:1/{q:x}");
    says();
    ck_assert_ptr_null(hear(0, REDIS_REPLY_ERROR, "MOVED 3999 :6381"));
    ck_assert_int_eq(dial_greeted(dial), DIAL_AGAIN);
    ck_assert_str_eq(place(), "h:6381");
    end();
}
END_TEST

static const char *const odd[] = { "MOVED 1",        "MOVED 1 host", "MOVED 1 host:",
                                   "MOVED 1 host:x", "MOVED ",       "CLUSTERDOWN Hash slot not served",
                                   "ASK 1 h:1" };

START_TEST(odd_answers_of_a_node_are_failures)
{
    begin("cluster://h:1/{q:x}");
    says();
    ck_assert_ptr_nonnull(hear(0, REDIS_REPLY_ERROR, odd[_i]));
    end();
}
END_TEST

START_TEST(what_is_no_address_fails_with_the_reason)
{
    ctx = talloc_new(NULL);
    dial = dial_new(ctx, "redis://hidden@h");
    ck_assert_int_eq(dial_begin(dial), DIAL_OVER);
    ck_assert_str_eq(dial_why(dial), "address: a login is USER:PASSWORD or :PASSWORD");
    end();
}
END_TEST

SUITE(redis_dial)
{
    tcase_add_test(tests, a_server_is_asked_who_it_is);
    tcase_add_test(tests, a_server_without_functions_is_none);
    tcase_add_test(tests, a_server_that_loads_its_data_is_not_ready);
    tcase_add_test(tests, a_replica_is_not_what_was_looked_for);
    tcase_add_test(tests, the_default_user_needs_no_name);
    tcase_add_loop_test(tests, who_is_not_let_in_does_not_knock_again_soon, 0, ELEMENTS(denials));
    tcase_add_test(tests, other_failures_back_off_step_by_step);
    tcase_add_test(tests, a_sentinel_names_the_master);
    tcase_add_test(tests, sentinels_that_do_not_answer_are_passed_over);
    tcase_add_test(tests, a_sentinel_that_is_behind_is_not_asked_first_again);
    tcase_add_test(tests, a_connection_that_breaks_later_begins_a_new_attempt);
    tcase_add_test(tests, a_node_names_the_one_that_has_the_slot);
    tcase_add_test(tests, a_node_without_a_name_is_where_it_was_asked);
    tcase_add_loop_test(tests, odd_answers_of_a_node_are_failures, 0, ELEMENTS(odd));
    tcase_add_test(tests, what_is_no_address_fails_with_the_reason);
}
