/* What the tests of the HTTP client share: a loop, a client, a peer, and the result of a call. */
#ifndef TESTS_UNIT_HTTP_CLIENT_FIXTURE_H
#define TESTS_UNIT_HTTP_CLIENT_FIXTURE_H

#include "torture.h"

#include "fake_peer.h"

#include "common/clock.h"
#include "common/http_client.h"
#include "common/mem.h"

#define MAX_TURNS 2000
#define BODY_MAX 65536

static struct loop *loop;
static struct http_client *client;
static struct fake_peer *peer;

struct result {
    int n_done;
    enum err e;
    int status, tries;
    int64_t retry_after_s;
    uint64_t id;
    char body[256], why[256], seen_header[256];
};

static inline void on_done(void *owner, uint64_t id, enum err e, const struct http_answer *answer)
{
    struct result *r = owner;
    const char *header = http_answer_header(answer, "x-seen");
    r->n_done++;
    r->e = e;
    r->id = id;
    r->status = answer->status;
    r->tries = answer->tries;
    r->retry_after_s = answer->retry_after_s;
    snprintf(r->body, sizeof r->body, "%.*s", (int)answer->body_len, answer->body);
    snprintf(r->why, sizeof r->why, "%s", answer->why ? answer->why : "");
    snprintf(r->seen_header, sizeof r->seen_header, "%s", header ? header : "(none)");
    assert_true((e == ERR_OK) == (answer->why == NULL));
    assert_true((e == ERR_OK) == (answer->status != 0));
}

static inline struct http_client *client_new_for(struct loop *l)
{
    const struct http_client_options options = {.user_agent = "unit/1",
                                                .allow_http = true,
                                                .max_in_flight = 32,
                                                .max_reply_bytes = BODY_MAX,
                                                .breaker_failures = 3,
                                                .breaker_open_ms = 50};
    return http_client_new(l, &options);
}

static inline int set_up(void **state UNUSED)
{
    loop = loop_new();
    client = client_new_for(loop);
    return loop && client ? 0 : -1;
}

static inline int tear_down(void **state UNUSED)
{
    http_client_free(client);
    client = NULL;
    if (peer)
        fake_peer_free(peer);
    peer = NULL;
    loop_free(loop);
    return 0;
}

#define SERVE(...)                                           \
    do {                                                     \
        static const struct act acts_[] = {__VA_ARGS__};     \
        peer = fake_peer_new(loop, acts_, ARRAY_LEN(acts_)); \
    } while (0)

static inline const char *url_of(int port, const char *path)
{
    static char text[128];
    snprintf(text, sizeof text, "http://127.0.0.1:%d%s", port, path);
    return text;
}

/* Turns the loop until the call is done. */
static inline void wait_for(const struct result *r)
{
    for (int i = 0; r->n_done == 0; i++) {
        if (i == MAX_TURNS)
            fail_msg("the call does not end");
        loop_turn(loop, 1000);
    }
}

static inline struct result run(const struct http_call *call)
{
    struct result r = {.n_done = 0};
    assert_int_equal(http_client_send(client, call, on_done, &r, 7), ERR_OK);
    assert_int_equal(r.n_done, 0); /* never before the call has returned */
    wait_for(&r);
    assert_int_equal(r.n_done, 1);
    assert_int_equal(r.id, 7);
    assert_int_equal(http_client_busy(client), 0);
    return r;
}

static inline struct http_call get_from(int port)
{
    return (struct http_call){
        .method = "GET", .url = url_of(port, "/"), .idempotent = true, .deadline_ms = 5000};
}

static inline struct http_call post_to(int port)
{
    return (struct http_call){
        .method = "POST", .url = url_of(port, "/"), .body = STR("{\"a\":1}"), .deadline_ms = 5000};
}

#endif
