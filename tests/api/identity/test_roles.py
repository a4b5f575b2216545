"""Roles and permissions as data, and what may not be changed about them."""
import pathlib
import re

import pytest

from lib.client import expect, expect_problem, together
from people import OTHER_STATION, STATION

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROLES = ["SUPER_ADMIN", "ADMIN", "CUSTOMER_SUPPORT", "STATION_MANAGER", "CHEF", "CUSTOMER"]


def permissions_of_the_programs():
    text = (ROOT / "proto/permissions.def").read_text()
    return re.findall(r'^PERM\(\w+,\s*"([^"]+)"', text, re.MULTILINE)


def test_database_and_programs_know_the_same_permissions(db):
    db.execute("SELECT name FROM identity.permissions")
    assert {r["name"] for r in db.fetchall()} == set(permissions_of_the_programs())


def test_the_super_administrator_may_do_everything(db):
    db.execute("SELECT permission FROM identity.role_permissions WHERE role = 'SUPER_ADMIN'"
               " AND scope = 'all'")
    assert {r["permission"] for r in db.fetchall()} == set(permissions_of_the_programs())


def test_permissions_are_listed_with_words(login):
    items = expect(login("ADMIN").get("/api/v1/permissions"))["items"]
    assert [i["name"] for i in items] == permissions_of_the_programs()
    assert all(i["description"] for i in items)


def test_roles_are_listed_mightiest_first(login):
    items = expect(login("ADMIN").get("/api/v1/roles"))["items"]
    assert [i["name"] for i in items if i["name"] in ROLES] == ROLES
    chef = next(i for i in items if i["name"] == "CHEF")
    assert chef["station"] == "may" and set(chef["permissions"].values()) == {"own"}


def test_one_role(login):
    api = login("ADMIN")
    role = expect(api.get("/api/v1/roles/STATION_MANAGER/permissions"))
    assert role["role"] == "STATION_MANAGER" and role["permissions"]["users.read"] == "station"
    expect_problem(api.get("/api/v1/roles/KING/permissions"), 404, "not_found")


def say(api, path, body):
    """PUT, of the version that there is."""
    return api.put(path, json=body, if_match=api.get(path).headers.get("ETag", '"1"'))


@pytest.fixture
def chef_role(super_admin):
    path = "/api/v1/roles/CHEF/permissions"
    before = expect(super_admin.get(path))["permissions"]
    yield path
    expect(say(super_admin, path, body_of(before)))


def body_of(permissions):
    return {"permissions": [{"permission": p, "scope": s} for p, s in permissions.items()]}


def test_a_role_is_said_anew(super_admin, chef_role, account, audited):
    chef = account("CHEF", station=STATION)
    fresh = {"bookings.read": "own", "stats.read": "own"}
    assert expect(say(super_admin, chef_role, body_of(fresh)))["permissions"] == fresh
    assert expect(super_admin.get(chef_role))["permissions"] == fresh
    assert expect(chef.login().get("/api/v1/me"))["permissions"] == fresh
    entry = audited("role.set", "CHEF")[0]
    assert entry["after"] == fresh and "calendar.read" in entry["before"]


def test_the_later_of_two_who_edit_is_told(super_admin, chef_role):
    seen = super_admin.get(chef_role).headers["ETag"]
    expect_problem(super_admin.put(chef_role, json=body_of({})), 428, "precondition_required")
    replies = together([lambda n=n: super_admin.put(chef_role, json=body_of({n: "own"}), if_match=seen)
                        for n in ("bookings.read", "notes.read", "calendar.read", "chefs.read")])
    assert sorted(r.status_code for r in replies) == [200, 412, 412, 412]
    [done] = [r for r in replies if r.status_code == 200]
    now = super_admin.get(chef_role)
    assert expect(now) == expect(done) and now.headers["ETag"] == done.headers["ETag"] != seen


