"""`make run` as its user sees it."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ORCHARDS, Printed, make_run

SCALES = {"here": 100, "there": 10}


def test_the_real_catalog_is_published(real_run: Printed, warehouse: Path) -> None:
    assert "edition" in real_run.text and "cities ranked" in real_run.text
    assert " 0 failed" in real_run.text
    assert f"published\n  {real_run.home}/releases/" in real_run.text
    with duckdb.connect(str(warehouse), read_only=True) as con:
        ranked = con.execute(
            "select count(*) from marts.index_ranking where rank is not null"
            " group by framework, edition order by edition desc limit 1"
        ).fetchall()
    assert ranked[0][0] >= 100
    assert (real_run.home / "dev" / "warehouse.duckdb").exists()
    assert list((real_run.home / "build").iterdir()) == []


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
        scale = f"n_minmax, score_max: {SCALES[name]}}}"
        assert "n_minmax}" in text
        text = text.replace("n_minmax}", scale)
        framework.write_text(text, encoding="utf-8")
    home = tmp_path / "home"
    processes = [make_run(home, catalog) for catalog in catalogs.values()]
    for process in processes:
        printed, _ = process.communicate()
        assert process.returncode == 0, printed

    found = set()
    for release in (home / "releases").glob("[0-9]*"):
        with duckdb.connect(str(release / "warehouse.duckdb"), read_only=True) as con:
            found |= set(
                con.execute(
                    "select distinct r.city_name, f.title, f.scale_max, s.score > 10"
                    " from marts.index_ranking as r, marts.framework as f, marts.index_score as s"
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
    process = make_run(tmp_path, ORCHARDS, **env)
    printed, _ = process.communicate()
    assert process.returncode == 2
    assert printed.count("\n") == 1 and message in printed
