/* The grammar of RFC 8259 and the bounds of json.h, checked before anything is allocated. */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "common/str.h"

/* NULL when the whole text is one acceptable JSON value, else why not: a sentence in static memory.
 * Duplicate names are not seen here: they show only when escapes are decoded. */
const char *json_scan(struct str text);

#endif
