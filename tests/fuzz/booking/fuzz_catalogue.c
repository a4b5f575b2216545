/* The catalogue as the database gives it: JSON, an empty line, lines of ZIP codes. What is taken
 * can be asked anything, and a quote from it adds up. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool property)
{
    if (!property)
        abort();
}

static void check_quote(const struct quote *q)
{
    int64_t sum = 0;
    for (size_t i = 0; i < q->n_lines; i++) {
        require(q->lines[i].amount_cents >= 0 && q->lines[i].code && q->lines[i].why);
        sum += q->lines[i].amount_cents;
    }
    require(q->n_lines <= QUOTE_MAX_LINES && sum == q->total_cents);
    require(q->subtotal_cents + q->travel_fee_cents == q->total_cents);
    require(q->deposit_cents >= 0 && q->deposit_cents <= q->total_cents);
    require(q->travel_minutes >= 0 && q->distance_miles_x100 >= 0);
}

static void use(const struct catalogue *c, struct arena *a)
{
    struct quote_in in = {.venue_zip = "95112",
                          .date = "2027-07-04",
                          .adults = 30,
                          .children = 20,
                          .items = {{"sake_bar", 0}, {"noodles", 0}, {"gyoza", 1000}},
                          .today = "2027-01-01"};
    for (in.n_items = 0; in.n_items <= 3; in.n_items++) {
        struct field_issues issues = {0};
        struct quote q;
        enum err e = quote_make(c, &in, a, &q, &issues);
        require(e == ERR_OK || (e == ERR_INVALID && issues.n > 0) || e == ERR_TOO_LARGE);
        if (e == ERR_OK)
            check_quote(&q);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *end = size ? memmem(data, size, "\n\n", 2) : NULL;
    struct str json = {(const char *)data, end ? (size_t)(end - (const char *)data) : size};
    struct str zips = end ? (struct str){end + 2, size - json.n - 2} : STR("");
    struct catalogue *c = NULL;
    const char *why = NULL;
    struct arena *a = arena_new(1 << 20);
    enum err e = catalogue_parse(json, zips, &c, &why);
    require(a && (e == ERR_OK || (!c && why)));
    if (e == ERR_OK)
        use(c, a);
    catalogue_free(c);
    arena_free(a);
    return 0;
}
