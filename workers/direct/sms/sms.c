/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/sms/sms.h"
#include "common/array_text.h"
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include <string.h>

enum {
    PAGE = 50,
    PAGES_MAX = 20,
    SKEW = 120,       /* seconds that the provider's clock may be behind ours */
    DISORDER = 86400, /* the list may be out of order by so much: it says nowhere that it is not */
};

/* Of Twilio's test numbers the one that may send. */
#define SANDBOX_FROM "+15005550006"

const char *sms_from(const struct config *config)
{
    if (*config->twilio_from)
        return config->twilio_from;
    return config->sandbox ? SANDBOX_FROM : NULL;
}

char *sms_callback(void *ctx, const struct config *config, const char *product, const char *ref)
{
    if (!strcmp(product, "nutrition"))
        return FORMAT(ctx, "%s/api/v1/webhooks/twilio/status/?ref=%s", config->nutrition_url, ref);
    return FORMAT(ctx, "%s/api/sms/status/?ref=%s", config->smsagent_url, ref);
}

static int search_free(struct sms_search *search)
{
    json_decref(search->sids);
    return 0;
}

struct sms_search *sms_search_new(void *ctx, const char *to, const char *body, long long intended)
{
    struct sms_search *search = NEW(ctx, struct sms_search);

    *search = (struct sms_search){ .to = to, .body = body, .intended = intended, .sids = json_array() };
    memory_check(search->sids);
    talloc_set_destructor(search, search_free);
    return search;
}

/* Not by the day it was sent: what waits with the provider has none yet. */
int sms_search_call(void *ctx, const struct config *config, struct sms_search *search, struct provider_call **ret)
{
    const struct twilio_filter filter = {
        .to = search->to, .from = sms_from(config), .page_size = PAGE, .place = search->place
    };

    return twilio_list(ctx, config, &filter, ret);
}

/* Texts but for the blanks around them, which a provider may cut off. */
static bool same_text(const char *one, const char *other)
{
    size_t n = strlen(one), m;

    while (n && strchr(" \r\n\t", one[n - 1]))
        n--;
    while (n && strchr(" \r\n\t", *one)) {
        one++;
        n--;
    }
    other += strspn(other, " \r\n\t");
    m = strlen(other);
    while (m && strchr(" \r\n\t", other[m - 1]))
        m--;
    return n == m && !memcmp(one, other, n);
}

/* Take what may be the message. Whether what is listed behind this page may be, too: not when all of it is far older.
 * What cannot be read may be it, or of any time. */
static bool page_read(struct sms_search *search, const json_t *page)
{
    struct twilio_sms sms;
    json_t *message;
    bool on = json_array_size(page) == 0;
    size_t i;

    json_array_foreach(page, i, message)
    {
        if (twilio_read(message, &sms) < 0) {
            search->doubtful = on = true;
            continue;
        }
        if (sms.created_at == (time_t)-1)
            sms.created_at = search->intended;
        on |= sms.created_at >= search->intended - DISORDER;
        if (sms.created_at >= search->intended - SKEW && same_text(sms.body, search->body))
            json_array_append_new(search->sids, json_string(sms.sid));
    }
    return on;
}

/* The earliest of them that is no other message of ours. */
static enum sms_found claim(void *ctx, const struct sms_search *search, struct database *database, const char **ret_sid)
{
    autotalloc void *scratch = talloc_new(NULL);
    autoresult struct result result = { 0 };
    struct array_text sids = { 0 };

    for (size_t i = json_array_size(search->sids); i > 0; i--)
        array_add(scratch, &sids, json_string_value(json_array_get(search->sids, i - 1)));
    if (database_run(database, &sql_worker_sms_unclaimed, PARAMS({ "sids", array_end(scratch, &sids) }), &result) < 0)
        return SMS_AGAIN;
    if (result_rows(&result) == 0)
        return search->doubtful ? SMS_UNKNOWN : SMS_ABSENT;
    *ret_sid = COPY(ctx, result_text(&result, 0, "sid"));
    return SMS_SENT;
}

enum sms_found sms_search_read(void *ctx, struct sms_search *search, const struct provider_call *call,
                               struct database *database, const char **ret_sid)
{
    const json_t *page = twilio_page(call);
    const char *next = twilio_next(call);

    if (!page || (next && !*next)) /* what cannot be looked through proves nothing */
        return SMS_UNKNOWN;
    if (!page_read(search, page) || !next)
        return claim(ctx, search, database, ret_sid);
    if (++search->pages == PAGES_MAX)
        return SMS_UNKNOWN;
    search->place = COPY(search, next);
    return SMS_MORE;
}
