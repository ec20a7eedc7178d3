/* SPDX-License-Identifier: GPL-3.0-or-later
 * Migrations: numbered files of sql/schema, embedded. Each is applied once, in order, in a transaction of its own with
 * the row that says so; its checksum is kept, and a file that was changed after it was applied is an error. Two that
 * start at once wait for each other. */
#ifndef MILLRACE_MIGRATE_H
#define MILLRACE_MIGRATE_H
#include "common/database.h"

struct migration {
    int number;
    const char *name, *text;
};
extern const struct migration migrations[]; /* ends with number 0 */

enum { MIGRATION_SUM_SIZE = 65 };
/* The checksum that is kept of a migration: SHA-256 of its text, in hex. */
void migration_checksum(const char *text, char hex[MIGRATION_SUM_SIZE]);

/* Apply what is missing, then write the job kinds. Tells what it does on standard output. 0 or -errno, with the reason
 * on standard error. */
int migrate(struct database *database);
#endif
