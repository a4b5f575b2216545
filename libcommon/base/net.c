/* Networks: see net.h. */
#include "common/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum err net_parse(struct str text, struct net *ret_net)
{
    struct str rest = text;
    struct str address = str_cut(&rest, '/');
    bool has_bits = address.n < text.n;
    char buf[INET6_ADDRSTRLEN];
    if (str_copy(buf, sizeof(buf), address) != ERR_OK)
        return ERR_INVALID;
    struct net n = {.bits = 128};
    unsigned offset = 0;
    struct in_addr v4;
    if (inet_pton(AF_INET, buf, &v4) == 1) {
        n.bytes[10] = n.bytes[11] = 0xff;
        memcpy(n.bytes + 12, &v4, 4);
        offset = 96;
    } else if (inet_pton(AF_INET6, buf, n.bytes) != 1) {
        return ERR_INVALID;
    }
    int64_t bits;
    if (has_bits) {
        if (str_to_i64(rest, 0, 128 - offset, &bits) != ERR_OK)
            return ERR_INVALID;
        n.bits = offset + (unsigned)bits;
    }
    *ret_net = n;
    return ERR_OK;
}

bool net_contains(const struct net *n, const struct net *address)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->bytes, address->bytes, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    uint8_t mask = (uint8_t)(0xff << (8 - rest));
    return (n->bytes[whole] & mask) == (address->bytes[whole] & mask);
}

/* --- public addresses --------------------------------------------------------------------------
 */

#define V4(a, b, c, n)                         \
    {                                          \
        {[10] = 0xff, 0xff, a, b, c}, 96 + (n) \
    }

static const struct net not_public[] = {
    V4(0, 0, 0, 8),                 /* this network */
    V4(10, 0, 0, 8),                /* private */
    V4(100, 64, 0, 10),             /* shared by a provider's customers */
    V4(127, 0, 0, 8),               /* loopback */
    V4(169, 254, 0, 16),            /* link-local, where clouds keep their metadata */
    V4(172, 16, 0, 12),             /* private */
    V4(192, 0, 0, 24),              /* IETF protocols */
    V4(192, 0, 2, 24),              /* documentation */
    V4(192, 88, 99, 24),            /* 6to4 relays */
    V4(192, 168, 0, 16),            /* private */
    V4(198, 18, 0, 15),             /* benchmarks */
    V4(198, 51, 100, 24),           /* documentation */
    V4(203, 0, 113, 24),            /* documentation */
    V4(224, 0, 0, 4),               /* multicast */
    V4(240, 0, 0, 4),               /* reserved, broadcast */
    {{0x20, 0x01}, 23},             /* IETF protocols, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: an IPv4 address is inside */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static const struct net global_v4 = V4(0, 0, 0, 0), global_v6 = {{0x20}, 3};

static bool net_of(const struct sockaddr *address, struct net *ret_net)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        *ret_net = (struct net){{[10] = 0xff, 0xff}, 128};
        memcpy(ret_net->bytes + 12, &v4->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        *ret_net = (struct net){.bits = 128};
        memcpy(ret_net->bytes, &v6->sin6_addr, 16);
    } else {
        return false;
    }
    return true;
}

bool net_is_public(const struct sockaddr *address)
{
    struct net n;
    if (!net_of(address, &n) || !(net_contains(&global_v4, &n) || net_contains(&global_v6, &n)))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(not_public); i++)
        if (net_contains(&not_public[i], &n))
            return false;
    return true;
}
