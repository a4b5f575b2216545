/* Digests and MACs, over OpenSSL's one-shot calls. Owns nothing. */
#include "common/crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/encode.h"

#define SHA1_SIZE 20

static enum err digest(const EVP_MD *md, struct str data, uint8_t *ret_digest)
{
    return EVP_Digest(data.p, data.n, ret_digest, NULL, md, NULL) == 1 ? ERR_OK : ERR_INTERNAL;
}

enum err sha256(struct str data, uint8_t ret_digest[SHA256_SIZE])
{
    return digest(EVP_sha256(), data, ret_digest);
}

enum err sha1_hex(struct str data, char ret_hex[41])
{
    uint8_t raw[SHA1_SIZE];
    enum err e = digest(EVP_sha1(), data, raw);
    if (e != ERR_OK)
        return e;
    hex_encode(raw, sizeof raw, ret_hex);
    return ERR_OK;
}

enum err hmac_sha256(struct str key, struct str data, uint8_t ret_mac[SHA256_SIZE])
{
    const unsigned char *bytes = (const unsigned char *)data.p;
    if (key.n > INT32_MAX)
        return ERR_TOO_LARGE;
    return HMAC(EVP_sha256(), key.p, (int)key.n, bytes, data.n, ret_mac, NULL) ? ERR_OK
                                                                               : ERR_INTERNAL;
}
