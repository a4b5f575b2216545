/* Addresses and the text of a message, without I/O. */
#ifndef HTTP_MAIL_MESSAGE_H
#define HTTP_MAIL_MESSAGE_H

#include "common/buf.h"
#include "common/mail.h"

#define MAIL_MESSAGE_MAX_BYTES (10 * 1024 * 1024)
#define MAIL_NAME_SIZE 201
#define MAIL_MAILBOX_SIZE 255

struct mail_address {
    char name[MAIL_NAME_SIZE]; /* UTF-8; "" when there is none */
    char mailbox[MAIL_MAILBOX_SIZE];
};

/* "a@b.test", "Name <a@b.test>" or "\"Name, Inc.\" <a@b.test>"; ERR_INVALID otherwise. */
MUSTCHECK enum err mail_address_parse(const char *text, struct mail_address *ret_address);

/* The whole message with CRLF line ends. ERR_INVALID when a header value has a line end or another
 * control character, or a text is not UTF-8; ERR_TOO_LARGE, ERR_NO_MEMORY. */
MUSTCHECK enum err mail_message_write(const struct mail *mail, const struct mail_address *from,
                                      const struct mail_address *to, struct buf *out);

#endif
