"""Private cards: what a release may know of the catalog is what it would be without them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from ingest_bench import ORCHARDS

from ingest.catalog import Catalog, load_catalog
from ingest.load import load_raw
from ingest.parse import facts_path, parse
from ingest.pull import held_documents
from ingest.settings import Settings

PRIVATE = ORCHARDS.with_name("orchards_private")
CARD = "sources/own_cellars.yml"
LINK = ("universe_size: 14", "universe_size: 14\n        derived_from: cellar_list")
REGISTER = "  - {indicator: cellars_count, country_code: XO, year_from: 2022, year_to: 2022}\n"
GUIDE = "sources/orchard_guide.yml"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The orchards and a folder of private cards, which the test may change."""
    orchards = shutil.copytree(ORCHARDS, tmp_path / "orchards")
    return orchards, shutil.copytree(PRIVATE, tmp_path / "private")


def entries(catalog: Catalog) -> Catalog:
    """A catalog without the digest of its files, to be compared."""
    return replace(catalog, digest="", without_private=None)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_public_part_is_the_catalog_without_private_cards(folders: tuple[Path, Path]) -> None:
    catalog, alone = load_catalog(folders), load_catalog(folders[:1])
    assert catalog.errors == ()
    assert {"own_cellars"} == catalog.sources.keys() - catalog.public.sources.keys()
    assert catalog.indicators["rot_pct"].sources == ("own_cellars", "orchard_survey")
    assert {"cellar_index", "cellar_keepers"} <= catalog.frameworks.keys()
    assert "cellars_per_hundred_hectares" in catalog.indicators
    assert [c.new for c in catalog.corrections.values()] == ["13"]
    assert entries(catalog.public) == entries(alone)
    assert catalog.public.content_digest == alone.content_digest != catalog.content_digest
    assert alone.public is alone


def test_an_edit_of_private_facts_is_none_of_a_release(folders: tuple[Path, Path]) -> None:
    before = load_catalog(folders)
    content, public = before.content_digest, before.public.content_digest
    facts = folders[1] / "sources/own_cellars/cellars_2023.observation.csv"
    edit(facts, "Cellars!B31337,Hazelrow | Cellars | 31337", "Cellars!B31337,Hazelrow | 31337")
    after = load_catalog(folders)
    assert after.public.content_digest == public
    assert after.content_digest != content
    assert after.digest != before.digest, "the definitions in Dagster know it"


def test_a_release_has_the_index_that_a_private_indicator_was_added_to(
    folders: tuple[Path, Path],
) -> None:
    orchards, private = folders
    own = (orchards / "frameworks/orchard_index.yml").read_text(encoding="utf-8")
    own = own.replace("indicator: presses_count", "indicator: cellars_count")
    (private / "frameworks/orchard_index.yml").write_text(own, encoding="utf-8")
    catalog = load_catalog(folders)
    assert catalog.errors == ()
    assert "cellars_count" in catalog.frameworks["orchard_index"].indicators
    public = catalog.public.frameworks["orchard_index"]
    assert public == load_catalog([orchards]).frameworks["orchard_index"]
    assert catalog.public.flagship == "orchard_index"


def test_a_variant_by_a_private_indicator_is_none_of_a_release(
    folders: tuple[Path, Path],
) -> None:
    orchards, private = folders
    by_cellars = "index: {node: other, children: [{indicator: cellars_count}]}\n"
    for name, changes in (("own", by_cellars), ("shared", "without_nodes: [craft]\n")):
        (private / f"frameworks/{name}.yml").write_text(
            f"framework: {name}\ntitle: Other\nvariant_of: orchard_index\n{changes}"
        )
    (private / "frameworks/deep.yml").write_text(
        "framework: deep\ntitle: Deep\nvariant_of: cellar_index\nmeasures: mixed\n"
    )
    catalog = load_catalog(folders)
    assert catalog.errors == catalog.public.errors == ()
    assert {"own", "shared", "deep"} <= catalog.frameworks.keys()
    assert set(catalog.public.frameworks) == {"orchard_index", "shared"}
    # and rests on the index that a release has, where a private one overrides it
    own = (orchards / "frameworks/orchard_index.yml").read_text(encoding="utf-8")
    own = own.replace("indicator: rot_pct", "indicator: cellars_count")
    (private / "frameworks/orchard_index.yml").write_text(own, encoding="utf-8")
    catalog = load_catalog(folders)
    assert catalog.errors == catalog.public.errors == ()
    assert "cellars_count" in catalog.frameworks["shared"].indicators
    assert "rot_pct" in catalog.public.frameworks["shared"].indicators


