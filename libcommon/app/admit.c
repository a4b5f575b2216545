/* What every request passes before its route's own steps: feature flag, caller, rate limit, query,
 * body, preconditions. Deny unless the row allows. */
#include "common/clock.h"
#include "common/encode.h"
#include "common/log.h"
#include "common/net.h"
#include "list.h"
#include "req_priv.h"
#include "sealed.h"

static enum step_rc admit_feature(struct req *r)
{
    if (r->route->feature && !feature_enabled(app_of(r->svc), r->route->feature))
        return req_fail(r, ERR_FEATURE_DISABLED, NULL);
    return STEP_NEXT;
}

/* --- who ----------------------------------------------------------------------------------- */

static enum step_rc token_check(struct req *r, struct str token)
{
    struct svc *svc = r->svc;
    const struct token_expect expect = {.issuer = svc->config->token_issuer,
                                        .audience = svc->config->token_audience,
                                        .now_s = r->now_us / USEC_PER_SEC};
    enum err e = token_verify(svc->token_keys, svc->token_cache, &expect, token, &r->caller);
    if (e == ERR_OK)
        return STEP_NEXT;
    memset(&r->caller, 0, sizeof(r->caller));
    return req_fail(r, e, NULL);
}

/* Nobody knows who he is, only that he got the mail. */
static enum step_rc link_check(struct req *r, struct str token)
{
    struct str payload;
    const char *text = arena_strndup(r->arena, token.p, token.n);
    if (!(r->route->flags & ROUTE_LINK) || !text || req_unsign(r, "link", text, &payload) != ERR_OK)
        return req_fail(r, ERR_UNAUTHORIZED, NULL);
    r->link = arena_strndup(r->arena, payload.p, payload.n);
    r->scope = SCOPE_OWN;
    return r->link ? STEP_NEXT : req_fail(r, ERR_NO_MEMORY, NULL);
}

static enum step_rc credentials_check(struct req *r, const char *header)
{
    struct str token = str_of(header);
    struct str scheme = str_cut(&token, ' ');
    if (str_eq_nocase(scheme, STR("Bearer")))
        return token_check(r, str_trim(token));
    if (str_eq_nocase(scheme, STR("Link")))
        return link_check(r, str_trim(token));
    return req_fail(r, ERR_UNAUTHORIZED, NULL);
}

static enum step_rc admit_caller(struct req *r)
{
    /* Who signs in or refreshes may well still send the token that has expired. */
    bool signs_in = r->route->auth == AUTH_PUBLIC && r->route->tier == TIER_AUTH;
    const char *header = signs_in ? NULL : req_header(r, "Authorization");
    if (header) {
        enum step_rc rc = credentials_check(r, header);
        if (rc != STEP_NEXT || r->link)
            return rc;
    }
    const struct route *route = r->route;
    if (route->auth == AUTH_USER) {
        if (!r->caller.known)
            return req_fail(r, ERR_UNAUTHORIZED, NULL);
        r->scope = route->perm == PERM_NONE ? SCOPE_OWN : (enum scope)r->caller.scopes[route->perm];
        if (r->scope == SCOPE_NONE)
            return req_fail(r, ERR_FORBIDDEN, NULL);
    } else if (r->caller.known && route->perm != PERM_NONE) {
        r->scope = (enum scope)r->caller.scopes[route->perm];
    }
    return STEP_NEXT;
}

/* --- how often ------------------------------------------------------------------------------ */

static const char *const staff_roles[] = {"SUPER_ADMIN", "ADMIN", "CUSTOMER_SUPPORT",
                                          "STATION_MANAGER"};

static enum tier tier_of(const struct req *r)
{
    enum tier tier = r->link ? TIER_PUBLIC : r->route->tier;
    if (!r->caller.known || (tier != TIER_PUBLIC && tier != TIER_USER && tier != TIER_ADMIN))
        return tier;
    for (size_t i = 0; i < ARRAY_LEN(staff_roles); i++)
        if (strcmp(r->caller.role, staff_roles[i]) == 0)
            return TIER_ADMIN;
    return TIER_USER;
}

