/* SPDX-License-Identifier: GPL-3.0-or-later
 * The targets without libFuzzer, of any compiler.
 *
 *   fuzz-smoke FOLDER           every file of FOLDER/NAME once through target NAME; each target must have one
 *   fuzz-smoke NAME FILE...     only these */
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include <dirent.h>
#include <errno.h>

/* In a block of just its size, so that who reads beyond it is caught. */
static bool try_file(const struct fuzz_target *target, const char *path)
{
    autofree uint8_t *bytes = NULL;
    FILE *from = fopen(path, "re");
    long size = -1;
    bool read;

    if (from && fseek(from, 0, SEEK_END) == 0)
        size = ftell(from);
    if (size < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    rewind(from);
    bytes = memory_check(malloc((size_t)size + !size));
    read = fread(bytes, 1, (size_t)size, from) == (size_t)size;
    fclose(from);
    if (read)
        target->run(bytes, (size_t)size);
    return read;
}

/* How many files; -1 when one could not be read. What is running is told beforehand: a crash tells nothing. */
static int try_folder(const struct fuzz_target *target, const char *folder)
{
    autotalloc char *path = FORMAT(NULL, "%s/%s", folder, target->name);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int count = 0;

    while (dir && count >= 0 && (entry = readdir(dir))) {
        autotalloc char *file = FORMAT(NULL, "%s/%s", path, entry->d_name);

        if (*entry->d_name == '.')
            continue;
        printf("%s\n", file);
        fflush(stdout);
        count = try_file(target, file) ? count + 1 : -1;
    }
    if (dir)
        closedir(dir);
    return count;
}

static int try_all(const char *folder)
{
    size_t n;
    const struct fuzz_target *targets = fuzz_targets(&n);
    int sum = 0, bad = 0;

    for (size_t i = 0; i < n; i++) {
        int count = try_folder(&targets[i], folder);

        if (count <= 0)
            fprintf(stderr, "%s/%s: %s\n", folder, targets[i].name, count ? "cannot be read" : "has no files");
        bad += count <= 0;
        sum += count;
    }
    printf("fuzz-smoke: %zu targets, %d inputs, %d targets failed\n", n, sum, bad);
    return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
    const struct fuzz_target *target = argc > 2 ? fuzz_find(argv[1]) : NULL;
    int bad = 0;

    fuzz_init();
    if (argc == 2)
        return try_all(argv[1]);
    if (!target) {
        fprintf(stderr, "usage: fuzz-smoke FOLDER | fuzz-smoke NAME FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++)
        bad += !try_file(target, argv[i]);
    return bad ? 1 : 0;
}
