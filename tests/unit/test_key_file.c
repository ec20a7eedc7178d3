/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/key_file.h"
#include "common/memory.h"
#include "common/seal.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const char secret[] = "0123456789abcdef0123456789abcdef", former[] = "fedcba9876543210fedcba9876543210";
static const time_t now = 1700000000;

/* Each test is a process of its own. */
static char path[64];

static void file_make(const char *text, mode_t mode)
{
    int fd;

    snprintf(path, sizeof path, "/tmp/millrace-keys-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static struct keys keys_of(const char *text)
{
    struct keys keys;

    ck_assert_int_eq(keys_derive(text, &keys), 0);
    return keys;
}

static int load(void *ctx, const char *text, const struct keys **ret, const char **ret_why)
{
    int r;

    file_make(text, 0640);
    r = keys_load(ctx, secret, path, ret, ret_why);
    unlink(path);
    return r;
}

/* "signs KID - TEXT\n", with the KID that the text has. */
static char *line(void *ctx, const char *state, const char *text)
{
    struct keys keys = keys_of(text);

    return FORMAT(ctx, "%s %s - %s\n", state, keys.kid, text == secret ? "secret" : text);
}

START_TEST(without_a_file_there_is_the_secret)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys own = keys_of(secret);
    const struct keys *keys = NULL;
    const char *why = NULL;

    ck_assert_int_eq(keys_load(ctx, secret, "", &keys, &why), 0);
    ck_assert_str_eq(keys->kid, own.kid);
    ck_assert_ptr_null(keys->older);
    ck_assert_int_eq(keys_load(ctx, secret, "/tmp/there/is/no/such/file", &keys, &why), 0);
    ck_assert_int_eq(keys_load(ctx, "short", "", &keys, &why), -EINVAL);
}
END_TEST

START_TEST(what_signs_comes_first)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys own = keys_of(secret), other = keys_of(former);
    const struct keys *keys = NULL;
    const char *why = NULL;

    ck_assert_int_eq(load(ctx,
                          FORMAT(ctx, "# comment\n\n%s%s", line(ctx, "checks", secret), line(ctx, "signs", former)),
                          &keys, &why),
                     0);
    ck_assert_str_eq(keys->kid, other.kid);
    ck_assert_str_eq(keys->older->kid, own.kid);
    ck_assert_ptr_null(keys->older->older);
    /* API tokens and what guards sessions are the secret's, whoever signs. */
    ck_assert_mem_eq(keys->api, own.api, KEY_BYTES);
    ck_assert_mem_ne(keys->access, own.access, KEY_BYTES);
    ck_assert_mem_eq(keys->older->access, own.access, KEY_BYTES);
}
END_TEST

START_TEST(a_file_that_does_not_hold)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct keys *untouched = (const struct keys *)ctx, *keys = untouched;
    const char *why = NULL, *own = line(ctx, "signs", secret), *other = line(ctx, "checks", former);
    const struct {
        const char *text, *said;
    } cases[] = {
        { "", "one key has to sign" },
        { other, "one key has to sign" },
        { FORMAT(ctx, "%s%s", own, line(ctx, "signs", former)), "one key has to sign" },
        { FORMAT(ctx, "%s%s%s", own, line(ctx, "next", former), line(ctx, "next", "a-third-of-thirty-two-bytes-or-so")),
          "one at most may be next" },
        { FORMAT(ctx, "%s%s%s", own, other, other), ":3: the key is there twice" },
        { "signs 00000000 - secret\n", "another secret than the configured" },
        { FORMAT(ctx, "signs 00000000 - %s\n", former), "not that of its KID" },
        { "signs 00000000 - short\n", "less than 32 bytes" },
        { "signs\n", "not of the form" },
        { "dances 00000000 - secret\n", "not of the form" },
        { "signs 00000000 - secret", "no end" },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        ck_assert_int_eq(load(ctx, cases[i].text, &keys, &why), -EINVAL);
        ck_assert_msg(strstr(why, cases[i].said), "%s: %s", cases[i].text, why);
        ck_assert_msg(!strstr(why, former), "%s", why);
        ck_assert_ptr_eq(keys, untouched);
    }
}
END_TEST

START_TEST(others_may_not_read_it)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct keys *keys = NULL;
    const char *why = NULL;

    file_make(line(ctx, "signs", secret), 0644);
    ck_assert_int_eq(keys_load(ctx, secret, path, &keys, &why), -EACCES);
    ck_assert_ptr_nonnull(strstr(why, "others"));
    unlink(path);
}
END_TEST

