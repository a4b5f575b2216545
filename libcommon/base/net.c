/* Networks: see net.h. */
#include "common/net.h"

#include <arpa/inet.h>

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
