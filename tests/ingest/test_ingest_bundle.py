"""Raw files in, bundled facts beside the cards out."""

from __future__ import annotations

import csv
import json
import re
from typing import Any

import pytest
from ingest_bench import REGISTER, Bench, card, register_card

from ingest.bundle import BundleLine, bundle, main


def bundled(bench: Bench, source: str = "things") -> dict[str, bytes]:
    folder = bench.folder / "catalog" / "sources" / source
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}


def run(bench: Bench) -> list[BundleLine]:
    return list(bundle(bench.settings))


def outcomes(lines: list[BundleLine]) -> list[tuple[str, str]]:
    return [(line.document, line.outcome) for line in lines]


@pytest.fixture
def register(bench: Bench) -> Bench:
    bench.write(register_card())
    (bench.mirror / "doc.bin").write_bytes(REGISTER + "Delta,甲,2024\n".encode())
    return bench


def test_what_a_bundle_holds(register: Bench) -> None:
    (line,) = run(register)
    assert (line.outcome, line.detail) == ("written", "2 observation, 1 quarantine")
    files = bundled(register)
    assert list(files) == ["doc.observation.csv", "doc.quarantine.csv", "documents.csv"]
    rows = list(csv.DictReader(files["doc.observation.csv"].decode().splitlines()))
    assert [(r["city_id"], r["year"], r["value"], r["status"]) for r in rows] == [
        ("cn_beijing", "2023", "2.0", "observed"),
        ("cn_hangzhou", "2024", "1.0", "observed"),
    ]
    derived = {"source_id", "document_id", "vintage_on", "parser", "unit", "observation_id"}
    assert not derived & set(rows[0])
    (document,) = csv.DictReader(files["documents.csv"].decode().splitlines())
    assert document["document"] == "doc"
    assert document["document_id"] == document["sha256"]
    assert document["parser"].startswith("register_count ")


def test_a_second_run_changes_no_byte(register: Bench) -> None:
    run(register)
    first = bundled(register)
    run(register)
    assert bundled(register) == first
    other = Bench(register.folder / "elsewhere")
    other.write(register_card())
    (other.mirror / "doc.bin").write_bytes((register.mirror / "doc.bin").read_bytes())
    run(other)
    assert bundled(other) == first


def test_the_order_of_a_register_does_not_change_the_rows_of_its_bundle(bench: Bench) -> None:
    head, *lines = REGISTER.decode().splitlines()
    made: list[bytes] = []
    for name, order in (("a", lines), ("b", [lines[2], lines[1], lines[0]])):
        other = Bench(bench.folder / name)
        other.write(register_card())
        (other.mirror / "doc.bin").write_text("\n".join([head, *order]), encoding="utf-8")
        run(other)
        made.append(bundled(other)["doc.observation.csv"].replace(b"Beta; Alpha", b"Alpha; Beta"))
    assert made[0] == made[1]


def test_the_licence_gate(register: Bench) -> None:
    run(register)
    assert bundled(register)
    register.write(register_card(redistribution="none"))
    (line,) = run(register)
    assert line.outcome == "withheld"
    assert "licence" in line.detail
    assert bundled(register) == {}


def test_a_licence_that_never_allowed_it(register: Bench) -> None:
    register.write(register_card(redistribution="none"))
    assert [line.outcome for line in run(register)] == ["withheld"]
    assert bundled(register) == {}


def test_facts_of_documents_that_left_the_card_are_removed(register: Bench) -> None:
    source = register_card()
    second = {**source["documents"][0], "id": "second", "address": "https://things.example/2"}
    source["documents"].append(second)
    register.write(source)
    run(register)
    assert "second.observation.csv" in bundled(register)
    register.write(register_card())
    run(register)
    files = bundled(register)
    assert list(files) == ["doc.observation.csv", "doc.quarantine.csv", "documents.csv"]
    assert b"second" not in files["documents.csv"]


