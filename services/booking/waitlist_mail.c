/* The job that writes to somebody who waits when a time is free: {waitlist_id}. */
#include "waitlist_mail.h"

#include "common/mail_body.h"
#include "common/task.h"

#include "booking_sql.h"
#include "link.h"

#define MAIL_BYTES 16384

static enum err letter_write(struct task *t, const struct pg_result *row, struct mail *mail)
{
    const char *name = pg_first(row, "name"), *id = pg_first(row, "id");
    const char *day = pg_first(row, "day"), *from = pg_first(row, "from_time");
    const char *phone = pg_first(row, "station_phone");
    struct link link;
    if (!name || !id || !day || !from)
        return ERR_INTERNAL;
    enum err e = link_to_waitlist(t->svc, t->arena, id, &link);
    if (e != ERR_OK)
        return e;
    const char *book = arena_printf(t->arena, "%s/book?date=%s&time=%s", t->svc->config->web_url,
                                    pg_first(row, "event_date"), pg_first(row, "event_time"));
    const char *text = arena_printf(t->arena,
                                    "You waited for a time on %s: from %s (local time) somebody "
                                    "could cook for you.\n\nThe time is not kept for you. If it "
                                    "is still free in four hours, we tell the next one who waits.",
                                    day, from);
    const char *call = arena_printf(t->arena, "Questions? Call us: %s", phone ? phone : "");
    mail->subject = arena_printf(t->arena, "A time is free on %s", day);
    if (!book || !text || !call || !mail->subject)
        return ERR_NO_MEMORY;
    struct mail_body body = MAIL_BODY_INIT(MAIL_BYTES);
    mail_body_open(&body, name);
    mail_body_say(&body, text);
    mail_body_link(&body, "Book it", book);
    mail_body_link(&body, "I do not wait any more", link.url);
    if (phone)
        mail_body_say(&body, call);
    mail_body_close(&body);
    return mail_body_take(&body, t->arena, mail);
}

static void on_loaded(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct task *t = owner;
    if (task_goes_on(t, result)) {
        struct mail mail = {.to = pg_first(result, "email")};
        enum err e = mail.to ? letter_write(t, result, &mail) : ERR_OK; /* none: he has left */
        if (mail.to && e == ERR_OK)
            task_mail(t, "waitlist", &mail);
        else
            task_end(t, e, "the mail could not be written");
    }
    pg_result_free(result);
}

void waitlist_mail_run(void *owner, struct job *job)
{
    struct task *t = task_new(owner, job, 0);
    const char *entry = t ? task_payload(t, "waitlist_id") : NULL;
    if (t && entry)
        task_pg(t, &sql_waitlist_mail_load, PG_ARGS(task_ctx(t), entry), on_loaded);
    else if (t)
        task_end(t, ERR_INVALID, "the payload cannot be used");
}
