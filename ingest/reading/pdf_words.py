"""Words of a page of a PDF, from the characters that pdfium finds on it."""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from ingest.reading.content import ReadingError
from ingest.reading.pdf_page import Fill, Page, Rule, Word
from ingest.reading.pdf_paths import Matrix, add_paths, apply, box_of, upright

LEADERS = ".·…‥_"
SPACES = frozenset("\t\n\r \u00a0\u2002\u2003\u2007\u2009\u200b\u202f\u3000")


@dataclass(slots=True)
class _Char:
    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    base: float
    size: float
    spaced: bool
    """pdfium takes the gap before it for a space."""


def read_page(document: pdfium.PdfDocument, index: int, max_characters: int) -> Page:
    """A page of an open document, from 0, turned so that most of its text is upright."""
    try:
        page = document[index]
        text = page.get_textpage()
    except pdfium.PdfiumError as error:
        raise ReadingError(f"page {index + 1} can't be loaded: {error}") from error
    try:
        left, bottom, right, top = page.get_cropbox()
        place = upright(page.get_rotation(), left, bottom, right, top)
        sideways = page.get_rotation() in (90, 270)
        width, height = right - left, top - bottom
        found = Page(index + 1, *((height, width) if sideways else (width, height)))
        if found.width <= 0 or found.height <= 0:
            return found
        if text.count_chars() > max_characters:
            raise ReadingError(
                f"page {index + 1} has {text.count_chars():,} characters, "
                f"more than the {max_characters:,} that are read"
            )
        add_paths(page, found, place)
        chars = _chars(text, found, place, page.get_rotation())
        return _turned(found, chars)
    finally:
        text.close()
        page.close()


