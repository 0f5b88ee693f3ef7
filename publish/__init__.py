"""Turns a checked build into a release that readers may open.

A release is a folder that never changes again: the warehouse, read-only and in a storage version
that DuckDB 1.x reads too, and a manifest. Readers follow the link `current`.
"""

from publish.content import content_digest, difference, table_digests
from publish.write import PublishError, ReleaseResult, release

__all__ = [
    "PublishError",
    "ReleaseResult",
    "content_digest",
    "difference",
    "release",
    "table_digests",
]
