"""Documents in the archive to facts files. Opens no database.

One file per document and parser version; what was parsed before by the same parser, with the
same declarations and the same names, is not parsed again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import archive
from ingest.archive import HeldDocument
from ingest.cards import Document, Source
from ingest.catalog import Catalog
from ingest.declarations import REMEDY, stale_documents
from ingest.facts import (
    Facts,
    ParseError,
    as_date,
    columns_digest,
    raw_tables,
    write_facts,
)
from ingest.parsers import PARSERS
from ingest.parsers.base import Context
from ingest.pull import bundled_documents, held_documents
from ingest.pulling.arrived import other_form
from ingest.quotes import QuoteCheck, Unquoted, quote_check
from ingest.reading.content import ReadingError
from ingest.settings import Settings

BUNDLE_VERSION = 1
UNREADABLE = (ParseError, OSError, ValueError)
UNREADABLE_SUFFIX = ".unreadable"
# Columns that a bundled row does not repeat: they follow from its document and its card.
DERIVED_COLUMNS = ("source_id", "document_id", "vintage_on", "parser")


@dataclass
class ParseResult:
    """What came of a source's documents. ``counts`` has the facts by kind."""

    source_id: str
    counts: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0
    parsed: int = 0
    reused: int = 0
    quotes_found: int = 0
    quotes_unchecked: int = 0
    unquoted: list[Unquoted] = field(default_factory=list)
    """Facts whose quote does not stand in the document; they keep it from being published."""
    errors: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    """Versions that can't be read, and that were followed by one that can."""
    stale: list[str] = field(default_factory=list)
    """Documents whose bundled facts are older than what the card now says."""


def facts_path(held: HeldDocument, catalog: Catalog, settings: Settings) -> Path:
    """The facts file of a document; its name changes with whatever could change the facts."""
    catalog = catalog.reading(held.source_id)
    card = catalog.sources[held.source_id]
    document = _document(card, held)
    if held.fact_kind:
        name, parts = f"bundled-{BUNDLE_VERSION}", [held.fact_kind]
    else:
        parser = PARSERS[card.parser]
        name = f"{parser.name}-{parser.version}"
        parts = [json.dumps(card.parse, sort_keys=True, ensure_ascii=False, default=str)]
        parts.append(document.model_dump_json(include={"options", "reports"}))
        parts += [entry.model_dump_json() for entry in card.registers]
    parts += [catalog.names_digest, columns_digest(), held.source_id, held.document_id, held.parser]
    parts.append(str(held.vintage_on))
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
    return settings.facts_dir / f"{held.blob}.{name}-{digest}.parquet"


@dataclass(frozen=True)
class Readable:
    """Facts of a document's vintage."""

    held: HeldDocument
    path: Path
    quotes: QuoteCheck
    is_newest: bool = False
    """No later vintage of the document can be read."""
    was_parsed: bool = False
    """Its facts file was there already."""


@dataclass(frozen=True)
class Unreadable:
    held: HeldDocument
    reason: str
    is_past: bool
    """A later version could be read, so that nothing is missing today."""


def readable(
    catalog: Catalog, source_id: str, settings: Settings, try_again: bool = False
) -> tuple[list[Readable], list[Unreadable]]:
    """The facts in force of a source, and the versions of its documents that can't be read.

    A vintage is a day, because that is what a fact's key knows: of several versions of a day
    the last one counts that can be read. Where none of a document's versions can be read, its
    bundled facts stay in force. A newest version that could not be read before is only tried
    again if asked: a bad document can take long.
    """
    found: list[Readable] = []
    failed: list[Unreadable] = []
    held = held_documents(catalog, source_id, settings)
    for name in dict.fromkeys((h.document, h.fact_kind) for h in held):
        versions = [h for h in held if (h.document, h.fact_kind) == name]
        own = _vintages(versions, catalog, settings, failed, try_again)
        if not own and not name[1]:
            bundled = [
                h for h in bundled_documents(catalog, source_id, settings) if h.document == name[0]
            ]
            for kind in dict.fromkeys(h.fact_kind for h in bundled):
                of_kind = [h for h in bundled if h.fact_kind == kind]
                found += _vintages(of_kind, catalog, settings, failed, try_again)
        found += own
    return found, failed


