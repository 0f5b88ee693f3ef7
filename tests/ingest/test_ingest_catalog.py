"""A folder of cards in, a catalog and all its errors out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_bench import CITIES, INDICATOR, ORCHARDS, card, indicators, register_card, write_catalog

from ingest.catalog import Catalog, CatalogError, catalog_digest, load_catalog
from ingest.catalog_errors import did_you_mean
from ingest.settings import PROJECT

# The files of the orchards, by which the tests below break a good catalog.
SURVEY = "sources/orchard_survey.yml"
GUIDE = "sources/orchard_guide.yml"
PRESSES = "sources/press_register.yml"
INDEX = "frameworks/orchard_index.yml"
INDICATORS = "indicators.yml"

Edit = Callable[[str, str, str], int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(ORCHARDS, tmp_path / "orchards")


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Replace the one place where ``old`` stands; returns the line on which it began."""

    def replace(file: str, old: str, new: str) -> int:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    return replace


def only_error(catalog: Catalog) -> CatalogError:
    assert len(catalog.errors) == 1, "\n".join(map(str, catalog.errors))
    return catalog.errors[0]


def test_the_real_catalog_has_no_error() -> None:
    catalog = load_catalog([PROJECT / "catalog"])
    assert catalog.errors == ()
    assert len(catalog.indicators) >= 15
    assert sum(len(s.reports) for s in catalog.sources.values()) >= 10
    flagship = catalog.frameworks[str(catalog.flagship)]
    assert flagship.flagship
    assert len(flagship.index.children) >= 5
    for framework in catalog.frameworks.values():
        below = [node for node in framework.index.walk() if node is not framework.index]
        assert [node.id for node in below if not node.reason] == [], framework.framework


def test_another_subject_has_no_error(folder: Path) -> None:
    catalog = load_catalog([folder])
    assert catalog.errors == ()
    assert len(catalog.cities) == 14
    assert list(catalog.themes) == ["land", "harvest", "craft"]
    assert catalog.flagship == "orchard_index"


@pytest.mark.parametrize(
    ("file", "old", "new", "entity", "message", "remedy"),
    [
        pytest.param(
            SURVEY,
            "note: All values",
            "nota: All values",
            "orchard_survey",
            "unknown key 'nota'",
            "Did you mean 'note'?",
            id="unknown key",
        ),
        pytest.param(
            GUIDE,
            "        universe_size: 14",
            "        universe_sise: 14",
            "orchard_guide",
            "unknown key 'universe_sise'",
            "Did you mean 'universe_size'?",
            id="unknown key deep inside",
        ),
        pytest.param(
            SURVEY,
            "options: {year: 2022}",
            "options: {year: 2022, unit_print: false}",
            "orchard_survey",
            "unknown key 'unit_print'",
            "Did you mean 'unit_printed'?",
            id="unknown option of a parser",
        ),
        pytest.param(
            PRESSES,
            "title: Register of cider presses\npublisher",
            "title: ''\npublisher",
            "press_register",
            "title",
            "Correct it.",
            id="empty text",
        ),
        pytest.param(
            SURVEY,
            "redistribution: open",
            "redistribution: maybe",
            "orchard_survey",
            "'open', 'facts_only' or 'none'",
            "Correct it.",
            id="not one of the choices",
        ),
        pytest.param(
            SURVEY,
            "parser: statistical_table",
            "parser: statistical_tables",
            "orchard_survey",
            "unknown parser 'statistical_tables'",
            "Did you mean 'statistical_table'?",
            id="unknown parser",
        ),
        pytest.param(
            PRESSES,
            "{indicator: presses_count, country_code: XO",
            "{indicator: press_count, country_code: XO",
            "press_register",
            "unknown indicator 'press_count'",
            "Did you mean 'presses_count'?",
            id="unknown indicator of a register",
        ),
        pytest.param(
            SURVEY,
            "{indicator: rot_pct, heading",
            "{indicator: rott_pct, heading",
            "orchard_survey",
            "unknown indicator 'rott_pct'",
            "Did you mean 'rot_pct'?",
            id="unknown indicator of a parser",
        ),
        pytest.param(
            INDEX,
            "{indicator: rot_pct, weight",
            "{indicator: rott_pct, weight",
            "orchard_index",
            "unknown indicator 'rott_pct'",
            "Did you mean 'rot_pct'?",
            id="unknown indicator of an index",
        ),
        pytest.param(
            INDEX,
            "{indicator: yield_tonnes, denominator: area_hectares",
            "{indicator: yield_tonnes, denominator: hectares",
            "orchard_index",
            "unknown indicator 'hectares'",
            "Did you mean 'area_hectares'?",
            id="unknown denominator",
        ),
        pytest.param(
            INDEX,
            "{indicator: rot_pct, weight: 0.4",
            "{indicator: rot_pct, per: 100, weight: 0.4",
            "orchard_index",
            "'per' without a denominator",
            "Add 'denominator', or leave it out.",
            id="per without a denominator",
        ),
        pytest.param(
            INDEX,
            "method: n_minmax",
            "method: n_minmix",
            "orchard_index",
            "unknown method 'n_minmix' of stage 'normalise'",
            "Did you mean 'n_minmax'?",
            id="unknown method",
        ),
        pytest.param(
            INDEX,
            "{indicator: rot_pct, weight: 0.4",
            "{indicator: rot_pct, transform: sqrt, weight: 0.4",
            "orchard_index",
            "'transform: sqrt' without the stage transform",
            "Add '{stage: transform, method: by_indicator}' to the stages.",
            id="transform without its stage",
        ),
        pytest.param(
            SURVEY,
            "published_on: 2023-03-01",
            "published_on: 2023-02-30",
            "orchard_survey",
            "published_on: input should be a valid date",
            "Correct it.",
            id="a day that does not exist",
        ),
        pytest.param(
            SURVEY,
            "kind: statistics",
            "title: Orchards again",
            "orchard_survey",
            "key 'title' is written twice",
            "Correct the YAML at this line.",
            id="key written twice",
        ),
        pytest.param(
            SURVEY,
            "cadence: yearly",
            "cadence: 'yearly",
            "orchard_survey",
            "not readable as YAML",
            "Correct the YAML at this line.",
            id="broken YAML",
        ),
    ],
)
def test_a_faulty_card_is_left_out_with_file_line_and_remedy(
    folder: Path,
    edit: Edit,
    file: str,
    old: str,
    new: str,
    entity: str,
    message: str,
    remedy: str,
) -> None:
    line = edit(file, old, new)
    catalog = load_catalog([folder])
    error = only_error(catalog)
    assert error.file == f"orchards/{file}"
    if "'yearly" not in new:  # an open quote is found where the text ends
        assert error.line == line
    assert error.entity == entity
    assert message in error.message
    assert error.remedy == remedy
    entries = {*catalog.sources, *catalog.frameworks}
    assert entries == {"orchard_survey", "orchard_guide", "press_register", "orchard_index"} - {
        entity
    }
    assert len(catalog.indicators) == 6
    assert len(catalog.cities) == 14


