/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/password.h"
#include "common/memory.h"
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_LEAST = 8, PASSWORD_MOST = 128 };

/* A line of standard input, not shown where it is typed. False when there is none. */
static bool read_line(char *line, int size)
{
    struct termios shown, hidden;
    bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0, got;

    if (terminal) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        fputs("Password: ", stderr);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    got = fgets(line, size, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
    }
    return got;
}

const char *password_read(struct operation *operation)
{
    const struct config *config = operation->config;
    char line[PASSWORD_MOST + 3] = "", hash[crypto_pwhash_STRBYTES];
    size_t length;
    bool hashed;

    if (sodium_init() < 0 || !read_line(line, sizeof line)) {
        complain("password", "there is none on standard input", USAGE);
        return NULL;
    }
    length = strcspn(line, "\r\n");
    if (length < PASSWORD_LEAST || length > PASSWORD_MOST) {
        complain("password", "must have 8 to 128 characters", USAGE);
        return NULL;
    }
    hashed = crypto_pwhash_str(hash, line, length, (unsigned long long)config->password_operations,
                               (size_t)config->password_memory << 20) == 0;
    sodium_memzero(line, sizeof line);
    if (!hashed) {
        complain("password", "there is not the memory that password.memory says", FAILED);
        return NULL;
    }
    return COPY(operation->ctx, hash);
}
