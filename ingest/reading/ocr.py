"""Scanned pages to words with their places, for the same layout as pages with a text layer.

rapidocr and onnxruntime are an optional extra, `make setup-ocr`; their models come inside the
package and nothing is fetched. Its boxes are a little larger than the type, hence the factors.
"""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from statistics import fmean, median
from typing import Any

import numpy as np
import pypdfium2 as pdfium  # type: ignore[import-untyped]

from ingest.reading.pdf_page import Page, Rule, Word

DPI = 150
MAX_SIDE = 3_500
"""Pixels of the longer side; a larger page is rendered more coarsely."""
MAX_PAGES = 100
"""Of one document: each takes seconds."""
TYPE = 0.65
"""Size of the type per height of the box that is found around a line."""
UNSURE = 0.75
"""Mean confidence under which a page may stand on its head."""
DARK = 110
"""Of 255: a box as dark as this may hold light figures."""
MAX_BOXES = 200

Box = Sequence[Sequence[float]]
Token = tuple[Word, float]


def available() -> bool:
    """Whether the extra is installed."""
    return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))


def read_page(document: pdfium.PdfDocument, index: int, page: Page) -> Page:
    """The page with the words and ruled lines of its picture, in the same coordinates."""
    handle = document[index]
    try:
        scale = min(DPI / 72, MAX_SIDE / max(page.width, page.height))
        image = handle.render(scale=scale, prefer_bgrx=False, rev_byteorder=False).to_numpy()
    finally:
        handle.close()
    turns, words = _upright(np.ascontiguousarray(image[:, :, :3]))
    image = np.ascontiguousarray(np.rot90(image[:, :, :3], turns))
    words += _on_dark(image, words)
    horizontal, vertical = _rules(image)
    height, width = image.shape[:2]
    return replace(
        page,
        width=width / scale,
        height=height / scale,
        words=[_scaled(word, scale) for word in words],
        horizontal=[Rule(r.at / scale, r.start / scale, r.end / scale) for r in horizontal],
        vertical=[Rule(r.at / scale, r.start / scale, r.end / scale) for r in vertical],
        fills=[],
    )


@lru_cache(maxsize=1)
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": MAX_SIDE,
            "Global.use_cls": False,
        }
    )


def _found(image: np.ndarray, *, use_det: bool) -> Any:
    """What the engine finds. It keeps the switches of a call for the next, so all are set."""
    return _engine()(image, use_det=use_det, use_cls=False, use_rec=True, return_word_box=use_det)


def _upright(image: np.ndarray) -> tuple[int, list[Word]]:
    """Quarter turns to the left that make the page upright, and its words then."""
    words, tall = _recognise(image)
    if not words:
        return 0, []
    sure = _sureness(words)
    if tall > 0.6:
        others = [1, 3]
    elif sure < UNSURE:
        others = [2]
    else:
        return 0, words
    best = (sure if tall <= 0.6 else 0.0, 0, words)
    for turns in others:
        turned, _ = _recognise(np.ascontiguousarray(np.rot90(image, turns)))
        if turned and _sureness(turned) > best[0]:
            best = (_sureness(turned), turns, turned)
    return best[1], best[2]


def _sureness(words: Sequence[Word]) -> float:
    return fmean(word.confidence or 0.0 for word in words)


def _recognise(image: np.ndarray) -> tuple[list[Word], float]:
    """Words in pixels, straightened, and the share of longer texts whose box is upended."""
    found = _found(image, use_det=True)
    if found.boxes is None or not len(found.boxes):
        return [], 0.0
    # Plain numbers, as nothing else may leave the bounded process.
    boxes: list[Box] = [[(float(x), float(y)) for x, y in box] for box in found.boxes]
    long = [box for box, text in zip(boxes, found.txts, strict=True) if len(text) > 2]
    tall = fmean(_upended(box) for box in long) if long else 0.0
    angle = _skew(boxes)
    words: list[Word] = []
    for box, text, score, parts in zip(
        boxes, found.txts, found.scores, found.word_results, strict=True
    ):
        words += _tokens(box, text, float(score), parts)
    if abs(angle) > 0.002:
        middle = (image.shape[1] / 2, image.shape[0] / 2)
        words = [_straightened(word, angle, middle) for word in words]
    return words, tall


def _upended(box: Box) -> bool:
    return math.dist(box[0], box[3]) > 1.5 * math.dist(box[0], box[1])


