/* The audit log: a list for people, a CSV for their spreadsheets. */
#include "csv.h"
#include "identity.h"
#include "identity_api.h"

#define EXPORT_ROWS 5000
#define EXPORT_BYTES (3u << 20) /* below the arena's budget; who gets no more narrows the time */

/* An id without its kind has no index. */
static enum step_rc audit_check(struct req *r)
{
    if (req_query(r, "entity_id") && !req_query(r, "entity"))
        return req_fail_field(r, "entity_id", "needs entity");
    return STEP_NEXT;
}

static enum step_rc audit_list(struct req *r)
{
    return req_pg(r, &sql_audit_list,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "actor"), req_query(r, "entity"),
                          req_query(r, "entity_id"), req_query(r, "action"), req_query(r, "from"),
                          req_query(r, "to"), req_cursor(r), number_text(r, req_limit(r))));
}

static enum step_rc audit_rows(struct req *r)
{
    return req_pg(r, &sql_audit_export,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "actor"), req_query(r, "entity"),
                          req_query(r, "entity_id"), req_query(r, "action"), req_query(r, "from"),
                          req_query(r, "to"), number_text(r, EXPORT_ROWS)));
}

static enum step_rc audit_csv(struct req *r)
{
    static const char *const columns[] = {"at",     "service", "actor",     "role",
                                          "action", "entity",  "entity_id", "before",
                                          "after",  "reason",  "ip",        "request_id"};
    struct buf b = BUF_INIT(EXPORT_BYTES);
    csv_row(&b, columns, ARRAY_LEN(columns));
    int rows = pg_rows(r->rows);
    for (int row = 0; row < rows; row++) {
        const char *cells[ARRAY_LEN(columns)];
        for (size_t i = 0; i < ARRAY_LEN(columns); i++)
            cells[i] = pg_get(r->rows, row, pg_col(r->rows, columns[i]));
        csv_row(&b, cells, ARRAY_LEN(columns));
    }
    if (buf_err(&b) == ERR_TOO_LARGE) {
        buf_free(&b);
        return req_fail_field(r, "from", "is too early: the export would be too large");
    }
    const char *text = text_take(r, &b);
    if (!text)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    req_reply_header(r, "Content-Disposition", "attachment; filename=\"audit.csv\"");
    return req_reply_as(r, 0, "text/csv; charset=utf-8", str_of(text));
}

/* clang-format off */
const struct step audit_list_steps[] = {
    STEP(audit_check),
    STEP(audit_list),
    STEP(reply_row),
    STEP_END,
};

const struct step audit_export_steps[] = {
    STEP(audit_check),
    STEP(audit_rows),
    STEP(audit_csv),
    STEP_END,
};
