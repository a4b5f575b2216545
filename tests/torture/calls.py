"""A call of each route that succeeds, over the rows of tests/load/fill.sql, tests/plans/samples.sql and place.py. A route
that has none here fails the test."""
import datetime
import uuid

from people import PASSWORD
from samples import CHEF, CUSTOMER, SESSION, STATION, USER, day, id_of

NEW_PASSWORD = "ravioli 77 kettles"
WISH = {"event_time": "15:00", "adults": 12, "children": 2, "venue_address": "1 Elm Street", "venue_zip": "95112",
        "station_id": STATION, "addons": [{"code": "sake_bar"}], "special_requests": "No nuts",
        "contact": {"name": "Robin", "email": "robin@example.com", "phone": "+14085550100"}}
WAIT = {"station_id": STATION, "event_date": day(30), "from_time": "12:00", "until_time": "13:00", "guest_count": 4,
        "name": "Robin", "email": "robin@example.com"}
REASON = {"reason": "a good reason"}
PEAK = {"label": "Fair two", "weekdays": ["sun"], "surcharge_bp": 500} | REASON


class Call:
    """body: JSON, or a function that makes it. who: whose token (place.py). if_match: the version that the row has."""

    def __init__(self, path, body=None, who="root", if_match=None, key=False):
        self.path, self.body, self.who, self.if_match, self.key = path, body, who, if_match, key

    def headers(self, place):
        h = {}
        if self.who:
            h["Authorization"] = f"Bearer {place.tokens[self.who]}"
        if self.if_match:
            h["If-Match"] = f'"{self.if_match}"'
        if self.key:
            h["Idempotency-Key"] = str(uuid.uuid4())
        if self.body is not None:
            h["Content-Type"] = "application/json"
        return h


