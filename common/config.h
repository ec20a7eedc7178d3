/* SPDX-License-Identifier: GPL-3.0-or-later
 * Configuration: one file of `key = value` lines (# starts a comment), one table of keys (config.c), each with type,
 * default, help and whether it is a secret. The environment overrides the file: MILLRACE_ + the key in capitals with
 * _ for dots (MILLRACE_DATABASE_URL). An unknown key or a bad value is an error that names file and line. */
#ifndef MILLRACE_CONFIG_H
#define MILLRACE_CONFIG_H
#include "common/log.h"
#include <stdbool.h>
#include <stdio.h>

struct keys;

struct config {
    const char *file;        /* what was read; NULL: none */
    const char *environment; /* production or sandbox */
    bool sandbox;
    const char *log_level_name;
    enum log_level log_level;
    const char *secret;      /* master secret, at least 32 bytes; keys for tokens, links, codes derive from it */
    const char *keys_file;   /* common/key_file.h; "": there is none */
    const struct keys *keys; /* those of keys.file, the one that signs first; else the secret's */
    const char *seal_keys;   /* as seal_ring_new() takes them; have been tried with the keys */
    const char *database_url;
    int database_timeout;                 /* milliseconds, a statement */
    const char *redis_url, *redis_queues; /* common/redis_address.h */
    int redis_timeout;                    /* milliseconds */
    const char *front_socket;
    const char *front_mount; /* path prefix stripped from every request, may be "" */
    const char *front_trusted_proxies;
    int front_body_limit; /* bytes of a body that is not an upload */
    int front_connections_fast, front_connections_slow, front_connections_leased;
    int front_queue_limit;      /* requests waiting for one lane */
    int front_queue_age;        /* milliseconds */
    const char *front_sendfile; /* accel, sendfile or no */
    int front_threads;
    int front_parked;
    bool front_operators;                                       /* the operators' realm is served */
    int password_threads, password_operations, password_memory; /* memory: MiB */
    const char *products;                                       /* those served here, comma-separated; "": all */
    const char *sandbox_url; /* base of the sandbox, which stands in for all providers in its environment */
    const char *sandbox_socket, *sandbox_mail; /* its own: where it listens; tools/mailcatcher's socket, or "" */
    /* common/provider/provider.c; url: instead of the public base; "": that one */
    const char *openai_url, *openai_key, *gemini_url, *gemini_key, *replicate_url, *replicate_key;
    const char *stripe_url, *stripe_key, *stripe_webhook_secret, *twilio_url, *twilio_account, *twilio_token;
    const char *twilio_from;  /* the number that our messages come from */
    const char *reply_model;  /* that answers what the SMS agent is asked: openai:NAME or google:NAME */
    int reply_length;         /* of a message of its answer, in characters of the common alphabet */
    int ai_settle;            /* seconds */
    int sms_settle, sms_turn; /* seconds */
    int sms_daily;
    int integ_pages;             /* of a service's list, that one sync reads */
    const char *front_unlimited; /* addresses that no rate limit counts */
    const char *front_origins;   /* whose pages may call */
    const char *front_pages;     /* folder of the pages of /docs and /redoc */
    const char *nutrition_url, *smsagent_url, *expenses_url, *ailice_url, *figureforge_url, *operator_url;
    int queue_lease;              /* seconds */
    int queue_reconcile;          /* seconds */
    int queue_keep;               /* days */
    int queue_backlog;            /* jobs */
    int queue_memory;             /* per cent of Redis' maxmemory */
    bool queue_encrypt;           /* all arguments of a job are sealed, not only the secret ones */
    const char *scheduler_listen; /* unix socket or loopback host:port of the metrics; "": none */
    int worker_slots;
    int worker_calls;                               /* likewise, of queues whose jobs do nothing but wait for others */
    int worker_memory;                              /* MiB of a fenced job */
    int worker_stop;                                /* seconds a graceful stop waits for running jobs */
    int worker_recycle_jobs, worker_recycle_memory; /* 0: never; memory in MiB */
    bool worker_landlock;
    int media_part; /* seconds; 0: videos are made whole */
    const char *worker_runner;
    const char *worker_folder;
    const char *storage_backend; /* folder or s3 */
    const char *storage_folder;  /* of s3: of what is on its way there */
    const char *storage_endpoint, *storage_bucket, *storage_region, *storage_access_key, *storage_secret_key;
    bool storage_path_style;
    int storage_timeout;    /* milliseconds a call may take, besides the time for its bytes */
    const char *hook_allow; /* addresses that webhooks may go to though they are not public: common/foreign.h */
    const char *smtp_url, *smtp_user, *smtp_password, *smtp_from;
    int smtp_timeout; /* milliseconds */
};

/* Read defaults, then the file (NULL: MILLRACE_CONFIG from the environment, else none), then the environment. The
 * config and all its strings hang off ctx. On failure -errno and, in *ret_why, a sentence to show the operator. */
int config_load(void *ctx, const char *file, struct config **ret, const char **ret_why);

/* Print every key with its effective value and help, in the form of the file. Secrets are shown as "(set)". */
void config_print(const struct config *config, FILE *to);
#endif
