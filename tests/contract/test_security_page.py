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
TARGETS = re.findall(r"^([a-z-]+):", "\n".join(
    f.read_text() for f in [ROOT / "Makefile", *(ROOT / "scripts/make").glob("*.mk")]), re.MULTILINE)


@pytest.mark.parametrize("name", [n for n in NAMED if "::" in n])
def test_the_test_exists(name):
    path, _, function = name.partition("::")
    text = (ROOT / "tests" / path).read_text(encoding="utf-8")
    start = r"^def " if path.endswith(".py") else r"^static void "
    assert re.search(start + re.escape(function) + r"\(", text, re.MULTILINE), name


@pytest.mark.parametrize("name", [n.split()[1] for n in NAMED if n.startswith("make ")])
def test_the_target_exists(name):
    assert name in TARGETS


@pytest.mark.parametrize("name", [n for n in NAMED if re.fullmatch(r"[\w.*-]+(/[\w.*-]+)+|[A-Z]+\.md", n)
                                  and "::" not in n])
def test_the_file_exists(name):
    assert list(ROOT.glob(name)) or list(ROOT.glob("tests/" + name)), name


def test_each_requirement_is_there_once_and_held_by_something():
    numbers = [n for row, _, _ in ROWS for n in row.split(", ")]
    assert len(numbers) == len(set(numbers)) > 90
    assert len(ROWS) == len(re.findall(r"^\| \d", PAGE, re.MULTILINE)), "a row is not in the form of the others"
    for row, _, held in ROWS:
        assert "`" in held or re.search(r"later|Debian's|on purpose", held), row
