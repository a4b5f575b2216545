/* A server with its guard on a real socket, and clients. */
#ifndef TESTS_UNIT_HTTP_SERVER_FIXTURE_H
#define TESTS_UNIT_HTTP_SERVER_FIXTURE_H

#include "torture.h"

#include <arpa/inet.h>
#include <errno.h>
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
    uint64_t max_body; /* 0: 1000 */
    int served;        /* requests that reached the handler */
    enum err refused;  /* of the last one */
    char body[256];    /* of the last one */
    struct str reply;  /* instead of "hello" */
    bool close;        /* with the reply */
    bool hold;         /* keep the exchange instead of replying */
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
        .body = refused != ERR_OK ? str_of(err_code(refused))
                : f->reply.n      ? f->reply
                                  : STR("hello"),
        .headers = &header,
        .n_headers = 1,
        .close = f->close || refused != ERR_OK,
    };
    http_exchange_reply(x, &reply);
}

static void server_open(struct fixture *f, unsigned max_connections, int timeout_ms)
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
        .max_body_bytes = f->max_body ? f->max_body : 1000,
        .idle_timeout_s = 60,
        .receive_timeout_ms = timeout_ms,
        .send_timeout_ms = timeout_ms,
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

#endif
