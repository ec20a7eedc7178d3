/* SPDX-License-Identifier: GPL-3.0-or-later
 * Lists. A row that is one gets two more query fields, by its product's names; its statement gets them as :page_limit
 * and :page_offset, answers the array as `body` and how many there are in all as `total`, and the dialect writes what
 * stands around.
 *
 * A statement that names :page_after pages by cursor as well. In `keys` it tells where the rows that it has read stand
 * in the list's order, one a line, in the order it has read them: of :page_more rows, one more than the page has, so
 * that it is known whether any follow. The links of the page carry these places as cursors (fcgi/input/cursor.h), which
 * come back as :page_after or :page_before with an offset of 0. A cursor holds for one page of one list with the same
 * filters, of the same caller. One that does not is passed over, and the page is that of its number: a link without its
 * cursor is the product's own. */
#include "fcgi/input/page.h"
#include "common/memory.h"
#include "fcgi/input/cursor.h"
#include "fcgi/serve.h"
#include <inttypes.h>

enum {
    PAGE_MAX = 100,
    PASSED_OVER_MAX = 10000, /* rows, by a request that takes the fast connections */
    LINK_MAX = 600,          /* in a header */
};
#define CURSOR "cursor"

/* So far ahead no list is; and a limit times it stays a number. */
static const long long PLACE_MAX = 1000000000;

static bool by_cursor(const struct endpoint *row)
{
    return row->list && row->sql && strstr(row->sql->text, ":page_after");
}

const struct field *page_fields(void *ctx, const struct dialect *dialect, const struct endpoint *row)
{
    const struct paging *paging = &dialect->paging;
    struct field *fields = memory_check(talloc_zero_array(ctx, struct field, PAGE_FIELDS + 1));

    fields[0] = (struct field){
        .name = paging->place,
        .in = QUERY,
        .type = INTEGER,
        .min = paging->pages,
        .max = PLACE_MAX,
        .standard = paging->pages ? "1" : "0",
        .doc = paging->pages ? "Which page, from 1." : "How many to pass over.",
    };
    fields[1] = (struct field){
        .name = paging->size,
        .in = QUERY,
        .type = INTEGER,
        .flags = CLAMPED,
        .min = 1,
        .max = PAGE_MAX,
        .standard = FORMAT(ctx, "%d", row->list),
        .doc = "How many a page has.",
    };
    if (by_cursor(row))
        fields[2] = (struct field){
            .name = CURSOR,
            .in = QUERY,
            .type = TOKEN,
            .min = 1,
            .max = CURSOR_MAX,
            .doc = "From a link to this page: finds it at once, however far from the first it is.",
        };
    return fields;
}

static long long number(const struct request *rq, const char *name)
{
    const char *text = argument(rq, name);
    return text ? strtoll(text, NULL, 10) : 0;
}

/* What validate() has let through. */
static struct page page_asked(const struct request *rq)
{
    const struct paging *paging = &rq->product->dialect->paging;
    struct page page = { .limit = number(rq, paging->size), .offset = number(rq, paging->place), .total = -1 };

    if (paging->pages)
        page.offset = (page.offset - 1) * page.limit;
    return page;
}

/* What a cursor is bound to: the page that begins at offset, of the list as its statement orders it now, with the
 * filters, of the caller. */
static char *bound_to(struct request *rq, const struct page *page, long long offset)
{
    const struct field *field = rq->operation->row->in;
    const char *caller = argument(rq, "account_id");
    char *bound = FORMAT(rq, "%s/%s %" PRIx64 " %s %lld %lld", rq->product->name, rq->operation->row->name,
                         rq->operation->version, caller ? caller : "-", page->limit, offset);

    for (int i = 0; field && field[i].name; i++) {
        const char *value = rq->arguments[FIXED_COUNT + i];
        if (value)
            bound = memory_check(talloc_asprintf_append(bound, " %s=%zu:%s", field[i].name, strlen(value), value));
    }
    return bound;
}

/* True when there is one, and it holds. */
static bool cursor_asked(struct request *rq, const struct page *page, struct cursor *ret)
{
    const char *text = by_cursor(rq->operation->row) ? argument(rq, CURSOR) : NULL;

    return text && cursor_read(rq, request_keys(rq), bound_to(rq, page, page->offset), text, ret) == 0;
}

void page_arguments(struct request *rq)
{
    struct cursor cursor;
    struct page page;

    if (!rq->operation->row->list)
        return;
    page = page_asked(rq);
    rq->arguments[ARG_LIMIT] = FORMAT(rq, "%lld", page.limit);
    rq->arguments[ARG_MORE] = FORMAT(rq, "%lld", page.limit + 1);
    rq->arguments[ARG_OFFSET] = FORMAT(rq, "%lld", page.offset);
    if (!cursor_asked(rq, &page, &cursor))
        return;
    rq->arguments[ARG_OFFSET] = "0";
    rq->arguments[cursor.up ? ARG_BEFORE : ARG_AFTER] = cursor.key;
    if (cursor.total >= 0)
        rq->arguments[ARG_TOTAL] = FORMAT(rq, "%lld", cursor.total);
}

