"""The process in which dbt runs: `python -m orchestration.dbt_process MANIFEST ARGUMENTS`.

MANIFEST is the partial_parse.msgpack of an earlier parse. dbt itself would not use it, because
every run has a profile of its own (the path of its build), and parse the project again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest


def main(parsed: Path, arguments: list[str]) -> int:
    manifest = Manifest.from_msgpack(parsed.read_bytes())
    # What macros see as `graph`; a parse would have made it.
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    result = dbtRunner(manifest=manifest).invoke(arguments)
    if result.exception:
        print(result.exception)
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
