"""What stands on a page of a PDF, upright and from its top left corner, in points."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Word:
    """Printed characters without a gap. ``size`` is the size of the type, one em; the box is as
    high as that, with the baseline at a fifth, because the boxes of fonts differ."""

    x0: float
    top: float
    x1: float
    bottom: float
    text: str
    size: float
    turn: int = 0
    """Quarter turns against the clock of the text against that of the page."""
    raised: bool = False
    """A smaller mark above the line: a footnote's number, an exponent."""
    confidence: float | None = None
    spaced: bool = False
    """The file has a space before it, rather than a mere gap."""
    seam: tuple[int, float, float] | None = None
    """Of a word that starts with a number: how many characters that has, where it ends, and where
    the rest begins."""

    @property
    def base(self) -> float:
        return self.bottom - 0.2 * self.size

    @property
    def upright(self) -> bool:
        return self.turn == 0

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line. ``at`` is its y where horizontal, its x where vertical."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Fill:
    x0: float
    top: float
    x1: float
    bottom: float
    colour: tuple[int, int, int]


@dataclass
class Page:
    number: int
    width: float
    height: float
    words: list[Word] = field(default_factory=list)
    horizontal: list[Rule] = field(default_factory=list)
    vertical: list[Rule] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    characters: int = 0
    unreadable: int = 0
    """Characters that the file maps to no letter."""
    hidden: int = 0
    """Characters that are there but not drawn, as programs for OCR put behind a picture."""
    picture: float = 0.0
    """Share of the page that its largest picture covers."""
    drawn: int = 0
    """Lines, shapes and pictures on it."""
