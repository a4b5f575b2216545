/* Where a connection goes: the hosts of its URL, as addresses.
 *
 * Left to itself libpq looks names up with a blocking call. So it is given addresses beside the
 * names; the names it goes on using for certificates. A host without a name to look up (the folder
 * of a socket, an address, none at all) goes to libpq as it is.
 *
 * Each failure starts with another address: libpq goes on to the next one when it is refused, but
 * not when there is no answer at all, and then the attempt ends with its time. */
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "pg_priv.h"

#define MAX_HOSTS 8
#define MAX_TARGETS 16
#define PART_SIZE 256

struct target {
    size_t host;                    /* its index */
    char address[DNS_ADDRESS_SIZE]; /* "": none is needed */
};

struct pg_dial {
    char hosts[MAX_HOSTS][PART_SIZE], ports[MAX_HOSTS][8];
    size_t n_hosts, n_looked;
    struct target targets[MAX_TARGETS];
    size_t n_targets;
    enum err err; /* of the last host that has no address */
};

/* --- the URL -------------------------------------------------------------------------------- */

/* The value of a list at i; a single one is for all. */
static enum err list_at(const char *list, size_t i, char *ret_part, size_t size)
{
    struct str rest = str_of(list), part = str_cut(&rest, ',');
    bool single = !strchr(list, ',');
    for (; i > 0 && !single; i--)
        part = str_cut(&rest, ',');
    return str_copy(ret_part, size, part);
}

static enum err hosts_take(struct pg_dial *d, const char *hosts, const char *ports)
{
    d->n_hosts = 1;
    for (const char *p = hosts; *p; p++)
        d->n_hosts += *p == ',';
    enum err e = d->n_hosts <= MAX_HOSTS ? ERR_OK : ERR_TOO_LARGE;
    for (size_t i = 0; e == ERR_OK && i < d->n_hosts; i++) {
        e = list_at(hosts, i, d->hosts[i], sizeof d->hosts[i]);
        if (e == ERR_OK)
            e = list_at(ports, i, d->ports[i], sizeof d->ports[i]);
    }
    return e;
}

static const char *option(const PQconninfoOption *options, const char *name)
{
    while (options->keyword && strcmp(options->keyword, name) != 0)
        options++;
    return options->keyword && options->val ? options->val : "";
}

/* No hosts when there is nothing to look up; what is wrong with the URL is for libpq to say. */
static enum err url_read(struct pg_dial *d, const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    enum err e = ERR_OK;
    if (options && option(options, "host")[0] && !option(options, "hostaddr")[0])
        e = hosts_take(d, option(options, "host"), option(options, "port"));
    PQconninfoFree(options);
    return e;
}

/* --- the addresses -------------------------------------------------------------------------- */

static void target_add(struct pg_dial *d, const char *address)
{
    if (d->n_targets == MAX_TARGETS)
        return;
    struct target *t = &d->targets[d->n_targets++];
    t->host = d->n_looked;
    snprintf(t->address, sizeof t->address, "%s", address);
}

/* Lists for libpq, beginning at another target after each failure. */
static void dial(struct pg_conn *c)
{
    const struct pg_dial *d = c->dial;
    struct buf hosts = BUF_INIT(8192), addresses = BUF_INIT(8192), ports = BUF_INIT(8192);
    for (size_t i = 0; i < d->n_targets; i++) {
        const struct target *t = &d->targets[(c->failures + i) % d->n_targets];
        const char *comma = i ? "," : "";
        buf_addf(&hosts, "%s%s", comma, d->hosts[t->host]);
        buf_addf(&addresses, "%s%s", comma, t->address);
        buf_addf(&ports, "%s%s", comma, d->ports[t->host]);
    }
    bool ok =
        buf_err(&hosts) == ERR_OK && buf_err(&addresses) == ERR_OK && buf_err(&ports) == ERR_OK;
    pg_dial_stop(c);
    if (ok)
        pg_conn_dial(c, hosts.data, addresses.data, ports.data);
    else
        pg_conn_nowhere(c, "out of memory");
    buf_free(&hosts);
    buf_free(&addresses);
    buf_free(&ports);
}

static const char *words_of(enum err e)
{
    return e == ERR_NOT_FOUND ? "there is no such host" : "no DNS server answers";
}

static void dial_or_not(struct pg_conn *c)
{
    enum err e = c->dial->err;
    if (c->dial->n_targets > 0 || c->dial->n_hosts == 0) {
        dial(c);
        return;
    }
    pg_dial_stop(c);
    pg_conn_nowhere(c, words_of(e));
}

static bool is_folder(const char *host)
{
    return host[0] == '\0' || host[0] == '/' || host[0] == '@';
}

static void on_address(void *owner, uint64_t id, enum err e, const struct dns_answer *answer);

/* Goes through the hosts, one after the other. */
static void look_on(struct pg_conn *c)
{
    struct pg_dial *d = c->dial;
    for (; d->n_looked < d->n_hosts; d->n_looked++) {
        const char *host = d->hosts[d->n_looked];
        if (is_folder(host)) {
            target_add(d, "");
            continue;
        }
        d->err = dns_lookup(c->line->pg->options->dns, host, on_address, c, 0);
        if (d->err == ERR_OK)
            return;
    }
    dial_or_not(c);
}

static void on_address(void *owner, uint64_t id UNUSED, enum err e, const struct dns_answer *answer)
{
    struct pg_conn *c = owner;
    if (e != ERR_OK)
        c->dial->err = e;
    for (size_t i = 0; answer && i < answer->n; i++)
        target_add(c->dial, answer->addresses[i]);
    c->dial->n_looked++;
    look_on(c);
}

/* --- for the connection --------------------------------------------------------------------- */

bool pg_url_valid(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    PQconninfoFree(options);
    return options && strstr(url, "://");
}

void pg_dial_start(struct pg_conn *c)
{
    c->dial = mem_alloc(sizeof *c->dial);
    enum err e = c->dial ? url_read(c->dial, c->line->url) : ERR_NO_MEMORY;
    if (e == ERR_OK) {
        look_on(c);
        return;
    }
    pg_dial_stop(c);
    pg_conn_nowhere(c, e == ERR_NO_MEMORY ? "out of memory" : "too many or too long host names");
}

void pg_dial_stop(struct pg_conn *c)
{
    if (c->dial)
        dns_cancel(c->line->pg->options->dns, c);
    mem_free(c->dial);
    c->dial = NULL;
}
