/* Sending mail: to the mail catcher, whose mail parser is not ours, and to servers that misbehave.
 */
#include "torture.h"

#include <pthread.h>
#include <stdio.h>

#include "child.h"
#include "fake_peer.h"

#include "common/clock.h"
#include "common/http_client.h"
#include "common/json.h"
#include "common/mail.h"

static struct loop *loop;

static int set_up(void **state UNUSED)
{
    loop = loop_new();
    return loop ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
    loop_free(loop);
    return 0;
}

struct result {
    int n_done;
    enum err e;
    uint64_t id;
    char why[512];
};

static void on_done(void *owner, uint64_t id, enum err e, const char *why)
{
    struct result *r = owner;
    r->n_done++;
    r->e = e;
    r->id = id;
    snprintf(r->why, sizeof r->why, "%s", why ? why : "");
    assert_true((e == ERR_OK) == (why == NULL));
}

static struct mail example(void)
{
    return (struct mail){.to = "Guest <guest@example.test>",
                         .subject = "Gr\xc3\xbcn",
                         .text = "Hello\n.dot\n..dots\ngr\xc3\xbc\xc3\x9f\n",
                         .html = "<p>Hello</p>\n",
                         .message_id = "42@mh.test",
                         .date_s = 1772388000};
}

static struct mailer *mailer_for(int port, int timeout_ms)
{
    static char url[64];
    snprintf(url, sizeof url, "smtp://127.0.0.1:%d", port);
    const struct mailer_options options = {.url = url,
                                           .from = "My Hibachi <bookings@mh.test>",
                                           .timeout_ms = timeout_ms,
                                           .max_in_flight = 4};
    return mailer_new(loop, &options);
}

static struct result send_one(struct mailer *m)
{
    struct result r = {.n_done = 0};
    struct mail mail = example();
    assert_int_equal(mail_send(m, &mail, on_done, &r, 7), ERR_OK);
    assert_int_equal(r.n_done, 0);
    for (int i = 0; r.n_done == 0 && i < 10000; i++)
        loop_turn(loop, 1000);
    assert_int_equal(r.n_done, 1);
    assert_int_equal(r.id, 7);
    return r;
}

/* --- the catcher -------------------------------------------------------------------------------
 */

static void on_messages(void *owner, uint64_t id UNUSED, enum err e,
                        const struct http_answer *answer)
{
    struct buf *body = owner;
    assert_int_equal(e, ERR_OK);
    buf_add(body, answer->body, answer->body_len);
}

static const struct json *first_message(int port, struct arena *a)
{
    const struct http_client_options options = {
        .user_agent = "unit/1", .allow_http = true, .max_in_flight = 1, .max_reply_bytes = 65536};
    struct http_client *c = http_client_new(loop, &options);
    struct buf body = BUF_INIT(65536);
    const struct json *doc;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/messages?to=guest@example.test", port);
    const struct http_call call = {
        .method = "GET", .url = url, .idempotent = true, .deadline_ms = 10000};
    assert_int_equal(http_client_send(c, &call, on_messages, &body, 1), ERR_OK);
    for (int i = 0; http_client_busy(c) > 0 && i < 100; i++)
        loop_turn(loop, 1000);
    assert_int_equal(json_parse(a, buf_str(&body), &doc, NULL), ERR_OK);
    buf_free(&body);
    http_client_free(c);
    assert_int_equal(json_count(doc), 1);
    return json_first(doc);
}

static void assert_member(const struct json *object, const char *name, const char *expected)
{
    assert_string_equal(json_string(json_get(object, name)), expected);
}

