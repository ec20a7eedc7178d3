/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/utf8.h"
#include "tests/unit/suite.h"
#include "workers/fenced/text/receipt.h"
#include "workers/fenced/text/receipt_words.h"

/* ---- what a line is about ---- */

static const struct {
    const char *line;
    enum receipt_role role;
    int weight;
} lines[] = {
    { "TOTAL", ROLE_TOTAL, 3 },
    { "T0TAL:", ROLE_TOTAL, 3 },
    { "TOTRL", ROLE_TOTAL, 3 },
    { "Grand Total", ROLE_TOTAL, 4 },
    { "Sub-total", ROLE_SUBTOTAL, 0 },
    { "SUBT0TAL", ROLE_SUBTOTAL, 0 },
    { "Zwischensumme", ROLE_SUBTOTAL, 0 },
    { "SUMME EUR", ROLE_TOTAL, 4 },
    { "MwSt 7%", ROLE_TAX, 0 },
    { "Rückgeld", ROLE_PAYMENT, 0 },
    { "Net à payer", ROLE_TOTAL, 4 },
    { "Sales tax 8%", ROLE_TAX, 0 },
    { "Total savings", ROLE_DISCOUNT, 0 },
    { "Amount due", ROLE_TOTAL, 4 },
    { "Visa ****4471", ROLE_PAYMENT, 0 },
    { "Totally Tomato Soup", ROLE_NONE, 0 },
    { "Taxi cake", ROLE_NONE, 0 },
    { "Barbecue", ROLE_NONE, 0 },
    { "Bar", ROLE_PAYMENT, 0 },
    { "Bar of soap", ROLE_NONE, 0 },
    { "Birthday card", ROLE_NONE, 0 },
    { "Pizza Margherita", ROLE_NONE, 0 },
    { "Thank you!", ROLE_HEADING, 0 },
    { "", ROLE_NONE, 0 },
    { "\xff\xfe", ROLE_NONE, 0 },
    { "TOTAL CASH", ROLE_PAYMENT, 0 },
    { "Total TTC", ROLE_TOTAL, 4 },
};

START_TEST(a_line_is_known_by_its_words)
{
    int weight = -1;
    const enum receipt_role role = receipt_role(lines[_i].line, &weight);

    ck_assert_msg(role == lines[_i].role, "%s: %d", lines[_i].line, role);
    ck_assert_msg(weight == lines[_i].weight, "%s: %d", lines[_i].line, weight);
}
END_TEST

/* ---- whole receipts ---- */

