"""Which city a printed name means, and when it is not said."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_bench import write_catalog

from ingest.cards import CITY_KINDS, GROUP_KINDS, PROVINCE_KINDS, City, cjk
from ingest.catalog import Catalog, load_catalog
from ingest.names.gazetteer import Gazetteer
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


def test_the_province_is_binding(names: Gazetteer) -> None:
    assert names.city("Suzhou", province="Anhui").city_id == "cn_suzhou_anhui"
    assert names.city("Suzhou", province="安徽").city_id == "cn_suzhou_anhui"
    assert names.city("Suzhou", province="Anhui Province").city_id == "cn_suzhou_anhui"
    assert names.city("Suzhou", province="Jiangsu").city_id == "cn_suzhou_jiangsu"
    assert names.city("Suzhou", province="Hebei").city_id is None
    assert names.city("Beijing", province="Beijing Municipality").city_id == "cn_beijing"
    assert names.city("Hangzhou", province="Jiangsu").city_id is None


def test_the_country_is_binding(names: Gazetteer) -> None:
    assert names.city("Beijing", "CN").city_id == "cn_beijing"
    assert names.city("Beijing", "BR").city_id is None


def test_a_name_means_only_the_kinds_asked_for(names: Gazetteer) -> None:
    assert names.city("Anhui").city_id is None
    assert names.city("Anhui", kinds=PROVINCE_KINDS).city_id == "cn_anhui_province"
    assert names.city("Beijing", kinds=PROVINCE_KINDS).city_id == "cn_beijing"
    assert names.city("Hangzhou", kinds=PROVINCE_KINDS).city_id is None


def test_a_qualified_name_gives_way_where_nothing_else_is_said() -> None:
    old = City(city_id="gb_london", name_en="London", country_code="GB", province_en="England")
    new = City(
        city_id="ca_london", name_en="London (Ontario)", country_code="CA", province_en="Ontario"
    )
    names = Gazetteer([old, new])
    assert names.city("London").city_id == "gb_london"
    assert names.city("London", "GB").city_id == "gb_london"
    assert names.city("London", province="England").city_id == "gb_london"
    assert names.city("London", "CA").city_id == "ca_london"
    assert names.city("London", province="Ontario").city_id == "ca_london"
    for name in ("London (Ontario)", "London(Ontario)", "London, Ontario"):
        assert names.city(name).city_id == "ca_london"
    assert names.city("London", "US").city_id is None
    assert names.city("London", province="Ohio").city_id is None


def test_a_city_without_a_province_is_known_in_any() -> None:
    city = City(city_id="es_valencia", name_en="Valencia", country_code="ES")
    other = City(
        city_id="ve_valencia",
        name_en="Valencia (Carabobo)",
        country_code="VE",
        province_en="Carabobo",
    )
    names = Gazetteer([city, other])
    assert names.city("Valencia", province="Comunidad Valenciana").city_id == "es_valencia"
    assert names.city("Valencia", province="Carabobo").city_id == "ve_valencia"


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


SPELLING_OF_THE_CATALOG = st.sampled_from(
    [
        (city, name)
        for city in real_catalog().cities.values()
        for name in (city.name_en, city.name_zh, *city.aliases)
        if name
    ]
)


@given(
    SPELLING_OF_THE_CATALOG,
    st.sampled_from([str, str.upper, str.lower, str.title, str.swapcase]),
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD", "wide"]),
    st.sampled_from([" ", "  ", "\u00a0", "\u3000", "\n", "\t"]),
    st.sampled_from("-\u2010\u2011\u2013\u2014"),
    st.sampled_from("'\u2019\u2018"),
)
def test_spelling_never_changes_who_is_meant(
    entry: tuple[City, str], case: Any, width: str, space: str, dash: str, apostrophe: str
) -> None:
    city, name = entry
    names = real_catalog().gazetteer
    other = case(name)
    if width == "wide":
        other = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in other)
        other = other.replace("\uff07", apostrophe).replace("\uff0d", dash)
    else:
        other = unicodedata.normalize(width, other).replace("'", apostrophe).replace("-", dash)
    other = space + other.replace(" ", space) + space
    assert names.city(other, kinds={city.kind}) == names.city(name, kinds={city.kind})


@given(SPELLING_OF_THE_CATALOG, st.sampled_from([None, "CN", "US"]))
def test_a_province_table_never_yields_a_city(entry: tuple[City, str], country: str | None) -> None:
    catalog = real_catalog()
    found = catalog.gazetteer.city(entry[1], country, kinds=PROVINCE_KINDS)
    for city_id in filter(None, (found.city_id, *found.candidates)):
        assert catalog.cities[city_id].kind in PROVINCE_KINDS
    found = catalog.gazetteer.city(entry[1], country)
    for city_id in filter(None, (found.city_id, *found.candidates)):
        assert catalog.cities[city_id].is_city


@given(
    SPELLING_OF_THE_CATALOG,
    st.text("abcdefghijk", min_size=6),
    st.sampled_from(["", "Anhui", "Ontario", "Nowhere"]),
    st.sampled_from([None, "Anhui", "Nowhere"]),
)
def test_another_city_never_changes_who_is_meant(
    entry: tuple[City, str], added: str, province: str, context: str | None
) -> None:
    _, name = entry
    # all that could be meant, and others; the whole gazetteer takes long to make
    small = [city for city in real_catalog().cities.values() if name[0] in city.model_dump_json()]
    more = City(city_id="xx_added", name_en=f"xxq{added}", country_code="CN", province_en=province)
    before, after = Gazetteer(small), Gazetteer([*small, more])
    assert before.city(name, province=context) == after.city(name, province=context)
    assert before.city(name, "CN") == after.city(name, "CN")
    assert after.city(more.name_en).city_id == "xx_added"


ALL_KINDS = CITY_KINDS | GROUP_KINDS


@pytest.mark.parametrize(
    ("name", "context", "meant"),
    [
        # cities of one name
        ("Suzhou", {"country_code": "CN"}, {"cn_suzhou_anhui", "cn_suzhou_jiangsu"}),
        ("Suzhou", {"province": "Jiangsu"}, "cn_suzhou_jiangsu"),
        ("苏州", {}, "cn_suzhou_jiangsu"),
        ("蘇州市", {}, "cn_suzhou_jiangsu"),
        ("宿州", {}, "cn_suzhou_anhui"),
        ("Fuzhou", {}, {"cn_fuzhou_fujian", "cn_fuzhou_jiangxi"}),
        ("福州", {}, "cn_fuzhou_fujian"),
        ("抚州", {}, "cn_fuzhou_jiangxi"),
        ("Yichun", {"province": "Heilongjiang Province"}, "cn_yichun_heilongjiang"),
        ("宜春", {}, "cn_yichun_jiangxi"),
        ("Taizhou", {"province": "浙江"}, "cn_taizhou_zhejiang"),
        ("泰州", {}, "cn_taizhou_jiangsu"),
        ("Yulin", {"province": "陕西省"}, "cn_yulin_shaanxi"),
        ("London", {}, "gb_london"),
        ("London", {"country_code": "CA"}, "ca_london"),
        ("Birmingham", {}, "gb_birmingham"),
        ("Birmingham", {"province": "Alabama"}, "us_birmingham"),
        ("Hyderabad", {}, "in_hyderabad"),
        ("Hyderabad", {"country_code": "PK"}, "pk_hyderabad"),
        ("San Jose", {}, "us_san_jose"),
        ("San José", {"country_code": "CR"}, "cr_san_jose"),
        ("Valencia", {"country_code": "VE"}, "ve_valencia"),
        ("Cambridge", {}, {"gb_cambridge", "us_cambridge"}),
        ("Cambridge", {"country_code": "US"}, "us_cambridge"),
        ("Cambridge, UK", {}, "gb_cambridge"),
        ("圣地亚哥", {}, {"cl_santiago", "us_san_diego"}),
        # provinces and cities of one name, municipalities that are both
        ("吉林", {}, "cn_jilin"),
        ("吉林省", {}, None),
        ("吉林", {"kinds": PROVINCE_KINDS}, "cn_jilin_province"),
        ("吉林省吉林", {"kinds": CITY_KINDS | PROVINCE_KINDS}, "cn_jilin"),
        ("广东", {}, None),
        ("廣東", {"kinds": PROVINCE_KINDS}, "cn_guangdong_province"),
        ("Inner Mongolia", {"kinds": PROVINCE_KINDS}, "cn_inner_mongolia_province"),
        ("重庆", {}, "cn_chongqing"),
        ("重慶市", {"kinds": PROVINCE_KINDS}, "cn_chongqing"),
        ("香港特别行政区", {"kinds": PROVINCE_KINDS}, "hk_hong_kong"),
        ("太原", {"kinds": PROVINCE_KINDS}, None),
        # metros and clusters are not their cities, nor the cities they
        ("Shenzhen–Hong Kong–Guangzhou", {}, None),
        ("Shenzhen–Hong Kong–Guangzhou", {"kinds": ALL_KINDS}, "cn_shenzhen_hong_kong_guangzhou"),
        ("SAN FRANCISCO-SAN JOSE", {"kinds": ALL_KINDS}, "us_san_jose_san_francisco"),
        ("旧金山湾区", {"kinds": ALL_KINDS}, "us_san_francisco_bay_area"),
        ("Silicon Valley", {"kinds": ALL_KINDS}, "us_silicon_valley"),
        ("粵港澳大灣區", {"kinds": ALL_KINDS}, "cn_greater_bay_area"),
        ("Shanghai-Suzhou", {"kinds": ALL_KINDS}, "cn_shanghai_suzhou"),
        ("長三角", {"kinds": GROUP_KINDS}, "cn_yangtze_river_delta"),
        ("京津冀(北京 天津 张家口)", {"kinds": ALL_KINDS}, None),
        ("San Francisco", {"kinds": ALL_KINDS}, "us_san_francisco"),
        ("New York", {"kinds": ALL_KINDS}, "us_new_york"),
        # parts of a city are not the city
        ("上海(浦东新区)", {"kinds": ALL_KINDS}, None),
        ("昆山(苏州)", {"kinds": ALL_KINDS}, None),
        ("浙江省德清县(湖州市)", {"kinds": ALL_KINDS}, None),
        ("朝阳(北京)", {}, None),
        ("Pudong, Shanghai", {}, None),
        ("Chaoyang, Beijing", {}, None),
        ("City of London", {}, None),
        ("Kabupaten Bandung", {}, None),
        # the country beside the name, in several languages
        ("Cambridge (United Kingdom)", {}, "gb_cambridge"),
        ("Munich, Allemagne", {}, "de_munich"),
        ("München (Deutschland)", {}, "de_munich"),
        ("Seoul, Korea Selatan", {}, "kr_seoul"),
        ("法国巴黎", {}, "fr_paris"),
        ("中国·深圳", {}, "cn_shenzhen"),
        ("China, Shenzhen", {}, "cn_shenzhen"),
        ("Guangzhou - China", {}, "cn_guangzhou"),
        ("Shenzhen, Guangdong, China", {}, "cn_shenzhen"),
        ("Seoul, Korea (Republic of)", {}, "kr_seoul"),
        ("London GBR", {}, "gb_london"),
        ("Suzhou, China", {}, {"cn_suzhou_anhui", "cn_suzhou_jiangsu"}),
        ("Suzhou, Singapore", {}, None),
        ("Hong Kong", {"country_code": "CN"}, "hk_hong_kong"),
        ("中国香港", {}, "hk_hong_kong"),
        ("Macau, China", {}, "mo_macau"),
        ("Beijing, China", {"country_code": "HK"}, None),
        ("Shenzhen, Hong Kong", {}, None),
        # and the division, written out or by its code
        ("Cambridge, MA", {}, "us_cambridge"),
        ("Cambridge MA", {}, "us_cambridge"),
        ("Cambridge, Massachusetts, USA", {}, "us_cambridge"),
        ("Birmingham, AL", {}, "us_birmingham"),
        ("Birmingham, England", {}, "gb_birmingham"),
        ("Birmingham, MI", {}, None),
        ("London, ON", {}, "ca_london"),
        ("London, Ontario, Canada", {}, "ca_london"),
        ("London, CA", {}, "ca_london"),
        ("San Francisco, CA", {}, "us_san_francisco"),
        ("Portland, ME", {}, None),
        ("Vancouver, WA", {}, None),
        ("Paris, TX", {}, None),
        ("Paris, Kentucky", {}, None),
        ("Melbourne, VIC", {}, "au_melbourne"),
        ("Melbourne, Florida", {}, None),
        ("Suzhou Anhui", {}, "cn_suzhou_anhui"),
        ("Jiangsu Suzhou", {}, "cn_suzhou_jiangsu"),
        ("Suzhou, Jiangsu Province, P.R. China", {}, "cn_suzhou_jiangsu"),
        # two names of one place, or of two
        ("Suzhou (苏州)", {}, "cn_suzhou_jiangsu"),
        ("宿州 (Suzhou)", {}, "cn_suzhou_anhui"),
        ("苏州市Suzhou", {}, "cn_suzhou_jiangsu"),
        ("Suzhou/蘇州", {}, "cn_suzhou_jiangsu"),
        ("圣地亚哥 (San Diego)", {}, "us_san_diego"),
        ("苏州 (Wuxi)", {}, None),
        ("Shanghai/Suzhou", {}, None),
        # words that say what a place is
        ("Jilin City", {}, "cn_jilin"),
        ("Jilin City", {"kinds": PROVINCE_KINDS}, None),
        ("Jilin Province", {}, None),
        ("Hangzhou Municipality", {}, "cn_hangzhou"),
        ("呼伦贝尔盟", {}, "cn_hulunbuir"),
        ("大理白族自治州", {}, None),
        ("東京都", {}, "jp_tokyo"),
        ("Köln, Stadt", {}, "de_cologne"),
        ("Landeshauptstadt München", {}, "de_munich"),
        ("Kota Bandung", {}, "id_bandung"),
        ("Busan Metropolitan City", {}, "kr_busan"),
        ("New York City, NY", {}, "us_new_york"),
        # pinyin and umlauts without their signs
        ("Xi an", {}, "cn_xian"),
        ("XIAN", {}, "cn_xian"),
        ("Hu he hao te", {}, "cn_hohhot"),
        ("Shíjiāzhuāng", {}, "cn_shijiazhuang"),
        ("Lvliang", {}, "cn_luliang"),
        ("Lyuliang", {}, "cn_luliang"),
        ("Duesseldorf", {}, "de_dusseldorf"),
        # marks of footnotes
        ("北京*", {}, "cn_beijing"),
        ("Shanghai¹", {}, "cn_shanghai"),
        ("Shanghai2", {}, "cn_shanghai"),
        ("深圳[3]", {}, "cn_shenzhen"),
        ("深圳（1）", {}, "cn_shenzhen"),
        ("广州①", {}, "cn_guangzhou"),
        # metros by what they say they are, or by their cities in another order
        ("Dallas-Fort Worth metro area", {"kinds": ALL_KINDS}, "us_dallas_metro"),
        ("Cleveland metropolitan area", {"kinds": ALL_KINDS}, "us_cleveland_metro"),
        ("Cleveland metropolitan area", {}, None),
        ("Greater Tokyo", {}, None),
        ("Hong Kong-Shenzhen-Guangzhou", {"kinds": ALL_KINDS}, "cn_shenzhen_hong_kong_guangzhou"),
        ("Suzhou/Shanghai", {"kinds": ALL_KINDS}, "cn_shanghai_suzhou"),
        ("Hong Kong-Shenzhen-Guangzhou", {}, None),
    ],
)
def test_who_is_meant_by_rule(name: str, context: dict[str, Any], meant: Any) -> None:
    found = real_catalog().gazetteer.city(name, **context)
    assert found.city_id == (meant if isinstance(meant, str) else None)
    assert set(found.candidates) == (meant if isinstance(meant, set) else set())


@given(
    SPELLING_OF_THE_CATALOG,
    st.sampled_from(["{} City", "{} Municipality", "{}市", "{}*", "{}¹", "{}[2]", "{}, {country}"]),
)
def test_what_is_added_to_a_name_makes_it_nobody_elses(entry: tuple[City, str], form: str) -> None:
    city, name = entry
    names = real_catalog().gazetteer
    before = names.city(name, city.country_code)
    after = names.city(form.format(name, country=city.country_code), city.country_code)
    assert {after.city_id, *after.candidates} <= {
        *(None, city.city_id, before.city_id),
        *before.candidates,
    }
    # A word behind a bracket or a state is part of neither.
    fits = form[-1] not in "市y" or (
        bool(cjk(name)) == (form == "{}市") and not set(name) & set(",()")
    )
    if fits and before.city_id and not name.endswith("市"):
        assert after.city_id == before.city_id


TO_ANOTHER_SCRIPT = [opencc.OpenCC(way) for way in ("s2t", "s2tw", "s2hk", "t2s")]


@given(SPELLING_OF_THE_CATALOG, st.sampled_from(TO_ANOTHER_SCRIPT))
def test_the_script_never_changes_who_is_meant(
    entry: tuple[City, str], converter: opencc.OpenCC
) -> None:
    city, name = entry
    other = converter.convert(name)
    found = real_catalog().gazetteer.city(
        other, city.country_code, city.province_en, kinds={city.kind}
    )
    assert found.city_id == city.city_id, other


def test_a_near_name_is_shown_and_never_taken() -> None:
    names = real_catalog().gazetteer
    for name, near in (
        ("Shenzen", "cn_shenzhen"),
        ("Guangzhuo", "cn_guangzhou"),
        ("呼和浩得", "cn_hohhot"),
        ("Wuhn", "cn_wuhan"),
        ("杭洲市", "cn_hangzhou"),
        ("苏洲", "cn_suzhou_jiangsu"),
        ("岛青", "cn_qingdao"),
        ("深川", "cn_shenzhen"),
    ):
        found = names.city(name)
        assert (found.city_id, found.candidates) == (None, ())
        assert near in found.near
        assert f"near: {near}" in found.suggestions
    assert names.city("Shenzen", "US").near == ()
    assert names.city("Suzhou").suggestions == ("cn_suzhou_anhui", "cn_suzhou_jiangsu")
    # a province is not a misspelling of a city, and what many names have in common tells nothing
    assert names.city("Hainan").near == names.city("海南省").near == names.city("X州").near == ()


def test_no_text_is_too_odd_to_ask_for() -> None:
    names = real_catalog().gazetteer
    for text in ("(", ")(", "市", "City", ",", "/", "中国", "-", "[1]", "*", "Beijing" * 1000):
        assert names.city(text).city_id is None


@given(st.text(max_size=40))
def test_any_text_has_an_answer(text: str) -> None:
    found = real_catalog().gazetteer.city(text)
    assert found.city_id is None or not found.candidates


def test_a_bad_territory_is_told_by_file_and_line(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path)
    lines = "territory,name,aliases,printed_under\nUS-MA,Massachusetts,,\nUSA,America,,\n"
    (folder / "territories.csv").write_text(lines, encoding="utf-8")
    catalog = load_catalog([folder])
    assert list(catalog.territories) == ["US-MA"]
    told = [(error.file, error.line) for error in catalog.errors]
    assert (f"{folder.name}/territories.csv", 3) in told


def test_the_catalog_knows_the_cities_of_the_world() -> None:
    cities = real_catalog().cities.values()
    chinese = [c for c in cities if c.country_code == "CN" and c.is_city]
    assert len(chinese) == 297
    assert len([c for c in cities if c.country_code != "CN" and c.is_city]) >= 150
    assert len([c for c in cities if c.kind == "province"]) == 27
    for column in ("geonames_id", "gb2260_code"):
        values = [getattr(city, column) for city in cities if getattr(city, column)]
        assert len(set(values)) == len(values), column
    # no GeoNames entry of 15,000 people or more
    assert [c.city_id for c in cities if c.is_city and not c.geonames_id] == ["cn_sansha"]
    assert all(c.gb2260_code.isdigit() and len(c.gb2260_code) == 6 for c in chinese)
    by_id = real_catalog().cities
    assert by_id["cn_suzhou_jiangsu"].geonames_id == 1886760
    assert by_id["cn_suzhou_anhui"].geonames_id == 1793743


def _unresolved(names: list[str], kinds: frozenset[str]) -> set[str]:
    return {n for n in names if not real_catalog().gazetteer.city(n, kinds=kinds).city_id}


def test_the_names_of_the_ledger(shared: Path) -> None:
    ledger = json.loads((shared / "reports" / "published_rankings.json").read_text("utf-8"))
    names: dict[bool, list[str]] = {False: [], True: []}
    for edition in ledger["editions"]:
        provinces = str(edition.get("unit_of_analysis")).startswith("province")
        rows = [row["city_as_printed"] for row in edition["rows"] if row.get("city_as_printed")]
        names[provinces] += rows
    assert len(names[False]) > 600
    assert len(names[True]) > 40
    # provinces among cities (one a misprint of 贵阳), a region, and two cities of one name
    known = {"广东省", "貴州", "Atyrau Region", "圣地亚哥"}
    assert _unresolved(names[False], ALL_KINDS) == known
    assert _unresolved(names[True], PROVINCE_KINDS) == {"港澳1"}


def test_the_names_of_the_facts(shared: Path) -> None:
    facts = json.loads((shared / "facts" / "facts.json").read_text("utf-8"))
    names = [r["city_as_printed"] for f in facts for r in f["rows"] if r.get("city_as_printed")]
    unknown = _unresolved(names, ALL_KINDS)
    assert len([name for name in names if name not in unknown]) / len(names) > 0.9
    # districts and counties named with their city, and lists of cities, are not that city
    assert {name for name in names if "(" in name or "+" in name} <= unknown
    autonomous = ("州", "盟", "地区", "区划", "自治县")
    counties = {"文昌", "文昌市", "昆山市", "张家港市", "琼海市", "济源市", "仙桃市", "潜江市"}
    counties |= {"天门市", "石河子市", "阿拉尔市", "五家渠市", "莱芜市"}
    elsewhere = {"全国", "Virginia", "Northern Virginia", "Oregon", "North/South Carolina"}
    rest = {n for n in unknown if "(" not in n and "+" not in n and not n.endswith(autonomous)}
    assert rest == counties | elsewhere


@pytest.mark.parametrize(
    ("file", "column", "kinds", "share"),
    [
        ("microsoft_ai_diffusion_us_metros_2026q1.csv", "MSA Title", GROUP_KINDS, 1.0),
        ("cloud_regions_by_metro_2025-01.csv", "metro", CITY_KINDS, 0.95),
        ("ai_unicorns_by_city_2022-03_agg.csv", "City", CITY_KINDS, 0.95),
        ("unicorns_by_city_year_2024_agg.csv", "City", CITY_KINDS, 0.75),
        ("oecd_fua_metro_gdp_latest.csv", "fua_name", ALL_KINDS, 0.3),
    ],
)
def test_the_names_of_the_world_files(
    shared: Path, file: str, column: str, kinds: frozenset[str], share: float
) -> None:
    with (shared / "mirror" / file).open(encoding="utf-8-sig", newline="") as stream:
        names = [row[column] for row in csv.DictReader(stream) if row[column]]
    unknown = _unresolved(names, kinds)
    assert len([name for name in names if name not in unknown]) / len(names) >= share


def test_a_city_lies_in_its_province(shared: Path) -> None:
    """A namesake's GeoNames id would put it among the cities of another province."""
    path = shared / "mirror" / "geonames_cities15000.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        places = {int(row["geonameid"]): row for row in csv.DictReader(stream)}
    divisions: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    placed = [
        (city, places[city.geonames_id])
        for city in real_catalog().cities.values()
        if city.is_city and city.province_en and city.geonames_id in places
    ]
    assert len(placed) > 350
    for city, place in placed:
        assert place["country_code"] == city.country_code, city.city_id
        assert city.latitude == pytest.approx(float(place["lat"]), abs=0.01), city.city_id
        assert city.longitude == pytest.approx(float(place["lng"]), abs=0.01), city.city_id
        divisions[city.country_code, city.province_en][place["admin1"]] += 1
    odd = [
        city.city_id
        for city, place in placed
        if divisions[city.country_code, city.province_en].most_common(1)[0][0] != place["admin1"]
    ]
    assert odd == []


def test_real_organisations_are_in_known_cities() -> None:
    catalog = real_catalog()
    placed = {o.city_id for o in catalog.organisations.values() if o.city_id}
    assert placed <= set(catalog.cities)
    assert catalog.gazetteer.organisation("Tsinghua University (THU)") == "cn_beijing"
