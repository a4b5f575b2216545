/* A task is one running job of a service with its arena. It ends in task_end(), in the callback of
 * its last operation; also when the service stops meanwhile, because every operation ends then. */
#ifndef COMMON_TASK_H
#define COMMON_TASK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/bus.h"
#include "common/json.h"
#include "common/mail.h"
#include "common/pg.h"
#include "common/service.h"

struct task {
    struct svc *svc;
    struct job *job;
    struct arena *arena;
    void *own; /* the job's own struct of own_bytes, zeroed */
};

/* NULL when out of memory: the job is done then. */
struct task *task_new(struct svc *svc, struct job *job, size_t own_bytes);
/* e and why as for job_done(). */
void task_end(struct task *t, enum err e, const char *why);

/* The context of a statement, as a request has it: a job may do everything. NULL when out of
 * memory. */
const char *task_ctx(struct task *t);
/* Runs a statement with the task as owner; ends the task when that cannot be. args.v[0] is the
 * context. */
void task_pg(struct task *t, const struct pg_stmt *stmt, struct pg_args args, pg_done_fn *done);
/* For the callback: true when the statement did what it should. Otherwise the task has ended. */
bool task_goes_on(struct task *t, const struct pg_result *result);
/* A task that is one statement with the context and the job's payload, from start to end. */
void task_statement(struct svc *svc, struct job *job, const struct pg_stmt *stmt);

/* A string of the job's payload, or NULL. */
const char *task_payload(struct task *t, const char *name);
/* One that the key ring has sealed for that purpose, opened, or NULL. */
const char *task_payload_open(struct task *t, const char *name, const char *purpose);

/* Hands a mail over, with a Message-ID that a second try of the job keeps, and ends the task with
 * its fate: what is refused for good is not tried again. `kind` is for log and metrics. On an error
 * here the task has ended as well. */
void task_mail(struct task *t, const char *kind, struct mail *mail);

#endif
