/* Calls to a peer that behaves in every way a peer may: what is sent, what comes back, what is
 * tried again and what must not be. */
#include "client_fixture.h"

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Seen: yes\r\n\r\nok"
#define REPLY(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n"

/* --- what is sent and what comes back ----------------------------------------------------------
 */

static void a_get_brings_status_headers_and_body(void **state UNUSED)
{
    SERVE({OK_REPLY, THEN_KEEP});
    static const char *const headers[] = {"Accept: application/json", "X-Request-Id: abc"};
    struct http_call call = get_from(peer->port);
    call.headers = headers;
    call.n_headers = ARRAY_LEN(headers);
    struct result r = run(&call);
    assert_int_equal(r.e, ERR_OK);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.tries, 1);
    assert_string_equal(r.body, "ok");
    assert_string_equal(r.seen_header, "yes"); /* asked for in another case */
    assert_non_null(strstr(peer->last_request, "GET / HTTP/1.1\r\n"));
    assert_non_null(strstr(peer->last_request, "\r\nUser-Agent: unit/1\r\n"));
    assert_non_null(strstr(peer->last_request, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(peer->last_request, "\r\nX-Request-Id: abc\r\n"));
    assert_null(strcasestr(peer->last_request, "content-type"));
}

static void each_method_sends_its_own_form(void **state UNUSED)
{
    static const char *const json[] = {"Content-Type: application/json"};
    static const struct {
        const char *method, *body, *sent, *length;
    } cases[] = {
        {"POST", "{}", "POST / HTTP/1.1\r\n", "Content-Length: 2\r\n"},
        {"POST", "", "POST / HTTP/1.1\r\n", "Content-Length: 0\r\n"},
        {"PUT", "{}", "PUT / HTTP/1.1\r\n", "Content-Length: 2\r\n"},
        {"PATCH", "{}", "PATCH / HTTP/1.1\r\n", "Content-Length: 2\r\n"},
        {"DELETE", "", "DELETE / HTTP/1.1\r\n", NULL},
        {"DELETE", "{}", "DELETE / HTTP/1.1\r\n", "Content-Length: 2\r\n"},
        {"GET", "{}", "GET / HTTP/1.1\r\n", "Content-Length: 2\r\n"},
    };
    SERVE({OK_REPLY, THEN_KEEP});
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_call call = get_from(peer->port);
        call.method = cases[i].method;
        call.body = str_of(cases[i].body);
        call.headers = json;
        call.n_headers = call.body.n > 0;
        assert_int_equal(run(&call).status, 200);
        assert_non_null(strstr(peer->last_request, cases[i].sent));
        assert_null(strcasestr(peer->last_request, "\r\nExpect:"));
        assert_null(strcasestr(peer->last_request, "x-www-form-urlencoded"));
        if (cases[i].length)
            assert_non_null(strstr(peer->last_request, cases[i].length));
        else
            assert_null(strstr(peer->last_request, "Content-Length"));
    }
    assert_int_equal(peer->n_requests, ARRAY_LEN(cases));
}

static void assert_read(const char *method, const char *reply, const char *body, const char *seen)
{
    struct act act = {reply, THEN_CLOSE};
    struct fake_peer *p = fake_peer_new(loop, &act, 1);
    struct http_call call = get_from(p->port);
    call.method = method;
    struct result r = run(&call);
    assert_int_equal(r.e, ERR_OK);
    assert_string_equal(r.body, body);
    assert_string_equal(r.seen_header, seen);
    assert_int_equal(p->n_requests, 1);
    fake_peer_free(p);
}

static void replies_are_read_in_all_their_forms(void **state UNUSED)
{
    assert_read("GET", "HTTP/1.1 200 OK\r\nX-SEEN:  a  b \r\nX-Seen: c\r\n\r\nto the end",
                "to the end", "a  b");
    assert_read("GET",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                "abc", "(none)");
    assert_read("GET", "HTTP/1.1 100 Continue\r\nX-Seen: early\r\n\r\n" OK_REPLY, "ok", "yes");
    assert_read("GET", "HTTP/1.1 204 No Content\r\n\r\n", "", "(none)");
    assert_read("GET", "HTTP/1.0 404 Not Found\r\n\r\nnone", "none", "(none)");
    assert_read("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Seen: y\r\n\r\n", "", "y");
    /* Not followed. */
    assert_read("GET", "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
                "", "(none)");
}

static void a_connection_is_used_again(void **state UNUSED)
{
    SERVE({OK_REPLY, THEN_KEEP});
    struct http_call call = get_from(peer->port);
    for (int i = 0; i < 3; i++)
        assert_int_equal(run(&call).status, 200);
    assert_int_equal(peer->n_requests, 3);
    assert_int_equal(peer->n_connections, 1);
}

