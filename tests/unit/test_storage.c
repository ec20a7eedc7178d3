/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/storage.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of the test's own, gone with ctx. */
static int scratch_free(char *path)
{
    return folder_remove(path);
}

static char *scratch_new(void *ctx, const char *under)
{
    char *path = FORMAT(ctx, "%s/millrace-test-XXXXXX", under);

    ck_assert_ptr_nonnull(mkdtemp(path));
    talloc_set_destructor(path, scratch_free);
    return path;
}

static const struct storage *in(const char *root)
{
    static struct storage storage;

    storage = storage_in_folder(root);
    return &storage;
}

static char *made(void *ctx, const char *folder, const char *name)
{
    char *path = FORMAT(ctx, "%s/%s", folder, name);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    return path;
}

static void write_file(void *ctx, const char *folder, const char *name, const char *text)
{
    FILE *file = fopen(FORMAT(ctx, "%s/%s", folder, name), "we");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static char *read_file(void *ctx, const char *folder, const char *name)
{
    FILE *file = fopen(FORMAT(ctx, "%s/%s", folder, name), "re");
    char *text = talloc_zero_size(ctx, 256);

    ck_assert_msg(file != NULL, "%s/%s: %s", folder, name, strerror(errno));
    ck_assert_uint_lt(fread(text, 1, 255, file), 255);
    fclose(file);
    return text;
}

static bool is_there(void *ctx, const char *folder, const char *name)
{
    struct stat status;
    return lstat(FORMAT(ctx, "%s/%s", folder, name), &status) == 0;
}

static const struct {
    const char *key;
    bool good;
} keys[] = {
    { "figureforge/12/image.png", true },
    { "a", true },
    { "..a/b..", true },
    { ".hidden", true },
    { "A-Z_0.9", true },
    { "", false },
    { "/", false },
    { "/a", false },
    { "a/", false },
    { "a//b", false },
    { ".", false },
    { "..", false },
    { "a/../b", false },
    { "a/.", false },
    { "a/..", false },
    { "./a", false },
    { "a b", false },
    { "a\nb", false },
    { "a\\b", false },
    { "a%2fb", false },
    { "caf\xc3\xa9", false },
    { "a~part", false },
};

START_TEST(a_key_stays_below_its_root)
{
    ck_assert_int_eq(!!storage_key_check(keys[_i].key), keys[_i].good);
}
END_TEST

START_TEST(a_key_has_a_bound)
{
    char key[1026];

    memset(key, 'a', sizeof key);
    key[200] = '\0';
    ck_assert(storage_key_check(key));
    key[200] = 'a';
    key[201] = '\0';
    ck_assert(!storage_key_check(key));
    key[201] = 'a';
    for (size_t i = 100; i < sizeof key; i += 100)
        key[i] = '/';
    key[1024] = '\0';
    ck_assert(storage_key_check(key));
    key[1024] = 'a';
    key[1025] = '\0';
    ck_assert(!storage_key_check(key));
}
END_TEST

START_TEST(files_move_and_all_else_stays)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *root = scratch_new(ctx, "/tmp"), *folder = scratch_new(ctx, "/tmp");

    write_file(ctx, folder, "one.png", "one");
    write_file(ctx, folder, "two.png", "two");
    write_file(ctx, folder, "a name.png", "left");
    write_file(ctx, folder, "twice.png", "left");
    ck_assert_int_eq(link(FORMAT(ctx, "%s/twice.png", folder), FORMAT(ctx, "%s/second.png", folder)), 0);
    ck_assert_int_eq(symlink("/etc/passwd", FORMAT(ctx, "%s/link.png", folder)), 0);
    ck_assert_int_eq(mkfifo(FORMAT(ctx, "%s/fifo.png", folder), 0600), 0);
    made(ctx, folder, "sub");
    ck_assert_int_eq(storage_take_folder(in(root), "figureforge/7", folder), 2);
    ck_assert_str_eq(read_file(ctx, root, "figureforge/7/one.png"), "one");
    ck_assert_str_eq(read_file(ctx, root, "figureforge/7/two.png"), "two");
    ck_assert(!is_there(ctx, folder, "one.png"));
    ck_assert(is_there(ctx, folder, "link.png") && is_there(ctx, folder, "fifo.png") && is_there(ctx, folder, "sub"));
    ck_assert(is_there(ctx, folder, "a name.png") && is_there(ctx, folder, "twice.png"));
    ck_assert(!is_there(ctx, root, "figureforge/7/link.png") && !is_there(ctx, root, "figureforge/7/twice.png"));
    ck_assert_int_eq(storage_take_folder(in(root), "figureforge/7", folder), 0);
}
END_TEST

