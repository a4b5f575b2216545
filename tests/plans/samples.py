"""A call of each statement, or several where it can go different ways. What they ask for is there: see
tests/load/fill.sql and samples.sql."""
import datetime
import hashlib
import json

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
TODAY = NOW.date()


def id_of(kind, n):
    """As in tests/load/fill.sql."""
    return f"0198{kind}-0000-7000-8000-{100000000000 + n}"


def day(n):
    return (TODAY + datetime.timedelta(days=n)).isoformat()


def hash_of(n):
    return hashlib.sha256(str(n).encode()).hexdigest()


ROOT_USER, STAFF, USER = id_of("e999", 0), id_of("e000", 100), id_of("e000", 4902)
CUSTOMER, CHEF, STATION, SESSION = id_of("b000", 4902), id_of("d000", 37), id_of("a000", 3), id_of("e100", 4902)
EXPORT, OLD_EXPORT = id_of("e400", 0), id_of("e400", 1)
BOOKING, DELETED, LONG_DELETED = id_of("c000", 2037), id_of("c000", 1999), id_of("c000", 799600)


def ctx(scope="all", **more):
    user = {"all": ROOT_USER, "station": STAFF, "own": USER}[scope]
    return json.dumps({"now": NOW.isoformat(), "request_id": "sample", "ip": "192.0.2.1", "user": user,
                       "session": SESSION, "role": "ADMIN", "scope": scope, "stations": [STATION]} | more)


def keyed(scope="all"):
    return ctx(scope, key="a-sample-key", fingerprint="none")


ALL, AT, OWN, OF_CHEF = ctx(), ctx("station"), ctx("own"), ctx("own", user=id_of("e300", 37))
WITH_MFA = ctx("own", user=id_of("e000", 4901))
AT_SOME = ctx("station", stations=[id_of("a000", n) for n in range(0, 48, 6)])
PRICE = json.dumps({"station_id": STATION, "travel_minutes": 0, "total_cents": 60000, "deposit_cents": 10000,
                    "currency": "USD", "catalogue_version": 1})
WISH = json.dumps({"event_date": day(200), "event_time": "15:00", "adults": 12, "children": 2,
                   "venue_address": "1 Elm Street", "venue_zip": "95112", "customer_id": CUSTOMER,
                   "contact": {"name": "Robin", "email": "robin@example.com"}, "addons": [{"code": "sake_bar"}]})
MINE = json.dumps({k: v for k, v in json.loads(WISH).items() if k != "customer_id"})
LATER = json.dumps({"event_date": day(210), "event_time": "15:00", "venue_zip": "95112"})
WEEK = json.dumps({"from": day(0), "to": day(6)})
PEAK = json.dumps({"label": "Fair", "weekdays": ["sat"], "surcharge_bp": 500, "reason": "as every year"})


def j(**members):
    return json.dumps(members)


def pages(*calls, cursor, limit="20"):
    """Each call with its placeholders: the first page and one from a cursor."""
    for call in calls:
        yield tuple({"CURSOR": None, "LIMIT": limit}.get(p, p) for p in call)
        yield tuple({"CURSOR": cursor, "LIMIT": limit}.get(p, p) for p in call)


FILTERS = [
    (ALL, j()), (ALL, j(status="pending")), (ALL, j(status="seated")), (ALL, j(station_id=STATION)),
    (ALL, j(station_id=STATION, status="pending")), (ALL, j(chef_id=CHEF)), (ALL, j(customer_id=CUSTOMER)),
    (ALL, j(deleted="true")), *((ALL, j(q=q)) for q in ("MH-1", "MH-10", "MH-100", "MH-10000", "MH-0", "X")),
    (ALL, j(**{"from": day(0), "to": day(2)})), (ALL, j(chef_id=CHEF, status="seated")),
    (AT, j(station_id=STATION)), (AT, j(station_id=STATION, status="completed")), (AT, j(q="MH-10")),
    (AT_SOME, j()), (AT_SOME, j(status="pending")), (AT_SOME, j(status="seated")), (AT_SOME, j(chef_id=CHEF)),
    (OWN, j()), (OWN, j(status="completed")), (OF_CHEF, j()), (OF_CHEF, j(status="seated")),
]
FRAGMENTS = ("maria smith", "elwni", "4085550100", "0100", "ma", "xq", "zz", "a b", "an th", "@@@", "__", "-- ma",
             "gmail", "example", "acme7", "robin@example.com", "nobody1")

