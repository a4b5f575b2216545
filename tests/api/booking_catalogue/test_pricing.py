"""The price list: values by day and station, dates that cost more, and what was changed why."""
import datetime
import uuid

import pytest

from lib.client import expect, expect_problem, together

from shop import PEAKS, REASON, RULES, audits, changes

PRICING = "/api/v1/admin/pricing"
HISTORY = "/api/v1/admin/pricing/history"


def price_of(pricing, code):
    [price] = [p for p in pricing["prices"] if p["code"] == code]
    return price


def test_the_price_list(admin):
    pricing = expect(admin.get(PRICING))
    assert [p["code"] for p in pricing["prices"]] == [
        "adult_price", "child_price", "minimum_spend", "travel_free_miles", "travel_per_mile",
        "road_factor", "deposit", "deposit_share"]
    adult = price_of(pricing, "adult_price")
    assert adult["unit"] == "cents" and adult["min_value"] <= adult["value"] <= adult["max_value"]
    assert "Saturday" in {p["label"] for p in pricing["peaks"]}
    assert "sake_bar" in {i["code"] for i in pricing["items"]}
    tag = admin.get(PRICING).headers["ETag"]
    assert admin.get(PRICING, headers={"If-None-Match": tag}).status_code == 304


# --- values ----------------------------------------------------------------------------------------

def test_a_new_price_counts_at_once_and_everywhere(shop, admin, db):
    before = shop.quote()
    told = len(changes(db, "adult_price"))
    price = expect(admin.put(RULES, shop.rule()))
    assert [r["value"] for r in price["rules"] if r["station_id"] == shop.id] == [7000]
    after = shop.sees(lambda q: q["total_cents"] == 20 * 7000)
    assert before["total_cents"] == 20 * 5500
    assert after["catalogue_version"] > before["catalogue_version"]
    assert changes(db, "adult_price")[told:] == [
        {"entity": "rule", "code": "adult_price", "station_id": shop.id}]
    row = audits(db, "pricing.changed", "adult_price")[-1]
    assert (row["before"]["value"], row["after"]["value"], row["reason"]) == (5500, 7000, REASON)


def test_a_price_to_come_counts_for_events_to_come(shop, admin):
    first = shop.day(weeks=6)
    expect(admin.put(RULES, shop.rule(effective_from=first.isoformat())))
    shop.sees(lambda q: q["total_cents"] == 20 * 7000, date=first.isoformat())
    eve = first - datetime.timedelta(1)
    assert shop.quote(date=eve.isoformat())["total_cents"] == 20 * 5500


def test_a_station_can_give_up_its_own_price(shop, admin):
    end = shop.day(weeks=6).isoformat()
    expect(admin.put(RULES, shop.rule()))
    expect(admin.put(RULES, shop.rule(value=None, effective_from=end)))
    shop.sees(lambda q: q["total_cents"] == 20 * 7000)
    shop.sees(lambda q: q["total_cents"] == 20 * 5500, date=end)


def test_the_price_of_a_day_can_be_set_again(shop, admin):
    day = shop.day().isoformat()
    for value in (7000, 8000):
        price = expect(admin.put(RULES, shop.rule(value=value, effective_from=day)))
    assert [r for r in price["rules"] if r["station_id"] == shop.id] == [
        {"station_id": shop.id, "effective_from": day, "value": 8000}]
    shop.sees(lambda q: q["total_cents"] == 20 * 8000)


def test_a_general_price(shop, admin):
    price = expect(admin.put(RULES, {"code": "deposit", "value": 20000, "effective_from": "2150-01-01",
                                     "reason": REASON}))
    assert {"station_id": None, "effective_from": "2150-01-01", "value": 20000} in price["rules"]
    assert price["value"] == 10000
    assert price_of(expect(admin.get(PRICING)), "deposit") == price


@pytest.mark.parametrize("change,pointer", [
    ({"value": -1}, "/value"), ({"value": 0}, "/value"), ({"value": 100001}, "/value"),
    ({"value": 10**15}, "/value"), ({"value": 1.5}, "/value"),
    ({"value": None, "station_id": None}, "/value"), ({"code": "weather"}, "/code"),
    ({"code": None}, "/code"), ({"station_id": str(uuid.uuid4())}, "/station_id"),
    ({"effective_from": "2020-01-01"}, "/effective_from"), ({"effective_from": "soon"}, "/effective_from"),
    ({"reason": "too short"}, "/reason"), ({"reason": "x" * 501}, "/reason"), ({"reason": None}, "/reason"),
    ({"colour": "red"}, "/colour"),
])
def test_prices_that_cannot_be(shop, admin, change, pointer):
    expect_problem(admin.put(RULES, shop.rule(**change)), 422, "invalid", pointer)


