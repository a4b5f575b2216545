/* Consuming events. The work is done in the database: bus.consume() hands a batch to the consumer's
 * SQL function and moves the cursor in the same transaction; here is only when to ask again.
 *
 * A batch that fails is asked for again, later and later. After a few times its events are taken
 * one by one, and one that still fails is parked, so that it does not hold up the others. */
#include <stdlib.h>
#include <string.h>

#include "bus_priv.h"
#include "common/log.h"
#include "common_sql.h"

#define BATCH 100
#define BATCH_TEXT "100"
#define MAX_REFUSALS 3
#define BACKOFF_MAX_MS 30000

static bool is_true(const char *text)
{
    return text && strcmp(text, "true") == 0;
}

/* Milliseconds to the next look. */
static int64_t take_batch(struct bus_consumer *c, const struct pg_result *result)
{
    const char *events = pg_first(result, "events");
    bool any = events && strcmp(events, "[]") != 0;
    c->look.failures = c->refusals = 0;
    if (pg_first(result, "parked"))
        log_event(LOG_ERROR, "event.parked", LOG_S("consumer", c->desc->name));
    if (any && c->desc->after)
        c->desc->after(c->look.bus->options.owner, events);
    if (c->careful > 0)
        c->careful--;
    if (is_true(pg_first(result, "more")))
        return 0;
    return is_true(pg_first(result, "held")) ? BUS_GAP_MS : bus_poll_ms(c->look.bus);
}

static int64_t take_failure(struct bus_consumer *c, const struct pg_result *result)
{
    enum err e = pg_result_err(result);
    c->look.failures++;
    if (!bus_is_passing(e)) {
        log_event(LOG_ERROR, "event.failed", LOG_S("consumer", c->desc->name),
                  LOG_S("code", err_code(e)), LOG_S("sqlstate", pg_result_sqlstate(result)),
                  LOG_S("why", pg_result_message(result)));
        if (++c->refusals >= MAX_REFUSALS)
            c->careful = BATCH;
    }
    return bus_backoff_ms(c->look.failures, BACKOFF_MAX_MS);
}

static void on_consumed(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct bus_consumer *c = owner;
    struct bus *b = c->look.bus;
    if (!b->closed) {
        bool ok = pg_result_err(result) == ERR_OK;
        bus_look_next(&c->look, ok ? take_batch(c, result) : take_failure(c, result));
    }
    pg_result_free(result);
    (void)bus_paid(b);
}

void bus_consume(struct bus_consumer *c)
{
    char ctx[BUS_CTX_SIZE];
    bus_ctx(ctx, c->desc->name);
    c->look.busy = true;
    enum err e = bus_exec(c->look.bus, &sql_bus_consume,
                          PG_ARGS(ctx, c->desc->name, c->desc->types, c->desc->function, BATCH_TEXT,
                                  c->careful > 0 ? "true" : "false"),
                          on_consumed, c);
    if (e != ERR_OK)
        bus_look_next(&c->look, bus_backoff_ms(++c->look.failures, BACKOFF_MAX_MS));
}
