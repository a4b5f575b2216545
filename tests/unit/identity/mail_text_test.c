/* Mails: every template is there, and links work. */
#include "torture.h"

#include <string.h>

#include "mail_text.h"

/* The names that jobs are queued with: see sql/. */
static const char *const names[] = {"verify",         "account_exists",     "reset",
                                    "invite",         "password_changed",   "mfa_enabled",
                                    "mfa_disabled",   "recovery_code_used", "locked_out",
                                    "refresh_reused", "api_key_created",    "export_ready",
                                    "erasure"};

static void every_template_is_there(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct mail_template *t = mail_template_find(names[i]);
        if (!t || !t->subject[0] || !t->text[0] || (t->link_path && !t->link_label))
            fail_msg("%s is missing or not whole", names[i]);
    }
    assert_null(mail_template_find("no such"));
    assert_null(mail_template_find(""));
}

static void a_link_has_its_token_in_the_fragment(void **state UNUSED)
{
    const struct mail_template *t = mail_template_find("reset");
    struct buf link = BUF_INIT(500);
    struct mail_body body = MAIL_BODY_INIT(5000);
    mail_link("https://myhibachi.test", t, "abc-DEF_123", &link);
    assert_string_equal(link.data, "https://myhibachi.test/account/reset#token=abc-DEF_123");
    mail_text(t, "Ana", link.data, &body);
    assert_true(strncmp(body.text.data, "Hello Ana,\n\n", 12) == 0);
    assert_non_null(strstr(body.text.data, link.data));
    assert_non_null(strstr(body.html.data, "href=\"https://myhibachi.test/account/reset#token="));
    buf_free(&link);
    mail_body_free(&body);
}

static void a_mail_without_link_has_none(void **state UNUSED)
{
    struct mail_body body = MAIL_BODY_INIT(5000);
    mail_text(mail_template_find("password_changed"), "Ana", NULL, &body);
    assert_null(strstr(body.text.data, "http"));
    assert_null(strstr(body.html.data, "href"));
    mail_body_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_template_is_there),
        cmocka_unit_test(a_link_has_its_token_in_the_fragment),
        cmocka_unit_test(a_mail_without_link_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
