/* SPDX-License-Identifier: GPL-3.0-or-later
 * The front's PostgreSQL: a few pipelined connections shared by all requests, in lanes. An exchange is one sync group,
 * hence one transaction: up to EXCHANGE_CALLS statements sent in one go, all or none. Its answer counts when its sync
 * point has come (the commit happens there); an error stays its own. Connections are (re)made without blocking, with
 * back-off; statements are prepared once per connection, at the head of the group that needs them first. */
#ifndef MILLRACE_LANES_H
#define MILLRACE_LANES_H
#include "common/error.h"
#include "common/statement.h"
#include "fcgi/wire/loop.h"

enum { EXCHANGE_CALLS = 4 };
enum lane { LANE_FAST, LANE_SLOW, LANE_LEASED, LANE_COUNT };

struct exchange {
    struct exchange_call {
        const struct statement *statement;
        const char *const *values; /* statement->count of them, text; must live until done */
        PGresult *rows;            /* the answer, when error is E_NONE; cleared by exchange_clear */
        unsigned version;          /* private: of the prepared statement it was sent to */
    } calls[EXCHANGE_CALLS];
    int count;
    bool idempotent; /* may be sent again when the connection broke with the outcome unknown */
    void (*done)(struct exchange *exchange);
    /* Set when done is called: E_NONE, or what the first failed statement meant; then failed is its index and
     * sqlstate, message, detail, field are the server's (PG_DIAG_COLUMN_NAME carries refuse()'s field). E_UNAVAILABLE
     * without a sqlstate: no connection, lost connection, full or too old queue. */
    enum error error;
    int failed;
    char sqlstate[6];
    const char *message, *detail, *field; /* on the exchange's ctx; NULL when the server gave none */
    void *ctx;                            /* talloc: the request */
    /* private */
    struct exchange *next;
    uint64_t queued_at;
    int answered;
    unsigned prepares; /* bit i: call i was sent behind a PREPARE whose answer is still to come */
    bool again;        /* sent a second time already */
};

struct lanes;
struct lanes_options {
    const char *conninfo;
    int connections[LANE_COUNT];
    int statement_timeout[LANE_COUNT]; /* milliseconds, set on the connection */
    int queue_limit;                   /* exchanges of a lane, sent or not */
    int queue_age;                     /* milliseconds an unsent one may wait */
    const char *const *settings;       /* pairs name, value, NULL: set_config() on each new connection */
};

int lanes_new(void *ctx, struct loop *loop, const struct lanes_options *options, struct lanes **ret);
/* Always ends in done(), never from inside this call. To the first connection of the lane that has not much to
 * do; one whose head is slow comes last. */
void lanes_send(struct lanes *lanes, enum lane lane, struct exchange *exchange);
void exchange_clear(struct exchange *exchange);
/* True when at least one connection of the lane works: for readiness. */
bool lanes_ready(const struct lanes *lanes, enum lane lane);

/* A transaction of several dependent exchanges: a connection of one's own. done is called with lease->error set
 * (E_UNAVAILABLE: none came free in time) or with the lease held; then exchanges go through lease_send, the first
 * statement being BEGIN, and lease_end gives it back (a transaction left open is rolled back). */
struct lease {
    void (*done)(struct lease *lease);
    enum error error;
    /* private */
    struct lease *next;
    uint64_t queued_at;
    struct lanes *lanes;
    void *connection;
};
void lanes_lease(struct lanes *lanes, struct lease *lease);
/* As lanes_send, on the held connection; an exchange of a lost one ends with E_UNAVAILABLE, and so do those after it.
 * lease_end before done() gives up waiting: done() is not called any more. */
void lease_send(struct lease *lease, struct exchange *exchange);
void lease_end(struct lanes *lanes, struct lease *lease);
#endif
