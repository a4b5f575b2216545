"""The menu as everybody sees it, and what staff make of it."""
import uuid

import pytest

from lib.client import expect, expect_problem

from shop import ITEMS, REASON, audits, changes, item, slug


def everything(api, path, **params):
    """The items of all pages."""
    found, cursor = [], None
    while True:
        page = expect(api.get(path, params=params | ({"cursor": cursor} if cursor else {})))
        found += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            return found


# --- what is public --------------------------------------------------------------------------------

def test_the_menu_is_in_order_and_complete(api):
    items = everything(api, "/api/v1/menu", limit=3)
    assert [(i["position"], i["code"]) for i in items] == sorted((i["position"], i["code"]) for i in items)
    assert {"filet_mignon", "sake_bar"} <= {i["code"] for i in items}
    assert all(i["active"] and i["currency"] == "USD" and i["price_cents"] >= 0 for i in items)


@pytest.mark.parametrize("path,params,kind", [
    ("/api/v1/menu", {"kind": "dish"}, "dish"),
    ("/api/v1/menu", {"kind": "addon"}, "addon"),
    ("/api/v1/addons", {}, "addon"),
])
def test_kinds(api, path, params, kind):
    items = everything(api, path, **params)
    assert items and {i["kind"] for i in items} == {kind}


def test_bad_queries_are_refused(api):
    expect_problem(api.get("/api/v1/menu", params={"kind": "drink"}), 422, "invalid", "kind")
    expect_problem(api.get("/api/v1/addons", params={"kind": "dish"}), 422, "invalid", "kind")
    expect_problem(api.get("/api/v1/menu", params={"limit": 101}), 422, "invalid", "limit")


@pytest.mark.parametrize("path", ["/api/v1/menu", "/api/v1/addons"])
def test_it_may_be_kept_an_hour_and_asked_for_again(api, path):
    first = api.get(path)
    expect(first)
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    again = api.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    assert again.headers["Cache-Control"] == "public, max-age=3600"
    expect(api.get(path, headers={"If-None-Match": '"another"'}))


def test_mistakes_are_not_kept(api):
    reply = api.get("/api/v1/menu", params={"kind": "drink"})
    assert reply.headers["Cache-Control"] == "no-store"


# --- new items -------------------------------------------------------------------------------------

def test_a_new_item_is_on_the_menu_and_in_quotes(shop, admin, api):
    wish = item(description="Rice cakes", dietary_tags=["vegan"], position=5000)
    made = admin.post(ITEMS, wish, key=True)
    body = expect(made, 201)
    assert {k: body[k] for k in wish} == wish
    assert body["active"] and body["version"] == 1 and body["max_quantity"] == 50
    assert made.headers["ETag"] == '"1"' and made.headers["Location"] == f"{ITEMS}/{body['id']}"
    assert body in everything(api, "/api/v1/addons")
    assert expect(admin.get(f"{ITEMS}/{body['id']}")) == body
    shop.sells(wish["code"], 650)


def test_a_new_item_is_told(shop, admin, db):
    made = expect(admin.post(ITEMS, item(), key=True), 201)
    [event] = changes(db, made["code"])
    assert event["entity"] == "item"
    [row] = audits(db, "pricing.changed", made["code"])
    assert row["before"] is None and row["after"]["price_cents"] == 650 and row["role"] == "ADMIN"
    history = expect(admin.get("/api/v1/admin/pricing/history", params={"code": made["code"]}))
    assert [h["entity"] for h in history["items"]] == ["item"]


def test_a_key_makes_one_item(shop, admin):
    key, wish = str(uuid.uuid4()), item()
    first, again = admin.post(ITEMS, wish, key=key), admin.post(ITEMS, wish, key=key)
    assert first.status_code == again.status_code == 201 and first.content == again.content
    expect_problem(admin.post(ITEMS, item(), key=key), 422, "idempotency_key_reused")
    expect_problem(admin.post(ITEMS, wish, key=True), 409, "conflict")


@pytest.mark.parametrize("change,pointer", [
    ({"code": "Has Capitals"}, "/code"), ({"code": None}, "/code"), ({"kind": "drink"}, "/kind"),
    ({"name": ""}, "/name"), ({"unit": "per_table"}, "/unit"), ({"price_cents": -1}, "/price_cents"),
    ({"price_cents": 1000001}, "/price_cents"), ({"max_quantity": 0}, "/max_quantity"),
    ({"dietary_tags": ["Not a slug"]}, "/dietary_tags/0"), ({"id": slug()}, "/id"),
])
def test_items_that_cannot_be(admin, change, pointer):
    expect_problem(admin.post(ITEMS, item(**change)), 422, "invalid", pointer)


