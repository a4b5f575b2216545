"""The list of bookings: by what people look for, whose they are, and page after page."""
import uuid

import pytest

from lib.client import expect, expect_problem

BOOKINGS = "/api/v1/bookings"
OLDEST, NEWEST = "starts_at", "-created_at"


def found(api, **query):
    return [b["id"] for b in expect(api.get(BOOKINGS, params={"limit": 100} | query))["items"]]


@pytest.fixture
def staff(login):
    return login("ADMIN")


@pytest.fixture
def manager_of(api, demo, db):
    """manager_of(station, ...): a new manager of these stations, with the demo manager's password."""
    def make(*stations):
        user, email = str(uuid.uuid4()), f"{uuid.uuid4().hex[:12]}@example.com"
        db.execute("INSERT INTO identity.users (id, email, kind, name, password_hash, created_at, updated_at)"
                   " SELECT %s, %s, kind, name, password_hash, now(), now() FROM identity.users WHERE email = %s",
                   (user, email, demo["STATION_MANAGER"]["email"]))
        for station in stations:
            db.execute("INSERT INTO identity.user_roles (user_id, role, station_id, granted_at)"
                       " VALUES (%s, 'STATION_MANAGER', %s, now())", (user, station))
        login = {"email": email, "password": demo["STATION_MANAGER"]["password"]}
        return api.with_token(expect(api.post("/api/v1/auth/login", json=login))["access_token"])
    return make


def test_list_by_what_people_look_for(place, staff):
    first, second = sorted(place.chefs(2))
    a = place.book(ahead=10, time="11:00", chef_id=first)
    b = place.book(ahead=10, time="17:00", chef_id=second)
    c = place.book(ahead=12, time="11:00", chef_id=first)
    expect(staff.post(f"{BOOKINGS}/{c['id']}/confirm", if_match='"1"'))

    def found(**query):
        query = {"station_id": place.id, "from": place.day(10), "to": place.day(12)} | query
        items = expect(staff.get("/api/v1/bookings", params=query))["items"]
        return [i["id"] for i in items if i["id"] in (a["id"], b["id"], c["id"])]

    assert found() == [a["id"], b["id"], c["id"]]
    assert found(sort="-created_at") == [c["id"], b["id"], a["id"]]
    assert found(chef_id=second) == [b["id"]]
    assert found(status="confirmed") == [c["id"]]
    assert found(to=place.day(11)) == [a["id"], b["id"]]
    assert found(**{"from": place.day(11)}) == [c["id"]]
    assert found(customer_id=place.customer(b)) == [b["id"]]
    assert found(q=a["number"]) == [a["id"]] and found(q=a["number"].lower()) == [a["id"]]
    assert expect(staff.get("/api/v1/bookings", params={"q": a["number"], "count": "true"}))["total"] == 1


