"""YAML with the line of every entry."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from ingest.yaml_lines import YamlError, line_of, load_yaml

TEXT = """\
# a comment
title: One
documents:
  - id: first
    years: [2020, 2021]
  - id: second
    note: >-
      folded
      text
    seen: full
empty:
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_data_is_that_of_the_yaml(tmp_path: Path) -> None:
    data, _ = load_yaml(write(tmp_path, TEXT))
    assert data == {
        "title": "One",
        "documents": [
            {"id": "first", "years": [2020, 2021]},
            {"id": "second", "note": "folded text", "seen": "full"},
        ],
        "empty": None,
    }


def test_a_bare_word_is_a_key_as_it_stands(tmp_path: Path) -> None:
    data, lines = load_yaml(write(tmp_path, "on: 2024-05-01\nno: yes\n"))
    assert data == {"on": dt.date(2024, 5, 1), "no": True}
    assert lines["no",] == 2


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("title",), 2),
        (("documents",), 3),
        (("documents", 0), 4),
        (("documents", 0, "years", 1), 5),
        (("documents", 1), 6),
        (("documents", 1, "seen"), 10),
        (("empty",), 11),
        (("documents", 1, "absent"), 6),
        (("absent", "deeper"), 1),
    ],
)
def test_lines(tmp_path: Path, location: tuple[str | int, ...], line: int) -> None:
    _, lines = load_yaml(write(tmp_path, TEXT))
    assert line_of(lines, location) == line


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "key 'a' is written twice"),
        ("a:\n  b: 1\n  b: 2\n", 3, "key 'b' is written twice"),
        ("a: 1\nb: [1, 2}\nc: 2\n", 2, "not readable as YAML"),
        ("a: 1\n\tb: 2\n", 2, "not readable as YAML"),
        ("a: 1\nb: !made_up 2\n", 2, "not readable as YAML"),
        ("a: 1\n? [b]\n: 2\n", 2, "a key must be a plain word"),
    ],
)
def test_faults_have_a_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(YamlError, match=message) as raised:
        load_yaml(write(tmp_path, text))
    assert raised.value.line == line


def test_a_day_that_does_not_exist_is_a_text(tmp_path: Path) -> None:
    """So that it is a fault of its own entry, and the rest of the file is read."""
    data, _ = load_yaml(write(tmp_path, "a: 2024-02-29\nb: 2024-02-30\n"))
    assert data == {"a": dt.date(2024, 2, 29), "b": "2024-02-30"}


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "file.yml"
    path.write_bytes("title: 北京".encode("gb18030"))
    with pytest.raises(YamlError, match="not readable as YAML"):
        load_yaml(path)


def test_an_empty_file(tmp_path: Path) -> None:
    assert load_yaml(write(tmp_path, "# nothing\n"))[0] is None
