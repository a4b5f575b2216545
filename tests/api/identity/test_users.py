"""Accounts, as staff administer them."""
import uuid

import pytest

from lib.client import expect, expect_problem, together
from lib.stack import wait_for
from people import OTHER_STATION, PASSWORD, STATION, new_email, until_status

USERS = "/api/v1/users"
WHY = {"reason": "a reason for this test"}


def etag(api, user_id):
    return api.get(f"{USERS}/{user_id}").headers["ETag"]


# --- reading -----------------------------------------------------------------------------------

def test_lists_are_paged_newest_first(super_admin, account):
    made = [account("CHEF").id for _ in range(5)]
    seen, cursor = [], None
    while len(seen) < 5:
        query = {"role": "CHEF", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = expect(super_admin.get(USERS, params=query))
        assert len(page["items"]) <= 2 and page["limit"] == 2
        seen += [u["id"] for u in page["items"]]
        cursor = page["next_cursor"]
    assert seen[:5] == made[::-1]


def test_filters(super_admin, account):
    locked = account("ADMIN", status="locked")
    deleted = account("ADMIN", deleted_at="2026-01-01", delete_reason="for this test")
    customer = account("CUSTOMER", name="Zebedee Quill")

    def ids(**query):
        return [u["id"] for u in expect(super_admin.get(USERS, params=query))["items"]]
    assert locked.id in ids(status="locked") and customer.id not in ids(status="locked")
    assert deleted.id in ids(status="deleted") and deleted.id not in ids()
    assert locked.id in ids(role="ADMIN") and locked.id not in ids(role="CHEF")
    assert customer.id in ids(kind="customer") and customer.id in ids(role="CUSTOMER")
    assert customer.id in ids(kind="customer", q="zebedee")
    assert customer.id in ids(kind="customer", q=customer.email[3:20])
    assert customer.id not in ids(q="zebedee")
    assert ids(kind="customer", q="100%_\\'\"") == []
    total = expect(super_admin.get(USERS, params={"status": "locked", "count": "true"}))["total"]
    assert total >= 1
    assert expect(super_admin.get(USERS, params={"kind": "customer", "q": "zebedee",
                                                 "count": "true", "limit": 1}))["total"] >= 1
    assert "total" not in expect(super_admin.get(USERS))


@pytest.mark.parametrize("query,pointer", [
    ({"kind": "robot"}, "kind"), ({"role": "KING"}, "role"), ({"status": "gone"}, "status"),
    ({"q": "ab"}, "q"), ({"limit": 101}, "limit"), ({"limit": 0}, "limit"),
    ({"cursor": "forged"}, "cursor"), ({"sort": "name"}, "sort"), ({"count": "maybe"}, "count")])
def test_what_is_no_query(super_admin, query, pointer):
    expect_problem(super_admin.get(USERS, params=query), 422, "invalid", pointer)


def test_a_cursor_is_of_its_list_only(super_admin, account):
    account("CHEF"), account("CHEF")
    cursor = expect(super_admin.get(USERS, params={"role": "CHEF", "limit": 1}))["next_cursor"]
    expect_problem(super_admin.get("/api/v1/audit", params={"cursor": cursor}), 422, "invalid",
                   "cursor")


def test_station_managers_see_their_own_station(account):
    manager = account("STATION_MANAGER", station=STATION).login()
    mine = account("CHEF", station=STATION)
    other = account("CHEF", station=OTHER_STATION)
    customer = account("CUSTOMER")
    seen = [u["id"] for u in expect(manager.get(USERS, params={"limit": 100}))["items"]]
    assert mine.id in seen and other.id not in seen
    assert expect(manager.get(USERS, params={"kind": "customer"}))["items"] == []
    assert expect(manager.get(f"{USERS}/{mine.id}"))["id"] == mine.id
    for hidden in (other, customer):
        expect_problem(manager.get(f"{USERS}/{hidden.id}"), 404, "not_found")


def test_one_account(super_admin, account):
    a = account("CHEF", station=STATION)
    user = expect(super_admin.get(f"{USERS}/{a.id}"))
    assert user["email"] == a.email and user["roles"] == [{"role": "CHEF", "station_id": STATION}]
    assert not {"password_hash", "mfa_secret"} & set(user)
    expect_problem(super_admin.get(f"{USERS}/{uuid.uuid4()}"), 404, "not_found")
    expect_problem(super_admin.get(f"{USERS}/nonsense"), 404, "not_found")


def test_the_entity_tag_follows_all_that_is_shown(super_admin, account):
    a = account("CHEF")
    tag = etag(super_admin, a.id)
    same = super_admin.get(f"{USERS}/{a.id}", headers={"If-None-Match": tag})
    assert same.status_code == 304
    a.login()  # last_login_at is shown, and is nobody's edit
    assert super_admin.get(f"{USERS}/{a.id}", headers={"If-None-Match": tag}).status_code == 200
    expect(super_admin.patch(f"{USERS}/{a.id}", json={"name": "B"}, if_match=tag))


# --- making ------------------------------------------------------------------------------------

def test_an_invitation_leads_to_a_sign_in(super_admin, api, mailbox, audited):
    email = new_email("Chef")
    reply = super_admin.post(USERS, json={"email": email, "name": "Chef Kim", "role": "CHEF",
                                          "station_id": STATION, "phone": "+19165550111"})
    user = expect(reply, 201)
    assert reply.headers["Location"] == f"{USERS}/{user['id']}"
    assert reply.headers["ETag"].startswith('"1.')
    assert user["roles"] == [{"role": "CHEF", "station_id": STATION}] and user["kind"] == "staff"
    assert audited("user.create", user["id"])
    token = mailbox.wait(to=email.lower(), subject="account").token()
    assert api.post("/api/v1/auth/password/reset",
                    json={"token": token, "password": PASSWORD}).status_code == 204
    tokens = expect(api.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}))
    me = expect(api.with_token(tokens["access_token"]).get("/api/v1/me"))
    assert me["email_verified"] is True and me["permissions"]["bookings.read"] == "own"


