/* Addresses and networks: which proxies are believed, and where calls may go. */
#ifndef COMMON_NET_H
#define COMMON_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"

/* An IPv4 or IPv6 network; IPv4 is kept as ::ffff:a.b.c.d. */
struct net {
    uint8_t bytes[16];
    unsigned bits; /* of 128 */
};

/* "10.0.0.0/8", "::1", "192.168.1.7". ERR_INVALID otherwise. */
MUSTCHECK
enum err net_parse(struct str text, struct net *ret_net);
bool net_contains(const struct net *n, const struct net *address);

/* Is the address one on the internet, and not of this machine, of a network of our own, or of
 * another special kind? By IANA's registries of special-purpose addresses (RFC 6890). False of what
 * is no IP address. */
bool net_is_public(const struct sockaddr *address);

#endif
