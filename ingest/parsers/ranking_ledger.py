"""Rankings typed from public pages into a ledger: JSON with editions, rows and evidence.

The ledger is a transcript. The facts cite the page that it was typed from, with the short
quote that the ledger keeps as evidence.
"""

from __future__ import annotations

import json
from typing import Any

from ingest.cards import Entry, Text
from ingest.facts import Facts, ParseError, short_quote
from ingest.parsers.base import Context, NoOptions, Parser


class DocumentOptions(Entry):
    edition: Text
    """Id of the edition in the ledger."""
    table: str | None = None
    """Name of the table, where an edition has several; without it, rows without a table."""
    cohort: str = "all"
    country_code: str | None = None


def read(data: bytes, context: Context, facts: Facts) -> None:
    options: DocumentOptions = context.document_options
    if len(context.document.reports) != 1:
        raise ParseError("a document of the ledger needs exactly one report in its card")
    report = context.document.reports[0]
    edition = _edition(data, options.edition)
    rows = [
        (i, row)
        for i, row in enumerate(edition.get("rows", []), 1)
        if row.get("table") == options.table and row.get("rank") is not None
    ]
    if not rows:
        raise ParseError(f"edition '{options.edition}' has no ranked rows")
    quotes = {e["url"]: e["quote"] for e in reversed(edition.get("evidence", []))}
    quote = quotes.get(context.document.address)
    if quote is None:
        raise ParseError(
            f"edition '{options.edition}' has no evidence from {context.document.address}; "
            f"it has {', '.join(quotes) or 'none'}"
        )
    unordered = [row["rank"] for _, row in rows if row.get("order_certain") is False]
    for i, row in rows:
        name = str(row["city_as_printed"])
        locator = f"ledger edition {options.edition}, row {i}"
        resolution = context.gazetteer.city(name, options.country_code)
        if resolution.city_id is None:
            facts.quarantine("published_rank", name, "unknown city", locator, resolution.candidates)
            continue
        certain = row.get("order_certain") is not False
        facts.add(
            "published_rank",
            report_id=report.report_id,
            city_id=resolution.city_id,
            city_as_printed=name,
            cohort=options.cohort,
            rank_as_printed=row.get("rank_as_printed"),
            rank=row["rank"] if certain else None,
            rank_from=row["rank"] if certain else min(unordered),
            rank_to=row["rank"] if certain else max(unordered),
            order_certain=certain,
            score_as_printed=row.get("score_as_printed"),
            score=row.get("score"),
            basis=row.get("basis") or None,
            locator=locator,
            quote=short_quote(quote),
        )


def _edition(data: bytes, name: str) -> dict[str, Any]:
    try:
        editions: list[dict[str, Any]] = json.loads(data)["editions"]
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError(f"not readable as a ledger of editions: {error}") from error
    for edition in editions:
        if edition.get("id") == name:
            return edition
    raise ParseError(f"the ledger has no edition '{name}'")


PARSER = Parser("ranking_ledger", 1, NoOptions, DocumentOptions, read)
