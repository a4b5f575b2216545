/* The CSV writer, held against a reader: the cells that were written come back, and no spreadsheet
 * takes one for a formula. The input's lines are cells, three a row. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS 3

static void require(bool property)
{
    if (!property)
        abort();
}

/* RFC 4180, strictly: a quoted cell and what ends it. */
static char cell_read(const char **at, struct buf *cell)
{
    const char *p = *at;
    require(*p++ == '"');
    for (;; p++) {
        require(*p != '\0');
        if (*p == '"' && *++p != '"')
            break;
        buf_addc(cell, *p);
    }
    *at = p + 1;
    return *p;
}

static void cell_check(const struct buf *cell, const char *was)
{
    const char *now = cell->data ? cell->data : "";
    if (*now == '\'' && *was != '\'')
        now++;
    else
        require(!strchr("=+-@\t\r", *now) || *now == '\0');
    require(strcmp(now, was) == 0);
}

static void row_check(const char *line, const char *const *cells)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        struct buf cell = BUF_INIT(1 << 20);
        char end = cell_read(&line, &cell);
        cell_check(&cell, cells[i] ? cells[i] : "");
        require(end == (i + 1 < COLUMNS ? ',' : '\r'));
        buf_free(&cell);
    }
    require(strcmp(line, "\n") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4 * size + 65536);
    struct str rest = {(const char *)data, size};
    while (rest.n) {
        const char *cells[COLUMNS] = {NULL};
        struct buf out = BUF_INIT(1 << 20);
        for (size_t i = 0; i < COLUMNS && rest.n; i++) {
            struct str cell = str_cut(&rest, '\n');
            cells[i] = arena_strndup(a, cell.p, cell.n);
            require(cells[i]);
        }
        csv_row(&out, cells, COLUMNS);
        require(buf_err(&out) == ERR_OK);
        row_check(out.data, cells);
        buf_free(&out);
    }
    arena_free(a);
    return 0;
}
