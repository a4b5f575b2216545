/* What is done to free text before it is stored. The text is well-formed UTF-8 without NUL. */
#ifndef FIELD_TEXT_H
#define FIELD_TEXT_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/str.h"

/* Spaces, tabs and line ends, cut from both ends. */
struct str text_trim(struct str s);
/* Control characters other than tab and line ends: C0, DEL, C1. */
bool text_has_control(struct str s);
/* Without markup (everything from a '<' to the next '>') and carriage returns, trimmed; NULL when
 * the arena is exhausted. A '<' that no '>' follows stays: "we are < 20". */
char *text_clean(struct arena *a, struct str s);
/* Digits that pass for a payment card's number: 13 to 19, starting with 3 to 6, with a valid Luhn
 * sum, in one piece or in groups with one space or hyphen between. */
bool text_has_card(const char *s);

#endif