static const struct {
    const char *name, *text;
    const char *vendor, *date, *total, *currency, *items; /* name=price; */
    enum receipt_sum sum;
} receipts[] = {
    { .name = "restaurant",
      .text =
          "LUIGI'S RESTAURANT\n12 Harbour Street\nTel. +1 555 010 4471\n\nDate: 2024-01-14      19:32\n"
          "Table 7          Server Anna\nPizza Margherita       18.00\nLasagne al Forno       21.50\n"
          "2 x House Wine         24.00\nTiramisu                9.50\nSubtotal               73.00\n"
          "Tax                      6.57\nTOTAL                 $79.57\nVisa ****4471          79.57\n\nThank you!\n",
      .vendor = "LUIGI'S RESTAURANT",
      .date = "2024-01-14",
      .total = "79.57",
      .currency = "USD",
      .items = "Pizza Margherita=18.00;Lasagne al Forno=21.50;House Wine=24.00;Tiramisu=9.50;",
      .sum = SUM_RIGHT },
    { .name = "German supermarket, letters misread",
      .text =
          "BIOMARKT GMBH\n\nLindenstraBe 4, Bonn\nBon 4711        03.05.2023 17:45\nVollkornbrot           3,49 A\n"
          "Butter                 2,29 A\nEspresso lkg          18,90 B\nApfelsaft              1,99 A\n"
          "SUMME EUR             26,67\nMwSt 7%                6,51\nBar                   36,00\nRickgeld               3,33\n",
      .vendor = "BIOMARKT GMBH",
      .date = "2023-05-03",
      .total = "26.67",
      .currency = "EUR",
      .items = "Vollkornbrot=3.49;Butter=2.29;Espresso lkg=18.90;Apfelsaft=1.99;",
      .sum = SUM_RIGHT },
    { .name = "a price misread",
      .text =
          "THE CORNER DINER\nReceipt #20931\nJan 7, 2025 8:15 AM\nPancakes  $11.25\nCoffee refill $3.00\nOrange juice S875\n"
          "Sub-total $19.00\nSales tax 8% $1.52\nTip $3.50\nAmount due $24.02\n",
      .vendor = "THE CORNER DINER",
      .date = "2025-01-07",
      .total = "24.02",
      .currency = "USD",
      .items = "Pancakes=11.25;Coffee refill=3.00;",
      .sum = SUM_PARTLY },
    { .name = "all prices right",
      .text =
          "THE CORNER DINER\nReceipt #20931\nJan 7, 2025 8:15 AM\nPancakes  $11.25\nCoffee refill $3.00\nOrange juice $4.75\n"
          "Sub-total $19.00\nSales tax 8% $1.52\nTip $3.50\nAmount due $24.02\n",
      .vendor = "THE CORNER DINER",
      .date = "2025-01-07",
      .total = "24.02",
      .currency = "USD",
      .items = "Pancakes=11.25;Coffee refill=3.00;Orange juice=4.75;",
      .sum = SUM_RIGHT },
    { .name = "American, month first, counts in front",
      .text = "Joe's Hardware\n100 Main St\n03/04/2024 10:02 AM\n1 Hammer 19.99\n3 Nails box 8.97\n2 Paint brush 7.50\n"
              "SUBTOTAL $36.46\nTAX $2.92\nTOTAL $39.38\nCASH $40.00\nCHANGE $0.62\n",
      .vendor = "Joe's Hardware",
      .date = "2024-03-04",
      .total = "39.38",
      .currency = "USD",
      .items = "Hammer=19.99;Nails box=8.97;Paint brush=7.50;",
      .sum = SUM_RIGHT },
    { .name = "British, VAT in the prices",
      .text = "** THE RED LION 'S **  |\n25/12/2023 20:15\nFish & chips £14.50\nPint of ale £5.80\nPint of ale £5.80\n"
              "Total £26.10\nincl. VAT 20% £4.35\nCard £26.10\n",
      .vendor = "THE RED LION'S",
      .date = "2023-12-25",
      .total = "26.10",
      .currency = "GBP",
      .items = "Fish & chips=14.50;Pint of ale=5.80;Pint of ale=5.80;",
      .sum = SUM_RIGHT },
    { .name = "French",
      .text =
          "BOULANGERIE DUPONT\n3 rue de la Paix\nle 5 avril 2024\nBaguette 1,20\n2 x Croissant 2,60\nTarte aux pommes 14,00\n"
          "TOTAL TTC 17,80 EUR\nTVA 5,5% 0,93\nCB 17,80\nMerci\n",
      .vendor = "BOULANGERIE DUPONT",
      .date = "2024-04-05",
      .total = "17.80",
      .currency = "EUR",
      .items = "Baguette=1.20;Croissant=2.60;Tarte aux pommes=14.00;",
      .sum = SUM_RIGHT },
    { .name = "Spanish",
      .text =
          "Bar El Puerto\nFecha 14/06/2024\nTortilla 6,50 €\nCerveza 2,80 €\nIVA 10% 0,85 €\nTotal a pagar 9,30 €\nEfectivo 10,00 €\n"
          "Cambio 0,70 €\nGracias\n",
      .vendor = "Bar El Puerto",
      .date = "2024-06-14",
      .total = "9.30",
      .currency = "EUR",
      .items = "Tortilla=6.50;Cerveza=2.80;",
      .sum = SUM_RIGHT },
    { .name = "yen have no decimals",
      .text = "Sakura Ramen\n2024/02/11\nMiso ramen ¥1,100\nGyoza ¥480\nTotal ¥1,580\n",
      .vendor = "Sakura Ramen",
      .date = "2024-02-11",
      .total = "1580",
      .currency = "JPY",
      .items = "Miso ramen=1100;Gyoza=480;",
      .sum = SUM_RIGHT },
    { .name = "how many on a line below",
      .text = "MARKET HALL\n2024-03-01\nBananas\n2 x 1.25 2.50\nMilk 1l 1.19\nYoghurt\n4 @ 0.60 2.40\nTotal EUR 6.09\n",
      .vendor = "MARKET HALL",
      .date = "2024-03-01",
      .total = "6.09",
      .currency = "EUR",
      .items = "Bananas=2.50;Milk 1l=1.19;Yoghurt=2.40;",
      .sum = SUM_RIGHT },
    { .name = "price of one beside that of all",
      .text =
          "Cafe Nero\n2024-03-01\nCappuccino 3 x 2.90 8.70\nMuffin 2 @ 2.50 ea 5.00\n12345678 Water 1.80\nTotal 15.50 EUR\n",
      .vendor = "Cafe Nero",
      .date = "2024-03-01",
      .total = "15.50",
      .currency = "EUR",
      .items = "Cappuccino=8.70;Muffin=5.00;Water=1.80;",
      .sum = SUM_RIGHT },
    { .name = "a discount",
      .text = "BOOK CORNER\n2024-03-01\nNovel 12.00\nAtlas 30.00\nDiscount 10% -4.20\nTotal 37.80\n",
      .vendor = "BOOK CORNER",
      .date = "2024-03-01",
      .total = "37.80",
      .currency = NULL,
      .items = "Novel=12.00;Atlas=30.00;",
      .sum = SUM_RIGHT },
    { .name = "dots lead to the price",
      .text = "Tea House\n2024-03-01\nGreen tea ............ 4.50\nScone _______ 3.20\nTOTAL: 7.70\n",
      .vendor = "Tea House",
      .date = "2024-03-01",
      .total = "7.70",
      .currency = NULL,
      .items = "Green tea=4.50;Scone=3.20;",
      .sum = SUM_RIGHT },
    { .name = "the total on a line of its own",
      .text = "Taxi Berlin\n01.02.2024\nFahrt 23,40\nGESAMTBETRAG\n23,40 EUR\n",
      .vendor = "Taxi Berlin",
      .date = "2024-02-01",
      .total = "23.40",
      .currency = "EUR",
      .items = "Fahrt=23.40;",
      .sum = SUM_RIGHT },
    { .name = "thousands",
      .text = "Office World\n2024-05-05\nStanding desk 1,299.00\nChair 449.50\nTotal $1,748.50\n",
      .vendor = "Office World",
      .date = "2024-05-05",
      .total = "1748.50",
      .currency = "USD",
      .items = "Standing desk=1299.00;Chair=449.50;",
      .sum = SUM_RIGHT },
    { .name = "two totals: what adds up counts",
      .text = "Grill\n2024-05-05\nRibs 20.00\nTotal 20.00\nTip 4.00\nTotal 24.00\n",
      .vendor = "Grill",
      .date = "2024-05-05",
      .total = "24.00",
      .currency = NULL,
      .items = "Ribs=20.00;",
      .sum = SUM_RIGHT },
    { .name = "it does not add up",
      .text = "Kiosk\n2024-05-05\nPaper 2.00\nCandy 1.50\nTotal 9.99\n",
      .vendor = "Kiosk",
      .date = "2024-05-05",
      .total = "9.99",
      .currency = NULL,
      .items = "Paper=2.00;Candy=1.50;",
      .sum = SUM_WRONG },
    { .name = "Canada is named",
      .text = "Maple Diner\n2024-05-05\nPoutine $12.00\nHST $1.56\nTotal CAD $13.56\n",
      .vendor = "Maple Diner",
      .date = "2024-05-05",
      .total = "13.56",
      .currency = "CAD",
      .items = "Poutine=12.00;",
      .sum = SUM_RIGHT },
    { .name = "no total",
      .text = "Corner Shop\nSoap 2.10\nBread 1.90\n",
      .vendor = "Corner Shop",
      .date = NULL,
      .total = NULL,
      .currency = NULL,
      .items = "Soap=2.10;Bread=1.90;",
      .sum = SUM_UNKNOWN },
    { .name = "a card slip",
      .text = "Welcome to Fuel Stop\n07 Jul 2024 07:07\nApproval 004711\nTotal: $45.00\nVISA\n",
      .vendor = "Fuel Stop",
      .date = "2024-07-07",
      .total = "45.00",
      .currency = "USD",
      .items = "",
      .sum = SUM_UNKNOWN },
    { .name = "no receipt",
      .text = "The quick brown fox\njumps over the lazy dog\n",
      .vendor = "The quick brown fox",
      .date = NULL,
      .total = NULL,
      .currency = NULL,
      .items = "",
      .sum = SUM_UNKNOWN },
    { .name = "nothing",
      .text = "",
      .vendor = NULL,
      .date = NULL,
      .total = NULL,
      .currency = NULL,
      .items = "",
      .sum = SUM_UNKNOWN },
    { .name = "noise",
      .text = "\n~~ ,, .. --\n1 2 3\n$ $ $\n\xc3\n- x @ *\n",
      .vendor = NULL,
      .date = NULL,
      .total = NULL,
      .currency = "USD",
      .items = "",
      .sum = SUM_UNKNOWN },
};

