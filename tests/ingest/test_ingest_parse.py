"""Documents held in, facts files out: nothing is read twice, nothing bad costs the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ingest_bench import (
    ORCHARDS,
    REGISTER,
    REGISTER_FACTS,
    Bench,
    register_card,
)

from ingest import archive
from ingest.catalog import Catalog, load_catalog
from ingest.parse import ParseResult, parse
from ingest.pull import pull
from ingest.settings import Settings


# ---------------------------------------------------------------- archive
def test_the_archive_keeps_bytes_by_their_digest(tmp_path: Path) -> None:
    digest = archive.store(tmp_path, b"bytes")
    path = tmp_path / digest
    stamp = path.stat().st_mtime_ns
    assert archive.store(tmp_path, b"bytes") == digest
    assert path.stat().st_mtime_ns == stamp
    assert archive.read(tmp_path, digest) == b"bytes"
    assert [p.name for p in tmp_path.iterdir()] == [digest]


def test_a_changed_file_of_the_archive_is_not_read(tmp_path: Path) -> None:
    digest = archive.store(tmp_path, b"bytes")
    (tmp_path / digest).unlink()
    (tmp_path / digest).write_bytes(b"other bytes")
    with pytest.raises(ValueError, match="was changed"):
        archive.read(tmp_path, digest)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    archive.write_atomically(path, b"first")
    with pytest.raises(TypeError):
        archive.write_atomically(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_holdings_come_back_as_they_were_written(bench: Bench) -> None:
    bench.read(register_card(), REGISTER)
    held = bench.pull().documents
    home = bench.settings.archive_dir
    assert archive.read_holdings(home, "mirror", "things") == held
    assert archive.read_holdings(home, "live", "things") == []
    assert archive.read_holdings(home, "mirror", "unknown") == []


# ---------------------------------------------------------------- parse
@pytest.fixture
def parsed(bench: Bench) -> Bench:
    bench.write(register_card())
    (bench.mirror / "doc.bin").write_bytes(REGISTER)
    bench.pull()
    assert bench.parse().parsed == 1
    return bench


def work(result: ParseResult) -> tuple[int, int]:
    assert result.errors == []
    return result.parsed, result.reused


def test_what_was_parsed_is_reused_with_its_counts(parsed: Bench) -> None:
    result = parsed.parse()
    assert work(result) == (0, 1)
    assert result.counts == {"observation": 2}


def test_quarantined_texts_are_counted_again(bench: Bench) -> None:
    read = bench.read(register_card(), REGISTER + "Delta,甲,2024\n".encode())
    again = bench.parse()
    assert read.result.quarantined == again.quarantined == 1
    assert read.result.counts == again.counts == {"observation": 2}


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"parse": {"year_to": 2023}}, True),
        ({"document": {"options": {"year": 2020}}}, True),
        ({"title": "Another title"}, False),
        ({"note": "A note"}, False),
    ],
)
def test_only_a_card_that_could_give_other_facts_parses_again(
    parsed: Bench, changes: dict[str, object], again: bool
) -> None:
    parsed.write(register_card(**changes))
    assert work(parsed.parse()) == ((1, 0) if again else (0, 1))


def test_another_gazetteer_parses_again(parsed: Bench) -> None:
    parsed.write(
        register_card(),
        cities="city_id,name_en,name_zh,aliases,country_code\ncn_beijing,Beijing,北京市,北京,CN\n",
        organisations="organisation,city_id,ror_id,reason\n",
    )
    result = parsed.parse()
    assert work(result) == (1, 0)
    assert (result.counts, result.quarantined) == ({"observation": 1}, 1)


def test_a_document_that_cannot_be_read_is_an_error_each_time(bench: Bench) -> None:
    read = bench.read(register_card(), "näme".encode("latin-1"))
    assert read.error.startswith("doc: no table as declared")
    assert bench.parse().errors == read.result.errors
    assert list(bench.settings.facts_dir.glob("*.parquet")) == []


def test_one_bad_document_costs_the_others_nothing(bench: Bench) -> None:
    source = register_card()
    good = source["documents"][0]
    source["documents"] = [{**good, "id": "bad", "mirror": "bad.bin"}, good]
    bench.write(source)
    (bench.mirror / "doc.bin").write_bytes(REGISTER)
    (bench.mirror / "bad.bin").write_bytes(b"<html>502 Bad Gateway</html>")
    bench.pull()
    result = bench.parse()
    assert len(result.errors) == 1
    assert result.errors[0].startswith("bad: ")
    assert result.counts == {"observation": 2}


def test_a_document_changed_in_the_archive_is_not_parsed(bench: Bench) -> None:
    bench.write(register_card())
    (bench.mirror / "doc.bin").write_bytes(REGISTER)
    (held,) = bench.pull().documents
    path = bench.settings.archive_dir / held.blob
    path.chmod(0o644)
    path.write_bytes(REGISTER.replace(b"2024", b"2023"))
    (error,) = bench.parse().errors
    assert "was changed: its digest no longer fits its name" in error
    path.unlink()
    (error,) = bench.parse().errors
    assert error.startswith("doc: ")


def test_a_document_that_the_card_no_longer_names_is_left(parsed: Bench) -> None:
    source = register_card(document={"id": "other"})
    parsed.write(source)
    result = parsed.parse()
    assert (result.parsed, result.reused, result.errors) == (0, 0, [])


# ---------------------------------------------------------------- bundled facts
SURVEY = "orchard_survey/survey_2022.observation.csv"


@pytest.fixture
def orchards(tmp_path: Path) -> Settings:
    folder = shutil.copytree(ORCHARDS, tmp_path / "orchards")
    return Settings(home=tmp_path / "home", catalog=(folder,))


def parse_survey(settings: Settings) -> ParseResult:
    catalog: Catalog = load_catalog(settings.catalog)
    assert catalog.errors == ()
    for source in catalog.sources:
        assert pull(catalog, source, settings).failures == []
    others = [parse(catalog, s, settings) for s in catalog.sources if s != "orchard_survey"]
    assert [(r.errors, r.counts.total() > 0) for r in others] == [([], True)] * 2
    return parse(catalog, "orchard_survey", settings)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("apprentices_persons,xo_birchholt,", "apprentices_persons,xo_birch,", 3, "xo_birch"),
        ("apprentices_persons,xo_birchholt,", "apprentice_persons,xo_birchholt,", 3, "apprentice_"),
        ("apprentices_persons,xo_birchholt,", ",xo_birchholt,", 3, "indicator"),
        (
            "xo_birchholt,2022,whole_orchard,41.0",
            "xo_birchholt,MMXXII,whole_orchard,41.0",
            3,
            "MMX",
        ),
        ("xo_birchholt,2022,whole_orchard,41.0", "xo_birchholt,2022,whole_orchard,4l", 3, "4l"),
        ("xo_birchholt,2022,whole_orchard,41.0", "xo_birchholt,2022,whole_orchard,nan", 3, "nan"),
        ("xo_birchholt,2022,whole_orchard,41.0", "xo_birchholt,2022,whole_orchard,inf", 3, "inf"),
        ("scope,value,status", "scope,valeu,status", 1, "valeu"),
        ("Birchholt | Apprentices | 41", "Birchholt | Apprentices | 41,extra", 3, ""),
        ("Birchholt | Apprentices | 41", "x" * 201, 3, "200 characters"),
    ],
    ids=[
        "city",
        "indicator",
        "no indicator",
        "year",
        "number",
        "nan",
        "inf",
        "column",
        "extra cell",
        "long quote",
    ],
)
def test_a_bad_bundled_row_is_named_and_costs_nothing_else(
    orchards: Settings, old: str, new: str, line: int, message: str
) -> None:
    path = orchards.catalog[0] / "sources" / SURVEY
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    result = parse_survey(orchards)
    (error,) = result.errors
    assert f"{SURVEY}:{line}: " in error
    assert message in error
    assert result.counts["observation"] == 73  # those of the survey of 2023


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [(",true,88,", ",yes,88,", "yes"), (",2,2,2,2,true", ",2,second,2,2,true", "second")],
)
def test_a_bad_bundled_rank(orchards: Settings, old: str, new: str, message: str) -> None:
    file = "orchard_guide/guide_2023.published_rank.csv"
    path = orchards.catalog[0] / "sources" / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    catalog = load_catalog(orchards.catalog)
    pull(catalog, "orchard_guide", orchards)
    result = parse(catalog, "orchard_guide", orchards)
    (error,) = result.errors
    assert f"{file}:2: " in error
    assert message in error
    assert result.counts == {"published_rank": 3}


def test_a_bundled_row_that_stands_twice(orchards: Settings) -> None:
    path = orchards.catalog[0] / "sources" / SURVEY
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    (error,) = parse_survey(orchards).errors
    assert "observation read twice from one place" in error
    assert "xo_amberfield" in error


def test_bundled_facts_are_those_of_the_document(bench: Bench) -> None:
    """The same fact from the mirror and from the bundle: the same id and the same columns."""
    from ingest.bundle import bundle

    raw = bench.read(register_card(), REGISTER + "Delta,甲,2024\n".encode())
    from_mirror = {r["observation_id"]: r for r in raw.rows("observation")}
    quarantined = raw.rows("quarantine")
    assert [line.outcome for line in bundle(bench.settings)] == ["written"]
    bench.use(origin="bundled", mirror=(), home=bench.folder / "other")
    bench.pull()
    bench.parse()
    assert {r["observation_id"]: r for r in bench.facts("observation")} == from_mirror
    assert bench.facts("quarantine") == quarantined
    assert len(from_mirror) == len(REGISTER_FACTS)
