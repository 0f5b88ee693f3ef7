"""Every rule holds on a good build and fails on a build broken in its own way."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import yaml

import audit

RULES = {f"{rule.asset.split('/')[1]} {rule.name}": rule for rule in audit.load_rules()}

BREAKS = yaml.safe_load((Path(__file__).parent / "breaks.yml").read_text(encoding="utf-8"))


def run(build: duckdb.DuckDBPyConnection, key: str) -> audit.Outcome:
    return audit.run_rule(build, RULES[key])


def test_every_rule_is_broken_once() -> None:
    assert set(BREAKS["fails"]) == set(RULES)


@pytest.mark.parametrize("key", RULES, ids=str)
def test_rule_holds_on_a_good_build(build: duckdb.DuckDBPyConnection, key: str) -> None:
    outcome = run(build, key)
    assert outcome.sample == []
    assert outcome.passed


@pytest.mark.parametrize("key", BREAKS["fails"], ids=str)
def test_rule_fails_on_a_broken_build(build: duckdb.DuckDBPyConnection, key: str) -> None:
    for case in BREAKS["fails"][key]:
        statement, n_failed = case["sql"], case["rows"]
        build.execute("begin")
        build.execute(statement)
        outcome = run(build, key)
        build.execute("rollback")
        assert not outcome.passed, statement
        assert outcome.n_failed == n_failed, statement
        assert len(outcome.sample) == min(n_failed, 20)
        json.dumps(outcome.sample, allow_nan=False)


@pytest.mark.parametrize("case", BREAKS["silent"], ids=lambda case: case["rule"])
def test_rule_keeps_silent(build: duckdb.DuckDBPyConnection, case: dict[str, str]) -> None:
    build.execute(case["sql"])
    assert run(build, case["rule"]).sample == []


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("delete from marts.index_ranking where edition = 2022", "no unit is in its universe"),
        (
            "update marts.index_contribution set status = 'missing' where edition = 2022",
            "no figure",
        ),
        ("select 1", "no unit can be ranked"),
    ],
)
def test_an_edition_that_ranks_nobody_says_why(
    build: duckdb.DuckDBPyConnection, statement: str, reason: str
) -> None:
    build.execute("update marts.index_ranking set rank = null where edition = 2022")
    build.execute(statement)
    (row,) = run(build, "index_ranking every_index_ranks_cities").sample
    assert (row["framework"], row["edition"]) == ("flag", 2022)
    assert row["reason"].startswith(reason)


@pytest.mark.parametrize("key", RULES, ids=str)
def test_rule_on_a_build_without_its_tables(tmp_path: Path, key: str) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        outcome = audit.run_rule(con, RULES[key])
    assert not outcome.passed
    assert f"table {RULES[key].reads[0]} is not in this build" in audit.markdown(outcome.sample)


def test_rule_on_a_table_without_its_columns(build: duckdb.DuckDBPyConnection) -> None:
    build.execute("alter table marts.claim drop verdict")
    outcome = run(build, "claim every_claim_has_a_verdict")
    assert not outcome.passed
    assert "the rule can't be run" in outcome.sample[0]["problem"]
    assert "verdict" in outcome.sample[0]["problem"]


def test_a_table_is_shown_also_when_the_rule_holds(build: duckdb.DuckDBPyConnection) -> None:
    outcome = run(build, "ranking_agreement agreement_with_published_rankings")
    assert outcome.passed
    assert outcome.shown[0]["report_id"] == "report"
    assert "| plausible |" in audit.markdown(outcome.shown)


def test_age_warns_and_never_blocks() -> None:
    rule = RULES["document facts_are_recent"]
    assert not rule.blocking
    assert rule.severity == "WARN"


def test_markdown_stays_a_table() -> None:
    rows = [{"text": "a|b\nc", "value": 0.1 + 0.2, "none": None}]
    assert audit.markdown(rows).splitlines()[2] == "| a\\|b c | 0.3 |  |"


# ---------------------------------------------------------------- loading


def write_rules(folder: Path, entries: str, *files: str) -> Path:
    (folder / "rules").mkdir()
    for file in files:
        (folder / "rules" / file).write_text("select * from marts.city where city_id is null;\n")
    (folder / "rules.yml").write_text(entries)
    return folder / "rules.yml"


ENTRY = """\
- name: has_key
  asset: marts/city
  blocking: true
  description: Every city has a key.
"""


def test_load(tmp_path: Path) -> None:
    (rule,) = audit.load_rules(write_rules(tmp_path, ENTRY, "city__has_key.sql"))
    assert rule.reads == ("marts.city",)
    assert rule.severity == "ERROR"
    assert not rule.sql.endswith(";")


def test_reads_are_the_tables_of_the_sql() -> None:
    rule = RULES["index_ranking agrees_with_index_score"]
    assert rule.reads == ("marts.index_ranking", "marts.framework_node", "marts.index_score")


SHARED = ENTRY + "  query: town__has_key\n  tables: {marts.city: marts.town}\n"


def test_a_query_is_asked_of_other_tables(tmp_path: Path) -> None:
    both = ENTRY + SHARED.replace("marts/city", "marts/town").replace("town__", "city__")
    city, town = audit.load_rules(write_rules(tmp_path, both, "city__has_key.sql"))
    assert (city.reads, town.reads) == (("marts.city",), ("marts.town",))
    assert town.sql == city.sql.replace("marts.city", "marts.town")


@pytest.mark.parametrize(
    ("entries", "files", "message"),
    [
        (SHARED.replace("marts.city:", "city:"), [], "tables has 'city'; write schema.table"),
        (SHARED.replace("  query: town__has_key\n", ""), [], "tables without a query; add"),
        (
            SHARED.replace("{marts.city:", "{marts.cities:"),
            ["town__has_key.sql"],
            "town__has_key.sql does not read marts.cities; correct its name",
        ),
        (ENTRY + "  blockng: true\n", ["city__has_key.sql"], "rules.yml:1: unknown key 'blockng'"),
        (ENTRY.replace("  blocking: true\n", ""), [], "rules.yml:1: no blocking; add it"),
        (ENTRY.replace("true", "sometimes"), [], "make it true or false"),
        (ENTRY.replace("marts/city", "city"), [], "write schema/table"),
        (ENTRY, [], "rules.yml:1: has_key has no SQL; write "),
        (ENTRY + ENTRY, ["city__has_key.sql"], "rules.yml:5: has_key on marts/city is listed"),
        (ENTRY, ["city__has_key.sql", "city__new.sql"], "city__new.sql:1: no entry in rules.yml"),
        ("- name: [", [], "rules.yml:1: not YAML"),
        ("name: has_key", [], "rules.yml:1: not a list"),
        ("- has_key", [], "rules.yml:1: not a rule"),
        ("", [], "rules.yml:1: not a list"),
    ],
)
def test_faults_name_file_line_and_remedy(
    tmp_path: Path, entries: str, files: list[str], message: str
) -> None:
    with pytest.raises(audit.RuleError) as error:
        audit.load_rules(write_rules(tmp_path, entries, *files))
    assert message in str(error.value)


def test_all_faults_at_once(tmp_path: Path) -> None:
    file = write_rules(tmp_path, ENTRY + ENTRY.replace("marts/", ""), "city__new.sql")
    with pytest.raises(audit.RuleError) as error:
        audit.load_rules(file)
    assert len(str(error.value).splitlines()) == 3
