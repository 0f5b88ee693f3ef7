"""The catalog and the facts files into schema ``raw``, in one step.

Every table is made anew, so that running again with the same documents changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from ingest.archive import HeldDocument
from ingest.cards import Correction
from ingest.catalog import Catalog
from ingest.expert_tables import ExpertWeights, expert_weights
from ingest.facts import FACT_KINDS, raw_tables
from ingest.framework_cards import Framework, Node, Stage
from ingest.load_uncertainty import parameter_of, uncertainty_rows
from ingest.numbers import convert, parse_number
from ingest.parse import Readable, readable
from ingest.pull import held_documents
from ingest.quotes import QuoteCheck
from ingest.settings import Settings

Row = Sequence[Any]


def load_raw(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, settings: Settings
) -> dict[str, int]:
    """Make all tables of schema ``raw``; returns their numbers of rows.

    Raises:
        ValueError: two rows with one primary key.
    """
    held: list[HeldDocument] = []
    parsed: list[Readable] = []
    for source_id in catalog.sources:
        held += held_documents(catalog, source_id, settings)
        # A document that can't be read costs nothing else; `parse` reports it.
        found, _ = readable(catalog, source_id, settings)
        parsed += found
        held += [facts.held for facts in found if facts.held not in held]
    connection.execute("create schema if not exists raw")
    connection.execute("begin")
    try:
        _create_tables(connection)
        for table, rows in _catalog_rows(catalog).items():
            _insert(connection, table, rows)
        _insert(connection, "document", _document_rows(held, catalog))
        checks = [(facts.held, facts.quotes) for facts in parsed]
        _insert(connection, "quote_check", _quote_rows(checks))
        _insert(connection, "unquoted_fact", _unquoted_rows(checks))
        # Observations keep every vintage; what a text says is taken from its newest version.
        vintages = [str(facts.path) for facts in parsed]
        newest = [str(facts.path) for facts in parsed if facts.is_newest]
        for table, spec in raw_tables().items():
            if table in FACT_KINDS and parsed:
                connection.execute(
                    f"insert into raw.{table} select {', '.join(spec['columns'])} "
                    "from read_parquet(?, union_by_name = true) "
                    f"where kind = '{table}' order by {', '.join(spec['key'])}",
                    [vintages if table == "observation" else newest],
                )
        connection.execute("commit")
    except duckdb.ConstraintException as error:
        connection.execute("rollback")
        raise ValueError(f"two facts with one key: {error}") from error
    except BaseException:
        connection.execute("rollback")
        raise
    return {
        table: connection.execute(f"select count(*) from raw.{table}").fetchall()[0][0]
        for table in raw_tables()
    }


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for table, spec in raw_tables().items():
        columns = ", ".join(f"{name} {c['type']}" for name, c in spec["columns"].items())
        connection.execute(f"drop table if exists raw.{table}")
        connection.execute(
            f"create table raw.{table} ({columns}, primary key ({', '.join(spec['key'])}))"
        )
        connection.execute(f"comment on table raw.{table} is {_literal(spec['description'])}")
        for name, column in spec["columns"].items():
            connection.execute(
                f"comment on column raw.{table}.{name} is {_literal(column['description'])}"
            )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    if not rows:
        return
    names = list(raw_tables()[table]["columns"])
    columns = zip(*rows, strict=True)
    data = pa.table({n: pa.array(c) for n, c in zip(names, columns, strict=True)})
    connection.from_arrow(data).insert_into(f"raw.{table}")


def _document_rows(held: list[HeldDocument], catalog: Catalog) -> list[Row]:
    standing = {(s.id, d.id): d.standing for s in catalog.sources.values() for d in s.documents}
    # Bundled facts of several kinds stand for one document.
    documents = {h.document_id: h for h in held}
    return [
        (
            h.document_id,
            h.source_id,
            h.title,
            h.address,
            h.origin,
            h.status,
            h.sha256 or None,
            h.media_type or None,
            h.size_bytes,
            h.published_on,
            h.published_precision,
            h.retrieved_on,
            h.seen,
            standing[h.source_id, h.document],
        )
        for h in sorted(documents.values(), key=lambda h: h.document_id)
    ]


def _quote_rows(checks: list[tuple[HeldDocument, QuoteCheck]]) -> list[Row]:
    # Bundled facts of several kinds stand for one document.
    by_document: dict[tuple[str, str], list[QuoteCheck]] = defaultdict(list)
    for held, check in checks:
        by_document[held.source_id, held.document_id].append(check)
    return [
        (
            *key,
            found[0].read_in,
            sum(check.n_facts for check in found),
            sum(check.n_found for check in found),
            sum(len(check.unquoted) for check in found),
            sum(check.n_unchecked for check in found),
            next((check.unchecked_reason for check in found if check.n_unchecked), None),
        )
        for key, found in sorted(by_document.items())
    ]


def _unquoted_rows(checks: list[tuple[HeldDocument, QuoteCheck]]) -> list[Row]:
    found = {
        (held.source_id, held.document_id, fact.fact_kind, fact.locator, fact.quote): fact.reason
        for held, check in checks
        for fact in check.unquoted
    }
    return [(*key, reason) for key, reason in sorted(found.items())]


def _catalog_rows(catalog: Catalog) -> dict[str, list[Row]]:
    """Rows of the catalog's tables, in the order of their columns."""
    families = catalog.report_families
    return {
        "city": [
            (
                c.city_id,
                c.kind,
                c.is_city,
                c.name_en,
                c.name_zh,
                c.code or None,
                c.country_code,
                c.province_en or None,
                c.gb2260_code or None,
                c.geonames_id,
                c.latitude,
                c.longitude,
            )
            for c in catalog.cities.values()
        ],
        "city_member": [
            (c.city_id, member) for c in catalog.cities.values() for member in c.members
        ],
        "city_group": [
            (c.city_id, grouping, group)
            for c in catalog.cities.values()
            for grouping, group in c.groupings.items()
        ],
        "theme": [
            (t.theme, t.title, t.coverage_min, i) for i, t in enumerate(catalog.themes.values(), 1)
        ],
        "indicator": [
            (
                x.indicator,
                x.title,
                x.code or None,
                x.theme,
                x.unit,
                x.direction,
                x.measures,
                x.scope,
                x.definition,
                x.max_yearly_change,
                x.derive is not None,
                i,
            )
            for i, x in enumerate(catalog.indicators.values(), 1)
        ],
        "indicator_derivation": [
            (
                x.indicator,
                x.derive.method,
                x.derive.ratio.per if x.derive.ratio else None,
            )
            for x in catalog.indicators.values()
            if x.derive
        ],
        "indicator_part": [
            (x.indicator, part.role, part.indicator, part.years_before, i)
            for x in catalog.indicators.values()
            if x.derive
            for i, part in enumerate(x.derive.parts, 1)
        ],
        "indicator_source": [
            (x.indicator, source, i)
            for x in catalog.indicators.values()
            for i, source in enumerate(x.sources, 1)
            if source in catalog.sources
        ],
        "source": [
            (
                s.id,
                s.title,
                s.publisher,
                s.kind,
                s.licence,
                s.licence_address or None,
                s.redistribution,
                s.private,
                s.citation,
                s.homepage or None,
                s.cadence,
                s.max_age_days,
                s.trust_tier,
                s.parser,
                s.note or None,
            )
            for s in catalog.sources.values()
        ],
        "register_coverage": [
            (s.id, r.indicator, r.country_code, r.year_from, r.year_to)
            for s in catalog.sources.values()
            for r in s.registers
        ],
        "source_caveat": [
            (s.id, c.indicator, c.reason) for s in catalog.sources.values() for c in s.caveats
        ],
        "series_break": [
            (s.id, b.indicator, b.year, b.reason)
            for s in catalog.sources.values()
            for b in s.breaks
        ],
        "source_error": [
            (s.id, e.indicator, e.error_sd_pct, e.quote, e.locator)
            for s in catalog.sources.values()
            for e in s.errors
        ],
        "correction": [
            (
                c.source,
                c.indicator,
                c.city,
                c.year,
                c.scope,
                c.old,
                c.new,
                c.unit,
                _corrected_value(c, catalog),
                c.reason,
                c.by,
                c.on,
            )
            for c in catalog.corrections.values()
        ],
        "report": [
            (
                r.report_id,
                s.id,
                r.title,
                r.title_original or None,
                r.publisher,
                r.subject,
                r.edition or None,
                r.published_on,
                r.published_precision,
                r.data_year,
                r.universe,
                r.universe_size,
                r.universe_country_code,
                r.derived_from,
                families[r.report_id],
                r.trust,
                r.methodology or None,
            )
            for s in catalog.sources.values()
            for r in s.reports
        ],
        "left_out": [
            (x.ledger_edition, x.title, x.n_rows, x.reason) for x in catalog.left_out.values()
        ],
        "framework": [
            (
                f.framework,
                f.title,
                f.description,
                f.measures,
                f.framework == catalog.flagship,
                f.variant_of,
                f.universe.countries[0] if len(f.universe.countries) == 1 else None,
                f.universe.size_indicator,
                f.universe.size_min,
                f.universe.size_max,
            )
            for f in catalog.frameworks.values()
        ],
        "framework_city": [
            (f.framework, city.city_id)
            for f in catalog.frameworks.values()
            for city in catalog.cities.values()
            if f.universe.has(city)
        ],
        "framework_node": [
            row for f in catalog.frameworks.values() for row in _node_rows(f, catalog)
        ],
        "framework_judgement": [
            (
                framework,
                j.weighting,
                i,
                j.expert,
                j.parent,
                j.node,
                j.compared_node,
                j.value,
            )
            for framework, judgements in catalog.judgements.items()
            for i, j in enumerate(judgements, 1)
        ],
        "framework_stage": [
            (f.framework, i, s.stage, s.method, *_parameters(s))
            for f in catalog.frameworks.values()
            for i, s in enumerate(f.stages, 1)
        ],
        **uncertainty_rows(catalog),
        "framework_edition": [
            (f.framework, e.edition, e.max_age_years)
            for f in catalog.frameworks.values()
            for e in f.editions
        ],
        "framework_reference": [
            (f.framework, indicator)
            for f in catalog.frameworks.values()
            for indicator in f.references
        ],
        "framework_subject": [
            (f.framework, subject)
            for f in catalog.frameworks.values()
            for subject in dict.fromkeys(f.consensus_subjects)
        ],
        "framework_gap": [
            (f.framework, part.title, part.below or f.index.id, part.reason, i)
            for f in catalog.frameworks.values()
            for i, part in enumerate(f.empty_parts, 1)
        ],
        "catalog_error": list(
            {
                (e.file, e.line, e.message): (e.file, e.line, e.entity, e.message, e.remedy)
                for e in catalog.errors
            }.values()
        ),
    }


