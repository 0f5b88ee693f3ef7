"""How well tables of rankings are read: precision and recall on documents with truth beside them.

`make accuracy` reads a folder with ``manifest.json``, documents and ``truth/*.json``, and writes
the table in ``docs/accuracy.md``: with a declared table, proposed without one, and what the bare
library gives with default settings on the same pages.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pdfplumber
import yaml

import audit
from ingest import reading
from ingest.facts import ParseError
from ingest.parsers.ranking_table import Table, read_table
from ingest.reading import Content, Limits
from ingest.settings import PROJECT
from ingest.tables.rankings import Ranking, find_rankings

PAGE = PROJECT / "docs" / "accuracy.md"
MARKS = "<!-- accuracy: begin -->", "<!-- accuracy: end -->"
DECLARED = PROJECT / "benchmarks" / "declared_tables.yml"
DOCUMENTS = PROJECT.parent / "shared" / "documents"
MISSES_SHOWN = 40
LIMITS = Limits(seconds=900)
"""Long enough for OCR on a machine that is busy."""


@dataclass(frozen=True)
class Triple:
    """Entity, rank and score of a row. Of texts, white space is folded, and nothing else."""

    entity: str
    rank: int | None
    score: float | None
    printed: str = field(default="", compare=False)
    place: str = field(default="", compare=False)


@dataclass
class Truth:
    """A table of a document as read by hand; its region is where its rows stand."""

    name: str
    triples: list[Triple]
    pages: set[int]
    sheets: set[str]


@dataclass
class Count:
    """Rows right, given and wanted, and what was missed or wrong."""

    right: int = 0
    given: int = 0
    wanted: int = 0
    remarks: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        self.right += other.right
        self.given += other.given
        self.wanted += other.wanted
        self.remarks += other.remarks

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.given if self.given else 1.0


def folded(text: str | None) -> str:
    return " ".join((text or "").split())


def number(value: Any) -> float | None:
    return None if value is None else round(float(value), 9)


def truths(path: Path) -> list[Truth]:
    found = []
    for table in json.loads(path.read_text(encoding="utf-8"))["tables"]:
        rows = table["rows"]
        triples = [
            Triple(
                folded(row["entity_as_printed"]),
                row["rank"],
                number(row["score"]),
                folded(row["score_as_printed"]),
            )
            for row in rows
        ]
        pages = {row["page"] for row in rows if row.get("page")}
        sheets = {row["cell"].split("!")[0] for row in rows if row.get("cell")}
        found.append(Truth(table["table"], triples, pages, sheets))
    return found


def compared(wanted: Sequence[Triple], given: Sequence[Triple]) -> Count:
    """Exact triples; a score also agrees where the same text is printed, for the truth keeps the
    number in front of a magnitude word ($3 trillion is 3)."""
    left = Counter(given)
    missed: list[Triple] = []
    for triple in wanted:
        if left[triple] > 0:
            left[triple] -= 1
        else:
            missed.append(triple)
    printed = Counter(
        {(t.entity, t.rank, t.printed): n for t, n in left.items() if t.printed and n > 0}
    )
    by_print = {(t.entity, t.rank, t.printed): t for t in left}
    still = []
    for triple in missed:
        key = (triple.entity, triple.rank, triple.printed)
        if triple.printed and printed[key] > 0:
            printed[key] -= 1
            left[by_print[key]] -= 1
        else:
            still.append(triple)
    wrong = list(left.elements())
    count = Count(len(wanted) - len(still), len(given), len(wanted))
    count.remarks = [*_misses(still, wrong)]
    return count


def _misses(missed: Sequence[Triple], wrong: Sequence[Triple]) -> Iterator[str]:
    """What was given in the place of a missed row, as far as rank, score or entity agree."""
    rest = list(wrong)
    for triple in missed:
        placed = [w for w in rest if w.rank == triple.rank and w.rank is not None]
        near = next(
            (
                w
                for w in (*placed, *rest)
                if w.entity == triple.entity or (w in placed and w.score == triple.score)
            ),
            None,
        )
        if near:
            rest.remove(near)
            yield f"{_shown(triple)} is read as {_shown(near)}"
        else:
            yield f"{_shown(triple)} is not given"
    for triple in rest:
        yield f"{_shown(triple)} is given and is no row of the truth"


def _shown(triple: Triple) -> str:
    rank = "-" if triple.rank is None else triple.rank
    score = "-" if triple.score is None else f"{triple.score:.10g}"
    return f"({triple.entity}, {rank}, {score})"


# ---------------------------------------------------------------- declared
def declared(
    content: Content, data: bytes, truth: Sequence[Truth], cards: Sequence[dict[str, Any]]
) -> Count:
    total = Count()
    for wanted in truth:
        card = next((c for c in cards if c["truth"] == wanted.name and not c.get("used")), None)
        given: list[Triple] = []
        if card is None:
            total.add(compared(wanted.triples, []))
            continue
        card["used"] = True
        fields = {k: v for k, v in card.items() if k not in ("truth", "used")}
        error = ""
        try:
            table = Table.model_validate({"report_id": "r", **fields})
            read = read_table(content, table, data)
            given = [
                Triple(
                    folded(f.row.entity),
                    f.row.rank,
                    number(f.row.score),
                    folded(f.row.score_as_printed),
                    f.row.locator,
                )
                for f in read.found
            ]
        except ParseError as problem:
            error = str(problem)
        count = compared(wanted.triples, given)
        if error:
            count.remarks = [f"{wanted.name}: {error}"]
        total.add(count)
    return total


# ---------------------------------------------------------------- proposed
def proposed(content: Content, truth: Sequence[Truth]) -> Count:
    """Rankings that are found without a card, each held against the table that it stands in.

    A ranking is in the region of a truth table when it stands on its pages or sheet and half of
    its rows name entities of it. Of several rankings of the same rows by other columns the first
    counts. Of a table without ranks every column of values is proposed, and the truth keeps one:
    that column counts. Rankings in no region count neither way.
    """
    rankings = find_rankings(content)
    total = Count()
    taken: set[int] = set()
    for wanted in truth:
        inside = [
            (i, r) for i, r in enumerate(rankings) if i not in taken and _in_region(r, wanted)
        ]
        ranked = _first_of_rows([f for f in inside if f[1].rank_kind in ("rank", "serial")])
        if not ranked and inside:
            best = max(inside, key=lambda f: compared(wanted.triples, triples(f[1])).right)
            ranked = [best]
        taken |= {i for i, _ in ranked}
        given = [t for _, r in ranked for t in triples(r)]
        count = compared(wanted.triples, given)
        refused = {a.text: a.reason for _, r in ranked for a in r.refused}
        count.remarks = [
            remark + next((f": {why}" for text, why in refused.items() if _names(text, remark)), "")
            for remark in count.remarks
        ]
        total.add(count)
    return total


def _first_of_rows(rankings: Sequence[tuple[int, Ranking]]) -> list[tuple[int, Ranking]]:
    """Rankings without those of which most rows were in an earlier one."""
    seen: set[str] = set()
    kept = []
    for i, ranking in rankings:
        own = {row.locator for row in ranking.rows}
        if len(own & seen) * 2 <= len(own):
            kept.append((i, ranking))
        seen |= own
    return kept


def _names(text: str, remark: str) -> bool:
    entity = remark[1:].split(",")[0]
    return "is not given" in remark and entity in text


def triples(ranking: Ranking) -> list[Triple]:
    return [
        Triple(
            folded(row.entity),
            row.rank,
            number(row.score),
            folded(row.score_as_printed),
            row.locator,
        )
        for row in ranking.rows
    ]


def _in_region(ranking: Ranking, truth: Truth) -> bool:
    if truth.pages and not truth.pages & {t.page for t in ranking.tables}:
        return False
    sheets = {t.where.removeprefix("sheet ") for t in ranking.tables}
    if truth.sheets and not truth.sheets & sheets:
        return False
    names = {t.entity for t in truth.triples}
    return sum(folded(r.entity) in names for r in ranking.rows) * 2 >= max(len(ranking.rows), 1)


# ---------------------------------------------------------------- the bare libraries
Grid = list[list[str]]


def bare_pdf(path: Path, pages: Iterable[int]) -> list[Grid]:
    with pdfplumber.open(path) as pdf:
        return [
            [[folded(cell) for cell in row] for row in table]
            for page in sorted(pages)
            for table in pdf.pages[page - 1].extract_tables()
        ]


def bare_html(path: Path, _: Iterable[int]) -> list[Grid]:
    return [
        [[folded(str(cell)) for cell in row] for row in frame.itertuples(index=False)]
        for frame in pd.read_html(path, encoding="utf-8")
    ]


def bare_xlsx(path: Path, _: Iterable[int]) -> list[Grid]:
    sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    return [
        [
            [folded("" if cell is None else str(cell)) for cell in row]
            for row in sheet.iter_rows(values_only=True)
        ]
    ]


BARE: dict[str, tuple[str, Callable[[Path, Iterable[int]], list[Grid]]]] = {
    ".pdf": ("pdfplumber extract_tables", bare_pdf),
    ".html": ("pandas read_html", bare_html),
    ".xlsx": ("openpyxl, first sheet", bare_xlsx),
}


def bare(path: Path, truth: Sequence[Truth]) -> Count:
    """Cells as the library gives them, with the columns chosen that agree best with the truth."""
    _, read = BARE[path.suffix]
    grids = read(path, {p for t in truth for p in t.pages})
    total = Count()
    for wanted in truth:
        given = [t for grid in grids for t in _best_columns(grid, wanted)]
        right = sum((Counter(given) & Counter(wanted.triples)).values())
        total.add(Count(right, len(given), len(wanted.triples)))
    return total


def _best_columns(grid: Grid, truth: Truth) -> Iterator[Triple]:
    """Rows of the columns in which most entities, ranks and scores of the truth stand.

    Blocks side by side are taken one after another, until no column has entities any more.
    """
    width = max(map(len, grid), default=0)
    rows = [row + [""] * (width - len(row)) for row in grid]
    of: dict[str, list[Triple]] = defaultdict(list)
    for triple in truth.triples:
        of[triple.entity].append(triple)
    free = set(range(width))
    while free:
        entity = max(sorted(free), key=lambda c: sum(row[c] in of for row in rows))
        if not any(row[entity] in of for row in rows):
            return
        free.discard(entity)
        lines = [row for row in rows if row[entity]]
        rank = _agreeing(lines, free, of, entity, lambda t: t.rank)
        score = _agreeing(lines, free - {rank}, of, entity, lambda t: t.score)
        free -= {rank, score}
        for row in lines:
            place = _plain(row[rank]) if rank is not None else None
            if rank is not None and place is None:
                continue
            value = _plain(row[score]) if score is not None else None
            yield Triple(row[entity], None if place is None else int(place), number(value))


def _agreeing(
    lines: Sequence[list[str]],
    columns: Iterable[int | None],
    of: dict[str, list[Triple]],
    entity: int,
    value: Callable[[Triple], float | None],
) -> int | None:
    counts = {
        c: sum(
            any(
                (v := value(t)) is not None and _plain(row[c]) == v for t in of.get(row[entity], ())
            )
            for row in lines
        )
        for c in columns
        if c is not None
    }
    best = max(counts, key=lambda c: (counts[c], -c), default=None)
    return best if best is not None and counts[best] else None


def _plain(text: str) -> float | None:
    """A number without thousands' commas, percent and currency signs."""
    plain = re.sub(r"[,%$€£\s]", "", text)
    try:
        return round(float(plain), 9)
    except ValueError:
        return None