# --- changes ---------------------------------------------------------------------------------------

@pytest.fixture
def mochi(shop, admin):
    return expect(admin.post(ITEMS, item(), key=True), 201)


def path_of(made):
    return f"{ITEMS}/{made['id']}"


def test_a_new_price_says_why(shop, admin, mochi, db):
    for change in ({"price_cents": 700}, {"unit": "per_guest"}):
        expect_problem(admin.patch(path_of(mochi), change, if_match='"1"'), 422, "invalid", "/reason")
    expect_problem(admin.patch(path_of(mochi), {"price_cents": 700, "reason": "short"}, if_match='"1"'),
                   422, "invalid", "/reason")
    changed = admin.patch(path_of(mochi), {"price_cents": 700, "reason": REASON}, if_match='"1"')
    body = expect(changed)
    assert body["price_cents"] == 700 and body["version"] == 2 and changed.headers["ETag"] == '"2"'
    shop.sells(mochi["code"], 700)
    [latest, _] = expect(admin.get("/api/v1/admin/pricing/history", params={"code": mochi["code"]}))["items"]
    assert (latest["old"]["price_cents"], latest["new"]["price_cents"]) == (650, 700)
    assert latest["reason"] == REASON and latest["changed_by"]
    assert len(changes(db, mochi["code"])) == 2


def test_a_new_name_needs_no_reason(admin, mochi, db):
    body = expect(admin.patch(path_of(mochi), {"name": "Daifuku"}, if_match='"1"'))
    assert body["name"] == "Daifuku" and body["price_cents"] == 650
    [row] = audits(db, "menu_item.updated", mochi["id"])
    assert (row["before"]["name"], row["after"]["name"]) == ("Mochi", "Daifuku")
    assert len(changes(db, mochi["code"])) == 1


def test_what_is_not_offered_is_for_staff_only(shop, admin, api, mochi):
    expect(admin.patch(path_of(mochi), {"active": False}, if_match='"1"'))
    assert mochi["code"] not in {i["code"] for i in everything(api, "/api/v1/menu")}
    assert mochi["code"] in {i["code"] for i in everything(admin, ITEMS)}
    assert mochi["code"] not in {i["code"] for i in everything(admin, ITEMS, kind="dish")}
    priced = expect(admin.get("/api/v1/admin/pricing"))["items"]
    assert [i["active"] for i in priced if i["code"] == mochi["code"]] == [False]


def test_changes_know_what_they_change(admin, mochi):
    change = {"name": "Daifuku"}
    expect_problem(admin.patch(path_of(mochi), change), 428, "precondition_required")
    for version in ('"2"', '"x"', '"0"'):
        expect_problem(admin.patch(path_of(mochi), change, if_match=version), 412, "precondition_failed")
    missing = f"{ITEMS}/{uuid.uuid4()}"
    expect_problem(admin.patch(missing, change, if_match='"1"'), 404, "not_found")
    expect_problem(admin.get(missing), 404, "not_found")
    expect_problem(admin.patch(path_of(mochi), {"code": "other"}, if_match='"1"'), 422, "invalid", "/code")


@pytest.mark.parametrize("role", ["CUSTOMER_SUPPORT", "STATION_MANAGER", "CHEF", "CUSTOMER"])
def test_the_menu_is_not_for_everybody_to_change(login, mochi, role):
    expect_problem(login(role).post(ITEMS, item()), 403, "forbidden")
    expect_problem(login(role).patch(path_of(mochi), {"name": "x"}, if_match='"1"'), 403, "forbidden")


def test_there_is_room_for_so_many(shop, admin, db):
    db.execute("SELECT count(*) AS n FROM booking.menu_items")
    for i in range(450 - db.fetchone()["n"]):
        db.execute("INSERT INTO booking.menu_items (id, code, kind, name, category, unit, price_cents, active,"
                   " created_at, updated_at) VALUES (gen_random_uuid(), %s, 'dish', 'x', 'x', 'each', 1,"
                   " false, now(), now())", (f"test_room_{i}",))
    expect_problem(admin.post(ITEMS, item()), 409, "conflict")
