/* A task is one running job of this service with its arena. It ends in task_end(), in the callback
 * of its last operation; also when the service stops meanwhile, because every operation ends then.
 */
#ifndef IDENTITY_TASK_H
#define IDENTITY_TASK_H

#include "identity.h"
#include "mail_text.h"

struct task {
    struct svc *svc;
    struct job *job;
    struct arena *arena;
    const struct mail_template *mail; /* of a job that sends one */
    const char *link;
};

/* svc->state */
struct identity_state {
    struct mailer *mailer;
    struct loop_timer *schedule;
};

/* NULL when out of memory: the job is done then. */
struct task *task_new(struct svc *svc, struct job *job);
void task_end(struct task *t, enum err e, const char *why);
/* The context of a statement, as a request has it. NULL when out of memory. */
const char *task_ctx(struct task *t);
/* Runs a statement with the task as owner; ends the task when that cannot be. The first
 * parameter is the context. */
void task_pg(struct task *t, const struct pg_stmt *stmt, struct pg_args args, pg_done_fn *done);
/* For the callback: true when the statement did what it should. Otherwise the task has ended. */
bool task_goes_on(struct task *t, const struct pg_result *result);
/* A string of the job's payload, or NULL. */
const char *payload_get(struct task *t, const char *name);
/* One that the key ring has sealed for that purpose, opened, or NULL. */
const char *payload_open(struct task *t, const char *name, const char *purpose);

#endif
