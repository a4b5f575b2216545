/* From SQLSTATE to enum err: the one place where the suite reads PostgreSQL's error codes.
 * What it hands out points into the result, the service's constraint table, or static memory. */
#include <string.h>

#include "pg_priv.h"

struct sqlstate_row {
    const char *prefix;
    enum err err;
    bool fatal; /* the connection goes with it */
};

/* The first row whose prefix fits. */
static const struct sqlstate_row sqlstates[] = {
    {"40001", ERR_RETRY, false},      /* serialization_failure */
    {"40P01", ERR_RETRY, false},      /* deadlock_detected */
    {"57014", ERR_TIMEOUT, false},    /* query_canceled: the statement timeout */
    {"25006", ERR_UNAVAILABLE, true}, /* read_only_sql_transaction: a primary no more */
    {"0A000", ERR_UNAVAILABLE, true}, /* "cached plan must not change result type": migrated */
    {"26000", ERR_UNAVAILABLE, true}, /* our prepared statement is gone */
    {"08", ERR_UNAVAILABLE, true},    /* connection exceptions */
    {"53", ERR_UNAVAILABLE, false},   /* insufficient resources */
    {"57P", ERR_UNAVAILABLE, true},   /* shut down, crashed, starting */
    {"58", ERR_UNAVAILABLE, false},   /* its disk, or another part of its machine, fails */
    {"22", ERR_INVALID, false},       /* data exceptions */
    {"23", ERR_INVALID, false},       /* integrity constraints without a row of their own */
};

static const struct sqlstate_row *sqlstate_find(const char *sqlstate)
{
    for (size_t i = 0; i < ARRAY_LEN(sqlstates); i++)
        if (strncmp(sqlstate, sqlstates[i].prefix, strlen(sqlstates[i].prefix)) == 0)
            return &sqlstates[i];
    return NULL;
}

static const struct pg_constraint *constraint_find(const struct pg_options *o, const char *name)
{
    for (size_t i = 0; i < o->n_constraints; i++)
        if (strcmp(o->constraints[i].name, name) == 0)
            return &o->constraints[i];
    return NULL;
}

/* PostgreSQL says "insufficient privilege" of a disk that has become read-only, too, but in other
 * words than of a right that a role has not. */
static bool is_read_only_disk(const struct pg_result *r)
{
    return strcmp(r->sqlstate, "42501") == 0 && strncmp(r->message, "could not ", 10) == 0;
}

/* Our own rules, raised in SQL: the message is an error's code, the detail is for the client. */
static void rule_read(struct pg_result *r)
{
    const char *detail = PQresultErrorField(r->res, PG_DIAG_MESSAGE_DETAIL);
    r->err = err_from_code(r->message);
    r->detail = detail && *detail ? detail : NULL;
}

static void failure_read(struct pg_result *r, const struct pg_options *options)
{
    const char *sqlstate = PQresultErrorField(r->res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(r->res, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(r->res, PG_DIAG_CONSTRAINT_NAME);
    r->sqlstate = sqlstate ? sqlstate : "";
    r->message = message ? message : PQresultErrorMessage(r->res);
    if (!sqlstate) { /* libpq's own: the connection broke */
        r->err = ERR_UNAVAILABLE;
        return;
    }
    if (strncmp(sqlstate, "MH", 2) == 0) {
        rule_read(r);
        return;
    }
    const struct pg_constraint *rule = constraint ? constraint_find(options, constraint) : NULL;
    if (rule) {
        r->err = rule->err;
        r->pointer = rule->pointer;
        r->detail = rule->detail;
        return;
    }
    const struct sqlstate_row *row = sqlstate_find(is_read_only_disk(r) ? "58030" : sqlstate);
    r->err = row ? row->err : ERR_INTERNAL;
}

void pg_result_read(struct pg_result *r, const struct pg_options *options)
{
    switch (PQresultStatus(r->res)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        r->err = ERR_OK;
        r->sqlstate = r->message = "";
        break;
    case PGRES_FATAL_ERROR:
        failure_read(r, options);
        break;
    default:
        r->err = ERR_INTERNAL;
        r->sqlstate = "";
        r->message = "a statement may only return rows";
    }
}

bool pg_sqlstate_is_fatal(const char *sqlstate)
{
    const struct sqlstate_row *row = sqlstate_find(sqlstate);
    return row && row->fatal;
}
