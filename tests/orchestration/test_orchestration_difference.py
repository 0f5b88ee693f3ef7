"""A release says why its ranks are others than those of the release before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import yaml

import publish
from orchestration import difference
from tests.conftest import Home
from tests.orchestration.test_orchestration_gate import change_fact


def rows(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as con:
        return con.execute(sql).fetchall()


def metadata(result: Any, asset: str) -> dict[str, Any]:
    return next(
        dict(e.materialization.metadata)
        for e in result.all_events
        if e.event_type_value == "ASSET_MATERIALIZATION"
        and e.asset_key
        and e.asset_key.to_user_string() == asset
    )


def test_the_first_release_has_none_and_says_so(orchards_run: tuple[Home, Any]) -> None:
    home, result = orchards_run
    file = home.settings.current / "warehouse.duckdb"
    told = "select distinct is_compared, not_compared_reason from difference.release_comparison"
    assert rows(file, told) == [(False, publish.FIRST)]
    assert rows(file, "from difference.release_change_reason") == []
    manifest = json.loads((home.settings.current / "manifest.json").read_text())
    reasons = manifest["difference"]["reasons"]
    assert reasons["not_compared"] == {publish.FIRST: ["orchard_index 2022", "orchard_index 2023"]}
    assert publish.FIRST in metadata(result, "release")["not_compared"].value
    assert not [table for table in manifest["tables"] if table.startswith("difference.")]


def test_a_figure_and_a_weight(published: Home) -> None:
    """Foxhill's yield is corrected and craft's weight raised: both are told apart, and sum."""
    catalog = published.settings.catalog[0]
    change_fact(catalog, "yield_tonnes", "xo_foxhill", 1.5)
    file = catalog / "frameworks" / "orchard_index.yml"
    framework = yaml.safe_load(file.read_text(encoding="utf-8"))
    for node, weight in zip(framework["index"]["children"], (0.3, 0.3, 0.4), strict=True):
        node["weight"] = weight
    file.write_text(yaml.safe_dump(framework, sort_keys=False), encoding="utf-8")
    before = published.settings.current.resolve()

    result = Home(published.settings, published.instance).run()
    assert result.success, [e.message for e in result.all_events if e.is_step_failure]
    current = published.settings.current
    assert current.resolve() != before
    manifest = json.loads((current / "manifest.json").read_text())
    warehouse = current / "warehouse.duckdb"

    compared = rows(
        warehouse,
        "select distinct release_id_before, is_compared from difference.release_comparison",
    )
    assert compared == [(manifest["previous"], True)]
    # Of 2022 no figure is another, and of 2023 that of Foxhill's yield alone.
    assert rows(
        warehouse,
        "select distinct edition, node from difference.release_change_part where level = 1",
    ) == [(2023, "yield_tonnes_per_area_hectares")]
    assert rows(
        warehouse,
        "select value_before * 1.5 = value, source_id from difference.release_change_part"
        " where level = 1 and city_id = 'xo_foxhill'",
    ) == [(True, "orchard_survey")]
    # What published scores say, whatever the parts are made of.
    with publish.open_read_only(old=before / "warehouse.duckdb", new=warehouse) as con:
        wrong = con.execute(
            """
            select new.edition, new.city_id, new.score - old.score, sum(part.score_part)
            from new.marts.index_ranking as new
            join old.marts.index_ranking as old using (framework, edition, city_id)
            left join new.difference.release_change_part as part
                on new.framework = part.framework and new.edition = part.edition
                and new.city_id = part.city_id and part.level > 1
            where new.rank is not null and old.rank is not null
            group by all
            having abs(new.score - old.score - coalesce(sum(part.score_part), 0)) > 1e-9
            """
        ).fetchall()
    assert wrong == []
    factors = rows(
        warehouse,
        "select change_factor, max(abs(score_part)) > 0.01 from difference.release_change_part"
        " where level > 1 and edition = 2023 group by all order by all",
    )
    assert factors == [("data", True), ("field", False), ("method", False), ("weights", True)]

    # The same in the manifest and for whoever looks at the run.
    (found,) = [e for e in manifest["difference"]["reasons"]["sentences"] if e["edition"] == 2023]
    foxhill = next(s["sentence"] for s in found["largest"] if s["city_name"] == "Foxhill")
    assert "): Yield +" in foxhill
    assert "method 0; weights" in foxhill
    assert foxhill in metadata(result, "release")["reasons_orchard_index_2023"].value


def test_models_without_the_difference_are_not_released(published: Home) -> None:
    result = published.run(["release"], ["marts", "index_contribution"])
    assert not result.success
    told = next(e.step_failure_data for e in result.all_events if e.is_step_failure)
    assert told.user_failure_data
    assert "difference/release_change_part: is not rebuilt" in str(told.user_failure_data)


def test_a_release_of_an_older_version_is_not_compared(published: Home, tmp_path: Path) -> None:
    """Its tables lack a column: no crash, and the reason names it."""
    old = tmp_path / "old"
    old.mkdir()
    release = published.settings.current.resolve()
    (old / "manifest.json").write_bytes((release / "manifest.json").read_bytes())
    file, new = old / "warehouse.duckdb", tmp_path / "new.duckdb"
    for copy in (file, new):
        copy.write_bytes((release / "warehouse.duckdb").read_bytes())
        copy.chmod(0o644)
    with duckdb.connect(str(file)) as con:
        con.execute("alter table staging.stg_framework_node drop column imputation")
    release_id, reason = difference.write(new, old)
    assert release_id == release.name
    assert reason
    assert "another version" in reason
    assert "staging.stg_framework_node lacks imputation" in reason
    assert rows(new, "select distinct not_compared_reason from difference.release_comparison") == [
        (reason,)
    ]

    with duckdb.connect(str(file)) as con:
        con.execute("drop table staging.stg_framework_node")
    assert "its staging.stg_framework_node lacks" in str(difference.write(new, old)[1])
