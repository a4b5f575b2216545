/* The server with its guard, on a real socket: what a client sends in whatever pieces, and what it
 * gets back. */
#include "torture.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/http_server.h"

struct fixture {
    struct loop *loop;
    struct http_server *server;
    int port;
    int served;       /* requests that reached the handler */
    enum err refused; /* of the last one */
    char body[256];   /* of the last one */
    bool hold;        /* keep the exchange instead of replying */
    struct http_exchange *held;
};

static void handler(void *owner, struct http_exchange *x, enum err refused)
{
    struct fixture *f = owner;
    f->served++;
    f->refused = refused;
    struct str body = http_exchange_body(x);
    snprintf(f->body, sizeof(f->body), "%.*s", (int)body.n, body.p);
    if (f->hold) {
        f->held = x;
        return;
    }
    struct http_header header = {"X-Test", "yes"};
    struct http_reply reply = {
        .status = refused == ERR_OK ? 200 : err_status(refused),
        .content_type = "text/plain",
        .body = refused == ERR_OK ? STR("hello") : str_of(err_code(refused)),
        .headers = &header,
        .n_headers = 1,
        .close = refused != ERR_OK,
    };
    http_exchange_reply(x, &reply);
}

static void server_open(struct fixture *f, unsigned max_connections, int receive_timeout_ms)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    f->port = ntohs(at.sin_port);
    f->loop = loop_new();
    assert_non_null(f->loop);
    struct http_server_options options = {
        .fd = fd,
        .max_connections = max_connections,
        .max_body_bytes = 1000,
        .idle_timeout_s = 60,
        .receive_timeout_ms = receive_timeout_ms,
    };
    f->server = http_server_new(f->loop, &options, handler, f);
    assert_non_null(f->server);
}

static void server_close(struct fixture *f)
{
    http_server_free(f->server);
    loop_free(f->loop);
}

static int client(const struct fixture *f)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)},
                             .sin_port = htons((uint16_t)f->port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Turns the loop until the client has read `wanted` or the connection has ended. */
static const char *hear(struct fixture *f, int fd, const char *wanted)
{
    static char text[65536];
    size_t n = 0;
    text[0] = '\0';
    int64_t give_up = clock_mono_us() + 5 * USEC_PER_SEC;
    while (clock_mono_us() < give_up) {
        loop_turn(f->loop, 5);
        ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, MSG_DONTWAIT);
        if (got == 0)
            break;
        if (got > 0)
            n += (size_t)got;
        text[n] = '\0';
        if (wanted && strstr(text, wanted))
            break;
    }
    return text;
}

