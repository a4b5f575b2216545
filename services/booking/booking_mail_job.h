/* See booking_mail_job.c. */
#ifndef BOOKING_MAIL_JOB_H
#define BOOKING_MAIL_JOB_H

#include "common/bus.h"

/* The run of the job kind booking.mail. */
void booking_mail_run(void *owner, struct job *job);

#endif