def identity(place):
    user, admin = f"/api/v1/users/{USER}", "/api/v1/admin"
    return {
        "login": Call("/api/v1/auth/login", {"email": "root@example.com", "password": PASSWORD}, None),
        "refresh": Call("/api/v1/auth/refresh", {"refresh_token": place.secrets["refresh"]}, None),
        "api_token": Call("/api/v1/auth/token", {"api_key": place.secrets["api_key"]}, None),
        "logout": Call("/api/v1/auth/logout", who="user"),
        "logout_all": Call("/api/v1/auth/logout-all", who="user"),
        "session_list": Call("/api/v1/auth/sessions", who="user"),
        "session_end": Call(f"/api/v1/auth/sessions/{SESSION}", who="user"),
        "register": Call("/api/v1/auth/register", {"email": "new@example.com", "password": NEW_PASSWORD, "name": "New"},
                         None, key=True),
        "verify_email": Call("/api/v1/auth/verify-email", {"token": place.secrets["verify"]}, None),
        "resend_verification": Call("/api/v1/auth/resend-verification", {"email": "user4902@example.com"}, None),
        "password_forgot": Call("/api/v1/auth/password/forgot", {"email": "user4902@example.com"}, None),
        "password_reset": Call("/api/v1/auth/password/reset", {
            "token": place.secrets["reset"], "password": NEW_PASSWORD}, None),
        "password_change": Call("/api/v1/auth/password/change", {
            "current_password": PASSWORD, "new_password": NEW_PASSWORD}, "user"),
        "mfa_setup": Call("/api/v1/auth/mfa/setup", {"password": PASSWORD}, "user"),
        "mfa_enable": Call("/api/v1/auth/mfa/enable", lambda: {"code": place.code("setup")}, "mfa_setup"),
        "mfa_disable": Call("/api/v1/auth/mfa/disable", lambda: {
            "password": PASSWORD, "code": place.code("enabled")}, "mfa_enabled"),
        "mfa_recovery_codes": Call("/api/v1/auth/mfa/recovery-codes", {"password": PASSWORD}, "mfa_enabled"),
        "me_get": Call("/api/v1/me"),
        "me_update": Call("/api/v1/me", {"name": "New Name"}),
        "export_own": Call("/api/v1/me/exports", key=True),
        "export_own_list": Call("/api/v1/me/exports", who="user"),
        "export_get": Call(f"/api/v1/me/exports/{place.ids['export']}", who="user"),
        "export_fetch": Call(f"/api/v1/me/exports/{place.ids['export']}/document", who="user"),
        "export_user": Call(f"/api/v1/users/{place.ids['staff']}/exports", REASON, key=True),
        "export_list": Call("/api/v1/privacy/exports?limit=2"),
        "erase_self": Call("/api/v1/me/erasure", {"password": PASSWORD}, "user"),
        "login_history": Call("/api/v1/me/login-history?limit=2", who="user"),
        "user_list": Call("/api/v1/users?limit=2&kind=customer"),
        "user_create": Call("/api/v1/users", {"email": "cook@example.com", "name": "Cook", "role": "CHEF",
                                              "station_id": STATION}, key=True),
        "user_get": Call(user),
        "user_update": Call(user, {"name": "New Name", "email": "newer@example.com"}, if_match=place.versions["user"]),
        "user_lock": Call(f"{user}/lock", REASON),
        "user_unlock": Call(f"/api/v1/users/{place.ids['locked']}/unlock", REASON),
        "user_disable": Call(f"{user}/disable", REASON),
        "user_enable": Call(f"/api/v1/users/{place.ids['disabled']}/enable", REASON),
        "user_delete": Call(user, {"reason": "asked for it himself"}),
        "user_restore": Call(f"/api/v1/users/{id_of('e000', 4904)}/restore"),
        "user_role_give": Call(f"/api/v1/users/{place.ids['staff']}/roles", {"role": "CUSTOMER_SUPPORT"}),
        "user_role_take": Call(f"/api/v1/users/{place.ids['staff']}/roles?role=ADMIN"),
        "role_list": Call("/api/v1/roles"),
        "role_get": Call("/api/v1/roles/CHEF/permissions"),
        "role_set": Call("/api/v1/roles/CHEF/permissions", {
            "permissions": [{"permission": "bookings.read", "scope": "own"}]}, if_match=place.versions["role"]),
        "permission_list": Call("/api/v1/permissions"),
        "api_key_create": Call("/api/v1/api-keys", {"name": "a key", "permissions": ["bookings.read"]}),
        "api_key_list": Call("/api/v1/api-keys?limit=2"),
        "api_key_revoke": Call(f"/api/v1/api-keys/{id_of('e200', 7)}"),
        "audit_list": Call("/api/v1/audit?limit=2"),
        "audit_export": Call(f"/api/v1/audit/export?actor={id_of('e000', 7)}"),
        "feature_list": Call("/api/v1/features"),
        "feature_set": Call("/api/v1/features/FEATURE_CORE_API", {"enabled": True} | REASON),
        "feature_clear": Call("/api/v1/features/FEATURE_DYNAMIC_PRICING"),
        "rate_limit_list": Call(f"{admin}/rate-limits?limit=2"),
        "rate_limit_get": Call(f"{admin}/rate-limits/rate_limit_list"),
        "rate_limit_set": Call(f"{admin}/rate-limits/rate_limit_list", {"per_minute": 10, "burst": 20} | REASON, if_match="1"),
        "rate_limit_clear": Call(f"{admin}/rate-limits/rate_limit_list", if_match="1"),
        "rate_limit_status": Call("/api/v1/monitoring/rate-limit/status"),
        "task_status": Call(f"{admin}/tasks/status"),
        "task_list": Call(f"{admin}/tasks?limit=2"),
        "task_get": Call(f"{admin}/tasks/1001"),
        "task_retry": Call(f"{admin}/tasks/1001/retry", REASON),
        "task_cancel": Call(f"{admin}/tasks/1001/cancel", REASON),
        "event_parked_list": Call(f"{admin}/events/parked"),
        "event_retry": Call(f"{admin}/events/{id_of('f000', 0)}/retry", {"consumer": "identity.sample"}),
        "jwks": Call("/.well-known/jwks.json", who=None),
    }


