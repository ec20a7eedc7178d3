/* SPDX-License-Identifier: GPL-3.0-or-later
 * Inside of lanes: one pipelined connection, and what it needs of the lane it belongs to. Included by lanes.c and
 * lane_connect*.c only. */
#ifndef MILLRACE_LANE_CONNECTION_H
#define MILLRACE_LANE_CONNECTION_H
#include "common/conninfo.h"
#include "fcgi/lanes/lanes.h"

/* A statement on one connection. A new version has a new name there, so that one that went stale (a changed schema,
 * DISCARD ALL) is simply prepared again, whatever the server still knows of the old one. */
struct prepared {
    unsigned version;
    bool ready;  /* prepared, or its PREPARE is ahead in the pipeline */
    bool unsure; /* the last PREPARE failed: one that is sent again does not rely on another's, to get its own error */
};

struct lane_queue;
struct lane_connection {
    struct lane_queue *queue; /* the lane it belongs to */
    enum { DOWN, CONNECTING, SETTING, READY } state;
    PGconn *pg;
    struct source source;
    struct timer timer; /* DOWN: until the next attempt; CONNECTING, SETTING: until the attempt is given up; READY:
                         * until a server that says nothing is given up */
    struct deferred flush;
    int backoff;
    bool ended;                    /* the server has said that it ends this connection */
    struct exchange *head, **tail; /* sent, in order */
    int in_flight;
    int answered;              /* of those that this round has read */
    unsigned gather_us;        /* how long a round lets answers gather while plenty is in flight */
    uint64_t head_since;       /* when the head became the head */
    struct prepared *prepared; /* by the statement's number */
    struct lease *lease;
    bool held; /* by a lease, or until the rollback after one has been done */
    struct exchange rollback;
};

struct lane_queue {
    struct lanes *lanes;
    struct lane_connection *connections;
    int count;
    int load;                           /* exchanges, sent or not */
    struct exchange *waiting, **last;   /* not sent */
    struct exchange *over, **over_last; /* ended without an answer, to be told at the end of the round */
    struct lease *leases, **leases_last;
    int leases_waiting;
    struct timer age; /* of the oldest that waits */
    struct deferred pump;
};

struct lanes {
    struct loop *loop;
    struct lanes_options options;
    struct conninfo conninfo[LANE_COUNT];
    struct lane_queue queues[LANE_COUNT];
    struct lane_statement {
        const struct statement *statement;
        unsigned number; /* from 0 on */
    } * statements;      /* a hash table by address */
    unsigned statement_count;
};

enum { IN_FLIGHT_MAX = 256 }; /* exchanges on one connection: more would only wait in the server's socket */

/* ---- lane_connection.c ---- */
void connection_init(struct lane_connection *connection, struct lane_queue *queue);
void connection_free(struct lane_connection *connection);
bool connection_has_room(const struct lane_connection *connection);
/* The connection is READY. Flushed at the end of the round, when a failure is seen as well. */
void connection_send(struct lane_connection *connection, struct exchange *exchange);

struct loop *connection_loop(const struct lane_connection *connection);
/* Give its exchanges back to the lane, try again after the back-off. */
void connection_lost(struct lane_connection *connection);
void connection_flush(struct lane_connection *connection);

/* ---- lane_connect.c ---- */
void connection_open(struct lane_connection *connection);
/* There is something to do for a connection that is CONNECTING, or SETTING. */
void connection_poll(struct lane_connection *connection);
void connection_settings_read(struct lane_connection *connection);

/* ---- lanes.c ---- */
unsigned lanes_statement_number(struct lanes *lanes, const struct statement *statement);
enum lane lane_of(const struct lane_queue *queue);
/* Something changed that may let waiting exchanges or leases go on. */
void lane_pump_later(struct lane_queue *queue);
/* Its sync has come: tell its owner. */
void lane_done(struct lane_queue *queue, struct exchange *exchange);
/* Never got an answer: E_UNAVAILABLE at the end of the round. */
void lane_fail_later(struct lane_queue *queue, struct exchange *exchange);
/* Wait again, before those that wait already. */
void lane_wait_first(struct lane_queue *queue, struct exchange *first, struct exchange **last);
void exchange_reset(struct exchange *exchange);
#endif
