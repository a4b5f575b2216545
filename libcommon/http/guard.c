/* What a client sends passes through here on its way to evhttp. A request head is held back until
 * it is complete and has passed http_head_check(); the body follows it byte by byte as far as its
 * Content-Length. From the first violation on the client's bytes are thrown away, and evhttp gets a
 * request that we make up instead: its target holds a nonce and the error, so the handler gives the
 * right problem document and closes. That keeps one way to reply, with nothing of the bad bytes in
 * it but the request id that nginx gave.
 *
 * What evhttp sends is written to the socket here, not handed to the bufferevent below: that one
 * would call it sent while it still holds it, and evhttp would close the connection too early.
 *
 * The surprising thing: evhttp owns the filter, and the filter owns the socket's bufferevent
 * (BEV_OPT_CLOSE_ON_FREE); our state goes with it, in guard_done(). */
#include "guard.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/http_head.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

/* Requests that wait in evhttp for the reply to an earlier one; it needs a whole head at a time,
 * and a whole body. */
#define READ_AHEAD_BYTES (4 * HTTP_HEAD_MAX_BYTES)
#define LINGER_S 2
#define LINGER_MAX_BYTES (UINT64_C(16) << 20) /* more than the largest body at nginx */

struct guard {
    struct guard_settings *settings;
    struct bufferevent *filter; /* what evhttp holds */
    struct bufferevent *socket; /* below the filter */
    struct event *check;        /* whether evhttp had the memory for what it got */
    uint64_t failed_before;     /* allocations of libevent, before evhttp got that */
    bool arriving;              /* it has got some, and not said yet that it is a request */
    struct event *deadline;     /* armed while a request is only partly here */
    struct event *writable;     /* writes what evhttp has put out; made with the first reply */
    int64_t send_by_us;         /* monotonic: when that has to be taken; 0: nothing is put out */
    size_t scanned;             /* of a head that is not complete */
    struct event *linger;       /* after a refusal, until the client has ended */
    int64_t linger_until_us;    /* monotonic */
    uint64_t lingered_bytes;
    uint64_t body_left;
    bool over_limit; /* more connections than allowed: the first request is refused */
    bool refused;
};

static void refusal_emit(struct guard *g, struct evbuffer *dst, enum err e, struct str head)
{
    struct str id = http_head_request_id(head);
    g->refused = true;
    /* Fails only without memory; then the check closes the connection. */
    (void)evbuffer_add_printf(dst,
                              "GET /%s/%s HTTP/1.1\r\nHost: -\r\nX-Request-Id: %.*s\r\n"
                              "Connection: close\r\n\r\n",
                              g->settings->nonce, err_code(e), (int)id.n, id.n ? id.p : "");
}

/* False: out of memory, and the bytes are lost, of which evbuffer_remove_buffer() says nothing. */
static bool bytes_move(struct evbuffer *src, struct evbuffer *dst, size_t n)
{
    size_t before = evbuffer_get_length(dst);
    evbuffer_remove_buffer(src, dst, n);
    return evbuffer_get_length(dst) - before == n;
}

/* Passes one head on, or refuses it. False when it is not complete. */
static bool head_pass(struct guard *g, struct evbuffer *src, struct evbuffer *dst)
{
    size_t n = MIN(evbuffer_get_length(src), (size_t)HTTP_HEAD_MAX_BYTES + 1);
    const char *data = (const char *)evbuffer_pullup(src, (ev_ssize_t)n);
    if (!data) {
        refusal_emit(g, dst, ERR_NO_MEMORY, (struct str){0});
        return true;
    }
    size_t len = http_head_end(data, n, &g->scanned);
    if (len == 0) {
        if (n <= HTTP_HEAD_MAX_BYTES)
            return false;
        refusal_emit(g, dst, ERR_HEADERS_TOO_LARGE, (struct str){data, n});
        return true;
    }
    struct http_head head;
    const struct str text = {data, len};
    enum err e = http_head_check(text, g->settings->max_body_bytes, &head);
    if (g->over_limit)
        e = ERR_BUSY;
    if (loop_is_short_of_memory())
        e = ERR_NO_MEMORY;
    if (e != ERR_OK) {
        refusal_emit(g, dst, e, text);
        return true;
    }
    g->scanned = 0;
    g->body_left = head.content_length;
    if (!bytes_move(src, dst, len)) /* or what follows would pass for a head */
        refusal_emit(g, dst, ERR_NO_MEMORY, (struct str){0});
    return true;
}

