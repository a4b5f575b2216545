/* The error table: proto/errors.def turned into names that are looked up by number. Everything here
 * is static and const.
 *
 * The surprise: a number that is no error of ours (a corrupted or future one) reads as
 * ERR_INTERNAL, so that a lookup never fails. */
#include "common/err.h"

#include <stddef.h>
#include <string.h>

struct err_row {
    int status;
    const char *code;
    const char *title;
};

#define ERR(symbol, http_status, code, title) [ERR_##symbol] = {http_status, code, title},
static const struct err_row rows[ERR_MAX] = {
    [ERR_OK] = {200, "ok", "OK"},
#include "errors.def"
};
#undef ERR

static const struct err_row *row_of(enum err e)
{
    return (unsigned)e < ERR_MAX ? &rows[e] : &rows[ERR_INTERNAL];
}

int err_status(enum err e)
{
    return row_of(e)->status;
}

const char *err_code(enum err e)
{
    return row_of(e)->code;
}

const char *err_title(enum err e)
{
    return row_of(e)->title;
}

enum err err_from_code(const char *code)
{
    for (int e = ERR_OK + 1; code && e < ERR_MAX; e++) {
        if (strcmp(rows[e].code, code) == 0)
            return (enum err)e;
    }
    return ERR_INTERNAL;
}
