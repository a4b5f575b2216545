/* What a Redis server may send: the reader with our functions, fed in pieces. Every value that
 * comes out is walked, so that the sanitizers see what a receiver would, and read as the map of a
 * cluster. */
#include "../../libcommon/data/redis_priv.h"

#include <stdlib.h>
#include <string.h>

static size_t walk(const struct redis_value *v)
{
    size_t sum = v->n + (size_t)v->i;
    if (v->type == REDIS_STR)
        sum += strlen(v->s); /* NUL-terminated */
    for (size_t i = 0; v->type == REDIS_ARRAY && i < v->n; i++)
        sum += walk(&v->items[i]);
    return sum;
}

/* The rows of a map of a cluster's slots. */
static void walk_map(const struct redis_value *v)
{
    for (size_t i = 0; v->type == REDIS_ARRAY && i < v->n; i++) {
        struct redis_range range;
        if (redis_range_read(&v->items[i], &range) != ERR_OK)
            continue;
        if (range.first > range.last || range.last >= REDIS_SLOTS ||
            strlen(range.master.name) >= sizeof range.master.name)
            abort();
    }
}

static void read_all(struct redis_conn *c)
{
    for (;;) {
        void *reply = NULL;
        if (redisReaderGetReply(c->reader, &reply) != 0 || !reply)
            return;
        volatile size_t sum = walk(reply);
        (void)sum;
        walk_map(reply);
        redis_reply_functions.freeObject(reply);
        c->reply_items = 0;
        c->reply_is_error = false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redis_conn c = {0};
    c.reader = redisReaderCreateWithFunctions(&redis_reply_functions);
    c.reader->privdata = &c;
    size_t piece = size ? data[0] % 64 + 1u : 1; /* the first byte says how it is cut */
    for (size_t i = 1; i < size; i += piece) {
        size_t n = MIN(piece, size - i);
        if (redisReaderFeed(c.reader, (const char *)data + i, n) != 0)
            break;
        read_all(&c);
    }
    redisReaderFree(c.reader);
    return 0;
}