START_TEST(a_second_attempt_replaces_the_first)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *root = scratch_new(ctx, "/tmp"), *folder = scratch_new(ctx, "/tmp");

    write_file(ctx, folder, "one.png", "first");
    ck_assert_int_eq(storage_take_folder(in(root), "7", folder), 1);
    write_file(ctx, folder, "one.png", "second");
    ck_assert_int_eq(storage_take_folder(in(root), "7", folder), 1);
    ck_assert_str_eq(read_file(ctx, root, "7/one.png"), "second");
}
END_TEST

/* A folder on another file system than /tmp; one of these always is. */
static char *scratch_elsewhere(void *ctx)
{
    static const char *const candidates[] = { "/dev/shm", "/var/tmp", "." };
    struct stat here, there;

    ck_assert_int_eq(stat("/tmp", &here), 0);
    for (size_t i = 0; i < ELEMENTS(candidates); i++)
        if (!stat(candidates[i], &there) && there.st_dev != here.st_dev && !access(candidates[i], W_OK))
            return scratch_new(ctx, candidates[i]);
    ck_abort_msg("no second file system to test with");
    return NULL;
}

START_TEST(files_move_between_file_systems)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *root = scratch_elsewhere(ctx), *folder = scratch_new(ctx, "/tmp");

    write_file(ctx, folder, "one.png", "one");
    write_file(ctx, folder, "empty.png", "");
    ck_assert_int_eq(storage_take_folder(in(root), "7", folder), 2);
    ck_assert_str_eq(read_file(ctx, root, "7/one.png"), "one");
    ck_assert_str_eq(read_file(ctx, root, "7/empty.png"), "");
    ck_assert(!is_there(ctx, folder, "one.png"));
    ck_assert(!is_there(ctx, root, "7/one.png~part"));
    write_file(ctx, folder, "one.png", "second");
    write_file(ctx, root, "7/one.png~part", "of an attempt that was killed");
    ck_assert_int_eq(storage_take_folder(in(root), "7", folder), 1);
    ck_assert_str_eq(read_file(ctx, root, "7/one.png"), "second");
    ck_assert(!is_there(ctx, root, "7/one.png~part"));
}
END_TEST

START_TEST(no_link_leads_out_of_storage)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *root = scratch_new(ctx, "/tmp"), *folder = scratch_new(ctx, "/tmp"), *outside = scratch_new(ctx, "/tmp");
    char *alias = FORMAT(ctx, "%s/alias", outside);

    write_file(ctx, folder, "one.png", "one");
    ck_assert_int_eq(symlink(outside, FORMAT(ctx, "%s/7", root)), 0);
    ck_assert_int_lt(storage_take_folder(in(root), "7", folder), 0);
    ck_assert_int_lt(storage_take_folder(in(root), "7/8", folder), 0);
    ck_assert_int_eq(storage_take_folder(in(root), "../7", folder), -EINVAL);
    ck_assert_int_eq(symlink(folder, alias), 0);
    ck_assert_int_lt(storage_take_folder(in(root), "9", alias), 0);
    ck_assert_int_eq(storage_take_folder(in(root), "9", FORMAT(ctx, "%s/none", folder)), -ENOENT);
    ck_assert(is_there(ctx, folder, "one.png"));
    ck_assert(!is_there(ctx, outside, "one.png"));
}
END_TEST

