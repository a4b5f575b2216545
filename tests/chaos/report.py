"""The result of a run: a table for people, chaos.json for programs."""
import collections
import dataclasses
import json
import os
import pathlib


class Report:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.rows, self.findings, self.skipped = {}, [], []
        self.totals = collections.Counter()
        self.slowest_s = 0

    def add(self, outcome):
        """A fault that comes again adds to its rows; of recoveries the slowest counts."""
        for row in outcome.rows:
            kept = self.rows.setdefault((row.fault, row.traffic), dataclasses.replace(
                row, requests=0, acknowledged=0, lost=0, doubled=0, failed=0))
            for name in ("requests", "acknowledged", "lost", "doubled", "failed"):
                setattr(kept, name, getattr(kept, name) + getattr(row, name))
            if row.recovery_s is not None:
                kept.recovery_s = max(kept.recovery_s, row.recovery_s)
        self.findings += outcome.findings
        self.totals["rounds"] += 1
        self.totals["calls in histories"] += outcome.calls
        self.totals["replies asked for again"] += outcome.repeated
        self.slowest_s = max(self.slowest_s, outcome.slowest_s)

    def lines(self):
        yield "| fault | traffic | requests | acknowledged | lost | doubled | failed | recovery, s |"
        yield "|---|---|---:|---:|---:|---:|---:|---:|"
        for r in self.rows.values():
            recovery = "" if r.recovery_s is None else f"{r.recovery_s:.1f}"
            yield (f"| {r.fault} | {r.traffic} | {r.requests} | {r.acknowledged} | {r.lost} | {r.doubled} | "
                   f"{r.failed} | {recovery} |")
        yield ""
        sums = {n: sum(getattr(r, n) for r in self.rows.values())
                for n in ("requests", "acknowledged", "lost", "doubled", "failed")}
        yield ", ".join(f"{n} {name}" for name, n in (self.totals | sums).items()) + \
            f"; the slowest answer {self.slowest_s} s"
        for fault, why in self.skipped:
            yield f"skipped: {fault}: {why}"
        for f in self.findings[:50]:
            yield f"WRONG {f.check}: {f.traffic}: {f.text}"
        if len(self.findings) > 50:
            yield f"... and {len(self.findings) - 50} more"

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps([dataclasses.asdict(r) for r in self.rows.values()], indent=1) + "\n")

    def __str__(self):
        return "\n".join([*self.lines(), f"{os.path.relpath(self.path)}"])
