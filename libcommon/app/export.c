/* A job is one batch: {export_id, user_id, public_key, n, after}. The statement that stores it
 * queues the next one, so that nothing is lost or there twice wherever it stops. */
#include "common/export.h"

#include "app.h"
#include "common/task.h"
#include "common_sql.h"
#include "sealed.h"

#define BATCH 50
#define BATCH_BYTES (256u << 10) /* not begun beyond; a box holds twice that */
#define ITEMS_BYTES (4u << 20)

static void on_stored(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    if (task_goes_on(t, result)) {
        bus_ring(t->svc->bus);
        task_end(t, ERR_OK, NULL);
    }
    pg_result_free(result);
}

/* As many rows as fit, as a JSON array; how many they are. */
static int items_write(const struct pg_result *rows, struct buf *out)
{
    int n = 0, col = pg_col(rows, "item");
    buf_adds(out, "[");
    for (; n < pg_rows(rows) && out->len < BATCH_BYTES; n++) {
        const char *item = pg_get(rows, n, col);
        buf_adds(out, n > 0 ? "," : "");
        buf_adds(out, item ? item : "null");
    }
    buf_adds(out, "]");
    return n;
}

/* The box, and where the next one begins: NULL when there is nothing behind. */
static enum err part_make(struct task *t, const struct pg_result *rows, const char **ret_box,
                          const char **ret_after)
{
    const char *public_key = task_payload(t, "public_key"), *id = task_payload(t, "export_id");
    const char *purpose = id ? arena_printf(t->arena, "export:%s", id) : NULL, *after = NULL;
    struct buf items = BUF_INIT(ITEMS_BYTES);
    struct str plain;
    int n = items_write(rows, &items);
    enum err e = public_key && id ? buf_err(&items) : ERR_INVALID;
    if (e == ERR_OK)
        e = sealed_open_text(t->svc->keyring, t->arena, t->svc->desc->exports->out, buf_str(&items),
                             &plain);
    if (e == ERR_OK)
        e = purpose ? box_seal(public_key, purpose, t->arena, plain, ret_box) : ERR_NO_MEMORY;
    if (e == ERR_OK && (n < pg_rows(rows) || n == BATCH)) {
        after = arena_strdup(t->arena, pg_get(rows, n - 1, pg_col(rows, "after")));
        e = after ? ERR_OK : ERR_NO_MEMORY;
    }
    buf_free(&items);
    *ret_after = after;
    return e;
}

static void on_loaded(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    const char *box, *after;
    if (task_goes_on(t, result)) {
        enum err e = part_make(t, result, &box, &after);
        if (e == ERR_OK)
            task_pg(t, &sql_export_store, PG_ARGS(task_ctx(t), job_payload(t->job), box, after),
                    on_stored);
        else
            task_end(t, e, "the part could not be made");
    }
    pg_result_free(result);
}

void export_run(void *owner, struct job *job)
{
    struct task *t = task_new(owner, job, 0);
    if (!t)
        return;
    const char *most = arena_printf(t->arena, "%d", BATCH);
    if (most)
        task_pg(t, t->svc->desc->exports->load, PG_ARGS(task_ctx(t), job_payload(job), most),
                on_loaded);
    else
        task_end(t, ERR_NO_MEMORY, NULL);
}
