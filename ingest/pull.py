"""Bring the documents of a source into the archive. Opens no database."""

from __future__ import annotations

import csv
import datetime as dt
import io
import mimetypes
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ingest import archive
from ingest.archive import HeldDocument
from ingest.cards import Document, Source
from ingest.catalog import Catalog
from ingest.facts import FACT_KINDS
from ingest.parsers import PARSERS
from ingest.pulling import remote
from ingest.pulling.arrived import surprise
from ingest.pulling.http import Answer, Validators
from ingest.pulling.transport import FetchError
from ingest.settings import Settings

DOCUMENTS_FILE = "documents.csv"
PROGRESS_SECONDS = 10.0
Tell = Callable[[str], None]


@dataclass(frozen=True)
class PullFailure:
    document: str
    reason: str


Outcome = Literal["fetched", "not_modified", "kept", "failed", "absent"]
"""``kept``: outside the revision window, not asked for. ``absent``: not in this origin."""


@dataclass(frozen=True)
class Taken:
    """What became of one document in a pull."""

    document: str
    outcome: Outcome
    is_new: bool = False
    """A version that was not the last one held."""
    size_bytes: int = 0
    """What had to be transferred."""
    seconds: float = 0.0
    detail: str = ""


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
    taken: list[Taken] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        return sum(taken.outcome == outcome for taken in self.taken)


class _Absent(Exception):
    """The origin never has this document; the message says why."""


def pull(
    catalog: Catalog,
    source_id: str,
    settings: Settings,
    years: Collection[int] | None = None,
    tell: Tell = lambda line: None,
) -> PullResult:
    """Take every document of a source from the origin of the settings.

    ``years`` are the only ones asked for, whatever the revision window; the other documents of
    a series, and those that belong to no year, stay as they are held. ``tell`` is told now and
    then, in a line, how far a long download is.

    A document that the origin can't give falls back to the last good one of that origin,
    then to the bundled facts; the result says so. Nothing here raises for a bad document.
    """
    card = catalog.sources[source_id]
    failures: list[PullFailure] = []
    fallbacks: list[str] = []
    taken: list[Taken] = []
    if settings.origin != "bundled":
        holdings, damage = _holdings(source_id, settings)
        if damage:
            failures.append(PullFailure("*", damage))
        for document in [] if damage else documents_of(card, settings):
            if years is not None and document.year not in years:
                continue
            last = [held for held in holdings if held.document == document.id]
            in_any_case = years is not None
            now, found = _pull_document(card, document, last, settings, tell, in_any_case)
            taken.append(found)
            if found.outcome == "failed":
                failures.append(PullFailure(document.id, found.detail))
            if found.outcome == "absent" or (found.outcome == "failed" and not last):
                fallbacks.append(f"{document.id}: {found.detail}")
            # Written each time: a run that ends early loses nothing of what it has.
            archive.update_holdings(
                settings.archive_dir, settings.origin, source_id, document.id, now
            )
    documents = held_documents(catalog, source_id, settings)
    if settings.origin == "bundled":
        held = {document.document for document in documents}
        failures += [
            PullFailure(document.id, "no bundled facts")
            for document in documents_of(card, settings)
            if document.id not in held
        ]
    used = {held.origin for held in documents}
    return PullResult(
        source_id,
        "bundled" if "bundled" in used else settings.origin,
        documents,
        "; ".join(fallbacks) or None,
        failures,
        taken,
    )


def documents_of(card: Source, settings: Settings) -> list[Document]:
    """Documents that the origin of the settings may have."""
    live = settings.origin == "live"
    return [document for document in card.documents if live or not document.live_only]


def held_documents(catalog: Catalog, source_id: str, settings: Settings) -> list[HeldDocument]:
    """What a source holds now: per document, its versions from the origin of the settings
    (oldest first), or its bundled facts where nothing was pulled from there."""
    bundled = bundled_documents(catalog, source_id, settings)
    pulled: list[HeldDocument] = []
    if settings.origin != "bundled":
        pulled, _ = _holdings(source_id, settings)
    found: list[HeldDocument] = []
    for document in catalog.sources[source_id].documents:
        own = [held for held in pulled if held.document == document.id]
        found += own or [held for held in bundled if held.document == document.id]
    return found


def _holdings(source_id: str, settings: Settings) -> tuple[list[HeldDocument], str]:
    """What was pulled of a source, or nothing and why it can't be told."""
    try:
        return archive.read_holdings(settings.archive_dir, settings.origin, source_id), ""
    except ValueError as error:
        return [], str(error)


def _pull_document(
    card: Source,
    document: Document,
    last: list[HeldDocument],
    settings: Settings,
    tell: Tell,
    in_any_case: bool,
) -> tuple[list[HeldDocument], Taken]:
    """Versions held of a document after it was asked for, oldest first, and what became of it."""
    started = time.monotonic()

    def taken(outcome: Outcome, **more: Any) -> Taken:
        return Taken(document.id, outcome, seconds=time.monotonic() - started, **more)

    newest = last[-1] if last else None
    data = _held_bytes(newest, document, settings)
    try:
        if data is not None and not in_any_case and _is_settled(card, document, settings):
            return last, taken("kept", detail="older than the revision window")
        answer = _take(card, document, newest, data, settings, tell)
    except _Absent as error:
        return last, taken("absent", detail=str(error))
    except (FetchError, OSError) as error:
        return last, taken("failed", detail=str(error))
    if answer.data is None:
        return last, taken("not_modified", size_bytes=answer.size_bytes)
    now = _hold(card, document, answer, last, settings)
    is_new = not last or now[-1].blob != last[-1].blob
    return now, taken("fetched", size_bytes=answer.size_bytes, is_new=is_new)


