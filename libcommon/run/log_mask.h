/* What must not be readable in a log, found in free text. Private to run/. */
#ifndef RUN_LOG_MASK_H
#define RUN_LOG_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

/* Bytes [at, at + n) of the text, to be replaced by `instead`. */
struct log_mask {
    size_t at, n;
    const char *instead;
};

/* Finds the first secret at or after `from`: a card number, a bearer or JSON web token, the local
 * part of an e-mail address. n may be 0 (j@example.com becomes j***@example.com). */
bool log_mask_next(struct str s, size_t from, struct log_mask *ret_mask);

#define LOG_PHONE_SIZE 16
/* +1*******4567, of a number in any notation. */
void log_mask_phone(const char *phone, char ret_text[LOG_PHONE_SIZE]);

#endif
