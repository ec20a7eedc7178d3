/* SPDX-License-Identifier: GPL-3.0-or-later
 * Checks of the blocking clients (common/database.h, common/redis.h) against real servers, for test_clients.py:
 *   clients CONNINFO REDIS CHECK        clients (alone): the checks' names */
#include "common/database.h"
#include "common/memory.h"
#include "common/redis.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>

static const char *conninfo, *address;
static void *ctx;

#define CHECK(what)                                                                                                    \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                                                 \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)
#define SQL(label, string) static const struct sql label = { #label, string }
#define ARGUMENT(value) PARAMS({ "a", value })

SQL(add, "select :a::int + 1 as b, null as n");
SQL(put, "insert into client_t (a) values (:a::int)");
SQL(number, "select count(*)::text as n from client_t");
SQL(divide, "select 1 / :a::int");
SQL(all, "select * from client_t");
SQL(wrong, "selec 1");
SQL(deferred, "insert into client_d values (:a::int)");
SQL(suicide, "select pg_terminate_backend(pg_backend_pid())");
SQL(pid, "select pg_backend_pid() as pid");
SQL(terminate, "select pg_terminate_backend(:a::int, 5000)");
SQL(slow, "select pg_sleep(5)");
SQL(forget, "discard all");

static struct database *database(void)
{
    struct database *database = database_new(ctx, conninfo, 400);
    autoresult struct result result;

    CHECK(database_script(database,
                          "set client_min_messages = error; drop table if exists client_t, client_d;"
                          "create table client_t (a int);"
                          "create table client_d (a int unique deferrable initially deferred)",
                          &result) == 0);
    return database;
}

/* Run one statement; its error, and nothing kept. */
static enum error run(struct database *database, const struct sql *sql, const struct param *params)
{
    autoresult struct result result;
    int r = database_run(database, sql, params, &result);

    CHECK((r == 0) == (result.error == E_NONE));
    return result.error;
}

static void check_values(void)
{
    struct database *db = database();

    for (int i = 0; i < 3; i++) {
        autoresult struct result result;
        CHECK(database_run(db, &add, ARGUMENT("41"), &result) == 0);
        CHECK(result_rows(&result) == 1 && !strcmp(result_text(&result, 0, "b"), "42"));
        CHECK(!result_text(&result, 0, "n"));
    }
}

static void check_errors(void)
{
    struct database *db = database();
    autoresult struct result result;

    CHECK(database_run(db, &divide, ARGUMENT("0"), &result) == -EIO);
    CHECK(result.error == E_INVALID && !strcmp(result.sqlstate, "22012"));
    CHECK(!strcmp(result.message, "division by zero"));
    CHECK(run(db, &wrong, NO_PARAMS) == E_INTERNAL && run(db, &wrong, NO_PARAMS) == E_INTERNAL);
    CHECK(run(db, &add, NO_PARAMS) == E_INTERNAL); /* a missing parameter */
    CHECK(run(db, &slow, NO_PARAMS) == E_UNAVAILABLE);
    CHECK(run(db, &deferred, ARGUMENT("1")) == E_NONE && run(db, &deferred, ARGUMENT("1")) == E_CONFLICT);
    CHECK(run(db, &add, ARGUMENT("1")) == E_NONE);
}

static void check_all_or_none(void)
{
    struct database *db = database();
    const struct call bad[] = { { &put, ARGUMENT("1") }, { &divide, ARGUMENT("0") }, { &put, ARGUMENT("2") } };
    const struct call good[] = { { &put, ARGUMENT("1") }, { &put, ARGUMENT("2") }, { &number, NO_PARAMS } };
    struct result results[3];

    CHECK(database_run_all(db, bad, 3, results) == -EIO);
    CHECK(!results[0].error && results[1].error == E_INVALID && results[2].error == E_INVALID);
    for (int i = 0; i < 3; i++)
        result_clear(&results[i]);
    CHECK(database_run_all(db, good, 3, results) == 0);
    CHECK(!strcmp(result_text(&results[2], 0, "n"), "2"));
    for (int i = 0; i < 3; i++)
        result_clear(&results[i]);
}

static void check_stale_statements(void)
{
    struct database *db = database();
    autoresult struct result altered, script;

    CHECK(run(db, &all, NO_PARAMS) == E_NONE);
    CHECK(database_script(db, "alter table client_t add column b int", &script) == 0);
    CHECK(database_run(db, &all, NO_PARAMS, &altered) == 0 && PQnfields(altered.rows) == 2);
    CHECK(run(db, &forget, NO_PARAMS) == E_NONE && run(db, &all, NO_PARAMS) == E_NONE);
}

