/* Query parameters as statements take them. */
#ifndef BOOKING_QUERY_JSON_H
#define BOOKING_QUERY_JSON_H

#include <stddef.h>

#include "common/req.h"

/* from, to (NULL: not given) and the parameters of those names that are there, as a JSON object of
 * texts. A manager of one station who names none means his own. NULL: the arena is full. */
const char *query_json(struct req *r, const char *from, const char *to, const char *const *names,
                       size_t n);
/* The page's size as text. NULL: the arena is full. */
const char *query_limit(struct req *r);

#endif