def test_the_same_key_makes_one_account(super_admin, db):
    body = {"email": new_email("key"), "name": "Key", "role": "ADMIN"}
    key = str(uuid.uuid4())
    replies = together([lambda: super_admin.post(USERS, json=body, key=key)] * 5)
    assert {r.status_code for r in replies} <= {201, 409}
    again = super_admin.post(USERS, json=body, key=key)
    assert expect(again, 201)["email"] == body["email"]
    db.execute("SELECT count(*) AS n FROM identity.users WHERE email = %s", (body["email"],))
    assert db.fetchone()["n"] == 1


def test_an_address_that_is_taken(super_admin, account):
    a = account()
    body = {"email": a.email, "name": "X", "role": "CHEF"}
    expect_problem(super_admin.post(USERS, json=body), 409, "email_taken")


@pytest.mark.parametrize("change,code,pointer", [
    ({"role": "KING"}, "invalid", "/role"), ({"email": "x"}, "invalid", "/email"),
    ({"name": ""}, "invalid", "/name"), ({"station_id": "x"}, "invalid", "/station_id"),
    ({"password": PASSWORD}, "invalid", "/password"),
    ({"role": "STATION_MANAGER"}, "role_station", None),
    ({"role": "ADMIN", "station_id": STATION}, "role_station", None)])
def test_what_is_no_account(super_admin, change, code, pointer):
    body = {"email": new_email(), "name": "X", "role": "CHEF"} | change
    expect_problem(super_admin.post(USERS, json=body), 422, code, pointer)


# --- changing ----------------------------------------------------------------------------------

def test_a_change_needs_what_was_read(super_admin, account, audited):
    a = account("CHEF")
    path = f"{USERS}/{a.id}"
    tag = etag(super_admin, a.id)
    expect_problem(super_admin.patch(path, json={"name": "B"}), 428, "precondition_required")
    changed = super_admin.patch(path, json={"name": "B", "phone": "+19165550112"}, if_match=tag)
    assert expect(changed)["name"] == "B" and changed.headers["ETag"].startswith('"2.')
    expect_problem(super_admin.patch(path, json={"name": "C"}, if_match=tag), 412,
                   "precondition_failed")
    assert audited("user.update", a.id)[0]["before"]["name"] == "Test Person"


