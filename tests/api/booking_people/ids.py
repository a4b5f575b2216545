"""What the demo data calls things, and names that nobody else has."""
import uuid

STATION = "0198a000-0000-7000-8000-0000000000a1"
OTHER_STATION = "0198a000-0000-7000-8000-0000000000a2"
CHEF = "0198a000-0000-7000-8000-0000000000b1"  # has the demo account
OTHER_CHEF = "0198a000-0000-7000-8000-0000000000b2"  # of the same station
FAR_CHEF = "0198a000-0000-7000-8000-0000000000b5"  # of the other one
CUSTOMER = "0198a000-0000-7000-8000-0000000000e1"  # has the demo account
NOBODY = "0198a000-0000-7000-8000-00000000dead"
WHY = {"reason": "a reason for this test"}


def unique():
    """Letters only, so that it passes for a name."""
    return "".join(chr(ord("g") + int(c, 16)) for c in uuid.uuid4().hex[:10])


def phone():
    return f"+1408555{uuid.uuid4().int % 10**4:04d}"


def email():
    return f"{unique()}@example.com"
