/* Names are looked up with libevent's evdns, one look-up a name at a time, however many ask.
 *
 * The servers are read from resolv.conf when a look-up starts and none is running, and closed when
 * the last one ends: so a changed file is followed, each look-up has source ports of its own, and
 * libevent's idea of which servers are down does not outlive it.
 *
 * The surprise: a look-up that is given up still calls back, a turn later. So libevent's part is
 * freed a turn after dns_free(), which loop_free() sees to at the latest. */
#include "common/dns.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/dns.h>
#include <event2/util.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/str.h"

#define MAX_NAMES 64
#define HOST_SIZE 254 /* RFC 1035, with a NUL */
#define TICK_MS 100
#define LOOK_US (2 * USEC_PER_SEC)
#define KEEP_US (2 * USEC_PER_SEC)
#define STALE_US (600 * USEC_PER_SEC)
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000

struct name {
    TAILQ_ENTRY(name) link;
    struct dns *dns;
    bool looking;
    struct evdns_getaddrinfo_request *request; /* to give up with; NULL when that is done */
    unsigned n_waiters;
    enum err err;             /* the last result */
    int64_t since_us;         /* looking: since then. All times here are monotonic. */
    int64_t until_us;         /* not looking: the result holds until then */
    int64_t good_us;          /* when there was an answer; 0: never */
    struct dns_answer answer; /* of then */
    unsigned failures;        /* since then */
    char host[HOST_SIZE];
};

struct waiter {
    TAILQ_ENTRY(waiter) link;
    struct name *name;
    dns_done_fn *done;
    void *owner;
    uint64_t id;
};
TAILQ_HEAD(waiters, waiter);

struct dns {
    struct evdns_base *base;
    struct loop_timer *tell, *tick;
    TAILQ_HEAD(names, name) names; /* the one that was asked for last comes last */
    size_t n_names, n_looking;
    struct waiters waiting, telling;
    char *resolv_conf;
    bool closed;
};

/* --- names ---------------------------------------------------------------------------------- */

static void name_free(struct name *n)
{
    TAILQ_REMOVE(&n->dns->names, n, link);
    n->dns->n_names--;
    mem_free(n);
}

/* Makes room for one more by forgetting the one that nobody has asked for the longest. */
static bool names_have_room(struct dns *d)
{
    if (d->n_names < MAX_NAMES)
        return true;
    struct name *n = TAILQ_FIRST(&d->names);
    while (n && (n->looking || n->n_waiters > 0))
        n = TAILQ_NEXT(n, link);
    if (n)
        name_free(n);
    return n != NULL;
}

static bool is_address(const char *host)
{
    unsigned char bytes[16];
    return evutil_inet_pton(AF_INET, host, bytes) == 1 ||
           evutil_inet_pton(AF_INET6, host, bytes) == 1;
}

static enum err name_new(struct dns *d, const char *host, struct name **ret_name)
{
    if (!names_have_room(d))
        return ERR_BUSY;
    struct name *n = mem_alloc(sizeof *n);
    if (!n)
        return ERR_NO_MEMORY;
    if (str_copy(n->host, sizeof n->host, str_of(host)) != ERR_OK || !n->host[0]) {
        mem_free(n);
        return ERR_INVALID;
    }
    n->dns = d;
    if (is_address(host) &&
        str_copy(n->answer.addresses[0], DNS_ADDRESS_SIZE, str_of(host)) == ERR_OK) {
        n->answer.n = 1;
        n->until_us = INT64_MAX;
    }
    TAILQ_INSERT_TAIL(&d->names, n, link);
    d->n_names++;
    *ret_name = n;
    return ERR_OK;
}

static enum err name_get(struct dns *d, const char *host, struct name **ret_name)
{
    struct name *n = TAILQ_FIRST(&d->names);
    while (n && strcmp(n->host, host) != 0)
        n = TAILQ_NEXT(n, link);
    if (!n)
        return name_new(d, host, ret_name);
    TAILQ_REMOVE(&d->names, n, link);
    TAILQ_INSERT_TAIL(&d->names, n, link);
    *ret_name = n;
    return ERR_OK;
}

