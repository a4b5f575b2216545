"""What schemathesis has to know of the services beside their OpenAPI documents. It loads this file
itself (schemathesis.toml); who calls comes from the environment (test_schemathesis.py)."""
import datetime
import functools
import itertools
import json
import os
import pathlib
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

import schemathesis
from schemathesis.core import NOT_SET

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

from lib.tokens import Signer  # noqa: E402

BASE_URL = os.environ["ST_BASE_URL"]
# {"jwk": the key that signs tokens, "tester": {claims, email, password}, "other": another account}; null:
# nobody signs in
CALLER = json.loads(os.environ["ST_CALLER"])

# They end sessions or lock accounts: the other account's.
ENDING = ("/api/v1/auth/logout", "/api/v1/auth/logout-all", "/api/v1/auth/password/change")


# --- who calls

if CALLER:
    signer = Signer(CALLER["jwk"], tempfile.mkdtemp())

    @functools.lru_cache(2)
    def token_of(who, second):
        return signer.sign(CALLER[who]["claims"] | {"iat": second, "nbf": second, "exp": second + 900})

    @schemathesis.auth(refresh_interval=None)
    class Token:
        """A new one every second, so that none is revoked for long."""

        def get(self, case, context):
            return token_of("other" if case.operation.path in ENDING else "tester", int(time.time()))

        def set(self, case, token, context):
            case.headers["Authorization"] = f"Bearer {token}"


# --- cases that would end the test

def protect(case):
    """Nobody locks or deletes the tester, takes his rights, or switches off what is to be tested."""
    path, parameters = case.operation.path, case.path_parameters or {}
    if case.method.upper() == "GET":
        return
    if CALLER and parameters.get("id") in (CALLER["tester"]["claims"]["sub"], CALLER["tester"]["claims"]["sid"]):
        parameters["id"] = str(uuid.uuid4())
    if path.startswith("/api/v1/roles/") and str(parameters.get("name")).endswith("_ADMIN"):
        parameters["name"] = "CHEF"
    if path.startswith("/api/v1/features/") and "FEATURE_" in str(parameters.get("name")):
        parameters["name"] = "FEATURE_RAG"
    if path.startswith("/api/v1/admin/rate-limits/"):
        parameters["operation"] = "quote_create"  # booking's turn is over then


# --- cases that would never get past the door

_days = itertools.cycle(range(10, 300))
_turns = itertools.cycle((True, False))


def a_day():
    return (datetime.date.today() + datetime.timedelta(next(_days))).isoformat()


# Values that fit together, for every second well-formed case; a schema cannot say how.
PLAUSIBLE = {
    "event_date": a_day, "event_time": lambda: "18:00", "from_time": lambda: "12:00",
    "until_time": lambda: "20:00", "venue_zip": lambda: "95112", "zip": lambda: "95112",
    "home_zip": lambda: "95112", "effective_from": a_day,
    "station_id": lambda: "0198a000-0000-7000-8000-0000000000a1",
    "time_zone": lambda: "America/Los_Angeles", "guest_count": lambda: 10, "adults": lambda: 10,
    "children": lambda: 0,
    "contact": lambda: {"name": "Jo Li", "email": f"{uuid.uuid4()}@example.com", "phone": "+14085550123"},
}
# They refer to things that do not exist.
REFERENCES = {"cursor", "quote", "hold_token", "promo_code", "customer_id", "chef_id", "assistant_ids",
              "equipment_ids", "addons", "skills", "user_id"}


def make_plausible(case):
    for values in (case.body, case.query):
        if not isinstance(values, dict):
            continue
        for name in list(values):
            if name in PLAUSIBLE:
                values[name] = PLAUSIBLE[name]()
            elif name in REFERENCES:
                del values[name]
    if CALLER and isinstance(case.body, dict):
        account = CALLER["other" if case.operation.path in ENDING else "tester"]
        if case.operation.path == "/api/v1/auth/login":
            case.body = {"email": account["email"]}
        for name in {"password", "current_password"} & set(case.body) | ({"password"} if "login" in
                                                                         case.operation.path else set()):
            case.body[name] = account["password"]


def as_it_was_read(case):
    """Who changes something has read it before: its version."""
    if CALLER and case.headers and "If-Match" in case.headers:
        request = urllib.request.Request(BASE_URL + case.formatted_path, headers={
            "Authorization": case.headers.get("Authorization", "")})
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                case.headers["If-Match"] = reply.headers["ETag"]
        except urllib.error.HTTPError:
            pass


@schemathesis.hook
def before_call(context, case, kwargs):
    # A GET with a body is refused before its path is looked at (tests/api/test_framing.py); the
    # check of undeclared methods sends one.
    if case.method.upper() in ("GET", "HEAD"):
        case.body = NOT_SET
    protect(case)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if next(_turns):
        make_plausible(case)
        as_it_was_read(case)
    # The same key for another request is refused, rightly; schemas cannot say "never used".
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


# --- rules that no schema can tell

# Why a well-formed request is 422 `invalid` all the same: for what several members say together, for what
# is in the database, for the calendar. Another reason is a mistake of the schema.
RULES = re.compile("|".join((
    # what several members say together
    r"[Gg]ive a station or a venue_zip", r"Give both .*", r"Give weekdays, or days, or both",
    r"needs entity", r"[Mm]ust (not be (before|below)|be at most .* after) \w+",
    r"Must be 1 to 50 with the children", r"There must be 1 to 50 guests",
    r"Must be the number of adults and children", r"Two of the times overlap",
    r"Must be from 11:00 to 23:00 and before last_start",
    r"A name, and .* or a phone number, are required", r"needs an e-mail address or a phone",
    r"say (how to reach you|whose event it is)", r"There are too many",
    r"Is required where the price changes", r"Say whom or what to assign\.",
    r"There is nothing to change\.", r"is needed, or a recovery code", r"is given twice",
    r"This is already in the list", r"Is not a cursor of this list", # what there is
    r"There is no such \w+( at the station\.)?", r"We do not know this ZIP code.*",
    r"This is not on the menu", r"This code is not known", r"This is too far from .*",
    r"We do not have that many", r"Must be an IANA time zone", r"Is outside the bounds of this price",
    r"Only a station's own price can end", r"is not a permission", r"is not a token of ours",
    r"is not right(, or was used before)?", r"is too regular", r"is a common password",
    r"is made of the address or the name", # hours, days and callers
    r"Must be from 11:00 and before 23:00", r"Is in the past",
    r"is too early: the export would be too large", r"only staff may .*")))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """A well-formed request may still be impossible. That has a code of its own, or is one of RULES."""
    if response.status_code == 414:  # nginx's, not any service's: a long value of a parameter
        return False
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code not in (412, 422):
        return True
    problem = response.json()
    if problem["code"] != "invalid":
        return False
    reasons = [e["reason"] for e in problem.get("errors", [])] or [problem.get("detail", "")]
    return not all(RULES.fullmatch(reason) for reason in reasons)
