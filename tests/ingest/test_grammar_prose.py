"""Rankings, sets, bounds and figures asserted in prose, and what must not be read as one."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from ingest.grammar.prose import Entry, Refusal, Statement, read_statements
from ingest.settings import PROJECT

Found = Statement | Refusal


def brief(entry: Entry) -> str:
    """``name rank score``: 3, 3= for a tie, 1..3 for somewhere among these, 8.. for at least 8."""
    low, high = entry.rank_from, entry.rank_to
    rank = (
        "" if low is None and high is None else f"{low}" if low == high else f"{low}..{high or ''}"
    )
    score = entry.missing or (entry.score and f"{entry.score.value.normalize():f}")
    tie = "=" if entry.tied else ""
    return f"{entry.name} {rank}{tie} {score or ''}".strip().replace("  ", " ")


def read(text: str, **options: Any) -> list[str]:
    """Entries of all statements; a refusal as ``?names / values``."""
    lines: list[str] = []
    for found in read_statements(text, **options):
        if isinstance(found, Refusal):
            lines.append(f"?{','.join(found.names)} / {','.join(found.values)}")
        else:
            lines += [brief(entry) for entry in found.entries]
    return lines


CASES = (PROJECT / "tests/fixtures/prose_cases.txt").read_text(encoding="utf-8")


def cases() -> list[Any]:
    lines = [line for line in CASES.strip().splitlines() if not line.startswith("# ")]
    pairs = [line.rsplit("|", 1) for line in lines]
    return [pytest.param(text.strip(), result.strip(), id=text[:60]) for text, result in pairs]


@pytest.mark.parametrize(("text", "expected"), cases())
def test_reads_exactly(text: str, expected: str) -> None:
    wanted = [line.strip() for line in expected.split(" ; ")] if expected else []
    assert read(text.replace("⏎", "\n")) == wanted


def statements(text: str, **options: Any) -> list[Statement]:
    return [f for f in read_statements(text, **options) if isinstance(f, Statement)]


@pytest.mark.parametrize(
    ("text", "relation", "of"),
    [
        ("Rankings exclude municipalities. Alphaville came first.", "excludes", "municipalities"),
        ("Alphaville came first. Note: excluding municipalities.", "excludes", "municipalities"),
        ("注：排名不包括直辖市。深市第一。", "excludes", "直辖市"),
        ("Ohne die Stadtstaaten liegt Altstadt auf Platz 1.", "excludes", "Stadtstaaten"),
        ("Hors municipalités, Villeneuve occupe la première place.", "excludes", "municipalités"),
        (
            "Tanpa memasukkan kotamadya, Anggrek menempati peringkat pertama.",
            "excludes",
            "kotamadya",
        ),
        ("Of the 50 cities surveyed, Alphaville ranked first.", "among", "50 cities surveyed"),
        ("Anggrek berada di urutan ke-5 dari 50 kota.", "among", "50 kota"),
        ("在全国50个城市中，甲市排名第三。", "among", "全国50个城市"),
    ],
)
def test_ranks_keep_their_cohort(text: str, relation: str, of: str) -> None:
    (found,) = statements(text)
    assert found.cohort is not None
    assert (found.cohort.relation, found.cohort.of) == (relation, of)
    assert text[found.cohort.start : found.cohort.end].strip() == found.cohort.printed


def test_a_note_governs_its_block_only() -> None:
    text = "Alphaville came first.\nNote: excluding capitals.\n\nBetatown came first."
    first, second = statements(text)
    assert first.cohort is not None
    assert second.cohort is None


def test_direction_of_scores() -> None:
    rising = "Rank City Total\n1 Alpha 41.81\n2 Beta 44.05"
    assert [s.direction for s in statements(rising)] == ["lower_is_better"]
    falling = rising.replace("44.05", "40.05")
    assert [s.direction for s in statements(falling)] == ["higher_is_better"]
    said = "Lower is better. Alphaville ranked first with a score of 41.8."
    assert [s.direction for s in statements(said)] == ["lower_is_better"]


def test_ranks_go_on_over_tiers_only_when_scores_do() -> None:
    text = "甲市、乙市排在第一梯队，分值分别为80、40。丙市、丁市排在第二梯队，分值分别为{}、9。"
    assert read(text.format(30)) == ["甲市 1 80", "乙市 2 40", "丙市 3 30", "丁市 4 9"]
    assert read(text.format(50)) == ["甲市 1 80", "乙市 2 40", "丙市 50", "丁市 9"]


def test_an_earlier_edition_is_doubted() -> None:
    (found,) = statements("Last year, Alphaville ranked third.")
    assert found.confidence < 0.5
    assert "earlier" in found.reason


def test_topic_behind_a_rank() -> None:
    (found,) = statements("Alphaville ranked first in terms of capital, and has a port.")
    assert found.topic == "capital"


def test_unknown_names_lower_the_confidence() -> None:
    text = "Alphaville ranked first."
    known = statements(text, is_name={"Alphaville"}.__contains__)[0]
    unknown = statements(text, is_name={"Betatown"}.__contains__)[0]
    assert (known.entries[0].known, unknown.entries[0].known) == (True, False)
    assert known.confidence > unknown.confidence


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("Placed 4th and 6th are those that Alphaville calls old.", "4th and 6th"),
        ("Alphaville is old, and so is what stands at No. 4 there.", "No. 4"),
        ("There is no sign that Alphaville did not rank 4th.", ""),
        ("Alphaville opened its first line in 1999.", ""),
        ("Ranked 4th is what nobody knows.", ""),
        ("Alphaville ranked 4th.", ""),
    ],
)
def test_ranks_that_no_rule_reads_are_refused(text: str, lost: str) -> None:
    known = {"Alphaville", "Betatown"}
    found = read_statements(text, is_name=known.__contains__)
    refused = [f for f in found if isinstance(f, Refusal)]
    assert [f.values for f in refused] == ([(lost,)] if lost else [])
    assert all(set(f.names) <= known and f.quote in text for f in refused)


def test_known_names_may_hold_commas_and_conjunctions() -> None:
    known = {"Rain, D.C.", "Sun and Moon", "Alphaville"}.__contains__
    text = "Rain, D.C., Sun and Moon and Alphaville were ranked 1st, 2nd and 3rd."
    assert read(text, is_name=known) == ["Rain, D.C. 1", "Sun and Moon 2", "Alphaville 3"]


def test_decimal_sign_of_the_whole_text() -> None:
    assert read("Anggrek memiliki 1.234 perusahaan. Bakau memperoleh skor 80,3 poin.") == [
        "Anggrek 1234",
        "Bakau 80.3",
    ]


# --- shared truth -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def traps(shared: Path) -> list[dict[str, Any]]:
    path = shared / "fixtures" / "prose_traps.json"
    if not path.is_file():
        pytest.skip("no traps beside the project: shared/fixtures/prose_traps.json")
    read: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return read


def test_all_traps(traps: list[dict[str, Any]]) -> None:
    failed = {t["id"]: got for t in traps if (got := trap_mismatch(t)) is not None}
    assert not failed
    assert len(traps) >= 12


def trap_mismatch(trap: dict[str, Any]) -> Any:
    """What was read, where it isn't what a trap expects."""
    found = statements(trap["text"])
    entries = [e for s in found for e in s.entries]
    expected = trap["expected"]
    if isinstance(expected, list):
        rows = [row for row in expected if isinstance(row, list)]
        bounds = [row for row in expected if isinstance(row, dict)]
        names = [row[0] for row in rows] + [c for b in bounds for c in b["cities"]]
        right = [e.name for e in entries] == names
        for entry, (_, rank, score) in zip(entries, rows, strict=False):
            read = rank_of(entry)
            right &= (str(read) if isinstance(rank, str) else read) == rank
            if isinstance(score, dict):
                right &= entry.score is None and entry.missing is not None
            elif score is None:
                right &= entry.score is None
            else:
                right &= entry.score is not None and float(entry.score.value) == score
        for bound in bounds:
            above = int(bound["constraint"].removeprefix("rank>"))
            limits = [(e.rank_from, e.rank_to) for e in entries if e.name in bound["cities"]]
            right &= limits == [(above + 1, None)] * len(bound["cities"])
        return None if right else entries
    checks = []
    if "claim" in expected and expected["claim"] == "set":
        checks = [
            [s.kind for s in found] == ["set"],
            [e.name for e in entries] == expected["cities"],
            {(e.rank_from, e.rank_to) for e in entries} == {(1, expected["rank_max"])},
            not any(e.order_certain for e in entries),
        ]
    elif "candidate" in expected:
        checks = [
            [s.kind for s in found] == ["withheld"],
            [s.candidate for s in found] == [expected["candidate"]],
            not any(e.rank_from for e in entries),
        ]
    elif "sentinel" in expected:
        checks = [[s.kind for s in found] == ["withheld"], entries[0].missing == "sentinel -1.00"]
    else:
        rows = expected["rows"]
        checks = [
            [[e.name, rank_of(e), *score_of(e, row)] for e, row in zip(entries, rows, strict=True)]
            == rows
        ]
        if "universe" in expected:
            checks.append(
                {s.cohort and (s.cohort.relation, s.cohort.of) for s in found}
                == {("excludes", "直辖市")}
            )
        if "direction" in expected:
            checks.append({s.direction for s in found} == {expected["direction"]})
    return None if checks and all(checks) else found


