/* Writes JSON into a buffer. Nothing is owned here, and nothing fails here: the buffer remembers
 * the first failure for whoever checks it at the end. */
#include "common/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_EXACT 9007199254740992.0 /* 2^53 */

static void begin(struct json_writer *w, const char *name)
{
    if (w->comma)
        buf_addc(w->out, ',');
    w->comma = true;
    if (name) {
        json_escape(w->out, str_of(name));
        buf_addc(w->out, ':');
    }
}

void json_open(struct json_writer *w, const char *name, char bracket)
{
    begin(w, name);
    buf_addc(w->out, bracket);
    w->comma = false;
}

void json_close(struct json_writer *w, char bracket)
{
    buf_addc(w->out, bracket);
    w->comma = true;
}

void json_put_str(struct json_writer *w, const char *name, struct str value)
{
    begin(w, name);
    json_escape(w->out, value);
}

void json_put_cstr(struct json_writer *w, const char *name, const char *value)
{
    if (value)
        json_put_str(w, name, str_of(value));
    else
        json_put_null(w, name);
}

void json_put_i64(struct json_writer *w, const char *name, int64_t value)
{
    begin(w, name);
    buf_addf(w->out, "%lld", (long long)value);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
    begin(w, name);
    buf_adds(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *name)
{
    begin(w, name);
    buf_adds(w->out, "null");
}

void json_put_raw(struct json_writer *w, const char *name, struct str text)
{
    begin(w, name);
    buf_addstr(w->out, text);
}

/* Whole numbers without an exponent, others with the fewest digits that read back the same. */
static void put_double(struct json_writer *w, const char *name, double value)
{
    if (fabs(value) <= MAX_EXACT && trunc(value) == value) {
        json_put_i64(w, name, (int64_t)value);
        return;
    }
    char text[40];
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    json_put_raw(w, name, (struct str){text, (size_t)n});
}

/* The recursion is bounded: the parser refuses more than JSON_MAX_DEPTH levels. */
void json_put_value(struct json_writer *w, const char *name, const struct json *value)
{
    bool is_object = json_type(value) == JSON_OBJECT;
    switch (json_type(value)) {
    case JSON_NULL:
        json_put_null(w, name);
        return;
    case JSON_BOOL:
        json_put_bool(w, name, json_bool(value));
        return;
    case JSON_NUMBER:
        put_double(w, name, json_number(value));
        return;
    case JSON_STRING:
        json_put_cstr(w, name, json_string(value));
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        json_open(w, name, is_object ? '{' : '[');
        for (const struct json *child = json_first(value); child; child = json_next(child))
            json_put_value(w, is_object ? json_name(child) : NULL, child);
        json_close(w, is_object ? '}' : ']');
        return;
    }
}

/* Bytes of the UTF-8 sequence that s starts with; 0 when it starts with none. */
static size_t sequence_length(struct str s)
{
    unsigned char lead = (unsigned char)s.p[0];
    size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return n <= s.n && str_is_utf8((struct str){s.p, n}) ? n : 0;
}

static void escape_char(struct buf *out, unsigned char c)
{
    static const char named[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c >= 0x20)
        buf_addf(out, "\\%c", c);
    else if (named[c])
        buf_addf(out, "\\%c", named[c]);
    else
        buf_addf(out, "\\u%04x", c);
}

void json_escape(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    size_t plain = 0; /* where the run that can be copied as it is began */
    size_t i = 0;
    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        bool special = c < 0x20 || c == '"' || c == '\\';
        size_t n = special || c < 0x80 ? 1 : sequence_length((struct str){s.p + i, s.n - i});
        if (!special && n > 0) {
            i += n;
            continue;
        }
        buf_add(out, s.p + plain, i - plain);
        if (special)
            escape_char(out, c);
        else
            buf_adds(out, "\xEF\xBF\xBD");
        plain = ++i;
    }
    if (s.n > plain)
        buf_add(out, s.p + plain, s.n - plain);
    buf_addc(out, '"');
}

/* Copies the string that starts at json[i]; returns the index of its last quote. */
static size_t pretty_string(struct buf *out, struct str json, size_t i)
{
    size_t end = i + 1;
    while (end < json.n && json.p[end] != '"')
        end += json.p[end] == '\\' ? 2 : 1;
    end = MIN(end, json.n - 1);
    buf_add(out, json.p + i, end - i + 1);
    return end;
}

static void line(struct buf *out, int depth)
{
    buf_addf(out, "\n%*s", 2 * depth, "");
}

/* A bracket, and what is inside on a line of its own; returns the index of what was written last.
 */
static size_t pretty_open(struct buf *out, struct str json, size_t i, int *depth)
{
    char closing = json.p[i] == '{' ? '}' : ']';
    buf_addc(out, json.p[i]);
    if (i + 1 < json.n && json.p[i + 1] == closing) {
        buf_addc(out, closing);
        return i + 1;
    }
    line(out, ++*depth);
    return i;
}

void json_pretty(struct buf *out, struct str json)
{
    int depth = 0;
    for (size_t i = 0; i < json.n; i++) {
        switch (json.p[i]) {
        case '"':
            i = pretty_string(out, json, i);
            break;
        case '{':
        case '[':
            i = pretty_open(out, json, i, &depth);
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            line(out, depth);
            buf_addc(out, json.p[i]);
            break;
        case ',':
            buf_addc(out, ',');
            line(out, depth);
            break;
        case ':':
            buf_adds(out, ": ");
            break;
        case ' ':
        case '\t':
        case '\n':
        case '\r':
            break;
        default:
            buf_addc(out, json.p[i]);
        }
    }
    buf_addc(out, '\n');
}