static void many_calls_run_side_by_side(void **state UNUSED)
{
    struct result r[33] = {{.n_done = 0}};
    SERVE({OK_REPLY, THEN_KEEP});
    struct http_call call = get_from(peer->port);
    for (int i = 0; i < 32; i++)
        assert_int_equal(http_client_send(client, &call, on_done, &r[i], (uint64_t)i), ERR_OK);
    assert_int_equal(http_client_busy(client), 32);
    assert_int_equal(http_client_send(client, &call, on_done, &r[32], 32), ERR_BUSY);
    for (int i = 0; i < 32; i++) {
        wait_for(&r[i]);
        assert_int_equal(r[i].status, 200);
        assert_int_equal(r[i].id, i);
    }
    assert_int_equal(r[32].n_done, 0);
}

/* --- what is refused before it is sent ---------------------------------------------------------
 */

static void what_cannot_be_sent_as_written_is_refused(void **state UNUSED)
{
    static const char *const urls[] = {
        "",
        "/path",
        "example.test",
        "ftp://example.test/",
        "file:///etc/passwd",
        "gopher://example.test/",
        "http://",
        "http://user:secret@example.test/",
        "http://example.test:99999/",
        "http://exa mple.test/",
        "http://example.test/\r\nX-Evil: 1",
    };
    static const char *const methods[] = {"", "get", "GET /", "GET\r\n", "ABCDEFGHIJKLMNOPQ"};
    static const char *const headers[] = {"no colon",     ": no name",  "Two Words: x",
                                          "X: a\r\nY: b", "X: a\nY: b", "X: \x01"};
    struct result r = {.n_done = 0};
    struct http_call call = get_from(1);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        call.url = urls[i];
        assert_int_equal(http_client_send(client, &call, on_done, &r, 1), ERR_INVALID);
    }
    call = get_from(1);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        call.method = methods[i];
        assert_int_equal(http_client_send(client, &call, on_done, &r, 1), ERR_INVALID);
    }
    call = get_from(1);
    call.n_headers = 1;
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        call.headers = &headers[i];
        assert_int_equal(http_client_send(client, &call, on_done, &r, 1), ERR_INVALID);
    }
    call = get_from(1);
    call.deadline_ms = 0;
    assert_int_equal(http_client_send(client, &call, on_done, &r, 1), ERR_INVALID);
    loop_turn(loop, 0);
    assert_int_equal(r.n_done, 0);
    assert_int_equal(http_client_busy(client), 0);
}

static void plain_http_is_spoken_only_where_allowed(void **state UNUSED)
{
    const struct http_client_options options = {
        .user_agent = "unit/1", .max_in_flight = 4, .max_reply_bytes = 100};
    struct http_client *strict = http_client_new(loop, &options);
    struct result r = {.n_done = 0};
    struct http_call call = get_from(1);
    assert_non_null(strict);
    assert_int_equal(http_client_send(strict, &call, on_done, &r, 1), ERR_INVALID);
    http_client_free(strict);
    assert_int_equal(r.n_done, 0);
}

/* Also over a connection that is there, and however the address is written. */
static void a_url_of_others_leads_to_no_address_of_ours(void **state UNUSED)
{
    static const char *const hosts[] = {"127.0.0.1",  "localhost", "[::1]", "[::ffff:127.0.0.1]",
                                        "2130706433", "0x7f.1",    "0"};
    SERVE({OK_REPLY, THEN_KEEP});
    struct http_call call = get_from(peer->port);
    assert_int_equal(run(&call).status, 200);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        char url[128];
        snprintf(url, sizeof url, "http://%s:%d/", hosts[i], peer->port);
        call.url = url;
        call.public_only = true;
        struct result r = run(&call);
        assert_int_equal(r.e, ERR_INVALID);
        assert_int_equal(r.tries, 1);
        assert_string_equal(r.why, "the host has no public address");
    }
    assert_int_equal(peer->n_connections, 1);
    call = get_from(peer->port);
    assert_int_equal(run(&call).status, 200); /* no breaker has opened over that */
}

/* --- what is tried again -----------------------------------------------------------------------
 */

static void an_idempotent_call_is_repeated_after_a_server_error(void **state UNUSED)
{
    static const char *const first[] = {REPLY("500 Oops"), REPLY("503 Busy"), REPLY("429 Slow"),
                                        NULL};
    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        struct act acts[] = {{first[i], THEN_CLOSE}, {OK_REPLY, THEN_KEEP}};
        struct fake_peer *p = fake_peer_new(loop, acts, 2);
        struct http_call call = get_from(p->port);
        struct result r = run(&call);
        assert_int_equal(r.e, ERR_OK);
        assert_int_equal(r.status, 200);
        assert_int_equal(r.tries, 2);
        assert_string_equal(r.body, "ok"); /* nothing left of the first answer */
        fake_peer_free(p);
    }
}

