/* A strict reading of an HTTP/1.1 request head (RFC 9112), before evhttp sees it.
 *
 * evhttp forgives what peers disagree on: bare LF, two Content-Length headers, `+5`, spaces before
 * the colon, folding, NUL. Each is a way to smuggle a request past nginx. Here anything that the
 * grammar does not plainly allow is refused. Transfer-Encoding is refused altogether: nginx
 * re-frames every body with Content-Length before it reaches a service. */
#ifndef COMMON_HTTP_HEAD_H
#define COMMON_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"

#define HTTP_HEAD_MAX_BYTES 16384
#define HTTP_HEAD_MAX_FIELDS 64
#define HTTP_REQUEST_ID_MAX 64

/* The length of the head at the start of data, with its empty line; 0 when it is not complete yet.
 * *scanned remembers between calls how far was looked (start with 0). */
size_t http_head_end(const char *data, size_t n, size_t *scanned);

struct http_head {
    uint64_t content_length; /* of the body that follows */
};

/* Checks one complete head. max_body is the largest Content-Length.
 *   ERR_MALFORMED, ERR_METHOD_NOT_ALLOWED, ERR_HEADERS_TOO_LARGE, ERR_LENGTH_REQUIRED,
 *   ERR_TOO_LARGE, ERR_EXPECTATION_FAILED: the reply to give; the connection has to be closed
 * then. */
MUSTCHECK
enum err http_head_check(struct str head, uint64_t max_body, struct http_head *ret_head);

/* 8 to 64 letters, digits and hyphens. */
bool http_is_request_id(struct str text);
/* The value of the first X-Request-Id in a head of any kind, also one that is not complete or not
 * fit to be read, so that a refusal has the id that nginx logs. Empty when there is none. */
struct str http_head_request_id(struct str head);

#endif