def _vintages(
    versions: list[HeldDocument],
    catalog: Catalog,
    settings: Settings,
    failed: list[Unreadable],
    try_again: bool,
) -> list[Readable]:
    """What can be read of the versions of a document, which come oldest first."""
    found: list[Readable] = []
    for held in reversed(versions):
        if found and found[-1].held.vintage_on == held.vintage_on:
            continue
        path = facts_path(held, catalog, settings)
        known, record = path.exists(), path.with_suffix(UNREADABLE_SUFFIX)
        if record.exists() and (found or not try_again):
            reason = record.read_text(encoding="utf-8")
            failed.append(Unreadable(held, reason, is_past=bool(found)))
            continue
        try:
            parsed_facts(held, catalog, settings)
            quotes = quote_check(held, path, settings)
        except UNREADABLE as error:
            failed.append(Unreadable(held, str(error), is_past=bool(found)))
            archive.write_atomically(record, str(error).encode())
        else:
            found.append(Readable(held, path, quotes, was_parsed=known))
            record.unlink(missing_ok=True)
    found.reverse()
    # Of the same bytes on two vintages in a row the second one says nothing new.
    pairs = zip(found, [None, *found], strict=False)
    kept = [now for now, before in pairs if not before or before.held.blob != now.held.blob]
    if kept:
        kept[-1] = replace(kept[-1], is_newest=True)
    return kept


def parse(catalog: Catalog, source_id: str, settings: Settings) -> ParseResult:
    """Parse what a source holds. A document that can't be read is an error in the result."""
    result = ParseResult(source_id)
    found, failed = readable(catalog, source_id, settings, try_again=True)
    for facts in found:
        result.counts.update(_counts(facts.path))
        result.quotes_found += facts.quotes.n_found
        result.quotes_unchecked += facts.quotes.n_unchecked
        result.unquoted += facts.quotes.unquoted
        result.reused += facts.was_parsed
        result.parsed += not facts.was_parsed
    for bad in failed:
        name = bad.held.document
        if bad.is_past:
            result.superseded.append(f"{name} of {bad.held.vintage_on}: {bad.reason}")
            continue
        stand_in = [f.held for f in found if f.held.document == name and f.is_newest]
        stays = ""
        if stand_in:
            last = stand_in[-1]
            of = "the bundled facts" if last.fact_kind else f"the facts of {last.vintage_on}"
            stays = f" ({of} stay in force)"
        place = where_declared(catalog, source_id, name, bad.held.origin)
        result.errors.append(f"{name}: {bad.reason}{place}{stays}")
    in_force = {facts.held.document for facts in found if facts.held.fact_kind}
    for name in stale_documents(catalog, source_id, settings):
        if name in in_force:
            place = where_declared(catalog, source_id, name, "bundled")
            result.stale.append(f"{name}: {REMEDY}{place}")
    result.quarantined = result.counts.pop("quarantine", 0)
    return result


def parsed_facts(held: HeldDocument, catalog: Catalog, settings: Settings) -> Path:
    """The facts file of a document, made now where it is not there yet.

    Raises:
        UNREADABLE: the document can't be read as its card declares it.
    """
    path = facts_path(held, catalog, settings)
    if not _is_whole(path):
        write_facts(path, parse_document(catalog, held, settings).table())
    return path


def _is_whole(path: Path) -> bool:
    try:
        return path.exists() and pq.read_metadata(path).num_columns > 0
    except pa.ArrowException:  # damaged; what it held can be read again
        return False


