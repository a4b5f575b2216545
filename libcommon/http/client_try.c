/* One try of an HTTP call: the curl handle, its callbacks, and what its end means. The handle is
 * owned by the call and used for all its tries.
 *
 * Curl sends a request once more by itself when a connection that it kept turns out to be dead; it
 * cannot know whether the peer has acted. So calls that must not be doubled get a fresh
 * connection. */
#include "client_priv.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/net.h"

#define CONNECT_MAX_MS 3000

/* --- before ------------------------------------------------------------------------------------
 */

static bool is_method(const char *s)
{
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return n > 0 && n <= 16 && s[n] == '\0';
}

/* "Name: value" of printable characters: no second line, no second header. */
static bool is_header(const char *s)
{
    const char *colon = strchr(s, ':');
    if (!colon || colon == s)
        return false;
    for (const char *p = s; *p; p++) {
        unsigned char ch = (unsigned char)*p;
        if (ch == 0x7f || (ch < 0x20 && ch != '\t') || (p < colon && ch <= ' '))
            return false;
    }
    return true;
}

static enum err url_origin(const char *url, bool allow_http, char ret_origin[ORIGIN_SIZE])
{
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    enum err e = ERR_INVALID;

    if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        (strcmp(scheme, "https") == 0 || (allow_http && strcmp(scheme, "http") == 0))) {
        int n = snprintf(ret_origin, ORIGIN_SIZE, "%s://%s:%s", scheme, host, port);
        e = n > 0 && n < ORIGIN_SIZE ? ERR_OK : ERR_INVALID;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return e;
}

enum err try_check(const struct http_call *call, bool allow_http, char ret_origin[ORIGIN_SIZE])
{
    if (!is_method(call->method) || call->deadline_ms <= 0)
        return ERR_INVALID;
    for (size_t i = 0; i < call->n_headers; i++) {
        if (!is_header(call->headers[i]))
            return ERR_INVALID;
    }
    return url_origin(call->url, allow_http, ret_origin);
}

/* Name and value of a header line, NUL-terminated one after the other. */
static size_t on_head(char *line, size_t size, size_t n, void *arg)
{
    struct buf *head = arg;
    struct str rest = {line, size * n};

    if (str_starts(rest, STR("HTTP/"))) {
        buf_clear(head); /* the last head is the one that counts, after 100 Continue */
        return size * n;
    }
    while (rest.n > 0 && (rest.p[rest.n - 1] == '\r' || rest.p[rest.n - 1] == '\n'))
        rest.n--;
    if (rest.n == 0)
        return size * n;
    struct str name = str_cut(&rest, ':');
    buf_addstr(head, name);
    buf_addc(head, '\0');
    buf_addstr(head, str_trim(rest));
    buf_addc(head, '\0');
    return buf_err(head) == ERR_OK ? size * n : 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct buf *body = arg;
    buf_add(body, data, size * n);
    return buf_err(body) == ERR_OK ? size * n : 0;
}

static bool header_given(const struct http_call *req, struct str name)
{
    for (size_t i = 0; i < req->n_headers; i++) {
        struct str line = str_of(req->headers[i]);
        if (str_eq_nocase(str_cut(&line, ':'), name))
            return true;
    }
    return false;
}

static enum err headers_add(struct call *c, const char *line)
{
    struct curl_slist *longer = curl_slist_append(c->headers, line);
    if (!longer)
        return ERR_NO_MEMORY;
    c->headers = longer;
    return ERR_OK;
}

