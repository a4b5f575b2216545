/* Query strings: cut, percent-decoded, bound to the rows of a table. A value that was normalised is
 * taken again, as it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/encode.h"
#include "fuzz_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NULL when the escapes are broken or there is a NUL among them. */
static const char *decode(struct arena *a, struct str s)
{
    char *text = arena_alloc(a, s.n + 1);
    size_t n;
    if (!text)
        abort();
    return percent_decode(s, 1, text, &n) == ERR_OK && strlen(text) == n ? text : NULL;
}

static const struct field *row_find(const char *name)
{
    for (size_t i = 0; i < N_SCALARS; i++)
        if (strcmp(everything_rows[i].name, name) == 0)
            return &everything_rows[i];
    return NULL;
}

static void take(struct arena *a, const struct field *f, const char *text)
{
    struct field_issues issues = {0};
    const char *first, *second;
    enum err e = field_bind_text(a, f, text, &first, &issues);
    if (e != ERR_OK && (issues.n != 1 || issues.err != e))
        abort();
    if (e == ERR_OK && (field_bind_text(a, f, first, &second, &issues) != ERR_OK ||
                        strcmp(first, second) != 0 || issues.n != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(64 * size + 65536);
    struct str rest = {(const char *)data, size};
    if (!a)
        abort();
    while (rest.n) {
        struct str value = str_cut(&rest, '&');
        struct str name = str_cut(&value, '=');
        const char *name_text = decode(a, name), *text = decode(a, value);
        const struct field *f = name_text ? row_find(name_text) : NULL;
        if (f && text)
            take(a, f, text);
    }
    arena_free(a);
    return 0;
}
