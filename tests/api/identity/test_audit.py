"""The audit log: found by who, what and when; exported for spreadsheets; never changed."""
import csv
import io
import socket
import uuid

import psycopg2
import pytest

from lib.client import expect, expect_problem
from lib.raw import Connection

AUDIT = "/api/v1/audit"
WHY = "a reason for this test"


@pytest.fixture
def story(account, audited):
    """What an administrator did to another account: locked it, unlocked it, locked it."""
    boss, victim = account("SUPER_ADMIN"), account("CHEF", name="=1+1")
    api = boss.login()
    for action in ("lock", "unlock", "lock"):
        expect(api.post(f"/api/v1/users/{victim.id}/{action}", json={"reason": WHY}))
    boss.signed_in, boss.victim = api, victim
    return boss


def entries(api, **query):
    return expect(api.get(AUDIT, params=query))["items"]


def test_who_did_what_to_whom_when_and_why(story):
    found = entries(story.signed_in, entity="user", entity_id=story.victim.id)
    assert [e["action"] for e in found] == ["user.lock", "user.unlock", "user.lock"]
    newest = found[0]
    assert newest["actor"] == story.id and newest["role"] == "SUPER_ADMIN"
    assert newest["reason"] == WHY and newest["service"] == "identity"
    assert newest["before"]["status"] == "active" and newest["after"]["status"] == "locked"
    assert newest["ip"] and newest["request_id"] and newest["at"]


def test_filters(story):
    api = story.signed_in
    assert {e["action"] for e in entries(api, actor=story.id)} == {"user.lock", "user.unlock",
                                                                  "session.start"}
    unlock = entries(api, actor=story.id, action="user.unlock")
    assert len(unlock) == 1
    assert entries(api, entity="user", entity_id=story.victim.id, action="user.unlock") == unlock
    assert entries(api, entity="user", entity_id=story.victim.id, actor=str(uuid.uuid4())) == []
    at = unlock[0]["at"]
    later = entries(api, entity="user", entity_id=story.victim.id, **{"from": at})
    assert [e["action"] for e in later] == ["user.lock", "user.unlock"]
    earlier = entries(api, entity="user", entity_id=story.victim.id, to=at)
    assert [e["action"] for e in earlier] == ["user.lock"]
    assert entries(api, action="user.unlock", **{"from": at, "limit": 1})


def test_a_large_export_is_whole_when_the_connection_ends_with_it(story, running, db):
    """To nginx, which is quick, and to one who takes it in small bites."""
    actor = str(uuid.uuid4())
    db.execute("INSERT INTO bus.audit_log (at, service, actor, action, entity, after) SELECT now(), 'identity', %s,"
               " 'x.y', 'x', to_jsonb(repeat('z', 500) || i) FROM generate_series(1, 5000) i", (actor,))
    path = f"{AUDIT}/export?actor={actor}"
    expected = story.signed_in.get(path, headers={"Connection": "close"}, record=False).text
    assert len(expected) > 2_500_000 and len(list(csv.reader(io.StringIO(expected)))) == 5001
    with Connection(running.url("identity"), timeout_s=20) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        connection.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        f"Authorization: Bearer {story.signed_in.token}\r\n\r\n".encode())
        got = b"".join(iter(lambda: connection.socket.recv(4096), b""))
    assert got.partition(b"\r\n\r\n")[2].decode() == expected


def test_pages(story):
    query = {"entity": "user", "entity_id": story.victim.id, "limit": 2}
    first = expect(story.signed_in.get(AUDIT, params=query))
    second = expect(story.signed_in.get(AUDIT, params=query | {"cursor": first["next_cursor"]}))
    assert len(first["items"]) == 2 and len(second["items"]) == 1
    assert second["next_cursor"] is None
    for by in ({"actor": story.id}, {}):
        page = expect(story.signed_in.get(AUDIT, params=by | {"limit": 1}))
        rest = expect(story.signed_in.get(AUDIT, params=by | {"limit": 1,
                                                              "cursor": page["next_cursor"]}))
        assert page["items"][0]["id"] != rest["items"][0]["id"]


def test_the_export_is_safe_to_open(story):
    reply = story.signed_in.get(f"{AUDIT}/export", params={"entity": "user",
                                                           "entity_id": story.victim.id})
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert [r["action"] for r in rows] == ["user.lock", "user.unlock", "user.lock"]
    assert rows[0]["reason"] == WHY and '"status": "locked"' in rows[0]["after"]


def test_a_formula_is_only_text(super_admin, account):
    a = account("CHEF")
    expect(super_admin.post(f"/api/v1/users/{a.id}/lock", json={"reason": "=cmd|' /C calc'!A0"}))
    text = super_admin.get(f"{AUDIT}/export", params={"entity": "user", "entity_id": a.id}).text
    assert "\"'=cmd|' /C calc'!A0\"" in text


@pytest.mark.parametrize("path", [AUDIT, f"{AUDIT}/export"])
@pytest.mark.parametrize("query,pointer", [
    ({"actor": "x"}, "actor"), ({"entity": "User!"}, "entity"), ({"entity_id": "x"}, "entity_id"),
    ({"from": "yesterday"}, "from"), ({"to": "2026-01-01"}, "to"), ({"who": "me"}, "who")])
def test_what_is_no_question(super_admin, path, query, pointer):
    expect_problem(super_admin.get(path, params=query), 422, "invalid", pointer)


@pytest.mark.parametrize("role", ["CUSTOMER", "CHEF", "STATION_MANAGER", "CUSTOMER_SUPPORT"])
def test_who_may_not_look(login, role):
    for path in (AUDIT, f"{AUDIT}/export"):
        expect_problem(login(role).get(path), 403, "forbidden")


def test_own_scope_is_own_entries(account, db, story):
    db.execute("INSERT INTO identity.role_permissions VALUES ('CHEF', 'audit.read', 'own')")
    try:
        chef = account("CHEF")
        api = chef.login()
        assert {e["actor"] for e in entries(api)} == {chef.id}
        assert entries(api, actor=story.id) == []
        assert entries(api, entity="user", entity_id=story.victim.id) == []
    finally:
        db.execute("DELETE FROM identity.role_permissions WHERE role = 'CHEF'"
                   " AND permission = 'audit.read'")


def test_nothing_in_it_is_changed_not_even_by_its_owner(db, story):
    for statement in ("UPDATE bus.audit_log SET reason = 'none' WHERE actor = %s",
                      "DELETE FROM bus.audit_log WHERE actor = %s"):
        with pytest.raises(psycopg2.Error, match="append-only"):
            db.execute(statement, (story.id,))
