/* Curl's multi interface on the event loop. Owns the multi handle and an event for each socket that
 * curl waits for; the easy handles are their callers'.
 *
 * A socket that libevent has no memory for is left alone: reporting that to curl would end every
 * transfer there is, now and later; so only this one ends, at its own timeout. */
#include "client_loop.h"

#include <stdbool.h>

#include <event2/event.h>

#include "common/mem.h"

struct client_loop {
    CURLM *multi;
    struct event_base *base;
    struct loop_timer *timer;
    client_loop_done_fn *done;
    bool *freed; /* set when freed inside deliver(), where this points */
};

static void deliver(struct client_loop *cl)
{
    bool freed = false;
    CURLMsg *m;
    int left;

    cl->freed = &freed;
    while ((m = curl_multi_info_read(cl->multi, &left))) {
        CURLcode rc = m->data.result;
        CURL *easy = m->easy_handle;
        char *arg = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &arg);
        curl_multi_remove_handle(cl->multi, easy);
        cl->done(arg, rc);
        if (freed)
            return;
    }
    cl->freed = NULL;
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct client_loop *cl = arg;
    int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;

    curl_multi_socket_action(cl->multi, fd, flags, &running);
    deliver(cl);
}

static void on_timer(void *arg)
{
    struct client_loop *cl = arg;
    int running;

    curl_multi_socket_action(cl->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    deliver(cl);
}

/* Curl wants another wait for a socket. event is what an earlier call here assigned, or NULL. */
static int on_socket_change(CURL *easy UNUSED, curl_socket_t fd, int what, void *arg, void *event)
{
    struct client_loop *cl = arg;
    struct event *ev = event;
    short flags = EV_PERSIST;

    if (ev)
        event_del(ev);
    if (what == CURL_POLL_REMOVE) {
        if (ev)
            event_free(ev);
        curl_multi_assign(cl->multi, fd, NULL);
        return 0;
    }
    if (what != CURL_POLL_OUT)
        flags |= EV_READ;
    if (what != CURL_POLL_IN)
        flags |= EV_WRITE;
    if (ev)
        event_assign(ev, cl->base, fd, flags, on_socket, cl);
    else
        ev = event_new(cl->base, fd, flags, on_socket, cl);
    curl_multi_assign(cl->multi, fd, ev);
    if (ev)
        event_add(ev, NULL);
    return 0;
}

static int on_timer_change(CURLM *multi UNUSED, long delay_ms, void *arg)
{
    struct client_loop *cl = arg;

    if (delay_ms < 0)
        loop_timer_cancel(cl->timer);
    else
        loop_timer_set(cl->timer, delay_ms);
    return 0;
}

void client_loop_free(struct client_loop *cl)
{
    if (!cl)
        return;
    if (cl->freed)
        *cl->freed = true;
    curl_multi_cleanup(cl->multi);
    loop_timer_free(cl->timer);
    curl_global_cleanup();
    mem_free(cl);
}

struct client_loop *client_loop_new(struct loop *l, client_loop_done_fn *done,
                                    unsigned max_connections)
{
    struct client_loop *cl = mem_alloc(sizeof *cl);

    if (!cl)
        return NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) { /* counted: may be called often */
        mem_free(cl);
        return NULL;
    }
    cl->base = loop_base(l);
    cl->done = done;
    cl->timer = loop_timer_new(l, on_timer, cl);
    cl->multi = curl_multi_init();
    if (!cl->timer || !cl->multi) {
        client_loop_free(cl);
        return NULL;
    }
    curl_multi_setopt(cl->multi, CURLMOPT_SOCKETFUNCTION, on_socket_change);
    curl_multi_setopt(cl->multi, CURLMOPT_SOCKETDATA, cl);
    curl_multi_setopt(cl->multi, CURLMOPT_TIMERFUNCTION, on_timer_change);
    curl_multi_setopt(cl->multi, CURLMOPT_TIMERDATA, cl);
    curl_multi_setopt(cl->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)max_connections);
    curl_multi_setopt(cl->multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
    return cl;
}

enum err client_loop_add(struct client_loop *cl, CURL *easy)
{
    return curl_multi_add_handle(cl->multi, easy) == CURLM_OK ? ERR_OK : ERR_NO_MEMORY;
}

void client_loop_remove(struct client_loop *cl, CURL *easy)
{
    curl_multi_remove_handle(cl->multi, easy);
}
