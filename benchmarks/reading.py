"""Documents per second and peak memory of reading, by form, against the bare library.

Each document is made here, of one table of cities on several pages or sheets, and read in a
process of its own: by the library alone, by the reader of the form, and by the reader with the
rankings proposed from it. The ratios are of the same run:

    python -m benchmarks.reading [--rows 2000] [--runs 3] [files ...]

Files named after the options are read instead, each by the library of its ending.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Read = Callable[[bytes], Any]
HEADINGS = ("Rank", "City", "Country", "Population", "Score")


def rows(number: int) -> list[tuple[str, ...]]:
    return [
        (
            str(i),
            f"City {i}",
            f"Country {i % 60}",
            f"{9_000_000 - 1000 * i:,}",
            f"{100 - i / 50:.2f}",
        )
        for i in range(1, number + 1)
    ]


# ---------------------------------------------------------------- documents
def pdf(number: int) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

    stream = io.BytesIO()
    table = Table([HEADINGS, *rows(number)], repeatRows=1)
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")]))
    SimpleDocTemplate(stream, pagesize=A4).build([table])
    return stream.getvalue()


def html(number: int) -> bytes:
    lines = "".join(
        f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in [HEADINGS, *rows(number)]
    )
    return f"<html><body><h1>Cities</h1><table>{lines}</table></body></html>".encode()


def xlsx(number: int) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in [HEADINGS, *rows(number)]:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def xls(number: int) -> bytes:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Cities")
    for i, row in enumerate([HEADINGS, *rows(number)]):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def docx(number: int) -> bytes:
    import docx as word

    document = word.Document()
    table = document.add_table(rows=0, cols=len(HEADINGS))
    for row in [HEADINGS, *rows(min(number, 500))]:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def csv(number: int) -> bytes:
    return "\n".join(";".join(row) for row in [HEADINGS, *rows(number)]).encode()


# ---------------------------------------------------------------- the bare libraries
def bare_pdf_text(data: bytes) -> Any:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(data)) as document:
        return [page.extract_text() for page in document.pages]


def bare_pdf_tables(data: bytes) -> Any:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(data)) as document:
        return [page.extract_tables() for page in document.pages]


def bare_lxml(data: bytes) -> Any:
    import lxml.html

    root = lxml.html.document_fromstring(data)
    return [[cell.text_content() for cell in row] for row in root.iter("tr")]


def bare_html(data: bytes) -> Any:
    import pandas as pd

    return pd.read_html(io.BytesIO(data))


def bare_openpyxl(data: bytes) -> Any:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    return [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]


def bare_calamine(data: bytes) -> Any:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def bare_docx(data: bytes) -> Any:
    import docx as word

    tables = word.Document(io.BytesIO(data)).tables
    return [[[cell.text for cell in row.cells] for row in table.rows] for table in tables]


def bare_csv(data: bytes) -> Any:
    import csv as csv_module

    return list(csv_module.reader(io.StringIO(data.decode()), delimiter=";"))


FORMS: dict[str, tuple[Callable[[int], bytes], dict[str, Read]]] = {
    "pdf": (
        pdf,
        {"pdfplumber extract_tables": bare_pdf_tables, "pdfplumber extract_text": bare_pdf_text},
    ),
    "html": (html, {"pandas read_html": bare_html, "lxml": bare_lxml}),
    "xlsx": (xlsx, {"openpyxl": bare_openpyxl, "calamine": bare_calamine}),
    "xls": (xls, {"calamine": bare_calamine}),
    "docx": (docx, {"python-docx": bare_docx}),
    "csv": (csv, {"csv": bare_csv}),
}


# ---------------------------------------------------------------- the readers
def reader(data: bytes) -> Any:
    from ingest.reading.dispatch import content

    return content(data)


def rankings(data: bytes) -> Any:
    from ingest.tables.rankings import find_rankings

    return find_rankings(reader(data))


def in_its_own_process(data: bytes) -> Any:
    """As the pipeline reads: in a process of its own, bounded in time and memory."""
    from ingest.reading import Limits, read

    return read(data, limits=Limits(seconds=900))


def _child(read: Read, path: str, answer: Any) -> None:
    data = Path(path).read_bytes()
    try:
        read(data)  # imports and caches are not what is measured
        started = time.perf_counter()
        read(data)
        answer.send((time.perf_counter() - started, _peak()))
    except Exception as error:  # a library that gives up is a result too
        answer.send(f"{type(error).__name__}: {error}")


def _peak() -> float:
    """Peak memory in MiB of this process, or of one that it started.

    The kernel's high-water mark, for the maximum that getrusage tells is that of the parent too.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    own = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def measured(read: Read, path: Path, runs: int) -> tuple[float, float] | str:
    """Seconds (median) and peak memory in MiB of a reading in a fresh process."""
    seconds, peaks = [], []
    for _ in range(runs):
        ours, theirs = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(
            target=_child, args=(read, str(path), theirs)
        )
        process.start()
        theirs.close()
        try:
            found = ours.recv()
        except EOFError:
            found = "ended without an answer"
        process.join()
        if isinstance(found, str):
            return found
        seconds.append(found[0])
        peaks.append(found[1])
    return statistics.median(seconds), max(peaks)


def compared(path: Path, libraries: dict[str, Read], runs: int) -> dict[str, Any]:
    """Every way of reading one document, with its ratio to the first library."""
    ways = {
        **libraries,
        "reader": reader,
        "reader in its own process": in_its_own_process,
        "reader and rankings": rankings,
    }
    results: dict[str, Any] = {"bytes": path.stat().st_size}
    base: tuple[float, float] | None = None
    for name, read in ways.items():
        found = measured(read, path, runs)
        if isinstance(found, str):
            results[name] = found
            continue
        base = base or found
        results[name] = {
            "documents_per_second": round(1 / found[0], 2),
            "time_ratio": round(found[0] / base[0], 2),
            "peak_mib": round(found[1]),
            "memory_ratio": round(found[1] / base[1], 2),
        }
    return results


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--forms", nargs="*", choices=[*FORMS], default=[*FORMS])
    parser.add_argument("--files", nargs="*", type=Path, default=())
    options = parser.parse_args(arguments)
    report: dict[str, Any] = {"rows": options.rows, "runs": options.runs}
    with tempfile.TemporaryDirectory() as folder:
        paths = list(options.files)
        for form in options.forms if not paths else ():
            path = Path(folder) / f"cities.{form}"
            path.write_bytes(FORMS[form][0](options.rows))
            paths.append(path)
        for path in paths:
            _, libraries = FORMS[path.suffix.lstrip(".")]
            report[path.name] = compared(path, libraries, options.runs)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
