/* SPDX-License-Identifier: GPL-3.0-or-later
 * Have a thumbnail made, and wait for it: thumb_put FROM TO */
#include <millrace/queue.h>
#include <stdio.h>

/* JSON text of a path without quotes or backslashes, which would want escaping. */
static int thumb_put(struct millrace *queues, const char *from, const char *to)
{
    char args[1024];
    struct millrace_spec spec = { .kind = "thumb.make", .args = args, .tenant = "shop", .unique = to };
    struct millrace_status status;
    struct millrace_id id;
    int r;

    snprintf(args, sizeof args, "{\"from\": \"%s\", \"to\": \"%s\", \"width\": 64}", from, to);
    r = millrace_put(queues, &spec, &id);
    if (r < 0)
        return r;
    printf("%s %s\n", id.text, r == 1 ? "has been asked for already" : "is put");
    r = millrace_wait(queues, id.text, 60000, &status);
    if (r == 0)
        printf("%s\n", status.state == MILLRACE_DONE ? status.result : status.error);
    return r == 0 && status.state != MILLRACE_DONE;
}

int main(int argc, char **argv)
{
    char why[MILLRACE_WHY_SIZE];
    struct millrace *queues;
    int r;

    if (argc != 3)
        return 2;
    if (millrace_open(NULL, &queues, why) < 0) {
        fprintf(stderr, "thumb_put: %s\n", why);
        return 1;
    }
    r = thumb_put(queues, argv[1], argv[2]);
    if (r < 0)
        fprintf(stderr, "thumb_put: %s\n", millrace_error(queues));
    millrace_close(queues);
    return r != 0;
}
