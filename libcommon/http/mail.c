/* Mail out by SMTP. Owns its threads and the mails on their way.
 *
 * Not on the loop: when curl leaves an SMTP server it says QUIT and waits for the answer, up to two
 * minutes, also in its multi interface. So each mail is sent by a thread of a small pool of the
 * mailer's own, and only its result comes back to the loop. The deadline covers the time in the
 * queue, and ends that wait too. */
#include "common/mail.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/work.h"
#include "mail_message.h"

#define THREADS 2
#define CONNECT_MAX_MS 5000
#define URL_SIZE 600
#define WHY_SIZE (CURL_ERROR_SIZE + 64)
#define CODES_SIZE 24

struct mailer {
    struct work_pool *pool;
    char url[URL_SIZE];
    char *user, *password, *ca_file;
    struct mail_address from;
    bool require_tls;
    int timeout_ms;
    unsigned n, max_in_flight; /* n: on the loop only */
    atomic_bool closing;       /* the threads look at it too */
};

/* One mail. Between work_submit() and on_sent() it is a thread's. */
struct delivery {
    struct mailer *mailer;
    mail_done_fn *done;
    void *owner;
    uint64_t id;
    int64_t deadline_us;
    struct mail_address to;
    struct buf message;
    size_t sent;            /* bytes of it that curl has taken */
    char codes[CODES_SIZE]; /* of the last refusal: "550 5.1.1" */
    enum err e;
    char why[WHY_SIZE];
};

/* --- on a thread -------------------------------------------------------------------------------
 */

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
    struct delivery *d = arg;
    size_t take = MIN(size * n, d->message.len - d->sent);
    if (take > 0)
        memcpy(to, d->message.data + d->sent, take);
    d->sent += take;
    return take;
}

/* Of a refusal only the codes are kept: the words may have people's addresses in them. */
static size_t on_reply(char *line, size_t size, size_t n, void *arg)
{
    struct delivery *d = arg;
    if (size * n > 0 && (line[0] == '4' || line[0] == '5')) {
        struct str codes = {line, 0};
        while (codes.n < size * n && strchr("0123456789. ", line[codes.n]) && line[codes.n])
            codes.n++;
        codes = str_trim(codes);
        snprintf(d->codes, sizeof d->codes, "%.*s", (int)codes.n, codes.p);
    }
    return size * n;
}

/* Curl asks about once a second, also while it waits for the answer to QUIT. */
static int on_progress(void *arg, curl_off_t dl_total UNUSED, curl_off_t dl_now UNUSED,
                       curl_off_t ul_total UNUSED, curl_off_t ul_now UNUSED)
{
    const struct delivery *d = arg;
    return atomic_load(&d->mailer->closing) || clock_mono_us() >= d->deadline_us;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK)

static bool connection_prepare(CURL *easy, const struct mailer *m, long left_ms)
{
    bool ok = true;

    SET(CURLOPT_URL, m->url);
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_PROXY, ""); /* nothing from the environment */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* no waiting for a name look-up beyond the deadline */
    SET(CURLOPT_TIMEOUT_MS, left_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, MIN(left_ms, CONNECT_MAX_MS));
    SET(CURLOPT_FORBID_REUSE, 1L); /* QUIT belongs to this transfer and its deadline */
    SET(CURLOPT_USE_SSL, (long)(m->require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    SET(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (m->ca_file)
        SET(CURLOPT_CAINFO, m->ca_file);
    SET(CURLOPT_USERNAME, m->user);
    SET(CURLOPT_PASSWORD, m->password);
    return ok;
}

static bool message_prepare(CURL *easy, struct delivery *d, struct curl_slist *to)
{
    bool ok = true;

    SET(CURLOPT_MAIL_FROM, d->mailer->from.mailbox);
    SET(CURLOPT_MAIL_RCPT, to);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)d->message.len);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, d);
    SET(CURLOPT_HEADERFUNCTION, on_reply);
    SET(CURLOPT_HEADERDATA, d);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, d);
    return ok;
}

/* A refusal is for good when it is about this mail: an answer to MAIL, RCPT or DATA, or to the
 * message itself. That we may not log in, or not yet, is not the mail's fault. */
static bool refused_for_good(const struct delivery *d, CURLcode rc, long code)
{
    if (code < 500 || code > 599 || code == 530 || code == 534 || code == 535 || code == 538)
        return false;
    return rc == CURLE_SEND_ERROR || d->sent > 0;
}