def test_a_price_without_a_value_is_no_end(shop, admin):
    rule = shop.rule()
    del rule["value"]
    expect_problem(admin.put(RULES, rule), 422, "invalid", "/value")


def test_the_table_itself_refuses_what_is_out_of_bounds(shop, db):
    import psycopg2
    for value in (-1, 0, 100001):
        with pytest.raises(psycopg2.errors.CheckViolation):
            db.execute("INSERT INTO booking.price_rules (id, code, effective_from, value, min_value, max_value,"
                       " updated_at) VALUES (gen_random_uuid(), 'adult_price', '2150-01-01', %s, 1, 100000,"
                       " now())", (value,))
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        db.execute("INSERT INTO booking.price_rules (id, code, effective_from, value, min_value, max_value,"
                   " updated_at) VALUES (gen_random_uuid(), 'adult_price', '2150-01-01', -1, -1, 100000, now())")


def test_changes_at_the_same_moment_all_count(shop, admin):
    days = [(shop.day() + datetime.timedelta(i)).isoformat() for i in range(8)]
    for reply in together([lambda d=d: admin.put(RULES, shop.rule(effective_from=d)) for d in days]):
        expect(reply)
    price = price_of(expect(admin.get(PRICING)), "adult_price")
    assert [r["effective_from"] for r in price["rules"] if r["station_id"] == shop.id] == days


def test_what_was_replaced_long_ago_makes_room(shop, admin, db):
    for months in (12, 8, 2):
        db.execute("INSERT INTO booking.price_rules (id, code, station_id, effective_from, value, min_value,"
                   " max_value, updated_at) VALUES (gen_random_uuid(), 'adult_price', %s,"
                   " now() - make_interval(months => %s), 6000, 1, 100000, now())", (shop.id, months))
    price = expect(admin.put(RULES, shop.rule()))
    assert len([r for r in price["rules"] if r["station_id"] == shop.id]) == 3


@pytest.mark.parametrize("role", ["CUSTOMER_SUPPORT", "STATION_MANAGER", "CHEF", "CUSTOMER"])
def test_prices_are_not_for_everybody_to_change(shop, login, role):
    caller = login(role)
    expect_problem(caller.put(RULES, shop.rule()), 403, "forbidden")
    expect_problem(caller.post(PEAKS, shop.peak()), 403, "forbidden")
    expect_problem(caller.patch(f"{PEAKS}/{uuid.uuid4()}", {"reason": REASON}, if_match='"1"'), 403, "forbidden")
    expect_problem(caller.delete(f"{PEAKS}/{uuid.uuid4()}", json={"reason": REASON}), 403, "forbidden")
    if role in ("CHEF", "CUSTOMER"):
        expect_problem(caller.get(PRICING), 403, "forbidden")
        expect_problem(caller.get(HISTORY), 403, "forbidden")


def test_a_manager_sees_general_prices_and_his_own(shop, admin, login):
    expect(admin.put(RULES, shop.rule()))
    expect(admin.post(PEAKS, shop.peak(), key=True), 201)
    seen = expect(login("STATION_MANAGER").get(PRICING))
    stations = {r["station_id"] for p in seen["prices"] for r in p["rules"]}
    assert shop.id not in stations | {p["station_id"] for p in seen["peaks"]}
    assert "Saturday" in {p["label"] for p in seen["peaks"]}
    history = expect(login("STATION_MANAGER").get(HISTORY, params={"limit": 100}))["items"]
    assert shop.id not in {h["station_id"] for h in history}


# --- dates that cost more --------------------------------------------------------------------------

