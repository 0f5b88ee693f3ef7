"""Which city a printed name means, and when it is not said."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from ingest_bench import write_catalog

from ingest.cards import City
from ingest.catalog import Catalog, load_catalog
from ingest.gazetteer import Gazetteer
from ingest.settings import PROJECT


@pytest.fixture
def names(tmp_path: Path) -> Gazetteer:
    return load_catalog([write_catalog(tmp_path)]).gazetteer


@cache
def real_catalog() -> Catalog:
    return load_catalog([PROJECT / "catalog"])


@pytest.mark.parametrize(
    ("name", "city_id"),
    [
        ("苏州", "cn_suzhou_jiangsu"),
        ("苏州市", "cn_suzhou_jiangsu"),
        ("宿州", "cn_suzhou_anhui"),
        ("安徽宿州", "cn_suzhou_anhui"),
        ("安徽省宿州市", "cn_suzhou_anhui"),
        ("江苏省苏州", "cn_suzhou_jiangsu"),
        ("  北京 ", "cn_beijing"),
        ("BEIJING", "cn_beijing"),
        ("Ｂｅｉｊｉｎｇ", "cn_beijing"),
        ("São Paulo", "br_sao_paulo"),
        ("Sao  Paulo", "br_sao_paulo"),
        ("Sa\u0303o Paulo", "br_sao_paulo"),
    ],
)
def test_a_name_in_its_spellings(names: Gazetteer, name: str, city_id: str) -> None:
    assert names.city(name).city_id == city_id


def test_an_ambiguous_name_gives_its_candidates(names: Gazetteer) -> None:
    resolution = names.city("Suzhou")
    assert resolution.city_id is None
    assert resolution.candidates == ("cn_suzhou_anhui", "cn_suzhou_jiangsu")


def test_the_province_decides_between_several(names: Gazetteer) -> None:
    assert names.city("Suzhou", province="Anhui").city_id == "cn_suzhou_anhui"
    assert names.city("Suzhou", province="Jiangsu").city_id == "cn_suzhou_jiangsu"
    assert names.city("Suzhou", province="Hebei").city_id is None
    # A province that only says it otherwise does no harm to a clear name.
    assert names.city("Beijing", province="Beijing Municipality").city_id == "cn_beijing"


def test_the_country_is_binding(names: Gazetteer) -> None:
    assert names.city("Beijing", "CN").city_id == "cn_beijing"
    assert names.city("Beijing", "BR").city_id is None


@pytest.mark.parametrize("name", ["", "Atlantis", "江苏省", "Suzhou Industrial Park", "州"])
def test_an_unknown_name_is_nobody(names: Gazetteer, name: str) -> None:
    resolution = names.city(name)
    assert resolution.city_id is None
    assert resolution.candidates == ()


def test_a_province_is_not_its_only_city() -> None:
    city = City(city_id="cn_x", name_en="X", country_code="CN", province_zh="江苏省")
    assert Gazetteer([city]).city("江苏省").city_id is None


@pytest.mark.parametrize(
    "name",
    [
        "Tsinghua University",
        "TSINGHUA UNIVERSITY",
        "Tsinghua University (THU)",
        "Tsinghua   University.",
        "Tsinghua-University",
    ],
)
def test_an_organisation_in_its_spellings(names: Gazetteer, name: str) -> None:
    assert names.organisation(name) == "cn_beijing"


@pytest.mark.parametrize("name", ["Tsinghua", "Tsinghua University Shenzhen", ""])
def test_an_unknown_organisation(names: Gazetteer, name: str) -> None:
    assert names.organisation(name) is None


def test_every_name_in_the_catalog_means_its_own_unit() -> None:
    """Or is ambiguous with it among the candidates, and then country and province decide."""
    catalog = real_catalog()
    for city in catalog.cities.values():
        for name in filter(None, (city.name_en, city.name_zh, *city.aliases)):
            found = catalog.gazetteer.city(name, kinds={city.kind})
            assert city.city_id in (found.city_id, *found.candidates), name
            told = catalog.gazetteer.city(
                name, city.country_code, city.province_en, kinds={city.kind}
            )
            assert told.city_id == city.city_id, name


def test_real_organisations_are_in_known_cities() -> None:
    catalog = real_catalog()
    assert {o.city_id for o in catalog.organisations.values()} <= set(catalog.cities)
    assert catalog.gazetteer.organisation("Tsinghua University (THU)") == "cn_beijing"
