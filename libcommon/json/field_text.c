/* Free text on its way in: cleaned, and searched for card numbers.
 *
 * Stripping markup keeps mark-up out of mails and old templates; it is no defence against script
 * injection. That is the escaping at the place where text is shown. */
#include "field_text.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct str text_trim(struct str s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool text_has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && !is_space((char)c)) || c == 0x7F)
            return true;
        if (c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0)
            return true;
    }
    return false;
}

char *text_clean(struct arena *a, struct str s)
{
    char *text = arena_alloc(a, s.n + 1);
    if (!text)
        return NULL;
    size_t n = 0;
    bool closes = true; /* some '>' follows: once there is none, none is looked for again */
    for (size_t i = 0; i < s.n; i++) {
        const char *close = s.p[i] == '<' && closes ? memchr(s.p + i, '>', s.n - i) : NULL;
        if (close)
            i = (size_t)(close - s.p);
        else if (s.p[i] != '\r')
            text[n++] = s.p[i];
        closes = closes && (close || s.p[i] != '<');
    }
    struct str trimmed = text_trim((struct str){text, n});
    memmove(text, trimmed.p, trimmed.n);
    text[trimmed.n] = '\0';
    return text;
}

/* ISO/IEC 7812-1: counted from the right, every second digit is doubled and its digits added. */
static bool luhn_is_valid(const char *digits, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int digit = digits[n - 1 - i] - '0';
        if (i % 2 == 1)
            digit = digit < 5 ? 2 * digit : 2 * digit - 9;
        sum += digit;
    }
    return sum % 10 == 0;
}

/* p is at the first digit of a group. Groups of a card have four digits or more, but for the last
 * one; so that two telephone numbers in a row are not taken for a card. */
static bool card_starts(const char *p)
{
    char digits[19];
    size_t n = 0;
    if (*p < '3' || *p > '6')
        return false;
    for (;;) {
        size_t group = 0;
        for (; is_digit(*p); p++, group++) {
            if (n == sizeof(digits))
                return false;
            digits[n++] = *p;
        }
        if (n >= 13 && luhn_is_valid(digits, n))
            return true;
        if (group < 4 || (*p != ' ' && *p != '-') || !is_digit(p[1]))
            return false;
        p++;
    }
}

bool text_has_card(const char *s)
{
    for (const char *p = s; *p; p++) {
        bool starts_group = is_digit(*p) && (p == s || !is_digit(p[-1]));
        if (starts_group && card_starts(p))
            return true;
    }
    return false;
}
