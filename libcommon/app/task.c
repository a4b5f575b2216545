/* Running jobs: see task.h. The struct itself lives in its arena. */
#include "common/task.h"

#include "app.h"
#include "common/clock.h"
#include "common/log.h"

#define TASK_ARENA_BYTES (4 << 20)

struct task *task_new(struct svc *svc, struct job *job, size_t own_bytes)
{
    struct arena *arena = arena_new(TASK_ARENA_BYTES);
    struct task *t = arena ? arena_alloc(arena, sizeof(*t)) : NULL;
    void *own = t && own_bytes ? arena_alloc(arena, own_bytes) : NULL;
    if (!t || (own_bytes && !own)) {
        arena_free(arena);
        job_done(job, ERR_NO_MEMORY, "out of memory");
        return NULL;
    }
    *t = (struct task){.svc = svc, .job = job, .arena = arena, .own = own};
    return t;
}

void task_end(struct task *t, enum err e, const char *why)
{
    job_done(t->job, e, why);
    arena_free(t->arena);
}

/* --- statements ------------------------------------------------------------------------------- */

const char *task_ctx(struct task *t)
{
    char now[RFC3339_SIZE];
    clock_rfc3339(clock_wall_us(), now);
    return arena_printf(
        t->arena, "{\"now\":\"%s\",\"request_id\":\"job-%lld\",\"scope\":\"all\",\"role\":\"job\"}",
        now, (long long)job_id(t->job));
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

static void on_done(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    if (task_goes_on(t, result))
        task_end(t, ERR_OK, NULL);
    pg_result_free(result);
}

void task_statement(struct svc *svc, struct job *job, const struct pg_stmt *stmt)
{
    struct task *t = task_new(svc, job, 0);
    if (t)
        task_pg(t, stmt, PG_ARGS(task_ctx(t), job_payload(job)), on_done);
}

/* --- payloads --------------------------------------------------------------------------------- */

const char *task_payload(struct task *t, const char *name)
{
    const struct json *doc;
    if (json_parse(t->arena, str_of(job_payload(t->job)), &doc, NULL) != ERR_OK ||
        json_type(doc) != JSON_OBJECT)
        return NULL;
    const struct json *value = json_get(doc, name);
    return value && json_type(value) == JSON_STRING ? json_string(value) : NULL;
}

const char *task_payload_open(struct task *t, const char *name, const char *purpose)
{
    const char *sealed = task_payload(t, name);
    struct str plain;
    if (!sealed || keyring_unseal(t->svc->keyring, purpose, t->arena, str_of(sealed), &plain))
        return NULL;
    return arena_strndup(t->arena, plain.p, plain.n);
}

/* --- mails ------------------------------------------------------------------------------------ */

/* Kept by a second try, which is seen to be the same. */
static const char *message_id(struct task *t)
{
    struct str from = str_of(t->svc->config->mail_from);
    (void)str_cut(&from, '@');
    struct str domain = str_trim(str_cut(&from, '>'));
    return arena_printf(t->arena, "%s-%lld@%.*s", t->svc->desc->name, (long long)job_id(t->job),
                        (int)domain.n, domain.p);
}

struct mail_task {
    struct task *task;
    const char *kind;
};

static void on_mailed(void *owner, uint64_t id UNUSED, enum err e, const char *why)
{
    const struct mail_task *m = owner;
    bool refused = e == ERR_INVALID;
    const char *outcome = e == ERR_OK ? "sent" : refused ? "refused" : "failed";
    metric_add(&app_metrics[M_MAILS], 1, m->kind, outcome);
    if (e != ERR_OK)
        log_event(LOG_WARN, "mail.not_sent", LOG_S("mail", m->kind), LOG_S("outcome", outcome),
                  LOG_S("why", why));
    task_end(m->task, refused ? ERR_OK : e, why);
}

void task_mail(struct task *t, const char *kind, struct mail *mail)
{
    struct mail_task *m = arena_alloc(t->arena, sizeof(*m));
    mail->message_id = message_id(t);
    mail->date_s = clock_wall_us() / USEC_PER_SEC;
    enum err e = m && mail->message_id ? ERR_OK : ERR_NO_MEMORY;
    if (e == ERR_OK) {
        *m = (struct mail_task){.task = t, .kind = kind};
        e = mail_send(t->svc->mailer, mail, on_mailed, m, 0);
    }
    if (e == ERR_INVALID) { /* no mail can be made of it: trying again does not help */
        log_event(LOG_WARN, "mail.not_sent", LOG_S("mail", kind), LOG_S("outcome", "refused"),
                  LOG_S("why", "it cannot be written"));
        metric_add(&app_metrics[M_MAILS], 1, kind, "refused");
        task_end(t, ERR_OK, NULL);
    } else if (e != ERR_OK) {
        task_end(t, e, "the mail could not be handed over");
    }
}
