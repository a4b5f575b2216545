/* The jobs of identity: mails, links that somebody asked for, and what is done every hour and day.
 * A job may run twice: a mail keeps its Message-ID, a link is not sent twice in a minute, and
 * deleting is deleting. */
#include "common/task.h"
#include "identity.h"
#include "mail_text.h"

#define MAIL_BYTES 16384

/* --- identity.mail: {template, user, token} --------------------------------------------------- */

struct user_mail {
    const struct mail_template *template;
    const char *link; /* NULL: none */
};

static void on_mail_loaded(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    if (task_goes_on(t, result)) {
        const struct user_mail *m = t->own;
        const char *to = pg_first(result, "email"), *name = pg_first(result, "name");
        struct mail mail = {.to = to, .subject = m->template->subject};
        struct mail_body body = MAIL_BODY_INIT(MAIL_BYTES);
        if (to && name)
            mail_text(m->template, name, m->link, &body);
        enum err e = to && name ? mail_body_take(&body, t->arena, &mail) : ERR_NOT_FOUND;
        if (e == ERR_OK)
            task_mail(t, m->template->name, &mail);
        else /* the account is gone: nobody to write to */
            task_end(t, e == ERR_NOT_FOUND ? ERR_OK : e, "the mail could not be written");
    }
    pg_result_free(result);
}

/* ERR_INVALID when the payload is none. */
static enum err mail_prepare(struct task *t, const char **ret_user)
{
    struct user_mail *m = t->own;
    const char *name = task_payload(t, "template"), *user = task_payload(t, "user");
    m->template = name ? mail_template_find(name) : NULL;
    if (!m->template || !user)
        return ERR_INVALID;
    if (m->template->link_path) {
        const char *token = task_payload_open(t, "token", "mail-link");
        if (!token)
            return ERR_INVALID;
        struct buf link = BUF_INIT(MAIL_BYTES);
        mail_link(t->svc->config->web_url, m->template, token, &link);
        m->link = arena_take(t->arena, &link);
        if (!m->link)
            return ERR_NO_MEMORY;
    }
    *ret_user = user;
    return ERR_OK;
}

static void mail_run(void *owner, struct job *job)
{
    struct task *t = task_new(owner, job, sizeof(struct user_mail));
    if (!t)
        return;
    const char *user = NULL;
    enum err e = mail_prepare(t, &user);
    if (e != ERR_OK)
        task_end(t, e, "the payload cannot be used");
    else
        task_pg(t, &sql_mail_load,
                PG_ARGS(task_ctx(t), user, ((const struct user_mail *)t->own)->template->name),
                on_mail_loaded);
}

/* --- identity.mail_request: {purpose, email}
 * ------------------------------------------------------- */

static void on_issued(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    if (task_goes_on(t, result)) {
        bus_ring(t->svc->bus);
        task_end(t, ERR_OK, NULL);
    }
    pg_result_free(result);
}

static void mail_request_run(void *owner, struct job *job)
{
    struct task *t = task_new(owner, job, 0);
    if (!t)
        return;
    const struct identity_config *config = identity_config(t->svc);
    const char *purpose = task_payload(t, "purpose");
    const char *email = task_payload_open(t, "email", "mail-request");
    struct secret token;
    const char *sealed;
    if (!purpose || !email || secret_make("", &token) != ERR_OK ||
        keyring_seal(t->svc->keyring, "mail-link", t->arena, str_of(token.text), &sealed)) {
        task_end(t, ERR_INVALID, "the payload cannot be used");
        return;
    }
    bool reset = strcmp(purpose, "reset") == 0;
    const char *ttl = arena_printf(t->arena, "%lld",
                                   (long long)(reset ? config->reset_ttl_s : config->verify_ttl_s));
    struct pg_args args = PG_ARGS(task_ctx(t), purpose, email, token.hash, sealed, ttl);
    task_pg(t, &sql_token_issue, args, on_issued);
}

/* --- identity.cleanup and identity.purge: {}
 * ------------------------------------------------------- */

static void on_cleaned(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    static const char *const counted[] = {"links",   "tokens",  "sessions",
                                          "history", "exports", "accounts"};
    struct task *t = owner;
    if (task_goes_on(t, result)) {
        for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
            const char *text = pg_first(result, counted[i]);
            int64_t n;
            if (text && str_to_i64(str_of(text), 0, INT64_MAX, &n) == ERR_OK)
                metric_add(&identity_metrics[M_CLEANED], (uint64_t)n, counted[i]);
        }
        task_end(t, ERR_OK, NULL);
    }
    pg_result_free(result);
}

static void regular_run(void *owner, struct job *job, const struct pg_stmt *stmt)
{
    struct task *t = task_new(owner, job, 0);
    if (!t)
        return;
    task_pg(t, stmt, PG_ARGS(task_ctx(t)), on_cleaned);
}

static void cleanup_run(void *owner, struct job *job)
{
    regular_run(owner, job, &sql_cleanup);
}

static void purge_run(void *owner, struct job *job)
{
    regular_run(owner, job, &sql_purge);
}

/* clang-format off */
const struct job_kind identity_jobs[] = {
    {.kind = "identity.mail", .concurrency = 4, .lease_ms = 20000, .max_attempts = 20,
     .run = mail_run},
    {.kind = "identity.mail_request", .concurrency = 4, .lease_ms = 30000, .max_attempts = 10,
     .run = mail_request_run},
    {.kind = "identity.cleanup", .concurrency = 1, .lease_ms = 20000, .max_attempts = 10,
     .run = cleanup_run},
    {.kind = "identity.purge", .concurrency = 1, .lease_ms = 20000, .max_attempts = 10,
     .run = purge_run},
    {.kind = "identity.reseal", .concurrency = 1, .lease_ms = 20000, .max_attempts = 10,
     .run = reseal_run},
    EXPORT_JOB("identity"),
};
/* clang-format on */

const size_t identity_n_jobs = ARRAY_LEN(identity_jobs);

const struct consumer identity_consumers[] = {
    EXPORT_CONSUMER("identity"),
    {.name = "identity.exports",
     .types = "privacy.export.answered",
     .function = "identity.exports_gather"},
};
const size_t identity_n_consumers = ARRAY_LEN(identity_consumers);
