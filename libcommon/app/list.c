/* The parameters of every list: how many items, and where to go on. */
#include "list.h"

const struct field list_fields[LIST_N_FIELDS] = {
    [LIST_LIMIT] = {.name = "limit",
                    .type = FIELD_INT,
                    .min = 1,
                    .max = LIST_MAX_LIMIT,
                    .offset = FIELD_NOWHERE,
                    .prose = "Items on a page"},
    [LIST_CURSOR] = {.name = "cursor",
                     .type = FIELD_STR,
                     .pattern = "cursor",
                     .min = 1,
                     .offset = FIELD_NOWHERE,
                     .prose = "next_cursor of the page before"},
};