enum lane page_lane(const struct request *rq)
{
    const char *passed_over = rq->arguments[ARG_OFFSET];

    return passed_over && strtoll(passed_over, NULL, 10) > PASSED_OVER_MAX ? LANE_SLOW : rq->operation->row->lane;
}

/* ---- the body ---- */

/* What `keys` tells: of the rows that were read, those of the page come first. */
static void page_ends(struct request *rq, struct page *page, const char *keys)
{
    char *save = NULL, *text = COPY(rq, keys ? keys : "");
    const char *nearest = NULL, *farthest = NULL;
    long long n = 0;

    for (char *key = strtok_r(text, "\n", &save); key; key = strtok_r(NULL, "\n", &save), n++) {
        nearest = n == 0 ? key : nearest;
        farthest = n < page->limit ? key : farthest;
    }
    page->keyed = true;
    page->up = rq->arguments[ARG_BEFORE];
    page->more = n > page->limit;
    page->first = page->up ? farthest : nearest;
    page->last = page->up ? nearest : farthest;
}

/* Where the body has no place for links (RFC 8288). */
static void link_header(struct request *rq, const struct page *page)
{
    const char *base = argument(rq, "base_url");
    const struct {
        const char *rel, *link;
    } links[] = { { "next", page_next(rq, base, page) }, { "prev", page_previous(rq, base, page) } };

    for (size_t i = 0; i < ELEMENTS(links); i++)
        if (links[i].link && strlen(links[i].link) <= LINK_MAX && !strpbrk(links[i].link, "<>"))
            header_add(rq, "Link", "<%s>; rel=\"%s\"", links[i].link, links[i].rel);
}

const char *page_body(struct request *rq, const char *items, const PGresult *rows)
{
    const struct paging *paging = &rq->product->dialect->paging;
    const char *total = result_column(rows, "total");
    struct page page = page_asked(rq);

    page.items = items;
    page.meta = result_column(rows, "meta");
    page.total = total ? strtoll(total, NULL, 10) : -1;
    if (by_cursor(rq->operation->row))
        page_ends(rq, &page, result_column(rows, "keys"));
    if (paging->body)
        return paging->body(rq, &page);
    link_header(rq, &page);
    return items;
}

/* ---- links ---- */

/* Whether a query's pair is one of ours. */
static bool pair_is(const char *pair, const char *name)
{
    size_t length = strcspn(pair, "=");

    return strlen(name) == length && !strncmp(pair, name, length);
}

/* The request's own query without the fields of pages, with what joins it to them: "a=1&b=2&", or "". */
static char *other_parameters(struct request *rq, const struct paging *paging)
{
    char *kept = COPY(rq, ""), *query = COPY(rq, rq->query), *save = NULL;

    for (char *pair = strtok_r(query, "&", &save); pair; pair = strtok_r(NULL, "&", &save))
        if (!pair_is(pair, paging->size) && !pair_is(pair, paging->place) && !pair_is(pair, CURSOR))
            kept = memory_check(talloc_asprintf_append(kept, "%s&", pair));
    return kept;
}

char *page_link(struct request *rq, const char *base, const struct page *page, long long offset)
{
    const struct paging *paging = &rq->product->dialect->paging;
    char *others = other_parameters(rq, paging);
    char *path = request_path(rq);

    if (!paging->pages)
        return FORMAT(rq, "%s%s?%s%s=%lld&%s=%lld", base, path, others, paging->size, page->limit, paging->place,
                      offset);
    if (argument(rq, paging->size) && page->limit != rq->operation->row->list)
        others = memory_check(talloc_asprintf_append(others, "%s=%lld&", paging->size, page->limit));
    return FORMAT(rq, "%s%s?%s%s=%lld", base, path, others, paging->place, offset / page->limit + 1);
}

/* The same with a cursor; key: where the row beside the page stands, NULL when that is not known. */
static char *link_with_cursor(struct request *rq, const char *base, const struct page *page, long long offset, bool up,
                              const char *key)
{
    const struct cursor cursor = { .up = up, .total = page->total, .key = key };
    char *link = page_link(rq, base, page, offset);
    char *text = key ? cursor_write(rq, request_keys(rq), bound_to(rq, page, offset), &cursor) : NULL;

    return text ? FORMAT(rq, "%s&" CURSOR "=%s", link, text) : link;
}

const char *page_next(struct request *rq, const char *base, const struct page *page)
{
    long long offset = page->offset + page->limit;
    bool there = page->keyed ? page->last && (page->more || page->up) : offset < page->total;

    return there ? link_with_cursor(rq, base, page, offset, false, page->last) : NULL;
}

/* The first page has no cursor: what is new stands there. */
const char *page_previous(struct request *rq, const char *base, const struct page *page)
{
    long long offset = page->offset - page->limit;

    if (page->offset == 0 || (page->up && !page->more))
        return NULL;
    return offset > 0 ? link_with_cursor(rq, base, page, offset, true, page->first) : page_link(rq, base, page, 0);
}
