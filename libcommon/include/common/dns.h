/* Host names to addresses without stopping the loop: the hosts file, then DNS, by libevent's
 * resolver. Whoever connects by name asks here; a blocking look-up would stop every request of the
 * process for as long as a DNS server is silent.
 *
 * An answer is kept for 2 s, so that the many connections of a process ask once, and one that is
 * made again finds a host that has moved. A look-up ends after 2 s at the latest. One that fails is
 * not tried again for 100 ms to 5 s; meanwhile the error is the answer or, when it is only that no
 * server answers, the addresses of the last 10 minutes. */
#ifndef COMMON_DNS_H
#define COMMON_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/loop.h"

struct dns;

#define DNS_MAX_ADDRESSES 8
#define DNS_ADDRESS_SIZE 46

struct dns_answer {
    size_t n;                                            /* the first ones, in the server's order */
    char addresses[DNS_MAX_ADDRESSES][DNS_ADDRESS_SIZE]; /* "192.0.2.1", "2001:db8::1" */
};

/* resolv_conf: path of a resolv.conf(5), read again before each look-up. NULL: out of memory. */
MUSTCHECK struct dns *dns_new(struct loop *l, const char *resolv_conf);
/* Nobody is told any more. */
void dns_free(struct dns *d);

/* Called once, in a later turn. e is ERR_OK, ERR_NOT_FOUND (there is no such host), ERR_UNAVAILABLE
 * (nobody knows) or ERR_NO_MEMORY; answer lives during the call and is NULL on an error. */
typedef void dns_done_fn(void *owner, uint64_t id, enum err e, const struct dns_answer *answer);

/* host is a name or an address in numbers, copied. ERR_BUSY: too many names at once; ERR_INVALID:
 * not one. On an error done is not called. */
MUSTCHECK enum err dns_lookup(struct dns *d, const char *host, dns_done_fn *done, void *owner,
                              uint64_t id);
/* That owner is not told any more. d may be NULL. */
void dns_cancel(struct dns *d, const void *owner);

#endif
