/* The calendar feed. Whatever people write, a calendar reads back what they wrote: lines of at most
 * 75 octets, cut between characters, that unfold and unescape to the text without its control
 * characters.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "ical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_BYTES (1 << 20)

static void require(bool property)
{
    if (!property)
        abort();
}

/* Checks the lines and puts them together again. */
static void unfold(struct str feed, struct buf *out)
{
    while (feed.n) {
        const char *end = memmem(feed.p, feed.n, "\r\n", 2);
        require(end);
        struct str line = {feed.p, (size_t)(end - feed.p)};
        require(line.n && line.n <= 75 && str_is_utf8(line) && !memchr(line.p, '\n', line.n) &&
                !memchr(line.p, '\r', line.n));
        bool goes_on = line.p[0] == ' ';
        if (!goes_on && out->len)
            buf_addc(out, '\n');
        buf_add(out, line.p + goes_on, line.n - goes_on);
        feed = (struct str){end + 2, feed.n - line.n - 2};
    }
}

static void unescape(struct str value, struct buf *out)
{
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\\') {
            require(++i < value.n && strchr("n\\,;", value.p[i]));
            c = value.p[i] == 'n' ? '\n' : value.p[i];
        } else {
            require(c != ',' && c != ';');
        }
        buf_addc(out, c);
    }
}

static void without_controls(const char *text, struct buf *out)
{
    for (const char *p = text; *p; p++)
        if (*p == '\n' || ((unsigned char)*p >= ' ' && *p != 0x7f))
            buf_addc(out, *p);
}

/* The value of the property in the unfolded lines. */
static void check_property(struct str lines, struct str name, const char *text)
{
    struct buf read = BUF_INIT(MAX_BYTES), wanted = BUF_INIT(MAX_BYTES);
    bool found = false;
    while (lines.n) {
        struct str value = str_cut(&lines, '\n');
        if (!str_eq(str_cut(&value, ':'), name))
            continue;
        require(!found);
        found = true;
        unescape(value, &read);
    }
    without_controls(text, &wanted);
    require(found == (text[0] != '\0'));
    require(str_eq(buf_str(&read), buf_str(&wanted)));
    buf_free(&read);
    buf_free(&wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4 * size + 65536);
    struct str rest = {(const char *)data, size};
    const char *texts[3]; /* summary, location, description, each ended by a form feed */
    struct buf feed = BUF_INIT(MAX_BYTES), lines = BUF_INIT(MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str s = str_cut(&rest, '\f');
        texts[i] = a && str_is_utf8(s) ? arena_strndup(a, s.p, s.n) : "";
        require(texts[i]);
    }
    struct ical_event e = {.uid = "u@example.com",
                           .ends_us = INT64_C(7258118399000000), /* 2199 */
                           .sequence = (int64_t)size,
                           .status = (enum ical_status)(size % 3),
                           .summary = texts[0],
                           .location = texts[1],
                           .description = texts[2]};
    ical_open(&feed, texts[0]);
    ical_event(&feed, &e, 0);
    ical_close(&feed);
    require(buf_err(&feed) == ERR_OK);
    unfold(buf_str(&feed), &lines);
    check_property(buf_str(&lines), STR("SUMMARY"), texts[0]);
    check_property(buf_str(&lines), STR("LOCATION"), texts[1]);
    check_property(buf_str(&lines), STR("DESCRIPTION"), texts[2]);
    buf_free(&feed);
    buf_free(&lines);
    arena_free(a);
    return 0;
}
