/* Members that nobody needs to search and nobody may find in a lost backup: what people say about
 * their health, for one. A row with FIELD_SEALED is sealed with the key ring on the way in and
 * opened on the way out, in a reply or in a person's export, so that SQL, stored replies, events
 * and the audit log never see more than "e1...".
 *
 * The surprise: a reply is JSON text that PostgreSQL made, and is not parsed here. A member's name
 * with a colon behind it cannot be part of a string, in which quotes are escaped, so it is looked
 * for as text; and what the key ring has not sealed for that member does not open. */
#include "sealed.h"

#include <string.h>

#include "common/log.h"

#define SEALED_MARK "e1."
#define LOST "(cannot be read: its key is gone)"
#define MAX_NAMES 8
#define BODY_MAX_BYTES (16u << 20)

static const char *purpose_of(struct arena *a, const char *name)
{
    return arena_printf(a, "field:%s", name);
}

/* --- on the way in ---------------------------------------------------------------------------- */

static bool has_sealed(const struct field_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].flags & FIELD_SEALED)
            return true;
    return false;
}

static const struct field *sealed_row(const struct field_table *t, const struct json *member)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].flags & FIELD_SEALED && strcmp(t->rows[i].name, json_name(member)) == 0)
            return json_type(member) == JSON_STRING ? &t->rows[i] : NULL;
    return NULL;
}

static enum err member_seal(struct req *r, const struct json *member, struct json_writer *w)
{
    const char *name = json_name(member), *purpose = purpose_of(r->arena, name), *text;
    if (!purpose)
        return ERR_NO_MEMORY;
    enum err e =
        keyring_seal(r->svc->keyring, purpose, r->arena, str_of(json_string(member)), &text);
    if (e == ERR_OK)
        json_put_cstr(w, name, text);
    return e;
}

enum err sealed_close(struct req *r)
{
    const struct field_table *t = r->route->in;
    const struct json *doc;
    if (!has_sealed(t))
        return ERR_OK;
    enum err e = json_parse(r->arena, str_of(r->in_json), &doc, NULL);
    struct buf out = BUF_INIT(BODY_MAX_BYTES);
    struct json_writer w = JSON_WRITER(&out);
    json_open(&w, NULL, '{');
    const struct json *m = e == ERR_OK ? json_first(doc) : NULL;
    for (; m && e == ERR_OK; m = json_next(m)) {
        if (sealed_row(t, m))
            e = member_seal(r, m, &w);
        else
            json_put_value(&w, json_name(m), m);
    }
    json_close(&w, '}');
    if (e == ERR_OK)
        e = buf_err(&out);
    if (e == ERR_OK) {
        r->in_json = arena_strndup(r->arena, out.data, out.len);
        e = r->in_json ? ERR_OK : ERR_NO_MEMORY;
    }
    buf_free(&out);
    return e;
}

/* --- on the way out --------------------------------------------------------------------------- */

struct opening {
    const struct keyring *ring;
    struct arena *arena;
    struct str body;
    const char *lost; /* a member that does not open; NULL: none */
};

static bool is_known(const char *name, const char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Each name once, however often the table and its sub-tables have it. */
static size_t names_collect(const struct field_table *t, const char **names, size_t n)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        if (f->flags & FIELD_SEALED && n < MAX_NAMES && !is_known(f->name, names, n))
            names[n++] = f->name;
        if (f->sub)
            n = names_collect(f->sub, names, n);
    }
    return n;
}

static const char *skip_spaces(const char *p, const char *end)
{
    while (p < end && *p == ' ')
        p++;
    return p;
}

/* The next `"name": "e1.` at or behind from: the opening quote of the value, or NULL. */
static const char *value_find(const char *name, const char *from, const char *end)
{
    size_t n = strlen(name);
    for (const char *p = from; (p = memmem(p, (size_t)(end - p), name, n)) != NULL; p += n) {
        const char *q = p + n;
        if (p == from || p[-1] != '"' || q == end || *q != '"')
            continue;
        q = skip_spaces(q + 1, end);
        if (q == end || *q != ':')
            continue;
        q = skip_spaces(q + 1, end);
        if (end - q > (ptrdiff_t)strlen(SEALED_MARK) && *q == '"' &&
            strncmp(q + 1, SEALED_MARK, strlen(SEALED_MARK)) == 0)
            return q;
    }
    return NULL;
}

/* The sealed text of a JSON string, in which nothing but line ends is escaped. */
static enum err value_read(struct arena *a, struct str quoted, struct str *ret_text)
{
    const struct json *j;
    enum err e = json_parse(a, quoted, &j, NULL);
    if (e == ERR_OK)
        *ret_text = str_of(json_string(j));
    return e;
}

static enum err value_open(struct opening *o, const char *name, struct str quoted, struct buf *out)
{
    const char *purpose = purpose_of(o->arena, name);
    struct str text, plain;
    if (!purpose)
        return ERR_NO_MEMORY;
    enum err e = value_read(o->arena, quoted, &text);
    if (e == ERR_OK)
        e = keyring_unseal(o->ring, purpose, o->arena, text, &plain);
    if (e == ERR_INVALID || e == ERR_MALFORMED) {
        o->lost = name;
        plain = STR(LOST);
    } else if (e != ERR_OK) {
        return e;
    }
    json_escape(out, plain);
    return ERR_OK;
}

static enum err members_open(struct opening *o, const char *name)
{
    const char *p = o->body.p, *end = p + o->body.n, *value = value_find(name, p, end);
    struct buf out = BUF_INIT(BODY_MAX_BYTES);
    enum err e = ERR_OK;
    if (!value)
        return ERR_OK;
    for (; value && e == ERR_OK; value = value_find(name, p, end)) {
        const char *close = memchr(value + 1, '"', (size_t)(end - value - 1));
        if (!close)
            break;
        buf_add(&out, p, (size_t)(value - p));
        e = value_open(o, name, (struct str){value, (size_t)(close + 1 - value)}, &out);
        p = close + 1;
    }
    buf_add(&out, p, (size_t)(end - p));
    if (e == ERR_OK)
        e = buf_err(&out);
    if (e == ERR_OK) {
        o->body = (struct str){arena_strndup(o->arena, out.data, out.len), out.len};
        e = o->body.p ? ERR_OK : ERR_NO_MEMORY;
    }
    buf_free(&out);
    return e;
}

static enum err all_open(struct opening *o, const struct field_table *t)
{
    const char *names[MAX_NAMES];
    size_t n = names_collect(t, names, 0);
    enum err e = ERR_OK;
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        e = members_open(o, names[i]);
    return e;
}

enum err sealed_open(struct reqx *x)
{
    const struct route *route = x->r.route;
    struct opening o = {.ring = x->r.svc->keyring, .arena = x->r.arena, .body = x->body};
    if (!route || !route->out || !x->body.n)
        return ERR_OK;
    enum err e = all_open(&o, route->out);
    if (o.lost)
        req_note(&x->r, "%s: its key is not in KEYRING", o.lost);
    x->body = o.body;
    return e;
}

enum err sealed_open_text(const struct keyring *ring, struct arena *a, const struct field_table *t,
                          struct str json, struct str *ret_json)
{
    struct opening o = {.ring = ring, .arena = a, .body = json};
    enum err e = all_open(&o, t);
    if (o.lost)
        log_event(LOG_ERROR, "sealed.unreadable", LOG_S("member", o.lost),
                  LOG_S("why", "its key is not in KEYRING"));
    if (e == ERR_OK)
        *ret_json = o.body;
    return e;
}
