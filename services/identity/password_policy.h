/* What a new password must not be. Length is the field table's business. */
#ifndef IDENTITY_PASSWORD_POLICY_H
#define IDENTITY_PASSWORD_POLICY_H

#include "common/str.h"

/* A sentence for the person, in static memory, or NULL when the password will do. email and name
 * may be NULL. No rules about digits and signs: length and rarity are what counts (NIST SP 800-63B
 * section 5.1.1.2, OWASP ASVS 5.0 6.2). */
const char *password_problem(struct str password, const char *email, const char *name);

#endif
