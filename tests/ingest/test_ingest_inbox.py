"""A dropped file in, what it is out; nothing of it becomes a fact."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from ingest_bench import REGISTER, Bench, register_card, workbook

from ingest import archive, inbox
from ingest.inbox import InboxError, describe, receive


@pytest.fixture
def dropped(bench: Bench) -> Bench:
    bench.write(register_card(document={"mirror": "folder/register.csv"}))
    bench.settings.inbox_dir.mkdir(parents=True)
    return bench


def drop(bench: Bench, name: str, data: bytes) -> dict[str, str | int]:
    path = bench.settings.inbox_dir / name
    path.write_bytes(data)
    return receive(path, bench.catalog(), bench.settings)


def test_a_file_of_a_known_source(dropped: Bench) -> None:
    found = drop(dropped, "register.csv", REGISTER)
    assert found["form"] == "CSV"
    assert found["inside"] == "3 rows; columns: name, city, year"
    assert found["source"] == "things"
    assert found["bytes"] == len(REGISTER)
    assert found["already in the archive"] == "no"
    assert archive.read(dropped.settings.archive_dir, str(found["sha256"])) == REGISTER
    assert drop(dropped, "register.csv", REGISTER)["already in the archive"] == "yes"
    assert archive.read_holdings(dropped.settings.archive_dir, "mirror", "things") == []


def test_a_file_of_no_source(dropped: Bench) -> None:
    found = drop(dropped, "unheard.csv", REGISTER)
    assert found["source"] == "none of the cards names this file"
    assert "Write a card" in str(found["next step"])


def test_files_that_are_not_taken(dropped: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InboxError, match="is empty"):
        drop(dropped, "empty.csv", b"")
    with pytest.raises(InboxError, match="can't be read"):
        receive(dropped.settings.inbox_dir / "gone.csv", dropped.catalog(), dropped.settings)
    monkeypatch.setattr(inbox, "MAX_BYTES", 10)
    with pytest.raises(InboxError, match="at most 10 are taken"):
        drop(dropped, "large.csv", REGISTER)


@pytest.mark.parametrize(
    ("data", "form", "inside"),
    [
        (b"%PDF-1.7\n", "PDF", "PDF 1.7"),
        (workbook([["a", 1]], title="One"), "workbook", "1 sheets: One"),
        (b"PK\x03\x04 cut off", "ZIP archive", "damaged"),
        (b"<!DOCTYPE html><title>A page</title>", "HTML page", "title: A page"),
        (b'{"editions": [], "meta": {}}', "JSON", "keys: editions, meta"),
        (b"[1, 2]", "JSON", "a list of 2"),
        (b'{"editions": ', "JSON", "damaged"),
        ("北京,1\n".encode() * 2, "CSV", "1 rows; columns: 北京, 1"),
        (b"Kota, kota AI.\n\nLagi.", "text", "21 characters, beginning: Kota, kota AI."),
        (b"\x00\x01\xff\xfe", "unknown", r"begins with b'\x00\x01\xff\xfe'"),
    ],
)
def test_forms_by_their_bytes(data: bytes, form: str, inside: str) -> None:
    assert describe(data) == (form, inside)


def test_a_zip_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("inner.csv", "a,b")
    assert describe((tmp_path / "a.zip").read_bytes()) == ("ZIP archive", "1 files: inner.csv")