def _held_bytes(
    newest: HeldDocument | None, document: Document, settings: Settings
) -> bytes | None:
    """The bytes of the newest version, where they are whole and from the card's address."""
    if newest is None or newest.address != document.address:
        return None
    try:
        return archive.read(settings.archive_dir, newest.blob)
    except (OSError, ValueError):
        return None


def _is_settled(card: Source, document: Document, settings: Settings) -> bool:
    """Whether a document is too old to be revised, as its card says."""
    window = card.pull.revision_window_years
    if settings.origin != "live" or window is None:
        return False
    year = document.year or document.published_on.year
    return year < dt.datetime.now(dt.UTC).year - window


def _take(
    card: Source,
    document: Document,
    newest: HeldDocument | None,
    before: bytes | None,
    settings: Settings,
    tell: Tell,
) -> Answer:
    """The document from the origin of the settings.

    Raises:
        _Absent: this origin never has it.
        FetchError, OSError: it can't be had now.
    """
    if settings.origin == "live":
        return _take_live(card, document, newest, before, settings, tell)
    if not document.mirror:
        raise _Absent("the card names no file in the mirror")
    for folder in settings.mirror:
        path = folder / document.mirror
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            data = path.read_bytes()
            return Answer(data, _media_type(path), size_bytes=len(data))
    raise _Absent(f"no file {document.mirror} in the mirror")


def _take_live(
    card: Source,
    document: Document,
    newest: HeldDocument | None,
    before: bytes | None,
    settings: Settings,
    tell: Tell,
) -> Answer:
    if document.form != "published":
        raise _Absent(f"a {document.form} document has no live address")
    known = Validators()
    if newest is not None and before is not None:
        known = Validators(newest.etag, newest.last_modified)
    progress = _Progress(f"{card.id}/{document.id}", tell)
    answer = remote.ask(document, card.pull, settings, known, progress)
    if answer.data is not None:
        declared = [*card.pull.media_types, *filter(None, [document.media_type])]
        # What a page leads to, or what pages make up, does not end as the address does.
        named = "" if document.links or card.pull.paging else document.address
        found = surprise(answer.data, declared, named, before)
        if found:
            raise FetchError(
                f"{found}: {document.address} (if it is the document, say so in the card: "
                "pull.media_types)"
            )
    return answer


class _Progress:
    """Says now and then how far a long download is."""

    def __init__(self, name: str, tell: Tell) -> None:
        self._name, self._tell, self._started = name, tell, time.monotonic()
        self._said = self._started

    def __call__(self, size: int, announced: int | None) -> None:
        now = time.monotonic()
        if now - self._said >= PROGRESS_SECONDS:
            self._said = now
            of = f" of {announced / 1e6:.1f}" if announced else ""
            seconds = now - self._started
            self._tell(f"{self._name}: {size / 1e6:.1f}{of} MB after {seconds:.0f} s")


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _hold(
    card: Source,
    document: Document,
    answer: Answer,
    last: list[HeldDocument],
    settings: Settings,
) -> list[HeldDocument]:
    """Archive the bytes; a changed document is a new version beside the versions before.

    Every version stays, also one that comes back, and one that another followed on its day.
    """
    data = answer.data or b""
    blob = archive.store(settings.archive_dir, data)
    etag, last_modified = answer.validators.etag, answer.validators.last_modified
    if last and last[-1].blob == blob:
        same = replace(last[-1], address=document.address, etag=etag, last_modified=last_modified)
        return [*last[:-1], same]
    today = dt.datetime.now(dt.UTC).date()
    vintage_on = document.published_on
    if last:
        vintage_on = max(today, document.published_on, last[-1].vintage_on)
    kept = [h for h in last if (h.vintage_on, h.blob) != (vintage_on, blob)]
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
        media_type=document.media_type or ("" if cited_only else answer.media_type),
        size_bytes=None if cited_only else len(data),
        published_on=document.published_on,
        published_precision=document.published_precision,
        retrieved_on=retrieved,
        vintage_on=vintage_on,
        seen=document.seen,
        etag=etag,
        last_modified=last_modified,
        is_return=blob in {h.blob for h in kept},
    )
    # The facts of a transcript cite the same document before and after it is corrected.
    if cited_only:
        return [held]
    return [*kept, held]


def bundled_documents(catalog: Catalog, source_id: str, settings: Settings) -> list[HeldDocument]:
    """The bundled facts of a source: one archived CSV per document and kind of fact.

    A card that overrides another keeps its facts, document by document, until it has its own.
    """
    card = catalog.sources[source_id]
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