/* An IPv6 customer has a /64 to choose addresses from: that is one subject. */
static const char *subject_of(struct req *r, enum tier tier, const char *bucket)
{
    if (r->caller.known && tier != TIER_AUTH)
        return arena_printf(r->arena, "%s:u:%s", bucket, r->caller.user_id);
    struct net address;
    char prefix[HEX_SIZE(8)];
    if (!strchr(r->ip, ':') || net_parse(str_of(r->ip), &address) != ERR_OK)
        return arena_printf(r->arena, "%s:ip:%s", bucket, r->ip);
    hex_encode(address.bytes, 8, prefix);
    return arena_printf(r->arena, "%s:ip6:%s", bucket, prefix);
}

static void rate_header(struct req *r, int slot, const char *name, int64_t value)
{
    struct reqx *x = reqx_of(r);
    snprintf(x->rate_headers[slot], sizeof(x->rate_headers[slot]), "%lld", (long long)value);
    req_reply_header(r, name, x->rate_headers[slot]);
}

static void on_rate(void *owner, uint64_t id, const struct rate_verdict *v)
{
    struct reqx *x = req_find(owner, id);
    if (!x)
        return;
    struct req *r = &x->r;
    if (v->local)
        metric_add(&app_metrics[M_RATE_LOCAL], 1);
    rates_count(app_of(r->svc), x->rate_limit, x->rate_subject, v);
    rate_header(r, 0, "X-RateLimit-Limit", v->limit);
    rate_header(r, 1, "X-RateLimit-Remaining", v->remaining);
    rate_header(r, 2, "X-RateLimit-Reset", v->reset_s);
    if (v->allowed) {
        req_resume(owner, id);
        return;
    }
    metric_add(&app_metrics[M_RATE_LIMITED], 1, tier_name(tier_of(r)));
    const char *wait = arena_printf(r->arena, "%d", v->retry_after_s);
    if (wait)
        req_reply_header(r, "Retry-After", wait);
    (void)req_fail(r, ERR_RATE_LIMITED, "Try again in %d seconds.", v->retry_after_s);
    req_resume_failed(x);
}

static enum step_rc admit_rate(struct req *r)
{
    struct reqx *x = reqx_of(r);
    enum tier tier = tier_of(r);
    if (!r->svc->config->rate_limit)
        return STEP_NEXT;
    x->rate_limit = rates_limit(app_of(r->svc), r->route, tier);
    if (!x->rate_limit)
        return STEP_NEXT;
    x->rate_subject = subject_of(r, tier, x->rate_limit->bucket);
    if (!x->rate_subject)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    enum err e = ratelimit_take(r->svc->ratelimit, x->rate_subject, x->rate_limit->rate, on_rate,
                                r->svc, r->id);
    return e == ERR_OK ? STEP_WAIT : req_fail(r, e, NULL);
}

/* --- what: the query ------------------------------------------------------------------------ */

static const struct field *query_field(const struct route *route, const char *name)
{
    for (size_t i = 0; route->query && i < route->query->n; i++)
        if (strcmp(route->query->rows[i].name, name) == 0)
            return &route->query->rows[i];
    for (size_t i = 0; (route->flags & ROUTE_LIST) && i < LIST_N_FIELDS; i++)
        if (strcmp(list_fields[i].name, name) == 0)
            return &list_fields[i];
    return NULL;
}

/* One name=value. Mistakes go to x->issues; only trouble of our own is returned. */
static enum err query_take(struct reqx *x, struct str pair)
{
    struct req *r = &x->r;
    struct str rest = pair;
    struct str raw_name = str_cut(&rest, '=');
    char *name = arena_alloc(r->arena, raw_name.n + 1);
    char *text = arena_alloc(r->arena, rest.n + 1);
    size_t name_n, text_n;
    if (!name || !text)
        return ERR_TOO_LARGE;
    if (percent_decode(raw_name, 1, name, &name_n) != ERR_OK ||
        percent_decode(rest, 1, text, &text_n) != ERR_OK || strlen(name) != name_n ||
        strlen(text) != text_n || !str_is_utf8((struct str){text, text_n}))
        return ERR_MALFORMED;
    const struct field *f = query_field(r->route, name);
    if (!f) {
        const char *shown = name_n <= 64 && str_is_utf8((struct str){name, name_n}) ? name : "?";
        field_issue_add(&x->issues, shown, "Is not a parameter of this route");
        return ERR_OK;
    }
    if (req_query(r, name)) {
        field_issue_add(&x->issues, f->name, "Is given twice");
        return ERR_OK;
    }
    const char *value;
    enum err e = field_bind_text(r->arena, f, text, &value, &x->issues);
    if (e == ERR_OK && x->n_query < QUERY_MAX_PARAMS)
        x->query[x->n_query++] = (struct query_value){f->name, value};
    return e == x->issues.err && x->issues.n ? ERR_OK : e;
}

