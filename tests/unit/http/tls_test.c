/* Calls and mails to peers whose certificates are not good: nothing is said to them. */
#include "torture.h"

#include <stdio.h>

#include "child.h"

#include "common/http_client.h"
#include "common/mail.h"

/* The kinds of tests/sim/tls/peer.py, in its order. */
enum { GOOD, SELF_SIGNED, OTHER_CA, EXPIRED, WRONG_HOST, OLD_TLS, N_KINDS };
static const char *const kinds[N_KINDS] = {"good",    "self_signed", "other_ca",
                                           "expired", "wrong_host",  "old_tls"};

static struct loop *loop;
static char dir[] = "/tmp/tls_test.XXXXXX", ca_file[64];
static pid_t peer;
static int peer_output, https_port[N_KINDS], smtp_port[N_KINDS];

static int set_up(void **state UNUSED)
{
    char mark[64];
    loop = loop_new();
    if (!loop || !mkdtemp(dir))
        return -1;
    snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", dir);
    const char *const argv[] = {"python3", "-W", "ignore", "tests/sim/tls/peer.py",
                                "--dir",   dir,  NULL};
    peer = child_start(argv, &peer_output);
    for (int k = 0; k < N_KINDS; k++) {
        snprintf(mark, sizeof(mark), "https_%s=", kinds[k]);
        https_port[k] = child_number_after(peer_output, mark);
        snprintf(mark, sizeof(mark), "smtp_%s=", kinds[k]);
        smtp_port[k] = child_number_after(peer_output, mark);
        if (https_port[k] <= 0 || smtp_port[k] <= 0)
            return -1;
    }
    return 0;
}

static int tear_down(void **state UNUSED)
{
    const char *const argv[] = {"rm", "-r", dir, NULL};
    int output;
    child_stop(peer, peer_output);
    pid_t pid = child_start(argv, &output);
    waitpid(pid, NULL, 0);
    close(output);
    loop_free(loop);
    return 0;
}

struct result {
    int n_done;
    enum err e;
    int status, tries;
    char body[64], why[256];
};

static void wait_for(const struct result *r)
{
    for (int i = 0; r->n_done == 0; i++) {
        if (i == 100)
            fail_msg("it does not end");
        loop_turn(loop, 1000);
    }
}

/* --- calls ------------------------------------------------------------------------------------ */

static void on_answer(void *owner, uint64_t id UNUSED, enum err e, const struct http_answer *answer)
{
    struct result *r = owner;
    *r = (struct result){1, e, answer->status, answer->tries, "", ""};
    snprintf(r->body, sizeof(r->body), "%.*s", (int)answer->body_len,
             answer->body ? answer->body : "");
    snprintf(r->why, sizeof(r->why), "%s", answer->why ? answer->why : "");
}

static struct result call(const char *host, int kind, const char *ca)
{
    char url[64];
    struct result r = {0};
    const struct http_client_options options = {
        .user_agent = "unit/1", .ca_file = ca, .max_in_flight = 1, .max_reply_bytes = 1000};
    struct http_client *c = http_client_new(loop, &options);
    assert_non_null(c);
    snprintf(url, sizeof(url), "https://%s:%d/", host, https_port[kind]);
    const struct http_call get = {
        .method = "GET", .url = url, .idempotent = true, .deadline_ms = 20000};
    assert_int_equal(http_client_send(c, &get, on_answer, &r, 1), ERR_OK);
    wait_for(&r);
    http_client_free(c);
    return r;
}

/* What the peer has heard under a certificate that is not good. */
static void assert_nothing_was_said(void)
{
    struct result r = call("localhost", GOOD, ca_file);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "0");
}

static void assert_refused(struct result r, const char *what)
{
    if (r.e != ERR_PEER || r.status != 0)
        fail_msg("%s: %s, status %d: %s", what, err_code(r.e), r.status, r.why);
    assert_int_equal(r.tries, 1); /* it will be no better the next time */
    assert_true(r.why[0] != '\0');
}

static void a_call_goes_to_a_good_certificate_only(void **state UNUSED)
{
    assert_int_equal(call("localhost", GOOD, ca_file).status, 200);
    for (int k = GOOD + 1; k < N_KINDS; k++)
        assert_refused(call("localhost", k, ca_file), kinds[k]);
    assert_nothing_was_said();
}

/* Another name for the same peer, and an authority that nobody said to trust. */
static void a_good_certificate_is_good_for_its_name_and_authority_only(void **state UNUSED)
{
    assert_refused(call("127.0.0.1", GOOD, ca_file), "another name");
    assert_refused(call("localhost", GOOD, NULL), "the system's authorities");
}

/* --- mails ------------------------------------------------------------------------------------ */

static void on_mailed(void *owner, uint64_t id UNUSED, enum err e, const char *why)
{
    struct result *r = owner;
    r->n_done++;
    r->e = e;
    snprintf(r->why, sizeof(r->why), "%s", why ? why : "");
}

static struct result mail(const char *host, int kind, bool require_tls)
{
    char url[64];
    struct result r = {0};
    snprintf(url, sizeof(url), "smtp://%s:%d", host, smtp_port[kind]);
    const struct mailer_options options = {.url = url,
                                           .from = "bookings@mh.test",
                                           .ca_file = ca_file,
                                           .require_tls = require_tls,
                                           .timeout_ms = 20000,
                                           .max_in_flight = 1};
    struct mailer *m = mailer_new(loop, &options);
    assert_non_null(m);
    struct mail hello = {.to = "guest@example.test",
                         .subject = "Hello",
                         .text = "Hello\n",
                         .message_id = "1@mh.test",
                         .date_s = 1772388000};
    assert_int_equal(mail_send(m, &hello, on_mailed, &r, 1), ERR_OK);
    wait_for(&r);
    mailer_free(m);
    return r;
}

/* Also where TLS is only tried: a server that offers it and cannot is not to be trusted. It may be
 * mended, so the mail is sent again later. */
static void a_mail_goes_to_a_good_certificate_only(void **state UNUSED)
{
    for (int require_tls = 0; require_tls <= 1; require_tls++) {
        struct result r = mail("localhost", GOOD, require_tls);
        if (r.e != ERR_OK)
            fail_msg("%s", r.why);
        for (int k = GOOD + 1; k < N_KINDS; k++) {
            r = mail("localhost", k, require_tls);
            if (r.e != ERR_UNAVAILABLE || r.why[0] == '\0')
                fail_msg("%s: %s: %s", kinds[k], err_code(r.e), r.why);
        }
        assert_int_equal(mail("127.0.0.1", GOOD, require_tls).e, ERR_UNAVAILABLE);
    }
    assert_nothing_was_said();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_goes_to_a_good_certificate_only),
        cmocka_unit_test(a_good_certificate_is_good_for_its_name_and_authority_only),
        cmocka_unit_test(a_mail_goes_to_a_good_certificate_only),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
