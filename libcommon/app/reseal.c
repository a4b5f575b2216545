/* A job is one batch, and queues the next one in the statement that stores its own; so nothing is
 * lost or done twice wherever it stops. What cannot be opened any more stays as it is, counted and
 * logged. */
#include "common/reseal.h"

#include <stdio.h>

#include "app.h"
#include "common/log.h"
#include "common/task.h"

#define BATCH 50 /* of the longest texts they fit into a task */
#define LIST_BYTES (2 << 20)

struct batch {
    const char *after; /* the last one of a batch that was full; NULL: there are no more */
    int64_t unreadable;
};

static void on_stored(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    const struct batch *own = t->own;
    const char *sealed = pg_first(result, "sealed");
    int64_t n = 0;
    if (task_goes_on(t, result)) {
        if (sealed && str_to_i64(str_of(sealed), 0, BATCH, &n) == ERR_OK)
            metric_add(&app_metrics[M_RESEALED], (uint64_t)n, "sealed");
        metric_add(&app_metrics[M_RESEALED], (uint64_t)own->unreadable, "unreadable");
        if (own->unreadable)
            log_event(LOG_ERROR, "sealed.unreadable", LOG_I("texts", own->unreadable),
                      LOG_S("why", "their key is not in KEYRING"));
        bus_ring(t->svc->bus);
        task_end(t, ERR_OK, NULL);
    }
    pg_result_free(result);
}

/* Adds {id, was, now}, unless it cannot be opened. */
static enum err text_add(struct task *t, const struct pg_result *rows, int row,
                         struct json_writer *w)
{
    struct batch *own = t->own;
    const char *id = pg_get(rows, row, pg_col(rows, "id"));
    const char *was = pg_get(rows, row, pg_col(rows, "sealed"));
    const char *purpose = pg_get(rows, row, pg_col(rows, "purpose")), *now;
    if (!id || !was || !purpose)
        return ERR_INTERNAL;
    enum err e = keyring_reseal(t->svc->keyring, purpose, t->arena, str_of(was), &now);
    if (e == ERR_INVALID) {
        own->unreadable++;
        return ERR_OK;
    }
    if (e != ERR_OK)
        return e;
    json_open(w, NULL, '{');
    json_put_cstr(w, "id", id);
    json_put_cstr(w, "was", was);
    json_put_cstr(w, "now", now);
    json_close(w, '}');
    return ERR_OK;
}

/* The batch as JSON text in the arena, or NULL. */
static const char *batch_make(struct task *t, const struct pg_result *rows)
{
    struct batch *own = t->own;
    int n = pg_rows(rows);
    struct buf list = BUF_INIT(LIST_BYTES);
    struct json_writer w = JSON_WRITER(&list);
    enum err e = ERR_OK;
    json_open(&w, NULL, '[');
    for (int i = 0; i < n && e == ERR_OK; i++)
        e = text_add(t, rows, i, &w);
    json_close(&w, ']');
    if (n == BATCH) {
        own->after = arena_strdup(t->arena, pg_get(rows, n - 1, pg_col(rows, "id")));
        e = own->after ? e : ERR_NO_MEMORY;
    }
    const char *text = e == ERR_OK && buf_err(&list) == ERR_OK
                           ? arena_strndup(t->arena, list.data, list.len)
                           : NULL;
    buf_free(&list);
    return text;
}

static void on_loaded(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    const struct batch *own = t->own;
    if (task_goes_on(t, result)) {
        const char *list = batch_make(t, result);
        if (list)
            task_pg(t, t->svc->desc->reseal->store,
                    PG_ARGS(task_ctx(t), list, job_payload(t->job), own->after), on_stored);
        else
            task_end(t, ERR_NO_MEMORY, "a batch does not fit");
    }
    pg_result_free(result);
}

void reseal_run(void *owner, struct job *job)
{
    struct task *t = task_new(owner, job, sizeof(struct batch));
    if (!t)
        return;
    const char *newest = keyring_newest(t->svc->keyring);
    const char *most = arena_printf(t->arena, "%d", BATCH);
    task_pg(t, t->svc->desc->reseal->load, PG_ARGS(task_ctx(t), newest, job_payload(job), most),
            on_loaded);
}

int reseal_command(struct svc *svc, int argc UNUSED, char **argv UNUSED)
{
    const struct reseal *r = svc->desc->reseal;
    char ctx[COMMAND_CTX_SIZE];
    struct pg_result *result = command_pg(
        svc, r->queue, PG_ARGS(command_ctx("reseal", ctx), keyring_newest(svc->keyring)));
    const char *left = result ? pg_first(result, "left") : NULL;
    if (left)
        fprintf(stdout, "%s %s are sealed with older keys; the job is queued\n", left, r->what);
    else
        fprintf(stderr, "reseal: %s\n", result ? pg_result_message(result) : "no database");
    int status = left ? 0 : 1;
    pg_result_free(result);
    return status;
}