START_TEST(what_is_written_is_read)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct key_list list = { .count = 3 }, seen;
    const char *why = NULL;
    struct stat is;

    list.entries[0] = key_entry_make(ctx, KEY_SIGNS);
    list.entries[1] = key_entry_make(ctx, KEY_NEXT);
    list.entries[2] = (struct key_entry){ .state = KEY_CHECKS, .made = "-" };
    memcpy(list.entries[2].kid, keys_of(secret).kid, KID_SIZE);
    file_make("", 0600);
    ck_assert_int_eq(key_list_write(path, NULL, &list), 0);
    ck_assert_int_eq(stat(path, &is), 0);
    ck_assert_int_eq(is.st_mode & 07777, 0640);
    ck_assert_int_eq(key_list_read(ctx, secret, path, &seen, &why), 0);
    unlink(path);
    ck_assert_uint_eq(seen.count, 3);
    for (size_t i = 0; i < seen.count; i++) {
        ck_assert_int_eq(seen.entries[i].state, list.entries[i].state);
        ck_assert_str_eq(seen.entries[i].kid, list.entries[i].kid);
        ck_assert_str_eq(seen.entries[i].made, list.entries[i].made);
        ck_assert_pstr_eq(seen.entries[i].text, list.entries[i].text);
    }
    ck_assert_str_ne(list.entries[0].text, list.entries[1].text);
    ck_assert_int_eq(key_list_write("/tmp/there/is/no/such/folder", NULL, &list), -ENOENT);
}
END_TEST

START_TEST(a_former_key_holds)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys old = keys_of(former), one = keys_of(secret), ring = one;
    struct claims claims = { .account_id = 7, .issued_at = now, .expires_at = now + 60 }, seen;
    struct link link = { .product = "figureforge", .file_id = 7, .generation = 1 }, found;
    char digest[DIGEST_HEX + 1];
    const char *text, *url;

    ring.older = &old;
    token_jti(claims.jti);
    text = token_sign(ctx, &old, TOKEN_ACCESS, "figureforge", &claims);
    url = link_sign(ctx, &old, &link);
    ck_assert_int_eq(token_verify(&ring, TOKEN_ACCESS, "figureforge", text, now, &seen), 0);
    ck_assert_int_eq(token_verify(&ring, TOKEN_ACCESS, "figureforge", text, now + 60, &seen), -EKEYEXPIRED);
    ck_assert_int_eq(token_verify(&ring, TOKEN_REFRESH, "figureforge", text, now, &seen), -EINVAL);
    ck_assert_int_eq(token_verify(&one, TOKEN_ACCESS, "figureforge", text, now, &seen), -EINVAL);
    ck_assert_int_eq(link_verify(&ring, url, now, &found), 0);
    ck_assert_int_eq(link_verify(&one, url, now, &found), -EINVAL);
    code_digest(&old, "signin", "figureforge", "a@b.example", "123456", digest);
    ck_assert_ptr_nonnull(strstr(code_digests(ctx, &ring, "signin", "figureforge", "a@b.example", "123456"), digest));
    ck_assert_ptr_null(strstr(code_digests(ctx, &one, "signin", "figureforge", "a@b.example", "123456"), digest));
}
END_TEST

/* Signed by one key under the name of another: no. */
START_TEST(a_kid_is_that_of_the_key)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys old = keys_of(former), ring = keys_of(secret), liar = old;
    struct claims claims = { .account_id = 7, .issued_at = now, .expires_at = now + 60 }, seen;

    ring.older = &old;
    token_jti(claims.jti);
    memcpy(liar.kid, ring.kid, sizeof liar.kid);
    ck_assert_int_eq(token_verify(&ring, TOKEN_ACCESS, "figureforge",
                                  token_sign(ctx, &liar, TOKEN_ACCESS, "figureforge", &claims), now, &seen),
                     -EINVAL);
}
END_TEST

START_TEST(what_a_former_key_sealed_opens)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys old = keys_of(former), one = keys_of(secret), ring = one;
    struct seal_ring *before, *with, *without;
    const char *why = NULL, *sealed;
    char *text = NULL;

    ring.older = &old;
    ck_assert_int_eq(seal_ring_new(ctx, "", &old, &before, &why), 0);
    ck_assert_int_eq(seal_ring_new(ctx, "", &ring, &with, &why), 0);
    ck_assert_int_eq(seal_ring_new(ctx, "", &one, &without, &why), 0);
    sealed = seal_text(ctx, before, "here", "hush");
    ck_assert_int_eq(seal_open(ctx, with, "here", sealed, &text, &why), 0);
    ck_assert_str_eq(text, "hush");
    ck_assert_int_eq(seal_open(ctx, without, "here", sealed, &text, &why), -ENOKEY);
    ck_assert_ptr_nonnull(strstr(seal_text(ctx, with, "here", "hush"), one.kid));
}
END_TEST

SUITE(key_file)
{
    tcase_add_test(tests, without_a_file_there_is_the_secret);
    tcase_add_test(tests, what_signs_comes_first);
    tcase_add_test(tests, a_file_that_does_not_hold);
    tcase_add_test(tests, others_may_not_read_it);
    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_test(tests, a_former_key_holds);
    tcase_add_test(tests, a_kid_is_that_of_the_key);
    tcase_add_test(tests, what_a_former_key_sealed_opens);
}
