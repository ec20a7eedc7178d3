/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/config.h"
#include "common/key_file.h"
#include "common/memory.h"
#include "common/redis_address.h"
#include "common/seal.h"
#include "common/text.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>

#define SMALL "abcdefghijklmnopqrstuvwxyz"

enum type { STRING, NUMBER, SWITCH };

static const struct setting {
    const char *key;
    enum type type;
    size_t offset;
    const char *standard; /* the default */
    int min, max;         /* of a NUMBER */
    bool secret;
    const char *doc;
} settings[] = {
#define AT(member) offsetof(struct config, member)
    { "environment", STRING, AT(environment), "production", 0, 0, false, "production or sandbox" },
    { "log.level", STRING, AT(log_level_name), "info", 0, 0, false, "error, warning, info or debug" },
    { "secret", STRING, AT(secret), "", 0, 0, true,
      "master secret, 32 bytes or more: tokens, links and codes are keyed from it" },
    { "keys.file", STRING, AT(keys_file), "", 0, 0, false,
      "file of keys in its place, as `millrace keys` writes it, so that they can be changed; empty: none" },
    { "seal.keys", STRING, AT(seal_keys), "", 0, 0, true,
      "keys of what lies encrypted, as NAME:TEXT (32 bytes or more), comma-separated: the first seals, all open; empty: "
      "keyed from secret" },
    { "database.url", STRING, AT(database_url), "dbname=millrace", 0, 0, true, "libpq connection string" },
    { "database.timeout", NUMBER, AT(database_timeout), "5000", 10, 600000, false,
      "milliseconds a statement of a worker or the command may take" },
    { "redis.url", STRING, AT(redis_url), "127.0.0.1:6379", 0, 0, true,
      "HOST:PORT, path of a unix socket, or redis://, unix://, sentinel:// or cluster:// (docs/operating.md)" },
    { "redis.queues", STRING, AT(redis_queues), "", 0, 0, true,
      "QUEUE=ADDRESS; QUEUE=ADDRESS: queues with a Redis of their own" },
    { "redis.timeout", NUMBER, AT(redis_timeout), "500", 10, 60000, false,
      "milliseconds to wait for an answer before the connection counts as dead" },
    { "front.socket", STRING, AT(front_socket), "/run/millrace/front.sock", 0, 0, false,
      "unix socket the web server connects to" },
    { "front.mount", STRING, AT(front_mount), "", 0, 0, false,
      "path prefix in front of every product, without a slash at its end" },
    { "front.trusted_proxies", STRING, AT(front_trusted_proxies), "", 0, 0, false,
      "addresses, comma-separated, whose X-Forwarded-For is believed" },
    { "front.body_limit", NUMBER, AT(front_body_limit), "1048576", 1024, 67108864, false,
      "bytes a request body may have where no upload is expected" },
    { "front.connections.fast", NUMBER, AT(front_connections_fast), "2", 1, 8, false,
      "PostgreSQL connections of the fast lane, of each front process" },
    { "front.connections.slow", NUMBER, AT(front_connections_slow), "1", 1, 8, false, "of the slow lane" },
    { "front.connections.leased", NUMBER, AT(front_connections_leased), "2", 1, 8, false,
      "for transactions of several dependent statements" },
    { "front.queue.limit", NUMBER, AT(front_queue_limit), "2048", 16, 1000000, false,
      "requests that may wait for one lane; more are answered 503" },
    { "front.queue.age", NUMBER, AT(front_queue_age), "5000", 100, 600000, false,
      "milliseconds a request may wait for its lane before it is answered 503" },
    { "front.sendfile", STRING, AT(front_sendfile), "accel", 0, 0, false,
      "how finished files are sent: accel (X-Accel-Redirect, nginx), sendfile (X-Sendfile: Apache, lighttpd) or no (by "
      "the front)" },
    { "front.parked", NUMBER, AT(front_parked), "10000", 0, 1000000, false,
      "requests that may wait for a job at once, of each front process; others are answered without waiting" },
    { "front.threads", NUMBER, AT(front_threads), "2", 1, 16, false, "pool threads for what must block" },
    { "front.unlimited", STRING, AT(front_unlimited), "", 0, 0, false,
      "addresses, comma-separated, that no rate limit counts; one that ends in * stands for all that begin so" },
    { "front.operators", SWITCH, AT(front_operators), "no", 0, 0, false,
      "serve the operators' realm, below /-/operator/; let the web server hand on to it only what comes from where they sit" },
    { "password.threads", NUMBER, AT(password_threads), "1", 1, 16, false,
      "passwords that one front hashes at once; each takes password.memory" },
    { "password.operations", NUMBER, AT(password_operations), "2", 1, 20, false,
      "passes of Argon2id over its memory; hashes made with less are made anew when their owner signs in" },
    { "password.memory", NUMBER, AT(password_memory), "64", 1, 4096, false, "MiB of memory of one hash, at once" },
    { "products", STRING, AT(products), "", 0, 0, false,
      "products served here, comma-separated; empty: all. A request for another is answered 404" },
    { "front.origins", STRING, AT(front_origins), "", 0, 0, false,
      "origins, comma-separated, whose pages may call (CORS); *: any, without credentials; empty: none" },
    { "front.pages", STRING, AT(front_pages), MILLRACE_SHAREDIR "/web", 0, 0, false,
      "folder with the pages of /docs and /redoc, as make web makes it; read once" },
    { "nutrition.url", STRING, AT(nutrition_url), "http://localhost", 0, 0, false,
      "public base of Nutrition, without a slash at the end: links in answers and mails start with it" },
    { "smsagent.url", STRING, AT(smsagent_url), "http://localhost", 0, 0, false, "of the SMS agent" },
    { "expenses.url", STRING, AT(expenses_url), "http://localhost", 0, 0, false, "of the Expense Tracker" },
    { "ailice.url", STRING, AT(ailice_url), "http://localhost", 0, 0, false, "of AIlice" },
    { "figureforge.url", STRING, AT(figureforge_url), "http://localhost", 0, 0, false, "of FigureForge" },
    { "operator.url", STRING, AT(operator_url), "http://localhost", 0, 0, false,
      "of the operators' realm; where it begins with https: the cookie of a session goes over nothing else" },
    { "queue.lease", NUMBER, AT(queue_lease), "30", 3, 3600, false,
      "seconds a worker holds a job without renewing it; renewed every sixth of it" },
    { "queue.reconcile", NUMBER, AT(queue_reconcile), "5", 1, 3600, false,
      "seconds between two looks of the reconciler" },
    { "queue.keep", NUMBER, AT(queue_keep), "35", 7, 3650, false,
      "days that jobs, their results and their history are kept; a week goes when it is over that long" },
    { "queue.backlog", NUMBER, AT(queue_backlog), "1000000", 1, 1000000000, false,
      "open jobs of a queue from which on no more can be put, when nothing is set for that queue" },
    { "queue.memory", NUMBER, AT(queue_memory), "70", 10, 100, false,
      "per cent of Redis' maxmemory from which on no more jobs can be put" },
    { "queue.encrypt", SWITCH, AT(queue_encrypt), "no", 0, 0, false,
      "encrypt all arguments of jobs in the database, not only the secret ones" },
    { "scheduler.listen", STRING, AT(scheduler_listen), "", 0, 0, false,
      "where the scheduler gives metrics for Prometheus: path of a unix socket, or 127.0.0.1:port; empty: nowhere" },
    { "worker.slots", NUMBER, AT(worker_slots), "2", 1, 64, false, "jobs one worker process runs at once" },
    { "worker.calls", NUMBER, AT(worker_calls), "32", 1, 64, false,
      "jobs one worker process runs at once of the queues hook and sms, which do nothing but wait for answers" },
    { "worker.memory", NUMBER, AT(worker_memory), "1536", 64, 65536, false, "MiB of address space of a fenced job" },
    { "worker.stop", NUMBER, AT(worker_stop), "20", 0, 3600, false,
      "seconds a stopping worker lets its jobs run before it gives them back" },
    { "worker.recycle.jobs", NUMBER, AT(worker_recycle_jobs), "0", 0, 1000000000, false,
      "jobs after which a worker finishes those it has and ends, to be started anew; 0: never" },
    { "worker.recycle.memory", NUMBER, AT(worker_recycle_memory), "256", 0, 1048576, false,
      "MiB of resident memory from which on it does so; 0: never" },
    { "worker.landlock", SWITCH, AT(worker_landlock), "yes", 0, 0, false,
      "refuse to run fenced jobs on a kernel without Landlock" },
    { "worker.runner", STRING, AT(worker_runner), MILLRACE_LIBDIR "/millrace-runner", 0, 0, false,
      "programs that run one fenced job: -image, -media and so on behind it, as its kind says" },
    { "worker.folder", STRING, AT(worker_folder), "/var/lib/millrace/work", 0, 0, false,
      "where running jobs keep their files; same file system as storage.folder" },
    { "media.part", NUMBER, AT(media_part), "300", 0, 14400, false,
      "seconds of video that one job encodes: longer ones are made in such parts, side by side; 0: whole" },
    { "storage.backend", STRING, AT(storage_backend), "folder", 0, 0, false,
      "where finished files are kept: folder (storage.folder) or s3 (a bucket)" },
    { "storage.folder", STRING, AT(storage_folder), "/var/lib/millrace/files", 0, 0, false,
      "where finished files lie; the web server reads them from here. With s3: where uploads are put together, nothing "
      "lasts there" },
    { "storage.endpoint", STRING, AT(storage_endpoint), "", 0, 0, false,
      "base of the S3 service, as https://s3.eu-central-1.amazonaws.com: clients are sent there for files" },
    { "storage.bucket", STRING, AT(storage_bucket), "", 0, 0, false, "bucket that the files are in" },
    { "storage.region", STRING, AT(storage_region), "us-east-1", 0, 0, false, "region that calls are signed for" },
    { "storage.access_key", STRING, AT(storage_access_key), "", 0, 0, false,
      "name of the key that calls are signed with" },
    { "storage.secret_key", STRING, AT(storage_secret_key), "", 0, 0, true, "the key itself" },
    { "storage.path_style", SWITCH, AT(storage_path_style), "no", 0, 0, false,
      "yes: the bucket is the first part of a URL's path; no: of its host name" },
    { "storage.timeout", NUMBER, AT(storage_timeout), "10000", 100, 120000, false,
      "milliseconds one call to S3 may take, besides a second for each 256 KiB it carries" },
    { "sandbox.url", STRING, AT(sandbox_url), "", 0, 0, false,
      "base of the sandbox (millrace-sandbox), which stands in for every provider; used with environment = sandbox only" },
    { "sandbox.socket", STRING, AT(sandbox_socket), "/run/millrace/sandbox.sock", 0, 0, false,
      "unix socket millrace-sandbox listens on, for FastCGI" },
    { "sandbox.mail", STRING, AT(sandbox_mail), "", 0, 0, false,
      "socket of a mail catcher, whose mails the sandbox shows; empty: none" },
    { "openai.url", STRING, AT(openai_url), "", 0, 0, false,
      "base of OpenAI's API, or of one that speaks like it; empty: https://api.openai.com/v1" },
    { "openai.key", STRING, AT(openai_key), "", 0, 0, true, "key of OpenAI's API; empty: it is not used" },
    { "gemini.url", STRING, AT(gemini_url), "", 0, 0, false,
      "base of Google's Gemini API; empty: https://generativelanguage.googleapis.com/v1beta" },
    { "gemini.key", STRING, AT(gemini_key), "", 0, 0, true, "key of the Gemini API; empty: it is not used" },
    { "replicate.url", STRING, AT(replicate_url), "", 0, 0, false,
      "base of Replicate's API; empty: https://api.replicate.com/v1" },
    { "replicate.key", STRING, AT(replicate_key), "", 0, 0, true, "token of Replicate's API; empty: it is not used" },
    { "stripe.url", STRING, AT(stripe_url), "", 0, 0, false, "base of Stripe's API; empty: https://api.stripe.com/v1" },
    { "stripe.key", STRING, AT(stripe_key), "", 0, 0, true, "secret key of Stripe's API; empty: it is not used" },
    { "stripe.webhook_secret", STRING, AT(stripe_webhook_secret), "", 0, 0, true,
      "what Stripe signs its events with, of each of its endpoints here, comma-separated; empty: they are answered 503" },
    { "twilio.url", STRING, AT(twilio_url), "", 0, 0, false,
      "base of Twilio's API; empty: https://api.twilio.com/2010-04-01" },
    { "twilio.account", STRING, AT(twilio_account), "", 0, 0, false,
      "SID of the Twilio account; empty: it is not used" },
    { "twilio.token", STRING, AT(twilio_token), "", 0, 0, true,
      "token of the Twilio account: our calls are made with it, and what it calls here is checked with it; empty: such "
      "calls are answered 503" },
    { "twilio.from", STRING, AT(twilio_from), "", 0, 0, false, "number that messages are sent from, as +15550001234" },
    { "ai.settle", NUMBER, AT(ai_settle), "10", 1, 600, false,
      "seconds after which the lists of Replicate and OpenAI show for sure whether what was ordered there has arrived, "
      "when the call broke off" },
    { "reply.model", STRING, AT(reply_model), "openai:gpt-4o-mini", 0, 0, false,
      "model that answers what the SMS agent is asked: openai:NAME or google:NAME" },
    { "reply.length", NUMBER, AT(reply_length), "1600", 70, 1600, false,
      "characters of each of the three messages that an answer is cut into at most; of other alphabets 70 in 160" },
    { "sms.settle", NUMBER, AT(sms_settle), "10", 1, 600, false,
      "seconds after which Twilio's list shows for sure whether a message went out whose call broke off" },
    { "sms.daily", NUMBER, AT(sms_daily), "20", 1, 1000, false,
      "texts a day to a number that an account has named itself, and on behalf of that account; more are not sent" },
    { "sms.turn", NUMBER, AT(sms_turn), "120", 1, 240, false,
      "seconds that a broadcast works before other jobs of its queue have their turn" },
    { "integ.pages", NUMBER, AT(integ_pages), "500", 1, 10000, false,
      "pages of a service's list that one sync reads; the next one goes on behind them" },
    { "hook.allow", STRING, AT(hook_allow), "", 0, 0, false,
      "addresses, as ADDRESS:PORT and comma-separated, that webhooks may go to though they are not public, also by http; *: "
      "any port, at an entry's end; for tests and development" },
    { "smtp.url", STRING, AT(smtp_url), "", 0, 0, false, "smtp://host:port or smtps://host:port; empty: no mail" },
    { "smtp.user", STRING, AT(smtp_user), "", 0, 0, false, "name to log in with, may be empty" },
    { "smtp.password", STRING, AT(smtp_password), "", 0, 0, true, "password to log in with" },
    { "smtp.from", STRING, AT(smtp_from), "Millrace <no-reply@localhost>", 0, 0, false, "sender of our mails" },
    { "smtp.timeout", NUMBER, AT(smtp_timeout), "8000", 100, 8000, false,
      "milliseconds one mail may take; curl may hold the loop for twice as long, which must stay below the lease" },
#undef AT
};