COMMON = {
    "bus_consume": [(ALL, "booking.waitlist", "booking.cancelled", "booking.waitlist_match", "100", "false"),
                    (ALL, "booking.waitlist", "booking.cancelled", "booking.waitlist_match", "100", "true"),
                    (ALL, "booking.forget", "customer.purged", "booking.bookings_forget", "100", "false"),
                    (ALL, "booking.accounts", "identity.user.verified", "booking.accounts_link", "100", "false"),
                    (ALL, "booking.people", "identity.user.purged", "booking.accounts_forget", "100", "false"),
                    (ALL, "booking.export", "privacy.export.requested", "bus.export_queue", "100", "false"),
                    (ALL, "booking.new", "booking.created", None, "100", "false")],
    "bus_job_claim": [(ALL, '[{"kind":"booking.purge","room":10,"lease_ms":30000,"max_attempts":5}]', "me")],
    "bus_job_fail": [(ALL, "1000", "1", "why", "1000"), (ALL, "1000", "1", "why", None)],
    "bus_job_finish": [(ALL, "1000", "1")],
    "bus_job_renew": [(ALL, "1000", "1", "1000")],
    "bus_maintain": [(ALL,)],
    "bus_process_report": [(ALL, j(process="me", started_at=NOW.isoformat(), redis=True, refused=[
        {"bucket": "public", "caller": "192.0.2.1", "n": 1}], counts=[
        {"bucket": "public", "allowed": 1, "refused": 1, "local": 0}]))],
    "bus_rate_limits": [(ALL,)],
    "bus_watch": [(ALL, (NOW - datetime.timedelta(seconds=10)).isoformat())],
    "export_store": [(ALL, j(export_id=EXPORT, n=n), "b1.box", after) for n, after in ((2, "[1]"), (3, None))],
    "health": [(ALL,)],
    "reply_claim": [(ctx(key="a-new-key", fingerprint="none"),)],
    "reply_stored": [(ctx(key="a-kept-key", fingerprint="none"),)],
}

