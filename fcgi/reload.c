/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/serve.h"

/* Texts that are looked at anew for each request, and that nobody keeps. */
static const size_t texts[] = {
    offsetof(struct config, log_level_name),        offsetof(struct config, products),
    offsetof(struct config, front_origins),         offsetof(struct config, front_unlimited),
    offsetof(struct config, front_trusted_proxies),
};

int server_reload(struct server *server, void *ctx, const char **ret_why)
{
    struct config *fresh, *mixed;
    int r = config_load(ctx, server->config->file, &fresh, ret_why);

    if (r < 0)
        return r;
    talloc_steal(server, fresh);
    mixed = memory_check(talloc_memdup(fresh, server->config, sizeof *mixed));
    mixed->log_level = fresh->log_level;
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        *(const char **)((char *)mixed + texts[i]) = *(const char *const *)((const char *)fresh + texts[i]);
    server->config = mixed;
    talloc_free(server->reloaded);
    server->reloaded = fresh;
    log_init("millrace-front", fresh->log_level);
    return 0;
}
