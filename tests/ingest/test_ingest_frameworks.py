"""Framework files in, frameworks or errors in an analyst's words out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.catalog import Catalog, load_catalog
from ingest.framework_cards import METHODS, Framework, Node
from ingest.load import load_raw
from ingest.settings import Settings

FAULTY = Path(__file__).parent.parent / "fixtures" / "faulty_frameworks"
# Something of these is told, for which nothing is left out.
TOLD = {"experts_table_unused", "uncertainty_errors_unstated", "uncertainty_one_expert"}
SOUND = {"good", "variant_sound", "experts_sound", *TOLD}

Write = Callable[..., Catalog]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The catalog of the faulty frameworks, with the good one only."""
    folder = tmp_path / "orchards"
    shutil.copytree(FAULTY, folder, ignore=shutil.ignore_patterns("frameworks"))
    (folder / "frameworks").mkdir()
    shutil.copy(FAULTY / "frameworks" / "good.yml", folder / "frameworks")
    return folder


@pytest.fixture
def variant(folder: Path) -> Callable[[str], Framework]:
    """Write a variant of the good framework; returns it as loaded."""

    def write(changes: str) -> Framework:
        text = f"framework: other\ntitle: Other\nvariant_of: good\n{changes}"
        (folder / "frameworks" / "other.yml").write_text(text, encoding="utf-8")
        catalog = load_catalog([folder])
        assert not catalog.errors, "\n".join(map(str, catalog.errors))
        return catalog.frameworks["other"]

    return write


def nodes(framework: Framework) -> dict[str, Node]:
    return {node.id: node for node in framework.index.walk()}


# ---------------------------------------------------------------- faulty files


def test_every_faulty_framework_is_told_in_these_words() -> None:
    catalog = load_catalog([FAULTY])
    told = [str(error) for error in catalog.errors]
    assert told == (FAULTY / "errors.txt").read_text(encoding="utf-8").splitlines()


def test_what_is_faulty_is_left_out_and_the_rest_loads() -> None:
    catalog = load_catalog([FAULTY])
    files = {path.stem for path in (FAULTY / "frameworks").glob("*.yml")}
    assert set(catalog.frameworks) == SOUND
    assert files - {error.entity for error in catalog.errors} == SOUND - TOLD
    assert len(files - SOUND) >= 30


def test_an_error_names_the_line_on_which_the_fault_stands() -> None:
    """The line has the word that the message quotes first, where the fault is a word."""
    catalog = load_catalog([FAULTY])
    unknown = [error for error in catalog.errors if error.message.startswith("unknown ")]
    assert len(unknown) >= 10
    for error in unknown:
        if "table" in error.message:
            continue
        line = (FAULTY.parent / error.file).read_text(encoding="utf-8").splitlines()[error.line - 1]
        assert error.message.split("'")[1] in line, str(error)


@pytest.mark.parametrize(
    ("level_2", "level_3", "normalise", "is_sound"),
    [
        # the worst unit in one indicator is seldom the worst in all of a dimension
        ("a_amean", "a_gmean", "n_minmax", True),
        ("a_gmean", "a_amean", "n_minmax", False),
        ("a_amean", "a_gmean", "n_zscore", False),
        ("a_copeland", "a_gmean", "n_minmax, score_min: 1", False),
        ("a_gmean", "a_gmean", "n_rank", True),
        ("a_hmean", "a_amean", "n_borda", False),
        ("a_gmean", "a_amean", "n_fracmax", True),
        ("a_gmean", "a_amean", "n_minmax, score_min: 1", True),
        ("a_gmean", "a_amean", "n_zscore, mean: 100, sd: 10", True),
        ("a_median", "a_copeland", "n_zscore", True),
    ],
)
def test_a_mean_of_positive_numbers_is_refused_where_some_can_not_be(
    folder: Path, level_2: str, level_3: str, normalise: str, is_sound: bool
) -> None:
    (folder / "frameworks" / "other.yml").write_text(
        "framework: other\ntitle: Other\nvariant_of: good\nstages:\n"
        f"  - {{stage: normalise, method: {normalise}}}\n"
        f"  - {{stage: aggregate, method: {level_2}, by_level: {{3: {level_3}}}}}\n",
        encoding="utf-8",
    )
    assert ("other" in load_catalog([folder]).frameworks) is is_sound


def test_screening_and_imputing_may_change_places(folder: Path) -> None:
    path = folder / "frameworks" / "good.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    stages = data["stages"]
    stages[2], stages[3] = stages[3], stages[2]
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    assert load_catalog([folder]).errors == ()


