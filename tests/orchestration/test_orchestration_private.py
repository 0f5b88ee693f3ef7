"""Nothing of a private card reaches a release; see tests/fixtures/orchards_private."""

from __future__ import annotations

import json

import dagster as dg
import duckdb

from ingest.settings import Settings
from tests.conftest import ORCHARDS, PRIVATE, Home

WORDS = ("own_cellars", "cellar", "Cellar", "31337", "2.7182", "private")
# What the tables and columns say about privacy itself.
SAID = ("is_private", "nothing_is_private", "Whether its facts stay out", "whose card is private")


def test_a_release_is_the_same_with_and_without_private_cards(
    orchards_run: tuple[Home, dg.ExecuteInProcessResult], orchards: Home
) -> None:
    settings = Settings(orchards.settings.home, (ORCHARDS, PRIVATE))
    home = Home(settings, orchards.instance)
    result = home.run()
    assert result.success, [e.message for e in result.all_events if e.is_step_failure]
    keys = {spec.key.to_user_string() for spec in home.definitions.resolve_all_asset_specs()}
    assert {"documents/own_cellars", "facts/own_cellars"} <= keys, "they are read, here"

    folder = settings.current
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    alone, _ = orchards_run
    other = json.loads((alone.settings.current / "manifest.json").read_text(encoding="utf-8"))
    for key in ("content_digest", "tables", "documents", "difference", "reports"):
        assert manifest[key] == other[key], key
    assert manifest["inputs"]["catalog_digest"] == other["inputs"]["catalog_digest"]

    text = (folder / "manifest.json").read_text(encoding="utf-8")
    for report in (folder / "reports").iterdir():
        text += report.read_text(encoding="utf-8")
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as con:
        for (table,) in con.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
        ).fetchall():
            text += f"{table} {con.execute(f'select * from {table}').fetchall()}"
        text += str(con.execute("select * from duckdb_columns() where not internal").fetchall())
        text += str(con.execute("select comment from duckdb_tables()").fetchall())
    for said in SAID:
        text = text.replace(said, "")
    data = (folder / "warehouse.duckdb").read_bytes()
    for word in WORDS:
        assert word not in text
        assert word == "private" or word.encode() not in data

    edited = Home(settings, orchards.instance).run()
    assert edited.success
    assert len(home.releases()) == 1, "equal content makes no new release"
