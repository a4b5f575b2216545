"""Access tokens that are not ours, or not any more. Some are signed with the real key, which only
identity has, to show that each claim is looked at by itself."""
import hashlib
import hmac
import json
import subprocess
import time
import uuid

import pytest

from lib.client import Api, expect, expect_problem
from lib.stack import wait_for
from lib.tokens import Signer, b64, claims_of, unb64

ME, BOOKINGS = "/api/v1/me", "/api/v1/bookings"  # of identity and of booking, which has public keys only
ISSUER, AUDIENCE = "https://myhibachi.test", "myhibachi-api"


@pytest.fixture(scope="module")
def ours(running, tmp_path_factory):
    """The key that the stack signs with."""
    return Signer(json.loads(running.secret("jwks-private.json"))["keys"][0], tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(running, tmp_path_factory):
    """A key of somebody else's; it calls itself by our key's name, too."""
    made = subprocess.run([f"{running.env['BIN_DIR']}/identity", "keygen"], capture_output=True, check=True).stdout
    return Signer(json.loads(made)["keys"][0], tmp_path_factory.mktemp("theirs"))


@pytest.fixture
def good(login):
    """A token of a super administrator."""
    return login("SUPER_ADMIN").token


@pytest.fixture
def claims(good):
    """claims(aud="x", exp=...): those of a good token, changed; None leaves one out."""
    def changed(**more):
        merged = claims_of(good) | more
        return {k: v for k, v in merged.items() if v is not None}
    return changed


@pytest.fixture
def refused(api):
    """refused(token): by both services, in the very same words whatever is wrong with it."""
    def check(token, code="unauthorized"):
        for path in (ME, BOOKINGS):
            problem = expect_problem(api.with_token(token).get(path), 401, code)
            assert set(problem) == {"type", "title", "status", "code", "request_id"}
    return check


@pytest.fixture
def accepted(api):
    def check(token):
        for path in (ME, BOOKINGS):
            expect(api.with_token(token).get(path))
    return check


def test_the_forger_of_these_tests_can_forge(ours, claims, accepted):
    """Or else the refusals below prove nothing."""
    accepted(ours.sign(claims()))
    accepted(ours.sign(claims(jti=None)))
    accepted(ours.sign(claims(exp=int(time.time()) + 3600)))


# --- who signed it, and how

def test_no_signature(good, refused):
    head, body, signature = good.split(".")
    for token in (f"{head}.{body}.", f"{head}.{body}", f"{head}..{signature}", f".{body}.{signature}",
                  head, "..", "...", f"{head}.{body}.{signature}.",
                  f"{head}.{body}.{signature}.{signature}"):
        refused(token)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, "HS256", "RS256", "ES256",
                                 "Ed25519", "eddsa", "EdDSA ", ["EdDSA"], {"EdDSA": 1}, 1, True])
def test_another_algorithm(ours, claims, refused, alg):
    head = {"alg": alg, "typ": "at+jwt", "kid": ours.kid}
    refused(ours.sign(claims(), head))
    refused(f"{b64(head)}.{b64(claims())}.")
    refused(f"{b64(head)}.{b64(claims())}.AA")


def test_the_public_key_as_a_secret(running, ours, claims, refused):
    """HS256 with what everybody knows: the classic."""
    public = json.loads((running.run_dir / "secrets/jwks-public.json").read_text())
    x = public["keys"][0]["x"]
    for secret in (unb64(x), x.encode(), json.dumps(public["keys"][0]).encode(), b""):
        for alg in ("HS256", "HS512", "EdDSA"):
            text = f'{b64({"alg": alg, "typ": "at+jwt", "kid": ours.kid})}.{b64(claims())}'
            digest = hashlib.sha512 if alg == "HS512" else hashlib.sha256
            refused(f"{text}.{b64(hmac.new(secret, text.encode(), digest).digest())}")


def test_another_key(ours, theirs, claims, refused):
    refused(theirs.sign(claims()))
    refused(theirs.sign(claims(), {"alg": "EdDSA", "typ": "at+jwt", "kid": ours.kid}))


def test_a_changed_token(good, refused, accepted):
    head, body, signature = good.split(".")
    rights = json.loads(unb64(body)) | {"perm": b64(b"\xff" * 16)}
    refused(f"{head}.{b64(rights)}.{signature}")
    for at in range(0, len(signature) - 1, 7):  # the last character has bits that say nothing
        changed = "A" if signature[at] != "A" else "B"
        refused(f"{head}.{body}.{signature[:at]}{changed}{signature[at + 1:]}")
    zeros = b64(bytes(64))
    refused(f"{head}.{body}.{zeros}")
    refused(f"{head}.{body}.{b64(unb64(signature) + bytes(1))}")
    refused(f"{head}.{body}.{b64(unb64(signature)[:-1])}")
    accepted(good)


