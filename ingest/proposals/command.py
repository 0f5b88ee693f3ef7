"""``make propose DOC=path``: what a document seems to say, in the terminal and as a card."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.catalog import load_catalog
from ingest.inbox import InboxError, file_bytes
from ingest.proposals import cards as proposal_cards
from ingest.proposals.propose import Candidate, Line, Proposal, propose
from ingest.reading import ReadingError
from ingest.settings import Settings, SettingsError

SHOWN = 5
"""Rows of a candidate that are printed."""
WIDTH = 110


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not arguments[0]:
        print("make propose DOC=report.pdf", file=sys.stderr)
        return 2
    try:
        settings = Settings.from_env()
        path = Path(arguments[0]).expanduser()
        data = file_bytes(path)
        proposal = propose(data, path.name, load_catalog(settings.catalog))
    except (InboxError, ReadingError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    for line in told(proposal):
        print(line)
    folder, cards = proposal_cards.write(proposal, data, settings)
    print()
    for card in cards:
        print(f"card: {card}")
    print(f"rows: {folder / proposal.slug}.csv")
    if cards:
        print("Write what is meant in place of every ???, correct or delete the rest, then")
        print(f"  make accept CARD={cards[0]}")
    else:
        print(
            "No ranking or claim can be proposed: see docs/add-a-source.md for the other readers."
        )
    return 0


def told(proposal: Proposal) -> Iterator[str]:
    """A proposal in lines for the terminal."""
    content = proposal.content
    yield f"{proposal.name}: {content.form}, sha256 {proposal.sha256[:12]}, {content.title}".rstrip(
        ", "
    )
    yield from (f"  note: {note}" for note in content.notes)
    for title, found in (("Tables", proposal.tables), ("Running text", proposal.statements)):
        taken = [candidate for candidate in found if candidate.declared]
        yield ""
        yield f"{title}: {len(taken)} of {len(found)} candidates are in the card"
        for candidate in sorted(found, key=lambda c: not c.declared):
            yield from _candidate(candidate)
    if proposal.refused:
        yield ""
        yield f"Refused: {len(proposal.refused)} passages"
        for line in proposal.refused:
            yield f"  {line.locator}: {line.reason}: '{line.quote}'"[:WIDTH]


def _candidate(candidate: Candidate) -> Iterator[str]:
    mark = "+" if candidate.declared else "-"
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(candidate.counts.items()))
    title = f" '{candidate.title}'" if candidate.title else ""
    sure = f"{candidate.confidence:.2f} {candidate.kind}"
    yield f"  {mark} {sure}, {candidate.where}{title}: {counts}"
    yield f"        {candidate.reason}"[:WIDTH]
    if not candidate.declared:
        return
    good = [line for line in candidate.lines if line.outcome == "proposed"]
    yield from (f"        {proposal_cards.shown(line)}"[:WIDTH] for line in good[:SHOWN])
    if len(good) > SHOWN:
        yield f"        ... {len(good) - SHOWN} more"
    bad = [line for line in candidate.lines if line.outcome != "proposed"]
    yield from (f"        {line.outcome}: {_doubt(line)}"[:WIDTH] for line in bad[:SHOWN])
    if len(bad) > SHOWN:
        yield f"        ... {len(bad) - SHOWN} more"


def _doubt(line: Line) -> str:
    meant = f" ({line.suggestions})" if line.suggestions else ""
    return f"{line.locator}: {line.name or line.quote}: {line.reason}{meant}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
