/* Configuration: values, mistakes, files, and the documentation. */
#include "torture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config.h"

struct config {
    const char *name, *secret, *note;
    int64_t port;
    bool lit;
    int heat;
};

static const struct config_row rows[] = {
    CONFIG_ROW(struct config, name, STR, "T_NAME", NULL, 2, 8, CONFIG_REQUIRED, NULL,
               "Its name") CONFIG_ROW(struct config, secret, STR, "T_SECRET", "unset", 4, 100000,
                                      CONFIG_SECRET, NULL, "A key")
        CONFIG_ROW(struct config, note, STR, "T_NOTE", "", 0, 10, 0, NULL, "Whatever") CONFIG_ROW(
            struct config, port, INT, "T_PORT", "8080", -1, 65535, 0, NULL, "Where it listens")
            CONFIG_ROW(struct config, lit, BOOL, "T_LIT", "true", 0, 0, CONFIG_RELOAD, NULL, "Fire")
                CONFIG_ROW(struct config, heat, ENUM, "T_HEAT", "low", 0, 0, 0, "off|low|high",
                           "How hot")};
static const struct config_table table = {rows, ARRAY_LEN(rows)};

static char dir[64], path[96];

static int make_dir(void **state UNUSED)
{
    snprintf(dir, sizeof dir, "/tmp/config_test.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/file", dir);
    return 0;
}

static int remove_dir(void **state UNUSED)
{
    unlink(path);
    return rmdir(dir);
}

/* Every test begins with an environment in which loading succeeds. */
static int clear(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char file_name[64];
        snprintf(file_name, sizeof file_name, "%s_FILE", rows[i].name);
        unsetenv(rows[i].name);
        unsetenv(file_name);
    }
    return setenv("T_NAME", "teppan", 1);
}

static void write_file(const void *data, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), n);
    close(fd);
}

static void loads(struct config *c)
{
    struct buf mistakes = BUF_INIT(10000);
    assert_int_equal(config_load(&table, c, &mistakes), ERR_OK);
    assert_int_equal(mistakes.len, 0);
    buf_free(&mistakes);
}

static void fails_with(const char *expected)
{
    struct config c;
    struct buf mistakes = BUF_INIT(10000);
    assert_int_equal(config_load(&table, &c, &mistakes), ERR_INVALID);
    assert_string_equal(mistakes.data, expected);
    assert_null(c.name); /* nothing is left to free */
    assert_null(c.secret);
    buf_free(&mistakes);
}

static void defaults_fill_what_is_not_set(void **state UNUSED)
{
    struct config c;
    loads(&c);
    assert_string_equal(c.name, "teppan");
    assert_string_equal(c.secret, "unset");
    assert_string_equal(c.note, "");
    assert_int_equal(c.port, 8080);
    assert_true(c.lit);
    assert_int_equal(c.heat, 1);
    config_free(&table, &c);
    assert_null(c.name);
    config_free(&table, &c); /* twice is harmless */
}

static void the_environment_wins(void **state UNUSED)
{
    setenv("T_NAME", "gr\xc3\xaen", 1);
    setenv("T_SECRET", "s3cret", 1);
    setenv("T_NOTE", "", 1); /* set, to nothing */
    setenv("T_PORT", "-1", 1);
    setenv("T_LIT", "0", 1);
    setenv("T_HEAT", "high", 1);
    struct config c;
    loads(&c);
    assert_string_equal(c.name, "gr\xc3\xaen");
    assert_string_equal(c.secret, "s3cret");
    assert_string_equal(c.note, "");
    assert_int_equal(c.port, -1);
    assert_false(c.lit);
    assert_int_equal(c.heat, 2);
    config_free(&table, &c);
}

/* Also the words of each kind of mistake. */
static void every_mistake_is_listed(void **state UNUSED)
{
    setenv("T_NAME", "x", 1);
    setenv("T_SECRET", "abc", 1);
    setenv("T_NOTE", "eleven byte", 1);
    setenv("T_PORT", "80a", 1);
    setenv("T_LIT", "yes", 1);
    setenv("T_HEAT", "hig", 1);
    fails_with("T_NAME: \"x\" is not text of 2 to 8 bytes\n"
               "T_SECRET: the value is not text of 4 to 100000 bytes\n"
               "T_NOTE: \"eleven byte\" is not text of 0 to 10 bytes\n"
               "T_PORT: \"80a\" is not an integer from -1 to 65535\n"
               "T_LIT: \"yes\" is not true or false\n"
               "T_HEAT: \"hig\" is not one of off, low, high\n");
}

