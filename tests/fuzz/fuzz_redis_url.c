/* What an operator may write for REDIS_URL, and what a cluster may say about where a key is. */
#include "../../libcommon/data/redis_priv.h"

#include <stdlib.h>
#include <string.h>

static void use(const struct redis_host *host)
{
    volatile size_t n = strlen(host->name);
    (void)n;
    if (host->port < 0 || host->port > 65535)
        abort();
}

static void url_walk(const struct redis_url *url)
{
    if (url->n_hosts == 0 || url->n_hosts > REDIS_MAX_HOSTS)
        abort();
    for (size_t i = 0; i < url->n_hosts; i++)
        use(&url->hosts[i]);
    volatile size_t n =
        strlen(url->service) + strlen(url->login.user) + strlen(url->login.password);
    (void)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};
    struct redis_redirect to;
    struct redis_login login;
    struct redis_url url;
    char text[2048];
    if (redis_redirect_parse(s, &to) == ERR_OK) {
        use(&to.to);
        if (to.slot >= REDIS_SLOTS)
            abort();
    }
    if (redis_slot(s) >= REDIS_SLOTS)
        abort();
    if (redis_login_parse(s, &login) == ERR_OK && strlen(login.password) > size)
        abort();
    if (str_copy(text, sizeof text, s) == ERR_OK && redis_url_parse(text, &url) == ERR_OK)
        url_walk(&url);
    return 0;
}
