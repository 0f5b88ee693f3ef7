"""Write the bundled facts of the catalog from the files of a mirror: ``make bundle``.

The project's own readers do it, so what ships is what a run on the raw files gives. The
result depends on nothing but the files and the catalog: a second run changes no byte. A
document that is not at hand keeps the facts that it has.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest import archive
from ingest.cards import Source
from ingest.catalog import Catalog, load_catalog
from ingest.declarations import declaration_digest
from ingest.facts import FACT_KINDS, ParseError, raw_tables
from ingest.parse import DERIVED_COLUMNS, parse_document, where_declared
from ingest.pull import DOCUMENTS_FILE, documents_of, pull
from ingest.settings import Settings, SettingsError

HELD_COLUMNS = ("document", "parser", "document_id", "sha256", "media_type", "size_bytes")
DOCUMENT_COLUMNS = (*HELD_COLUMNS, "declaration")
# A CSV of facts repeats nothing that follows from the row itself.
OMITTED_COLUMNS = (*DERIVED_COLUMNS, "unit")
STAY = "their facts stay"
# Of more quarantined texts only the first are shown.
QUARANTINE_SHOWN_WHOLE, QUARANTINE_SHOWN = 5, 3
FILES_SHOWN = 5


@dataclass(frozen=True)
class BundleLine:
    """What was done with a document (written, kept, withheld or refused) or is not there
    (absent), and why; or what is faulty in the catalog."""

    source_id: str
    document: str
    outcome: str
    detail: str
    quarantined: tuple[str, ...] = ()
    """The first texts that could not be read with certainty, with place and reason."""

    def __str__(self) -> str:
        where = f"{self.source_id} {self.document}: " if self.document else ""
        first = f"{self.outcome:8} {where}{self.detail}"
        return "\n".join([first, *(f"{'':10}{text}" for text in self.quarantined)])


def bundle(settings: Settings, only: str | None = None) -> Iterable[BundleLine]:
    """Write the bundled facts beside the cards, of all sources or of one; yields a line per
    document as it goes.

    The licence gate: a source that must not be redistributed gets no facts, and no quote is
    longer than the limit. A document that does not parse keeps its facts and is refused.
    """
    catalog = load_catalog(settings.catalog)
    for error in catalog.errors:
        yield BundleLine(error.entity, "", "faulty", str(error))
    elsewhere = 0
    with tempfile.TemporaryDirectory() as home:
        scratch = replace(settings, home=Path(home), origin="mirror")
        for card in (c for c in catalog.sources.values() if only in (None, c.id)):
            if not documents_of(card, scratch):  # it has facts only where it is pulled live
                continue
            lines = list(_bundle_source(catalog, card, scratch))
            elsewhere += not lines
            yield from lines
    if elsewhere:
        number = f"{elsewhere} source{'s' if elsewhere > 1 else ''}"
        yield BundleLine("", "", "kept", f"{number} whose files are not in the mirror; {STAY}")


def _bundle_source(catalog: Catalog, card: Source, settings: Settings) -> Iterable[BundleLine]:
    """Lines of a source; none where no document is at hand and each has its facts already."""
    folder = catalog.folders[card.id][0]
    if card.redistribution == "none":
        _remove_facts(folder, keep=set())
        detail = "its licence keeps its facts here; read it with AICITY_ORIGIN=mirror or live"
        yield BundleLine(card.id, "*", "withheld", detail)
        return
    held = {h.document: h for h in pull(catalog, card.id, settings).documents if not h.fact_kind}
    index = _read_index(folder)
    documents = documents_of(card, settings)
    for document in documents:
        if document.id not in held:
            continue
        try:
            facts = parse_document(catalog, held[document.id], settings)
            facts.table()
        except ParseError as error:
            stays = "; the old facts stay in force" if document.id in index else ""
            place = where_declared(catalog, card.id, document.id, settings.origin)
            said = f"{error}{place}{stays}"
            yield BundleLine(card.id, document.id, "refused", said)
            continue
        for kind in FACT_KINDS:
            rows = [row for row in facts.rows if row["kind"] == kind]
            _write_facts(folder / f"{document.id}.{kind}.csv", kind, rows)
        index[document.id] = {
            **{column: _text(getattr(held[document.id], column)) for column in HELD_COLUMNS},
            "declaration": declaration_digest(card, document),
        }
        counts = ", ".join(f"{n} {kind}" for kind, n in sorted(facts.counts().items()))
        yield BundleLine(card.id, document.id, "written", counts, _quarantined(facts.rows))
    known = [index[d.id] for d in documents if d.id in index]
    _remove_facts(folder, keep={row["document"] for row in known})
    if known:
        _write_csv(folder / DOCUMENTS_FILE, DOCUMENT_COLUMNS, known)
    absent = [document.id for document in documents if document.id not in held]
    bare = [name for name in absent if name not in index]
    if bare or 0 < len(absent) < len(documents):
        detail = f"{len(absent)} of {len(documents)} documents are not in the mirror; "
        if not bare:
            yield BundleLine(card.id, "*", "kept", detail + STAY)
            return
        files = [d.mirror or f"{d.id} (the card names no file)" for d in documents if d.id in bare]
        more = [f"and {len(files) - FILES_SHOWN} more"] if len(files) > FILES_SHOWN else []
        detail += f"without facts: {', '.join(bare[:FILES_SHOWN] + more)}. Sought: "
        detail += (
            f"{', '.join(files[:FILES_SHOWN] + more)} in {', '.join(map(str, settings.mirror))}"
        )
        yield BundleLine(card.id, "*", "absent", detail)


def _quarantined(rows: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """The first quarantined texts, a line each."""
    lines = []
    for row in rows:
        if row["kind"] == "quarantine":
            text = f"{row['locator']}: {row['text']:.60}: {row['reason']}"
            lines.append(f"{text} ({row['candidates']})" if row.get("candidates") else text)
    if len(lines) <= QUARANTINE_SHOWN_WHOLE:
        return tuple(lines)
    return (*lines[:QUARANTINE_SHOWN], f"and {len(lines) - QUARANTINE_SHOWN} more")


def _read_index(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / DOCUMENTS_FILE
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        empty = dict.fromkeys(DOCUMENT_COLUMNS, "")
        return {row["document"]: {**empty, **row} for row in csv.DictReader(stream)}


def _write_facts(path: Path, kind: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        path.unlink(missing_ok=True)
        return
    spec = raw_tables()[kind]
    # The id of a fact follows from its other columns, that of a claim is given by its card.
    computed = () if kind == "claim" else (f"{kind}_id",)
    columns = [c for c in spec["columns"] if c not in (*OMITTED_COLUMNS, *computed)]
    if kind == "claim":
        columns.append("unit")
    silent = {c: (None, "", spec["columns"][c].get("default")) for c in columns}
    used = [c for c in columns if any(row.get(c) not in silent[c] for row in rows)]
    text = [{c: _text(row.get(c)) for c in used} for row in rows]
    _write_csv(path, used, sorted(text, key=lambda row: [row[c] for c in used]))


def _write_csv(path: Path, columns: Iterable[str], rows: Iterable[dict[str, str]]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    archive.write_atomically(path, stream.getvalue().encode())


def _remove_facts(folder: Path, keep: set[str]) -> None:
    """Remove the bundled facts of all documents but these."""
    for name in {*_read_index(folder)} - keep:
        for kind in FACT_KINDS:
            (folder / f"{name}.{kind}.csv").unlink(missing_ok=True)
    if not keep:
        (folder / DOCUMENTS_FILE).unlink(missing_ok=True)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def main() -> int:
    try:
        settings = Settings.from_env()
        if not settings.mirror:
            raise SettingsError("make bundle needs AICITY_MIRROR, the folder of raw files.")
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    refused = 0
    for line in bundle(settings):
        refused += line.outcome in ("refused", "faulty")
        print(line, flush=True)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
