/* The HTTP/1.1 server of a service, on evhttp, which is named only in http/server.c and guard.c.
 *
 * An exchange is one request and its one reply on a connection. The handler is called with a
 * complete request; the reply may come at once or much later. When the connection dies meanwhile
 * the exchange stays valid and the reply goes nowhere, so nobody has to be told. */
#ifndef COMMON_HTTP_SERVER_H
#define COMMON_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/str.h"

struct http_server;
struct http_exchange;

struct http_server_options {
    int fd; /* a listening socket; the server owns it from http_server_new() on */
    unsigned max_connections;
    uint64_t max_body_bytes;
    int idle_timeout_s;     /* of a connection between two requests */
    int receive_timeout_ms; /* for one whole request to arrive, however slowly it drips */
    int send_timeout_ms;    /* for one whole reply to be taken, however slowly */
};

/* Called once a request. When `refused` is not ERR_OK the request was not fit to be read (see
 * http_head.h) and the exchange has no method, path or headers but perhaps X-Request-Id: reply with
 * that error. */
typedef void http_handler_fn(void *owner, struct http_exchange *x, enum err refused);

MUSTCHECK
struct http_server *http_server_new(struct loop *l, const struct http_server_options *options,
                                    http_handler_fn *handler, void *owner);
/* From now on every reply closes its connection. */
void http_server_drain(struct http_server *s);
/* Stops accepting; connections stay. */
void http_server_close_listener(struct http_server *s);
/* Closes every connection; exchanges stay valid until they are answered. */
void http_server_free(struct http_server *s);
unsigned http_server_connections(const struct http_server *s);

/* Borrowed until the reply. */
const char *http_exchange_method(const struct http_exchange *x); /* "GET" */
const char *http_exchange_target(const struct http_exchange *x); /* path and query, as sent */
const char *http_exchange_header(const struct http_exchange *x, const char *name); /* or NULL */
struct str http_exchange_body(const struct http_exchange *x);
const char *http_exchange_peer(const struct http_exchange *x); /* numeric address */

struct http_header {
    const char *name, *value;
};

struct http_reply {
    int status;
    const char *content_type; /* NULL: no body */
    struct str body;          /* copied */
    const struct http_header *headers;
    size_t n_headers;
    bool close;
};

/* Sends the reply and frees the exchange. */
void http_exchange_reply(struct http_exchange *x, const struct http_reply *reply);

#endif
