"""What a text asserts about ranks and figures: rankings, sets, bounds, quantities, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ingest.grammar.quantities import Quantity

Kind = Literal["ranking", "set", "tier", "bound", "quantity", "withheld"]
IsName = Callable[[str], bool]
Direction = Literal["higher_is_better", "lower_is_better"]


@dataclass(frozen=True)
class Entry:
    """One name of a statement.

    Its rank is from ``rank_from`` to ``rank_to``, both included. In a bound, an end that is
    ``None`` is open; where both are ``None`` the text gives no rank.
    """

    name: str
    rank_from: int | None = None
    rank_to: int | None = None
    tied: bool = False
    order_certain: bool = True
    """False where the text says that the name is in a group, but not where in it."""
    score: Quantity | None = None
    missing: str | None = None
    """Why there is no score, or no rank, where the text prints a sign for it."""
    start: int = 0
    end: int = 0
    known: bool | None = None
    """Whether the caller's `is_name` knows it; ``None`` without one."""


@dataclass(frozen=True)
class Cohort:
    """Among which cities a rank is counted, as printed: excludes 直辖市, among 50 cities."""

    relation: Literal["excludes", "among"]
    of: str
    printed: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Statement:
    """One assertion. ``text[start:end]`` is ``quote``."""

    kind: Kind
    entries: tuple[Entry, ...]
    start: int
    end: int
    quote: str
    confidence: float
    reason: str
    """Which rule of the grammar read it, and what lowers the confidence."""
    cohort: Cohort | None = None
    direction: Direction | None = None
    label: str = ""
    """Name of the tier, or number of places of the set, as printed."""
    topic: str = ""
    """What the ranks are about, where words right behind them say so: "in terms of capital"."""
    candidate: int | None = None
    """Of a withheld rank: what it most likely is."""


@dataclass(frozen=True)
class Refusal:
    """A passage that looks like a statement and can't be read with certainty."""

    names: tuple[str, ...]
    values: tuple[str, ...]
    reason: str
    start: int
    end: int
    quote: str
