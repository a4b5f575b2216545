/* Feature flags, and the public keys. */
#include "feature.h"
#include "identity.h"
#include "identity_api.h"

#define LIST_BYTES 65536

static enum step_rc feature_load(struct req *r)
{
    return req_pg(r, &sql_feature_list, PG_ARGS(req_sql_ctx(r)));
}

/* What administrators have set, or NULL after a failure. */
static const struct json *overrides_of(struct req *r)
{
    const char *text = pg_first(r->rows, "overrides");
    const struct json *doc;
    if (!text || json_parse(r->arena, str_of(text), &doc, NULL) != ERR_OK)
        return NULL;
    return doc;
}

static enum step_rc feature_list(struct req *r)
{
    const struct json *overrides = overrides_of(r);
    if (!overrides)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    struct buf b = BUF_INIT(LIST_BYTES);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '{');
    json_open(&w, "items", '[');
    for (size_t i = 0; i < n_features; i++)
        feature_write(&w, NULL, &features[i], r->svc->config->features,
                      json_get(overrides, features[i].name));
    json_close(&w, ']');
    json_close(&w, '}');
    return reply_buf(r, 0, &b);
}

static enum step_rc feature_known(struct req *r)
{
    return feature_find(r->params[0]) ? STEP_NEXT : req_fail(r, ERR_NOT_FOUND, NULL);
}

static enum step_rc feature_set(struct req *r)
{
    const struct feature_in *in = r->in;
    return req_pg(
        r, &sql_feature_set,
        PG_ARGS(req_sql_ctx(r), r->params[0], in->enabled ? "true" : "false", in->reason));
}

static enum step_rc feature_clear(struct req *r)
{
    return req_pg(r, &sql_feature_set, PG_ARGS(req_sql_ctx(r), r->params[0], NULL, NULL));
}

static enum step_rc feature_one(struct req *r)
{
    const struct feature *f = feature_find(r->params[0]);
    const struct json *overrides = overrides_of(r);
    if (!overrides)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    struct buf b = BUF_INIT(LIST_BYTES);
    struct json_writer w = JSON_WRITER(&b);
    feature_write(&w, NULL, f, r->svc->config->features, json_get(overrides, f->name));
    return reply_buf(r, 0, &b);
}

/* Keys change rarely, and a new one is published before it signs. */
static enum step_rc jwks_reply(struct req *r)
{
    struct buf b = BUF_INIT(LIST_BYTES);
    token_keys_public(r->svc->token_keys, &b);
    req_reply_header(r, "Cache-Control", "public, max-age=300");
    return reply_buf(r, 0, &b);
}

/* clang-format off */
const struct step feature_list_steps[] = {
    STEP(feature_load),
    STEP(feature_list),
    STEP_END,
};

const struct step feature_set_steps[] = {
    STEP(feature_known),
    STEP(feature_set),
    STEP(ring_watch),
    STEP(feature_load),
    STEP(feature_one),
    STEP_END,
};

const struct step feature_clear_steps[] = {
    STEP(feature_known),
    STEP(feature_clear),
    STEP(ring_watch),
    STEP(feature_load),
    STEP(feature_one),
    STEP_END,
};

const struct step jwks_steps[] = {
    STEP(jwks_reply),
    STEP_END,
};
