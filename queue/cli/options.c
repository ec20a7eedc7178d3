/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/options.h"
#include "common/memory.h"

/* ---- help ---- */

static void print_usage(FILE *to, const struct guide *guide)
{
    fprintf(to, "Usage: millrace %s %s%s\n", guide->name, guide->words,
            guide->options->field.name ? *guide->words ? " [OPTION]..." : "[OPTION]..." : "");
}

static int help(const struct guide *guide)
{
    print_usage(stdout, guide);
    printf("%s\n\n", guide->doc);
    for (const struct option_row *row = guide->options; row->field.name; row++) {
        int width = printf("  %s%s%s", row->field.name, row->value ? " " : "", row->value ? row->value : "");
        printf("%*s%s\n", width < 20 ? 20 - width : 1, "", row->field.doc ? row->field.doc : "");
    }
    printf("  %-17s %s\n", "--help", "print this");
    return DONE;
}

static int misused(const struct guide *guide)
{
    print_usage(stderr, guide);
    return USAGE;
}

/* Of the words that must be there the one behind the first n is not. */
static int misses(const struct guide *guide, int n)
{
    const char *word = guide->words;

    while (n-- > 0)
        word += strcspn(word, " ") + 1;
    fprintf(stderr, "millrace: %s: %.*s is missing\n", guide->name, (int)strcspn(word, " "), word);
    return misused(guide);
}

/* ---- reading ---- */

/* The row of "--name" or "--name=value"; *ret_value is what follows the sign, if any. */
static int find(const struct guide *guide, const char *word, const char **ret_value)
{
    size_t length = strcspn(word, "=");

    *ret_value = word[length] ? word + length + 1 : NULL;
    for (int i = 0; guide->options[i].field.name; i++)
        if (strlen(guide->options[i].field.name) == length && !strncmp(guide->options[i].field.name, word, length))
            return i;
    return -1;
}

/* One option into values; what follows the word is taken when the option wants a value. The words that were used, 0
 * when something is wrong. */
static int read_option(const struct guide *guide, char **words, const char **values)
{
    const char *value;
    int i = find(guide, words[0], &value), used = 1;

    if (i >= 0 && guide->options[i].value && !value) {
        value = words[1];
        used = 2;
    }
    if (i < 0 || (value && !guide->options[i].value)) {
        complain(words[0], "there is no such option", USAGE);
        return 0;
    }
    if (values[i] || (guide->options[i].value && !value)) {
        complain(words[0], values[i] ? "is there twice" : "lacks a value", USAGE);
        return 0;
    }
    values[i] = guide->options[i].value ? value : "true";
    return used;
}

/* Words that were used: none. */
static int too_many(const struct guide *guide, const char *word)
{
    complain(word, "is a word too many", USAGE);
    misused(guide);
    return 0;
}

/* No option is called by a digit: what looks like a number below zero is a word, to be refused as what it is. */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] && (word[1] < '0' || word[1] > '9');
}

static bool check(void *ctx, const struct guide *guide, const char **values)
{
    for (int i = 0; guide->options[i].field.name; i++) {
        struct field_errors errors = { 0 };
        const struct field *field = &guide->options[i].field;

        if (!field_check_text(ctx, field, field->name, values[i], &errors, &values[i])) {
            complain(errors.list[0].field, errors.list[0].message, USAGE);
            return false;
        }
    }
    return true;
}

bool options_read(void *ctx, const struct guide *guide, char **words, struct said *ret, int *ret_status)
{
    struct said said = { .count = 0 };
    bool options = true;
    int n = 0;

    while (words[n])
        n++;
    said.words = memory_check(talloc_zero_array(ctx, const char *, (size_t)n + 1));
    *ret_status = USAGE;
    while (*words) {
        int used = 1;

        if (options && (!strcmp(*words, "--help") || !strcmp(*words, "-h"))) {
            *ret_status = help(guide);
            return false;
        }
        if (options && !strcmp(*words, "--"))
            options = false;
        else if (options && is_option(*words))
            used = read_option(guide, words, said.values);
        else if (guide->most >= 0 && said.count == guide->most)
            used = too_many(guide, *words);
        else
            said.words[said.count++] = *words;
        if (!used)
            return false;
        words += used;
    }
    if (said.count < guide->least) {
        *ret_status = misses(guide, said.count);
        return false;
    }
    if (!check(ctx, guide, said.values))
        return false;
    *ret = said;
    return true;
}

bool option_age(const char *name, const char *text, long long otherwise, long long *ret)
{
    static const struct {
        char unit;
        long long seconds;
    } units[] = { { '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    size_t digits = text ? strspn(text, "0123456789") : 0;

    if (!text) {
        *ret = otherwise;
        return true;
    }
    for (size_t i = 0; i < ELEMENTS(units) && digits > 0 && digits < 8; i++)
        if (text[digits] == units[i].unit && (!text[digits] || !text[digits + 1])) {
            *ret = strtoll(text, NULL, 10) * units[i].seconds;
            return true;
        }
    complain(name, "must be an age such as 90s, 15m, 6h or 7d", USAGE);
    return false;
}
