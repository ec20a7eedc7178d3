/* SPDX-License-Identifier: GPL-3.0-or-later
 * The file of keys. What holds keeps its rules, and is the same when it is written and read again. Input: the file. */
#include "common/key_file.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";

/* A file in memory, which is made once. */
static const char *path_of(const uint8_t *data, size_t size)
{
    static char path[64];
    static int fd = -1;

    if (fd < 0) {
        MUST((fd = memfd_create("keyfile", MFD_CLOEXEC)) >= 0 && fchmod(fd, 0640) == 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    MUST(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}

static void hold_rules(const struct key_list *list)
{
    MUST(list->count >= 1 && list->count <= KEYS_MAX);
    for (size_t i = 0; i < list->count; i++) {
        const struct key_entry *entry = &list->entries[i];
        struct keys keys;

        MUST((entry->state == KEY_SIGNS) == (i == 0));
        MUST(keys_derive(entry->text ? entry->text : secret, &keys) == 0 && !strcmp(keys.kid, entry->kid));
        for (size_t k = 0; k < i; k++)
            MUST(strcmp(list->entries[k].kid, entry->kid) != 0);
        for (size_t k = 1; k < i; k++)
            MUST(entry->state != KEY_NEXT || list->entries[k].state != KEY_NEXT);
    }
}

static void hold_again(void *ctx, const struct key_list *list)
{
    char *text = COPY(ctx, "# again\n");
    struct key_list back;
    const char *why;

    for (size_t i = 0; i < list->count; i++)
        text = memory_check(talloc_asprintf_append(text, "\t%s  %s %s %s \r\n", key_state_names[list->entries[i].state],
                                                   list->entries[i].kid, list->entries[i].made,
                                                   list->entries[i].text ? list->entries[i].text : "secret"));
    if (key_list_read(ctx, secret, path_of((const uint8_t *)text, strlen(text)), &back, &why) < 0) {
        MUST(strstr(why, "too long")); /* by the blanks that were put between its words */
        return;
    }
    MUST(back.count == list->count);
    for (size_t i = 0; i < list->count; i++)
        MUST(back.entries[i].state == list->entries[i].state && !strcmp(back.entries[i].kid, list->entries[i].kid) &&
             !strcmp(back.entries[i].made, list->entries[i].made));
}

FUZZ(keyfile)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct key_list list = { .count = 77 };
    const char *why = NULL;
    int r = key_list_read(ctx, secret, path_of(data, size), &list, &why);

    MUST(r == 0 || (r == -EINVAL && why && list.count == 77));
    if (r < 0)
        return;
    hold_rules(&list);
    hold_again(ctx, &list);
}
