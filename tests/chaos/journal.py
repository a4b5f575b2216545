"""What a client knows of what it asked for: one JSON object a line, written as it happens, with times of one
monotonic clock.

    {"e": "invoke", "op": 7, "at": 12.5, "client": ..., "traffic": ..., "what": "book", "key": ..., ...}
    {"e": "ok" | "fail" | "info", "op": 7, "at": 12.6, "status": 201, ...}

ok: it has happened. fail: it has not, and the service said why. info: nobody knows, as after a timeout, a 5xx
or a lost connection. An operation that is tried again with its key has one number and several pairs of lines."""
import dataclasses
import json
import threading
import time

FOREVER = float("inf")


@dataclasses.dataclass
class Try:
    start: float
    end: float = FOREVER
    result: str = "info"
    said: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Op:
    """An operation, all of its tries."""
    n: int
    asked: dict
    tries: list

    def __getattr__(self, name):  # what was asked: op.what, op.key, op.slot
        try:
            return self.asked[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def start(self):
        return self.tries[0].start

    @property
    def last(self):
        return self.tries[-1]

    @property
    def result(self):
        return self.last.result

    @property
    def unsure(self):
        """A try before the last one may have happened, or may happen yet."""
        return any(t.result == "info" for t in self.tries[:-1])


class Journal:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8", buffering=1 << 16)
        self.lock = threading.Lock()
        self.count = 0

    def write(self, row):
        with self.lock:
            self.file.write(json.dumps(row | {"at": time.monotonic()}) + "\n")

    def invoke(self, **asked):
        with self.lock:
            self.count += 1
            n = self.count
        self.write({"e": "invoke", "op": n} | asked)
        return n

    def again(self, n):
        self.write({"e": "invoke", "op": n})

    def done(self, n, result, **said):
        self.write({"e": result, "op": n} | said)

    def close(self):
        with self.lock:
            self.file.close()


def read(path):
    """The operations of a journal, in the order of their beginning."""
    ops = {}
    with open(path, encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            kind, n, at = row.pop("e"), row.pop("op"), row.pop("at")
            if kind != "invoke":
                ops[n].tries[-1].end, ops[n].tries[-1].result, ops[n].tries[-1].said = at, kind, row
            elif n in ops:
                ops[n].tries.append(Try(at))
            else:
                ops[n] = Op(n, row, [Try(at)])
    return list(ops.values())
