/* SPDX-License-Identifier: GPL-3.0-or-later
 * What mails say. A letter is a row of letters[]: its parameters, its subject and its parts, from which both the text
 * and the HTML are written. Texts name parameters as {name}; what those hold is somebody's own words, and nothing in
 * them means anything in a subject or in HTML. */
#ifndef MILLRACE_LETTERS_H
#define MILLRACE_LETTERS_H
#include "common/field.h"

enum letter_form {
    LETTER_SAY,  /* a paragraph */
    LETTER_SHOW, /* what is to be copied, in a line of its own */
    LETTER_LINK, /* the words, and the address that the parameter holds */
    LETTER_EACH, /* the words for each object of the list that the parameter holds, whose members they name; a line each
                  */
};

struct letter_part {
    enum letter_form form;
    const char *text; /* a NULL one ends the parts */
    const char *of;   /* the parameter that it is of: when that is missing, the part is left out. NULL: of none */
};

struct letter {
    const char *name;
    const char *subject;
    const struct field *fields; /* the parameters, in what a job's arguments hold as "values" */
    const struct letter_part *parts;
};

/* Ends with a NULL name. */
extern const struct letter letters[];
/* NULL: there is none of that name. */
const struct letter *letter_find(const char *name);

struct letter_text {
    const char *subject, *text, *html; /* UTF-8; the subject is one line */
};

/* Write one, on ctx. values: an object; root: what a link that begins with a slash is behind. -EINVAL: the values are
 * not what the letter's fields say, and *ret_why, on ctx, names the first that is not. */
int letter_write(void *ctx, const struct letter *letter, json_t *values, const char *root, struct letter_text *ret,
                 const char **ret_why);
#endif
