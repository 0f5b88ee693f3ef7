"""Whether bundled facts are still those that their card declares.

Bundled facts are written by ``make bundle`` and read from their files afterwards. A card that is
edited meanwhile changes nothing in them, and nothing else would say so.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json

from ingest.cards import Document, Source
from ingest.catalog import Catalog
from ingest.pull import DOCUMENTS_FILE, bundled_documents
from ingest.settings import Settings

REMEDY = "the card changed since its facts were written: run make bundle"


def declaration_digest(card: Source, document: Document) -> str:
    """Digest of all that a card says of how a document is read."""
    registers = [entry.model_dump(mode="json") for entry in card.registers]
    parts = [card.parser, card.parse, document.options, registers]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stale_documents(catalog: Catalog, source_id: str, settings: Settings) -> list[str]:
    """Documents whose bundled facts were written by other declarations than the card's, as far
    as ``documents.csv`` says by which."""
    card = catalog.sources[source_id]
    documents = {document.id: document for document in card.documents}
    bundled = {held.document for held in bundled_documents(catalog, source_id, settings)}
    written: dict[str, str] = {}
    for folder in reversed(catalog.folders[source_id]):
        path = folder / DOCUMENTS_FILE
        if path.exists():
            rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
            written |= {row.get("document") or "": row.get("declaration") or "" for row in rows}
    return [
        name
        for name in documents
        if name in bundled
        and written.get(name)
        and written[name] != declaration_digest(card, documents[name])
    ]