def test_a_missing_licence(folder: Path, edit: Edit) -> None:
    edit(SURVEY, "licence: Invented for the tests; Apache-2.0 like the project\n", "")
    error = only_error(load_catalog([folder]))
    assert (error.file, error.line) == (f"orchards/{SURVEY}", 1)
    assert error.message == "licence: 'licence' is missing"
    assert error.remedy == "Add 'licence:'."


def test_weights_that_do_not_sum_to_one(folder: Path, edit: Edit) -> None:
    edit(
        INDEX,
        "    - node: craft\n      title: Craft\n      weight: 0.3",
        "    - node: craft\n      weight: 0.4",
    )
    catalog = load_catalog([folder])
    error = only_error(catalog)
    text = (folder / INDEX).read_text().splitlines()
    assert error.file == f"orchards/{INDEX}"
    assert text[error.line - 1] == "index:"
    assert "the weights below 'orchard_index' sum to 1.1, not to 1: " in error.message
    assert error.message.endswith("craft 0.4")
    assert catalog.frameworks == {}


def test_weights_of_a_dimension(folder: Path, edit: Edit) -> None:
    edit(INDEX, "{indicator: presses_count, weight: 0.5", "{indicator: presses_count, weight: 0.4")
    error = only_error(load_catalog([folder]))
    text = (folder / INDEX).read_text().splitlines()
    assert "- node: craft" in text[error.line - 1]
    assert "the weights below 'craft' sum to 0.9, not to 1: presses_count 0.4" in error.message


def test_a_subject_that_no_report_has(folder: Path, edit: Edit) -> None:
    line = edit(INDEX, "editions:\n", "consensus_subjects: [orchards, orchids]\neditions:\n")
    error = only_error(load_catalog([folder]))
    assert (error.file, error.line) == (f"orchards/{INDEX}", line)
    assert error.message == "no report has the subject 'orchids'"
    assert error.remedy == "Did you mean 'orchards'?"


def test_a_report_left_out_does_not_take_the_index_along(folder: Path, edit: Edit) -> None:
    edit(INDEX, "editions:\n", "consensus_subjects: [orchards]\neditions:\n")
    edit(GUIDE, "trust_tier: 3", "trust_tier: 9")
    catalog = load_catalog([folder])
    assert only_error(catalog).entity == "orchard_guide"
    assert "orchard_index" in catalog.frameworks


@pytest.mark.parametrize("theme", ["coverage", "wide"])
def test_a_theme_whose_table_is_taken(folder: Path, edit: Edit, theme: str) -> None:
    edit(INDICATORS, "{theme: harvest, title", f"{{theme: {theme}, title")
    messages = [error.message for error in load_catalog([folder]).errors]
    assert f"the table theme_{theme} is there already, choose another code" in messages


