/* See waitlist_mail.c. */
#ifndef BOOKING_WAITLIST_MAIL_H
#define BOOKING_WAITLIST_MAIL_H

#include "common/bus.h"

/* The run of the job kind booking.waitlist_mail. */
void waitlist_mail_run(void *owner, struct job *job);

#endif
