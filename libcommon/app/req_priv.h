/* The runner's side of a request. Private to app/. */
#ifndef APP_REQ_PRIV_H
#define APP_REQ_PRIV_H

#include "app.h"
#include "common/field.h"
#include "rates.h"

#define REPLY_MAX_HEADERS 16
#define PROBLEM_MAX_MEMBERS 4
#define QUERY_MAX_PARAMS 20

struct query_value {
    const char *name, *value;
};

/* Which list of steps the request is in. */
enum stage { STAGE_ADMISSION, STAGE_ROUTE, STAGE_KEY, STAGE_REPLAY };

struct reqx {
    struct req r; /* first: a struct req * is a struct reqx * */
    enum stage stage;
    const struct step *at;   /* the row that runs, or that waits */
    const struct step *jump; /* set by req_goto() */
    enum err catching;       /* the error whose CATCH rows are running */
    bool waiting;
    bool done;        /* the reply is set or sent */
    bool head;        /* HEAD: no body goes out */
    bool bus_changed; /* something was written that consumers want to know of */
    bool key_asked;   /* a statement has looked at the idempotency key */
    unsigned pins;    /* operations on other threads that use the arena */
    enum err err;     /* of the failure, ERR_OK before */
    const char *detail;
    const char *note;
    struct field_issues issues, caught_issues;
    struct http_header members[PROBLEM_MAX_MEMBERS]; /* extension members of the problem */
    size_t n_members;

    struct query_value query[QUERY_MAX_PARAMS];
    size_t n_query;
    int limit;
    const char *cursor;
    const char *sql_ctx;
    const char *fingerprint;
    struct limit *rate_limit; /* what it is counted against, and under which name; NULL: nothing */
    const char *rate_subject;
    char rate_headers[3][24];

    int status; /* of the reply; 0: none yet */
    const char *content_type;
    struct str body;
    struct http_header headers[REPLY_MAX_HEADERS];
    size_t n_headers;

    struct loop_timer *deadline;
    int64_t started_us; /* monotonic */
};

static inline struct reqx *reqx_of(struct req *r)
{
    return CONTAINER_OF(r, struct reqx, r);
}

static inline const struct reqx *reqx_of_const(const struct req *r)
{
    return (const struct reqx *)(const void *)r;
}

/* steps.c */
void req_run(struct reqx *x);                  /* from x->at on */
void req_resume(struct svc *svc, uint64_t id); /* an operation of that request has ended */
struct reqx *req_find(struct svc *svc, uint64_t id);
/* An operation ended in failure: as if the waiting step had failed. */
void req_resume_failed(struct reqx *x);

/* finish.c: the reply goes out, the request ends. */
void req_finish(struct reqx *x);
void req_problem_send(struct http_exchange *x, enum err e, const char *request_id);
void req_release(struct reqx *x); /* after the last pin */

/* admit.c: what every request passes before its route's own steps. */
extern const struct step admission[];

/* ops.c: replay of a stored reply, and whether there is one to a refused request, as steps. */
extern const struct step replay[], key_ask[];

#endif
