"""docs/add-an-index.md: its examples as an analyst would copy them, its tables against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingest.catalog import load_catalog
from ingest.framework_cards import (
    DEFAULTS,
    METHODS,
    ORDER,
    Edition,
    Factor,
    Framework,
    Node,
    Uncertainty,
    Universe,
)
from ingest.settings import PROJECT

PAGE = (PROJECT / "docs" / "add-an-index.md").read_text(encoding="utf-8")
INDEX, VARIANT, EXPERTS = re.findall(r"```yaml\n(framework.*?)```", PAGE, re.S)
(UNCERTAINTY,) = re.findall(r"```yaml\n(uncertainty.*?)```", PAGE, re.S)
POINTS, COMPARISONS = re.findall(r"```csv\n(.*?)```", PAGE, re.S)
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", PAGE, re.S | re.M))

PARAMETERS = {
    name
    for methods in METHODS.values()
    for method in methods.values()
    for name in (*method.needs, *method.may_have)
}


def words(text: str) -> set[str]:
    """Whatever stands as code in a line."""
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    return {word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", code)}


def test_the_stages_stand_in_their_order() -> None:
    assert tuple(SECTIONS) == ORDER


@pytest.mark.parametrize("stage", METHODS)
def test_the_methods_of_a_stage_and_their_parameters_are_all_told(stage: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*)$", SECTIONS[stage], re.M)
    assert [name for name, _ in rows] == list(METHODS[stage])
    told = words(SECTIONS[stage])
    for method in METHODS[stage].values():
        assert {*method.needs, *method.may_have} - told == set()


@pytest.mark.parametrize("stage", ["impute", "normalise"])
def test_a_method_is_told_with_its_own_parameters(stage: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", SECTIONS[stage], re.M))
    for name, method in METHODS[stage].items():
        assert words(rows[name]) & PARAMETERS == {*method.needs, *method.may_have}, name


def test_the_defaults_are_as_told() -> None:
    told = dict(re.findall(r"`(\w+)` \(`?([\w.]+)`?[);:]", "".join(SECTIONS.values())))
    for name in ("skewness_max", "kurtosis_max", "points_max", "score_max", "mean", "sd"):
        assert float(told[name]) == DEFAULTS[name]
    assert (told["fallback"], told["objective"]) == (DEFAULTS["fallback"], DEFAULTS["objective"])


@pytest.mark.parametrize("model", [Framework, Universe, Node, Edition, Uncertainty, Factor])
def test_every_key_is_told(model: type[Framework]) -> None:
    assert set(model.model_fields) - words(PAGE) - {"edition"} == set()


def test_the_examples_are_an_index_and_its_variant(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "frameworks"
    (folder / "own_index").mkdir(parents=True)
    (folder / "own_index.yml").write_text(INDEX, encoding="utf-8")
    (folder / "own_index_equal.yml").write_text(VARIANT, encoding="utf-8")
    catalog = load_catalog([PROJECT / "catalog", tmp_path / "own"])
    assert catalog.errors == ()
    variant = catalog.frameworks["own_index_equal"]
    assert variant.variant_of == "own_index"
    assert [len(node.children) for node in variant.index.children] == [2, 1]


def test_what_may_vary_as_the_page_shows_it(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "frameworks"
    folder.mkdir(parents=True)
    text = INDEX.replace("\nindex:\n", f"\n{UNCERTAINTY}index:\n")
    (folder / "own_index.yml").write_text(text, encoding="utf-8")
    catalog = load_catalog([PROJECT / "catalog", tmp_path / "own"])
    assert catalog.errors == ()
    own = catalog.frameworks["own_index"].uncertainty
    assert len(own.factors) == 6
    assert (own.replications, own.seed, own.samples) == (10000, 1, 512)
    assert own == Uncertainty(factors=own.factors), "these are the defaults"


TABLES = {"budget_allocation": POINTS, "ahp": COMPARISONS}
FILES = {"budget_allocation": "budget_allocation.csv", "ahp": "pairwise_comparisons.csv"}


@pytest.mark.parametrize("weighting", TABLES)
@pytest.mark.parametrize("is_stage", [False, True])
def test_the_experts_as_the_page_shows_them(tmp_path: Path, weighting: str, is_stage: bool) -> None:
    text = EXPERTS
    if is_stage:
        (stage,) = re.findall(r"`({stage: weight, .*?budget_allocation}})`", PAGE)
        text = f"{text[: text.index('nodes:')]}stages:\n  - {stage}\n"
    folder = tmp_path / "own" / "frameworks"
    (folder / "own_index_experts").mkdir(parents=True)
    (folder / "own_index.yml").write_text(INDEX, encoding="utf-8")
    text = text.replace("budget_allocation", weighting)
    (folder / "own_index_experts.yml").write_text(text, encoding="utf-8")
    (table,) = re.findall(rf"`catalog/frameworks/(\S+/{FILES[weighting]})`", PAGE)
    (folder / table).write_text(TABLES[weighting], encoding="utf-8")
    catalog = load_catalog([PROJECT / "catalog", tmp_path / "own"])
    assert catalog.errors == ()
    values = [j.value for j in catalog.judgements["own_index_experts"]]
    assert values == ([60, 40, 3, 7] if weighting == "budget_allocation" else [3, 0.5])
