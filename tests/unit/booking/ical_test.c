/* What calendar programs get: RFC 5545. */
#include "torture.h"

#include <string.h>

#include "ical.h"

static struct buf out;

static int setup(void **state UNUSED)
{
    out = BUF_INIT(1 << 16);
    return 0;
}

static int teardown(void **state UNUSED)
{
    buf_free(&out);
    return 0;
}

static const char *text(void)
{
    assert_int_equal(buf_err(&out), ERR_OK);
    return out.data;
}

static void lines_end_with_crlf(void **state UNUSED)
{
    ical_line(&out, "STATUS", "CONFIRMED");
    assert_string_equal(text(), "STATUS:CONFIRMED\r\n");
}

static void text_is_escaped(void **state UNUSED)
{
    static const struct {
        const char *value, *line;
    } cases[] = {
        {"plain", "X:plain\r\n"},
        {"a,b;c\\d", "X:a\\,b\\;c\\\\d\r\n"},
        {"one\ntwo\r\nthree", "X:one\\ntwo\\nthree\r\n"},
        {"tab\tbell\x07\x7f", "X:tabbell\r\n"},
        {"é€😀", "X:é€😀\r\n"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        ical_text(&out, "X", cases[i].value);
        assert_string_equal(out.data ? text() : "", cases[i].line);
    }
    buf_clear(&out);
    ical_text(&out, "X", NULL);
    assert_int_equal(out.len, 0);
}

/* Undoes the folding and checks that no line is too long and no character was cut. */
static void unfold(const char *p, char *to)
{
    size_t octets = 0;
    for (; *p; p++) {
        if (p[0] == '\r' && p[1] == '\n') {
            assert_true(octets <= 75);
            octets = 0;
            p++;
            if (p[1] == ' ') {
                assert_true(((unsigned char)p[2] & 0xc0) != 0x80);
                octets = 1;
                p++;
            }
            continue;
        }
        octets++;
        *to++ = *p;
    }
    *to = '\0';
}

static void long_lines_are_folded_between_characters(void **state UNUSED)
{
    for (size_t pad = 0; pad < 6; pad++) {
        char value[400], unfolded[1000], expected[1000] = "DESCRIPTION:";
        size_t n = 0;
        for (; n < pad; n++)
            value[n] = 'a';
        while (n + 12 < sizeof(value)) {
            memcpy(value + n, "€,😀", 8);
            n += 8;
        }
        value[n] = '\0';
        buf_clear(&out);
        ical_text(&out, "DESCRIPTION", value);
        unfold(text(), unfolded);
        size_t at = strlen(expected);
        for (const char *p = value; *p; p++) {
            if (*p == ',')
                expected[at++] = '\\';
            expected[at++] = *p;
        }
        expected[at] = '\0';
        assert_string_equal(unfolded, expected);
    }
}

static void a_line_of_75_octets_stays_whole(void **state UNUSED)
{
    char value[80];
    memset(value, 'x', sizeof(value));
    value[73] = '\0';
    ical_line(&out, "X", value);
    assert_int_equal(out.len, 77);
    buf_clear(&out);
    value[73] = 'x';
    value[74] = '\0';
    ical_line(&out, "X", value);
    assert_non_null(strstr(text(), "\r\n x\r\n"));
}

static void cut_characters_do_not_run_past_the_end(void **state UNUSED)
{
    ical_line(&out, "X", "a\xe2\x82");
    assert_string_equal(text(), "X:a\xe2\x82\r\n");
}

static const struct ical_event event = {
    .uid = "1@x",
    .starts_us = INT64_C(1772388000) * 1000000, /* 2026-03-01T18:00:00Z */
    .ends_us = INT64_C(1772395200) * 1000000,
    .changed_us = 0,
    .sequence = 7,
    .status = ICAL_CANCELLED,
    .summary = "MH-1: Ann",
    .location = NULL,
    .description = "line\nline",
};

static void a_calendar_has_what_the_rfc_demands(void **state UNUSED)
{
    static const char *const lines[] = {
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:",
        "METHOD:PUBLISH\r\n",
        "X-WR-CALNAME:Chef\\, one\r\n",
        "BEGIN:VEVENT\r\nUID:1@x\r\nDTSTAMP:20260301T200000Z\r\n",
        "DTSTART:20260301T180000Z\r\nDTEND:20260301T200000Z\r\n",
        "LAST-MODIFIED:19700101T000000Z\r\n",
        "SEQUENCE:7\r\nSTATUS:CANCELLED\r\nSUMMARY:MH-1: Ann\r\n",
        "DESCRIPTION:line\\nline\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    };
    ical_open(&out, "Chef, one");
    ical_event(&out, &event, INT64_C(1772395200) * 1000000);
    ical_close(&out);
    const char *at = text();
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        at = strstr(at, lines[i]);
        assert_non_null(at);
    }
    assert_null(strstr(text(), "LOCATION"));
}

static void statuses_are_those_of_the_rfc(void **state UNUSED)
{
    static const char *const names[] = {"STATUS:TENTATIVE\r\n", "STATUS:CONFIRMED\r\n",
                                        "STATUS:CANCELLED\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct ical_event e = event;
        e.status = (enum ical_status)i;
        buf_clear(&out);
        ical_event(&out, &e, 0);
        assert_non_null(strstr(text(), names[i]));
    }
}

static bool write_all(void *arg UNUSED)
{
    struct buf b = BUF_INIT(1 << 16);
    ical_open(&b, "name");
    for (int i = 0; i < 50; i++)
        ical_event(&b, &event, 0);
    ical_close(&b);
    bool ok = buf_err(&b) == ERR_OK;
    buf_free(&b);
    return ok;
}

static void memory_may_run_out(void **state UNUSED)
{
    torture(write_all, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_end_with_crlf, setup, teardown),
        cmocka_unit_test_setup_teardown(text_is_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lines_are_folded_between_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_of_75_octets_stays_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_characters_do_not_run_past_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_calendar_has_what_the_rfc_demands, setup, teardown),
        cmocka_unit_test_setup_teardown(statuses_are_those_of_the_rfc, setup, teardown),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
