/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/integrations.h"
#include "common/json.h"
#include "common/memory.h"
#include <errno.h>
#include <string.h>

enum { TITLE_MAX = 200 };

/* clang-format off */
const struct integration integrations[] = {
    { .name = "google_drive", .kind = "file",
      .path = "/files?pageSize=100&fields=nextPageToken,files(id,name,webViewLink)",
      .since = "&q=modifiedTime%20%3E%20'", .items = "files", .id = "id", .title = "name", .link = "webViewLink",
      .paging = PAGING_CURSOR, .next = "nextPageToken", .sent = "pageToken" },
    { .name = "tradingview", .kind = "symbol", .given = "watchlist" },
    { .name = "dropbox", .kind = "file",
      .path = "/files/list_folder", .body = "{\"path\":\"\",\"recursive\":true,\"limit\":100}",
      .items = "entries", .id = "id", .title = "name",
      .paging = PAGING_CURSOR, .next = "cursor", .sent = "cursor", .more = "has_more", .path_next = "/files/list_folder/continue" },
    { .name = "onedrive", .kind = "file",
      .path = "/me/drive/root/children?$top=100", .items = "value", .id = "id", .title = "name", .link = "webUrl",
      .paging = PAGING_ADDRESS, .next = "@odata.nextLink" },
    { .name = "github", .kind = "project",
      .path = "/user/repos?per_page=100", .since = "&since=", .items = "", .id = "id", .title = "full_name", .link = "html_url",
      .paging = PAGING_NUMBER, .sent = "page", .size = 100 },
    { .name = "gitlab", .kind = "project",
      .path = "/projects?membership=true&per_page=100", .since = "&last_activity_after=",
      .items = "", .id = "id", .title = "path_with_namespace", .link = "web_url",
      .paging = PAGING_NUMBER, .sent = "page", .size = 100 },
    { .name = "slack", .kind = "channel",
      .path = "/conversations.list?limit=200", .items = "channels", .id = "id", .title = "name",
      .paging = PAGING_CURSOR, .next = "response_metadata/next_cursor", .sent = "cursor", .well = "ok", .why = "error" },
    { .name = "discord", .kind = "guild",
      .path = "/users/@me/guilds?limit=200", .items = "", .id = "id", .title = "name",
      .paging = PAGING_LAST, .sent = "after", .size = 200 },
    { .name = "twitter", .kind = "post", .who = "/users/me", .who_id = "data/id",
      .path = "/users/{me}/tweets?max_results=100", .since = "&start_time=", .items = "data", .id = "id", .title = "text",
      .paging = PAGING_CURSOR, .next = "meta/next_token", .sent = "pagination_token" },
    { .name = "linkedin", .kind = "profile",
      .path = "/userinfo", .items = NULL, .id = "sub", .title = "name" },
    { .name = NULL },
};
/* clang-format on */

const struct integration *integration_find(const char *name)
{
    const struct integration *row = integrations;

    while (row->name && strcmp(row->name, name) != 0)
        row++;
    return row->name ? row : NULL;
}

/* ---- in answers ---- */

static const json_t *at(const json_t *value, const char *path)
{
    while (value && *path) {
        size_t length = strcspn(path, "/");

        value = json_object_getn(value, path, length);
        path += length + (path[length] == '/');
    }
    return value;
}

/* A text, or a number as its digits; NULL for all else, and for what is empty. */
static const char *text_at(void *ctx, const json_t *value, const char *path)
{
    const json_t *found = path ? at(value, path) : NULL;
    const char *text = json_string_value(found);

    if (json_is_integer(found))
        return FORMAT(ctx, "%lld", (long long)json_integer_value(found));
    return text && *text ? COPY(ctx, text) : NULL;
}

/* ---- what is asked ---- */

/* The list's path for this place, from its begin or further on. */
static char *page_path(void *ctx, const struct integration *row, const struct integration_place *place)
{
    const char *me = strstr(row->path, "{me}");
    char *path = me ? FORMAT(ctx, "%.*s%s%s", (int)(me - row->path), row->path, provider_escape(ctx, place->me), me + 4)
                    : COPY(ctx, row->path);

    if (place->since && row->since) /* a quote that was opened is closed again */
        path = FORMAT(ctx, "%s%s%s%s", path, row->since, provider_escape(ctx, place->since),
                      strchr(row->since, '\'') ? "'" : "");
    if (row->paging == PAGING_NUMBER)
        return FORMAT(ctx, "%s&%s=%d", path, row->sent, place->page + 1);
    if (place->cursor && !row->body)
        return FORMAT(ctx, "%s&%s=%s", path, row->sent, provider_escape(ctx, place->cursor));
    return path;
}

