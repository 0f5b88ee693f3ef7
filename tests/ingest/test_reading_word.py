"""Word documents in, tables and numbered paragraphs out."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from ingest.reading import ReadingError
from ingest.reading.word import content


def document(fill: Callable[[Any], object]) -> bytes:
    made = docx.Document()
    fill(made)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def text(fill: Callable[[Any], object]) -> str:
    return content(document(fill)).passages[0].text


def test_merged_and_nested_cells_and_heading_rows() -> None:
    def fill(made: Any) -> None:
        made.add_heading("Report", 0)
        made.add_heading("Ranking", 1)
        table = made.add_table(4, 3)
        for row, cells in enumerate((["Rank", "City", "2024"], [1, "Paris", 9], ["", "Lyon", 9])):
            for column, value in enumerate(cells):
                table.cell(row, column).text = str(value)
        table.cell(1, 0).merge(table.cell(2, 0))
        table.cell(3, 0).merge(table.cell(3, 1))
        table.cell(3, 0).text = "Mean"
        inner = table.cell(3, 2).add_table(1, 2)
        inner.cell(0, 0).text, inner.cell(0, 1).text = "in", "ner"
        table.rows[0]._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))

    found = content(document(fill))
    assert found.title == "Report"
    first, second = found.tables
    assert first.rows == (
        ("Rank", "City", "2024"),
        ("1", "Paris", "9"),
        ("1", "Lyon", "9"),
        ("Mean", "Mean", ""),
    )
    assert (first.where, first.title, first.header_rows) == ("table 1", "Ranking", 1)
    assert first.merged == {(2, 0): (1, 0), (3, 1): (3, 0)}
    assert (second.where, second.rows) == ("table 2", (("in", "ner"),))
    assert found.passages[0].text == "Report\nRanking"


def test_numbered_lists_keep_their_numbers() -> None:
    def fill(made: Any) -> None:
        for name in ("Paris", "Lyon"):
            made.add_paragraph(name, style="List Number")
        made.add_paragraph("between")
        made.add_paragraph("Nice", style="List Number")
        made.add_paragraph("point", style="List Bullet")

    assert text(fill) == "1. Paris\n2. Lyon\nbetween\n3. Nice\npoint"


_LEVELS = [(1, "chineseCounting", "%1、"), (1, "decimal", "%1-%2"), (3, "lowerRoman", "(%1.%3)")]


def test_lists_of_several_levels_and_a_restart() -> None:
    def fill(made: Any) -> None:
        numbering = made.part.numbering_part.element
        levels = "".join(
            f'<w:lvl w:ilvl="{depth}"><w:start w:val="{start}"/><w:numFmt w:val="{kind}"/>'
            f'{"<w:isLgl/>" if depth == 2 else ""}<w:lvlText w:val="{form}"/></w:lvl>'
            for depth, (start, kind, form) in enumerate(
                [
                    (1, "chineseCounting", "%1、"),
                    (1, "decimal", "%1-%2"),
                    (3, "lowerRoman", "(%1.%3)"),
                ]
            )
        )
        kinds = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">{levels}</w:abstractNum>'
        numbering.insert(0, parse_xml(kinds))
        override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
        for number, extra in ((90, ""), (91, override)):
            numbering.append(parse_xml(
                f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="90"/>'
                f"{extra}</w:num>"))  # fmt: skip
        for name, number, depth in (
            ("a", 90, 0), ("b", 90, 1), ("c", 90, 1), ("d", 90, 2), ("e", 90, 0), ("f", 90, 1),
            ("g", 91, 0), ("h", 90, 0),
        ):  # fmt: skip
            properties = made.add_paragraph(name)._p.get_or_add_pPr()
            properties.append(parse_xml(
                f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/>'
                "</w:numPr>"))  # fmt: skip

    lines = text(fill).split("\n")
    assert lines == [
        "一、 a",
        "一-1 b",
        "一-2 c",
        "(1.3) d",
        "二、 e",
        "二-1 f",
        "五、 g",
        "三、 h",
    ]


def run_xml(inner: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{inner}</w:t></w:r>"


@pytest.mark.parametrize(
    ("runs", "printed"),
    [
        (run_xml("New ") + run_xml("York"), "New York"),
        (run_xml("12") + run_xml("3", '<w:vertAlign w:val="superscript"/>'), "12³"),
        (run_xml("Paris") + run_xml("3", '<w:vertAlign w:val="superscript"/>'), "Paris"),
        (run_xml("a") + run_xml("hidden", "<w:vanish/>"), "a"),
        (run_xml("a") + f"<w:ins>{run_xml('b')}</w:ins>", "ab"),
        (run_xml("a") + "<w:del><w:r><w:delText>b</w:delText></w:r></w:del>", "a"),
        ("<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r>", "a b\nc"),
        ("<w:r><w:t>a</w:t><w:footnoteReference w:id='1'/></w:r>", "a"),
        ("<w:r><w:instrText>PAGE</w:instrText></w:r>" + run_xml("7"), "7"),
        (f"<w:hyperlink>{run_xml('link')}</w:hyperlink>", "link"),
        (f"<w:sdt><w:sdtContent>{run_xml('filled')}</w:sdtContent></w:sdt>", "filled"),
    ],
)
def test_runs_as_they_print(runs: str, printed: str) -> None:
    def fill(made: Any) -> None:
        made.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}>{runs}</w:p>"))

    assert text(fill) == printed


def test_text_boxes_are_read_once() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'

    def fill(made: Any) -> None:
        made.element.body.insert(0, parse_xml(
            f"<w:p {nsdecls('w')} {mc}><w:r><w:t>before</w:t></w:r><w:r><mc:AlternateContent>"
            f"<mc:Choice Requires='wps'>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
            "</mc:AlternateContent></w:r></w:p>"))  # fmt: skip

    assert text(fill) == "before\nboxed"


def test_content_controls_around_rows_and_tables() -> None:
    def fill(made: Any) -> None:
        table = made.add_table(1, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = "a", "b"
        row = table.rows[0]._tr
        control = parse_xml(f"<w:sdt {nsdecls('w')}><w:sdtContent/></w:sdt>")
        row.addprevious(control)
        control.find(qn("w:sdtContent")).append(row)

    assert content(document(fill)).tables[0].rows == (("a", "b"),)


def test_a_table_that_frames_the_text() -> None:
    def fill(made: Any) -> None:
        made.add_paragraph("before")
        made.add_table(1, 1).cell(0, 0).text = "framed"
        made.add_paragraph("after")

    assert text(fill) == "before\nframed\nafter"


def with_part(name: str, change: Callable[[bytes], bytes]) -> bytes:
    buffer = io.BytesIO()
    data = document(lambda made: made.add_paragraph("x"))
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", 8) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (with_part("word/document.xml", lambda xml: xml[:-40]), "damaged"),
        (with_part("[Content_Types].xml", lambda xml: b"<Types/>"), "damaged"),
        (with_part("word/document.xml", lambda xml: re.sub(
            rb"<w:document", b'<!DOCTYPE x [<!ENTITY a "b">]><w:document', xml, count=1)),
            "word/document.xml declares XML entities"),
        (document(lambda made: None)[:-100], "damaged or cut off"),
    ],
)  # fmt: skip
def test_documents_that_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(ReadingError, match=why):
        content(data)
