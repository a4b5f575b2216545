/* Growing byte buffers. The bytes belong to the buffer and move when it grows: a pointer into it is
 * good until the next append.
 *
 * The surprise: an append that fails appends nothing, and neither do later ones, even those that
 * would fit. What is there is then a clean prefix. */
#include "common/buf.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"

#define FIRST_CAP 256 /* of the memory, NUL included */

/* Makes room for n more bytes and the NUL. False: the error is set. */
static bool buf_grow(struct buf *b, size_t n)
{
    size_t max = MIN(b->max, SIZE_MAX / 2 - 1); /* so that no sum of sizes overflows */
    if (b->err != ERR_OK)
        return false;
    if (n > max - b->len) {
        b->err = ERR_TOO_LARGE;
        return false;
    }
    if (n < b->cap - b->len)
        return true;

    /* Doubling makes the copies a constant cost per byte. */
    size_t cap = MAX(b->len + n + 1, MAX(2 * b->cap, FIRST_CAP));
    cap = MIN(cap, max + 1);
    char *data = mem_realloc(b->data, cap);
    if (!data) {
        b->err = ERR_NO_MEMORY;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buf_free(struct buf *b)
{
    mem_free(b->data);
    *b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->err = ERR_OK;
    if (b->data)
        b->data[0] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t n)
{
    if (!buf_grow(b, n))
        return;
    if (n)
        memcpy(b->data + b->len, data, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_addc(struct buf *b, char c)
{
    if (!buf_grow(b, 1))
        return;
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addstr(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    if (!buf_grow(b, 0))
        return;
    va_list again;
    va_copy(again, ap);
    size_t room = b->cap - b->len;
    int n = vsnprintf(b->data + b->len, room, fmt, ap);
    if (n < 0) {
        b->err = ERR_TOO_LARGE; /* longer than INT_MAX */
    } else if ((size_t)n < room) {
        b->len += (size_t)n;
    } else if (buf_grow(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    b->data[b->len] = '\0'; /* drops what a failed try left behind */
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(b, fmt, ap);
    va_end(ap);
}

enum err buf_err(const struct buf *b)
{
    return b->err;
}

struct str buf_str(const struct buf *b)
{
    return (struct str){b->data, b->len};
}
