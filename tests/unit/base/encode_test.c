/* Encodings: the vectors of the RFCs, every length there and back, one spelling only. */
#include "torture.h"

#include <string.h>

#include "common/buf.h"
#include "common/encode.h"

struct codec {
    const char *name;
    void (*encode)(const void *data, size_t n, char *ret_text);
    enum err (*decode)(struct str text, void *ret_data, size_t size, size_t *ret_n);
};

static const struct codec hex = {"hex", hex_encode, hex_decode};
static const struct codec b32 = {"base32", base32_encode, base32_decode};
static const struct codec b64 = {"base64", base64_encode, base64_decode};
static const struct codec b64url = {"base64url", base64url_encode, base64url_decode};
static const struct codec *const codecs[] = {&hex, &b32, &b64, &b64url};

/* RFC 4648, section 10, and the digits that tell the two alphabets of base64 apart. */
static const struct {
    const struct codec *codec;
    const char *bytes, *text;
} vectors[] = {
    {&hex, "", ""},
    {&hex, "foobar", "666f6f626172"},
    {&hex, "\xff\x01", "ff01"},
    {&b32, "", ""},
    {&b32, "f", "MY======"},
    {&b32, "fo", "MZXQ===="},
    {&b32, "foo", "MZXW6==="},
    {&b32, "foob", "MZXW6YQ="},
    {&b32, "fooba", "MZXW6YTB"},
    {&b32, "foobar", "MZXW6YTBOI======"},
    {&b64, "", ""},
    {&b64, "f", "Zg=="},
    {&b64, "fo", "Zm8="},
    {&b64, "foo", "Zm9v"},
    {&b64, "foobar", "Zm9vYmFy"},
    {&b64, "\xfb\xff\xbe", "+/++"},
    {&b64url, "", ""},
    {&b64url, "f", "Zg"},
    {&b64url, "fo", "Zm8"},
    {&b64url, "foo", "Zm9v"},
    {&b64url, "\xfb\xff\xbe", "-_--"},
};

static void agrees_with_the_rfc(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        char text[64];
        uint8_t bytes[64];
        size_t n = strlen(vectors[i].bytes), decoded = 99;
        vectors[i].codec->encode(vectors[i].bytes, n, text);
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(vectors[i].codec->decode(str_of(text), bytes, sizeof bytes, &decoded),
                         ERR_OK);
        assert_int_equal(decoded, n);
        assert_memory_equal(bytes, vectors[i].bytes, n);
    }
}

static void every_length_survives_the_trip(void **state UNUSED)
{
    uint8_t data[100], back[100];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 151 + 7);
    for (size_t c = 0; c < ARRAY_LEN(codecs); c++) {
        for (size_t n = 0; n <= sizeof data; n++) {
            char text[HEX_SIZE(sizeof data)];
            size_t decoded = 0;
            codecs[c]->encode(data, n, text);
            assert_int_equal(codecs[c]->decode(str_of(text), back, n, &decoded), ERR_OK);
            assert_int_equal(decoded, n);
            assert_memory_equal(back, data, n);
            if (n)
                assert_int_equal(codecs[c]->decode(str_of(text), back, n - 1, &decoded),
                                 ERR_TOO_LARGE);
        }
    }
}

static void sizes_have_room(void **state UNUSED)
{
    char text[300];
    uint8_t data[100] = {0};
    for (size_t n = 0; n <= sizeof data; n++) {
        hex_encode(data, n, text);
        assert_int_equal(strlen(text) + 1, HEX_SIZE(n));
        base64_encode(data, n, text);
        assert_int_equal(strlen(text) + 1, BASE64_SIZE(n));
        base64url_encode(data, n, text);
        assert_in_range(strlen(text) + 1, 1, BASE64_SIZE(n));
        base32_encode(data, n, text);
        assert_int_equal(strlen(text) + 1, BASE32_SIZE(n));
    }
}

static void hexadecimal_is_read_in_both_cases(void **state UNUSED)
{
    uint8_t bytes[2];
    size_t n;
    assert_int_equal(hex_decode(STR("aBCd"), bytes, sizeof bytes, &n), ERR_OK);
    assert_memory_equal(bytes, "\xab\xcd", 2);
}

