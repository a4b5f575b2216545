/* The job that writes to a booking's customer: {booking_id, about}. The mail says what the booking
 * is like when it is sent, which may be later than what it is about. */
#include "booking_mail_job.h"

#include "common/task.h"

#include "booking_mail.h"
#include "booking_sql.h"
#include "link.h"

#define MAIL_BYTES 65536

static int64_t column_i64(const struct pg_result *row, const char *name)
{
    const char *text = pg_first(row, name);
    int64_t n;
    return text && str_to_i64(str_of(text), 0, INT64_MAX, &n) == ERR_OK ? n : 0;
}

static const struct json *column_json(struct task *t, const struct pg_result *row, const char *name)
{
    const char *text = pg_first(row, name);
    const struct json *doc;
    return text && json_parse(t->arena, str_of(text), &doc, NULL) == ERR_OK ? doc : NULL;
}

static enum err letter_read(struct task *t, const struct pg_result *row, struct booking_mail *m)
{
    const char *id = pg_first(row, "id"), *version = pg_first(row, "link_version");
    const struct json *quote = column_json(t, row, "quote");
    struct link link;
    if (!id || !version || !quote)
        return ERR_INTERNAL;
    enum err e = link_to_booking(t->svc, t->arena, id, version, &link);
    if (e != ERR_OK)
        return e;
    m->name = pg_first(row, "contact_name");
    m->number = pg_first(row, "number");
    m->day = pg_first(row, "day");
    m->from_time = pg_first(row, "from_time");
    m->until_time = pg_first(row, "until_time");
    m->venue_address = pg_first(row, "venue_address");
    m->venue_zip = pg_first(row, "venue_zip");
    m->chef_name = pg_first(row, "chef_name");
    m->station_phone = pg_first(row, "station_phone");
    m->currency = pg_first(row, "currency");
    m->refund_percent = pg_first(row, "refund_percent");
    m->duplicate_number = pg_first(row, "duplicate_number");
    m->link_url = link.url;
    m->adults = column_i64(row, "adults");
    m->children = column_i64(row, "children");
    m->total_cents = column_i64(row, "total_cents");
    m->deposit_cents = column_i64(row, "deposit_cents");
    m->lines = json_get(quote, "lines");
    m->policy = column_json(t, row, "policy");
    return ERR_OK;
}

static enum err letter_write(struct task *t, const struct booking_mail *m, struct mail *mail)
{
    struct buf subject = BUF_INIT(MAIL_BYTES);
    struct mail_body body = MAIL_BODY_INIT(MAIL_BYTES);
    booking_mail_subject(m, &subject);
    mail->subject =
        buf_err(&subject) == ERR_OK ? arena_strndup(t->arena, subject.data, subject.len) : NULL;
    buf_free(&subject);
    booking_mail_write(m, &body);
    enum err e = mail_body_take(&body, t->arena, mail);
    return mail->subject ? e : ERR_NO_MEMORY;
}

static void on_loaded(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    struct booking_mail *m = t->own;
    if (task_goes_on(t, result)) {
        const char *state = pg_first(result, "state"), *about = task_payload(t, "about");
        struct mail mail = {.to = pg_first(result, "contact_email")};
        /* Gone, nobody to write to any more, or overtaken: its cancellation has a mail of its own.
         */
        bool due = state && mail.to && booking_mail_due(m->about, state);
        enum err e = due ? letter_read(t, result, m) : ERR_OK;
        if (due && e == ERR_OK)
            e = letter_write(t, m, &mail);
        if (due && e == ERR_OK)
            task_mail(t, about, &mail);
        else
            task_end(t, e, "the mail could not be written");
    }
    pg_result_free(result);
}

void booking_mail_run(void *owner, struct job *job)
{
    struct task *t = task_new(owner, job, sizeof(struct booking_mail));
    if (!t)
        return;
    struct booking_mail *m = t->own;
    const char *booking = task_payload(t, "booking_id"), *about = task_payload(t, "about");
    m->about = about ? booking_mail_about(about) : NULL;
    if (!booking || !m->about)
        task_end(t, ERR_INVALID, "the payload cannot be used");
    else
        task_pg(t, &sql_booking_mail_load, PG_ARGS(task_ctx(t), booking), on_loaded);
}
