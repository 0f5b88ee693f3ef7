"""Writes an index of COINr as a catalog folder, in the words that an analyst would use."""

from __future__ import annotations

import csv
import datetime as dt
import re
import shutil
import tempfile
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from babel.core import get_global

from ingest.bundle import bundle
from ingest.cards import Kind
from ingest.catalog import load_catalog
from ingest.catalog_errors import CatalogError, did_you_mean
from ingest.coinr.files import MISSING, Coin, CoinrError, Meta, Unit, identifier
from ingest.names.territories import Territories
from ingest.settings import Settings

UNKNOWN_COUNTRY = "ZZ"
"""Of CLDR: the country of a unit that neither its code nor its name tells."""
DOCUMENT = "idata"
FILES = "files"
"""Folder of the catalog with iData as it came, for ``AICITY_MIRROR``."""
UNIT_COVERAGE_MIN = 0.9


@dataclass(frozen=True)
class Choices:
    """What the files do not say."""

    name: str
    """Identifier of the framework and the source."""
    title: str = ""
    kind: Kind = "country"
    country_code: str = ""
    """Country of all units; without it that of their codes or names."""
    year: int | None = None
    """Year of the figures, where they have no column Time."""
    grouping: str = ""
    """Column of groups within which missing values are imputed; without it the one with the
    fewest groups, whose means rest on the most units."""
    minimal: bool = False
    """Only the stages that an index can't do without."""


