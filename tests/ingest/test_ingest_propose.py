"""A document without a card in, a card to complete out; nothing of it is a fact before."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
import yaml
from ingest_bench import Bench, register_card
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table, TableStyle

from ingest import archive
from ingest.catalog import load_catalog
from ingest.inbox import receive
from ingest.load import load_raw
from ingest.parsers import quoted_passages
from ingest.proposals import accept as accepting
from ingest.proposals import command as propose_command
from ingest.proposals import propose as proposing
from ingest.proposals.accept import AcceptError, accept
from ingest.proposals.cards import cards, title_of, write
from ingest.proposals.propose import Proposal, propose
from ingest.reading.content import Content, Passage
from ingest.reading.content import Table as Grid
from ingest.settings import PROJECT

RANKED = [
    ("1", "Beijing", "91.50"),
    ("2", "Shenzhen", "88.00"),
    ("3", "Hangzhou", "86.25"),
    ("4", "Suzhou", "80.10"),
    ("5", "Atlantis", "77.00"),
    ("6", "Sao Paulo", "75.40"),
]
SAID = (
    "The top three are Beijing, Shenzhen and Hangzhou with 91.5, 88.0 and 86.25 respectively. "
    "Beijing has 2,400 companies."
)
TOGETHER = "Hangzhou, Shenzhen and Beijing are among the top three."
UNEQUAL = "Beijing, Shenzhen and Hangzhou score 71.5 and 68.0 respectively."
PROPOSED: dict[tuple[bytes, str], Proposal] = {}
DECIDED = {
    "title": "AI cities",
    "publisher": "Lantern Institute",
    "kind": "report",
    "licence": "All rights reserved",
    "redistribution": "facts_only",
    "citation": "Lantern Institute, AI cities",
    "cadence": "once",
    "trust_tier": "2",
    "address": "https://lantern.example/ai-cities",
    "published_on": "2026-05-31",
    "standing": "original",
    "subject": "ai",
    "data_year": "2025",
    "universe": "Cities of the report",
    "attributed_to": "the report",
    "untestable": "it is the report itself",
}


def pdf(*, table: bool = True, text: tuple[str, ...] = (SAID, TOGETHER, UNEQUAL)) -> bytes:
    style = getSampleStyleSheet()["Normal"]
    story: list[Any] = [Paragraph(sentence, style) for sentence in text]
    if table:
        grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")])
        rows = [("Rank", "City", "Score"), *RANKED]
        story += [PageBreak(), Paragraph("The ranking of 2025", style), Table(rows, style=grid)]
    stream = io.BytesIO()
    SimpleDocTemplate(stream, pagesize=A5, title="AI cities 2025", invariant=1).build(story)
    return stream.getvalue()


def xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Ranking"
    sheet.append(["AI cities 2025"])
    sheet.append(["Rank", "City", "Score"])
    for rank, city, score in RANKED:
        sheet.append([int(rank), city, float(score)])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.fixture
def desk(bench: Bench) -> Bench:
    """A catalog that names none of the documents."""
    bench.write(register_card())
    return bench


def proposed(desk: Bench, data: bytes, name: str = "ai-cities.pdf") -> tuple[Proposal, list[Path]]:
    key = data, name
    if key not in PROPOSED:  # the catalog of the desk is always the same
        PROPOSED[key] = propose(data, name, desk.catalog())
    proposal = PROPOSED[key]
    return proposal, write(proposal, data, desk.settings)[1]


def decide(card: Path, **changes: str) -> None:
    """What an analyst does: write something in place of every ???."""
    text = card.read_text("utf-8")
    for key, value in {**DECIDED, **changes}.items():
        text = re.sub(
            rf"(\b{key}: (?:&\w+ )?)['\"]?\?\?\?['\"]?", lambda m, v=value: m[1] + v, text
        )
    assert "???" not in text.partition("\nid: ")[2]
    card.write_text(text, "utf-8")


def ranks(desk: Bench) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        load_raw(con, load_catalog(desk.settings.catalog), desk.settings)
        query = "select city_id, rank, score, locator from raw.published_rank order by all"
        return con.execute(query).fetchall()


def test_rows_of_a_table_with_their_places(desk: Bench) -> None:
    proposal, _ = proposed(desk, pdf())
    [table] = [candidate for candidate in proposal.tables if candidate.declared]
    found = {line.name: line for line in table.lines}
    assert {n: (x.city_id, x.rank_from, x.score) for n, x in found.items() if x.city_id} == {
        "Beijing": ("cn_beijing", 1, 91.5),
        "Shenzhen": ("cn_shenzhen", 2, 88.0),
        "Hangzhou": ("cn_hangzhou", 3, 86.25),
        "Sao Paulo": ("br_sao_paulo", 6, 75.4),
    }
    assert found["Beijing"].locator == "page 2, table 1, row 2"
    assert found["Beijing"].quote == "1 | Beijing | 91.50"
    assert 0.5 <= table.confidence <= 1
    assert (found["Suzhou"].outcome, found["Suzhou"].reason) == ("quarantined", "ambiguous city")
    assert found["Suzhou"].suggestions == "cn_suzhou_anhui; cn_suzhou_jiangsu"
    assert (found["Atlantis"].outcome, found["Atlantis"].reason) == ("quarantined", "unknown city")


def test_statements_of_a_text_with_their_places(desk: Bench) -> None:
    proposal, _ = proposed(desk, pdf(table=False))
    by_kind = {candidate.kind: candidate for candidate in proposal.statements}
    ranking = by_kind["ranking"]
    assert [(x.city_id, x.rank_from, x.score) for x in ranking.lines] == [
        ("cn_beijing", 1, 91.5),
        ("cn_shenzhen", 2, 88.0),
        ("cn_hangzhou", 3, 86.25),
    ]
    assert ranking.where.startswith("page 1, characters ")
    together = by_kind["set"]
    assert {(x.city_id, x.rank_from, x.rank_to) for x in together.lines} == {
        (city, 1, 3) for city in ("cn_beijing", "cn_hangzhou", "cn_shenzhen")
    }
    [refused] = proposal.refused
    assert "names: Beijing, Shenzhen, Hangzhou; values: 71.5, 68.0" in refused.reason


@pytest.mark.parametrize(
    ("data", "name", "names"),
    [
        pytest.param(pdf(), "ai-cities.pdf", ["ai_cities", "ai_cities_text"], id="pdf"),
        pytest.param(pdf(table=False), "AI cities (1).pdf", ["ai_cities_1"], id="text"),
        pytest.param(xlsx(), "things.xlsx", [r"things_[0-9a-f]{6}"], id="id-taken"),
        pytest.param(xlsx(), "榜单.xlsx", [r"document_[0-9a-f]{8}"], id="no-latin-name"),
        pytest.param(xlsx(), "2025 榜单.xlsx", ["document_2025"], id="digits"),
    ],
)
def test_a_card_for_each_reader(desk: Bench, data: bytes, name: str, names: list[str]) -> None:
    found = cards(proposed(desk, data, name)[0])
    assert len(found) == len(names)
    for (card_id, text), expected in zip(found.items(), names, strict=True):
        assert re.fullmatch(expected, card_id)
        card = yaml.safe_load(text)
        assert card["id"] == card_id
        assert card["documents"][0]["mirror"] == name


def test_the_card_is_refused_until_it_is_complete(desk: Bench) -> None:
    _, [card, _] = proposed(desk, pdf())
    with pytest.raises(AcceptError) as error:
        accept(card, desk.settings)
    lines = str(error.value).splitlines()
    open_ = [i for i, line in enumerate(card.read_text().splitlines(), 1) if '"???"' in line]
    assert len(lines) == len(open_) > 10
    assert "publisher: not decided yet (???). Write what is meant in place of ???." in lines[0]
    assert all(f"line {number}: " in line for number, line in zip(open_, lines, strict=True))
    # Laid into the catalog as it is, it is left out like any faulty card.
    folder = desk.settings.catalog[0] / "sources"
    (folder / card.name).write_bytes(card.read_bytes())
    catalog = load_catalog(desk.settings.catalog)
    assert set(catalog.sources) == {"things"}
    assert {error.line for error in catalog.errors} >= set(open_)


@pytest.mark.parametrize(
    ("data", "name", "place"),
    [
        (pdf(), "ai-cities.pdf", "page 2, table 1, row 2"),
        (xlsx(), "ai-cities.xlsx", "Ranking!A3"),
    ],
)
def test_an_accepted_card_gives_what_was_proposed(
    desk: Bench, data: bytes, name: str, place: str
) -> None:
    proposal, [card, *_] = proposed(desk, data, name)
    desk.use(origin="bundled", mirror=())
    assert ranks(desk) == []
    decide(card)
    accepted = accept(card, desk.settings)
    assert accepted.path == desk.settings.catalog[0] / "sources" / "ai_cities.yml"
    assert accepted.found.counts == {"published_rank": 4}
    assert accepted.found.quarantined == 2
    lines = [x for c in proposal.tables for x in c.lines if x.outcome == "proposed"]
    assert ranks(desk) == sorted((x.city_id, x.rank_from, x.score, x.locator) for x in lines)
    assert ranks(desk)[1] == ("cn_beijing", 1, 91.5, place)


def test_accepted_claims_and_rankings_of_a_text(desk: Bench) -> None:
    _, [card] = proposed(desk, pdf(table=False))
    decide(card)
    accepted = accept(card, desk.settings)
    assert accepted.found.counts == {"published_rank": 3, "claim": 4}
    assert accepted.found.quotes_found == 7


ARTICLE = (
    "北京以92.3分位居第一，上海、深圳分别以90.1分、88.7分位列第二、第三。"
    "杭州、广州依次位列第四至第五位。南京排名第九。\n"
    "Shenzhen overtook Tokyo to reach sixth, ahead of London.\n"
    "Beijing has 2,400 companies. Shanghai has 1,200 companies.\n"
)


@pytest.fixture
def atlas(desk: Bench) -> Bench:
    """A desk that knows more cities."""
    with (desk.settings.catalog[0] / "cities.csv").open("a", encoding="utf-8") as stream:
        for name, zh, country in (
            ("Shanghai", "上海", "CN"), ("Guangzhou", "广州", "CN"), ("Nanjing", "南京", "CN"),
            ("Tokyo", "东京", "JP"), ("London", "伦敦", "GB"),
        ):  # fmt: skip
            city_id = f"{country}_{name}".lower()
            stream.write(f"{city_id},city,{name},{zh},,{country},{name},\n")
    return desk


def test_ranks_that_go_on_are_one_report(atlas: Bench) -> None:
    proposal, [card] = proposed(atlas, ARTICLE.encode(), "article.txt")
    text = card.read_text("utf-8")
    options = yaml.safe_load(text)["documents"][0]["options"]
    found = [
        (entry["report_id"], city["city"], city["rank"], city.get("score"))
        for entry in options["rankings"]
        for city in entry["cities"]
    ]
    assert found == [
        ("article_text_1", "cn_beijing", 1, "92.3"),
        ("article_text_1", "cn_shanghai", 2, "90.1"),
        ("article_text_1", "cn_shenzhen", 3, "88.7"),
        ("article_text_1", "cn_hangzhou", 4, None),
        ("article_text_1", "cn_guangzhou", 5, None),
        ("article_text_1", "cn_nanjing", 9, None),
        ("article_text_2", "cn_shenzhen", 6, None),  # Shenzhen has a rank in the first
    ]
    bounds = [c for c in options["claims"] if c["kind"] == "bound"]
    assert [(c["cities"], c["rank_from"], c.get("rank_to")) for c in bounds] == [
        (["jp_tokyo"], 7, None)
    ]
    assert "Entries with one report_id are parts of one report" in text
    assert proposal.refused == ()


def test_what_is_decided_once_is_asked_once(atlas: Bench) -> None:
    _, [card] = proposed(atlas, ARTICLE.encode(), "article.txt")
    open_ = [
        line.split(":")[0].strip() for line in card.read_text().splitlines() if '"???"' in line
    ]
    assert len(open_) == len(set(open_)) + 1 < 18  # subject: of the claims, and of the reports
    with pytest.raises(AcceptError) as error:
        accept(card, atlas.settings)
    assert len(str(error.value).splitlines()) == len(open_)
    decide(card)
    accepted = accept(card, atlas.settings)
    assert accepted.found.counts == {"published_rank": 7, "claim": 3}


def test_ranks_without_some_places_ask_for_their_cohort(desk: Bench) -> None:
    said = (
        "Excluding municipalities, Shenzhen came first.\n\nBeijing ranked first with 91.5 points."
    )
    _, [card] = proposed(desk, said.encode(), "cohort.txt")
    first, second = yaml.safe_load(card.read_text())["documents"][0]["options"]["rankings"]
    assert (first["cohort"], "cohort" in second) == ("???", False)
    assert first["report_id"] != second["report_id"]


@pytest.mark.parametrize(
    ("second", "apart"),
    [
        ("Hangzhou ranked second.", False),
        ("Beijing ranked first.", True),
        ("Hangzhou ranked first.", True),
        ("Hangzhou ranked second in terms of capital.", True),
        ("Hangzhou ranked second, with 95.2 points.", True),
        ("Much else is said here. " * 60 + "Hangzhou ranked second.", True),
    ],
)
def test_which_ranks_begin_another_report(desk: Bench, second: str, apart: bool) -> None:
    said = f"Beijing ranked first, with 91.5 points. {second}"
    _, [card] = proposed(desk, said.encode(), "parts.txt")
    rankings = yaml.safe_load(card.read_text("utf-8"))["documents"][0]["options"]["rankings"]
    assert len(rankings) == 2
    assert (rankings[0]["report_id"] != rankings[1]["report_id"]) == apart


@pytest.mark.parametrize(
    ("above", "title"),
    [
        ("The ranking of 2025", "The ranking of 2025"),
        (
            "Equal scores share a rank. The data are those of 2025. Table 1. Thirty AI cities",
            "Thirty AI cities",
        ),
        ("数据为2025年。表1 三十个城市", "三十个城市"),
        ("Tabelle 3: Städte nach Punkten", "Städte nach Punkten"),
        ("Equal scores share a rank. The data are those of 2025.", ""),
        ("U.S. cities, 2025", "U.S. cities, 2025"),
        ("Cities by score " * 20, ""),
    ],
)
def test_title_above_a_table(above: str, title: str) -> None:
    assert title_of(above) == title


def test_names_keep_no_full_stop(atlas: Bench) -> None:
    said = (
        "Tokyo overtook London. Paris is near. Tokyo ranks ahead of Beijing and just behind London."
    )
    proposal, _ = proposed(atlas, said.encode(), "stops.txt")
    names = {line.name for line in proposal.lines}
    assert "London" in names
    assert not any(name.endswith(".") for name in names)


FIGURES = """\
City,GDP (亿元),Population 2023,Note
Beijing,41610.9,21843000,a
Shenzhen,34606.4,17790100,b
Hangzhou,20059.0,,c
Atlantis,1.5,100,d
"""


def test_figures_by_place_are_drafted(desk: Bench) -> None:
    proposal, [card] = proposed(desk, FIGURES.encode(), "figures.csv")
    assert [c.title for c in proposal.tables if c.declared] == ["GDP (亿元)", "Population 2023"]
    told = "\n".join(propose_command.told(proposal))
    assert "figures, table 1 'GDP (亿元)': 3 proposed, 1 quarantined" in told
    draft = yaml.safe_load(card.read_text("utf-8"))
    gdp, people = draft["parse"]["values"]
    assert (draft["parser"], draft["parse"]["place_column"]) == ("long_table", "City")
    assert gdp == {
        "indicator": "???",
        "column": "GDP (亿元)",
        "unit": "亿元",
        "scope": "???",
        "year": "???",
    }
    assert (people["unit"], people["year"]) == ("???", 2023)
    assert (card.parent / "figures.csv").read_text("utf-8") == FIGURES
    text = card.read_text("utf-8")
    for code in ("gdp_cny", "population_persons"):
        text = text.replace('indicator: "???"', f"indicator: {code}", 1)
    card.write_text(text, "utf-8")
    decide(card, unit="人", scope="total_city", year="2024")
    with pytest.raises(AcceptError, match="does not name 'figures' under sources"):
        accept(card, desk.settings)
    indicators = desk.settings.catalog[0] / "indicators.yml"
    named = indicators.read_text("utf-8").replace("[things]", "[things, figures]")
    indicators.write_text(named, "utf-8")
    accepted = accept(card, desk.settings)
    assert accepted.found.counts == {"observation": 6}
    assert accepted.found.quarantined == 1


@pytest.mark.parametrize(
    ("table", "year_column"),
    [
        ("City,Year,GDP\nBeijing,2022,5\nBeijing,2023,4\nShenzhen,2023,7\n", "Year"),
        ("City;Wert\nBeijing;1,5\nShenzhen;2,25\nHangzhou;3,5\n", None),
    ],
)
def test_years_and_decimal_signs_of_drafts(
    desk: Bench, table: str, year_column: str | None
) -> None:
    _, [card] = proposed(desk, table.encode(), "more.csv")
    parse = yaml.safe_load(card.read_text("utf-8"))["parse"]
    assert parse.get("year_column") == year_column
    [value] = parse["values"]
    assert ("year" in value) == (year_column is None)
    assert parse.get("decimal") == (None if year_column else ",")


def test_figures_of_no_place_are_not_drafted(desk: Bench) -> None:
    data = b"Team,Goals\nReds,3\nBlues,7\nGreens,5\n"
    proposal, found = proposed(desk, data, "teams.csv")
    assert found == []
    assert {c.reason.split(";")[0] for c in proposal.tables} == {
        "none of the names is a place of cities.csv"
    }


def test_headings_in_several_rows_and_marked_figures(desk: Bench) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["City", "Output (亿元)", None],
        [None, "2022", "2023"],
        ["Beijing", 5.5, "6 (2020)"],
        ["Shenzhen", 4.5, "5"],
        ["Hangzhou", 7.5, "6"],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:C1")
    stream = io.BytesIO()
    book.save(stream)
    proposal, [card] = proposed(desk, stream.getvalue(), "paths.xlsx")
    values = yaml.safe_load(card.read_text("utf-8"))["parse"]["values"]
    assert [(v["column"], v["unit"], v["year"]) for v in values] == [
        ("Output (亿元) > 2022", "亿元", 2022),
        ("Output (亿元) > 2023", "亿元", 2023),
    ]
    marked = [line for c in proposal.tables for line in c.lines if line.outcome == "quarantined"]
    assert [(x.name, x.reason) for x in marked] == [("Beijing", "the cell is not one number")]


def test_a_ranking_of_something_else_that_has_a_city_in_it(desk: Bench) -> None:
    names = [f"Land {chr(65 + i)}" for i in range(20)]
    rows = [f"{i},{name},{90 - i}" for i, name in enumerate(["Beijing", *names], 1)]
    data = "\n".join(["Rank,Country,Score", *rows]).encode()
    proposal, found = proposed(desk, data, "lands.csv")
    assert found == []
    assert proposal.tables[0].reason.startswith("only 1 of 21 names are places of cities.csv")


def test_what_is_proposed_never_enters_a_build(desk: Bench) -> None:
    proposed(desk, pdf())
    (desk.settings.home / "proposals").stat()
    for origin in ("mirror", "bundled"):
        desk.use(origin=origin)
        desk.pull()
        desk.parse()
        with duckdb.connect() as con:
            rows = load_raw(con, desk.catalog(), desk.settings)
        assert rows["source"] == 1
        assert rows["published_rank"] == rows["claim"] == rows["report"] == 0


def test_every_row_is_in_the_csv(desk: Bench) -> None:
    proposal, [card, _] = proposed(desk, pdf())
    with (card.parent / "ai_cities-rows.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(proposal.lines)
    assert {row["outcome"] for row in rows} >= {"proposed", "quarantined", "refused"}
    assert all(row["locator"] and (row["quote"] or row["name"]) for row in rows)


def test_an_edited_card_is_not_written_over(desk: Bench) -> None:
    _, [card, _] = proposed(desk, pdf())
    card.write_text("mine")
    assert card in proposed(desk, pdf())[1]
    assert card.read_text() == "mine"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows: 6": "rows: 7"}, "has 6 rows, the card expects 7"),
        ({"score: Score": "score: Points"}, "no column is headed 'Points'"),
        ({"kind: report": "kind: rumour"}, "'statistics', 'register', 'report' or 'news'"),
        ({"id: ai_cities ": "id: things "}, "has a card 'things' already"),
        ({'mirror: "ai-cities.pdf"': "mirror: gone.pdf"}, "no file gone.pdf in the mirror"),
        ({"id: ai_cities ": "id: [ "}, "not readable as YAML"),
    ],
)
def test_a_card_that_does_not_fit_changes_nothing(
    desk: Bench, changes: dict[str, str], message: str
) -> None:
    _, [card, _] = proposed(desk, pdf())
    decide(card)
    text = card.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    card.write_text(text)
    before = sorted(desk.settings.catalog[0].rglob("*"))
    with pytest.raises(AcceptError, match=re.escape(message)):
        accept(card, desk.settings)
    assert sorted(desk.settings.catalog[0].rglob("*")) == before


def test_a_report_of_another_card(desk: Bench) -> None:
    _, [card, _] = proposed(desk, pdf())
    decide(card)
    accept(card, desk.settings)
    again = card.with_name("again.yml")
    again.write_text(card.read_text().replace("id: ai_cities ", "id: other ", 1))
    with pytest.raises(AcceptError, match="duplicate report 'ai_cities_table_1'"):
        accept(again, desk.settings)


def test_the_terminal_says_what_was_found(
    desk: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AICITY_HOME", str(desk.settings.home))
    monkeypatch.setenv("AICITY_CATALOG", str(desk.settings.catalog[0]))
    file = desk.folder / "ai-cities.pdf"
    file.write_bytes(pdf())
    assert propose_command.main([str(file)]) == 0
    told = capsys.readouterr().out
    assert "Tables: 1 of 1 candidates are in the card" in told
    assert "1 Beijing 91.50 = cn_beijing" in told
    assert "ambiguous city (cn_suzhou_anhui; cn_suzhou_jiangsu)" in told
    assert "Refused: 1 passages" in told
    [card] = re.findall(r"make accept CARD=(\S+)", told)
    assert accepting.main([card]) == 1
    assert "publisher: not decided yet" in capsys.readouterr().err
    decide(Path(card))
    assert accepting.main([card]) == 0
    told = capsys.readouterr().out
    assert "4 published_rank" in told
    held = desk.settings.home / "archive" / archive.sha256(pdf())
    assert held.read_bytes() == pdf()
    path = desk.settings.catalog[0] / "sources" / "ai_cities.yml"
    assert f"its document is kept as {held}" in told
    assert f"edit {path} and run: AICITY_MIRROR={Path(card).parent} make bundle" in told
    assert accepting.main([card]) == 1
    told = capsys.readouterr().err
    assert f"has a card 'ai_cities' already, {path}. To correct it, edit that card" in told
    assert propose_command.main([str(file)]) == 0
    assert f"ai-cities.pdf is a document of {path} already" in capsys.readouterr().out
    dropped = file.rename(desk.folder / "another name.pdf")
    found = receive(dropped, desk.catalog(), desk.settings)
    assert (found.description["source"], found.proposal) == ("ai_cities", None)


@pytest.mark.parametrize("apart", [True, False])
def test_where_a_private_card_goes(
    desk: Bench,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    apart: bool,
) -> None:
    own = desk.folder / "own"
    own.mkdir()
    folders = [desk.settings.catalog[0], own] if apart else [desk.settings.catalog[0]]
    monkeypatch.setenv("AICITY_HOME", str(desk.settings.home))
    monkeypatch.setenv("AICITY_CATALOG", ":".join(map(str, folders)))
    _, [card, _] = proposed(desk, pdf())
    decide(card)
    text = card.read_text()
    assert "private: false  #" in text
    card.write_text(text.replace("private: false", "private: true"))
    assert accepting.main([str(card)]) == 0
    assert (folders[-1] / "sources" / "ai_cities.yml").is_file()
    told = capsys.readouterr().out
    assert ("last folder of AICITY_CATALOG" in told) == apart
    assert ("no folder for private cards" in told) != apart


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: copy it again"),
        (b"%PDF-1.7 cut off", "cut.pdf: "),
        (b"\x89PNG\r\n\x1a\n", "it is a picture"),
    ],
)
def test_documents_that_are_not_read(
    desk: Bench,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    data: bytes,
    message: str,
) -> None:
    monkeypatch.setenv("AICITY_HOME", str(desk.settings.home))
    monkeypatch.setenv("AICITY_CATALOG", str(desk.settings.catalog[0]))
    file = desk.folder / "cut.pdf"
    file.write_bytes(data)
    assert propose_command.main([str(file)]) == 1
    assert message in capsys.readouterr().err
    assert not desk.settings.proposals_dir.exists()


def test_a_document_that_says_nothing_of_places(desk: Bench) -> None:
    proposal, found = proposed(desk, b"The weather is fine, and nobody is ranked.\n", "w.txt")
    assert (proposal.candidates, proposal.refused, found) == ((), (), [])


def test_what_ocr_read_says_so(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(("Rank", "City", "Score") if i == 0 else RANKED[i - 1] for i in range(5))
    table = Grid("page 1, table 1", rows, header_rows=1, page=1, confidence={(1, 1): 0.71})
    content = Content("pdf", (table,), (Passage("page 2", TOGETHER, confidence=0.83),))
    monkeypatch.setattr(proposing, "read_content", lambda data, name: content)
    monkeypatch.setattr(quoted_passages, "passages", lambda data: content.passages)
    proposal = propose(b"%PDF-1.7", "scan.pdf", desk.catalog())
    sure = {(line.kind, line.name): line.read_confidence for line in proposal.lines}
    assert sure["table", "Beijing"] == 0.71
    assert sure["table", "Shenzhen"] is None
    assert sure["set", "Beijing"] == 0.83
    tables, text = cards(proposal).values()
    assert "read by OCR, whose least sure part has 0.71" in tables
    assert "read by OCR, whose least sure part has 0.83" in text


def test_a_text_that_is_too_long_is_refused(desk: Bench) -> None:
    proposal, found = proposed(desk, b"word " * 110_000, "long.txt")
    assert (proposal.candidates, found) == ((), [])
    [line] = proposal.refused
    assert (line.locator, line.outcome) == ("the running text", "refused")
    assert "the limit is" in line.reason


def test_commands_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert propose_command.main([""]) == accepting.main([""]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "make propose DOC=report.pdf",
        "make accept CARD=data/proposals/.../card.yml",
    ]
    makefile = (PROJECT / "Makefile").read_text()
    assert 'ingest.proposals.command "$(DOC)"' in makefile
    assert 'ingest.proposals.accept "$(CARD)"' in makefile
