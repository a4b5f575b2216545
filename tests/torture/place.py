"""Where the torture takes place: a database of its own, what its calls need in it, and who calls. It is made as users
would make it, by requests, and by SQL where that is not possible."""
import base64
import hashlib
import json
import subprocess
import time
import uuid

from calls import WISH
from database import Database
from lib.stack import wait_for
from people import PASSWORD, totp
from samples import STATION, USER, day, id_of
from service import Service
from undo import Undo

TEMPLATE, NAME = "myhibachi_torture_template", "myhibachi_torture"
FILL = {"customers": 11_000, "bookings": 10_000, "spans": 1000, "log": 1000, "rest": 6000}
PEOPLE = {"root": "root@example.com", "user": "user4902@example.com", "mfa_setup": "user4901@example.com",
          "mfa_enabled": "user4903@example.com"}

# Nothing waits to be done, and nothing is sealed by a key that nobody has.
QUIET = """
SET session_replication_role = replica;
TRUNCATE bus.events, bus.revocations;
DELETE FROM bus.jobs WHERE id <> 1001;
UPDATE booking.bookings SET special_requests = NULL WHERE special_requests IS NOT NULL;
UPDATE booking.customers SET dietary_notes = NULL WHERE dietary_notes IS NOT NULL;
DELETE FROM booking.booking_notes;
DELETE FROM booking.bookings WHERE event_date > current_date + 60;
"""

SEED = """
UPDATE identity.users u SET email_verified_at = now(), mfa_secret = NULL, mfa_enabled_at = NULL, mfa_last_step = NULL,
    password_hash = h.password_hash
FROM identity.users h WHERE h.email = 'hash@example.com' AND u.email = ANY ('{emails}');
INSERT INTO bus.rate_limits (operation, per_minute, burst, per_hour, version, reason, changed_at)
VALUES ('rate_limit_list', 1000000, 1000000, 60000000, 1, 'a sample', now());
INSERT INTO bus.operations (service, name, method, path, tier) -- a real one, else the service's report takes it away
VALUES ('identity', 'rate_limit_list', 'GET', '/', 'admin') ON CONFLICT DO NOTHING;
INSERT INTO bus.features (name, enabled, changed_at) VALUES ('FEATURE_DYNAMIC_PRICING', true, now());
INSERT INTO identity.users (id, email, kind, name, status, created_at, updated_at)
SELECT id::uuid, status || '@example.com', 'staff', 'Somebody', split_part(status, '-', 1), now(), now()
FROM (VALUES ('{locked}', 'locked'), ('{disabled}', 'disabled'), ('{staff}', 'active')) v (id, status);
INSERT INTO identity.user_roles (user_id, role, granted_at) VALUES ('{staff}', 'ADMIN', now());
INSERT INTO identity.one_time_tokens (hash, user_id, purpose, email, created_at, expires_at)
SELECT decode(hash, 'hex'), u.id, purpose, u.email, now(), now() + interval '1 day'
FROM (VALUES ('{verify}', 'verify'), ('{reset}', 'reset')) v (hash, purpose), identity.users u
WHERE u.email = 'user4902@example.com';
"""

# Bookings that were made a moment ago, at other times and in other states.
MOVED = """
SET session_replication_role = replica;
UPDATE booking.bookings SET state = 'confirmed', starts_at = now() + interval '1 hour',
    ends_at = now() + interval '3 hours' WHERE id = '{to_seat}';
UPDATE booking.bookings SET state = 'seated', starts_at = now() - interval '9 hours',
    ends_at = now() - interval '7 hours' WHERE id = '{seated}';
UPDATE booking.bookings SET state = 'confirmed', starts_at = now() - interval '5 hours',
    ends_at = now() - interval '3 hours' WHERE id = '{missed}';
TRUNCATE bus.events, bus.revocations;
DELETE FROM bus.jobs WHERE id <> 1001;
"""


def secret():
    """As services/identity/secret.c makes them, and its hash."""
    text = base64.urlsafe_b64encode(hashlib.sha256(uuid.uuid4().bytes).digest()).decode().rstrip("=")
    return text, hashlib.sha256(text.encode()).hexdigest()


