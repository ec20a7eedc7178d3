/* SPDX-License-Identifier: GPL-3.0-or-later
 * What every product has: signed downloads, its description, and the pages that show it. */
#include "common/memory.h"
#include "fcgi/asset.h"
#include "fcgi/fields.h"
#include "fcgi/request.h"
#include "sql.h"
#include <errno.h>

/* GET /files/{token}/{name}: the token is checked here, its file and generation by the statement. */
static int file_download(struct request *rq)
{
    struct link link;

    if (link_verify(request_keys(rq), argument(rq, "token"), time(NULL), &link) < 0 ||
        strcmp(link.product, rq->product->name) != 0)
        return fail(rq, E_NOT_FOUND, NULL, NULL);
    rq->file_until = (time_t)link.expires_at;
    argument_set(rq, "file_id", FORMAT(rq, "%lld", link.file_id));
    argument_set(rq, "generation", FORMAT(rq, "%d", link.generation));
    argument_set(rq, "attachment", link.attachment ? "true" : "false");
    return answer_from_sql(rq);
}

/* clang-format off */
#define PAGE_FILE { .name = "file", .in = PATH, .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64, .doc = "Its name." }

const struct endpoint core_endpoints[] = {
    ENDPOINT(core, file_download,
        .method = GET, .path = "/files/{token}/{name}", .who = ANYONE,
        .doc = "Download a stored file by its signed link.",
        .in = FIELDS({ .name = "token", .in = PATH, .type = TEXT, .flags = REQUIRED, .min = 1, .max = 512,
                       .doc = "Signed token of the link." },
                     { .name = "name", .in = PATH, .type = TEXT, .flags = REQUIRED, .min = 1, .max = 255,
                       .doc = "Name to save it under." }),
        .uncounted = true, .media = "*/*", .handler = file_download, .sets = NAMES("file_id", "generation", "attachment")),
    ENDPOINT_WITHOUT_SQL(openapi,
        .method = GET, .path = "/openapi.json", .bare = true,
        .doc = "This description.",
        .out = FIELDS(OUT(TEXT, "openapi"), OUT(OBJECT, "info"), OUT(OBJECT, "paths"), OUT(OBJECT, "components")),
        .handler = asset_description),
    ENDPOINT_WITHOUT_SQL(docs,
        .method = GET, .path = "/docs", .media = "text/html",
        .doc = "This description as a page from which calls can be made.", .handler = asset_page),
    ENDPOINT_WITHOUT_SQL(docs_file,
        .method = GET, .path = "/docs/{file}", .media = "*/*",
        .doc = "A file of that page.", .in = FIELDS(PAGE_FILE), .handler = asset_page),
    ENDPOINT_WITHOUT_SQL(redoc,
        .method = GET, .path = "/redoc", .media = "text/html",
        .doc = "This description as a page to read.", .handler = asset_page),
    ENDPOINT_WITHOUT_SQL(redoc_file,
        .method = GET, .path = "/redoc/{file}", .media = "*/*",
        .doc = "A file of that page.", .in = FIELDS(PAGE_FILE), .handler = asset_page),
    { .name = NULL },
};
/* clang-format on */
