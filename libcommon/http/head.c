/* The strict request head: see http_head.h. Pure functions over borrowed bytes. */
#include "common/http_head.h"

/* Headers that mean something to us once only: a second one is an attempt to be read differently by
 * two readers. */
static const struct str singletons[] = {
    STR("host"),       STR("content-length"),    STR("content-type"), STR("authorization"),
    STR("if-match"),   STR("if-none-match"),     STR("x-real-ip"),    STR("x-request-id"),
    STR("connection"), STR("idempotency-key"),   STR("traceparent"),  STR("content-encoding"),
    STR("expect"),     STR("transfer-encoding"),
};

enum {
    SINGLETON_HOST = 0,
    SINGLETON_LENGTH = 1,
    SINGLETON_EXPECT = ARRAY_LEN(singletons) - 2,
    SINGLETON_TRANSFER = ARRAY_LEN(singletons) - 1,
};

static const struct str methods[] = {
    STR("GET"), STR("HEAD"), STR("POST"), STR("PUT"), STR("PATCH"), STR("DELETE"), STR("OPTIONS"),
};

size_t http_head_end(const char *data, size_t n, size_t *scanned)
{
    size_t i = *scanned;
    while (i < n) {
        const char *lf = memchr(data + i, '\n', n - i);
        if (!lf) {
            i = n;
            break;
        }
        size_t at = (size_t)(lf - data);
        /* A bare LF also ends the head here: the check refuses it, instead of waiting for more. */
        if (at + 1 < n && data[at + 1] == '\n')
            return at + 2;
        if (at + 2 < n && data[at + 1] == '\r' && data[at + 2] == '\n')
            return at + 3;
        if (at + 3 > n) /* the next bytes decide: look at this LF again */
            break;
        i = at + 1;
    }
    *scanned = i;
    return 0;
}

/* tchar of RFC 9110 section 5.6.2 */
static bool is_token_char(unsigned char c)
{
    static const char other[] = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr(other, c));
}

static bool is_token(struct str s)
{
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_char((unsigned char)s.p[i]))
            return false;
    return true;
}

/* field-value without control characters; obs-text (>= 0x80) is left to the JSON and token rules */
static bool is_field_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* origin-form of RFC 9112 section 3.2.1: visible ASCII that starts with a slash */
static bool is_target(struct str s)
{
    if (s.n == 0 || s.p[0] != '/')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= 0x20 || c >= 0x7f || strchr("\"<>\\^`{|}#", c))
            return false;
    }
    return true;
}

/* Takes the next line off *rest. False unless it ends in CRLF. */
static bool line_take(struct str *rest, struct str *ret_line)
{
    const char *lf = memchr(rest->p, '\n', rest->n);
    if (!lf || lf == rest->p || lf[-1] != '\r')
        return false;
    size_t n = (size_t)(lf - rest->p) + 1;
    *ret_line = (struct str){rest->p, n - 2};
    rest->p += n;
    rest->n -= n;
    return true;
}

static enum err request_line_check(struct str line, struct str *ret_method)
{
    struct str rest = line;
    struct str method = str_cut(&rest, ' ');
    struct str target = str_cut(&rest, ' ');
    if (!is_token(method) || !is_target(target))
        return ERR_MALFORMED;
    if (!str_eq(rest, STR("HTTP/1.1")) && !str_eq(rest, STR("HTTP/1.0")))
        return ERR_MALFORMED;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (str_eq(method, methods[i])) {
            *ret_method = method;
            return ERR_OK;
        }
    }
    return ERR_METHOD_NOT_ALLOWED;
}

/* RFC 9110 section 10.1.1. evhttp would answer anything else itself, and not with a problem
 * document; a tab before the value is something else to it. */
static bool is_continue(struct str value)
{
    return !memchr(value.p, '\t', value.n) && str_eq_nocase(str_trim(value), STR("100-continue"));
}