def rank_of(entry: Entry) -> int | str | None:
    if entry.rank_from != entry.rank_to:
        return None
    return f"{entry.rank_from}=" if entry.tied else entry.rank_from


def score_of(entry: Entry, row: list[Any]) -> list[float | None]:
    if len(row) < 3:
        return []
    return [float(entry.score.value) if entry.score else None]


TO_SIMPLIFIED = OpenCC("t2s").convert
SAME_PLACE = {"singapura": "singapore", "成都": "chengdu", "沈阳": "shenyang"}
SAID_SO = {("gfci-21", "Guangzhou"), ("gfci-21", "Qingdao")}
"""The source itself is wrong there: it prints "ranks 8th just behind Guangzhou" of another list."""


def place(name: str) -> str:
    plain = TO_SIMPLIFIED(unicodedata.normalize("NFKC", name)).replace("–", "-").lower()
    plain = re.sub(r"(市|省)$", "", plain.replace("’", "'"))
    return SAME_PLACE.get(plain, plain)


def test_published_evidence(shared: Path) -> None:
    """Every quote of the ledger of published rankings, against its typed rows."""
    editions = json.loads((shared / "reports/published_rankings.json").read_text("utf-8"))[
        "editions"
    ]
    right, wrong, refused = 0, [], 0
    for edition in editions:
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in edition["rows"]:
            if row.get("city_as_printed"):
                rows.setdefault(place(row["city_as_printed"]), []).append(row)
        for evidence in edition.get("evidence", []):
            for found in read_statements(evidence["quote"]):
                if isinstance(found, Refusal):
                    refused += 1
                    continue
                for entry in found.entries:
                    typed = rows.get(place(entry.name), [])
                    if any(agrees(entry, row) for row in typed):
                        right += 1
                    elif typed and (edition["id"], entry.name) not in SAID_SO:
                        wrong.append((edition["id"], brief(entry)))
    assert not wrong
    assert right >= 140
    assert refused <= 5


