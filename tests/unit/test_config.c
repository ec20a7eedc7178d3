/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/config.h"
#include "common/memory.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <unistd.h>

#define SECRET "secret = 0123456789abcdef0123456789abcdef\n"

#define HOST "letters, without a path"
#define S3                                                                                                             \
    "storage.backend = s3\nstorage.endpoint = https://s3.example:9000\nstorage.bucket = files\n"                       \
    "storage.access_key = key\nstorage.secret_key = hidden\n"

static char path[64];

/* Each test is a process of its own, so the environment it leaves does not matter. */
static int load(void *ctx, const char *text, struct config **ret, const char **ret_why)
{
    FILE *file;
    int fd, r;

    snprintf(path, sizeof path, "/tmp/millrace-config-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    file = fdopen(fd, "w");
    fputs(text, file);
    fclose(file);
    r = config_load(ctx, path, ret, ret_why);
    unlink(path);
    return r;
}

START_TEST(a_file_goes_over_the_defaults)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct config *config = NULL;
    const char *why = NULL;

    ck_assert_int_eq(load(ctx,
                          "# a comment\n\n" SECRET "  worker.slots=7  \nsmtp.from = A # b <a@b.example>\n"
                          "worker.landlock = no\nenvironment = sandbox\nlog.level = debug\nsmtp.url =\n",
                          &config, &why),
                     0);
    ck_assert_int_eq(config->worker_slots, 7);
    ck_assert_str_eq(config->smtp_from, "A # b <a@b.example>");
    ck_assert(!config->worker_landlock);
    ck_assert(config->sandbox);
    ck_assert_int_eq(config->log_level, LOG_DEBUG);
    ck_assert_str_eq(config->smtp_url, "");
    ck_assert_int_eq(config->queue_lease, 30);
    ck_assert_str_eq(config->database_url, "dbname=millrace");
}
END_TEST

START_TEST(a_bucket_is_all_that_files_need)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct config *config = NULL;
    const char *why = NULL;

    ck_assert_int_eq(load(ctx, SECRET S3, &config, &why), 0);
    ck_assert_str_eq(config->storage_backend, "s3");
    ck_assert_str_eq(config->storage_region, "us-east-1");
    ck_assert(!config->storage_path_style);
}
END_TEST

START_TEST(the_environment_goes_over_the_file)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct config *config = NULL;
    const char *why = NULL;

    setenv("MILLRACE_WORKER_SLOTS", "9", 1);
    setenv("MILLRACE_FRONT_CONNECTIONS_FAST", "3", 1);
    setenv("MILLRACE_SECRET", "an environment's secret of 32 bytes", 1);
    ck_assert_int_eq(load(ctx, SECRET "worker.slots = 7\n", &config, &why), 0);
    ck_assert_int_eq(config->worker_slots, 9);
    ck_assert_int_eq(config->front_connections_fast, 3);
    ck_assert_str_eq(config->secret, "an environment's secret of 32 bytes");
    setenv("MILLRACE_WORKER_SLOTS", "many", 1);
    ck_assert_int_eq(load(ctx, SECRET, &config, &why), -EINVAL);
    ck_assert_str_eq(why, "the environment's MILLRACE_WORKER_SLOTS must be a whole number from 1 to 64");
}
END_TEST

static const struct {
    const char *text, *why; /* %s: the file */
} refused[] = {
    { SECRET "worker.slotz = 1\n", "%s:2: unknown key worker.slotz" },
    { SECRET "\n# x\nworker.slots = many\n", "%s:4: worker.slots must be a whole number from 1 to 64" },
    { SECRET "worker.slots = 0\n", "%s:2: worker.slots must be a whole number from 1 to 64" },
    { SECRET "worker.slots = 257\n", "%s:2: worker.slots must be a whole number from 1 to 64" },
    { SECRET "worker.slots = 99999999999999999999\n", "%s:2: worker.slots must be a whole number from 1 to 64" },
    { SECRET "worker.slots =\n", "%s:2: worker.slots must be a whole number from 1 to 64" },
    { SECRET "worker.slots = 2x\n", "%s:2: worker.slots must be a whole number from 1 to 64" },
    { SECRET "front.sendfile = yes\n", "front.sendfile must be accel, sendfile or no" },
    { SECRET "queue.lease = 2\n", "%s:2: queue.lease must be a whole number from 3 to 3600" },
    { SECRET "queue.lease = 3601\n", "%s:2: queue.lease must be a whole number from 3 to 3600" },
    { SECRET "worker.stop = -1\n", "%s:2: worker.stop must be a whole number from 0 to 3600" },
    { SECRET "worker.landlock = perhaps\n", "%s:2: worker.landlock must be yes or no" },
    { SECRET "worker.slots\n", "%s:2: no = in the line" },
    { SECRET "environment = test\n", "environment must be production or sandbox" },
    { SECRET "log.level = loud\n", "log.level must be error, warning, info or debug" },
    { SECRET "storage.backend = tape\n", "storage.backend must be folder or s3" },
    { SECRET S3 "storage.endpoint = s3.example\n",
      "storage.endpoint must be http:// or https:// and a host in small " HOST },
    { SECRET S3 "storage.endpoint = https://S3.example\n",
      "storage.endpoint must be http:// or https:// and a host in small " HOST },
    { SECRET S3 "storage.endpoint = https://s3.example/\n",
      "storage.endpoint must be http:// or https:// and a host in small " HOST },
    { SECRET S3 "storage.endpoint = https://a@s3.example\n",
      "storage.endpoint must be http:// or https:// and a host in small " HOST },
    { SECRET S3 "storage.endpoint = https://\n",
      "storage.endpoint must be http:// or https:// and a host in small " HOST },
    { SECRET S3 "storage.bucket =\n", "storage.bucket must be set, of small letters, digits, dots and hyphens" },
    { SECRET S3 "storage.bucket = a/b\n", "storage.bucket must be set, of small letters, digits, dots and hyphens" },
    { SECRET S3 "storage.region =\n", "storage.region must be set, of small letters, digits and hyphens" },
    { SECRET S3 "storage.access_key =\n", "storage.access_key and storage.secret_key must be set" },
    { SECRET S3 "storage.secret_key =\n", "storage.access_key and storage.secret_key must be set" },
    { SECRET "redis.url = redis://hidden@h\n", "redis.url: a login is USER:PASSWORD or :PASSWORD" },
    { SECRET "redis.url =\n", "redis.url: a host is missing" },
    { SECRET "redis.queues = image=a:1; mail\n", "redis.queues: a queue's Redis is written QUEUE=ADDRESS" },
    { "", "secret must be set, to 32 bytes or more (openssl rand -hex 32)" },
    { "secret = short\n", "secret must be set, to 32 bytes or more (openssl rand -hex 32)" },
    { SECRET "seal.keys = a:0123456789abcdef\n",
      "seal.keys: the key a must have 32 bytes or more (openssl rand -hex 32)" },
};