@pytest.mark.parametrize("stage", METHODS)
def test_every_method_is_accepted_with_what_it_needs(folder: Path, stage: str) -> None:
    needed: dict[str, Any] = {
        "grouping": "climate",
        "power": 2,
        "reference_unit": "xo_amber",
        "shift": 1,
        "factor": 2,
    }
    leaves = [
        "trees_count",
        "trees_count_per_area_hectares",
        "yield_tonnes",
        "rot_count",
        "presses_count",
    ]
    own: dict[str, dict[str, float]] = {
        "n_goalposts": {"goalpost_min": 1, "goalpost_max": 2},
        "n_dist2targ": {"target": 2},
    }
    for name, method in METHODS[stage].items():
        entry = {"stage": stage, "method": name, **{need: needed[need] for need in method.needs}}
        data: dict[str, Any] = {
            "framework": "other",
            "title": "Other",
            "variant_of": "good",
            "stages": [entry],
            "nodes": {leaf: own[name] for leaf in leaves if name in own},
        }
        if name == "exact":
            data["editions"] = [{"edition": 2022}]
        scale = {"stage": "normalise", "method": "n_minmax", "score_min": 1}
        data["stages"] += [scale] if stage == "aggregate" else []
        path = folder / "frameworks" / "other.yml"
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        tables = folder / "frameworks" / "other"
        if name in ("ahp", "budget_allocation"):
            tables.mkdir(exist_ok=True)
            pairs = [
                ("land", "fruit"),
                (leaves[0], leaves[1]),
                *[(leaves[2], leaves[3]), (leaves[2], leaves[4]), (leaves[3], leaves[4])],
            ]
            if name == "ahp":
                rows = ["expert,node,compared_node,importance"]
                rows += [f"ann,{one},{other},2" for one, other in pairs]
                (tables / "pairwise_comparisons.csv").write_text("\n".join(rows))
            else:
                rows = ["expert,node,points"]
                rows += [f"ann,{node},2" for node in ("land", "fruit", *leaves)]
                (tables / "budget_allocation.csv").write_text("\n".join(rows))
        errors = load_catalog([folder]).errors
        assert errors == (), f"{name}: {errors}"
        shutil.rmtree(tables, ignore_errors=True)


# ---------------------------------------------------------------- variants


def test_a_variant_has_what_it_does_not_state_from_its_base(
    folder: Path, variant: Callable[[str], Framework]
) -> None:
    other = variant("")
    good = load_catalog([folder]).frameworks["good"]
    assert (other.framework, other.title, other.variant_of) == ("other", "Other", "good")
    assert (other.flagship, good.flagship) == (False, True)
    for name in ("measures", "universe", "references", "editions", "stages"):
        assert getattr(other, name) == getattr(good, name)
    assert other.index == good.index


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ("", "Variant of Good. Changed: nothing but its title."),
        (
            (
                "without_stages: [treat]\nwithout_nodes: [presses_count]\nstages:\n"
                "  - {stage: normalise, method: n_rank}\n  - {stage: weight, method: equal}\n"
                "nodes: {land: {reason: Other.}}\nreferences: []\n"
            ),
            (
                "Variant of Good. Changed: stages normalise, weight; nodes land; "
                "without stages treat; without nodes presses_count; its own references."
            ),
        ),
        ("description: It says so itself.\nreferences: []\n", "It says so itself."),
    ],
)
def test_a_variant_is_described_by_what_it_changes(
    variant: Callable[[str], Framework], changes: str, description: str
) -> None:
    assert variant(changes).description == description


def test_a_stage_of_a_variant_takes_the_place_of_its_namesake(
    variant: Callable[[str], Framework],
) -> None:
    other = variant(
        "stages:\n"
        "  - {stage: normalise, method: n_zscore, mean: 5}\n"
        "  - {stage: treat, method: winsorise, points_max: 2}\n"
        "without_stages: [weight, impute]\n"
    )
    assert [stage.stage for stage in other.stages] == [
        *["select", "denominate", "screen", "transform", "treat", "normalise"],
        *["aggregate", "scale"],
    ]
    normalise, treat = other.stage("normalise"), other.stage("treat")
    assert normalise and (normalise.method, normalise.mean) == ("n_zscore", 5)
    assert treat and treat.points_max == 2


@pytest.mark.parametrize("kept", [True, False])
def test_a_new_stage_of_a_variant_stands_where_its_order_wants_it(
    folder: Path, variant: Callable[[str], Framework], kept: bool
) -> None:
    path = folder / "frameworks" / "good.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["stages"] = [stage for stage in data["stages"] if stage["stage"] not in ("treat", "scale")]
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    scale = "  - {stage: scale, method: leader_1}\n"
    other = variant(f"stages:\n{scale if kept else ''}  - {{stage: treat, method: winsorise}}\n")
    assert [stage.stage for stage in other.stages] == [
        *["select", "denominate", "screen", "impute", "transform", "treat", "normalise"],
        *["weight", "aggregate"],
        *(["scale"] if kept else []),
    ]


