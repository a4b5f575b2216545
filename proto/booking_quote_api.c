/* Field tables of the quote: see booking_quote_api.h. */
#include "booking_quote_api.h"

#define TEXT(member) .offset = FIELD_AT(struct quote_wish_in, member, const char *)
#define NUMBER(member) .offset = FIELD_AT(struct quote_wish_in, member, int64_t)
#define SHOWN .offset = FIELD_NOWHERE
#define TABLE(symbol, schema, fields, size) \
    const struct field_table symbol = {     \
        .name = (schema), .rows = (fields), .n = ARRAY_LEN(fields), .bytes = (size)}
#define CENTS(n, text)                                                                    \
    {                                                                                     \
        .name = (n), .type = FIELD_INT, .flags = FIELD_REQUIRED, .max = INT64_MAX, SHOWN, \
        .prose = (text)                                                                   \
    }
#define DECIMAL(n, text)                                                                   \
    {                                                                                      \
        .name = (n), .type = FIELD_NUMBER, .flags = FIELD_REQUIRED, SHOWN, .prose = (text) \
    }

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */
static const struct field item_fields[] = {
    {.name = "code", .type = FIELD_STR, .flags = FIELD_REQUIRED, .max = 40, .pattern = "slug", SHOWN,
     .prose = "Of a dish or add-on of the menu"},
    {.name = "quantity", .type = FIELD_INT, .min = 0, .max = 1000, SHOWN,
     .prose = "0 or not given: the usual one"},
};
static TABLE(item_in, "QuoteItemInput", item_fields, 0);

static const struct field wish_fields[] = {
    {.name = "guest_count", .type = FIELD_INT, .min = 1, .max = 50, NUMBER(guest_count),
     .prose = "All guests; adults, unless `adults` or `children` say more", .example = "10"},
    {.name = "adults", .type = FIELD_INT, .min = 0, .max = 50, NUMBER(adults),
     .prose = "Guests who pay the full price"},
    {.name = "children", .type = FIELD_INT, .min = 0, .max = 50, NUMBER(children),
     .prose = "Guests who pay the children's price"},
    {.name = "venue_zip", .type = FIELD_STR, .flags = FIELD_REQUIRED, .max = 10, .pattern = "zip",
     TEXT(venue_zip), .prose = "ZIP code of the venue", .example = "\"95112\""},
    {.name = "station_id", .type = FIELD_UUID, TEXT(station_id),
     .prose = "The nearest one that serves the venue when not given"},
    {.name = "date", .type = FIELD_DATE, TEXT(date),
     .prose = "Day of the event; without it dates that cost more are not considered",
     .example = "\"2027-06-12\""},
    {.name = "event_type", .type = FIELD_STR, .min = 1, .max = 40, .pattern = "slug",
     TEXT(event_type), .prose = "birthday, wedding, company ...", .example = "\"birthday\""},
    {.name = "addons", .type = FIELD_LIST, .item = FIELD_STR, .pattern = "slug", .max = 30,
     .offset = FIELD_AT(struct quote_wish_in, addons, const struct json *),
     .prose = "Codes of dishes and add-ons, in the usual quantity", .example = "[\"sake_bar\"]"},
    {.name = "items", .type = FIELD_LIST, .sub = &item_in, .max = 30,
     .offset = FIELD_AT(struct quote_wish_in, items, const struct json *),
     .prose = "Dishes and add-ons with their quantities, as a booking takes them"},
    {.name = "promo_code", .type = FIELD_STR, .min = 1, .max = 40, TEXT(promo_code),
     .prose = "Promotion to apply"},
};
TABLE(quote_wish_in, "QuoteRequest", wish_fields, sizeof(struct quote_wish_in));

static const struct field line_fields[] = {
    {.name = "code", .type = FIELD_STR, .flags = FIELD_REQUIRED, .max = 40, SHOWN, .prose = "What it is for"},
    {.name = "label", .type = FIELD_STR, .flags = FIELD_REQUIRED, .max = 100, SHOWN, .prose = "In words"},
    {.name = "why", .type = FIELD_STR, .flags = FIELD_REQUIRED, .max = 200, SHOWN, .prose = "How it comes about"},
    CENTS("quantity", "How many"),
    CENTS("unit_cents", "Price of one"),
    CENTS("amount_cents", "Price of all"),
};
static TABLE(line_out, "QuoteLine", line_fields, 0);

static const struct field quote_fields[] = {
    {.name = "station_id", .type = FIELD_UUID, .flags = FIELD_REQUIRED, SHOWN, .prose = "Who comes"},
    {.name = "venue_zip", .type = FIELD_STR, .flags = FIELD_REQUIRED, .max = 5, SHOWN, .prose = "Where to"},
    {.name = "date", .type = FIELD_DATE, .flags = FIELD_REQUIRED | FIELD_NULLABLE, SHOWN, .prose = "When"},
    {.name = "event_type", .type = FIELD_STR, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .max = 40, SHOWN, .prose = "Why"},
    CENTS("adults", "Guests who pay the full price"),
    CENTS("children", "Guests who pay the children's price"),
    CENTS("guest_count", "Both"),
    {.name = "lines", .type = FIELD_LIST, .flags = FIELD_REQUIRED, .sub = &line_out, .max = 38, SHOWN,
     .prose = "What the price consists of; the amounts add up to the total"},
    {.name = "currency", .type = FIELD_STR, .flags = FIELD_REQUIRED, .max = 3, SHOWN, .prose = "ISO 4217"},
    CENTS("subtotal_cents", "All lines but travel"),
    CENTS("travel_fee_cents", "For the way"),
    CENTS("total_cents", "To be paid, tax included"),
    CENTS("deposit_cents", "To be paid at once"),
    DECIMAL("subtotal", "subtotal_cents as a decimal"),
    DECIMAL("travel_fee", "travel_fee_cents as a decimal"),
    DECIMAL("total_price", "total_cents as a decimal"),
    DECIMAL("deposit_amount", "deposit_cents as a decimal"),
    {.name = "tax_included", .type = FIELD_BOOL, .flags = FIELD_REQUIRED, SHOWN, .prose = "Always true"},
    {.name = "peak_checked", .type = FIELD_BOOL, .flags = FIELD_REQUIRED, SHOWN,
     .prose = "False without a date: on some dates it costs more"},
    DECIMAL("distance_miles", "Station to venue by road"),
    CENTS("travel_minutes", "One way"),
    CENTS("catalogue_version", "The prices that it was made from"),
    {.name = "quote", .type = FIELD_STR, .flags = FIELD_REQUIRED, .max = 16384, SHOWN,
     .prose = "The signed quote: pass it as `quote` with the booking to pay this price"},
    {.name = "expires_at", .type = FIELD_TIMESTAMP, .flags = FIELD_REQUIRED, SHOWN,
     .prose = "Until when the signed quote counts"},
};
TABLE(quote_out, "Quote", quote_fields, 0);
/* clang-format on */
