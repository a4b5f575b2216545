"""docs/security.md names what exists: tests by file and function, make targets, files."""
import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = pathlib.Path(os.environ.get("SECURITY_PAGE", ROOT / "docs/security.md")).read_text(encoding="utf-8")
# number(s) | requirement | what holds it
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+(?:, \d+\.\d+\.\d+)*) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
NAMED = sorted({name for _, _, held in ROWS for name in re.findall(r"`([^`]+)`", held)})
# Of level 2, what applies to the suite: a row that goes, goes from here too.
REQUIREMENTS = """
    1.1.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.6 1.3.10 1.3.11 1.4.1 1.4.2 1.4.3 1.5.2 2.1.1 2.1.2 2.1.3 2.2.1 2.2.2
    2.2.3 2.3.1 2.3.2 2.3.3 2.3.4 2.4.1 4.1.1 4.1.2 4.1.3 4.2.1 4.4.1 4.4.2 4.4.3 4.4.4 5.2.1 5.2.2 5.2.3 5.3.2
    5.4.2 6.3.1 6.5.1 6.5.5 7.2.3 7.2.4 7.4.1 7.4.2 8.2.1 8.2.2 8.2.3 8.3.1 8.4.1 9.1.1 9.1.2 9.1.3 9.2.1 9.2.2
    9.2.3 11.1.2 11.2.2 11.2.3 11.3.3 11.4.2 11.5.1 12.1.1 12.2.1 12.3.1 12.3.2 12.3.3 12.3.4 13.2.1 13.2.2
    13.2.4 13.3.1 13.4.5 13.4.4 14.2.1 14.3.2 14.2.4 15.1.1 15.1.2 15.1.3 15.2.2 15.3.1 15.3.2 15.3.3 15.3.4
    15.3.7 16.2.1 16.2.2 16.2.5 16.3.1 16.3.2 16.4.1 16.5.1 16.5.2 16.5.3
""".split()
TARGETS = re.findall(r"^([a-z-]+):", "\n".join(
    f.read_text() for f in [ROOT / "Makefile", *(ROOT / "scripts/make").glob("*.mk")]), re.MULTILINE)


@pytest.mark.parametrize("name", [n for n in NAMED if "::" in n])
def test_the_test_exists(name):
    path, _, function = name.partition("::")
    text = (ROOT / "tests" / path).read_text(encoding="utf-8")
    start = r"^def " if path.endswith(".py") else r"^static void "
    assert re.search(start + re.escape(function) + r"\(", text, re.MULTILINE), name
    assert path.endswith(".py") or len(re.findall(rf"\b{function}\b", text)) > 1, f"{name} is not run"


@pytest.mark.parametrize("name", [n.split()[1] for n in NAMED if n.startswith("make ")])
def test_the_target_exists(name):
    assert name in TARGETS


@pytest.mark.parametrize("name", [n for n in NAMED if re.fullmatch(r"[\w.*-]+(/[\w.*-]+)+|[A-Z]+\.md", n)
                                  and "::" not in n])
def test_the_file_exists(name):
    assert list(ROOT.glob(name)) or list(ROOT.glob("tests/" + name)), name


def test_each_requirement_is_there_once_and_held_by_something():
    numbers = [n for row, _, _ in ROWS for n in row.split(", ")]
    assert sorted(numbers) == sorted(REQUIREMENTS)
    assert len(ROWS) == len(re.findall(r"^\| \d", PAGE, re.MULTILINE)), "a row is not in the form of the others"
    for row, _, held in ROWS:
        assert "`" in held or re.search(r"later|Debian's|on purpose", held), row
