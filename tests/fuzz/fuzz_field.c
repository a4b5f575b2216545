/* Bodies: parsed, bound to a table of every type. What comes out normalised is taken again, as it
 * is; what is refused has a reason for each mistake. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err bind(struct arena *a, struct str text, const char **ret_canonical)
{
    const struct json *doc;
    struct field_issues issues = {0};
    struct everything target;
    enum err e = json_parse(a, text, &doc, NULL);
    if (e != ERR_OK)
        return e;
    e = field_bind(a, &everything, doc, &target, ret_canonical, &issues);
    bool refused = e == ERR_INVALID || e == ERR_CARD_NUMBER;
    if (refused != (issues.n > 0) || issues.n > FIELD_MAX_ISSUES)
        abort();
    for (size_t i = 0; i < issues.n; i++)
        if (!str_is_utf8(str_of(issues.list[i].pointer)) || !issues.list[i].reason[0])
            abort();
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(1 << 22);
    const char *first, *second;
    if (!a)
        abort();
    if (bind(a, (struct str){(const char *)data, size}, &first) == ERR_OK) {
        if (bind(a, str_of(first), &second) != ERR_OK || strcmp(first, second) != 0)
            abort();
    }
    arena_free(a);
    return 0;
}
