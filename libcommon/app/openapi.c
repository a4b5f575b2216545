/* The API reference, printed from the route table that the service runs on.
 *
 * The surprise: 500 is in no list of replies. It is a bug, and a contract test should say so. */
#include <stdio.h>
#include <string.h>

#include "common/router.h"
#include "openapi_priv.h"

/* --- parameters ------------------------------------------------------------------------------ */

/* What router_find() accepts. */
static void put_path_parameters(struct json_writer *w, const char *path)
{
    if (!strchr(path, '{'))
        return;
    json_open(w, "parameters", '[');
    for (const char *p = strchr(path, '{'); p; p = strchr(p, '{')) {
        struct str rest = str_of(p + 1);
        struct str name = str_cut(&rest, '}');
        json_open(w, NULL, '{');
        json_put_str(w, "name", name);
        json_put_cstr(w, "in", "path");
        json_put_bool(w, "required", true);
        if (router_is_id(name))
            openapi_put_ref(w, "schema", "schemas", "Uuid");
        else
            openapi_put_json(
                w, "schema",
                "{'type':'string','pattern':'^(?!\\\\.{1,2}$)[A-Za-z0-9._~-]{1,512}$'}");
        json_close(w, '}');
        p = rest.p;
    }
    json_close(w, ']');
}

static bool takes_key(const struct route *r)
{
    return r->flags & (ROUTE_KEY | ROUTE_KEY_REQUIRED);
}

static int success_status(const struct route *r)
{
    return r->status ? r->status : 200;
}

static bool is_conditional(const struct route *r)
{
    return r->method == GET && success_status(r) == 200;
}

static void put_query_parameter(struct json_writer *w, const struct field *f)
{
    struct field bare = *f;
    bare.prose = NULL;
    json_open(w, NULL, '{');
    json_put_cstr(w, "name", f->name);
    json_put_cstr(w, "in", "query");
    if (f->flags & FIELD_REQUIRED)
        json_put_bool(w, "required", true);
    if (f->prose)
        json_put_cstr(w, "description", f->prose);
    json_put_raw(w, "schema", STR(""));
    field_row_schema(&bare, /* input= */ true, w->out);
    json_close(w, '}');
}

static void put_parameters(struct json_writer *w, const struct route *r)
{
    if (!r->query && !takes_key(r) && !(r->flags & (ROUTE_LIST | ROUTE_IF_MATCH)) &&
        !is_conditional(r))
        return;
    json_open(w, "parameters", '[');
    for (size_t i = 0; r->query && i < r->query->n; i++)
        put_query_parameter(w, &r->query->rows[i]);
    if (r->flags & ROUTE_LIST) {
        openapi_put_ref(w, NULL, "parameters", "Limit");
        openapi_put_ref(w, NULL, "parameters", "Cursor");
    }
    if (takes_key(r))
        openapi_put_ref(w, NULL, "parameters",
                        r->flags & ROUTE_KEY_REQUIRED ? "IdempotencyKeyRequired"
                                                      : "IdempotencyKey");
    if (r->flags & ROUTE_IF_MATCH)
        openapi_put_ref(w, NULL, "parameters", "IfMatch");
    if (is_conditional(r))
        openapi_put_ref(w, NULL, "parameters", "IfNoneMatch");
    json_close(w, ']');
}

/* --- replies --------------------------------------------------------------------------------- */

static void put_header(struct json_writer *w, const char *name)
{
    openapi_put_ref(w, name, "headers", name);
}

static const char *success_description(int status)
{
    switch (status) {
    case 201:
        return "Created";
    case 202:
        return "Accepted: it will be done";
    case 204:
        return "Done; there is nothing to say";
    default:
        return "OK";
    }
}

static void put_page_schema(struct json_writer *w, const struct field_table *items)
{
    json_open(w, "schema", '{');
    openapi_put_json(w, "type", "'object'");
    openapi_put_json(w, "required", "['items','next_cursor','limit']");
    json_open(w, "properties", '{');
    json_open(w, "items", '{');
    openapi_put_json(w, "type", "'array'");
    openapi_put_ref(w, "items", "schemas", items->name);
    json_close(w, '}');
    openapi_put_json(w, "next_cursor",
                     "{'description':'null on the last page','type':['string','null']}");
    openapi_put_json(w, "limit", "{'type':'integer'}");
    openapi_put_json(w, "total", "{'description':'Where it was asked for','type':'integer'}");
    json_close(w, '}');
    json_close(w, '}');
}

static void put_status(struct json_writer *w, int status)
{
    char text[12];
    (void)snprintf(text, sizeof(text), "%d", status);
    json_open(w, text, '{');
}

