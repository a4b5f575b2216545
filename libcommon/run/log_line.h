/* One line of the log while it is put together: a JSON object of bounded size. Private to run/. */
#ifndef RUN_LOG_LINE_H
#define RUN_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pipe takes up to PIPE_BUF (4096) bytes whole or not at all: so lines of several processes on
 * one pipe are never mixed, and a full pipe never takes half a line. */
#define LOG_LINE_BYTES 4096
#define LOG_VALUE_BYTES 1024 /* of one value, so that a long one does not cost the others */

struct log_line {
    size_t len;
    bool cut; /* a value or a whole field was left out */
    char text[LOG_LINE_BYTES];
};

void log_line_begin(struct log_line *l);
/* Each appends one member; key is a literal of ours. text NULL gives null; it is searched for
 * secrets, escaped, and cut where the value or the line has no more room ("...[cut]"). */
void log_line_text(struct log_line *l, const char *key, const char *text);
void log_line_int(struct log_line *l, const char *key, int64_t value);
void log_line_bool(struct log_line *l, const char *key, bool value);
/* As log_line_text(), keeping of the local part the first letter, whatever the rest looks like. */
void log_line_email(struct log_line *l, const char *key, const char *email);
/* Closes the object and the line. A line that lacks something has the member "cut":true. */
void log_line_end(struct log_line *l);

#endif
