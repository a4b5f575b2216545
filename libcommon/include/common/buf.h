/* A growing byte buffer with a ceiling.
 *
 * Errors stick: after the first failed append (ceiling or memory) later appends do nothing and
 * buf_err() tells; so a writer appends freely and checks once, at the end. The bytes are always
 * followed by a NUL. */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"

struct buf {
    char *data; /* NULL or NUL-terminated */
    size_t len; /* bytes, without the NUL */
    size_t cap;
    size_t max;   /* ceiling of len */
    enum err err; /* first failure, or ERR_OK */
};

/* A buffer is a plain struct: initialise with this, release with buf_free(). */
#define BUF_INIT(max_bytes) ((struct buf){.max = (max_bytes)})

void buf_free(struct buf *b);
/* Forgets the content and the error; keeps the memory. */
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *data, size_t n);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_addstr(struct buf *b, struct str s);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/* ERR_OK, ERR_TOO_LARGE (ceiling) or ERR_NO_MEMORY. */
MUSTCHECK enum err buf_err(const struct buf *b);
struct str buf_str(const struct buf *b);

#endif