def test_an_indicator_used_twice_in_an_index(folder: Path, edit: Edit) -> None:
    edit(INDEX, "{indicator: presses_count, weight", "{indicator: rot_pct, weight")
    assert "node 'rot_pct' stands twice" in only_error(load_catalog([folder])).message


@pytest.mark.parametrize(
    ("old", "new", "message", "remedy"),
    [
        (
            "theme: craft\n    unit: count",
            "theme: carft\n    unit: count",
            "unknown theme 'carft'",
            "Did you mean 'craft'?",
        ),
        (
            "unit: tonnes\n    direction",
            "unit: pct\n    direction",
            "expected '..._pct'",
            "Correct this entry.",
        ),
        (
            "unit: tonnes\n    direction",
            "unit: pieces\n    direction",
            "unknown unit 'pieces'",
            "Known: count, hectares, pct, persons, tonnes.",
        ),
        (
            "sources: [press_register]",
            "sources: [pres_register]",
            "unknown source 'pres_register'",
            "Did you mean 'press_register'?",
        ),
    ],
    ids=["theme", "unit", "unknown unit", "source"],
)
def test_a_faulty_indicator(
    folder: Path, edit: Edit, old: str, new: str, message: str, remedy: str
) -> None:
    edit(INDICATORS, old, new)
    catalog = load_catalog([folder])
    error = next(e for e in catalog.errors if e.file == f"orchards/{INDICATORS}")
    begins = (folder / INDICATORS).read_text().splitlines()[error.line - 1]
    assert begins == f"  - indicator: {error.entity}"
    assert message in error.message
    assert error.remedy == remedy
    assert error.entity not in catalog.indicators
    assert len(catalog.indicators) == 5
    # What counts on it is left out and says so; no other source is touched.
    assert catalog.frameworks == {}
    assert "orchard_guide" in catalog.sources


DERIVED = """\
  - indicator: {code}
    title: Derived
    theme: craft
    unit: {unit}
    direction: higher
    measures: intensity
    scope: whole_orchard
    definition: Computed from others.
    derive:
      {derive}
"""


@pytest.mark.parametrize(
    ("unit", "derive"),
    [
        ("tonnes_per_hectare", "ratio: {numerator: yield_tonnes, denominator: area_hectares}"),
        (
            "per_thousand_hectares",
            "ratio: {numerator: trees_count, denominator: area_hectares, per: 1000}",
        ),
        (
            "persons_per_million_tonnes",
            "ratio: {numerator: apprentices_persons, denominator: yield_tonnes, per: 1000000}",
        ),
        ("pct_change", "growth: {of: yield_tonnes}"),
        ("pct_change", "growth: {of: yield_tonnes, years: 3}"),
        # A register counts in the whole of a place.
        ("ratio", "ratio: {numerator: trees_count, denominator: presses_count}"),
        ("pct", "ratio: {numerator: trees_count, denominator: presses_count, per: 100}"),
        ("count", "sum: {of: [trees_count, presses_count]}"),
    ],
)
def test_units_of_derived_indicators(folder: Path, unit: str, derive: str) -> None:
    text = DERIVED.format(code=f"new_{unit}", unit=unit, derive=derive)
    with (folder / INDICATORS).open("a") as file:
        file.write(text)
    catalog = load_catalog([folder])
    assert catalog.errors == ()
    assert catalog.indicators[f"new_{unit}"].unit == unit


