/* Both forms of a mail say the same, nobody writes markup into it, and a stranger's words cannot
 * become a link. */
#include "torture.h"

#include <string.h>

#include "common/mail_body.h"

static void whole_mail(struct mail_body *b)
{
    mail_body_open(b, "Ana");
    mail_body_say(b, "First.\n\nSecond.");
    mail_body_row(b, "When", "today");
    mail_body_row(b, "Where", "<here> & \"there\"");
    mail_body_link(b, "Open", "https://x.test/?a=1&b=2#token=t");
    mail_body_close(b);
}

static void both_forms_say_the_same(void **state UNUSED)
{
    struct mail_body b = MAIL_BODY_INIT(5000);
    whole_mail(&b);
    assert_string_equal(b.text.data, "Hello Ana,\n\nFirst.\n\nSecond.\n\nWhen: today\n"
                                     "Where: <here> & \"there\"\n\nOpen:\n"
                                     "https://x.test/?a=1&b=2#token=t\n\nMy Hibachi\n");
    assert_string_equal(
        b.html.data,
        "<!doctype html>\n<html lang=\"en\"><body>\n<p>Hello Ana,</p>\n<p>First.</p>\n"
        "<p>Second.</p>\n<table>\n<tr><td>When</td><td>today</td></tr>\n"
        "<tr><td>Where</td><td>&lt;here&gt; &amp; &quot;there&quot;</td></tr>\n</table>\n"
        "<p><a href=\"https://x.test/?a=1&amp;b=2#token=t\">Open</a></p>\n"
        "<p>My Hibachi</p>\n</body></html>\n");
    mail_body_free(&b);
}

static void a_name_cannot_write_markup(void **state UNUSED)
{
    struct mail_body b = MAIL_BODY_INIT(5000);
    mail_body_open(&b, "<i>A & B</i>");
    assert_non_null(strstr(b.html.data, "Hello &lt;i&gt;A &amp; B&lt;/i&gt;,"));
    mail_body_free(&b);
}

static void a_name_cannot_advertise(void **state UNUSED)
{
    static const char *const links[] = {"visit evil.example", "https:evil//x", "WWW.evil", "a@b",
                                        "Dr.Smith",           "\xc3\xa9.fr"};
    static const char *const words[] = {"Dr. Smith", "Ana Lima", "A.", ".A", "12 Elm St., Apt. 4/5",
                                        ""};
    for (size_t i = 0; i < ARRAY_LEN(links); i++)
        assert_string_equal(mail_harmless(links[i], "no"), "no");
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_ptr_equal(mail_harmless(words[i], "no"), words[i]);
    struct mail_body b = MAIL_BODY_INIT(5000);
    mail_body_open(&b, "You won: evil.example");
    assert_string_equal(b.text.data, "Hello,\n");
    mail_body_free(&b);
}

static void what_does_not_fit_is_told(void **state UNUSED)
{
    struct arena *a = arena_new(1 << 20);
    struct mail_body b = MAIL_BODY_INIT(100);
    struct mail mail = {.to = "a@b.test"};
    whole_mail(&b);
    assert_int_equal(mail_body_take(&b, a, &mail), ERR_TOO_LARGE);
    b = MAIL_BODY_INIT(5000);
    whole_mail(&b);
    assert_int_equal(mail_body_take(&b, a, &mail), ERR_OK);
    assert_true(strncmp(mail.text, "Hello Ana,", 10) == 0 && strstr(mail.html, "</html>"));
    arena_free(a);
}

static bool scenario(void *arg UNUSED)
{
    struct arena *a = arena_new(1 << 20);
    struct mail_body b = MAIL_BODY_INIT(5000);
    struct mail mail = {.to = "a@b.test"};
    whole_mail(&b);
    bool ok = a && mail_body_take(&b, a, &mail) == ERR_OK;
    mail_body_free(&b);
    arena_free(a);
    return ok;
}

static void survives_failing_allocations(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_say_the_same),
        cmocka_unit_test(a_name_cannot_write_markup),
        cmocka_unit_test(a_name_cannot_advertise),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
