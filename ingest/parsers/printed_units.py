"""Whether the unit that a card declares for a column contradicts the one printed with it.

A declared unit that is not printed anywhere is taken; one that is printed otherwise is wrong by
a factor, or is that of another column. Only units that the catalog knows are recognised, and only
where they stand as a unit does: in brackets, as a heading of their own, behind a separator, or
after a word such as 单位. 人 in 人口数 and 万人 in 万人以上 say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ingest.cards import Indicator, Unit
from ingest.facts import ParseError
from ingest.parsers.headings import UNIT_WORD, plain, said_unit
from ingest.parsers.records import Record

_BRACKETED = re.compile(r"[(\[【]([^()\[\]【】]*)[)\]】]")
_BETWEEN = re.compile(r"\s*(?:[,;、]|\band\b|[和及])\s*")
_SEPARATOR = re.compile(r"[\s,:_/·|-]+")
_PERIOD = re.compile(r"(?:19|20)\d\d\s*(?:年(?:末|底)?)?")
_PLAIN_WORD = re.compile(r"[a-z]+")


def check_unit(
    row: Record,
    column: str,
    declared: str,
    indicator: Indicator,
    units: Mapping[str, Unit],
    remedy: str,
) -> None:
    """Compare the declared unit with those printed in the column's headings, or else above them.

    Args:
        row: any row of the table.
        column: name of the column, as the card has it.
        declared: a printed form of ``units``, or the indicator's own unit.
        remedy: what to write in the card, with ``{}`` for the printed unit.

    Raises:
        ParseError: another unit is printed there.
    """
    known = _Known(indicator.unit, units)
    own, headings = known.worth(declared), row.headings(column)
    found = [unit for unit in _in_headings(headings, known) if known.decides(unit)]
    where = f"the heading '{' > '.join(headings):.80}'"
    if not found:
        above = _above(row.above(), known)
        found, where = list(above), f"'{next(iter(above.values()), ''):.80}' above the headings"
    if own is None or not found or any(known.worth(unit) == own for unit in found):
        return
    raise ParseError(
        f"{row.table.where if row.table else 'line 1'}: {where} has the unit '{found[0]}', the "
        f"card declares '{declared}' for {indicator.indicator} in column '{column}': "
        f"{remedy.format(found[0])}"
    )


class _Known:
    """The units of a catalog, seen from one indicator."""

    def __init__(self, own: str, units: Mapping[str, Unit]) -> None:
        self.own, self._units = own, units
        self.forms = {plain(printed): printed for printed in units}
        self.forms.setdefault(own, own)

    def worth(self, printed: str) -> float | None:
        """What one of the unit is in the indicator's own; ``None`` where it is of another kind."""
        unit = self._units.get(printed)
        if unit is not None and self.own in unit.units:
            return unit.factor
        return 1.0 if printed == self.own else None

    def decides(self, printed: str) -> bool:
        """Whether a unit can only be meant as such. "companies" may be what a column is about, so
        that it says something only of an indicator that is counted in it."""
        return self.worth(printed) is not None or not _PLAIN_WORD.fullmatch(printed)

    def exactly(self, text: str) -> str | None:
        return self.forms.get(text.strip().casefold())


def _listed(text: str, known: _Known) -> list[str]:
    """The units of a text that holds nothing else, but for a year."""
    parts = [p for p in _BETWEEN.split(text.strip(" .;:。")) if p and not _PERIOD.fullmatch(p)]
    found = [known.exactly(part) for part in parts]
    return [unit for unit in found if unit] if all(found) else []


def _in_headings(parts: Sequence[str], known: _Known) -> list[str]:
    found: list[str] = []
    for part in map(plain, parts):
        for bracketed in _BRACKETED.findall(part):
            found += _listed(said_unit(bracketed), known)
        found += _listed(said_unit(part), known) or _behind(part, known)
    return found


def _behind(text: str, known: _Known) -> list[str]:
    """A unit behind a separator at the end of a heading: ``GDP 亿元``, ``占比%``.

    Behind a unit, a stroke makes another of both: 万元/人. A plain word is no unit here.
    """
    sign = next((f for f in known.forms if not re.search(r"\w", f) and text.endswith(f)), "")
    if sign:
        before = text.removesuffix(sign).rstrip()
        return [] if before[-1:].isdigit() else [known.forms[sign]]
    parts = _SEPARATOR.split(text)
    last = known.exactly(parts[-1])
    if len(parts) < 2 or not last or _PLAIN_WORD.fullmatch(last):
        return []
    is_ratio = text.removesuffix(parts[-1]).endswith("/") and known.exactly(parts[-2])
    return [] if is_ratio else [last]


def _above(texts: Iterable[str], known: _Known) -> dict[str, str]:
    """The units above a table that the column may have, and the text of each.

    Of several, each belongs to some of the columns; so does one in the brackets of a title.
    """
    said: dict[str, str] = {}
    bracketed: dict[str, str] = {}
    for text in texts:
        folded = plain(text)
        listed = [u for words in UNIT_WORD.findall(folded) for u in _listed(words, known)]
        said |= dict.fromkeys([*listed, *_listed(folded, known)], text)
        for words in _BRACKETED.findall(folded):
            bracketed |= dict.fromkeys(_listed(words, known), text)
    if len(said) == 1 and known.decides(next(iter(said))):
        return said
    return {unit: text for unit, text in (said | bracketed).items() if known.worth(unit)}