# ---------------------------------------------------------------- the page
@dataclass
class Result:
    document: str
    form: str
    ways: dict[str, Count]


def measure(
    folder: Path,
    only: Sequence[str] = (),
    declarations: Path = DECLARED,
    with_library: bool = True,
) -> list[Result]:
    """Every document of the folder that has a truth, in the order of its manifest."""
    cards: dict[str, list[dict[str, Any]]] = yaml.safe_load(declarations.read_text("utf-8"))
    results = []
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        path = folder / entry["file"]
        if not entry.get("truth") or (only and entry["file"] not in only):
            continue
        print(entry["file"], file=sys.stderr, flush=True)
        truth = truths(folder / entry["truth"])
        data = path.read_bytes()
        content = reading.read(data, entry["file"], limits=LIMITS)
        form = content.form.upper()
        if any(table.confidence for table in content.tables):
            form += ", scanned"
        ways = {
            "declared": declared(content, data, truth, cards.get(entry["file"], [])),
            "proposed": proposed(content, truth),
        }
        if with_library and path.suffix in BARE:
            ways["bare"] = bare(path, truth)
        results.append(Result(entry["file"], form, ways))
    return results


def rows(results: Sequence[Result]) -> Iterator[dict[str, Any]]:
    for result in results:
        yield _row(result.document, result.form, result.ways, {})
    for form in dict.fromkeys(r.form for r in results):
        own = [r for r in results if r.form == form]
        if len(own) < 2:
            continue
        sums: dict[str, Count] = defaultdict(Count)
        for result in own:
            for way, count in result.ways.items():
                sums[way].add(count)
        yield _row(f"all {len(own)}, micro", form, sums, {})
        macro = {
            way: (
                sum(r.ways[way].recall for r in own if way in r.ways) / len(own),
                sum(r.ways[way].precision for r in own if way in r.ways) / len(own),
            )
            for way in sums
        }
        yield _row(f"all {len(own)}, macro", form, sums, macro)


