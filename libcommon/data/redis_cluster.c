/* Redis Cluster: which node has which slots, and a connection to each.
 *
 * The map comes from CLUSTER SLOTS, asked of whoever is up: at the start, when a node is lost, when
 * one says MOVED, and until every node in the map is up. A redirection is followed at once; to a
 * node that is not up yet, as soon as it is. What cannot be sent is ERR_UNAVAILABLE, as with a
 * single server that is away.
 *
 * Nodes are known by the host and port that the cluster says. The hosts of the URL are only where
 * it begins, and where it begins again when every node is lost. */
#include <string.h>

#include "common/backoff.h"
#include "common/mem.h"
#include "redis_priv.h"

#define MAX_NODES 64
#define MAX_REDIRECTS 5
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 3000
#define LEAVE_MS 1000 /* until a node without slots is looked at again */

struct node {
    struct redis_conn conn; /* conn.at is its name */
    bool listed;            /* has slots */
};

struct redis_cluster {
    struct redis *r;
    struct node *nodes[MAX_NODES];     /* NULL: free */
    unsigned char owners[REDIS_SLOTS]; /* 1 + index of the node; 0: not known */
    struct loop_timer *timer;
    bool due;           /* the timer runs */
    bool asking;        /* the map is on its way */
    bool known;         /* there was one */
    unsigned unsettled; /* maps in a row that were none, or with nodes that are not up */
    size_t turn;
};

/* --- nodes ---------------------------------------------------------------------------------- */

static size_t node_free_place(const struct redis_cluster *cl)
{
    size_t i = 0;
    while (i < MAX_NODES && cl->nodes[i])
        i++;
    return i;
}

/* Index + 1, connecting; 0 without room or memory. */
static unsigned char node_new(struct redis_cluster *cl, const struct redis_host *host)
{
    size_t i = node_free_place(cl);
    struct node *n = i < MAX_NODES ? mem_alloc(sizeof *n) : NULL;
    if (!n)
        return 0;
    if (!redis_conn_init(&n->conn, cl->r, REDIS_COMMANDS)) {
        mem_free(n);
        return 0;
    }
    n->conn.at = *host;
    cl->nodes[i] = n;
    redis_conn_start(&n->conn);
    return (unsigned char)(i + 1);
}

static unsigned char node_find(const struct redis_cluster *cl, const struct redis_host *host)
{
    for (size_t i = 0; i < MAX_NODES; i++) {
        const struct node *n = cl->nodes[i];
        if (n && n->conn.at.port == host->port && strcmp(n->conn.at.name, host->name) == 0)
            return (unsigned char)(i + 1);
    }
    return 0;
}

static unsigned char node_get(struct redis_cluster *cl, const struct redis_host *host)
{
    unsigned char found = node_find(cl, host);
    return found ? found : node_new(cl, host);
}

static void node_free(struct redis_cluster *cl, size_t i)
{
    struct node *n = cl->nodes[i];
    cl->nodes[i] = NULL;
    redis_conn_done(&n->conn);
    mem_free(n);
}

static bool is_up(const struct node *n)
{
    return n->conn.state == REDIS_UP && !n->conn.stalled;
}

/* The next one that is up, in turn, or NULL. */
static struct node *node_up(struct redis_cluster *cl)
{
    for (size_t i = 0; i < MAX_NODES; i++) {
        struct node *n = cl->nodes[cl->turn++ % MAX_NODES];
        if (n && is_up(n))
            return n;
    }
    return NULL;
}

static bool is_settled(const struct redis_cluster *cl)
{
    bool all_up = cl->known;
    for (size_t i = 0; i < MAX_NODES; i++) {
        const struct node *n = cl->nodes[i];
        all_up = all_up && (!n || !n->listed || is_up(n));
    }
    return all_up;
}

/* True when there are more, which still have something in flight. */
static bool nodes_leave(struct redis_cluster *cl)
{
    bool more = false;
    for (size_t i = 0; i < MAX_NODES; i++) {
        const struct node *n = cl->nodes[i];
        if (!n || n->listed)
            continue;
        if (n->conn.n_ops + n->conn.n_held == 0)
            node_free(cl, i);
        else
            more = true;
    }
    return more;
}

/* A node that has left may go on for itself, and its messages are nobody's. */
static void messages_leave(struct redis_cluster *cl)
{
    struct redis_conn *c = &cl->r->messages;
    if (c->state == REDIS_UP && !node_find(cl, &c->at))
        redis_conn_lose(c);
}

/* --- the map -------------------------------------------------------------------------------- */

static void look_in(struct redis_cluster *cl, int64_t delay_ms)
{
    if (cl->asking || cl->due)
        return;
    cl->due = true;
    loop_timer_set(cl->timer, delay_ms);
}

/* Something has changed, or not yet. */
static void look_soon(struct redis_cluster *cl)
{
    cl->unsettled++;
    look_in(cl, backoff_ms(cl->unsettled, BACKOFF_MIN_MS, BACKOFF_MAX_MS));
}

static void range_take(struct redis_cluster *cl, const struct redis_range *range)
{
    unsigned char owner = node_get(cl, &range->master);
    if (owner)
        cl->nodes[owner - 1]->listed = true;
    memset(cl->owners + range->first, owner, range->last - range->first + 1);
}

