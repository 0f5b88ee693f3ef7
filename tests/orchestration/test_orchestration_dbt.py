"""dbt: its unit tests, and the manifest that is parsed only when it has to be."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration import dbt
from tests.conftest import Home


def test_dbt_unit_tests_pass(
    orchards_run: tuple[Home, dg.ExecuteInProcessResult], tmp_path: Path
) -> None:
    home, result = orchards_run
    file = Path(shutil.copy(home.build(result), tmp_path))
    process = dbt.run_dbt(
        "test", "--select", "test_type:unit", target=tmp_path / "dbt", build_file=file
    )
    assert process.returncode == 0, process.stdout
    assert "PASS=" in process.stdout and "PASS=0" not in process.stdout


def test_the_manifest_is_parsed_only_when_a_file_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "dbt_project"
    model = project / "models" / "a.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select 1")
    target = project / "target"
    monkeypatch.setattr(dbt, "DBT_PROJECT", project)
    monkeypatch.setattr(dbt, "TARGET", target)
    parsed = []

    def run_dbt(*args: str, **_: Any) -> subprocess.CompletedProcess[str]:
        parsed.append(args)
        (target / "manifest.json").write_text("{}")
        return subprocess.CompletedProcess(args, 0, "")

    monkeypatch.setattr(dbt, "run_dbt", run_dbt)
    before = model.stat().st_mtime - 100
    for path in (model, model.parent):
        os.utime(path, (before, before))
    dbt.manifest_path()
    dbt.manifest_path()
    assert len(parsed) == 1
    os.utime(model, (before + 1000, before + 1000))
    dbt.manifest_path()
    assert len(parsed) == 2


def test_a_project_that_can_not_be_parsed_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt, "DBT_PROJECT", tmp_path)
    monkeypatch.setattr(dbt, "TARGET", tmp_path / "target")
    (tmp_path / "models").mkdir()
    with pytest.raises(dbt.DbtError, match=r"dbt_project\.yml"):
        dbt.manifest_path()
