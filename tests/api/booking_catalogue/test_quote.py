"""POST /bookings/quote: what an event costs, what cannot be quoted, and that a quote is kept."""
import datetime

import pytest

from lib.client import expect, expect_problem

from shop import RULES

QUOTE = "/api/v1/bookings/quote"
EXAMPLE = {"guest_count": 10, "venue_zip": "95112", "event_type": "birthday", "addons": ["sake_bar"]}


def test_the_documented_example(api):
    quote = expect(api.post(QUOTE, EXAMPLE))
    assert [(line["code"], line["amount_cents"]) for line in quote["lines"]] == [
        ("adult_price", 55000), ("sake_bar", 12000)]
    assert (quote["adults"], quote["children"], quote["guest_count"]) == (10, 0, 10)
    assert (quote["subtotal_cents"], quote["travel_fee_cents"], quote["total_cents"]) == (67000, 0, 67000)
    assert quote["total_price"] == 670.0 and quote["deposit_cents"] == 10000
    assert quote["tax_included"] is True and quote["peak_checked"] is False and quote["currency"] == "USD"
    assert quote["quote"] and quote["expires_at"]


def test_every_line_adds_up(shop):
    quote = shop.quote(adults=3, children=2, addons=["gyoza", "yakisoba"])
    lines = {line["code"]: line for line in quote["lines"]}
    assert sum(line["amount_cents"] for line in quote["lines"]) == quote["total_cents"] == 55000
    assert lines["child_price"]["amount_cents"] == 2 * 3000
    assert lines["yakisoba"]["quantity"] == 5 and lines["gyoza"]["quantity"] == 1
    assert lines["minimum_spend"]["amount_cents"] == 55000 - 3 * 5500 - 2 * 3000 - 1200 - 5 * 500
    assert all(line["label"] and line["why"] for line in quote["lines"])


def test_a_long_way_costs_more(api):
    quote = expect(api.post(QUOTE, {"guest_count": 20, "venue_zip": "95020"}))
    assert quote["distance_miles"] > 30 and quote["travel_minutes"] > 0
    [travel] = [line for line in quote["lines"] if line["code"] == "travel_fee"]
    assert travel["amount_cents"] == quote["travel_fee_cents"] \
        == quote["total_cents"] - quote["subtotal_cents"] == round((quote["distance_miles"] - 30) * 200)


def test_a_saturday_costs_more(api, shop):
    saturday = shop.day(weekday=5, weeks=8).isoformat()
    quote = expect(api.post(QUOTE, EXAMPLE | {"date": saturday}))
    assert quote["peak_checked"] and quote["lines"][-1]["code"] == "peak"
    assert quote["total_cents"] == 67000 * 105 // 100


@pytest.mark.parametrize("change,pointer", [
    ({"guest_count": 0}, "/guest_count"), ({"guest_count": 51}, "/guest_count"),
    ({"guest_count": None}, "/guest_count"), ({"guest_count": "ten"}, "/guest_count"),
    ({"adults": 3}, "/guest_count"), ({"children": 11}, "/guest_count"), ({"adults": -1}, "/adults"),
    ({"venue_zip": None}, "/venue_zip"), ({"venue_zip": "9511"}, "/venue_zip"),
    ({"venue_zip": "10001"}, "/venue_zip"), ({"venue_zip": "90012"}, "/venue_zip"),
    ({"addons": ["sake_bar", "no_such"]}, "/addons/1"), ({"addons": ["sake_bar", "sake_bar"]}, "/addons/1"),
    ({"addons": ["Not A Slug"]}, "/addons/0"), ({"addons": "sake_bar"}, "/addons"),
    ({"promo_code": "FREE"}, "/promo_code"), ({"date": "2020-01-01"}, "/date"), ({"date": "2027-02-30"}, "/date"),
    ({"station_id": "c9999999-0000-4000-8000-000000000000"}, "/station_id"), ({"station_id": "bay"}, "/station_id"),
    ({"discount": 100}, "/discount"), ({"total_cents": 1}, "/total_cents"),
])
def test_what_cannot_be_quoted(api, change, pointer):
    expect_problem(api.post(QUOTE, EXAMPLE | change), 422, "invalid", pointer)


def test_all_mistakes_are_told_at_once(api):
    problem = expect_problem(api.post(QUOTE, {"guest_count": 99, "venue_zip": "x", "date": "x"}), 422, "invalid")
    assert {e["pointer"] for e in problem["errors"]} == {"/guest_count", "/venue_zip", "/date"}


def test_a_quoted_price_holds_when_prices_change(shop, admin, api):
    shop.chef()
    quoted = shop.quote()
    expect(admin.put(RULES, shop.rule()))
    shop.sees(lambda q: q["total_cents"] == 20 * 7000)
    contact = {"name": "Ann Example", "email": f"{datetime.datetime.now().timestamp()}@example.com",
               "phone": "+14085550123"}
    wish = {"event_date": shop.day().isoformat(), "event_time": "12:00", "adults": 20, "venue_zip": shop.zip,
            "station_id": shop.id, "venue_address": "1 Pier Road", "contact": contact}
    booked = expect(api.post("/api/v1/bookings", wish | {"quote": quoted["quote"]}, key=True), 201)
    assert booked["total_cents"] == quoted["total_cents"] == 20 * 5500
    later = expect(api.post("/api/v1/bookings", wish | {"event_time": "18:00"}, key=True), 201)
    assert later["total_cents"] == 20 * 7000
    for change in ({"adults": 21}, {"event_time": "20:00", "event_date": shop.day(weeks=5).isoformat()}):
        expect_problem(api.post("/api/v1/bookings", wish | {"quote": quoted["quote"]} | change, key=True),
                       409, "quote_mismatch")
