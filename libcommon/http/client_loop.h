/* Curl's multi interface on the event loop: sockets and the timer go to libevent, what ends comes
 * back through a function. */
#ifndef HTTP_CLIENT_LOOP_H
#define HTTP_CLIENT_LOOP_H

#include <curl/curl.h>

#include "common/loop.h"

struct client_loop;

/* arg is the CURLOPT_PRIVATE of a handle that ended; it has been removed. May call anything here,
 * client_loop_free() too. */
typedef void client_loop_done_fn(void *arg, CURLcode rc);

MUSTCHECK struct client_loop *client_loop_new(struct loop *l, client_loop_done_fn *done,
                                              unsigned max_connections);
/* No handle may be in it any more. */
void client_loop_free(struct client_loop *cl);

/* done follows in a later turn. */
MUSTCHECK enum err client_loop_add(struct client_loop *cl, CURL *easy);
/* Ends it before its time; done is not called. */
void client_loop_remove(struct client_loop *cl, CURL *easy);

#endif
