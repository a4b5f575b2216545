/* The strict request head: every ambiguous framing is refused, with the right error. */
#include "torture.h"

#include <stdio.h>

#include "common/http_head.h"

#define MAX_BODY 1000

static const struct head_case {
    const char *what;
    const char *head;
    enum err expected;
    uint64_t length;
} cases[] = {
    {"plain GET", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", ERR_OK, 0},
    {"HTTP/1.0", "GET /a HTTP/1.0\r\nHost: x\r\n\r\n", ERR_OK, 0},
    {"POST with a body", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n", ERR_OK, 12},
    {"space around a value", "POST /a HTTP/1.1\r\nHost:  x \r\nContent-Length:\t12 \r\n\r\n",
     ERR_OK, 12},
    {"GET with an empty body", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", ERR_OK, 0},
    {"length and chunked",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     ERR_MALFORMED, 0},
    {"chunked alone", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
     ERR_LENGTH_REQUIRED, 0},
    {"gzip, chunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
     ERR_LENGTH_REQUIRED, 0},
    {"xchunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
     ERR_LENGTH_REQUIRED, 0},
    {"two transfer codings",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
     ERR_MALFORMED, 0},
    {"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
     ERR_MALFORMED, 0},
    {"the same length twice",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", ERR_MALFORMED,
     0},
    {"length with a sign", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n",
     ERR_MALFORMED, 0},
    {"negative length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", ERR_MALFORMED,
     0},
    {"hexadecimal length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n",
     ERR_MALFORMED, 0},
    {"list of lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n", ERR_MALFORMED,
     0},
    {"empty length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", ERR_MALFORMED, 0},
    {"length over 64 bits",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", ERR_TOO_LARGE,
     0},
    {"length over the limit", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n",
     ERR_TOO_LARGE, 0},
    {"space before the colon", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n",
     ERR_MALFORMED, 0},
    {"folded header", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", ERR_MALFORMED, 0},
    {"empty name", "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", ERR_MALFORMED, 0},
    {"no colon", "GET / HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n", ERR_MALFORMED, 0},
    {"bare LF after the request line", "GET / HTTP/1.1\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"bare LF in the headers", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", ERR_MALFORMED, 0},
    {"bare LF at the end", "GET / HTTP/1.1\r\nHost: x\n\n", ERR_MALFORMED, 0},
    {"CR inside a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", ERR_MALFORMED, 0},
    {"no Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", ERR_MALFORMED, 0},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", ERR_MALFORMED, 0},
    {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", ERR_MALFORMED, 0},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", ERR_MALFORMED, 0},
    {"HTTP/1.9", "GET / HTTP/1.9\r\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"no version", "GET /\r\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"absolute form", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"fragment", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"UTF-8 in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"empty first line", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"GET with a body", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", ERR_MALFORMED, 0},
    {"TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", ERR_METHOD_NOT_ALLOWED, 0},
    {"CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", ERR_MALFORMED, 0},
    {"lower-case method", "get / HTTP/1.1\r\nHost: x\r\n\r\n", ERR_METHOD_NOT_ALLOWED, 0},
    {"client that waits", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n\r\n", ERR_OK, 0},
    {"another expectation", "GET / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n",
     ERR_EXPECTATION_FAILED, 0},
    {"two expectations", "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue, x\r\n\r\n",
     ERR_EXPECTATION_FAILED, 0},
    {"empty expectation", "GET / HTTP/1.1\r\nHost: x\r\nExpect:\r\n\r\n", ERR_EXPECTATION_FAILED,
     0},
    {"expectation of HTTP/1.0", "GET / HTTP/1.0\r\nHost: x\r\nExpect: x\r\n\r\n",
     ERR_EXPECTATION_FAILED, 0},
    {"tab before an expectation", "GET / HTTP/1.1\r\nHost: x\r\nExpect:\t100-continue\r\n\r\n",
     ERR_EXPECTATION_FAILED, 0},
    {"two Authorization headers",
     "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nauthorization: b\r\n\r\n", ERR_MALFORMED, 0},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct head_case *c = &cases[i];
        size_t scanned = 0, n = strlen(c->head);
        struct http_head head = {.content_length = 77};
        assert_int_equal(http_head_end(c->head, n, &scanned), n);
        enum err e = http_head_check((struct str){c->head, n}, MAX_BODY, &head);
        if (e != c->expected)
            fail_msg("%s: %s, expected %s", c->what, err_code(e), err_code(c->expected));
        assert_int_equal(head.content_length, e == ERR_OK ? c->length : 77);
    }
}

static void test_nul_in_value(void **state)
{
    (void)state;
    static const char head[] = "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n";
    struct http_head ret;
    assert_int_equal(http_head_check((struct str){head, sizeof(head) - 1}, MAX_BODY, &ret),
                     ERR_MALFORMED);
}

static void test_too_many_fields(void **state)
{
    (void)state;
    char head[8192] = "GET / HTTP/1.1\r\nHost: x\r\n";
    size_t n = strlen(head);
    for (int i = 0; i < HTTP_HEAD_MAX_FIELDS; i++)
        n += (size_t)snprintf(head + n, sizeof(head) - n, "X-%d: y\r\n", i);
    n += (size_t)snprintf(head + n, sizeof(head) - n, "\r\n");
    struct http_head ret;
    assert_int_equal(http_head_check((struct str){head, n}, MAX_BODY, &ret), ERR_HEADERS_TOO_LARGE);
}

/* However the bytes are cut, the end is found where it is, and never before. */
static void test_end_in_pieces(void **state)
{
    (void)state;
    static const char text[] = "POST / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\nbody";
    const size_t end = sizeof(text) - 1 - 4;
    for (size_t cut = 0; cut < sizeof(text); cut++) {
        size_t scanned = 0;
        size_t first = http_head_end(text, cut, &scanned);
        assert_int_equal(first, cut >= end ? end : 0);
        if (!first)
            assert_int_equal(http_head_end(text, sizeof(text) - 1, &scanned), end);
    }
    size_t scanned = 0;
    for (size_t n = 0; n < end; n++)
        assert_int_equal(http_head_end(text, n, &scanned), 0);
    assert_int_equal(http_head_end(text, end, &scanned), end);
}

#define ID "0123456789abcdef"

static void test_request_id_of_a_bad_head(void **state)
{
    (void)state;
    static const struct {
        const char *head, *id;
    } ids[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: " ID "\r\n\r\n", ID},
        {"GET / HTTP/1.1\r\nx-request-id:" ID " \r\nX-Request-Id: 1-1-1-1-1\r\nbad", ID},
        {"\x16\nX-Request-Id: " ID "\n", ID},
        {"X-Request-Id: " ID, ""}, /* there may be more of it */
        {"X-Request-Id: 1234567\n", ""},
        {"X-Request-Id: " ID ID ID ID "0\n", ""},
        {"X-Request-Id: 12345678\r9\n", ""},
        {"X-Request-Id: 1234567;\nX-Request-Id: " ID "\n", ""},
        {"Y: X-Request-Id: " ID "\n", ""},
        {"\n\n", ""},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct str id = http_head_request_id(str_of(ids[i].head));
        if (!str_eq(id, str_of(ids[i].id)))
            fail_msg("%s: %.*s", ids[i].head, (int)id.n, id.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_nul_in_value),
        cmocka_unit_test(test_too_many_fields),
        cmocka_unit_test(test_end_in_pieces),
        cmocka_unit_test(test_request_id_of_a_bad_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
