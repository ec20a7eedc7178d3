/* SPDX-License-Identifier: GPL-3.0-or-later
 * Services that accounts connect, and that give us lists of what there is: one row each, and one way to read them all.
 * A service's provider (provider.h) has the same name. Paths inside of answers are names with slashes between them. */
#ifndef MILLRACE_INTEGRATIONS_H
#define MILLRACE_INTEGRATIONS_H
#include "common/provider/provider.h"

/* How a list goes on after a page. */
enum integration_paging {
    PAGING_NONE,
    PAGING_NUMBER,  /* the next number, until a page has fewer than `size` */
    PAGING_CURSOR,  /* what the answer has at `next` is sent as `sent`; nothing there: that was all */
    PAGING_LAST,    /* likewise the id of the page's last item, until a page has fewer than `size` */
    PAGING_ADDRESS, /* the answer has the whole address at `next` */
};

struct integration {
    const char *name;
    const char *kind;  /* what its items are */
    const char *given; /* member of the connection's config that holds the items: nothing is asked */
    const char *who;   /* asked first: what its answer has at `who_id` stands for {me} in path; NULL: nothing is */
    const char *who_id;
    const char *path; /* the list's, with its query */
    const char
        *since; /* added to it, with what was said in front of the time, for what has changed since; NULL: cannot */
    const char *body;              /* JSON to be POSTed; NULL: GET */
    const char *items;             /* where the answer has the array; "": it is the array; NULL: it is the one item */
    const char *id, *title, *link; /* in an item; link: a page of it, or NULL */
    enum integration_paging paging;
    const char *next, *sent;
    const char *path_next; /* with `body`: further pages are POSTed here as {sent: cursor}; NULL: path */
    const char *more;      /* a boolean that says whether the cursor counts; NULL: it is there only when it does */
    int size;
    const char
        *well; /* a boolean that is false when the answer is a refusal in a 2xx, which stands at `why`; or NULL */
    const char *why;
};

/* Ends with a NULL name. */
extern const struct integration integrations[];
const struct integration *integration_find(const char *name);

/* Where somebody is in a list. Begins as { 0 } with me and since set, if wanted. */
struct integration_place {
    const char *me;     /* the caller's own id there; NULL: not known, or not needed */
    const char *since;  /* time in ISO 8601; NULL: all */
    const char *cursor; /* to be sent; NULL: the list's begin */
    int page;           /* that have been read */
    bool over;
};

/* The request for the caller's id or, when that is known or not needed, for the next page. Strings are on ctx. */
void integration_ask(void *ctx, const struct integration *row, const struct integration_place *place, const char *token,
                     struct provider_request *ret);
/* Take in the answer that gives the caller's id. -EPROTO: it does not. */
int integration_me(void *ctx, const struct integration *row, const json_t *answer, struct integration_place *place);
/* Take in a page: its items, as objects with id, title and url (which may be null), in a new array that is the
 * caller's; place is where the list goes on. What has no id is passed over. -EACCES: a refusal in a 2xx, because of the
 * token; -EPROTO: another one, or an answer that has no such list. */
int integration_read(void *ctx, const struct integration *row, const json_t *answer, struct integration_place *place,
                     json_t **ret);
/* The items that a connection's config holds, for rows with `given`, likewise. */
json_t *integration_given(const struct integration *row, const json_t *config);
#endif