def _skew(boxes: Sequence[Box]) -> float:
    """Angle in radians by which the lines of the page lean."""
    wide = [box for box in boxes if math.dist(box[0], box[1]) > 4 * math.dist(box[0], box[3])]
    angles = [math.atan2(b[1][1] - b[0][1], b[1][0] - b[0][0]) for b in wide]
    return median(angles) if len(angles) >= 5 else 0.0


def _straightened(word: Word, angle: float, middle: tuple[float, float]) -> Word:
    x, y = (word.x0 + word.x1) / 2 - middle[0], word.middle - middle[1]
    dx = x * math.cos(angle) + y * math.sin(angle) - x
    dy = y * math.cos(angle) - x * math.sin(angle) - y
    return replace(
        word, x0=word.x0 + dx, x1=word.x1 + dx, top=word.top + dy, bottom=word.bottom + dy
    )


def _tokens(box: Box, text: str, score: float, parts: Sequence[Any]) -> list[Word]:
    """Words of one line found, each with its own box; apart also where a wide gap is."""
    size = TYPE * (math.dist(box[0], box[3]) + math.dist(box[1], box[2])) / 2
    middle = sum(point[1] for point in box) / 4
    slope = (box[1][1] - box[0][1]) / max(1.0, box[1][0] - box[0][0])
    centre = sum(point[0] for point in box) / 4
    words: list[Word] = []
    rest = text
    for part, sure, where in parts:
        spaced = rest[:1].isspace()
        rest = rest.lstrip()
        rest = rest.removeprefix(part)
        xs = [float(point[0]) for point in where]
        x0, x1 = min(xs), max(xs)
        y = middle + ((x0 + x1) / 2 - centre) * slope
        confidence = min(score, float(sure))
        if words and not spaced and x0 - words[-1].x1 < 0.8 * size:
            before = words[-1]
            before.text += part
            before.x1 = max(before.x1, x1)
            before.confidence = min(before.confidence or 0.0, confidence)
            continue
        if part.strip():
            words.append(
                Word(x0, y - size / 2, x1, y + size / 2, part.strip(), size, confidence=confidence)
            )
    for word in words:
        word.text = re.sub(r",(?=[^\W\d])", ", ", word.text)  # a narrow space is often missed
    return words


def _on_dark(image: np.ndarray, words: Sequence[Word]) -> list[Word]:
    """Light figures in small dark boxes, which the search for text passes over."""
    import cv2

    if not words:
        return []
    high = median(word.size for word in words)
    dark = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) < DARK).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
    boxes = [
        (x, y, w, h) for x, y, w, h, area in stats[1:].tolist()
        if high < h < 4 * high and high < w < 8 * high and area > 0.55 * w * h
        and not any(x <= (o.x0 + o.x1) / 2 <= x + w and y <= o.middle <= y + h for o in words)
    ]  # fmt: skip
    found = []
    for x, y, w, h in boxes[:MAX_BOXES]:
        crop = np.ascontiguousarray(255 - image[y : y + h, x : x + w])
        read = _found(crop, use_det=False)
        text, sure = (read.txts[0], float(read.scores[0])) if read.txts else ("", 0.0)
        if text.strip() and sure > UNSURE:
            middle, half = y + h / 2, high / 2
            left = x + max(0.0, w - 0.6 * high * len(text)) / 2
            right = 2 * x + w - left
            found.append(
                Word(left, middle - half, right, middle + half, text.strip(), high, confidence=sure)
            )
    return found


def _scaled(word: Word, scale: float) -> Word:
    return replace(
        word,
        x0=word.x0 / scale,
        top=word.top / scale,
        x1=word.x1 / scale,
        bottom=word.bottom / scale,
        size=word.size / scale,
    )


def _rules(image: np.ndarray) -> tuple[list[Rule], list[Rule]]:
    """Long straight dark lines of a picture, in pixels."""
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    dark = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12
    )
    rules: list[list[Rule]] = []
    for wide in (True, False):
        length = DPI // 2
        kernel = np.ones((1, length) if wide else (length, 1), np.uint8)
        lines = cv2.morphologyEx(dark, cv2.MORPH_OPEN, kernel)
        _, _, stats, _ = cv2.connectedComponentsWithStats(lines)
        found = []
        for x, y, w, h, _ in stats[1:].tolist():
            thick, long = (h, w) if wide else (w, h)
            if thick <= DPI / 16 and long >= length:
                at, start = (y + h / 2, x) if wide else (x + w / 2, y)
                found.append(Rule(at, start, start + long))
        rules.append(found)
    return rules[0], rules[1]