def catalogue(_place):
    admin, item = "/api/v1/admin", id_of("f000", 0)
    return {
        "quote_create": Call("/api/v1/bookings/quote", {
            "adults": 10, "venue_zip": "95112", "date": day(90), "addons": ["sake_bar"]}, None),
        "menu_list": Call("/api/v1/menu", who=None),
        "addon_list": Call("/api/v1/addons", who=None),
        "menu_all": Call(f"{admin}/menu?limit=2"),
        "menu_get": Call(f"{admin}/menu/{item}"),
        "menu_create": Call(f"{admin}/menu", {"code": "soup", "kind": "dish", "name": "Soup", "category": "soups",
                                              "unit": "each", "price_cents": 100} | REASON, key=True),
        "menu_update": Call(f"{admin}/menu/{item}", {"active": False}, if_match="1"),
        "station_list": Call("/api/v1/stations?limit=2", who=None),
        "station_get": Call(f"/api/v1/stations/{STATION}"),
        "station_create": Call("/api/v1/stations", {"code": "new", "name": "New", "time_zone": "America/Los_Angeles",
                                                    "zip": "95112"}, key=True),
        "station_update": Call(f"/api/v1/stations/{STATION}", {"capacity": 9}, if_match="1"),
        "pricing_get": Call(f"{admin}/pricing"),
        "price_history": Call(f"{admin}/pricing/history?limit=2"),
        "price_set": Call(f"{admin}/pricing/rules", {"code": "adult_price", "value": 5600,
                                                     "effective_from": day(30)} | REASON),
        "price_peak_create": Call(f"{admin}/pricing/peaks", PEAK, key=True),
        "price_peak_update": Call(f"{admin}/pricing/peaks/{item}", {"label": "Market"} | REASON, if_match="1"),
        "price_peak_end": Call(f"{admin}/pricing/peaks/{item}", REASON),
    }


def core(place):
    def of(state):
        return f"/api/v1/bookings/{place.ids[state]}"
    today = datetime.date.today()
    return {
        "availability_get": Call(f"/api/v1/availability?station_id={STATION}&from={day(70)}&to={day(71)}", who=None),
        "hold_create": Call("/api/v1/holds", {"event_date": day(95), "event_time": "15:00", "venue_zip": "95112",
                                              "station_id": STATION}, None, key=True),
        "hold_release": Call(f"/api/v1/holds/{place.secrets['hold']}", who=None),
        "booking_create": Call("/api/v1/bookings", WISH | {"event_date": day(96), "quote": place.secrets["quote"]}, None,
                               key=True),
        "booking_list": Call(f"/api/v1/bookings?limit=2&station_id={STATION}"),
        "booking_get": Call(of("pending")),
        "booking_calendar": Call(of("pending") + "/calendar"),
        "booking_link_send": Call(of("pending") + "/link", {"renew": True}, key=True),
        "booking_update": Call(of("pending"), {"adults": 11, "special_requests": "None"}, if_match="1"),
        "booking_confirm": Call(of("pending") + "/confirm", key=True),
        "booking_seat": Call(of("to_seat") + "/seat", REASON, key=True),
        "booking_complete": Call(of("seated") + "/complete", REASON, key=True),
        "booking_no_show": Call(of("missed") + "/no-show", REASON, key=True),
        "booking_cancel": Call(of("pending") + "/cancel", REASON, key=True),
        "booking_reschedule": Call(of("pending") + "/reschedule", {"event_date": day(98), "event_time": "16:00"},
                                   key=True),
        "booking_assign": Call(of("pending") + "/assign", {"equipment_ids": [id_of("f000", 0)]}, key=True),
        "booking_delete": Call(of("pending"), {"reason": "made by mistake"}),
        "booking_restore": Call(of("deleted") + "/restore", key=True),
        "booking_note_list": Call(of("pending") + "/notes"),
        "booking_note_add": Call(of("pending") + "/notes", {"text": "Rings twice"}, key=True),
        "booking_history": Call(of("pending") + "/history"),
        "calendar_get": Call(f"/api/v1/calendar?view=day&date={day(100)}&station_id={STATION}"),
        "calendar_feed_list": Call(f"/api/v1/calendar/feeds?limit=2&chef_id={CHEF}"),
        "calendar_feed_create": Call("/api/v1/calendar/feeds", {"chef_id": CHEF}, key=True),
        "calendar_feed_revoke": Call(f"/api/v1/calendar/feeds/{place.ids['feed']}"),
        "calendar_feed_get": Call(place.secrets["feed"], who=None),
        "waitlist_create": Call("/api/v1/waitlist", WAIT, None, key=True),
        "waitlist_list": Call(f"/api/v1/waitlist?limit=2&station_id={STATION}"),
        "waitlist_remove": Call(f"/api/v1/waitlist/{place.ids['waiting']}"),
        "dashboard_get": Call(f"/api/v1/stats/dashboard?from={today}&to={today}&station_id={STATION}"),
        "equipment_list": Call("/api/v1/equipment?limit=2"),
        "equipment_create": Call("/api/v1/equipment", {"station_id": STATION, "name": "Tent"}, key=True),
        "equipment_update": Call(f"/api/v1/equipment/{id_of('f000', 0)}", {"active": False}, if_match="1"),
    }


