/* What the operations of the API reference refer to: schemas, parameters, headers, problem replies.
 *
 * The surprise: a table that is used for input anywhere is printed as an input schema everywhere,
 * because it has one name. What was bound is valid input again, so that holds for replies too. */
#include "openapi_priv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"

void openapi_put_json(struct json_writer *w, const char *member, const char *text)
{
    json_put_raw(w, member, STR(""));
    for (; *text; text++)
        buf_addc(w->out, *text == '\'' ? '"' : *text);
}

void openapi_put_ref(struct json_writer *w, const char *member, const char *kind, const char *name)
{
    json_open(w, member, '{');
    json_put_raw(w, "$ref", STR("\"#/components/"));
    buf_addf(w->out, "%s/%s\"", kind, name);
    json_close(w, '}');
}

/* --- schemas --------------------------------------------------------------------------------- */

void openapi_schemas_add(struct openapi_schemas *s, const struct field_table *t, bool input)
{
    size_t i = 0;
    while (i < s->n && s->list[i].table != t)
        i++;
    if (i < s->n && (s->list[i].input || !input))
        return;
    if (i == s->n) {
        assert(s->n < OPENAPI_MAX_TABLES);
        s->list[s->n++].table = t;
    }
    s->list[i].input = input;
    for (size_t row = 0; row < t->n; row++)
        if (t->rows[row].sub)
            openapi_schemas_add(s, t->rows[row].sub, input);
}

static int schema_compare(const void *a, const void *b)
{
    const struct openapi_schema *x = a, *y = b;
    return strcmp(x->table->name, y->table->name);
}

static void put_tables(struct json_writer *w, struct openapi_schemas *s)
{
    qsort(s->list, s->n, sizeof(s->list[0]), schema_compare);
    for (size_t i = 0; i < s->n; i++) {
        const struct field_table *t = s->list[i].table;
        assert(i == 0 || strcmp(s->list[i - 1].table->name, t->name) != 0);
        assert(strcmp(t->name, "Problem") != 0 && strcmp(t->name, "IdempotencyKey") != 0);
        json_put_raw(w, t->name, STR(""));
        field_schema(t, s->list[i].input, w->out);
    }
}

static bool is_table(const struct openapi_schemas *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->list[i].table->name, name) == 0)
            return true;
    return false;
}

/* Those of the shared schemas that the document so far refers to. */
static void put_shared(struct json_writer *w, const struct openapi_schemas *s)
{
    for (size_t i = 0;; i++) {
        struct buf schema = BUF_INIT(OPENAPI_MAX_BYTES);
        const char *name = field_shared_schema(i, &schema);
        char ref[64];
        (void)snprintf(ref, sizeof(ref), "/schemas/%s\"", name ? name : "");
        assert(!name || !is_table(s, name));
        if (buf_err(&schema) != ERR_OK)
            w->out->err = buf_err(&schema);
        else if (name && w->out->data && strstr(w->out->data, ref))
            json_put_raw(w, name, buf_str(&schema));
        buf_free(&schema);
        if (!name)
            return;
    }
}

/* RFC 9457. Some errors have members of their own beside these. */
static void put_problem(struct json_writer *w)
{
    json_open(w, "Problem", '{');
    openapi_put_json(w, "description", "'What went wrong (RFC 9457)'");
    openapi_put_json(w, "type", "'object'");
    openapi_put_json(w, "required", "['type','title','status','code','request_id']");
    json_open(w, "properties", '{');
    openapi_put_json(w, "type", "{'type':'string','format':'uri-reference'}");
    openapi_put_json(w, "title", "{'type':'string'}");
    openapi_put_json(w, "status", "{'type':'integer'}");
    openapi_put_json(w, "detail", "{'type':'string'}");
    openapi_put_json(w, "instance", "{'type':'string','format':'uri-reference'}");
    json_open(w, "code", '{');
    json_put_cstr(w, "type", "string");
    json_open(w, "enum", '[');
    for (int e = ERR_OK + 1; e < ERR_MAX; e++)
        json_put_cstr(w, NULL, err_code((enum err)e));
    json_close(w, ']');
    json_close(w, '}');
    openapi_put_json(w, "request_id", "{'type':'string'}");
    openapi_put_json(
        w, "errors",
        "{'type':'array','items':{'type':'object','required':['pointer','reason'],'properties':{"
        "'pointer':{'description':'A JSON pointer into the body, or the name of a parameter',"
        "'type':'string'},"
        "'reason':{'type':'string'}}}}");
    json_close(w, '}');
    json_put_bool(w, "additionalProperties", true);
    json_close(w, '}');
}

/* --- the rest -------------------------------------------------------------------------------- */

#define KEY_PARAMETER                                                                        \
    "'name':'Idempotency-Key','in':'header',"                                                \
    "'description':'The same key with the same request acts once and gives the same reply'," \
    "'schema':{'$ref':'#/components/schemas/IdempotencyKey'}"

