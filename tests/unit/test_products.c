/* SPDX-License-Identifier: GPL-3.0-or-later
 * The products that the command knows are those that the front has. */
#include "fcgi/dialect.h"
#include "fcgi/serve.h"
#include "queue/cli/products.h"
#include "tests/unit/suite.h"
#include <string.h>

START_TEST(the_command_and_the_front_have_the_same)
{
    const char *const *name = product_names;

    for (const struct product *product = products; product->name; product++) {
        if (product->root) /* the operators' realm is no product */
            continue;
        ck_assert_ptr_nonnull(*name);
        ck_assert_str_eq(*name, product->name);
        ck_assert_int_eq(product_has_api_tokens(*name), (product->dialect->ways & 1u << WAY_TOKEN) != 0);
        name++;
    }
    ck_assert_ptr_null(*name);
}
END_TEST

SUITE(products)
{
    tcase_add_test(tests, the_command_and_the_front_have_the_same);
}
