/* What mails to customers say about their bookings: a table of occasions, and one letter for all.
 */
#include "booking_mail.h"

#include <stdio.h>
#include <string.h>

#include "booking_state.h"

struct booking_mail_about {
    const char *name;
    const char *subject; /* %s is the number */
    const char *text;
    bool cancelled; /* of a booking that is off */
};

/* clang-format off */
static const struct booking_mail_about occasions[] = {
    {.name = "created",
     .subject = "We have your booking %s",
     .text = "Thank you. The time is kept for you; we will confirm the booking soon."},
    {.name = "confirmed",
     .subject = "Your booking %s is confirmed",
     .text = "Your booking is confirmed. We look forward to cooking for you."},
    {.name = "rescheduled",
     .subject = "Your booking %s has a new time",
     .text = "Your booking has a new time."},
    {.name = "updated",
     .subject = "Your booking %s was changed",
     .text = "Your booking was changed. This is how it is now."},
    {.name = "cancelled",
     .subject = "Your booking %s was cancelled",
     .text = "Your booking was cancelled.",
     .cancelled = true},
    {.name = "link",
     .subject = "The link to your booking %s",
     .text = "Here is the link to your booking once more."},
};
/* clang-format on */

const struct booking_mail_about *booking_mail_about(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(occasions); i++)
        if (strcmp(occasions[i].name, name) == 0)
            return &occasions[i];
    return NULL;
}

bool booking_mail_due(const struct booking_mail_about *about, const char *state)
{
    bool off = booking_state_find(state) == BOOKING_CANCELLED;
    return off == about->cancelled || strcmp(about->name, "link") == 0;
}

void booking_mail_subject(const struct booking_mail *m, struct buf *out)
{
    const char *place = strstr(m->about->subject, "%s");
    buf_add(out, m->about->subject, (size_t)(place - m->about->subject));
    buf_adds(out, m->number);
    buf_adds(out, place + 2);
}

/* --- the parts of the letter ------------------------------------------------------------------ */

#define MONEY_SIZE 40
#define ROW_SIZE 512

static const char *money(const char *currency, int64_t cents, char text[MONEY_SIZE])
{
    const char *sign = cents < 0 ? "-" : "";
    int64_t n = cents < 0 ? -cents : cents;
    bool dollars = strcmp(currency, "USD") == 0;
    snprintf(text, MONEY_SIZE, "%s%s%lld.%02lld%s%s", sign, dollars ? "$" : "", (long long)n / 100,
             (long long)n % 100, dollars ? "" : " ", dollars ? "" : currency);
    return text;
}

static const char *guests(const struct booking_mail *m, char text[ROW_SIZE])
{
    if (m->children == 0)
        snprintf(text, ROW_SIZE, "%lld", (long long)m->adults);
    else
        snprintf(text, ROW_SIZE, "%lld adults, %lld children", (long long)m->adults,
                 (long long)m->children);
    return text;
}

static void facts(const struct booking_mail *m, struct mail_body *out)
{
    char text[ROW_SIZE];
    mail_body_row(out, "Booking", m->number);
    snprintf(text, sizeof(text), "%s, %s to %s, local time", m->day, m->from_time, m->until_time);
    mail_body_row(out, "When", text);
    snprintf(text, sizeof(text), "%s, %s", mail_harmless(m->venue_address, "the place you named"),
             m->venue_zip);
    mail_body_row(out, "Where", text);
    mail_body_row(out, "Guests", guests(m, text));
    mail_body_row(out, "Chef", m->chef_name);
}

static int64_t number_of(const struct json *line, const char *name)
{
    const struct json *j = json_get(line, name);
    int64_t n;
    return j && json_i64(j, &n) == ERR_OK ? n : 0;
}

static void price_line(const struct booking_mail *m, const struct json *line, struct mail_body *out)
{
    char label[ROW_SIZE], each[MONEY_SIZE], amount[MONEY_SIZE];
    const struct json *name = json_get(line, "label");
    int64_t quantity = number_of(line, "quantity");
    if (!name || json_type(name) != JSON_STRING)
        return;
    if (quantity > 1)
        snprintf(label, sizeof(label), "%s (%lld at %s)", json_string(name), (long long)quantity,
                 money(m->currency, number_of(line, "unit_cents"), each));
    else
        snprintf(label, sizeof(label), "%s", json_string(name));
    mail_body_row(out, label, money(m->currency, number_of(line, "amount_cents"), amount));
}

static void price(const struct booking_mail *m, struct mail_body *out)
{
    char text[MONEY_SIZE];
    mail_body_say(out, "What it costs:");
    for (const struct json *line = m->lines ? json_first(m->lines) : NULL; line;
         line = json_next(line))
        price_line(m, line, out);
    mail_body_row(out, "Total, tax included", money(m->currency, m->total_cents, text));
    mail_body_row(out, "Deposit", money(m->currency, m->deposit_cents, text));
}

static void policy(const struct booking_mail *m, struct mail_body *out)
{
    char until[ROW_SIZE], back[ROW_SIZE];
    if (!m->policy || json_count(m->policy) == 0) {
        mail_body_say(out, "If you cancel now, nothing of what you paid can be given back.");
        return;
    }
    mail_body_say(out, "If you cancel, you get back of what you paid:");
    for (const struct json *rule = json_first(m->policy); rule; rule = json_next(rule)) {
        const struct json *text = json_get(rule, "until");
        if (!text || json_type(text) != JSON_STRING)
            continue;
        snprintf(until, sizeof(until), "Until %s", json_string(text));
        snprintf(back, sizeof(back), "%lld %%", (long long)number_of(rule, "percent"));
        mail_body_row(out, until, back);
    }
    mail_body_row(out, "Later", "nothing");
}

static void occasion(const struct booking_mail *m, struct mail_body *out)
{
    char text[ROW_SIZE];
    mail_body_say(out, m->about->text);
    if (m->about->cancelled && m->refund_percent) {
        snprintf(text, sizeof(text), "%s %% of what you paid goes back to you.", m->refund_percent);
        mail_body_say(out, text);
    }
    if (m->duplicate_number) {
        snprintf(text, sizeof(text),
                 "Please note: with booking %s you have another one at the same time. If that is "
                 "not what you want, cancel one of them.",
                 m->duplicate_number);
        mail_body_say(out, text);
    }
}

void booking_mail_write(const struct booking_mail *m, struct mail_body *out)
{
    char text[ROW_SIZE];
    mail_body_open(out, m->name);
    occasion(m, out);
    facts(m, out);
    if (!m->about->cancelled) {
        price(m, out);
        policy(m, out);
        mail_body_link(out, "See, move or cancel your booking", m->link_url);
        mail_body_say(out, "Whoever has this link can do that, so keep it to yourself.");
    }
    if (m->station_phone) {
        snprintf(text, sizeof(text), "Questions? Call us: %s", m->station_phone);
        mail_body_say(out, text);
    }
    mail_body_close(out);
}