@pytest.mark.parametrize(
    ("unit", "derive", "message", "remedy"),
    [
        (
            "pct_change",
            "growth: {of: yeild_tonnes}",
            "unknown indicator 'yeild_tonnes'",
            "Did you mean 'yield_tonnes'?",
        ),
        (
            "per_hectare",
            "ratio: {numerator: trees_count}",
            "derive.ratio.denominator: 'denominator' is missing",
            "Add 'denominator:'.",
        ),
        (
            "pct_change",
            "growth: {of: yield_tonnes, yaers: 2}",
            "derive.growth.yaers: unknown key 'yaers'",
            "Did you mean 'years'?",
        ),
        (
            "pct_change",
            "grwth: {of: yield_tonnes}",
            "derive.grwth: unknown key 'grwth'",
            "Did you mean 'growth'?",
        ),
        (
            "pct_change",
            "{growth: {of: yield_tonnes}, sum: {of: [trees_count, presses_count]}}",
            "derive: derive has one method: ratio, growth or sum",
            "Correct this entry.",
        ),
        (
            "per_dozen_hectares",
            "ratio: {numerator: trees_count, denominator: area_hectares, per: 12}",
            "derive.ratio: per is 12, known: 1, 100, 1000",
            "Correct this entry.",
        ),
        (
            "pct",
            "ratio: {numerator: trees_count, denominator: trees_count}",
            "derive.ratio: 'trees_count' is divided by itself",
            "Correct this entry.",
        ),
        (
            "count",
            "sum: {of: [trees_count, trees_count]}",
            "derive.sum: an indicator stands twice in the sum",
            "Correct this entry.",
        ),
        (
            "count",
            "sum: {of: [trees_count, yield_tonnes]}",
            "a sum of different units: count, tonnes",
            "Add what has one unit.",
        ),
        (
            "per_hectare",
            "ratio: {numerator: trees_count, denominator: area_hectares, per: 1000}",
            "the unit of this ratio is 'per_thousand_hectares', not 'per_hectare'",
            "Write 'unit: per_thousand_hectares' and let the code end with it.",
        ),
        (
            "per_tree",
            "ratio: {numerator: presses_count, denominator: area_hectares}",
            "its scope is 'whole_orchard', that of 'presses_count' is 'register'",
            "Write 'scope: register'.",
        ),
    ],
)
def test_a_faulty_derivation(
    folder: Path, unit: str, derive: str, message: str, remedy: str
) -> None:
    before = (folder / INDICATORS).read_text()
    text = DERIVED.format(code=f"new_{unit}", unit=unit, derive=derive)
    (folder / INDICATORS).write_text(before + text)
    catalog = load_catalog([folder])
    error = only_error(catalog)
    assert error.entity == f"new_{unit}"
    assert error.message.startswith(message)
    assert error.remedy == remedy
    # The line of the derivation, or that of its method.
    assert error.line in (before.count("\n") + 9, before.count("\n") + 10)
    assert len(catalog.indicators) == 6
    assert "orchard_index" in catalog.frameworks


def test_derived_indicators_make_no_chain(folder: Path) -> None:
    one = DERIVED.format(code="a_pct_change", unit="pct_change", derive="growth: {of: rot_pct}")
    two = DERIVED.format(
        code="b_pct_change", unit="pct_change", derive="growth: {of: a_pct_change}"
    )
    with (folder / INDICATORS).open("a") as file:
        file.write(one + two)
    catalog = load_catalog([folder])
    error = only_error(catalog)
    assert (error.entity, error.message) == ("b_pct_change", "'a_pct_change' is derived itself")
    assert "a_pct_change" in catalog.indicators


def test_parts_of_different_scopes_are_never_mixed(folder: Path, edit: Edit) -> None:
    edit(
        INDICATORS,
        "scope: whole_orchard\n    definition: Planted",
        "scope: farm\n    definition: Planted",
    )
    text = DERIVED.format(
        code="trees_per_hectare",
        unit="per_hectare",
        derive="ratio: {numerator: trees_count, denominator: area_hectares}",
    )
    with (folder / INDICATORS).open("a") as file:
        file.write(text)
    error = only_error(load_catalog([folder]))
    assert error.message == "parts of different scope: whole_orchard, farm"


@pytest.mark.parametrize("extra", ["", "    sources: [orchard_survey]\n"])
def test_an_indicator_is_collected_or_derived(folder: Path, extra: str) -> None:
    text = DERIVED.format(code="a_pct_change", unit="pct_change", derive="growth: {of: rot_pct}")
    text = text + extra if extra else text[: text.index("    derive:")]
    with (folder / INDICATORS).open("a") as file:
        file.write(text)
    catalog = load_catalog([folder])
    assert only_error(catalog).message.startswith("an indicator has either sources, from which")


def test_a_source_left_out_does_not_take_its_indicators_along(folder: Path, edit: Edit) -> None:
    edit(PRESSES, "trust_tier: 2", "trust_tier: 9")
    catalog = load_catalog([folder])
    assert only_error(catalog).entity == "press_register"
    assert "presses_count" in catalog.indicators
    assert "orchard_index" in catalog.frameworks


def test_what_follows_from_a_fault_names_it_and_comes_after_it(folder: Path, edit: Edit) -> None:
    edit(INDICATORS, "unit: pct\n    direction", "unit: shares\n    direction")
    catalog = load_catalog([folder])
    cause, *follows = catalog.errors
    assert (cause.entity, cause.message) == ("rot_pct", "unknown unit 'shares'")
    assert {e.entity for e in follows} == {"orchard_survey", "orchard_index"}
    for error in follows:
        place = f"{cause.file}:{cause.line}"
        assert error.message == f"indicator 'rot_pct' is left out because of {place}"
        assert error.remedy == "Mend that first."
    assert "orchard_survey" not in catalog.sources
    assert catalog.frameworks == {}


def test_what_follows_from_an_unreadable_file_names_it(folder: Path) -> None:
    with (folder / INDICATORS).open("a") as stream:
        stream.write("  - {indicator: [\n")
    edited = (folder / PRESSES).read_text().replace("indicator: presses_count", "indicator: nobody")
    (folder / PRESSES).write_text(edited)
    cause, *follows = load_catalog([folder]).errors
    assert "not readable as YAML" in cause.message
    place = f"{cause.file}:{cause.line}"
    typo = [e for e in follows if e.remedy != "Mend that first."]
    assert {(e.entity, e.message) for e in typo} == {
        ("press_register", "unknown indicator 'nobody'")
    }
    assert {e.entity for e in follows} >= {"orchard_survey", "orchard_index"}
    assert all(e.message.endswith(f"because of {place}") for e in follows if e not in typo)