static void put_usual_headers(struct json_writer *w, const struct route *r)
{
    put_header(w, "X-Request-Id");
    if (r->tier != TIER_NONE) {
        put_header(w, "X-RateLimit-Limit");
        put_header(w, "X-RateLimit-Remaining");
        put_header(w, "X-RateLimit-Reset");
    }
    if (is_conditional(r) || (r->flags & ROUTE_IF_MATCH))
        put_header(w, "ETag");
}

static void put_success(struct json_writer *w, const struct route *r)
{
    put_status(w, success_status(r));
    json_put_cstr(w, "description", success_description(success_status(r)));
    json_open(w, "headers", '{');
    put_usual_headers(w, r);
    if (success_status(r) == 201)
        put_header(w, "Location");
    if (takes_key(r))
        put_header(w, "Idempotency-Replayed");
    json_close(w, '}');
    if (r->out || r->media) {
        json_open(w, "content", '{');
        json_open(w, r->media ? r->media : "application/json", '{');
        if (r->media)
            openapi_put_json(w, "schema", "{'type':'string'}");
        else if (r->flags & ROUTE_LIST)
            put_page_schema(w, r->out);
        else
            openapi_put_ref(w, "schema", "schemas", r->out->name);
        json_close(w, '}');
        json_close(w, '}');
    }
    json_close(w, '}');
    if (!is_conditional(r))
        return;
    put_status(w, 304);
    json_put_cstr(w, "description", "Still as If-None-Match says");
    json_open(w, "headers", '{');
    put_usual_headers(w, r);
    json_close(w, '}');
    json_close(w, '}');
}

/* The errors that a route can end with, by enum err. */
struct errors {
    bool can[ERR_MAX];
};

static void errors_if(struct errors *s, bool condition, const enum err *list)
{
    for (; condition && *list != ERR_OK; list++)
        s->can[*list] = true;
}

#define ERRS(...) ((const enum err[]){__VA_ARGS__, ERR_OK})

static void errors_of(const struct route *r, struct errors *s)
{
    bool has_body = r->in || (r->flags & ROUTE_RAW_BODY);
    errors_if(s, true,
              ERRS(ERR_MALFORMED, ERR_INVALID, ERR_UNAUTHORIZED, ERR_TOKEN_EXPIRED, ERR_NO_MEMORY,
                   ERR_BUSY, ERR_UNAVAILABLE, ERR_NOT_READY, ERR_TIMEOUT));
    errors_if(s, r->auth == AUTH_USER && r->perm != PERM_NONE, ERRS(ERR_FORBIDDEN));
    errors_if(s, strchr(r->path, '{') != NULL, ERRS(ERR_NOT_FOUND));
    errors_if(s, r->feature != NULL, ERRS(ERR_FEATURE_DISABLED));
    errors_if(s, has_body, ERRS(ERR_TOO_LARGE));
    errors_if(s, r->in != NULL, ERRS(ERR_UNSUPPORTED_MEDIA));
    errors_if(s, r->in || r->query, ERRS(ERR_CARD_NUMBER));
    errors_if(s, r->tier != TIER_NONE, ERRS(ERR_RATE_LIMITED));
    errors_if(s, r->method != GET, ERRS(ERR_RETRY));
    errors_if(s, takes_key(r), ERRS(ERR_KEY_REUSED, ERR_KEY_IN_PROGRESS));
    errors_if(s, r->flags & ROUTE_KEY_REQUIRED, ERRS(ERR_KEY_REQUIRED));
    errors_if(s, r->flags & ROUTE_IF_MATCH,
              ERRS(ERR_PRECONDITION_REQUIRED, ERR_PRECONDITION_FAILED));
    errors_if(s, r->errors != NULL, r->errors);
}

/* "Not found (not_found); ..." */
static void put_errors_of_status(struct json_writer *w, const struct errors *s, int status)
{
    struct buf text = BUF_INIT(OPENAPI_MAX_BYTES);
    for (int e = ERR_OK + 1; e < ERR_MAX; e++)
        if (s->can[e] && err_status((enum err)e) == status)
            buf_addf(&text, "%s%s (%s)", text.len ? "; " : "", err_title((enum err)e),
                     err_code((enum err)e));
    if (buf_err(&text) != ERR_OK) {
        w->out->err = buf_err(&text);
    } else if (text.len > 0) {
        put_status(w, status);
        json_put_raw(w, "$ref", STR("\"#/components/responses/"));
        buf_addf(w->out, "%s\"",
                 status == 401                    ? "ProblemSignIn"
                 : status == 429 || status == 503 ? "ProblemRetry"
                                                  : "Problem");
        json_put_str(w, "description", buf_str(&text));
        json_close(w, '}');
    }
    buf_free(&text);
}