static void dns_release(struct dns *d)
{
    if (d->base)
        evdns_base_free(d->base, /* fail_requests= */ 0);
    while (!TAILQ_EMPTY(&d->names))
        name_free(TAILQ_FIRST(&d->names));
    loop_timer_free(d->tell);
    loop_timer_free(d->tick);
    mem_free(d->resolv_conf);
    mem_free(d);
}

/* --- looking up ----------------------------------------------------------------------------- */

/* A server has 1.6 s in all, and after two losses the next one is asked. IPv6 may be 200 ms later
 * than IPv4, or the other way round. */
static void servers_open(struct dns *d)
{
    static const char *const options[][2] = {{"timeout:", "0.4"},
                                             {"attempts:", "4"},
                                             {"max-timeouts:", "1"},
                                             {"getaddrinfo-allow-skew:", "0.2"}};
    evdns_base_search_clear(d->base);
    evdns_base_clear_host_addresses(d->base);
    /* Without a file there is a server on this machine, or none. */
    (void)evdns_base_resolv_conf_parse(d->base, DNS_OPTIONS_ALL, d->resolv_conf);
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        (void)evdns_base_set_option(d->base, options[i][0], options[i][1]);
    evdns_base_resume(d->base);
}

static void servers_close(struct dns *d)
{
    evdns_base_clear_nameservers_and_suspend(d->base);
}

