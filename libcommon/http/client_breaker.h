/* The circuit breaker of one peer: a state machine without I/O or clock. */
#ifndef HTTP_CLIENT_BREAKER_H
#define HTTP_CLIENT_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state {
    BREAKER_CLOSED,    /* calls pass */
    BREAKER_OPEN,      /* calls are refused until open_until_us */
    BREAKER_HALF_OPEN, /* one call is out to see; others are refused */
};

struct breaker_rule {
    int failures; /* in a row, to open */
    int64_t open_us;
};

/* All zeroes is a closed one. */
struct breaker {
    enum breaker_state state;
    int failures; /* in a row */
    int64_t open_until_us;
};

enum breaker_outcome {
    BREAKER_GOOD,    /* the peer works */
    BREAKER_BAD,     /* it does not */
    BREAKER_UNKNOWN, /* the call ended for a reason of our own */
};

/* May a call be made? Whoever is told so reports its outcome. */
bool breaker_ask(struct breaker *b, int64_t now_us);
void breaker_report(struct breaker *b, const struct breaker_rule *rule,
                    enum breaker_outcome outcome, int64_t now_us);

#endif
