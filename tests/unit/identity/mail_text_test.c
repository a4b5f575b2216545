/* Mails: every template can be written, links work, and a name cannot write markup. */
#include "torture.h"

#include <string.h>

#include "mail_text.h"

/* The names that jobs are queued with: see sql/. */
static const char *const names[] = {"verify",         "account_exists",     "reset",
                                    "invite",         "password_changed",   "mfa_enabled",
                                    "mfa_disabled",   "recovery_code_used", "locked_out",
                                    "refresh_reused", "api_key_created"};

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

static void both_forms_say_the_link(void **state UNUSED)
{
    const struct mail_template *t = mail_template_find("reset");
    struct buf link = BUF_INIT(500), text = BUF_INIT(5000), html = BUF_INIT(5000);
    mail_link("https://myhibachi.test", t, "abc-DEF_123", &link);
    assert_string_equal(link.data, "https://myhibachi.test/account/reset#token=abc-DEF_123");
    mail_text(t, "Ana", link.data, &text);
    mail_html(t, "Ana", link.data, &html);
    assert_int_equal(buf_err(&text), ERR_OK);
    assert_int_equal(buf_err(&html), ERR_OK);
    assert_true(strncmp(text.data, "Hello Ana,\n\n", 12) == 0);
    assert_non_null(strstr(text.data, link.data));
    assert_non_null(strstr(html.data, "href=\"https://myhibachi.test/account/reset#token=abc-"));
    buf_free(&link);
    buf_free(&text);
    buf_free(&html);
}

static void a_mail_without_link_has_none(void **state UNUSED)
{
    struct buf text = BUF_INIT(5000), html = BUF_INIT(5000);
    const struct mail_template *t = mail_template_find("password_changed");
    mail_text(t, "Ana", NULL, &text);
    mail_html(t, "Ana", NULL, &html);
    assert_null(strstr(text.data, "http"));
    assert_null(strstr(html.data, "href"));
    buf_free(&text);
    buf_free(&html);
}

static void a_name_cannot_write_markup(void **state UNUSED)
{
    struct buf html = BUF_INIT(5000);
    mail_html(mail_template_find("verify"), "<a href=\"x\">A & B</a>", "https://x/#token=1", &html);
    assert_non_null(strstr(html.data, "&lt;a href=&quot;x&quot;&gt;A &amp; B&lt;/a&gt;"));
    assert_null(strstr(html.data, "<a href=\"x\""));
    buf_free(&html);
}

static bool scenario(void *arg UNUSED)
{
    struct buf html = BUF_INIT(5000);
    mail_html(mail_template_find("invite"), "Ana", "https://x/#token=1", &html);
    bool ok = buf_err(&html) == ERR_OK;
    buf_free(&html);
    return ok;
}

static void survives_failing_allocations(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_template_is_there),
        cmocka_unit_test(both_forms_say_the_link),
        cmocka_unit_test(a_mail_without_link_has_none),
        cmocka_unit_test(a_name_cannot_write_markup),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