def test_a_role_can_be_left_with_nothing(super_admin, chef_role):
    assert expect(say(super_admin, chef_role, body_of({})))["permissions"] == {}


@pytest.mark.parametrize("permissions,pointer", [
    ([{"permission": "teleport", "scope": "own"}], "/permissions/0/permission"),
    ([{"permission": "notes.read", "scope": "own"}, {"permission": "notes.read", "scope": "all"}],
     "/permissions/1/permission"),
    ([{"permission": "notes.read", "scope": "some"}], "/permissions/0/scope"),
    ([{"permission": "notes.read"}], "/permissions/0/scope"),
    (["notes.read"], "/permissions/0"), ("notes.read", "/permissions")])
def test_what_are_no_permissions(super_admin, permissions, pointer):
    expect_problem(say(super_admin, "/api/v1/roles/CHEF/permissions", {"permissions": permissions}), 422, "invalid", pointer)


def test_the_super_administrator_cannot_be_reduced(super_admin):
    path = "/api/v1/roles/SUPER_ADMIN/permissions"
    expect_problem(say(super_admin, path, body_of({"notes.read": "own"})), 403,
                   "privilege_escalation")
    assert "users.write" in expect(super_admin.get(path))["permissions"]


def test_nobody_allows_what_he_may_not_do(clerk, super_admin):
    path = "/api/v1/roles/CUSTOMER/permissions"
    before = expect(clerk.get(path))["permissions"]
    for wish in ({"audit.read": "own"}, {"bookings.assign": "station"}):
        expect_problem(say(clerk, path, body_of(before | wish)), 403, "privilege_escalation")
    try:
        less = {"bookings.read": "own"}
        assert expect(say(clerk, path, body_of(less)))["permissions"] == less
    finally:
        expect(say(super_admin, path, body_of(before)))


def test_nobody_takes_from_who_can_do_more(clerk):
    expect_problem(say(clerk, "/api/v1/roles/ADMIN/permissions", body_of({})), 403,
                   "privilege_escalation")


def test_a_station_manager_changes_no_role(account, db, chef_role):
    """Not even one who may give roles at his station: what a role is, is the same everywhere."""
    db.execute("INSERT INTO identity.role_permissions VALUES ('STATION_MANAGER', 'roles.write',"
               " 'station')")
    try:
        manager = account("STATION_MANAGER", station=STATION).login()
        expect_problem(say(manager, chef_role, body_of({"bookings.read": "own"})), 403,
                       "privilege_escalation")
        chef = account("CUSTOMER")
        mine, other = {"role": "CHEF", "station_id": STATION}, {"role": "CHEF",
                                                                "station_id": OTHER_STATION}
        roles = f"/api/v1/users/{chef.id}/roles"
        expect_problem(manager.put(roles, json=mine), 404, "not_found")  # not of his station
        staff = account("CHEF", station=STATION)
        roles = f"/api/v1/users/{staff.id}/roles"
        expect_problem(manager.put(roles, json=other), 403, "privilege_escalation")
        assert manager.delete(roles, params=mine).status_code == 204
    finally:
        db.execute("DELETE FROM identity.role_permissions WHERE role = 'STATION_MANAGER'"
                   " AND permission = 'roles.write'")


def test_an_unknown_role(super_admin):
    expect_problem(say(super_admin, "/api/v1/roles/KING/permissions", body_of({})), 404,
                   "not_found")


@pytest.mark.parametrize("role", ["ADMIN", "CUSTOMER_SUPPORT", "CHEF", "CUSTOMER"])
def test_who_may_not_change_roles(login, role):
    expect_problem(say(login(role), "/api/v1/roles/CHEF/permissions", body_of({})), 403,
                   "forbidden")


@pytest.mark.parametrize("path", ["/api/v1/roles", "/api/v1/permissions",
                                  "/api/v1/roles/CHEF/permissions"])
def test_who_may_not_see_roles(login, path):
    expect_problem(login("CUSTOMER").get(path), 403, "forbidden")