BOOKING_CALLS = COMMON | {
    "availability_load": [(ALL, STATION, day(0), day(30))],
    "booking_assign": [(ALL, BOOKING, None, j(chef_id=CHEF))],
    "booking_calendar": [(c, BOOKING) for c in (ALL, AT, OWN, OF_CHEF)],
    "booking_cancel": [(ALL, BOOKING, None, j(reason="ill"))],
    "booking_create": [(keyed(), WISH, PRICE, None, "staff", "120"),
                       (keyed("own"), MINE, PRICE, None, "web", "120")],
    "booking_delete": [(ALL, BOOKING, None, "made by mistake")],
    "booking_failed": [(ALL, WISH, "slot_taken", STATION)],
    "booking_get": [(c, BOOKING) for c in (ALL, AT, OWN, OF_CHEF)],
    "booking_history": list(pages((ALL, BOOKING, "LIMIT", "CURSOR"), cursor="100")),
    "booking_link_send": [(ALL, BOOKING, j(renew=True))],
    "booking_list": [*pages(*((c, f, "LIMIT", "CURSOR", "false") for c, f in FILTERS),
                            cursor=json.dumps([day(-300), id_of("c000", 0)])),
                     (AT, j(customer_id=CUSTOMER), "20", None, "true")],
    "booking_list_newest": [*pages(*((c, f, "LIMIT", "CURSOR", "false") for c, f in FILTERS),
                                   cursor=json.dumps([day(-300), id_of("c000", 0)])),
                            (ALL, j(chef_id=CHEF, **{"from": day(-400), "to": day(7)}), "20", None, "false")],
    "booking_mail_load": [(ALL, BOOKING)],
    "booking_move": [(ALL, BOOKING, None, "confirmed", "{staff}", "{}")],
    "booking_note_add": [(keyed(), BOOKING, j(text="e1.old.AAAA.AAAA"))],
    "booking_note_list": list(pages((ALL, BOOKING, "LIMIT", "CURSOR"), cursor=json.dumps([day(0), BOOKING]))),
    "booking_purge": [(ALL, j(booking_id=LONG_DELETED))],
    "booking_reschedule": [(ALL, BOOKING, None, j(event_date=day(210), event_time="15:00"), PRICE)],
    "booking_restore": [(ALL, DELETED)],
    "booking_update": [(ALL, BOOKING, None, j(adults=11, addons=[{"code": "sake_bar"}]), PRICE)],
    "booking_wish": [(ALL, BOOKING), (OWN, BOOKING)],
    "calendar": [(ALL, WEEK, "week"), (OF_CHEF, WEEK, "week"),
                 (AT, WEEK.replace("}", f', "station_id": "{STATION}"}}'), "week")],
    "catalogue_load": [(ALL,)],
    "catalogue_version": [(ALL,)],
    "chef_create": [(keyed(), j(station_id=STATION, name="Kenji"))],
    "chef_exception_add": [(keyed(), CHEF, j(first_day=day(20), last_day=day(20), kind="unavailable"))],
    "chef_exception_list": list(pages((ALL, CHEF, day(-30), day(30), "LIMIT", "CURSOR"),
                                      cursor=json.dumps([day(0), CHEF]))),
    "chef_exception_remove": [(ALL, CHEF, id_of("f000", 0))],
    "chef_get": [(ALL, CHEF)],
    "chef_list": list(pages((ALL, None, None, "false", "LIMIT", "CURSOR"), cursor=json.dumps(["Chef 2", CHEF]))),
    "chef_update": [(ALL, CHEF, "1", j(bio="Cooks."))],
    "chef_week_get": [(ALL, CHEF)],
    "chef_week_set": [(ALL, CHEF, "1", j(windows=[]))],
    "customer_create": [(keyed(), j(name="Robin", email="robin@example.com", station_id=STATION))],
    "customer_delete": [(ALL, CUSTOMER, "1", "asked for it himself")],
    "customer_get": [(ALL, CUSTOMER), (OWN, CUSTOMER)],
    "customer_list": list(pages((ALL, None, "false", "LIMIT", "CURSOR", "false"),
                                (ALL, STATION, "false", "LIMIT", "CURSOR", "false"),
                                (AT, None, "false", "LIMIT", "CURSOR", "false"),
                                (OWN, None, "false", "LIMIT", "CURSOR", "false"),
                                (ALL, None, "true", "LIMIT", "CURSOR", "false"),
                                cursor=json.dumps([id_of("b000", 500000)]))),
    "customer_me": [(OWN,)],
    "customer_me_update": [(OWN, "1", j(name="Robin"))],
    "customer_merge": [(keyed(), id_of("b000", 10), j(from_id=id_of("b000", 11), reason="the same family"))],
    "customer_purge": [(ALL, j(customer_id=id_of("b000", 10031)))],
    "customer_restore": [(ALL, id_of("b000", 10001))],
    "customer_search": [(c, q, "20") for q in FRAGMENTS for c in (ALL, AT, AT_SOME, OWN)],
    "customer_update": [(ALL, CUSTOMER, "1", j(name="Robin"))],
    "dashboard": [(ALL, j(**{"from": day(-1), "to": day(0), "station_id": STATION}), "USD")],
    "equipment_create": [(keyed(), j(station_id=STATION, name="Tent"))],
    "equipment_list": list(pages((ALL, None, "LIMIT", "CURSOR"), cursor=json.dumps([STATION, "Tent"]))),
    "equipment_update": [(ALL, id_of("f000", 0), "1", j(active=False))],
    "export_load": [(ALL, j(user_id=user, after=after), "50") for user in (USER, id_of("e300", 37)) for after in (
        None, [2, day(-300), ""], [4, day(-300), ""], [8, day(-300), ""], [9, day(-300), ""])],
    "feed_create": [(keyed(), CHEF, id_of("f999", 0), "/feed")],
    "feed_events": [(ALL, id_of("f200", 37))],
    "feed_list": list(pages((ALL, CHEF, "LIMIT", "CURSOR"), (OF_CHEF, None, "LIMIT", "CURSOR"),
                            cursor=id_of("f200", 500))),
    "feed_revoke": [(ALL, id_of("f200", 37))],
    "hold_create": [(keyed(), LATER, "120", STATION, "0", id_of("f999", 1), "token", "user:me",
                     j(minutes=10, per_holder=3))],
    "hold_expire": [(ALL, j(hold_id=id_of("f000", 3)))],
    "hold_release": [(ALL, id_of("f000", 4))],
    "person_forget": [(ALL, j(user_id=user)) for user in (USER, id_of("e300", 37))],
    "menu_create": [(keyed(), j(code="soup", kind="dish", name="Soup", category="soups", unit="each",
                                price_cents=100))],
    "menu_get": [(ALL, id_of("f000", 0))],
    "menu_list": list(pages((ALL, None, "false", "LIMIT", "CURSOR"), cursor='[10, "soup"]')),
    "menu_update": [(ALL, id_of("f000", 0), "1", j(active=False))],
    "price_history": list(pages((ALL, None, None, "LIMIT", "CURSOR"),
                                (ALL, "adult_price", None, "LIMIT", "CURSOR"),
                                (ALL, None, "peak", "LIMIT", "CURSOR"), cursor="[5000]")),
    "price_peak_create": [(keyed(), PEAK)],
    "price_peak_update": [(ALL, id_of("f000", 0), "1", j(label="Fair", reason="as every year"), j())],
    "price_set": [(keyed(), "adult_price", j(value=5600, effective_from=day(30), reason="as every year"))],
    "pricing_get": [(ALL,)],
    "reseal_load": [(ALL, "new", j(part=part) if after is None else j(part=part, after=after), "20")
                    for part, after in ((1, None), (1, CUSTOMER), (2, None), (2, BOOKING), (3, None))],
    "reseal_queue": [(ALL, "new")],
    "reseal_store": [(ALL, json.dumps([{"id": i, "was": "e1.old.AAAA.AAAA", "now": "e1.new.AAAA.AAAA"}]),
                      j(part=part), i) for part, i in ((1, CUSTOMER), (2, BOOKING), (3, id_of("f400", 0)))],
    "station_create": [(keyed(), j(code="new", name="New", time_zone="UTC", zip="95112"))],
    "station_get": [(ALL, STATION)],
    "station_list": list(pages((ALL, "LIMIT", "CURSOR"), cursor=json.dumps(["Station 2", STATION]))),
    "station_update": [(ALL, STATION, "1", j(capacity=9))],
    "waitlist_create": [(keyed(), j(station_id=STATION, event_date=day(30), from_time="12:00", until_time="13:00",
                                    guest_count=4, name="Robin", email="robin@example.com"))],
    "waitlist_list": list(pages((ALL, None, None, "waiting", "LIMIT", "CURSOR"),
                                (ALL, STATION, day(1), "waiting", "LIMIT", "CURSOR"),
                                (ALL, None, None, "notified", "LIMIT", "CURSOR"),
                                (AT, STATION, None, "waiting", "LIMIT", "CURSOR"),
                                cursor=json.dumps([day(0), STATION]))),
    "waitlist_mail_load": [(ALL, id_of("f100", 1))],
    "waitlist_next": [(ALL, j(station_id=STATION, event_date=day(1)))],
    "waitlist_remove": [(ALL, id_of("f100", 10))],
}