static enum err headers_prepare(struct call *c)
{
    enum err e = headers_add(c, "Expect:"); /* none: a wait for 100 Continue helps nobody here */
    if (e == ERR_OK && !header_given(&c->req, STR("Content-Type")))
        e = headers_add(c, "Content-Type:"); /* not the one for HTML forms */
    for (size_t i = 0; e == ERR_OK && i < c->req.n_headers; i++)
        e = headers_add(c, c->req.headers[i]);
    return e;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose UNUSED, struct curl_sockaddr *a)
{
    struct call *c = arg;
    if (!net_is_public(&a->addr)) {
        c->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

#define SET(option, value) (ok = ok && curl_easy_setopt(c->easy, option, value) == CURLE_OK)

static bool request_prepare(struct call *c)
{
    const char *m = c->req.method;
    bool ok = true;

    if (strcmp(m, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (c->req.body.n > 0 || strcmp(m, "POST") == 0 || strcmp(m, "PUT") == 0 ||
               strcmp(m, "PATCH") == 0) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->req.body.n);
        SET(CURLOPT_POSTFIELDS, c->req.body.p);
        SET(CURLOPT_CUSTOMREQUEST, m);
    } else {
        SET(CURLOPT_CUSTOMREQUEST, m);
    }
    SET(CURLOPT_URL, c->req.url);
    SET(CURLOPT_HTTPHEADER, c->headers);
    /* A connection that is there may be to an address of our own. */
    SET(CURLOPT_FRESH_CONNECT, c->req.idempotent && !c->req.public_only ? 0L : 1L);
    if (c->req.public_only) {
        SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
        SET(CURLOPT_OPENSOCKETDATA, c);
    }
    return ok;
}

enum err try_prepare(struct call *c, const struct client_setup *setup)
{
    enum err e = headers_prepare(c);
    bool ok = e == ERR_OK && request_prepare(c);

    SET(CURLOPT_PRIVATE, c);
    SET(CURLOPT_ERRORBUFFER, c->error);
    SET(CURLOPT_USERAGENT, setup->user_agent);
    SET(CURLOPT_PROTOCOLS_STR, setup->allow_http ? "http,https" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* nothing from the environment */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* or the end of a call waits for its name look-up, in the loop */
    SET(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (setup->ca_file)
        SET(CURLOPT_CAINFO, setup->ca_file);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)setup->max_reply_bytes);
    SET(CURLOPT_HEADERFUNCTION, on_head);
    SET(CURLOPT_HEADERDATA, &c->reply.head);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, &c->reply.body);
    return ok ? ERR_OK : ERR_NO_MEMORY;
}

enum err try_begin(struct call *c, int64_t now_us)
{
    long left_ms = (long)MAX((c->deadline_us - now_us) / USEC_PER_MSEC, 1);
    bool ok = true;

    buf_clear(&c->reply.head);
    buf_clear(&c->reply.body);
    c->error[0] = '\0';
    c->refused = false;
    SET(CURLOPT_TIMEOUT_MS, left_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, MIN(left_ms, CONNECT_MAX_MS));
    return ok ? ERR_OK : ERR_INTERNAL;
}

/* --- after -------------------------------------------------------------------------------------
 */

static enum err buf_failure(const struct call *c)
{
    bool memory =
        buf_err(&c->reply.head) == ERR_NO_MEMORY || buf_err(&c->reply.body) == ERR_NO_MEMORY;
    return memory ? ERR_NO_MEMORY : ERR_TOO_LARGE;
}

static enum err try_err(const struct call *c, CURLcode rc, int64_t now_us)
{
    switch ((int)rc) {
    case CURLE_OK:
        return ERR_OK;
    case CURLE_WRITE_ERROR:
        return buf_failure(c);
    case CURLE_FILESIZE_EXCEEDED:
        return ERR_TOO_LARGE;
    case CURLE_OPERATION_TIMEDOUT: /* the whole deadline, or the one for connecting */
        return now_us >= c->deadline_us - USEC_PER_MSEC ? ERR_TIMEOUT : ERR_UNAVAILABLE;
    case CURLE_COULDNT_CONNECT:
        return c->refused ? ERR_INVALID : ERR_UNAVAILABLE;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return ERR_UNAVAILABLE;
    case CURLE_OUT_OF_MEMORY:
        return ERR_NO_MEMORY;
    default:
        return ERR_PEER;
    }
}

void try_end(struct call *c, CURLcode rc, int64_t now_us)
{
    struct http_answer *a = &c->reply.pub;
    curl_off_t retry_after_s = 0;
    long status = 0;

    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    c->e = try_err(c, rc, now_us);
    a->status = c->e == ERR_OK ? (int)status : 0;
    a->retry_after_s = c->e == ERR_OK ? MAX(retry_after_s, 0) : 0;
    a->body = c->reply.body.data ? c->reply.body.data : "";
    a->body_len = c->reply.body.len;
    a->why = NULL;
    if (c->e == ERR_TOO_LARGE)
        a->why = "the answer is larger than allowed";
    else if (c->e == ERR_INVALID)
        a->why = "the host has no public address";
    else if (c->e != ERR_OK)
        a->why = c->error[0] ? c->error : curl_easy_strerror(rc);
}

enum breaker_outcome try_outcome(const struct call *c)
{
    switch ((int)c->e) {
    case ERR_OK:
        return c->reply.pub.status >= 500 ? BREAKER_BAD : BREAKER_GOOD;
    case ERR_TOO_LARGE:
        return BREAKER_GOOD;
    case ERR_NO_MEMORY:
    case ERR_INVALID: /* refused here */
        return BREAKER_UNKNOWN;
    default:
        return BREAKER_BAD;
    }
}

/* That nothing was sent is certain only as long as there was no connection. */
static bool nothing_sent(const struct call *c, CURLcode rc)
{
    curl_off_t connected_us = 0;

    if (rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_COULDNT_CONNECT)
        return true;
    if (rc != CURLE_OPERATION_TIMEDOUT || c->req.idempotent)
        return false;
    curl_easy_getinfo(c->easy, CURLINFO_CONNECT_TIME_T, &connected_us);
    return connected_us == 0;
}

bool try_may_repeat(const struct call *c, CURLcode rc)
{
    int status = c->reply.pub.status;

    if (c->e == ERR_INVALID)
        return false;
    if (nothing_sent(c, rc))
        return true;
    return c->req.idempotent &&
           (c->e == ERR_UNAVAILABLE || c->e == ERR_TIMEOUT || status == 429 || status >= 500);
}

const char *http_answer_header(const struct http_answer *answer, const char *name)
{
    const struct buf *head = &((const struct reply *)(const void *)answer)->head;
    struct str wanted = str_of(name);
    const char *p = head->data, *end = p ? p + head->len : p;

    while (p < end) {
        const char *value = p + strlen(p) + 1;
        if (str_eq_nocase(str_of(p), wanted))
            return value;
        p = value + strlen(value) + 1;
    }
    return NULL;
}
