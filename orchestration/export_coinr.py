"""``make export-coinr FRAMEWORK=asem TO=folder``: an index of the release as COINr's tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.settings import Settings, SettingsError
from publish import WAREHOUSE
from publish.coinr import ExportError, export


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make export-coinr", description=__doc__)
    parser.add_argument("--framework", required=True, help="the index")
    parser.add_argument("--to", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--edition", type=int, help="the only edition wanted")
    options = parser.parse_args(arguments)
    try:
        file = Settings.from_env().current / WAREHOUSE
        if not file.exists():
            raise ExportError(f"There is no release yet ({file}): make run")
        files = export(file, options.framework, options.to, options.edition)
    except (ExportError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.to}: {', '.join(file.name for file in files)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
