/* One JSON object a line, one line an event.
 *
 *   log_event(LOG_INFO, "request.done", LOG_S("method", "GET"), LOG_I("status", 200));
 *
 * Every line carries ts, level, event, service, pid and, inside a unit of work, request_id and
 * step. People's data goes through the masking kinds (LOG_EMAIL, LOG_PHONE, LOG_IP); besides,
 * every string is searched for card numbers and bearer tokens, which are replaced. Control
 * characters are escaped, so that no value can start a second line (CWE-117). Writing never blocks:
 * when the file or pipe cannot take a line it is dropped and counted. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_kind {
    LOG_KIND_END,
    LOG_KIND_STR,
    LOG_KIND_INT,
    LOG_KIND_BOOL,
    LOG_KIND_EMAIL, /* a***@example.com */
    LOG_KIND_PHONE, /* +1*******4567 */
    LOG_KIND_IP,    /* last octet, or all but the first 48 bits, zeroed */
};

struct log_field {
    enum log_kind kind;
    const char *key;
    const char *s; /* NULL prints null */
    int64_t i;
};

#define LOG_S(key, value) ((struct log_field){LOG_KIND_STR, (key), (value), 0})
#define LOG_I(key, value) ((struct log_field){LOG_KIND_INT, (key), NULL, (value)})
#define LOG_B(key, value) ((struct log_field){LOG_KIND_BOOL, (key), NULL, (value)})
#define LOG_EMAIL(key, value) ((struct log_field){LOG_KIND_EMAIL, (key), (value), 0})
#define LOG_PHONE(key, value) ((struct log_field){LOG_KIND_PHONE, (key), (value), 0})
#define LOG_IP(key, value) ((struct log_field){LOG_KIND_IP, (key), (value), 0})

#define log_event(level, ...) LOG_PICK_(level, __VA_ARGS__, LOG_END_)
#define LOG_END_ ((struct log_field){LOG_KIND_END, NULL, NULL, 0})
#define LOG_PICK_(level, event, ...) \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__})

/* fields ends with LOG_KIND_END. Use log_event(). */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define LOG_IP_SIZE 48
/* As LOG_IP prints it: the address without the part that tells one subscriber from another, the
 * last octet or all but the first 48 bits; "[ip]" when it is none. */
void log_mask_ip(const char *ip, char ret_text[LOG_IP_SIZE]);

/* service must outlive the log. path: NULL or "-" is standard error. */
MUSTCHECK enum err log_open(const char *service, const char *path, enum log_level min_level);
/* Opens the file again under its name, after rotation (SIGHUP). Keeps the old one on failure. */
MUSTCHECK enum err log_reopen(void);
void log_close(void);
/* Lines dropped because they could not be written. */
uint64_t log_dropped(void);

/* The unit of work whose lines follow; NULL ends it. Set by the step runner only. Both strings
 * must live until the next call. */
void log_context(const char *request_id, const char *step);

#endif