static const struct setting *setting_find(const char *key)
{
    for (size_t i = 0; i < ELEMENTS(settings); i++)
        if (!strcmp(settings[i].key, key))
            return &settings[i];
    return NULL;
}

static int parse_number(const char *text, int min, int max, int *ret)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < min || value > max)
        return -EINVAL;
    *ret = (int)value;
    return 0;
}

static int parse_switch(const char *text, bool *ret)
{
    bool yes = !strcmp(text, "yes") || !strcmp(text, "true") || !strcmp(text, "1");
    if (!yes && strcmp(text, "no") && strcmp(text, "false") && strcmp(text, "0"))
        return -EINVAL;
    *ret = yes;
    return 0;
}

static int setting_set(struct config *config, const struct setting *setting, const char *text)
{
    void *at = (char *)config + setting->offset;
    switch (setting->type) {
    case STRING:
        *(const char **)at = COPY(config, text);
        return 0;
    case NUMBER:
        return parse_number(text, setting->min, setting->max, at);
    case SWITCH:
        return parse_switch(text, at);
    }
    return -EINVAL;
}

/* What its value must be. On ctx. */
static const char *setting_rule(void *ctx, const struct setting *setting)
{
    if (setting->type == SWITCH)
        return "must be yes or no";
    return FORMAT(ctx, "must be a whole number from %d to %d", setting->min, setting->max);
}

