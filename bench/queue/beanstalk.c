/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-queue-beanstalk SOCKET put JOBS BYTES | drain JOBS DEPTH: a client of beanstalkd, which has no batches but
 * takes commands one behind the other without waiting: DEPTH of them are under way at a time. drain reserves and
 * deletes. */
#include "bench/queue/measure.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { DEPTH_MAX = 1024 };

struct beanstalk {
    FILE *to, *from;
};

static struct beanstalk beanstalk_open(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct beanstalk made;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        die(path, strerror(errno));
    made = (struct beanstalk){ .to = fdopen(fd, "w"), .from = fdopen(fd, "r") };
    if (!made.to || !made.from)
        die(path, strerror(errno));
    return made;
}

/* The next line, which must begin so. */
static void expect(struct beanstalk *beanstalk, const char *begin, char *line, int size)
{
    if (!fgets(line, size, beanstalk->from))
        die("beanstalkd", "has gone");
    if (strncmp(line, begin, strlen(begin)) != 0)
        die("beanstalkd", line);
}

static void put_all(struct beanstalk *beanstalk, long jobs, const char *args)
{
    char line[256];

    for (long from = 0; from < jobs; from += BATCH_MAX) {
        long n = jobs - from < BATCH_MAX ? jobs - from : BATCH_MAX;

        for (long i = 0; i < n; i++)
            fprintf(beanstalk->to, "put 1000 0 60 %zu\r\n%s\r\n", strlen(args), args);
        fflush(beanstalk->to);
        for (long i = 0; i < n; i++)
            expect(beanstalk, "INSERTED ", line, sizeof line);
    }
}

static void reserve(struct beanstalk *beanstalk, long n, unsigned long *ids)
{
    char line[256], body[ARGS_MAX + 2];

    for (long i = 0; i < n; i++)
        fputs("reserve\r\n", beanstalk->to);
    fflush(beanstalk->to);
    for (long i = 0; i < n; i++) {
        char *end;

        expect(beanstalk, "RESERVED ", line, sizeof line);
        ids[i] = strtoul(line + strlen("RESERVED "), &end, 10);
        size_t length = strtoul(end, NULL, 10) + 2;
        if (length > sizeof body || fread(body, 1, length, beanstalk->from) != length)
            die("beanstalkd", "a body is cut");
    }
}

static void drain(struct beanstalk *beanstalk, long jobs, long depth)
{
    unsigned long ids[DEPTH_MAX];
    char line[256];

    for (long from = 0; from < jobs; from += depth) {
        long n = jobs - from < depth ? jobs - from : depth;

        reserve(beanstalk, n, ids);
        for (long i = 0; i < n; i++)
            fprintf(beanstalk->to, "delete %lu\r\n", ids[i]);
        fflush(beanstalk->to);
        for (long i = 0; i < n; i++)
            expect(beanstalk, "DELETED", line, sizeof line);
    }
}

int main(int argc, char **argv)
{
    struct beanstalk beanstalk;
    uint64_t from;
    long jobs;

    if (argc != 5)
        die("words", "SOCKET put JOBS BYTES | drain JOBS DEPTH");
    jobs = number("JOBS", argv[3], 1);
    beanstalk = beanstalk_open(argv[1]);
    if (!strcmp(argv[2], "put")) {
        put_all(&beanstalk, jobs, arguments((size_t)number("BYTES", argv[4], 10)));
        return 0;
    }
    long depth = number("DEPTH", argv[4], 1);
    if (depth > DEPTH_MAX)
        die("DEPTH", "at most 1024");
    from = clock_ns();
    drain(&beanstalk, jobs, depth);
    tell_rate(jobs, from, clock_ns());
    return 0;
}
