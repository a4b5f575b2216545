/* Running jobs: see task.h. The struct itself lives in its arena. */
#include "task.h"

#include "common/clock.h"

#define TASK_ARENA_BYTES 65536

struct task *task_new(struct svc *svc, struct job *job)
{
    struct arena *arena = arena_new(TASK_ARENA_BYTES);
    struct task *t = arena ? arena_alloc(arena, sizeof(*t)) : NULL;
    if (!t) {
        arena_free(arena);
        job_done(job, ERR_NO_MEMORY, "out of memory");
        return NULL;
    }
    t->svc = svc;
    t->job = job;
    t->arena = arena;
    return t;
}

void task_end(struct task *t, enum err e, const char *why)
{
    job_done(t->job, e, why);
    arena_free(t->arena);
}

const char *task_ctx(struct task *t)
{
    char now[RFC3339_SIZE];
    clock_rfc3339(clock_wall_us(), now);
    return arena_printf(t->arena, "{\"now\":\"%s\",\"request_id\":\"job-%lld\"}", now,
                        (long long)job_id(t->job));
}

void task_pg(struct task *t, const struct pg_stmt *stmt, struct pg_args args, pg_done_fn *done)
{
    enum err e = args.v[0] ? pg_exec(t->svc->pg, stmt, args, done, t, 0) : ERR_NO_MEMORY;
    if (e != ERR_OK)
        task_end(t, e, "the statement could not be queued");
}

bool task_goes_on(struct task *t, const struct pg_result *result)
{
    enum err e = pg_result_err(result);
    if (e != ERR_OK)
        task_end(t, e, pg_result_sqlstate(result));
    return e == ERR_OK;
}

const char *payload_get(struct task *t, const char *name)
{
    const struct json *doc;
    if (json_parse(t->arena, str_of(job_payload(t->job)), &doc, NULL) != ERR_OK ||
        json_type(doc) != JSON_OBJECT)
        return NULL;
    const struct json *value = json_get(doc, name);
    return value && json_type(value) == JSON_STRING ? json_string(value) : NULL;
}

const char *payload_open(struct task *t, const char *name, const char *purpose)
{
    const char *sealed = payload_get(t, name);
    struct str plain;
    if (!sealed || keyring_unseal(t->svc->keyring, purpose, t->arena, str_of(sealed), &plain))
        return NULL;
    return arena_strndup(t->arena, plain.p, plain.n);
}
