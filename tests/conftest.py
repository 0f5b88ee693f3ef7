"""Whole runs of the pipeline that several tests look at: they take long, so each is made once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingest.settings import PROJECT, Settings
from orchestration import build
from orchestration.automation import MAIN_JOB
from orchestration.definitions import build_definitions

ORCHARDS = PROJECT / "tests" / "fixtures" / "orchards"
PRIVATE = ORCHARDS.with_name("orchards_private")
"""A folder of private cards to name after the orchards."""


@dataclass
class Home:
    """A data home, the definitions of its catalog, and a Dagster instance of its own."""

    settings: Settings
    instance: dg.DagsterInstance
    definitions: dg.Definitions = field(init=False)

    def __post_init__(self) -> None:
        self.definitions = build_definitions(self.settings)

    def run(
        self,
        *assets: Sequence[str],
        job: str = MAIN_JOB,
        tags: dict[str, str] | None = None,
        **options: Any,
    ) -> dg.ExecuteInProcessResult:
        """Run a job, or only the named assets of it, as the UI would."""
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            asset_selection=[dg.AssetKey(asset) for asset in assets] or None,
            run_config={"loggers": {"progress": {}}, **options},
            tags=tags,
        )

    def build(self, result: dg.ExecuteInProcessResult) -> Path:
        return build.folder(self.settings, result.run_id) / build.WAREHOUSE

    def releases(self) -> list[str]:
        folder = self.settings.releases_dir
        return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


@pytest.fixture(scope="session")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def orchards(tmp_path: Path, instance: dg.DagsterInstance) -> Home:
    """An empty home with a small catalog of its own, which the test may change."""
    catalog = tmp_path / "catalog"
    shutil.copytree(ORCHARDS, catalog)
    return Home(Settings(home=tmp_path / "home", catalog=(catalog,)), instance)


@pytest.fixture(scope="session")
def orchards_run(
    tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance
) -> tuple[Home, dg.ExecuteInProcessResult]:
    """The main job on the small catalog, published. Don't change it: see `published`."""
    home = Home(Settings(home=tmp_path_factory.mktemp("orchards"), catalog=(ORCHARDS,)), instance)
    result = home.run()
    assert result.success, [e.message for e in result.all_events if e.is_step_failure]
    return home, result


@pytest.fixture
def published(orchards_run: tuple[Home, dg.ExecuteInProcessResult], orchards: Home) -> Home:
    """A home of its own with the small catalog's release in it."""
    home, _ = orchards_run
    target = orchards.settings.home
    for folder in ("archive", "facts", "releases"):
        shutil.copytree(home.settings.home / folder, target / folder)
    (target / "current").symlink_to(Path("releases") / home.releases()[0])
    return orchards


@dataclass(frozen=True)
class Printed:
    home: Path
    code: int
    text: str


def make_run(home: Path, catalog: Path = PROJECT / "catalog", **env: str) -> subprocess.Popen[str]:
    """Start what `make run` starts, with no other AICITY_* than these."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AICITY_")}
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.run"],
        cwd=PROJECT,
        env={**kept, "AICITY_HOME": str(home), "AICITY_CATALOG": str(catalog), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="session")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """`make run` on the real catalog, in an empty home."""
    home = tmp_path_factory.mktemp("real")
    process = make_run(home)
    text, _ = process.communicate()
    return Printed(home, process.returncode, text)


@pytest.fixture(scope="session")
def warehouse(real_run: Printed) -> Path:
    """The release made of the real catalog; read-only."""
    assert real_run.code == 0, real_run.text
    return real_run.home / "current" / build.WAREHOUSE
