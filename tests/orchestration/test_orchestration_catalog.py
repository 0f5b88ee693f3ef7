"""The checks on the catalog."""

from __future__ import annotations

import dagster as dg

from tests.conftest import Home


def outcome(result: dg.ExecuteInProcessResult, check: str) -> dg.AssetCheckEvaluation:
    return next(
        e.asset_check_evaluation_data
        for e in result.all_events
        if e.event_type_value == "ASSET_CHECK_EVALUATION"
        and e.asset_check_evaluation_data.check_name == check
    )


def test_definitions_older_than_the_catalog_are_noticed(orchards: Home) -> None:
    assert outcome(orchards.run(["catalog"]), "definitions_are_current").passed
    card = orchards.settings.catalog[0] / "sources" / "orchard_guide.yml"
    card.write_text(card.read_text(encoding="utf-8") + "\n# touched\n", encoding="utf-8")
    result = orchards.run(["catalog"])
    assert result.success, "it warns and never blocks"
    assert not outcome(result, "definitions_are_current").passed


def test_a_faulty_card_is_left_out_and_fails_a_check(orchards: Home) -> None:
    card = orchards.settings.catalog[0] / "sources" / "press_register.yml"
    text = card.read_text(encoding="utf-8").replace("licence:", "license:", 1)
    card.write_text(text, encoding="utf-8")
    home = Home(orchards.settings, orchards.instance)
    result = home.run(["catalog"])
    assert result.success
    check = outcome(result, "cards_are_valid")
    assert not check.passed
    assert "press_register.yml" in str(check.metadata["faults"].value)
    keys = {spec.key.to_user_string() for spec in home.definitions.resolve_all_asset_specs()}
    assert "documents/press_register" not in keys
    assert "documents/orchard_survey" in keys


def test_a_failed_pull_warns_and_the_others_go_on(orchards: Home) -> None:
    facts = orchards.settings.catalog[0] / "sources" / "orchard_guide" / "documents.csv"
    facts.unlink()
    result = orchards.run(["documents", "orchard_guide"], ["documents", "orchard_survey"])
    assert result.success
    checks = {
        e.asset_check_evaluation_data.asset_key.path[-1]: e.asset_check_evaluation_data
        for e in result.all_events
        if e.event_type_value == "ASSET_CHECK_EVALUATION"
    }
    assert checks["orchard_survey"].passed
    assert not checks["orchard_guide"].passed
    assert "no bundled facts" in str(checks["orchard_guide"].metadata["problems"].value)