START_TEST(a_folder_goes_with_all_that_is_in_it)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *outside = scratch_new(ctx, "/tmp"), *top = scratch_new(ctx, "/tmp");
    char *sub = made(ctx, top, "sub"), *closed = made(ctx, sub, "closed");

    write_file(ctx, outside, "kept", "kept");
    write_file(ctx, top, "a", "a");
    write_file(ctx, closed, ".b", "b");
    ck_assert_int_eq(symlink(outside, FORMAT(ctx, "%s/link", sub)), 0);
    ck_assert_int_eq(mkfifo(FORMAT(ctx, "%s/fifo", sub), 0), 0);
    ck_assert_int_eq(chmod(closed, 0), 0);
    ck_assert_int_eq(chmod(sub, 0500), 0);
    ck_assert_int_eq(folder_remove(top), 0);
    ck_assert_int_eq(access(top, F_OK), -1);
    ck_assert_str_eq(read_file(ctx, outside, "kept"), "kept");
    ck_assert_int_eq(folder_remove(top), 0);
}
END_TEST

START_TEST(what_is_no_folder_is_not_removed)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *top = scratch_new(ctx, "/tmp"), *sub = made(ctx, top, "sub"), *alias = FORMAT(ctx, "%s/alias", top);

    write_file(ctx, sub, "kept", "kept");
    ck_assert_int_eq(symlink(sub, alias), 0);
    ck_assert_int_eq(folder_remove(alias), -ENOTDIR);
    ck_assert_int_eq(folder_remove(FORMAT(ctx, "%s/kept", sub)), -ENOTDIR);
    ck_assert_str_eq(read_file(ctx, sub, "kept"), "kept");
}
END_TEST

/* Folders within each other, the innermost open. */
static int nest(const char *top, int levels)
{
    int at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; i < levels; i++) {
        int next;
        ck_assert_int_eq(mkdirat(at, "d", 0755), 0);
        next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = next;
    }
    return at;
}

START_TEST(depth_is_bounded)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *top = scratch_new(ctx, "/tmp");
    char deepest[3 * 64] = "d";

    close(nest(top, 65));
    ck_assert_int_eq(folder_remove(top), -ELOOP);
    for (int i = 1; i < 64; i++)
        memcpy(deepest + 2 * i - 1, "/d", 3);
    ck_assert_int_eq(rmdir(FORMAT(ctx, "%s/%s/d", top, deepest)), 0);
    ck_assert_int_eq(folder_remove(top), 0);
}
END_TEST

START_TEST(a_stored_file_is_opened_by_its_key)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *root = scratch_new(ctx, "/tmp"), *folder = made(ctx, root, "a");
    char text[8] = "";
    int fd;

    write_file(ctx, folder, "b.png", "here");
    ck_assert_int_eq(symlink("b.png", FORMAT(ctx, "%s/link", folder)), 0);
    fd = storage_open(in(root), "a/b.png");
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read(fd, text, sizeof text), 4);
    ck_assert_str_eq(text, "here");
    close(fd);
    for (const char *const *key = (const char *const[]){ "a", "a/link", "a/none", "none/b.png", "a/b.png/c", "../x",
                                                         "/etc/passwd", "a/../a/b.png", "", "a//b.png", NULL };
         *key; key++)
        ck_assert_msg(storage_open(in(root), *key) == -ENOENT, "%s", *key);
}
END_TEST

SUITE(storage)
{
    tcase_add_test(tests, a_stored_file_is_opened_by_its_key);
    tcase_add_loop_test(tests, a_key_stays_below_its_root, 0, ELEMENTS(keys));
    tcase_add_test(tests, a_key_has_a_bound);
    tcase_add_test(tests, files_move_and_all_else_stays);
    tcase_add_test(tests, a_second_attempt_replaces_the_first);
    tcase_add_test(tests, files_move_between_file_systems);
    tcase_add_test(tests, no_link_leads_out_of_storage);
    tcase_add_test(tests, a_folder_goes_with_all_that_is_in_it);
    tcase_add_test(tests, what_is_no_folder_is_not_removed);
    tcase_add_test(tests, depth_is_bounded);
}
