"""The authorisation matrix, generated from the route tables that the binaries print: every route x
every caller. Who may call is data (identity.role_permissions); nothing else decides."""
import json
import os
import pathlib
import subprocess
import uuid

import pytest

from lib.stack import SERVICES as PARTS, wait_for
from lib.tokens import claims_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN_DIR = pathlib.Path(os.environ.get("BIN_DIR", ROOT / "build/asan/bin"))
ROLES = ("SUPER_ADMIN", "ADMIN", "CUSTOMER_SUPPORT", "STATION_MANAGER", "CHEF", "CUSTOMER")
SERVICES = tuple(dict.fromkeys(part.rstrip("-0123456789") for part in PARTS))


def routes():
    for service in SERVICES:
        printed = subprocess.run([BIN_DIR / service, "--routes"], capture_output=True, text=True,
                                 check=True).stdout
        for line in printed.splitlines():
            method, path, name, caller, permission, *_ = line.split("\t")
            if path.startswith("/api/") and not path.startswith("/api/v1/health"):
                yield pytest.param(method, path, caller, permission, id=name)


ROUTES = list(routes())
GUARDED = [r for r in ROUTES if r.values[2] == "user"]
OPEN = [r for r in ROUTES if r.values[2] == "public"]


def filled(path):
    """A path of things that do not exist."""
    while "{" in path:
        head, _, rest = path.partition("{")
        name, _, tail = rest.partition("}")
        path = head + (str(uuid.uuid4()) if name == "id" or name.endswith("_id") else "none") + tail
    return path


# These end the session that the other tests share; their authorisation is in tests of their own.
ENDING = {"/api/v1/auth/logout", "/api/v1/auth/logout-all"}
SHARED = [r for r in GUARDED if r.values[1] not in ENDING]


def call(api, method, path):
    return api.request(method, filled(path), json=None if method in ("GET", "DELETE") else {})


@pytest.fixture(scope="session")
def granted(running):
    """{role: {permission}} from the database."""
    import psycopg2
    with psycopg2.connect(running.env["DATABASE_URL"]) as c, c.cursor() as cursor:
        cursor.execute("SELECT role, permission FROM identity.role_permissions")
        rows = cursor.fetchall()
    return {role: {p for r, p in rows if r == role} for role in ROLES}


@pytest.mark.parametrize("method,path,caller,permission", GUARDED)
def test_nobody_is_refused(api, method, path, caller, permission):
    reply = call(api, method, path)
    assert reply.status_code == 401, reply.text
    assert reply.json()["code"] == "unauthorized"
    assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("method,path,caller,permission", GUARDED)
@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", ""])
def test_no_token_of_ours_is_refused(api, method, path, caller, permission, token):
    reply = call(api.with_headers(Authorization=f"Bearer {token}"), method, path)
    assert reply.status_code == 401, reply.text


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method,path,caller,permission", SHARED)
def test_role(login, granted, role, method, path, caller, permission):
    reply = call(login(role), method, path)
    allowed = permission == "-" or permission in granted[role]
    if allowed:
        assert reply.status_code not in (401, 403, 500), reply.text
    else:
        assert reply.status_code == 403, reply.text
        assert reply.json()["code"] == "forbidden"


@pytest.mark.parametrize("method,path,caller,permission", OPEN)
def test_public_routes_ask_nobody(api, method, path, caller, permission):
    reply = call(api, method, path)
    assert reply.status_code not in (403, 500), reply.text
    if reply.status_code == 401:  # a login that failed, not a caller who was refused
        assert reply.json()["code"] != "forbidden" and "/auth/" in path


def test_refusals_are_in_the_log(api, login, running):
    """Who was refused what, and when: a 401 without a name, a 403 with one."""
    caller = login("CUSTOMER")
    asked = {api.get("/api/v1/users").headers["X-Request-Id"]: (401, None),
             api.with_token("a.b.c").get("/api/v1/users").headers["X-Request-Id"]: (401, None),
             caller.get("/api/v1/users").headers["X-Request-Id"]: (403, claims_of(caller.token)["sub"])}

    def lines():
        found = [row for row in map(json.loads, running.log("identity").splitlines())
                 if row["event"] == "request.done" and row["request_id"] in asked]
        return found if len(found) == len(asked) else None
    for row in wait_for(lines, "the log"):
        assert (row["status"], row["user"]) == asked[row["request_id"]], row
        assert row["route"] == "user_list" and row["ts"]


def test_super_admin_has_every_permission(granted):
    used = {r.values[3] for r in ROUTES} - {"-"}
    assert used <= granted["SUPER_ADMIN"], used - granted["SUPER_ADMIN"]


def test_customers_and_chefs_have_no_staff_permission(granted):
    staff_only = {"users.write", "roles.write", "audit.read", "pricing.write", "system.write",
                  "features.write", "stations.write", "customers.delete", "bookings.delete"}
    for role in ("CUSTOMER", "CHEF"):
        assert not granted[role] & staff_only, granted[role] & staff_only
    assert granted["CUSTOMER_SUPPORT"] and not granted["CUSTOMER_SUPPORT"] & {"roles.write"}


def test_each_route_row_is_printed_once():
    names = [r.id for r in ROUTES]
    assert len(names) == len(set(names)) and len(GUARDED) > 20 and len(OPEN) > 5
