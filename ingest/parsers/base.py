"""What every parser is: a name, a version, the form of its options, and a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ingest.cards import Document, Entry, Indicator, RegisterCoverage, Text, Unit
from ingest.facts import Facts
from ingest.names.gazetteer import Gazetteer

BLANK_REASON = "not published (blank in the source)"


class Filter(Entry):
    """Rows whose cell in a column is one of these values."""

    column: Text
    values: tuple[str, ...]


class NoOptions(Entry):
    """A parser without options here."""


@dataclass(frozen=True)
class Context:
    """What a parser may know besides the bytes."""

    gazetteer: Gazetteer
    indicators: Mapping[str, Indicator]
    units: Mapping[str, Unit]
    """By their printed form."""
    document: Document
    options: Any
    """The card's ``parse`` block, validated by the parser's ``options`` model."""
    document_options: Any
    """The document's ``options`` block, validated by ``document_options``."""
    registers: tuple[RegisterCoverage, ...] = ()
    """Where the card calls absence an observed zero."""


@dataclass(frozen=True)
class Parser:
    """``version`` rises whenever the same bytes could give other facts."""

    name: str
    version: int
    options: type[Entry]
    document_options: type[Entry]
    read: Callable[[bytes, Context, Facts], None]

    @property
    def label(self) -> str:
        """Name and version, as facts carry it."""
        return f"{self.name} {self.version}"