def test_a_signature_has_one_form(good, refused):
    """RFC 8032: s is below the order of the group, or every signature has a second form."""
    order = 2**252 + 27742317777372353535851937790883648493
    head, body, signature = good.split(".")
    raw = unb64(signature)
    other = int.from_bytes(raw[32:], "little") + order
    refused(f"{head}.{body}.{b64(raw[:32] + other.to_bytes(32, 'little'))}")


# --- the header

@pytest.mark.parametrize("kid", ["", "none", "../../../../etc/passwd", "/dev/null", "' OR '1'='1",
                                 "x' UNION SELECT 'a", "k" * 5000, "a\0b", None, 1, [], {"a": 1}, "%s%n",
                                 "|id"])
def test_another_kid(ours, claims, refused, kid):
    refused(ours.sign(claims(), {"alg": "EdDSA", "typ": "at+jwt", "kid": kid}))


@pytest.mark.parametrize("more", [
    {"crit": ["exp"]}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"zip": "DEF"}, {"cty": "JWT"},
    {"jku": "https://evil.test/jwks.json"}, {"x5u": "https://evil.test/a.pem"}, {"x5c": ["MIIB"]},
    {"extra": 1}], ids=lambda m: next(iter(m)))
def test_more_in_the_header(ours, claims, refused, more):
    """Nothing in a token is followed or fetched, even when we signed it."""
    refused(ours.sign(claims(), {"alg": "EdDSA", "typ": "at+jwt", "kid": ours.kid} | more))


def test_a_token_that_brings_its_key(theirs, claims, refused):
    public = {k: v for k, v in theirs.jwk.items() if k != "d"}
    for kid in (theirs.kid, None):
        head = {"alg": "EdDSA", "typ": "at+jwt", "kid": kid, "jwk": public}
        refused(theirs.sign(claims(), {k: v for k, v in head.items() if v}))


@pytest.mark.parametrize("typ", ["JWT", "at+JWT", "AT+JWT", "application/at+jwt", "rt+jwt", "", None, 1])
def test_another_type(ours, claims, refused, typ):
    head = {"alg": "EdDSA", "typ": typ, "kid": ours.kid}
    refused(ours.sign(claims(), {k: v for k, v in head.items() if v is not None}))


# --- the claims

TOMORROW = int(time.time()) + 86400  # seen from when the tests are collected, and long after


@pytest.mark.parametrize("change", [
    {"iss": "https://evil.test"}, {"iss": ISSUER + "/"}, {"iss": ISSUER.upper()}, {"iss": [ISSUER]},
    {"iss": None}, {"aud": "other-api"}, {"aud": [AUDIENCE]}, {"aud": AUDIENCE + " "}, {"aud": ""},
    {"aud": None}, {"exp": None}, {"exp": "9999999999"}, {"exp": 1e300}, {"exp": 9999999999},
    {"exp": 2**53}, {"exp": True}, {"iat": None}, {"iat": "0"}, {"iat": 0}, {"iat": 9999999999},
    {"nbf": None}, {"nbf": 9999999999}, {"nbf": TOMORROW}, {"iat": TOMORROW},
    {"sub": None}, {"sub": ""}, {"sub": "1"}, {"sub": "x" * 36}, {"sub": "' OR 1=1 --"}, {"sub": ["a"]},
    {"sid": "x"}, {"sid": "s" * 36}, {"role": None}, {"role": ""}, {"role": "R" * 1000}, {"role": 1},
    {"st": None}, {"st": "x"}, {"st": ["x"]}, {"st": [str(uuid.uuid4())] * 9}, {"st": {}},
    {"perm": None}, {"perm": "!"}, {"perm": 1}, {"perm": "A" * 3000}], ids=str)
def test_another_claim(ours, claims, refused, change):
    refused(ours.sign(claims(**change)))


@pytest.mark.parametrize("claims_text", ["", "null", "[]", '"a"', "1", "{", "{}", '{"iss":1}',
                                         '{"a":' * 100, "\xff", '{"iss":"a","iss":"b"}'])
def test_claims_that_are_none(ours, refused, claims_text):
    refused(ours.sign(claims_text))


def test_permissions_are_those_of_the_token(ours, claims, api):
    """A permission that it does not name is not there, whatever the role says."""
    for perm in ("", b64(bytes(16))):
        caller = api.with_token(ours.sign(claims(perm=perm)))
        expect_problem(caller.get("/api/v1/users"), 403, "forbidden")
        expect_problem(caller.get(BOOKINGS), 403, "forbidden")
        expect(caller.get(ME))


# --- the form

