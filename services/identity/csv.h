/* CSV (RFC 4180) for people's spreadsheets. */
#ifndef IDENTITY_CSV_H
#define IDENTITY_CSV_H

#include "common/buf.h"

/* Appends one cell, always quoted; NULL is empty. A spreadsheet runs a cell that begins with = + -
 * @ or a control character as a formula: such a one gets an apostrophe first (OWASP, CSV
 * injection). */
void csv_cell(struct buf *out, const char *text);
/* Appends n cells and the line end. */
void csv_row(struct buf *out, const char *const *cells, size_t n);

#endif