/* asked: the host that gives the map, for a node that does not know its own name. */
static bool map_take(struct redis_cluster *cl, const struct redis_value *map,
                     const struct redis_host *asked)
{
    bool any = false;
    for (size_t i = 0; map->type == REDIS_ARRAY && i < map->n; i++) {
        struct redis_range range;
        if (redis_range_read(&map->items[i], &range) != ERR_OK)
            continue;
        if (!any) {
            memset(cl->owners, 0, sizeof cl->owners);
            for (size_t k = 0; k < MAX_NODES; k++)
                if (cl->nodes[k])
                    cl->nodes[k]->listed = false;
        }
        any = true;
        if (!range.master.name[0])
            memcpy(range.master.name, asked->name, sizeof asked->name);
        range_take(cl, &range);
    }
    return any;
}

static void on_map(void *owner, uint64_t id UNUSED, enum err e, const struct redis_value *map)
{
    struct redis_conn *c = owner;
    struct redis_cluster *cl = c->r->cluster;
    cl->asking = false;
    if (c->closing)
        return;
    if (e == ERR_OK && map_take(cl, map, &c->at))
        cl->known = true;
    if (!is_settled(cl) || e != ERR_OK) {
        look_soon(cl);
        return;
    }
    cl->unsettled = 0;
    look_in(cl, LEAVE_MS);
}

/* Everybody is gone: begins again with the URL. */
static void seeds_start(struct redis_cluster *cl)
{
    for (size_t i = 0; i < cl->r->url.n_hosts; i++)
        (void)node_get(cl, &cl->r->url.hosts[i]);
}

static void ask_for_map(struct redis_cluster *cl)
{
    struct node *n = node_up(cl);
    if (n && redis_conn_ask(&n->conn, REDIS_ARGS(STR("CLUSTER"), STR("SLOTS")), on_map, &n->conn) ==
                 ERR_OK) {
        cl->asking = true;
        return;
    }
    if (!n)
        seeds_start(cl);
    look_soon(cl);
}

static void on_timer(void *arg)
{
    struct redis_cluster *cl = arg;
    cl->due = false;
    if (cl->unsettled) {
        ask_for_map(cl);
        return;
    }
    if (nodes_leave(cl))
        look_in(cl, LEAVE_MS);
    messages_leave(cl);
}

/* --- for the connections -------------------------------------------------------------------- */

void redis_cluster_up(struct redis_cluster *cl)
{
    if (cl->known || cl->asking)
        return;
    cl->due = true;
    loop_timer_set(cl->timer, 0);
}

void redis_cluster_lost(struct redis_cluster *cl)
{
    look_soon(cl);
}

static void slot_moved(struct redis_cluster *cl, unsigned slot, unsigned char owner)
{
    if (owner) {
        cl->owners[slot] = owner;
        cl->nodes[owner - 1]->listed = true;
    }
    look_soon(cl);
}

bool redis_cluster_refused(struct redis_cluster *cl, struct redis_conn *c, struct redis_op *op,
                           struct str why)
{
    struct redis_redirect to;
    unsigned char owner = 0;
    if (op->words_len == 0) /* our own, about this very connection */
        return false;
    if (redis_redirect_parse(why, &to) == ERR_OK) {
        if (!to.to.name[0])
            memcpy(to.to.name, c->at.name, sizeof to.to.name);
        owner = node_get(cl, &to.to);
        op->asking = to.ask;
        if (!to.ask)
            slot_moved(cl, to.slot, owner);
    } else if (str_starts(why, STR("CLUSTERDOWN"))) {
        look_soon(cl);
    } else if (!str_starts(why, STR("TRYAGAIN"))) {
        return false;
    }
    if (!owner || op->redirects++ == MAX_REDIRECTS ||
        redis_conn_give(&cl->nodes[owner - 1]->conn, op) != ERR_OK)
        redis_op_finish(op, ERR_UNAVAILABLE, NULL);
    return true;
}

/* --- for the client ------------------------------------------------------------------------- */

/* A slot without a known node: whoever is up says where it is. */
struct redis_conn *redis_cluster_conn(struct redis_cluster *cl, struct str key)
{
    unsigned char owner = cl->owners[redis_slot(key)];
    struct node *n = owner ? cl->nodes[owner - 1] : node_up(cl);
    return n ? &n->conn : NULL;
}

void redis_cluster_some(struct redis_cluster *cl, struct redis_host *ret_host)
{
    const struct node *n = node_up(cl);
    *ret_host = n ? n->conn.at : cl->r->url.hosts[cl->turn++ % cl->r->url.n_hosts];
}

bool redis_cluster_ready(const struct redis_cluster *cl)
{
    return is_settled(cl);
}

struct redis_cluster *redis_cluster_new(struct redis *r)
{
    struct redis_cluster *cl = mem_alloc(sizeof *cl);
    if (!cl)
        return NULL;
    cl->r = r;
    cl->timer = loop_timer_new(r->loop, on_timer, cl);
    if (!cl->timer) {
        mem_free(cl);
        return NULL;
    }
    return cl;
}

void redis_cluster_start(struct redis_cluster *cl)
{
    seeds_start(cl);
    look_soon(cl);
}

void redis_cluster_free(struct redis_cluster *cl)
{
    if (!cl)
        return;
    for (size_t i = 0; i < MAX_NODES; i++)
        if (cl->nodes[i])
            node_free(cl, i);
    loop_timer_free(cl->timer);
    mem_free(cl);
}
