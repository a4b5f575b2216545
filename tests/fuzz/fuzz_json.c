/* The JSON parser: what it takes can be written, and reads back as the same text. */
#include <stdint.h>
#include <stdlib.h>

#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_text(const struct json *doc, struct buf *out)
{
    struct json_writer w = JSON_WRITER(out);
    json_put_value(&w, NULL, doc);
    if (buf_err(out) != ERR_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(1 << 20);
    struct str text = {(const char *)data, size};
    struct buf first = BUF_INIT(1 << 22), second = BUF_INIT(1 << 22), pretty = BUF_INIT(1 << 26);
    const struct json *doc;
    const char *why = NULL;

    if (!a)
        abort();
    /* Any bytes can be shown. */
    json_escape(&first, text);
    json_pretty(&pretty, text);
    buf_clear(&first);
    buf_clear(&pretty);

    enum err e = json_parse(a, text, &doc, &why);
    if (e == ERR_MALFORMED && !why)
        abort();
    if (e == ERR_OK) {
        write_text(doc, &first);
        json_pretty(&pretty, buf_str(&first));
        if (json_parse(a, buf_str(&pretty), &doc, NULL) != ERR_OK)
            abort();
        write_text(doc, &second);
        if (!str_eq(buf_str(&first), buf_str(&second)))
            abort();
    }
    buf_free(&first);
    buf_free(&second);
    buf_free(&pretty);
    arena_free(a);
    return 0;
}
