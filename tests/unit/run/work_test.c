/* The worker pool: where jobs run, when they are done, what happens to them at the end. */
#include "torture.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/loop.h"
#include "common/work.h"

struct job {
    pthread_t ran_on, done_on;
    int ran, done;
    bool signals_blocked;
};

static void run(void *arg)
{
    struct job *j = arg;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    j->signals_blocked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGHUP);
    j->ran_on = pthread_self();
    j->ran++;
}

static void done(void *arg)
{
    struct job *j = arg;
    j->done_on = pthread_self();
    j->done++;
}

static struct loop *loop;

static int setup(void **state UNUSED)
{
    loop = loop_new();
    return loop ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
    loop_free(loop);
    return 0;
}

static void runs_on_a_thread_and_is_done_on_the_loop(void **state UNUSED)
{
    struct work_pool *w = work_pool_new(loop, 2, 10);
    struct job j = {0};
    assert_int_equal(work_submit(w, run, done, &j), ERR_OK);
    assert_int_equal(j.done, 0);
    while (!j.done)
        loop_turn(loop, 1000);
    assert_int_equal(j.ran, 1);
    assert_false(pthread_equal(j.ran_on, pthread_self()));
    assert_true(pthread_equal(j.done_on, pthread_self()));
    assert_true(j.signals_blocked);
    loop_turn(loop, 0);
    assert_int_equal(j.done, 1);
    work_pool_free(w);
}

static void many_jobs_are_each_done_once(void **state UNUSED)
{
    enum { N = 500 };
    static struct job jobs[N];
    memset(jobs, 0, sizeof jobs);
    struct work_pool *w = work_pool_new(loop, 4, 8);
    int submitted = 0, finished = 0;
    while (finished < N) {
        while (submitted < N) {
            enum err e = work_submit(w, run, done, &jobs[submitted]);
            if (e == ERR_BUSY)
                break;
            assert_int_equal(e, ERR_OK);
            submitted++;
        }
        loop_turn(loop, 1000);
        finished = 0;
        for (int i = 0; i < N; i++)
            finished += jobs[i].done;
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(jobs[i].ran, 1);
        assert_int_equal(jobs[i].done, 1);
    }
    work_pool_free(w);
}

/* A job that stays on its thread until it is let go. */
struct gate {
    atomic_bool entered, open;
    int done;
};

static void wait_at_gate(void *arg)
{
    struct gate *g = arg;
    atomic_store(&g->entered, true);
    while (!atomic_load(&g->open))
        sched_yield();
}

static void gate_done(void *arg)
{
    ((struct gate *)arg)->done++;
}

static void enter(struct work_pool *w, struct gate *g)
{
    assert_int_equal(work_submit(w, wait_at_gate, gate_done, g), ERR_OK);
    while (!atomic_load(&g->entered))
        sched_yield();
}

static void a_full_queue_says_busy(void **state UNUSED)
{
    struct work_pool *w = work_pool_new(loop, 1, 3);
    struct gate g = {0};
    struct job jobs[4] = {0};
    enter(w, &g); /* the only thread is taken */
    for (int i = 0; i < 3; i++)
        assert_int_equal(work_submit(w, run, done, &jobs[i]), ERR_OK);
    assert_int_equal(work_submit(w, run, done, &jobs[3]), ERR_BUSY);
    atomic_store(&g.open, true);
    while (!jobs[2].done)
        loop_turn(loop, 1000);
    assert_int_equal(g.done, 1);
    assert_int_equal(jobs[0].done + jobs[1].done, 2);
    assert_int_equal(jobs[3].ran + jobs[3].done, 0);
    assert_int_equal(work_submit(w, run, done, &jobs[3]), ERR_OK); /* room again */
    while (!jobs[3].done)
        loop_turn(loop, 1000);
    work_pool_free(w);
}

/* Opens the gate once the main thread sleeps, which it does in work_pool_free() only. */
static void *open_gate(void *arg)
{
    struct gate *g = arg;
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
    for (bool asleep = false; !asleep;) {
        FILE *f = fopen(path, "r");
        size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
        if (f)
            fclose(f);
        text[n] = '\0';
        asleep = strstr(text, ") S ") != NULL;
        sched_yield();
    }
    atomic_store(&g->open, true);
    return NULL;
}

static void the_end_waits_for_the_running_and_tells_all(void **state UNUSED)
{
    struct work_pool *w = work_pool_new(loop, 1, 10);
    struct gate g = {0};
    struct job finished = {0}, queued[3] = {0};
    assert_int_equal(work_submit(w, run, done, &finished), ERR_OK);
    enter(w, &g); /* so the first one has run; its done() waits for a turn */
    for (int i = 0; i < 3; i++)
        assert_int_equal(work_submit(w, run, done, &queued[i]), ERR_OK);
    pthread_t opener;
    assert_int_equal(pthread_create(&opener, NULL, open_gate, &g), 0);
    work_pool_free(w);
    pthread_join(opener, NULL);
    assert_int_equal(finished.ran, 1);
    assert_int_equal(finished.done, 1);
    assert_int_equal(g.done, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(queued[i].ran, 0); /* never begun */
        assert_int_equal(queued[i].done, 1);
    }
}

/* A done() that submits its successor. */
struct chain {
    struct job job; /* first: run() sees nothing else */
    struct work_pool *pool;
    int left;
    enum err last;
};

static void chain_done(void *arg)
{
    struct chain *c = arg;
    if (--c->left > 0)
        c->last = work_submit(c->pool, run, chain_done, c);
}

static void done_may_submit(void **state UNUSED)
{
    struct chain c = {.pool = work_pool_new(loop, 1, 1), .left = 3};
    assert_int_equal(work_submit(c.pool, run, chain_done, &c), ERR_OK);
    while (c.left > 0)
        loop_turn(loop, 1000);
    assert_int_equal(c.last, ERR_OK);

    c.left = 3; /* but not at the end */
    assert_int_equal(work_submit(c.pool, run, chain_done, &c), ERR_OK);
    work_pool_free(c.pool);
    assert_int_equal(c.last, ERR_BUSY);
    assert_int_equal(c.left, 2);
}

static void an_idle_pool_ends(void **state UNUSED)
{
    work_pool_free(work_pool_new(loop, 4, 10)); /* its threads were never started */
    work_pool_free(NULL);
}

/* libevent's own allocations fail too. */
static bool scenario(void *arg UNUSED)
{
    struct loop *l = loop_new();
    struct work_pool *w = l ? work_pool_new(l, 2, 10) : NULL;
    if (!w) {
        loop_free(l);
        return false;
    }
    struct job jobs[5] = {0};
    int taken = 0;
    for (int i = 0; i < 5; i++) {
        enum err e = work_submit(w, run, done, &jobs[i]);
        assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
        taken += e == ERR_OK;
    }
    int finished = 0;
    while (finished < taken) {
        loop_turn(l, 1000);
        finished = 0;
        for (int i = 0; i < 5; i++)
            finished += jobs[i].done;
    }
    work_pool_free(w);
    loop_free(l);
    return taken == 5;
}

static void survives_torture(void **state UNUSED)
{
    torture(scenario, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(runs_on_a_thread_and_is_done_on_the_loop),
        TEST(many_jobs_are_each_done_once),
        TEST(a_full_queue_says_busy),
        TEST(the_end_waits_for_the_running_and_tells_all),
        TEST(done_may_submit),
        TEST(an_idle_pool_ends),
        cmocka_unit_test(survives_torture),
    };
    event_set_mem_functions(mem_alloc, mem_realloc, mem_free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
