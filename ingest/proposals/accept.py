"""Take a proposed card that an analyst has completed into the catalog: ``make accept CARD=path``.

The card is tried first, as a run would: a fault in it, a document that it does not fit, or a
quote that does not stand in its document leaves the catalog as it is.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest import archive
from ingest.bundle import BundleLine, bundle
from ingest.cards import Source
from ingest.catalog import load_catalog
from ingest.catalog_files import UNDECIDED
from ingest.parse import ParseResult, parse
from ingest.pull import pull
from ingest.settings import Settings, SettingsError


class AcceptError(ValueError):
    """A card that is not taken; the message has a line for each reason."""


@dataclass(frozen=True)
class Accepted:
    path: Path
    """The card in the catalog."""
    found: ParseResult
    """What it reads in its documents."""
    bundled: tuple[BundleLine, ...]
    """What was written beside it."""
    private: bool = False
    is_apart: bool = True
    """Whether the folder is one for private cards, or the only one."""
    kept: tuple[Path, ...] = ()
    """Its documents in the archive."""


def accept(card: Path, settings: Settings) -> Accepted:
    """Check a card, copy it into the catalog, and write the facts of its documents beside it.

    Its documents lie beside the card or in a folder of the mirror. A private card goes into the
    last folder of the catalog, any other into the first. The documents are kept in the archive.

    Raises:
        AcceptError: the card or what it reads is faulty; nothing was changed.
    """
    if not card.is_file():
        raise AcceptError(f"{card}: there is no such file")
    mirror = (card.resolve().parent, *settings.mirror)
    with tempfile.TemporaryDirectory() as scratch:
        source, found = _tried(card, Path(scratch), replace(settings, mirror=mirror))
    folder = settings.catalog[-1 if source.private else 0] / "sources"
    path = folder / f"{source.id}.yml"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(card, path)
    lines = tuple(bundle(replace(settings, mirror=mirror), only=source.id))
    return Accepted(
        path,
        found,
        tuple(line for line in lines if line.source_id == source.id),
        private=source.private,
        is_apart=len(settings.catalog) > 1,
        kept=tuple(_kept(source, mirror, settings.archive_dir)),
    )


def _kept(source: Source, mirror: Iterable[Path], archive_dir: Path) -> Iterable[Path]:
    """Keep the documents of a card, as they lie in the mirror, in the archive."""
    for name in dict.fromkeys(document.mirror for document in source.documents):
        file = next((f / name for f in mirror if name and (f / name).is_file()), None)
        if file is not None:
            yield archive_dir / archive.store(archive_dir, file.read_bytes())


def _tried(card: Path, scratch: Path, settings: Settings) -> tuple[Source, ParseResult]:
    """The card as the catalog would load it, and what it reads."""
    layer = scratch / "proposed"
    (layer / "sources").mkdir(parents=True)
    shutil.copyfile(card, layer / "sources" / card.name)
    known = load_catalog(settings.catalog)
    catalog = load_catalog((*settings.catalog, layer))
    written = card.read_text("utf-8", errors="replace").splitlines()
    faults = [
        error
        for error in catalog.errors
        if error.file.startswith(f"{layer.name}/")
        # What repeats an open decision needs none of its own.
        and not (f"({UNDECIDED}" in error.message and UNDECIDED not in written[error.line - 1])
    ]
    _stop(card, *(f"line {e.line}: {e.message}. {e.remedy}" for e in faults))
    source = next(s for s in catalog.sources.values() if layer in catalog.folders[s.id][0].parents)
    if source.id in known.sources:
        path = f"{known.folders[source.id][0]}.yml"
        _stop(
            card,
            f"the catalog has a card '{source.id}' already, {path}. To correct it, edit that card"
            f" and run: {_reread(card)}. Only a card of another source needs another id",
        )
    layers = (*settings.catalog, layer)
    trial = replace(settings, home=scratch / "home", catalog=layers, origin="mirror")
    pulled = pull(catalog, source.id, trial)
    _stop(card, *filter(None, (pulled.fallback_reason,)))
    _stop(card, *(f"{failure.document}: {failure.reason}" for failure in pulled.failures))
    found = parse(catalog, source.id, trial)
    absent = [f"'{u.quote}' does not stand at {u.locator}: {u.reason}" for u in found.unquoted]
    _stop(card, *found.errors, *absent)
    return source, found


def _reread(card: Path) -> str:
    return f"AICITY_MIRROR={card.resolve().parent} make bundle"


def _stop(card: Path, *reasons: str) -> None:
    if reasons:
        raise AcceptError("\n".join(f"{card}: {reason}" for reason in reasons))


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not arguments[0]:
        print("make accept CARD=data/proposals/.../card.yml", file=sys.stderr)
        return 2
    try:
        accepted = accept(Path(arguments[0]), Settings.from_env())
    except (AcceptError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    for line in _told(accepted, Path(arguments[0])):
        print(line)
    return 0


def _told(accepted: Accepted, card: Path) -> Iterable[str]:
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(accepted.found.counts.items()))
    yield f"accepted {accepted.path}: {counts or 'no facts'}"
    yield f"{accepted.found.quarantined} rows are in quarantine, which are not certain"
    yield from map(str, accepted.bundled)
    if accepted.private and not accepted.is_apart:
        yield "the card is private, and AICITY_CATALOG has no folder for private cards beside the"
        yield f"  public one: don't pass on {accepted.path.parent}, or move the card"
    elif accepted.private:
        yield "the card is private: it went into the last folder of AICITY_CATALOG"
    for path in accepted.kept:
        yield f"its document is kept as {path}"
    yield f"to correct it, edit {accepted.path} and run: {_reread(card)}"
    if accepted.private:
        yield "make preview shows what it changes; no release will have it"
    else:
        yield "make preview shows what it changes, make run publishes it"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