def test_a_peak_from_its_beginning_to_its_end(shop, admin, db):
    made = admin.post(PEAKS, shop.peak(), key=True)
    peak = expect(made, 201)
    assert peak["active"] and peak["weekdays"] == [] and made.headers["ETag"] == '"1"'
    shop.sees(lambda q: q["total_cents"] == 20 * 5500 * 11 // 10)
    path = f"{PEAKS}/{peak['id']}"
    changed = expect(admin.patch(path, {"surcharge_bp": 2000, "reason": REASON}, if_match='"1"'))
    assert changed["surcharge_bp"] == 2000 and changed["version"] == 2
    shop.sees(lambda q: q["total_cents"] == 20 * 5500 * 12 // 10)
    expect(admin.delete(path, json={"reason": REASON}), 204)
    shop.sees(lambda q: q["total_cents"] == 20 * 5500)
    assert [p["active"] for p in expect(admin.get(PRICING))["peaks"] if p["id"] == peak["id"]] == [False]
    expect(admin.patch(path, {"active": True, "reason": REASON}, if_match='"3"'))
    shop.sees(lambda q: q["total_cents"] == 20 * 5500 * 12 // 10)
    history = expect(admin.get(HISTORY, params={"code": peak["id"]}))["items"]
    assert [h["new"]["surcharge_bp"] for h in history] == [2000, 2000, 2000, 1000]
    assert history[-1]["old"] is None and {h["entity"] for h in history} == {"peak"}
    assert len(changes(db, peak["id"])) == len(audits(db, "pricing.changed", peak["id"])) == 4


def test_weekdays(shop, admin):
    peak = expect(admin.post(PEAKS, shop.peak(weekdays=["tue", "sun", "tue"], first_day=None, last_day=None)), 201)
    assert peak["weekdays"] == ["tue", "sun"]
    shop.sees(lambda q: q["total_cents"] == 20 * 5500 * 11 // 10)
    assert shop.quote(date=shop.day(weekday=2).isoformat())["total_cents"] == 20 * 5500


def test_a_key_makes_one_peak(shop, admin):
    key = str(uuid.uuid4())
    first, again = (admin.post(PEAKS, shop.peak(), key=key) for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.content == again.content
    expect_problem(admin.post(PEAKS, shop.peak(surcharge_bp=1), key=key), 422, "idempotency_key_reused")


@pytest.mark.parametrize("change,pointer", [
    ({"label": ""}, "/label"), ({"surcharge_bp": -1}, "/surcharge_bp"), ({"surcharge_bp": 10001}, "/surcharge_bp"),
    ({"weekdays": ["someday"]}, "/weekdays/0"), ({"weekdays": 1}, "/weekdays"),
    ({"first_day": None, "last_day": None}, "/weekdays"), ({"last_day": None}, "/last_day"),
    ({"first_day": "2150-01-02", "last_day": "2150-01-01"}, "/last_day"),
    ({"station_id": str(uuid.uuid4())}, "/station_id"), ({"reason": "short"}, "/reason"),
])
def test_peaks_that_cannot_be(shop, admin, change, pointer):
    expect_problem(admin.post(PEAKS, shop.peak(**change)), 422, "invalid", pointer)


def test_changes_of_peaks_that_cannot_be(shop, admin):
    path = f"{PEAKS}/{expect(admin.post(PEAKS, shop.peak()), 201)['id']}"
    change = {"label": "Feast", "reason": REASON}
    expect_problem(admin.patch(path, change), 428, "precondition_required")
    expect_problem(admin.patch(path, change, if_match='"2"'), 412, "precondition_failed")
    expect_problem(admin.patch(path, {"label": "Feast"}, if_match='"1"'), 422, "invalid", "/reason")
    expect_problem(admin.patch(path, change | {"first_day": None, "last_day": None}, if_match='"1"'),
                   422, "invalid", "/weekdays")
    expect_problem(admin.delete(path, json={}), 422, "invalid", "/reason")
    expect_problem(admin.delete(path, json={"reason": REASON}, if_match='"2"'), 412, "precondition_failed")
    missing = f"{PEAKS}/{uuid.uuid4()}"
    expect_problem(admin.patch(missing, change, if_match='"1"'), 404, "not_found")
    expect_problem(admin.delete(missing, json={"reason": REASON}), 404, "not_found")


# --- history ---------------------------------------------------------------------------------------

def test_history_is_latest_first_and_in_pages(shop, admin):
    for value in (7100, 7200, 7300):
        expect(admin.put(RULES, shop.rule(value=value)))
    params = {"code": "adult_price", "entity": "rule", "limit": 2}
    first = expect(admin.get(HISTORY, params=params))
    second = expect(admin.get(HISTORY, params=params | {"cursor": first["next_cursor"]}))
    items = first["items"] + second["items"]
    assert [h["new"]["value"] for h in items[:3]] == [7300, 7200, 7100]
    assert [h["old"]["value"] for h in items[:3]] == [7200, 7100, 5500]
    ids = [h["id"] for h in items]
    assert ids == sorted(ids, reverse=True)
    assert expect(admin.get(HISTORY, params={"code": "adult_price", "entity": "peak"}))["items"] == []
    expect_problem(admin.get(HISTORY, params={"entity": "weather"}), 422, "invalid", "entity")


def test_history_is_not_changed(running):
    """The service's role can add to it, and no more."""
    import psycopg2
    with psycopg2.connect(running.env["DATABASE_URL"]) as c, c.cursor() as db:
        db.execute("SELECT has_table_privilege('mh_booking', 'booking.price_change_history', 'UPDATE'),"
                   " has_table_privilege('mh_booking', 'booking.price_change_history', 'DELETE')")
        assert db.fetchone() == (False, False)
