/* What mails say. */
#ifndef IDENTITY_MAIL_TEXT_H
#define IDENTITY_MAIL_TEXT_H

#include "common/buf.h"
#include "common/compiler.h"

struct mail_template {
    const char *name; /* as in the job's payload */
    const char *subject;
    const char *text;      /* paragraphs, separated by an empty line */
    const char *link_path; /* of the page that takes the token; NULL: no link */
    const char *link_label;
};

/* NULL when there is none. */
const struct mail_template *mail_template_find(const char *name);

/* Appends https://host/path#token=... The token is in the fragment, so that no server's log and no
 * Referer header gets to see it. token is base64url. */
void mail_link(const char *web_url, const struct mail_template *t, const char *token,
               struct buf *out);

/* Appends the two bodies. link is NULL for templates without one. The name is somebody's own: it is
 * escaped in HTML, and its line ends are gone since validation. */
void mail_text(const struct mail_template *t, const char *name, const char *link, struct buf *out);
void mail_html(const struct mail_template *t, const char *name, const char *link, struct buf *out);

#endif