def test_a_new_address_is_proved_anew(super_admin, account, mailbox, api):
    a = account("CHEF", email_verified_at="2026-01-01")
    email = new_email("new")
    user = expect(super_admin.patch(f"{USERS}/{a.id}", json={"email": email},
                                    if_match=etag(super_admin, a.id)))
    assert user["email"] == email.lower() and user["email_verified"] is False
    token = mailbox.wait(to=email.lower()).token()
    assert api.post("/api/v1/auth/verify-email", json={"token": token}).status_code == 204
    expect_problem(super_admin.patch(f"{USERS}/{a.id}", json={"email": account().email},
                                     if_match=etag(super_admin, a.id)), 409, "email_taken")


@pytest.mark.parametrize("body,pointer", [
    ({"role": "ADMIN"}, "/role"), ({"status": "active"}, "/status"), ({"name": ""}, "/name"),
    ({"email": None}, "/email")])
def test_what_is_no_change(super_admin, account, body, pointer):
    a = account("CHEF")
    expect_problem(super_admin.patch(f"{USERS}/{a.id}", json=body, if_match='"1"'), 422, "invalid",
                   pointer)


MOVES = [("active", "lock", "locked"), ("active", "disable", "disabled"),
         ("locked", "unlock", "active"), ("locked", "disable", "disabled"),
         ("disabled", "enable", "active"),
         ("active", "unlock", None), ("active", "enable", None), ("locked", "lock", None),
         ("disabled", "disable", None), ("disabled", "lock", None)]


@pytest.mark.parametrize("status,action,after", MOVES)
def test_status_moves(super_admin, account, audited, status, action, after):
    a = account("CHEF", status=status)
    reply = super_admin.post(f"{USERS}/{a.id}/{action}", json=WHY)
    if after:
        assert expect(reply)["status"] == after
        entry = audited(f"user.{action}", a.id)[0]
        assert entry["reason"] == WHY["reason"] and entry["before"]["status"] == status
    else:
        expect_problem(reply, 409, "state_conflict")


@pytest.mark.parametrize("action", ["lock", "disable"])
def test_who_is_switched_off_is_out(super_admin, account, action):
    a = account("CHEF")
    api = a.login()
    expect(super_admin.post(f"{USERS}/{a.id}/{action}", json=WHY))
    until_status(lambda: api.get("/api/v1/me"), 401)
    expect_problem(a.api.post("/api/v1/auth/refresh",
                              json={"refresh_token": a.tokens["refresh_token"]}), 401,
                   "refresh_invalid")
    expect_problem(a.try_login(), 403, "account_disabled")
    expect(super_admin.post(f"{USERS}/{a.id}/{'unlock' if action == 'lock' else 'enable'}"))
    expect(a.login().get("/api/v1/me"))


def test_unlocking_forgives_failed_logins(super_admin, account):
    a = account("CHEF")
    for _ in range(5):
        a.try_login("not the password")
    assert expect(super_admin.get(f"{USERS}/{a.id}"))["locked_until"]
    assert expect(super_admin.post(f"{USERS}/{a.id}/unlock", json={}))["locked_until"] is None
    expect(a.try_login())


@pytest.mark.parametrize("action", ["lock", "disable"])
@pytest.mark.parametrize("body", [{}, {"reason": "short"}, {"reason": "x" * 501}])
def test_a_reason_is_needed(super_admin, account, action, body):
    a = account("CHEF")
    expect_problem(super_admin.post(f"{USERS}/{a.id}/{action}", json=body), 422, "invalid",
                   "/reason")


def test_deleted_and_restored(super_admin, account, audited, db):
    a = account("CHEF")
    api = a.login()
    path = f"{USERS}/{a.id}"
    expect_problem(super_admin.post(f"{path}/restore"), 409, "state_conflict")
    expect_problem(super_admin.delete(path, json={"reason": "short"}), 422, "invalid", "/reason")
    assert super_admin.delete(path, json=WHY).status_code == 204
    until_status(lambda: api.get("/api/v1/me"), 401)
    user = expect(super_admin.get(path))
    assert user["status"] == "deleted" and user["delete_reason"] == WHY["reason"]
    expect_problem(super_admin.delete(path, json=WHY), 404, "not_found")
    expect_problem(super_admin.post(f"{path}/lock", json=WHY), 404, "not_found")
    expect_problem(a.try_login(), 401, "invalid_credentials")

    assert expect(super_admin.post(f"{path}/restore"))["status"] == "active"
    expect(a.try_login())
    assert audited("user.delete", a.id)[0]["reason"] == WHY["reason"]
    assert audited("user.restore", a.id)
    db.execute("SELECT type FROM bus.events WHERE subject = %s ORDER BY at, seq", (a.id,))
    assert [r["type"] for r in db.fetchall()] == ["identity.user.deleted", "identity.user.restored"]


