/* What a new password must not be: common, regular, or about the account.
 *
 * The list has what is common at twelve characters and more; what people make of shorter common
 * words (Password1234!, letmein-letmein) falls to the comparison without digits, signs and case. */
#include "password_policy.h"

#include <stdbool.h>
#include <stddef.h>

#define MAX_LETTERS 128
#define MIN_DISTINCT 5 /* different characters */
#define MIN_OWN_LETTERS 4

/* Letters only, in lower case: passwords that are nothing but these, once or again and again. */
static const char common_words[] =
    "password passwort passphrase letmein welcome iloveyou qwerty qwertz azerty qwertyuiop "
    "asdfghjkl zxcvbnm qazwsx qazwsxedc zaqwsx zaqwsxcde admin administrator superuser "
    "superadmin changeme changeit default secret topsecret dragon monkey sunshine princess "
    "football baseball basketball superman batman starwars trustno whatever master shadow "
    "michael jennifer jessica abcdef abcdefg abcdefgh abcdefghij abcdefghijkl computer "
    "internet pokemon liverpool arsenal chelsea loveme lovely iloveu mypassword thepassword "
    "newpassword oldpassword passwordpassword correcthorsebatterystaple hibachi myhibachi "
    "teppanyaki benihana summer winter spring autumn company customer temporary testing "
    "testtest guest login access spiderman charlie freedom hello hellohello helloworld "
    "godisgood jesuschrist blessed lakers yankees cowboys mustang ferrari mercedes corvette "
    "chocolate butterfly samsung iphone google facebook instagram america california newyork "
    "chicago sacramento sanfrancisco";

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* What is left between the digits and signs that people put before and behind a word. */
static struct str core_of(struct str s)
{
    while (s.n && !is_letter(lower(s.p[0])))
        s = (struct str){s.p + 1, s.n - 1};
    while (s.n && !is_letter(lower(s.p[s.n - 1])))
        s.n--;
    return s;
}

/* The letters of s in lower case; with `leet`, digits and signs that stand for letters are turned
 * back. */
static struct str letters_of(struct str s, bool leet, char out[MAX_LETTERS])
{
    static const char signs[] = "013457@$!", meant[] = "oieastasi";
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < MAX_LETTERS; i++) {
        char c = lower(s.p[i]);
        const char *sign = leet && c ? strchr(signs, c) : NULL;
        if (sign)
            c = meant[sign - signs];
        if (is_letter(c))
            out[n++] = c;
    }
    return (struct str){out, n};
}

/* Is s the word, once or more, and nothing else? */
static bool is_repeated(struct str s, struct str word)
{
    if (word.n == 0 || s.n < word.n || s.n % word.n != 0)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != word.p[i % word.n])
            return false;
    return true;
}

static bool is_common(struct str password)
{
    char plain[MAX_LETTERS], turned[MAX_LETTERS];
    struct str a = letters_of(password, false, plain);
    struct str b = letters_of(core_of(password), true, turned);
    struct str rest = STR(common_words);
    while (rest.n) {
        struct str word = str_cut(&rest, ' ');
        if (is_repeated(a, word) || is_repeated(b, word))
            return true;
    }
    return false;
}

/* aaaaaaaaaaaa, 121212121212: few characters. 123456789012, abcdefghijkl: each the next of the
 * last. */
static bool is_regular(struct str s)
{
    bool seen[256] = {false};
    size_t distinct = 0, steps = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        distinct += !seen[c];
        seen[c] = true;
        int step = i ? (int)c - (int)(unsigned char)s.p[i - 1] : 0;
        steps += step == 1 || step == -1 || (step == -9 && c == '0');
    }
    return distinct < MIN_DISTINCT || steps * 4 >= s.n * 3;
}

/* Does the password consist of the letters of what everybody knows of the account? */
static bool is_about(struct str password, struct str known)
{
    char own[MAX_LETTERS], about[MAX_LETTERS];
    struct str a = letters_of(password, false, own), b = letters_of(known, false, about);
    return b.n >= MIN_OWN_LETTERS && is_repeated(a, b);
}

const char *password_problem(struct str password, const char *email, const char *name)
{
    if (is_regular(password))
        return "is too regular";
    if (is_common(password))
        return "is a common password";
    struct str address = str_of(email), rest = address;
    struct str mailbox = str_cut(&rest, '@');
    if (str_eq_nocase(password, address) || is_about(password, mailbox) ||
        is_about(password, str_of(name)))
        return "is made of the address or the name";
    return NULL;
}
