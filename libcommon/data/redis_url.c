/* Where Redis is:
 *
 *   redis://[LOGIN@]HOST[:PORT][/DB]                          one server
 *   unix:///PATH                                              the same, on this machine
 *   sentinel://[LOGIN@]HOST[:PORT],...[,...]/SERVICE[/DB]     sentinels, and what they call it
 *   cluster://[LOGIN@]HOST[:PORT],...                         some nodes of a cluster
 *
 * LOGIN is user:password or :password, percent-encoded as in any URL; it is the servers', not the
 * sentinels'. An IPv6 address stands in brackets. */
#include <string.h>

#include "common/encode.h"
#include "common/str.h"
#include "redis_priv.h"

#define PORT 6379
#define SENTINEL_PORT 26379

/* Decodes into dst with its NUL. */
static enum err part_decode(struct str s, char *dst, size_t size)
{
    size_t n;
    if (s.n >= size || percent_decode(s, /* plus_is_space= */ 0, dst, &n) != ERR_OK ||
        memchr(dst, '\0', n))
        return ERR_INVALID;
    dst[n] = '\0';
    return ERR_OK;
}

enum err redis_login_parse(struct str text, struct redis_login *ret_login)
{
    struct str user = str_cut(&text, ':');
    enum err e = part_decode(user, ret_login->user, sizeof ret_login->user);
    if (e == ERR_OK)
        e = part_decode(text, ret_login->password, sizeof ret_login->password);
    return e;
}

static enum err number_parse(struct str s, int64_t min, int64_t max, int *ret_number)
{
    int64_t value;
    enum err e = str_to_i64(s, min, max, &value);
    if (e == ERR_OK)
        *ret_number = (int)value;
    return e;
}

static enum err host_parse(struct str s, int port, struct redis_host *ret_host)
{
    struct str host;
    const char *bracket = s.n && s.p[0] == '[' ? memchr(s.p, ']', s.n) : NULL;
    if (bracket) {
        host = (struct str){s.p + 1, (size_t)(bracket - s.p) - 1};
        s = (struct str){bracket + 1, s.n - host.n - 2};
        if (str_cut(&s, ':').n > 0)
            return ERR_INVALID;
    } else {
        host = str_cut(&s, ':');
    }
    ret_host->port = port;
    if (host.n == 0 || str_copy(ret_host->name, sizeof ret_host->name, host) != ERR_OK)
        return ERR_INVALID;
    return s.n ? number_parse(s, 1, 65535, &ret_host->port) : ERR_OK;
}

static enum err hosts_parse(struct str s, int port, struct redis_url *url)
{
    enum err e = s.n && s.p[s.n - 1] == ',' ? ERR_INVALID : ERR_OK;
    while (e == ERR_OK && (s.n > 0 || url->n_hosts == 0)) {
        if (url->n_hosts == REDIS_MAX_HOSTS)
            return ERR_INVALID;
        e = host_parse(str_cut(&s, ','), port, &url->hosts[url->n_hosts++]);
    }
    return e;
}

/* The part between // and the first /, and what is left. */
static enum err authority_parse(struct str *s, int port, struct redis_url *url)
{
    struct str authority = str_cut(s, '/');
    const char *at = authority.n ? memrchr(authority.p, '@', authority.n) : NULL;
    enum err e = ERR_OK;
    if (at) {
        size_t n = (size_t)(at - authority.p);
        e = redis_login_parse((struct str){authority.p, n}, &url->login);
        authority = (struct str){at + 1, authority.n - n - 1};
    }
    return e == ERR_OK ? hosts_parse(authority, port, url) : e;
}

static enum err db_parse(struct str s, struct redis_url *url)
{
    return s.n ? number_parse(s, 0, 1000, &url->db) : ERR_OK;
}

static enum err single_parse(struct str s, struct redis_url *url)
{
    enum err e = authority_parse(&s, PORT, url);
    if (e == ERR_OK && url->n_hosts > 1)
        e = ERR_INVALID;
    return e == ERR_OK ? db_parse(s, url) : e;
}

static enum err unix_parse(struct str s, struct redis_url *url)
{
    url->n_hosts = 1;
    return s.n <= 107 && s.p[0] == '/' ? str_copy(url->hosts[0].name, sizeof url->hosts[0].name, s)
                                       : ERR_INVALID;
}

static enum err sentinel_parse(struct str s, struct redis_url *url)
{
    url->mode = REDIS_SENTINEL;
    enum err e = authority_parse(&s, SENTINEL_PORT, url);
    if (e == ERR_OK)
        e = part_decode(str_cut(&s, '/'), url->service, sizeof url->service);
    if (e == ERR_OK && !url->service[0])
        e = ERR_INVALID;
    return e == ERR_OK ? db_parse(s, url) : e;
}

static enum err cluster_parse(struct str s, struct redis_url *url)
{
    url->mode = REDIS_CLUSTER;
    enum err e = authority_parse(&s, PORT, url);
    return e == ERR_OK && s.n ? ERR_INVALID : e;
}

enum err redis_url_parse(const char *text, struct redis_url *ret_url)
{
    static const struct {
        const char *scheme;
        enum err (*parse)(struct str s, struct redis_url *url);
    } forms[] = {
        {"redis://", single_parse},
        {"unix://", unix_parse},
        {"sentinel://", sentinel_parse},
        {"cluster://", cluster_parse},
    };
    struct str s = str_of(text);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct str scheme = str_of(forms[i].scheme);
        if (!str_starts(s, scheme))
            continue;
        struct redis_url url = {.mode = REDIS_SINGLE};
        if (forms[i].parse((struct str){s.p + scheme.n, s.n - scheme.n}, &url) != ERR_OK)
            return ERR_INVALID;
        *ret_url = url;
        return ERR_OK;
    }
    return ERR_INVALID;
}
