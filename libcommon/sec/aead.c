/* The one place that encrypts: what key rings seal and what is put into boxes. */
#include "aead.h"

#include <string.h>

#include <openssl/evp.h>

enum err aead_run(bool seal, const uint8_t key[AEAD_KEY_SIZE], const char *purpose, uint8_t *box,
                  size_t n)
{
    uint8_t *data = box + AEAD_NONCE_SIZE, *tag = data + n;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    bool ok = ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, box, seal) == 1;

    if (ok && !seal)
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, AEAD_TAG_SIZE, tag) == 1;
    ok = ok && EVP_CipherUpdate(ctx, NULL, &len, (const uint8_t *)purpose, (int)strlen(purpose));
    ok = ok && EVP_CipherUpdate(ctx, data, &len, data, (int)n) == 1;
    if (!ok) {
        EVP_CIPHER_CTX_free(ctx);
        return ERR_INTERNAL;
    }
    enum err e = EVP_CipherFinal_ex(ctx, tag, &len) == 1 ? ERR_OK : ERR_INVALID;
    if (e == ERR_OK && seal &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, AEAD_TAG_SIZE, tag) != 1)
        e = ERR_INTERNAL;
    EVP_CIPHER_CTX_free(ctx);
    return e;
}
