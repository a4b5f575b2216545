/* The circuit breaker of one peer. Owns nothing.
 *
 * Calls that were out when the breaker opened report later: their failures do not keep it open for
 * longer, but a success closes it, whoever brings it. */
#include "client_breaker.h"

static void breaker_open(struct breaker *b, int64_t until_us)
{
    b->state = BREAKER_OPEN;
    b->open_until_us = until_us;
}

bool breaker_ask(struct breaker *b, int64_t now_us)
{
    switch (b->state) {
    case BREAKER_CLOSED:
        return true;
    case BREAKER_OPEN:
        if (now_us < b->open_until_us)
            return false;
        b->state = BREAKER_HALF_OPEN;
        return true;
    case BREAKER_HALF_OPEN:
        return false;
    }
    return false;
}

void breaker_report(struct breaker *b, const struct breaker_rule *rule,
                    enum breaker_outcome outcome, int64_t now_us)
{
    switch (outcome) {
    case BREAKER_GOOD:
        *b = (struct breaker){.state = BREAKER_CLOSED};
        break;
    case BREAKER_BAD:
        if (b->state == BREAKER_OPEN)
            break;
        b->failures++;
        if (b->state == BREAKER_HALF_OPEN || b->failures >= rule->failures)
            breaker_open(b, now_us + rule->open_us);
        break;
    case BREAKER_UNKNOWN: /* the next one may look again */
        if (b->state == BREAKER_HALF_OPEN)
            breaker_open(b, now_us);
        break;
    }
}