def _corrected_value(correction: Correction, catalog: Catalog) -> float | None:
    if correction.new is None:
        return None
    own = catalog.indicators[correction.indicator].unit
    factor = 1.0 if correction.unit == own else catalog.units[str(correction.unit)].factor
    return convert(parse_number(correction.new), factor)


def _parameters(stage: Stage) -> list[Any]:
    """Parameters of a stage in the order of the table's columns; those by level are resolved
    in the nodes."""
    columns = list(raw_tables()["framework_stage"]["columns"])[4:]
    return [stage.parameter(parameter_of(column)) for column in columns]


def _node_rows(framework: Framework, catalog: Catalog) -> list[Row]:
    parents = {child.id: node for node in framework.index.walk() for child in node.children}
    aggregate = framework.stage("aggregate")
    experts = expert_weights(framework, catalog.judgements[framework.framework])
    rows: list[Row] = []
    for i, node in enumerate(framework.index.walk(), 1):
        parent = parents.get(node.id)
        indicator = catalog.indicators[node.indicator] if node.indicator else None
        weight = node.weight if parent else 1.0
        if parent and parent.id in experts:
            weight = experts[parent.id].weights[node.id]
        elif parent and (
            weight is None or framework.method_of("weight", parent, "given") == "equal"
        ):
            weight = 1 / len(parent.children)
        rows.append(
            (
                framework.framework,
                node.id,
                parent.id if parent else None,
                node.level,
                node.title or (indicator.title if indicator else node.id),
                node.code or (indicator.code if indicator else "") or None,
                weight,
                *_branch_columns(framework, node, aggregate, experts.get(node.id)),
                node.indicator,
                (node.direction or indicator.direction) if indicator else None,
                node.denominator,
                node.per,
                node.max_age_years,
                node.cap_min,
                node.cap_max,
                node.transform,
                node.boxcox_lambda,
                node.treatment,
                node.points_max,
                node.imputation,
                node.goalpost_min,
                node.goalpost_max,
                node.target,
                node.reason or None,
                i,
            )
        )
    return rows


def _branch_columns(
    framework: Framework, node: Node, stage: Stage | None, experts: ExpertWeights | None
) -> Row:
    """How a node's children are weighted and combined; nothing of that for a leaf."""
    if not node.children:
        return (None,) * 6
    missing = node.missing_children or (stage.missing_children if stage else None)
    return (
        framework.method_of("weight", node, "given"),
        experts.consistency_ratio if experts else None,
        framework.method_of("aggregate", node, "a_amean"),
        node.power if node.power is not None or not stage else stage.power,
        # Across dimensions nothing is shared unless a framework says so.
        missing or ("share" if node.level == 2 else "none"),
        stage.children_coverage_min if stage else None,
    )
