"""A file that an analyst drops in: keep it, and say what it is. Nothing is taken as a fact."""

from __future__ import annotations

from pathlib import Path

from ingest import archive
from ingest.catalog import Catalog
from ingest.reading import recognise
from ingest.settings import Settings

MAX_BYTES = 200 * 1024 * 1024
Description = dict[str, str | int]


class InboxError(ValueError):
    """A file that is not taken; the message says why and what to do."""


def receive(path: Path, catalog: Catalog, settings: Settings) -> Description:
    """Archive a file and describe it: form, size, what is inside, and which source it is of.

    Raises:
        InboxError: the file is empty, too large or gone.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InboxError(f"{path.name} has {size} bytes, at most {MAX_BYTES} are taken")
        data = path.read_bytes()
    except OSError as error:
        raise InboxError(f"{path.name} can't be read: {error}") from error
    if not data:
        raise InboxError(f"{path.name} is empty: copy it again")
    digest = archive.sha256(data)
    known = (settings.archive_dir / digest).exists()
    archive.store(settings.archive_dir, data)
    form, inside = recognise(data)
    sources = [
        card.id
        for card in catalog.sources.values()
        if any(Path(document.mirror or "").name == path.name for document in card.documents)
    ]
    return {
        "file": path.name,
        "sha256": digest,
        "bytes": len(data),
        "form": form,
        "inside": inside,
        "already in the archive": "yes" if known else "no",
        "source": ", ".join(sources) or "none of the cards names this file",
        "next step": (
            "Its card reads it with origin mirror."
            if sources
            else "Write a card in catalog/sources/ that names it, see docs/add-a-source.md."
        ),
    }
