"""`make preview` as its user sees it: what an edit would change, and nothing touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ingest.catalog import load_catalog
from ingest.pull import held_documents, pull
from ingest.settings import PROJECT, Settings
from orchestration.preview import _scratch_home
from tests.conftest import ORCHARDS, PRIVATE, Home

INDEX = "frameworks/orchard_index.yml"
SURVEY = "sources/orchard_survey/survey_2023.observation.csv"


def ask(module: str, home: Path, *catalog: Path, arguments: tuple[str, ...] = ()) -> Any:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AICITY_")}
    folders = os.pathsep.join(map(str, catalog))
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        env={**kept, "AICITY_HOME": str(home), "AICITY_CATALOG": folders},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def contents(home: Path) -> dict[str, bytes | str]:
    """What a home holds, but for the preview and the facts files, which may always be deleted."""
    return {
        str(path.relative_to(home)): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() or path.is_symlink()
        if path.relative_to(home).parts[0] not in ("preview", "facts")
        and "current" not in path.relative_to(home).parts[1:]
    }


def test_an_edit_and_a_private_card(published: Home) -> None:
    home, (catalog,) = published.settings.home, published.settings.catalog
    edit(catalog / INDEX, "title: Vigour\n      weight: 0.3", "title: Vigour\n      weight: 0.6")
    edit(catalog / INDEX, "title: Craft\n      weight: 0.3", "title: Craft\n      weight: 0.0001")
    edit(catalog / INDEX, "weight: 0.4\n      reason: What", "weight: 0.3999\n      reason: What")
    figure = "apprentices_persons,xo_dewgrove,2023,whole_orchard,{0}.0,observed,,{0},"
    edit(catalog / SURVEY, figure.format(27), figure.format(29))
    before = contents(home)
    run = ask("orchestration.preview", home, catalog, PRIVATE)
    assert run.returncode == 0, run.stdout
    assert contents(home) == before, "nothing is published, nothing held is touched"

    public, private = run.stdout.split("NOT IN A RELEASE")
    assert "Dewgrove 2023: 27 -> 29" in public
    assert "cities ranked; " in public and " -> " in public.split("cities ranked; ")[1]
    assert "A release would be published." in public
    for word in ("own_cellars", "31,337", "cellars_count", "Hazelrow 2023: missing -> 2.7182"):
        assert word in private
        assert word not in public

    folder = published.settings.preview_dir
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock",
        "report.json",
        "warehouse.duckdb",
    ]
    for name in ("report.json", "warehouse.duckdb"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    (edition,) = [r for r in report["release"]["rankings"] if r["edition"] == 2023]
    assert {r["city_name"] for r in edition["changed"] if r["rank_old"] != r["rank_new"]}
    ranks = {r["framework"]: r for r in report["private"]["rankings"]}
    assert ranks["cellar_index"]["come"][0]["city_id"] == "xo_hazelrow"
    assert "xo_hazelrow" in {r["city_id"] for r in ranks["orchard_index"]["changed"]}

    query = (
        "select city_name from marts.index_ranking where framework = 'cellar_index' and rank = 1"
    )
    answer = ask("orchestration.sql", home, catalog, arguments=("--preview", query))
    assert "Hazelrow" in answer.stdout
    released = ask("orchestration.sql", home, catalog, arguments=(query,))
    assert released.returncode == 0 and "Hazelrow" not in released.stdout


def test_facts_that_are_older_than_their_card_are_told(tmp_path: Path) -> None:
    catalog = shutil.copytree(ORCHARDS, tmp_path / "orchards")
    index = catalog / "sources/press_register/documents.csv"
    head, *rows = index.read_text(encoding="utf-8").splitlines()
    rows = [f"{row},0123456789abcdef" for row in rows]
    index.write_text("\n".join([f"{head},declaration", *rows]) + "\n", encoding="utf-8")
    run = ask("orchestration.preview", tmp_path / "home", catalog)
    assert run.returncode == 0, run.stdout
    assert "Facts that are older than their cards: 1" in run.stdout
    assert "the card changed since its facts were written: run make bundle" in run.stdout


def test_faults_and_a_refusal_where_nothing_was_released(tmp_path: Path) -> None:
    catalog = shutil.copytree(ORCHARDS, tmp_path / "orchards")
    private = shutil.copytree(PRIVATE, tmp_path / "private")
    edit(private / "sources/own_cellars.yml", "private: true", "private: true\nfavourite: 1")
    figure = "area_hectares,xo_dewgrove,2023,whole_orchard,{0}.0,observed,,{0},"
    edit(catalog / SURVEY, figure.format(60), figure.format(60000))
    home = tmp_path / "home"
    run = ask("orchestration.preview", home, catalog, private)
    assert run.returncode == 1
    assert (
        "private/sources/own_cellars.yml:6: own_cellars: favourite: unknown key 'favourite'"
        in run.stdout
    )
    assert "there is no release yet" in run.stdout
    assert "A release would be REFUSED" in run.stdout
    assert "no_unit_error_against_year_before" in run.stdout
    assert "xo_dewgrove" in run.stdout, "the offending row"
    assert not (home / "releases").exists()
    assert not (home / "dagster").exists()


def test_a_changed_document_is_not_held_after_a_dry_run(tmp_path: Path) -> None:
    mirror, home = tmp_path / "mirror", tmp_path / "home"
    mirror.mkdir()
    catalog = shutil.copytree(ORCHARDS, tmp_path / "orchards")
    card = catalog / "sources/press_register.yml"
    edit(card, "    form: transcript\n", "    mirror: presses.csv\n")
    settings = Settings(home, (catalog,), "mirror", (mirror,))
    entries = load_catalog(settings.catalog)
    (mirror / "presses.csv").write_text("press,orchard,year\nOld Screw,Amberfield,2022\n")
    pull(entries, "press_register", settings)
    before = contents(home)
    (mirror / "presses.csv").write_text("press,orchard,year\nNew Screw,Amberfield,2022\n")
    scratch = _scratch_home(settings, tmp_path / "scratch")
    assert len(pull(entries, "press_register", scratch).documents) == 2
    assert len(held_documents(entries, "press_register", settings)) == 1
    assert contents(home) == before


def test_it_starts_without_dagster() -> None:
    code = "import sys, orchestration.preview; print('dagster' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_wrong_settings_get_a_message(tmp_path: Path) -> None:
    run = ask("orchestration.preview", tmp_path, tmp_path / "nowhere")
    assert run.returncode == 2
    assert run.stdout.startswith("AICITY_CATALOG") and run.stdout.count("\n") == 1
