"""Environment variables in, settings or a remedy out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.settings import PROJECT, Settings, SettingsError


def test_defaults() -> None:
    settings = Settings.from_env({})
    assert settings.home == PROJECT / "data"
    assert settings.catalog == (PROJECT / "catalog",)
    assert settings.origin == "bundled"
    assert settings.mirror == ()
    assert settings.address_map == ()


def test_empty_variables_are_unset() -> None:
    names = ("HOME", "CATALOG", "ORIGIN", "MIRROR", "ADDRESS_MAP")
    assert Settings.from_env({f"AICITY_{n}": "" for n in names}) == Settings.from_env({})


def test_lists_of_folders_keep_their_order(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("b", "a")]
    for folder in folders:
        folder.mkdir()
    text = os.pathsep.join(map(str, folders))
    settings = Settings.from_env(
        {"AICITY_CATALOG": text, "AICITY_MIRROR": text, "AICITY_ORIGIN": "mirror"}
    )
    assert settings.catalog == settings.mirror == tuple(folders)


def test_the_longest_prefix_comes_first() -> None:
    text = "https://a.example/=http://127.0.0.1:1/, https://a.example/deep/=http://127.0.0.1:2/"
    settings = Settings.from_env({"AICITY_ADDRESS_MAP": text})
    assert [target for _, target in settings.address_map] == [
        "http://127.0.0.1:2/",
        "http://127.0.0.1:1/",
    ]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AICITY_ORIGIN": "cloud"}, "AICITY_ORIGIN: 'cloud' is not one of bundled, mirror, live"),
        ({"AICITY_CATALOG": "nowhere"}, "AICITY_CATALOG: no folder .*nowhere"),
        ({"AICITY_MIRROR": "nowhere"}, "AICITY_MIRROR: no folder .*nowhere"),
        ({"AICITY_ORIGIN": "mirror"}, "needs AICITY_MIRROR"),
        ({"AICITY_ADDRESS_MAP": "https://a.example/"}, "is not PREFIX=PREFIX"),
        ({"AICITY_ADDRESS_MAP": "a.example=b.example"}, "is not PREFIX=PREFIX"),
    ],
)
def test_a_wrong_variable_is_named_with_a_remedy(variables: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.from_env(variables)


def test_everything_written_is_below_the_home(tmp_path: Path) -> None:
    settings = Settings.from_env({"AICITY_HOME": str(tmp_path)})
    folders = {
        settings.archive_dir,
        settings.facts_dir,
        settings.build_dir,
        settings.releases_dir,
        settings.current,
        settings.dev_dir,
        settings.dagster_dir,
        settings.inbox_dir,
    }
    assert len(folders) == 8
    assert {folder.parent for folder in folders} == {tmp_path}