def test_a_variant_changes_single_nodes(variant: Callable[[str], Framework]) -> None:
    found = nodes(
        variant(
            "nodes:\n"
            "  land: {weight: 0.5, aggregation: a_median}\n"
            "  fruit: {weight: 0.5}\n"
            "  yield_tonnes: {transform: null, direction: lower}\n"
            "  trees_count: {reason: null}\n"
        )
    )
    assert (found["land"].weight, found["land"].aggregation) == (0.5, "a_median")
    assert found["fruit"].weight == 0.5
    leaf = found["yield_tonnes"]
    assert (leaf.transform, leaf.direction, leaf.cap_min) == (None, "lower", 1)


def test_the_weight_of_a_node_left_out_goes_to_its_siblings(
    variant: Callable[[str], Framework],
) -> None:
    found = nodes(variant("without_nodes: [trees_count, presses_count]\n"))
    assert "trees_count" not in found
    assert found["trees_count_per_area_hectares"].weight == 1
    assert [child.id for child in found["fruit"].children] == ["yield_tonnes", "rot_count"]
    # a node without children goes along
    found = nodes(variant("without_nodes: [trees_count, trees_count_per_area_hectares]\n"))
    assert [(node.id, node.weight) for node in found["good"].children] == [("fruit", 1)]


def test_a_variant_drops_what_its_methods_do_not_use(
    folder: Path, variant: Callable[[str], Framework]
) -> None:
    path = folder / "frameworks" / "good.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["stages"][6] = {"stage": "normalise", "method": "n_goalposts"}
    data["stages"][8] = {"stage": "aggregate", "method": "a_genmean", "power": 2}
    land, fruit = data["index"]["children"]
    land["power"] = 3
    for leaf in (*land["children"], *fruit["children"]):
        leaf |= {"goalpost_min": 1, "goalpost_max": 9}
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    other = variant(
        "without_stages: [transform]\n"
        "stages:\n"
        "  - {stage: select, method: exact}\n"
        "  - {stage: normalise, method: n_minmax}\n"
        "  - {stage: aggregate, method: a_amean}\n"
    )
    found = nodes(other)
    assert found["yield_tonnes"].transform is None
    assert found["yield_tonnes"].goalpost_min == 1, "it waits for a variant that asks for it"
    assert found["land"].power is None
    assert [edition.max_age_years for edition in other.editions] == [0, 0]


