"""What the API tests leave behind, whatever they did: in replies that others could keep, and in every log.
Run after the API tests."""
import json
import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN_DIR = pathlib.Path(os.environ.get("RUN_DIR", ROOT / ".run/test"))
MEDIA = {f"{media}; charset=utf-8" for media in (
    "application/json", "application/problem+json", "text/csv", "text/calendar", "text/html")}
LOGS = sorted(p.name for p in (RUN_DIR / "logs").glob("*.log"))
SECRETS = {
    "a token": r"\b(?:mhr|mhk)_[A-Za-z0-9_-]{12}|\beyJ[A-Za-z0-9_-]{16,}\.|#token=[A-Za-z0-9]",
    "a hash of a password": r"\$argon2id",
    "a key": r"PRIVATE KEY|\"d\" ?: ?\"[A-Za-z0-9_-]{43}\"",
    "an e-mail address": r"[A-Za-z0-9._%+-]+@(?:example\.com|myhibachi\.test)",  # masked: a***@example.com
    "a phone number": r"\+1[2-9]\d{9}\b",
    "a card number": r"\b4[0-9]{3}([ -]?[0-9]{4}){3}\b",
}


def exchanges():
    with (RUN_DIR / "contract.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read(log):
    """Without the text of statements in PostgreSQL's: the services' have parameters, and what tests write by hand
    has people of theirs in it."""
    text = (RUN_DIR / "logs" / log).read_text(errors="replace")
    return re.sub(r"(?m)^.*(?:STATEMENT|statement): .*\n(?:\t.*\n)*", "", text) if log == "postgres.log" else text


def shown(exchange):
    return f"{exchange['method']} {exchange['path'][:80]}: {exchange['status']} {exchange['headers']}"


def secrets():
    """As the stack made them: {file: [word]}, and the passwords of the demo accounts."""
    folder = RUN_DIR / "secrets"
    public = (folder / "jwks-public.json").read_text()
    words = {p.name: [w for w in re.findall(r"[A-Za-z0-9_-]{20,}", p.read_text()) if w not in public]
             for p in folder.iterdir() if p.name != "jwks-public.json"}
    people = json.loads((RUN_DIR / "demo.json").read_text())["users"].values()
    return words | {"demo.json": [p["password"] for p in people]}


def test_what_is_answered_says_what_it_is():
    seen, wrong = 0, []
    for e in exchanges():
        if not e["body"] or e["path"].startswith("/api/openapi.json"):  # a file: JSON is UTF-8
            continue
        seen += 1
        if e["headers"].get("content-type") not in MEDIA:
            wrong.append(shown(e))
    assert seen > 100 and not wrong, wrong[:5]


def test_what_somebody_was_told_is_kept_nowhere():
    """No cache keeps the answer to who had a token, a link or a password; nor any refusal."""
    seen, wrong = 0, []
    for e in exchanges():
        mine = "authorization" in e["request_headers"] or e["path"].startswith("/api/v1/auth/") or e["status"] >= 400
        if not mine or not e["path"].startswith("/api/v1/"):
            continue
        seen += 1
        if e["headers"].get("cache-control") != "no-store":
            wrong.append(shown(e))
    assert seen > 100 and not wrong, wrong[:5]


def test_no_reply_sets_a_cookie():
    """A browser sends nothing of ours by itself, so that no other site can make it do so."""
    found = [shown(e) for e in exchanges() if "set-cookie" in e["headers"]]
    assert not found, found[:5]


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize("log", LOGS)
def test_no_log_has(log, what):
    text = read(log)
    found = re.search(SECRETS[what], text)
    assert not found, f"{log}: {text[max(0, found.start() - 200):found.end()]}"


@pytest.mark.parametrize("log", LOGS)
def test_no_log_has_what_the_stack_keeps_secret(log):
    text = read(log)
    found = [name for name, words in secrets().items() for word in words if word in text]
    assert not found, f"{log} has what is in {found}"


def test_the_logs_are_those_of_every_part():
    """And something is in them, or the tests above would say nothing."""
    assert {f"{part}.log" for part in ("identity", "booking-1", "booking-2", "nginx-access", "nginx-error", "postgres",
                                       "redis")} <= set(LOGS)
    for part in ("identity", "booking-1", "nginx-access"):
        assert read(f"{part}.log").count("\n") > 50, part
    assert all(len(words) > 0 for words in secrets().values())
