"""No statement reads more than it needs: each is planned and run among a million rows.

Two looks. At the generic plan of each statement, in which a big table must not be read from end to
end. And at what sample calls really read, functions that they call included: an index that serves
only in part is no sequential scan and just as slow.
"""
import functools
import pathlib
import sys

import psycopg2
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

from database import Database, Session, statements  # noqa: E402
from lib.stack import Stack  # noqa: E402
from samples import CALLS  # noqa: E402

MOST = 5000  # rows that one node may read

# (statement, table, what its parameters hold): why its generic plan may have a sequential scan, or a call
# read more.
MAY = {
    ("booking_list_newest", "bookings", '"from"'): "of some days by age: all of these days are put in order",
    ("task_status", "jobs", ""): "counts what waits, for an operator; what is done is deleted",
    ("cleanup", "one_time_tokens", ""): "an hourly job, ten thousand at a time",
    ("cleanup", "refresh_tokens", ""): "an hourly job, ten thousand at a time",
    ("cleanup", "login_history", ""): "an hourly job; its index gives ranges of pages, not rows",
    ("customer_list", "customers", ""): "count=true counts them",
    ("reseal_queue", "booking_notes", ""): "counts what waits, for who changes the keys",
    ("rate_limit_status", "rate_counts", "1440"): "of a whole day it adds up the minutes, for an operator",
}


@functools.lru_cache
def of_service(service):
    return statements(pathlib.Path(Stack().env["BIN_DIR"]) / service)


@pytest.fixture(scope="module")
def database():
    return Database(Stack())


@pytest.fixture(scope="module", params=CALLS)
def service(request):
    return request.param


@pytest.fixture
def session(database, service):
    one = Session(database, service, of_service(service))
    yield one
    one.close()


def may(name, table, params=()):
    return any((name, table) == row[:2] and row[2] in str(params) for row in MAY)


def sequential(session, name):
    """What the generic plan of a statement reads from end to end."""
    with session.undone():
        plan = session.generic_plan(name)
    return [f"{name}: {how} on {table}" for table, how, _ in session.reads(plan)
            if how == "Seq Scan" and not may(name, table)]


def too_many(session, name, params, plans):
    """What reads too much in the plans of a call."""
    return [f"{name}{params[1:]}: {how} reads {rows} rows of {table} in {query.strip().partition(chr(10))[0]}"
            for query, plan in plans for table, how, rows in session.reads(plan)
            if rows > MOST and not may(name, table, params)]


def test_every_statement_has_a_sample(service):
    assert set(of_service(service)) == set(CALLS[service]), "give each statement a sample call"


def test_every_statement_has_a_good_generic_plan(session, service):
    found = [line for name in of_service(service) for line in sequential(session, name)]
    assert not found, "\n".join(found)


def test_every_call_reads_what_it_needs(session, service):
    found = []
    for name, calls in CALLS[service].items():
        most = 0
        for params in calls:
            try:
                with session.undone():
                    rows, plans = session.call(name, params)
            except psycopg2.Error as e:
                found.append(f"{name}{params} fails: {e}")
                continue
            most = max(most, rows)
            found += too_many(session, name, params, plans)
        if most == 0:
            found.append(f"{name}: no sample call finds anything, so none says what it reads")
    assert not found, "\n".join(found)


# --- do the tests above notice? ----------------------------------------------------------------

@pytest.mark.parametrize("service, name, index", [
    ("booking", "booking_note_list", "booking.booking_notes_booking"),
    ("identity", "login_history", "identity.login_history_user"),
], indirect=["service"])
def test_a_sequential_scan_is_noticed(session, name, index):
    assert not sequential(session, name)
    with session.undone(f"DROP INDEX {index}"):
        plan = session.generic_plan(name)
        assert [how for _, how, _ in session.reads(plan) if how == "Seq Scan"]


@pytest.mark.parametrize("service, name, index", [
    ("booking", "booking_list", "booking.bookings_state_start"),  # in a function
    ("booking", "booking_list", "booking.resource_spans_assistant"),
    ("booking", "waitlist_list", "booking.waitlist_station_day"),
    ("booking", "bus_consume", "booking.bookings_customer_start"),  # in a function by name
], indirect=["service"])
def test_an_index_that_is_missing_is_noticed(session, name, index):
    with session.undone(f"DROP INDEX {index}"):
        assert any(too_many(session, name, params, session.call(name, params)[1])
                   for params in CALLS[session.service][name])
