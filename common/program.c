/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/program.h"
#include "common/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <unistd.h>

/* libpq and libcurl bring LDAP along, and that brings GnuTLS, which nobody here uses: asked so, it does not start by
 * itself, which would keep a MiB resident in every process. The name is GnuTLS' own. */
int _gnutls_global_init_skip(void);
int _gnutls_global_init_skip(void)
{
    return 1;
}

/* A connection must not get the number of a standard descriptor that whoever started us has closed: what is printed
 * would go into it. What stands there instead can be neither read nor written in its direction, so that nobody takes it
 * for done. */
static void stand_in_for_closed(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            abort();
}

static void print_usage(FILE *to, const char *name, const char *usage)
{
    fprintf(to, "Usage: %s [--config FILE] %s\n", name, usage);
}

const struct config *program_start(void *ctx, const char *name, const char *usage, int argc, char **argv,
                                   char ***ret_words, int *ret_status)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },
        { NULL, 0, NULL, 0 },
    };
    struct config *config;
    const char *file = NULL, *why = "";
    int option;

    stand_in_for_closed();
    memory_init();
    signal(SIGPIPE, SIG_IGN);
    while ((option = getopt_long(argc, argv, "+c:hv", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            file = optarg;
            break;
        case 'h':
            print_usage(stdout, name, usage);
            *ret_status = 0;
            return NULL;
        case 'v':
            printf("%s %s\n", name, MILLRACE_VERSION);
            *ret_status = 0;
            return NULL;
        default:
            print_usage(stderr, name, usage);
            *ret_status = 2;
            return NULL;
        }
    }
    *ret_status = 1;
    if (sodium_init() < 0) {
        fprintf(stderr, "%s: libsodium cannot start\n", name);
        return NULL;
    }
    if (config_load(ctx, file, &config, &why) < 0) {
        fprintf(stderr, "%s: %s\n", name, why);
        return NULL;
    }
    log_init(name, config->log_level);
    *ret_words = argv + optind;
    return config;
}
