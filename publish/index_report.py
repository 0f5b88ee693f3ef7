"""The audit report of an index: one page that loads nothing, made of the tables of a warehouse.

It says what an analyst is asked about a ranking: what it is made of and why, what the figures are
like, what the statistics speak against, and where cities stand. Every number comes from a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

import duckdb

from publish import index_queries as queries
from publish import index_trust as trust
from publish.html import (
    Column,
    Row,
    bar,
    correlations,
    decimals,
    figure,
    number,
    page,
    per_cent,
    table,
    weight,
    whole,
)

FOLDER = "reports"
TOP = 30
CITIES = 10
LISTED = 80
DIMENSIONS = 8  # columns of the ranking
ALPHA_LOW = 0.6


def reports(con: duckdb.DuckDBPyConnection, database: str) -> dict[str, str]:
    """File name, relative to the release, and HTML of the report of every index that ranks anyone.

    Empty where the database lacks the tables of an audit.

    Args:
        con: a connection with the warehouse attached; only read.
        database: the name under which it is attached.
    """
    with con.cursor() as cursor:
        cursor.execute(f'use "{database}"')
        if queries.NEEDED - _tables(cursor):
            return {}
        indices = _rows(cursor, queries.NEWEST, [])
        return {
            f"{FOLDER}/{_file(index['framework'])}": report(cursor, index, indices)
            for index in indices
        }


def report(con: duckdb.DuckDBPyConnection, index: Row, indices: Sequence[Row] = ()) -> str:
    """The page of an index in its newest edition that ranks anyone.

    Args:
        con: a connection to a warehouse, whose tables are found as schema.table.
        index: a row of ``queries.NEWEST``.
        indices: all of them, for links from one to another.
    """
    found = _Report(con, index)
    sections = {
        "facts": ("", found.summary()),
        "look": ("What to look at first", found.attention()),
        "ranking": ("Ranking", found.ranking()),
        "ranges": ("How far the ranks can be trusted", found.trust(trust.ranges)),
        "sensitivity": ("Which choices matter", found.trust(trust.sensitivity)),
        "changes": ("What would have to change, and what did", found.trust(trust.changes)),
        "consensus": ("What published rankings say together", found.trust(trust.consensus)),
        "cities": ("Strengths, weaknesses and peers", found.cities()),
        "tree": ("What it is made of, and why", found.tree()),
        "gaps": ("What belongs into it and is empty", found.gaps()),
        "stages": ("How it is computed", found.stages()),
        "data": ("The figures", found.data()),
        "treatment": ("Outliers", found.treatment()),
        "references": ("Beside what is known of cities anyway", found.references()),
        "correlation": ("What goes together", found.correlation()),
        "structure": ("Does a dimension measure one thing?", found.structure()),
        "variants": ("Beside other indices", found.variants()),
        "sources": ("Sources", found.sources()),
    }
    shown = {name: part for name, part in sections.items() if part[1]}
    links = "".join(f'<a href="#{name}">{title}</a>' for name, (title, _) in shown.items() if title)
    body = "\n".join(
        f'<section id="{name}">{f"<h2>{title}</h2>" if title else ""}\n{html}\n</section>'
        for name, (title, html) in shown.items()
    )
    others = ", ".join(
        f'<a href="{quote(_file(other["framework"]))}">{escape(other["title"])}</a>'
        for other in indices
        if other["framework"] != index["framework"]
    )
    return page(
        f"{index['title']}, {index['edition']}: audit report",
        f"<header>\n<h1>{escape(index['title'])}</h1>\n"
        f'<p class="sub">Audit report of the edition {index["edition"]}'
        f" ({escape(index['framework'])})</p>\n{_variant(index)}"
        f"<p>{escape(index['description'] or '')}</p>\n<nav>{links}</nav>\n</header>\n{body}\n"
        f'<footer class="note">{f"Other indices: {others}. " if others else ""}'
        "Every number here stands in the warehouse of this release, in the tables of its schema "
        "marts that begin with index_ and framework.</footer>",
    )


class _Report:
    """The sections of one page."""

    def __init__(self, con: duckdb.DuckDBPyConnection, index: Row) -> None:
        self._con = con
        self._key = [index["framework"], index["edition"]]
        self._tables = _tables(con)
        self._tree = self._rows(queries.TREE)
        self._titles = {row["node"]: row["title"] for row in self._tree}
        self._root = next(row for row in self._tree if row["parent"] is None)
        self._units = {row["node"]: row["unit"] or "" for row in self._rows(queries.UNITS)}
        self._statistics = self._rows(queries.STATISTICS)
        self._pairs = self._rows(queries.PAIRS)
        self._reliability = self._rows(queries.RELIABILITY)
        self._ranking = self._rows(queries.RANKING)
        self._ages = self._rows(queries.AGES)
        self._shifts = (
            self._rows(queries.SHIFTS) if "marts.framework_comparison" in self._tables else []
        )
        self._cities = {str(row["city_id"]): str(row["city_name"]) for row in self._ranking}

    def _rows(self, sql: str) -> list[Row]:
        return _rows(self._con, sql, self._key)

    def summary(self) -> str:
        row = self._rows(queries.SUMMARY)[0]
        leaves = [node for node in self._tree if node["level"] == 1]
        facts = [
            (number(row["n_ranked"], whole), "cities ranked"),
            (number(row["n_universe"], whole), "in its universe"),
            (number(len(leaves), whole), "indicators"),
            (number(row["coverage"], per_cent), "of the weight observed, mean city"),
            (number(row["imputed_share"], per_cent), "of the score imputed, mean city"),
            (number(self._older(), per_cent), "of the weight in older figures, mean city"),
        ]
        cells = "".join(f"<div><b>{value}</b><span>{what}</span></div>" for value, what in facts)
        return f'<div class="facts">{cells}</div>'

    def _older(self) -> float:
        """Share of the index's weight whose figures are older than the edition, of the mean city.

        A sum of floats in the order of the years, as the table shows them.
        """
        return sum((row["weight_share"] for row in self._ages if row["is_older"]), 0.0)

    def attention(self) -> str:
        """What the tables flag, in sentences."""
        said = [f"<li>{sentence}</li>" for sentence in self._sentences()]
        if not said:
            return "<p>Nothing is flagged.</p>"
        return (
            f"<ul>{''.join(said)}</ul>"
            '<p class="note">A flag asks for a look and is no verdict: two indicators that go '
            "together may both be wanted, and a rare event makes many zeros. The thresholds are "
            "those of COINr.</p>"
        )

    def _sentences(self) -> Iterator[str]:
        for pair in self._pairs:
            one, other = _strong(pair["title"]), _strong(pair["other_title"])
            r = number(pair["pearson"], decimals(2))
            if pair["flag"] == "redundant":
                share = number(pair["joint_weight"], weight)
                yield (
                    f"{one} and {other} rise and fall together (r = {r}) and have {share} of the "
                    "index between them: part of that weight counts one thing twice."
                )
            elif pair["flag"] == "negative" and pair["relation"] == "sibling":
                yield f"{one} and {other} pull against each other (r = {r}) in one dimension."
            elif pair["flag"] == "negative":
                yield f"{one} goes against {other}, of which it is a part (r = {r})."
            elif pair["flag"] == "collinear" and pair["level"] > 1 and pair["joint_weight"]:
                yield f"{one} and {other} are hardly two things (r = {r})."
            elif pair["flag"] == "weak":
                yield (f"{one} hardly shows in {other} (r = {r}): it has a weight, but little say.")
        for row in self._reliability:
            alpha = row["alpha_children"]
            if alpha is not None and alpha < ALPHA_LOW:
                yield (
                    f"The parts of {_strong(row['title'])} hardly measure one thing "
                    f"(Cronbach's alpha {number(alpha, decimals(2))})."
                )
        for flag, words in (
            ("few values", "is known for {known} of the ranked cities; it lacks in {missing}"),
            ("does not vary", "is the same in all ranked cities and decides nothing"),
        ):
            for row in self._statistics:
                if flag in (row["flags"] or ""):
                    known = number(row["share_known"], per_cent)
                    missing = number(row["n_missing"], whole)
                    rest = (
                        ", where a filled-in figure stands for it"
                        if row["n_filled"]
                        else ", which the other indicators alone put in order"
                    )
                    said = words.format(known=known, missing=missing)
                    yield f"{_strong(row['title'])} {said}{rest if flag == 'few values' else ''}."
        skewed = [r for r in self._statistics if "outliers" in (r["flags_treated"] or "")]
        if skewed:
            names = ", ".join(_strong(row["title"]) for row in skewed)
            yield (
                "Very unequal as they enter the index, so that a few cities stand far from all "
                f"others, are: {names}."
            )
        zeros = [row for row in self._statistics if "many zeros" in (row["flags"] or "")]
        if zeros:
            names = ", ".join(_strong(row["title"]) for row in zeros)
            yield f"Most cities have a zero, and so no order among them, in: {names}."
        older = self._older()
        if older > 0.5:
            years = ", ".join(str(row["value_year"]) for row in self._ages if row["is_older"])
            yield (
                f"Figures of {years} carry {number(older, per_cent)} of the weight: the ranking of "
                f"{self._key[1]} tells more of those years than of its own."
            )
        for row in self._shifts:
            if row["n_shifted"]:
                yield (
                    f"Other choices make another ranking: beside {_strong(row['title'])}, "
                    f"{number(row['n_shifted'], whole)} of {number(row['n_common'], whole)} cities "
                    f"stand elsewhere, by {number(row['rank_shift_max'], whole)} places at most."
                )

    def ranking(self) -> str:
        shown = self._ranking[:TOP]
        scores = {
            (row["city_id"], row["node"]): row["score"]
            for row in self._rows(queries.DIMENSION_SCORES)
        }
        dimensions = [node for node in self._tree if node["parent"] == self._root["node"]]
        dimensions = dimensions[:DIMENSIONS] if len(dimensions) > 1 else []
        columns = [
            Column("Rank", "rank", whole),
            Column("City", "city_name"),
            Column("Score", "score", decimals(2)),
            Column("", cell=lambda row: bar(row["relative"])),
            Column("Range", cell=_span("rank_p05", "rank_p95"), kind="n"),
            Column("Ranks that gaps allow", cell=_span("rank_from", "rank_to"), kind="n"),
            Column("Observed", "coverage", per_cent),
            Column("Imputed", "imputed_share", per_cent),
            *(
                Column(dimension["title"], cell=_score_at(dimension["node"], scores), kind="n")
                for dimension in dimensions
            ),
        ]
        html = table(
            "ranking-table",
            columns,
            shown,
            f"The first {len(shown)} of {len(self._ranking)} cities. Observed is the share of the "
            "index's weight for which a city has figures, imputed the share of its score that "
            "rests on filled-in ones. Range: where other methods and weights would put it, 5 to "
            "95 % of the replications; gaps allow the ranks where the figures that it and the "
            "other cities lack could put it.",
        )
        unranked = self._rows(queries.UNRANKED)
        if unranked:
            columns = [
                Column("Not ranked because of", "reason"),
                Column("Cities", "n_cities", whole),
                Column("Which", cell=lambda row: escape(_clip(row["cities"], 120)), kind="r"),
            ]
            html += table("unranked-table", columns, unranked[:8])
        return html

    def trust(self, section: Callable[[trust.Rows], str]) -> str:
        return "" if trust.NEEDED - self._tables else section(self._rows)

    def cities(self) -> str:
        strengths, peers = self._rows(queries.STRENGTHS), self._rows(queries.PEERS)
        dominant = self._rows(queries.DOMINANT)
        blocks = []
        for row in self._ranking[:CITIES]:
            highest = "; ".join(
                f"{escape(d['title'])}, {number(d['rank'], whole)} of "
                f"{number(d['n_ranked'], whole)}"
                for d in dominant
                if d["city_id"] == row["city_id"]
            )
            mine = [s for s in strengths if s["city_id"] == row["city_id"]]
            near = [p for p in peers if p["city_id"] == row["city_id"]]
            blocks.append(
                f'<div class="city"><h3>{number(row["rank"], whole)}. {escape(row["city_name"])},'
                f" score {number(row['score'], decimals(2))}</h3>"
                f"{f'<p>Stands highest in {highest}.</p>' if highest else ''}"
                f"{_places('Strengths', [s for s in mine if s['kind'] == 'strength'])}"
                f"{_places('Weaknesses', [s for s in mine if s['kind'] == 'weakness'])}"
                f"{self._peers(near)}</div>"
            )
        return (
            '<p class="note">By the rank of a city in each indicator among the ranked cities: '
            "strengths lie above the middle of them, weaknesses below; a shared rank counts by the "
            "middle of its places, and what was filled in is neither. "
            "Peers are the cities whose scores in the dimensions are nearest, each dimension "
            "weighted as in the index; the distance is in points of the scale.</p>"
            f"{''.join(blocks)}"
        )

    def _peers(self, rows: Sequence[Row]) -> str:
        items = "".join(
            f"<li>{escape(self._cities[row['other_city_id']])} "
            f"({number(row['other_rank'], whole)}), {number(row['distance'], decimals(1))}</li>"
            for row in rows
        )
        return f"<div><h4>Peers (rank), distance</h4><ul>{items or '<li>none</li>'}</ul></div>"

    def tree(self) -> str:
        columns = [
            Column("", cell=_described),
            Column("Weight in its parent", "weight", weight),
            Column("Weight in the index", "effective_weight", weight),
            Column("Why", cell=lambda row: escape(row["reason"] or ""), kind="r"),
        ]
        return table(
            "tree-table",
            columns,
            self._tree,
            "Weights are those of this edition; the weight in the index is that of the node times "
            "those of all nodes above it.",
            bold=lambda row: row["level"] > 1,
        )

    def gaps(self) -> str:
        if "marts.framework_gap" not in self._tables:
            return ""
        found = self._rows(queries.GAPS)
        if not found:
            return ""
        return table(
            "gaps-table",
            [
                Column("Empty", "title"),
                Column("Part", "node_title"),
                Column("Why", "reason", kind="r"),
            ],
            found,
            "What the index should measure and can't, because nothing open tells it of enough "
            "cities. It has no weight.",
        )

    def stages(self) -> str:
        columns = [
            Column("Stage", "stage"),
            Column("Method", "method"),
            Column("Parameters", cell=_parameters, kind="r"),
        ]
        return table(
            "stages-table",
            columns,
            self._rows(queries.STAGES),
            "In this order. Methods have the names of COINr; each stage is a table of the schema "
            "intermediate.",
        )

    def data(self) -> str:
        columns = [
            Column("Indicator", cell=lambda row: self._named(row), kind="t"),
            Column("Known", "share_known", per_cent),
            Column("Missing", "n_missing", whole),
            Column("Filled in", "n_filled", whole),
            Column("Zero", "n_zero", whole),
            Column("Distinct", "n_unique", whole),
            Column("Minimum", "value_min", figure),
            Column("Median", "value_median", figure),
            Column("Mean", "value_mean", figure),
            Column("Maximum", "value_max", figure),
            Column("Skewness", "skewness", decimals(1)),
            Column("Kurtosis", "kurtosis", decimals(1)),
            Column("Look at", cell=lambda row: _flag(row["flags"])),
        ]
        breaks = "".join(
            f"<li>{number(row['n_cities'], whole)} ranked cities: "
            f"{escape(row['series_breaks'])}</li>"
            for row in self._rows(queries.BREAKS)
        )
        return table(
            "data-table",
            columns,
            self._statistics,
            "Over the ranked cities, before anything is filled in or treated. Skewness and excess "
            "kurtosis are type-2 estimates; beyond 2 and 3.5 together they tell of outliers.",
        ) + (
            table(
                "ages-table",
                [
                    Column("Year of the figures", "value_year", lambda year: f"{year:.0f}"),
                    Column("Weight in the index", "weight_share", per_cent),
                    Column("Indicators", "n_leaves", whole),
                    Column(
                        "", cell=lambda row: "older than the edition" if row["is_older"] else ""
                    ),
                ],
                self._ages,
                "Observed figures of the ranked cities, mean city. An older figure is carried "
                "forward where the edition has none of its own.",
            )
            + (f"<h3>Breaks since the edition before</h3><ul>{breaks}</ul>" if breaks else "")
        )

    def references(self) -> str:
        found = self._rows(queries.REFERENCES)
        if not found:
            return ""
        return table(
            "references-table",
            [
                Column("Reference", "title"),
                Column("Spearman", "spearman", decimals(2)),
                Column("Pearson", "pearson", decimals(2)),
                Column("Cities", "n", whole),
                Column("", cell=lambda row: "part of it" if row["is_part_of_index"] else ""),
            ],
            found,
            "Correlation of the scores of the ranked cities with references. Near 1 the index "
            "says little that the reference does not say; with a part of it, some is its own.",
        )

    def treatment(self) -> str:
        columns = [
            Column("Indicator", cell=lambda row: self._named(row)),
            Column("Skewness", "skewness", decimals(2)),
            Column("after", "skewness_treated", decimals(2)),
            Column("Kurtosis", "kurtosis", decimals(2)),
            Column("after", "kurtosis_treated", decimals(2)),
            Column("Look at", cell=lambda row: _flag(_only(row["flags_treated"], "outliers"))),
        ]
        html = table(
            "shape-table",
            columns,
            [row for row in self._statistics if row["skewness"] is not None],
            "Figures as they are, and after imputation, transform and treatment.",
        )
        if {"marts.index_treatment", "marts.index_treated_point"} - self._tables:
            return html
        effects = self._rows(queries.TREATMENTS)
        html += table(
            "effects-table",
            [
                Column("Treated indicator", "title"),
                Column("By", cell=lambda row: escape(str(row["treated_by"]))),
                Column("Cities changed", "n_treated", whole),
                Column("Passes the test", cell=lambda row: _yes(row["is_passed"])),
                Column("Largest change of a score", "score_change_max", decimals(2)),
                Column("Correlation with untreated", "score_correlation", decimals(3)),
                Column("Largest change of a rank in it", "rank_change_max", whole),
            ],
            effects,
            "What the treatment changed, for each indicator that it changed or that does not pass.",
        )
        points = self._rows(queries.POINTS)
        return html + table(
            "points-table",
            [
                Column("Indicator", "title"),
                Column(
                    "City",
                    cell=lambda row: escape(self._cities.get(row["city_id"], str(row["city_id"]))),
                ),
                Column("By", cell=lambda row: escape(str(row["treated_by"]))),
                Column("Before", "value_before", figure),
                Column("After", "value", figure),
                Column("Score untreated", "score_untreated", decimals(2)),
                Column("Score", "score", decimals(2)),
            ],
            points[:LISTED],
            f"Treated figures, {min(LISTED, len(points))} of {len(points)}; the others are in "
            "marts.index_treated_point.",
        )

    def correlation(self) -> str:
        cells = {
            (pair["node"], pair["other_node"]): (pair["pearson"], pair["flag"])
            for pair in self._pairs
        }
        html = ""
        leaves = [node for node in self._tree if node["level"] == 1]
        upper = [node for node in self._tree if node["level"] == 2]
        for nodes, title in ((leaves, "Indicators"), (upper, "Dimensions")):
            if len(nodes) > 1:
                html += f"<h3>{title}</h3>" + correlations(
                    {node["node"]: node["title"] for node in nodes},
                    {node["node"]: node["parent"] for node in nodes},
                    cells,
                )
        parents = {p["node"]: p for p in self._pairs if p["relation"] == "parent"}
        flagged = [
            pair
            for pair in self._pairs
            if pair["flag"] == "negative" or (pair["flag"] and pair["joint_weight"])
        ]
        html += table(
            "pairs-table",
            [
                Column("", "title"),
                Column("with", "other_title"),
                Column("as its", "relation"),
                Column("Pearson", "pearson", decimals(2)),
                Column("Spearman", "spearman", decimals(2)),
                Column("Cities", "n", whole),
                Column("Weight of both", "joint_weight", weight),
                Column("Look at", cell=lambda row: _flag(row["flag"])),
            ],
            flagged,
            "Pairs with a flag: negative is below -0.4, weak below 0.3 with the parent, collinear "
            "above 0.92, redundant collinear with a tenth of the index or more together.",
        )
        if not html:
            return ""
        shown = [
            {
                **node,
                "pearson": parents[node["node"]]["pearson"],
                "flag": parents[node["node"]]["flag"],
            }
            for node in self._tree
            if node["node"] in parents
        ]
        return (
            '<p class="note">Pearson correlations of the scores over the ranked cities. Blue is '
            "positive, red negative, a frame marks a flag; lines part the dimensions.</p>"
            + html
            + table(
                "parents-table",
                [
                    Column("", cell=_indented),
                    Column("Correlation with its parent", "pearson", decimals(2)),
                    Column("Weight in its parent", "weight", weight),
                    Column("Look at", cell=lambda row: _flag(row["flag"])),
                ],
                shown,
                "How much of each part shows in what it is a part of, beside the weight that it "
                "was given.",
            )
        )

    def structure(self) -> str:
        rows = [
            row for row in self._reliability if row["n_children"] > 1 or row["n_normalised"] > 1
        ]
        html = table(
            "reliability-table",
            [
                Column("", "title"),
                Column("Children", "n_children", whole),
                Column("Alpha of the children", "alpha_children", decimals(2)),
                Column("Alpha of all indicators below", "alpha_normalised", decimals(2)),
                Column("Explained by one component", "share", per_cent),
            ],
            rows,
            "Cronbach's alpha of the scores: near 1 where the parts vary together. The last column "
            "is the share of their variance that the first principal component explains.",
        )
        loadings: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self._rows(queries.LOADINGS):
            empty = {f"component_{k}": None for k in (1, 2, 3)}
            cell = loadings.setdefault((row["parent"], row["node"]), {**row, **empty})
            cell[f"component_{row['component']}"] = row["loading"]
        html += table(
            "loadings-table",
            [
                Column("", "parent_title"),
                Column("Child", "title"),
                *(Column(f"Component {k}", f"component_{k}", decimals(2)) for k in (1, 2, 3)),
            ],
            list(loadings.values()),
            "Principal components of the children of each node: correlation of a child with the "
            "component. Parts that all load on the first one belong together.",
        )
        return html

    def variants(self) -> str:
        if "marts.framework_agreement" not in self._tables:
            return ""
        lone = (
            ""
            if self._shifts
            else '<p class="note">Another weighting would move ranks. By how much is not computed, '
            "since the catalog has no variant of this index in this edition.</p>"
        )
        return lone + table(
            "variants-table",
            [
                Column("Index", "title"),
                Column("", cell=lambda row: "variant" if row["is_variant"] else ""),
                Column("Cities in both", "n_common", whole),
                Column("Rank correlation", "spearman", decimals(2)),
                Column("Mean shift of ranks", "rank_shift_mean", decimals(1)),
                Column("Largest", "rank_shift_max", whole),
                Column(
                    "of", cell=lambda row: escape(_clip(row["most_shifted"] or "", 80)), kind="r"
                ),
            ],
            self._rows(queries.AGREEMENTS),
            "Ranks in this edition beside those of other indices over the cities that both rank.",
        )

    def sources(self) -> str:
        return table(
            "sources-table",
            [
                Column("Publisher", "publisher"),
                Column("Data", "title"),
                Column("Licence", "licence"),
                Column("Figures", "n_figures", whole),
                Column("To cite as", "citation", kind="r"),
            ],
            self._rows(queries.SOURCES),
            "Figures collected for this edition, before division by a denominator; what is derived "
            "from several figures has their sources in marts.indicator_value_part.",
        )

    def _named(self, row: Row) -> str:
        unit: str = self._units.get(row["node"], "")
        return escape(str(row["title"])) + (
            f' <span class="note">{escape(unit)}</span>' if unit else ""
        )


def _tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    rows = con.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where database_name = current_database()"
    ).fetchall()
    return {row[0] for row in rows}


def _rows(con: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any]) -> list[Row]:
    cursor = con.execute(sql, list(values))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _file(framework: str) -> str:
    return f"{quote(framework, safe='')}.html"


def _variant(index: Row) -> str:
    """That an index is a variant, and of what; nothing for another."""
    if not index["variant_of"]:
        return ""
    base = index["base_title"] or index["variant_of"]
    return f"<p>A variant of {_strong(base)} ({escape(index['variant_of'])}).</p>\n"


def _strong(text: str) -> str:
    return f"<strong>{escape(text)}</strong>"


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length].rsplit(",", 1)[0] + ", …"


def _flag(text: str | None) -> str:
    return f'<span class="flag">{escape(text)}</span>' if text else ""


def _only(flags: str | None, flag: str) -> str | None:
    return flag if flag in (flags or "").split("; ") else None


def _yes(value: bool | None) -> str:
    if value is None:
        return "–"
    return "yes" if value else _flag("no")


def _score_at(node: str, scores: Mapping[tuple[str, str], float | None]) -> Callable[[Row], str]:
    return lambda row: number(scores.get((row["city_id"], node)), decimals(1))


def _span(first: str, last: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        if row[first] is None:
            return "–"
        low, high = (number(row[key], whole) for key in (first, last))
        return low if row[first] == row[last] else f"{low} to {high}"

    return cell


def _indented(row: Row) -> str:
    return f'<div class="in{row["depth"]}">{escape(row["title"])}</div>'


def _described(row: Row) -> str:
    """A node of the tree, with how it is made of what is below it."""
    if row["indicator"] is None:
        words = [row["aggregation"], f"weights {row['weighting']}" if row["weighting"] else None]
    else:
        divided = f"per {row['denominator']}" if row["denominator"] else None
        words = [row["indicator"], divided, row["transform"], f"{row['direction']} is better"]
    method = escape(", ".join(str(word) for word in words if word))
    return (
        f'<div class="in{row["depth"]}">{escape(row["title"])}<br>'
        f'<span class="note">{method}</span></div>'
    )


def _parameters(row: Row) -> str:
    skipped = ("framework", "position", "stage", "method")
    given = {name: value for name, value in row.items() if name not in skipped}
    return escape(
        ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in given.items()
            if value is not None
        )
    )


def _places(title: str, rows: Sequence[Row]) -> str:
    items = "".join(
        f"<li>{escape(row['title'])}: {number(row['rank'], whole)} of "
        f"{number(row['n_scored'], whole)}"
        f"{f', shared by {number(shared, whole)}' if (shared := row['n_same_rank']) > 1 else ''}"
        "</li>"
        for row in rows
    )
    return f"<div><h4>{title}</h4><ul>{items or '<li>none</li>'}</ul></div>"