def test_kinds_of_facts_that_a_document_no_longer_has_are_removed(register: Bench) -> None:
    run(register)
    (register.mirror / "doc.bin").write_bytes(REGISTER)
    run(register)
    assert list(bundled(register)) == ["doc.observation.csv", "documents.csv"]


def test_a_document_that_is_not_at_hand_keeps_its_facts(register: Bench) -> None:
    run(register)
    before = bundled(register)
    (register.mirror / "doc.bin").unlink()
    (line,) = run(register)
    assert str(line) == "kept     1 source whose files are not in the mirror; their facts stay"
    assert bundled(register) == before


def test_sources_that_are_not_at_hand_share_the_last_line(register: Bench) -> None:
    source = register_card()
    second = {**source["documents"][0], "id": "second", "address": "https://things.example/2"}
    caveats = [{"indicator": "models_count", "reason": "counted otherwise"}]
    cards = [{**register_card(caveats=caveats), "id": f"other_{i}"} for i in range(2)]
    register.write({**source, "documents": [*source["documents"], second]}, *cards)
    data = (register.mirror / "doc.bin").read_bytes()
    run(register)
    for other in cards:
        other["documents"][0]["mirror"] = "elsewhere.bin"
    second["mirror"] = "elsewhere.bin"
    register.write({**source, "documents": [*source["documents"], second]}, *cards)
    (register.mirror / "doc.bin").write_bytes(data)
    assert [str(line).partition("\n")[0] for line in run(register)] == [
        "written  things doc: 2 observation, 1 quarantine",
        "kept     things *: 1 of 2 documents are not in the mirror; their facts stay",
        "kept     2 sources whose files are not in the mirror; their facts stay",
    ]


@pytest.mark.parametrize(("number", "shown"), [(0, 0), (1, 1), (5, 5), (6, 4)])
def test_the_first_quarantined_texts_are_told(register: Bench, number: int, shown: int) -> None:
    rows = "".join(f"Delta {i},甲{i},2024\n" for i in range(number))
    (register.mirror / "doc.bin").write_bytes(REGISTER + rows.encode())
    (line,) = run(register)
    assert len(line.quarantined) == shown
    if number:
        assert str(line).splitlines()[1] == "          line 5: 甲0: unknown city"
    if number > shown:
        assert str(line).splitlines()[-1] == "          and 3 more"


def test_the_candidates_of_a_quarantined_text_are_told(register: Bench) -> None:
    (register.mirror / "doc.bin").write_bytes(REGISTER + b"Delta,Suzhou,2024\n")
    (line,) = run(register)
    places = "cn_suzhou_anhui; cn_suzhou_jiangsu"
    assert line.quarantined == (f"line 5: Suzhou: unknown city ({places})",)


@pytest.mark.parametrize("data", [b"<html>502</html>", "name,city,year\nä".encode("latin-1"), b""])
def test_a_document_that_does_not_parse_keeps_its_facts(register: Bench, data: bytes) -> None:
    run(register)
    before = bundled(register)
    (register.mirror / "doc.bin").write_bytes(data)
    assert outcomes(run(register)) == [("doc", "refused")]
    assert bundled(register) == before


def test_a_bad_card_is_refused_and_the_others_are_written(register: Bench) -> None:
    bad: dict[str, Any] = {**register_card(), "id": "others", "trust_tier": 9}
    register.write(register_card(), bad)
    found = {line.source_id: line.outcome for line in run(register)}
    assert found == {"others": "faulty", "things": "written"}


def test_no_quote_is_longer_than_may_be_passed_on(bench: Bench) -> None:
    evidence = [{"url": "https://things.example/doc", "quote": "long " * 100}]
    rows = [{"rank": 1, "rank_as_printed": "1", "city_as_printed": "北京"}]
    report = {
        "report_id": "r",
        "title": "R",
        "publisher": "P",
        "subject": "ai",
        "published_on": "2024-01-01",
        "data_year": 2023,
        "universe": "All",
    }
    options = {"edition": "e", "tables": [{"report_id": "r"}]}
    document = {"form": "transcript", "reports": [report], "options": options}
    bench.write(card("ranking_ledger", document=document))
    ledger = {"editions": [{"id": "e", "rows": rows, "evidence": evidence}]}
    (bench.mirror / "doc.bin").write_text(json.dumps(ledger))
    assert outcomes(run(bench)) == [("doc", "written")]
    (row,) = csv.DictReader(bundled(bench)["doc.published_rank.csv"].decode().splitlines())
    assert 190 < len(row["quote"]) <= 200
    (document_row,) = csv.DictReader(bundled(bench)["documents.csv"].decode().splitlines())
    assert document_row["document_id"].startswith("cited:")
    assert document_row["sha256"] == ""


