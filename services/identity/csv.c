/* CSV for people's spreadsheets. Errors stick to the buffer. */
#include "csv.h"

#include <string.h>

void csv_cell(struct buf *out, const char *text)
{
    buf_addc(out, '"');
    if (text && text[0] && (strchr("=+-@", text[0]) || (unsigned char)text[0] < 0x20))
        buf_addc(out, '\'');
    for (const char *p = text; p && *p; p++) {
        if (*p == '"')
            buf_addc(out, '"');
        buf_addc(out, *p);
    }
    buf_addc(out, '"');
}

void csv_row(struct buf *out, const char *const *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_addc(out, ',');
        csv_cell(out, cells[i]);
    }
    buf_adds(out, "\r\n");
}