def _chars(
    text: pdfium.PdfTextPage, page: Page, place: Matrix, rotation: int
) -> dict[int, list[_Char | None]]:
    """Characters by the quarter turn in which they stand; None where a space parts them."""
    turned: dict[int, list[_Char | None]] = {turn: [] for turn in (0, 1, 2, 3)}
    guessed = False
    loose, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    handle, matrix = text.raw, raw.FS_MATRIX()
    last = 0
    count = text.count_chars()
    index = -1
    hidden_objects: dict[int, bool] = {}
    while index + 1 < count:
        index += 1
        code = raw.FPDFText_GetUnicode(handle, index)
        if 0xD800 <= code < 0xDC00 and index + 1 < count:
            low = raw.FPDFText_GetUnicode(handle, index + 1)
            if 0xDC00 <= low < 0xE000:
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        elif 0xDC00 <= code < 0xE000:
            continue
        letter = "-" if code == 2 else chr(code) if code < 0x110000 else "\ufffd"
        if letter in SPACES:
            guessed = raw.FPDFText_IsGenerated(handle, index) == 1
            if not guessed:
                turned[last].append(None)
            continue
        if raw.FPDFText_IsGenerated(handle, index) == 1 and code != 2:
            continue
        raw.FPDFText_GetLooseCharBox(handle, index, loose)
        raw.FPDFText_GetCharOrigin(handle, index, x, y)
        box = box_of(place, loose.left, loose.bottom, loose.right, loose.top)
        if not (
            -1 <= (box[0] + box[2]) / 2 <= page.width + 1
            and -1 <= (box[1] + box[3]) / 2 <= page.height + 1
        ):
            continue
        page.characters += 1
        if page.picture > 0.5:
            text_object = raw.FPDFText_GetTextObject(handle, index)
            key = ctypes.cast(text_object, ctypes.c_void_p).value or 0
            if key not in hidden_objects:
                mode = raw.FPDFTextObj_GetTextRenderMode(text_object)
                hidden_objects[key] = mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE
            page.hidden += hidden_objects[key]
        if _is_unreadable(letter) or raw.FPDFText_HasUnicodeMapError(handle, index) == 1:
            page.unreadable += 1
        raw.FPDFText_GetMatrix(handle, index, matrix)
        # By the baseline: pdfium's own angle takes a slanted letter for a turned one.
        quarters = math.atan2(-matrix.b, matrix.a) % (2 * math.pi) / (math.pi / 2)
        if abs(quarters - round(quarters)) > 0.1:
            continue  # a watermark
        turn = (round(quarters) + rotation // 90) % 4
        ox, oy = apply(place, x.value, y.value)
        box, base = _rotate(page, turn, box, (ox, oy))
        size = raw.FPDFText_GetFontSize(handle, index) * math.hypot(matrix.c, matrix.d)
        if not 1 <= size <= 500:
            size = max(box[3] - box[1], 1.0)
        turned[turn].append(
            _Char(letter, box[0], base - 0.8 * size, box[2], base + 0.2 * size, base, size, guessed)
        )
        last, guessed = turn, False
    return turned


def _is_unreadable(letter: str) -> bool:
    return letter == "\ufffd" or unicodedata.category(letter) in ("Co", "Cn", "Cc")


def _rotate(
    page: Page, turn: int, box: tuple[float, float, float, float], origin: tuple[float, float]
) -> tuple[tuple[float, float, float, float], float]:
    """Box and baseline in the frame in which text of this quarter turn is upright."""
    x0, top, x1, bottom = box
    if turn == 0:
        return box, origin[1]
    if turn == 1:
        return (top, page.width - x1, bottom, page.width - x0), page.width - origin[0]
    if turn == 2:
        return (
            page.width - x1,
            page.height - bottom,
            page.width - x0,
            page.height - top,
        ), page.height - origin[1]
    return (page.height - bottom, x0, page.height - top, x1), origin[0]


def _turned(page: Page, chars: dict[int, list[_Char | None]]) -> Page:
    """The page in the frame of most of its text; the rest of the words keep their place."""
    main = max(chars, key=lambda turn: (len(chars[turn]), turn == 0))
    words = []
    for turn, some in chars.items():
        found = _words(some)
        if turn != main:
            for word in found:
                word.turn = (turn - main) % 4
                word.x0, word.top, word.x1, word.bottom = _back(word, turn, main, page)
        words += found
    page.words = words
    if main == 0:
        return page

    def corner(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        return _rotate(page, main, box, (0, 0))[0]

    horizontal, vertical = [], []
    for rules, flat in ((page.horizontal, True), (page.vertical, False)):
        for rule in rules:
            box = (
                (rule.start, rule.at, rule.end, rule.at)
                if flat
                else (rule.at, rule.start, rule.at, rule.end)
            )
            x0, top, x1, bottom = corner(box)
            if flat == (main == 2):
                horizontal.append(Rule(top, x0, x1))
            else:
                vertical.append(Rule(x0, top, bottom))
    fills = [Fill(*corner((f.x0, f.top, f.x1, f.bottom)), f.colour) for f in page.fills]
    size = (page.width, page.height) if main == 2 else (page.height, page.width)
    return replace(
        page,
        width=size[0],
        height=size[1],
        horizontal=horizontal,
        vertical=vertical,
        fills=fills,
    )


def _back(word: Word, turn: int, main: int, page: Page) -> tuple[float, float, float, float]:
    """From the frame of one quarter turn over the page's own to that of another."""
    x0, top, x1, bottom = word.x0, word.top, word.x1, word.bottom
    if turn == 1:
        box = (page.width - bottom, x0, page.width - top, x1)
    elif turn == 2:
        box = (page.width - x1, page.height - bottom, page.width - x0, page.height - top)
    elif turn == 3:
        box = (top, page.height - x1, bottom, page.height - x0)
    else:
        box = (x0, top, x1, bottom)
    return _rotate(page, main, box, (0, 0))[0]


def _words(chars: Sequence[_Char | None]) -> list[Word]:
    """Characters in the order of the file, joined where no gap or space parts them."""
    words: list[Word] = []
    run: list[_Char] = []
    spaced = space = False
    for char in [*chars, None]:
        if run and (char is None or not _goes_on(run[-1], char)):
            found = list(_parts(run))
            if found:
                found[0].spaced = spaced
            words += found
            run = []
        if char is None:
            space = True
            continue
        if not run:
            spaced = space
        space = False
        run.append(char)
    words = _without_leaders(words)
    _mark_raised(words)
    return _unfused(_joined(words))


def _unfused(words: list[Word]) -> list[Word]:
    """Number and name apart where they meet at one place in several words.

    A number set flush right and a name set flush left may stand closer than two words do.
    """
    at: dict[tuple[int, int], list[Word]] = defaultdict(list)
    for word in words:
        if word.seam and word.seam[2] - word.seam[1] >= 0.08 * word.size:
            at[round(word.seam[1] / 1.5), round(word.seam[2] / 1.5)].append(word)
    fused: set[int] = set()
    for (i, j), some in at.items():
        near = [w for a in (-1, 0, 1) for b in (-1, 0, 1) for w in at.get((i + a, j + b), ())]
        if len({w.text for w in near}) >= 3:
            fused |= {id(w) for w in some}
    parted: list[Word] = []
    for word in words:
        if id(word) not in fused or word.seam is None:
            parted.append(word)
            continue
        count, end, start = word.seam
        parted.append(replace(word, x1=end, text=word.text[:count], seam=None))
        parted.append(replace(word, x0=start, text=word.text[count:], seam=None, spaced=False))
    return parted


def _goes_on(before: _Char, char: _Char) -> bool:
    size = max(before.size, char.size)
    gap = char.x0 - before.x1
    if abs(char.base - before.base) > 0.12 * size or min(before.size, char.size) < 0.8 * size:
        return False
    # A ligature gives several characters with one box.
    figure = before.text.isdigit() or char.text.isdigit()
    if char.spaced and not figure and gap > 0.1 * size:
        return False
    return gap < _gap(size) and char.x0 > before.x0 - 0.05 * size


def _gap(size: float) -> float:
    """Width of a gap that parts two words whose file has no space between them."""
    return 0.2 * size


def _parts(run: Sequence[_Char]) -> Iterator[Word]:
    """A word, or what is left and right of a leader of dots."""
    start = 0
    while start < len(run):
        end = start
        leader = run[start].text in LEADERS
        if leader:
            while end < len(run) and run[end].text == run[start].text:
                end += 1
            if end - start >= 4 or run[start].text in "…‥":
                start = end
                continue
            end = start + 1
        while end < len(run):
            same = end
            while same < len(run) and run[same].text in LEADERS and run[same].text == run[end].text:
                same += 1
            if same - end >= 4:
                break
            end += 1
        piece = run[start:end]
        yield Word(
            piece[0].x0,
            min(c.top for c in piece),
            max(c.x1 for c in piece),
            max(c.bottom for c in piece),
            "".join(c.text for c in piece),
            max(c.size for c in piece),
            seam=_seam(piece),
        )
        start = end


def _seam(run: Sequence[_Char]) -> tuple[int, float, float] | None:
    count = 0
    while count < len(run) and run[count].text.isdecimal():
        count += 1
    if not 0 < count <= 4 or count == len(run):
        return None
    if count + 1 < len(run) and run[count].text in ".、)":
        count += 1
    if not run[count].text.isalpha():
        return None
    return count, run[count - 1].x1, run[count].x0


def _mark_raised(words: list[Word]) -> None:
    """Small marks right after a word and above its line."""
    usual = median(w.size for w in words) if words else 0.0
    small = [w for w in words if len(w.text) <= 5 and w.size < 0.9 * usual]
    large: dict[int, list[Word]] = defaultdict(list)
    if small:
        for word in words:
            large[int(word.x1 // 20)].append(word)
    for mark in small:
        column = int(mark.x0 // 20)
        for word in [*large[column - 1], *large[column], *large[column + 1]]:
            close = 0.35 if mark.size < 0.8 * word.size else 0.12
            if (
                mark.size < 0.9 * word.size
                and -0.2 * word.size < mark.x0 - word.x1 < close * word.size
                and 0.15 * word.size < word.base - mark.base < 0.8 * word.size
            ):
                mark.raised = True


def _without_leaders(words: Sequence[Word]) -> list[Word]:
    """Without rows of single dots that lead the eye from a name to its figure."""
    kept: list[Word] = []
    run: list[Word] = []
    for word in [*words, None]:
        if word is not None and word.text in LEADERS and (not run or run[-1].base == word.base):
            run.append(word)
            continue
        if len(run) < 4:
            kept += run
        run = []
        if word is not None:
            kept.append(word)
    return kept


def _joined(words: list[Word]) -> list[Word]:
    """Without words drawn twice, as files do for want of a bold font."""
    seen: set[tuple[str, int, int]] = set()
    kept = []
    for word in words:
        x, y = round(word.x0 / word.size * 2), round(word.bottom / word.size * 2)
        if any((word.text, x + i, y + j) in seen for i in (-1, 0, 1) for j in (-1, 0, 1)):
            continue
        seen.add((word.text, x, y))
        kept.append(word)
    return kept