def test_the_command_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AICITY_MIRROR", raising=False)
    monkeypatch.delenv("AICITY_ORIGIN", raising=False)
    assert main() == 2
    assert "make bundle needs AICITY_MIRROR" in capsys.readouterr().err


def test_the_command_reports_each_document(
    register: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AICITY_CATALOG", str(register.settings.catalog[0]))
    monkeypatch.setenv("AICITY_MIRROR", str(register.mirror))
    assert main() == 0
    assert "written  things doc: 2 observation, 1 quarantine" in capsys.readouterr().out
    (register.mirror / "doc.bin").write_bytes(b"\xff")
    assert main() == 1
    assert "refused  things doc: " in capsys.readouterr().out


def test_files_that_are_nowhere_are_named(bench: Bench) -> None:
    bench.write(register_card())
    (line,) = run(bench)
    assert line.outcome == "absent"
    assert line.detail == (
        f"1 of 1 documents are not in the mirror; without facts: doc. Sought: doc.bin in "
        f"{bench.mirror}"
    )
    assert bundled(bench) == {}


def test_a_fault_of_the_catalog_is_told_once_and_whole(bench: Bench) -> None:
    bench.write({**register_card(), "favourite": "x" * 80})
    (line,) = run(bench)
    assert str(line).startswith("faulty   catalog/sources/things.yml:")
    assert str(line).count("things.yml") == 1


def test_a_refused_document_names_its_card_and_keeps_its_facts(register: Bench) -> None:
    (register.mirror / "doc.bin").write_bytes(b"name,place\nAlpha,x\n")
    (line,) = run(register)
    assert line.outcome == "refused"
    assert re.search(
        r"no column city, year; .* \(file doc.bin, card \S+things.yml:\d+\)$", line.detail
    )
    (register.mirror / "doc.bin").write_bytes(REGISTER)
    run(register)
    before = bundled(register)
    (register.mirror / "doc.bin").write_bytes(b"name,place\nAlpha,x\n")
    (line,) = run(register)
    assert line.detail.endswith("; the old facts stay in force")
    assert bundled(register) == before


def test_facts_that_are_older_than_their_card(register: Bench) -> None:
    run(register)
    register.use(origin="bundled")
    assert register.parse().stale == []
    register.write(register_card(title="Things by another name"))
    assert register.parse().stale == []
    register.write(register_card(parse={"year_to": 2023}))
    (told,) = register.parse().stale
    assert re.fullmatch(
        r"doc: the card changed since its facts were written: run make bundle "
        r"\(card catalog/sources/things.yml:\d+\)",
        told,
    )
    register.use(origin="mirror")
    run(register)
    assert len(register.facts("observation")) == 1
    register.use(origin="bundled")
    assert register.parse().stale == []


def test_facts_of_which_nothing_says_by_what_they_were_written(register: Bench) -> None:
    run(register)
    path = register.folder / "catalog/sources/things/documents.csv"
    head, row = path.read_text(encoding="utf-8").splitlines()
    assert head.endswith(",declaration")
    path.write_text(f"{head.rpartition(',')[0]}\n{row.rpartition(',')[0]}\n", encoding="utf-8")
    register.use(origin="bundled")
    register.write(register_card(parse={"year_to": 2023}))
    assert register.parse().stale == []
    register.use(origin="mirror")
    (register.mirror / "doc.bin").unlink()
    run(register)  # it keeps them as they are
    assert len(register.facts("observation")) == 2
