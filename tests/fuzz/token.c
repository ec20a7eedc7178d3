/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tokens and links. What nobody signed never holds; what was signed with our key holds only when every claim does; what
 * we make holds, and not with a bit changed. Input: what (1), which bit (2), then as each says. */
#include "common/token.h"
#include "common/json.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>
#include <sodium.h>

static const time_t now = 1700000000;
static const char product[] = "expenses";

static const struct keys *keys(void)
{
    static struct keys made;

    if (!*made.kid)
        MUST(keys_derive("0123456789abcdef0123456789abcdef", &made) == 0);
    return &made;
}

static void hold_refused(void *ctx, struct input input, unsigned bit)
{
    const char *text = input_rest(ctx, &input);
    struct claims claims = { .account_id = 77 };
    struct link link = { .file_id = 77 };
    struct api_token api = { .account_id = 77 };

    (void)bit;
    MUST(token_verify(keys(), TOKEN_ACCESS, product, text, now, &claims) == -EINVAL && claims.account_id == 77);
    MUST(token_verify(keys(), TOKEN_REFRESH, product, text, now, &claims) == -EINVAL);
    MUST(link_verify(keys(), text, now, &link) == -EINVAL && link.file_id == 77);
    MUST(api_token_verify(keys(), product, text, &api) == -EINVAL && api.account_id == 77);
}

/* ---- a JWT with any header and claims, signed with our key ---- */

static char *base64(void *ctx, const void *bytes, size_t n)
{
    size_t room = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = memory_check(talloc_size(ctx, room));

    return sodium_bin2base64(text, room, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static char *forge(void *ctx, const char *header, const char *payload)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char *body = FORMAT(ctx, "%s.%s", base64(ctx, header, strlen(header)), base64(ctx, payload, strlen(payload)));

    crypto_auth_hmacsha256(mac, (const unsigned char *)body, strlen(body), keys()->access);
    return FORMAT(ctx, "%s.%s", body, base64(ctx, mac, sizeof mac));
}

static bool is_text(const json_t *object, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value && !strcmp(value, text);
}

/* Input: a line with the header, where % stands for our key's name; the claims. */
static void hold_forged(void *ctx, struct input input, unsigned bit)
{
    char *head = input_line(ctx, &input), *payload = input_rest(ctx, &input), *kid = strchr(head, '%');
    json_auto_t *header = NULL, *said = NULL;
    struct claims claims;
    int r;

    (void)bit;
    if (kid) {
        *kid = '\0';
        head = FORMAT(ctx, "%s%s%s", head, keys()->kid, kid + 1);
    }
    r = token_verify(keys(), TOKEN_ACCESS, product, forge(ctx, head, payload), now, &claims);
    MUST(r == 0 || r == -EINVAL || r == -EKEYEXPIRED);
    if (r < 0)
        return;
    header = json_loads(head, 0, NULL);
    said = json_loads(payload, 0, NULL);
    MUST(header && said && is_text(header, "kid", keys()->kid) && is_text(said, "iss", "millrace"));
    MUST(is_text(said, "aud", product) && is_text(said, "typ", "access") && is_text(said, "jti", claims.jti));
    MUST(is_text(said, "sub", FORMAT(ctx, "%lld", claims.account_id)) && claims.account_id > 0);
    MUST(claims.expires_at > now && json_integer_value(json_object_get(said, "exp")) == claims.expires_at);
    MUST(claims.issued_at <= now + 60 && json_integer_value(json_object_get(said, "iat")) == claims.issued_at);
}

/* ---- what we make ---- */

static void change(char *text, unsigned bit)
{
    text[bit / 8 % strlen(text)] ^= (char)(1 << bit % 7);
}

/* Input: account (4), since when (4), how long (4). */
static void hold_made(void *ctx, struct input input, unsigned bit)
{
    struct claims claims = { .account_id = input_number(&input, 4) + 1ll }, back;
    char *text;
    int r;

    token_jti(claims.jti);
    claims.issued_at = (time_t)input_number(&input, 4) + 1;
    claims.expires_at = claims.issued_at + input_number(&input, 4);
    text = token_sign(ctx, keys(), TOKEN_REFRESH, product, &claims);
    r = token_verify(keys(), TOKEN_REFRESH, product, text, now, &back);
    MUST(r == claims_check_times(&claims, now));
    MUST(r < 0 || (back.account_id == claims.account_id && !strcmp(back.jti, claims.jti)));
    MUST(token_verify(keys(), TOKEN_ACCESS, product, text, now, &back) == -EINVAL);
    MUST(token_verify(keys(), TOKEN_REFRESH, "nutrition", text, now, &back) == -EINVAL);
    change(text, bit);
    MUST(token_verify(keys(), TOKEN_REFRESH, product, text, now, &back) == -EINVAL);
}

/* Input: product's line, file (8), generation (4), end (4), as what (1). */
static void hold_link(void *ctx, struct input input, unsigned bit)
{
    const char *name = input_line(ctx, &input);
    struct link link = { .file_id = (long long)input_number(&input, 4) << 31 | (input_number(&input, 4) >> 1) }, back;
    char *text;
    int r;

    snprintf(link.product, sizeof link.product, "%s", name);
    link.generation = (int)(input_number(&input, 4) >> 1);
    link.expires_at = input_number(&input, 4);
    link.attachment = input_byte(&input) & 1;
    text = link_sign(ctx, keys(), &link);
    r = link_verify(keys(), text, now, &back);
    if (!*link.product || strpbrk(link.product, ":.") || link.file_id < 1)
        return; /* nobody asks for such a one */
    MUST(r == (link.expires_at && link.expires_at <= now ? -EKEYEXPIRED : 0));
    MUST(r < 0 ||
         (!strcmp(back.product, link.product) && back.file_id == link.file_id && back.generation == link.generation &&
          back.expires_at == link.expires_at && back.attachment == link.attachment));
    change(text, bit);
    MUST(link_verify(keys(), text, now, &back) == -EINVAL);
}

/* Input: account (5), generation (3). */
static void hold_api(void *ctx, struct input input, unsigned bit)
{
    struct api_token token = { .account_id = (long long)input_byte(&input) << 32 | input_number(&input, 4) }, back;
    char text[API_TOKEN_HEX + 1];

    (void)ctx;
    token.generation = (int)input_number(&input, 3);
    api_token_make(keys(), product, &token, text);
    MUST(api_token_verify(keys(), product, text, &back) == 0);
    MUST(back.account_id == token.account_id && back.generation == token.generation);
    MUST(api_token_verify(keys(), "nutrition", text, &back) == -EINVAL);
    text[bit / 8 % API_TOKEN_HEX] = text[bit / 8 % API_TOKEN_HEX] == '0' ? '1' : '0';
    MUST(api_token_verify(keys(), product, text, &back) == -EINVAL);
}

FUZZ(token)
{
    static void (*const what[])(void *ctx, struct input input, unsigned bit) = { hold_refused, hold_forged, hold_made,
                                                                                 hold_link, hold_api };
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    unsigned which = input_byte(&input) % ELEMENTS(what), bit = input_number(&input, 2);

    what[which](ctx, input, bit);
}
