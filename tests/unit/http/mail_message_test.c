/* The text of a mail: what a reader sees, and what nobody can slip in. Its header is private. */
#include "torture.h"

#include <string.h>

#include "../../../libcommon/http/mail_message.h"

static const struct mail_address from = {.name = "My Hibachi", .mailbox = "bookings@mh.test"};
static const struct mail_address to = {.mailbox = "guest@example.test"};

static struct mail example(void)
{
    return (struct mail){.to = "guest@example.test",
                         .subject = "Your booking",
                         .text = "Hello\nSee you on Friday.\n",
                         .message_id = "42.confirm@mh.test",
                         .date_s = 1772388000};
}

/* In static memory. */
static const char *write_mail(const struct mail *m, enum err expected)
{
    static char text[65536];
    struct buf out = BUF_INIT(sizeof text - 1);
    assert_int_equal(mail_message_write(m, &from, &to, &out), expected);
    if (expected == ERR_OK)
        memcpy(text, out.data, out.len + 1);
    buf_free(&out);
    return text;
}

#define HEAD                                          \
    "Date: Sun, 01 Mar 2026 18:00:00 +0000\r\n"       \
    "Message-ID: <42.confirm@mh.test>\r\n"            \
    "From: \"My Hibachi\"\r\n <bookings@mh.test>\r\n" \
    "To: <guest@example.test>\r\n"                    \
    "Subject: Your booking\r\n"                       \
    "MIME-Version: 1.0\r\n"                           \
    "Auto-Submitted: auto-generated\r\n"
#define PART(type)                                   \
    "Content-Type: text/" type "; charset=utf-8\r\n" \
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"

static void a_plain_mail_reads_like_this(void **state UNUSED)
{
    struct mail m = example();
    assert_string_equal(write_mail(&m, ERR_OK),
                        HEAD PART("plain") "Hello\r\nSee you on Friday.\r\n");
}

static void a_mail_with_html_has_both(void **state UNUSED)
{
    static const char expected[] =
        HEAD "Content-Type: multipart/alternative; boundary=\"=_alternative\"\r\n\r\n"
             "--=_alternative\r\n" PART("plain") "Hello\r\nSee you on Friday.\r\n\r\n"
                                                 "--=_alternative\r\n" PART(
                                                     "html") "<p>Hello</p>\r\n\r\n"
                                                             "--=_alternative--\r\n";
    struct mail m = example();
    m.html = "<p>Hello</p>";
    assert_string_equal(write_mail(&m, ERR_OK), expected);
}

static void assert_sent(const char *text, const char *expected)
{
    struct mail m = example();
    m.text = text;
    assert_string_equal(strstr(write_mail(&m, ERR_OK), "\r\n\r\n") + 4, expected);
}

#define X25 "xxxxxxxxxxxxxxxxxxxxxxxxx"

static void texts_survive_the_way(void **state UNUSED)
{
    assert_sent("", "");
    assert_sent("\n", "\r\n");
    assert_sent("a\r\nb", "a\r\nb\r\n");
    assert_sent("a\rb", "a=0Db\r\n");
    assert_sent("1 + 1 = 2", "1 + 1 =3D 2\r\n");
    assert_sent("trailing \nand\t", "trailing=20\r\nand=09\r\n");
    assert_sent("gr\xc3\xbc\xc3\x9f", "gr=C3=BC=C3=9F\r\n");
    assert_sent("--=_alternative--", "--=3D_alternative--\r\n");
    assert_sent(".\n.hidden", ".\r\n.hidden\r\n"); /* curl doubles the dots */
    assert_sent("\x01\x7f", "=01=7F\r\n");
    /* 76 characters fit on a line with its soft break, never more; no code is cut. */
    assert_sent(X25 X25 X25, X25 X25 X25 "\r\n");
    assert_sent(X25 X25 X25 "x", X25 X25 X25 "=\r\nx\r\n");
    assert_sent(X25 X25 X25 "\xc3\xbc", X25 X25 X25 "=\r\n=C3=BC\r\n");
}

static void assert_subject(const char *subject, const char *expected)
{
    struct mail m = example();
    m.subject = subject;
    const char *header = strstr(write_mail(&m, ERR_OK), "\r\nSubject: ") + 11;
    assert_int_equal(strncmp(header, expected, strlen(expected)), 0);
    assert_int_equal(strncmp(header + strlen(expected), "\r\nMIME-Version", 14), 0);
}

static void subjects_are_encoded_when_they_must_be(void **state UNUSED)
{
    assert_subject("", "");
    assert_subject("Plain \"quoted\" <ok>", "Plain \"quoted\" <ok>");
    assert_subject("Gr\xc3\xbc\xc3\x9f", "=?utf-8?B?R3LDvMOf?=");
    assert_subject("=?utf-8?B?AAAA?=", "=?utf-8?B?PT91dGYtOD9CP0FBQUE/PQ==?=");
    /* Folded into words of at most 39 bytes, and between characters (the last are of 3). */
    assert_subject("123456789 123456789 123456789 12345678\xe2\x82\xac\xe2\x82\xac",
                   "=?utf-8?B?MTIzNDU2Nzg5IDEyMzQ1Njc4OSAxMjM0NTY3ODkgMTIzNDU2Nzg=?=\r\n"
                   " =?utf-8?B?4oKs4oKs?=");
}

