/* The server on evhttp: see http_server.h. What arrives has passed the guard (guard.c).
 *
 * Who owns the evhttp_request: evhttp, until our reply; when its connection dies first, evhttp cuts
 * it loose (its connection reads as NULL) and evhttp_send_reply() frees it. Only evhttp_free()
 * frees requests under us, so http_server_free() takes them away from their exchanges first. Nobody
 * else frees anything of evhttp's (libevent issues 997 and 68). */
#include "common/http_server.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sys/queue.h>

#include "common/encode.h"
#include "common/http_head.h"
#include "common/mem.h"
#include "common/rng.h"
#include "guard.h"

struct http_exchange {
    TAILQ_ENTRY(http_exchange) link;
    struct http_server *server;
    struct evhttp_request *evreq; /* NULL once the server is gone */
    char peer[46];                /* INET6_ADDRSTRLEN */
};

struct http_server {
    struct evhttp *evhttp;
    struct evhttp_bound_socket *bound;
    http_handler_fn *handler;
    void *owner;
    struct guard_settings *guard;
    bool draining;
    TAILQ_HEAD(, http_exchange) exchanges;
};

static const char *method_name(enum evhttp_cmd_type type)
{
    switch (type) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_HEAD:
        return "HEAD";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    case EVHTTP_REQ_OPTIONS:
        return "OPTIONS";
    case EVHTTP_REQ_PATCH:
        return "PATCH";
    case EVHTTP_REQ_TRACE:
    case EVHTTP_REQ_CONNECT:
        break;
    }
    return "?";
}

/* Evidence that the connection has its guard: without memory evhttp makes a bare one instead. */
static bool is_guarded(struct evhttp_request *evreq)
{
    struct evhttp_connection *conn = evhttp_request_get_connection(evreq);
    struct bufferevent *bev = conn ? evhttp_connection_get_bufferevent(conn) : NULL;
    return bev && bufferevent_get_underlying(bev);
}

/* Whether all of it is here, the body in one piece. */
static bool is_whole(struct http_server *s, struct evhttp_request *evreq)
{
    struct evhttp_connection *conn = evhttp_request_get_connection(evreq);
    struct evbuffer *in = evhttp_request_get_input_buffer(evreq);
    bool arrived = !conn || guard_arrived(s->guard, evhttp_connection_get_bufferevent(conn));
    return arrived && (evbuffer_get_length(in) == 0 || evbuffer_pullup(in, -1));
}

static void on_request(struct evhttp_request *evreq, void *arg)
{
    struct http_server *s = arg;
    bool ours = is_guarded(evreq) && is_whole(s, evreq);
    struct http_exchange *x = mem_alloc(sizeof(*x));
    if (!x) {
        struct evhttp_connection *conn = evhttp_request_get_connection(evreq);
        evhttp_send_error(evreq, HTTP_SERVUNAVAIL, NULL);
        if (conn)
            guard_break(evhttp_connection_get_bufferevent(conn));
        return;
    }
    x->server = s;
    x->evreq = evreq;
    TAILQ_INSERT_TAIL(&s->exchanges, x, link);

    char *address = NULL;
    ev_uint16_t port = 0;
    struct evhttp_connection *conn = evhttp_request_get_connection(evreq);
    if (conn)
        evhttp_connection_get_peer(conn, &address, &port);
    if (address && str_copy(x->peer, sizeof(x->peer), str_of(address)) != ERR_OK)
        x->peer[0] = '\0';

    const char *target = evhttp_request_get_uri(evreq);
    enum err refused = ours ? guard_refusal(s->guard, target) : ERR_NO_MEMORY;
    s->handler(s->owner, x, refused);
}

static struct bufferevent *on_connection(struct event_base *base UNUSED, void *arg)
{
    return guard_new(arg);
}

static struct guard_settings *guard_settings_new(struct loop *l,
                                                 const struct http_server_options *options)
{
    struct guard_settings *g = mem_alloc(sizeof(*g));
    if (!g)
        return NULL;
    g->base = loop_base(l);
    g->max_body_bytes = options->max_body_bytes;
    g->receive_timeout_ms = options->receive_timeout_ms;
    g->send_timeout_ms = options->send_timeout_ms;
    g->max_connections = options->max_connections;
    uint8_t nonce[(GUARD_NONCE_SIZE - 1) / 2];
    rng_bytes(nonce, sizeof(nonce));
    hex_encode(nonce, sizeof(nonce), g->nonce);
    return g;
}