def people(_place):
    chef, customer = f"/api/v1/chefs/{CHEF}", f"/api/v1/customers/{CUSTOMER}"
    return {
        "chef_list": Call("/api/v1/chefs?limit=2"),
        "chef_create": Call("/api/v1/chefs", {"station_id": STATION, "name": "Kenji"}, key=True),
        "chef_get": Call(chef),
        "chef_update": Call(chef, {"bio": "Cooks."}, if_match="1"),
        "chef_week_get": Call(f"{chef}/availability"),
        "chef_week_set": Call(f"{chef}/availability", {"windows": [{"weekday": "mon", "from": "10:00",
                                                                    "until": "20:00"}]}, if_match="1"),
        "chef_exception_list": Call(f"{chef}/exceptions?limit=2"),
        "chef_exception_add": Call(f"{chef}/exceptions", {"first_day": day(20), "last_day": day(20),
                                                          "kind": "unavailable"}, key=True),
        "chef_exception_remove": Call(f"{chef}/exceptions/{id_of('f000', 0)}"),
        "customer_list": Call(f"/api/v1/customers?limit=2&station_id={STATION}"),
        "customer_create": Call("/api/v1/customers", {"name": "Robin", "email": "robin2@example.com",
                                                      "station_id": STATION, "dietary_notes": "No eggs"}, key=True),
        "customer_me": Call("/api/v1/customers/me", who="user"),
        "customer_me_update": Call("/api/v1/customers/me", {"name": "Robin"}, "user", if_match="1"),
        "customer_get": Call(customer),
        "customer_update": Call(customer, {"dietary_notes": "No milk"}, if_match="1"),
        "customer_delete": Call(customer, {"reason": "asked for it himself"}),
        "customer_merge": Call(f"/api/v1/customers/{id_of('b000', 10)}/merge", {
            "from_id": id_of("b000", 11), "reason": "the same family"}, key=True),
        "customer_restore": Call(f"/api/v1/customers/{id_of('b000', 10001)}/restore", key=True),
    }


def health(_place):
    return {
        "health_short": Call("/health", who=None),
        "health": Call("/api/v1/health", who=None),
        "health_slash": Call("/api/v1/health/", who=None),
        "health_liveness": Call("/api/v1/health/liveness", who=None),
        "health_readiness": Call("/api/v1/health/readiness", who=None),
        "health_detailed": Call("/api/v1/health/detailed"),
    }


def of_service(service, place):
    """{name of the route: its call}"""
    own = identity(place) if service == "identity" else catalogue(place) | core(place) | people(place)
    return own | health(place)
