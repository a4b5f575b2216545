/* The strict conversions of strings: what one takes has the properties that its callers rely on. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool property)
{
    if (!property)
        abort();
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
            return false;
    }
    return true;
}

static void check_forms(struct str s)
{
    if (str_is_utf8(s))
        require(str_utf8_len(s) <= s.n && !(s.n && memchr(s.p, '\0', s.n)));
    if (str_is_uuid(s) || str_is_date(s) || str_is_time(s))
        require(is_ascii(s));
    if (str_is_email(s)) {
        struct str host = s;
        struct str local = str_cut(&host, '@');
        require(is_ascii(s) && local.n && memchr(host.p, '.', host.n) && s.n <= 254);
        require(!memchr(host.p, '@', host.n));
    }
}

static void check_number(struct str s)
{
    int64_t value, again;
    char text[32];
    if (str_to_i64(s, INT64_MIN, INT64_MAX, &value) != ERR_OK)
        return;
    int n = snprintf(text, sizeof text, "%" PRId64, value);
    require(str_to_i64((struct str){text, (size_t)n}, value, value, &again) == ERR_OK);
    require(again == value);
}

/* The pieces and their separators are the whole. */
static void check_cuts(struct str s)
{
    size_t sum = 0, pieces = 0;
    for (struct str rest = s; rest.n; pieces++) {
        struct str piece = str_cut(&rest, ',');
        require(!piece.n || !memchr(piece.p, ',', piece.n));
        sum += piece.n;
    }
    require(sum + pieces == s.n + (s.n && s.p[s.n - 1] != ','));
    require(str_trim(s).n <= s.n);
    require(str_starts(s, (struct str){s.p, s.n / 2}));
    require(str_eq_nocase(s, s) && str_eq_consttime(s.p, s.p, s.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};
    char small[16];
    check_forms(s);
    check_number(s);
    check_cuts(s);
    require((str_copy(small, sizeof small, s) == ERR_OK) == (s.n < sizeof small));
    return 0;
}