static void remove_folder(const char *dir)
{
    char path[64];
    snprintf(path, sizeof path, "%s/1.eml", dir);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

static void a_mail_arrives_as_it_was_written(void **state UNUSED)
{
    char dir[] = "/tmp/mail_test.XXXXXX";
    assert_non_null(mkdtemp(dir));
    const char *const argv[] = {"python3",     "tests/sim/mail/catcher.py",
                                "--smtp-port", "0",
                                "--http-port", "0",
                                "--dir",       dir,
                                NULL};
    int output;
    pid_t pid = child_start(argv, &output);
    int smtp_port = child_number_after(output, "smtp=");
    int http_port = child_number_after(output, "http=");
    assert_true(smtp_port > 0 && http_port > 0);
    struct mailer *m = mailer_for(smtp_port, 10000);
    struct result r = send_one(m);
    assert_int_equal(r.e, ERR_OK);

    struct arena *a = arena_new(1 << 20);
    const struct json *seen = first_message(http_port, a);
    assert_member(seen, "from", "bookings@mh.test");
    assert_member(seen, "subject", "Gr\xc3\xbcn");
    assert_member(seen, "date", "Sun, 01 Mar 2026 18:00:00 +0000");
    assert_member(seen, "text", "Hello\n.dot\n..dots\ngr\xc3\xbc\xc3\x9f\n");
    assert_member(seen, "html", "<p>Hello</p>\n");
    arena_free(a);
    mailer_free(m);
    child_stop(pid, output);
    remove_folder(dir);
}

/* --- servers that misbehave --------------------------------------------------------------------
 */

/* Replies of a server by stage; NULL: the usual one; "": none, ever. */
struct smtp_script {
    const char *greeting, *ehlo, *mail, *rcpt, *data, *end, *quit;
};

struct smtp_server {
    const struct smtp_script *script;
    int fd, port;
    pthread_t thread;
    char heard[1024]; /* commands, not data */
};

static void smtp_reply(FILE *f, const char *scripted, const char *usual)
{
    fputs(scripted ? scripted : usual, f);
    fflush(f);
}

/* False when the client has said its last word. */
static bool smtp_answer(struct smtp_server *s, FILE *in, FILE *out)
{
    char line[2048];
    if (!fgets(line, sizeof line, in))
        return false;
    size_t n = strlen(s->heard);
    snprintf(s->heard + n, sizeof s->heard - n, "%s", line);
    if (strncmp(line, "EHLO", 4) == 0) {
        smtp_reply(out, s->script->ehlo, "250 SIZE 1000000\r\n");
    } else if (strncmp(line, "MAIL", 4) == 0) {
        smtp_reply(out, s->script->mail, "250 ok\r\n");
    } else if (strncmp(line, "RCPT", 4) == 0) {
        smtp_reply(out, s->script->rcpt, "250 ok\r\n");
    } else if (strncmp(line, "DATA", 4) == 0) {
        smtp_reply(out, s->script->data, "354 go on\r\n");
        if (s->script->data)
            return true;
        while (fgets(line, sizeof line, in) && strcmp(line, ".\r\n") != 0)
            continue;
        smtp_reply(out, s->script->end, "250 kept\r\n");
    } else if (strncmp(line, "QUIT", 4) == 0) {
        smtp_reply(out, s->script->quit, "221 bye\r\n");
    } else {
        smtp_reply(out, NULL, "502 no\r\n");
    }
    return true;
}

/* One session after the other, until the listening socket is shut. */
static void *smtp_main(void *arg)
{
    struct smtp_server *s = arg;
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
        smtp_reply(out, s->script->greeting, "220 test ESMTP\r\n");
        while (smtp_answer(s, in, out))
            continue;
        fclose(in);
        fclose(out);
    }
    return NULL;
}

static void smtp_start(struct smtp_server *s, const struct smtp_script *script)
{
    *s = (struct smtp_server){.script = script};
    s->fd = fake_listen(&s->port);
    assert_int_equal(pthread_create(&s->thread, NULL, smtp_main, s), 0);
}

