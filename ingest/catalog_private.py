"""What of the catalog is private: its private cards, and what would reveal them.

A release is what a build without the private cards gives. So the public part of a catalog is read
from its files as if theirs were not there, after whatever rests on them alone was taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ingest.cards import Indicator, Source
from ingest.catalog_files import Found
from ingest.catalog_references import Groups, named


def withhold(layers: Sequence[Groups], names: frozenset[str]) -> set[str]:
    """Take out of the entries of each folder what rests on private cards alone.

    ``names`` are ids of those cards and of their reports. Where an entry goes that overrode one of
    an earlier folder, that one stands again. Returns the indicators that went.
    """
    cards = [found.entry for layer in layers for found in layer["source"].values()]
    before = _entries(layers, "indicator")
    hidden = names - {card.id for card in cards}
    _withhold_indicators(layers, hidden, cards)
    gone: set[str] = set()
    # What was taken out takes along what is derived from it.
    while gone != (gone := before.keys() - _entries(layers, "indicator").keys()):
        for layer in layers:
            _drop(layer["indicator"], lambda entry: bool(_parts(entry) & gone))
    for layer in layers:
        _drop(layer["framework"], lambda entry: bool(entry.indicators & gone))
        _drop(layer["correction"], lambda entry: entry.source in hidden or entry.indicator in gone)
    themes = {before[code].theme for code in gone}
    themes -= {entry.theme for entry in _entries(layers, "indicator").values()}
    reports = names - {report.report_id for card in cards for report in card.reports}
    for layer in layers:
        for theme in themes:
            layer["theme"].pop(theme, None)
        for key, found in layer["source"].items():
            layer["source"][key] = replace(found, entry=_without_links(found.entry, reports))
    return gone


def _entries(layers: Sequence[Groups], group: str) -> dict[str, Any]:
    return {key: found.entry for layer in layers for key, found in layer[group].items()}


def _withhold_indicators(
    layers: Sequence[Groups], sources: frozenset[str], cards: Sequence[Source]
) -> None:
    """Take the private sources out of the indicators, and the indicators that have no other."""
    bare: dict[str, tuple[dict[str, Found], Found]] = {}
    for layer in layers:
        indicators = layer["indicator"]
        for key, found in list(indicators.items()):
            card: Indicator = found.entry
            public = tuple(source for source in card.sources if source not in sources)
            if public == card.sources:
                continue
            entry = card.model_copy(update={"sources": public})
            if public:
                indicators[key] = replace(found, entry=entry)
            else:
                bare[key] = (indicators, replace(found, entry=entry))
                del indicators[key]
    # A public card that reads an indicator makes it known, though nobody may take values from it.
    used = {code for card in cards for _, code in named(card.model_dump(mode="json"), "indicator")}
    for key in (bare.keys() & used) - _entries(layers, "indicator").keys():
        indicators, found = bare[key]
        indicators[key] = found


def _parts(indicator: Indicator) -> set[str]:
    """What an indicator is derived from."""
    return {part.indicator for part in indicator.derive.parts} if indicator.derive else set()


def _drop(entries: dict[str, Found], unwanted: Callable[[Any], bool]) -> None:
    for key in [key for key, found in entries.items() if unwanted(found.entry)]:
        del entries[key]


def _without_links(card: Source, reports: frozenset[str]) -> Source:
    """A card whose reports do not say that they rest on one of these reports."""
    if not any(report.derived_from in reports for report in card.reports):
        return card
    documents = tuple(
        document.model_copy(
            update={
                "reports": tuple(
                    report.model_copy(update={"derived_from": None})
                    if report.derived_from in reports
                    else report
                    for report in document.reports
                )
            }
        )
        for document in card.documents
    )
    return card.model_copy(update={"documents": documents})
