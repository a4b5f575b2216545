"""Who the tests of identity are: accounts that can sign in, and their authenticator app."""
import base64
import hashlib
import hmac
import struct
import uuid

from lib.client import expect
from lib.stack import wait_for

PASSWORD = "vermicelli 99 lamps"
STATION = "5a000000-0000-4000-8000-000000000001"
OTHER_STATION = "5a000000-0000-4000-8000-000000000002"


def new_email(name="test"):
    return f"{name}.{uuid.uuid4().hex[:12]}@example.com"


class Account:
    def __init__(self, api, account_id, email):
        self.api, self.id, self.email, self.password = api, account_id, email, PASSWORD
        self.tokens = None

    def try_login(self, password=None, **more):
        body = {"email": self.email, "password": password or self.password} | more
        return self.api.post("/api/v1/auth/login", json=body)

    def login(self, **more):
        """The API as this account; its tokens are in .tokens."""
        self.tokens = expect(self.try_login(**more))
        return self.api.with_token(self.tokens["access_token"])


def totp(secret, at, step=0):
    """The code of an authenticator app (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(at) // 30 + step), hashlib.sha1).digest()
    offset = mac[-1] & 15
    number = struct.unpack(">I", mac[offset:offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1000000:06d}"


def until_status(call, status):
    """Asks again until the reply has that status; processes hear of some changes a moment later."""
    replies = []

    def answered():
        replies.append(call())
        return replies[-1].status_code == status
    wait_for(answered, f"a reply with {status}")
    return replies[-1]
