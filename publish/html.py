"""Parts of a page that needs nothing but itself: tables, numbers and drawings as HTML and SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

Row = Mapping[str, Any]

BLUE, RED, GREY = (0x44, 0x77, 0xAA), (0xC0, 0x50, 0x3C), "#d8d8d8"
LABEL = 46  # characters of a label in a drawing

STYLE = """
:root { color: #1b1b1b; background: #fff; font: 15px/1.45 system-ui, "Helvetica Neue", Arial,
  "Noto Sans", "Noto Sans CJK SC", sans-serif; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1.25rem; }
h1 { font-size: 1.8rem; line-height: 1.15; margin: 0 0 .2rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .5rem; padding-top: .5rem; border-top: 2px solid #1b1b1b; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p, ul { max-width: 46rem; margin: .4rem 0; }
ul { padding-left: 1.2rem; }
.sub, .note, caption { color: #555; }
.note, caption { font-size: .85rem; }
caption { text-align: left; padding: .3rem 0; max-width: 46rem; }
nav { font-size: .85rem; margin: 1rem 0; }
nav a { margin-right: .9rem; }
a { color: #2a5785; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .8rem; line-height: 1.3; margin: .4rem 0 1rem;
  width: 100%; }
th, td { padding: .2rem .4rem; border-bottom: 1px solid #ddd; vertical-align: top;
  text-align: left; }
thead th { border-bottom: 1.5px solid #1b1b1b; vertical-align: bottom; font-weight: 600;
  font-size: .76rem; }
.flag { min-width: 6rem; display: inline-block; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; }
td.r, th.r { width: 46%; }
td.t { min-width: 11rem; }
tr.b > td { background: #f5f5f3; }
tr.b > td:first-child { font-weight: 600; }
td .note { font-weight: 400; font-size: .78rem; }
.in1 { padding-left: 1rem; } .in2 { padding-left: 2rem; } .in3 { padding-left: 3rem; }
.in4 { padding-left: 4rem; }
.flag { color: #8f3423; font-weight: 600; }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: 1rem 0; }
.facts div { min-width: 6.5rem; }
.facts b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.facts span { font-size: .8rem; color: #555; }
.city { display: grid; grid-template-columns: 1fr 1fr .8fr; gap: 0 1.2rem; font-size: .82rem;
  border-top: 1px solid #ddd; padding: .4rem 0; }
.city h3 { grid-column: 1 / -1; margin: .2rem 0; }
.city h4 { margin: 0; font-size: .8rem; color: #555; font-weight: 600; }
.city ul { margin: .1rem 0; padding-left: 1rem; }
svg { max-width: 100%; height: auto; }
td svg { height: 9px; width: 70px; max-width: none; display: block; margin-top: .3rem; }
footer { margin-top: 2.5rem; border-top: 1px solid #ddd; padding-top: .6rem; }
@page { size: A4; margin: 14mm; }
@media print {
  :root { font-size: 10pt; }
  body { margin: 0; padding: 0; max-width: none; }
  nav { display: none; }
  a { color: inherit; text-decoration: none; }
  .wide { overflow: visible; }
  table { font-size: 7.6pt; }
  thead th { font-size: 7.2pt; }
  th, td { padding: .1rem .22rem; }
  td svg { width: 44px; }
  .flag { min-width: 4.6rem; }
  h2, h3 { break-after: avoid; }
  tr, .city, figure { break-inside: avoid; }
  thead { display: table-header-group; }
  svg, td, .facts { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
figure { margin: .5rem 0 1rem; }
@media (max-width: 40rem) { .city { grid-template-columns: 1fr; } }
"""


def page(title: str, body: str) -> str:
    """A whole document, which loads nothing and runs nothing."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def number(value: Any, form: Callable[[float], str]) -> str:
    """A number as it is read, with the whole of it beside; a dash for none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    return f'<data value="{value!r}">{form(value).replace("-", "−")}</data>'


def whole(value: float) -> str:
    return f"{value:,.0f}"


def decimals(digits: int) -> Callable[[float], str]:
    return lambda value: f"{value + 0.0:.{digits}f}"


def per_cent(value: float) -> str:
    """A share of 1; a part of a per cent is not rounded away to nothing or to all."""
    digits = 0 if value in (0, 1) or 0.0995 <= abs(value) < 0.9895 else 1
    return f"{100 * value:.{digits}f} %"


def weight(value: float) -> str:
    return f"{100 * value:.1f} %"


def figure(value: float) -> str:
    """Four digits, thousands apart, as figures of any size are read."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    if abs(value) < 1e-4 or abs(value) >= 1e13:
        return f"{value:.3e}"
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Column:
    """A column of a table: how its cells are made of a row."""

    title: str
    key: str = ""
    form: Callable[[float], str] | None = None
    """How its numbers read; text without it."""
    cell: Callable[[Row], str] | None = None
    """HTML of a cell, instead of the value under `key`."""
    kind: str = ""
    """Class of the cells: n (number), r (running text), t (a title beside many numbers)."""

    def html(self, row: Row) -> str:
        if self.cell:
            inner = self.cell(row)
        elif self.form:
            inner = number(row[self.key], self.form)
        else:
            inner = escape(str(row[self.key] if row[self.key] is not None else ""))
        return f"<td{self._class()}>{inner}</td>"

    def head(self) -> str:
        return f'<th scope="col"{self._class()}>{escape(self.title)}</th>'

    def _class(self) -> str:
        kind = self.kind or ("n" if self.form else "")
        return f' class="{kind}"' if kind else ""


def table(
    name: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    caption: str = "",
    bold: Callable[[Row], bool] = lambda _: False,
) -> str:
    """A table with its caption, which is plain text; nothing for no rows."""
    if not rows:
        return ""
    head = "".join(column.head() for column in columns)
    lines = "\n".join(
        ('<tr class="b">' if bold(row) else "<tr>")
        + "".join(column.html(row) for column in columns)
        + "</tr>"
        for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="wide"><table id="{escape(name)}">{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>\n{lines}\n</tbody></table></div>"
    )


def bar(share: float | None) -> str:
    """A bar as long as a share of 1."""
    if share is None:
        return ""
    length = 90 * min(max(share, 0.0), 1.0)
    return (
        '<svg viewBox="0 0 90 9" role="presentation"><path fill="#ececec" d="M0 0h90v9H0z"/>'
        f'<path fill="{_colour(BLUE, 1)}" d="M0 0h{length:.1f}v9H0z"/></svg>'
    )


def correlations(
    labels: Mapping[str, str],
    groups: Mapping[str, str],
    cells: Mapping[tuple[str, str], tuple[float | None, str | None]],
    width: int = 900,
) -> str:
    """Lower triangle of a matrix: blue for positive, red for negative, a frame for a flag.

    Args:
        labels: name of each node, in order.
        groups: its group; a line parts groups.
        cells: correlation and flag of a pair of nodes, in either order.
    """
    nodes = list(labels)
    left, size = 330.0, min(30.0, (width - 340.0) / max(len(nodes), 1))
    has_text = size >= 21
    parts: list[str] = []
    for i, node in enumerate(nodes):
        y = i * size
        label = f"{i + 1}  {_short(labels[node])}"
        parts.append(
            f'<text x="{left - 6}" y="{y + size / 2 + 4:.1f}" text-anchor="end">'
            f"{escape(label)}</text>"
        )
        for j, other in enumerate(nodes[:i]):
            value, flag = cells.get((node, other)) or cells.get((other, node)) or (None, None)
            x = left + j * size
            frame = ' stroke="#111" stroke-width="1.6"' if flag else ""
            inset = 1.3 if flag else 0.5
            fill = GREY if value is None else _colour(BLUE if value >= 0 else RED, abs(value))
            said = f"{labels[node]} and {labels[other]}: " + (
                "not known" if value is None else f"{value:.2f}" + (f", {flag}" if flag else "")
            )
            parts.append(
                f'<rect x="{x + inset:.1f}" y="{y + inset:.1f}" width="{size - 2 * inset:.1f}"'
                f' height="{size - 2 * inset:.1f}" fill="{fill}"{frame}>'
                f"<title>{escape(said)}</title></rect>"
            )
            if has_text and value is not None:
                ink = "#fff" if abs(value) > 0.6 else "#000"
                text = f"{value:.2f}".replace("0.", ".", 1).replace("-", "−")
                parts.append(
                    f'<text x="{x + size / 2:.1f}" y="{y + size / 2 + 3.5:.1f}" fill="{ink}"'
                    f' text-anchor="middle" font-size="9.5">{text}</text>'
                )
        parts.append(
            f'<text x="{left + (i + 0.5) * size:.1f}" y="{y + size / 2 + 4:.1f}"'
            f' text-anchor="middle" fill="#555">{i + 1}</text>'
        )
        if i and groups[node] != groups[nodes[i - 1]]:
            parts.append(
                f'<path d="M{left} {y:.1f}h{i * size:.1f}" stroke="#111" stroke-width=".8"/>'
            )
    height = len(nodes) * size + 4
    return (
        f'<figure><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}"'
        f' width="{width}" height="{height:.0f}" role="img" aria-label="Correlations"'
        f' font-size="{min(11.5, size):.1f}">{"".join(parts)}</svg></figure>'
    )


def _short(text: str) -> str:
    return text if len(text) <= LABEL else text[: LABEL - 1] + "…"


def _colour(base: tuple[int, int, int], share: float) -> str:
    """Between white for 0 and the base for 1."""
    return "#" + "".join(f"{round(255 + (part - 255) * min(share, 1.0)):02x}" for part in base)
