"""The connectors of the catalog against servers that answer as the publishers document it.

Each goes through its real card, the map of addresses, the pull and the parser, to rows.
"""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import docx
import pyarrow.parquet as pq
import pytest
from ingest_bench import Asked, Interface, Site, workbook

from ingest.catalog import Catalog, load_catalog
from ingest.parse import ParseResult, facts_path, parse, parsed_facts
from ingest.pull import PullResult, held_documents, pull
from ingest.pulling import remote
from ingest.pulling.http import fetch
from ingest.settings import PROJECT, Settings

FOLDERS = (PROJECT / "catalog", PROJECT / "catalog" / "connectors")
HOSTS = (
    "api.worldbank.org",
    "api.openalex.org",
    "ec.europa.eu",
    "sdmx.oecd.org",
    "epoch.ai",
    "zenodo.org",
    "raw.githubusercontent.com",
    "data.stats.gov.cn",
    "www.chinautc.com",
    "www.cac.gov.cn",
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    found = load_catalog(FOLDERS)
    assert found.errors == ()
    return found


class Connector:
    """A source of the catalog, of some years, at a server of this machine."""

    def __init__(self, catalog: Catalog, site: Site, home: Path) -> None:
        self.catalog, self.site = catalog, site
        mapped = tuple((f"https://{host}/", f"{site.url}/{host}/") for host in HOSTS)
        self.settings = Settings(home=home, catalog=FOLDERS, origin="live", address_map=mapped)

    def serve(self, host: str, interface: Interface) -> None:
        self.site.interfaces = {f"/{host}/": interface}

    def pull(self, source: str, *years: int) -> PullResult:
        if years:
            return pull(self.catalog, source, self.settings, years=years)
        return pull(self.catalog, source, self.settings)

    def read(self, source: str, *years: int) -> list[dict[str, Any]]:
        """Facts of documents that all could be pulled and read, with their quotes."""
        pulled = self.pull(source, *years)
        if years:
            assert pulled.failures == []
        result: ParseResult = parse(self.catalog, source, self.settings)
        assert (result.errors, result.unquoted) == ([], [])
        held = held_documents(self.catalog, source, self.settings)
        paths = [facts_path(h, self.catalog, self.settings) for h in held if not h.fact_kind]
        rows = [row for path in paths for row in pq.read_table(path).to_pylist()]
        return sorted((r for r in rows if r["kind"] == "observation"), key=lambda r: r["city_id"])

    def failure(self, source: str, *years: int) -> str:
        (found,) = self.pull(source, *years).failures
        return found.reason


@pytest.fixture
def connector(
    catalog: Catalog, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Connector:
    hurry = {"rate_per_second": 20.0}

    def quick(address: str, settings: Settings, how: Any, *args: Any, **more: Any) -> Any:
        return fetch(address, settings, how.model_copy(update=hurry), *args, pause=0, **more)

    monkeypatch.setattr(remote, "fetch", functools.partial(quick))
    return Connector(catalog, site, tmp_path / "home")


def figures(rows: list[dict[str, Any]]) -> dict[tuple[str, str, int], Any]:
    return {(r["indicator"], r["city_id"], r["year"]): r["value"] for r in rows}


# ---------------------------------------------------------------- World Bank
NAMES = {"HKG": "Hong Kong SAR, China", "MAC": "Macao SAR, China", "SGP": "Singapore"}


def world_bank(asked: Asked) -> Any:
    """Six rows a query, four of them a page."""
    _, _, countries, _, indicators = asked.path.removeprefix("/api.worldbank.org/").split("/")
    rows = [
        {
            "indicator": {"id": indicator, "value": "A title"},
            "country": {"id": code[:2], "value": NAMES[code]},
            "countryiso3code": code,
            "date": asked.query["date"],
            "value": None if code == "MAC" and "RSDV" in indicator else 2.5 + i,
            "unit": "",
            "obs_status": "",
            "decimal": 1,
        }
        for indicator in indicators.split(";")
        for i, code in enumerate(countries.split(";"))
    ]
    page = int(asked.query["page"])
    meta = {"page": page, "pages": 2, "per_page": 4, "total": 6, "sourceid": "2"}
    return [meta, rows[4 * (page - 1) : 4 * page]]


def test_world_bank(connector: Connector) -> None:
    connector.serve("api.worldbank.org", world_bank)
    found = figures(connector.read("world_bank_indicators", 2023))
    assert found == {
        ("gdp_growth_pct_change", "hk_hong_kong", 2023): 2.5,
        ("gdp_growth_pct_change", "mo_macau", 2023): 3.5,
        ("gdp_growth_pct_change", "sg_singapore", 2023): 4.5,
        ("rd_intensity_pct", "hk_hong_kong", 2023): 2.5,
        ("rd_intensity_pct", "mo_macau", 2023): None,
        ("rd_intensity_pct", "sg_singapore", 2023): 4.5,
    }
    assert len(connector.site.asked) == 2
    again = connector.pull("world_bank_indicators", 2023)
    assert [(taken.outcome, taken.is_new) for taken in again.taken] == [("fetched", False)]


def test_world_bank_tells_errors_with_status_200(connector: Connector) -> None:
    message = {"id": "120", "key": "Invalid value", "value": "The provided parameter is not valid"}
    connector.serve("api.worldbank.org", lambda asked: [{"message": [message]}])
    reason = connector.failure("world_bank_indicators", 2023)
    assert "answers with an error: The provided parameter is not valid" in reason
    assert held_documents(connector.catalog, "world_bank_indicators", connector.settings) == []


# ---------------------------------------------------------------- OpenAlex
INSTITUTIONS = [("Tsinghua University", 30), ("Peking University", 20), ("Nobody knows", 5)]
INSTITUTIONS += [("Zhejiang University", 12), ("University of Nowhere, Berkeley", 3)]


def openalex(asked: Asked) -> Any:
    if asked.query.get("api_key") != "a-key-of-mine":
        return 401, {"error": "Unauthorized", "message": "Invalid API key"}
    start = {"*": 0, "next+2": 3}[asked.query["cursor"]]
    groups = [
        {"key": f"https://openalex.org/I{i}", "key_display_name": name, "count": count}
        for i, (name, count) in enumerate(INSTITUTIONS)
    ][start : start + 3]
    openalex.took += 1  # type: ignore[attr-defined]
    meta = {
        "count": 70,
        "db_response_time_ms": openalex.took,  # type: ignore[attr-defined]
        "page": None,
        "per_page": 200,
        "next_cursor": "next+2" if start == 0 else None,
        "groups_count": len(groups),
        "cost_usd": 0.0001,
    }
    return {"meta": meta, "results": [], "group_by": groups}


openalex.took = 0  # type: ignore[attr-defined]


def test_openalex(connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    connector.serve("api.openalex.org", openalex)
    assert "AICITY_KEY_OPENALEX" in connector.failure("openalex_ai_works", 2024)
    monkeypatch.setenv("AICITY_KEY_OPENALEX", "a-key-of-mine")
    assert figures(connector.read("openalex_ai_works", 2024)) == {
        ("openalex_ai_works_count", "cn_beijing", 2024): 50,
        ("openalex_ai_works_count", "cn_hangzhou", 2024): 12,
        ("openalex_ai_works_count", "us_berkeley", 2024): 3,  # an address line names it
    }
    # The time that an answer takes makes no new version.
    again = connector.pull("openalex_ai_works", 2024)
    assert [(taken.outcome, taken.is_new) for taken in again.taken] == [("fetched", False)]
    (held,) = again.documents
    assert b"a-key-of-mine" not in (connector.settings.archive_dir / held.blob).read_bytes()


def test_openalex_refuses_a_key(connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    connector.serve("api.openalex.org", openalex)
    monkeypatch.setenv("AICITY_KEY_OPENALEX", "another-key")
    reason = connector.failure("openalex_ai_works", 2024)
    assert "HTTP 401" in reason
    assert "another-key" not in reason


def test_openalex_tells_an_error(connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    error = {"error": "Invalid filter", "message": "Unknown filter field: topic"}
    connector.serve("api.openalex.org", lambda asked: error)
    monkeypatch.setenv("AICITY_KEY_OPENALEX", "a-key-of-mine")
    reason = connector.failure("openalex_ai_works", 2024)
    assert "answers with an error: Invalid filter: Unknown filter field: topic" in reason


# ---------------------------------------------------------------- Eurostat
def eurostat(asked: Asked) -> Any:
    cities = {"DE": "Germany", "DE001C": "Berlin", "DE002C": "Hamburg", "EL001C": "Athina"}
    cities |= {"FR001C": "Paris", "ES001C": "Madrid"}

    def category(labels: dict[str, str]) -> dict[str, Any]:
        return {"category": {"index": {k: i for i, k in enumerate(labels)}, "label": labels}}

    return {
        "version": "2.0",
        "class": "dataset",
        "label": "Population on 1 January by age groups and sex - cities and greater cities",
        "source": "ESTAT",
        "updated": "2026-10-05T23:00:00+0200",
        "value": {"0": 83000000, "1": 3755251, "2": 1892122, "4": 2087600},
        "status": {"2": "p", "4": "e", "5": ":"},
        "id": ["freq", "indic_ur", "cities", "time"],
        "size": [1, 1, 6, 1],
        "dimension": {
            "freq": category({"A": "Annual"}),
            "indic_ur": category(
                {asked.query["indic_ur"]: "Population on the 1st of January, total"}
            ),
            "cities": category(cities),
            "time": category({asked.query["time"]: asked.query["time"]}),
        },
        "extension": {"status": {"label": {":": "not available", "p": "provisional"}}},
    }


def test_eurostat_json_stat(connector: Connector) -> None:
    connector.serve("ec.europa.eu", eurostat)
    rows = connector.read("eurostat_city_population", 2023)
    assert figures(rows) == {
        ("population_on_1_january_persons", "de_berlin", 2023): 3755251,
        ("population_on_1_january_persons", "de_hamburg", 2023): 1892122,
        ("population_on_1_january_persons", "es_madrid", 2023): None,
        ("population_on_1_january_persons", "fr_paris", 2023): 2087600,
    }
    reasons = {r["city_id"]: r["missing_reason"] for r in rows if r["status"] == "missing"}
    assert reasons == {"es_madrid": "not available"}
    assert next(r["quote"] for r in rows if r["city_id"] == "fr_paris").endswith("2087600 | e")


def test_eurostat_is_asked_for_too_much(connector: Connector) -> None:
    error = {"error": [{"status": 413, "label": "EXTRACTION_TOO_BIG"}]}
    connector.serve("ec.europa.eu", lambda asked: (413, error))
    assert "HTTP 413" in connector.failure("eurostat_city_population", 2023)


# ---------------------------------------------------------------- OECD
OECD = """\
DATAFLOW,FREQ: Frequency of observation,REF_AREA: Reference area,MEASURE: Measure,\
UNIT_MEASURE: Unit of measure,TIME_PERIOD: Time period,OBS_VALUE,OBS_STATUS: Observation status,\
UNIT_MULT: Unit multiplier
X,A: Annual,DE001F: Berlin,{gdp},{usd},2022,301234.5,A: Normal value,{m}
X,A: Annual,DE001F: Berlin,{gdp},PT_NAT: Percentage,2022,5.1,A: Normal value,0: Units
X,A: Annual,UK001F: London,{gdp},{usd},2022,1000000,P: Provisional value,{m}
X,A: Annual,USA33F: Cuyahoga,{gdp},{usd},2022,,M: Missing value,{m}
X,A: Annual,FR999F: Anywhere,{gdp},{usd},2022,1,A: Normal value,{m}
""".format(
    gdp="GDP: Gross domestic product", usd='"USD_PPP: US dollars, PPP converted"', m="6: Millions"
)


def test_oecd_sdmx_csv(connector: Connector) -> None:
    told = []

    def sdmx(asked: Asked) -> Any:
        told.append((asked.headers["Accept"], asked.query["startPeriod"]))
        return OECD.encode()

    connector.serve("sdmx.oecd.org", sdmx)
    assert figures(connector.read("oecd_fua_economy", 2022)) == {
        ("metro_gdp_ppp_usd", "de_berlin", 2022): 301234500000,
        ("metro_gdp_ppp_usd", "gb_london", 2022): 1000000000000,
        ("metro_gdp_ppp_usd", "us_cleveland", 2022): None,
    }
    assert told == [("application/vnd.sdmx.data+csv; labels=both", "2022")]


def test_oecd_changes_its_columns(connector: Connector) -> None:
    connector.serve("sdmx.oecd.org", lambda asked: OECD.replace("UNIT_MULT", "MULT").encode())
    assert connector.pull("oecd_fua_economy", 2022).failures == []
    (error,) = parse(connector.catalog, "oecd_fua_economy", connector.settings).errors
    assert "economy_2022: no column UNIT_MULT; table 1 has DATAFLOW" in error


# ---------------------------------------------------------------- Epoch AI
def test_epoch_csv(connector: Connector) -> None:
    csv = "Model,Organization,Publication date,Country (of organization)\n"
    csv += "".join(
        f"M{i},{maker},{year}-05-01,China\n"
        for i, (maker, year) in enumerate(
            [("Tsinghua University", 2024), ('"Tsinghua University,Alibaba"', 2025)]
        )
    )
    connector.serve("epoch.ai", lambda asked: csv.encode())
    rows = connector.read("epoch_notable_models")
    live = [r for r in rows if r["year"] in (2024, 2025) and r["locator"].endswith("cn_beijing")]
    assert {(r["year"], r["value"]) for r in live} == {(2024, 1), (2025, 1)}


# ---------------------------------------------------------------- Paper Copilot
def test_paper_copilot(connector: Connector) -> None:
    papers = [
        {"title": "A", "aff": "Tsinghua University; Zhejiang University", "status": "Poster"},
        {"title": "B", "aff": "Tsinghua University", "status": "Oral", "author": "X; Y"},
        {"title": "C", "aff": "", "status": "Poster"},
    ]
    connector.serve("raw.githubusercontent.com", lambda asked: papers)
    rows = connector.read("paper_copilot_papers", 2023)
    assert Counter((r["city_id"], r["scope"], r["value"]) for r in rows) == {
        (city, venue, value): 1
        for venue in ("cvpr", "wacv", "iccv")
        for city, value in (("cn_beijing", 2), ("cn_hangzhou", 1))
    }
    asked = [path.rpartition("/main/")[2] for path in connector.site.asked]
    assert sorted(asked) == [f"{v}/{v}2023.json" for v in ("cvpr", "iccv", "wacv")]


# ---------------------------------------------------------------- ROR
def test_ror_dump(connector: Connector) -> None:
    columns = "id,locations.geonames_details.country_code,locations.geonames_details.name,"
    columns += "names.types.ror_display,status,types\n"
    rows = "r1,CN,Beijing,A,active,education\nr2,CN,Beijing,B,active,company\n"
    rows += "r3,CN,Beijing,C,inactive,education\nr4,DE,Berlin,D,active,facility; funder\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("v2.0-2026-10-01-ror-data.json", json.dumps([{"id": "r1"}] * 4))
        archive.writestr("v2.0-2026-10-01-ror-data.csv", columns + rows)
    content = "https://zenodo.org/api/records/17/files/v2.0-2026-10-01-ror-data.zip/content"

    def zenodo(asked: Asked) -> Any:
        if asked.path.endswith("/content"):
            return stream.getvalue()
        files = [{"key": "v2.0-2026-10-01-ror-data.zip", "links": {"self": content}}]
        return {"hits": {"hits": [{"id": 17, "files": files}], "total": 1}}

    connector.serve("zenodo.org", zenodo)
    assert figures(connector.read("ror_organisations")) == {
        ("research_organisations_count", "cn_beijing", 2026): 2,
        ("research_organisations_count", "de_berlin", 2026): 1,
    }


def test_ror_without_a_file(connector: Connector) -> None:
    connector.serve("zenodo.org", lambda asked: {"hits": {"hits": [], "total": 0}})
    assert "finds no address" in connector.failure("ror_organisations")


# ---------------------------------------------------------------- NBS China
def nbs(asked: Asked) -> Any:
    year = asked.posted["dts"][0][:4]
    values = [
        {
            "_id": asked.posted["indicatorIds"][0],
            "i_showname": "地区生产总值(当年价格) (亿元)",
            "area": area["text"],
            "areaCode": area["value"],
            "du_name": "亿元",
            "value": "" if area["text"] == "拉萨" else f"{1000 + i}.5",
        }
        for i, area in enumerate(asked.posted["das"])
    ]
    data = [{"code": f"{year}YY", "name": f"{year}年", "values": values}]
    return {"success": True, "state": 20000, "message": "成功", "data": data}


def test_nbs_major_cities(connector: Connector) -> None:
    connector.serve("data.stats.gov.cn", nbs)
    rows = connector.read("nbs_major_cities", 2024)
    found = figures(rows)
    assert len(found) == 36
    assert found["gdp_cny", "cn_beijing", 2024] == 100050000000
    assert found["gdp_cny", "cn_lhasa", 2024] is None
    assert {r["printed_unit"] for r in rows} == {"亿元"}
    assert next(r["locator"] for r in rows if r["city_id"] == "cn_beijing") == (
        "data[0].values[0], value"
    )


def test_nbs_tells_a_state(connector: Connector) -> None:
    error = {"success": False, "state": 50000, "message": "系统繁忙", "data": []}
    connector.serve("data.stats.gov.cn", lambda asked: error)
    assert "answers with an error: 系统繁忙" in connector.failure("nbs_major_cities", 2024)
    page = b"<html><body>403 UrlACL</body></html>"
    connector.serve("data.stats.gov.cn", lambda asked: (403, page))
    assert "HTTP 403" in connector.failure("nbs_major_cities", 2024)


# ---------------------------------------------------------------- yearbook
def test_a_download_page_of_the_yearbook(connector: Connector) -> None:
    cities = [c for c in connector.catalog.cities.values() if c.country_code == "CN" and c.is_city]
    rows: list[list[Any]] = [["2-1 人口数"], ["单位：万人"]]
    rows += [["城市", "City", "常住人口"], [None, None, "全市"]]
    rows += [[c.name_zh, c.name_en, 100.5 + i] for i, c in enumerate(cities)]
    data = workbook(rows)
    file = f"/upload/fckeditor/{quote('2-1_人口数')}.xlsx"

    def page(asked: Asked) -> Any:
        if asked.path.endswith("content.aspx"):
            return f'<a href="{file}">附件</a><a href="/other.xlsx">其他</a>'.encode()
        return 404, b""

    connector.serve("www.chinautc.com", page)
    connector.site.give(f"/www.chinautc.com{file}", data)
    connector.pull("china_city_statistical_yearbook")
    held = held_documents(connector.catalog, "china_city_statistical_yearbook", connector.settings)
    (found,) = [h for h in held if h.document == "y2025_population"]
    facts = parsed_facts(found, connector.catalog, connector.settings)
    values = {r["city_id"]: r["value"] for r in pq.read_table(facts).to_pylist()}
    assert values["cn_beijing"] == 1005000
    assert len(values) == len(cities)


# ---------------------------------------------------------------- CAC
def attachment(*rows: tuple[str, ...]) -> bytes:
    document = docx.Document()
    document.add_paragraph("生成式人工智能服务已备案信息")
    headings = ("序号", "属地", "模型名称", "备案单位", "备案号", "备案时间")
    table = document.add_table(rows=0, cols=len(headings))
    for row in (headings, *rows):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def test_cac_notice_with_attachments(connector: Connector) -> None:
    data = attachment(
        ("1", "北京市", "甲", "北京甲科技有限公司", "x", "2023/8/31"),
        ("2", "浙江省", "乙", "阿里巴巴达摩院（杭州）科技有限公司", "x", "2023/9/12"),
        ("3", "北京市", "丙", "北京丙科技有限公司", "x", "2024/1/17"),
    )
    link = "/cms/pub/interact/downloadfile.jsp?filepath=abc=&fText=%E4%BF%A1%E6%81%AF"
    months = ("2024%E5%B9%B44%E6%9C%88", "2024%E5%B9%B48%E6%9C%88")
    links = "".join(f'<p><a href="{link}%EF%BC%88{month}">附件</a></p>' for month in months)

    def cac(asked: Asked) -> Any:
        if not asked.path.endswith("downloadfile.jsp"):
            return f"<html><body><a href='/'>首页</a>{links}</body></html>".encode()
        if "Referer" not in asked.headers or "4月" not in asked.query["fText"]:
            return b"<html><body>no</body></html>"
        return data

    connector.serve("www.cac.gov.cn", cac)
    assert figures(connector.read("cac_generative_ai_notice")) == {
        ("genai_services_filed_count", "cn_beijing", 2023): 1,
        ("genai_services_filed_count", "cn_hangzhou", 2023): 1,
    }


def test_cac_takes_its_attachment_away(connector: Connector) -> None:
    page = "<html><body><a href='/a'>首页</a></body></html>".encode()
    connector.serve("www.cac.gov.cn", lambda asked: page)
    reason = connector.failure("cac_generative_ai_notice")
    assert "none of the page's 1 links fits; the last ones are 首页" in reason