static void refuses_values_out_of_form(void **state UNUSED)
{
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"T_NAME", ""},     {"T_NAME", "ninebytes"}, {"T_NAME", "\xff\xfe"}, {"T_PORT", ""},
        {"T_PORT", "-2"},   {"T_PORT", "65536"},     {"T_PORT", " 1"},       {"T_LIT", ""},
        {"T_LIT", "TRUE"},  {"T_LIT", "2"},          {"T_HEAT", ""},         {"T_HEAT", "Low"},
        {"T_HEAT", "low|"}, {"T_HEAT", "off|low"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct config c;
        struct buf mistakes = BUF_INIT(10000);
        clear(NULL);
        setenv(cases[i].name, cases[i].value, 1);
        assert_int_equal(config_load(&table, &c, &mistakes), ERR_INVALID);
        assert_memory_equal(mistakes.data, cases[i].name, strlen(cases[i].name));
        assert_non_null(memchr(mistakes.data, '\n', mistakes.len));
        assert_ptr_equal(strchr(mistakes.data, '\n'), mistakes.data + mistakes.len - 1);
        buf_free(&mistakes);
    }
}

static void a_mistake_is_one_safe_line(void **state UNUSED)
{
    char value[200];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    memcpy(value, "a\nb\x1b", 4);
    setenv("T_NAME", value, 1);
    char expected[200];
    snprintf(expected, sizeof expected, "T_NAME: \"a?b?%.76s...\" is not text of 2 to 8 bytes\n",
             value + 4);
    fails_with(expected);
}

static void required_means_set(void **state UNUSED)
{
    unsetenv("T_NAME");
    fails_with("T_NAME: required\n");
}

static void a_file_gives_the_value(void **state UNUSED)
{
    static const struct {
        const char *content, *value;
    } cases[] = {
        {"from file", "from file"},
        {"from file\n", "from file"},     /* as editors leave it */
        {"two lines\n\n", "two lines\n"}, /* only the one */
        {"a\r\nb\r\n", "a\r\nb\r"},
    };
    setenv("T_SECRET_FILE", path, 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct config c;
        write_file(cases[i].content, strlen(cases[i].content));
        loads(&c);
        assert_string_equal(c.secret, cases[i].value);
        config_free(&table, &c);
    }
    write_file("9090\n", 5); /* any row may come from a file */
    unsetenv("T_SECRET_FILE");
    setenv("T_PORT_FILE", path, 1);
    struct config c;
    loads(&c);
    assert_int_equal(c.port, 9090);
    config_free(&table, &c);
}

static void a_file_may_have_64_kb(void **state UNUSED)
{
    static char text[65537];
    memset(text, 'k', sizeof text);
    setenv("T_SECRET_FILE", path, 1);
    write_file(text, 65536);
    struct config c;
    loads(&c);
    assert_int_equal(strlen(c.secret), 65536);
    config_free(&table, &c);

    char expected[200];
    snprintf(expected, sizeof expected, "T_SECRET_FILE: cannot read \"%s\": larger than 64 kB\n",
             path);
    write_file(text, 65537);
    fails_with(expected);
}

static void an_unreadable_file_is_a_mistake(void **state UNUSED)
{
    char expected[300];
    setenv("T_SECRET_FILE", path, 1);
    write_file("nul\0byte", 8);
    snprintf(expected, sizeof expected, "T_SECRET_FILE: cannot read \"%s\": it has a NUL byte\n",
             path);
    fails_with(expected);

    write_file("abc", 3); /* readable, but too short: and never shown */
    fails_with("T_SECRET: the value is not text of 4 to 100000 bytes\n");

    unlink(path);
    snprintf(expected, sizeof expected,
             "T_SECRET_FILE: cannot read \"%s\": No such file or directory\n", path);
    fails_with(expected);

    setenv("T_SECRET_FILE", dir, 1);
    snprintf(expected, sizeof expected, "T_SECRET_FILE: cannot read \"%s\": Is a directory\n", dir);
    fails_with(expected);

    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes it: must not wait */
    setenv("T_SECRET_FILE", path, 1);
    fails_with("T_SECRET: the value is not text of 4 to 100000 bytes\n");
    unlink(path);

    setenv("T_SECRET_FILE", "", 1);
    fails_with("T_SECRET_FILE: cannot read \"\": No such file or directory\n");
}