static void the_last_answer_is_given_when_all_tries_fail(void **state UNUSED)
{
    SERVE({REPLY("502 Bad"), THEN_KEEP});
    struct http_call call = get_from(peer->port);
    call.max_tries = 2;
    struct result r = run(&call);
    assert_int_equal(r.e, ERR_OK);
    assert_int_equal(r.status, 502);
    assert_int_equal(r.tries, 2);
    assert_int_equal(peer->n_requests, 2);
}

static void a_client_error_is_not_repeated(void **state UNUSED)
{
    SERVE({REPLY("404 Not Found"), THEN_KEEP});
    struct http_call call = get_from(peer->port);
    struct result r = run(&call);
    assert_int_equal(r.status, 404);
    assert_int_equal(r.tries, 1);
}

static void a_redirect_is_not_followed(void **state UNUSED)
{
    static const char *const statuses[] = {"301 Moved", "302 Found", "303 Other", "307 Again",
                                           "308 Moved"};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        char first[100];
        snprintf(first, sizeof(first),
                 "HTTP/1.1 %s\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", statuses[i]);
        struct act acts[] = {{first, THEN_KEEP}, {OK_REPLY, THEN_KEEP}};
        struct fake_peer *p = fake_peer_new(loop, acts, 2);
        struct http_call call = i % 2 ? post_to(p->port) : get_from(p->port);
        assert_int_equal(run(&call).status, 301 + (int)i + (i > 2 ? 3 : 0));
        assert_int_equal(p->n_requests, 1);
        fake_peer_free(p);
    }
}

static void a_call_that_must_not_be_doubled_is_sent_once(void **state UNUSED)
{
    static const struct {
        const char *reply;
        enum err e;
        int status;
    } cases[] = {{REPLY("500 Oops"), ERR_OK, 500},
                 {REPLY("429 Slow"), ERR_OK, 429},
                 {NULL, ERR_UNAVAILABLE, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct act act = {cases[i].reply, THEN_CLOSE};
        struct fake_peer *p = fake_peer_new(loop, &act, 1);
        struct http_call call = post_to(p->port);
        struct result r = run(&call);
        assert_int_equal(r.e, cases[i].e);
        assert_int_equal(r.status, cases[i].status);
        assert_int_equal(r.tries, 1);
        assert_int_equal(p->n_requests, 1);
        fake_peer_free(p);
    }
}

/* Curl itself would send again on a connection that it kept and that died meanwhile. */
static void a_kept_connection_does_not_double_a_call(void **state UNUSED)
{
    SERVE({OK_REPLY, THEN_KEEP}, {NULL, THEN_CLOSE}, {OK_REPLY, THEN_KEEP});
    struct http_call get = get_from(peer->port), post = post_to(peer->port);
    assert_int_equal(run(&get).status, 200);
    struct result r = run(&post);
    assert_int_equal(r.e, ERR_UNAVAILABLE);
    assert_int_equal(peer->n_requests, 2);
    assert_int_equal(peer->n_connections, 2);
}

static void where_nobody_listens_every_call_is_tried_again(void **state UNUSED)
{
    int port;
    close(fake_listen(&port));
    struct http_call call = post_to(port);
    call.max_tries = 2;
    struct result r = run(&call);
    assert_int_equal(r.e, ERR_UNAVAILABLE);
    assert_int_equal(r.tries, 2);
    assert_true(r.why[0] != '\0');
}

static void retry_after_is_respected_when_it_fits(void **state UNUSED)
{
    SERVE({"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", THEN_KEEP},
          {OK_REPLY, THEN_KEEP});
    struct http_call call = get_from(peer->port);
    int64_t start_us = clock_mono_us();
    struct result r = run(&call);
    assert_true(clock_mono_us() - start_us >= USEC_PER_SEC);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.tries, 2);
    assert_int_equal(r.retry_after_s, 0); /* that of the last answer */
}