static void easy_run(CURL *easy, struct delivery *d)
{
    char error[CURL_ERROR_SIZE] = "";
    long code = 0;

    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    CURLcode rc = curl_easy_perform(easy);
    if (rc == CURLE_OK) {
        d->e = ERR_OK;
        return;
    }
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    d->e = refused_for_good(d, rc, code) ? ERR_INVALID : ERR_UNAVAILABLE;
    snprintf(d->why, sizeof d->why, "%s%s%s", error[0] ? error : curl_easy_strerror(rc),
             d->codes[0] ? "; the server said " : "", d->codes);
}

/* d->e is ERR_UNAVAILABLE and d->why says that it was never tried. */
static void deliver(void *arg)
{
    struct delivery *d = arg;
    int64_t left_us = d->deadline_us - clock_mono_us();

    if (left_us < USEC_PER_MSEC) {
        snprintf(d->why, sizeof d->why, "no thread was free in time");
        return;
    }
    CURL *easy = curl_easy_init();
    struct curl_slist *to = curl_slist_append(NULL, d->to.mailbox);
    if (easy && to && connection_prepare(easy, d->mailer, (long)(left_us / USEC_PER_MSEC)) &&
        message_prepare(easy, d, to))
        easy_run(easy, d);
    else
        snprintf(d->why, sizeof d->why, "out of memory");
    curl_slist_free_all(to);
    curl_easy_cleanup(easy);
}

/* --- on the loop -------------------------------------------------------------------------------
 */

static void delivery_free(struct delivery *d)
{
    buf_free(&d->message);
    mem_free(d);
}

static void on_sent(void *arg)
{
    struct delivery *d = arg;

    d->mailer->n--;
    d->done(d->owner, d->id, d->e, d->e == ERR_OK ? NULL : d->why);
    delivery_free(d);
}

enum err mail_send(struct mailer *m, const struct mail *mail, mail_done_fn *done, void *owner,
                   uint64_t id)
{
    if (atomic_load(&m->closing))
        return ERR_UNAVAILABLE;
    if (m->n >= m->max_in_flight)
        return ERR_BUSY;
    struct delivery *d = mem_alloc(sizeof *d);
    if (!d)
        return ERR_NO_MEMORY;
    *d = (struct delivery){.mailer = m,
                           .done = done,
                           .owner = owner,
                           .id = id,
                           .deadline_us = clock_mono_us() + m->timeout_ms * USEC_PER_MSEC,
                           .message = BUF_INIT(MAIL_MESSAGE_MAX_BYTES),
                           .e = ERR_UNAVAILABLE,
                           .why = "the mailer was closed"};
    enum err e = mail_address_parse(mail->to, &d->to);
    if (e == ERR_OK)
        e = mail_message_write(mail, &m->from, &d->to, &d->message);
    if (e == ERR_OK)
        e = work_submit(m->pool, deliver, on_sent, d);
    if (e != ERR_OK) {
        delivery_free(d);
        return e;
    }
    m->n++;
    return ERR_OK;
}

/* --- the mailer --------------------------------------------------------------------------------
 */

/* The path of an SMTP URL is the name that EHLO says: the sender's domain, as we have no other. */
static enum err url_build(const char *url, const char *domain, char ret_url[URL_SIZE])
{
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    enum err e = ERR_INVALID;

    if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        (strcmp(scheme, "smtp") == 0 || strcmp(scheme, "smtps") == 0)) {
        int n = snprintf(ret_url, URL_SIZE, "%s://%s:%s/%s", scheme, host, port, domain);
        e = n > 0 && n < URL_SIZE ? ERR_OK : ERR_INVALID;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return e;
}

static bool copy(const char *text, char **ret_copy)
{
    *ret_copy = text ? mem_strdup(text) : NULL;
    return !text || *ret_copy;
}

void mailer_free(struct mailer *m)
{
    if (!m)
        return;
    atomic_store(&m->closing, true);
    work_pool_free(m->pool);
    curl_global_cleanup();
    mem_free(m->user);
    mem_free(m->password);
    mem_free(m->ca_file);
    mem_free(m);
}

struct mailer *mailer_new(struct loop *l, const struct mailer_options *options)
{
    struct mailer *m = mem_alloc(sizeof *m);

    if (!m)
        return NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) { /* counted: may be called often */
        mem_free(m);
        return NULL;
    }
    m->require_tls = options->require_tls;
    m->timeout_ms = options->timeout_ms;
    m->max_in_flight = options->max_in_flight;
    bool ok = mail_address_parse(options->from, &m->from) == ERR_OK &&
              url_build(options->url, strchr(m->from.mailbox, '@') + 1, m->url) == ERR_OK &&
              copy(options->user, &m->user) && copy(options->password, &m->password) &&
              copy(options->ca_file, &m->ca_file);
    if (ok)
        m->pool = work_pool_new(l, THREADS, options->max_in_flight);
    if (!m->pool) {
        mailer_free(m);
        return NULL;
    }
    return m;
}
