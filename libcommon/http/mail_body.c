/* What a mail says, in text and HTML side by side. */
#include "common/mail_body.h"

#include <string.h>

#include "common/str.h"

#define CLOSING "My Hibachi"

static void html_escape(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&':
            buf_adds(out, "&amp;");
            break;
        case '<':
            buf_adds(out, "&lt;");
            break;
        case '>':
            buf_adds(out, "&gt;");
            break;
        case '"':
            buf_adds(out, "&quot;");
            break;
        default:
            buf_addc(out, s.p[i]);
        }
    }
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (unsigned char)c >= 0x80;
}

const char *mail_harmless(const char *words, const char *otherwise)
{
    for (const char *p = words; *p; p++)
        if (p[0] == '@' || (p[0] == '/' && p[1] == '/') ||
            (p[0] == '.' && p > words && is_word(p[-1]) && is_word(p[1])))
            return otherwise;
    return words;
}

static void rows_end(struct mail_body *b)
{
    if (b->in_rows)
        buf_adds(&b->html, "</table>\n");
    b->in_rows = false;
}

void mail_body_open(struct mail_body *b, const char *name)
{
    const char *shown = mail_harmless(name, "");
    const char *space = shown[0] ? " " : "";
    buf_addf(&b->text, "Hello%s%s,\n", space, shown);
    buf_addf(&b->html, "<!doctype html>\n<html lang=\"en\"><body>\n<p>Hello%s", space);
    html_escape(&b->html, str_of(shown));
    buf_adds(&b->html, ",</p>\n");
}

void mail_body_say(struct mail_body *b, const char *text)
{
    rows_end(b);
    buf_addf(&b->text, "\n%s\n", text);
    const char *at = text;
    while (*at) {
        const char *end = strstr(at, "\n\n");
        size_t n = end ? (size_t)(end - at) : strlen(at);
        buf_adds(&b->html, "<p>");
        html_escape(&b->html, (struct str){at, n});
        buf_adds(&b->html, "</p>\n");
        at += end ? n + 2 : n;
    }
}

void mail_body_row(struct mail_body *b, const char *label, const char *value)
{
    if (!b->in_rows) {
        buf_adds(&b->text, "\n");
        buf_adds(&b->html, "<table>\n");
    }
    b->in_rows = true;
    buf_addf(&b->text, "%s: %s\n", label, value);
    buf_adds(&b->html, "<tr><td>");
    html_escape(&b->html, str_of(label));
    buf_adds(&b->html, "</td><td>");
    html_escape(&b->html, str_of(value));
    buf_adds(&b->html, "</td></tr>\n");
}

void mail_body_link(struct mail_body *b, const char *label, const char *url)
{
    rows_end(b);
    buf_addf(&b->text, "\n%s:\n%s\n", label, url);
    buf_adds(&b->html, "<p><a href=\"");
    html_escape(&b->html, str_of(url));
    buf_adds(&b->html, "\">");
    html_escape(&b->html, str_of(label));
    buf_adds(&b->html, "</a></p>\n");
}

void mail_body_close(struct mail_body *b)
{
    rows_end(b);
    buf_adds(&b->text, "\n" CLOSING "\n");
    buf_adds(&b->html, "<p>" CLOSING "</p>\n</body></html>\n");
}

void mail_body_free(struct mail_body *b)
{
    buf_free(&b->text);
    buf_free(&b->html);
}

enum err mail_body_take(struct mail_body *b, struct arena *a, struct mail *mail)
{
    enum err e = buf_err(&b->text) != ERR_OK ? buf_err(&b->text) : buf_err(&b->html);
    if (e == ERR_OK) {
        mail->text = arena_strndup(a, b->text.data, b->text.len);
        mail->html = arena_strndup(a, b->html.data, b->html.len);
        e = mail->text && mail->html ? ERR_OK : ERR_NO_MEMORY;
    }
    mail_body_free(b);
    return e;
}
