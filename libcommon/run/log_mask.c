/* Masking for the log: what a customer types into a free text, a client into a header, or a peer
 * into an error message must not make the log a store of cards, tokens or addresses. Pure functions
 * on borrowed bytes; the replacements are static.
 *
 * The surprise: this errs towards masking. One number of 16 digits in ten passes for a card; an
 * operator who needs such a number logs it as an integer. Identifiers that are seen all the time
 * are let through: a UUID, or 32 or 64 hexadecimal digits (request and trace ids, digests), may
 * contain a run of decimal digits that passes. */
#include "log_mask.h"

#include "common/log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>

#define CARD_MIN_DIGITS 13
#define CARD_MAX_DIGITS 19
#define JWT_MIN_BYTES 12 /* what is shorter holds nothing */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 6750, 2.1, which covers the base64url and dots of a JWT. */
static bool is_token_char(char c)
{
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/' ||
           c == '=';
}

/* A part of a local part as it is met in the wild; above ASCII, anything may be one. */
static bool is_local_char(char c)
{
    return is_alnum(c) || (unsigned char)c >= 0x80 || (c && strchr("!#$%*+-.^_`{|}~'", c));
}

static bool is_domain_char(char c)
{
    return is_alnum(c) || (unsigned char)c >= 0x80 || c == '-' || c == '.';
}

/* Whether the byte at i begins a word: nothing alphanumeric stands before it. */
static bool begins_word(struct str s, size_t i)
{
    return i == 0 || !is_alnum(s.p[i - 1]);
}

static bool ends_word(struct str s, size_t i)
{
    return i == s.n || !is_alnum(s.p[i]);
}

/* --- identifiers that pass ------------------------------------------------------------------ */

/* Length of the identifier at i, or 0. */
static size_t identifier(struct str s, size_t i)
{
    if (s.n - i >= 36 && str_is_uuid((struct str){s.p + i, 36}) && ends_word(s, i + 36))
        return 36;
    size_t n = 0;
    bool letter = false;
    while (i + n < s.n && n <= 64 && is_hex(s.p[i + n])) {
        letter |= !is_digit(s.p[i + n]);
        n++;
    }
    return letter && (n == 32 || n == 64) && ends_word(s, i + n) ? n : 0;
}

/* --- card numbers --------------------------------------------------------------------------- */

/* Luhn's check (ISO/IEC 7812-1, annex B). */
static bool is_luhn(const char *digits, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int d = digits[n - 1 - i] - '0';
        if (i % 2 == 1)
            d = d > 4 ? 2 * d - 9 : 2 * d;
        sum += d;
    }
    return sum % 10 == 0;
}

/* Length of the card number that begins at i and ends where a group of digits ends, or 0. Groups
 * are parted by one space or dash; the longest number counts. */
static size_t card(struct str s, size_t i)
{
    char digits[CARD_MAX_DIGITS];
    size_t n_digits = 0, length = 0;
    for (size_t at = i; at < s.n; at++) {
        if (is_digit(s.p[at])) {
            if (n_digits == CARD_MAX_DIGITS)
                break;
            digits[n_digits++] = s.p[at];
            bool group_ends = at + 1 == s.n || !is_digit(s.p[at + 1]);
            if (group_ends && n_digits >= CARD_MIN_DIGITS && is_luhn(digits, n_digits))
                length = at + 1 - i;
        } else if ((s.p[at] != ' ' && s.p[at] != '-') || !is_digit(s.p[at - 1])) {
            break;
        }
    }
    return length;
}

/* --- tokens --------------------------------------------------------------------------------- */

static size_t token_length(struct str s, size_t i)
{
    size_t n = 0;
    while (i + n < s.n && is_token_char(s.p[i + n]))
        n++;
    return n;
}

/* "Bearer xyz": masks the xyz. */
static bool bearer(struct str s, size_t i, struct log_mask *ret_mask)
{
    static const size_t word = sizeof "bearer" - 1;
    if (s.n - i <= word || !str_eq_nocase((struct str){s.p + i, word}, STR("bearer")))
        return false;
    size_t at = i + word;
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
        at++;
    size_t n = token_length(s, at);
    if (at == i + word || n == 0)
        return false;
    *ret_mask = (struct log_mask){at, n, "[token]"};
    return true;
}

