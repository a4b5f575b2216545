/* The names of the tiers, and the text form of a rate, as the configuration has it. */
#include "common/ratelimit.h"
#include "common/str.h"

const char *tier_name(enum tier t)
{
    static const char *const names[TIER_MAX] = {"none", "public", "user", "admin", "ai", "auth"};
    return t < TIER_MAX ? names[t] : "?";
}

enum err rate_parse(const char *text, struct rate *ret_rate)
{
    struct str rest = str_of(text);
    int64_t numbers[3] = {0};
    size_t n = 0;
    while (rest.n || n == 0) {
        struct str one = str_cut(&rest, '/');
        if (n == ARRAY_LEN(numbers) || str_to_i64(one, 1, 1000000, &numbers[n]) != ERR_OK)
            return ERR_INVALID;
        n++;
    }
    if (n < 2)
        return ERR_INVALID;
    *ret_rate = (struct rate){
        .per_minute = (int)numbers[0],
        .burst = (int)numbers[1],
        .per_hour = (int)(n == 3 ? numbers[2] : 60 * numbers[0]),
    };
    return ERR_OK;
}
