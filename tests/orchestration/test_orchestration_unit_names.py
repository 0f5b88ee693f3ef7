"""Commands take a city by whatever it is called."""

from __future__ import annotations

import pandas as pd
import pytest

from orchestration.unit_names import UnitError, unit_of

CITIES = pd.DataFrame(
    [
        ("fr_ax", "AXT", "Ax", None),
        ("fi_aland", "ALA", "Mariehamn", "Maarianhamina"),
        ("gb_cork", None, "Cork", None),
        ("ie_cork", "ORK", "Cork", "Corcaigh"),
        ("ie_bray", "BRY", "Bray", "Bré"),
    ],
    columns=["city_id", "code", "name_en", "name_zh"],
)
RANKED = {"fr_ax", "fi_aland", "gb_cork", "ie_cork"}


@pytest.mark.parametrize(
    ("asked", "city"),
    [
        ("FR_AX", "fr_ax"),
        ("ala", "fi_aland"),
        (" mariehamn ", "fi_aland"),
        ("maarian", "fi_aland"),
        ("ork", "ie_cork"),
        ("corcaigh", "ie_cork"),
    ],
)
def test_identifier_code_and_names_are_known(asked: str, city: str) -> None:
    assert unit_of(asked, RANKED, CITIES) == city


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("cork", "'cork' is the name of several cities: gb_cork, ie_cork."),
        ("Bray", "'Bray' (ie_bray) is not ranked: marts.index_ranking has the reason."),
        ("Mariehamm", "No city 'Mariehamm'. Did you mean 'Mariehamn' or 'Maarianhamina'?"),
        ("Xyzzy", "No city 'Xyzzy'. marts.index_ranking has all: city_id, city_name."),
        (" ", "No city is named: write its identifier, code or name."),
    ],
)
def test_what_to_write_is_said(asked: str, words: str) -> None:
    with pytest.raises(UnitError) as error:
        unit_of(asked, RANKED, CITIES)
    assert str(error.value) == words


def test_a_ranked_unit_goes_before_its_namesake() -> None:
    assert unit_of("cork", {"gb_cork"}, CITIES) == "gb_cork"
