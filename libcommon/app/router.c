/* Routes in a tree of path segments: a node has its literal children and at most one parameter
 * child. Literals win over the parameter, so /bookings/quote is never a booking's id. */
#include "common/router.h"

#include <assert.h>

#include "common/buf.h"
#include "common/mem.h"

#define PARAM_MAX_BYTES 512

struct node {
    struct str segment;    /* "" in the root and in parameter nodes */
    bool param_is_id;      /* parameter nodes: takes a UUID */
    struct node *children; /* literals, as a list */
    struct node *param;
    struct node *next;
    const struct route *routes[HTTP_METHOD_MAX];
};

struct router {
    struct node root;
};

static const char *const method_names[HTTP_METHOD_MAX] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

const char *http_method_name(enum http_method m)
{
    return m < HTTP_METHOD_MAX ? method_names[m] : "?";
}

static struct node *child_literal(struct node *parent, struct str segment)
{
    for (struct node *n = parent->children; n; n = n->next)
        if (str_eq(n->segment, segment))
            return n;
    struct node *n = mem_alloc(sizeof(*n));
    if (!n)
        return NULL;
    n->segment = segment;
    n->next = parent->children;
    parent->children = n;
    return n;
}

bool router_is_id(struct str name)
{
    return str_eq(name, STR("id")) || (name.n > 3 && memcmp(name.p + name.n - 3, "_id", 3) == 0);
}

static struct node *child_param(struct node *parent, struct str name)
{
    bool is_id = router_is_id(name);
    if (!parent->param) {
        parent->param = mem_alloc(sizeof(*parent->param));
        if (parent->param)
            parent->param->param_is_id = is_id;
    }
    assert(!parent->param || parent->param->param_is_id == is_id);
    return parent->param;
}

static bool route_add(struct router *r, const struct route *route)
{
    assert(route->path[0] == '/' && route->method < HTTP_METHOD_MAX);
    struct str rest = str_of(route->path + 1);
    struct node *node = &r->root;
    size_t n_params = 0;
    bool more = true;
    while (more && node) {
        more = memchr(rest.p, '/', rest.n) != NULL;
        struct str segment = str_cut(&rest, '/');
        if (segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}') {
            n_params++;
            assert(n_params <= ROUTER_MAX_PARAMS);
            node = child_param(node, (struct str){segment.p + 1, segment.n - 2});
        } else {
            node = child_literal(node, segment);
        }
    }
    if (!node)
        return false;
    assert(!node->routes[route->method]);
    node->routes[route->method] = route;
    return true;
}

struct router *router_new(const struct route *const *tables, const size_t *counts, size_t n_tables)
{
    struct router *r = mem_alloc(sizeof(*r));
    for (size_t t = 0; r && t < n_tables; t++) {
        for (size_t i = 0; i < counts[t]; i++) {
            if (!route_add(r, &tables[t][i])) {
                router_free(r);
                return NULL;
            }
        }
    }
    return r;
}

/* Depth is bounded by the longest path of the tables. */
static void node_clear(struct node *n)
{
    while (n->children) {
        struct node *child = n->children;
        n->children = child->next;
        node_clear(child);
        mem_free(child);
    }
    if (n->param)
        node_clear(n->param);
    mem_free(n->param);
}

void router_free(struct router *r)
{
    if (r)
        node_clear(&r->root);
    mem_free(r);
}

static bool is_slug(struct str s)
{
    if (s.n == 0 || s.n > PARAM_MAX_BYTES)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              (c && strchr("._~-", c))))
            return false;
    }
    return !str_eq(s, STR(".")) && !str_eq(s, STR(".."));
}

static enum err param_take(const struct node *node, struct arena *a, struct str segment,
                           const char **ret_value)
{
    if (node->param_is_id ? !str_is_uuid(segment) : !is_slug(segment))
        return ERR_NOT_FOUND;
    char *value = arena_strndup(a, segment.p, segment.n);
    if (!value)
        return ERR_TOO_LARGE;
    for (char *p = value; node->param_is_id && *p; p++)
        if (*p >= 'A' && *p <= 'F')
            *p = (char)(*p - 'A' + 'a');
    *ret_value = value;
    return ERR_OK;
}

static void allow_list(const struct node *node, char *ret_allow, size_t size)
{
    struct buf b = BUF_INIT(size - 1);
    for (int m = 0; m < HTTP_METHOD_MAX; m++) {
        if (node->routes[m])
            buf_addf(&b, "%s%s", b.len ? ", " : "", method_names[m]);
        if (m == GET && node->routes[m])
            buf_adds(&b, ", HEAD");
    }
    if (buf_err(&b) != ERR_OK || str_copy(ret_allow, size, buf_str(&b)) != ERR_OK)
        ret_allow[0] = '\0';
    buf_free(&b);
}

enum err router_find(const struct router *r, struct arena *a, const char *method, struct str path,
                     struct router_match *ret_match)
{
    if (path.n == 0 || path.p[0] != '/')
        return ERR_NOT_FOUND;
    struct str rest = {path.p + 1, path.n - 1};
    const struct node *node = &r->root;
    struct router_match match = {0};
    size_t n_params = 0;
    bool more = true;
    while (more) {
        more = memchr(rest.p, '/', rest.n) != NULL;
        struct str segment = str_cut(&rest, '/');
        const struct node *child = node->children;
        while (child && !str_eq(child->segment, segment))
            child = child->next;
        if (!child && node->param) {
            child = node->param;
            enum err e = param_take(child, a, segment, &match.params[n_params++]);
            if (e != ERR_OK)
                return e;
        }
        if (!child)
            return ERR_NOT_FOUND;
        node = child;
    }
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    bool any = false;
    for (int m = 0; m < HTTP_METHOD_MAX; m++) {
        any = any || node->routes[m];
        if (node->routes[m] && strcmp(wanted, method_names[m]) == 0)
            match.route = node->routes[m];
    }
    if (!any)
        return ERR_NOT_FOUND;
    if (!match.route)
        allow_list(node, match.allow, sizeof(match.allow));
    *ret_match = match;
    return match.route ? ERR_OK : ERR_METHOD_NOT_ALLOWED;
}
