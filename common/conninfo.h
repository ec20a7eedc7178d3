/* SPDX-License-Identifier: GPL-3.0-or-later
 * What every PostgreSQL connection of ours is opened with, for PQconnectdbParams and PQconnectStartParams with
 * expand_dbname. */
#ifndef MILLRACE_CONNINFO_H
#define MILLRACE_CONNINFO_H

struct conninfo {
    const char *keywords[8], *values[8]; /* end with a NULL */
};

/* conninfo: the configured string or URI; it may override the application's name and the connect timeout, and its
 * `options` are kept beside ours. timeout: milliseconds of each statement. Strings hang off ctx; ret keeps
 * conninfo itself. */
void conninfo_fill(void *ctx, const char *conninfo, const char *application, int timeout, struct conninfo *ret);
#endif
