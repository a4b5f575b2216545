/* loop_setup(): what libevent keeps for ever lies among its like, apart from what comes and goes.
 */
#include "torture.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/cell.h"
#include "common/loop.h"

#define N 200

static void nothing_happens(evutil_socket_t fd UNUSED, short what UNUSED, void *arg UNUSED)
{
}

/* It remembers each descriptor number, also when nobody waits for it any more. */
static void what_stays_is_in_cells(void **state UNUSED)
{
    struct loop *l = loop_new();
    assert_non_null(l);
    size_t before = cell_count();
    int fds[N];
    for (int i = 0; i < N; i++) {
        fds[i] = eventfd(0, EFD_CLOEXEC);
        assert_true(fds[i] >= 0);
        struct event *e = event_new(loop_base(l), fds[i], EV_READ, nothing_happens, NULL);
        assert_non_null(e);
        assert_int_equal(event_add(e, NULL), 0);
        event_free(e);
    }
    assert_int_equal(cell_count() - before, N);
    for (int i = 0; i < N; i++)
        close(fds[i]);
    loop_free(l);
    assert_true(cell_count() < before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays_is_in_cells),
    };
    loop_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
