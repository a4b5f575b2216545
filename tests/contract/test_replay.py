"""Holds every request and reply that the API tests exchanged against the printed OpenAPI documents:
what was answered is documented and has the documented shape, and no documented operation went
untested. Run after the API tests; they write the log."""
import collections
import json
import os
import pathlib
import re

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOG = pathlib.Path(os.environ.get("RUN_DIR", ROOT / ".run/test")) / "contract.jsonl"

# Answered by nginx alone, in its own words: not in any service's document.
EDGE_STATUS = {400, 404, 405, 408, 413, 414, 421, 429, 431, 494, 502, 503, 504}

Operation = collections.namedtuple("Operation", "document method pattern path row")


def documents():
    return [json.loads(p.read_text()) for p in sorted((ROOT / "proto/openapi").glob("*.json"))]


def operations():
    for document in documents():
        for path, item in document["paths"].items():
            pattern = re.compile("^" + re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)) + "$")
            for method, row in item.items():
                if method in ("get", "post", "put", "patch", "delete"):
                    yield Operation(document, method.upper(), pattern, path, row)


OPERATIONS = list(operations())


def exchanges():
    with LOG.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def operation_of(exchange):
    """Literal paths win over patterns, as in the router."""
    path = exchange["path"].split("?")[0]
    method = "GET" if exchange["method"] == "HEAD" else exchange["method"]
    found = [o for o in OPERATIONS if o.method == method and o.pattern.match(path)]
    return min(found, key=lambda o: o.path.count("{"), default=None)


def media_of(exchange):
    return exchange["headers"].get("content-type", "").split(";")[0].strip()


def mistakes_of(exchange, operation, validators):
    """What is wrong with the reply, in words."""
    status = str(exchange["status"])
    responses = operation.row["responses"]
    if status == "304" or exchange["method"] == "HEAD":
        return
    if status not in responses:
        if exchange["status"] not in EDGE_STATUS and exchange["status"] != 405:
            yield f"status {status} is not documented"
        return
    content = responses[status].get("content", {})
    if "$ref" in responses[status]:
        name = responses[status]["$ref"].rsplit("/", 1)[1]
        content = operation.document["components"]["responses"][name].get("content", {})
    media = media_of(exchange)
    if not content:
        if exchange["body"]:
            yield f"{status} has a body, none is documented"
        return
    if media not in content:
        yield f"{status} is {media!r}, documented are {sorted(content)}"
        return
    if not media.endswith("json"):
        return
    key = (id(operation.document), operation.path, operation.method, status, media)
    if key not in validators:
        schema = content[media]["schema"] | {"components": operation.document["components"]}
        validators[key] = jsonschema.Draft202012Validator(schema)
    for error in list(validators[key].iter_errors(json.loads(exchange["body"])))[:3]:
        yield f"{status} at {error.json_path}: {error.message[:200]}"


def test_replies_are_as_documented():
    wrong = collections.Counter()
    validators = {}
    seen = 0
    for exchange in exchanges():
        operation = operation_of(exchange)
        if operation is None:
            continue
        seen += 1
        for mistake in mistakes_of(exchange, operation, validators):
            wrong[f"{operation.method} {operation.path}: {mistake}"] += 1
    assert seen > 100, f"only {seen} exchanges in {LOG}: run the API tests first"
    assert not wrong, "\n".join(f"{n} x {m}" for m, n in wrong.most_common(40))


def test_every_operation_was_used():
    used = {(o.method, o.path) for o in map(operation_of, exchanges()) if o}
    unused = [f"{o.method} {o.path}" for o in OPERATIONS if (o.method, o.path) not in used]
    assert not unused, "no test calls:\n" + "\n".join(unused)


def test_every_operation_succeeded_once():
    good = {(o.method, o.path) for e in exchanges() if e["status"] < 400
            for o in [operation_of(e)] if o}
    never = [f"{o.method} {o.path}" for o in OPERATIONS if (o.method, o.path) not in good]
    assert not never, "no test has a good answer of:\n" + "\n".join(never)


def test_no_server_errors():
    """500 is always a bug; 503 and 504 belong to tests that break something on purpose."""
    bad = [f"{e['method']} {e['path']}: {e['body'][:200]}" for e in exchanges()
           if e["status"] in (500, 501)]
    assert not bad, "\n".join(bad[:20])


def test_problems_leak_nothing():
    """No problem document tells of SQL, files, addresses in memory, or secrets, but for what the caller wrote."""
    leak = re.compile(r"SELECT |INSERT |UPDATE |\bFROM [a-z]+\.|\.c:\d|/usr/|/home/|0x[0-9a-f]{8}|"
                      r"password_hash|PRIVATE KEY|libpq|hiredis", re.IGNORECASE)
    bad = [e["body"][:300] for e in exchanges() if media_of(e) == "application/problem+json"
           and any(found not in (e["request_body"] or "") for found in leak.findall(e["body"]))]
    assert not bad, "\n".join(bad[:10])


@pytest.mark.parametrize("document", documents(), ids=lambda d: d["info"]["title"])
def test_document_is_openapi_31(document):
    assert document["openapi"].startswith("3.1")
    names = [row["operationId"] for item in document["paths"].values() for row in item.values()
             if isinstance(row, dict) and "operationId" in row]
    assert names and len(names) == len(set(names))
    for reference in re.findall(r'"\$ref": ?"#/([^"]+)"', json.dumps(document)):
        node = document
        for part in reference.split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
