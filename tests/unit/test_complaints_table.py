"""`docs/complaints.md` names tests that exist, and all those that bear a complaint's number."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "complaints.md").read_text(encoding="utf-8")
COUNT = 25

_ROW = re.compile(r"^\| (\d+) \|.*?\|(?: `(tests/\S+\.py)::(test_\w+)`)? \|(.*)\|$", re.MULTILINE)
_NUMBERED = re.compile(r"test_(\d\d)_")


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_complaint_is_listed_in_order() -> None:
    numbers = [int(row[0]) for row in _ROW.findall(TABLE)]
    assert sorted(set(numbers)) == list(range(1, COUNT + 1))
    assert numbers == sorted(numbers)
    assert len(numbers) == sum(line[2:3].isdigit() for line in TABLE.splitlines() if line.startswith("| "))


def test_every_test_in_the_table_exists_and_bears_the_number() -> None:
    for number, file, name, result in _ROW.findall(TABLE):
        if not file:
            assert "open" in result, number
            continue
        assert name in functions(ROOT / file), f"{file}::{name}"
        assert name.startswith(f"test_{int(number):02}_"), name


def test_every_test_that_bears_a_number_is_in_the_table() -> None:
    listed = {(file, name) for _, file, name, _ in _ROW.findall(TABLE)}
    there = {
        (file.relative_to(ROOT).as_posix(), name)
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in functions(file)
        if _NUMBERED.match(name)
    }
    assert there <= listed
