"""Where an organisation is: names, address lines and the registry in, places out."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_bench import Bench, register_card, write_catalog

from ingest import organisation_table
from ingest.catalog import Catalog, load_catalog
from ingest.names.organisations import Affiliation, is_running_text
from ingest.names.ror import RorError, read_ror
from ingest.settings import PROJECT

ROWS = """\
organisation,city_id,place,country_code,caution,ror_id,reason
Tsinghua University,cn_beijing,,,,03cve4549,
Hangzhou Lab,cn_hangzhou,,,spread,,headquarters
Huge,,Armonk,US,spread,,headquarters
Academy,,,CN,spread,,institutes all over the country
Northern University,cn_shenzhen,,CN,shared,,seat
Northern University,br_sao_paulo,,BR,shared,,seat
Not Specified,,,,,,no organisation
"""


@pytest.fixture
def small(tmp_path: Path) -> Catalog:
    catalog = load_catalog([write_catalog(tmp_path, organisations=ROWS)])
    assert not [error for error in catalog.errors if "organisations" in error.file]
    return catalog


@cache
def real() -> Catalog:
    return load_catalog([PROJECT / "catalog"])


def shown(found: Affiliation) -> str | None:
    """City, else place and country, else country."""
    if not found.site:
        return None
    return found.city_id or f"{found.site.place} {found.site.country_code}".strip()


@pytest.mark.parametrize(
    ("mention", "place", "basis"),
    [
        ("Tsinghua University", "cn_beijing", "name"),
        ("The TSINGHUA  Univ.", "cn_beijing", "name"),
        ("Tsinghua University (THU)", "cn_beijing", "name"),
        ("Tsinghua University, Tsinghua University", "cn_beijing", "name"),
        ("1Tsinghua University", "cn_beijing", "name"),
        ("Tsinghua University*", "cn_beijing", "name"),
        ("Huge", "Armonk US", "name"),
        ("Huge, Inc.", "Armonk US", "name"),
        # address lines
        ("Department of Things, Tsinghua University", "cn_beijing", "part"),
        ("Tsinghua University, China", "cn_beijing", "part"),
        ("School of Things at Tsinghua University", "cn_beijing", "part"),
        ("Tsinghua University, School of Things", "cn_beijing", "part"),
        # the printed city is where the unit is, whatever is known of the organisation
        ("Tsinghua University, Shenzhen", "cn_shenzhen", "address"),
        ("Tsinghua University (Shenzhen)", "cn_shenzhen", "address"),
        ("Huge Research, Hangzhou 310000, China", "cn_hangzhou", "address"),
        ("An Unknown Lab, Shenzhen, China", "cn_shenzhen", "address"),
        # the unit goes before the company or academy that has many
        ("Hangzhou Lab, Tsinghua University", "cn_beijing", "part"),
        ("Academy", "CN", "name"),
    ],
)
def test_where_it_is_and_by_what(small: Catalog, mention: str, place: str, basis: str) -> None:
    found = small.gazetteer.organisations.resolve(mention)
    assert (shown(found), found.basis) == (place, basis)


@pytest.mark.parametrize(
    "mention",
    [
        "",
        "Tsinghua",
        "An Unknown Lab",
        "Shenzhen",
        "An Unknown Lab, Suzhou",  # of two cities
        "Tsinghua University, France",  # a country in which it is not
        "Shenzhen Institute of Tsinghua University",  # a campus elsewhere
        "Tsinghua University Shenzhen Graduate School",
        "Tsinghua University (GZ)",  # the mark of a campus, no acronym
    ],
)
def test_what_is_not_said_is_not_guessed(small: Catalog, mention: str) -> None:
    assert small.gazetteer.organisation(mention) is None


def test_a_shared_name_is_told_apart_by_the_country_alone(small: Catalog) -> None:
    names = small.gazetteer.organisations
    unsaid = names.resolve("Northern University")
    assert unsaid.site is None
    assert {site.city_id for site in unsaid.candidates} == {"cn_shenzhen", "br_sao_paulo"}
    for countries, city in (
        ({"CN"}, "cn_shenzhen"),
        ({"BR", "US"}, "br_sao_paulo"),
        ({"BR", "CN"}, None),
        ({"US"}, None),
    ):
        found = names.resolve("Northern University", countries)
        assert found.city_id == city
        assert found.basis == ("country" if city else None)
    assert names.resolve("Northern University, China").city_id == "cn_shenzhen"


def test_the_stated_country_never_moves_what_has_one_place(small: Catalog) -> None:
    found = small.gazetteer.organisations.resolve("Tsinghua University", {"US"})
    assert (found.city_id, found.basis) == ("cn_beijing", "name")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fully supervised methods, which need far more labels than we have", True),
        ("Our method is trained end-to-end on multi-view", True),
        ("to-end manner. It does not require bounding box anno-", True),
        ("stereo videos from autonomous driving applications [12]", True),
        ("someone@example.org", True),
        ("/30 /48 /52 /35 /56", True),
        ("Institute for Advanced Study", False),
        ("iFlytek Research", False),
        ("1Peng Cheng Laboratory, Shenzhen, China", False),
        ("Rutgers, The State University of New Jersey", False),
    ],
)
def test_running_text_is_no_organisation(small: Catalog, text: str, expected: bool) -> None:
    assert is_running_text(text) is expected
    if expected:
        assert not small.gazetteer.organisations.resolve(text).is_organisation


def test_what_the_catalog_knows_as_none_is_none(small: Catalog) -> None:
    assert not small.gazetteer.organisations.resolve("Not specified").is_organisation


def test_a_bad_override_is_told_by_file_and_line(tmp_path: Path) -> None:
    rows = [
        "organisation,city_id,place,country_code,caution,ror_id,reason",
        "Good Lab,cn_beijing,,,,,seat",
        "No Reason Lab,cn_beijing,,,,,",
        "Lost Lab,cn_bejing,,,,,seat",
        "Torn Lab,cn_beijing,Haidian,CN,,,seat",
        "Nowhere Lab,,Armonk,,,,seat",
        "Odd Lab,cn_beijing,,,maybe,,seat",
        "good lab,cn_hangzhou,,,,,seat",
    ]
    catalog = load_catalog([write_catalog(tmp_path, organisations="\n".join(rows) + "\n")])
    file = f"{tmp_path.name}/organisations.csv"
    told = {e.line: f"{e.message} {e.remedy}" for e in catalog.errors if e.file == file}
    assert told.keys() == {3, 4, 5, 6, 7, 8}
    assert "needs its ror_id or a reason" in told[3]
    assert "Did you mean 'cn_beijing'?" in told[4]
    assert "a place stands in the stead of city_id" in told[5]
    assert "a place stands in the stead of city_id" in told[6]
    assert "caution" in told[7]
    assert "duplicate organisation" in told[8]


@pytest.mark.parametrize(
    ("mention", "countries", "place"),
    [
        # universities of several campuses
        ("Harbin Institute of Technology", (), "cn_harbin"),
        ("Harbin Institute of Technology, Shenzhen", (), "cn_shenzhen"),
        ("Harbin Institute of Technology (Shenzhen)", (), "cn_shenzhen"),
        ("Peking University Shenzhen Graduate School", (), "cn_shenzhen"),
        ("Tsinghua Shenzhen International Graduate School, Tsinghua University", (), "cn_shenzhen"),
        ("The Chinese University of Hong Kong, Shenzhen", (), "cn_shenzhen"),
        ("Chinese University of Hong Kong", (), "hk_hong_kong"),
        ("HKUST (Guangzhou)", (), "cn_guangzhou"),
        ("University of California, Los Angeles", (), "us_los_angeles"),
        ("UC San Diego", (), "us_san_diego"),
        ("University of California", (), "US"),
        ("New York University Abu Dhabi", (), "ae_abu_dhabi"),
        ("Carnegie Mellon University Africa", (), None),
        ("Texas A&M University at Qatar", (), None),
        ("Huzhou Institute of Zhejiang University", (), "cn_huzhou"),
        # academies
        ("Institute of Automation, Chinese Academy of Sciences", (), "cn_beijing"),
        (
            "Shenzhen Institutes of Advanced Technology, Chinese Academy of Sciences",
            (),
            "cn_shenzhen",
        ),
        ("Shenyang Institute of Automation, Chinese Academy of Sciences", (), "cn_shenyang"),
        # companies and their laboratories
        ("Google Research", (), "us_mountain_view"),
        ("Google, Zurich", (), "ch_zurich"),
        ("Microsoft", (), "Redmond US"),
        ("Microsoft Research Asia", (), "cn_beijing"),
        ("Microsoft Research, Cambridge, UK", (), "gb_cambridge"),
        ("DAMO Academy, Alibaba Group", (), "cn_hangzhou"),
        # names of several
        ("University of Science and Technology", (), None),
        ("Northeastern University", (), None),
        ("Northeastern University", ("CN",), "cn_shenyang"),
        ("Northeastern University", ("US",), "us_boston"),
        ("York University", (), "ca_toronto"),
        ("University of York", (), "York GB"),
        ("Queen's University", (), None),
        ("Queen's University", ("GB",), "gb_belfast"),
        ("Queen's University", ("CA",), "Kingston CA"),
        ("University of Newcastle", ("AU",), "Newcastle AU"),
        ("University of Georgia", ("US",), "Athens US"),
        ("Suzhou University", ("CN",), "CN"),
        ("University of Washington", (), "us_seattle"),
        # cities of one name in addresses
        ("A Lab, London, Ontario, Canada", (), "ca_london"),
        ("A Lab, London, UK", (), "gb_london"),
        ("A Lab, Cambridge", (), None),
        ("A Lab, Cambridge, MA 02139, USA", (), "us_cambridge"),
        # suburbs and small towns are places, and cities of the gazetteer only where they are
        ("Stanford University", (), "Stanford US"),
        ("Princeton University", (), "Princeton US"),
        ("The University of Hong Kong", (), "hk_hong_kong"),
        # two organisations in one line
        ("Zhejiang University, Tsinghua University", (), None),
        ("Abstract", (), None),
        ("Department of Computer Science", (), None),
    ],
)
def test_traps(mention: str, countries: tuple[str, ...], place: str | None) -> None:
    assert shown(real().gazetteer.organisations.resolve(mention, countries)) == place


PLACED = st.deferred(
    lambda: st.sampled_from(
        [
            (o.organisation, o.city_id)
            for o in real().organisations.values()
            if o.city_id
            and o.caution == ""
            and "," not in o.organisation
            # The digit that a name begins with is taken for a mark of an affiliation.
            and not o.organisation[0].isdigit()
        ]
    )
)


@given(
    PLACED,
    st.sampled_from(
        ["The {}", "{} ", "2{}", "{}†", "Department of Physics, {}", "{}, {country}", "{}, {city}"]
    ),
)
@settings(deadline=None)
def test_what_stands_around_a_name_does_not_move_it(placed: tuple[str, str], form: str) -> None:
    name, city_id = placed
    catalog = real()
    city = catalog.cities[city_id]
    country = {"HK": "Hong Kong", "US": "USA", "CN": "P.R. China"}.get(
        city.country_code, city.country_code
    )
    around = form.format(name, country=country, city=f"{city.name_en}, {country}")
    assert catalog.gazetteer.organisation(around) in (city_id, None)
    if form in ("{} ", "{}†"):
        assert catalog.gazetteer.organisation(around) == city_id


@given(st.text(max_size=60), st.sampled_from([(), ("CN",), ("US", "GB")]))
def test_any_text_has_an_answer(text: str, countries: tuple[str, ...]) -> None:
    found = real().gazetteer.organisations.resolve(text, countries)
    assert found.site is None or not found.candidates


# ---------------------------------------------------------------- the registry


def ror_item(ror_id: str, name: str, place: str, country: str, **changes: Any) -> dict[str, Any]:
    """A record as in schema version 2 of the dump."""
    aliases, acronyms = changes.get("aliases", []), changes.get("acronyms", [])
    return {
        "id": f"https://ror.org/{ror_id}",
        "status": changes.get("status", "active"),
        "types": changes.get("types", ["education"]),
        "names": [
            {"value": name, "types": ["ror_display", "label"], "lang": "en"},
            *({"value": a, "types": ["alias"], "lang": None} for a in aliases),
            *({"value": a, "types": ["acronym"], "lang": None} for a in acronyms),
        ],
        "locations": [
            {
                "geonames_id": changes.get("geonames_id", 1),
                "geonames_details": {
                    "name": place,
                    "country_code": country,
                    "country_subdivision_name": changes.get("division"),
                },
            }
        ],
    }


RECORDS = [
    ror_item("01", "Northern University", "Shenzhen", "CN"),
    ror_item("02", "Northern University", "São Paulo", "BR"),
    ror_item(
        "03", "Polytechnic of Hangzhou", "Hangzhou", "CN", aliases=["杭州理工"], acronyms=["PH"]
    ),
    ror_item("04", "Closed Lab", "Beijing", "CN", status="withdrawn"),
    ror_item("05", "Widgets (China)", "Beijing", "CN", types=["company"]),
    ror_item("06", "Suburban College", "Haidian Town", "CN"),
    ror_item("07", "College of Suzhou", "Suzhou", "CN", division="Anhui"),
    ror_item("08", "Never Printed University", "Beijing", "CN"),
    ror_item("09", "Hangzhou Lab", "Shenzhen", "CN"),
]


def dump() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("v2.3-2026-11-20-ror-data.json", json.dumps(RECORDS))
        archive.writestr("v2.3-2026-11-20-ror-data.csv", "id,name\n")
    return data.getvalue()


def test_the_dump_is_read_as_zip_and_as_json() -> None:
    records = read_ror(dump())
    assert records == read_ror(json.dumps(RECORDS).encode())
    third = records[2]
    assert (third.ror_id, third.name, third.aliases) == (
        "03",
        "Polytechnic of Hangzhou",
        ("杭州理工",),
    )
    assert (third.place, third.country_code, third.geonames_id) == ("Hangzhou", "CN", 1)


def test_the_dump_as_table() -> None:
    header = "ror_id,name,aliases,types,country_code,city,admin1,geonames_id,lat,lng,domains,status"
    data = (
        f"{header},established\n01,A College,AC|Ein Kolleg,education,DE,Bonn,,2946447,,,,active,\n"
    )
    (record,) = read_ror(data.encode())
    assert (record.aliases, record.place, record.geonames_id) == (("Ein Kolleg",), "Bonn", 2946447)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"<html>", b"[{}]", b"\xff\xfe", b"a,b\n1,2\n"]
)
def test_what_is_no_dump_is_told(data: bytes) -> None:
    with pytest.raises(RorError, match="not a dump of ROR"):
        read_ror(data)


MAKERS = "name;makers;country;year\n" + "".join(
    f"{line}\n"
    for line in (
        "A;Northern University|Hangzhou Lab;China;2023",
        "B;Department of Things, Polytechnic of Hangzhou;China;2023",
        "C;杭州理工|Suburban College|Widgets;China;2023",
        "D;College of Suzhou|PH|Closed Lab|Northern University;China,Brazil;2023",
    )
)


def makers_card() -> dict[str, Any]:
    return register_card(
        parse={
            "city_column": None,
            "organisation_column": "makers",
            "separator": "|",
            "country_column": "country",
        }
    )


def test_the_command_takes_the_names_that_documents_print(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_catalog(bench.folder / "catalog", makers_card())
    rows = [line.split(";") for line in MAKERS.splitlines()]
    with (bench.mirror / "doc.bin").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    (bench.mirror / "ror-data.zip").write_bytes(dump())
    monkeypatch.setenv("AICITY_CATALOG", str(bench.folder / "catalog"))
    monkeypatch.setenv("AICITY_MIRROR", str(bench.mirror))
    monkeypatch.setenv("AICITY_HOME", str(bench.folder / "home"))
    assert organisation_table.main() == 0
    target = bench.folder / "catalog" / "organisations_ror.csv"
    first = target.read_bytes()
    written = {(r["organisation"], r["city_id"], r["place"], r["caution"]) for r in read_csv(first)}
    assert written == {
        ("Northern University", "cn_shenzhen", "", "shared"),
        ("Northern University", "br_sao_paulo", "", "shared"),
        ("Polytechnic of Hangzhou", "cn_hangzhou", "", ""),
        ("杭州理工", "cn_hangzhou", "", ""),
        ("Widgets", "cn_beijing", "", "shared"),
        ("Suburban College", "", "Haidian Town", ""),
        ("College of Suzhou", "cn_suzhou_anhui", "", ""),
    }
    told = capsys.readouterr().out
    assert "PH" in told
    assert "Haidian Town (CN)" in told
    assert organisation_table.main() == 0
    assert target.read_bytes() == first
    read = load_catalog([bench.folder / "catalog"]).gazetteer
    assert read.organisation("Hangzhou Lab") == "cn_hangzhou"  # by hand, before the registry
    assert read.organisation("Polytechnic of Hangzhou") == "cn_hangzhou"
    assert read.organisation("Widgets", ("CN",)) == "cn_beijing"
    assert read.organisation("Widgets") is None


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_without_a_dump_the_command_says_where_it_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_catalog(bench.folder / "catalog")
    monkeypatch.setenv("AICITY_CATALOG", str(bench.folder / "catalog"))
    monkeypatch.setenv("AICITY_MIRROR", str(bench.mirror))
    monkeypatch.delenv("ROR", raising=False)
    assert organisation_table.main() == 2
    assert "doi.org/10.5281/zenodo" in capsys.readouterr().err
    (bench.mirror / "ror.csv").write_text("a,b\n1,2\n")
    assert organisation_table.main() == 2
    assert "not a dump of ROR" in capsys.readouterr().err


# ---------------------------------------------------------------- how well it goes


def test_agreement_is_counted_where_the_list_allows_it(bench: Bench) -> None:
    rows = [
        ("name", "makers", "country", "year"),
        ("A", "Tsinghua University", "China", "2023"),  # agrees, both tests
        ("B", "Tsinghua University", "France", "2023"),  # disagrees, both
        ("C", "Tsinghua University|Unknown Lab", "France,China", "2023"),  # listed, not aligned
        ("D", "Tsinghua University|Unknown Lab|Hangzhou Lab", "China", "2023"),  # listed twice
        ("E", "Tsinghua University", "China,", "2023"),  # a gap in the list
        ("F", "Tsinghua University", "Multinational", "2023"),
        ("G", "Tsinghua University", "", "2023"),
        ("H", "we show that this has been done|Tsinghua University", "China", "2019"),
    ]
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    read = bench.read(makers_card(), stream.getvalue().encode())
    found = {(r["rows_counted"], r["comparison"]): r for r in read.rows("organisation_resolution")}
    assert found.keys() == {
        (rows, test) for rows in ("figures", "all") for test in ("listed", "aligned")
    }
    columns = ("n_left_out", "n_mentions", "n_resolved", "n_placed", "n_compared", "n_agreeing")
    assert [found["figures", "listed"][c] for c in columns] == [0, 10, 8, 8, 5, 4]
    assert [found["figures", "aligned"][c] for c in columns] == [0, 10, 8, 8, 3, 1]
    assert [found["all", "listed"][c] for c in columns] == [1, 11, 9, 9, 6, 5]
    assert [found["all", "aligned"][c] for c in columns] == [1, 11, 9, 9, 3, 1]


def test_what_the_country_told_is_not_tested_by_it(bench: Bench) -> None:
    data = b"name,makers,country,year\nA,Northern University,China,2023\n"
    read = bench.read(makers_card(), data, organisations=ROWS)
    assert read.values() == [("cn_shenzhen", 2023, 1)]
    (found,) = [
        r
        for r in read.rows("organisation_resolution")
        if (r["rows_counted"], r["comparison"]) == ("all", "listed")
    ]
    assert (found["n_resolved"], found["n_by_country"], found["n_compared"]) == (1, 1, 0)


@pytest.mark.parametrize(
    "source", ["paper_copilot_affiliations", "epoch_notable_models", "epoch_large_scale_models"]
)
def test_the_targets_are_met(source: str) -> None:
    """At least 85 % resolved and 98 % in the stated country, by either test."""
    (path,) = (PROJECT / "catalog" / "sources" / source).glob("*.organisation_resolution.csv")
    rows = read_csv(path.read_bytes())
    assert len(rows) == 4
    for row in rows:
        assert int(row["n_resolved"]) / int(row["n_mentions"]) >= 0.85
        assert int(row["n_agreeing"]) / int(row["n_compared"]) >= 0.98
        assert int(row["n_compared"]) > 400
