/* Mails: whatever people call themselves or write, the HTML has no tag more than with other words,
 * and says what the text says. Lines of the input: a name, a row's label and value; then a
 * paragraph. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/mail_body.h"
#include "common/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_MAIL (1 << 20)

static void require(bool property)
{
    if (!property)
        abort();
}

static void write_body(struct mail_body *b, const char *const words[4])
{
    mail_body_open(b, words[0]);
    mail_body_row(b, words[1], words[2]);
    mail_body_say(b, words[3]);
    mail_body_link(b, words[1], words[2]);
    mail_body_close(b);
}

/* Of tags and their attributes: a paragraph has four of its own. */
static size_t marks_count(const char *html)
{
    size_t n = 0;
    for (const char *p = html; *p; p++)
        n += *p == '<' || *p == '>' || *p == '"';
    return n;
}

static size_t paragraphs_count(const char *text)
{
    size_t n = 0;
    while (*text) {
        const char *end = strstr(text, "\n\n");
        n++;
        text = end ? end + 2 : text + strlen(text);
    }
    return n;
}

/* What a reader sees, with the tags still in it. */
static void unescape(const char *html, struct buf *out)
{
    static const struct {
        const char *entity;
        char c;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
    for (const char *p = html; *p;) {
        size_t i = 0;
        while (i < ARRAY_LEN(entities) && !str_starts(str_of(p), str_of(entities[i].entity)))
            i++;
        bool is_entity = i < ARRAY_LEN(entities);
        require(*p != '&' || is_entity);
        buf_addc(out, is_entity ? entities[i].c : *p);
        p += is_entity ? strlen(entities[i].entity) : 1;
    }
}

static void check(struct arena *a, const char *const words[4])
{
    static const char *const plain[4] = {"Jo", "x", "y", "z"};
    struct mail_body mine = MAIL_BODY_INIT(MAX_MAIL), usual = MAIL_BODY_INIT(MAX_MAIL);
    struct mail mail = {0}, other = {0};
    struct buf back = BUF_INIT(MAX_MAIL);
    write_body(&mine, words);
    write_body(&usual, plain);
    require(mail_body_take(&mine, a, &mail) == ERR_OK);
    require(mail_body_take(&usual, a, &other) == ERR_OK);
    require(marks_count(mail.html) + 4 == marks_count(other.html) + 4 * paragraphs_count(words[3]));
    unescape(mail.html, &back);
    require(strstr(back.data, words[1]) && strstr(back.data, words[2]));
    require(strstr(mail.text, words[1]) && strstr(mail.text, words[2]));
    buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4 << 20);
    struct str rest = {(const char *)data, size};
    const char *words[4];
    if (!a || size > MAX_MAIL / 64) {
        arena_free(a);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct str s = i + 1 < ARRAY_LEN(words) ? str_cut(&rest, '\n') : rest;
        words[i] = arena_strndup(a, s.p, s.n);
        require(words[i]);
    }
    require(strcmp(mail_harmless(words[0], ""), "") == 0 || !strstr(words[0], "//"));
    check(a, words);
    arena_free(a);
    return 0;
}
