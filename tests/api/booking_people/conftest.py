"""Callers for the tests of chefs and customers. The demo data gives the customer's and the chef's account
their rows, and the manager and the chef their station."""
import psycopg2
import pytest


@pytest.fixture
def admin(login):
    return login("ADMIN")


@pytest.fixture
def support(login):
    return login("CUSTOMER_SUPPORT")


@pytest.fixture
def manager(login):
    return login("STATION_MANAGER")


@pytest.fixture
def chef(login):
    return login("CHEF")


@pytest.fixture
def customer(login):
    return login("CUSTOMER")


@pytest.fixture
def told(db):
    """told("customer.created", id): the audit entries of a change and the data of its events."""
    def find(action, entity_id, event=None):
        db.execute("SELECT * FROM bus.audit_log WHERE action = %s AND entity_id = %s ORDER BY at, id",
                   (action, entity_id))
        audited = db.fetchall()
        db.execute("SELECT data FROM bus.events WHERE type = %s AND subject = %s ORDER BY at, id",
                   (event or action, f"{action.partition('.')[0]}/{entity_id}"))
        return audited, [row["data"] for row in db.fetchall()]
    return find


@pytest.fixture(scope="session", autouse=True)
def tidy(running):
    """What other tests count on: the demo chef's week as the demo data has it."""
    yield
    with psycopg2.connect(running.env["DATABASE_URL"]) as c, c.cursor() as db:
        db.execute("DELETE FROM booking.chef_exceptions WHERE chef_id IN"
                   " (SELECT id FROM booking.chefs WHERE user_id IS NOT NULL)")
