/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/asset.h"
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/describe/openapi.h"
#include "fcgi/input/conditions.h"
#include "fcgi/serve.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#define HTML "text/html" /* the pages say themselves that they are UTF-8 */

/* The files that make web writes. */
static const struct asset files[] = {
    { .name = "docs/index.html", .media = HTML },
    { .name = "docs/page.js", .media = "text/javascript; charset=utf-8" },
    { .name = "docs/swagger-ui-bundle.js", .media = "text/javascript; charset=utf-8" },
    { .name = "docs/swagger-ui.css", .media = "text/css; charset=utf-8" },
    { .name = "docs/favicon.png", .media = "image/png" },
    { .name = "redoc/index.html", .media = HTML },
    { .name = "redoc/page.js", .media = "text/javascript; charset=utf-8" },
    { .name = "redoc/redoc.standalone.js", .media = "text/javascript; charset=utf-8" },
};

struct asset asset_of(const char *media, const char *bytes, size_t length)
{
    struct asset asset = { .media = media, .bytes = bytes, .fd = -1, .length = length };
    unsigned char digest[16];
    char hex[2 * sizeof digest + 1];

    crypto_generichash(digest, sizeof digest, (const unsigned char *)bytes, length, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    snprintf(asset.etag, sizeof asset.etag, "\"%s\"", hex);
    return asset;
}

/* What an open file holds, with a zero behind it, or -errno. */
static int read_whole(void *ctx, int fd, char **ret, size_t *ret_length)
{
    struct stat is;
    char *bytes;
    size_t have = 0;
    ssize_t n = 1;

    if (fstat(fd, &is) < 0)
        return -errno;
    bytes = memory_check(talloc_size(ctx, (size_t)is.st_size + 1));
    while (n > 0 && have < (size_t)is.st_size) {
        n = read(fd, bytes + have, (size_t)is.st_size - have);
        if (n > 0)
            have += (size_t)n;
    }
    if (n < 0)
        return -errno;
    bytes[have] = '\0';
    *ret = bytes;
    *ret_length = have;
    return 0;
}

/* A page is filled in for each who asks, so it stays in memory; what it asks for, megabytes of scripts, does not. */
static int load(void *ctx, const char *path, const struct asset *file, struct asset *ret)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    char *bytes = NULL;
    int r = fd < 0 ? -errno : read_whole(ctx, fd, &bytes, &length);

    if (r < 0)
        return r;
    *ret = asset_of(file->media, bytes, length);
    ret->name = file->name;
    if (strcmp(file->media, HTML) != 0) {
        talloc_free(bytes);
        ret->bytes = NULL;
        ret->fd = fd;
        fd = -1;
    }
    return 0;
}

struct asset *assets_load(void *ctx, const char *folder)
{
    struct asset *assets = memory_check(talloc_zero_array(ctx, struct asset, ELEMENTS(files) + 1));
    int count = 0;

    for (size_t i = 0; i < ELEMENTS(files); i++) {
        const char *path = FORMAT(assets, "%s/%s", folder, files[i].name);
        int r = load(assets, path, &files[i], &assets[count]);

        if (r < 0 && r != -ENOENT && r != -ENOTDIR)
            log_warning("front.pages", "file=%s error=%s", path, strerror(-r));
        count += r == 0;
    }
    return assets;
}

/* ---- answers ---- */

static int piece_free(struct piece *piece)
{
    if (piece->fd >= 0)
        close(piece->fd);
    return 0;
}

/* The transport closes what it sends. */
static int answer_file(struct request *rq, const struct asset *asset)
{
    int fd = fcntl(asset->fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return fail(rq, E_UNAVAILABLE, NULL, NULL);
    rq->piece = NEW(rq, struct piece);
    *rq->piece = (struct piece){ .fd = fd, .length = asset->length };
    talloc_set_destructor(rq->piece, piece_free);
    return 0;
}

int answer_asset(struct request *rq, const struct asset *asset)
{
    header_add(rq, "ETag", "%s", asset->etag);
    rq->lasting = true;
    rq->media = asset->media;
    if (tag_is_listed(request_param(rq, "HTTP_IF_NONE_MATCH"), asset->etag)) {
        rq->status = 304;
        return 0;
    }
    rq->status = 200;
    if (!asset->bytes)
        return answer_file(rq, asset);
    rq->body = asset->bytes;
    rq->body_length = asset->length;
    return 0;
}

int asset_description(struct request *rq)
{
    struct server *server = rq->server;
    struct asset **kept = &server->descriptions[rq->product - products];

    if (!*kept) {
        char *text = openapi_text(server, rq->product, argument(rq, "base_url"));

        *kept = NEW(server, struct asset);
        **kept = asset_of("application/json", text, strlen(text));
    }
    return answer_asset(rq, *kept);
}

static const struct asset *asset_find(const struct asset *assets, const char *name)
{
    for (; assets->name; assets++)
        if (!strcmp(assets->name, name))
            return assets;
    return NULL;
}

/* A page with what it does not know itself: the product's title, and where the product's paths begin. */
static struct asset page_filled(struct request *rq, const struct asset *page)
{
    const struct {
        const char *mark, *text;
    } marks[] = { { "@BASE@", request_prefix(rq) }, { "@TITLE@", rq->product->title } };
    char *filled = COPY(rq, "");
    const char *at = page->bytes, *next;

    for (; (next = strchr(at, '@')); at = next) {
        filled = memory_check(talloc_strndup_append(filled, at, (size_t)(next - at)));
        at = next++;
        for (size_t i = 0; i < ELEMENTS(marks); i++)
            if (!strncmp(at, marks[i].mark, strlen(marks[i].mark))) {
                filled = memory_check(talloc_strdup_append(filled, marks[i].text));
                next = at + strlen(marks[i].mark);
            }
        if (next == at + 1)
            filled = memory_check(talloc_strdup_append(filled, "@"));
    }
    filled = memory_check(talloc_strdup_append(filled, at));
    return asset_of(page->media, filled, strlen(filled));
}

/* A page runs our own scripts and calls its product, nothing else. Both packages write style elements, and Redoc
 * searches in a worker that it makes itself. */
static void confine(struct request *rq)
{
    const char *base = argument(rq, "base_url"), *host = strstr(base, "//");
    int origin = host ? (int)(host + 2 - base + (ptrdiff_t)strcspn(host + 2, "/")) : 0;

    header_add(rq, "Content-Security-Policy",
               "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
               "connect-src 'self' %.*s; worker-src blob:; base-uri 'none'; form-action 'none'; "
               "frame-ancestors 'none'",
               origin, base);
    header_add(rq, "Referrer-Policy", "no-referrer");
}

int asset_page(struct request *rq)
{
    const char *file = argument(rq, "file");
    struct server *server = rq->server;
    const struct asset *page;
    struct asset filled;

    if (!server->pages)
        server->pages = assets_load(server, server->config->front_pages);
    page = asset_find(server->pages, FORMAT(rq, "%s/%s", rq->segments[0], file ? file : "index.html"));
    if (!page && !server->pages[0].name)
        return fail(rq, E_NOT_FOUND, NULL, "The pages are not installed: make web makes them");
    if (!page)
        return fail(rq, E_NOT_FOUND, NULL, NULL);
    if (strcmp(page->media, HTML) != 0)
        return answer_asset(rq, page);
    filled = page_filled(rq, page);
    confine(rq);
    return answer_asset(rq, &filled);
}
