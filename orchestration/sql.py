"""`make sql Q="select ..."`: ask the current release; without a query, list its tables.

With PREVIEW=1 it asks the warehouse of the last dry run, in which private cards are. Rows that are
too wide for the terminal stand one column a line.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Sequence

import duckdb

from ingest.settings import Settings
from publish import WAREHOUSE

TABLES = """
select schema_name || '.' || table_name as "table", estimated_size as "rows", comment
from duckdb_tables() order by all
"""
ROWS = 200
PREVIEW = "--preview"


def main(arguments: Sequence[str]) -> None:
    settings = Settings.from_env()
    preview = PREVIEW in arguments
    query = " ".join(a for a in arguments if a != PREVIEW) or os.environ.get("Q", "").strip()
    file = (settings.preview_dir if preview else settings.current) / WAREHOUSE
    if not file.exists():
        what, target = ("preview", "preview") if preview else ("release", "run")
        sys.exit(f"There is no {what} yet ({file}): make {target}")
    with duckdb.connect(str(file), read_only=True) as con:
        try:
            cursor = con.execute(query or TABLES)
            show([name for name, *_ in cursor.description or []], cursor.fetchmany(ROWS + 1))
        except duckdb.Error as error:
            sys.exit(str(error))


def show(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    texts = [["" if value is None else str(value) for value in row] for row in rows[:ROWS]]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    if sum(widths) + 2 * len(widths) <= shutil.get_terminal_size((120, 24)).columns:
        for row in (columns, ["-" * width for width in widths], *texts):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip())
    else:
        width = max(map(len, columns))
        for i, row in enumerate(texts, 1):
            print(f"-- row {i}")
            for name, cell in zip(columns, row, strict=True):
                print(f"{name.ljust(width)}  {cell}")
    print(f"({len(texts)} rows{', and more' if len(rows) > ROWS else ''})")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no fault
    main(sys.argv[1:])