def test_an_empty_part_goes_with_the_node_below_which_it_stands(
    folder: Path, variant: Callable[[str], Framework]
) -> None:
    path = folder / "frameworks" / "good.yml"
    parts = "empty_parts:\n"
    for below in ("land", "fruit"):
        parts += f"  - {{title: Part of {below}, below: {below}, reason: Nobody counts it.}}\n"
    path.write_text(parts + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert [part.below for part in variant("").empty_parts] == ["land", "fruit"]
    assert [part.below for part in variant("without_nodes: [land]\n").empty_parts] == ["fruit"]


def test_a_variant_with_a_tree_of_its_own(variant: Callable[[str], Framework]) -> None:
    other = variant("index: {node: other, children: [{indicator: rot_count}]}\n")
    assert list(nodes(other)) == ["other", "rot_count"]


@pytest.mark.parametrize(
    ("changes", "message", "line"),
    [
        ("stages: winsorise\n", "stages: input should be a valid tuple", 4),
        ("nodes: [land]\n", "'nodes' is not a mapping", 4),
        ("nodes:\n  land: 0.5\n", "'land' does not say what is changed", 5),
        ("nodes:\n  land:\n    weihgt: 0.5\n", "unknown key 'weihgt'", 6),
        ("without_nodes: land\n", "'without_nodes' is not a list of names", 4),
        ("without_nodes: [land, fruit]\n", "'good' has neither children nor", 3),
        ("universe: {countries: [XQ]}\n", "is in the country 'XQ'", 4),
        ("editions: []\n", "editions: ", 4),
        ("stages:\n  - {method: n_rank}\n", "'stage' is missing", 5),
        ("stages: []\nnodes:\n  yield_tonnes: {cap_min: 0}\n", "cap_min 0 has no log", 6),
    ],
)
def test_a_fault_of_a_variant_is_told_in_its_own_file(
    folder: Path, changes: str, message: str, line: int
) -> None:
    text = f"framework: other\ntitle: Other\nvariant_of: good\n{changes}"
    (folder / "frameworks" / "other.yml").write_text(text, encoding="utf-8")
    catalog = load_catalog([folder])
    assert len(catalog.errors) == 1, "\n".join(map(str, catalog.errors))
    error = catalog.errors[0]
    assert (error.file, error.line) == ("orchards/frameworks/other.yml", line)
    assert message in error.message
    assert set(catalog.frameworks) == {"good"}


def test_a_variant_in_another_folder_of_a_framework_that_is_overridden(
    folder: Path, tmp_path: Path
) -> None:
    added = tmp_path / "added" / "frameworks"
    added.mkdir(parents=True)
    text = (folder / "frameworks" / "good.yml").read_text(encoding="utf-8")
    (added / "good.yml").write_text(text.replace("n_minmax", "n_rank"), encoding="utf-8")
    (added / "other.yml").write_text(
        "framework: other\ntitle: Other\nvariant_of: good\nwithout_stages: [treat]\n",
        encoding="utf-8",
    )
    catalog = load_catalog([folder, added.parent])
    assert catalog.errors == ()
    normalise = catalog.frameworks["other"].stage("normalise")
    assert normalise and normalise.method == "n_rank"


def test_a_faulty_override_leaves_the_framework_in_place(folder: Path, tmp_path: Path) -> None:
    added = tmp_path / "added" / "frameworks"
    added.mkdir(parents=True)
    text = (folder / "frameworks" / "good.yml").read_text(encoding="utf-8")
    (added / "good.yml").write_text(text.replace("weight: 0.4", "weight: 0.3"), encoding="utf-8")
    catalog = load_catalog([folder, added.parent])
    assert [error.file for error in catalog.errors] == ["added/frameworks/good.yml"]
    assert nodes(catalog.frameworks["good"])["land"].weight == 0.4


def test_two_frameworks_of_one_name(folder: Path) -> None:
    text = "framework: good\ntitle: Other\nvariant_of: good\n"
    (folder / "frameworks" / "other.yml").write_text(text, encoding="utf-8")
    assert "is a variant itself" in load_catalog([folder]).errors[0].message
    text = "framework: other\ntitle: Other\nvariant_of: good\n"
    for name in ("other", "another"):
        (folder / "frameworks" / f"{name}.yml").write_text(text, encoding="utf-8")
    catalog = load_catalog([folder])
    assert "duplicate framework 'other'" in catalog.errors[0].message
    assert set(catalog.frameworks) == {"good"}


def test_the_digest_tells_of_a_variant_and_of_its_base(
    folder: Path, variant: Callable[[str], Framework]
) -> None:
    variant("without_stages: [treat]\n")
    first = load_catalog([folder]).content_digest
    variant("without_stages: [scale]\n")
    assert load_catalog([folder]).content_digest != first


WORDS = st.sampled_from(
    (
        *("land", "fruit", "good", "trees_count", "rot_count", "node", "index", "children"),
        *("weight", "stage", "method", "by_level", "treat", "select", "exact", "a_gmean"),
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["stages", "nodes", "without_stages", "without_nodes", "index", "editions"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(changes=st.dictionaries(KEYS, VALUES, min_size=1))
def test_whatever_a_variant_says_never_raises(folder: Path, changes: dict[str, Any]) -> None:
    data = {"framework": "other", "title": "Other", "variant_of": "good", **changes}
    path = folder / "frameworks" / "other.yml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    catalog = load_catalog([folder])
    assert ("other" in catalog.frameworks) is (catalog.errors == ())


def test_province_and_country_are_groupings_unless_a_column_states_them(
    folder: Path, variant: Callable[[str], Framework], tmp_path: Path
) -> None:
    cities = folder / "cities.csv"
    by_column = {"xo_amber": "East", "xo_birch": "East", "xo_cedar": "West"}
    for column in ("province_en", "group_province"):
        head, *rows = (FAULTY / "cities.csv").read_text(encoding="utf-8").splitlines()
        rows = [f"{row},{by_column.get(row.split(',')[0], '')}" for row in rows]
        if column == "group_province":
            head, rows = f"{head},province_en", [f"{row},Elsewhere" for row in rows]
            rows = [",".join([*r[:-2], r[-1], r[-2]]) for r in (row.split(",") for row in rows)]
        cities.write_text("\n".join([f"{head},{column}", *rows]) + "\n", encoding="utf-8")
        found = variant(
            "universe: {groups: {province: [East], country: [XO]}}\n"
            "stages: [{stage: impute, method: i_mean_grp, grouping: province}]\n"
        )
        catalog = load_catalog([folder])
        members = [name for name, city in catalog.cities.items() if found.universe.has(city)]
        assert members == ["xo_amber", "xo_birch"]
        with duckdb.connect() as con:
            load_raw(con, catalog, Settings(home=tmp_path / "home", catalog=()))
            rows = con.execute(
                "select city_id, group_name from raw.city_group where grouping = 'province'"
                " and group_name <> 'Elsewhere' order by city_id"
            ).fetchall()
            countries = con.execute(
                "select distinct group_name from raw.city_group where grouping = 'country'"
                " order by group_name"
            ).fetchall()
        assert dict(rows) == by_column
        assert countries == [("XO",), ("XP",)]
