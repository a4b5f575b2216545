"""Feature flags at run time, and the public keys."""
import pathlib
import re

import pytest

from lib.client import expect, expect_problem
from people import PASSWORD, new_email, until_status

ROOT = pathlib.Path(__file__).resolve().parents[3]
FEATURES = "/api/v1/features"
WHY = {"reason": "a reason for this test"}


@pytest.fixture
def auth_flag(super_admin):
    path = f"{FEATURES}/FEATURE_AUTH"
    yield path
    expect(super_admin.delete(path))


def of(api, name):
    return next(f for f in expect(api.get(FEATURES))["items"] if f["name"] == name)


def test_all_flags_are_listed(login):
    items = expect(login("ADMIN").get(FEATURES))["items"]
    names = re.findall(r'"(FEATURE_\w+)"', (ROOT / "proto/features.def").read_text())
    assert {i["name"] for i in items} == set(names) - {"FEATURE_NAME"}
    assert all(i["description"] for i in items)
    assert of(login("ADMIN"), "FEATURE_CORE_API")["source"] == "default"


def test_a_feature_is_switched_off_and_on(super_admin, auth_flag, api, audited):
    def sign_up():
        return api.post("/api/v1/auth/register",
                        json={"email": new_email(), "password": PASSWORD, "name": "X"})
    off = expect(super_admin.put(auth_flag, json={"enabled": False} | WHY))
    assert off["enabled"] is False and off["source"] == "override" and off["changed_at"]
    assert off["reason"] == WHY["reason"] and off["changed_by"]
    expect_problem(until_status(sign_up, 404), 404, "feature_disabled")
    assert of(super_admin, "FEATURE_AUTH")["enabled"] is False

    assert expect(super_admin.put(auth_flag, json={"enabled": True} | WHY))["enabled"] is True
    until_status(sign_up, 202)
    cleared = expect(super_admin.delete(auth_flag))
    assert cleared["source"] == "default" and cleared["reason"] is None
    entries = audited("feature.set", "FEATURE_AUTH")
    assert entries[0]["after"] is None and entries[1]["after"] == {"enabled": True}
    assert entries[1]["reason"] == WHY["reason"]


def test_the_environment_is_a_source(limits, super_admin):
    there = limits("identity", FEATURES_OFF="FEATURE_RBAC,FEATURE_SOFT_DELETE")
    api = there.with_token(super_admin.token)
    assert of(api, "FEATURE_RBAC")["source"] == "environment"
    assert of(api, "FEATURE_RBAC")["enabled"] is False


@pytest.mark.parametrize("body,pointer", [
    ({}, "/enabled"), ({"enabled": True}, "/reason"), ({"enabled": "yes"} | WHY, "/enabled"),
    ({"enabled": True, "reason": "short"}, "/reason"), ({"enabled": True, "x": 1} | WHY, "/x")])
def test_what_is_no_switch(super_admin, body, pointer):
    expect_problem(super_admin.put(f"{FEATURES}/FEATURE_AUTH", json=body), 422, "invalid", pointer)


def test_an_unknown_feature(super_admin):
    expect_problem(super_admin.put(f"{FEATURES}/FEATURE_NONE", json={"enabled": True} | WHY), 404,
                   "not_found")
    expect_problem(super_admin.delete(f"{FEATURES}/FEATURE_NONE"), 404, "not_found")


@pytest.mark.parametrize("role", ["CUSTOMER", "CHEF", "CUSTOMER_SUPPORT"])
def test_who_may_not(login, role):
    api = login(role)
    for reply in (api.get(FEATURES), api.delete(f"{FEATURES}/FEATURE_AUTH"),
                  api.put(f"{FEATURES}/FEATURE_AUTH", json={"enabled": True} | WHY)):
        expect_problem(reply, 403, "forbidden")


def test_public_keys_are_public(api):
    reply = api.get("/.well-known/jwks.json")
    keys = expect(reply)["keys"]
    assert reply.headers["Cache-Control"] == "public, max-age=300"
    assert keys and all(k["kty"] == "OKP" and k["crv"] == "Ed25519" and "d" not in k for k in keys)
