/* What a mail says, written once and kept in both forms that it is sent in, text and HTML. Every
 * value is escaped. Errors stick to the buffers; mail_body_take() tells of them. */
#ifndef COMMON_MAIL_BODY_H
#define COMMON_MAIL_BODY_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/compiler.h"
#include "common/mail.h"

struct mail_body {
    struct buf text, html;
    bool in_rows;
};

#define MAIL_BODY_INIT(max_bytes) \
    ((struct mail_body){.text = BUF_INIT(max_bytes), .html = BUF_INIT(max_bytes)})

/* "Hello Ana,". A name that could pass for a link is left out: see mail_harmless(). */
void mail_body_open(struct mail_body *b, const char *name);
/* Paragraphs, separated by empty lines. */
void mail_body_say(struct mail_body *b, const char *text);
/* A row of a table, which begins with the first one and ends with whatever else is said. */
void mail_body_row(struct mail_body *b, const char *label, const char *value);
void mail_body_link(struct mail_body *b, const char *label, const char *url);
void mail_body_close(struct mail_body *b);

/* Gives the mail its two texts, in the arena, and frees the body. ERR_TOO_LARGE, ERR_NO_MEMORY. */
MUSTCHECK enum err mail_body_take(struct mail_body *b, struct arena *a, struct mail *mail);
void mail_body_free(struct mail_body *b);

/* Words that a stranger chose, for a mail to somebody else: `otherwise` when a mail program could
 * make a link of them ("www.", "//", a dot or an @ within a word), so that nobody advertises in our
 * name. */
const char *mail_harmless(const char *words, const char *otherwise);

#endif
