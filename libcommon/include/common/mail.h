/* Mail out by SMTP (RFC 5321) with libcurl, on two threads of the mailer's own: curl blocks while
 * it waits for the answer to QUIT. Messages are RFC 5322 text with a multipart/alternative body;
 * header values are encoded (RFC 2047) and cannot carry a line end. */
#ifndef COMMON_MAIL_H
#define COMMON_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/loop.h"

struct mailer;

struct mailer_options {
    const char *url;  /* smtp://host:port or smtps://host:port */
    const char *user; /* NULL: no authentication */
    const char *password;
    const char *from; /* "My Hibachi <bookings@myhibachi.test>" */
    const char *ca_file;
    bool require_tls;       /* STARTTLS or smtps */
    int timeout_ms;         /* from mail_send() to the answer */
    unsigned max_in_flight; /* then ERR_BUSY */
};

struct mail {
    const char *to;
    const char *subject;
    const char *text;       /* UTF-8, lines end in \n */
    const char *html;       /* may be NULL */
    const char *message_id; /* without <>; a retry of the same mail keeps it */
    int64_t date_s;
};

/* NULL: out of memory, or url or from is not one. */
MUSTCHECK struct mailer *mailer_new(struct loop *l, const struct mailer_options *options);
/* Mails on their way get ERR_UNAVAILABLE (or ERR_OK), in this call, which may take a second or two.
 * Not to be called from a mail_done_fn. */
void mailer_free(struct mailer *m);

/* Called once, in a later turn. e: ERR_OK (accepted by the server), ERR_INVALID (refused for good:
 * 5xx), ERR_UNAVAILABLE (try again later); why is for the log, and names no person. */
typedef void mail_done_fn(void *owner, uint64_t id, enum err e, const char *why);
/* mail is copied. On an error here done is not called: ERR_INVALID for a mail that cannot be
 * written (a line end in a header, no address in `to`), ERR_TOO_LARGE over 10 MB. */
MUSTCHECK enum err mail_send(struct mailer *m, const struct mail *mail, mail_done_fn *done,
                             void *owner, uint64_t id);

#endif
