/* hiredis reads the protocol; these functions build what it reads, as struct redis_value.
 *
 * The root is a block of its own, the items of an array are one block, and strings have theirs,
 * with a NUL. An array's length is the server's word, so items are counted over the whole reply:
 * a few bytes cannot make us take much memory. Without memory, or over the bound, the reader is in
 * error and the connection goes.
 *
 * An error inside an array (of a script, a transaction) is a string; an error as the whole reply is
 * marked on the connection. */
#include <string.h>

#include "common/mem.h"
#include "redis_priv.h"

/* The const of struct redis_value is for those who receive it; here it is ours to fill and free. */
static void *ours(const void *p)
{
    void *mine;
    memcpy(&mine, &p, sizeof mine);
    return mine;
}

static struct redis_value *place(const redisReadTask *t)
{
    if (!t->parent)
        return mem_alloc(sizeof(struct redis_value));
    struct redis_value *parent = t->parent->obj;
    return (struct redis_value *)ours(parent->items) + t->idx;
}

static void value_done(struct redis_value *v)
{
    for (size_t i = 0; v->type == REDIS_ARRAY && i < v->n; i++)
        value_done((struct redis_value *)ours(v->items) + i);
    mem_free(ours(v->items));
    mem_free(ours(v->s));
}

static void value_free(void *root)
{
    if (!root)
        return;
    value_done(root);
    mem_free(root);
}

/* A child stays in its parent as a nil: it is freed with the root. */
static void *give_up(const redisReadTask *t, struct redis_value *v)
{
    if (!t->parent)
        mem_free(v);
    return NULL;
}

static void *make_string(const redisReadTask *t, char *s, size_t n)
{
    struct redis_value *v = place(t);
    if (!v)
        return NULL;
    char *copy = mem_alloc(n + 1);
    if (!copy)
        return give_up(t, v);
    memcpy(copy, s, n);
    *v = (struct redis_value){.type = REDIS_STR, .s = copy, .n = n};
    if (!t->parent && t->type == REDIS_REPLY_ERROR)
        ((struct redis_conn *)t->privdata)->reply_is_error = true;
    return v;
}

static void *make_array(const redisReadTask *t, int n)
{
    struct redis_conn *c = t->privdata;
    c->reply_items += (size_t)n;
    struct redis_value *v = c->reply_items <= REDIS_MAX_REPLY_ITEMS ? place(t) : NULL;
    if (!v)
        return NULL;
    struct redis_value *items = mem_alloc((size_t)n * sizeof *items);
    if (!items)
        return give_up(t, v);
    *v = (struct redis_value){.type = REDIS_ARRAY, .n = (size_t)n, .items = items};
    return v;
}

static void *make_integer(const redisReadTask *t, long long i)
{
    struct redis_value *v = place(t);
    if (v)
        *v = (struct redis_value){.type = REDIS_INT, .i = i};
    return v;
}

static void *make_nil(const redisReadTask *t)
{
    struct redis_value *v = place(t);
    if (v)
        *v = (struct redis_value){.type = REDIS_NIL};
    return v;
}

redisReplyObjectFunctions redis_reply_functions = {make_string, make_array, make_integer, make_nil,
                                                   value_free};