def test_other_spellings_of_a_token(good, refused):
    head, body, signature = good.split(".")
    for token in (f"{head}=.{body}.{signature}", f"{head}.{body}==.{signature}",
                  f"{head}.{body}.{signature}==", f"{head}. {body}.{signature}",
                  f"{head}.{body} .{signature}", f"{head}.\t{body}.{signature}",
                  good.replace("-", "+").replace("_", "/") + "+", good[:50] + " " + good[50:],
                  f"{head}.{body}.{signature}, {good}", f'"{good}"', f"{good};", f"Bearer {good}",
                  json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]})):
        refused(token)
    last = signature[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same_bits = alphabet[alphabet.index(last) ^ 1]
    refused(f"{head}.{body}.{signature[:-1]}{same_bits}")  # the same 64 bytes, written otherwise


@pytest.mark.parametrize("size", [3000, 5000])
def test_a_huge_token(ours, good, claims, refused, size):
    refused("a" * size)
    refused("." * size)
    refused(good + "A" * size)
    refused(ours.sign(claims(pad="p" * size)))


def test_tokens_elsewhere_are_not_read(api, good):
    for more in ({"params": {"access_token": good}},
                 {"cookies": {"access_token": good, "Authorization": good}},
                 {"headers": {"X-Authorization": f"Bearer {good}", "Proxy-Authorization": f"Bearer {good}"}}):
        reply = api.get(ME, **more)
        expect_problem(reply, 401, "unauthorized")


@pytest.mark.parametrize("scheme", ["Basic", "Token", "DPoP", "JWT", "Bearer:", "Bearer\u00a0"])
def test_another_scheme(api, good, scheme):
    value = f"{scheme} {good}".encode("latin1")
    expect_problem(api.get(ME, headers={"Authorization": value}), 401, "unauthorized")


def test_the_scheme_is_read_in_either_case(api, good):
    for scheme in ("bearer", "BEARER", "Bearer "):
        expect(api.get(ME, headers={"Authorization": f"{scheme} {good}"}))


def test_public_routes_do_not_forgive_a_bad_token(api):
    reply = api.with_token("a.b.c").post("/api/v1/bookings/quote", {"guest_count": 2, "venue_zip": "95112"})
    expect_problem(reply, 401, "unauthorized")


# --- time, and what is not good any more

def test_only_the_owner_is_told_that_it_expired(ours, theirs, claims, refused):
    """`token_expired` says that the token was ours: it is for tokens with a good signature only."""
    old = claims(iat=int(time.time()) - 2000, nbf=int(time.time()) - 2000, exp=int(time.time()) - 1100)
    refused(ours.sign(old), "token_expired")
    refused(theirs.sign(old))
    refused(theirs.sign(old, {"alg": "EdDSA", "typ": "at+jwt", "kid": ours.kid}))
    head, body, _ = ours.sign(old).split(".")
    refused(f"{head}.{body}.{b64(bytes(64))}")
    refused(ours.sign(old | {"aud": "other-api"}))


def test_tests_renew_theirs_in_time(login, clock):
    first = login("ADMIN")
    assert login("ADMIN").token == first.token
    clock.advance(minutes=11)
    second = login("ADMIN")
    assert second.token != first.token
    clock.advance(minutes=5)
    expect_problem(first.get("/api/v1/me"), 401, "token_expired")
    expect(second.get("/api/v1/me"))


def test_a_token_expires_in_the_cache_too(api, clock, login, refused):
    caller = login("CUSTOMER")
    expect(caller.get(ME))
    expect(caller.get(BOOKINGS))
    clock.advance(minutes=14, seconds=50)
    expect(caller.get(ME))
    clock.advance(seconds=11)
    refused(caller.token, "token_expired")


def test_logout_ends_what_is_in_every_cache(api, demo, clock, refused):
    token = expect(api.post("/api/v1/auth/login", json=demo["CUSTOMER"]))["access_token"]
    caller = api.with_token(token)
    for _ in range(20):  # both replicas know it
        expect(caller.get(BOOKINGS))
    clock.advance(seconds=1)  # tokens know the second only
    expect(caller.post("/api/v1/auth/logout"), 204)
    wait_for(lambda: all(caller.get(p).status_code == 401 for p in [ME] + 20 * [BOOKINGS]), "everybody to hear of it")
    refused(token)


def test_a_process_hears_of_thousands_that_were_ended_before_it_began(api, demo, db, stack, running, refused):
    token = expect(api.post("/api/v1/auth/login", json=demo["CUSTOMER"]))["access_token"]
    db.execute("INSERT INTO bus.revocations (user_id, generation, at)"
               " SELECT gen_random_uuid(), 1, now() FROM generate_series(1, 8000)")
    try:
        expect(api.with_token(token).post("/api/v1/auth/logout"), 204)
        stack.stop("booking-2")
        stack.start("booking-2")  # until it is ready
        reply = Api(running.url("booking-2"), None, None).with_token(token).get(BOOKINGS)
        assert reply.status_code == 401, reply.text
    finally:
        db.execute("DELETE FROM bus.revocations WHERE user_id NOT IN (SELECT id FROM identity.users)")
    refused(token)


def test_key_sets_have_no_private_part(api):
    keys = expect(api.get("/.well-known/jwks.json"))["keys"]
    assert keys and all(set(k) == {"kty", "crv", "use", "alg", "kid", "x"} for k in keys)
