/* Reading a result. It owns its PGresult; what these functions hand out is borrowed from it. A
 * result without an answer (a lost connection) has no rows. */
#include <string.h>

#include "common/mem.h"
#include "pg_priv.h"

enum err pg_result_err(const struct pg_result *r)
{
    return r->err;
}

const char *pg_result_detail(const struct pg_result *r)
{
    return r->detail;
}

const char *pg_result_pointer(const struct pg_result *r)
{
    return r->pointer;
}

const char *pg_result_sqlstate(const struct pg_result *r)
{
    return r->sqlstate;
}

const char *pg_result_message(const struct pg_result *r)
{
    return r->message;
}

int pg_rows(const struct pg_result *r)
{
    return PQntuples(r->res);
}

/* Not PQfnumber(): it folds case and takes memory for it. */
int pg_col(const struct pg_result *r, const char *name)
{
    for (int i = 0, n = PQnfields(r->res); i < n; i++)
        if (strcmp(PQfname(r->res, i), name) == 0)
            return i;
    return -1;
}

static bool is_value(const struct pg_result *r, int row, int col)
{
    return row >= 0 && row < PQntuples(r->res) && col >= 0 && col < PQnfields(r->res) &&
           !PQgetisnull(r->res, row, col);
}

const char *pg_get(const struct pg_result *r, int row, int col)
{
    return is_value(r, row, col) ? PQgetvalue(r->res, row, col) : NULL;
}

const char *pg_first(const struct pg_result *r, const char *name)
{
    return pg_get(r, 0, pg_col(r, name));
}

size_t pg_len(const struct pg_result *r, int row, int col)
{
    return is_value(r, row, col) ? (size_t)PQgetlength(r->res, row, col) : 0;
}

void pg_result_free(void *result)
{
    struct pg_result *r = result;
    if (!r)
        return;
    PQclear(r->res);
    mem_free(r);
}
