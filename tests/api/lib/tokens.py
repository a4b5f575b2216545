"""Access tokens of our own making, signed by openssl; for tests that have the private key."""
import base64
import json
import pathlib
import subprocess

# PKCS #8 of an Ed25519 key up to its 32 bytes (RFC 8410)
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")


def b64(data):
    if isinstance(data, (dict, list)):
        data = json.dumps(data, separators=(",", ":"))
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token):
    return json.loads(unb64(token.split(".")[1]))


class Signer:
    """A private JWK of Ed25519; its files are in a folder of the test's own."""

    def __init__(self, jwk, folder):
        self.kid, self.jwk = jwk["kid"], jwk
        self.key = pathlib.Path(folder) / f"{self.kid}.der"
        self.key.write_bytes(PKCS8 + unb64(jwk["d"]))
        self.text = pathlib.Path(folder) / "text"

    def signature(self, text):
        self.text.write_bytes(text.encode())
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey",
                               self.key, "-in", self.text], check=True, capture_output=True).stdout

    def sign(self, claims, head=None):
        """head, claims: objects, or texts to be taken as they are."""
        head = {"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid} if head is None else head
        text = f"{b64(head)}.{b64(claims)}"
        return f"{text}.{b64(self.signature(text))}"