START_TEST(what_is_wrong_is_named_with_file_and_line)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct config *config = NULL;
    const char *why = NULL, *rest = refused[_i].why;

    ck_assert_int_eq(load(ctx, refused[_i].text, &config, &why), -EINVAL);
    ck_assert_ptr_null(config);
    if (!strncmp(rest, "%s", 2)) {
        ck_assert_int_eq(strncmp(why, path, strlen(path)), 0);
        why += strlen(path);
        rest += 2;
    }
    ck_assert_str_eq(why, rest);
    ck_assert_ptr_null(strstr(why, "0123456789abcdef"));
}
END_TEST

START_TEST(the_file_is_named_by_the_environment)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct config *config = NULL;
    const char *why = NULL;

    setenv("MILLRACE_CONFIG", "/nowhere/millrace.conf", 1);
    ck_assert_int_eq(config_load(ctx, NULL, &config, &why), -ENOENT);
    ck_assert_str_eq(why, "/nowhere/millrace.conf: No such file or directory");
    ck_assert_int_eq(config_load(ctx, "/tmp", &config, &why), -EISDIR);
    ck_assert_str_eq(why, "/tmp: Is a directory");
    unsetenv("MILLRACE_CONFIG");
    setenv("MILLRACE_SECRET", "an environment's secret of 32 bytes", 1);
    ck_assert_int_eq(config_load(ctx, NULL, &config, &why), 0);
}
END_TEST

static char *printed(void *ctx, const struct config *config)
{
    autofree char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    config_print(config, to);
    fclose(to);
    return COPY(ctx, text);
}

START_TEST(secrets_are_not_printed_and_all_else_can_be_read_again)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct config *config = NULL, *again = NULL;
    const char *why = NULL;
    char *text;

    ck_assert_int_eq(load(ctx,
                          SECRET
                          "database.url = password=hidden1\nredis.url = redis://:hidden2@h\nsmtp.password = hidden3\n"
                          "redis.queues = mail=redis://:hidden4@h\nqueue.encrypt = yes\n"
                          "seal.keys = hidden4:0123456789abcdef0123456789abcdef\n"
                          "worker.slots = 7\nworker.landlock = 0\n",
                          &config, &why),
                     0);
    text = printed(ctx, config);
    ck_assert_ptr_null(strstr(text, "hidden"));
    ck_assert_ptr_null(strstr(text, "0123456789abcdef"));
    ck_assert_ptr_nonnull(strstr(text, "\nsmtp.password = (set)\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nseal.keys = (set)\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nredis.queues = (set)\n"));
    setenv("MILLRACE_SECRET", "an environment's secret of 32 bytes", 1);
    setenv("MILLRACE_SEAL_KEYS", "a:an environment's key of 32 bytes or so", 1);
    setenv("MILLRACE_REDIS_URL", "h", 1); /* "(set)" is no address */
    setenv("MILLRACE_REDIS_QUEUES", "mail=h", 1);
    ck_assert_int_eq(load(ctx, text, &again, &why), 0);
    ck_assert(again->queue_encrypt);
    ck_assert_int_eq(again->worker_slots, 7);
    ck_assert(!again->worker_landlock);
    ck_assert_str_eq(printed(ctx, again), text);
}
END_TEST

SUITE(config)
{
    tcase_add_test(tests, a_file_goes_over_the_defaults);
    tcase_add_test(tests, a_bucket_is_all_that_files_need);
    tcase_add_test(tests, the_environment_goes_over_the_file);
    tcase_add_loop_test(tests, what_is_wrong_is_named_with_file_and_line, 0, ELEMENTS(refused));
    tcase_add_test(tests, the_file_is_named_by_the_environment);
    tcase_add_test(tests, secrets_are_not_printed_and_all_else_can_be_read_again);
}