/* Splits one header line and remembers the values of singletons. */
static enum err field_check(struct str line, struct str values[], unsigned *seen)
{
    struct str value = line;
    struct str name = str_cut(&value, ':');
    if (name.n == line.n || !is_token(name) || !is_field_value(value))
        return ERR_MALFORMED;
    for (size_t i = 0; i < ARRAY_LEN(singletons); i++) {
        if (!str_eq_nocase(name, singletons[i]))
            continue;
        if (*seen & (1u << i))
            return ERR_MALFORMED;
        if (i == SINGLETON_EXPECT && !is_continue(value))
            return ERR_EXPECTATION_FAILED;
        *seen |= 1u << i;
        values[i] = str_trim(value);
    }
    return ERR_OK;
}

static enum err length_check(struct str text, struct str method, uint64_t max_body,
                             uint64_t *ret_length)
{
    int64_t n;
    if (text.n == 0 || text.p[0] == '-' || str_to_i64(text, 0, INT64_MAX, &n) != ERR_OK) {
        /* Digits that do not fit 64 bits are a size, not a mistake of grammar. */
        for (size_t i = 0; i < text.n; i++)
            if (text.p[i] < '0' || text.p[i] > '9')
                return ERR_MALFORMED;
        return text.n ? ERR_TOO_LARGE : ERR_MALFORMED;
    }
    if ((uint64_t)n > max_body)
        return ERR_TOO_LARGE;
    if (n > 0 && (str_eq(method, STR("GET")) || str_eq(method, STR("HEAD"))))
        return ERR_MALFORMED;
    *ret_length = (uint64_t)n;
    return ERR_OK;
}

static bool is_host(struct str s)
{
    if (s.n == 0 || s.n > 255)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              strchr(".-_:[]", c)))
            return false;
    }
    return true;
}

enum err http_head_check(struct str head, uint64_t max_body, struct http_head *ret_head)
{
    if (head.n > HTTP_HEAD_MAX_BYTES)
        return ERR_HEADERS_TOO_LARGE;
    struct str rest = head, line, method;
    if (!line_take(&rest, &line))
        return ERR_MALFORMED;
    enum err e = request_line_check(line, &method);
    if (e != ERR_OK)
        return e;

    struct str values[ARRAY_LEN(singletons)] = {{0}};
    unsigned seen = 0;
    for (size_t n = 0;; n++) {
        if (!line_take(&rest, &line))
            return ERR_MALFORMED;
        if (line.n == 0)
            break;
        if (n == HTTP_HEAD_MAX_FIELDS)
            return ERR_HEADERS_TOO_LARGE;
        e = field_check(line, values, &seen);
        if (e != ERR_OK)
            return e;
    }
    if (rest.n != 0 || !(seen & (1u << SINGLETON_HOST)) || !is_host(values[SINGLETON_HOST]))
        return ERR_MALFORMED;
    if (seen & (1u << SINGLETON_TRANSFER))
        return seen & (1u << SINGLETON_LENGTH) ? ERR_MALFORMED : ERR_LENGTH_REQUIRED;
    uint64_t length = 0;
    if (seen & (1u << SINGLETON_LENGTH)) {
        e = length_check(values[SINGLETON_LENGTH], method, max_body, &length);
        if (e != ERR_OK)
            return e;
    }
    ret_head->content_length = length;
    return ERR_OK;
}

bool http_is_request_id(struct str text)
{
    if (text.n < 8 || text.n > HTTP_REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              c == '-'))
            return false;
    }
    return true;
}

struct str http_head_request_id(struct str head)
{
    struct str rest = head;
    while (rest.n && memchr(rest.p, '\n', rest.n)) {
        struct str value = str_cut(&rest, '\n');
        struct str name = str_cut(&value, ':');
        if (!str_eq_nocase(name, STR("x-request-id")))
            continue;
        if (value.n && value.p[value.n - 1] == '\r')
            value.n--;
        value = str_trim(value);
        return http_is_request_id(value) ? value : (struct str){0};
    }
    return (struct str){0};
}