static void evhttp_setup(struct http_server *s, const struct http_server_options *options)
{
    evhttp_set_bevcb(s->evhttp, on_connection, s->guard);
    evhttp_set_gencb(s->evhttp, on_request, s);
    evhttp_set_timeout(s->evhttp, options->idle_timeout_s);
    /* The guard has the limits; these are the second fence, a little wider. */
    evhttp_set_max_headers_size(s->evhttp, (ev_ssize_t)2 * HTTP_HEAD_MAX_BYTES);
    evhttp_set_max_body_size(s->evhttp, (ev_ssize_t)options->max_body_bytes + 1024);
    evhttp_set_allowed_methods(s->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                              EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                              EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
}

struct http_server *http_server_new(struct loop *l, const struct http_server_options *options,
                                    http_handler_fn *handler, void *owner)
{
    struct http_server *s = mem_alloc(sizeof(*s));
    if (!s)
        return NULL;
    TAILQ_INIT(&s->exchanges);
    s->handler = handler;
    s->owner = owner;
    s->guard = guard_settings_new(l, options);
    s->evhttp = s->guard ? evhttp_new(loop_base(l)) : NULL;
    if (s->evhttp) {
        evhttp_setup(s, options);
        s->bound = evhttp_accept_socket_with_handle(s->evhttp, options->fd);
    }
    if (!s->bound) {
        http_server_free(s);
        return NULL;
    }
    return s;
}

void http_server_drain(struct http_server *s)
{
    s->draining = true;
}

void http_server_close_listener(struct http_server *s)
{
    if (s->bound)
        evhttp_del_accept_socket(s->evhttp, s->bound);
    s->bound = NULL;
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    struct http_exchange *x;
    while ((x = TAILQ_FIRST(&s->exchanges))) {
        if (x->evreq && !evhttp_request_get_connection(x->evreq))
            evhttp_request_free(x->evreq);
        x->evreq = NULL;
        x->server = NULL;
        TAILQ_REMOVE(&s->exchanges, x, link);
    }
    if (s->evhttp)
        evhttp_free(s->evhttp);
    if (s->guard)
        guard_settings_free(s->guard);
    mem_free(s);
}

unsigned http_server_connections(const struct http_server *s)
{
    return s->guard->connections;
}

const char *http_exchange_method(const struct http_exchange *x)
{
    return method_name(evhttp_request_get_command(x->evreq));
}

const char *http_exchange_target(const struct http_exchange *x)
{
    return evhttp_request_get_uri(x->evreq);
}

const char *http_exchange_header(const struct http_exchange *x, const char *name)
{
    return x->evreq ? evhttp_find_header(evhttp_request_get_input_headers(x->evreq), name) : NULL;
}

struct str http_exchange_body(const struct http_exchange *x)
{
    struct evbuffer *in = x->evreq ? evhttp_request_get_input_buffer(x->evreq) : NULL;
    size_t n = in ? evbuffer_get_length(in) : 0;
    const unsigned char *p = n ? evbuffer_pullup(in, -1) : NULL;
    return p ? (struct str){(const char *)p, n} : (struct str){"", 0};
}

const char *http_exchange_peer(const struct http_exchange *x)
{
    return x->peer;
}

/* evhttp enables writing only after it has put the reply out, and a filter does not look at its
 * output when that happens: it has to be told. Nothing is written in this call. */
static void reply_flush(struct evhttp_connection *conn)
{
    bufferevent_flush(evhttp_connection_get_bufferevent(conn), EV_WRITE, BEV_NORMAL);
}

static void reply_headers(struct evhttp_request *evreq, const struct http_reply *reply,
                          bool draining)
{
    /* Fails only without memory, which the caller sees. */
    struct evkeyvalq *headers = evhttp_request_get_output_headers(evreq);
    for (size_t i = 0; i < reply->n_headers; i++)
        evhttp_add_header(headers, reply->headers[i].name, reply->headers[i].value);
    if (reply->content_type)
        evhttp_add_header(headers, "Content-Type", reply->content_type);
    if (reply->close || draining)
        evhttp_add_header(headers, "Connection", "close");
    if (draining) /* nginx/balancer.lua goes elsewhere from here on */
        evhttp_add_header(headers, "X-Draining", "1");
}

void http_exchange_reply(struct http_exchange *x, const struct http_reply *reply)
{
    struct http_server *s = x->server;
    struct evhttp_request *evreq = x->evreq;
    if (s)
        TAILQ_REMOVE(&s->exchanges, x, link);
    mem_free(x);
    if (!s || !evreq)
        return; /* both are NULL once the server is gone */
    struct evhttp_connection *conn = evhttp_request_get_connection(evreq);
    uint64_t failed_before = loop_failed_allocs();
    reply_headers(evreq, reply, s->draining);
    struct evbuffer *body = evhttp_request_get_output_buffer(evreq);
    if (reply->body.n && evbuffer_add(body, reply->body.p, reply->body.n) != 0)
        evhttp_send_error(evreq, HTTP_SERVUNAVAIL, NULL);
    else
        evhttp_send_reply(evreq, reply->status, NULL, NULL);
    if (!conn)
        return;
    if (loop_failed_allocs() == failed_before)
        reply_flush(conn);
    else /* something of it is missing, be it the status or a header */
        guard_break(evhttp_connection_get_bufferevent(conn));
}
