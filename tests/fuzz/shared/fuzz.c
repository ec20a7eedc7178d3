/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/fuzz/shared/fuzz.h"
#include "common/log.h"
#include "common/memory.h"
#include <signal.h>
#include <sodium.h>

enum { TARGETS_MAX = 64 };

static struct fuzz_target targets[TARGETS_MAX];
static size_t target_count;

void fuzz_register(const char *name, fuzz_fn *run)
{
    if (target_count == TARGETS_MAX)
        abort();
    targets[target_count++] = (struct fuzz_target){ name, run };
}

const struct fuzz_target *fuzz_targets(size_t *ret_count)
{
    *ret_count = target_count;
    return targets;
}

const struct fuzz_target *fuzz_find(const char *name)
{
    for (size_t i = 0; i < target_count; i++)
        if (!strcmp(targets[i].name, name))
            return &targets[i];
    return NULL;
}

void fuzz_init(void)
{
    memory_init();
    log_init("fuzz", LOG_ERROR);
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0)
        abort();
}

void fuzz_broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/* ---- the input taken apart ---- */

unsigned input_byte(struct input *input)
{
    if (!input->left)
        return 0;
    input->left--;
    return (unsigned char)*input->at++;
}

unsigned input_number(struct input *input, int bytes)
{
    unsigned value = 0;

    for (int i = 0; i < bytes; i++)
        value = value << 8 | input_byte(input);
    return value;
}

static char *copy(void *ctx, const char *bytes, size_t n)
{
    char *text = memory_check(talloc_size(ctx, n + 1));

    *(char *)mempcpy(text, n ? bytes : "", n) = '\0';
    return text;
}

char *input_line(void *ctx, struct input *input)
{
    const char *end = input->left ? memchr(input->at, '\n', input->left) : NULL;
    size_t n = end ? (size_t)(end - input->at) : input->left;
    char *line = copy(ctx, input->at, n);

    input->at += n + (end != NULL);
    input->left -= n + (end != NULL);
    return line;
}

char *input_rest(void *ctx, struct input *input)
{
    return copy(ctx, input->at, input->left);
}

/* Marsaglia's xorshift. */
static uint32_t next_random(uint32_t *seed)
{
    uint32_t x = *seed ? *seed : 1;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *seed = x;
}

size_t piece_next(uint32_t *seed, size_t left)
{
    static const uint32_t most[] = { 1, 2, 9, 64, 4096, UINT32_MAX };
    uint32_t size = most[next_random(seed) % ELEMENTS(most)];
    size_t n = 1 + next_random(seed) % size;

    return n < left ? n : left;
}
