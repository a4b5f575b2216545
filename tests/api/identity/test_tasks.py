"""Jobs and parked events, as an operator sees them: listed, looked at without people's data, run once more,
taken away."""
import json
import uuid

import pytest

from lib.client import expect, expect_problem, together
from lib.stack import wait_for

TASKS, EVENTS = "/api/v1/admin/tasks", "/api/v1/admin/events"
WHY = {"reason": "a reason for this test"}
FAR = "now() + interval '30 days'"


@pytest.fixture
def job(db):
    """job("identity.cleanup", state="parked"): a new job; of no kind that anybody runs when not told."""
    made = []

    def make(kind="identity.of_a_test", state="parked", payload=None, due="now()", **columns):
        values = {"kind": kind, "state": state, "payload": json.dumps(payload or {}), "attempts": 10} | columns
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        db.execute(f"INSERT INTO bus.jobs ({names}, due_at, created_at) VALUES ({marks}, {due}, now()) RETURNING id",
                   tuple(values.values()))
        made.append(db.fetchone()["id"])
        return made[-1]

    yield make
    db.execute("DELETE FROM bus.jobs WHERE id = ANY (%s)", (made,))


def retry(api, id_, body=None):
    return api.post(f"{TASKS}/{id_}/retry", json=body)


def cancel(api, id_, body=WHY):
    return api.post(f"{TASKS}/{id_}/cancel", json=body)


# --- what there is

def test_pages_by_state(login, job):
    """The newest first; others' jobs are between and behind them."""
    api = login("ADMIN")
    parked = [job(last_error="told jo@example.com at 408 555 0123: 550 no") for _ in range(3)]
    queued, running = job(state="queued", due=FAR), job(state="running", due=FAR)
    mine = {*parked, queued, running}

    def ids(**query):
        items = expect(api.get(TASKS, params={"limit": 100} | query))["items"]
        assert {t["state"] for t in items} <= {query.get("state", t["state"]) for t in items}
        return [t["id"] for t in items if t["id"] in mine]
    assert ids() == [running, queued, *reversed(parked)]
    assert ids(state="parked") == [*reversed(parked)]
    assert (ids(state="queued"), ids(state="running")) == ([queued], [running])
    first = expect(api.get(TASKS, params={"state": "parked", "limit": 2}))
    second = expect(api.get(TASKS, params={"state": "parked", "limit": 2, "cursor": first["next_cursor"]}))
    assert [t["id"] for t in first["items"] + second["items"]][:3] == [*reversed(parked)]
    assert first["items"][0]["last_error"] == "told ***@example.com at ***: 550 no"
    assert first["items"][0]["attempts"] == 10
    expect_problem(api.get(TASKS, params={"state": "done"}), 422, "invalid", "state")


def test_one_is_shown_without_peoples_data(login, job):
    user = str(uuid.uuid4())
    id_ = job(payload={
        "template": "verify", "user": user, "about": "Jo Li", "name": "jo", "kind": "identity.mail",
        "contact": {"email": "jo@example.com", "phone": "+14085550123", "number": 4085550123},
        "token": "e1.k1.AAAA", "days": 7, "sure": True, "none": None, "at": "2026-03-01T09:00:00+00:00",
        "list": ["secret", user, 3]})
    task = expect(login("ADMIN").get(f"{TASKS}/{id_}"))
    assert task["payload"] == {
        "template": "verify", "user": user, "about": "***", "name": "***", "kind": "identity.mail",
        "contact": {"email": "***", "phone": "***", "number": "***"},
        "token": "***", "days": 7, "sure": True, "none": None, "at": "2026-03-01T09:00:00+00:00",
        "list": ["***", user, 3]}
    assert (task["id"], task["state"], task["worker"]) == (id_, "parked", None)


def test_the_status_counts_what_waits(login, job):
    kind = f"identity.x{uuid.uuid4().hex}"
    for _ in range(3):
        job(kind)
    job(kind, "queued", due=FAR)
    status = expect(login("ADMIN").get(f"{TASKS}/status"))
    assert {q["state"]: q["n"] for q in status["jobs"] if q["kind"] == kind} == {"parked": 3, "queued": 1}
    assert any(c["name"].startswith("booking.") and c["behind"] >= 0 for c in status["consumers"])


# --- once more

def test_a_dead_one_runs_once_more(super_admin, job, audited, db):
    """As if it were new, at once; by whichever service it belongs to."""
    for kind in ("identity.cleanup", "booking.hold_expire"):
        payload = {"hold_id": str(uuid.uuid4())} if kind.startswith("booking") else {}
        id_ = job(kind, payload=payload, last_error="no")
        task = expect(retry(super_admin, id_, WHY))
        assert (task["id"], task["state"], task["attempts"]) == (id_, "queued", 0)

        def done(id_=id_):
            db.execute("SELECT FROM bus.jobs WHERE id = %s", (id_,))
            return db.rowcount == 0
        wait_for(done, f"{kind} to run")
        [entry] = audited("job.retry", id_)
        assert entry["before"] == {"kind": kind, "attempts": 10} and entry["reason"] == WHY["reason"]
        expect_problem(retry(super_admin, id_), 404, "not_found")  # it has just succeeded
        expect_problem(cancel(super_admin, id_), 404, "not_found")