def agrees(entry: Entry, row: dict[str, Any]) -> bool:
    if entry.rank_from is not None or entry.rank_to is not None:
        rank = row["rank"]
        if rank is None or not (entry.rank_from or 1) <= rank <= (entry.rank_to or 10**6):
            return False
    score = row.get("score")
    return entry.score is None or score is None or entry.score.value == Decimal(str(score))


def test_seed_article(shared: Path) -> None:
    """Claims read by hand from a machine-translated article."""
    folder = shared / "seed"
    claims = {c["id"]: c for c in json.loads((folder / "claims.json").read_text("utf-8"))["claims"]}
    (article,) = folder.glob("*.txt")
    text = article.read_text(encoding="utf-8")
    found = statements(text)

    def at(claim: str) -> list[str]:
        start, end = claims[claim]["char_start"], claims[claim]["char_end"]
        return [brief(e) for s in found if s.start < end and start < s.end for e in s.entries]

    assert at("c001") == ["Beijing 1 1", "Shenzhen 2 0.7449", "Shanghai 3 0.6266"]
    trio = ["Beijing 1..3", "Shanghai 1..3", "Shenzhen 1..3"]
    assert at("c006") == at("c007") == trio
    assert at("c009") == ["Beijing", "Shanghai", "Shenzhen"]
    assert [line.split()[-1] for line in at("c014")] == ["15000"]
    assert at("c017") == ["Beijing 20000"]
    assert at("c023") == ["Beijing 1"]
    assert at("c025") == ["Beijing 6"]
    assert at("c038") == ["Shenzhen 1"]
    assert at("c050") == ["Shenzhen 0"]
    for metaphor_or_error in ("c012", "c051", "c052", "c053", "c054"):
        assert at(metaphor_or_error) == []
    # Nothing else is asserted of ranks.
    assert len([s for s in found if s.kind in ("ranking", "set", "bound")]) == 5


