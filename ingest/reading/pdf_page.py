"""Words, rules and shading of a PDF page, upright and from its top left corner, in points."""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from ingest.reading.content import ReadingError

MAX_PATHS = 50_000
"""Of one page. A map or a chart has more, and no ruled table hides in it."""
LEADERS = ".·…‥_"
SPACES = {
    "\t",
    "\n",
    "\r",
    " ",
    "\u00a0",
    "\u2002",
    "\u2003",
    "\u2007",
    "\u2009",
    "\u202f",
    "\u3000",
}


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


Matrix = tuple[float, float, float, float, float, float]


def read_page(document: pdfium.PdfDocument, index: int, max_characters: int) -> Page:
    """A page of an open document, from 0, turned so that most of its text is upright."""
    try:
        page = document[index]
        text = page.get_textpage()
    except pdfium.PdfiumError as error:
        raise ReadingError(f"page {index + 1} can't be loaded: {error}") from error
    try:
        left, bottom, right, top = page.get_cropbox()
        place = _upright(page.get_rotation(), left, bottom, right, top)
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
        _paths(page, found, place)
        chars = _chars(text, found, place, page.get_rotation())
        return _turned(found, chars)
    finally:
        text.close()
        page.close()


def _upright(rotation: int, left: float, bottom: float, right: float, top: float) -> Matrix:
    """Matrix from the file's coordinates to upright ones with y downward."""
    return {
        0: (1, 0, 0, -1, -left, top),
        90: (0, 1, 1, 0, -bottom, -left),
        180: (-1, 0, 0, 1, right, -bottom),
        270: (0, -1, -1, 0, top, right),
    }[rotation % 360]


def _apply(m: Matrix, x: float, y: float) -> tuple[float, float]:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )


