/* What mails to customers say about their bookings: pure. */
#ifndef BOOKING_MAIL_H
#define BOOKING_MAIL_H

#include "common/compiler.h"
#include "common/err.h"
#include "common/json.h"
#include "common/mail_body.h"

/* Why a mail is written: a row of the table in booking_mail.c, which names jobs' payloads. */
struct booking_mail_about;
/* NULL when there is none of that name. */
const struct booking_mail_about *booking_mail_about(const char *name);
/* Is it of any use when the booking is in that state by now? */
bool booking_mail_due(const struct booking_mail_about *about, const char *state);

/* As the database words it; texts of the customer's own are as he wrote them. NULL: none. */
struct booking_mail {
    const struct booking_mail_about *about;
    const char *name, *number;
    const char *day, *from_time, *until_time; /* "Saturday, July 4, 2026", "6:00 PM" */
    const char *venue_address, *venue_zip;
    const char *chef_name, *station_phone;
    const char *currency, *refund_percent, *duplicate_number, *link_url;
    int64_t adults, children, total_cents, deposit_cents;
    const struct json *lines;  /* of the quote */
    const struct json *policy; /* [{until, percent}] */
};

/* Appends "We have your booking MH-100001". No words of the customer's. */
void booking_mail_subject(const struct booking_mail *m, struct buf *out);
void booking_mail_write(const struct booking_mail *m, struct mail_body *out);

#endif