static void check_text(const char *name, const char *what, const char *got, const char *expect)
{
    ck_assert_msg((got == NULL) == (expect == NULL) && (!got || !strcmp(got, expect)), "%s: %s is %s, not %s", name,
                  what, got ? got : "none", expect ? expect : "none");
}

START_TEST(a_receipt_is_read)
{
    autotalloc struct receipt *receipt = receipt_parse(NULL, receipts[_i].text);
    char *items = COPY(receipt, "");

    for (size_t i = 0; i < receipt->item_count; i++)
        items = talloc_asprintf_append(items, "%s=%s;", receipt->items[i].name,
                                       amount_text(receipt, receipt->items[i].price));
    check_text(receipts[_i].name, "the vendor", receipt->vendor, receipts[_i].vendor);
    check_text(receipts[_i].name, "the date", receipt->date, receipts[_i].date);
    check_text(receipts[_i].name, "the currency", receipt->currency, receipts[_i].currency);
    check_text(receipts[_i].name, "the list of items", items, receipts[_i].items);
    check_text(receipts[_i].name, "the total", receipt->has_total ? amount_text(receipt, receipt->total) : NULL,
               receipts[_i].total);
    ck_assert_msg(receipt->sum == receipts[_i].sum, "%s: sum %d", receipts[_i].name, receipt->sum);
}
END_TEST

