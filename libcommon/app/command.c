/* What the commands of services share: a statement whose answer is waited for. */
#include <stdio.h>

#include "common/clock.h"
#include "common/service.h"

const char *command_ctx(const char *command, char ret_ctx[COMMAND_CTX_SIZE])
{
    char now[RFC3339_SIZE];
    clock_rfc3339(clock_wall_us(), now);
    snprintf(ret_ctx, COMMAND_CTX_SIZE, "{\"now\":\"%s\",\"request_id\":\"%s\"}", now, command);
    return ret_ctx;
}

static void on_answer(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    *(struct pg_result **)owner = result;
}

struct pg_result *command_pg(struct svc *svc, const struct pg_stmt *stmt, struct pg_args args)
{
    struct pg_result *result = NULL;
    if (pg_exec(svc->pg, stmt, args, on_answer, &result, 0) != ERR_OK)
        return NULL;
    while (!result)
        loop_turn(svc->loop, 100);
    return result;
}
