/* Configuration from the environment, by table. The strings that a loaded struct points at are its
 * own, defaults included, until config_free().
 *
 * The surprise: loading never stops at a mistake. The operator gets the whole list, and values are
 * quoted in it only when they are not secret, cut and without control characters. A variable that
 * is set to the empty string is set. */
#include "common/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/str.h"

#define MAX_FILE_BYTES 65536
#define MAX_QUOTED_BYTES 80
#define MAX_PAGE_BYTES 262144 /* of documentation */

/* One row on its way into the struct. */
struct load {
    const struct config_row *row;
    void *member;
    struct buf *mistakes;
};

static void *member_of(const struct config_row *row, void *target)
{
    return (char *)target + row->offset;
}

/* --- words ---------------------------------------------------------------------------------- */

static void add_choices(struct buf *out, const char *choices)
{
    struct str rest = str_of(choices);
    for (const char *comma = ""; rest.n; comma = ", ") {
        buf_adds(out, comma);
        buf_addstr(out, str_cut(&rest, '|'));
    }
}

/* What the row takes: for mistakes and for the documentation. */
static void add_type(struct buf *out, const struct config_row *row)
{
    switch (row->type) {
    case CONFIG_STR:
        buf_addf(out, "text of %" PRId64 " to %" PRId64 " bytes", row->min, row->max);
        break;
    case CONFIG_INT:
        buf_addf(out, "an integer from %" PRId64 " to %" PRId64, row->min, row->max);
        break;
    case CONFIG_BOOL:
        buf_adds(out, "true or false");
        break;
    case CONFIG_ENUM:
        buf_adds(out, "one of ");
        add_choices(out, row->choices);
        break;
    }
}

static void add_quoted(struct buf *out, struct str value)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < value.n && i < MAX_QUOTED_BYTES; i++)
        buf_addc(out, value.p[i] >= ' ' && value.p[i] <= '~' ? value.p[i] : '?');
    buf_adds(out, value.n > MAX_QUOTED_BYTES ? "...\"" : "\"");
}

/* --- values --------------------------------------------------------------------------------- */

static enum err parse_str(const struct config_row *row, struct str value, const char **ret_copy)
{
    if ((int64_t)value.n < row->min || (int64_t)value.n > row->max || !str_is_utf8(value))
        return ERR_INVALID;
    char *copy = mem_strdup(value.p);
    if (!copy)
        return ERR_NO_MEMORY;
    *ret_copy = copy;
    return ERR_OK;
}

static enum err parse_bool(struct str value, bool *ret_value)
{
    bool yes = str_eq(value, STR("true")) || str_eq(value, STR("1"));
    if (!yes && !str_eq(value, STR("false")) && !str_eq(value, STR("0")))
        return ERR_INVALID;
    *ret_value = yes;
    return ERR_OK;
}

