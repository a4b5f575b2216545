/* New passwords: three lines, the password, an address and a name. A password that will do is
 * refused once it is the address or the name. */
#include <stdint.h>
#include <stdlib.h>

#include "common/arena.h"
#include "password_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4 * size + 65536);
    struct str rest = {(const char *)data, size};
    struct str password = str_cut(&rest, '\n'), email = str_cut(&rest, '\n');
    const char *email_text = a ? arena_strndup(a, email.p, email.n) : NULL;
    const char *name_text = a ? arena_strndup(a, rest.p, rest.n) : NULL;
    if (!email_text || !name_text)
        abort();
    const char *problem = password_problem(password, email_text, name_text);
    if (problem && !problem[0])
        abort();
    if (!password_problem(str_of(email_text), email_text, name_text))
        abort();
    /* Less is known of the account: no reason to refuse more. */
    if (!problem && password_problem(password, NULL, NULL))
        abort();
    arena_free(a);
    return 0;
}
