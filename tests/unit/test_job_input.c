/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/storage.h"
#include "queue/job.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BYTES = 3000000 }; /* more than one piece */

/* A stored file, and a job whose folder is below where. */
struct stage {
    char store[64], folder[64];
    struct storage storage;
    struct job_tools tools;
    struct job job;
};

static void stage_make(struct stage *stage, const char *where)
{
    autotalloc void *ctx = talloc_new(NULL);
    FILE *file;
    int n = 0;

    *stage = (struct stage){ .store = "/var/tmp/job-input-store-XXXXXX" };
    snprintf(stage->folder, sizeof stage->folder, "%s/job-input-XXXXXX", where);
    ck_assert_ptr_nonnull(mkdtemp(stage->store));
    ck_assert_ptr_nonnull(mkdtemp(stage->folder));
    file = fopen(FORMAT(ctx, "%s/there", stage->store), "we");
    ck_assert_ptr_nonnull(file);
    while (n < BYTES)
        fputc(n++ * 31 / 7, file);
    ck_assert_int_eq(fclose(file), 0);
    stage->storage = storage_in_folder(stage->store);
    stage->tools.storage = &stage->storage;
    stage->job.tools = &stage->tools;
    stage->job.folder = stage->folder;
}

static void stage_clear(struct stage *stage)
{
    ck_assert_int_eq(folder_remove(stage->store), 0);
    ck_assert_int_eq(folder_remove(stage->folder), 0);
}

static void check_copy(const struct stage *stage)
{
    autotalloc void *ctx = talloc_new(NULL);
    FILE *file = fopen(FORMAT(ctx, "%s/in/it", stage->folder), "re");
    int n = 0, byte;

    ck_assert_ptr_nonnull(file);
    while ((byte = fgetc(file)) == ((n * 31 / 7) & 0xff))
        n++;
    ck_assert_int_eq(byte, EOF);
    ck_assert_int_eq(n, BYTES);
    fclose(file);
}

/* Jobs work where there is room, and files are kept where they last: often two file systems. */
START_TEST(a_stored_file_is_copied_also_to_another_file_system)
{
    static const char *const places[] = { "/var/tmp", "/dev/shm" };

    for (size_t i = 0; i < ELEMENTS(places); i++) {
        struct stage stage;

        if (access(places[i], W_OK) < 0)
            continue;
        stage_make(&stage, places[i]);
        ck_assert_int_eq(job_input(&stage.job, "there", "it", BYTES), 0);
        check_copy(&stage);
        stage_clear(&stage);
    }
}
END_TEST

START_TEST(what_is_too_large_or_not_there_is_not_copied)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct stage stage;

    stage_make(&stage, "/var/tmp");
    ck_assert_int_eq(job_input(&stage.job, "there", "it", BYTES - 1), -EFBIG);
    ck_assert_int_eq(job_input(&stage.job, "elsewhere", "it", BYTES), -ENOENT);
    ck_assert_int_eq(job_input(&stage.job, "../etc/passwd", "it", BYTES), -ENOENT);
    ck_assert_int_eq(access(FORMAT(ctx, "%s/in/it", stage.folder), F_OK), -1);
    stage_clear(&stage);
}
END_TEST

SUITE(job_input)
{
    tcase_add_test(tests, a_stored_file_is_copied_also_to_another_file_system);
    tcase_add_test(tests, what_is_too_large_or_not_there_is_not_copied);
}
