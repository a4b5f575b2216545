/* Text encodings of bytes. Nothing here allocates but percent_encode(), through its buffer.
 *
 * The base-2^k encodings are one pair of functions and a table each. The surprise: decoding accepts
 * exactly what encoding gives, so that bytes have one spelling only (a token cannot be changed and
 * still be the same token): padding must be there where the form has it and absent where not, and
 * the bits that the last digit has to spare must be zero. Hexadecimal is read in both cases. */
#include "common/encode.h"

#include <stdbool.h>
#include <string.h>

#include "common/buf.h"

struct base {
    const char *digits;
    unsigned bits; /* that a digit stands for */
    size_t group;  /* digits until bytes and digits end together */
    bool padded;   /* with '=' to a whole group */
    bool any_case; /* when decoding */
};

static const struct base hex = {"0123456789abcdef", 4, 2, false, true};
static const struct base base32 = {"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, 8, true, false};
static const struct base base64 = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6, 4, true, false};
static const struct base base64url = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6, 4, false, false};

static void encode(const struct base *base, const void *data, size_t n, char *ret_text)
{
    const uint8_t *in = data;
    char *out = ret_text;
    unsigned mask = (1U << base->bits) - 1;
    unsigned pending = 0, n_pending = 0; /* bits read and not yet written */
    for (size_t i = 0; i < n; i++) {
        pending = pending << 8 | in[i];
        n_pending += 8;
        while (n_pending >= base->bits) {
            n_pending -= base->bits;
            *out++ = base->digits[pending >> n_pending & mask];
        }
    }
    if (n_pending)
        *out++ = base->digits[pending << (base->bits - n_pending) & mask];
    while (base->padded && (size_t)(out - ret_text) % base->group != 0)
        *out++ = '=';
    *out = '\0';
}

/* The value of a digit, or -1. */
static int digit_value(const struct base *base, char c)
{
    if (base->any_case && c >= 'A' && c <= 'Z')
        c = (char)(c - 'A' + 'a');
    const char *at = c ? strchr(base->digits, c) : NULL;
    return at ? (int)(at - base->digits) : -1;
}

static enum err decode(const struct base *base, struct str text, void *ret_data, size_t size,
                       size_t *ret_n)
{
    size_t n_digits = text.n;
    if (base->padded) {
        if (text.n % base->group != 0)
            return ERR_INVALID;
        while (n_digits && text.n - n_digits < base->group - 1 && text.p[n_digits - 1] == '=')
            n_digits--;
    }
    unsigned spare = (unsigned)(n_digits * base->bits % 8);
    if (spare >= base->bits)
        return ERR_INVALID; /* a digit too many, or too few */
    for (size_t i = 0; i < n_digits; i++) {
        int value = digit_value(base, text.p[i]);
        if (value < 0 || (i == n_digits - 1 && (value & ((1 << spare) - 1)) != 0))
            return ERR_INVALID;
    }
    if (n_digits * base->bits / 8 > size)
        return ERR_TOO_LARGE;

    uint8_t *out = ret_data;
    unsigned pending = 0, n_pending = 0;
    for (size_t i = 0; i < n_digits; i++) {
        pending = pending << base->bits | (unsigned)digit_value(base, text.p[i]);
        n_pending += base->bits;
        if (n_pending >= 8) {
            n_pending -= 8;
            *out++ = (uint8_t)(pending >> n_pending);
        }
    }
    *ret_n = (size_t)(out - (uint8_t *)ret_data);
    return ERR_OK;
}

void hex_encode(const void *data, size_t n, char *ret_text)
{
    encode(&hex, data, n, ret_text);
}

enum err hex_decode(struct str text, void *ret_data, size_t size, size_t *ret_n)
{
    return decode(&hex, text, ret_data, size, ret_n);
}

void base32_encode(const void *data, size_t n, char *ret_text)
{
    encode(&base32, data, n, ret_text);
}

enum err base32_decode(struct str text, void *ret_data, size_t size, size_t *ret_n)
{
    return decode(&base32, text, ret_data, size, ret_n);
}

void base64_encode(const void *data, size_t n, char *ret_text)
{
    encode(&base64, data, n, ret_text);
}

enum err base64_decode(struct str text, void *ret_data, size_t size, size_t *ret_n)
{
    return decode(&base64, text, ret_data, size, ret_n);
}

void base64url_encode(const void *data, size_t n, char *ret_text)
{
    encode(&base64url, data, n, ret_text);
}

enum err base64url_decode(struct str text, void *ret_data, size_t size, size_t *ret_n)
{
    return decode(&base64url, text, ret_data, size, ret_n);
}

/* --- percent-encoding ----------------------------------------------------------------------- */

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* The byte that the escape at s.p[i], %XX, stands for, or -1. */
static int escaped_byte(struct str s, size_t i)
{
    if (s.n - i < 3)
        return -1;
    int high = digit_value(&hex, s.p[i + 1]);
    int low = digit_value(&hex, s.p[i + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

void percent_encode(struct buf *out, struct str s)
{
    static const char digits[] = "0123456789ABCDEF"; /* RFC 3986, 2.1 wants capitals */
    buf_add(out, "", 0);                             /* an empty text is text too */
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i]))
            buf_addc(out, s.p[i]);
        else
            buf_add(out, (char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
    }
}

enum err percent_decode(struct str s, int plus_is_space, char *ret_text, size_t *ret_n)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && escaped_byte(s, i) < 0)
            return ERR_INVALID;
    }
    char *out = ret_text;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            c = (char)escaped_byte(s, i);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        *out++ = c;
    }
    *ret_n = (size_t)(out - ret_text);
    *out = '\0';
    return ERR_OK;
}
