/* Strings of a fixed form: for each the function that knows it, the pattern that says the same to
 * readers of the API, and the sentence for whoever got it wrong. */
#include "field_check.h"

#include <assert.h>

#include "field_text.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool all_of(struct str s, const char *extra, char first_letter)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = c >= first_letter && c < first_letter + 26;
        if (!letter && !is_digit(c) && !strchr(extra, c))
            return false;
    }
    return s.n > 0;
}

static bool is_slug(struct str s)
{
    return all_of(s, "_", 'a');
}

static bool is_table_number(struct str s)
{
    return all_of(s, "-", 'A');
}

static bool are_digits(struct str s, size_t from, size_t n)
{
    if (s.n < from + n)
        return false;
    for (size_t i = from; i < from + n; i++)
        if (!is_digit(s.p[i]))
            return false;
    return true;
}

static bool is_zip(struct str s)
{
    return are_digits(s, 0, 5) && (s.n == 5 || (s.n == 10 && s.p[5] == '-' && are_digits(s, 6, 4)));
}

static bool is_base64url(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') &&
            !(s.p[i] >= 'A' && s.p[i] <= 'Z') && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return s.n > 0;
}

/* A text that keyring_sign() made, as far as can be seen without a key. */
static bool is_cursor(struct str s)
{
    struct str version = str_cut(&s, '.'), key = str_cut(&s, '.'), payload = str_cut(&s, '.');
    return str_eq(version, STR("v1")) && all_of(key, "", 'a') && key.n <= 16 &&
           is_base64url(payload) && is_base64url(s) && s.n == 43;
}

/* What str_is_date() and str_is_time() accept. */
#define DATE                                                                   \
    "(?:(?:19|20|21)[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])" \
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"      \
    "|(?:(?:19|20|21)(?:0[48]|[2468][048]|[13579][26])|2000)-02-29)"
#define TIME "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
#define TIMESTAMP \
    "^" DATE "[Tt]" TIME ":[0-5][0-9](?:\\.[0-9]{1,9})?(?:[Zz]|[+-](?:0[0-9]|1[0-5]):[0-5][0-9])$"

/* +HH:MM or -HH:MM, up to 15:59 as PostgreSQL takes it. */
static bool is_offset(struct str s)
{
    return s.n == 6 && (s.p[0] == '+' || s.p[0] == '-') && str_is_time((struct str){s.p + 1, 5}) &&
           (s.p[1] == '0' || (s.p[1] == '1' && s.p[2] <= '5'));
}

/* RFC 3339, section 5.6, without leap seconds; the date as str_is_date() wants it. */
static bool is_timestamp(struct str s)
{
    if (s.n < 20 || !str_is_date((struct str){s.p, 10}) || (s.p[10] != 'T' && s.p[10] != 't') ||
        !str_is_time((struct str){s.p + 11, 5}) || s.p[16] != ':' || !are_digits(s, 17, 2) ||
        s.p[17] > '5')
        return false;
    size_t at = 19;
    if (s.p[at] == '.') {
        size_t first = ++at;
        while (at < s.n && is_digit(s.p[at]))
            at++;
        if (at == first || at > first + 9)
            return false;
    }
    struct str zone = {s.p + at, s.n - at};
    return is_offset(zone) || str_eq_nocase(zone, STR("Z"));
}

#define FILLER "[ \\t\\n\\r.()-]*"
#define DIGITS(n) "(?:" FILLER "[0-9]){" n "}"
#define NATIONAL "[2-9]" DIGITS("2") FILLER "[2-9]" DIGITS("6")
#define PHONE                                                             \
    "^" FILLER "(?:(?:\\+?" FILLER "1" FILLER ")?" NATIONAL "|\\+" FILLER \
    "[2-9]" DIGITS("7,14") ")" FILLER "$"

static bool is_phone_filler(char c)
{
    return c && strchr(" \t\n\r.()-", c);
}

/* The digits of a telephone number, after a '+' where one leads. */
static size_t phone_digits(struct str s, char *ret_digits, size_t size, bool *ret_plus)
{
    size_t n = 0;
    *ret_plus = false;
    for (size_t i = 0; i < s.n; i++) {
        if (is_phone_filler(s.p[i]))
            continue;
        if (s.p[i] == '+' && n == 0 && !*ret_plus)
            *ret_plus = true;
        else if (is_digit(s.p[i]) && n < size)
            ret_digits[n++] = s.p[i];
        else
            return 0;
    }
    return n;
}

/* Area code and exchange of the North American plan start with 2 to 9. */
static bool is_national(const char *digits, size_t n)
{
    return n == 10 && digits[0] >= '2' && digits[3] >= '2';
}

static bool is_phone(struct str s)
{
    char digits[15];
    bool plus;
    size_t n = phone_digits(s, digits, sizeof(digits), &plus);
    if (n == 0)
        return false;
    if (digits[0] == '1')
        return is_national(digits + 1, n - 1);
    return plus ? digits[0] >= '2' && n >= 8 : is_national(digits, n);
}