def test_after_thirty_days_it_stays_deleted_and_is_purged(super_admin, account, run_job, db):
    a = account("CHEF", deleted_at="2026-01-01", delete_reason="for this test")
    expect_problem(super_admin.post(f"{USERS}/{a.id}/restore"), 409, "restore_expired")
    run_job("identity.purge")

    def purged():
        db.execute("SELECT 1 AS one FROM identity.users WHERE id = %s", (a.id,))
        return db.fetchone() is None
    wait_for(purged, "the purge", 20)
    db.execute("SELECT data FROM bus.events WHERE type = 'identity.user.purged' AND subject = %s",
               (a.id,))
    assert db.fetchone()["data"] == {"user_id": a.id}


def test_the_address_of_a_deleted_account_is_free(super_admin, account, api, mailbox):
    a = account()
    assert super_admin.delete(f"{USERS}/{a.id}", json=WHY).status_code == 204
    body = {"email": a.email, "password": PASSWORD, "name": "Second"}
    expect(api.post("/api/v1/auth/register", json=body), 202)
    mailbox.wait(to=a.email, subject="confirm")
    expect_problem(super_admin.post(f"{USERS}/{a.id}/restore"), 409, "email_taken")


def test_nobody_does_it_to_himself(account):
    a = account("SUPER_ADMIN")
    api = a.login()
    for action in ("lock", "disable"):
        expect_problem(api.post(f"{USERS}/{a.id}/{action}", json=WHY), 409, "state_conflict")
    expect_problem(api.delete(f"{USERS}/{a.id}", json=WHY), 409, "state_conflict")


# --- who may -----------------------------------------------------------------------------------

def test_who_can_do_more_is_out_of_reach(clerk, account):
    mighty = account("ADMIN")
    path = f"{USERS}/{mighty.id}"
    escalation = 403, "privilege_escalation"
    expect_problem(clerk.patch(path, json={"email": new_email()}, if_match='"1"'), *escalation)
    for action in ("lock", "disable"):
        expect_problem(clerk.post(f"{path}/{action}", json=WHY), *escalation)
    expect_problem(clerk.delete(path, json=WHY), *escalation)
    expect_problem(clerk.put(f"{path}/roles", json={"role": "CUSTOMER"}), *escalation)
    expect_problem(clerk.delete(f"{path}/roles", params={"role": "ADMIN"}), *escalation)
    body = {"email": new_email(), "name": "X", "role": "ADMIN"}
    expect_problem(clerk.post(USERS, json=body), *escalation)
    expect(clerk.post(USERS, json=body | {"role": "CUSTOMER"}), 201)
    expect(clerk.post(f"{USERS}/{account('CUSTOMER').id}/lock", json=WHY))


def test_roles_are_given_and_taken(super_admin, account, audited):
    a = account("CUSTOMER")
    api = a.login()
    roles = f"{USERS}/{a.id}/roles"
    expect_problem(api.get(USERS), 403, "forbidden")
    for _ in range(2):
        assert super_admin.put(roles, json={"role": "CUSTOMER_SUPPORT"}).status_code == 204
    assert len(audited("user.role_give", a.id)) == 1
    expect(a.login().get(USERS))
    able = a.login()
    assert super_admin.delete(roles, params={"role": "CUSTOMER_SUPPORT"}).status_code == 204
    unable = a.login()
    until_status(lambda: able.get(USERS), 401)
    expect_problem(unable.get(USERS), 403, "forbidden")  # in the same second, but of after
    expect_problem(super_admin.delete(roles, params={"role": "CUSTOMER_SUPPORT"}), 404, "not_found")
    assert audited("user.role_take", a.id)[0]["before"] == {"role": "CUSTOMER_SUPPORT",
                                                            "station_id": None}


