/* Free times, from the texts of the statement availability_load: a line for the zone, then three
 * lines a chef. No slot has more chefs than there are, and each is offered within the bounds that
 * were asked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "availability.h"
#include "common/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_CHEFS 4

static void require(bool property)
{
    if (!property)
        abort();
}

static const char *line(struct arena *a, struct str *rest)
{
    struct str s = str_cut(rest, '\n');
    const char *text = arena_strndup(a, s.p, s.n);
    require(text);
    return text;
}

static enum err chefs_add(struct avail *v, struct arena *a, struct str rest, int *ret_n)
{
    enum err e = ERR_OK;
    for (*ret_n = 0; rest.n && *ret_n < MAX_CHEFS && e == ERR_OK; ++*ret_n) {
        struct avail_chef chef = {.max_events = 2};
        chef.week = line(a, &rest);
        chef.exceptions = line(a, &rest);
        chef.busy = line(a, &rest);
        e = avail_add_chef(v, &chef);
    }
    return e;
}

static void check(struct avail *v, const struct avail_wish *wish, int chefs)
{
    const struct avail_slot *nearest[5];
    size_t n;
    avail_finish(v);
    const struct avail_slot *slots = avail_slots(v, &n);
    for (size_t i = 0; i < n; i++) {
        require(slots[i].chefs >= 0 && slots[i].chefs <= chefs);
        require(slots[i].utc >= wish->earliest && slots[i].utc <= wish->latest);
    }
    size_t found = avail_nearest(v, wish->first_day * MINUTES_PER_DAY + 1080, nearest, 5);
    require(found <= MIN(n, (size_t)5));
    for (size_t i = 0; i < found; i++)
        require(nearest[i]->chefs > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(8 << 20);
    struct str rest = {(const char *)data, size};
    struct zone zone;
    struct avail *v;
    int chefs;
    int32_t day = date_days("2027-03-13"); /* the day before clocks are put forward */
    const struct avail_wish wish = {.first_day = day,
                                    .last_day = day + 2,
                                    .duration = 120,
                                    .before = 60,
                                    .after = 45,
                                    .earliest = day * MINUTES_PER_DAY,
                                    .latest = (day + 30) * MINUTES_PER_DAY,
                                    .first_start = 660,
                                    .last_start = 1380,
                                    .capacity = 2};
    if (a && size < 65536 && zone_parse(line(a, &rest), &zone) == ERR_OK &&
        avail_new(a, &zone, &wish, &v) == ERR_OK && chefs_add(v, a, rest, &chefs) == ERR_OK)
        check(v, &wish, chefs);
    arena_free(a);
    return 0;
}