/* evhttp waits for the rest of a body in which a piece is missing. It is told as if the client had
 * hung up. */
static void body_lost(struct guard *g)
{
    g->refused = true;
    bufferevent_trigger_event(g->filter, BEV_EVENT_READING | BEV_EVENT_EOF,
                              BEV_OPT_DEFER_CALLBACKS);
}

static void deadline_update(struct guard *g, bool waiting)
{
    if (waiting == (evtimer_pending(g->deadline, NULL) != 0))
        return;
    if (!waiting) {
        evtimer_del(g->deadline);
        return;
    }
    int ms = g->settings->receive_timeout_ms;
    struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
    evtimer_add(g->deadline, &tv);
}

static enum bufferevent_filter_result guard_input(struct evbuffer *src, struct evbuffer *dst,
                                                  ev_ssize_t limit UNUSED,
                                                  enum bufferevent_flush_mode mode UNUSED,
                                                  void *arg)
{
    struct guard *g = arg;
    bool moved = false;
    g->settings->reading = g;
    g->failed_before = loop_failed_allocs();
    g->arriving = true;
    event_active(g->check, EV_TIMEOUT, 0);
    while (!g->refused && evbuffer_get_length(src) > 0) {
        if (g->body_left > 0) {
            size_t n = (size_t)MIN((uint64_t)evbuffer_get_length(src), g->body_left);
            if (!bytes_move(src, dst, n))
                body_lost(g);
            g->body_left -= n;
        } else if (!head_pass(g, src, dst)) {
            break;
        }
        if (g->body_left == 0)
            evtimer_del(g->deadline); /* a whole request: the next one has its own time */
        moved = true;
    }
    if (g->refused)
        evbuffer_drain(src, evbuffer_get_length(src));
    deadline_update(g, g->body_left > 0 || evbuffer_get_length(src) > 0);
    return moved ? BEV_OK : BEV_NEED_MORE;
}

/* --- out ------------------------------------------------------------------------------------- */

static void output_failed(struct guard *g)
{
    bufferevent_trigger_event(g->filter, BEV_EVENT_WRITING | BEV_EVENT_ERROR,
                              BEV_OPT_DEFER_CALLBACKS);
}

static void output_sent(struct guard *g)
{
    bufferevent_trigger(g->filter, EV_WRITE, BEV_OPT_DEFER_CALLBACKS);
}

/* Reads and forgets, until the client has ended, or for long enough. */
static void on_linger(evutil_socket_t fd, short what, void *arg)
{
    struct guard *g = arg;
    static char nowhere[65536];
    ssize_t n = -1;
    if (!(what & EV_TIMEOUT)) {
        do
            n = read(fd, nowhere, sizeof(nowhere));
        while (n < 0 && errno == EINTR);
        g->lingered_bytes += n > 0 ? (uint64_t)n : 0;
    }
    bool more = n > 0 || (n < 0 && !(what & EV_TIMEOUT) && errno == EAGAIN);
    if (more && g->lingered_bytes < LINGER_MAX_BYTES && clock_mono_us() < g->linger_until_us)
        return;
    event_del(g->linger);
    output_sent(g);
}

/* A refused client may still be sending. Closing over bytes that were not read resets the
 * connection: the reply could be lost, and nginx would take us for dead. */
static void linger_start(struct guard *g, evutil_socket_t fd)
{
    struct timeval limit = {.tv_sec = LINGER_S};
    shutdown(fd, SHUT_WR);
    g->linger_until_us = clock_mono_us() + LINGER_S * USEC_PER_SEC;
    g->linger = event_new(g->settings->base, fd, EV_READ | EV_PERSIST, on_linger, g);
    if (!g->linger || event_add(g->linger, &limit) != 0)
        output_sent(g);
}

/* The client is slow: goes on when it has taken some, and gives up when it takes too long. */
static void output_wait(struct guard *g)
{
    int64_t left_us = g->send_by_us - clock_mono_us();
    struct timeval tv = {left_us / USEC_PER_SEC, left_us % USEC_PER_SEC};
    if (left_us <= 0 || event_add(g->writable, &tv) != 0)
        output_failed(g);
}

/* Runs once the turn's replies have been put together, so that head and body leave in one write;
 * and again whenever the socket takes more of a long one. */
