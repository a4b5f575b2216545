/* Between the files of the HTTP client: a call in flight, and one try of it. */
#ifndef HTTP_CLIENT_PRIV_H
#define HTTP_CLIENT_PRIV_H

#include <sys/queue.h>

#include <curl/curl.h>

#include "client_breaker.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/http_client.h"

#define ORIGIN_SIZE 300 /* "https://host:port" */
#define HEAD_MAX_BYTES 16384

/* Whom the breaker is about. */
struct peer {
    char origin[ORIGIN_SIZE];
    struct breaker breaker;
    unsigned calls; /* that point here */
    int64_t used_us;
};

/* The answer, and the headers that http_answer_header() looks in. */
struct reply {
    struct http_answer pub; /* first: found again by its address */
    struct buf head;        /* name NUL value NUL, and so on */
    struct buf body;
};

/* Lives in an arena of its own. */
struct call {
    LIST_ENTRY(call) link;
    struct arena *arena;
    struct http_client *client;
    http_client_done_fn *done;
    void *owner;
    uint64_t id;

    struct http_call req; /* copied */
    int64_t deadline_us;
    struct peer *peer; /* NULL: there are too many, this one has no breaker */
    struct loop_timer *timer;
    CURL *easy;
    struct curl_slist *headers;
    bool running; /* in the multi handle */
    bool refused; /* an address in this try, which is not public */

    struct reply reply;
    enum err e; /* of the last try */
    char error[CURL_ERROR_SIZE];
};

struct client_setup {
    const char *user_agent;
    const char *ca_file;
    bool allow_http;
    size_t max_reply_bytes;
};

/* ERR_INVALID unless the call can be sent as it is written. ret_origin is for the breaker. */
MUSTCHECK enum err try_check(const struct http_call *call, bool allow_http,
                             char ret_origin[ORIGIN_SIZE]);
/* Sets up c->easy; c->req is filled. */
MUSTCHECK enum err try_prepare(struct call *c, const struct client_setup *setup);
/* Before each try: forgets the last answer, gives curl the time that is left. */
MUSTCHECK enum err try_begin(struct call *c, int64_t now_us);
/* After it: fills c->e and c->reply.pub. */
void try_end(struct call *c, CURLcode rc, int64_t now_us);

/* After try_end(): what the breaker learns, and whether another try is allowed. */
enum breaker_outcome try_outcome(const struct call *c);
bool try_may_repeat(const struct call *c, CURLcode rc);

#endif
