"""Rules, shading and pictures of a page of a PDF."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import pairwise

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from ingest.reading.pdf_page import Fill, Page, Rule

MAX_PATHS = 50_000
"""Of one page. A map or a chart has more, and no ruled table hides in it."""
Matrix = tuple[float, float, float, float, float, float]


def upright(rotation: int, left: float, bottom: float, right: float, top: float) -> Matrix:
    """Matrix from the file's coordinates to upright ones with y downward."""
    return {
        0: (1, 0, 0, -1, -left, top),
        90: (0, 1, 1, 0, -bottom, -left),
        180: (-1, 0, 0, 1, right, -bottom),
        270: (0, -1, -1, 0, top, right),
    }[rotation % 360]


def apply(m: Matrix, x: float, y: float) -> tuple[float, float]:
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


def box_of(
    m: Matrix, x0: float, y0: float, x1: float, y1: float
) -> tuple[float, float, float, float]:
    ax, ay = apply(m, x0, y0)
    bx, by = apply(m, x1, y1)
    return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def add_paths(page: pdfium.PdfPage, found: Page, place: Matrix) -> None:
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
                x0, top, x1, bottom = box_of(m, 0, 0, 1, 1)
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
        point = apply(m, x.value, y.value)
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
