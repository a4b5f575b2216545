"""The rows of the result: a table for people, bench.json for programs."""
import json
import os
import pathlib


def short(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"


class Report:
    """A row is {name, unit, ours, ceiling, ratio, target, at, met, note}; what does not apply is null.
    `at` says which way the target is meant: "least" or "most". It holds for the ratio where there is
    one, else for ours."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.rows = []

    def add(self, name, unit, ours=None, ceiling=None, target=None, at=None, note=None):
        ratio = ours / ceiling if ours is not None and ceiling else None
        value = ours if ratio is None else ratio
        met = None
        if target is not None and value is not None:
            met = value >= target if at == "least" else value <= target
        self.rows.append({"name": name, "unit": unit, "ours": rounded(ours), "ceiling": rounded(ceiling),
                          "ratio": rounded(ratio), "target": target, "at": at, "met": met, "note": note})

    def lines(self):
        yield "| what | unit | ours | ceiling | ratio | target | |"
        yield "|---|---|---:|---:|---:|---:|---|"
        for r in self.rows:
            sign = {"least": "≥ ", "most": "≤ "}.get(r["at"], "")
            target = sign + short(r["target"]) if r["target"] is not None else ""
            verdict = {True: "met", False: "**missed**", None: ""}[r["met"]]
            note = " ".join(filter(None, (verdict, r["note"])))
            yield (f"| {r['name']} | {r['unit']} | {short(r['ours'])} | {short(r['ceiling'])} | "
                   f"{short(r['ratio'])} | {target} | {note} |")

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.rows, indent=1, ensure_ascii=False) + "\n")
        print("\n".join(self.lines()))
        met = sum(r["met"] is True for r in self.rows)
        missed = sum(r["met"] is False for r in self.rows)
        print(f"\n{met} targets met, {missed} missed; {os.path.relpath(self.path)}")


def rounded(value):
    return None if value is None else float(f"{value:.4g}")
