"""What a request may end in when an allocation fails: as without the failure, in a problem document that blames memory,
or in a closed connection. Nothing else: no other refusal, since its reason would be wrong, nothing half, no silence."""
import json

BLAMED = {"no_memory": 503, "busy": 503, "unavailable": 503}
SILENT = "no reply and no end"


def members(reply):
    """Names of what is in a JSON reply."""
    if not reply.headers.get("content-type", "").startswith("application/json"):
        return None
    document = json.loads(reply.body)
    return set(document) if isinstance(document, dict) else None


def same(reply, usual):
    """The usual reply: values may differ from one to the next."""
    if set(reply.headers) - {"connection"} != set(usual.headers) - {"connection"}:
        return f"the headers differ: {set(reply.headers) ^ set(usual.headers)}"
    try:
        return None if members(reply) == members(usual) else "the document differs"
    except ValueError:
        return "half a document"


def problem(reply):
    if not reply.headers.get("content-type", "").startswith("application/problem+json"):
        return f"{reply.status} and no problem document: {reply.body[:100]}"
    try:
        document = json.loads(reply.body)
    except ValueError:
        return f"half a problem document: {reply.body[:100]}"
    code = document.get("code")
    if BLAMED.get(code) != reply.status or document.get("type") != f"urn:myhibachi:problem:{code}":
        return f"another problem: {reply.status} {document}"
    if document.get("request_id") != reply.headers.get("x-request-id") or "retry-after" not in reply.headers:
        return f"a header is missing: {reply.headers}"
    return None


def wrong(reply, usual):
    """What is wrong with it, or None. reply: SILENT, or None for a connection that was closed."""
    if reply is None:
        return None
    if reply == SILENT:
        return SILENT
    return same(reply, usual) if reply.status == usual.status else problem(reply)
