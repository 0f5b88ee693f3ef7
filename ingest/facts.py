"""Facts as rows, from the moment a parser reads them until they are a Parquet file."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from ingest.archive import HeldDocument
from ingest.cards import QUOTE_LIMIT

RAW_TABLES_FILE = Path(__file__).with_name("raw_tables.yml")
FACT_KINDS = (
    "observation",
    "published_rank",
    "claim",
    "event",
    "organisation_resolution",
    "quarantine",
)
_ARROW = {
    "varchar": pa.string(),
    "double": pa.float64(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
# What identifies a fact: the same fact has the same id from whichever origin it was read.
_IDENTITY = {
    "observation": ("indicator", "city_id", "year", "scope", "locator"),
    "published_rank": ("report_id", "cohort", "city_as_printed", "locator"),
    "event": ("event_kind", "city_id", "title", "occurred_on"),
    "organisation_resolution": ("rows_counted", "comparison"),
    "quarantine": ("fact_kind", "text", "locator"),
}


class ParseError(Exception):
    """A document that a parser can't read as its card declares; the message says why."""


@cache
def raw_tables() -> dict[str, Any]:
    """The tables of schema ``raw``, see ``raw_tables.yml``."""
    tables: dict[str, Any] = yaml.safe_load(RAW_TABLES_FILE.read_text(encoding="utf-8"))
    return tables


@cache
def fact_schema() -> pa.Schema:
    """One schema for every facts file: the columns of all kinds, and the kind."""
    columns: dict[str, pa.DataType] = {"kind": pa.string()}
    for kind in FACT_KINDS:
        for name, column in raw_tables()[kind]["columns"].items():
            columns[name] = _ARROW[column["type"]]
    return pa.schema(list(columns.items()))


@cache
def columns_digest() -> str:
    """Digest of the columns of a facts file, so that one of other columns is not used again."""
    defaults = [fact_defaults(kind) for kind in FACT_KINDS]
    return hashlib.sha256(f"{fact_schema()} {defaults}".encode()).hexdigest()


@cache
def fact_defaults(kind: str) -> dict[str, Any]:
    """What a fact of a kind has in the columns of which it says nothing."""
    columns = raw_tables()[kind]["columns"]
    return {name: column["default"] for name, column in columns.items() if "default" in column}


def how_read(confidence: float | None) -> dict[str, Any]:
    """Columns of a fact read from a table or passage with this confidence; text has none."""
    if confidence is None:
        return {}
    return {"read_by": "ocr", "read_confidence": confidence}


def short_quote(text: str) -> str:
    """A quote no longer than may be passed on."""
    text = " ".join(text.split())
    return text if len(text) <= QUOTE_LIMIT else text[: QUOTE_LIMIT - 1] + "…"


@dataclass
class Facts:
    """Collects the facts of one document and gives each its provenance and id."""

    held: HeldDocument
    parser: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    _quarantined: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, kind: str, **columns: Any) -> None:
        """Add a fact; ``columns`` are those of its raw table without the provenance."""
        row = {
            "kind": kind,
            "source_id": self.held.source_id,
            "document_id": self.held.document_id,
            "parser": self.parser,
            **fact_defaults(kind),
            **columns,
        }
        if kind == "observation":
            row["vintage_on"] = self.held.vintage_on
        if kind in _IDENTITY:
            row[f"{kind}_id"] = self._id(kind, row)
        if len(row.get("quote") or "") > QUOTE_LIMIT:
            raise ParseError(f"a quote is longer than {QUOTE_LIMIT} characters: {row['quote']}")
        self.rows.append(row)

    def quarantine(
        self,
        fact_kind: str,
        text: str,
        reason: str,
        locator: str,
        candidates: tuple[str, ...] = (),
        apart: bool = False,
    ) -> None:
        """Keep what could not be read with certainty.

        Equal texts are counted together, unless each is to be kept ``apart`` with its place.
        """
        key = (fact_kind, text, locator if apart else reason)
        if key in self._quarantined:
            self._quarantined[key]["occurrences"] += 1
            return
        self.add(
            "quarantine",
            fact_kind=fact_kind,
            text=short_quote(text),
            reason=reason,
            candidates="; ".join(candidates) or None,
            occurrences=1,
            locator=locator,
        )
        self._quarantined[key] = self.rows[-1]

    def counts(self) -> Counter[str]:
        return Counter(row["kind"] for row in self.rows)

    def table(self) -> pa.Table:
        """The facts as Arrow, in the one schema of all facts files.

        Raises:
            ParseError: two facts with one identity, which would hide one of them.
        """
        for kind in _IDENTITY:
            ids = Counter(row[f"{kind}_id"] for row in self.rows if row["kind"] == kind)
            twice = [i for i, n in ids.items() if n > 1]
            if twice:
                row = next(r for r in self.rows if r.get(f"{kind}_id") == twice[0])
                shown = ", ".join(str(row.get(c)) for c in _IDENTITY[kind])
                raise ParseError(f"{kind} read twice from one place: {shown}")
        return pa.Table.from_pylist(self.rows, schema=fact_schema())

    def _id(self, kind: str, row: Mapping[str, Any]) -> str:
        parts = [self.held.source_id, self.held.document_id]
        parts += [str(row.get(column, "")) for column in _IDENTITY[kind]]
        if self.held.is_return:  # the same place, read as of another day
            parts.append(str(self.held.vintage_on))
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20]


def write_facts(path: Path, table: pa.Table) -> None:
    """Write a facts file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    pq.write_table(table, temporary, compression="zstd")
    temporary.replace(path)


def as_date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
