/* The ceiling of the benchmark: an evhttp server that does nothing but answer, with a reply as long
 * as the one that is measured. trivial PORT BYTES */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *body;
static size_t body_len;

static void answer(struct evhttp_request *request, void *arg)
{
    (void)arg;
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      "application/json");
    evbuffer_add_reference(evhttp_request_get_output_buffer(request), body, body_len, NULL, NULL);
    evhttp_send_reply(request, 200, NULL, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: trivial PORT BYTES\n");
        return 64;
    }
    body_len = strtoul(argv[2], NULL, 10);
    body = calloc(1, body_len + 1);
    struct event_base *base = event_base_new();
    struct evhttp *http = base ? evhttp_new(base) : NULL;
    if (!body || !http)
        return 1;
    memset(body, ' ', body_len);
    evhttp_set_gencb(http, answer, NULL);
    if (evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)strtoul(argv[1], NULL, 10)) != 0) {
        perror("trivial");
        return 1;
    }
    return event_base_dispatch(base);
}