def _box(
    m: Matrix, x0: float, y0: float, x1: float, y1: float
) -> tuple[float, float, float, float]:
    ax, ay = _apply(m, x0, y0)
    bx, by = _apply(m, x1, y1)
    return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


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
        if letter in SPACES or letter == "\u200b":
            guessed = raw.FPDFText_IsGenerated(handle, index) == 1
            if not guessed:
                turned[last].append(None)
            continue
        if raw.FPDFText_IsGenerated(handle, index) == 1 and code != 2:
            continue
        raw.FPDFText_GetLooseCharBox(handle, index, loose)
        raw.FPDFText_GetCharOrigin(handle, index, x, y)
        box = _box(place, loose.left, loose.bottom, loose.right, loose.top)
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
        angle = raw.FPDFText_GetCharAngle(handle, index)
        quarters = angle / (math.pi / 2)
        if abs(quarters - round(quarters)) > 0.1:
            continue  # a watermark
        turn = (round(quarters) + rotation // 90) % 4
        ox, oy = _apply(place, x.value, y.value)
        box, base = _rotate(page, turn, box, (ox, oy))
        raw.FPDFText_GetMatrix(handle, index, matrix)
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


def _paths(page: pdfium.PdfPage, found: Page, place: Matrix) -> None:
    """Lines and filled boxes, also of nested forms."""
    budget = MAX_PATHS
    stack: list[tuple[object, int, bool, Matrix, int]] = [
        (page.raw, raw.FPDFPage_CountObjects(page.raw), False, place, 0)
    ]
    horizontal: list[Rule] = []
    vertical: list[Rule] = []
    matrix = raw.FS_MATRIX()
    area = found.width * found.height
    while stack:
        parent, count, is_form, outer, depth = stack.pop()
        get = raw.FPDFFormObj_GetObject if is_form else raw.FPDFPage_GetObject
        for i in range(count):
            item = get(parent, i)
            kind = raw.FPDFPageObj_GetType(item)
            if kind == raw.FPDF_PAGEOBJ_TEXT:
                continue
            budget -= 1
            found.drawn += 1
            if budget < 0:
                found.fills, found.horizontal, found.vertical = [], [], []
                return
            if not raw.FPDFPageObj_GetMatrix(item, matrix):
                continue
            own: Matrix = (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)
            m = _times(own, outer)
            if kind == raw.FPDF_PAGEOBJ_FORM:
                if depth < 8:
                    stack.append((item, raw.FPDFFormObj_CountObjects(item), True, m, depth + 1))
            elif kind == raw.FPDF_PAGEOBJ_IMAGE:
                x0, top, x1, bottom = _box(m, 0, 0, 1, 1)
                seen = max(0.0, min(x1, found.width) - max(x0, 0)) * max(
                    0.0, min(bottom, found.height) - max(top, 0)
                )
                found.picture = max(found.picture, seen / area)
            elif kind == raw.FPDF_PAGEOBJ_PATH:
                _path(item, m, found, horizontal, vertical)
    found.horizontal = _merged(horizontal)
    found.vertical = _merged(vertical)


def _path(
    item: object, m: Matrix, found: Page, horizontal: list[Rule], vertical: list[Rule]
) -> None:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not raw.FPDFPath_GetDrawMode(item, fill, stroke):
        return
    filled, stroked = fill.value != raw.FPDF_FILLMODE_NONE, bool(stroke.value)
    if not filled and not stroked:
        return
    count = raw.FPDFPath_CountSegments(item)
    if count > 2000:
        return
    x, y = ctypes.c_float(), ctypes.c_float()
    parts: list[list[tuple[float, float]]] = []
    for i in range(count):
        segment = raw.FPDFPath_GetPathSegment(item, i)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = _apply(m, x.value, y.value)
        if raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_MOVETO or not parts:
            parts.append([point])
        else:
            parts[-1].append(point)
        if raw.FPDFPathSegment_GetClose(segment):
            parts[-1].append(parts[-1][0])
    for points in parts:
        x0, x1 = min(p[0] for p in points), max(p[0] for p in points)
        top, bottom = min(p[1] for p in points), max(p[1] for p in points)
        x0, x1 = max(x0, -5), min(x1, found.width + 5)
        top, bottom = max(top, -5), min(bottom, found.height + 5)
        if x0 > x1 or top > bottom:
            continue
        if bottom - top <= 2.5 and x1 - x0 > bottom - top:
            horizontal.append(Rule((top + bottom) / 2, x0, x1))
        elif x1 - x0 <= 2.5 and bottom - top > x1 - x0:
            vertical.append(Rule((x0 + x1) / 2, top, bottom))
        elif x1 - x0 <= 2.5 and bottom - top <= 2.5:
            horizontal.append(Rule((top + bottom) / 2, x0, x1))
            vertical.append(Rule((x0 + x1) / 2, top, bottom))
        else:
            if filled and _area(points) >= 0.85 * (x1 - x0) * (bottom - top):
                found.fills.append(Fill(x0, top, x1, bottom, _colour(item)))
            if stroked:
                for (ax, ay), (bx, by) in pairwise(points):
                    if abs(ay - by) < 1 < abs(ax - bx):
                        horizontal.append(Rule((ay + by) / 2, min(ax, bx), max(ax, bx)))
                    elif abs(ax - bx) < 1 < abs(ay - by):
                        vertical.append(Rule((ax + bx) / 2, min(ay, by), max(ay, by)))


def _area(points: Sequence[tuple[float, float]]) -> float:
    """Of a polygon; the ribbons of a diagram fill less than their box."""
    ring = [*points, points[0]]
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairwise(ring))) / 2


def _colour(item: object) -> tuple[int, int, int]:
    r, g, b, a = (ctypes.c_uint() for _ in range(4))
    raw.FPDFPageObj_GetFillColor(item, r, g, b, a)
    return r.value, g.value, b.value


def _merged(rules: list[Rule]) -> list[Rule]:
    """Pieces of one line, such as the dots of a dotted one, made one; stray dots left out."""
    lines: list[list[Rule]] = []
    for rule in sorted(rules, key=lambda r: r.at):
        if lines and rule.at - lines[-1][0].at <= 1.2:
            lines[-1].append(rule)
        else:
            lines.append([rule])
    merged = []
    for line in lines:
        at = sum(r.at for r in line) / len(line)
        pieces = sorted(line, key=lambda r: r.start)
        start, end = pieces[0].start, pieces[0].end
        for piece in pieces[1:]:
            if piece.start - end <= 3.5:
                end = max(end, piece.end)
            else:
                merged.append(Rule(at, start, end))
                start, end = piece.start, piece.end
        merged.append(Rule(at, start, end))
    return [rule for rule in merged if rule.end - rule.start > 4]