void integration_ask(void *ctx, const struct integration *row, const struct integration_place *place, const char *token,
                     struct provider_request *ret)
{
    struct provider_request request = { .method = PROVIDER_GET, .key = token };

    if (row->who && !place->me) {
        request.path = row->who;
    } else if (row->paging == PAGING_ADDRESS && place->cursor) {
        request.url = place->cursor;
    } else if (row->body && place->cursor) {
        request.method = PROVIDER_POST;
        request.path = row->path_next;
        request.body = FORMAT(ctx, "{\"%s\":%s}", row->sent, json_quote(ctx, place->cursor));
    } else {
        request.method = row->body ? PROVIDER_POST : PROVIDER_GET;
        request.path = page_path(ctx, row, place);
        request.body = row->body;
    }
    request.length = request.body ? strlen(request.body) : 0;
    *ret = request;
}

int integration_me(void *ctx, const struct integration *row, const json_t *answer, struct integration_place *place)
{
    place->me = text_at(ctx, answer, row->who_id);
    return place->me ? 0 : -EPROTO;
}

/* ---- what is answered ---- */

static void item_add(void *ctx, const struct integration *row, const json_t *item, json_t *items)
{
    const char *id = text_at(ctx, item, row->id), *title = text_at(ctx, item, row->title);

    if (id)
        json_array_append_new(items, memory_check(json_pack("{s:s, s:s, s:s?}", "id", id, "title", title ? title : id,
                                                            "url", text_at(ctx, item, row->link))));
}

/* Where the list goes on after an answer with n items, the last of which is last. */
static void place_next(void *ctx, const struct integration *row, const json_t *answer, size_t n, const json_t *last,
                       struct integration_place *place)
{
    const char *before = place->cursor;

    place->page++;
    place->cursor = NULL;
    if (row->paging == PAGING_CURSOR || row->paging == PAGING_ADDRESS)
        place->cursor = row->more && !json_is_true(at(answer, row->more)) ? NULL : text_at(ctx, answer, row->next);
    else if (row->paging == PAGING_LAST && n >= (size_t)row->size)
        place->cursor = text_at(ctx, last, row->id);
    /* One that leads to where it is would be asked for ever. */
    place->over = row->paging == PAGING_NUMBER ? n < (size_t)row->size
                                               : !place->cursor || (before && !strcmp(before, place->cursor));
}

static bool is_about_proof(const char *why)
{
    static const char *const words[] = { "auth", "token", "account_inactive" };

    for (size_t i = 0; why && i < ELEMENTS(words); i++)
        if (strstr(why, words[i]))
            return true;
    return false;
}

int integration_read(void *ctx, const struct integration *row, const json_t *answer, struct integration_place *place,
                     json_t **ret)
{
    const json_t *list = row->items ? at(answer, row->items) : NULL, *item = NULL;
    json_t *items;
    size_t i;

    if (row->well && !json_is_true(at(answer, row->well)))
        return is_about_proof(text_at(ctx, answer, row->why)) ? -EACCES : -EPROTO;
    /* An account that has nothing: some leave the list out then. */
    if (!json_is_object(answer) && !json_is_array(list))
        return -EPROTO;
    if (list && !json_is_array(list))
        return -EPROTO;
    items = memory_check(json_array());
    if (!row->items)
        item_add(ctx, row, answer, items);
    json_array_foreach(list, i, item) item_add(ctx, row, item, items);
    item = json_array_size(list) ? json_array_get(list, json_array_size(list) - 1) : NULL;
    place_next(ctx, row, answer, json_array_size(list), item, place);
    *ret = items;
    return 0;
}

json_t *integration_given(const struct integration *row, const json_t *config)
{
    const json_t *list = json_object_get(config, row->given), *value;
    json_t *items = memory_check(json_array());
    size_t i;

    json_array_foreach(list, i, value) if (json_string_length(value) && json_string_length(value) <= TITLE_MAX)
        json_array_append_new(items, memory_check(json_pack("{s:O, s:O, s:n}", "id", value, "title", value, "url")));
    return items;
}