#define SPACES "[ \\t\\n\\r]*"
#define ATOM "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
#define LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define EMAIL                                                                           \
    "^" SPACES "(?![^@]{65})" ATOM "(?:\\." ATOM ")*@(?:" LABEL "\\.)+(?![0-9]+" SPACES \
    "$)" LABEL SPACES "$"

static bool is_email(struct str s)
{
    return str_is_email(text_trim(s));
}

static const struct form email_form = {
    .name = "Email",
    .format = "email",
    .pattern = EMAIL,
    .max = 254,
    .trimmed = true,
    .fn = is_email,
    .reason = "Must be an e-mail address",
};

static const struct form phone_form = {
    .name = "Phone",
    .pattern = PHONE,
    .max = 40,
    .fn = is_phone,
    .reason = "Must be a telephone number: ten digits, or + and the country code first",
};

static const struct form uuid_form = {
    .name = "Uuid",
    .format = "uuid",
    .pattern = "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    .fn = str_is_uuid,
    .reason = "Must be a UUID",
};

static const struct form date_form = {
    .name = "Date",
    .format = "date",
    .pattern = "^" DATE "$",
    .fn = str_is_date,
    .reason = "Must be a date such as 2027-01-31",
};

static const struct form time_form = {
    .name = "Time",
    .pattern = "^" TIME "$",
    .fn = str_is_time,
    .reason = "Must be a time of day such as 18:30",
};

static const struct form timestamp_form = {
    .name = "Timestamp",
    .format = "date-time",
    .pattern = TIMESTAMP,
    .fn = is_timestamp,
    .reason = "Must be a time with offset such as 2027-01-31T18:30:00Z",
};

static const struct form slug_form = {
    .name = "slug",
    .pattern = "^[a-z0-9_]+$",
    .fn = is_slug,
    .reason = "Must consist of lower-case letters, digits and underscores",
};

static const struct form zip_form = {
    .name = "zip",
    .pattern = "^[0-9]{5}(?:-[0-9]{4})?$",
    .fn = is_zip,
    .reason = "Must be a ZIP code such as 95112 or 95112-1234",
};

static const struct form table_number_form = {
    .name = "table_number",
    .pattern = "^[A-Z0-9-]+$",
    .fn = is_table_number,
    .reason = "Must consist of capital letters, digits and hyphens",
};

static const struct form cursor_form = {
    .name = "cursor",
    .pattern = "^v1\\.[a-z0-9]{1,16}\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}$",
    .fn = is_cursor,
    .reason = "Is not a cursor of this list",
};

static const struct form *const row_forms[] = {&slug_form, &zip_form, &table_number_form,
                                               &cursor_form};

const struct form *form_of_type(enum field_type type)
{
    switch (type) {
    case FIELD_EMAIL:
        return &email_form;
    case FIELD_PHONE:
        return &phone_form;
    case FIELD_UUID:
        return &uuid_form;
    case FIELD_DATE:
        return &date_form;
    case FIELD_TIME:
        return &time_form;
    case FIELD_TIMESTAMP:
        return &timestamp_form;
    case FIELD_STR:
    case FIELD_ENUM:
    case FIELD_INT:
    case FIELD_NUMBER:
    case FIELD_BOOL:
    case FIELD_OBJECT:
    case FIELD_LIST:
    case FIELD_ANY:
        break;
    }
    return NULL;
}

const struct form *form_of_row(const struct field *f)
{
    if (f->type != FIELD_STR || !f->pattern)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(row_forms); i++)
        if (strcmp(row_forms[i]->name, f->pattern) == 0)
            return row_forms[i];
    assert(false && "a row names a pattern that does not exist");
    return NULL;
}

static void lower(char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s = (char)(*s - 'A' + 'a');
}

static void upper(char *s)
{
    for (; *s; s++)
        if (*s >= 'a' && *s <= 'z')
            *s = (char)(*s - 'a' + 'A');
}

static char *phone_e164(struct arena *a, struct str s)
{
    char digits[15];
    bool plus;
    size_t n = phone_digits(s, digits, sizeof(digits), &plus);
    const char *prefix = !plus && n == 10 ? "+1" : "+";
    return arena_printf(a, "%s%.*s", prefix, (int)n, digits);
}

char *form_normalised(struct arena *a, enum field_type type, struct str s)
{
    if (type == FIELD_PHONE)
        return phone_e164(a, s);
    if (type == FIELD_EMAIL)
        s = text_trim(s);
    char *value = arena_strndup(a, s.p, s.n);
    if (!value)
        return NULL;
    if (type == FIELD_EMAIL)
        lower(strchr(value, '@')); /* only the host ignores case (RFC 5321, 2.4) */
    else if (type == FIELD_UUID)
        lower(value);
    else if (type == FIELD_TIMESTAMP)
        upper(value);
    return value;
}