static enum err parse_enum(const struct config_row *row, struct str value, int *ret_index)
{
    struct str rest = str_of(row->choices);
    for (int i = 0; rest.n; i++) {
        if (str_eq(str_cut(&rest, '|'), value)) {
            *ret_index = i;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

static enum err parse(const struct config_row *row, struct str value, void *member)
{
    switch (row->type) {
    case CONFIG_STR:
        return parse_str(row, value, member);
    case CONFIG_INT:
        return str_to_i64(value, row->min, row->max, member);
    case CONFIG_BOOL:
        return parse_bool(value, member);
    case CONFIG_ENUM:
        return parse_enum(row, value, member);
    }
    return ERR_INTERNAL;
}

/* Puts the value into the member, or adds the mistake: NAME: "x" is not an integer from 1 to 9 */
static enum err store(const struct load *l, const char *text)
{
    struct str value = str_of(text);
    enum err e = parse(l->row, value, l->member);
    if (e == ERR_INVALID) {
        buf_addf(l->mistakes, "%s: ", l->row->name);
        if (l->row->flags & CONFIG_SECRET)
            buf_adds(l->mistakes, "the value");
        else
            add_quoted(l->mistakes, value);
        buf_adds(l->mistakes, " is not ");
        add_type(l->mistakes, l->row);
        buf_addc(l->mistakes, '\n');
    }
    return e;
}

/* --- NAME_FILE ------------------------------------------------------------------------------ */

/* Reads the file into text, which has room for MAX_FILE_BYTES and a NUL. */
static enum err read_file(const char *path, char *text, const char **ret_why)
{
    /* O_NONBLOCK: opening a pipe must not wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t n = 0;
    ssize_t got = -1;
    if (fd >= 0) {
        while (n <= MAX_FILE_BYTES && (got = read(fd, text + n, MAX_FILE_BYTES + 1 - n)) > 0)
            n += (size_t)got;
    }
    *ret_why = got < 0 ? strerrordesc_np(errno) : NULL;
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return ERR_INVALID;
    if (n > MAX_FILE_BYTES) {
        *ret_why = "larger than 64 kB";
        return ERR_INVALID;
    }
    if (memchr(text, '\0', n)) {
        *ret_why = "it has a NUL byte";
        return ERR_INVALID;
    }
    if (n && text[n - 1] == '\n')
        n--;
    text[n] = '\0';
    return ERR_OK;
}

static enum err store_file(const struct load *l, const char *path)
{
    char *text = mem_alloc(MAX_FILE_BYTES + 2);
    if (!text)
        return ERR_NO_MEMORY;
    const char *why;
    enum err e = read_file(path, text, &why);
    if (e == ERR_OK) {
        e = store(l, text);
    } else {
        buf_addf(l->mistakes, "%s_FILE: cannot read ", l->row->name);
        add_quoted(l->mistakes, str_of(path));
        buf_addf(l->mistakes, ": %s\n", why);
    }
    explicit_bzero(text, MAX_FILE_BYTES + 2);
    mem_free(text);
    return e;
}

/* --- loading -------------------------------------------------------------------------------- */

static enum err load_row(const struct load *l)
{
    const char *name = l->row->name;
    char file_name[128];
    snprintf(file_name, sizeof file_name, "%s_FILE", name);
    const char *text = getenv(name);
    const char *path = getenv(file_name);
    if (text && path) {
        buf_addf(l->mistakes, "%s: set twice, here and in %s\n", name, file_name);
        return ERR_INVALID;
    }
    if (path)
        return store_file(l, path);
    if (text)
        return store(l, text);
    if (l->row->flags & CONFIG_REQUIRED) {
        buf_addf(l->mistakes, "%s: required\n", name);
        return ERR_INVALID;
    }
    assert(l->row->def); /* a row without a default is a required one */
    return store(l, l->row->def);
}

enum err config_load(const struct config_table *t, void *target, struct buf *ret_mistakes)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].type == CONFIG_STR)
            *(const char **)member_of(&t->rows[i], target) = NULL;
    }
    enum err result = ERR_OK;
    for (size_t i = 0; i < t->n && result != ERR_NO_MEMORY; i++) {
        struct load l = {&t->rows[i], member_of(&t->rows[i], target), ret_mistakes};
        enum err e = load_row(&l);
        if (e != ERR_OK)
            result = e;
    }
    if (result != ERR_OK)
        config_free(t, target);
    return result;
}

void config_free(const struct config_table *t, void *target)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct config_row *row = &t->rows[i];
        if (row->type != CONFIG_STR)
            continue;
        char **text = member_of(row, target);
        if (*text && (row->flags & CONFIG_SECRET))
            explicit_bzero(*text, strlen(*text));
        mem_free(*text);
        *text = NULL;
    }
}

/* --- documentation -------------------------------------------------------------------------- */

/* The row whose name follows `name`, which is NULL at the start; NULL at the end. */
static const struct config_row *row_after(const struct config_table *t, const char *name)
{
    const struct config_row *best = NULL;
    for (size_t i = 0; i < t->n; i++) {
        const struct config_row *row = &t->rows[i];
        if ((!name || strcmp(row->name, name) > 0) && (!best || strcmp(row->name, best->name) < 0))
            best = row;
    }
    return best;
}

static void add_flags(struct buf *out, const struct config_row *row)
{
    buf_adds(out, row->flags & CONFIG_SECRET ? ". Secret" : "");
    buf_adds(out, row->flags & CONFIG_RELOAD ? ". Read again on SIGHUP" : "");
}

static void flush(struct buf *page, FILE *out)
{
    if (buf_err(page) == ERR_OK && page->len)
        fwrite(page->data, 1, page->len, out);
    buf_free(page);
}

void config_print(const struct config_table *t, FILE *out)
{
    struct buf page = BUF_INIT(MAX_PAGE_BYTES);
    const struct config_row *row = NULL;
    while ((row = row_after(t, row ? row->name : NULL))) {
        buf_addf(&page, "| `%s` | ", row->name);
        add_type(&page, row);
        if (row->flags & CONFIG_REQUIRED)
            buf_adds(&page, " | required");
        else if (row->def[0] == '\0')
            buf_adds(&page, " | empty");
        else
            buf_addf(&page, " | `%s`", row->def);
        buf_addf(&page, " | %s", row->prose);
        add_flags(&page, row);
        buf_adds(&page, " |\n");
    }
    flush(&page, out);
}

void config_print_env(const struct config_table *t, FILE *out)
{
    struct buf page = BUF_INIT(MAX_PAGE_BYTES);
    for (size_t i = 0; i < t->n; i++) {
        const struct config_row *row = &t->rows[i];
        buf_addf(&page, "# %s", row->prose);
        add_flags(&page, row);
        buf_adds(&page, "\n# (");
        add_type(&page, row);
        if (row->flags & CONFIG_REQUIRED)
            buf_addf(&page, "; required)\n%s=\n\n", row->name);
        else
            buf_addf(&page, ")\n#%s=%s\n\n", row->name, row->def);
    }
    flush(&page, out);
}
