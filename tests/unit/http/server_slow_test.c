/* Long replies, and clients that take them slowly or not at all. */
#include "server_fixture.h"

#define LONG_BYTES (8u << 20)
#define PATIENCE_MS 300

static char *long_reply; /* a pattern that shows what is missing */

static int setup(void **state)
{
    (void)state;
    long_reply = malloc(LONG_BYTES);
    for (size_t i = 0; long_reply && i < LONG_BYTES; i++)
        long_reply[i] = (char)('a' + (i / 7 + i / 65536) % 26);
    return long_reply ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(long_reply);
    return 0;
}

/* A client whose kernel takes little. */
static int small_client(const struct fixture *f, int bytes)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)},
                             .sin_port = htons((uint16_t)f->port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Reads a bite a turn until the head and the long body are there or the connection ends; returns
 * the bytes of the body that were as they should be. */
static size_t take(struct fixture *f, int fd, size_t bite)
{
    static char text[1u << 20];
    size_t n_head = 0, n = 0;
    int64_t give_up = clock_mono_us() + 20 * USEC_PER_SEC;
    ssize_t got = 0;
    while (n < LONG_BYTES && clock_mono_us() < give_up) {
        loop_turn(f->loop, got > 0 ? 0 : 1);
        got = recv(fd, text, MIN(bite, LONG_BYTES - n), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            break;
        size_t at = 0;
        for (; n_head < 4 && (ssize_t)at < got; at++)
            n_head = text[at] == "\r\n\r\n"[n_head] ? n_head + 1 : text[at] == '\r' ? 1 : 0;
        for (; (ssize_t)at < got; at++, n++)
            if (text[at] != long_reply[n])
                fail_msg("byte %zu", n);
    }
    return n;
}

static void turn_until_gone(struct fixture *f)
{
    int64_t give_up = clock_mono_us() + 5 * USEC_PER_SEC;
    while (http_server_connections(f->server) > 0 && clock_mono_us() < give_up)
        loop_turn(f->loop, 5);
}

static void ends(struct fixture *f, int fd)
{
    char one;
    int64_t give_up = clock_mono_us() + 5 * USEC_PER_SEC;
    ssize_t got;
    while ((got = recv(fd, &one, 1, MSG_DONTWAIT)) < 0 && errno == EAGAIN &&
           clock_mono_us() < give_up)
        loop_turn(f->loop, 5);
    assert_int_equal(got, 0);
}

/* Whatever the client's pace: all of it arrives, and then the end. */
static void a_long_reply_is_complete_before_the_connection_closes(void **state)
{
    (void)state;
    static const size_t bites[] = {1u << 20, 65536, 8192};
    for (size_t i = 0; i < ARRAY_LEN(bites); i++) {
        struct fixture f = {.reply = {long_reply, LONG_BYTES}, .close = true};
        server_open(&f, 10, 20000);
        int fd = i == 0 ? client(&f) : small_client(&f, 65536);
        say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(take(&f, fd, bites[i]), LONG_BYTES);
        ends(&f, fd);
        turn_until_gone(&f);
        assert_int_equal(http_server_connections(f.server), 0);
        close(fd);
        server_close(&f);
    }
}

static void one_long_reply_after_the_other(void **state)
{
    (void)state;
    struct fixture f = {.reply = {long_reply, LONG_BYTES}};
    server_open(&f, 10, 20000);
    int fd = client(&f);
    for (int i = 1; i <= 3; i++) {
        say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(take(&f, fd, 1u << 20), LONG_BYTES);
        assert_int_equal(f.served, i);
    }
    close(fd);
    server_close(&f);
}

/* One who does not read, and one who reads a little now and then, so that it goes on for ever. */
static void who_takes_too_long_is_cut_off(void **state)
{
    (void)state;
    for (int drips = 0; drips <= 1; drips++) {
        struct fixture f = {.reply = {long_reply, LONG_BYTES}, .close = true};
        server_open(&f, 10, PATIENCE_MS);
        int fd = small_client(&f, 4096);
        say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        int64_t start = clock_mono_us();
        char some[512];
        while (http_server_connections(f.server) + (f.served == 0) > 0 &&
               clock_mono_us() < start + 5 * USEC_PER_SEC) {
            loop_turn(f.loop, 2);
            if (drips)
                (void)!recv(fd, some, sizeof(some), MSG_DONTWAIT);
        }
        int64_t took_ms = (clock_mono_us() - start) / USEC_PER_MSEC;
        assert_int_equal(http_server_connections(f.server), 0);
        assert_true(took_ms >= PATIENCE_MS && took_ms < 10 * PATIENCE_MS);
        close(fd);
        server_close(&f);
    }
}

/* Requests upon requests from one who takes no reply: they stay in his own kernel. */
static void who_takes_nothing_cannot_go_on_asking(void **state)
{
    (void)state;
    static const char request[] = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    static char requests[100 * (sizeof(request) - 1)];
    for (size_t i = 0; i < 100; i++)
        memcpy(requests + i * (sizeof(request) - 1), request, sizeof(request) - 1);
    struct fixture f = {.reply = {long_reply, LONG_BYTES}};
    server_open(&f, 10, 60000);
    int fd = client(&f), bytes = 65536;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    size_t sent = 0, at = 0;
    for (int idle = 0; idle < 100 && sent < (64u << 20);) {
        ssize_t n = send(fd, requests + at, sizeof(requests) - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        idle = n > 0 ? 0 : idle + 1;
        sent += n > 0 ? (size_t)n : 0;
        at = (at + (n > 0 ? (size_t)n : 0)) % sizeof(requests);
        loop_turn(f.loop, 1);
    }
    assert_true(sent < (16u << 20)); /* the kernel's buffers, both sides */
    /* Once he reads again they are answered, one after the other. */
    int served = f.served;
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(&f, fd, 1u << 20), LONG_BYTES);
    assert_true(f.served >= served + 2);
    close(fd);
    server_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_reply_is_complete_before_the_connection_closes),
        cmocka_unit_test(one_long_reply_after_the_other),
        cmocka_unit_test(who_takes_too_long_is_cut_off),
        cmocka_unit_test(who_takes_nothing_cannot_go_on_asking),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