static enum err list_parameters(struct reqx *x)
{
    struct req *r = &x->r;
    int64_t limit;
    const char *text = req_query(r, "limit");
    if (text && str_to_i64(str_of(text), 1, LIST_MAX_LIMIT, &limit) == ERR_OK)
        x->limit = (int)limit;
    const char *cursor = req_query(r, "cursor");
    if (!cursor)
        return ERR_OK;
    const char *purpose = arena_printf(r->arena, "cursor:%s", r->route->name);
    struct str payload;
    if (!purpose)
        return ERR_TOO_LARGE;
    if (req_unsign(r, purpose, cursor, &payload) != ERR_OK) {
        field_issue_add(&x->issues, "cursor", "Is not a cursor of this list");
        return ERR_OK;
    }
    x->cursor = arena_strndup(r->arena, payload.p, payload.n);
    return x->cursor ? ERR_OK : ERR_TOO_LARGE;
}

static enum step_rc admit_query(struct req *r)
{
    struct reqx *x = reqx_of(r);
    struct str rest = str_of(http_exchange_target(r->http));
    (void)str_cut(&rest, '?');
    enum err e = ERR_OK;
    for (size_t n = 0; rest.n && e == ERR_OK; n++) {
        struct str pair = str_cut(&rest, '&');
        if (n == QUERY_MAX_PARAMS)
            return req_fail(r, ERR_MALFORMED, "There are too many query parameters.");
        if (pair.n)
            e = query_take(x, pair);
    }
    if (e == ERR_MALFORMED)
        return req_fail(r, e, "The query string is not well-formed.");
    const struct field_table *t = r->route->query;
    for (size_t i = 0; t && i < t->n; i++)
        if ((t->rows[i].flags & FIELD_REQUIRED) && !req_query(r, t->rows[i].name) && !x->issues.n)
            field_issue_add(&x->issues, t->rows[i].name, "Is required");
    if (e == ERR_OK && r->route->flags & ROUTE_LIST)
        e = list_parameters(x);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    return x->issues.n ? req_fail(r, x->issues.err, NULL) : STEP_NEXT;
}

/* --- what: the body ------------------------------------------------------------------------- */

static bool is_json_type(const char *content_type)
{
    struct str rest = str_of(content_type);
    if (!str_eq_nocase(str_trim(str_cut(&rest, ';')), STR("application/json")))
        return false;
    struct str parameter = str_trim(rest);
    return parameter.n == 0 || str_eq_nocase(parameter, STR("charset=utf-8")) ||
           str_eq_nocase(parameter, STR("charset=\"utf-8\""));
}

static enum step_rc body_bind(struct req *r, struct str body)
{
    struct reqx *x = reqx_of(r);
    const struct route *route = r->route;
    const struct json *doc;
    const char *why = NULL;
    enum err e = json_parse(r->arena, body, &doc, &why);
    if (e != ERR_OK)
        return req_fail(r, e, e == ERR_MALFORMED && why ? "The body is not JSON: %s." : NULL, why);
    if (route->in->bytes) {
        r->in = arena_alloc(r->arena, route->in->bytes);
        if (!r->in)
            return req_fail(r, ERR_TOO_LARGE, NULL);
    }
    e = field_bind(r->arena, route->in, doc, r->in, &r->in_json, &x->issues);
    if (e == ERR_OK)
        e = sealed_close(r);
    return e == ERR_OK ? STEP_NEXT : req_fail(r, e, NULL);
}