START_TEST(what_adds_up_is_surer)
{
    autotalloc void *ctx = talloc_new(NULL);
    static const char head[] = "Kiosk\n2024-05-05\nPaper 2.00\nCandy 1.50\n";
    const struct receipt *right = receipt_parse(ctx, FORMAT(ctx, "%sTotal 3.50\n", head));
    const struct receipt *wrong = receipt_parse(ctx, FORMAT(ctx, "%sTotal 9.99\n", head));
    const struct receipt *none = receipt_parse(ctx, head);

    ck_assert_int_eq(receipt_confidence(right, 80), 90);
    ck_assert_int_eq(receipt_confidence(wrong, 80), 56);
    ck_assert_int_lt(receipt_confidence(none, 80), 56);
    ck_assert_int_le(receipt_confidence(right, 100), 99);
    ck_assert_int_le(receipt_confidence(receipt_parse(ctx, ""), 80), 16);
}
END_TEST

/* Whatever comes, it ends, within its bounds. */
START_TEST(long_texts_stay_in_bounds)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *text = memory_check(talloc_zero_size(ctx, 400000));
    const struct receipt *receipt;
    size_t n = 0;

    for (int i = 0; i < 5000; i++)
        n += (size_t)snprintf(text + n, 60, "article number %d of many   %d.25\n", i, i);
    receipt = receipt_parse(ctx, text);
    ck_assert_uint_eq(receipt->item_count, RECEIPT_ITEMS_MAX);
    memset(text, 'a', 399999);
    receipt_parse(ctx, text);
    for (int i = 0; i < 399998; i += 2)
        memcpy(text + i, i % 4 ? "1 " : "x ", 2);
    receipt_parse(ctx, text);
}
END_TEST

/* A line of letters without an end is cut between two of them: the name is one that a result may have. */
START_TEST(a_vendor_is_cut_between_characters)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *text = COPY(ctx, "");
    const struct receipt *receipt;
    uint32_t c;
    size_t n = 0;

    for (int i = 0; i < 300; i++)
        text = memory_check(talloc_asprintf_append(text, i % 2 ? "é" : "漢"));
    receipt = receipt_parse(ctx, FORMAT(ctx, "%s\n2024-05-05\nPaper 2.00\nTotal 2.00\n", text));
    ck_assert_ptr_nonnull(receipt->vendor);
    ck_assert(utf8_check(receipt->vendor));
    for (const char *at = receipt->vendor; *at; at += utf8_next(at, &c))
        n++;
    ck_assert_uint_eq(n, RECEIPT_VENDOR_MAX);
}
END_TEST

SUITE(receipt)
{
    tcase_add_loop_test(tests, a_line_is_known_by_its_words, 0, (int)ELEMENTS(lines));
    tcase_add_loop_test(tests, a_receipt_is_read, 0, (int)ELEMENTS(receipts));
    tcase_add_test(tests, what_adds_up_is_surer);
    tcase_add_test(tests, long_texts_stay_in_bounds);
    tcase_add_test(tests, a_vendor_is_cut_between_characters);
}