IDENTITY_CALLS = COMMON | {
    "bus_consume": [(ALL, "identity.sample", "booking.created", None, "100", "false"),
                    (ALL, "identity.exports", "privacy.export.answered", "identity.exports_gather", "100", "false")],
    "bus_job_claim": [(ALL, '[{"kind":"identity.mail","room":10,"lease_ms":30000,"max_attempts":5}]', "me")],
    "account_ensure": [(ALL, id_of("e999", 1), "new@example.com", "New", "ADMIN", None, "hash")],
    "account_load": [(OWN,)],
    "api_key_create": [(ALL, id_of("e999", 2), j(name="key", permissions=[]), "prefix", hash_of(0))],
    "api_key_list": list(pages((ALL, "CURSOR", "LIMIT"), (OWN, "CURSOR", "LIMIT"),
                               cursor=json.dumps([day(-20), USER]))),
    "api_key_revoke": [(ALL, id_of("e200", 7))],
    "api_key_use": [(ALL, "load7", hash_of(7))],
    "audit_export": [(ALL, USER, None, None, None, day(-30), day(1), "1000"),
                     (ALL, None, "booking", id_of("c000", 7), None, None, None, "1000"),
                     (ALL, None, None, None, None, None, None, "1000")],
    "audit_list": list(pages((ALL, USER, None, None, None, None, None, "CURSOR", "LIMIT"),
                             (ALL, None, "booking", id_of("c000", 7), None, None, None, "CURSOR", "LIMIT"),
                             (ALL, None, None, None, None, day(-30), day(0), "CURSOR", "LIMIT"),
                             (ALL, None, "price", None, None, None, None, "CURSOR", "LIMIT"),
                             (ALL, None, None, None, "booking.cancelled", None, None, "CURSOR", "LIMIT"),
                             (OWN, None, None, None, None, None, None, "CURSOR", "LIMIT"),
                             cursor=json.dumps([day(-1), 5000]))),
    "cleanup": [(ALL,)],
    "email_verify": [(ALL, hash_of(4902))],
    "event_parked_list": [(ALL,)],
    "event_retry": [(ALL, "identity.sample", id_of("f000", 0))],
    "erase_self": [(OWN,)],
    "export_fetch": [(ctx("own", user=id_of("e000", 4905)), OLD_EXPORT, "1", "1000")],
    "export_get": [(ctx("own", user=id_of("e000", 4905)), OLD_EXPORT)],
    "export_list": list(pages((ALL, None, None, "CURSOR", "LIMIT"), (ALL, None, "ready", "CURSOR", "LIMIT"),
                              (ALL, id_of("e000", 4905), None, "CURSOR", "LIMIT"),
                              (OWN, USER, None, "CURSOR", "LIMIT"), cursor=json.dumps([day(-30), EXPORT]))),
    "export_load": [(ALL, j(user_id=user, after=after), "50") for user in (USER, STAFF, ROOT_USER) for after in (
        None, [3, day(-300), ""], [6, day(-300), ""], [7, day(-20), ""])],
    "export_request": [(keyed(), user, "asked for it by mail", j(id=id_of("e999", 6), public="key", private="e1.a.b.c"))
                       for user in (USER, id_of("e000", 4905))],
    "feature_list": [(ALL,)],
    "feature_set": [(ALL, "FEATURE_SAMPLE", "true", "a sample")],
    "jobs_schedule": [(ALL,)],
    "login_fail": [(ALL, USER, "wrong_password", "agent", "5", "60", "3600")],
    "login_history": list(pages((OWN, "CURSOR", "LIMIT"), cursor=json.dumps([day(-30), 500]))),
    "login_load": [(ALL, "user4902@example.com")],
    "login_ok": [(ALL, ROOT_USER, "hash", None, None, None, id_of("e999", 3), "00" * 32, "agent", "1000", "2000")],
    "mail_load": [(ALL, USER, "reset")],
    "mail_request": [(ALL, "reset", hash_of(0), "sealed")],
    "me_get": [(OWN,)],
    "me_update": [(OWN, j(name="New"), None), (OWN, j(name="New"), "1")],
    "mfa_disable": [(WITH_MFA, "5", None)],
    "mfa_enable": [(ctx("own", user=id_of("e000", 4903)), "secret", "5", "[]")],
    "mfa_setup": [(OWN, "secret")],
    "password_change": [(ALL, "hash", "new")],
    "password_reset": [(ALL, hash_of(4903), "hash")],
    "purge": [(ALL,)],
    "rate_limit_get": [(ALL, "sample")],
    "rate_limit_list": list(pages((ALL, None, None, "CURSOR", "LIMIT"),
                                  (ALL, "booking", "false", "CURSOR", "LIMIT"), cursor="a")),
    "rate_limit_set": [(ALL, "sample", j(per_minute=1, burst=1, per_hour=1), "0", "a sample")],
    "rate_limit_status": [(ALL, "15"), (ALL, "1440")],
    "recovery_codes": [(WITH_MFA, "[]")],
    "refresh": [(ALL, hash_of(4902), "11" * 32, "1000", "agent"), (ALL, hash_of(0), "11" * 32, "1000", "agent")],
    "register": [(keyed(), id_of("e999", 4), "another@example.com", "Another", None, "hash", "22" * 32, "sealed",
                  "1000")],
    "reseal_load": [(ALL, "a", j(), "20"), (ALL, "a", j(after=id_of("e000", 4902)), "20")],
    "reseal_queue": [(ALL, "a")],
    "reseal_store": [(ALL, json.dumps([{"id": id_of("e000", 4903), "was": "secret", "now": "sealed"}]), j(), after)
                     for after in (None, USER)],
    "role_get": [(ALL, "CHEF")],
    "role_list": [(ALL,)],
    "role_set": [(ALL, "CHEF", j(permissions=[]), "1")],
    "session_end": [(OWN, SESSION)],
    "session_end_all": [(OWN,)],
    "session_list": [(OWN,)],
    "task_cancel": [(ALL, "1001", "a sample")],
    "task_get": [(ALL, "1001")],
    "task_list": [(ALL, None, None, "20"), (ALL, "parked", None, "20"), (ALL, "running", None, "20"),
                  (ALL, "queued", "5000", "20")],
    "task_retry": [(ALL, "1001", "a sample")],
    "task_status": [(ALL,)],
    "token_issue": [(ALL, "reset", "user4902@example.com", "33" * 32, "sealed", "1000")],
    "token_load": [(ALL, hash_of(4903))],
    "user_create": [(keyed(), id_of("e999", 5), j(email="x@example.com", name="X", role="CHEF"), "44" * 32,
                     "sealed", "1000")],
    "user_delete": [(ALL, USER, "asked for it himself")],
    "user_get": [(ALL, USER), (AT, STAFF)],
    "user_list": list(pages(*((c, kind, states, role, "CURSOR", "LIMIT", "false")
                              for c, kind, states, role in (
                                  (ALL, "staff", "{active}", None),
                                  (ALL, "customer", "{active,locked,disabled}", None),
                                  (ALL, "staff", "{active}", "CHEF"), (ALL, "staff", "{active}", "STATION_MANAGER"),
                                  (ALL, "customer", "{deleted}", None), (AT, "staff", "{active}", None))),
                            cursor=json.dumps([day(-20), USER]))),
    "user_restore": [(ALL, id_of("e000", 4904))],
    "user_role_give": [(ALL, USER, "CHEF", None)],
    "user_role_take": [(ALL, USER, "CUSTOMER", None)],
    "user_search": list(pages(*((c, kind, "{active}", None, "CURSOR", "LIMIT", "false", q) for c, kind, q in (
        (ALL, "customer", "user 4902"), (ALL, "customer", "example"), (AT, "staff", "ser 490"),
        (ALL, "staff", "zzq"))),
        cursor=json.dumps([day(-20), USER]))),
    "user_status": [(ALL, USER, "locked", "why", "lock")],
    "user_update": [(ALL, USER, "1", j(name="New"), "55" * 32, "sealed", "1000")],
}

CALLS = {"booking": BOOKING_CALLS, "identity": IDENTITY_CALLS}
