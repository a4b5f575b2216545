/* The state table, and that the database has the same one. */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "booking_state.h"

#define MIGRATION "migrations/deploy/booking_core.sql"

static void names_and_back(void **state UNUSED)
{
    for (enum booking_state s = 0; s < BOOKING_STATE_MAX; s++)
        assert_int_equal(booking_state_find(booking_state_name(s)), s);
    assert_int_equal(booking_state_find("lost"), BOOKING_STATE_MAX);
    assert_int_equal(booking_state_find(""), BOOKING_STATE_MAX);
    assert_null(booking_state_name(BOOKING_STATE_MAX));
}

static void ends_are_ends(void **state UNUSED)
{
    static const enum booking_state ends[] = {BOOKING_COMPLETED, BOOKING_CANCELLED,
                                              BOOKING_NO_SHOW};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        for (enum booking_state to = 0; to <= BOOKING_STATE_MAX; to++)
            assert_false(booking_may_move(ends[i], to));
}

static void nothing_moves_to_where_it_is_or_from_nowhere(void **state UNUSED)
{
    for (enum booking_state s = 0; s < BOOKING_STATE_MAX; s++) {
        assert_false(booking_may_move(s, s));
        assert_false(booking_may_move(BOOKING_STATE_MAX, s));
    }
    assert_false(booking_is_active(BOOKING_STATE_MAX));
    assert_false(booking_blocks(BOOKING_STATE_MAX));
}

static void every_state_can_be_reached(void **state UNUSED)
{
    for (enum booking_state to = BOOKING_CONFIRMED; to < BOOKING_STATE_MAX; to++) {
        bool reached = false;
        for (enum booking_state from = 0; from < BOOKING_STATE_MAX; from++)
            reached = reached || booking_may_move(from, to);
        assert_true(reached);
    }
}

/* The VALUES of an INSERT of the migration, up to the semicolon. */
static char *migration_rows(const char *insert)
{
    FILE *f = fopen(MIGRATION, "r");
    static char text[65536];
    if (!f)
        fail_msg("run from the root of the tree: no " MIGRATION);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    char *rows = strstr(text, insert);
    assert_non_null(rows);
    rows = strstr(rows, "VALUES");
    assert_non_null(rows);
    char *end = strchr(rows, ';');
    assert_non_null(end);
    *end = '\0';
    return rows;
}

static void the_database_has_the_same_moves(void **state UNUSED)
{
    char *rows = migration_rows("INSERT INTO booking.state_moves");
    for (enum booking_state from = 0; from < BOOKING_STATE_MAX; from++) {
        for (enum booking_state to = 0; to < BOOKING_STATE_MAX; to++) {
            char row[80];
            snprintf(row, sizeof(row), "('%s', '%s')", booking_state_name(from),
                     booking_state_name(to));
            if ((strstr(rows, row) != NULL) != booking_may_move(from, to))
                fail_msg("%s differs", row);
        }
    }
}

static void the_database_has_the_same_states(void **state UNUSED)
{
    char *rows = migration_rows("INSERT INTO booking.states");
    size_t n = 0;
    for (enum booking_state s = 0; s < BOOKING_STATE_MAX; s++) {
        char row[80];
        snprintf(row, sizeof(row), "('%s', %s, %s,", booking_state_name(s),
                 booking_is_active(s) ? "true" : "false", booking_blocks(s) ? "true" : "false");
        if (!strstr(rows, row))
            fail_msg("%s is not there", row);
    }
    for (const char *p = rows; (p = strchr(p, '(')); p++)
        n++;
    assert_int_equal(n, BOOKING_STATE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_back),
        cmocka_unit_test(ends_are_ends),
        cmocka_unit_test(nothing_moves_to_where_it_is_or_from_nowhere),
        cmocka_unit_test(every_state_can_be_reached),
        cmocka_unit_test(the_database_has_the_same_moves),
        cmocka_unit_test(the_database_has_the_same_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
