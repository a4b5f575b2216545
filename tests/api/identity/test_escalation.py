"""Nobody becomes more than he was made: what a member of staff tries who wants more."""
import pytest

from lib.client import expect, expect_problem, together
from people import OTHER_STATION, PASSWORD, STATION, new_email, until_status

USERS = "/api/v1/users"
WHY = {"reason": "a reason for this test"}
ESCALATION = 403, "privilege_escalation"


@pytest.fixture
def allow(db):
    """allow("CHEF", "bookings.read", "station"): until the end of the test the role may do so too."""
    had = {}

    def put(role, permission, scope):
        db.execute("SELECT scope FROM identity.role_permissions WHERE role = %s AND permission = %s",
                   (role, permission))
        had.setdefault((role, permission), [r["scope"] for r in db.fetchall()])
        db.execute("INSERT INTO identity.role_permissions VALUES (%s, %s, %s)"
                   " ON CONFLICT (role, permission) DO UPDATE SET scope = EXCLUDED.scope", (role, permission, scope))
    yield put
    for (role, permission), scopes in had.items():
        db.execute("DELETE FROM identity.role_permissions WHERE role = %s AND permission = %s", (role, permission))
        for scope in scopes:
            db.execute("INSERT INTO identity.role_permissions VALUES (%s, %s, %s)", (role, permission, scope))


@pytest.fixture
def only(db):
    """only(a, b): until the end of the test no super administrators but these accounts are active."""
    off = []

    def keep(*ids):
        db.execute("UPDATE identity.users u SET status = 'disabled' FROM identity.user_roles r"
                   " WHERE r.user_id = u.id AND r.role = 'SUPER_ADMIN' AND u.status = 'active'"
                   "   AND u.deleted_at IS NULL AND u.id::text <> ALL (%s) RETURNING u.id::text",
                   (list(ids),))
        off.extend(r["id"] for r in db.fetchall())
    yield keep
    db.execute("UPDATE identity.users SET status = 'active' WHERE id::text = ANY (%s)", (off,))


def active_super_admins(db):
    db.execute("SELECT count(*) AS n FROM identity.users u JOIN identity.user_roles r ON r.user_id = u.id"
               " WHERE r.role = 'SUPER_ADMIN' AND u.status = 'active' AND u.deleted_at IS NULL")
    return db.fetchone()["n"]


# --- roles -------------------------------------------------------------------------------------

@pytest.mark.parametrize("role", ["SUPER_ADMIN", "ADMIN", "STATION_MANAGER"])
def test_nobody_makes_himself_more(clerk, role, row):
    """By giving himself a role, by inviting a second self, by widening a role that he has."""
    me = expect(clerk.get("/api/v1/me"))
    station = STATION if role == "STATION_MANAGER" else None
    body = {"role": role} | ({"station_id": station} if station else {})
    expect_problem(clerk.put(f"{USERS}/{me['id']}/roles", json=body), *ESCALATION)
    expect_problem(clerk.post(USERS, json=body | {"email": new_email(), "name": "X"}), *ESCALATION)
    path = "/api/v1/roles/CLERK/permissions"
    seen = clerk.get(path)
    wider = [{"permission": p, "scope": s} for p, s in expect(seen)["permissions"].items()]
    expect_problem(clerk.put(path, json={"permissions": wider + [{"permission": "audit.read", "scope": "own"}]},
                             if_match=seen.headers["ETag"]), *ESCALATION)
    assert expect(clerk.get("/api/v1/me"))["permissions"] == me["permissions"]
    assert row("user_roles", user_id=me["id"])["role"] == "CLERK"


def test_a_station_manager_invites_to_his_own_station(account, allow):
    allow("STATION_MANAGER", "users.write", "station")
    manager = account("STATION_MANAGER", station=STATION).login()
    body = {"email": new_email(), "name": "X", "role": "CHEF"}
    for elsewhere in ({"station_id": OTHER_STATION}, {}, {"role": "CUSTOMER"}):
        expect_problem(manager.post(USERS, json=body | elsewhere), *ESCALATION)
    expect(manager.post(USERS, json=body | {"station_id": STATION}), 201)


