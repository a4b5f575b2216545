/* What mails say: a table of templates. */
#include "mail_text.h"

#include <string.h>

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
    {.name = "export_ready",
     .subject = "Your data is ready",
     .text = "Everything that we keep of you has been put together. Sign in to download it; after "
             "seven days it is deleted." NOT_ME},
    {.name = "erasure",
     .subject = "Your account is deleted",
     .text = "Your account was deleted at your wish. In 30 days everything that says who you are "
             "is gone for good; until then, write to us if you want the account back." NOT_ME},
    {.name = "api_key_created",
     .subject = "A new API key",
     .text = "An API key was created for your account.\n\nIf it was not you, end it (a new password "
             "does not), set a new password and write to us."},
};
/* clang-format on */

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

void mail_text(const struct mail_template *t, const char *name, const char *link,
               struct mail_body *out)
{
    mail_body_open(out, name);
    mail_body_say(out, t->text);
    if (link)
        mail_body_link(out, t->link_label, link);
    mail_body_close(out);
}
