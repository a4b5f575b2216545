/* redis://[user:password@]host[:port][/db] and unix:///path. User and password are
 * percent-encoded, as in any URL; an IPv6 address stands in brackets. */
#include <string.h>

#include "common/encode.h"
#include "common/str.h"
#include "redis_priv.h"

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

/* user:password, :password, or password alone as the user of old. */
static enum err login_parse(struct str login, struct redis_url *url)
{
    struct str user = str_cut(&login, ':');
    enum err e = part_decode(user, url->user, sizeof url->user);
    return e == ERR_OK ? part_decode(login, url->password, sizeof url->password) : e;
}

static enum err number_parse(struct str s, int64_t max, int *ret_number)
{
    int64_t value;
    enum err e = str_to_i64(s, 0, max, &value);
    if (e == ERR_OK)
        *ret_number = (int)value;
    return e;
}

static enum err host_parse(struct str s, struct redis_url *url)
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
    url->port = 6379;
    if (host.n == 0 || str_copy(url->host, sizeof url->host, host) != ERR_OK)
        return ERR_INVALID;
    return s.n ? number_parse(s, 65535, &url->port) : ERR_OK;
}

enum err redis_url_parse(const char *text, struct redis_url *ret_url)
{
    struct redis_url url = {0};
    struct str s = str_of(text);
    enum err e = ERR_INVALID;
    if (str_starts(s, STR("unix:///"))) {
        e = str_copy(url.path, sizeof url.path, (struct str){s.p + 7, s.n - 7});
    } else if (str_starts(s, STR("redis://"))) {
        s = (struct str){s.p + 8, s.n - 8};
        struct str authority = str_cut(&s, '/'); /* s is the number of the database */
        const char *at = memrchr(authority.p, '@', authority.n);
        e = ERR_OK;
        if (at) {
            size_t n = (size_t)(at - authority.p);
            e = login_parse((struct str){authority.p, n}, &url);
            authority = (struct str){at + 1, authority.n - n - 1};
        }
        if (e == ERR_OK)
            e = host_parse(authority, &url);
        if (e == ERR_OK && s.n)
            e = number_parse(s, 1000, &url.db);
    }
    if (e != ERR_OK)
        return ERR_INVALID;
    *ret_url = url;
    return ERR_OK;
}