def test_rights_at_one_station_are_not_those_at_another(account, allow):
    """A manager of one station who may only look at another one does not become its manager."""
    allow("CHEF", "bookings.read", "station")
    a = account("STATION_MANAGER", station=STATION)
    expect(account("SUPER_ADMIN").login().put(f"{USERS}/{a.id}/roles",
                                              json={"role": "CHEF", "station_id": OTHER_STATION}), 204)
    manager = a.login()
    near, far = account("CHEF", station=STATION), account("CHEF", station=OTHER_STATION)
    expect(manager.get(f"{USERS}/{near.id}"))
    expect_problem(manager.get(f"{USERS}/{far.id}"), 404, "not_found")


def test_an_address_that_nobody_proved_gets_no_role(api, super_admin, db, mailbox):
    """Who signs up under the address of somebody who is about to be hired is not hired for him."""
    email = new_email("hired")
    expect(api.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD, "name": "Thief"}), 202)
    db.execute("SELECT id FROM identity.users WHERE email = %s", (email,))
    path = f"{USERS}/{db.fetchone()['id']}/roles"
    expect_problem(super_admin.put(path, json={"role": "ADMIN"}), 409, "state_conflict")
    token = mailbox.wait(to=email).token()
    assert api.post("/api/v1/auth/verify-email", json={"token": token}).status_code == 204
    assert super_admin.put(path, json={"role": "CUSTOMER_SUPPORT"}).status_code == 204


def test_who_was_invited_can_be_given_more(super_admin):
    """Nobody can sign in yet: the link of the invitation proves the address."""
    user = expect(super_admin.post(USERS, json={"email": new_email(), "name": "X", "role": "CHEF"}), 201)
    assert super_admin.put(f"{USERS}/{user['id']}/roles", json={"role": "CUSTOMER_SUPPORT"}).status_code == 204


# --- other people's accounts -------------------------------------------------------------------

def test_nobody_takes_the_account_of_who_can_do_more(clerk, account, row):
    """Not by its address, whose reset link would be his; not by bringing it back; not by unlocking it."""
    before = {}
    for status, way in (("active", None), ("locked", "unlock"), ("disabled", "enable")):
        a = account("SUPER_ADMIN", status=status)
        before[a.id] = row("users", id=a.id)
        expect_problem(clerk.patch(f"{USERS}/{a.id}", json={"email": new_email()}, if_match='"1"'), *ESCALATION)
        expect_problem(clerk.patch(f"{USERS}/{a.id}", json={"name": "Mine"}, if_match='"1"'), *ESCALATION)
        if way:
            expect_problem(clerk.post(f"{USERS}/{a.id}/{way}"), *ESCALATION)
    gone = account("ADMIN", deleted_at="now", delete_reason="for this test")
    before[gone.id] = row("users", id=gone.id)
    expect_problem(clerk.post(f"{USERS}/{gone.id}/restore"), *ESCALATION)
    for user_id, was in before.items():
        assert row("users", id=user_id) == was


@pytest.mark.parametrize("member", ["password", "password_hash", "roles", "role", "permissions", "kind", "status",
                                    "email_verified", "mfa_enabled", "mfa_secret", "generation", "id", "version",
                                    "station_id", "deleted_at", "is_super_admin"])
@pytest.mark.parametrize("which", ["me", "another"])
def test_an_account_has_no_hidden_members(super_admin, account, row, which, member):
    a = account("CHEF")
    before = row("users", id=a.id)
    body = {"name": "New Name", member: "SUPER_ADMIN"}
    reply = (super_admin.patch(f"{USERS}/{a.id}", json=body, if_match='"1"') if which == "another"
             else a.login().patch("/api/v1/me", json=body))
    expect_problem(reply, 422, "invalid", f"/{member}")
    after = row("users", id=a.id)
    assert after | {"last_login_at": None} == before | {"last_login_at": None}


