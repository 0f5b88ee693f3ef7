"""Data flows one way: which room may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = ("ingest", "audit", "publish", "analysis", "orchestration")
MAY_IMPORT = {
    "ingest": {"ingest"},
    "audit": {"audit"},
    "publish": {"publish"},
    "analysis": {"analysis"},
    "orchestration": set(ROOMS),
}


def imported_rooms(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.split(".")[0] for name in names} & set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    files = sorted((PROJECT / room).rglob("*.py"))
    assert files
    wrong = {
        str(path.relative_to(PROJECT)): sorted(imported_rooms(path) - MAY_IMPORT[room])
        for path in files
        if imported_rooms(path) - MAY_IMPORT[room]
    }
    assert wrong == {}


@pytest.mark.parametrize("room", ROOMS)
def test_only_orchestration_knows_dagster(room: str) -> None:
    users = [
        str(path.relative_to(PROJECT))
        for path in sorted((PROJECT / room).rglob("*.py"))
        if "import dagster" in path.read_text(encoding="utf-8")
    ]
    assert bool(users) == (room == "orchestration")


def test_analysis_reads_and_writes_nothing() -> None:
    forbidden = ("import duckdb", "from pathlib", "import os", "open(")
    users = {
        (path.name, word)
        for path in (PROJECT / "analysis").rglob("*.py")
        for word in forbidden
        if word in path.read_text(encoding="utf-8")
    }
    assert users == set()
