/* Feature flags: the table of proto/features.def, and which of default, configuration and override
 * is in force. */
#include "feature.h"

#include <string.h>

#include "common/compiler.h"
#include "common/str.h"

const struct feature features[] = {
#define FEATURE(symbol, name, on, prose) {name, prose, on},
#include "features.def"
#undef FEATURE
};

const size_t n_features = ARRAY_LEN(features);

const struct feature *feature_find(const char *name)
{
    for (size_t i = 0; i < n_features; i++)
        if (strcmp(features[i].name, name) == 0)
            return &features[i];
    return NULL;
}

static bool is_listed(const char *list, const char *name)
{
    struct str rest = str_of(list);
    while (rest.n)
        if (str_eq(str_trim(str_cut(&rest, ',')), str_of(name)))
            return true;
    return false;
}

/* A member that is a string, or null. */
static void copy_string(struct json_writer *w, const struct json *object, const char *name)
{
    const struct json *value = object ? json_get(object, name) : NULL;
    bool is_string = value && json_type(value) == JSON_STRING;
    json_put_cstr(w, name, is_string ? json_string(value) : NULL);
}

void feature_write(struct json_writer *w, const char *name, const struct feature *f,
                   const char *off_here, const struct json *override)
{
    const struct json *set = override ? json_get(override, "enabled") : NULL;
    bool enabled = f->on;
    const char *source = "default";
    if (set && json_type(set) == JSON_BOOL) {
        enabled = json_bool(set);
        source = "override";
    } else if (is_listed(off_here, f->name)) {
        enabled = false;
        source = "environment";
    }
    json_open(w, name, '{');
    json_put_cstr(w, "name", f->name);
    json_put_cstr(w, "description", f->prose);
    json_put_bool(w, "enabled", enabled);
    json_put_cstr(w, "source", source);
    copy_string(w, override, "reason");
    copy_string(w, override, "changed_by");
    copy_string(w, override, "changed_at");
    json_close(w, '}');
}