static void no_line_is_longer_than_78_characters(void **state UNUSED)
{
    char subject[1001], text[3000];
    struct mail m = example();
    memset(subject, 's', 1000);
    subject[1000] = '\0';
    memset(text, '=', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    m.subject = subject;
    m.text = m.html = text;
    const char *p = write_mail(&m, ERR_OK);
    for (const char *end; (end = strstr(p, "\r\n")); p = end + 2)
        assert_true(end - p <= 78);
}

static void nobody_slips_in_a_header(void **state UNUSED)
{
    static const char *const subjects[] = {"a\r\nBcc: x@evil.test", "a\nb", "a\rb", "a\tb", "\x7f",
                                           "bad \xff utf-8"};
    static const char *const ids[] = {
        "",      "no-at",     "@host",         "local@",          "a@b@c",  "a b@c",
        "<a@b>", "a@b\r\nX:", "a@b\nBcc: x@y", "gr\xc3\xbc@host", "a@b\x7f"};
    struct mail m = example();
    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        m.subject = subjects[i];
        write_mail(&m, ERR_INVALID);
    }
    m = example();
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        m.message_id = ids[i];
        write_mail(&m, ERR_INVALID);
    }
}

static void what_cannot_be_written_is_refused(void **state UNUSED)
{
    char subject[1002];
    struct mail m = example();
    m.text = "bad \xc3 utf-8";
    write_mail(&m, ERR_INVALID);
    m = example();
    m.html = "\xed\xa0\x80";
    write_mail(&m, ERR_INVALID);
    m = example();
    m.date_s = -1;
    write_mail(&m, ERR_INVALID);
    m.date_s = INT64_MAX;
    write_mail(&m, ERR_INVALID);
    m = example();
    memset(subject, 's', sizeof subject - 1);
    subject[sizeof subject - 1] = '\0';
    m.subject = subject;
    write_mail(&m, ERR_INVALID);
}

static void the_ceiling_of_the_buffer_is_told(void **state UNUSED)
{
    struct mail m = example();
    struct buf out = BUF_INIT(400);
    assert_int_equal(mail_message_write(&m, &from, &to, &out), ERR_OK);
    m.html = "<p>Hello, much too long for this</p>";
    buf_clear(&out);
    assert_int_equal(mail_message_write(&m, &from, &to, &out), ERR_TOO_LARGE);
    buf_free(&out);
}

/* --- addresses ---------------------------------------------------------------------------------
 */

static void addresses_come_in_three_forms(void **state UNUSED)
{
    static const struct {
        const char *text, *name, *mailbox;
    } good[] = {
        {"a@b.test", "", "a@b.test"},
        {"<a@b.test>", "", "a@b.test"},
        {"My Hibachi <a@b.test>", "My Hibachi", "a@b.test"},
        {"\"Hibachi, Inc.\" <a@b.test>", "Hibachi, Inc.", "a@b.test"},
        {"Gr\xc3\xbcn<a@b.test>", "Gr\xc3\xbcn", "a@b.test"},
    };
    static const char *const bad[] = {"",
                                      "a",
                                      "a@b.test, c@d.test",
                                      "a@b.test>",
                                      "<a@b.test",
                                      "<a@b.test> x",
                                      "<<a@b.test>>",
                                      "a\r\n <a@b.test>",
                                      "a@b.test\r\nBcc: c@d.test",
                                      "a\"b <a@b.test>",
                                      "\"a\\\" <a@b.test>",
                                      "\xff <a@b.test>",
                                      "a@b.test\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct mail_address a;
        assert_int_equal(mail_address_parse(good[i].text, &a), ERR_OK);
        assert_string_equal(a.name, good[i].name);
        assert_string_equal(a.mailbox, good[i].mailbox);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct mail_address a = {.mailbox = "untouched"};
        assert_int_equal(mail_address_parse(bad[i], &a), ERR_INVALID);
        assert_string_equal(a.mailbox, "untouched");
    }
}

static void names_are_quoted_or_encoded(void **state UNUSED)
{
    static const struct mail_address umlaut = {.name = "Gr\xc3\xbcn", .mailbox = "a@b.test"};
    struct mail m = example();
    struct buf out = BUF_INIT(4096);
    assert_int_equal(mail_message_write(&m, &umlaut, &umlaut, &out), ERR_OK);
    assert_non_null(strstr(out.data, "\r\nFrom: =?utf-8?B?R3LDvG4=?=\r\n <a@b.test>\r\n"));
    assert_non_null(strstr(out.data, "\r\nTo: =?utf-8?B?R3LDvG4=?=\r\n <a@b.test>\r\n"));
    buf_free(&out);
}

static bool write_once(void *arg UNUSED)
{
    struct mail m = example();
    struct buf out = BUF_INIT(65536);
    m.html = "<p>Hello</p>";
    bool ok = mail_message_write(&m, &from, &to, &out) == ERR_OK;
    buf_free(&out);
    return ok;
}

static void it_survives_failing_allocations(void **state UNUSED)
{
    torture(write_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_mail_reads_like_this),
        cmocka_unit_test(a_mail_with_html_has_both),
        cmocka_unit_test(texts_survive_the_way),
        cmocka_unit_test(subjects_are_encoded_when_they_must_be),
        cmocka_unit_test(no_line_is_longer_than_78_characters),
        cmocka_unit_test(nobody_slips_in_a_header),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(the_ceiling_of_the_buffer_is_told),
        cmocka_unit_test(addresses_come_in_three_forms),
        cmocka_unit_test(names_are_quoted_or_encoded),
        cmocka_unit_test(it_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
