/* What a cluster says about itself: slots, redirections, the map. Only text and numbers; what comes
 * of them is in redis_cluster.c. */
#include <stdint.h>
#include <string.h>

#include "redis_priv.h"

/* CRC-16/XMODEM. */
static unsigned crc16(struct str s)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < s.n; i++) {
        crc = (uint16_t)(crc ^ (unsigned)(unsigned char)s.p[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? (unsigned)crc << 1 ^ 0x1021 : (unsigned)crc << 1);
    }
    return crc;
}

unsigned redis_slot(struct str key)
{
    const char *open = key.n ? memchr(key.p, '{', key.n) : NULL;
    size_t left = open ? key.n - (size_t)(open - key.p) - 1 : 0;
    const char *close = left ? memchr(open + 1, '}', left) : NULL;
    if (close && close > open + 1)
        key = (struct str){open + 1, (size_t)(close - open) - 1};
    return crc16(key) % REDIS_SLOTS;
}

static enum err number_take(struct str s, int64_t min, int64_t max, int *ret_number)
{
    int64_t value;
    enum err e = str_to_i64(s, min, max, &value);
    if (e == ERR_OK)
        *ret_number = (int)value;
    return e;
}

/* The port is after the last colon: an IPv6 address has no brackets here. */
static enum err host_take(struct str s, struct redis_host *ret_host)
{
    const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
    if (!colon)
        return ERR_INVALID;
    struct str name = {s.p, (size_t)(colon - s.p)};
    struct str port = {colon + 1, s.n - name.n - 1};
    if (str_copy(ret_host->name, sizeof ret_host->name, name) != ERR_OK ||
        memchr(name.p, '\0', name.n) || memchr(name.p, '/', name.n))
        return ERR_INVALID;
    return number_take(port, 1, 65535, &ret_host->port);
}

enum err redis_redirect_parse(struct str text, struct redis_redirect *ret_redirect)
{
    struct redis_redirect r = {.ask = str_starts(text, STR("ASK "))};
    if (!r.ask && !str_starts(text, STR("MOVED ")))
        return ERR_INVALID;
    str_cut(&text, ' ');
    int slot;
    enum err e = number_take(str_cut(&text, ' '), 0, REDIS_SLOTS - 1, &slot);
    if (e == ERR_OK)
        e = host_take(text, &r.to);
    if (e != ERR_OK)
        return ERR_INVALID;
    r.slot = (unsigned)slot;
    *ret_redirect = r;
    return ERR_OK;
}

static bool is_slot(const struct redis_value *v)
{
    return v->type == REDIS_INT && v->i >= 0 && v->i < (int64_t)REDIS_SLOTS;
}

/* [first, last, [name, port, id, ...], replicas ...]; a node that does not know its name says nil,
 * "" or "?". */
enum err redis_range_read(const struct redis_value *row, struct redis_range *ret_range)
{
    if (row->type != REDIS_ARRAY || row->n < 3 || !is_slot(&row->items[0]) ||
        !is_slot(&row->items[1]) || row->items[0].i > row->items[1].i)
        return ERR_INVALID;
    const struct redis_value *node = &row->items[2];
    if (node->type != REDIS_ARRAY || node->n < 2 || node->items[1].type != REDIS_INT ||
        node->items[1].i < 1 || node->items[1].i > 65535)
        return ERR_INVALID;
    struct redis_range r = {.first = (unsigned)row->items[0].i,
                            .last = (unsigned)row->items[1].i,
                            .master.port = (int)node->items[1].i};
    const struct redis_value *name = &node->items[0];
    bool known = name->type == REDIS_STR && strcmp(name->s, "?") != 0;
    if (known && (strlen(name->s) != name->n || strchr(name->s, '/') ||
                  str_copy(r.master.name, sizeof r.master.name, str_of(name->s)) != ERR_OK))
        return ERR_INVALID;
    *ret_range = r;
    return ERR_OK;
}
