/* What mails say. */
#ifndef IDENTITY_MAIL_TEXT_H
#define IDENTITY_MAIL_TEXT_H

#include "common/buf.h"
#include "common/mail_body.h"

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

/* Writes the body. link is NULL for templates without one. The name is somebody's own. */
void mail_text(const struct mail_template *t, const char *name, const char *link,
               struct mail_body *out);

#endif
