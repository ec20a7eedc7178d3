/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/twilio.h"
#include "common/memory.h"
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#define VERSION "/2010-04-01"

enum { BALANCE_TIMEOUT = 5000 };

static int prepare(void *ctx, const struct config *config, struct provider_request *request, const char *path,
                   struct provider_call **ret)
{
    const struct provider *twilio = provider_find("twilio");
    autotalloc char *whole = FORMAT(NULL, "/Accounts/%s%s", provider_account(config, twilio), path);

    request->path = whole;
    return provider_prepare(ctx, config, twilio, request, ret);
}

static void form_add(char **form, const char *name, const char *value)
{
    autotalloc char *escaped = NULL;

    if (!value)
        return;
    escaped = provider_escape(NULL, value);
    *form = memory_check(talloc_asprintf_append_buffer(*form, "%s%s=%s", **form ? "&" : "", name, escaped));
}

int twilio_send(void *ctx, const struct config *config, const struct twilio_message *message,
                struct provider_call **ret)
{
    autotalloc char *form = COPY(NULL, "");
    struct provider_request request = { .method = PROVIDER_POST,
                                        .type = "application/x-www-form-urlencoded",
                                        .effect = true };

    form_add(&form, "To", message->to);
    form_add(&form, "From", message->from);
    form_add(&form, "Body", message->body);
    form_add(&form, "StatusCallback", message->callback);
    request.body = form;
    request.length = strlen(form);
    return prepare(ctx, config, &request, "/Messages.json", ret);
}

int twilio_get(void *ctx, const struct config *config, const char *sid, struct provider_call **ret)
{
    struct provider_request request = { .method = PROVIDER_GET };
    autotalloc char *escaped = provider_escape(NULL, sid);
    autotalloc char *path = FORMAT(NULL, "/Messages/%s.json", escaped);

    return prepare(ctx, config, &request, path, ret);
}

int twilio_list(void *ctx, const struct config *config, const struct twilio_filter *filter, struct provider_call **ret)
{
    struct provider_request request = { .method = PROVIDER_GET, .path = filter->place };
    autotalloc char *query = COPY(NULL, "");
    autotalloc char *path = NULL;
    char number[16], day[16];
    struct tm utc;

    if (filter->place)
        return provider_prepare(ctx, config, provider_find("twilio"), &request, ret);
    form_add(&query, "To", filter->to);
    form_add(&query, "From", filter->from);
    if (filter->sent_from && gmtime_r(&filter->sent_from, &utc) && strftime(day, sizeof day, "%Y-%m-%d", &utc))
        form_add(&query, "DateSent%3E", day);
    snprintf(number, sizeof number, "%d", filter->page_size);
    form_add(&query, "PageSize", filter->page_size ? number : NULL);
    path = FORMAT(NULL, "/Messages.json%s%s", *query ? "?" : "", query);
    return prepare(ctx, config, &request, path, ret);
}

int twilio_balance(void *ctx, const struct config *config, struct provider_call **ret)
{
    return prepare(ctx, config, &(struct provider_request){ .method = PROVIDER_GET, .timeout = BALANCE_TIMEOUT },
                   "/Balance.json", ret);
}

/* ---- answers ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

int twilio_read(const json_t *message, struct twilio_sms *ret)
{
    struct twilio_sms sms = { .sid = text_of(message, "sid"),
                              .status = text_of(message, "status"),
                              .body = text_of(message, "body"),
                              .error = text_of(message, "error_message"),
                              .error_code = (int)json_integer_value(json_object_get(message, "error_code")),
                              .created_at = curl_getdate(text_of(message, "date_created"), NULL) };

    if (!*sms.sid || strlen(sms.sid) > 64 || !*sms.status)
        return -EPROTO;
    *ret = sms;
    return 0;
}

const json_t *twilio_page(const struct provider_call *call)
{
    const json_t *page = json_object_get(call->json, "messages");

    return json_is_array(page) ? page : NULL;
}

/* It is told as a path behind the host; ours are relative to the base, which ends in the version. */
const char *twilio_next(const struct provider_call *call)
{
    const json_t *next = json_object_get(call->json, "next_page_uri");
    const char *text = json_string_value(next);

    if (!next || json_is_null(next) || (text && !*text))
        return NULL;
    return text && !strncmp(text, VERSION "/Accounts/", strlen(VERSION "/Accounts/")) ? text + strlen(VERSION) : "";
}

int twilio_code(const struct provider_call *call)
{
    json_int_t code = json_integer_value(json_object_get(call->json, "code"));

    return code > 0 && code < 1000000 ? (int)code : 0;
}

enum twilio_fault twilio_fault(const struct provider_call *call)
{
    /* Twilio's error dictionary: those that are about us, not about who is texted. */
    static const struct fault {
        int code;
        enum twilio_fault fault;
    } faults[] = {
        { 20003, TWILIO_OURS }, /* authentication */
        { 20005, TWILIO_OURS }, /* the account is not active */
        { 21212, TWILIO_OURS }, /* no valid From */
        { 21603, TWILIO_OURS }, /* no From at all */
        { 21606, TWILIO_OURS }, /* From is no number of ours that can text */
        { 21611, TWILIO_FULL }, /* From has too many messages waiting */
        { 21617, TWILIO_OURS }, /* the text is too long, for whomever */
        { 21659, TWILIO_OURS }, /* From is no Twilio number */
        { 21660, TWILIO_OURS }, /* From is another account's */
    };
    int code = twilio_code(call);

    for (size_t i = 0; i < ELEMENTS(faults); i++)
        if (faults[i].code == code)
            return faults[i].fault;
    /* What has no number is not said by Twilio, but by something else that our calls get to: it would be to all. */
    if (!code || call->status == 401 || call->status == 403 || call->status == 404)
        return TWILIO_OURS;
    return TWILIO_RECIPIENT;
}