/* NULL when the line holds, else what is wrong with it. */
static const char *line_apply(struct config *config, char *line)
{
    const struct setting *setting;
    char *equals, *key = text_trim(line);

    if (!*key || *key == '#')
        return NULL;
    equals = strchr(key, '=');
    if (!equals)
        return "no = in the line";
    *equals = '\0';
    key = text_trim(key);
    setting = setting_find(key);
    if (!setting)
        return FORMAT(config, "unknown key %s", key);
    if (setting_set(config, setting, text_trim(equals + 1)) < 0)
        return FORMAT(config, "%s %s", key, setting_rule(config, setting));
    return NULL;
}

static int file_apply(struct config *config, const char *file, const char **ret_why)
{
    autofree char *line = NULL;
    const char *why = NULL;
    size_t size = 0;
    FILE *from = fopen(file, "re");
    int number = 0;

    if (!from) {
        int r = -errno;
        *ret_why = FORMAT(config, "%s: %s", file, strerror(-r));
        return r;
    }
    while (!why && getline(&line, &size, from) >= 0) {
        number++;
        why = line_apply(config, line);
    }
    if (!why && ferror(from)) { /* a directory opens, but does not read */
        int r = -errno;
        fclose(from);
        *ret_why = FORMAT(config, "%s: %s", file, strerror(-r));
        return r;
    }
    fclose(from);
    if (!why)
        return 0;
    *ret_why = FORMAT(config, "%s:%d: %s", file, number, why);
    return -EINVAL;
}

