/* Members that the database keeps sealed. Private to app/. */
#ifndef APP_SEALED_H
#define APP_SEALED_H

#include "req_priv.h"

/* r->in_json with its FIELD_SEALED members sealed: what SQL gets. */
MUSTCHECK enum err sealed_close(struct req *r);
/* The reply's body with them in plain text: what the client gets. */
MUSTCHECK enum err sealed_open(struct reqx *x);
/* The same for JSON text that is no reply: the table says which members are sealed. */
MUSTCHECK enum err sealed_open_text(const struct keyring *ring, struct arena *a,
                                    const struct field_table *t, struct str json,
                                    struct str *ret_json);

#endif