static void smtp_stop(struct smtp_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static void replies_mean_again_or_never(void **state UNUSED)
{
    static const struct {
        struct smtp_script script;
        enum err e;
        const char *codes;
    } cases[] = {
        {{.quit = NULL}, ERR_OK, ""},
        {{.greeting = "421 busy\r\n"}, ERR_UNAVAILABLE, "421"},
        {{.greeting = "554 no service\r\n"}, ERR_UNAVAILABLE, "554"},
        {{.greeting = "HTTP/1.1 400 Bad\r\n\r\n", .ehlo = ""}, ERR_UNAVAILABLE, ""},
        {{.mail = "451 later\r\n"}, ERR_UNAVAILABLE, "451"},
        {{.mail = "550 5.7.1 not you\r\n"}, ERR_INVALID, "550 5.7.1"},
        {{.mail = "530 5.7.0 log in first\r\n"}, ERR_UNAVAILABLE, "530 5.7.0"},
        {{.rcpt = "450 4.2.1 mailbox busy\r\n"}, ERR_UNAVAILABLE, "450 4.2.1"},
        {{.rcpt = "550 5.1.1 guest@example.test unknown\r\n"}, ERR_INVALID, "550 5.1.1"},
        {{.data = "554 no\r\n"}, ERR_INVALID, "554"},
        {{.end = "552 5.3.4 too large\r\n"}, ERR_INVALID, "552 5.3.4"},
        {{.end = "452 4.3.1 disk full\r\n"}, ERR_UNAVAILABLE, "452 4.3.1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct smtp_server s;
        smtp_start(&s, &cases[i].script);
        struct mailer *m = mailer_for(s.port, 1000);
        struct result r = send_one(m);
        mailer_free(m);
        smtp_stop(&s);
        if (r.e != cases[i].e)
            fail_msg("case %zu: error %d: %s", i, r.e, r.why);
        assert_non_null(strstr(r.why, cases[i].codes));
        assert_null(strstr(r.why, "guest")); /* names no person */
    }
}

static void the_envelope_is_what_was_asked_for(void **state UNUSED)
{
    static const struct smtp_script script = {.quit = NULL};
    struct smtp_server s;
    smtp_start(&s, &script);
    struct mailer *m = mailer_for(s.port, 10000);
    assert_int_equal(send_one(m).e, ERR_OK);
    mailer_free(m);
    smtp_stop(&s);
    assert_non_null(strstr(s.heard, "EHLO mh.test\r\n"));
    assert_non_null(strstr(s.heard, "MAIL FROM:<bookings@mh.test> SIZE="));
    assert_non_null(strstr(s.heard, "RCPT TO:<guest@example.test>\r\n"));
    assert_non_null(strstr(s.heard, "QUIT\r\n"));
}

struct ticker {
    struct loop_timer *timer;
    int ticks;
};

static void on_tick(void *arg)
{
    struct ticker *t = arg;
    t->ticks++;
    loop_timer_set(t->timer, 10);
}

static void a_server_that_stops_answering_is_left_at_the_deadline(void **state UNUSED)
{
    static const struct {
        struct smtp_script script;
        enum err e;
    } cases[] = {
        {{.greeting = ""}, ERR_UNAVAILABLE},
        {{.rcpt = ""}, ERR_UNAVAILABLE},
        {{.end = ""}, ERR_UNAVAILABLE},
        {{.quit = ""}, ERR_OK}, /* curl would wait for two minutes */
        {{.rcpt = "550 no\r\n", .quit = ""}, ERR_INVALID},
    };
    struct ticker ticker = {.ticks = 0};
    ticker.timer = loop_timer_new(loop, on_tick, &ticker);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct smtp_server s;
        smtp_start(&s, &cases[i].script);
        struct mailer *m = mailer_for(s.port, 300);
        int64_t start_us = clock_mono_us();
        ticker.ticks = 0;
        on_tick(&ticker);
        assert_int_equal(send_one(m).e, cases[i].e);
        assert_true(clock_mono_us() - start_us < 20 * USEC_PER_SEC);
        assert_true(ticker.ticks >= 5); /* the loop went on turning */
        mailer_free(m);
        smtp_stop(&s);
    }
    loop_timer_free(ticker.timer);
}

static void nobody_there_is_try_again(void **state UNUSED)
{
    int port;
    close(fake_listen(&port));
    struct mailer *m = mailer_for(port, 2000);
    struct result r = send_one(m);
    assert_int_equal(r.e, ERR_UNAVAILABLE);
    assert_true(r.why[0] != '\0');
    mailer_free(m);
}

static void without_tls_no_word_where_it_is_required(void **state UNUSED)
{
    static const struct smtp_script script = {.quit = NULL};
    struct smtp_server s;
    smtp_start(&s, &script);
    char url[64];
    snprintf(url, sizeof url, "smtp://127.0.0.1:%d", s.port);
    const struct mailer_options options = {.url = url,
                                           .user = "me",
                                           .password = "secret",
                                           .from = "bookings@mh.test",
                                           .require_tls = true,
                                           .timeout_ms = 2000,
                                           .max_in_flight = 4};
    struct mailer *m = mailer_new(loop, &options);
    assert_int_equal(send_one(m).e, ERR_UNAVAILABLE);
    mailer_free(m);
    smtp_stop(&s);
    assert_null(strstr(s.heard, "AUTH"));
    assert_null(strstr(s.heard, "MAIL"));
}

static void a_login_that_fails_is_not_the_mails_fault(void **state UNUSED)
{
    static const struct smtp_script script = {.ehlo = "250-test\r\n250 AUTH LOGIN\r\n"};
    struct smtp_server s; /* it answers 502 to AUTH */
    smtp_start(&s, &script);
    char url[64];
    snprintf(url, sizeof url, "smtp://127.0.0.1:%d", s.port);
    const struct mailer_options options = {.url = url,
                                           .user = "me",
                                           .password = "secret",
                                           .from = "bookings@mh.test",
                                           .timeout_ms = 2000,
                                           .max_in_flight = 4};
    struct mailer *m = mailer_new(loop, &options);
    struct result r = send_one(m);
    assert_int_equal(r.e, ERR_UNAVAILABLE);
    assert_null(strstr(r.why, "secret"));
    mailer_free(m);
    smtp_stop(&s);
}

/* --- what is bounded, refused, closed ----------------------------------------------------------
 */

static void too_many_mails_are_told_to_wait_and_closing_ends_them(void **state UNUSED)
{
    static const struct smtp_script script = {.greeting = ""};
    struct result r[5] = {{.n_done = 0}};
    struct mail mail = example();
    struct smtp_server s;
    smtp_start(&s, &script);
    struct mailer *m = mailer_for(s.port, 60000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(mail_send(m, &mail, on_done, &r[i], (uint64_t)i), ERR_OK);
    assert_int_equal(mail_send(m, &mail, on_done, &r[4], 4), ERR_BUSY);
    int64_t start_us = clock_mono_us();
    mailer_free(m);
    assert_true(clock_mono_us() - start_us < 30 * USEC_PER_SEC);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(r[i].n_done, 1);
        assert_int_equal(r[i].e, ERR_UNAVAILABLE);
    }
    assert_int_equal(r[4].n_done, 0);
    smtp_stop(&s);
    mailer_free(NULL);
}

static void what_cannot_be_sent_is_refused_at_once(void **state UNUSED)
{
    static const char *const to[] = {"", "nobody", "a@b.test, c@d.test",
                                     "a@b.test\r\nBcc: c@d.test"};
    struct result r = {.n_done = 0};
    struct mailer *m = mailer_for(1, 1000);
    struct mail mail = example();
    for (size_t i = 0; i < ARRAY_LEN(to); i++) {
        mail.to = to[i];
        assert_int_equal(mail_send(m, &mail, on_done, &r, 1), ERR_INVALID);
    }
    mail = example();
    mail.subject = "a\r\nBcc: c@d.test";
    assert_int_equal(mail_send(m, &mail, on_done, &r, 1), ERR_INVALID);
    mailer_free(m);
    assert_int_equal(r.n_done, 0);
}

static void a_mailer_needs_a_server_and_a_sender(void **state UNUSED)
{
    static const struct {
        const char *url, *from;
    } cases[] = {
        {"http://127.0.0.1:25", "a@b.test"},
        {"", "a@b.test"},
        {"smtp://", "a@b.test"},
        {"smtp://user:secret@127.0.0.1:25", "a@b.test"},
        {"smtp://127.0.0.1:25", "nobody"},
        {"smtp://127.0.0.1:25", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct mailer_options options = {
            .url = cases[i].url, .from = cases[i].from, .timeout_ms = 1000, .max_in_flight = 1};
        assert_null(mailer_new(loop, &options));
    }
}

static int torture_port;

static bool send_in_own_loop(void *arg UNUSED)
{
    struct result r = {.n_done = 0};
    struct mail mail = example();
    struct loop *l = loop_new(), *outer = loop;
    loop = l;
    struct mailer *m = l ? mailer_for(torture_port, 20000) : NULL;
    if (m && mail_send(m, &mail, on_done, &r, 1) == ERR_OK) {
        for (int i = 0; r.n_done == 0 && i < 100; i++)
            loop_turn(l, 1000);
        assert_int_equal(r.n_done, 1);
    }
    mailer_free(m);
    loop_free(l);
    loop = outer;
    return r.n_done == 1 && r.e == ERR_OK;
}

static void it_survives_failing_allocations(void **state UNUSED)
{
    static const struct smtp_script script = {.quit = NULL};
    struct smtp_server s;
    smtp_start(&s, &script);
    torture_port = s.port;
    torture(send_in_own_loop, NULL);
    smtp_stop(&s);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_mail_arrives_as_it_was_written),
        EACH(replies_mean_again_or_never),
        EACH(the_envelope_is_what_was_asked_for),
        EACH(a_server_that_stops_answering_is_left_at_the_deadline),
        EACH(nobody_there_is_try_again),
        EACH(without_tls_no_word_where_it_is_required),
        EACH(a_login_that_fails_is_not_the_mails_fault),
        EACH(too_many_mails_are_told_to_wait_and_closing_ends_them),
        EACH(what_cannot_be_sent_is_refused_at_once),
        EACH(a_mailer_needs_a_server_and_a_sender),
        EACH(it_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
