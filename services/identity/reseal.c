/* identity.reseal: {after}: MFA secrets that an older key has sealed are sealed with the newest
 * one, so that the old one can go. A job is one batch, in the order of accounts, and queues the
 * next one in the statement that stores its own; so nothing is lost or done twice wherever it
 * stops. What cannot be opened any more stays as it is, counted and logged. */
#include "common/log.h"
#include "common/task.h"
#include "identity.h"

#define BATCH 200
#define LIST_BYTES 131072

struct reseal {
    const char *after; /* the last account of a batch that was full; NULL: there are no more */
    int64_t unreadable;
};

static void on_stored(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    const struct reseal *own = t->own;
    const char *sealed = pg_first(result, "sealed");
    int64_t n = 0;
    if (task_goes_on(t, result)) {
        if (sealed && str_to_i64(str_of(sealed), 0, BATCH, &n) == ERR_OK)
            metric_add(&identity_metrics[M_RESEALED], (uint64_t)n, "sealed");
        metric_add(&identity_metrics[M_RESEALED], (uint64_t)own->unreadable, "unreadable");
        if (own->unreadable)
            log_event(LOG_ERROR, "mfa.unreadable", LOG_I("accounts", own->unreadable),
                      LOG_S("why", "their key is not in KEYRING"));
        if (own->after)
            bus_ring(t->svc->bus);
        task_end(t, ERR_OK, NULL);
    }
    pg_result_free(result);
}

/* Adds {id, was, now}, unless it cannot be opened. */
static enum err secret_add(struct task *t, const char *id, const char *was, struct json_writer *w)
{
    struct reseal *own = t->own;
    const char *purpose = arena_printf(t->arena, MFA_PURPOSE "%s", id), *now;
    if (!purpose)
        return ERR_NO_MEMORY;
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
    struct reseal *own = t->own;
    int n = pg_rows(rows), id = pg_col(rows, "id"), secret = pg_col(rows, "mfa_secret");
    struct buf list = BUF_INIT(LIST_BYTES);
    struct json_writer w = JSON_WRITER(&list);
    enum err e = ERR_OK;
    json_open(&w, NULL, '[');
    for (int i = 0; i < n && e == ERR_OK; i++)
        e = secret_add(t, pg_get(rows, i, id), pg_get(rows, i, secret), &w);
    json_close(&w, ']');
    if (n == BATCH) {
        own->after = arena_strdup(t->arena, pg_get(rows, n - 1, id));
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
    const struct reseal *own = t->own;
    if (task_goes_on(t, result)) {
        const char *batch = batch_make(t, result);
        if (batch)
            task_pg(t, &sql_reseal_store, PG_ARGS(task_ctx(t), batch, own->after), on_stored);
        else
            task_end(t, ERR_NO_MEMORY, "a batch does not fit");
    }
    pg_result_free(result);
}

void reseal_run(void *owner, struct job *job)
{
    struct task *t = task_new(owner, job, sizeof(struct reseal));
    if (!t)
        return;
    const char *newest = keyring_newest(t->svc->keyring);
    const char *most = arena_printf(t->arena, "%d", BATCH);
    struct pg_args args = PG_ARGS(task_ctx(t), newest, task_payload(t, "after"), most);
    task_pg(t, &sql_reseal_load, args, on_loaded);
}
