/* The filter in front of evhttp: lets only strictly framed requests through. Private to http/. */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define GUARD_NONCE_SIZE 33

struct guard;

struct guard_settings {
    struct event_base *base;
    uint64_t max_body_bytes;
    int receive_timeout_ms, send_timeout_ms;
    unsigned max_connections;
    unsigned connections;         /* alive now; the guard counts */
    struct guard *reading;        /* whose bytes evhttp has last got */
    bool orphan;                  /* the server is gone: the last connection frees this */
    char nonce[GUARD_NONCE_SIZE]; /* unguessable: marks the requests that the guard makes up */
};

/* libevent finishes a connection's filter in a later loop turn than evhttp_free(), so the settings
 * live on the heap until the last filter is gone. */
void guard_settings_free(struct guard_settings *settings);

/* A bufferevent without a socket yet, for evhttp_set_bevcb(); NULL when out of memory. */
struct bufferevent *guard_new(struct guard_settings *settings);

/* evhttp has a request of that connection. False when it lacked memory meanwhile: parts may be
 * missing. */
bool guard_arrived(struct guard_settings *settings, const struct bufferevent *filter);

/* Closes the connection without what has been put out for it. */
void guard_break(struct bufferevent *filter);

/* The refusal that a request target stands for, or ERR_OK for an ordinary one. */
enum err guard_refusal(const struct guard_settings *settings, const char *target);

#endif
