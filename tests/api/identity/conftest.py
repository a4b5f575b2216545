"""Accounts for the tests of identity. Most are written into the database with the hash of one
password, since hashing is slow on purpose."""
import uuid

import psycopg2
import pytest

from lib.client import expect
from people import PASSWORD, Account, new_email


@pytest.fixture(scope="session")
def password_hash(api, running):
    """The service's own hash of PASSWORD."""
    email = new_email("hash")
    expect(api.post("/api/v1/auth/register",
                    json={"email": email, "password": PASSWORD, "name": "Hash"}), 202)
    with psycopg2.connect(running.env["DATABASE_URL"]) as c, c.cursor() as cursor:
        cursor.execute("SELECT password_hash FROM identity.users WHERE email = %s", (email,))
        return cursor.fetchone()[0]


@pytest.fixture
def account(api, db, password_hash):
    """account("CHEF", station=STATION, status="locked"): a new account with PASSWORD."""
    def make(role="CUSTOMER", station=None, **columns):
        values = {"id": str(uuid.uuid4()), "email": new_email(role.lower()), "name": "Test Person",
                  "kind": "customer" if role == "CUSTOMER" else "staff",
                  "password_hash": password_hash, "email_verified_at": "2026-01-01"} | columns
        names = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        db.execute(f"INSERT INTO identity.users ({names}, created_at, updated_at)"
                   f" VALUES ({marks}, now(), now())", tuple(values.values()))
        if role:
            db.execute("INSERT INTO identity.user_roles (user_id, role, station_id, granted_at)"
                       " VALUES (%s, %s, %s, now())", (values["id"], role, station))
        return Account(api, values["id"], values["email"])
    return make


@pytest.fixture
def super_admin(account):
    """A super administrator of the test's own: what it does to itself troubles nobody."""
    return account("SUPER_ADMIN").login()


@pytest.fixture
def row(db):
    """row("users", id=...): the one row of a table of identity."""
    def find(table, **where):
        db.execute(f"SELECT * FROM identity.{table} WHERE "
                   + " AND ".join(f"{column} = %s" for column in where), tuple(where.values()))
        rows = db.fetchall()
        assert len(rows) == 1, rows
        return rows[0]
    return find


@pytest.fixture
def audited(db):
    """audited("user.lock", entity_id): the entries of the audit log, newest first."""
    def find(action, entity_id):
        db.execute("SELECT * FROM bus.audit_log WHERE action = %s AND entity_id = %s"
                   " ORDER BY at DESC, id DESC", (action, str(entity_id)))
        return db.fetchall()
    return find


@pytest.fixture
def run_job(db):
    """run_job("identity.purge"): now, and not when it is due."""
    def queue(kind):
        db.execute("SELECT bus.job(jsonb_build_object('now', now()), %s, '{}')", (kind,))
    return queue


@pytest.fixture
def clerk(account, db):
    """May manage accounts and roles, and little else."""
    db.execute("INSERT INTO identity.roles VALUES ('CLERK', 'Clerk', 40, 'never')"
               " ON CONFLICT DO NOTHING")
    db.execute("INSERT INTO identity.role_permissions VALUES ('CLERK', 'users.read', 'all'),"
               " ('CLERK', 'users.write', 'all'), ('CLERK', 'roles.write', 'all'),"
               " ('CLERK', 'roles.read', 'all'), ('CLERK', 'customers.read', 'all'),"
               " ('CLERK', 'customers.write', 'all'), ('CLERK', 'bookings.read', 'all'),"
               " ('CLERK', 'bookings.write', 'all') ON CONFLICT DO NOTHING")
    yield account("CLERK").login()
    db.execute("DELETE FROM identity.users WHERE id IN (SELECT user_id FROM identity.user_roles"
               " WHERE role = 'CLERK')")
    db.execute("DELETE FROM identity.role_permissions WHERE role = 'CLERK'")
    db.execute("DELETE FROM identity.roles WHERE name = 'CLERK'")
