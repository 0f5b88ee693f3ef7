"""`make dev`: the Dagster UI with its daemon, on this machine only."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import dagster as dg

from ingest.settings import PROJECT, Settings, SettingsError
from orchestration import build
from orchestration.observatory import prepare_home


def main() -> None:
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        sys.exit(str(error))
    prepare_home(settings)
    with dg.DagsterInstance.get() as instance:
        build.end_dead_runs(settings, instance)
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell that starts it in the background would have it ignore them.
        signal.signal(number, signal.SIG_DFL)
    dagster = Path(sys.executable).with_name("dagster")
    address = ["-h", "127.0.0.1", "-p", "3000"]
    os.chdir(PROJECT)
    os.execv(dagster, [str(dagster), "dev", "-w", "workspace.yaml", *address, *sys.argv[1:]])


if __name__ == "__main__":
    main()
