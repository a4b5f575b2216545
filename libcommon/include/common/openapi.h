/* Prints a route table as an OpenAPI 3.1.0 document (JSON, indented). The same rows always give the
 * same text, so that the printed file can be kept in the tree and compared. */
#ifndef COMMON_OPENAPI_H
#define COMMON_OPENAPI_H

#include <stddef.h>

#include "common/buf.h"
#include "common/route.h"

struct openapi_info {
    const char *title;       /* "Booking" */
    const char *version;     /* of the API */
    const char *description; /* a paragraph, or NULL */
    const char *tag;         /* of the operations: the service's name */
};

/* Appends the document. AUTH_INTERNAL routes are left out. Failure shows in buf_err(out). Two field
 * tables of one name, or one named like a shared schema, are a mistake of ours: an assertion. */
void openapi_print(const struct openapi_info *info, const struct route *routes, size_t n,
                   struct buf *out);

#endif
