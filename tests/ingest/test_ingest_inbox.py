"""A dropped file in, what it is out; nothing of it becomes a fact."""

from __future__ import annotations

import pytest
from ingest_bench import REGISTER, Bench, register_card

from ingest import archive, inbox
from ingest.inbox import InboxError, receive


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
    assert found["form"] == "csv"
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
