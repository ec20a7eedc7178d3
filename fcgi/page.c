/* SPDX-License-Identifier: GPL-3.0-or-later
 * Lists. A row that is one gets two more query fields, by its product's names; its statement gets them as :limit and
 * :offset, answers the array as `body` and how many there are in all as `total`, and the dialect writes what stands
 * around. */
#include "fcgi/page.h"
#include "common/memory.h"
#include "fcgi/serve.h"

enum { PAGE_MAX = 100 };

/* So far ahead no list is; and a limit times it stays a number. */
static const long long PLACE_MAX = 1000000000;

const struct field *page_fields(void *ctx, const struct dialect *dialect, const struct endpoint *row)
{
    const struct paging *paging = &dialect->paging;
    struct field *fields = memory_check(talloc_zero_array(ctx, struct field, 3));

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

void page_arguments(struct request *rq)
{
    if (!rq->operation->row->list)
        return;
    struct page page = page_asked(rq);
    rq->arguments[ARG_LIMIT] = FORMAT(rq, "%lld", page.limit);
    rq->arguments[ARG_OFFSET] = FORMAT(rq, "%lld", page.offset);
}

const char *page_body(struct request *rq, const char *items, const char *total, const char *meta)
{
    const struct paging *paging = &rq->product->dialect->paging;
    struct page page = page_asked(rq);

    if (!paging->body)
        return items;
    page.items = items;
    page.meta = meta;
    page.total = total ? strtoll(total, NULL, 10) : -1;
    return paging->body(rq, &page);
}

/* ---- links ---- */

/* The request's own query without these two parameters, with what joins it to them: "a=1&b=2&", or "". */
static char *other_parameters(struct request *rq, const struct paging *paging)
{
    char *kept = COPY(rq, ""), *query = COPY(rq, rq->query), *save = NULL;

    for (char *pair = strtok_r(query, "&", &save); pair; pair = strtok_r(NULL, "&", &save)) {
        size_t length = strcspn(pair, "=");

        if ((strlen(paging->size) == length && !strncmp(pair, paging->size, length)) ||
            (strlen(paging->place) == length && !strncmp(pair, paging->place, length)))
            continue;
        kept = memory_check(talloc_asprintf_append(kept, "%s&", pair));
    }
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

const char *page_next(struct request *rq, const char *base, const struct page *page)
{
    return page->offset + page->limit < page->total ? page_link(rq, base, page, page->offset + page->limit) : NULL;
}

const char *page_previous(struct request *rq, const char *base, const struct page *page)
{
    return page->offset > 0 ? page_link(rq, base, page, page->offset > page->limit ? page->offset - page->limit : 0)
                            : NULL;
}
