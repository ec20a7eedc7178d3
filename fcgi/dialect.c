/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/dialect.h"
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/fields.h"

/* Whether an earlier refusal was of the same field. */
static bool told_before(const struct field_errors *errors, int i)
{
    for (int k = 0; k < i; k++)
        if (!strcmp(errors->list[k].field, errors->list[i].field))
            return true;
    return false;
}

char *field_lists(struct request *rq, const struct field_errors *errors)
{
    char *text = COPY(rq, "{");

    for (int i = 0; i < errors->count; i++) {
        const char *comma = "";

        if (told_before(errors, i))
            continue;
        text = memory_check(
            talloc_asprintf_append(text, "%s%s:[", text[1] ? "," : "", json_quote(rq, errors->list[i].field)));
        for (int k = i; k < errors->count; k++) {
            if (strcmp(errors->list[k].field, errors->list[i].field) != 0)
                continue;
            text = memory_check(talloc_asprintf_append(text, "%s%s", comma, json_quote(rq, errors->list[k].message)));
            comma = ",";
        }
        text = memory_check(talloc_strdup_append(text, "]"));
    }
    return memory_check(talloc_strdup_append(text, "}"));
}

const char *link_json(struct request *rq, const char *link)
{
    return link ? json_quote(rq, link) : "null";
}

const struct field counted_out[] = {
    OUT(INTEGER, "count"), OUT_NULLABLE(TEXT, "next"), OUT_NULLABLE(TEXT, "previous"),
    BODY_HERE("results"),  { .name = NULL },
};

char *counted_page(struct request *rq, const struct page *page)
{
    const char *base = argument(rq, "base_url");

    return FORMAT(rq, "{\"count\":%lld,\"next\":%s,\"previous\":%s,\"results\":%s}", page->total,
                  link_json(rq, page_next(rq, base, page)), link_json(rq, page_previous(rq, base, page)), page->items);
}

const char *time_now(struct request *rq)
{
    char *text = memory_check(talloc_size(rq, sizeof "2024-01-20T15:30:00Z"));
    time_t now = time(NULL);
    struct tm tm;

    strftime(text, talloc_get_size(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    return text;
}