static void retry_after_beyond_the_deadline_ends_the_call(void **state UNUSED)
{
    static const struct {
        const char *header;
        int64_t at_least_s;
        int tries;
    } cases[] = {
        {"Retry-After: 120", 120, 1},
        {"Retry-After: 99999999999999999999", 0, 0}, /* any answer will do */
        {"Retry-After: Fri, 31 Dec 2100 23:59:59 GMT", 1000, 1},
        {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", 0, 3},
        {"Retry-After: soon", 0, 3},
        {"Retry-After: -5", 0, 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char reply[256];
        snprintf(reply, sizeof reply, "HTTP/1.1 429 Slow\r\n%s\r\nContent-Length: 0\r\n\r\n",
                 cases[i].header);
        struct act act = {reply, THEN_KEEP};
        struct fake_peer *p = fake_peer_new(loop, &act, 1);
        struct http_call call = get_from(p->port);
        struct result r = run(&call);
        assert_int_equal(r.e, ERR_OK);
        assert_int_equal(r.status, 429);
        assert_true(r.retry_after_s >= cases[i].at_least_s);
        if (cases[i].tries > 0)
            assert_int_equal(r.tries, cases[i].tries);
        fake_peer_free(p);
    }
}

/* --- what is bounded ---------------------------------------------------------------------------
 */

static void a_peer_that_hangs_is_left_at_the_deadline(void **state UNUSED)
{
    static const char *const replies[] = {NULL,
                                          "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"};
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct act act = {replies[i], THEN_KEEP};
        struct fake_peer *p = fake_peer_new(loop, &act, 1);
        struct http_call call = get_from(p->port);
        call.deadline_ms = 150;
        int64_t start_us = clock_mono_us();
        struct result r = run(&call);
        assert_int_equal(r.e, ERR_TIMEOUT);
        assert_int_equal(r.tries, 1);
        assert_true(clock_mono_us() - start_us >= 140 * USEC_PER_MSEC);
        fake_peer_free(p);
    }
}

static void an_answer_that_is_too_large_is_dropped(void **state UNUSED)
{
    static char declared[128], undeclared[BODY_MAX + 200], heads[24000];
    snprintf(declared, sizeof declared, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
             BODY_MAX + 1);
    int n = snprintf(undeclared, sizeof undeclared, "HTTP/1.1 200 OK\r\n\r\n");
    memset(undeclared + n, 'x', BODY_MAX + 1);
    n = snprintf(heads, sizeof heads, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 20; i++)
        n += snprintf(heads + n, sizeof heads - (size_t)n, "X-%d: %01000d\r\n", i, 0);
    snprintf(heads + n, sizeof heads - (size_t)n, "Content-Length: 0\r\n\r\n");
    const char *const replies[] = {declared, undeclared, heads};
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct act act = {replies[i], THEN_CLOSE};
        struct fake_peer *p = fake_peer_new(loop, &act, 1);
        struct http_call call = get_from(p->port);
        struct result r = run(&call);
        assert_int_equal(r.e, ERR_TOO_LARGE);
        assert_int_equal(r.tries, 1);
        fake_peer_free(p);
    }
    undeclared[strlen("HTTP/1.1 200 OK\r\n\r\n") + BODY_MAX] = '\0'; /* one byte less fits */
    SERVE({undeclared, THEN_CLOSE});
    struct http_call call = get_from(peer->port);
    assert_int_equal(run(&call).e, ERR_OK);
}

static void what_is_not_http_is_an_error_of_the_peer(void **state UNUSED)
{
    static const char *const replies[] = {"220 mail.test ESMTP\r\n", "\x16\x03\x01",
                                          "HTTP/1.1 2x0 OK\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct act act = {replies[i], THEN_CLOSE};
        struct fake_peer *p = fake_peer_new(loop, &act, 1);
        struct http_call call = get_from(p->port);
        struct result r = run(&call);
        if (r.e != ERR_PEER)
            fail_msg("reply %zu: error %d, %s", i, r.e, r.why);
        fake_peer_free(p);
    }
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_get_brings_status_headers_and_body),
        EACH(each_method_sends_its_own_form),
        EACH(replies_are_read_in_all_their_forms),
        EACH(a_connection_is_used_again),
        EACH(many_calls_run_side_by_side),
        EACH(what_cannot_be_sent_as_written_is_refused),
        EACH(plain_http_is_spoken_only_where_allowed),
        EACH(a_url_of_others_leads_to_no_address_of_ours),
        EACH(an_idempotent_call_is_repeated_after_a_server_error),
        EACH(the_last_answer_is_given_when_all_tries_fail),
        EACH(a_client_error_is_not_repeated),
        EACH(a_redirect_is_not_followed),
        EACH(a_call_that_must_not_be_doubled_is_sent_once),
        EACH(a_kept_connection_does_not_double_a_call),
        EACH(where_nobody_listens_every_call_is_tried_again),
        EACH(retry_after_is_respected_when_it_fits),
        EACH(retry_after_beyond_the_deadline_ends_the_call),
        EACH(a_peer_that_hangs_is_left_at_the_deadline),
        EACH(an_answer_that_is_too_large_is_dropped),
        EACH(what_is_not_http_is_an_error_of_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
