"""A file that an analyst drops in: keep it, say what it is and what it seems to say. Nothing is
taken as a fact."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest import archive
from ingest.catalog import Catalog
from ingest.proposals import cards as proposal_cards
from ingest.proposals.propose import Proposal, propose
from ingest.reading import ReadingError, recognise
from ingest.settings import Settings

MAX_BYTES = 200 * 1024 * 1024


class InboxError(ValueError):
    """A file that is not taken; the message says why and what to do."""


@dataclass(frozen=True)
class Received:
    """What a dropped file is; of one that no card names also what it seems to say."""

    description: dict[str, str | int]
    proposal: Proposal | None = None
    cards: tuple[Path, ...] = ()
    """Ready-made cards for the analyst to complete."""


def receive(path: Path, catalog: Catalog, settings: Settings) -> Received:
    """Archive a file and describe it: form, size, what is inside, and which source it is of. Of
    one that no card names, candidates are proposed, see :mod:`ingest.proposals.propose`.

    Raises:
        InboxError: the file is empty, too large or gone.
    """
    data = file_bytes(path)
    digest = archive.sha256(data)
    known = (settings.archive_dir / digest).exists()
    archive.store(settings.archive_dir, data)
    form, inside = recognise(data)
    sources = [
        card.id
        for card in catalog.sources.values()
        if any(Path(document.mirror or "").name == path.name for document in card.documents)
    ]
    description: dict[str, str | int] = {
        "file": path.name,
        "sha256": digest,
        "bytes": len(data),
        "form": form,
        "inside": inside,
        "already in the archive": "yes" if known else "no",
        "source": ", ".join(sources) or "none of the cards names this file",
    }
    if sources:
        step = "Its card reads it with origin mirror."
        return Received(description | {"next step": step})
    try:
        proposal = propose(data, path.name, catalog)
    except ReadingError as error:
        step = f"Nothing is proposed: {error}"
        return Received(description | {"next step": step})
    folder, cards = proposal_cards.write(proposal, data, settings)
    step = (
        f"Complete {cards[0]}, then: make accept CARD={cards[0]}"
        if cards
        else (
            f"No ranking or claim can be proposed, see {folder}; "
            "write a card in catalog/sources/ that names it, see docs/add-a-source.md."
        )
    )
    return Received(description | {"next step": step}, proposal, tuple(cards))


def file_bytes(path: Path) -> bytes:
    """The bytes of a file that an analyst names.

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
    return data
