"""What can be called, as the binaries under test print it (--openapi)."""
import collections
import json
import pathlib
import subprocess
import uuid

from lib.stack import Stack

METHODS = ("get", "post", "put", "patch", "delete")

# body: {member: JSON types}, or None; query: names of its parameters; flags: key, if_match, optional_body
Operation = collections.namedtuple("Operation", "service method path name public body query flags")


def _resolved(document, node):
    while "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _types(document, schema):
    """The JSON types that a schema allows."""
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        return set().union(*(_types(document, s) for s in schema["anyOf"]))
    if "type" not in schema:
        return {"null", "boolean", "number", "integer", "string", "array", "object"}
    types = schema["type"]
    return {types} if isinstance(types, str) else set(types)


def _members(document, schema):
    properties = _resolved(document, schema)["properties"]
    return {name: _types(document, s) for name, s in properties.items()}


def _operation(service, document, method, path, row):
    parameters = [_resolved(document, p) for p in row.get("parameters", [])]
    body = row.get("requestBody", {}).get("content", {}).get("application/json")
    headers = {p["name"] for p in parameters if p["in"] == "header"}
    flags = {name for name, there in {
        "key": "Idempotency-Key" in headers,
        "if_match": "If-Match" in headers,
        "optional_body": not row.get("requestBody", {}).get("required", True)}.items() if there}
    return Operation(service, method.upper(), path, row["operationId"], row["security"] == [],
                     _members(document, body["schema"]) if body else None,
                     [p["name"] for p in parameters if p["in"] == "query"], flags)


def operations():
    """Each operation once: health is every service's."""
    seen = {}
    for service in ("identity", "booking"):
        binary = pathlib.Path(Stack().env["BIN_DIR"]) / service
        printed = subprocess.run([binary, "--openapi"], capture_output=True, check=True).stdout
        document = json.loads(printed)
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    seen[method, path] = _operation(service, document, method, path, item[method])
    return list(seen.values())


def filled(path):
    """A path of things that do not exist."""
    while "{" in path:
        head, _, rest = path.partition("{")
        name, _, tail = rest.partition("}")
        path = head + (str(uuid.uuid4()) if name == "id" or name.endswith("_id") else "none") + tail
    return path