/* A JWT begins with the base64url of '{"'. */
static bool jwt(struct str s, size_t i, struct log_mask *ret_mask)
{
    size_t n = token_length(s, i);
    if (n < JWT_MIN_BYTES || !str_starts((struct str){s.p + i, n}, STR("eyJ")))
        return false;
    *ret_mask = (struct log_mask){i, n, "[token]"};
    return true;
}

/* --- e-mail addresses ----------------------------------------------------------------------- */

/* Length of the '@' at i, which in a URL may be written %40; 0 when there is none. */
static size_t at_sign(struct str s, size_t i)
{
    if (s.p[i] == '@')
        return 1;
    return str_starts((struct str){s.p + i, s.n - i}, STR("%40")) ? 3 : 0;
}

/* Keeps the first letter and the domain; looks back from the at sign no further than `from`. */
static bool email(struct str s, size_t from, size_t at, struct log_mask *ret_mask)
{
    size_t begin = at;
    while (begin > from && is_local_char(s.p[begin - 1]))
        begin--;
    size_t domain = at + at_sign(s, at);
    bool dot = false;
    for (size_t i = domain; i < s.n && is_domain_char(s.p[i]); i++)
        dot |= s.p[i] == '.' && i > domain;
    if (begin == at || !dot)
        return false;
    if (is_alnum(s.p[begin]))
        begin++;
    *ret_mask = (struct log_mask){begin, at - begin, "***"};
    return true;
}

bool log_mask_next(struct str s, size_t from, struct log_mask *ret_mask)
{
    for (size_t i = from; i < s.n; i++) {
        char c = s.p[i];
        if (is_hex(c) && begins_word(s, i)) {
            size_t skip = identifier(s, i);
            if (skip) {
                i += skip - 1;
                continue;
            }
        }
        if (is_digit(c) && (i == 0 || !is_digit(s.p[i - 1]))) {
            size_t n = card(s, i);
            if (n) {
                *ret_mask = (struct log_mask){i, n, "[card]"};
                return true;
            }
        }
        if ((c == 'b' || c == 'B') && begins_word(s, i) && bearer(s, i, ret_mask))
            return true;
        if (c == 'e' && begins_word(s, i) && jwt(s, i, ret_mask))
            return true;
        if ((c == '@' || c == '%') && at_sign(s, i) && email(s, from, i, ret_mask))
            return true;
    }
    return false;
}

void log_mask_phone(const char *phone, char ret_text[LOG_PHONE_SIZE])
{
    char digits[32];
    size_t n = 0;
    for (const char *p = phone; *p && n < sizeof digits; p++) {
        if (is_digit(*p))
            digits[n++] = *p;
    }
    /* The number of stars says nothing, and too short a number keeps nothing. */
    bool plus = phone[0] == '+' && n >= 8;
    const char *last = n >= 8 ? digits + n - 4 : digits;
    snprintf(ret_text, LOG_PHONE_SIZE, "%s%.*s*******%.*s", plus ? "+" : "", plus ? 1 : 0, digits,
             n >= 8 ? 4 : 0, last);
}

void log_mask_ip(const char *ip, char ret_text[LOG_IP_SIZE])
{
    struct in6_addr six;
    struct in_addr four;
    bool is_six = inet_pton(AF_INET6, ip, &six) == 1;
    bool is_four = inet_pton(AF_INET, ip, &four) == 1;
    if (is_six && IN6_IS_ADDR_V4MAPPED(&six)) {
        memcpy(&four, six.s6_addr + 12, sizeof four);
        is_four = true;
    }
    if (is_four) {
        four.s_addr &= htonl(0xffffff00);
        inet_ntop(AF_INET, &four, ret_text, LOG_IP_SIZE);
    } else if (is_six) {
        memset(six.s6_addr + 6, 0, 10);
        inet_ntop(AF_INET6, &six, ret_text, LOG_IP_SIZE);
    } else {
        memcpy(ret_text, "[ip]", sizeof "[ip]");
    }
}
