/* The HTTP client among others: breakers, ends in all orders, name look-up, TLS, failing memory. */
#include "child.h"
#include "client_fixture.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BAD_REPLY "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"

/* --- the breaker -------------------------------------------------------------------------------
 */

static void fail_until_cut_off(const struct http_call *call)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(run(call).status, 500);
}

static void wait_until_probe_is_due(void)
{
    int64_t until_us = clock_mono_us() + 50 * USEC_PER_MSEC;
    while (clock_mono_us() < until_us)
        loop_turn(loop, 60);
}

static void a_peer_that_keeps_failing_is_cut_off_and_comes_back(void **state UNUSED)
{
    SERVE({BAD_REPLY, THEN_KEEP}, {BAD_REPLY, THEN_KEEP}, {BAD_REPLY, THEN_KEEP},
          {OK_REPLY, THEN_KEEP});
    struct http_call call = post_to(peer->port);
    fail_until_cut_off(&call);
    struct result r = run(&call);
    assert_int_equal(r.e, ERR_UNAVAILABLE);
    assert_int_equal(r.tries, 0);
    assert_non_null(strstr(r.why, "circuit breaker"));
    assert_int_equal(peer->n_requests, 3);
    wait_until_probe_is_due();
    assert_int_equal(run(&call).status, 200);
    assert_int_equal(run(&call).status, 200);
}

static void a_failed_probe_keeps_it_cut_off(void **state UNUSED)
{
    SERVE({BAD_REPLY, THEN_KEEP});
    struct http_call call = post_to(peer->port);
    fail_until_cut_off(&call);
    wait_until_probe_is_due();
    assert_int_equal(run(&call).status, 500);
    assert_int_equal(run(&call).e, ERR_UNAVAILABLE);
    assert_int_equal(peer->n_requests, 4);
}

static void other_peers_are_not_cut_off(void **state UNUSED)
{
    static const struct act good = {OK_REPLY, THEN_KEEP};
    SERVE({BAD_REPLY, THEN_KEEP});
    struct fake_peer *other = fake_peer_new(loop, &good, 1);
    struct http_call call = post_to(peer->port);
    fail_until_cut_off(&call);
    call = post_to(other->port);
    assert_int_equal(run(&call).status, 200);
    fake_peer_free(other);
}

static void tries_of_one_call_stop_when_its_peer_is_cut_off(void **state UNUSED)
{
    const struct http_client_options options = {.user_agent = "unit/1",
                                                .allow_http = true,
                                                .max_in_flight = 4,
                                                .max_reply_bytes = BODY_MAX,
                                                .breaker_failures = 2,
                                                .breaker_open_ms = 60000};
    http_client_free(client);
    client = http_client_new(loop, &options);
    SERVE({BAD_REPLY, THEN_KEEP});
    struct http_call call = get_from(peer->port);
    call.max_tries = 10;
    struct result r = run(&call);
    assert_int_equal(r.status, 500); /* what the last try brought */
    assert_int_equal(r.tries, 2);
}

/* More peers than rows: those unused for longest make room. */
static void the_number_of_peers_is_bounded(void **state UNUSED)
{
    SERVE({OK_REPLY, THEN_KEEP});
    char url[64];
    for (int i = 2; i < 100; i++) {
        struct http_call call = get_from(peer->port);
        snprintf(url, sizeof url, "http://127.0.0.%d:%d/", i, peer->port);
        call.url = url;
        call.max_tries = 1;
        assert_int_equal(run(&call).e, ERR_UNAVAILABLE); /* nobody listens there */
    }
    struct http_call call = get_from(peer->port);
    assert_int_equal(run(&call).status, 200);
}

/* --- ends in all orders ------------------------------------------------------------------------
 */

