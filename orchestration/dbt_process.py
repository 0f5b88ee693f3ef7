"""The process in which dbt runs a build: `python -m orchestration.dbt_process`.

It waits for a line of JSON: `manifest`, `arguments`, `environment`. So it can be started early and
import dbt, which takes seconds, while another processor pulls and reads documents.

The manifest is the partial_parse.msgpack of an earlier parse. dbt itself would not use it, because
every run has a profile of its own (the path of its build), and parse the project again.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest


def main(manifest: str, arguments: list[str], environment: dict[str, str]) -> int:
    os.environ.update(environment)
    parsed = Manifest.from_msgpack(Path(manifest).read_bytes())
    # What macros see as `graph`; a parse would have made it.
    parsed.build_flat_graph()  # type: ignore[no-untyped-call]
    result = dbtRunner(manifest=parsed).invoke(arguments)
    if result.exception:
        print(result.exception)
    return 0 if result.success else 1


if __name__ == "__main__":
    line = sys.stdin.readline()
    sys.exit(main(**json.loads(line)) if line else 0)  # nothing: whoever started it needs no dbt
