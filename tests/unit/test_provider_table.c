/* SPDX-License-Identifier: GPL-3.0-or-later
 * The rows of the services, and what is read from them. */
#include "common/memory.h"
#include "common/provider/provider.h"
#include "tests/unit/suite.h"

/* What each service's refusals mean, by its row. */
static const struct {
    const char *provider;
    long status, retry_after;
    const char *code;
    bool effect, keyed;
    enum provider_verdict verdict;
    int wait;
} refusals[] = {
    { "openai", 429, -1, NULL, false, false, PROVIDER_LIMITED, 5 },
    { "openai", 429, 20, "rate_limit_exceeded", false, false, PROVIDER_LIMITED, 20 },
    { "openai", 429, 20, "insufficient_quota", false, false, PROVIDER_NEVER, -1 },
    { "gemini", 429, 86400, "insufficient_quota", false, false, PROVIDER_LIMITED, 3600 },
    { "replicate", 503, 12, NULL, true, false, PROVIDER_LIMITED, 12 },
    { "replicate", 503, -1, NULL, true, false, PROVIDER_UNKNOWN, -1 },
    { "stripe", 429, 31536000, NULL, false, true, PROVIDER_LIMITED, 60 },
    { "stripe", 429, -1, "lock_timeout", false, true, PROVIDER_LIMITED, 2 },
    { "stripe", 409, -1, NULL, false, true, PROVIDER_LATER, -1 },
    { "stripe", 409, -1, NULL, false, false, PROVIDER_NEVER, -1 },
    { "stripe", 402, 10, NULL, false, true, PROVIDER_NEVER, -1 },
    { "twilio", 429, 86400, NULL, true, false, PROVIDER_LIMITED, 600 },
    { "twilio", 500, -1, NULL, true, false, PROVIDER_UNKNOWN, -1 },
    { "twilio", 502, 10, NULL, true, false, PROVIDER_UNKNOWN, -1 },
    { "twilio", 408, -1, NULL, true, false, PROVIDER_LATER, -1 },
    { "twilio", 500, -1, NULL, false, false, PROVIDER_LATER, -1 },
    { "github", 403, 60, NULL, false, false, PROVIDER_LIMITED, 60 },
    { "github", 403, -1, NULL, false, false, PROVIDER_NEVER, -1 },
    { "slack", 425, -1, NULL, false, false, PROVIDER_LATER, -1 },
    { "slack", 301, -1, NULL, false, false, PROVIDER_NEVER, -1 },
};

START_TEST(refusals_are_read_by_the_row)
{
    for (size_t i = 0; i < ELEMENTS(refusals); i++) {
        const struct provider_request request = { .effect = refusals[i].effect,
                                                  .idempotency = refusals[i].keyed ? "job-1" : NULL };
        int wait = 0;
        enum provider_verdict verdict =
            provider_verdict(provider_find(refusals[i].provider), &request, refusals[i].status, refusals[i].retry_after,
                             refusals[i].code, &wait);

        ck_assert_msg(verdict == refusals[i].verdict && wait == refusals[i].wait, "row %zu: %d after %d", i,
                      (int)verdict, wait);
    }
}
END_TEST

/* No service may hold a job for longer than an hour, be waited for for ever, or be called without a rule. */
START_TEST(every_row_is_whole)
{
    for (const struct provider *row = providers; row->name; row++) {
        ck_assert_msg(row->connect > 0 && row->connect <= row->timeout && row->timeout <= 60000, "%s: times",
                      row->name);
        ck_assert_msg(row->retry && row->retry->wait > 0 && row->retry->wait <= row->retry->most, "%s: waits",
                      row->name);
        ck_assert_msg(row->retry->most <= 3600, "%s: Retry-After", row->name);
        ck_assert_msg(!row->limiter == !row->rate && !row->limiter == !row->burst, "%s: rates", row->name);
        ck_assert_msg(!row->limiter == (row->proof == PROVIDER_OWNER), "%s: whose limit it is", row->name);
        for (const struct provider_status *rule = row->retry->statuses; rule->verdict != PROVIDER_DONE; rule++)
            ck_assert_msg(rule->from >= 300 && rule->from <= rule->to, "%s: statuses", row->name);
    }
}
END_TEST

static const struct {
    const char *url;
    bool below;
} places[] = {
    { "https://api.example.com/v1/x", true },
    { "https://api.example.com/v1/", true },
    { "https://api.example.com/v1/x?next=../../y", true },
    { "https://api.example.com/v1/x..y/.z", true },
    { "https://api.example.com/v1", false },
    { "https://api.example.com/v1?x", false },
    { "https://api.example.com/v1evil/x", false },
    { "https://api.example.com/v1.evil.com/", false },
    { "https://api.example.com/v1@evil.com/", false },
    { "http://api.example.com/v1/x", false },
    { "https://API.example.com/v1/x", false },
    { "https://api.example.com/v1/../admin", false },
    { "https://api.example.com/v1/x/%2e%2E/%2e./admin", false },
    { "https://api.example.com/v1/..", false },
    { "https://api.example.com/v1/..?x", false },
    { "https://api.example.com/v1/x\\..\\admin", false },
    { "https://api.example.com/v1/x\r\nHost: evil", false },
    { "", false },
};

START_TEST(an_address_is_below_a_base_or_not)
{
    for (size_t i = 0; i < ELEMENTS(places); i++)
        ck_assert_msg(provider_is_below(places[i].url, "https://api.example.com/v1") == places[i].below, "%s",
                      places[i].url);
    ck_assert(provider_is_below("https://api.github.com/user", "https://api.github.com"));
    ck_assert(!provider_is_below("https://api.github.com.evil.com/", "https://api.github.com"));
}
END_TEST

SUITE(provider_table)
{
    tcase_add_test(tests, refusals_are_read_by_the_row);
    tcase_add_test(tests, every_row_is_whole);
    tcase_add_test(tests, an_address_is_below_a_base_or_not);
}
