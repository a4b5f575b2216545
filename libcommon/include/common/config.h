/* Configuration is a table. A row says type, name, default, bounds and what it is for; the value
 * comes from the environment, or from the file named by NAME_FILE (for secrets). All mistakes are
 * reported at once, by variable name, and the service does not start. */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/compiler.h"
#include "common/err.h"

enum config_type {
    CONFIG_STR,  /* const char *; min and max bound the length */
    CONFIG_INT,  /* int64_t */
    CONFIG_BOOL, /* bool: true, false, 1, 0 */
    CONFIG_ENUM, /* int: index of the word in `choices`, separated by '|' */
};

enum config_flag {
    CONFIG_REQUIRED = 1 << 0, /* no default: must be set */
    CONFIG_SECRET = 1 << 1,   /* never printed */
    CONFIG_RELOAD = 1 << 2,   /* read again on SIGHUP */
};

struct config_row {
    enum config_type type;
    const char *name; /* of the environment variable */
    size_t offset;    /* of the member in the struct that the table fills */
    const char *def;  /* default as text */
    int64_t min, max;
    unsigned flags;
    const char *choices; /* CONFIG_ENUM only */
    const char *prose;
};

/* A row of a .def file as an entry of the table that fills struct_type:
 *     #define CONFIG(...) CONFIG_ROW(struct common_config, __VA_ARGS__)
 *     static const struct config_row rows[] = {
 *     #include "common/config.def"
 *     };
 *     #undef CONFIG */
#define CONFIG_ROW(struct_type, member, type, name, def, min, max, flags, choices, prose) \
    {CONFIG_##type, name, offsetof(struct_type, member), def, min, max, flags, choices, prose},

/* A table and the struct it fills. The strings live until config_free(). */
struct config_table {
    const struct config_row *rows;
    size_t n;
};

/* Reads every row of the table into *target. On ERR_INVALID each mistake is one line in
 * ret_mistakes ("DATABASE_URL: required"). Values never appear in it when the row is secret. */
MUSTCHECK
enum err config_load(const struct config_table *t, void *target, struct buf *ret_mistakes);
/* Frees the strings of a loaded struct. */
void config_free(const struct config_table *t, void *target);
/* The documentation of the table as Markdown rows, sorted by name (--config). */
void config_print(const struct config_table *t, FILE *out);
/* The table as the lines of an .env file, commented (--env-example). */
void config_print_env(const struct config_table *t, FILE *out);

#endif