static int environment_apply(struct config *config, const char **ret_why)
{
    for (size_t i = 0; i < ELEMENTS(settings); i++) {
        char name[128];
        const char *value;
        size_t n = (size_t)snprintf(name, sizeof name, "MILLRACE_%s", settings[i].key);

        for (size_t k = 0; k < n; k++)
            name[k] = name[k] == '.' ? '_' : (char)toupper((unsigned char)name[k]);
        value = getenv(name);
        if (value && setting_set(config, &settings[i], value) < 0) {
            *ret_why = FORMAT(config, "the environment's %s %s", name, setting_rule(config, &settings[i]));
            return -EINVAL;
        }
    }
    return 0;
}

static int keys_check(struct config *config, const char **ret_why)
{
    struct seal_ring *ring;
    const char *why;
    int r = keys_load(config, config->secret, config->keys_file, &config->keys, &why);

    if (r < 0) {
        *ret_why = FORMAT(config, "keys.file: %s", why);
        return r;
    }
    r = seal_ring_new(config, config->seal_keys, config->keys, &ring, &why);
    if (r < 0)
        *ret_why = FORMAT(config, "seal.keys: %s", why);
    else
        talloc_free(ring);
    return r;
}

static int redis_check(struct config *config, const char **ret_why)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct redis_queue *ignored;
    const char *why, *key = "redis.url";
    int r = redis_address_check(config->redis_url, &why);

    if (r == 0) {
        key = "redis.queues";
        r = redis_queues_parse(scratch, config->redis_queues, &ignored, &why);
    }
    if (r < 0)
        *ret_why = FORMAT(config, "%s: %s", key, why);
    return r;
}

