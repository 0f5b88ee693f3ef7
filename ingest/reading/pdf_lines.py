"""Words to lines: what stands on one line, what belongs to one phrase, how lines are joined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ingest.reading.marks import superscript
from ingest.reading.pdf_page import Word

CJK = (
    "\u3000-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff"
)
_CJK_END = re.compile(f"[{CJK}]$")
_CJK_START = re.compile(f"^[{CJK}]")
_NUMERIC = re.compile(r"^[^\w]*(?:[\d.,:/%‰°±+\-–—−()<>≥≤~≈=*#\s'’]|[TPEMKBk]\b)*$")


@dataclass(frozen=True)
class Phrase:
    """Words on one line with no more than a space between them."""

    words: tuple[Word, ...]

    @cached_property
    def x0(self) -> float:
        return self.words[0].x0

    @cached_property
    def x1(self) -> float:
        return max(word.x1 for word in self.words)

    @cached_property
    def top(self) -> float:
        return min(word.top for word in self.words)

    @cached_property
    def bottom(self) -> float:
        return max(word.bottom for word in self.words)

    @cached_property
    def size(self) -> float:
        return max(word.size for word in self.words)

    @cached_property
    def text(self) -> str:
        return line_text(self.words)


@dataclass(frozen=True)
class Line:
    """Phrases that stand on one line, from left to right."""

    phrases: tuple[Phrase, ...]

    @cached_property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for phrase in self.phrases for word in phrase.words)

    @cached_property
    def x0(self) -> float:
        return self.phrases[0].x0

    @cached_property
    def x1(self) -> float:
        return max(phrase.x1 for phrase in self.phrases)

    @cached_property
    def middle(self) -> float:
        middles = sorted(word.middle for word in self.words)
        return middles[len(middles) // 2]

    @cached_property
    def base(self) -> float:
        bases = sorted(word.base for word in self.words if not word.raised)
        return bases[len(bases) // 2] if bases else self.bottom

    @cached_property
    def top(self) -> float:
        return min(phrase.top for phrase in self.phrases)

    @cached_property
    def bottom(self) -> float:
        return max(phrase.bottom for phrase in self.phrases)

    @cached_property
    def size(self) -> float:
        sizes = sorted(word.size for word in self.words)
        return sizes[len(sizes) // 2]


def lines_of(words: Iterable[Word], space: float = 0.75) -> list[Line]:
    """Words in lines from top to bottom. Phrases part at gaps of ``space`` heights of the type."""
    rows: list[list[Word]] = []
    bases: list[float] = []
    raised: list[Word] = []
    for word in sorted(words, key=lambda w: (w.base, w.x0)):
        if word.raised:
            raised.append(word)
            continue
        base, reach = word.base, 0.35 * word.size
        near = [
            (abs(base - b), row) for b, row in zip(bases[-6:], rows[-6:], strict=True)
            if base - b <= reach and base - b <= 0.35 * row[0].size
        ]  # fmt: skip
        for _, row in sorted(near, key=lambda pair: pair[0]):
            if not _collides(word, row):
                row.append(word)
                break
        else:
            rows.append([word])
            bases.append(base)
    for word in raised:
        # It stands right after the word that it marks.
        ends = [
            (abs(word.x0 - other.x1) + abs(other.base - word.base) / 2, i)
            for i, row in enumerate(rows)
            for other in row
            if abs(word.x0 - other.x1) < 0.5 * other.size
            and abs(other.base - word.base) < other.size
        ]
        if ends:
            rows[min(ends)[1]].append(word)
        else:
            rows.append([word])
    rows = _with_marks(rows)
    lines = []
    for row in rows:
        row.sort(key=lambda w: w.x0)
        phrases, run = [], [row[0]]
        for word in row[1:]:
            if word.x0 - run[-1].x1 > space * min(word.size, run[-1].size):
                phrases.append(Phrase(tuple(run)))
                run = []
            run.append(word)
        lines.append(Line((*phrases, Phrase(tuple(run)))))
    return sorted(lines, key=lambda line: line.base)


def _with_marks(rows: list[list[Word]]) -> list[list[Word]]:
    """Rows of nothing but small marks go to the line above which they stand."""
    rows = sorted(rows, key=lambda row: row[0].base)
    kept: list[list[Word]] = []
    marks: list[list[Word]] = []
    for row in rows:
        size = max(word.size for word in row)
        for mark in marks:
            small = max(word.size for word in mark) <= 0.8 * size
            over = 0.1 * size < row[0].base - mark[0].base < 0.7 * size
            if small and over and not any(_collides(word, row) for word in mark):
                for word in mark:
                    word.raised = True
                row += mark
            else:
                kept.append(mark)
        marks = []
        if all(len(word.text) <= 2 for word in row):
            marks.append(row)
        else:
            kept.append(row)
    return kept + marks


def _collides(word: Word, row: Sequence[Word]) -> bool:
    """It stands over one of the line's words, so it is of another line however near."""
    return any(
        min(word.x1, other.x1) - max(word.x0, other.x0) > 0.3 * min(word.size, other.size)
        for other in row
    )


def line_text(words: Sequence[Word]) -> str:
    """Words of a line as text; of raised ones what `superscript` keeps."""
    text = ""
    before: Word | None = None
    for word in words:
        if word.raised and before is not None:
            text += superscript(word.text, text)
            continue
        if before is not None and not _touches(before, word):
            text += " "
        text += word.text
        before = word
    return re.sub(r"\s+", " ", text).strip()


def _touches(before: Word, word: Word) -> bool:
    """No space is between them; words of OCR were parted at spaces, and their boxes are rough.

    Characters of a fallback font stand apart in Chinese text that has no space.
    """
    if word.confidence is not None:
        return False
    gap = word.x0 - before.x1
    chinese = _CJK_END.search(before.text) and _CJK_START.search(word.text)
    return gap < (0.7 if chinese and not word.spaced else 0.08) * word.size


def joined(texts: Sequence[str]) -> str:
    """Lines of one cell or paragraph as one: no space within Chinese, none after a hyphen."""
    text = ""
    for part in texts:
        if not part:
            continue
        if text and not (
            (_CJK_END.search(text) and _CJK_START.search(part))
            or re.search(r"\w[-\u2010]$", text)
            or text.endswith("/")
        ):
            text += " "
        text += part
    return text


def is_figure(text: str) -> bool:
    """A number that may be a value; years stand in headings as well."""
    return is_numeric(text) and re.fullmatch(r"(?:19|20)\d\d(?:[-/–](?:19|20)?\d\d)?", text) is None


def is_numeric(text: str) -> bool:
    return any(c.isdigit() for c in text) and _NUMERIC.match(text) is not None
