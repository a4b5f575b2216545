/* A service is a table: its routes. One row says method, path, who may call, how often, what the
 * body and the query are, which steps answer it, and a sentence of prose. Dispatch, authorisation,
 * validation, OpenAPI, metrics labels and the authorisation test all read these rows. */
#ifndef COMMON_ROUTE_H
#define COMMON_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "common/field.h"
#include "common/ratelimit.h"
#include "common/token.h"

struct req;

enum http_method { GET, POST, PUT, PATCH, DELETE, HTTP_METHOD_MAX };

const char *http_method_name(enum http_method m);

enum auth {
    AUTH_PUBLIC,   /* nobody is asked; a token that is sent is still checked */
    AUTH_USER,     /* signed in, with the row's permission in any scope */
    AUTH_INTERNAL, /* not reachable through nginx: health, metrics */
};

enum route_flag {
    ROUTE_KEY = 1 << 0,           /* takes Idempotency-Key; the write stores its reply */
    ROUTE_KEY_REQUIRED = 1 << 1,  /* and demands it */
    ROUTE_IF_MATCH = 1 << 2,      /* demands If-Match */
    ROUTE_LIST = 1 << 3,          /* replies {items, next_cursor, limit}; takes limit and cursor */
    ROUTE_RAW_BODY = 1 << 4,      /* the steps read req_body() themselves */
    ROUTE_SLOW = 1 << 5,          /* left out of the duration alarm */
    ROUTE_OPTIONAL_BODY = 1 << 6, /* an empty body is an empty object */
    ROUTE_LINK = 1 << 7,          /* also for who has the link of a mail: see r->link */
};

/* What a step tells the runner. */
enum step_rc {
    STEP_NEXT, /* go on with the next row */
    STEP_WAIT, /* exactly one operation was started; its completion resumes after this row */
    STEP_DONE, /* the reply is set */
    STEP_FAIL, /* req_fail() was called */
};

typedef enum step_rc step_fn(struct req *r);

/* A handler: rows that read top to bottom like blocking code. CATCH rows stand at the end and are
 * passed over, unless a row before them failed with that error: then the story goes on with the
 * CATCH rows for it, in order, until one replies, fails, or goes back with req_goto(). They find
 * the error in r->caught. */
struct step {
    step_fn *fn;
    const char *name;
    enum err catches; /* ERR_OK: an ordinary row */
};

#define STEP(function)                      \
    {                                       \
        .fn = (function), .name = #function \
    }
#define CATCH(error, function)                                  \
    {                                                           \
        .fn = (function), .name = #function, .catches = (error) \
    }
#define STEP_END   \
    {              \
        .fn = NULL \
    }

struct route {
    enum http_method method;
    const char *path; /* "/api/v1/bookings/{id}": {id} and {x_id} are UUIDs, other names slugs */
    const char *name; /* of the operation: booking_get; unique, label of the metrics */
    const char *summary;
    enum auth auth;
    enum perm perm; /* PERM_NONE: any signed-in caller */
    enum tier tier;
    unsigned flags;
    const struct field_table *query;
    const struct field_table *in;
    const struct field_table *out; /* of one object, or of the items of a list; NULL: no body */
    const char *media;             /* of a body that is not JSON: "text/csv"; else NULL */
    int status;                    /* of success: 0 is 200 */
    const enum err *errors;        /* the route's own ones beside the usual, ends with ERR_OK */
    const char *feature;           /* feature flag that must be on, or NULL */
    int deadline_ms;               /* 0: 30 s */
    size_t ctx_bytes;              /* of the struct that r->ctx points at */
    const struct step *steps;
};

#endif
