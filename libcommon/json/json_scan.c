/* A strict reader that builds nothing: it only says whether the text may be given to cJSON, which
 * forgives trailing text, bad UTF-8, control characters, \u0000 and numbers it cannot hold.
 *
 * One pass, no allocation; the recursion is bounded by JSON_MAX_DEPTH. */
#include "json_scan.h"

#include <math.h>
#include <stdlib.h>

#include "common/json.h"

#define MAX_NUMBER_BYTES 63        /* cJSON reads a number through a buffer of 64 */
#define MAX_EXACT 9007199254740992 /* 2^53 */

struct scan {
    const char *p, *end;
    const char *why; /* the first failure */
    int depth;
    size_t values;
};

static bool fail(struct scan *s, const char *why)
{
    s->why = why;
    return false;
}

static void skip_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
}

static bool take(struct scan *s, char c)
{
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* At least one digit. */
static bool take_digits(struct scan *s)
{
    const char *start = s->p;
    while (s->p < s->end && is_digit(*s->p))
        s->p++;
    return s->p > start;
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits after \u; -1 when they are not there. */
static int take_hex4(struct scan *s)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = s->p < s->end ? hex_value(*s->p) : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
        s->p++;
    }
    return value;
}

static bool scan_unicode_escape(struct scan *s)
{
    int unit = take_hex4(s);
    if (unit < 0)
        return fail(s, "A \\u escape needs four hexadecimal digits");
    if (unit == 0)
        return fail(s, "The character NUL is not allowed");
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    bool paired = unit <= 0xDBFF && take(s, '\\') && take(s, 'u');
    int low = paired ? take_hex4(s) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return fail(s, "A surrogate stands alone");
    return true;
}

static bool scan_string(struct scan *s)
{
    s->p++; /* the quote */
    while (s->p < s->end) {
        char c = *s->p++;
        if (c == '"')
            return true;
        if ((unsigned char)c < 0x20)
            return fail(s, "A control character in a string must be escaped");
        if (c != '\\')
            continue;
        char escape = s->p < s->end ? *s->p++ : '\0';
        if (escape == 'u') {
            if (!scan_unicode_escape(s))
                return false;
        } else if (!escape || !strchr("\"\\/bfnrt", escape)) {
            return fail(s, "A string has an unknown escape");
        }
    }
    return fail(s, "A string has no end");
}

/* text is a number by the grammar. cJSON holds doubles: what a double would change is refused. */
static bool number_is_kept(const char *text, size_t n, bool integer)
{
    char copy[MAX_NUMBER_BYTES + 1];
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (integer) {
        /* Saturates where it overflows, which is out of bounds as well. */
        long long value = strtoll(copy, NULL, 10);
        return value >= -MAX_EXACT && value <= MAX_EXACT;
    }
    return fabs(strtod(copy, NULL)) < (double)MAX_EXACT;
}

static bool scan_number(struct scan *s)
{
    const char *start = s->p;
    bool integer = true;
    take(s, '-');
    bool ok = take(s, '0') || take_digits(s);
    if (ok && take(s, '.')) {
        integer = false;
        ok = take_digits(s);
    }
    if (ok && (take(s, 'e') || take(s, 'E'))) {
        integer = false;
        if (!take(s, '+'))
            take(s, '-');
        ok = take_digits(s);
    }
    size_t n = (size_t)(s->p - start);
    if (!ok)
        return fail(s, "A number is not written as JSON wants it");
    if (n > MAX_NUMBER_BYTES || !number_is_kept(start, n, integer))
        return fail(s, "A number is too large or too long");
    return true;
}

static bool scan_word(struct scan *s, struct str word)
{
    if (!str_starts((struct str){s->p, (size_t)(s->end - s->p)}, word))
        return fail(s, "A value is not JSON");
    s->p += word.n;
    return true;
}

static bool scan_value(struct scan *s);

/* The members or items up to and with the closing bracket. */
static bool scan_container(struct scan *s, char closing)
{
    s->p++; /* the bracket */
    if (++s->depth > JSON_MAX_DEPTH)
        return fail(s, "The value is nested too deeply");
    skip_space(s);
    bool more = !take(s, closing);
    for (size_t n = 1; more; n++) {
        if (n > JSON_MAX_MEMBERS)
            return fail(s, "An object or array has too many members");
        if (closing == '}') {
            skip_space(s);
            if (s->p == s->end || *s->p != '"')
                return fail(s, "A member of an object has no name");
            if (!scan_string(s))
                return false;
            skip_space(s);
            if (!take(s, ':'))
                return fail(s, "A member of an object has no value");
        }
        if (!scan_value(s))
            return false;
        more = take(s, ',');
        if (!more && !take(s, closing))
            return fail(s, "An object or array has no end");
    }
    s->depth--;
    return true;
}

/* The value and the space around it. */
static bool scan_value(struct scan *s)
{
    skip_space(s);
    if (s->p == s->end)
        return fail(s, "The text ends where a value should be");
    if (++s->values > JSON_MAX_VALUES)
        return fail(s, "The text has too many values");
    bool ok;
    switch (*s->p) {
    case '{':
        ok = scan_container(s, '}');
        break;
    case '[':
        ok = scan_container(s, ']');
        break;
    case '"':
        ok = scan_string(s);
        break;
    case 't':
        ok = scan_word(s, STR("true"));
        break;
    case 'f':
        ok = scan_word(s, STR("false"));
        break;
    case 'n':
        ok = scan_word(s, STR("null"));
        break;
    default:
        ok = (*s->p == '-' || is_digit(*s->p)) ? scan_number(s) : fail(s, "A value is not JSON");
        break;
    }
    skip_space(s);
    return ok;
}

const char *json_scan(struct str text)
{
    if (text.n == 0)
        return "The text is empty";
    if (!str_is_utf8(text))
        return "The text is not well-formed UTF-8";
    struct scan s = {.p = text.p, .end = text.p + text.n};
    if (scan_value(&s) && s.p < s.end)
        return "Something follows the JSON value";
    return s.why;
}
