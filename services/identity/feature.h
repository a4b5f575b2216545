/* Feature flags as an administrator sees them: what is in force, and who says so. */
#ifndef IDENTITY_FEATURE_H
#define IDENTITY_FEATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/json.h"

struct feature {
    const char *name, *prose;
    bool on; /* by default */
};

extern const struct feature features[];
extern const size_t n_features;

/* NULL when there is none of that name. */
const struct feature *feature_find(const char *name);

/* Writes {name, description, enabled, source, reason, changed_by, changed_at}. off_here is
 * FEATURES_OFF of the configuration; override is {enabled, reason, changed_by, changed_at} or NULL.
 */
void feature_write(struct json_writer *w, const char *name, const struct feature *f,
                   const char *off_here, const struct json *override);

#endif
