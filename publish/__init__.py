"""Turns a checked build into a release that readers may open.

A release is a folder that never changes again: the warehouse, read-only and in a storage version
that DuckDB 1.x reads too, the audit report of every index, and a manifest. Readers follow the link
`current`.
"""

from publish.changes import changes
from publish.content import compare, content_digest, difference, open_read_only, table_digests
from publish.index_report import FOLDER as REPORTS
from publish.write import WAREHOUSE, PublishError, ReleaseResult, current_manifest, release

__all__ = [
    "REPORTS",
    "WAREHOUSE",
    "PublishError",
    "ReleaseResult",
    "changes",
    "compare",
    "content_digest",
    "current_manifest",
    "difference",
    "open_read_only",
    "release",
    "table_digests",
]