static void check_lost_connections(void)
{
    struct database *db = database(), *other = database();
    struct database *nowhere = database_new(ctx, "host=/nonexistent user=nobody dbname=none", 400);
    char number_of[24];

    CHECK(run(db, &suicide, NO_PARAMS) == E_UNAVAILABLE);
    for (int i = 0; i < 5; i++) {
        autoresult struct result result;
        CHECK(database_run(db, &pid, NO_PARAMS, &result) == 0); /* anew after a loss nobody listened to */
        snprintf(number_of, sizeof number_of, "%s", result_text(&result, 0, "pid"));
        CHECK(run(other, &terminate, ARGUMENT(number_of)) == E_NONE);
    }
    CHECK(run(nowhere, &pid, NO_PARAMS) == E_UNAVAILABLE && !database_handle(nowhere));
}

/* ---- Redis ---- */

static const struct library plumbing = { "plumbing",
                                         "#!lua name=plumbing\n"
                                         "redis.register_function('plumbing_add', function(keys, words)"
                                         " return redis.call('INCRBY', keys[1], words[1]) end)\n"
                                         "redis.register_function('plumbing_seven', function() return 7 end)" };
static const struct library broken = { "broken", "#!lua name=broken\nthis is no Lua" };
static const struct script increment = { &plumbing, "plumbing_add" }, seven = { &plumbing, "plumbing_seven" },
                           unknown = { &plumbing, "plumbing_none" }, hopeless = { &broken, "broken_none" };

static struct command words(const char *const *texts)
{
    struct command command = { 0 };
    for (; *texts; texts++)
        command_text(ctx, &command, *texts);
    return command;
}
#define WORDS(...) (&(struct command[]){ words((const char *const[]){ __VA_ARGS__, NULL }) }[0])

static int redis_run(struct redis *redis, const struct command *command)
{
    redisReply *reply;
    int r = redis_do(redis, command, &reply);

    if (r == 0)
        freeReplyObject(reply);
    return r;
}

static long long redis_script(struct redis *redis, const struct script *script, const struct command *command)
{
    redisReply *reply;
    long long value;

    CHECK(redis_call(redis, script, command->count ? 1 : 0, command, &reply) == 0);
    value = reply->integer;
    freeReplyObject(reply);
    return value;
}

static void check_scripts(void)
{
    struct redis *redis = redis_new(ctx, address, 300);
    const struct command none = { 0 };
    redisReply *reply;

    CHECK(redis_connect(redis) == 0 && strlen(redis_run_id(redis)) == 40);
    CHECK(redis_run(redis, WORDS("DEL", "client")) == 0);
    for (int i = 1; i < 4; i++)
        CHECK(redis_script(redis, &increment, WORDS("client", "5")) == i * 5);
    CHECK(redis_run(redis, WORDS("FUNCTION", "FLUSH")) == 0);
    CHECK(redis_script(redis, &increment, WORDS("client", "5")) == 20);
    CHECK(redis_script(redis, &increment, WORDS("client", "5")) == 25);
    CHECK(redis_script(redis, &seven, &none) == 7);
    CHECK(redis_call(redis, &unknown, 0, &none, &reply) == -EPROTO && strstr(redis_error(redis), "Function not found"));
    CHECK(redis_call(redis, &hopeless, 0, &none, &reply) == -EPROTO && strstr(redis_error(redis), "Error compiling"));
    CHECK(redis_script(redis, &seven, &none) == 7); /* on the same connection */
}

static void check_redis_errors(void)
{
    struct redis *redis = redis_new(ctx, address, 300), *nowhere = redis_new(ctx, "/nonexistent", 300);
    struct pollfd fd;

    CHECK(redis_run(redis, WORDS("NONSENSE")) == -EPROTO && strstr(redis_error(redis), "unknown command"));
    CHECK(redis_run(redis, WORDS("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")) != -ENOTCONN);
    fd = (struct pollfd){ .fd = redis_descriptor(redis), .events = POLLIN };
    CHECK(fd.fd < 0 || poll(&fd, 1, 5000) == 1);                     /* its end has come, unnoticed so far */
    CHECK(redis_run(redis, WORDS("PING")) == 0);                     /* on a connection made anew */
    CHECK(redis_run(redis, WORDS("BLPOP", "nothing", "2")) == -EIO); /* past the timeout */
    CHECK(!redis_connected(redis) && redis_run(redis, WORDS("PING")) == 0);
    CHECK(redis_connect(nowhere) == -ENOTCONN && redis_run(nowhere, WORDS("PING")) == -ENOTCONN);
}

static void check_send_and_take(void)
{
    struct redis *redis = redis_new(ctx, address, 300);
    struct pollfd fd;
    redisReply *reply;

    CHECK(redis_take(redis, &reply) == -ENOTCONN);
    CHECK(redis_send(redis, WORDS("BLPOP", "nothing", "0.5")) == 0);
    CHECK(redis_take(redis, &reply) == -EAGAIN);
    fd = (struct pollfd){ .fd = redis_descriptor(redis), .events = POLLIN };
    CHECK(poll(&fd, 1, 5000) == 1 && redis_take(redis, &reply) == 0 && reply->type == REDIS_REPLY_NIL);
    freeReplyObject(reply);
    CHECK(redis_run(redis, WORDS("PING")) == 0);
}