static const struct {
    const char *name, *text;
} parameters[] = {
    {"IdempotencyKey", "{" KEY_PARAMETER "}"},
    {"IdempotencyKeyRequired", "{'required':true," KEY_PARAMETER "}"},
    {"IfMatch", "{'name':'If-Match','in':'header','required':true,"
                "'description':'ETag of what is changed, as it was read',"
                "'schema':{'type':'string'}}"},
    {"IfNoneMatch", "{'name':'If-None-Match','in':'header',"
                    "'description':'ETag of what is known already','schema':{'type':'string'}}"},
};

/* "limit" and "cursor", as their rows say. */
static void put_list_parameters(struct json_writer *w)
{
    const struct field *limit = &list_fields[LIST_LIMIT];
    struct field cursor = list_fields[LIST_CURSOR];
    json_open(w, "Limit", '{');
    openapi_put_json(w, "name", "'limit'");
    openapi_put_json(w, "in", "'query'");
    json_put_cstr(w, "description", limit->prose);
    json_open(w, "schema", '{');
    openapi_put_json(w, "type", "'integer'");
    json_put_i64(w, "minimum", limit->min);
    json_put_i64(w, "maximum", limit->max);
    json_put_i64(w, "default", LIST_DEFAULT_LIMIT);
    json_close(w, '}');
    json_close(w, '}');
    json_open(w, "Cursor", '{');
    openapi_put_json(w, "name", "'cursor'");
    openapi_put_json(w, "in", "'query'");
    json_put_cstr(w, "description", cursor.prose);
    cursor.prose = NULL;
    json_put_raw(w, "schema", STR(""));
    field_row_schema(&cursor, /* input= */ true, w->out);
    json_close(w, '}');
}

static void put_parameters(struct json_writer *w)
{
    json_open(w, "parameters", '{');
    put_list_parameters(w);
    for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
        openapi_put_json(w, parameters[i].name, parameters[i].text);
    json_close(w, '}');
}

/* Visible ASCII, bare or as a quoted string. */
static const char idempotency_key[] =
    "{'type':'string',"
    "'pattern':'^(?:[!#-\\\\[\\\\]-~]{1,255}|\\\"[!#-\\\\[\\\\]-~]{1,255}\\\")$'}";

static const char headers[] =
    "{'X-Request-Id':{'description':'Names the request in our logs','schema':{'type':'string'}},"
    "'X-RateLimit-Limit':{'description':'Requests a minute','schema':{'type':'integer'}},"
    "'X-RateLimit-Remaining':{'description':'Requests that are left now',"
    "'schema':{'type':'integer'}},"
    "'X-RateLimit-Reset':{'description':'Unix time at which all are left again',"
    "'schema':{'type':'integer'}},"
    "'ETag':{'description':'Version of the reply, for If-None-Match and If-Match',"
    "'schema':{'type':'string'}},"
    "'Location':{'description':'Where the new thing is',"
    "'schema':{'type':'string','format':'uri-reference'}},"
    "'Idempotency-Replayed':{'description':'true: this reply was given before',"
    "'schema':{'type':'string'}},"
    "'Retry-After':{'description':'Seconds','schema':{'type':'integer'}},"
    "'WWW-Authenticate':{'schema':{'type':'string'}}}";

/* Problems differ in their headers. */
static const struct {
    const char *name, *description, *header;
} problems[] = {
    {"Problem", "It cannot be done", NULL},
    {"ProblemSignIn", "Sign in first", "WWW-Authenticate"},
    {"ProblemRetry", "Try again later", "Retry-After"},
};

static void put_problem_replies(struct json_writer *w)
{
    json_open(w, "responses", '{');
    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        json_open(w, problems[i].name, '{');
        json_put_cstr(w, "description", problems[i].description);
        json_open(w, "headers", '{');
        openapi_put_ref(w, "X-Request-Id", "headers", "X-Request-Id");
        if (problems[i].header)
            openapi_put_ref(w, problems[i].header, "headers", problems[i].header);
        json_close(w, '}');
        openapi_put_json(
            w, "content",
            "{'application/problem+json':{'schema':{'$ref':'#/components/schemas/Problem'}}}");
        json_close(w, '}');
    }
    json_close(w, '}');
}

void openapi_put_components(struct json_writer *w, struct openapi_schemas *s)
{
    json_open(w, "components", '{');
    json_open(w, "schemas", '{');
    put_tables(w, s);
    put_problem(w);
    openapi_put_json(w, "IdempotencyKey", idempotency_key);
    put_shared(w, s);
    json_close(w, '}');

    put_parameters(w);
    put_problem_replies(w);
    openapi_put_json(w, "headers", headers);
    bool links = w->out->data && strstr(w->out->data, "\"linkAuth\"");
    json_open(w, "securitySchemes", '{');
    openapi_put_json(w, "bearerAuth", "{'type':'http','scheme':'bearer','bearerFormat':'JWT'}");
    if (links)
        openapi_put_json(w, "linkAuth",
                         "{'type':'http','scheme':'Link',"
                         "'description':'The token of the link in a mail'}");
    json_close(w, '}');
    json_close(w, '}');
}