/* Whether text is there, and made of nothing but letters. */
static bool is_made_of(const char *text, const char *letters)
{
    return *text && !text[strspn(text, letters)];
}

/* What browsers would write in another way than we sign it is refused. */
static bool endpoint_holds(const char *text)
{
    size_t scheme = !strncmp(text, "https://", 8) ? 8 : !strncmp(text, "http://", 7) ? 7 : 0;

    return scheme && is_made_of(text + scheme, SMALL "0123456789.-:[]");
}

/* NULL, or what is wrong. */
static const char *storage_check(const struct config *config)
{
    if (!strcmp(config->storage_backend, "folder"))
        return NULL;
    if (strcmp(config->storage_backend, "s3") != 0)
        return "storage.backend must be folder or s3";
    if (!endpoint_holds(config->storage_endpoint))
        return "storage.endpoint must be http:// or https:// and a host in small letters, without a path";
    if (!is_made_of(config->storage_bucket, SMALL "0123456789.-"))
        return "storage.bucket must be set, of small letters, digits, dots and hyphens";
    if (!is_made_of(config->storage_region, SMALL "0123456789-"))
        return "storage.region must be set, of small letters, digits and hyphens";
    if (!*config->storage_access_key || !*config->storage_secret_key)
        return "storage.access_key and storage.secret_key must be set";
    return NULL;
}