static void freeing_the_client_ends_what_is_in_flight(void **state UNUSED)
{
    struct result hanging = {.n_done = 0}, waiting = {.n_done = 0};
    SERVE({"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", THEN_KEEP},
          {NULL, THEN_KEEP});
    struct http_call call = get_from(peer->port);
    assert_int_equal(http_client_send(client, &call, on_done, &waiting, 1), ERR_OK);
    for (int i = 0; peer->n_requests < 1 && i < MAX_TURNS; i++)
        loop_turn(loop, 100);
    assert_int_equal(http_client_send(client, &call, on_done, &hanging, 2), ERR_OK);
    for (int i = 0; peer->n_requests < 2 && i < MAX_TURNS; i++)
        loop_turn(loop, 100);
    http_client_free(client);
    client = NULL;
    assert_int_equal(waiting.n_done, 1);
    assert_int_equal(hanging.n_done, 1);
    assert_int_equal(waiting.e, ERR_UNAVAILABLE);
    assert_int_equal(hanging.e, ERR_UNAVAILABLE);
    loop_turn(loop, 0);
    http_client_free(NULL);
}

static void free_on_done(void *owner, uint64_t id, enum err e, const struct http_answer *answer)
{
    on_done(owner, id, e, answer);
    struct http_client *c = client;
    client = NULL;
    http_client_free(c);
    assert_int_equal(answer->body_len, e == ERR_OK ? 2 : 0); /* still there */
}

static void the_client_may_be_freed_by_a_callback(void **state UNUSED)
{
    struct result one = {.n_done = 0}, two = {.n_done = 0};
    SERVE({OK_REPLY, THEN_KEEP});
    struct http_call call = get_from(peer->port);
    assert_int_equal(http_client_send(client, &call, free_on_done, &one, 1), ERR_OK);
    assert_int_equal(http_client_send(client, &call, on_done, &two, 2), ERR_OK);
    wait_for(&one);
    assert_int_equal(one.n_done, 1);
    wait_for(&two);
    assert_int_equal(two.n_done, 1);
}

static void send_on_done(void *owner, uint64_t id, enum err e, const struct http_answer *answer)
{
    struct http_call call = get_from(peer->port);
    (void)answer;
    enum err again = http_client_send(client, &call, on_done, owner, id + 1);
    assert_int_equal(again, e == ERR_OK ? ERR_OK : ERR_UNAVAILABLE);
    if (again != ERR_OK)
        ((struct result *)owner)->n_done++;
}

static void a_callback_may_send_the_next_call(void **state UNUSED)
{
    struct result r = {.n_done = 0};
    SERVE({OK_REPLY, THEN_KEEP});
    struct http_call call = get_from(peer->port);
    assert_int_equal(http_client_send(client, &call, send_on_done, &r, 1), ERR_OK);
    wait_for(&r);
    assert_int_equal(r.id, 2);
    assert_int_equal(r.status, 200);
}

static void a_client_that_closes_takes_no_call(void **state UNUSED)
{
    struct result r = {.n_done = 0};
    SERVE({NULL, THEN_KEEP});
    struct http_call call = get_from(peer->port);
    assert_int_equal(http_client_send(client, &call, send_on_done, &r, 1), ERR_OK);
    struct http_client *c = client;
    http_client_free(c);
    client = NULL;
    assert_int_equal(r.n_done, 1);
}

/* --- name look-up ------------------------------------------------------------------------------
 */

static pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resolver_change = PTHREAD_COND_INITIALIZER;
static int resolvers_stuck;
static bool resolver_released;

/* Takes the place of libc's: the name `stuck.test` is not answered until the test says so. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    typedef int real_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (name && strcmp(name, "stuck.test") == 0) {
        pthread_mutex_lock(&resolver_lock);
        resolvers_stuck++;
        while (!resolver_released)
            pthread_cond_wait(&resolver_change, &resolver_lock);
        resolvers_stuck--;
        pthread_cond_broadcast(&resolver_change);
        pthread_mutex_unlock(&resolver_lock);
        return EAI_AGAIN;
    }
    real_fn *real = (real_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
    return real(name, service, hints, ret);
}

static void a_name_look_up_that_hangs_does_not_hold_the_loop(void **state UNUSED)
{
    struct http_call call = get_from(1);
    call.url = "http://stuck.test/";
    call.deadline_ms = 200;
    int64_t start_us = clock_mono_us();
    struct result r = run(&call);
    assert_int_equal(r.e, ERR_TIMEOUT);
    assert_true(clock_mono_us() - start_us < 5 * USEC_PER_SEC);
    pthread_mutex_lock(&resolver_lock);
    resolver_released = true;
    pthread_cond_broadcast(&resolver_change);
    while (resolvers_stuck > 0)
        pthread_cond_wait(&resolver_change, &resolver_lock);
    pthread_mutex_unlock(&resolver_lock);
}

/* --- TLS ---------------------------------------------------------------------------------------
 */

