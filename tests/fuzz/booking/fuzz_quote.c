/* Quotes that come back. The first byte chooses: 't', the rest is a signed text as a client sends
 * it; 's', the rest is signed first, so that what comes after the signature is met too; anything
 * else, the rest is a quote as a booking keeps it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_S 1700000000

static void require(bool property)
{
    if (!property)
        abort();
}

static struct svc *service(void)
{
    static struct svc svc;
    if (!svc.keyring)
        require(keyring_parse("a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", &svc.keyring) ==
                ERR_OK);
    return &svc;
}

/* What was taken is written, and reads back as the same text. */
static void check_quote(struct arena *a, const struct quote *q)
{
    struct quote again;
    const struct json *doc;
    require(q->n_lines <= QUOTE_MAX_LINES && strlen(q->station_id) < UUID_SIZE && q->currency &&
            q->venue_zip);
    const char *text = quote_json(a, q);
    if (!text) /* longer than any of ours */
        return;
    require(json_parse(a, str_of(text), &doc, NULL) == ERR_OK);
    require(quote_parse(a, doc, &again) == ERR_OK);
    const char *second = quote_json(a, &again);
    require(second && strcmp(text, second) == 0);
}

static void take_signed(struct req *r, const char *text, bool ours)
{
    static const struct quote_in wish = {.venue_zip = "95112",
                                         .date = "2027-07-04",
                                         .adults = 10,
                                         .items = {{"sake_bar", 0}},
                                         .n_items = 1};
    struct quote q;
    enum err e = quote_verify(r, text, &wish, &q);
    require(e == ERR_OK || e == ERR_QUOTE_INVALID || e == ERR_QUOTE_EXPIRED ||
            e == ERR_QUOTE_MISMATCH || e == ERR_TOO_LARGE);
    require(ours || e != ERR_OK || strstr(text, "v1.a."));
    if (e == ERR_OK)
        check_quote(r->arena, &q);
}

static void take_kept(struct arena *a, struct str text)
{
    struct quote q;
    const struct json *doc;
    if (json_parse(a, text, &doc, NULL) == ERR_OK && quote_parse(a, doc, &q) == ERR_OK)
        check_quote(a, &q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct req r = {.svc = service(), .arena = arena_new(1 << 22), .now_us = NOW_S * USEC_PER_SEC};
    struct str rest = {(const char *)data + 1, size - 1};
    const char *text;
    if (!r.arena)
        abort();
    if (size > 1 && data[0] == 't') {
        text = arena_strndup(r.arena, rest.p, rest.n);
        if (text)
            take_signed(&r, text, false);
    } else if (size > 1 && data[0] == 's') {
        if (req_sign(&r, "quote", rest, &text) == ERR_OK)
            take_signed(&r, text, true);
    } else if (size > 1) {
        take_kept(r.arena, rest);
    }
    arena_free(r.arena);
    return 0;
}