static void set_twice_is_a_mistake(void **state UNUSED)
{
    setenv("T_SECRET", "here", 1);
    setenv("T_SECRET_FILE", "/and/there", 1);
    fails_with("T_SECRET: set twice, here and in T_SECRET_FILE\n");
}

static void a_short_list_of_mistakes_still_fails(void **state UNUSED)
{
    struct config c;
    struct buf mistakes = BUF_INIT(10);
    setenv("T_PORT", "x", 1);
    assert_int_equal(config_load(&table, &c, &mistakes), ERR_INVALID);
    buf_free(&mistakes);
}

static void prints_its_documentation(void **state UNUSED)
{
    char *text;
    size_t n;
    setenv("T_SECRET", "not to be seen", 1);
    FILE *out = open_memstream(&text, &n);
    config_print(&table, out);
    fclose(out);
    assert_string_equal(text,
                        "| `T_HEAT` | one of off, low, high | `low` | How hot |\n"
                        "| `T_LIT` | true or false | `true` | Fire. Read again on SIGHUP |\n"
                        "| `T_NAME` | text of 2 to 8 bytes | required | Its name |\n"
                        "| `T_NOTE` | text of 0 to 10 bytes | empty | Whatever |\n"
                        "| `T_PORT` | an integer from -1 to 65535 | `8080` | Where it listens |\n"
                        "| `T_SECRET` | text of 4 to 100000 bytes | `unset` | A key. Secret |\n");
    free(text);
}

static void prints_an_env_file(void **state UNUSED)
{
    static const struct config_table two = {rows, 2};
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    config_print_env(&two, out);
    fclose(out);
    assert_string_equal(text, "# Its name\n"
                              "# (text of 2 to 8 bytes; required)\n"
                              "T_NAME=\n\n"
                              "# A key. Secret\n"
                              "# (text of 4 to 100000 bytes)\n"
                              "#T_SECRET=unset\n\n");
    free(text);
}

static bool scenario(void *arg UNUSED)
{
    struct config c;
    struct buf mistakes = BUF_INIT(10000);
    enum err e = config_load(&table, &c, &mistakes);
    assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
    assert_true(e == ERR_OK ? c.name && c.secret && c.note : !c.name && !c.secret && !c.note);
    config_free(&table, &c);
    buf_free(&mistakes);
    return e == ERR_OK;
}

static bool scenario_of_mistakes(void *arg UNUSED)
{
    struct config c;
    struct buf mistakes = BUF_INIT(10000);
    enum err e = config_load(&table, &c, &mistakes);
    assert_true(e == ERR_INVALID || e == ERR_NO_MEMORY);
    bool listed = e == ERR_INVALID && buf_err(&mistakes) == ERR_OK;
    buf_free(&mistakes);
    return listed;
}

static void survives_torture(void **state UNUSED)
{
    write_file("from file", 9);
    setenv("T_SECRET_FILE", path, 1);
    torture(scenario, NULL);
    unsetenv("T_NAME");
    torture(scenario_of_mistakes, NULL);
}

#define TEST(name) cmocka_unit_test_setup(name, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_fill_what_is_not_set),
        TEST(the_environment_wins),
        TEST(every_mistake_is_listed),
        TEST(refuses_values_out_of_form),
        TEST(a_mistake_is_one_safe_line),
        TEST(required_means_set),
        TEST(a_file_gives_the_value),
        TEST(a_file_may_have_64_kb),
        TEST(an_unreadable_file_is_a_mistake),
        TEST(set_twice_is_a_mistake),
        TEST(a_short_list_of_mistakes_still_fails),
        TEST(prints_its_documentation),
        TEST(prints_an_env_file),
        TEST(survives_torture),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
