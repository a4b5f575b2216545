/* The text encodings. What a decoder takes, the encoder gives back byte for byte (hexadecimal: but
 * for the case); what the encoder gives, the decoder takes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_INPUT 4096

struct codec {
    void (*encode)(const void *data, size_t n, char *ret_text);
    enum err (*decode)(struct str text, void *ret_data, size_t size, size_t *ret_n);
};

static const struct codec codecs[] = {
    {hex_encode, hex_decode},
    {base32_encode, base32_decode},
    {base64_encode, base64_decode},
    {base64url_encode, base64url_decode},
};

static void require(bool property)
{
    if (!property)
        abort();
}

static void check_codec(const struct codec *c, struct str s)
{
    static char text[2 * MAX_INPUT + 16];
    static uint8_t bytes[MAX_INPUT];
    size_t n;
    if (c->decode(s, bytes, sizeof bytes, &n) == ERR_OK) {
        c->encode(bytes, n, text);
        require(str_eq_nocase(str_of(text), s));
        require(c->encode == hex_encode || str_eq(str_of(text), s));
        require(n == 0 || c->decode(s, bytes, n - 1, &n) == ERR_TOO_LARGE);
    }
    c->encode(s.p, s.n, text);
    require(c->decode(str_of(text), bytes, s.n, &n) == ERR_OK);
    require(str_eq((struct str){(const char *)bytes, n}, s));
}

static void check_percent(struct str s)
{
    static char text[3 * MAX_INPUT + 1];
    struct buf b = BUF_INIT(3 * MAX_INPUT);
    size_t n;
    for (int plus_is_space = 0; plus_is_space < 2; plus_is_space++) {
        if (percent_decode(s, plus_is_space, text, &n) == ERR_OK)
            require(n <= s.n && text[n] == '\0');
        percent_encode(&b, s);
        require(buf_err(&b) == ERR_OK);
        require(percent_decode(buf_str(&b), plus_is_space, text, &n) == ERR_OK);
        require(str_eq((struct str){text, n}, s));
        buf_clear(&b);
    }
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, MIN(size, (size_t)MAX_INPUT)};
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
        check_codec(&codecs[i], s);
    check_percent(s);
    return 0;
}
