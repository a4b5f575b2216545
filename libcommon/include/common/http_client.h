/* HTTP calls to others, on libcurl's multi interface, which is named only here and in mail.h's
 * implementation.
 *
 * TLS is always verified, redirects are not followed, only the schemes of the options are spoken,
 * the answer is bounded. One deadline covers all tries. Retried are: failures before the request
 * was sent, and, when the call is idempotent, timeouts, 429 and 5xx; with full-jitter exponential
 * backoff, never before the Retry-After that the peer gave. A peer (scheme, host, port) that keeps
 * failing is cut off by a circuit breaker: calls fail at once with ERR_UNAVAILABLE until a probe
 * succeeds. With public_only the address is looked at that is connected to, not the one that a name
 * had a moment before. */
#ifndef COMMON_HTTP_CLIENT_H
#define COMMON_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/str.h"

struct http_client;

struct http_client_options {
    const char *user_agent;
    const char *ca_file;    /* NULL: the system's */
    bool allow_http;        /* plain http, for peers in our own network */
    unsigned max_in_flight; /* then ERR_BUSY */
    size_t max_reply_bytes;
    int breaker_failures; /* in a row, to open; 0: 5 */
    int breaker_open_ms;  /* before a probe; 0: 5000 */
};

MUSTCHECK struct http_client *http_client_new(struct loop *l,
                                              const struct http_client_options *options);
/* Calls in flight get ERR_UNAVAILABLE, in this call. */
void http_client_free(struct http_client *c);

struct http_call {
    const char *method;
    const char *url;
    const char *const *headers; /* "Name: value", n_headers of them */
    size_t n_headers;
    struct str body;
    bool idempotent;  /* may be sent twice: a GET, or a POST with an idempotency key */
    bool public_only; /* for a URL that others have named: to no address of our own networks */
    int deadline_ms;  /* for all tries */
    int max_tries;    /* 0: 3 */
};

struct http_answer {
    int status; /* of the last try; 0 when there was no answer */
    const char *body;
    size_t body_len;
    int tries;
    int64_t retry_after_s; /* as the peer said, or 0 */
    const char *why;       /* when e is not ERR_OK: a sentence for the log */
};

/* The header of the answer, or NULL. Only inside the callback. */
const char *http_answer_header(const struct http_answer *answer, const char *name);

/* Called once, in a later turn; the answer lives during the call. e is ERR_OK for any HTTP status
 * that was received at the end, ERR_TIMEOUT, ERR_UNAVAILABLE (no connection, breaker open),
 * ERR_PEER (not HTTP, TLS failed), ERR_TOO_LARGE, ERR_INVALID (public_only, and the host's name
 * leads to addresses that are not public). */
typedef void http_client_done_fn(void *owner, uint64_t id, enum err e,
                                 const struct http_answer *answer);

/* call is copied. On an error here done is not called. */
MUSTCHECK enum err http_client_send(struct http_client *c, const struct http_call *call,
                                    http_client_done_fn *done, void *owner, uint64_t id);
size_t http_client_busy(const struct http_client *c);

#endif
