/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/wire/record.h"
#include "tests/unit/suite.h"
#include <errno.h>

/* Three records: with content, empty, longer than one record holds (so that record_add splits it). */
static struct buffer some_records(void)
{
    static unsigned char big[100000];
    struct buffer buffer = { 0 };

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (unsigned char)(i * 7);
    record_add(&buffer, 4, 258, "hello", 5);
    record_add(&buffer, 5, 1, NULL, 0);
    record_add(&buffer, 6, 65535, big, sizeof big);
    return buffer;
}

/* Walk them as they would come in pieces of size bytes. */
static void feed(const struct buffer *all, size_t size)
{
    static const struct record wanted[] = {
        { .type = 4, .id = 258, .length = 5 },
        { .type = 5, .id = 1, .length = 0 },
        { .type = 6, .id = 65535, .length = 65528 },
        { .type = 6, .id = 65535, .length = 100000 - 65528 },
    };
    struct buffer in = { 0 };
    size_t seen = 0, content = 0;

    for (size_t at = 0; at < all->length; at += size) {
        struct record record;
        long whole;

        buffer_add(&in, all->bytes + at, all->length - at < size ? all->length - at : size);
        while ((whole = record_next(in.bytes, in.length, &record)) > 0) {
            ck_assert_uint_lt(seen, 4);
            ck_assert_int_eq(record.type, wanted[seen].type);
            ck_assert_uint_eq(record.id, wanted[seen].id);
            ck_assert_uint_eq(record.length, wanted[seen].length);
            for (size_t i = 0; seen >= 2 && i < record.length; i++, content++)
                ck_assert_uint_eq(record.content[i], (unsigned char)(content * 7));
            seen++;
            in.length -= (size_t)whole;
            memmove(in.bytes, in.bytes + whole, in.length);
        }
        ck_assert_int_eq(whole, 0);
    }
    ck_assert_uint_eq(seen, 4);
    ck_assert_uint_eq(content, 100000);
    ck_assert_uint_eq(in.length, 0);
    buffer_free(&in);
}

START_TEST(records_come_whole_from_pieces_of_any_size)
{
    static const size_t sizes[] = { 1, 2, 3, 7, 64, 65536, 1000000 };
    struct buffer all = some_records();

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        feed(&all, sizes[i]);
    buffer_free(&all);
}
END_TEST

START_TEST(records_are_padded_to_eight)
{
    struct buffer buffer = { 0 };

    for (size_t n = 0; n < 20; n++) {
        buffer.length = 0;
        record_add(&buffer, 6, 1, "01234567890123456789", n);
        ck_assert_uint_eq(buffer.length, 8 + (n + 7) / 8 * 8);
    }
    buffer_free(&buffer);
}
END_TEST

START_TEST(a_wrong_version_is_told_by_its_first_byte)
{
    struct record record;

    ck_assert_int_eq(record_next((const unsigned char *)"G", 1, &record), -EPROTO);
    ck_assert_int_eq(record_next((const unsigned char *)"\1", 1, &record), 0);
    ck_assert_int_eq(record_next(NULL, 0, &record), 0);
}
END_TEST

START_TEST(pairs_have_short_and_long_lengths)
{
    static const unsigned char bytes[] = "\1\2nvv"
                                         "\200\0\0\3\0abc"
                                         "\0\0";
    size_t at = 0;
    struct pair pair;

    ck_assert_int_eq(pair_next(bytes, sizeof bytes - 1, &at, &pair), 1);
    ck_assert(pair.name_length == 1 && pair.value_length == 2 && !memcmp(pair.value, "vv", 2));
    ck_assert_int_eq(pair_next(bytes, sizeof bytes - 1, &at, &pair), 1);
    ck_assert(pair.name_length == 3 && pair.value_length == 0 && !memcmp(pair.name, "abc", 3));
    ck_assert_int_eq(pair_next(bytes, sizeof bytes - 1, &at, &pair), 1);
    ck_assert(pair.name_length == 0 && pair.value_length == 0);
    ck_assert_int_eq(pair_next(bytes, sizeof bytes - 1, &at, &pair), 0);
}
END_TEST

START_TEST(malformed_pairs_are_refused_and_leave_the_place)
{
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        { "\1", 1 },         { "\1\1", 2 },
        { "\1\1a", 3 },      { "\200\0\0", 3 },
        { "\200\0\0\1", 4 }, { "\377\377\377\377\377\377\377\377", 8 },
        { "\1\200\0\0", 4 }, { "\0\377\377\377\377", 5 },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pair pair = { .name_length = 77 };
        size_t at = 0;

        ck_assert_int_eq(pair_next((const unsigned char *)bad[i].bytes, bad[i].n, &at, &pair), -EPROTO);
        ck_assert(at == 0 && pair.name_length == 77);
    }
}
END_TEST

SUITE(record)
{
    tcase_add_test(tests, records_come_whole_from_pieces_of_any_size);
    tcase_add_test(tests, records_are_padded_to_eight);
    tcase_add_test(tests, a_wrong_version_is_told_by_its_first_byte);
    tcase_add_test(tests, pairs_have_short_and_long_lengths);
    tcase_add_test(tests, malformed_pairs_are_refused_and_leave_the_place);
}
