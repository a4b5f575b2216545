/* Equal blocks of one array, which costs memory only as far as it has been used. */
#include "common/reserve.h"

#include <stdalign.h>

#include "poison.h"

union block {
    union block *next; /* of those that were given back */
    alignas(max_align_t) char bytes[RESERVE_BYTES];
};

static union block blocks[RESERVE_BLOCKS];
static union block *given_back;
static size_t n_begun; /* blocks that have ever been handed out: the first ones */
static size_t n_used;

void *reserve_alloc(size_t size)
{
    union block *b = given_back;
    if (size > RESERVE_BYTES || (!b && n_begun == RESERVE_BLOCKS))
        return NULL;
    if (b) {
        UNPOISON(b, sizeof(*b));
        given_back = b->next;
    } else {
        b = &blocks[n_begun++];
    }
    n_used++;
    return b;
}

void reserve_free(void *p)
{
    union block *b = p;
    b->next = given_back;
    given_back = b;
    n_used--;
    POISON(b, sizeof(*b));
}

bool reserve_has(const void *p)
{
    const char *at = p, *first = blocks[0].bytes;
    return at >= first && at < first + sizeof(blocks);
}

bool reserve_is_low(void)
{
    return n_used >= RESERVE_BLOCKS / 2;
}
