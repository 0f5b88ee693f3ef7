"""`make sql Q="select ..."`: ask the current release; without a query, list its tables.

With PREVIEW=1 it asks what `make preview` has built, private cards included.
"""

from __future__ import annotations

import sys

import duckdb

from ingest.settings import Settings
from publish import WAREHOUSE

TABLES = """
select schema_name || '.' || table_name as "table", estimated_size as "rows", comment
from duckdb_tables() order by all
"""
PREVIEW = "--preview"


def main(arguments: list[str]) -> None:
    settings = Settings.from_env()
    preview = PREVIEW in arguments
    query = " ".join(argument for argument in arguments if argument != PREVIEW).strip()
    file = (settings.preview_dir if preview else settings.current) / WAREHOUSE
    if not file.exists():
        what, target = ("preview", "make preview") if preview else ("release", "make run")
        sys.exit(f"There is no {what} yet ({file}): {target}")
    with duckdb.connect(str(file), read_only=True) as con:
        con.sql(query or TABLES).show(max_rows=200)


if __name__ == "__main__":
    main(sys.argv[1:])
