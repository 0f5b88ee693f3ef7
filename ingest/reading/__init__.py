"""Documents of any form to tables and text. Knows nothing of cards, cities or facts."""

from __future__ import annotations

from ingest.reading.content import Content, Passage, ReadingError, Table

__all__ = ["Content", "Passage", "ReadingError", "Table"]
