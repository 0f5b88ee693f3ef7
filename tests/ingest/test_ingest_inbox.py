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
    return receive(path, bench.catalog(), bench.settings).description


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
    assert "No ranking or claim can be proposed" in str(found["next step"])


def test_a_file_of_no_source_is_proposed(dropped: Bench) -> None:
    path = dropped.settings.inbox_dir / "list.csv"
    path.write_text("Rank,City,Score\n1,Beijing,91.5\n2,Shenzhen,88\n3,Hangzhou,86\n")
    found = receive(path, dropped.catalog(), dropped.settings)
    [card] = found.cards
    assert card.is_relative_to(dropped.settings.proposals_dir)
    assert str(card) in str(found.description["next step"])
    assert found.proposal
    [table] = found.proposal.tables
    assert [(x.city_id, x.rank_from) for x in table.lines] == [
        ("cn_beijing", 1),
        ("cn_shenzhen", 2),
        ("cn_hangzhou", 3),
    ]


def test_a_file_that_no_reader_reads_is_kept(dropped: Bench) -> None:
    path = dropped.settings.inbox_dir / "broken.pdf"
    path.write_bytes(b"%PDF-1.7 cut off")
    found = receive(path, dropped.catalog(), dropped.settings)
    assert (found.proposal, found.cards) == (None, ())
    assert "Nothing is proposed: " in str(found.description["next step"])
    assert (dropped.settings.archive_dir / str(found.description["sha256"])).exists()


def test_files_that_are_not_taken(dropped: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InboxError, match="is empty"):
        drop(dropped, "empty.csv", b"")
    with pytest.raises(InboxError, match="can't be read"):
        receive(dropped.settings.inbox_dir / "gone.csv", dropped.catalog(), dropped.settings)
    monkeypatch.setattr(inbox, "MAX_BYTES", 10)
    with pytest.raises(InboxError, match="at most 10 are taken"):
        drop(dropped, "large.csv", REGISTER)
