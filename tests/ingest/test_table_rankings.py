"""Rankings proposed from tables without a card: one trap of a printed table after another."""

from __future__ import annotations

import random
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reading.content import Content, Table
from ingest.tables.rankings import Ranking, find_rankings

Row = tuple[str, int | None, float | None]


def table(text: str, number: int = 1, **changes: object) -> Table:
    """A table drawn with bars; ``changes`` are fields of it."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip("\n").split("\n")]
    width = max(map(len, rows))
    cells = tuple(tuple(row + [""] * (width - len(row))) for row in rows)
    return Table(**{"where": f"table {number}", "rows": cells, **changes})  # type: ignore[arg-type]


def pages(*texts: str, title: str = "") -> list[Table]:
    return [
        table(text, where=f"page {i}, table 1", page=i, title=title)
        for i, text in enumerate(texts, 1)
    ]


def rankings(*tables: Table) -> list[Ranking]:
    return find_rankings(Content("html", tables))


def rows(ranking: Ranking) -> list[Row]:
    return [(r.entity, r.rank, None if r.score is None else float(r.score)) for r in ranking.rows]


def only(*tables: Table) -> Ranking:
    (found,) = rankings(*tables)
    return found


# ---------------------------------------------------------------- columns
HEADINGS = {
    "en": ("Rank", "City", "Score", "."),
    "zh": ("排 名", "城 市", "综合得分", "."),
    "zh_Hant": ("名次", "城市", "總分", "."),
    "id": ("Peringkat", "Kabupaten/Kota", "Skor", ","),
    "de": ("Rang", "Stadt", "Punkte", ","),
    "fr": ("Rang", "Ville", "Note", ","),
    "es": ("Puesto", "Ciudad", "Puntuación", ","),
    "pt": ("Posição", "Município", "Pontuação", ","),
}


@pytest.mark.parametrize("language", HEADINGS)
def test_headings_of_each_language(language: str) -> None:
    rank, city, score, sign = HEADINGS[language]
    found = only(table(f"{score}|{city}|{rank}\n70{sign}50|Aa|2\n90{sign}25|Bb|1\n60{sign}00|Cc|3"))
    assert rows(found) == [("Aa", 2, 70.5), ("Bb", 1, 90.25), ("Cc", 3, 60)]
    assert found.rank_kind == "rank" and found.decimal == sign


def test_columns_without_headings() -> None:
    found = only(table("1|Aa town|9.5\n2|Bb town|8.5\n3|Cc town|7.5"))
    assert rows(found) == [("Aa town", 1, 9.5), ("Bb town", 2, 8.5), ("Cc town", 3, 7.5)]
    assert found.confidence < 1


def test_the_score_is_the_column_that_follows_the_ranks() -> None:
    found = only(
        table(
            "Rank|Country|Urban area|Population|Density|Area\n"
            "1|X|Aa|500|90|7\n2|Y|Bb|900|80|9\n3|X|Cc|700|70|5\n4|Z|Dd|800|60|8"
        )
    )
    assert found.headings["score"] == "Density" and found.headings["entity"] == "Urban area"
    assert [r.country for r in found.rows] == ["X", "Y", "X", "Z"]


def test_a_growth_that_happens_to_fall_is_not_the_score() -> None:
    found = only(
        table(
            "排名|城市|同比|算力规模\n"
            "1|Aa|+20%|14.5 EFLOPS\n2|Bb|+18%|12.0 EFLOPS\n3|Cc|+10%|9,800 PFLOPS"
        )
    )
    assert found.headings["score"] == "算力规模"
    assert [(r.score, r.unit) for r in found.rows][2] == (Decimal(9800), "PFLOPS")


def test_ranks_of_another_year_and_differences_are_not_the_ranks() -> None:
    found = only(
        table(
            "Rank 2022|Rank 2023|Change|City|Index 2023\n"
            "3|1|2|Aa|88.1\n1|2|-1|Bb|87.9\n2|3|-1|Cc|86.0\n5|4|1|Dd|80.0\n4|5|-1|Ee|79.0"
        )
    )
    assert [r.rank for r in found.rows] == [1, 2, 3, 4, 5]


def test_each_indicator_with_ranks_of_its_own() -> None:
    found = rankings(
        table(
            "City|Innovation score|Innovation rank|Talent score|Talent rank\n"
            "Aa|80|1|50|3\nBb|75|2|70|1\nCc|60|3|65|2\nDd|50|4|45|4"
        )
    )
    assert [r.headings["score"] for r in found] == ["Innovation score", "Talent score"]
    assert rows(found[1])[0] == ("Aa", 3, 50)


def test_each_edition_keeps_its_own_score() -> None:
    found = rankings(
        table(
            "Centre|GFCI 34|GFCI 34|GFCI 33|GFCI 33|Change in\n"
            "Centre|Rank|Rating|Rank|Rating|Rank\n"
            "Alpha|1|763|1|760|0\nBeta|2|744|2|731|0\nGamma|3|742|4|722|▲1\nDelta|4|741|3|723|▼1"
        )
    )
    assert [(r.headings["rank"], r.headings["score"]) for r in found] == [
        ("GFCI 34 Rank", "GFCI 34 Rating"),
        ("GFCI 33 Rank", "GFCI 33 Rating"),
    ]
    assert rows(found[1])[3] == ("Delta", 3, 723)


def test_ranks_under_years_alone_and_in_the_province() -> None:
    kearney = "2023|2022|City|Score\n1|1|Alpha|70.1\n2|3|Beta|68.8\n3|2|Gamma|60.0\n4|6|Delta|5.9"
    (found,) = rankings(table(kearney))
    assert (found.headings["rank"], found.rank_kind) == ("2023", "rank")
    found = only(
        table(
            "全国排名|省内排名|城市|所属省份|综合得分|2022年排名\n1|1|甲市|东省|95.1|1\n2|1|乙市|西省|94.8|2\n"
            "3|2|丙市|东省|92.3|4\n4|2|丁市|西省|90.0|3"
        )
    )
    assert found.headings["rank"] == "全国排名" and len(found.rows) == 4


def test_lists_of_several_years_share_the_ranks() -> None:
    found = rankings(table("Rank|2022|2023\n1|Aa|Bb\n2|Bb|Aa\n3|Cc|Dd\n4|Dd|Cc"))
    assert [[r.entity for r in one.rows] for one in found] == [
        ["Aa", "Bb", "Cc", "Dd"],
        ["Bb", "Aa", "Dd", "Cc"],
    ]


def test_a_short_name_is_filled_with_the_full_one() -> None:
    found = only(table("序号|简称|全称|出版社\n1|AA|A a|X\n2||B b|X\n3||C c|X\n4|DD|D d|Y"))
    assert [r.entity for r in found.rows] == ["AA", "B b", "C c", "DD"]
    assert found.rank_kind == "serial" and found.confidence < 0.7


def test_numbers_in_front_of_an_alphabetical_list_are_no_ranks() -> None:
    names = ["Aachen", "Berlin", "Bonn", "Bremen", "Dortmund", "Essen", "Hamburg", "Kiel", "Trier"]
    lines = [f"{i}|{name}|{900 - 37 * (i % 4)}" for i, name in enumerate(names, 1)]
    found = only(table("No.|City|Population\n" + "\n".join(lines)))
    assert found.rank_kind == "none" and all(r.rank is None for r in found.rows)
    assert "count the rows" in found.reasons[0]


def test_rank_and_name_in_one_cell() -> None:
    for text in ("City|Score\n1. Aa|9\n2. Bb|8\n3. Cc|7", "City|Score\n1 Aa|9\n2 Bb|8\n3 Cc|7"):
        assert rows(only(table(text))) == [("Aa", 1, 9), ("Bb", 2, 8), ("Cc", 3, 7)]


def test_a_table_of_contents_ranks_nothing() -> None:
    assert rankings(table("Introduction|3\nMethods|5\nResults|9\nAnnex|22")) == []


def test_headings_in_several_rows_with_units_and_column_numbers() -> None:
    found = only(
        table(
            "Annual report|||\nRang|Ville|Indice|Population\n||(points)|(milliers)\n1|2|3|4\n"
            "1|Aa|91,2|2 145\n2|Bb|88,0|522\n3|Cc|70,3|236"
        )
    )
    assert rows(found) == [("Aa", 1, 91.2), ("Bb", 2, 88), ("Cc", 3, 70.3)]
    assert found.title == "Annual report" and found.headings["score"] == "Indice (points)"


def test_years_as_headings_are_no_row() -> None:
    found = rankings(table("City|GDP|GDP\n|2022|2023\nAa|91.5|95.1\nBb|88.1|90.0\nCc|92.0|93.0"))
    assert [f.headings["score"] for f in found] == ["GDP 2022", "GDP 2023"]
    assert len(found[0].rows) == 3


# ---------------------------------------------------------------- ranks
def test_ties_in_any_notation() -> None:
    found = only(
        table(
            "#|City|Score\n1|Aa|10\n2=|Bb|9\n=2|Cc|9\nT4|Dd|8\nT-4|Ee|8\n"
            "=|Ff|8\n并列第7|Gg|7\n并列第7|Hh|7\n9th|Ii|6"
        )
    )
    assert [r.rank for r in found.rows] == [1, 2, 2, 4, 4, 4, 7, 7, 9]


def test_ranks_in_words_and_without_a_heading() -> None:
    found = only(table("Place|City|Score\nFirst|Paris|9\nSecond|Rome|8\nThird|Oslo|7"))
    assert rows(found) == [("Paris", 1, 9), ("Rome", 2, 8), ("Oslo", 3, 7)]
    found = only(table("第1名|甲市\n第2名|乙市\n第3名|丙市"))
    assert rows(found) == [("甲市", 1, None), ("乙市", 2, None), ("丙市", 3, None)]
    assert found.rank_kind == "rank"


def test_a_blank_below_a_tie_is_filled_only_with_an_equal_score() -> None:
    found = only(table("Rank|City|Score\n1|Aa|10\n|Bb|10\n3|Cc|9\n|Dd|8\n5|Ee|7"))
    assert rows(found)[:2] == [("Aa", 1, 10), ("Bb", 1, 10)]
    assert [(a.text, a.reason) for a in found.refused] == [("Dd | 8", "no rank is printed")]


def test_bands_have_bounds_and_no_rank() -> None:
    found = only(
        table("Rank|City|Score\n1|Aa|99\n2|Bb|98\n3-5|Cc|90-95\n3-5|Dd|90-95\n3-5|Ee|90-95")
    )
    assert [(r.rank, r.rank_from, r.rank_to, r.score) for r in found.rows][2] == (None, 3, 5, None)


def test_order_implies_ranks_only_where_a_score_falls() -> None:
    falling = only(table("Ville|Score\nAa|91,3\nDd|88,2\nBb|79,9\nCc|79,9\nEe|65,4"))
    assert [(r.rank, r.order) for r in falling.rows] == [
        (None, 1), (None, 2), (None, 3), (None, 3), (None, 5)
    ]  # fmt: skip
    assert falling.rank_kind == "implied"
    mixed = only(table("Ville|Score\nAa|91,3\nDd|68,2\nBb|79,9\nCc|70,0\nEe|65,4"))
    assert mixed.rank_kind == "none" and all(r.order is None for r in mixed.rows)


def test_misread_ranks_and_scores_are_refused() -> None:
    lines = [f"{i}|City {chr(96 + i)}|{100 - i}.5" for i in range(1, 21)]
    lines[4] = "8|City e|95.5"
    lines[10] = "1|City k|89.5"
    lines[14] = "15|City o|855"
    found = only(table("Rank|City|Score\n" + "\n".join(lines)))
    assert len(found.rows) == 17
    assert {a.text.split(" | ")[1] for a in found.refused} == {"City e", "City k", "City o"}
    assert all("out of order" in a.reason for a in found.refused)


def test_groups_that_count_anew_are_rankings_of_their_own() -> None:
    found = rankings(
        table("排名|城市|得分\n东部||\n1|Aa|90\n2|Bb|88\n西部||\n1|Cc|95\n北部||\n1|Dd|70\n2|Ee|69")
    )
    assert [(r.group, rows(r)) for r in found] == [
        ("东部", [("Aa", 1, 90), ("Bb", 2, 88)]),
        ("西部", [("Cc", 1, 95)]),
        ("北部", [("Dd", 1, 70), ("Ee", 2, 69)]),
    ]


def test_names_that_may_be_wrapped_are_refused() -> None:
    above = "Rank|City|Score\n|Greater London and|\n1|the Thames|9\n|Île de|\n2|France|8\n3|Oslo|7"
    found = only(table(above))
    assert [r.entity for r in found.rows] == ["Oslo"]
    below = "Rank|City|Score\n1|Washington|39\n|(DC, VA, MD)|\n2|Dallas|38\n3|Miami|37\n4|Boston|36"
    found = only(table(below))
    assert [r.entity for r in found.rows] == ["Miami", "Boston"]
    assert {a.reason for a in found.refused} == {
        "a text stands alone above or below: the name may go on there"
    }


def test_groups_within_one_count_stay_one_ranking() -> None:
    found = only(table("Rank|City|Index\n|HIGH|\n1|Aa|9.1\n2|Bb|8.8\n|LOW|\n3|Cc|5.1\n4|Dd|4.9"))
    assert [(r.rank, r.group) for r in found.rows] == [
        (1, "HIGH"), (2, "HIGH"), (3, "LOW"), (4, "LOW")
    ]  # fmt: skip


# ---------------------------------------------------------------- blocks and pages
def test_blocks_side_by_side_with_and_without_headings() -> None:
    wanted = [(f"Town {i}", i, 10.0 - i) for i in range(1, 7)]
    body = "\n".join(f"{i}|Town {i}|{10 - i}.0|{i + 3}|Town {i + 3}|{7 - i}.0" for i in range(1, 4))
    assert rows(only(table(body))) == wanted
    assert rows(only(table("Rank|City|Score|Rank|City|Score\n" + body))) == wanted


def test_blocks_side_by_side_counted_across() -> None:
    found = only(
        table("Rank|City|Score|Rank|City|Score\n1|Aa|9|2|Bb|8\n3|Cc|7|4|Dd|6\n5|Ee|5||  |")
    )
    assert sorted(rows(found), key=str) == [
        ("Aa", 1, 9), ("Bb", 2, 8), ("Cc", 3, 7), ("Dd", 4, 6), ("Ee", 5, 5)
    ]  # fmt: skip


def test_two_rankings_side_by_side() -> None:
    first, second = rankings(
        table(
            "Innovation|Innovation|Innovation|Talent|Talent|Talent\n"
            "Rank|City|Score|Rank|City|Score\n1|Aa|9|1|Bb|99\n2|Cc|7|2|Aa|98\n3|Ee|5|3|Ff|97"
        )
    )
    assert (first.title, second.title) == ("Innovation", "Talent")
    assert rows(second) == [("Bb", 1, 99), ("Aa", 2, 98), ("Ff", 3, 97)]


def test_pages_with_and_without_repeated_headings_are_one_ranking() -> None:
    head, tail = "Rank|City|Score\n1|Aa|9\n2|Bb|8\n2|Cc|8", "4|Dd|7\n5|Ee|6"
    wanted = [("Aa", 1, 9), ("Bb", 2, 8), ("Cc", 2, 8), ("Dd", 4, 7), ("Ee", 5, 6)]
    assert rows(only(*pages(head, "Rank|City|Score\n" + tail))) == wanted
    edges = (50.0, 80.0, 200.0)
    first, second = pages(head, tail)
    near = [
        table(text, where=one.where, page=one.page, column_edges=edges)
        for text, one in ((head, first), (tail, second))
    ]
    found = only(*near)
    assert rows(found) == wanted
    assert found.where == "page 1, table 1 to page 2, table 1"
    assert found.rows[-1].locator == "page 2, table 1, row 2"


def test_same_headings_with_another_count_are_another_ranking() -> None:
    text = "Rank|City|Score\n1|Aa|9\n2|Bb|8\n3|Cc|7"
    assert len(rankings(*pages(text, text))) == 2


# ---------------------------------------------------------------- rows and cells
def test_totals_notes_and_sources_are_left_out() -> None:
    found = only(
        table(
            "Rank|City|GDP\n1|Aa|47\n2|Bb|43\n3|Cc|34\n|Total|124\n|Rata-rata|41\n"
            "Source: statistics bureau||\nNote: preliminary||"
        )
    )
    assert len(found.rows) == 3 and not found.refused
    assert len(found.left_out) == 4


def test_marks_of_footnotes_and_years_of_values() -> None:
    found = only(
        table("Rank|City|GDP\n1*|Aa[a]|28.8 (2020)[5]\n2|Bb†|23.9 (2018–19)\n3|Cc[note 2]|20.0*")
    )
    assert rows(found) == [("Aa", 1, 28.8), ("Bb", 2, 23.9), ("Cc", 3, 20)]
    assert found.rows[0].score_as_printed == "28.8 (2020)[5]"


def test_withheld_values_have_no_score() -> None:
    found = only(table("Rank|City|Score\n1|Aa|10\n2|Bb|—\n3|Cc|8\n4|Dd|n/a\n5|Ee|6"))
    assert [r.score for r in found.rows] == [10, None, 8, None, 6]


def test_unreadable_cells_are_refused() -> None:
    found = only(table("Rank|City|Score\n1|Aa|10\n2|Bb|8 or 9\n3|Cc|7\n4|Dd|6\n5|Ee|5"))
    assert [r.rank for r in found.rows] == [1, 3, 4, 5]
    assert "'8 or 9'" in found.refused[0].reason


def test_quote_and_locator_lead_to_the_row() -> None:
    long = "A" * 150
    found = only(
        table(f"Rank|City|Score\n1|{long}|9\n2|Bb|8\n3|Cc|7", first_cell=(4, 1), where="sheet S")
    )
    assert found.rows[1].quote == "2 | Bb | 8" and found.rows[1].locator == "S!B7"
    assert all(len(r.quote) <= 200 for r in found.rows)
    assert found.rows[0].quote == f"1 | {long} | 9"


def test_ocr_confidence_is_that_of_the_least_sure_cell() -> None:
    found = only(
        table(
            "Rank|City|Score\n1|Aa|9\n2|Bb|8\n3|Cc|7",
            confidence={(1, 0): 0.9, (1, 1): 0.6, (1, 2): 0.99},
        )
    )
    assert [r.confidence for r in found.rows] == [0.6, None, None]


@given(
    st.lists(st.integers(0, 40), min_size=4, max_size=40),
    st.sampled_from(["competition", "dense"]),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_no_proposed_row_is_wrong(scores: list[int], kind: str, seed: int, shuffled: bool) -> None:
    """However ties are counted, and in whatever order the rows stand, a row is right or refused."""
    scores.sort(reverse=True)
    distinct = sorted(set(scores), reverse=True)
    wanted = [
        (f"Town {i:02}", 1 + (distinct.index(s) if kind == "dense" else scores.index(s)), float(s))
        for i, s in enumerate(scores)
    ]
    printed = list(wanted)
    if shuffled:
        random.Random(seed).shuffle(printed)
    text = "Rank|City|Score\n" + "\n".join(f"{r}|{n}|{s:.0f}" for n, r, s in printed)
    for ranking in rankings(table(text)):
        if ranking.rank_kind == "rank":
            assert set(rows(ranking)) <= set(wanted)


# ---------------------------------------------------------------- cells that hold several
def test_a_list_that_no_columns_part() -> None:
    listed = [f"{i}. {name} {99.5 - i}" for i, name in enumerate(NAMES, 1)]
    half = len(listed) // 2
    two = "\n".join(f"{a} | {b}" for a, b in zip(listed[:half], listed[half:], strict=True))
    expected = [(name, i, 99.5 - i) for i, name in enumerate(NAMES, 1)]
    assert rows(only(table("\n".join(listed)))) == expected
    assert rows(only(table(two))) == expected


def test_a_rank_set_right_against_its_name() -> None:
    names = ["开封市", "北京市", "宜昌市", "潍坊市", "威海市", "百色市"]
    text = "\n".join(f"{i}{name} | {90 - i}.5" for i, name in enumerate(names, 1))
    found = only(table("位次 城市 | 指数\n" + text))
    assert rows(found) == [(name, i, 90.5 - i) for i, name in enumerate(names, 1)]
    assert found.headings["rank"] == "位次" and found.headings["entity"] == "城市"


@pytest.mark.parametrize("sign", ["º", "名", "er", "."])
def test_a_sign_behind_a_rank_is_no_name(sign: str) -> None:
    text = "\n".join(f"{i}{sign} | {name} | {99 - i}" for i, name in enumerate(NAMES, 1))
    found = only(table("Posição | Cidade | Nota\n" + text))
    assert rows(found) == [(name, i, 99.0 - i) for i, name in enumerate(NAMES, 1)]
    assert found.headings["rank"] == "Posição"


def test_names_that_begin_with_a_number_are_left_whole() -> None:
    text = "Firm | Score\n3M | 90\n7Eleven | 80\n500px | 70\n23andMe | 60\n1Password | 50"
    found = rankings(table(text))
    assert [row.entity for row in found[0].rows] == [
        "3M",
        "7Eleven",
        "500px",
        "23andMe",
        "1Password",
    ]


NAMES = ("Lyon", "Ulm", "San José", "Bern", "Oslo", "Graz", "Quito", "Porto", "Bonn", "Turku")


# ---------------------------------------------------------------- rankings beside one another
def test_two_rankings_side_by_side_with_scores_of_their_own() -> None:
    text = """
    Talent |       |      | Capital |       |
    #      | City  | pts  | #       | City  | US$ m
    1      | Paris | 93.8 | 1       | Espoo | 96.7
    2      | Bern  | 88.9 | 2       | Paris | 95.1
    3      | Oslo  | 82.0 | 3       | Turku | 86.1
    """
    spans = {(0, 1): (0, 0), (0, 4): (0, 3)}
    text = text.replace("Talent |       |", "Talent | Talent |").replace(
        "Capital |       |", "Capital | Capital |"
    )
    talent, capital = rankings(table(text, merged=spans, title="Two pillars"))
    assert rows(talent) == [("Paris", 1, 93.8), ("Bern", 2, 88.9), ("Oslo", 3, 82.0)]
    assert rows(capital) == [("Espoo", 1, 96.7), ("Paris", 2, 95.1), ("Turku", 3, 86.1)]
    assert (talent.title, capital.title) == ("Two pillars Talent", "Two pillars Capital")


def test_each_rank_has_the_score_under_its_own_heading() -> None:
    text = """
    城市   | 综合 | 综合 | 产业 | 产业
    城市   | 得分 | 排名 | 得分 | 排名
    湘潭市 | 94   | 1    | 71   | 3
    四平市 | 93   | 2    | 95   | 1
    揭阳市 | 92   | 3    | 80   | 2
    """
    whole, part = rankings(table(text))
    assert rows(whole) == [("湘潭市", 1, 94), ("四平市", 2, 93), ("揭阳市", 3, 92)]
    assert rows(part) == [("湘潭市", 3, 71), ("四平市", 1, 95), ("揭阳市", 2, 80)]


# ---------------------------------------------------------------- ranks over ties, small groups
def test_a_rank_on_the_last_line_of_its_ties() -> None:
    text = """
    位次 | 城市   | 指数
    1    | 开封市 | 94.6
         | 潍坊市 | 90.6
    2    | 威海市 | 90.6
         | 百色市 | 89.4
         | 宿迁市 | 89.4
    4    | 忻州市 | 89.4
    7    | 苏州市 | 88.9
    """
    ranks = [1, 2, 2, 4, 4, 4, 7]
    assert [r.rank for r in only(table(text)).rows] == ranks


@pytest.mark.parametrize("below", ["3 | Oslo | 80", "4 | Oslo | 90", "2 | Oslo | 91"])
def test_a_row_without_a_rank_is_refused_where_the_count_does_not_need_it(below: str) -> None:
    text = f"Rank | City | Score\n1 | Bern | 95\n | Lyon | 90\n{below}\n5 | Ulm | 70\n6 | Graz | 60"
    found = only(table(text))
    assert "Lyon" not in [r.entity for r in found.rows]
    assert any("Lyon" in a.text for a in found.refused)


def test_small_groups_have_one_score_for_all() -> None:
    text = """
    No. | City   | Score | Firms
    NG  | NG     | NG    | NG
    1   | Lagos  | 18.6  | 327
    NO  | NO     | NO    | NO
    1   | Bergen | 52.5  | 459
    2   | Oslo   | 92.7  | 87
    AT  | AT     | AT    | AT
    1   | Graz   | 31.5  | 45
    2   | Linz   | 92.7  | 87
    FI  | FI     | FI    | FI
    1   | Espoo  | 95.5  | 145
    2   | Turku  | 62.7  | 98
    3   | Oulu   | 70.1  | 88
    """
    spans = {(r, c): (r, 0) for r in (1, 3, 6, 9) for c in (1, 2, 3)}
    found = rankings(table(text, merged=spans))
    assert [float(r.score or 0) for ranking in found for r in ranking.rows] == [
        18.6, 52.5, 92.7, 31.5, 92.7, 95.5, 62.7, 70.1,
    ]  # fmt: skip


# ---------------------------------------------------------------- columns parted otherwise overleaf
def overleaf(score: bool) -> list[Table]:
    names = [f"{a}{b}" for a in ("Ae", "Be", "Ce") for b in ("lund", "stad", "burg", "ville")]
    body = [f"{i} | {n} | {200 - i} | {i + 7}.5 km | X" for i, n in enumerate(names, 1)]
    first = "Rank | City | Score | Area | Note\n" + "\n".join(body[:6])
    rest = [line.replace(" km | ", " km ") for line in body[6:]]
    edges: tuple[float, ...] = (10, 60, 110, 160)
    if score:
        rest = [re.sub(r"\| (\w+) \| (\d+) \|", r"| \1 \2 |", line) for line in body[6:]]
        edges = (10, 60, 160, 210)
    return [
        table(first, where="page 1, table 1", page=1, column_edges=(10, 60, 110, 160, 210)),
        table("\n".join(rest), where="page 2, table 1", page=2, column_edges=edges),
    ]


def test_a_table_goes_on_overleaf_with_two_columns_run_together() -> None:
    found = only(*overleaf(score=False))
    assert [(r.rank, r.score) for r in found.rows] == [(i, 200 - i) for i in range(1, 13)]


def test_a_score_run_together_overleaf_is_not_left_blank() -> None:
    first, *_ = rankings(*overleaf(score=True))
    assert [r.rank for r in first.rows] == [1, 2, 3, 4, 5, 6]


# ---------------------------------------------------------------- stored numbers
def test_a_score_is_the_number_stored_under_the_printed_one() -> None:
    text = "Rank | City | Score\n1 | Lyon | 0.952\n2 | Ulm | 0.948\n3 | Bern | 0.9"
    stored = {(1, 2): 0.952345, (2, 2): 0.9477, (3, 2): 0.7}
    (found,) = rankings(table(text, values=stored))
    # The third stored number is not the printed one rounded.
    assert [str(r.score) for r in found.rows] == ["0.952345", "0.9477", "0.9"]
    assert [r.score_as_printed for r in found.rows] == ["0.952", "0.948", "0.9"]
    text = "Rank | City | Share\n1 | Lyon | 95.2%\n2 | Ulm | 94.8%\n3 | Bern | 90.0%"
    (found,) = rankings(table(text, values={(1, 2): 0.952345, (2, 2): 0.9477, (3, 2): 0.9}))
    assert [str(r.score.normalize()) for r in found.rows if r.score] == ["95.2345", "94.77", "9E+1"]


def test_a_name_that_may_go_on_overleaf_is_refused() -> None:
    first = table(
        "Rank | City | Score\n1 | Lyon | 90\n2 | Ulm | 80\n3 | Bern y su zona | 70",
        where="page 1, table 1", page=1,
    )  # fmt: skip
    rest = "4 | Oslo | 60\n5 | Graz | 50\n6 | Porto | 40"
    for title, refused in (("metropolitana", {3, 4}), ("Ranking 2025", set())):
        second = table(rest, where="page 2, table 1", page=2, title=title)
        (found,) = rankings(first, second)
        assert {r.rank for r in found.rows} == {1, 2, 3, 4, 5, 6} - refused


@pytest.mark.parametrize("form", ["{}/100", "{} / 100", "{}分"])
def test_scores_with_their_scale(form: str) -> None:
    cities = ("Oslo", "Lima", "Quito", "Perth", "Delhi")
    scores = (91.5, 88.0, 70.2, 66.1, 40.9)
    ranked = list(zip(cities, range(1, 6), scores, strict=True))
    lines = [f"{rank} | {city} | {form.format(score)}" for city, rank, score in ranked]
    assert rows(only(table("\n".join(["Rank | City | Score", *lines])))) == ranked


def test_full_width_digits() -> None:
    found = only(table("名次 | 城市 | 總分\n第１名 | 台北 | ９１．５\n第２名 | 高雄 | ８８．０"))
    assert rows(found) == [("台北", 1, 91.5), ("高雄", 2, 88.0)]