def write_catalog(coin: Coin, idata: Path, target: Path, choices: Choices) -> None:
    """Write the catalog of an index, whole or not at all.

    Args:
        coin: the checked files.
        idata: the file that becomes the document of the figures.
        target: a folder that does not exist yet, or an empty one.

    Raises:
        CoinrError: the folder is in use, a choice names what is not there, or the catalog would
            not be read back as it was written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        remedy = "Name a folder that does not exist yet, or delete it."
        raise CoinrError([CatalogError(str(target), 1, "TO", "the folder is not empty", remedy)])
    grouping = _grouping(coin, choices)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
        folder = Path(scratch) / target.name
        (folder / FILES).mkdir(parents=True)
        (folder / "sources").mkdir()
        (folder / "frameworks").mkdir()
        shutil.copyfile(idata, folder / FILES / idata.name)
        years = coin.years or (choices.year or dt.datetime.now(dt.UTC).year,)
        _write_cities(folder / "cities.csv", coin, choices)
        _write_yaml(folder / "indicators.yml", _indicators(coin, choices), INDICATORS_HEAD)
        card = _card(coin, idata.name, years, choices)
        _write_yaml(folder / "sources" / f"{choices.name}.yml", card, SOURCE_HEAD)
        text = _framework(coin, years, grouping, choices)
        (folder / "frameworks" / f"{choices.name}.yml").write_text(text, encoding="utf-8")
        _check(folder, choices)
        if target.exists():
            target.rmdir()
        folder.rename(target)


def indicator_code(meta: Meta, coin: Coin) -> str:
    """Code of the indicator of a column: ends with its unit, as every code does."""
    code, unit = identifier(meta.code), _unit(meta, coin)
    return code if unit == "index" or code.endswith(f"_{unit}") else f"{code}_{unit}"


def _unit(meta: Meta, coin: Coin) -> str:
    """The printed unit as an identifier; one whose values may be negative says so."""
    text = identifier(meta.unit.replace("%", " pct "))
    if text in ("", "pct", "index"):
        # These two promise what COINr does not: from 0 to 100, and from 0.
        text = {"pct": "per_cent"}.get(text, "index")
    return f"{text}_balance" if meta.code in coin.negative else text


def _grouping(coin: Coin, choices: Choices) -> str:
    groupings = [m.code for m in coin.of_type("Group")]
    if choices.grouping:
        if choices.grouping not in groupings:
            message = f"no column '{choices.grouping}' of Type Group"
            remedy = did_you_mean(choices.grouping, groupings)
            raise CoinrError([CatalogError("GROUP", 1, choices.grouping, message, remedy)])
        return choices.grouping
    count = {g: len({u.groups.get(g) for u in coin.units.values()}) for g in groupings}
    return min(count, key=lambda g: count[g]) if count else ""


def _write_cities(path: Path, coin: Coin, choices: Choices) -> None:
    used = {column for unit in coin.units.values() for column in unit.groups}
    columns = [column for column in coin.meta if column in used]
    territories = Territories()
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        groups = [f"group_{identifier(column)}" for column in columns]
        writer.writerow(["city_id", "kind", "name_en", "code", "country_code", *groups])
        for unit in coin.units.values():
            country = choices.country_code or _country(unit, territories)
            row = [identifier(unit.code), choices.kind, unit.name, unit.code, country]
            writer.writerow([*row, *(unit.groups.get(column, "") for column in columns)])


def _country(unit: Unit, territories: Territories) -> str:
    """ISO 3166-1 alpha-2 code by alpha-3, alpha-2 or name."""
    code = unit.code.upper()
    aliases: Mapping[str, list[str]] = get_global("territory_aliases")
    if re.fullmatch(r"[A-Z]{3}", code) and len(aliases.get(code, ())) == 1:
        return aliases[code][0]
    known = territories.country(unit.name)
    if known is None and re.fullmatch(r"[A-Z]{2}", code):
        known = territories.country(code)
    return known or UNKNOWN_COUNTRY


def _theme(meta: Meta, coin: Coin) -> tuple[str, str]:
    """Theme of a column: the aggregate above it, or its type."""
    if meta.type == "Indicator":
        parent = coin.meta[meta.parent]
        code = identifier(parent.code)
        return (f"{code}_" if code in ("coverage", "wide") else code), parent.name
    return {"Denominator": ("denominators", "Denominators")}.get(meta.type, ("other", "Other"))


def _indicators(coin: Coin, choices: Choices) -> dict[str, Any]:
    figures = [meta for meta in coin.meta.values() if meta.code in coin.figures]
    themes = dict(_theme(meta, coin) for meta in figures)
    units = dict.fromkeys((meta.unit or "index", _unit(meta, coin)) for meta in figures)
    printed: dict[str, list[str]] = {}
    for text, unit in units:
        printed.setdefault(text, []).append(unit)
    return {
        "themes": [{"theme": code, "title": title} for code, title in themes.items()],
        "units": [
            {"printed": text, "unit": names[0], "factor": 1}
            | ({"also": names[1:]} if names[1:] else {})
            for text, names in printed.items()
        ],
        "indicators": [
            {
                "indicator": indicator_code(meta, coin),
                "title": meta.name,
                "code": meta.code,
                "theme": _theme(meta, coin)[0],
                "unit": _unit(meta, coin),
                "direction": "lower" if meta.direction == -1 else "higher",
                "measures": "intensity" if meta.type == "Indicator" else "size",
                "scope": "whole",
                "definition": f"{meta.name}{f' ({meta.unit})' if meta.unit else ''}.",
                "sources": [choices.name],
            }
            | ({"max_yearly_change": ANY_CHANGE} if len(coin.years) > 1 else {})
            for meta in figures
        ],
    }


def _card(coin: Coin, file: str, years: tuple[int, ...], choices: Choices) -> dict[str, Any]:
    title = f"Data of {choices.title or coin.root.name}"
    parse: dict[str, Any] = {
        "place_column": "uCode",
        "kinds": [choices.kind],
        "missing": {cell: "not in the data" for cell in MISSING if cell},
        "exponents": True,
        "values": [
            {
                "indicator": indicator_code(meta, coin),
                "column": meta.code,
                "unit": meta.unit or "index",
            }
            for meta in coin.meta.values()
            if meta.code in coin.figures
        ],
    }
    if coin.years:
        parse["year_column"] = "Time"
    document: dict[str, Any] = {
        "id": DOCUMENT,
        "title": title,
        "address": f"https://{choices.name.replace('_', '-')}.example/{file.replace(' ', '%20')}",
        "form": "derived",
        "mirror": file,
        "published_on": dt.date(years[-1], 1, 1),
        "published_precision": "not_before",
    }
    if not coin.years:
        document["options"] = {"year": years[-1]}
    return {
        "id": choices.name,
        "title": title,
        "publisher": "Not stated",
        "kind": "statistics",
        "licence": "Not stated",
        "redistribution": "facts_only",
        "citation": title,
        "cadence": "once",
        "trust_tier": 2,
        "parser": "long_table",
        "parse": parse,
        "documents": [document],
    }


def _framework(coin: Coin, years: tuple[int, ...], grouping: str, choices: Choices) -> str:
    root = coin.root
    head = {
        "framework": choices.name,
        "title": choices.title or root.name,
        "description": f"{root.name}, brought in from COINr.",
        "measures": "mixed",
        "flagship": True,
        "universe": {"kinds": [choices.kind]},
    }
    references = [indicator_code(m, coin) for m in coin.of_type("Other") if m.code in coin.figures]
    if references:
        head["references"] = references
    editions = [{"edition": year, "max_age_years": 0} for year in years]
    return "".join(
        [
            FRAMEWORK_HEAD,
            _dumped(head),
            _dumped({"editions": editions}),
            "stages:\n",
            textwrap.indent(_stages(coin, grouping, choices), "  "),
            _dumped({"index": _node(root, coin)}),
        ]
    )


def _stages(coin: Coin, grouping: str, choices: Choices) -> str:
    """The stages as text: their remarks say where COINr has them and what else may stand there."""
    has_denominators = any(m.denominator for m in coin.of_type("Indicator"))
    lines = ["- {stage: select, method: exact}  # iData$Time is the edition"]
    if has_denominators:
        lines.append("- {stage: denominate, method: by_indicator}  # Denominate()")
    if choices.minimal:
        lines.append("- {stage: screen, method: by_coverage}  # lets every unit through")
    else:
        lines += [
            "# Impute(): also i_mean, i_median, i_median_grp, i_latest, i_linear; delete the stage",
            "# and missing values drop out of the means with their weights.",
            f"- {{stage: impute, method: i_mean_grp, grouping: {identifier(grouping)}}}"
            if grouping
            else "- {stage: impute, method: i_mean}",
            "# Screen(): before impute it counts the indicators that were observed.",
            f"- {{stage: screen, method: by_coverage, unit_coverage_min: {UNIT_COVERAGE_MIN}}}",
            "# Treat(), qTreat(): points_max is winmax, fallback is f2.",
            "- stage: treat",
            "  method: winsorise",
            "  skewness_max: 2",
            "  kurtosis_max: 3.5",
            "  points_max: 5",
            "  fallback: log_CT",
        ]
    lines += [
        "# Normalise(): also n_zscore, n_rank, n_prank, n_borda, n_dist2max, n_dist2ref,",
        "# n_dist2targ, n_fracmax, n_scaled, n_goalposts.",
    ]
    lines.append(
        "# across: panel makes the scores of all editions comparable, as Normalise(global = TRUE)."
        if len(coin.years) > 1
        else "# score_min and score_max are l_u."
    )
    lines += [
        "- {stage: normalise, method: n_minmax, score_min: 0, score_max: 100}",
        "- {stage: weight, method: given}  # the weights below; also equal, pca, ...",
        "# Aggregate(): also a_gmean, a_hmean, a_genmean, a_median, a_copeland, for some levels by",
        "# by_level: {3: a_gmean}. Children without a score drop out with their weights.",
        "- {stage: aggregate, method: a_amean, missing_children: share}",
    ]
    return "\n".join(lines) + "\n"


def _node(meta: Meta, coin: Coin, weight: float | None = None) -> dict[str, Any]:
    node: dict[str, Any] = {"node": identifier(meta.code), "title": meta.name, "code": meta.code}
    if weight is not None:
        node["weight"] = weight
    if meta.type == "Indicator":
        node["indicator"] = indicator_code(meta, coin)
        node["direction"] = "lower" if meta.direction == -1 else "higher"
        if meta.denominator:
            node["denominator"] = indicator_code(coin.meta[meta.denominator], coin)
        if meta.target is not None:
            node["target"] = meta.target
        return node
    children = coin.children(meta.code)
    weights = [child.weight or 0.0 for child in children]
    shares: list[float | None] = [None] * len(children)
    if len(set(weights)) > 1:
        shares = [weight / sum(weights) for weight in weights]
    node["children"] = [_node(c, coin, s) for c, s in zip(children, shares, strict=True)]
    return node


def _dumped(data: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=100)


def _write_yaml(path: Path, data: Mapping[str, Any], head: str) -> None:
    path.write_text(head + _dumped(data), encoding="utf-8")


def _check(folder: Path, choices: Choices) -> None:
    """Write the facts beside the card, and see that the catalog is read as it was written."""
    catalog = load_catalog([folder])
    if catalog.errors:
        raise CoinrError(list(catalog.errors))
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), catalog=(folder,), mirror=(folder / FILES,))
        lines = list(bundle(settings))
    for line in lines:
        if line.outcome != "written" or line.quarantined:
            file = str(next((folder / FILES).iterdir()).name)
            raise CoinrError(
                [CatalogError(file, 1, choices.name, f"can't be read back: {line}", "Mend it.")]
            )


ANY_CHANGE = 1_000_000_000
INDICATORS_HEAD = """\
# Brought in from COINr's iMeta. A code ends with its unit; `code` is the iCode.
# `measures` is a guess: size grows with the unit, intensity does not.
# COINr looks at no change from year to year: a smaller max_yearly_change does, see
# docs/add-an-indicator.md.
"""
SOURCE_HEAD = """\
# Brought in from COINr's iData. Name the publisher, the licence, the citation and the address
# where the figures come from: they go with every figure. The file itself is in files/; its facts
# are written anew by `AICITY_CATALOG=<this folder> AICITY_MIRROR=<this folder>/files make bundle`.
"""
FRAMEWORK_HEAD = """\
# Brought in from COINr's iMeta; the stages are those of its build_example_coin().
# A weight is the share among siblings; where all are equal, none is written.
"""
