"""Readers of document forms. A card names one and declares where its facts stand."""

from __future__ import annotations

from ingest.parsers import (
    cited_facts,
    event_table,
    long_table,
    quoted_passages,
    ranking_ledger,
    ranking_table,
    register_count,
    statistical_table,
)
from ingest.parsers.base import Parser

PARSERS: dict[str, Parser] = {
    parser.name: parser
    for parser in (
        cited_facts.PARSER,
        event_table.PARSER,
        long_table.PARSER,
        quoted_passages.PARSER,
        ranking_ledger.PARSER,
        ranking_table.PARSER,
        register_count.PARSER,
        statistical_table.PARSER,
    )
}
