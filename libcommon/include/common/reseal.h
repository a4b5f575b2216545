/* Texts that an older key of the ring has sealed are sealed with the newest one, so that the old
 * one can go. A service that keeps such texts says so in its description (`reseal`), and has a job
 * kind whose run is reseal_run() and a command that is reseal_command(). */
#ifndef COMMON_RESEAL_H
#define COMMON_RESEAL_H

#include "common/bus.h"
#include "common/pg.h"

struct svc;

/* $1 is the context of each statement.
 *   load   $2 id of the newest key, $3 the job's payload, $4 how many: rows of id, purpose and
 *          sealed, in the order of id, behind the payload's `after`
 *   store  $2 [{id, was, now}], $3 the payload, $4 the last id of a batch that was full, or NULL:
 *          keeps what nobody has changed meanwhile, queues what comes next; `sealed` is how many
 *   queue  $2 id of the newest key: queues the job; `left` is how many texts wait for it */
struct reseal {
    const struct pg_stmt *load, *store, *queue;
    const char *what; /* "MFA secrets", for people */
};

void reseal_run(void *owner, struct job *job);
int reseal_command(struct svc *svc, int argc, char **argv);

#endif