static void test_request_and_reply(void **state)
{
    (void)state;
    struct fixture f = {0};
    server_open(&f, 10, 1000);
    int fd = client(&f);
    say(fd, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    const char *text = hear(&f, fd, "hello");
    assert_non_null(strstr(text, "HTTP/1.1 200"));
    assert_non_null(strstr(text, "X-Test: yes"));
    assert_null(strstr(text, "Connection: close"));
    assert_string_equal(f.body, "abc");
    close(fd);
    server_close(&f);
}

static void test_byte_by_byte_and_again(void **state)
{
    (void)state;
    struct fixture f = {0};
    server_open(&f, 10, 5000);
    int fd = client(&f);
    static const char text[] = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    for (int round = 1; round <= 2; round++) {
        for (size_t i = 0; i < sizeof(text) - 1; i++) {
            char one[2] = {text[i]};
            say(fd, one);
            loop_turn(f.loop, 0);
        }
        if (!strstr(hear(&f, fd, "hello"), "200"))
            fail_msg("round %d served %d refused %d", round, f.served, f.refused);
        assert_int_equal(f.served, round);
        assert_string_equal(f.body, "abc");
    }
    close(fd);
    server_close(&f);
}

static void test_pipelined(void **state)
{
    (void)state;
    struct fixture f = {0};
    server_open(&f, 10, 1000);
    int fd = client(&f);
    say(fd, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    hear(&f, fd, "hello");
    int64_t give_up = clock_mono_us() + 5 * USEC_PER_SEC;
    while (f.served < 2 && clock_mono_us() < give_up)
        loop_turn(f.loop, 5);
    assert_int_equal(f.served, 2);
    close(fd);
    server_close(&f);
}

/* Every kind of refusal is told to the handler, answered, and ends the connection: what follows the
 * bad bytes is never read as a request. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err e;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
         ERR_LENGTH_REQUIRED},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nGET /evil HTTP/1.1\r\nHost: "
         "a\r\n\r\n",
         ERR_MALFORMED},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", ERR_TOO_LARGE},
        {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_METHOD_NOT_ALLOWED},
        {"\x16\x03\x01\x02\n\n", ERR_MALFORMED},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f = {0};
        server_open(&f, 10, 1000);
        int fd = client(&f);
        say(fd, cases[i].text);
        const char *text = hear(&f, fd, NULL);
        if (!strstr(text, err_code(cases[i].e)))
            fail_msg("case %zu: served %d: %s", i, f.served, text);
        assert_non_null(strstr(text, "Connection: close"));
        assert_int_equal(f.served, 1);
        assert_int_equal(f.refused, cases[i].e);
        close(fd);
        server_close(&f);
    }
}

static void test_head_without_end(void **state)
{
    (void)state;
    struct fixture f = {0};
    server_open(&f, 10, 5000);
    int fd = client(&f);
    say(fd, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    char kilobyte[1025];
    memset(kilobyte, 'a', 1024);
    kilobyte[1024] = '\0';
    for (int i = 0; i < 20 && f.served == 0; i++) {
        say(fd, kilobyte);
        loop_turn(f.loop, 1);
    }
    hear(&f, fd, NULL);
    assert_int_equal(f.refused, ERR_HEADERS_TOO_LARGE);
    close(fd);
    server_close(&f);
}

/* A request that drips, or stops half way, is cut off: no reply, no handler call, no leak. */
static void test_too_slow(void **state)
{
    (void)state;
    static const char *const halves[] = {
        "GET / HTT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"};
    for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
        struct fixture f = {0};
        server_open(&f, 10, 50);
        int fd = client(&f);
        say(fd, halves[i]);
        hear(&f, fd, NULL);
        assert_int_equal(f.served, 0);
        assert_int_equal(http_server_connections(f.server), 0);
        close(fd);
        server_close(&f);
    }
}

static void test_too_many_connections(void **state)
{
    (void)state;
    struct fixture f = {0};
    server_open(&f, 1, 1000);
    int first = client(&f), second = client(&f);
    say(first, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    hear(&f, first, "hello");
    say(second, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const char *text = hear(&f, second, NULL);
    if (!strstr(text, "busy"))
        fail_msg("served %d refused %d: %s", f.served, f.refused, text);
    close(first);
    close(second);
    server_close(&f);
}

/* The client goes away while its request is in work: the late reply goes nowhere. */
static void test_client_gone(void **state)
{
    (void)state;
    struct fixture f = {.hold = true};
    server_open(&f, 10, 1000);
    int fd = client(&f);
    say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 1000 && !f.held; i++)
        loop_turn(f.loop, 5);
    assert_non_null(f.held);
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    for (int i = 0; i < 20; i++)
        loop_turn(f.loop, 1);
    struct http_reply reply = {.status = 200, .content_type = "text/plain", .body = STR("late")};
    http_exchange_reply(f.held, &reply);
    for (int i = 0; i < 20; i++)
        loop_turn(f.loop, 1);
    server_close(&f);
}

/* The server ends while a request is in work: the exchange stays valid until it is answered. */
static void test_server_gone(void **state)
{
    (void)state;
    struct fixture f = {.hold = true};
    server_open(&f, 10, 1000);
    int fd = client(&f);
    say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 1000 && !f.held; i++)
        loop_turn(f.loop, 5);
    http_server_free(f.server);
    assert_null(http_exchange_header(f.held, "Host"));
    struct http_reply reply = {.status = 200};
    http_exchange_reply(f.held, &reply);
    loop_free(f.loop);
    close(fd);
}

static void test_drain(void **state)
{
    (void)state;
    struct fixture f = {0};
    server_open(&f, 10, 1000);
    http_server_drain(f.server);
    int fd = client(&f);
    say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const char *text = hear(&f, fd, NULL);
    assert_non_null(strstr(text, "hello"));
    assert_non_null(strstr(text, "Connection: close"));
    http_server_close_listener(f.server);
    close(fd);
    server_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_and_reply),
        cmocka_unit_test(test_byte_by_byte_and_again),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_head_without_end),
        cmocka_unit_test(test_too_slow),
        cmocka_unit_test(test_too_many_connections),
        cmocka_unit_test(test_client_gone),
        cmocka_unit_test(test_server_gone),
        cmocka_unit_test(test_drain),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
