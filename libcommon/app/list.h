/* What every list takes: rows for the query and for the API reference. */
#ifndef APP_LIST_H
#define APP_LIST_H

#include "common/field.h"

#define LIST_DEFAULT_LIMIT 20
#define LIST_MAX_LIMIT 100

enum { LIST_LIMIT, LIST_CURSOR, LIST_N_FIELDS };
extern const struct field list_fields[LIST_N_FIELDS];

#endif