PUBLIC_INDEX = {"cellars_count": "presses_count", "cellar_index": "own_presses"}


def private_index(folder: Path, mark: str = "private: true\n") -> None:
    """An index of public indicators that is to be private, with a variant and a table."""
    text = (PRIVATE / "frameworks/cellar_index.yml").read_text(encoding="utf-8")
    for old, new in PUBLIC_INDEX.items():
        text = text.replace(old, new)
    text = text.replace("measures:", f"{mark}measures:")
    text = text.replace("children:\n        -", "weighting: ahp\n      children:\n        -")
    text += "        - {indicator: apprentices_persons}\n"
    (folder / "frameworks/own_presses.yml").write_text(text, encoding="utf-8")
    (folder / "frameworks/own_variant.yml").write_text(
        "framework: own_variant\ntitle: Other\nvariant_of: own_presses\nmeasures: mixed\n",
        encoding="utf-8",
    )
    for owner in ("own_presses", "own_variant"):
        (folder / "frameworks" / owner).mkdir()
        (folder / "frameworks" / owner / "pairwise_comparisons.csv").write_text(
            "expert,node,compared_node,importance\nann,presses_count,apprentices_persons,3\n",
            encoding="utf-8",
        )


@pytest.mark.parametrize("place", [0, 1])
def test_a_private_index_of_public_indicators_is_none_of_a_release(
    folders: tuple[Path, Path], place: int
) -> None:
    alone = load_catalog(folders[:1])
    shutil.rmtree(folders[1])
    (folders[1] / "frameworks").mkdir(parents=True)
    private_index(folders[place])
    catalog = load_catalog(folders)
    assert catalog.errors == catalog.public.errors == ()
    assert set(catalog.frameworks) == {"orchard_index", "own_presses", "own_variant"}
    assert catalog.frameworks["own_variant"].private
    assert entries(catalog.public) == entries(alone)
    assert catalog.public.content_digest == alone.content_digest
    # without the mark all of it is public
    for path in folders[place].glob("frameworks/own_*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    private_index(folders[place], "private: false\n")
    assert set(load_catalog(folders).public.frameworks) == set(catalog.frameworks)


def test_raw_of_the_public_part_knows_no_private_index(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    private_index(folders[1])
    catalog = load_catalog(folders)
    for part, told in ((catalog, True), (catalog.public, False)):
        with duckdb.connect() as con:
            load_raw(con, part, Settings(tmp_path / "home", folders))
            tables = con.execute("select table_name from duckdb_tables()").fetchall()
            rows = [con.execute(f"select * from raw.{table}").fetchall() for (table,) in tables]
        for word in ("own_presses", "own_variant", "ann"):
            assert (f"'{word}'" in str(rows)) == told


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("mark", ["private: perhaps\n", "privat: true\n", "private: true\nx: 1\n"])
def test_a_faulty_private_index_is_told_to_its_owner_only(
    folders: tuple[Path, Path], place: int, mark: str
) -> None:
    private_index(folders[place], mark)
    catalog = load_catalog(folders)
    assert catalog.errors
    assert "own_presses" not in catalog.frameworks
    assert catalog.public.errors == ()
    assert set(catalog.public.frameworks) == {"orchard_index"}


def test_a_private_variant_and_a_private_version_of_a_released_index(
    folders: tuple[Path, Path],
) -> None:
    orchards, private = folders
    for folder, name, mark in (
        (private, "marked", "private: true\n"),
        (private, "beside", ""),
        (orchards, "released", ""),
    ):
        (folder / f"frameworks/{name}.yml").write_text(
            f"framework: {name}\ntitle: Other\nvariant_of: orchard_index\n{mark}"
        )
    assert set(load_catalog(folders).public.frameworks) == {"orchard_index", "beside", "released"}
    own = (orchards / "frameworks/orchard_index.yml").read_text(encoding="utf-8")
    own = own.replace("measures: mixed", "measures: size\nprivate: true")
    (private / "frameworks/orchard_index.yml").write_text(own, encoding="utf-8")
    catalog = load_catalog(folders)
    assert catalog.errors == catalog.public.errors == ()
    assert catalog.frameworks["orchard_index"].measures == "size"
    assert set(catalog.public.frameworks) == {"orchard_index", "released"}
    assert entries(catalog.public) == entries(load_catalog([orchards]))


def test_a_table_of_experts_goes_with_the_private_index(folders: tuple[Path, Path]) -> None:
    """The one beside a private version of an index says nothing of the released one."""
    orchards, private = folders
    index = (orchards / "frameworks/orchard_index.yml").read_text(encoding="utf-8")
    index = index.replace("      title: Craft\n", "      title: Craft\n      weighting: ahp\n")
    table = "expert,node,compared_node,importance\nann,apprentices_persons,"
    for folder, other in ((orchards, "presses_count"), (private, "cellars_count")):
        text = index.replace("indicator: presses_count", f"indicator: {other}")
        (folder / "frameworks/orchard_index.yml").write_text(text, encoding="utf-8")
        (folder / "frameworks/orchard_index").mkdir()
        path = folder / "frameworks/orchard_index/pairwise_comparisons.csv"
        path.write_text(f"{table}{other},3\n", encoding="utf-8")
    catalog = load_catalog(folders)
    assert catalog.errors == catalog.public.errors == ()
    told = [c.judgements["orchard_index"][0].compared_node for c in (catalog, catalog.public)]
    assert told == ["cellars_count", "presses_count"]


def test_a_denominator_and_a_reference_reveal_as_well(folders: tuple[Path, Path]) -> None:
    orchards, _ = folders
    index = orchards / "frameworks/orchard_index.yml"
    text = index.read_text(encoding="utf-8")
    (orchards / "frameworks/second.yml").write_text(
        text.replace("orchard_index", "second")
        .replace("flagship: true", "flagship: false")
        .replace("references: [area_hectares]", "references: [cellars_count]"),
        encoding="utf-8",
    )
    edit(index, "rot_pct, weight", "rot_pct, denominator: cellars_count, weight")
    catalog = load_catalog(folders)
    assert catalog.errors == ()
    assert catalog.public.frameworks == {}


def test_what_a_private_report_is_the_origin_of_stands_without_the_link(
    folders: tuple[Path, Path],
) -> None:
    orchards, _ = folders
    edit(
        orchards / GUIDE,
        "universe_size: 14",
        "universe_size: 14\n        derived_from: cellar_list",
    )
    catalog = load_catalog(folders)
    assert catalog.errors == catalog.public.errors == ()
    assert catalog.sources["orchard_guide"].reports[1].derived_from == "cellar_list"
    assert [r.derived_from for r in catalog.public.sources["orchard_guide"].reports] == [None, None]


def test_an_indicator_that_a_public_card_reads_stays_known(folders: tuple[Path, Path]) -> None:
    orchards, _ = folders
    edit(orchards / "sources/press_register.yml", "registers:\n", f"registers:\n{REGISTER}")
    catalog = load_catalog(folders)
    assert catalog.errors == catalog.public.errors == ()
    assert catalog.public.indicators["cellars_count"].sources == ()


FAULTS = [
    pytest.param("private: true", "private: true\nfavourite: yes", id="unknown key"),
    pytest.param("private: true", "private: perhaps", id="the mark itself"),
    pytest.param("private: true", "privat: true", id="the mark misspelt"),
    pytest.param("trust_tier: 4", "trust_tier: [", id="no YAML"),
    pytest.param("trust_tier: 4", "trust_tier: 4\ntrust_tier: 4", id="a key written twice"),
    pytest.param("parser: statistical_table", "parser: statistic_table", id="unknown parser"),
    pytest.param("indicator: rot_pct", "indicator: rot_share_pct", id="unknown indicator"),
]


@pytest.mark.parametrize(("old", "new"), FAULTS)
def test_a_faulty_private_card_is_told_to_its_owner_only(
    folders: tuple[Path, Path], old: str, new: str
) -> None:
    orchards, private = folders
    edit(
        orchards / GUIDE,
        "universe_size: 14",
        "universe_size: 14\n        derived_from: cellar_list",
    )
    edit(private / CARD, old, new)
    catalog = load_catalog(folders)
    assert f"private/{CARD}" in {error.file for error in catalog.errors}
    assert all(error.line and error.remedy for error in catalog.errors)
    assert catalog.public.errors == ()
    assert entries(catalog.public).sources == catalog.public.sources
    assert "orchard_guide" in catalog.public.sources
    assert "cellars_count" not in catalog.public.indicators


def test_a_fault_beside_private_cards_is_told_to_its_owner_only(
    folders: tuple[Path, Path],
) -> None:
    edit(folders[1] / "indicators.yml", "sources: [own_cellars]", "sources: [own_celars]")
    catalog = load_catalog(folders)
    assert {e.entity for e in catalog.errors} >= {"cellars_count"}
    assert catalog.public.errors == ()


def test_a_release_names_no_fault_beside_private_cards(folders: tuple[Path, Path]) -> None:
    edit(folders[0] / "sources/press_register.yml", "registers:\n", f"registers:\n{REGISTER}")
    edit(
        folders[1] / "indicators.yml",
        "indicator: cellars_count\n",
        "indicator: cellars_count\n    thema: x\n",
    )
    catalog = load_catalog(folders)
    assert "left out because of private/" in " ".join(map(str, catalog.errors))
    assert catalog.public.errors
    assert "private" not in " ".join(map(str, catalog.public.errors))


def test_a_public_fault_is_told_in_a_release(folders: tuple[Path, Path]) -> None:
    edit(folders[0] / GUIDE, "trust_tier: 3", "trust_tier: 7")
    catalog = load_catalog(folders)
    assert [error.file for error in catalog.public.errors] == [f"orchards/{GUIDE}"]


def test_a_private_card_among_the_public_ones(folders: tuple[Path, Path]) -> None:
    orchards, private = folders
    shutil.move(private / CARD, orchards / CARD)
    catalog = load_catalog(folders)
    assert catalog.errors == ()
    assert "own_cellars" not in catalog.public.sources
    assert "cellars_count" not in catalog.public.indicators


def test_a_private_card_can_not_override_a_public_one(folders: tuple[Path, Path]) -> None:
    orchards, private = folders
    text = (orchards / "sources/press_register.yml").read_text(encoding="utf-8")
    own = text.replace("parser:", "private: true\nparser:")
    (private / "sources/press_register.yml").write_text(own, encoding="utf-8")
    catalog = load_catalog(folders)
    (error,) = catalog.errors
    assert error.message == "a private card has the id of the public card 'press_register'"
    assert not catalog.sources["press_register"].private
    assert entries(catalog.public) == entries(load_catalog([orchards]))


def test_raw_of_the_public_part_is_raw_without_private_cards(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "home", folders)
    catalog = load_catalog(folders)
    for source in catalog.sources:
        assert parse(catalog, source, settings).errors == []
    files = {file.name for file in settings.facts_dir.iterdir()}
    tables = {}
    for name, part in {"all": catalog, "public": catalog.public}.items():
        with duckdb.connect() as con:
            load_raw(con, part, settings)
            tables[name] = con.execute("select source_id, is_private from raw.source").fetchall()
            values = "select indicator, city_id, value from raw.observation where year = 2023"
            tables[name] += con.execute(values).fetchall()
    assert ("own_cellars", True) in tables["all"]
    assert ("cellars_count", "xo_hazelrow", 31337.0) in tables["all"]
    assert not [row for row in tables["public"] if "own_cellars" in row or 31337.0 in row]
    assert set(tables["public"]) < set(tables["all"])
    assert {file.name for file in settings.facts_dir.iterdir()} == files, "nothing is read twice"


def test_facts_of_public_cards_do_not_depend_on_private_ones(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "home", folders)
    catalog, alone = load_catalog(folders), load_catalog(folders[:1])
    for source in alone.sources:
        for held in held_documents(catalog, source, settings):
            assert facts_path(held, catalog, settings) == facts_path(held, alone, settings)
