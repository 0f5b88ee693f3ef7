"""The inbox sensor: a run a document, once it stopped growing."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from ingest.facts import raw_tables
from orchestration.definitions import build_definitions
from tests.conftest import Home


class Inbox:
    """The sensor of a home and its cursor, ticked by hand."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.folder = home.settings.inbox_dir
        self.folder.mkdir(parents=True)
        self.sensor = next(iter(home.definitions.sensors or ()))
        self.cursor: str | None = None

    def tick(self) -> list[dg.RunRequest]:
        context = dg.build_sensor_context(
            instance=self.home.instance, cursor=self.cursor, definitions=self.home.definitions
        )
        result = self.sensor(context)
        self.cursor = context.cursor
        return list(result.run_requests or ()) if isinstance(result, dg.SensorResult) else []


@pytest.fixture
def inbox(orchards: Home) -> Inbox:
    return Inbox(orchards)


def test_a_growing_file_is_left_alone_and_a_stable_one_asked_for_once(inbox: Inbox) -> None:
    file = inbox.folder / "report.csv"
    for i in range(3):
        file.write_text("place,rank\n" * (i + 1))
        assert inbox.tick() == []
    requests = inbox.tick()
    assert [r.run_key for r in requests] == [sha256(file.read_bytes()).hexdigest()]
    assert [inbox.tick() for _ in range(3)] == [[], [], []]


def test_changed_content_is_another_document(inbox: Inbox) -> None:
    file = inbox.folder / "report.csv"
    keys = []
    for text in ("place,rank\nA,1\n", "place,rank\nB,1\n"):
        file.write_text(text)
        inbox.tick()
        keys += [r.run_key for r in inbox.tick()]
    assert len(set(keys)) == 2


def test_hidden_files_and_folders_are_not_documents(inbox: Inbox) -> None:
    (inbox.folder / ".report.csv.part").write_text("half")
    (inbox.folder / "folder").mkdir()
    assert [inbox.tick() for _ in range(3)] == [[], [], []]


def test_the_run_archives_and_describes_the_document(inbox: Inbox) -> None:
    home = inbox.home
    file = inbox.folder / "report.csv"
    file.write_text("Rank,Orchard,Points\n1,Amberfield,9.5\n2,Dewgrove,8.1\n3,Nowhere,7.0\n")
    inbox.tick()
    request = inbox.tick()[0]
    result = home.definitions.resolve_job_def("inbox").execute_in_process(
        instance=home.instance, run_config=request.run_config
    )
    [event] = [e for e in result.all_events if e.event_type_value == "ASSET_MATERIALIZATION"]
    assert event.partition == request.run_key
    metadata = event.materialization.metadata
    assert "report.csv" in str(metadata)
    assert "| table |" in str(metadata["candidates"].value)
    assert "1 Amberfield 9.5 = xo_amberfield" in str(metadata["candidates"].value)
    card = Path(str(metadata["card report"].value))
    assert "parser: ranking_table" in card.read_text()
    assert (home.settings.archive_dir / str(request.run_key)).read_bytes() == (file.read_bytes())
    assert not home.settings.build_dir.exists(), "it opens no database"
    home.definitions = build_definitions(home.settings)
    assert home.run(*(["raw", table] for table in raw_tables())).success
    [file] = home.settings.build_dir.glob("*/*.duckdb")
    with duckdb.connect(str(file), read_only=True) as con:
        found = con.execute("select report_id from raw.report order by all").fetchall()
    assert found == [("guide_2022",), ("guide_2023",)], "a proposal is no fact"
