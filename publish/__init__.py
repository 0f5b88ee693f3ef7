"""Turns a checked build into a release that readers may open.

A release is a folder that never changes again: the warehouse, read-only and in a storage version
that DuckDB 1.x reads too, the audit report of every index, and a manifest. Readers follow the link
`current`.
"""

from publish.changes import changes
from publish.content import (
    DIFFERENCE,
    compare,
    content_digest,
    difference,
    open_read_only,
    table_digests,
)
from publish.index_report import FOLDER as REPORTS
from publish.reasons import (
    FIRST,
    comparison,
    index_tables,
    moves,
    why_not_compared,
    with_figures,
    write_difference,
)
from publish.reasons import READS as DIFFERENCE_READS
from publish.reasons import TABLES as DIFFERENCE_TABLES
from publish.write import WAREHOUSE, PublishError, ReleaseResult, current_manifest, release

__all__ = [
    "DIFFERENCE",
    "DIFFERENCE_READS",
    "DIFFERENCE_TABLES",
    "FIRST",
    "REPORTS",
    "WAREHOUSE",
    "PublishError",
    "ReleaseResult",
    "changes",
    "compare",
    "comparison",
    "content_digest",
    "current_manifest",
    "difference",
    "index_tables",
    "moves",
    "open_read_only",
    "release",
    "table_digests",
    "why_not_compared",
    "with_figures",
    "write_difference",
]
