"""`make dev`: the Dagster UI with its daemon, on this machine only."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import dagster as dg

from ingest.settings import PROJECT, Settings, SettingsError
from orchestration import build
from orchestration.observatory import prepare_home

HOST = "127.0.0.1"


def _refuse_taken(port: str) -> None:
    """Dagster would go on without its UI, beside whatever answers there."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, int(port)))
    except (OSError, ValueError, OverflowError) as error:
        raise SettingsError(f"Port {port} can't be used ({error}): PORT=3001 make dev") from error


def main() -> None:
    port = os.environ.get("PORT") or "3000"
    try:
        settings = Settings.from_env()
        _refuse_taken(port)
        prepare_home(settings)
    except SettingsError as error:
        sys.exit(str(error))
    with dg.DagsterInstance.get() as instance:
        build.end_dead_runs(settings, instance)
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell that starts it in the background would have it ignore them.
        signal.signal(number, signal.SIG_DFL)
    dagster = Path(sys.executable).with_name("dagster")
    address = ["-h", HOST, "-p", port]
    os.chdir(PROJECT)
    os.execv(dagster, [str(dagster), "dev", "-w", "workspace.yaml", *address, *sys.argv[1:]])


if __name__ == "__main__":
    main()