static struct result get_https(const char *ca_file, const char *host, int port)
{
    const struct http_client_options options = {
        .user_agent = "unit/1", .ca_file = ca_file, .max_in_flight = 4, .max_reply_bytes = 65536};
    struct http_call call = get_from(port);
    char url[64];
    http_client_free(client);
    client = http_client_new(loop, &options);
    assert_non_null(client);
    snprintf(url, sizeof url, "https://%s:%d/", host, port);
    call.url = url;
    return run(&call);
}

static void tls_peers_must_prove_who_they_are(void **state UNUSED)
{
    char dir[] = "/tmp/client_test.XXXXXX", key[64], cert[64];
    assert_non_null(mkdtemp(dir));
    snprintf(key, sizeof key, "%s/key.pem", dir);
    snprintf(cert, sizeof cert, "%s/cert.pem", dir);
    const char *const make_cert[] = {"openssl",
                                     "req",
                                     "-x509",
                                     "-newkey",
                                     "ec",
                                     "-pkeyopt",
                                     "ec_paramgen_curve:P-256",
                                     "-nodes",
                                     "-keyout",
                                     key,
                                     "-out",
                                     cert,
                                     "-days",
                                     "1",
                                     "-subj",
                                     "/CN=localhost",
                                     "-addext",
                                     "subjectAltName=DNS:localhost",
                                     NULL};
    const char *const serve[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-www",
                                 "-cert",   cert,       "-key",    key,           NULL};
    int out, status;
    pid_t pid = child_start(make_cert, &out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(out);
    pid = child_start(serve, &out);
    int port = child_number_after(out, "ACCEPT 127.0.0.1:");
    assert_true(port > 0);

    assert_int_equal(get_https(cert, "localhost", port).status, 200);
    struct result r = get_https(NULL, "localhost", port); /* nobody vouches for it */
    assert_int_equal(r.e, ERR_PEER);
    assert_int_equal(r.tries, 1);
    assert_int_equal(get_https(cert, "127.0.0.1", port).e, ERR_PEER); /* another name */
    assert_int_equal(get_https("/nonexistent", "localhost", port).e, ERR_PEER);

    child_stop(pid, out);
    unlink(key);
    unlink(cert);
    rmdir(dir);
}

/* --- failing memory ----------------------------------------------------------------------------
 */

static bool call_and_retry(void *arg UNUSED)
{
    static const char *const headers[] = {"Accept: text/plain", "X-A: b"};
    struct loop *l = loop_new();
    struct http_client *c = l ? client_new_for(l) : NULL;
    struct result r = {.n_done = 0};
    struct http_call call = get_from(peer->port);
    call.headers = headers;
    call.n_headers = 2;
    call.body = STR("x");
    peer->n_requests = 0;
    if (c && http_client_send(c, &call, on_done, &r, 1) == ERR_OK) {
        for (int i = 0; r.n_done == 0 && i < MAX_TURNS; i++) {
            loop_turn(l, 1);
            loop_turn(loop, 0); /* the peer's */
        }
        assert_int_equal(r.n_done, 1);
    }
    http_client_free(c);
    loop_free(l);
    return r.status == 200 && r.tries == 2;
}

static void it_survives_failing_allocations(void **state UNUSED)
{
    SERVE({BAD_REPLY, THEN_KEEP}, {OK_REPLY, THEN_KEEP});
    torture(call_and_retry, NULL);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_peer_that_keeps_failing_is_cut_off_and_comes_back),
        EACH(a_failed_probe_keeps_it_cut_off),
        EACH(other_peers_are_not_cut_off),
        EACH(tries_of_one_call_stop_when_its_peer_is_cut_off),
        EACH(the_number_of_peers_is_bounded),
        EACH(freeing_the_client_ends_what_is_in_flight),
        EACH(the_client_may_be_freed_by_a_callback),
        EACH(a_callback_may_send_the_next_call),
        EACH(a_client_that_closes_takes_no_call),
        EACH(a_name_look_up_that_hangs_does_not_hold_the_loop),
        EACH(tls_peers_must_prove_who_they_are),
        EACH(it_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