def test_a_report_of_a_faulty_card_is_not_unknown(folder: Path, edit: Edit) -> None:
    other = (folder / GUIDE).read_text().replace("guide", "list")
    (folder / "sources/orchard_list.yml").write_text(other)
    edit(GUIDE, "        trust: excerpt", "        derived_from: list_2022")
    (folder / "sources/orchard_list.yml").write_text(
        other.replace("trust_tier: 3", "trust_tier: 9")
    )
    cause, follows = load_catalog([folder]).errors
    place = f"{cause.file}:{cause.line}"
    assert (cause.entity, follows.entity) == ("orchard_list", "orchard_guide")
    assert follows.message == f"report 'list_2022' is left out because of {place}"


NAMES = ["area_hectares", "cn_beijing", "de_hamburg", "note", "presses_count", "sci_papers_count"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("pesses_count", "presses_count"),
        ("perss_count", "presses_count"),
        ("press_count", "presses_count"),
        ("sci_paper_count", "sci_papers_count"),
        ("cn_bejing", "cn_beijing"),
        ("cn_ebijing", "cn_beijing"),
        ("nota", "note"),
        ("hectares", "area_hectares"),
        ("us_hamburg", "de_hamburg"),
        ("de_hanover", None),
        ("museums_count", None),
        ("own_figures", None),
        ("cn_berlin", None),
        ("", None),
    ],
)
def test_only_a_near_name_is_suggested(name: str, near: str | None) -> None:
    remedy = did_you_mean(name, NAMES)
    assert remedy == (f"Did you mean '{near}'?" if near else f"Known: {', '.join(NAMES)}.")


CODES = ["metro_money_usd", "money_cny", "money_per_head_cny", "persons", "moneyless_count"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("money", "'money_cny' or 'money_per_head_cny'"),
        ("per_head", "'money_per_head_cny'"),
        ("usd", "'metro_money_usd'"),
    ],
)
def test_names_with_the_same_word_are_suggested_in_their_order(name: str, near: str) -> None:
    assert did_you_mean(name, CODES) == f"Did you mean {near}?"


def test_duplicate_ids(folder: Path, edit: Edit) -> None:
    copy = (folder / SURVEY).read_text()
    (folder / "sources" / "survey_copy.yml").write_text(copy)
    edit("cities.csv", "xo_birchholt,Birchholt,", "xo_amberfield,Birchholt,")
    edit(INDICATORS, "theme: harvest, title: Harvest", "theme: land, title: Harvest")
    catalog = load_catalog([folder])
    errors = {e.file: e for e in catalog.errors if "duplicate" in e.message}
    survey = errors["orchards/sources/survey_copy.yml"]
    assert survey.message == f"duplicate id 'orchard_survey' (orchards/{SURVEY}:1)"
    assert "neither was loaded" in survey.remedy
    assert "orchard_survey" not in catalog.sources
    city = errors["orchards/cities.csv"]
    assert (city.line, city.entity) == (3, "xo_amberfield")
    assert "orchards/cities.csv:2" in city.message
    assert "xo_amberfield" not in catalog.cities
    theme = errors[f"orchards/{INDICATORS}"]
    assert (theme.line, theme.entity) == (5, "land")


def test_duplicate_document_and_report(folder: Path, edit: Edit) -> None:
    edit(GUIDE, "- report_id: guide_2023", "- report_id: guide_2022")
    edit(SURVEY, "- id: survey_2023", "- id: survey_2022")
    messages = [e.message for e in load_catalog([folder]).errors]
    assert "duplicate document id: survey_2022" in messages
    assert any("duplicate report 'guide_2022'" in message for message in messages)


def test_an_unknown_report(folder: Path, edit: Edit) -> None:
    line = edit(GUIDE, "        trust: excerpt", "        derived_from: guide_2032")
    error = only_error(load_catalog([folder]))
    assert (error.line, error.message) == (line, "unknown report 'guide_2032'")
    assert error.remedy.startswith("Did you mean 'guide_202")


def test_two_flagships(folder: Path) -> None:
    text = (folder / INDEX).read_text().replace("framework: orchard_index", "framework: second")
    (folder / "frameworks" / "second.yml").write_text(text)
    catalog = load_catalog([folder])
    error = only_error(catalog)
    assert error.file == "orchards/frameworks/second.yml"
    assert text.splitlines()[error.line - 1] == "flagship: true"
    assert list(catalog.frameworks) == ["orchard_index"]