static void on_writable(evutil_socket_t fd, short what UNUSED, void *arg)
{
    struct guard *g = arg;
    struct evbuffer *out = bufferevent_get_output(g->filter);
    if (g->send_by_us == 0)
        g->send_by_us = clock_mono_us() + g->settings->send_timeout_ms * USEC_PER_MSEC;
    while (evbuffer_get_length(out) > 0) {
        int n = evbuffer_write(out, fd);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            output_wait(g);
            return;
        }
        if (n <= 0) {
            output_failed(g);
            return;
        }
    }
    g->send_by_us = 0;
    if (g->refused)
        linger_start(g, fd);
    else
        output_sent(g);
}

static enum bufferevent_filter_result
guard_output(struct evbuffer *src UNUSED, struct evbuffer *dst UNUSED, ev_ssize_t limit UNUSED,
             enum bufferevent_flush_mode mode UNUSED, void *arg)
{
    struct guard *g = arg;
    if (!g->writable)
        g->writable =
            event_new(g->settings->base, bufferevent_getfd(g->socket), EV_WRITE, on_writable, g);
    if (!g->writable)
        output_failed(g);
    else if (!event_pending(g->writable, EV_WRITE, NULL))
        event_active(g->writable, EV_WRITE, 0);
    return BEV_NEED_MORE;
}

/* --- life ------------------------------------------------------------------------------------ */

/* The request did not arrive in time. evhttp is told as if the client had hung up, and cleans up.
 */
static void deadline_passed(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
    struct guard *g = arg;
    bufferevent_trigger_event(g->filter, BEV_EVENT_READING | BEV_EVENT_EOF, 0);
}

/* Later in the turn in which evhttp got something. Without memory for it evhttp may wait for ever,
 * or take half for the whole: then the connection ends, as if the client had hung up. */
static void on_check(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
    struct guard *g = arg;
    if (g->arriving && loop_failed_allocs() != g->failed_before)
        bufferevent_trigger_event(g->filter, BEV_EVENT_READING | BEV_EVENT_EOF, 0);
}

bool guard_arrived(struct guard_settings *settings, const struct bufferevent *filter)
{
    struct guard *g = settings->reading;
    if (!g || g->filter != filter)
        return true; /* it had waited behind another one */
    g->arriving = false;
    return loop_failed_allocs() == g->failed_before;
}

void guard_break(struct bufferevent *filter)
{
    struct evbuffer *out = bufferevent_get_output(filter);
    evbuffer_drain(out, evbuffer_get_length(out));
    bufferevent_trigger_event(filter, BEV_EVENT_WRITING | BEV_EVENT_ERROR, BEV_OPT_DEFER_CALLBACKS);
}

void guard_settings_free(struct guard_settings *settings)
{
    settings->orphan = true;
    if (settings->connections == 0)
        mem_free(settings);
}

static void guard_done(void *arg)
{
    struct guard *g = arg;
    struct guard_settings *settings = g->settings;
    if (settings->reading == g)
        settings->reading = NULL;
    event_free(g->check);
    event_free(g->deadline);
    if (g->writable)
        event_free(g->writable);
    if (g->linger)
        event_free(g->linger);
    mem_free(g);
    settings->connections--;
    if (settings->orphan)
        guard_settings_free(settings);
}

struct bufferevent *guard_new(struct guard_settings *settings)
{
    struct guard *g = mem_alloc(sizeof(*g));
    if (!g)
        return NULL;
    g->settings = settings;
    g->over_limit = settings->connections >= settings->max_connections;
    g->check = evtimer_new(settings->base, on_check, g);
    g->deadline = evtimer_new(settings->base, deadline_passed, g);
    g->socket = bufferevent_socket_new(settings->base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (g->check && g->deadline && g->socket)
        g->filter = bufferevent_filter_new(g->socket, guard_input, guard_output,
                                           BEV_OPT_CLOSE_ON_FREE, guard_done, g);
    if (!g->filter) {
        if (g->socket)
            bufferevent_free(g->socket);
        if (g->deadline)
            event_free(g->deadline);
        if (g->check)
            event_free(g->check);
        mem_free(g);
        return NULL;
    }
    bufferevent_setwatermark(g->filter, EV_READ, 0, READ_AHEAD_BYTES + settings->max_body_bytes);
    settings->connections++;
    return g->filter;
}

enum err guard_refusal(const struct guard_settings *settings, const char *target)
{
    size_t n = strlen(settings->nonce);
    if (target[0] != '/' || strncmp(target + 1, settings->nonce, n) != 0 || target[n + 1] != '/')
        return ERR_OK;
    return err_from_code(target + n + 2);
}
