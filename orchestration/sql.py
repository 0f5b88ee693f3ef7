"""`make sql Q="select ..."`: ask the current release; without a query, list its tables."""

from __future__ import annotations

import sys

import duckdb

from ingest.settings import Settings
from orchestration.build import WAREHOUSE

TABLES = """
select schema_name || '.' || table_name as "table", estimated_size as "rows", comment
from duckdb_tables() order by all
"""


def main(query: str) -> None:
    file = Settings.from_env().current / WAREHOUSE
    if not file.exists():
        sys.exit(f"There is no release yet ({file}): make run")
    with duckdb.connect(str(file), read_only=True) as con:
        con.sql(query or TABLES).show(max_rows=200)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]).strip())
