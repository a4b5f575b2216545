/* Key rings and the texts they sign and seal. Up to the first line end: a configured ring, which
 * may be bad; after it: a text for a known ring, and a payload for the way out and back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct keyring *known_ring(void)
{
    static struct keyring *ring;
    if (!ring && keyring_parse("a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", &ring) != ERR_OK)
        abort();
    return ring;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(1 << 20);
    struct keyring *ring = NULL;
    struct str rest = {(const char *)data, size}, config, back;
    const char *text;

    if (!a)
        abort();
    config = str_cut(&rest, '\n');
    char *config_text = arena_strndup(a, config.p, config.n);
    if (config_text && keyring_parse(config_text, &ring) == ERR_OK)
        keyring_free(ring);
    /* Nobody guesses a MAC. The ones in the corpus are for purpose "p". */
    if (keyring_verify(known_ring(), "q", a, rest, &back) == ERR_OK ||
        keyring_unseal(known_ring(), "q", a, rest, &back) == ERR_OK)
        abort();
    (void)!keyring_verify(known_ring(), "p", a, rest, &back);
    (void)!keyring_unseal(known_ring(), "p", a, rest, &back);
    if (rest.n < 4096) {
        if (keyring_sign(known_ring(), "p", a, rest, &text) != ERR_OK ||
            keyring_verify(known_ring(), "p", a, str_of(text), &back) != ERR_OK ||
            !str_eq(rest, back))
            abort();
        if (keyring_seal(known_ring(), "p", a, rest, &text) != ERR_OK ||
            keyring_unseal(known_ring(), "p", a, str_of(text), &back) != ERR_OK ||
            !str_eq(rest, back))
            abort();
    }
    arena_free(a);
    return 0;
}