static void answer_read(const struct evutil_addrinfo *list, struct dns_answer *ret_answer)
{
    struct dns_answer a = {.n = 0};
    for (; list && a.n < DNS_MAX_ADDRESSES; list = list->ai_next) {
        const void *bytes =
            list->ai_family == AF_INET
                ? (const void *)&((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr
                : (const void *)&((struct sockaddr_in6 *)(void *)list->ai_addr)->sin6_addr;
        if (evutil_inet_ntop(list->ai_family, bytes, a.addresses[a.n], DNS_ADDRESS_SIZE))
            a.n++;
    }
    *ret_answer = a;
}

static enum err err_of(int rc)
{
    switch (rc) {
    case EVUTIL_EAI_NONAME:
        return ERR_NOT_FOUND;
    case EVUTIL_EAI_MEMORY:
        return ERR_NO_MEMORY;
    default: /* also a name without addresses */
        return ERR_UNAVAILABLE;
    }
}

static void name_take(struct name *n, int rc, const struct evutil_addrinfo *list)
{
    struct dns_answer fresh;
    int64_t now_us = clock_mono_us();
    answer_read(list, &fresh);
    if (fresh.n > 0) {
        n->err = ERR_OK;
        n->answer = fresh;
        n->good_us = now_us;
        n->until_us = now_us + KEEP_US;
        n->failures = 0;
        return;
    }
    n->err = err_of(rc);
    if (n->err == ERR_UNAVAILABLE && n->good_us && now_us - n->good_us < STALE_US)
        n->err = ERR_OK;
    n->until_us =
        now_us + backoff_ms(++n->failures, BACKOFF_MIN_MS, BACKOFF_MAX_MS) * USEC_PER_MSEC;
}

static void on_addresses(int rc, struct evutil_addrinfo *list, void *arg)
{
    struct name *n = arg;
    name_take(n, rc, list);
    if (list)
        evutil_freeaddrinfo(list);
    n->looking = false;
    n->request = NULL;
    n->dns->n_looking--;
    loop_timer_set(n->dns->tell, 0);
}

static void name_look(struct name *n)
{
    static const struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_ADDRCONFIG};
    struct dns *d = n->dns;
    if (d->n_looking++ == 0)
        servers_open(d);
    n->looking = true;
    n->since_us = clock_mono_us();
    loop_timer_set(d->tick, TICK_MS);
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(d->base, n->host, NULL, &hints, on_addresses, n);
    if (n->looking) /* else it was answered at once */
        n->request = request;
}

static void name_give_up(struct name *n)
{
    if (n->request)
        evdns_getaddrinfo_cancel(n->request);
    n->request = NULL;
}

static void on_tick(void *arg)
{
    struct dns *d = arg;
    int64_t now_us = clock_mono_us();
    struct name *n;
    TAILQ_FOREACH(n, &d->names, link)
    if (n->looking && now_us - n->since_us > LOOK_US)
        name_give_up(n);
    if (d->n_looking > 0)
        loop_timer_set(d->tick, TICK_MS);
}

/* --- telling -------------------------------------------------------------------------------- */

static void waiter_free(struct waiters *list, struct waiter *w)
{
    TAILQ_REMOVE(list, w, link);
    w->name->n_waiters--;
    mem_free(w);
}

/* A callback may look up and cancel; what it asks for is told in a later turn. */
static void on_tell(void *arg)
{
    struct dns *d = arg;
    struct waiter *w, *next;
    if (d->closed) {
        dns_release(d);
        return;
    }
    if (d->n_looking == 0)
        servers_close(d);
    for (w = TAILQ_FIRST(&d->waiting); w; w = next) {
        next = TAILQ_NEXT(w, link);
        if (w->name->looking)
            continue;
        TAILQ_REMOVE(&d->waiting, w, link);
        TAILQ_INSERT_TAIL(&d->telling, w, link);
    }
    while ((w = TAILQ_FIRST(&d->telling))) {
        struct waiter told = *w;
        struct dns_answer answer = w->name->answer;
        enum err e = w->name->err;
        waiter_free(&d->telling, w);
        told.done(told.owner, told.id, e, e == ERR_OK ? &answer : NULL);
    }
}

/* --- for the caller ------------------------------------------------------------------------- */

enum err dns_lookup(struct dns *d, const char *host, dns_done_fn *done, void *owner, uint64_t id)
{
    struct name *n;
    enum err e = name_get(d, host, &n);
    struct waiter *w = e == ERR_OK ? mem_alloc(sizeof *w) : NULL;
    if (!w)
        return e == ERR_OK ? ERR_NO_MEMORY : e;
    *w = (struct waiter){.name = n, .done = done, .owner = owner, .id = id};
    TAILQ_INSERT_TAIL(&d->waiting, w, link);
    n->n_waiters++;
    if (!n->looking && clock_mono_us() >= n->until_us)
        name_look(n);
    if (!n->looking)
        loop_timer_set(d->tell, 0);
    return ERR_OK;
}

static void waiters_drop(struct waiters *list, const void *owner)
{
    struct waiter *w, *next;
    for (w = TAILQ_FIRST(list); w; w = next) {
        next = TAILQ_NEXT(w, link);
        if (!owner || w->owner == owner)
            waiter_free(list, w);
    }
}

void dns_cancel(struct dns *d, const void *owner)
{
    if (!d)
        return;
    waiters_drop(&d->waiting, owner);
    waiters_drop(&d->telling, owner);
}

/* --- life ----------------------------------------------------------------------------------- */

/* libevent would print to standard error. */
static void drop_log(int is_warning UNUSED, const char *message UNUSED)
{
}

struct dns *dns_new(struct loop *l, const char *resolv_conf)
{
    struct dns *d = mem_alloc(sizeof *d);
    if (!d)
        return NULL;
    TAILQ_INIT(&d->names);
    TAILQ_INIT(&d->waiting);
    TAILQ_INIT(&d->telling);
    evdns_set_log_fn(drop_log);
    d->base = evdns_base_new(loop_base(l), 0);
    d->resolv_conf = mem_strdup(resolv_conf);
    d->tell = loop_timer_new(l, on_tell, d);
    d->tick = loop_timer_new(l, on_tick, d);
    if (!d->base || !d->resolv_conf || !d->tell || !d->tick) {
        dns_release(d);
        return NULL;
    }
    servers_close(d);
    return d;
}

void dns_free(struct dns *d)
{
    if (!d)
        return;
    dns_cancel(d, NULL);
    struct name *n;
    TAILQ_FOREACH(n, &d->names, link)
    name_give_up(n);
    loop_timer_cancel(d->tick);
    d->closed = true;
    loop_timer_set(d->tell, 0);
}