def test_many_retry_it_at_once(super_admin, job, audited):
    id_ = job()
    replies = together([lambda: retry(super_admin, id_)] * 12)
    assert sorted(r.status_code for r in replies) == [200] + [409] * 11
    assert {r.json()["code"] for r in replies if r.status_code == 409} == {"state_conflict"}
    assert len(audited("job.retry", id_)) == 1


def test_one_retries_and_one_takes_it_away(super_admin, job, audited):
    """Both may be told that it was done; what is left fits the order of the audit log."""
    for _ in range(10):
        id_ = job()
        replies = together([lambda: retry(super_admin, id_), lambda: cancel(super_admin, id_)])
        assert (replies[0].status_code, replies[1].status_code) in {(200, 200), (404, 200)}
        assert super_admin.get(f"{TASKS}/{id_}").status_code == 404
        assert len(audited("job.retry", id_)) == (replies[0].status_code == 200)
        assert len(audited("job.cancel", id_)) == 1


def test_what_is_not_dead_is_not_retried(super_admin, job):
    for state in ("queued", "running"):
        problem = expect_problem(retry(super_admin, job(state=state, due=FAR)), 409, "state_conflict")
        assert state in problem["detail"]


def test_a_newer_one_that_does_the_same_goes_first(super_admin, job):
    dead = job(unique_key="one")
    job(unique_key="one", state="queued", due=FAR)
    expect_problem(retry(super_admin, dead), 409, "conflict")
    assert expect(super_admin.get(f"{TASKS}/{dead}"))["state"] == "parked"


# --- never

def test_one_is_taken_away(super_admin, job, audited):
    for state in ("queued", "parked"):
        id_ = job(state=state, due=FAR, payload={"name": "Jo", "n": 1})
        assert expect(cancel(super_admin, id_))["id"] == id_
        expect_problem(super_admin.get(f"{TASKS}/{id_}"), 404, "not_found")
        expect_problem(cancel(super_admin, id_), 404, "not_found")
        [entry] = audited("job.cancel", id_)
        assert entry["before"]["state"] == state and entry["before"]["payload"] == {"name": "***", "n": 1}
        assert entry["reason"] == WHY["reason"] and entry["after"] is None


def test_what_runs_is_not_taken_away(super_admin, job):
    id_ = job(state="running", due=FAR)
    expect_problem(cancel(super_admin, id_), 409, "state_conflict")
    assert expect(super_admin.get(f"{TASKS}/{id_}"))["state"] == "running"


def test_taking_away_needs_a_reason(super_admin, job):
    id_ = job()
    expect_problem(cancel(super_admin, id_, {}), 422, "invalid", "/reason")
    expect_problem(cancel(super_admin, id_, {"reason": "short"}), 422, "invalid", "/reason")
    expect_problem(retry(super_admin, id_, {"reason": "short"}), 422, "invalid", "/reason")


@pytest.mark.parametrize("id_", ["0", "-1", "x", "9223372036854775808", "1.0", str(uuid.uuid4())])
def test_what_is_no_job(super_admin, id_):
    expect_problem(super_admin.get(f"{TASKS}/{id_}"), 404, "not_found")
    expect_problem(retry(super_admin, id_), 404, "not_found")
    expect_problem(cancel(super_admin, id_), 404, "not_found")


# --- parked events

@pytest.fixture
def refused(db):
    """An event that a consumer, which nobody runs, has refused."""
    id_ = str(uuid.uuid4())
    db.execute("INSERT INTO bus.parked_events (consumer, event_id, event, why, parked_at) VALUES"
               " ('booking.of_a_test', %s, %s, '22012 of jo@example.com', now())",
               (id_, json.dumps({"id": id_, "type": "booking.created", "subject": "x", "data": {"name": "Jo"}})))
    yield id_
    db.execute("DELETE FROM bus.parked_events WHERE event_id = %s", (id_,))


def test_parked_events_are_listed_and_given_once_more(super_admin, refused, audited):
    def listed():
        return next(e for e in expect(super_admin.get(f"{EVENTS}/parked"))["items"] if e["event_id"] == refused)
    event = listed()
    assert (event["consumer"], event["type"], event["retry"]) == ("booking.of_a_test", "booking.created", False)
    assert event["why"] == "22012 of ***@example.com" and "Jo" not in str(event)
    path = f"{EVENTS}/{refused}/retry"
    expect(super_admin.post(path, json={"consumer": "booking.of_a_test"}), 204)
    assert listed()["retry"] is True
    assert audited("event.retry", refused)[0]["after"] == {"consumer": "booking.of_a_test"}
    expect_problem(super_admin.post(path, json={"consumer": "booking.another"}), 404, "not_found")
    expect_problem(super_admin.post(path, json={}), 422, "invalid", "/consumer")


@pytest.mark.parametrize("role", ["CUSTOMER", "CHEF", "STATION_MANAGER", "CUSTOMER_SUPPORT"])
def test_who_may_not(login, job, role):
    api, id_ = login(role), job()
    for reply in (api.get(TASKS), api.get(f"{TASKS}/status"), api.get(f"{TASKS}/{id_}"), retry(api, id_),
                  cancel(api, id_), api.get(f"{EVENTS}/parked"),
                  api.post(f"{EVENTS}/{uuid.uuid4()}/retry", json={"consumer": "x"})):
        expect_problem(reply, 403, "forbidden")
