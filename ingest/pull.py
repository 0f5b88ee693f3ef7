"""Bring the documents of a source into the archive. Opens no database."""

from __future__ import annotations

import csv
import datetime as dt
import io
import mimetypes
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest import archive
from ingest.archive import HeldDocument
from ingest.cards import Document, Source
from ingest.catalog import Catalog
from ingest.facts import FACT_KINDS
from ingest.http import FetchError, fetch
from ingest.parsers import PARSERS
from ingest.settings import Settings

DOCUMENTS_FILE = "documents.csv"


@dataclass(frozen=True)
class PullFailure:
    document: str
    reason: str


@dataclass(frozen=True)
class PullResult:
    """What a source holds after a pull.

    ``origin`` is ``bundled`` when any document fell back to it; ``fallback_reason`` says why.
    """

    source_id: str
    origin: str
    documents: list[HeldDocument]
    fallback_reason: str | None = None
    failures: list[PullFailure] = field(default_factory=list)


def pull(catalog: Catalog, source_id: str, settings: Settings) -> PullResult:
    """Take every document of a source from the origin of the settings.

    A document that the origin can't give falls back to the last good one of that origin,
    then to the bundled facts; the result says so. Nothing here raises for a bad document.
    """
    card = catalog.sources[source_id]
    failures: list[PullFailure] = []
    fallbacks: list[str] = []
    if settings.origin != "bundled":
        taken: list[HeldDocument] = []
        before = archive.read_holdings(settings.archive_dir, settings.origin, source_id)
        for document in card.documents:
            last = [held for held in before if held.document == document.id]
            try:
                data, media_type = _take(document, settings)
            except FetchError as error:
                failures.append(PullFailure(document.id, str(error)))
                taken += last
                if not last:
                    fallbacks.append(f"{document.id}: {error}")
                continue
            if data is None:
                taken += last
                fallbacks.append(f"{document.id}: {media_type}")
                continue
            taken += _hold(card, document, data, media_type, last, settings)
        archive.write_holdings(settings.archive_dir, settings.origin, source_id, taken)
    documents = held_documents(catalog, source_id, settings)
    if settings.origin == "bundled":
        held = {document.document for document in documents}
        failures += [
            PullFailure(document.id, "no bundled facts")
            for document in card.documents
            if document.id not in held
        ]
    used = {held.origin for held in documents}
    return PullResult(
        source_id,
        "bundled" if "bundled" in used else settings.origin,
        documents,
        "; ".join(fallbacks) or None,
        failures,
    )


def held_documents(catalog: Catalog, source_id: str, settings: Settings) -> list[HeldDocument]:
    """What a source holds now: per document, its versions from the origin of the settings
    (oldest first), or its bundled facts where nothing was pulled from there."""
    card = catalog.sources[source_id]
    bundled = _bundled(catalog, card, settings)
    pulled: list[HeldDocument] = []
    if settings.origin != "bundled":
        pulled = archive.read_holdings(settings.archive_dir, settings.origin, source_id)
    found: list[HeldDocument] = []
    for document in card.documents:
        own = [held for held in pulled if held.document == document.id]
        found += own or [held for held in bundled if held.document == document.id]
    return found


def _take(document: Document, settings: Settings) -> tuple[bytes | None, str]:
    """Bytes and media type, or no bytes and the reason why this origin never has them."""
    if settings.origin == "live":
        if document.form != "published":
            return None, f"a {document.form} document has no live address"
        return fetch(document.address, settings.address_map)
    if not document.mirror:
        return None, "the card names no file in the mirror"
    for folder in settings.mirror:
        path = folder / document.mirror
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path.read_bytes(), _media_type(path)
    return None, f"no file {document.mirror} in the mirror"


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _hold(
    card: Source,
    document: Document,
    data: bytes,
    media_type: str,
    last: list[HeldDocument],
    settings: Settings,
) -> list[HeldDocument]:
    """Archive the bytes; a changed document is a new vintage beside the versions before.

    A vintage is a day: of two versions of one day the later one counts. Bytes that were held
    before, and come back, are the newest vintage again, after those in between.
    """
    blob = archive.store(settings.archive_dir, data)
    if last and last[-1].blob == blob:
        return last
    today = dt.datetime.now(dt.UTC).date()
    vintage_on = max(today, document.published_on) if last else document.published_on
    before = [held for held in last if held.vintage_on < vintage_on]
    if before and before[-1].blob == blob:  # changed and changed back within the day
        return before
    back = [replace(held, vintage_on=vintage_on) for held in before if held.blob == blob]
    if back:
        return [held for held in before if held.blob != blob] + back
    retrieved = today if settings.origin == "live" else document.retrieved_on
    cited_only = document.form == "transcript"
    held = HeldDocument(
        source_id=card.id,
        document=document.id,
        blob=blob,
        origin=settings.origin,
        fact_kind="",
        parser=PARSERS[card.parser].label,
        document_id=archive.cited_id(card.id, document.address) if cited_only else blob,
        sha256="" if cited_only else blob,
        title=document.title,
        address=document.address,
        media_type=document.media_type or ("" if cited_only else media_type),
        size_bytes=None if cited_only else len(data),
        published_on=document.published_on,
        published_precision=document.published_precision,
        retrieved_on=retrieved,
        vintage_on=vintage_on,
        seen=document.seen,
    )
    # The facts of a transcript cite the same document before and after it is corrected.
    return [held] if cited_only else [*before, held]


def _bundled(catalog: Catalog, card: Source, settings: Settings) -> list[HeldDocument]:
    """The bundled facts of a source: one archived CSV per document and kind of fact.

    A card that overrides another keeps its facts, document by document, until it has its own.
    """
    held: list[HeldDocument] = []
    for folder in catalog.folders[card.id]:
        known = {document.document for document in held}
        held += [d for d in _bundled_in(folder, card, settings) if d.document not in known]
    return held


def _bundled_in(folder: Path, card: Source, settings: Settings) -> list[HeldDocument]:
    path = folder / DOCUMENTS_FILE
    if not path.exists():
        return []
    held = []
    text = path.read_text(encoding="utf-8")
    cards = {document.id: document for document in card.documents}
    for row in csv.DictReader(io.StringIO(text)):
        name = row.get("document") or ""
        if name not in cards:
            continue
        card_document = cards[name]
        base = HeldDocument(
            source_id=card.id,
            document=name,
            blob="",
            origin="bundled",
            fact_kind="",
            parser=row.get("parser") or PARSERS[card.parser].label,
            document_id=row.get("document_id") or archive.cited_id(card.id, card_document.address),
            sha256=row.get("sha256") or "",
            title=card_document.title,
            address=card_document.address,
            media_type=row.get("media_type") or "",
            size_bytes=int(size) if (size := row.get("size_bytes") or "").isdigit() else None,
            published_on=card_document.published_on,
            published_precision=card_document.published_precision,
            retrieved_on=card_document.retrieved_on,
            vintage_on=card_document.published_on,
            seen=card_document.seen,
        )
        for kind in FACT_KINDS:
            facts = folder / f"{name}.{kind}.csv"
            if facts.exists():
                blob = archive.store(settings.archive_dir, facts.read_bytes())
                held.append(replace(base, blob=blob, fact_kind=kind))
    return held
