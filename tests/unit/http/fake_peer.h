/* An HTTP peer for tests, on the test's own loop: each request it reads whole takes the next act of
 * its script. What it heard is kept. Nothing here goes through mem_alloc(), so that a torture run
 * counts the allocations of the module only. */
#ifndef TESTS_UNIT_HTTP_FAKE_PEER_H
#define TESTS_UNIT_HTTP_FAKE_PEER_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/loop.h"

#define PEER_MAX_CONNECTIONS 64
#define PEER_REQUEST_BYTES 8192

enum act_then { THEN_KEEP, THEN_CLOSE };

struct act {
    const char *reply; /* NULL: nothing */
    enum act_then then;
};

struct fake_peer {
    struct event_base *base;
    struct event *listener;
    int port;
    const struct act *acts; /* the last one is repeated */
    size_t n_acts;
    size_t n_requests, n_connections;
    char last_request[PEER_REQUEST_BYTES];
    struct fake_connection {
        struct fake_peer *peer;
        struct event *event; /* NULL: closed */
        char in[PEER_REQUEST_BYTES];
        size_t n;
    } connections[PEER_MAX_CONNECTIONS];
};

static inline void fake_connection_close(struct fake_connection *c)
{
    if (!c->event)
        return;
    close(event_get_fd(c->event));
    event_free(c->event);
    c->event = NULL;
}

/* Length of the first whole request in the buffer, or 0. */
static inline size_t fake_request_length(struct fake_connection *c)
{
    c->in[c->n] = '\0';
    const char *end = strstr(c->in, "\r\n\r\n"), *length = strcasestr(c->in, "\r\nContent-Length:");
    if (!end)
        return 0;
    size_t n = (size_t)(end - c->in) + 4;
    if (length && length < end)
        n += strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    return n <= c->n ? n : 0;
}

static inline void fake_peer_act(struct fake_connection *c, size_t n)
{
    struct fake_peer *p = c->peer;
    size_t i = p->n_requests < p->n_acts ? p->n_requests : p->n_acts - 1;
    const struct act *act = &p->acts[i];
    memcpy(p->last_request, c->in, n);
    p->last_request[n] = '\0';
    memmove(c->in, c->in + n, c->n - n);
    c->n -= n;
    p->n_requests++;
    if (act->reply)
        (void)!send(event_get_fd(c->event), act->reply, strlen(act->reply), MSG_NOSIGNAL);
    if (act->then == THEN_CLOSE)
        fake_connection_close(c);
}

static inline void fake_on_readable(evutil_socket_t fd, short what UNUSED, void *arg)
{
    struct fake_connection *c = arg;
    ssize_t n = recv(fd, c->in + c->n, sizeof c->in - 1 - c->n, MSG_DONTWAIT);
    if (n <= 0) {
        fake_connection_close(c);
        return;
    }
    c->n += (size_t)n;
    size_t length;
    while (c->event && (length = fake_request_length(c)) > 0)
        fake_peer_act(c, length);
}

static inline void fake_on_connection(evutil_socket_t fd, short what UNUSED, void *arg)
{
    struct fake_peer *p = arg;
    int s = accept(fd, NULL, NULL);
    if (s < 0)
        return;
    for (size_t i = 0; i < PEER_MAX_CONNECTIONS; i++) {
        struct fake_connection *c = &p->connections[i];
        if (c->event)
            continue;
        c->peer = p;
        c->n = 0;
        c->event = event_new(p->base, s, EV_READ | EV_PERSIST, fake_on_readable, c);
        event_add(c->event, NULL);
        p->n_connections++;
        return;
    }
    close(s);
}

/* A listening socket on a free port of 127.0.0.1. */
static inline int fake_listen(int *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        abort();
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static inline struct fake_peer *fake_peer_new(struct loop *l, const struct act *acts, size_t n)
{
    struct fake_peer *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->base = loop_base(l);
    p->acts = acts;
    p->n_acts = n;
    int fd = fake_listen(&p->port);
    p->listener = event_new(p->base, fd, EV_READ | EV_PERSIST, fake_on_connection, p);
    event_add(p->listener, NULL);
    return p;
}

/* As one who was told to leave: nobody listens any more. */
static inline void fake_peer_free(struct fake_peer *p)
{
    close(event_get_fd(p->listener));
    event_free(p->listener);
    for (size_t i = 0; i < PEER_MAX_CONNECTIONS; i++)
        fake_connection_close(&p->connections[i]);
    free(p);
}

#endif
