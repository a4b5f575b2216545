/* Small parts of many steps: replies, links, tokens. What they make lives in the request's arena.
 */
#include "common/clock.h"
#include "identity.h"

#define USER_AGENT_BYTES 200
#define TOKEN_REPLY_BYTES 16384

enum step_rc need_session(struct req *r)
{
    bool api_key = strcmp(r->caller.role, ROLE_API_KEY) == 0;
    return api_key ? req_fail(r, ERR_SESSION_REQUIRED, NULL) : STEP_NEXT;
}

enum step_rc ring_watch(struct req *r)
{
    char channel[64];
    (void)snprintf(channel, sizeof(channel), "mh:%s:notify", r->svc->config->environment);
    redis_publish(r->svc->redis, channel, "watch");
    return STEP_NEXT;
}

const char *text_take(struct req *r, struct buf *b)
{
    const char *text = arena_take(r->arena, b);
    return text;
}

enum step_rc reply_buf(struct req *r, int status, struct buf *b)
{
    const char *text = text_take(r, b);
    return text ? req_reply(r, status, str_of(text)) : req_fail(r, ERR_NO_MEMORY, NULL);
}

const char *user_agent_of(struct req *r)
{
    const char *text = req_header(r, "User-Agent");
    if (!text || !str_is_utf8(str_of(text)))
        return NULL;
    size_t n = strlen(text);
    if (n > USER_AGENT_BYTES)
        for (n = USER_AGENT_BYTES; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80; n--)
            ;
    return arena_strndup(r->arena, text, n);
}

const char *number_text(struct req *r, int64_t value)
{
    return arena_printf(r->arena, "%lld", (long long)value);
}

enum err link_make(struct req *r, struct identity_ctx *c)
{
    enum err e = secret_make("", &c->secret);
    if (e != ERR_OK)
        return e;
    return keyring_seal(r->svc->keyring, "mail-link", r->arena, str_of(c->secret.text), &c->sealed);
}

static enum err caller_fill(struct req *r, struct caller *c, const char *user_id,
                            const char *session_id, const char *claims)
{
    enum err e = claims_read(r->arena, claims, c);
    if (e != ERR_OK)
        return e;
    c->known = true;
    c->issued_s = r->now_us / USEC_PER_SEC;
    c->expires_s = c->issued_s + identity_config(r->svc)->access_ttl_s;
    e = str_copy(c->user_id, sizeof(c->user_id), str_of(user_id));
    return e == ERR_OK ? str_copy(c->session_id, sizeof(c->session_id), str_of(session_id)) : e;
}

enum step_rc tokens_reply(struct req *r, const char *user_id, const char *session_id,
                          const char *claims, const char *refresh)
{
    struct caller caller = {0};
    enum err e = caller_fill(r, &caller, user_id, session_id, claims);
    if (e == ERR_OK && !refresh)
        e = str_copy(caller.role, sizeof(caller.role), STR(ROLE_API_KEY));
    struct buf token = BUF_INIT(TOKEN_REPLY_BYTES), reply = BUF_INIT(TOKEN_REPLY_BYTES);
    if (e == ERR_OK)
        e = token_sign(r->svc->token_keys, r->svc->config->token_issuer,
                       r->svc->config->token_audience, &caller, &token);
    if (e != ERR_OK) {
        buf_free(&token);
        req_note(r, "no access token: %s", err_code(e));
        return req_fail(r, e == ERR_NO_MEMORY ? e : ERR_INTERNAL, NULL);
    }
    struct json_writer w = JSON_WRITER(&reply);
    json_open(&w, NULL, '{');
    json_put_str(&w, "access_token", buf_str(&token));
    json_put_cstr(&w, "token_type", "Bearer");
    json_put_i64(&w, "expires_in", identity_config(r->svc)->access_ttl_s);
    if (refresh)
        json_put_cstr(&w, "refresh_token", refresh);
    json_close(&w, '}');
    buf_free(&token);
    return reply_buf(r, 0, &reply);
}
