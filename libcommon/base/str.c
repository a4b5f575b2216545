/* Borrowed strings and strict conversions: what is not exactly of the form is refused, nothing is
 * skipped, nothing depends on the locale. Nothing here allocates.
 *
 * The surprise: an empty struct str may have a NULL pointer, so memcmp and friends, for which that
 * is undefined even with length 0, are called with n > 0 only. */
#include "common/str.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* --- comparing and cutting ------------------------------------------------------------------ */

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (to_lower(a.p[i]) != to_lower(b.p[i]))
            return false;
    }
    return true;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq((struct str){s.p, prefix.n}, prefix);
}

struct str str_trim(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

struct str str_cut(struct str *s, char sep)
{
    const char *at = s->n ? memchr(s->p, sep, s->n) : NULL;
    if (!at) {
        struct str all = *s;
        s->p = s->n ? s->p + s->n : s->p;
        s->n = 0;
        return all;
    }
    struct str before = {s->p, (size_t)(at - s->p)};
    s->p += before.n + 1;
    s->n -= before.n + 1;
    return before;
}

bool str_eq_consttime(const void *a, const void *b, size_t n)
{
    /* volatile: the compiler must not find out that it could stop early */
    const volatile unsigned char *x = a;
    const volatile unsigned char *y = b;
    unsigned diff = 0;
    for (size_t i = 0; i < n; i++)
        diff |= (unsigned)(x[i] ^ y[i]);
    return diff == 0;
}

enum err str_copy(char *dst, size_t dst_size, struct str src)
{
    bool fits = src.n < dst_size;
    size_t n = fits ? src.n : 0;
    if (n)
        memcpy(dst, src.p, n);
    if (dst_size)
        dst[n] = '\0';
    return fits ? ERR_OK : ERR_TOO_LARGE;
}

/* --- numbers -------------------------------------------------------------------------------- */

enum err str_to_i64(struct str s, int64_t min, int64_t max, int64_t *ret_value)
{
    bool negative = s.n && s.p[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == s.n)
        return ERR_INVALID;

    /* Counted downwards, because INT64_MIN has no positive twin. */
    int64_t value = 0;
    for (; i < s.n; i++) {
        if (!is_digit(s.p[i]) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, s.p[i] - '0', &value))
            return ERR_INVALID;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return ERR_INVALID;
    if (value < min || value > max)
        return ERR_INVALID;
    *ret_value = value;
    return ERR_OK;
}

/* --- UTF-8 ---------------------------------------------------------------------------------- */

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Length of the well-formed sequence at p, 0 when there is none in the n > 0 bytes. The bounds of
 * the second byte keep out overlong forms, surrogates and what is above U+10FFFF (RFC 3629, 4). */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t len;
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        len = 2;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        len = 3;
        low = p[0] == 0xe0 ? 0xa0 : low;
        high = p[0] == 0xed ? 0x9f : high;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        len = 4;
        low = p[0] == 0xf0 ? 0x90 : low;
        high = p[0] == 0xf4 ? 0x8f : high;
    } else {
        return 0;
    }
    if (n < len || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (!is_continuation(p[i]))
            return 0;
    }
    return len;
}

bool str_is_utf8(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        size_t len = p[i] ? utf8_sequence(p + i, s.n - i) : 0;
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

size_t str_utf8_len(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++)
        count += !is_continuation((unsigned char)s.p[i]);
    return count;
}

/* --- forms ---------------------------------------------------------------------------------- */

/* Each character of `form` stands for one of s: x a hexadecimal digit, 9 a decimal one, anything
 * else itself. */
static bool has_form(struct str s, const char *form)
{
    if (s.n != strlen(form))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = to_lower(s.p[i]);
        bool ok = form[i] == 'x'   ? is_digit(c) || (c >= 'a' && c <= 'f')
                  : form[i] == '9' ? is_digit(c)
                                   : c == form[i];
        if (!ok)
            return false;
    }
    return true;
}

/* The value of n digits that has_form() has seen. */
static int digits(const char *p, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++)
        value = value * 10 + (p[i] - '0');
    return value;
}

bool str_is_uuid(struct str s)
{
    return has_form(s, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

bool str_is_date(struct str s)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!has_form(s, "9999-99-99"))
        return false;
    int year = digits(s.p, 4), month = digits(s.p + 5, 2), day = digits(s.p + 8, 2);
    if (year < 1900 || year > 2199 || month < 1 || month > 12)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int last = month_days[month - 1] + (leap && month == 2);
    return day >= 1 && day <= last;
}

bool str_is_time(struct str s)
{
    return has_form(s, "99:99") && digits(s.p, 2) <= 23 && digits(s.p + 3, 2) <= 59;
}

/* dot-atom of RFC 5321, 4.1.2: atoms of the RFC 5322 set, joined by single dots. */
static bool is_dot_atom(struct str s)
{
    if (s.n == 0 || s.n > 64 || s.p[0] == '.' || s.p[s.n - 1] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '.' && s.p[i + 1] == '.')
            return false;
        if (!is_alpha(c) && !is_digit(c) && !(c && strchr(".!#$%&'*+-/=?^_`{|}~", c)))
            return false;
    }
    return true;
}

static bool is_host_label(struct str s)
{
    if (s.n == 0 || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-')
            return false;
    }
    return true;
}

/* Labels of letters, digits and inner hyphens (RFC 1123, 2.1), at least two; the last one not all
 * digits, or it would be an address. */
static bool is_host_name(struct str s)
{
    struct str label = {NULL, 0};
    size_t labels = 0;
    if (s.n > 253 || (s.n && s.p[s.n - 1] == '.'))
        return false;
    while (s.n) {
        label = str_cut(&s, '.');
        labels++;
        if (!is_host_label(label))
            return false;
    }
    size_t digits_in_last = 0;
    for (size_t i = 0; i < label.n; i++)
        digits_in_last += is_digit(label.p[i]);
    return labels >= 2 && digits_in_last < label.n;
}

bool str_is_email(struct str s)
{
    if (s.n > 254) /* the longest that fits a path of 256 with its brackets (4.5.3.1.3) */
        return false;
    struct str host = s;
    struct str local = str_cut(&host, '@');
    return is_dot_atom(local) && is_host_name(host);
}