static int config_check(struct config *config, const char **ret_why)
{
    const char *why = storage_check(config);

    config->sandbox = !strcmp(config->environment, "sandbox");
    if (!config->sandbox && strcmp(config->environment, "production"))
        *ret_why = "environment must be production or sandbox";
    else if (log_level_parse(config->log_level_name, &config->log_level) < 0)
        *ret_why = "log.level must be error, warning, info or debug";
    else if (strcmp(config->front_sendfile, "accel") && strcmp(config->front_sendfile, "sendfile") &&
             strcmp(config->front_sendfile, "no"))
        *ret_why = "front.sendfile must be accel, sendfile or no";
    else if (why)
        *ret_why = why;
    else if (strlen(config->secret) < 32)
        *ret_why = "secret must be set, to 32 bytes or more (openssl rand -hex 32)";
    else
        return redis_check(config, ret_why) < 0 ? -EINVAL : keys_check(config, ret_why);
    return -EINVAL;
}

int config_load(void *ctx, const char *file, struct config **ret, const char **ret_why)
{
    struct config *config = NEW(ctx, struct config);
    int r = 0;

    for (size_t i = 0; i < ELEMENTS(settings); i++)
        setting_set(config, &settings[i], settings[i].standard);
    if (!file)
        file = getenv("MILLRACE_CONFIG");
    if (file) {
        config->file = COPY(config, file);
        r = file_apply(config, file, ret_why);
    }
    if (!r)
        r = environment_apply(config, ret_why);
    if (!r)
        r = config_check(config, ret_why);
    if (r < 0) {
        *ret_why = COPY(ctx, *ret_why);
        talloc_free(config);
        return r;
    }
    *ret = config;
    return 0;
}

void config_print(const struct config *config, FILE *to)
{
    for (size_t i = 0; i < ELEMENTS(settings); i++) {
        const struct setting *setting = &settings[i];
        const void *at = (const char *)config + setting->offset;

        fprintf(to, "# %s\n%s = ", setting->doc, setting->key);
        if (setting->secret)
            fputs(**(const char *const *)at ? "(set)" : "", to);
        else if (setting->type == STRING)
            fputs(*(const char *const *)at, to);
        else if (setting->type == NUMBER)
            fprintf(to, "%d", *(const int *)at);
        else
            fputs(*(const bool *)at ? "yes" : "no", to);
        fputs("\n\n", to);
    }
}
