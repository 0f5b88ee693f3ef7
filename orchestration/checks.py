"""The audit's rules as asset checks: one step runs them and keeps their outcomes in the build."""

from collections.abc import Iterator, Sequence

import dagster as dg
import duckdb

import audit
from orchestration import build, previews
from orchestration.observatory import POOL, Observatory


def rule_checks(
    observatory: Observatory, rules: Sequence[audit.Rule]
) -> list[dg.AssetChecksDefinition]:
    """One step for the rules on raw tables, which run before dbt, one for those on tables of dbt,
    and one for those on the difference, which is made when the former have passed."""
    steps: dict[str, list[audit.Rule]] = {}
    for rule in rules:
        schema = rule.asset.split("/")[0]
        name = {"raw": "rules_on_raw", "difference": "rules_on_difference"}.get(schema, "rules")
        steps.setdefault(name, []).append(rule)
    return [_checks(observatory, name, group) for name, group in steps.items()]


def required_checks(rules: Sequence[audit.Rule]) -> set[tuple[str, str]]:
    """(asset, check) of the rules without which nothing is published."""
    return {(rule.asset, rule.name) for rule in rules if rule.blocking}


def _checks(
    observatory: Observatory, name: str, rules: Sequence[audit.Rule]
) -> dg.AssetChecksDefinition:
    specs = [_spec(rule) for rule in rules]
    by_key = {spec.key: rule for spec, rule in zip(specs, rules, strict=True)}

    @dg.multi_asset_check(name=name, specs=specs, can_subset=True, pool=POOL)
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        selected = context.selected_asset_check_keys
        file = build.open_build(context, observatory.settings)
        outcomes = {}
        digests: dict[str, str] = {}
        with duckdb.connect(str(file)) as con:
            for key, rule in by_key.items():
                if key in selected:
                    outcomes[key] = audit.run_rule(con, rule)
                    audit.record_outcome(con, outcomes[key], digests)
        for key, outcome in outcomes.items():
            yield _result(key, outcome)

    return checks


def _spec(rule: audit.Rule) -> dg.AssetCheckSpec:
    others = [table.replace(".", "/") for table in rule.reads]
    return dg.AssetCheckSpec(
        rule.name,
        asset=_key(rule.asset),
        additional_deps=[_key(other) for other in others if other != rule.asset],
        blocking=rule.blocking,
        description=rule.description,
    )


def _result(key: dg.AssetCheckKey, outcome: audit.Outcome) -> dg.AssetCheckResult:
    metadata: dict[str, dg.MetadataValue | int] = {"failed_rows": outcome.n_failed}
    if outcome.sample:
        metadata["offending_rows"] = previews.table_metadata(outcome.sample)
    if outcome.shown:
        metadata["table"] = previews.table_metadata(outcome.shown)
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=outcome.passed,
        severity=dg.AssetCheckSeverity[outcome.rule.severity],
        metadata=metadata,
    )


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("/"))