def parse_document(catalog: Catalog, held: HeldDocument, settings: Settings) -> Facts:
    """Facts of one held document.

    Raises:
        ParseError: the document is not as its card declares it.
        OSError, ValueError: the archive lost or changed its bytes.
    """
    catalog = catalog.reading(held.source_id)
    card = catalog.sources[held.source_id]
    data = archive.read(settings.archive_dir, held.blob)
    if held.fact_kind:
        return _bundled(data, catalog, held)
    parser = PARSERS[card.parser]
    document = _document(card, held)
    facts = Facts(held, parser.label)
    context = Context(
        catalog.gazetteer,
        catalog.indicators,
        catalog.units,
        document,
        parser.options.model_validate(card.parse),
        parser.document_options.model_validate(document.options),
        card.registers,
    )
    try:
        parser.read(data, context, facts)
    except (ParseError, ReadingError) as error:
        raise ParseError(_as_it_came(data, held, document) + str(error)) from error
    except UNREADABLE:
        raise
    except Exception as error:  # a library may raise anything at a damaged document
        raise ParseError(f"not in the form that {parser.name} reads: {error!r}") from error
    return facts


def _as_it_came(data: bytes, held: HeldDocument, document: Document) -> str:
    """That the document is of another form than its name or media type says, if it is."""
    declared = [document.media_type] if document.media_type else []
    name = document.mirror if held.origin == "mirror" and document.mirror else held.address
    found = other_form(data, declared, name)
    return f"the document is {found[0]}, not {found[1]}; " if found else ""


def where_declared(catalog: Catalog, source_id: str, document: str, origin: str) -> str:
    """The file of a document in a mirror, and the line of its card, in brackets."""
    card = catalog.sources[source_id]
    files = [d.mirror for d in card.documents if d.id == document and origin == "mirror"]
    parts = [f"file {file}" for file in files if file]
    if place := catalog.places.get((source_id, document)):
        parts.append(f"card {place}")
    return f" ({', '.join(parts)})" if parts else ""


def _document(card: Source, held: HeldDocument) -> Document:
    return next(d for d in card.documents if d.id == held.document)


def _counts(path: Path) -> Counter[str]:
    return Counter(pq.read_table(path, columns=["kind"])["kind"].to_pylist())


def _bundled(data: bytes, catalog: Catalog, held: HeldDocument) -> Facts:
    """Facts from a bundled CSV, whose columns are those of the raw table."""
    kind = held.fact_kind
    columns = raw_tables()[kind]["columns"]
    facts = Facts(held, held.parser)
    where = f"{held.source_id}/{held.document}.{kind}.csv"
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    unknown = [c for c in reader.fieldnames or [] if c not in columns]
    if unknown:
        raise ParseError(f"{where}:1: unknown column {', '.join(unknown)}")
    for row in reader:
        line = reader.line_num
        try:
            values = {
                name: _typed(text, columns[name]["type"]) for name, text in row.items() if text
            }
        except (ValueError, KeyError, TypeError) as error:
            raise ParseError(f"{where}:{line}: {error}") from error
        for known, key in ((catalog.cities, "city_id"), (catalog.indicators, "indicator")):
            if key in values and values[key] not in known:
                raise ParseError(f"{where}:{line}: unknown {key} '{values[key]}'")
        try:
            if kind == "observation":
                values["unit"] = catalog.indicators[values["indicator"]].unit
            facts.add(kind, **values)
        except KeyError as error:
            raise ParseError(f"{where}:{line}: no {error}") from error
        except ParseError as error:
            raise ParseError(f"{where}:{line}: {error}") from error
    return facts


def _typed(text: str, kind: str) -> Any:
    if kind in ("integer", "bigint"):
        return int(text)
    if kind == "double":
        value = float(text)
        if not math.isfinite(value):
            raise ValueError(f"'{text}' is not a number")
        return value
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    return as_date(text) if kind == "date" else text
