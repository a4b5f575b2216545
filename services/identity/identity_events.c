/* The jobs of identity: mails, links that somebody asked for, and what is done every hour and day.
 * A job may run twice: a mail keeps its Message-ID, a link is not sent twice in a minute, and
 * deleting is deleting. */
#include "common/clock.h"
#include "common/log.h"
#include "common/mail.h"
#include "mail_text.h"
#include "task.h"

#define MAIL_BYTES 16384

/* --- identity.mail: {template, user, token}
 * ------------------------------------------------------- */

static const char *text_keep(struct task *t, struct buf *b)
{
    const char *text = buf_err(b) == ERR_OK ? arena_strndup(t->arena, b->data, b->len) : NULL;
    buf_free(b);
    return text;
}

/* Names a mail so that a second try of the job is seen to be the same. */
static const char *message_id(struct task *t)
{
    struct str from = str_of(identity_config(t->svc)->mail_from);
    (void)str_cut(&from, '@');
    struct str domain = str_trim(str_cut(&from, '>'));
    return arena_printf(t->arena, "identity-%lld@%.*s", (long long)job_id(t->job), (int)domain.n,
                        domain.p);
}

static void on_mailed(void *owner, uint64_t id UNUSED, enum err e, const char *why)
{
    struct task *t = owner;
    bool refused = e == ERR_INVALID;
    const char *outcome = e == ERR_OK ? "sent" : refused ? "refused" : "failed";
    metric_add(&identity_metrics[M_MAILS], 1, t->mail->name, outcome);
    if (e != ERR_OK)
        log_event(LOG_WARN, "mail.not_sent", LOG_S("template", t->mail->name),
                  LOG_S("outcome", outcome), LOG_S("why", why));
    task_end(t, refused ? ERR_OK : e, why); /* what is refused for good is not tried again */
}

static enum err mail_hand_over(struct task *t, const char *to, const char *name)
{
    struct identity_state *state = t->svc->state;
    struct buf text = BUF_INIT(MAIL_BYTES), html = BUF_INIT(MAIL_BYTES);
    mail_text(t->mail, name, t->link, &text);
    mail_html(t->mail, name, t->link, &html);
    struct mail mail = {
        .to = to,
        .subject = t->mail->subject,
        .text = text_keep(t, &text),
        .html = text_keep(t, &html),
        .message_id = message_id(t),
        .date_s = clock_wall_us() / USEC_PER_SEC,
    };
    if (!mail.text || !mail.html || !mail.message_id)
        return ERR_NO_MEMORY;
    return mail_send(state->mailer, &mail, on_mailed, t, 0);
}

static void on_mail_loaded(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    if (task_goes_on(t, result)) {
        if (pg_rows(result) == 0) {
            task_end(t, ERR_OK, NULL); /* the account is gone: nobody to write to */
        } else {
            enum err e = mail_hand_over(t, pg_first(result, "email"), pg_first(result, "name"));
            if (e != ERR_OK)
                task_end(t, e, "the mail could not be handed over");
        }
    }
    pg_result_free(result);
}

/* ERR_INVALID when the payload is none. */
static enum err mail_prepare(struct task *t, const char **ret_user)
{
    const char *name = payload_get(t, "template"), *user = payload_get(t, "user");
    t->mail = name ? mail_template_find(name) : NULL;
    if (!t->mail || !user)
        return ERR_INVALID;
    if (t->mail->link_path) {
        const char *token = payload_open(t, "token", "mail-link");
        if (!token)
            return ERR_INVALID;
        struct buf link = BUF_INIT(MAIL_BYTES);
        mail_link(identity_config(t->svc)->web_url, t->mail, token, &link);
        t->link = text_keep(t, &link);
        if (!t->link)
            return ERR_NO_MEMORY;
    }
    *ret_user = user;
    return ERR_OK;
}

static void mail_run(void *owner, struct job *job)
{
    struct task *t = task_new(owner, job);
    if (!t)
        return;
    const char *user = NULL;
    enum err e = mail_prepare(t, &user);
    if (e != ERR_OK) {
        task_end(t, e, "the payload cannot be used");
        return;
    }
    task_pg(t, &sql_mail_load, PG_ARGS(task_ctx(t), user), on_mail_loaded);
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
    struct task *t = task_new(owner, job);
    if (!t)
        return;
    const struct identity_config *config = identity_config(t->svc);
    const char *purpose = payload_get(t, "purpose");
    const char *email = payload_open(t, "email", "mail-request");
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
    static const char *const counted[] = {"links", "tokens", "sessions", "history", "accounts"};
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
    struct task *t = task_new(owner, job);
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
    {.kind = "identity.mail", .concurrency = 4, .lease_ms = 60000, .max_attempts = 20,
     .run = mail_run},
    {.kind = "identity.mail_request", .concurrency = 4, .lease_ms = 30000, .max_attempts = 10,
     .run = mail_request_run},
    {.kind = "identity.cleanup", .concurrency = 1, .lease_ms = 60000, .max_attempts = 10,
     .run = cleanup_run},
    {.kind = "identity.purge", .concurrency = 1, .lease_ms = 60000, .max_attempts = 10,
     .run = purge_run},
};
/* clang-format on */

const size_t identity_n_jobs = ARRAY_LEN(identity_jobs);
