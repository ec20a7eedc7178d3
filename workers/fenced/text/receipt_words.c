/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/text/receipt_words.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* The first row that a line has decides, so what is longer stands in front of what it contains. */
static const struct {
    enum receipt_role role;
    int weight;
    const char *words; /* phrases between bars; with = in front the whole of a line */
} rows[] = {
    { ROLE_OTHER, 0,
      "total items|total qty|item count|items sold|number of items|total articles|artikel|anzahl|points|punkte|total pieces|"
      "items in transaction|loyalty|member" },
    { ROLE_DISCOUNT, 0,
      "total savings|you saved|discount|rabatt|coupon|savings|remise|descuento|sconto|promotion|promo|voucher|gutschein|"
      "nachlass|multibuy" },
    { ROLE_SUBTOTAL, 0,
      "subtotal|sub total|sub tot|zwischensumme|sous total|nettobetrag|netto|net amount|imponibile|base imponible|total ht|"
      "total before tax|warenwert|total excl|net total|subtotale|taxable" },
    { ROLE_TOTAL, 4,
      "grand total|total due|amount due|balance due|total to pay|to pay|zu zahlen|gesamtbetrag|gesamtsumme|endbetrag|endsumme|"
      "rechnungsbetrag|total ttc|net a payer|a payer|total a pagar|a pagar|importe total|total amount|totale complessivo|"
      "invoice total|order total|summe eur|total eur|totale euro|total usd|total gbp|total chf|bruttobetrag|total incl|"
      "total including" },
    { ROLE_TAX, 0,
      "tax|vat|gst|hst|pst|qst|mwst|ust|tva|iva|btw|moms|steuer|mehrwertsteuer|umsatzsteuer|sales tax|mva|taxes" },
    { ROLE_TIP, 0, "tip|gratuity|trinkgeld|service charge|servicecharge|pourboire|propina|mancia|tips" },
    { ROLE_PAYMENT, 0,
      "total cash|total paid|total tendered|=cash|cash paid|cash tendered|=change|change due|your change|visa|mastercard|maestro|"
      "amex|american express|=debit|=credit|=card|credit card|debit card|card payment|card number|card no|tendered|=tender|=paid|"
      "amount paid|payment|=bar|bar eur|bar bezahlt|barzahlung|gegeben|ruckgeld|rueckgeld|wechselgeld|zuruck|ec karte|girocard|"
      "kartenzahlung|efectivo|=cambio|tarjeta|contanti|contante|=resto|=especes|=rendu|carte bancaire|=cb|apple pay|google pay|"
      "paypal|contactless|=pin|pin verified" },
    { ROLE_TOTAL, 3, "total|totale|summe|gesamt|totaal|suma|zahlbetrag|toplam" },
    { ROLE_TOTAL, 1, "betrag|montant|importe|amount|sum" },
    { ROLE_HEADING, 0,
      "receipt|tax invoice|invoice|rechnung|quittung|kassenbon|beleg|recu|ticket|scontrino|recibo|factura|customer copy|"
      "merchant copy|thank you|thanks|vielen dank|danke|merci|gracias|grazie|welcome|willkommen|bienvenue" },
    { ROLE_OTHER, 0,
      "tel|telefon|telephone|phone|fax|date|datum|fecha|data|time|uhr|uhrzeit|table|tisch|mesa|tavolo|server|served by|cashier|"
      "kasse|kassierer|bediener|operator|order|bestellung|bon|bon nr|terminal|auth|approval|ref|reference|transaction|trans|"
      "store|filiale|register|reg|www|http|https|com|guest|guests|covers|gaste|vat no|ust id|steuernummer|steuer nr|check|"
      "chk|account|acct|aid|tid|mid|trace|str|street|strasse|avenue|ave|road|suite|email|siret|p iva|nif|clerk|host" },
};

/* Latin-1's letters, U+00C0 on, without their accents; sharp s has two. */
static const char accents[] = "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty";

static bool all_digits(const char *word, size_t length)
{
    size_t digits = 0;

    for (size_t i = 0; i < length; i++)
        digits += isdigit((unsigned char)word[i]) != 0;
    return digits * 2 >= length;
}

/* Digits in a word of letters are letters misread. */
static void letters_mend(char *word, size_t length)
{
    static const char looks[][2] = { { '0', 'o' }, { '1', 'l' }, { '5', 's' }, { '8', 'b' } };

    if (length < 4 || all_digits(word, length))
        return;
    for (size_t i = 0; i < length; i++)
        for (size_t k = 0; k < ELEMENTS(looks); k++)
            if (word[i] == looks[k][0])
                word[i] = looks[k][1];
}

static void words_mend(char *plain)
{
    for (char *word = plain + 1; *word;) {
        size_t length = strcspn(word, " ");

        letters_mend(word, length);
        word += length + (word[length] == ' ');
    }
}

void receipt_plain(const char *line, char ret[static PLAIN_MAX])
{
    size_t n = 0, step;
    uint32_t c;

    ret[n++] = ' ';
    while (n < PLAIN_MAX - 3 && (step = utf8_next(line, &c)) > 0) {
        char plain = ' ';

        line += step;
        if (c < 128 && isalnum((int)c))
            plain = (char)tolower((int)c);
        else if (c >= 0xc0 && c <= 0xff)
            plain = accents[c - 0xc0];
        if (plain != ' ' || ret[n - 1] != ' ')
            ret[n++] = plain;
        if (c == 0xdf)
            ret[n++] = 's';
    }
    if (ret[n - 1] != ' ')
        ret[n++] = ' ';
    ret[n] = '\0';
    words_mend(ret);
}

/* Whether the words at a place are the phrase, with at most one letter of a long one misread. */
static bool matches(const char *at, const char *phrase, size_t length)
{
    enum { LONG = 5 };
    unsigned wrong = 0;

    for (size_t i = 0; i < length; i++) {
        if (!at[i] || (at[i] == ' ') != (phrase[i] == ' '))
            return false;
        wrong += at[i] != phrase[i];
    }
    return at[length] == ' ' && wrong <= (length >= LONG && at[0] == phrase[0]);
}

static bool has_phrase(const char *plain, const char *phrase, size_t length)
{
    if (*phrase == '=')
        return strlen(plain) == length + 1 && matches(plain + 1, phrase + 1, length - 1);
    for (const char *at = plain; *at; at++)
        if (*at == ' ' && matches(at + 1, phrase, length))
            return true;
    return false;
}

static bool has_any(const char *plain, const char *words)
{
    while (*words) {
        const size_t length = strcspn(words, "|");

        if (has_phrase(plain, words, length))
            return true;
        words += length + (words[length] == '|');
    }
    return false;
}

enum receipt_role receipt_role(const char *line, int *ret_weight)
{
    char plain[PLAIN_MAX];

    receipt_plain(line, plain);
    for (size_t i = 0; i < ELEMENTS(rows); i++)
        if (has_any(plain, rows[i].words)) {
            *ret_weight = rows[i].weight;
            return rows[i].role;
        }
    *ret_weight = 0;
    return ROLE_NONE;
}
