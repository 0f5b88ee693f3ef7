"""Run models of the dbt project alone, on figures given as a table: for tests and benchmarks.

The SQL is what dbt compiles of the models, run in memory, so that an index of a few cities takes
a fraction of a second. Frameworks come from a catalog folder through the ordinary loader; its
sources are left aside, and the figures stand in for what is made of them.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import yaml

from ingest.catalog import load_catalog
from ingest.load import load_raw
from ingest.settings import Settings
from orchestration import dbt

FIGURES = "model.observatory.indicator_value"
STAGES = (
    "int_index_universe",
    "int_index_selected",
    "int_index_denominated",
    "int_index_imputed",
    "int_index_screened",
    "int_index_transformed",
    "int_index_treated",
    "int_index_normalised",
    "int_index_fitted_weight",
    "int_index_weight",
    "int_index_aggregated",
    "int_index_scaled",
    "index_score",
)


@functools.cache
def _nodes() -> dict[str, Mapping[str, Any]]:
    """All that dbt compiles, by its unique id."""
    dbt.manifest_path()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        process = dbt.run_dbt("compile", target=target, build_file=target / "warehouse.duckdb")
        if process.returncode:
            raise dbt.DbtError(process.stdout)
        nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    found: dict[str, Mapping[str, Any]] = nodes
    return found


@functools.cache
def compiled() -> dict[str, Mapping[str, Any]]:
    """The models as dbt compiles them, by name, each after those that it reads."""
    nodes = _nodes()
    models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
    ordered: dict[str, Mapping[str, Any]] = {}

    def add(key: str) -> None:
        if key in models and models[key]["name"] not in ordered:
            for parent in models[key]["depends_on"]["nodes"]:
                add(parent)
            ordered[models[key]["name"]] = models[key]

    for key in models:
        add(key)
    return ordered


def run(
    catalog: Path, figures: pd.DataFrame, models: Sequence[str] = STAGES
) -> duckdb.DuckDBPyConnection:
    """Build models, and what they read, for a catalog folder and figures in memory.

    Args:
        catalog: a folder with cities.csv, indicators.yml and frameworks/.
        figures: columns city_id, indicator, year, value, and source_id where it matters; NaN is a
            missing value.
        models: names of the models wanted.

    Returns:
        The connection, in which the models are tables in their schemas.

    Raises:
        ValueError: a fault in the catalog, in the words that an analyst gets.
    """
    con = prepare(catalog, figures)
    for model in needed(models):
        build(con, model)
    return con


def prepare(
    catalog: Path, figures: pd.DataFrame, database: str = ":memory:"
) -> duckdb.DuckDBPyConnection:
    """A database with the tables of a catalog folder and figures, in which models can be built.

    Args:
        catalog: a folder with cities.csv, indicators.yml and frameworks/.
        figures: columns city_id, indicator, year, value, and source_id where it matters; NaN is a
            missing value.
        database: path of a new file, for dbt to go on with; in memory without it.

    Raises:
        ValueError: a fault in the catalog, in the words that an analyst gets.
    """
    loaded = load_catalog([catalog])
    if loaded.errors:
        raise ValueError("\n".join(str(error) for error in loaded.errors))
    con = duckdb.connect()
    con.execute(f"attach '{database}' as warehouse; use warehouse")
    for schema in ("staging", "intermediate", "marts"):
        con.execute(f"create schema {schema}")
    with tempfile.TemporaryDirectory() as home:
        load_raw(con, loaded, Settings(home=Path(home), catalog=(catalog,)))
    con.register("figures", figures)
    source = "source_id" if "source_id" in figures else "null"
    con.execute(
        f"""
        create table marts.indicator_value as
        select
            indicator, city_id, cast(year as integer) as year,
            case when not isnan(value) then cast(value as double) end as value,
            cast(null as varchar) as unit,
            case when value is null or isnan(value) then 'missing' else 'observed' end as status,
            case when value is null or isnan(value) then 'not given' end as missing_reason,
            false as is_corrected, cast(null as varchar) as correction_reason,
            false as is_derived, cast({source} as varchar) as source_id,
            cast(null as varchar) as document_id, cast(null as varchar) as observation_id
        from (select * replace (cast(value as double) as value) from figures)
        """
    )
    return con


def failures(con: duckdb.DuckDBPyConnection, test: str) -> pd.DataFrame:
    """Rows that a data test of the dbt project finds at fault, in the tables of :func:`run`."""
    (node,) = (n for n in _nodes().values() if n["resource_type"] == "test" and n["name"] == test)
    return con.execute(node["compiled_code"]).df()


def needed(models: Sequence[str]) -> list[str]:
    """Models to build, in order: the figures stand in for whatever is above them."""
    nodes = compiled()
    wanted = set[str]()

    def add(name: str) -> None:
        if name in wanted:
            return
        wanted.add(name)
        for parent in nodes[name]["depends_on"]["nodes"]:
            if parent.startswith("model.") and parent != FIGURES:
                add(parent.split(".")[-1])

    for model in models:
        add(model)
    return [name for name in nodes if name in wanted]


def build(con: duckdb.DuckDBPyConnection, model: str) -> None:
    """Build a model, those that it reads being there."""
    node = compiled()[model]
    table = f"{node['schema']}.{node['alias']}"
    if node["language"] == "sql":
        con.execute(f"create table {table} as {node['compiled_code']}")
        return
    frame = _python_model(node)(_Dbt(con), con)
    con.register("frame", frame)
    con.execute(f"create table {table} as select * from frame")
    con.unregister("frame")


class _Dbt:
    """What a Python model sees as ``dbt``."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        node = compiled()[name]
        return self.con.table(f"{node['schema']}.{node['alias']}")

    def config(self, **_: Any) -> None: ...


