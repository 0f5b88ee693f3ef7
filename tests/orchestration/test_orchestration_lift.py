"""``make lift`` says of any city what the warehouse says of the first ones."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.lift import main, report
from orchestration.unit_names import UnitError


def first(warehouse: Path, where: str) -> tuple[str, str, int]:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        rows = con.execute(
            "select framework, city_id, rank from marts.index_ranking where edition ="
            " (select max(edition) from marts.index_ranking where rank is not null)"
            f" and {where} order by framework, rank, city_id limit 1"
        ).fetchall()
    return rows[0]


def test_a_city_of_the_mart_is_told_the_same(warehouse: Path) -> None:
    framework, city, rank = first(warehouse, "rank = 10")
    told = report(warehouse, framework, city, None, [1])
    with duckdb.connect(str(warehouse), read_only=True) as con:
        rows = con.execute(
            "select level, title, value_wanted, lift_reason, way_share from marts.index_lift"
            " where framework = $1 and city_id = $2 and n_ranks_up = 1",
            [framework, city],
        ).fetchall()
    assert f"To rank {rank - 1}:" in told
    assert len(rows) == len(told.splitlines()) - 3
    for level, title, wanted, reason, share in rows:
        name = title if level == 1 else "all together"
        (line,) = [line for line in told.splitlines() if line.startswith(f"  {name}: ")]
        assert (reason or f"{share:.1%} of the way") in line
        assert wanted is None or f" to {wanted:.6g} " in line


def test_a_city_below_the_mart_is_told_too(warehouse: Path) -> None:
    framework, city, rank = first(warehouse, "rank > 60")
    assert f"To rank {rank - 2}:" in report(warehouse, framework, city, None, [2])


def test_the_first_has_nothing_to_gain(warehouse: Path) -> None:
    framework, city, _ = first(warehouse, "rank = 1")
    assert "is first already" in report(warehouse, framework, city, None, [1])


def test_who_is_not_ranked_is_told(warehouse: Path) -> None:
    framework, city, _ = first(warehouse, "rank = 1")
    with pytest.raises(UnitError, match=f"No city '{city}x'. Did you mean '{city}'"):
        report(warehouse, framework, f"{city}x", None, [1])


def test_without_a_release_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AICITY_HOME", str(tmp_path))
    assert main(["--framework=f", "--city=c"]) == 1
    assert "There is no release yet" in capsys.readouterr().err