static void refuses_other_spellings(void **state UNUSED)
{
    static const struct {
        const struct codec *codec;
        struct str text;
    } cases[] = {
        {&hex, STR("a")}, /* half a byte */
        {&hex, STR("0g")},         {&hex, STR("0x12")},
        {&hex, STR("00 ")},        {&hex, STR("0\0")},
        {&b32, STR("my======")},                        /* the alphabet is upper case */
        {&b32, STR("MZXW6YT1")},                        /* 1 is not a digit */
        {&b32, STR("MY")},                              /* padding missing */
        {&b32, STR("MZ======")},                        /* spare bits set */
        {&b32, STR("MYA=====")},                        /* a digit too many */
        {&b32, STR("========")},   {&b64, STR("Zg")},   /* padding missing */
        {&b64, STR("Zg=")},        {&b64, STR("Zh==")}, /* spare bits set */
        {&b64, STR("Zm9=")},                            /* spare bits set */
        {&b64, STR("Z===")},       {&b64, STR("====")},
        {&b64, STR("Zg==Zg==")},                         /* padding inside */
        {&b64, STR("Zm9v\n")},     {&b64, STR("-_--")},  /* the other alphabet */
        {&b64url, STR("Zg==")},                          /* padding where there is none */
        {&b64url, STR("Z")},       {&b64url, STR("Zh")}, /* spare bits set */
        {&b64url, STR("Zm9")},                           /* spare bits set */
        {&b64url, STR("+/++")},                          /* the other alphabet */
        {&b64url, STR("Zm\x80v")}, {&b64url, STR("Zm\0v")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t bytes[16];
        memset(bytes, 0x55, sizeof bytes);
        size_t n = 42;
        if (cases[i].codec->decode(cases[i].text, bytes, sizeof bytes, &n) != ERR_INVALID)
            fail_msg("%s took \"%s\"", cases[i].codec->name, cases[i].text.p);
        assert_int_equal(n, 42);
        for (size_t k = 0; k < sizeof bytes; k++)
            assert_int_equal(bytes[k], 0x55);
    }
}

static void percent_encodes(void **state UNUSED)
{
    struct buf b = BUF_INIT(1000);
    percent_encode(&b, STR("az AZ09-._~/?&=+%\"\xc3\xa9\0"));
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_string_equal(b.data, "az%20AZ09-._~%2F%3F%26%3D%2B%25%22%C3%A9%00");
    buf_clear(&b);
    percent_encode(&b, STR(""));
    assert_string_equal(b.data, "");
    buf_free(&b);
}

static void percent_decodes(void **state UNUSED)
{
    static const struct {
        struct str text;
        int plus_is_space;
        enum err err;
        struct str bytes;
    } cases[] = {
        {STR("a%20b+c"), 0, ERR_OK, STR("a b+c")},
        {STR("a%20b+c"), 1, ERR_OK, STR("a b c")},
        {STR("%2b%2B"), 1, ERR_OK, STR("++")},
        {STR("%C3%A9"), 0, ERR_OK, STR("\xc3\xa9")},
        {STR("%00"), 0, ERR_OK, STR("\0")},
        {STR("%2541"), 0, ERR_OK, STR("%41")}, /* once only */
        {STR(""), 0, ERR_OK, STR("")},
        {STR("%"), 0, ERR_INVALID, STR("")},
        {STR("abc%2"), 0, ERR_INVALID, STR("")},
        {STR("%g0"), 0, ERR_INVALID, STR("")},
        {STR("%0g"), 0, ERR_INVALID, STR("")},
        {STR("%%41"), 0, ERR_INVALID, STR("")},
        {STR("% 1"), 0, ERR_INVALID, STR("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[32];
        size_t n = 0;
        assert_int_equal(percent_decode(cases[i].text, cases[i].plus_is_space, text, &n),
                         cases[i].err);
        if (cases[i].err != ERR_OK)
            continue;
        assert_true(str_eq((struct str){text, n}, cases[i].bytes));
        assert_int_equal(text[n], '\0');
    }
}

static void percent_decodes_in_place(void **state UNUSED)
{
    char text[] = "%48%69+there";
    size_t n;
    assert_int_equal(percent_decode(str_of(text), /* plus_is_space= */ 1, text, &n), ERR_OK);
    assert_string_equal(text, "Hi there");
    char broken[] = "%48%6";
    assert_int_equal(percent_decode(str_of(broken), 0, broken, &n), ERR_INVALID);
    assert_string_equal(broken, "%48%6"); /* untouched */
}

static bool scenario(void *arg UNUSED)
{
    struct buf b = BUF_INIT(10000);
    for (int i = 0; i < 500; i++)
        percent_encode(&b, STR("a b"));
    bool ok = buf_err(&b) == ERR_OK;
    buf_free(&b);
    return ok;
}

static void survives_torture(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_rfc),
        cmocka_unit_test(every_length_survives_the_trip),
        cmocka_unit_test(sizes_have_room),
        cmocka_unit_test(hexadecimal_is_read_in_both_cases),
        cmocka_unit_test(refuses_other_spellings),
        cmocka_unit_test(percent_encodes),
        cmocka_unit_test(percent_decodes),
        cmocka_unit_test(percent_decodes_in_place),
        cmocka_unit_test(survives_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