static void put_replies(struct json_writer *w, const struct route *r)
{
    struct errors errors = {0};
    errors_of(r, &errors);
    json_open(w, "responses", '{');
    put_success(w, r);
    for (int status = 400; status <= 599; status++)
        put_errors_of_status(w, &errors, status);
    json_close(w, '}');
}

/* --- operations ------------------------------------------------------------------------------ */

static void put_body(struct json_writer *w, const struct route *r)
{
    if (!r->in && !(r->flags & ROUTE_RAW_BODY))
        return;
    json_open(w, "requestBody", '{');
    json_put_bool(w, "required", !(r->flags & ROUTE_OPTIONAL_BODY));
    json_open(w, "content", '{');
    json_open(w, r->in ? "application/json" : "*/*", '{');
    if (r->in)
        openapi_put_ref(w, "schema", "schemas", r->in->name);
    json_close(w, '}');
    json_close(w, '}');
    json_close(w, '}');
}

static void put_operation(struct json_writer *w, const struct route *r, const char *tag)
{
    char method[8];
    (void)snprintf(method, sizeof(method), "%s", http_method_name(r->method));
    for (char *p = method; *p; p++)
        *p = (char)(*p - 'A' + 'a');
    json_open(w, method, '{');
    json_open(w, "tags", '[');
    json_put_cstr(w, NULL, tag);
    json_close(w, ']');
    json_put_cstr(w, "operationId", r->name);
    json_put_cstr(w, "summary", r->summary);
    openapi_put_json(w, "security",
                     r->auth == AUTH_PUBLIC  ? "[]"
                     : r->flags & ROUTE_LINK ? "[{'bearerAuth':[]},{'linkAuth':[]}]"
                                             : "[{'bearerAuth':[]}]");
    if (r->auth == AUTH_USER && r->perm != PERM_NONE)
        json_put_cstr(w, "x-permission", perm_name(r->perm));
    json_put_cstr(w, "x-rate-tier", tier_name(r->tier));
    if (r->feature)
        json_put_cstr(w, "x-feature", r->feature);
    put_parameters(w, r);
    put_body(w, r);
    put_replies(w, r);
    json_close(w, '}');
}

/* --- the document ---------------------------------------------------------------------------- */

static bool is_shown(const struct route *r)
{
    return r->auth != AUTH_INTERNAL;
}

static bool path_was_before(const struct route *routes, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (is_shown(&routes[j]) && strcmp(routes[j].path, routes[i].path) == 0)
            return true;
    return false;
}

static void put_paths(struct json_writer *w, const struct route *routes, size_t n, const char *tag)
{
    json_open(w, "paths", '{');
    for (size_t i = 0; i < n; i++) {
        if (!is_shown(&routes[i]) || path_was_before(routes, i))
            continue;
        json_open(w, routes[i].path, '{');
        put_path_parameters(w, routes[i].path);
        for (size_t j = i; j < n; j++)
            if (is_shown(&routes[j]) && strcmp(routes[j].path, routes[i].path) == 0)
                put_operation(w, &routes[j], tag);
        json_close(w, '}');
    }
    json_close(w, '}');
}

static void put_info(struct json_writer *w, const struct openapi_info *info)
{
    json_put_cstr(w, "openapi", "3.1.0");
    json_open(w, "info", '{');
    json_put_cstr(w, "title", info->title);
    json_put_cstr(w, "version", info->version);
    if (info->description)
        json_put_cstr(w, "description", info->description);
    json_close(w, '}');
    openapi_put_json(w, "servers", "[{'url':'/'}]");
    json_open(w, "tags", '[');
    json_open(w, NULL, '{');
    json_put_cstr(w, "name", info->tag);
    if (info->description)
        json_put_cstr(w, "description", info->description);
    json_close(w, '}');
    json_close(w, ']');
}

void openapi_print(const struct openapi_info *info, const struct route *routes, size_t n,
                   struct buf *out)
{
    struct openapi_schemas schemas = {.n = 0};
    for (size_t i = 0; i < n; i++) {
        if (is_shown(&routes[i]) && routes[i].in)
            openapi_schemas_add(&schemas, routes[i].in, /* input= */ true);
        if (is_shown(&routes[i]) && routes[i].out)
            openapi_schemas_add(&schemas, routes[i].out, /* input= */ false);
    }
    struct buf compact = BUF_INIT(OPENAPI_MAX_BYTES);
    struct json_writer w = JSON_WRITER(&compact);
    json_open(&w, NULL, '{');
    put_info(&w, info);
    put_paths(&w, routes, n, info->tag);
    openapi_put_components(&w, &schemas);
    json_close(&w, '}');
    if (buf_err(&compact) == ERR_OK)
        json_pretty(out, buf_str(&compact));
    else if (out->err == ERR_OK)
        out->err = buf_err(&compact);
    buf_free(&compact);
}
