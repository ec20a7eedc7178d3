/* SPDX-License-Identifier: GPL-3.0-or-later
 * What may follow a command's name, as a table: it is checked by it, and --help is printed from it. */
#ifndef MILLRACE_OPTIONS_H
#define MILLRACE_OPTIONS_H
#include "common/field.h"
#include "queue/cli/command.h"

enum { OPTIONS_MAX = 16 };

/* An option. A table of them ends with a row without a name. */
struct option_row {
    const char *value;  /* what stands for its value in the help; NULL: it takes none, and is a BOOLEAN */
    struct field field; /* .name with its dashes, .doc for the help; what is missing has its .standard */
};
#define OPTIONS_END                                                                                                    \
    {                                                                                                                  \
        NULL,                                                                                                          \
        {                                                                                                              \
            .name = NULL                                                                                               \
        }                                                                                                              \
    }
#define OPTION_JSON                                                                                                    \
    {                                                                                                                  \
        NULL,                                                                                                          \
        {                                                                                                              \
            .name = "--json", .type = BOOLEAN, .doc = "print JSON"                                                     \
        }                                                                                                              \
    }
#define OPTION_LIMIT(most_text, text)                                                                                  \
    {                                                                                                                  \
        "N",                                                                                                           \
        {                                                                                                              \
            .name = "--limit", .type = INTEGER, .min = 1, .max = 10000, .standard = most_text,                         \
            .doc = text " (" most_text ")"                                                                             \
        }                                                                                                              \
    }

struct guide {
    const char *name;  /* of the command: "kick" */
    const char *words; /* as the help shows them: "ID..." */
    const char *doc;   /* what it does, lines without the last one's end */
    const struct option_row *options;
    int least, most; /* how many words beside the options; most below 0: any number */
};

struct said {
    const char *values[OPTIONS_MAX]; /* of each option, checked; NULL: it is not there. A flag is "true". */
    const char **words;              /* the others; ends with NULL */
    int count;
};

/* Read words by the guide. False when the command is to end with *ret_status: the help was asked for, or something is
 * wrong, which was said. What is read hangs off ctx. */
bool options_read(void *ctx, const struct guide *guide, char **words, struct said *ret, int *ret_status);

/* Seconds of an age: 90, 90s, 15m, 6h, 7d. False when it is none, which was said. text NULL: otherwise. */
bool option_age(const char *name, const char *text, long long otherwise, long long *ret);
#endif