def _python_model(node: Mapping[str, Any]) -> Callable[..., pd.DataFrame]:
    path = dbt.DBT_PROJECT / node["original_file_path"]
    spec = importlib.util.spec_from_file_location(node["name"], path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model: Callable[..., pd.DataFrame] = module.model
    return model


def write_catalog(
    folder: Path,
    cities: pd.DataFrame,
    indicators: Mapping[str, str],
    *frameworks: Mapping[str, Any],
) -> Path:
    """A catalog of made-up indicators, by their direction, for frameworks given as data.

    ``cities`` has the columns of cities.csv, of which city_id is enough.
    """
    (folder / "frameworks").mkdir(parents=True, exist_ok=True)
    cities = cities.assign(
        **{
            column: cities.get(column, default)
            for column, default in (("name_en", cities["city_id"]), ("country_code", "XX"))
        }
    )
    cities.to_csv(folder / "cities.csv", index=False)
    entries = [
        {
            "indicator": name,
            "title": name,
            "theme": "figures",
            "unit": "index",
            "direction": direction,
            "measures": "size",
            "scope": "whole",
            "definition": "Made up.",
            "sources": ["figures"],
        }
        for name, direction in indicators.items()
    ]
    card = {
        "id": "figures",
        "title": "Figures",
        "publisher": "Nobody",
        "kind": "statistics",
        "licence": "CC0",
        "redistribution": "open",
        "citation": "None",
        "cadence": "once",
        "trust_tier": 1,
        "parser": "long_table",
        "parse": {
            "place_column": "city",
            "indicator_column": "indicator",
            "unit_column": "unit",
        },
        "documents": [
            {
                "id": "figures",
                "title": "Figures",
                "address": "https://example.org/figures.csv",
                "published_on": "2020-01-01",
                "live_only": True,
            }
        ],
    }
    files: dict[str, Any] = {
        "indicators.yml": {
            "themes": [{"theme": "figures", "title": "Figures"}],
            "units": [{"printed": "x", "unit": "index", "factor": 1}],
            "indicators": entries,
        },
        "sources/figures.yml": card,
        **{f"frameworks/{f['framework']}.yml": dict(f) for f in frameworks},
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return folder
