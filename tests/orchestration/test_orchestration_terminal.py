"""`make run` as its user sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingest.settings import PROJECT
from tests.conftest import ORCHARDS


SCALES = {"here": 100, "there": 10}


def start(home: Path, catalog: Path = PROJECT / "catalog", **env: str) -> subprocess.Popen[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AICITY_")}
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.run"],
        cwd=PROJECT,
        env={**kept, "AICITY_HOME": str(home), "AICITY_CATALOG": str(catalog), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_real_catalog_is_published(tmp_path: Path) -> None:
    process = start(tmp_path)
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    assert "edition" in printed and "cities ranked" in printed
    assert "0 failed" in printed
    assert f"published\n  {tmp_path}/releases/" in printed
    with duckdb.connect(str(tmp_path / "current" / "warehouse.duckdb"), read_only=True) as con:
        ranked = con.execute(
            "select count(*) from marts.index_ranking where rank is not null"
            " group by framework, edition order by edition desc limit 1"
        ).fetchall()
    assert ranked[0][0] >= 100
    assert (tmp_path / "dev" / "warehouse.duckdb").exists()
    assert list((tmp_path / "build").iterdir()) == []


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    """Two catalogs, one home: each release is made of one of them only."""
    catalogs = {"here": tmp_path / "here", "there": tmp_path / "there"}
    for name, catalog in catalogs.items():
        shutil.copytree(ORCHARDS, catalog)
        cities = catalog / "cities.csv"
        text = cities.read_text(encoding="utf-8").replace(",Birchholt,", f",Birchholt {name},")
        cities.write_text(text, encoding="utf-8")
        framework = catalog / "frameworks/orchard_index.yml"
        text = framework.read_text(encoding="utf-8")
        text = text.replace("title: Orchard index", f"title: Orchards {name}")
        text = text.replace("scale_max: 100", f"scale_max: {SCALES[name]}")
        framework.write_text(text, encoding="utf-8")
    home = tmp_path / "home"
    processes = [start(home, catalog) for catalog in catalogs.values()]
    for process in processes:
        printed, _ = process.communicate()
        assert process.returncode == 0, printed

    found = set()
    for release in (home / "releases").glob("[0-9]*"):
        with duckdb.connect(str(release / "warehouse.duckdb"), read_only=True) as con:
            found |= set(
                con.execute(
                    "select distinct r.city_name, f.title, f.scale_max, s.score > 10"
                    " from marts.index_ranking as r, raw.framework as f, marts.index_score as s"
                    " where r.city_id = 'xo_birchholt' and s.city_id = r.city_id and s.level = 3"
                    " and s.edition = 2023"
                ).fetchall()
            )
    assert found == {
        ("Birchholt here", "Orchards here", 100.0, True),
        ("Birchholt there", "Orchards there", 10.0, False),
    }
    assert (home / "current" / "warehouse.duckdb").exists()


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"AICITY_ORIGIN": "elsewhere"}, "AICITY_ORIGIN"),
        ({"AICITY_ORIGIN": "mirror", "AICITY_MIRROR": ""}, "AICITY_MIRROR"),
    ],
)
def test_wrong_settings_get_a_message(tmp_path: Path, env: dict[str, str], message: str) -> None:
    process = start(tmp_path, ORCHARDS, **env)
    printed, _ = process.communicate()
    assert process.returncode == 2
    assert printed.count("\n") == 1 and message in printed