def _row(
    name: str, form: str, ways: dict[str, Count], macro: dict[str, tuple[float, float]]
) -> dict[str, Any]:
    row: dict[str, Any] = {"document": name, "form": form, "rows": ways["declared"].wanted}
    for way, title in (("declared", "declared"), ("proposed", "proposed"), ("bare", "library")):
        count = ways.get(way)
        recall, precision = macro.get(way, (0.0, 0.0))
        if count is not None and not macro:
            recall, precision = count.recall, count.precision
        row[f"{title}, recall"] = "" if count is None else f"{recall:.3f}"
        given = count is not None and count.given
        row[f"{title}, precision"] = f"{precision:.3f}" if given else ""
    return row


def misses(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        for way in ("declared", "proposed"):
            remarks = result.ways[way].remarks
            if not remarks:
                continue
            yield f"**{result.document}**, {way}:"
            shown = [f"- {remark}" for remark in remarks[:MISSES_SHOWN]]
            if len(remarks) > MISSES_SHOWN:
                shown.append(f"- and {len(remarks) - MISSES_SHOWN} more")
            yield "\n".join(shown)


def page(text: str, results: Sequence[Result]) -> str:
    begin, end = MARKS
    made = "\n\n".join(
        [
            audit.markdown(list(rows(results))),
            "### Every miss",
            "\n\n".join(misses(results)) or "None.",
        ]
    )
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.S)
    return pattern.sub(lambda _: f"{begin}\n\n{made}\n\n{end}", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, default=DOCUMENTS)
    parser.add_argument("--only", nargs="*", default=())
    options = parser.parse_args()
    if not (options.documents / "manifest.json").exists():
        print(f"There are no documents with truth in {options.documents}", file=sys.stderr)
        return 2
    results = measure(options.documents, options.only)
    if options.only:
        print(audit.markdown(list(rows(results))), *misses(results), sep="\n")
    else:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
