/* A DNS server for tests, on the loop under test: it answers, hangs, refuses, lies, and changes its
 * mind. Its resolv.conf names it. */
#ifndef TESTS_UNIT_DNS_STUB_H
#define TESTS_UNIT_DNS_STUB_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/loop.h"
#include "torture.h"

enum dns_mood {
    DNS_ANSWERS, /* every name has the addresses below */
    DNS_HANGS,
    DNS_NO_SUCH_NAME,
    DNS_FAILS,        /* SERVFAIL */
    DNS_EMPTY,        /* no error, no address */
    DNS_WRONG_ID,     /* lies from here on */
    DNS_WRONG_NAME,   /* answers another question */
    DNS_GARBAGE,      /* bytes */
    DNS_SELF_POINTER, /* a compressed name that points at itself */
    DNS_SHORT_RECORD, /* the record says more than there is */
    DNS_MANY,         /* 30 addresses */
    DNS_ONLY_ALIAS,   /* a CNAME and no address */
};

struct dns_stub {
    int fd;
    struct event *event;
    enum dns_mood mood;
    char addresses[4][INET_ADDRSTRLEN]; /* A records; "" ends */
    int asked;                          /* questions for A records */
    char path[64];                      /* of its resolv.conf */
};

#define DNS_ANSWER_MAX 1024

static inline size_t stub_put(unsigned char *out, size_t n, const void *bytes, size_t len)
{
    assert_true(n + len <= DNS_ANSWER_MAX);
    memcpy(out + n, bytes, len);
    return n + len;
}

/* type 1 or 5, class IN, ttl 0. */
static inline size_t stub_record(unsigned char *out, size_t n, uint16_t type, const void *data,
                                 uint16_t len)
{
    unsigned char head[12] = {0xc0, 12, 0, (unsigned char)type, 0, 1, 0, 0, 0, 0};
    head[11] = (unsigned char)len;
    n = stub_put(out, n, head, sizeof head);
    return stub_put(out, n, data, len);
}

static inline size_t stub_addresses(const struct dns_stub *s, unsigned char *out, size_t n)
{
    unsigned char bytes[4];
    for (size_t i = 0; i < ARRAY_LEN(s->addresses) && s->addresses[i][0]; i++) {
        assert_int_equal(inet_pton(AF_INET, s->addresses[i], bytes), 1);
        n = stub_record(out, n, 1, bytes, 4);
        out[7]++;
    }
    return n;
}

/* out holds the question of n bytes, as an answer without records. */
static inline size_t stub_lie(enum dns_mood mood, unsigned char *out, size_t n)
{
    unsigned char bytes[4] = {192, 0, 2, 66};
    switch ((int)mood) {
    case DNS_WRONG_ID:
        out[0] ^= 0xff;
        break;
    case DNS_WRONG_NAME:
        out[13] = out[13] == 'x' ? 'y' : 'x';
        break;
    case DNS_GARBAGE:
        memset(out + 2, 0xff, n - 2);
        return n;
    case DNS_SELF_POINTER:
        n = stub_put(out, n, (unsigned char[]){0xc0, (unsigned char)n, 0, 1, 0, 1}, 6);
        out[7] = 1;
        return n;
    case DNS_SHORT_RECORD:
        n = stub_record(out, n, 1, bytes, 4);
        out[7] = 1;
        out[n - 5] = 200;
        return n;
    case DNS_ONLY_ALIAS:
        out[7] = 1;
        return stub_record(out, n, 5, (unsigned char[]){1, 'x', 0}, 3);
    default:
        break;
    }
    for (int i = 0; i < (mood == DNS_MANY ? 30 : 1); i++) {
        bytes[3] = (unsigned char)(mood == DNS_MANY ? i + 1 : 66);
        n = stub_record(out, n, 1, bytes, 4);
        out[7]++;
    }
    return n;
}

static inline void stub_on_question(evutil_socket_t fd, short what UNUSED, void *arg)
{
    struct dns_stub *s = arg;
    struct sockaddr_in from;
    socklen_t from_n = sizeof from;
    unsigned char out[DNS_ANSWER_MAX];
    ssize_t got = recvfrom(fd, out, 512, 0, (struct sockaddr *)&from, &from_n);
    if (got < 17)
        return;
    size_t n = (size_t)got;
    bool v4 = out[n - 3] == 1; /* A; else AAAA, of which there are none */
    s->asked += v4;
    out[2] |= 0x80;
    out[3] = 0x80;
    if (s->mood == DNS_HANGS)
        return;
    if (s->mood == DNS_NO_SUCH_NAME)
        out[3] |= 3;
    else if (s->mood == DNS_FAILS)
        out[3] |= 2;
    else if (s->mood == DNS_ANSWERS && v4)
        n = stub_addresses(s, out, n);
    else if (s->mood > DNS_EMPTY && v4)
        n = stub_lie(s->mood, out, n);
    (void)!sendto(fd, out, n, 0, (struct sockaddr *)&from, from_n);
}

static inline void stub_answers(struct dns_stub *s, const char *address)
{
    s->mood = DNS_ANSWERS;
    memset(s->addresses, 0, sizeof s->addresses);
    snprintf(s->addresses[0], sizeof s->addresses[0], "%s", address);
}

static inline void stub_open(struct dns_stub *s, struct loop *l)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    *s = (struct dns_stub){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &n), 0);
    s->event = event_new(loop_base(l), s->fd, EV_READ | EV_PERSIST, stub_on_question, s);
    assert_true(s->event && event_add(s->event, NULL) == 0);
    snprintf(s->path, sizeof s->path, "/tmp/mh-resolv-XXXXXX");
    int fd = mkstemp(s->path);
    assert_true(dprintf(fd, "nameserver 127.0.0.1:%d\nsearch .\n", ntohs(at.sin_port)) > 0);
    close(fd);
}

static inline void stub_close(struct dns_stub *s)
{
    event_free(s->event);
    close(s->fd);
    unlink(s->path);
}

#endif
