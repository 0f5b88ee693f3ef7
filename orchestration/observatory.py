"""What every definition needs to know, and the words that they share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from filelock import FileLock

from ingest.catalog import Catalog, load_catalog
from ingest.settings import PROJECT, Settings, SettingsError
from orchestration.dbt import OFFLINE

OWNERS = ["team:observatory"]
# Groups in the order in which data flows, which is the order of the UI.
GROUPS = {
    "catalog": "1_catalog",
    "documents": "2_documents",
    "facts": "3_facts",
    "raw": "4_raw",
    "staging": "5_staging",
    "intermediate": "6_intermediate",
    "marts": "7_marts",
    "release": "8_release",
}
# Whatever opens the build of a run takes this pool, whichever executor is configured.
POOL = "warehouse"


@dataclass(frozen=True)
class Observatory:
    settings: Settings
    catalog: Catalog

    @classmethod
    def load(cls, settings: Settings) -> Observatory:
        return cls(settings, load_catalog(settings.catalog))


def prepare_home(settings: Settings) -> None:
    """Make the data home with Dagster's storage in it, and point this process there.

    Raises:
        SettingsError: the data home can't be written.
    """
    lock = settings.dagster_dir / ".lock"
    try:
        settings.inbox_dir.mkdir(parents=True, exist_ok=True)
        # Private cards leave their facts in these; only releases are for everyone.
        private = (settings.archive_dir, settings.facts_dir, settings.build_dir)
        for folder in (*private, settings.dagster_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.touch()
    except OSError as error:
        raise SettingsError(
            f"AICITY_HOME: {settings.home} can't be written ({error.strerror}). "
            "Name another folder."
        ) from error
    template = Path(__file__).with_name("dagster.yaml").read_text(encoding="utf-8")
    os.environ.update(OFFLINE, DAGSTER_HOME=str(settings.dagster_dir))
    # Dagster's child processes import the project wherever they were started.
    paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    with FileLock(lock):
        file = settings.dagster_dir / "dagster.yaml"
        mark = template.splitlines()[0]
        if not file.exists() or mark in file.read_text(encoding="utf-8"):
            file.write_text(template, encoding="utf-8")
        # Two first runs at once would both create the tables of Dagster's storage.
        with dg.DagsterInstance.get() as instance:
            _ = instance.run_storage, instance.event_log_storage, instance.schedule_storage