static enum step_rc admit_body(struct req *r)
{
    const struct route *route = r->route;
    r->in_json = "{}";
    if (route->flags & ROUTE_RAW_BODY)
        return STEP_NEXT;
    struct str body = req_body(r);
    if (!route->in)
        return body.n == 0 ? STEP_NEXT : req_fail(r, ERR_MALFORMED, "This route takes no body.");
    if (body.n == 0 && route->flags & ROUTE_OPTIONAL_BODY)
        return body_bind(r, STR("{}"));
    const char *type = req_header(r, "Content-Type");
    const char *coding = req_header(r, "Content-Encoding");
    if ((body.n && (!type || !is_json_type(type))) || (coding && strcmp(coding, "identity") != 0))
        return req_fail(r, ERR_UNSUPPORTED_MEDIA, NULL);
    if (body.n == 0)
        return req_fail(r, ERR_MALFORMED, "The body is missing.");
    return body_bind(r, body);
}

/* --- preconditions --------------------------------------------------------------------------- */

/* Visible ASCII, and nothing that a quoted string would escape. */
static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 0x21 || text.p[i] > 0x7e || text.p[i] == '"' || text.p[i] == '\\')
            return false;
    return true;
}

/* The key is a quoted string (draft-ietf-httpapi-idempotency-key-header) or, as many clients send
 * it, bare. */
static bool key_take(struct req *r, struct str text)
{
    if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
        text = (struct str){text.p + 1, text.n - 2};
    if (text.n == 0 || text.n > 255 || !is_plain(text))
        return false;
    r->idempotency_key = arena_strndup(r->arena, text.p, text.n);
    return r->idempotency_key != NULL;
}

static enum err fingerprint_make(struct reqx *x)
{
    struct req *r = &x->r;
    struct str body = req_body(r);
    const char *text = arena_printf(r->arena, "%s %s\n%.*s", http_method_name(r->route->method),
                                    http_exchange_target(r->http), (int)body.n, body.p);
    uint8_t digest[SHA256_SIZE];
    char *hex = arena_alloc(r->arena, HEX_SIZE(SHA256_SIZE));
    if (!text || !hex)
        return ERR_TOO_LARGE;
    enum err e = sha256(str_of(text), digest);
    if (e == ERR_OK)
        hex_encode(digest, sizeof(digest), hex);
    x->fingerprint = hex;
    return e;
}

static enum step_rc admit_key(struct req *r)
{
    unsigned flags = r->route->flags;
    if (!(flags & (ROUTE_KEY | ROUTE_KEY_REQUIRED)))
        return STEP_NEXT;
    const char *header = req_header(r, "Idempotency-Key");
    if (!header)
        return flags & ROUTE_KEY_REQUIRED ? req_fail(r, ERR_KEY_REQUIRED, NULL) : STEP_NEXT;
    if (!key_take(r, str_trim(str_of(header))))
        return req_fail(r, ERR_MALFORMED,
                        "Idempotency-Key must be 1 to 255 visible ASCII characters.");
    enum err e = fingerprint_make(reqx_of(r));
    return e == ERR_OK ? STEP_NEXT : req_fail(r, e, NULL);
}

static enum step_rc admit_precondition(struct req *r)
{
    const char *header = req_header(r, "If-Match");
    if (!header)
        return r->route->flags & ROUTE_IF_MATCH ? req_fail(r, ERR_PRECONDITION_REQUIRED, NULL)
                                                : STEP_NEXT;
    struct str tag = str_trim(str_of(header));
    /* nginx marks the tag of whatever it compresses as weak; ours are versions, so it is as good.
     */
    if (str_starts(tag, STR("W/")))
        tag = (struct str){tag.p + 2, tag.n - 2};
    bool quoted = tag.n >= 2 && tag.n <= 200 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"';
    tag = quoted ? (struct str){tag.p + 1, tag.n - 2} : tag;
    if (!quoted || !is_plain(tag)) /* none of ours */
        return r->route->flags & ROUTE_IF_MATCH ? req_fail(r, ERR_PRECONDITION_FAILED, NULL)
                                                : STEP_NEXT;
    struct str version = str_cut(&tag, '.'); /* what is behind it says what was shown beside */
    r->if_match = arena_strndup(r->arena, version.p, version.n);
    return r->if_match ? STEP_NEXT : req_fail(r, ERR_NO_MEMORY, NULL);
}

const struct step admission[] = {
    STEP(admit_feature), STEP(admit_caller),       STEP(admit_rate), STEP(admit_query),
                                                                          STEP(admit_body),    STEP(admit_precondition), STEP(admit_key),  STEP_END,
};