/* Calls until one is done, or five seconds are over: a back-off has to pass. */
static int redis_run_soon(struct redis *redis, const struct command *command)
{
    int r = -1;

    for (int i = 0; i < 250 && r < 0; i++) {
        r = redis_run(redis, command);
        if (r < 0)
            poll(NULL, 0, 20);
    }
    return r;
}

/* How often somebody has tried to log in. */
static long logins(struct redis *redis)
{
    const char *found;
    redisReply *reply;
    long n;

    CHECK(redis_do(redis, WORDS("INFO", "commandstats"), &reply) == 0);
    found = strstr(reply->str, "cmdstat_auth:calls=");
    n = found ? strtol(found + strlen("cmdstat_auth:calls="), NULL, 10) : 0;
    freeReplyObject(reply);
    return n;
}

static void check_login(void)
{
    struct redis *admin = redis_new(ctx, address, 300),
                 *redis = redis_new(ctx, FORMAT(ctx, "unix://plumb:a%%20pass@%s", address), 300);
    const char *why;
    long before = logins(admin);

    CHECK(redis_connect(redis) == -ENOTCONN && strstr(redis_error(redis), "login refused: WRONGPASS"));
    why = redis_trouble(redis);
    CHECK(why && strstr(why, "WRONGPASS") && !strstr(why, "a pass"));
    for (int i = 0; i < 100; i++)
        CHECK(redis_run(redis, WORDS("PING")) == -ENOTCONN && !redis_trouble(redis));
    CHECK(logins(admin) == before + 1);
    CHECK(redis_run(admin, WORDS("ACL", "SETUSER", "plumb", "on", ">a pass", "~*", "+@all")) == 0);
    CHECK(redis_run_soon(redis, WORDS("SET", "client", "1")) == 0);
    CHECK(redis_run(admin, WORDS("CLIENT", "KILL", "USER", "plumb")) == 0);
    CHECK(redis_run_soon(redis, WORDS("PING")) == 0);
    CHECK(redis_run(admin, WORDS("ACL", "DELUSER", "plumb")) == 0);
}

static void check_demotion(void)
{
    struct redis *redis = redis_new(ctx, address, 300), *other = redis_new(ctx, address, 300);

    CHECK(redis_run(redis, WORDS("PING")) == 0 && redis_run(other, WORDS("PING")) == 0);
    CHECK(redis_run(redis, WORDS("REPLICAOF", "127.0.0.1", "1")) == 0);
    CHECK(redis_run(redis, WORDS("SET", "client", "1")) == -EPROTO && !strncmp(redis_error(redis), "READONLY", 8));
    CHECK(!redis_connected(redis) && !*redis_run_id(redis));
    CHECK(redis_run(redis, WORDS("SET", "client", "1")) == -ENOTCONN && strstr(redis_error(redis), "is no master"));
    CHECK(redis_run(other, WORDS("REPLICAOF", "NO", "ONE")) == 0);
    CHECK(redis_run_soon(redis, WORDS("SET", "client", "1")) == 0);
}

static void check_no_address(void)
{
    struct redis *redis = redis_new(ctx, "redis://hidden@h", 300);

    CHECK(redis_run(redis, WORDS("PING")) == -ENOTCONN && strstr(redis_error(redis), "USER:PASSWORD"));
    CHECK(!strstr(redis_error(redis), "hidden") && redis_trouble(redis));
}

static const struct {
    const char *name;
    void (*run)(void);
} checks[] = {
    { "values", check_values },
    { "errors", check_errors },
    { "all_or_none", check_all_or_none },
    { "stale_statements", check_stale_statements },
    { "lost_connections", check_lost_connections },
    { "scripts", check_scripts },
    { "redis_errors", check_redis_errors },
    { "send_and_take", check_send_and_take },
    { "login", check_login },
    { "demotion", check_demotion },
    { "no_address", check_no_address },
};

int main(int argc, char **argv)
{
    int ran = 0;

    memory_init();
    signal(SIGPIPE, SIG_IGN);
    ctx = talloc_new(NULL);
    conninfo = argc > 1 ? argv[1] : NULL;
    address = argc > 2 ? argv[2] : NULL;
    for (size_t i = 0; i < ELEMENTS(checks); i++) {
        if (argc == 1)
            puts(checks[i].name);
        if (argc == 4 && !strcmp(checks[i].name, argv[3])) {
            checks[i].run();
            ran++;
        }
    }
    talloc_free(ctx);
    return argc > 1 && !ran ? 2 : 0;
}