def test_roles_and_stations_fit(super_admin, account):
    a = account("CHEF")
    roles = f"{USERS}/{a.id}/roles"
    expect_problem(super_admin.put(roles, json={"role": "STATION_MANAGER"}), 422, "role_station")
    expect_problem(super_admin.put(roles, json={"role": "ADMIN", "station_id": STATION}), 422,
                   "role_station")
    for _ in range(8):
        body = {"role": "STATION_MANAGER", "station_id": str(uuid.uuid4())}
        assert super_admin.put(roles, json=body).status_code == 204
    body["station_id"] = str(uuid.uuid4())
    expect_problem(super_admin.put(roles, json=body), 422, "role_station")


@pytest.mark.parametrize("body,pointer", [({}, "/role"), ({"role": "KING"}, "/role"),
                                          ({"role": "CHEF", "station_id": "x"}, "/station_id")])
def test_what_is_no_role(super_admin, account, body, pointer):
    path = f"{USERS}/{account('CHEF').id}/roles"
    expect_problem(super_admin.put(path, json=body), 422, "invalid", pointer)
    expect_problem(super_admin.delete(path), 422, "invalid", "role")


def test_a_super_administrator_remains(account, db):
    """All but one are switched off for a moment, on the quiet."""
    last = account("SUPER_ADMIN")
    api = last.login()
    db.execute("BEGIN")
    db.execute("UPDATE identity.users u SET status = 'disabled' FROM identity.user_roles r"
               " WHERE r.user_id = u.id AND r.role = 'SUPER_ADMIN' AND u.status = 'active'"
               "   AND u.id <> %s RETURNING u.id", (last.id,))
    others = [r["id"] for r in db.fetchall()]
    db.execute("COMMIT")
    try:
        path = f"{USERS}/{last.id}/roles"
        expect_problem(api.delete(path, params={"role": "SUPER_ADMIN"}), 409, "last_super_admin")
        second = account("SUPER_ADMIN")
        assert api.delete(path, params={"role": "SUPER_ADMIN"}).status_code == 204
        assert second
    finally:
        db.execute("UPDATE identity.users SET status = 'active' WHERE id::text = ANY (%s)",
                   ([str(i) for i in others],))


def test_two_who_remove_each_other_at_once(account, db):
    one, two = account("SUPER_ADMIN"), account("SUPER_ADMIN")
    a, b = one.login(), two.login()
    db.execute("UPDATE identity.users u SET status = 'disabled' FROM identity.user_roles r"
               " WHERE r.user_id = u.id AND r.role = 'SUPER_ADMIN' AND u.status = 'active'"
               "   AND u.id::text <> ALL (%s) RETURNING u.id", ([one.id, two.id],))
    others = [r["id"] for r in db.fetchall()]
    try:
        replies = together([lambda: a.post(f"{USERS}/{two.id}/disable", json=WHY),
                            lambda: b.post(f"{USERS}/{one.id}/disable", json=WHY)])
        assert sorted(r.status_code for r in replies)[0] == 200
        db.execute("SELECT count(*) AS n FROM identity.users WHERE id::text = ANY (%s)"
                   " AND status = 'active'", ([one.id, two.id],))
        assert db.fetchone()["n"] == 1
    finally:
        db.execute("UPDATE identity.users SET status = 'active' WHERE id::text = ANY (%s)",
                   ([str(i) for i in others],))


@pytest.mark.parametrize("role", ["CUSTOMER", "CHEF", "CUSTOMER_SUPPORT", "ADMIN"])
def test_who_may_not_change_accounts(login, account, role):
    api = login(role)
    path = f"{USERS}/{account().id}"
    for reply in (api.post(USERS, json={"email": new_email(), "name": "X", "role": "CHEF"}),
                  api.patch(path, json={"name": "X"}, if_match='"1"'),
                  api.post(f"{path}/lock", json=WHY), api.post(f"{path}/unlock"),
                  api.post(f"{path}/disable", json=WHY), api.post(f"{path}/enable"),
                  api.delete(path, json=WHY), api.post(f"{path}/restore"),
                  api.put(f"{path}/roles", json={"role": "CHEF"}),
                  api.delete(f"{path}/roles", params={"role": "CUSTOMER"})):
        expect_problem(reply, 403, "forbidden")
