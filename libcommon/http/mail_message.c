/* The text of a message: RFC 5322 headers, RFC 2047 words, RFC 2045 quoted-printable parts. Owns
 * nothing.
 *
 * The boundary between the parts is a constant: in quoted-printable '=' is followed by two digits
 * or a line end, so that "=_" cannot occur in a part, whatever is in it (RFC 2045, 6.7). */
#include "mail_message.h"

#include <string.h>
#include <time.h>

#include "common/encode.h"

#define CRLF "\r\n"
#define BOUNDARY "=_alternative"
#define SUBJECT_MAX_BYTES 1000
#define MESSAGE_ID_MAX_BYTES 200
#define PLAIN_MAX 60  /* longer values are encoded, which folds them */
#define WORD_BYTES 39 /* of text in an encoded word; with "Subject: " 73 characters */
#define QP_LINE 76    /* with the '=' of a soft line break */
#define YEAR_10000_S INT64_C(253402300800)

/* --- addresses ---------------------------------------------------------------------------------
 */

/* UTF-8 on one line: nothing that could begin another header. */
static bool is_one_line(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f)
            return false;
    }
    return str_is_utf8(s);
}

/* Takes the quotes off; text with quotes or backslashes inside is not for us. */
static bool unquote(struct str *name)
{
    if (name->n >= 2 && name->p[0] == '"' && name->p[name->n - 1] == '"')
        *name = (struct str){name->p + 1, name->n - 2};
    return !memchr(name->p, '"', name->n) && !memchr(name->p, '\\', name->n);
}

enum err mail_address_parse(const char *text, struct mail_address *ret_address)
{
    struct mail_address a = {.name = ""};
    struct str mailbox = str_of(text), name = {"", 0};

    if (mailbox.n > 0 && mailbox.p[mailbox.n - 1] == '>') {
        mailbox.n--;
        name = str_trim(str_cut(&mailbox, '<'));
    }
    if (!is_one_line(name) || !unquote(&name) || !str_is_email(mailbox) ||
        str_copy(a.name, sizeof a.name, name) != ERR_OK ||
        str_copy(a.mailbox, sizeof a.mailbox, mailbox) != ERR_OK)
        return ERR_INVALID;
    *ret_address = a;
    return ERR_OK;
}

/* --- header values -----------------------------------------------------------------------------
 */

static bool is_plain(struct str s)
{
    if (s.n > PLAIN_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80 || (s.p[i] == '=' && i + 1 < s.n && s.p[i + 1] == '?'))
            return false; /* "=?" would be read as an encoded word */
    }
    return true;
}

/* As encoded words, each on a line of its own, cut between characters. */
static void put_words(struct buf *out, struct str s)
{
    char word[BASE64_SIZE(WORD_BYTES)];

    for (size_t at = 0, n; at < s.n; at += n) {
        n = MIN(s.n - at, WORD_BYTES);
        while (at + n < s.n && ((unsigned char)s.p[at + n] & 0xc0) == 0x80)
            n--;
        base64_encode(s.p + at, n, word);
        buf_addf(out, "%s=?utf-8?B?%s?=", at > 0 ? CRLF " " : "", word);
    }
}

static void put_text(struct buf *out, struct str s)
{
    if (is_plain(s))
        buf_addstr(out, s);
    else
        put_words(out, s);
}

static void put_address(struct buf *out, const char *header, const struct mail_address *a)
{
    struct str name = str_of(a->name);

    buf_addf(out, "%s: ", header);
    if (name.n > 0) {
        if (is_plain(name))
            buf_addf(out, "\"%s\"", a->name); /* no quotes or backslashes in it */
        else
            put_words(out, name);
        buf_adds(out, CRLF " ");
    }
    buf_addf(out, "<%s>" CRLF, a->mailbox);
}

static enum err put_date(struct buf *out, int64_t date_s)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t t = (time_t)date_s;
    struct tm tm;

    if (date_s < 0 || date_s >= YEAR_10000_S || !gmtime_r(&t, &tm))
        return ERR_INVALID;
    buf_addf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000" CRLF, days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return ERR_OK;
}

static bool is_message_id(const char *s)
{
    size_t n = strlen(s);
    const char *at = strchr(s, '@');

    if (n > MESSAGE_ID_MAX_BYTES || !at || at == s || at[1] == '\0' || strchr(at + 1, '@'))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] <= ' ' || s[i] >= 0x7f || s[i] == '<' || s[i] == '>')
            return false;
    }
    return true;
}

/* --- parts -------------------------------------------------------------------------------------
 */

/* Spaces at the end of a line would be lost on the way. */
static bool qp_is_literal(struct str s, size_t i)
{
    unsigned char c = (unsigned char)s.p[i];
    bool at_end = i + 1 == s.n || s.p[i + 1] == '\n' || s.p[i + 1] == '\r';

    if (c == ' ' || c == '\t')
        return !at_end;
    return c > ' ' && c < 0x7f && c != '=';
}

static void put_quoted_printable(struct buf *out, struct str s)
{
    size_t column = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
            continue;
        if (s.p[i] == '\n') {
            buf_adds(out, CRLF);
            column = 0;
            continue;
        }
        bool literal = qp_is_literal(s, i);
        size_t width = literal ? 1 : 3;
        if (column + width >= QP_LINE) {
            buf_adds(out, "=" CRLF);
            column = 0;
        }
        if (literal)
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "=%02X", (unsigned char)s.p[i]);
        column += width;
    }
    if (column > 0)
        buf_adds(out, CRLF);
}

static void put_part(struct buf *out, const char *type, const char *text)
{
    buf_addf(out,
             "Content-Type: text/%s; charset=utf-8" CRLF
             "Content-Transfer-Encoding: quoted-printable" CRLF CRLF,
             type);
    put_quoted_printable(out, str_of(text));
}

static void put_body(struct buf *out, const struct mail *mail)
{
    if (!mail->html) {
        put_part(out, "plain", mail->text);
        return;
    }
    buf_adds(out, "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"" CRLF);
    buf_adds(out, CRLF "--" BOUNDARY CRLF);
    put_part(out, "plain", mail->text);
    buf_adds(out, CRLF "--" BOUNDARY CRLF); /* this line end belongs to the boundary */
    put_part(out, "html", mail->html);
    buf_adds(out, CRLF "--" BOUNDARY "--" CRLF);
}

enum err mail_message_write(const struct mail *mail, const struct mail_address *from,
                            const struct mail_address *to, struct buf *out)
{
    struct str subject = str_of(mail->subject);

    if (subject.n > SUBJECT_MAX_BYTES || !is_one_line(subject) || !is_message_id(mail->message_id))
        return ERR_INVALID;
    if (!str_is_utf8(str_of(mail->text)) || (mail->html && !str_is_utf8(str_of(mail->html))))
        return ERR_INVALID;
    enum err e = put_date(out, mail->date_s);
    if (e != ERR_OK)
        return e;
    buf_addf(out, "Message-ID: <%s>" CRLF, mail->message_id);
    put_address(out, "From", from);
    put_address(out, "To", to);
    buf_adds(out, "Subject: ");
    put_text(out, subject);
    buf_adds(out, CRLF "MIME-Version: 1.0" CRLF "Auto-Submitted: auto-generated" CRLF);
    put_body(out, mail);
    return buf_err(out);
}