# --- any text -------------------------------------------------------------------------------


def check(text: str) -> None:
    first = read_statements(text)
    assert read_statements(text) == first
    for found in first:
        assert 0 <= found.start < found.end <= len(text)
        assert text[found.start : found.end] == found.quote
        if isinstance(found, Refusal):
            continue
        assert 0 < found.confidence <= 1
        for entry in found.entries:
            assert 0 <= entry.start < entry.end <= len(text)
            assert entry.name[0] == text[entry.start]
            if entry.rank_from is not None and entry.rank_to is not None:
                assert 1 <= entry.rank_from <= entry.rank_to


WORDS = sorted({w for case in CASES.splitlines() for w in case.split("|")[0].split()})


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_text(text: str) -> None:
    check(text)


@given(st.lists(st.sampled_from(WORDS), max_size=25), st.sampled_from([" ", "", ", ", "、"]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_words_of_rankings(words: list[str], between: str) -> None:
    check(between.join(words))


CITIES = ["Alphaville", "Betatown", "Gammaburg", "Deltaport", "Epsilon", "Zetafeld"]
HAN = ["甲市", "乙市", "丙市", "丁市", "戊市", "己市"]
FORMS = {
    "en": (CITIES, "{names} scored {values} respectively.", ", ", " and ", "."),
    "id": (CITIES, "{names} meraih skor masing-masing {values}.", ", ", ", dan ", ","),
    "de": (CITIES, "{names} erreichten jeweils {values} Punkte.", ", ", " und ", ","),
    "fr": (CITIES, "{names} obtiennent respectivement {values} points.", ", ", " et ", ","),
    "zh": (HAN, "{names}得分分别为{values}。", "、", "和", "."),
}


@given(st.sampled_from(sorted(FORMS)), st.data())
def test_parallel_lists_read_back(language: str, data: st.DataObject) -> None:
    cities, form, comma, last, sign = FORMS[language]
    count = data.draw(st.integers(2, 6))
    extra = data.draw(st.sampled_from([0, 0, 0, -1, 1]))
    if count + extra < 2:
        extra = 0
    scores = data.draw(
        st.lists(st.integers(0, 9999), min_size=count + extra, max_size=count + extra)
    )
    printed = [f"{s // 10}.{s % 10}".replace(".", sign) for s in scores]
    names = comma.join(cities[: count - 1]) + last + cities[count - 1]
    text = form.format(names=names, values=comma.join(printed[:-1]) + last + printed[-1])
    (found,) = read_statements(text, decimal=sign)
    if extra:
        assert isinstance(found, Refusal)
        assert (list(found.names), len(found.values)) == (cities[:count], count + extra)
    else:
        assert isinstance(found, Statement)
        assert [e.name for e in found.entries] == cities[:count]
        assert [e.score and e.score.value * 10 for e in found.entries] == scores


@pytest.mark.parametrize(
    "part",
    ["1", "1 111 ", "1,", "1.1.", "一", "第一", "前一", "(", "A B ", "Aa, ", "甲、", "和", "市场",
     "of ", " ", "1 \n", "1 a a a a 1\n", "|1|-1", "1. A ", '"A ', "*", "not ", "第"],
)  # fmt: skip
def test_time_grows_with_length(part: str) -> None:
    text = part * (8_000 // len(part))
    began = time.process_time()
    read_statements(text)
    assert time.process_time() - began < 15


def test_too_long_a_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="characters"):
        read_statements("a" * 500_001)