class Place:
    def __init__(self, stack, programs):
        self.stack, self.programs, self.services = stack, programs, {}
        self.database = Database(stack, TEMPLATE, FILL)
        self.database.run(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)", "postgres")
        self.database.run(f"CREATE DATABASE {NAME} TEMPLATE {TEMPLATE} OWNER mh_owner", "postgres")
        self.sql(QUIET)
        self.undo = Undo(self.database.owner.port)
        self.undo.on = False
        self.tokens, self.secrets, self.mfa, self.versions = {}, {}, {}, {}
        self.ids = {name: str(uuid.uuid4()) for name in ("locked", "disabled", "staff")}
        try:
            self.make_people()
            self.make_bookings()
        except BaseException:
            self.close()
            raise
        self.undo.on = True

    def sql(self, text):
        return self.database.run(text, NAME)

    def start(self, service, **env):
        role = f"mh_{service}"
        url = f"postgresql://{role}:{self.stack.secret('pg-' + role)}@127.0.0.1:{self.undo.port}/{NAME}?sslmode=disable"
        s = Service(self.stack, self.programs / service, service, {"DATABASE_URL": url} | env)
        self.services[service] = s
        return s

    def do(self, service, method, path, body=None, who="root", **headers):
        """A request that has to succeed and stays done."""
        c = self.services[service].connection
        c.open()
        if who:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        sent = json.dumps(body).encode() if body is not None else b""
        reply = c.send(method, path, headers | ({"Content-Type": "application/json"} if sent else {}), sent)
        assert reply and 200 <= reply.status < 300, (method, path, reply)
        self.etag = reply.headers.get("etag", "").strip('"')
        return json.loads(reply.body) if reply.body else None

    def code(self, name):
        """Of the authenticator app."""
        return totp(self.mfa[name], time.time())

    def make_people(self):
        s = self.start("identity")
        subprocess.run([s.program, "create-user", "--email", "hash@example.com", "--role", "CUSTOMER"],
                       input=PASSWORD + "\n", env=s.env, text=True, check=True, capture_output=True)
        self.secrets["verify"], verify = secret()
        self.secrets["reset"], reset = secret()
        self.sql(SEED.format(emails="{%s}" % ",".join(PEOPLE.values()), verify=verify, reset=reset, **self.ids))
        for who, email in PEOPLE.items():
            body = {"email": email, "password": PASSWORD}
            tokens = self.do("identity", "POST", "/api/v1/auth/login", body, None)
            self.tokens[who] = tokens["access_token"]
            self.secrets["refresh"] = tokens["refresh_token"]
        for name, who in (("setup", "mfa_setup"), ("enabled", "mfa_enabled")):
            self.mfa[name] = self.do("identity", "POST", "/api/v1/auth/mfa/setup", {"password": PASSWORD}, who)["secret"]
        code = totp(self.mfa["enabled"], time.time(), -1)
        self.do("identity", "POST", "/api/v1/auth/mfa/enable", {"code": code}, "mfa_enabled")
        key = self.do("identity", "POST", "/api/v1/api-keys", {"name": "torture", "permissions": ["bookings.read"]})
        self.secrets["api_key"] = key["api_key"]
        self.do("identity", "GET", f"/api/v1/users/{USER}")
        self.versions["user"] = self.etag
        self.do("identity", "GET", "/api/v1/roles/CHEF/permissions")
        self.versions["role"] = self.etag

    def make_bookings(self):
        self.start("booking")
        for n, name in enumerate(("pending", "to_seat", "seated", "missed", "deleted")):
            wish = WISH | {"event_date": day(100 + n)}
            self.ids[name] = self.do("booking", "POST", "/api/v1/bookings", wish, **{
                "Idempotency-Key": str(uuid.uuid4())})["id"]
        self.do("booking", "DELETE", f"/api/v1/bookings/{self.ids['deleted']}", {"reason": "made by mistake"})
        feed = self.do("booking", "POST", "/api/v1/calendar/feeds", {"chef_id": id_of("d000", 37)})
        self.ids["feed"], self.secrets["feed"] = feed["id"], feed["path"]
        quote = {k: WISH[k] for k in ("adults", "children", "venue_zip", "station_id")} | {
            "date": day(96), "addons": ["sake_bar"]}
        self.secrets["quote"] = self.do("booking", "POST", "/api/v1/bookings/quote", quote, None)["quote"]
        hold = self.do("booking", "POST", "/api/v1/holds", {
            "event_date": day(110), "event_time": "15:00", "venue_zip": "95112", "station_id": STATION}, None)
        self.secrets["hold"] = hold["token"]
        wait = {"station_id": STATION, "event_date": day(30), "from_time": "12:00", "until_time": "13:00",
                "guest_count": 4, "name": "Alex", "email": "alex@example.com"}
        self.ids["waiting"] = self.do("booking", "POST", "/api/v1/waitlist", wait, None)["id"]
        self.make_export()
        self.sql(MOVED.format(**self.ids))

    def make_export(self):
        """Both services have part in it, at their own pace."""
        mine = "/api/v1/me/exports"
        self.ids["export"] = self.do("identity", "POST", mine, who="user")["id"]
        path = f"{mine}/{self.ids['export']}"
        wait_for(lambda: self.do("identity", "GET", path, who="user")["state"] == "ready", "the export", 30)

    def close(self):
        for s in self.services.values():
            s.close()
        self.database.run(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)", "postgres")