@pytest.mark.parametrize("row", ["xo_quince,Quince", "xo_quince,Quince,,XO,North Vale,extra"])
def test_a_wrong_number_of_columns(folder: Path, row: str) -> None:
    with (folder / "cities.csv").open("a") as stream:
        stream.write(f"{row}\nxo_rowan,Rowan,,XO,North Vale\n")
    catalog = load_catalog([folder])
    error = only_error(catalog)
    assert (error.file, error.line, error.entity) == ("orchards/cities.csv", 16, "xo_quince")
    assert error.message == "the number of columns differs from the header"
    assert error.remedy == "The header has 5 columns."
    assert "xo_quince" not in catalog.cities
    assert "xo_rowan" in catalog.cities


def test_a_bad_cell(folder: Path) -> None:
    with (folder / "cities.csv").open("a") as stream:
        stream.write("Quince,Quince,,XO,North Vale\nxo_rowan,Rowan,,Xo,North Vale\n")
    errors = load_catalog([folder]).errors
    assert [e.line for e in errors] == [16, 17]
    assert "city_id: 'Quince' does not have the form" in errors[0].message
    assert "country_code: 'Xo' does not have the form" in errors[1].message


def test_members_of_metros_and_clusters(folder: Path) -> None:
    (folder / "cities.csv").write_text(
        "city_id,kind,name_en,country_code,members\n"
        "xo_amberfield,city,Amberfield,XO,\n"
        "xo_vale,province,North Vale,XO,\n"
        "xo_twin,cluster,Amberfield-Vale,XO,xo_amberfield\n"
        "xo_metro,metro,Greater Amberfield,XO,xo_amberfeld; xo_amberfield\n"
        "xo_wide,cluster,Wide Amberfield,XO,xo_amberfield;xo_vale\n"
        "xo_empty,metro,Empty,XO,\n"
        "xo_odd,city,Odd,XO,xo_amberfield\n"
        "xo_again,metro,Again,XO,xo_amberfield;xo_amberfield\n"
        "xo_what,county,What,XO,\n"
    )
    catalog = load_catalog([folder])
    errors = {e.line: (e.message, e.remedy) for e in catalog.errors if "cities.csv" in e.file}
    assert set(catalog.cities) == {"xo_amberfield", "xo_vale", "xo_twin"}
    assert catalog.cities["xo_twin"].members == ("xo_amberfield",)
    assert errors.keys() == {5, 6, 7, 8, 9, 10}
    assert errors[5] == ("unknown city 'xo_amberfeld'", "Did you mean 'xo_amberfield'?")
    assert errors[6][0] == "member 'xo_vale' is a province, not a city"
    assert "a metro needs members" in errors[7][0]
    assert "a city has no members" in errors[8][0]
    assert "a member is named twice" in errors[9][0]
    assert "kind:" in errors[10][0]


def test_an_organisation_in_an_unknown_city(folder: Path) -> None:
    (folder / "organisations.csv").write_text(
        "organisation,city_id,ror_id,reason\n"
        "Cider Lab,xo_amberfeld,,headquarters\n"
        "Perry Lab,xo_birchholt,,\n"
    )
    catalog = load_catalog([folder])
    first, second = catalog.errors
    assert (first.line, first.message) == (2, "unknown city 'xo_amberfeld'")
    assert first.remedy == "Did you mean 'xo_amberfield'?"
    assert second.line == 3
    assert "needs its ror_id or a reason" in second.message
    assert catalog.organisations == {}


def test_unknown_places_and_indicators_of_quoted_passages(tmp_path: Path) -> None:
    passages: dict[str, Any] = {
        "events": [
            {
                "kind": "policy",
                "title": "A plan",
                "city": "cn_bejing",
                "occurred_on": "2024-07-26",
                "quote": "a plan",
            }
        ],
        "claims": [
            {
                "claim": "c1",
                "kind": "superlative",
                "subject": "most models",
                "cities": ["cn_beijing", "cn_shenzen"],
                "attributed_to": "the article",
                "quote": "most models",
                "indicator": "model_count",
            }
        ],
    }
    source = card("quoted_passages", document={"options": passages})
    messages = {e.message: e.remedy for e in load_catalog([write_catalog(tmp_path, source)]).errors}
    assert messages["unknown city 'cn_bejing'"] == "Did you mean 'cn_beijing'?"
    assert messages["unknown city 'cn_shenzen'"] == "Did you mean 'cn_shenzhen'?"
    assert messages["unknown indicator 'model_count'"] == "Did you mean 'models_count'?"