def test_pages_of_a_list(place, staff):
    place.chefs(5)
    made = [place.book(ahead=20, time="18:00")["id"] for _ in range(5)]
    for sort in ("starts_at", "-created_at"):
        query = {"station_id": place.id, "from": place.day(20), "to": place.day(20), "limit": 2,
                 "sort": sort}
        seen, cursor = [], None
        while True:
            page = expect(staff.get("/api/v1/bookings", params=query | ({"cursor": cursor} if cursor else {})))
            seen += [b["id"] for b in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
            assert len(page["items"]) == page["limit"] == 2
        assert len(seen) == len(set(seen)) and set(made) <= set(seen)
    expect_problem(staff.get("/api/v1/bookings", params={"cursor": "forged"}), 422, "invalid", "cursor")
    expect_problem(staff.get("/api/v1/bookings", params={"status": "lost"}), 422, "invalid", "status")


# --- at several stations -----------------------------------------------------------------------

@pytest.mark.parametrize("sort", (OLDEST, NEWEST))
def test_a_manager_of_several_stations_sees_all_of_them(places, manager_of, staff, sort):
    one, two, other = places
    made = [place.book(ahead=ahead) for ahead, place in ((10, one), (11, two), (12, other), (13, two))]
    seen = [b["id"] for b in made if b["station_id"] != other.id]
    if sort == NEWEST:
        seen.reverse()
    manager = manager_of(one.id, two.id)
    confirmed = made[1]["id"]
    expect(staff.post(f"{BOOKINGS}/{confirmed}/confirm", if_match='"1"'))

    def mine(**query):
        ids = found(manager, sort=sort, **{"from": one.day(10)} | query)
        return [i for i in ids if i in [b["id"] for b in made]]

    assert mine() == seen
    assert mine(status="confirmed") == [confirmed]
    assert mine(station_id=one.id) == [made[0]["id"]] and mine(station_id=other.id) == []
    assert mine(chef_id=made[2]["chef_id"]) == mine(customer_id=other.customer(made[2])) == []
    assert mine(q=made[2]["number"]) == [] and mine(q=made[3]["number"]) == [made[3]["id"]]
    pages, cursor = [], {}
    while cursor is not None:
        page = expect(manager.get(BOOKINGS, params={"limit": 1, "sort": sort, "from": one.day(10)} | cursor))
        pages += [b["id"] for b in page["items"]]
        cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
    assert [i for i in pages if i in seen] == seen and len(pages) == len(set(pages))


# --- one's own ---------------------------------------------------------------------------------

@pytest.mark.parametrize("sort", (OLDEST, NEWEST))
def test_who_cooks_and_dines_sees_both_once(place, own_chef, account, login, db, sort):
    chef = login("CHEF")
    cooked, dined, both = (place.book(ahead=ahead, chef_id=own_chef) for ahead in (10, 11, 12))
    other = place.chef()
    db.execute("INSERT INTO booking.customers (id, user_id, name, created_at, updated_at)"
               " VALUES (gen_random_uuid(), %s, 'Chef', now(), now()) RETURNING id", (account("CHEF"),))
    customer = db.fetchone()["id"]
    db.execute("UPDATE booking.bookings SET customer_id = %s WHERE id = ANY (%s::uuid[])",
               (customer, [dined["id"], both["id"]]))
    db.execute("UPDATE booking.bookings SET chef_id = %s WHERE id = %s", (other, dined["id"]))
    try:
        mine = [cooked["id"], dined["id"], both["id"]]
        assert found(chef, sort=sort) == (mine if sort == OLDEST else mine[::-1])
        assert expect(chef.get(BOOKINGS, params={"sort": sort, "count": "true", "limit": 1}))["total"] == 3
        assert found(chef, sort=sort, customer_id=customer, chef_id=own_chef) == [both["id"]]
    finally:
        db.execute("UPDATE booking.customers SET user_id = NULL, email = gen_random_uuid() || '@example.com'"
                   " WHERE id = %s", (customer,))
        db.execute("UPDATE booking.bookings SET chef_id = %s WHERE id = %s", (own_chef, dined["id"]))


# --- by number ---------------------------------------------------------------------------------

def test_the_beginning_of_a_number(place, staff):
    place.chef()
    made = place.book()
    number = made["number"]
    for q in (number, number[:-1], number.lower(), number[:-2]):
        for sort in (OLDEST, NEWEST):
            assert made["id"] in found(staff, q=q, sort=sort, station_id=place.id), q
    assert found(staff, q=number, status="cancelled") == found(staff, q=number + "0") == []
    assert found(staff, q="H-1") == found(staff, q="%") == found(staff, q="MH-0") == []


# --- newest of some days -----------------------------------------------------------------------

def test_newest_of_few_days_and_of_many(place, staff):
    place.chefs(2)
    late, early = place.book(ahead=60), place.book(ahead=20)
    for to, seen in ((25, [early["id"]]), (90, [early["id"], late["id"]])):
        got = found(staff, station_id=place.id, sort=NEWEST, to=place.day(to), **{"from": place.day(19)})
        assert [i for i in got if i in (early["id"], late["id"])] == seen
    got = found(staff, station_id=place.id, sort=NEWEST, **{"from": place.day(21)})
    assert late["id"] in got and early["id"] not in got
