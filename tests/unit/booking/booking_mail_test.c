/* What customers read about their bookings. */
#include "torture.h"

#include <string.h>

#include "booking_mail.h"

static struct arena *arena;

static int setup(void **state UNUSED)
{
    arena = arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
    arena_free(arena);
    return 0;
}

static const struct json *doc(const char *text)
{
    const struct json *j = NULL;
    assert_int_equal(json_parse(arena, str_of(text), &j, NULL), ERR_OK);
    return j;
}

static struct booking_mail usual(const char *about)
{
    return (struct booking_mail){
        .about = booking_mail_about(about),
        .name = "Ana & Bob",
        .number = "MH-100001",
        .day = "Saturday, July 4, 2026",
        .from_time = "6:00 PM",
        .until_time = "8:00 PM",
        .venue_address = "1 Elm St",
        .venue_zip = "95112",
        .chef_name = "Kenji Mori",
        .station_phone = "+14085550100",
        .currency = "USD",
        .link_url = "https://x.test/bookings/1#token=t",
        .adults = 8,
        .children = 2,
        .total_cents = 123456,
        .deposit_cents = 5,
        .lines = doc(
            "[{\"label\":\"Adults\",\"quantity\":8,\"unit_cents\":5500,\"amount_cents\":44000},"
            "{\"label\":\"Off\",\"quantity\":1,\"unit_cents\":-150,\"amount_cents\":-150},{},7]"),
        .policy = doc("[{\"until\":\"Saturday, June 27, 6:00 PM\",\"percent\":100}]"),
    };
}

static const char *text_of(const struct booking_mail *m)
{
    struct mail_body body = MAIL_BODY_INIT(20000);
    struct mail mail = {.to = "a@b.test"};
    booking_mail_write(m, &body);
    assert_int_equal(mail_body_take(&body, arena, &mail), ERR_OK);
    return mail.text;
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void the_letter_is_whole(void **state UNUSED)
{
    struct booking_mail m = usual("confirmed");
    assert_string_equal(
        text_of(&m),
        "Hello Ana & Bob,\n\nYour booking is confirmed. We look forward to cooking for you.\n\n"
        "Booking: MH-100001\nWhen: Saturday, July 4, 2026, 6:00 PM to 8:00 PM, local time\n"
        "Where: 1 Elm St, 95112\nGuests: 8 adults, 2 children\nChef: Kenji Mori\n\n"
        "What it costs:\n\nAdults (8 at $55.00): $440.00\nOff: -$1.50\n"
        "Total, tax included: $1234.56\nDeposit: $0.05\n\n"
        "If you cancel, you get back of what you paid:\n\n"
        "Until Saturday, June 27, 6:00 PM: 100 %\nLater: nothing\n\n"
        "See, move or cancel your booking:\nhttps://x.test/bookings/1#token=t\n\n"
        "Whoever has this link can do that, so keep it to yourself.\n\n"
        "Questions? Call us: +14085550100\n\nMy Hibachi\n");
}

static void every_occasion_has_its_words(void **state UNUSED)
{
    static const char *const names[] = {"created", "confirmed", "rescheduled",
                                        "updated", "cancelled", "link"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct booking_mail m = usual(names[i]);
        struct buf subject = BUF_INIT(200);
        assert_non_null(m.about);
        booking_mail_subject(&m, &subject);
        assert_says(subject.data, "MH-100001");
        buf_free(&subject);
        assert_says(text_of(&m), "When: Saturday");
    }
    assert_null(booking_mail_about("no such"));
}

static void what_does_not_apply_is_left_out(void **state UNUSED)
{
    struct booking_mail m = usual("cancelled");
    m.refund_percent = "50";
    m.children = 0;
    m.station_phone = NULL;
    const char *text = text_of(&m);
    assert_says(text, "50 % of what you paid goes back to you.");
    assert_says(text, "Guests: 8\n");
    assert_null(strstr(text, "token="));
    assert_null(strstr(text, "costs"));
    assert_null(strstr(text, "Questions"));
    m = usual("link");
    m.policy = doc("[]");
    m.lines = NULL;
    m.currency = "EUR";
    m.duplicate_number = "MH-7";
    text = text_of(&m);
    assert_says(text, "nothing of what you paid can be given back");
    assert_says(text, "Total, tax included: 1234.56 EUR");
    assert_says(text, "with booking MH-7 you have another one at the same time");
}

static void a_mail_that_was_overtaken_is_not_sent(void **state UNUSED)
{
    static const struct {
        const char *about, *state;
        bool due;
    } cases[] = {{"created", "pending", true},    {"created", "cancelled", false},
                 {"confirmed", "seated", true},   {"cancelled", "cancelled", true},
                 {"cancelled", "pending", false}, {"link", "cancelled", true}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(booking_mail_due(booking_mail_about(cases[i].about), cases[i].state),
                         cases[i].due);
}

static bool scenario(void *arg)
{
    struct mail_body body = MAIL_BODY_INIT(20000);
    booking_mail_write(arg, &body);
    bool ok = buf_err(&body.text) == ERR_OK && buf_err(&body.html) == ERR_OK;
    mail_body_free(&body);
    return ok;
}

static void survives_failing_allocations(void **state UNUSED)
{
    struct booking_mail m = usual("created");
    torture(scenario, &m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_letter_is_whole),
        cmocka_unit_test(every_occasion_has_its_words),
        cmocka_unit_test(what_does_not_apply_is_left_out),
        cmocka_unit_test(a_mail_that_was_overtaken_is_not_sent),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
