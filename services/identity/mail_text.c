/* What mails say: a table of templates, and the two forms they are sent in. Errors stick to the
 * buffers. */
#include "mail_text.h"

#include <string.h>

#include "common/str.h"

#define NOT_ME "\n\nIf it was not you, set a new password now and write to us."

/* clang-format off */
static const struct mail_template templates[] = {
    {.name = "verify",
     .subject = "Please confirm your e-mail address",
     .text = "Welcome to My Hibachi. Please confirm that this address is yours.\n\nIf you did not "
             "create an account, ignore this mail: nothing more will happen.",
     .link_path = "/account/verify",
     .link_label = "Confirm this address"},
    {.name = "account_exists",
     .subject = "You already have an account",
     .text = "Somebody, probably you, tried to create an account with this address. You have one "
             "already: just sign in. If you do not remember the password, ask for a new one on the "
             "sign-in page."},
    {.name = "reset",
     .subject = "Set a new password",
     .text = "Here you can set a new password. The link works once and for a short time.\n\nIf you "
             "did not ask for it, ignore this mail: your password stays as it is.",
     .link_path = "/account/reset",
     .link_label = "Set a new password"},
    {.name = "invite",
     .subject = "Your account at My Hibachi",
     .text = "An account was made for you. Choose a password, then you can sign in with this "
             "address.",
     .link_path = "/account/invite",
     .link_label = "Choose a password"},
    {.name = "password_changed",
     .subject = "Your password was changed",
     .text = "The password of your account was changed, and your other devices were signed "
             "out." NOT_ME},
    {.name = "mfa_enabled",
     .subject = "Two-step sign-in is on",
     .text = "From now on signing in takes a code of your authenticator app. Keep the recovery "
             "codes in a safe place." NOT_ME},
    {.name = "mfa_disabled",
     .subject = "Two-step sign-in is off",
     .text = "Signing in takes only your password now." NOT_ME},
    {.name = "recovery_code_used",
     .subject = "A recovery code was used",
     .text = "Somebody signed in to your account with one of its recovery codes." NOT_ME},
    {.name = "locked_out",
     .subject = "Too many failed sign-ins",
     .text = "There were too many failed attempts to sign in to your account, so it is locked "
             "for a while; each further failure makes it longer. Setting a new password unlocks "
             "it at once."},
    {.name = "refresh_reused",
     .subject = "You were signed out",
     .text = "A sign-in of yours was used from two places, which happens when it was copied. We "
             "ended it on both; please sign in again." NOT_ME},
    {.name = "api_key_created",
     .subject = "A new API key",
     .text = "An API key was created for your account." NOT_ME},
};
/* clang-format on */

#define CLOSING "My Hibachi"

const struct mail_template *mail_template_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(templates); i++)
        if (strcmp(templates[i].name, name) == 0)
            return &templates[i];
    return NULL;
}

void mail_link(const char *web_url, const struct mail_template *t, const char *token,
               struct buf *out)
{
    buf_addf(out, "%s%s#token=%s", web_url, t->link_path, token);
}

void mail_text(const struct mail_template *t, const char *name, const char *link, struct buf *out)
{
    buf_addf(out, "Hello %s,\n\n%s\n", name, t->text);
    if (link)
        buf_addf(out, "\n%s:\n%s\n", t->link_label, link);
    buf_adds(out, "\n" CLOSING "\n");
}

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

static void html_paragraphs(struct buf *out, const char *text)
{
    const char *at = text;
    while (*at) {
        const char *end = strstr(at, "\n\n");
        size_t n = end ? (size_t)(end - at) : strlen(at);
        buf_adds(out, "<p>");
        html_escape(out, (struct str){at, n});
        buf_adds(out, "</p>\n");
        at += end ? n + 2 : n;
    }
}

void mail_html(const struct mail_template *t, const char *name, const char *link, struct buf *out)
{
    buf_adds(out, "<!doctype html>\n<html lang=\"en\"><body>\n<p>Hello ");
    html_escape(out, str_of(name));
    buf_adds(out, ",</p>\n");
    html_paragraphs(out, t->text);
    if (link) {
        buf_adds(out, "<p><a href=\"");
        html_escape(out, str_of(link));
        buf_addf(out, "\">%s</a></p>\n", t->link_label);
    }
    buf_adds(out, "<p>" CLOSING "</p>\n</body></html>\n");
}
