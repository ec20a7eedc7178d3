/* SPDX-License-Identifier: GPL-3.0-or-later
 * One call of common/provider/s3.h, for the tests:
 *   s3-calls ENDPOINT BUCKET ACCESS_KEY SECRET_KEY STYLE TIMEOUT CALL KEY [FILE | NUMBER...]
 * Prints what it gave; the last line is the error's name (0: none) and the most memory held, in kB. */
#include "common/memory.h"
#include "common/provider/s3.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long number(const char *text)
{
    return text ? strtol(text, NULL, 10) : 0;
}

static int put(const struct s3 *s3, char **words)
{
    autoclose int fd = open(words[1], O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : s3_put(s3, words[0], fd);
}

static int get(const struct s3 *s3, char **words)
{
    autoclose int fd = open(words[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    if (words[2])
        return s3_get_range(s3, words[0], (uint64_t)number(words[2]), (uint64_t)number(words[3]), fd);
    return s3_get(s3, words[0], fd);
}

static int head(const struct s3 *s3, char **words)
{
    struct s3_object object;
    int r = s3_head(s3, words[0], &object);

    if (r == 0)
        printf("%llu %lld\n", (unsigned long long)object.size, (long long)object.changed_at);
    return r;
}

static int drop(const struct s3 *s3, char **words)
{
    return s3_delete(s3, words[0]);
}

static int print_object(void *closure, const char *key, const struct s3_object *object)
{
    (void)closure;
    printf("%s %llu %lld\n", key, (unsigned long long)object->size, (long long)object->changed_at);
    return 0;
}

static int list(const struct s3 *s3, char **words)
{
    (void)words;
    return s3_list(s3, print_object, NULL);
}

/* KEY METHOD SECONDS AGE TYPE DISPOSITION */
static int presign(const struct s3 *s3, char **words)
{
    const struct s3_presigned what = { .key = words[0],
                                       .method = words[1],
                                       .seconds = (int)number(words[2]),
                                       .now = time(NULL) - number(words[3]),
                                       .type = words[4],
                                       .disposition = words[5] };
    autotalloc char *url = s3_presign(NULL, s3, &what);

    puts(url);
    return 0;
}

/* Twice in one process: the second on the connection that the first has left, while the server has closed it. */
static int head_later(const struct s3 *s3, char **words)
{
    int r = head(s3, words);

    fflush(stdout);
    getchar();
    return r < 0 ? r : head(s3, words);
}

/* kB. getrusage() would tell what the process was before it became this program. */
static long memory_most(void)
{
    static const char name[] = "VmHWM:";
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long most = -1;

    while (status && most < 0 && fgets(line, sizeof line, status))
        if (!strncmp(line, name, strlen(name)))
            most = number(line + strlen(name));
    if (status)
        fclose(status);
    return most;
}

static const struct {
    const char *name;
    int (*run)(const struct s3 *s3, char **words);
} calls[] = {
    { "put", put },
    { "get", get },
    { "head", head },
    { "list", list },
    { "presign", presign },
    { "delete", drop },
    { "head-later", head_later },
};

int main(int argc, char **argv)
{
    int r = -ENOSYS;

    if (argc < 9 || sodium_init() < 0)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    const struct s3 s3 = { .endpoint = argv[1],
                           .bucket = argv[2],
                           .region = "eu-test-1",
                           .access_key = argv[3],
                           .secret_key = argv[4],
                           .path_style = !strcmp(argv[5], "path"),
                           .timeout = (int)number(argv[6]) };
    for (size_t i = 0; i < ELEMENTS(calls); i++)
        if (!strcmp(calls[i].name, argv[7]))
            r = calls[i].run(&s3, argv + 8);
    printf("%s %ld\n", r < 0 ? strerrorname_np(-r) : "0", memory_most());
    return 0;
}
