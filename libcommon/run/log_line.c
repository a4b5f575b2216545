/* Building a line of the log in memory of a fixed size, so that logging works when memory is short.
 *
 * The surprise: there are always TAIL_BYTES left, so that whatever did not fit, the line ends as a
 * complete JSON object. Text goes in by whole units (a character, an escape, a replacement). */
#include "log_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "log_mask.h"

#define CUT_MARK "...[cut]\""
#define LINE_END ",\"cut\":true}\n"
#define TAIL_BYTES (sizeof CUT_MARK + sizeof LINE_END)

/* All n bytes, or none and false when the line, up to `limit`, has no room for them. */
static bool put(struct log_line *l, const char *p, size_t n, size_t limit)
{
    if (l->len + n > limit)
        return false;
    memcpy(l->text + l->len, p, n);
    l->len += n;
    return true;
}

/* ,"key": when `room` more bytes will fit after it. */
static bool put_key(struct log_line *l, const char *key, size_t room)
{
    size_t n = strlen(key);
    size_t limit = sizeof l->text - TAIL_BYTES;
    if (l->len + n + 4 + room > limit) {
        l->cut = true;
        return false;
    }
    if (l->text[l->len - 1] != '{')
        put(l, ",", 1, limit);
    put(l, "\"", 1, limit);
    put(l, key, n, limit);
    put(l, "\":", 2, limit);
    return true;
}

/* Length of the well-formed UTF-8 sequence at p, or 0. */
static size_t sequence(const char *p, size_t n)
{
    unsigned char c = (unsigned char)*p;
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return len <= n && str_is_utf8((struct str){p, len}) ? len : 0;
}

/* Whether the sequence could end a line or move a cursor somewhere: C1 controls, U+2028, U+2029. */
static bool is_wide_control(const char *p, size_t len)
{
    return (len == 2 && p[0] == '\xc2' && (unsigned char)p[1] < 0xa0) ||
           (len == 3 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0));
}

/* Puts the first character of the n > 0 bytes at p, escaped. Returns its length, 0: no room. */
static size_t put_char(struct log_line *l, const char *p, size_t n, size_t limit)
{
    char escape[8];
    unsigned char c = (unsigned char)*p;
    size_t len = sequence(p, n);
    if (len == 0) {
        return put(l, "\\ufffd", 6, limit) ? 1 : 0;
    } else if (c == '"' || c == '\\') {
        snprintf(escape, sizeof escape, "\\%c", c);
    } else if (c < 0x20 || c == 0x7f) {
        snprintf(escape, sizeof escape, "\\u%04x", c);
    } else if (is_wide_control(p, len)) {
        unsigned code = len == 2 ? (unsigned char)p[1] : 0x2000U | ((unsigned char)p[2] & 0x3f);
        snprintf(escape, sizeof escape, "\\u%04x", code);
    } else {
        return put(l, p, len, limit) ? len : 0;
    }
    return put(l, escape, strlen(escape), limit) ? len : 0;
}

/* How many of the n bytes at p are to be put as they are, each for itself. */
static size_t plain_run(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i] >= ' ' && p[i] <= '~' && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

static bool put_chars(struct log_line *l, const char *p, size_t n, size_t limit)
{
    for (size_t i = 0; i < n;) {
        size_t len = plain_run(p + i, MIN(n - i, limit - l->len));
        if (len)
            put(l, p + i, len, limit);
        else
            len = put_char(l, p + i, n - i, limit);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

/* The text with its secrets replaced. False: not all of it fitted. */
static bool put_masked(struct log_line *l, struct str s, size_t limit)
{
    struct log_mask mask;
    size_t from = 0;
    while (log_mask_next(s, from, &mask)) {
        if (!put_chars(l, s.p + from, mask.at - from, limit) ||
            !put(l, mask.instead, strlen(mask.instead), limit))
            return false;
        from = mask.at + mask.n;
    }
    return put_chars(l, s.p + from, s.n - from, limit);
}

/* Where the value that begins here must end. */
static size_t value_limit(const struct log_line *l)
{
    return MIN(l->len + LOG_VALUE_BYTES, sizeof l->text - TAIL_BYTES);
}

static void end_text(struct log_line *l, bool whole)
{
    if (whole) {
        l->text[l->len++] = '"'; /* the tail has room for it */
    } else {
        put(l, CUT_MARK, sizeof CUT_MARK - 1, sizeof l->text);
        l->cut = true;
    }
}

void log_line_begin(struct log_line *l)
{
    l->len = 0;
    l->cut = false;
    l->text[l->len++] = '{';
}

void log_line_text(struct log_line *l, const char *key, const char *text)
{
    if (!put_key(l, key, sizeof "null"))
        return;
    size_t limit = value_limit(l);
    if (!text) {
        put(l, "null", 4, limit);
        return;
    }
    put(l, "\"", 1, limit);
    end_text(l, put_masked(l, str_of(text), limit));
}

void log_line_email(struct log_line *l, const char *key, const char *email)
{
    const char *at = email ? strrchr(email, '@') : NULL;
    if (!at || at == email) {
        log_line_text(l, key, email ? "***" : NULL);
        return;
    }
    if (!put_key(l, key, sizeof "null"))
        return;
    size_t limit = value_limit(l);
    put(l, "\"", 1, limit);
    end_text(l, put_char(l, email, (size_t)(at - email), limit) && put(l, "***", 3, limit) &&
                    put_masked(l, str_of(at), limit));
}

void log_line_int(struct log_line *l, const char *key, int64_t value)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRId64, value);
    if (put_key(l, key, sizeof digits))
        put(l, digits, (size_t)n, sizeof l->text);
}

void log_line_bool(struct log_line *l, const char *key, bool value)
{
    if (put_key(l, key, sizeof "false"))
        put(l, value ? "true" : "false", value ? 4 : 5, sizeof l->text);
}

void log_line_end(struct log_line *l)
{
    if (l->cut)
        put(l, LINE_END, sizeof LINE_END - 1, sizeof l->text);
    else
        put(l, "}\n", 2, sizeof l->text);
}