def test_all_errors_in_one_go_and_the_rest_loads(folder: Path, edit: Edit) -> None:
    lines = {
        f"orchards/{SURVEY}": edit(SURVEY, "cadence: yearly", "cadense: yearly"),
        f"orchards/{GUIDE}": edit(GUIDE, "trust_tier: 3", "trust_tier: 7"),
        f"orchards/{INDEX}": edit(INDEX, "measures: mixed", "measures: both"),
        "orchards/cities.csv": edit("cities.csv", "xo_dewgrove,", "dew grove,"),
    }
    catalog = load_catalog([folder])
    assert list(catalog.sources) == ["press_register"]
    assert len(catalog.cities) == 13
    assert len(catalog.indicators) == 6
    assert {e.file for e in catalog.errors} == set(lines)
    for file, line in lines.items():
        assert line in {e.line for e in catalog.errors if e.file == file}
    assert all(e.remedy for e in catalog.errors)
    assert list(catalog.errors) == sorted(catalog.errors, key=lambda e: (e.file, e.line, e.message))


def test_a_second_folder_overrides_and_adds(folder: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    card = (folder / PRESSES).read_text().replace("trust_tier: 2", "trust_tier: 1")
    (private / "sources").mkdir(parents=True)
    (private / PRESSES).write_text(card)
    (private / "cities.csv").write_text(
        "city_id,name_en,country_code\nxo_amberfield,Amber Field,XO\nxo_rowan,Rowan,XO\n"
    )
    (private / INDICATORS).write_text("themes:\n  - {theme: land, title: Soil and trees}\n")
    catalog = load_catalog([folder, private])
    assert catalog.errors == ()
    assert catalog.sources["press_register"].trust_tier == 1
    own, shipped = private / "sources" / "press_register", folder / "sources" / "press_register"
    assert catalog.folders["press_register"] == (own, shipped)
    assert catalog.folders["orchard_survey"] == (folder / "sources" / "orchard_survey",)
    assert catalog.cities["xo_amberfield"].name_en == "Amber Field"
    assert catalog.gazetteer.city("Rowan").city_id == "xo_rowan"
    assert len(catalog.cities) == 15
    assert catalog.themes["land"].title == "Soil and trees"
    assert len(catalog.indicators) == 6


def test_a_faulty_override_leaves_the_first_in_place(folder: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    card = (folder / PRESSES).read_text().replace("trust_tier: 2", "trust_tier: high")
    (private / "sources").mkdir(parents=True)
    (private / PRESSES).write_text(card)
    catalog = load_catalog([folder, private])
    assert only_error(catalog).file == f"private/{PRESSES}"
    assert catalog.sources["press_register"].trust_tier == 2


def test_the_digest_tells_of_an_edit(folder: Path, edit: Edit) -> None:
    before = catalog_digest([folder])
    assert load_catalog([folder]).digest == before == catalog_digest([folder])
    edit(SURVEY, "note: All values", "note: Most values")
    after = catalog_digest([folder])
    assert after != before
    (folder / "notes.txt").write_text("not part of the catalog")
    assert catalog_digest([folder]) == after
    (folder / SURVEY).rename(folder / "sources" / "renamed.yml")
    assert catalog_digest([folder]) != after


def test_an_empty_folder_is_an_empty_catalog(tmp_path: Path) -> None:
    catalog = load_catalog([tmp_path])
    assert catalog.errors == ()
    assert catalog.cities == catalog.sources == {}
    assert catalog.flagship is None


@pytest.mark.parametrize(
    "text",
    [
        "themes: [land, harvest]",
        "themes: land",
        "themes: {land: Land}",
        "themes: 5",
        "- themes",
        "just a sentence",
        "themes:\n  - [theme, title]",
    ],
)
def test_indicators_in_a_wrong_shape_are_an_error(tmp_path: Path, text: str) -> None:
    folder = write_catalog(tmp_path / "c", indicators=text)
    catalog = load_catalog([folder])
    assert catalog.errors
    assert {e.file for e in catalog.errors} == {"c/indicators.yml"}
    assert len(catalog.cities) == 7


@pytest.mark.parametrize("text", ["[]", "5", "a sentence", "- id: things", "id:", "documents: 5"])
def test_a_card_in_a_wrong_shape_is_an_error(tmp_path: Path, text: str) -> None:
    folder = write_catalog(tmp_path / "c")
    (folder / "sources").mkdir()
    (folder / "sources" / "things.yml").write_text(text)
    errors = [e for e in load_catalog([folder]).errors if e.file == "c/sources/things.yml"]
    assert errors
    assert all(e.remedy for e in errors)


def test_a_table_in_a_wrong_encoding_is_an_error(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path / "c")
    (folder / "cities.csv").write_bytes(CITIES.encode("gb18030", "replace"))
    catalog = load_catalog([folder])
    assert "c/cities.csv" in {e.file for e in catalog.errors}


@pytest.mark.parametrize("section", ["indicator", "thems"])
def test_an_unknown_section_of_indicators(tmp_path: Path, section: str) -> None:
    text = indicators().replace("themes:", f"{section}: []\nthemes:")
    error = only_error(
        load_catalog([write_catalog(tmp_path / "c", register_card(), indicators=text)])
    )
    assert (error.line, error.message) == (1, f"unknown section '{section}'")
    assert error.remedy.startswith("Did you mean")


yaml_like = st.text(st.sampled_from(list("abcid:{}[]-?!&*|>'\"#%@`,. \n\t0129~<=é北")), max_size=40)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=yaml_like)
def test_whatever_is_written_never_raises(tmp_path: Path, text: str) -> None:
    (tmp_path / "sources").mkdir(exist_ok=True)
    (tmp_path / "frameworks").mkdir(exist_ok=True)
    files = "indicators.yml cities.csv corrections.yml sources/a.yml frameworks/a.yml"
    for name in files.split():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for error in load_catalog([tmp_path]).errors:
        assert error.line >= 1
        assert error.message
        assert error.remedy


def test_an_indicator_that_was_left_out_does_not_break_its_source(tmp_path: Path) -> None:
    """An indicator's typo costs that indicator: a source that reads it says so or does without."""
    text = indicators().replace(
        INDICATOR.format(code="models_count", unit="count"),
        INDICATOR.format(code="models_count", unit="count").replace("theme: economy", "theme: x"),
    )
    catalog = load_catalog([write_catalog(tmp_path, register_card(), indicators=text)])
    assert "models_count" not in catalog.indicators
    for source in catalog.sources.values():
        assert source.parse["indicator"] in catalog.indicators


def with_sources(sources: str) -> str:
    return indicators().replace("sources: [things]", f"sources: [{sources}]")


def test_figures_that_no_indicator_uses_are_told(tmp_path: Path) -> None:
    cards = [register_card(), {**register_card(), "id": "others"}]
    catalog = load_catalog([write_catalog(tmp_path, *cards)])
    (error,) = catalog.errors
    assert error.file.endswith("sources/others.yml")
    text = (tmp_path / "sources/others.yml").read_text(encoding="utf-8").splitlines()
    assert "indicator: models_count" in text[error.line - 1]
    assert "figures of 'models_count' are not used" in error.message
    assert "does not name 'others' under sources" in error.message
    place = next(
        i
        for i, line in enumerate(indicators().splitlines(), 1)
        if "indicator: models_count" in line
    )
    assert f"/indicators.yml:{place})" in error.remedy
    assert "others" in catalog.sources, "what it says may still be read"


def test_figures_that_are_not_used_on_purpose(tmp_path: Path) -> None:
    other = {**register_card(), "id": "others"}
    caveats = [{"indicator": "models_count", "reason": "counts another thing"}]
    cards = [register_card(), {**other, "caveats": caveats}]
    assert load_catalog([write_catalog(tmp_path / "caveat", *cards)]).errors == ()
    # A folder of one's own may prefer its own source and name no other.
    first = write_catalog(tmp_path / "first", register_card())
    own = write_catalog(tmp_path / "own", other, indicators=with_sources("others"))
    assert load_catalog([first, own]).errors == ()


def test_figures_of_a_derived_indicator_are_told(tmp_path: Path) -> None:
    derive = "derive: {ratio: {numerator: gdp_cny, denominator: gdp_per_capita_cny, per: 100}}"
    text = indicators().split("  - indicator: models_share_pct")
    text[1] = text[1].replace("sources: [things]", derive)
    made = "  - indicator: models_share_pct".join(text)
    counts = [{"indicator": "models_share_pct", "measure": "count"}]
    catalog = load_catalog(
        [write_catalog(tmp_path, register_card(parse={"counts": counts}), indicators=made)]
    )
    assert any("are not used: it is derived" in error.message for error in catalog.errors)


@pytest.mark.parametrize(
    ("printed", "remedy"),
    [
        ("2026-05", "Write '2026-05-01' and 'published_precision: month'."),
        (2026, "Write '2026-01-01' and 'published_precision: year'."),
        ("2026-13", "Correct it."),
    ],
)
def test_a_date_without_its_day(tmp_path: Path, printed: Any, remedy: str) -> None:
    source = register_card(document={"published_on": printed})
    (error,) = load_catalog([write_catalog(tmp_path, source)]).errors[:1]
    assert error.remedy == remedy
    if remedy != "Correct it.":
        assert f"published_on: '{printed}' is not a day" in error.message


def test_an_empty_part_is_below_a_node(folder: Path, edit: Edit) -> None:
    [found] = load_catalog([folder]).frameworks["orchard_index"].empty_parts
    assert (found.title, found.below) == ("Soil", "vigour")
    edit(INDEX, "below: vigour", "below: vigor")
    error = only_error(load_catalog([folder]))
    assert "the empty part 'Soil' is below 'vigor', which is no node" in error.message


def test_an_empty_part_is_named_once(folder: Path, edit: Edit) -> None:
    soil = "  - {title: Soil, below: vigour, reason: Nobody measures it.}\n"
    edit(INDEX, soil, soil * 2)
    assert "the empty part 'Soil' stands twice" in only_error(load_catalog([folder])).message