# --- what was taken is gone --------------------------------------------------------------------

def test_who_is_demoted_is_so_in_every_token(super_admin, account):
    """The access token that he has, the next one, and the one of his API key."""
    a = account("ADMIN")
    api = a.login()
    made = expect(api.post("/api/v1/api-keys", json={"name": "k", "permissions": ["users.read", "audit.read"]}), 201)
    trade = {"api_key": made["api_key"]}
    by_key = api.with_token(expect(api.post("/api/v1/auth/token", json=trade))["access_token"])
    expect(by_key.get(USERS))
    assert super_admin.put(f"{USERS}/{a.id}/roles", json={"role": "CHEF"}).status_code == 204
    assert super_admin.delete(f"{USERS}/{a.id}/roles", params={"role": "ADMIN"}).status_code == 204
    for caller in (api, by_key):
        until_status(lambda c=caller: c.get(USERS), 401)
    fresh = expect(api.post("/api/v1/auth/refresh", json={"refresh_token": a.tokens["refresh_token"]}))
    again = expect(api.post("/api/v1/auth/token", json=trade))
    for token in (fresh, again):
        for path in (USERS, "/api/v1/audit"):
            expect_problem(api.with_token(token["access_token"]).get(path), 403, "forbidden")


def test_who_comes_back_signs_in_anew(super_admin, account):
    a = account("ADMIN")
    api = a.login()
    assert super_admin.delete(f"{USERS}/{a.id}", json=WHY).status_code == 204
    until_status(lambda: api.get("/api/v1/me"), 401)
    expect(super_admin.post(f"{USERS}/{a.id}/restore"))
    expect_problem(api.get("/api/v1/me"), 401, "unauthorized")
    expect_problem(api.post("/api/v1/auth/refresh", json={"refresh_token": a.tokens["refresh_token"]}), 401,
                   "refresh_invalid")
    expect(a.try_login())


# --- somebody may always do everything ---------------------------------------------------------

REMOVALS = {"roles": lambda api, other: api.delete(f"{USERS}/{other}/roles", params={"role": "SUPER_ADMIN"}),
            "delete": lambda api, other: api.delete(f"{USERS}/{other}", json=WHY),
            "lock": lambda api, other: api.post(f"{USERS}/{other}/lock", json=WHY)}


@pytest.mark.parametrize("first", REMOVALS)
@pytest.mark.parametrize("second", REMOVALS)
def test_the_last_two_do_not_remove_each_other(account, db, only, first, second):
    one, two = account("SUPER_ADMIN"), account("SUPER_ADMIN")
    a, b = one.login(), two.login()
    only(one.id, two.id)
    replies = together([lambda: REMOVALS[first](a, two.id), lambda: REMOVALS[second](b, one.id)])
    assert active_super_admins(db) == 1, [r.text for r in replies]
    assert sorted(r.status_code < 300 for r in replies) == [False, True], [r.text for r in replies]


def test_the_last_one_does_not_erase_himself(account, db, only):
    """Who signed up as a customer may, whatever he became."""
    last = account("SUPER_ADMIN", kind="customer")
    api = last.login()
    only(last.id)
    expect_problem(api.post("/api/v1/me/erasure", json={"password": PASSWORD}), 409, "last_super_admin")
    assert active_super_admins(db) == 1


def test_nobody_counts_on_who_cannot_sign_in(account, only):
    """An invitation that nobody followed, perhaps to an address that nobody has."""
    last = account("SUPER_ADMIN")
    api = last.login()
    body = {"email": new_email("nobody"), "name": "Nobody", "role": "SUPER_ADMIN"}
    invited = expect(api.post(USERS, json=body), 201)
    only(last.id, invited["id"])
    expect_problem(api.delete(f"{USERS}/{last.id}/roles", params={"role": "SUPER_ADMIN"}), 409, "last_super_admin")
