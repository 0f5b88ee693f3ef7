"""Workbooks in, printed cells out, with their A1 places."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.worksheet.table import Table as DeclaredTable

from ingest.reading import Content, ReadingError
from ingest.reading.content import Table
from ingest.reading.workbook import content


def book(fill: Callable[[Any], object]) -> bytes:
    made = openpyxl.Workbook()
    made.active.title = "Cities"
    fill(made.active)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def only(data: bytes) -> Table:
    found = content(data).tables
    assert len(found) == 1
    return found[0]


def edited(
    data: bytes, part: str, change: Callable[[bytes], bytes], added: dict[str, bytes] | None = None
) -> bytes:
    """The package with one of its parts changed, and others added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
        for name, xml in (added or {}).items():
            new.writestr(name, xml)
    return buffer.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("value", "code", "printed"),
    [
        (0.952345, "0.000", "0.952"),
        (0.5, "0%", "50%"),
        (0.1234, "0.0%", "12.3%"),
        (1234567.4, "#,##0", "1,234,567"),
        (-5, "#,##0_);(#,##0)", "(5)"),
        (0, '0;-0;"–"', "–"),
        (0, '_-* #,##0.00_-;\\-* #,##0.00_-;_-* "-"??_-;_-@_-', "-"),
        (12345678, '0.0,,"M"', "12.3M"),
        (3.1, "0.##", "3.1"),
        (12, "[$€-407] #,##0.00", "€ 12.00"),
        (1, '0"st"', "1st"),
        (7, "000", "007"),
        (5, '[<10]"<10";0', "<10"),
        (12345, "0.00E+00", "1.23E+04"),
        (1.005, "0.00", "1.01"),
        (-0.001, "0.00", "0.00"),
        (0.25, "# ?/?", "0.25"),
        (37468.302, "#\\ ###\\ ###\\ ##0;\\-#\\ ###\\ ###\\ ##0;0", "37 468"),
        (82.4, "#\\ ###\\ ##0", "82"),
        (-1234567.25, "#\\ ##0.0", "-1234 567.3"),
        (20240301, "0000-00-00", "2024-03-01"),
        (5, "#\\ ##0\\ %", "500 %"),
        (0, "#,###", "0"),
        (98.0, "General", "98"),
        (0.1 + 0.2, "General", "0.3"),
        (True, "General", "TRUE"),
        ("#N/A", "General", "#N/A"),
        ("  北京\u3000市\n(直辖)", "General", "北京 市 (直辖)"),
        (dt.datetime(2024, 3, 1), "m/d/yy", "2024-03-01"),
        (dt.datetime(2024, 3, 1), "yyyy", "2024"),
        (dt.datetime(2024, 3, 1), 'yyyy"年"m"月"', "2024年3月"),
        (dt.datetime(2024, 3, 1, 12, 30), "yyyy-mm-dd h:mm", "2024-03-01 12:30:00"),
    ],
)
def test_cells_as_they_print(value: object, code: str, printed: str) -> None:
    def fill(sheet: Any) -> None:
        sheet["B3"] = value
        sheet["B3"].number_format = code

    table = only(book(fill))
    assert table.rows == ((printed,),)
    assert table.locator(0, 0) == "Cities!B3"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    assert table.values == (pytest.approx({(0, 0): value}) if number else {})


def test_merged_cells_stand_wherever_they_reach() -> None:
    def fill(sheet: Any) -> None:
        for row in (
            ["AI cities 2024"],
            ["Rank", "City", "Score", None],
            [None, None, 2023, 2024],
            [1, "Paris", 9, 8],
            [None, "Lyon", 9, 8],
        ):
            sheet.append(row)
        for merge in ("A1:D1", "A2:A3", "B2:B3", "C2:D2", "A4:A5"):
            sheet.merge_cells(merge)

    table = only(book(fill))
    assert table.rows == (
        ("AI cities 2024",) * 4,
        ("Rank", "City", "Score", "Score"),
        ("Rank", "City", "2023", "2024"),
        ("1", "Paris", "9", "8"),
        ("1", "Lyon", "9", "8"),
    )
    assert table.title == "AI cities 2024"
    assert table.locator(4, 0) == "Cities!A4"
    assert table.locator(4, 1) == "Cities!B5"
    assert table.values[4, 0] == 1


def test_several_sheets_and_what_is_hidden() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["a", "b"])
        sheet.append([1, 2])
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["B"].hidden = True
        sheet.parent.create_sheet("Old").append(["x"])
        sheet.parent["Old"].sheet_state = "hidden"
        sheet.parent.create_sheet("empty")
        sheet.parent.create_sheet("Notes").append(["n"])

    found = content(book(fill))
    assert [table.where for table in found.tables] == ["sheet Cities", "sheet Notes"]
    assert found.tables[0].rows == (("a", "b"), ("1", "2"))
    assert found.notes == (
        "sheet Cities hides 1 rows, which are read: 2",
        "sheet Cities hides 1 columns, which are read: B",
        "sheet Old is hidden: left out",
    )


def test_formulas_have_their_stored_values() -> None:
    def fill(sheet: Any) -> None:
        sheet.append([2, 3, "=A1+B1"])

    unsaved = book(fill)
    saved = edited(unsaved, SHEET, lambda xml: xml.replace(b"<v />", b"<v>5</v>", 1).replace(
        b"<v></v>", b"<v>5</v>", 1))  # fmt: skip
    assert only(saved).rows == (("2", "3", "5"),)
    found = content(unsaved)
    assert found.tables[0].rows == (("2", "3"),)
    assert "1 formulas have no stored value, so their cells are empty" in found.notes[0]


def test_declared_tables_say_how_many_rows_are_headings() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["City", "Score"])
        sheet.append(["Paris", 1])
        sheet.add_table(DeclaredTable(displayName="T", ref="A1:B2"))

    assert only(book(fill)).header_rows == 1
    assert only(book(lambda sheet: sheet.append(["City", "Score"]))).header_rows is None


def test_cells_far_apart_are_tables_of_their_own() -> None:
    def fill(sheet: Any) -> None:
        sheet["A1"], sheet["B2"] = "a", "b"
        sheet["A1048576"], sheet["XFD1048576"] = "c", "d"

    found = content(book(fill)).tables
    assert [(table.where, table.rows) for table in found] == [
        ("sheet Cities", (("a", ""), ("", "b"))),
        ("sheet Cities, from A1048576", (("c",),)),
        ("sheet Cities, from XFD1048576", (("d",),)),
    ]
    assert found[2].locator(0, 0) == "Cities!XFD1048576"


def test_a_sheet_too_sparse_for_a_grid() -> None:
    def fill(sheet: Any) -> None:
        for n in range(1, 330):
            sheet.cell(50 * n, 50 * n, n)

    with pytest.raises(ReadingError, match="sheet Cities has 16401 rows and 16401 columns"):
        content(book(fill))


def test_a_border_down_to_the_last_row() -> None:
    blank = b'<row r="%d" ht="15"><c r="A%d" s="0"/><c r="B%d" s="0"></c></row>'
    last = b'<row r="900000"><c r="A900000"><v>7</v></c></row>'
    rows = b"".join(blank % (n, n, n) for n in range(3, 300_000)) + last
    data = edited(
        book(lambda sheet: sheet.append(["a", 1])),
        SHEET,
        lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"),
    )
    found = content(data).tables
    assert [table.rows for table in found] == [(("a", "1"),), (("7",),)]
    assert found[1].locator(0, 0) == "Cities!A900000"


def test_a_workbook_that_openpyxl_refuses_is_read_without_number_formats() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Paris", 0.952345])
        sheet["B1"].number_format = "0.000"
        sheet.merge_cells("A1:A2")

    data = edited(book(fill), "xl/styles.xml", lambda xml: xml.replace(b'xfId="0"', b'xfId="x"'))
    found = content(data)
    assert found.tables[0].rows == (("Paris", "0.952345"),)
    assert found.notes[0].startswith("number formats can't be read: ")


def test_raised_signs_in_a_cell() -> None:
    raised = InlineFont(vertAlign="superscript")

    def fill(sheet: Any) -> None:
        sheet.append([CellRichText("Paris", TextBlock(raised, "a"))])
        sheet.append([CellRichText("12", TextBlock(raised, "3"))])
        sheet.append([CellRichText("New ", TextBlock(InlineFont(b=True), "York"))])

    assert only(book(fill)).rows == (("Paris",), ("12³",), ("New York",))


def test_the_strict_kind_of_the_format() -> None:
    def strict(xml: bytes) -> bytes:
        for name, of in ((b"spreadsheetml", b"main"), (b"officeDocument", b"relationships")):
            old = b"http://schemas.openxmlformats.org/" + name + b"/2006/" + of
            xml = xml.replace(old, b"http://purl.oclc.org/ooxml/" + name + b"/" + of)
        return xml

    data = simple()
    for part in zipfile.ZipFile(io.BytesIO(data)).namelist():
        data = edited(data, part, strict)
    found = content(data)
    assert found.tables[0].rows == (("Paris", "1"),)
    assert found.notes == ("numbers are as stored, without their number formats",)


def old_book(fill: Callable[[Any], object]) -> bytes:
    made = xlwt.Workbook()
    fill(made.add_sheet("Cities"))
    fill(made.add_sheet("Old"))
    made.get_sheet(1).visibility = 1
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def test_an_old_workbook() -> None:
    def fill(sheet: Any) -> None:
        sheet.write_merge(2, 2, 1, 3, "Top")
        sheet.write_merge(3, 4, 1, 1, 1)
        sheet.write(3, 2, "北京")
        sheet.write(3, 3, 0.9523, xlwt.easyxf(num_format_str="0.0%"))
        sheet.write(4, 2, "上海")
        sheet.write(4, 3, dt.date(2024, 3, 1), xlwt.easyxf(num_format_str="yyyy-mm-dd"))

    found = content(old_book(fill))
    assert found.form == "xls"
    table = found.tables[0]
    assert table.rows == (
        ("Top", "Top", "Top"),
        ("1", "北京", "95.2%"),
        ("1", "上海", "2024-03-01"),
    )
    assert table.locator(2, 0) == "Cities!B4"
    assert table.locator(2, 1) == "Cities!C5"
    assert table.values == {(1, 0): 1, (2, 0): 1, (1, 2): 0.9523}
    assert found.notes == ("sheet Old is hidden: left out",)


def test_formats_and_hidden_parts_of_a_large_old_workbook() -> None:
    def fill(sheet: Any) -> None:
        styles = [xlwt.easyxf(num_format_str=code) for code in ("#,##0", "0.00", '0" 位"')]
        for row in range(3000):
            for column, style in enumerate(styles):
                sheet.write(row, column, row + 1000.25, style)
        sheet.row(7).hidden = True
        sheet.col(1).hidden = True

    found = content(old_book(fill))
    assert found.tables[0].rows[2999] == ("3,999", "3999.25", "3999 位")
    assert found.notes == (
        "sheet Cities hides 1 rows, which are read: 8",
        "sheet Cities hides 1 columns, which are read: B",
        "sheet Old is hidden: left out",
    )


def test_an_old_workbook_that_is_locked() -> None:
    data = old_book(lambda sheet: sheet.write(0, 0, 0.5))
    # What follows is encrypted, says a record in place of one that isn't needed.
    place = data.index(b"\x42\x00\x02\x00")
    with pytest.raises(ReadingError, match="protected by a password"):
        content(data[:place] + b"\x2f" + data[place + 1 :])


def entity_bomb(xml: bytes) -> bytes:
    declared = b'<!DOCTYPE x [<!ENTITY a "' + b"ha" * 1000 + b'"><!ENTITY b "&a;&a;&a;&a;">]>'
    return re.sub(rb"^(<\?xml[^>]*\?>)?", rb"\1" + declared, xml, count=1)


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(100 << 20))
    return buffer.getvalue()


def simple(_: object = None) -> bytes:
    return book(lambda sheet: sheet.append(["Paris", 1]))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bomb, "xl/worksheets/sheet1.xml unpacks to 104857600 bytes.*ZIP bomb"),
        (lambda: edited(simple(), SHEET, entity_bomb), "sheet1.xml declares XML entities"),
        (lambda: edited(simple(), "xl/workbook.xml", entity_bomb), "declares XML entities"),
        (lambda: simple()[:-300], "damaged or cut off"),
        (lambda: old_book(lambda sheet: sheet.write(0, 0, 1))[:2000], "damaged or cut off"),
    ],
)
def test_workbooks_that_are_refused(data: Callable[[], bytes], why: str) -> None:
    with pytest.raises(ReadingError, match=why):
        content(data())


def test_shared_strings_of_every_kind() -> None:
    strings = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        "<si><r><t>New </t></r><r><rPr><b/></rPr><t>York</t></r></si>"
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si>"
        "<si/><si><t xml:space='preserve'> a_x000D_b </t></si></sst>"
    ).encode()
    cells = b"".join(b'<c r="A%d" t="s"><v>%d</v></c>' % (n + 1, n) for n in range(4))
    declared = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
        b'officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    )
    data = edited(
        simple(),
        "[Content_Types].xml",
        lambda xml: xml.replace(b"</Types>", declared),
        {"xl/sharedStrings.xml": strings},
    )
    rows = (
        re.sub(rb'<c r="A(\d)".*?</c>', rb'<row r="\1">\g<0></row>', cells)
        + b'<row r="5"><c r="A5" t="inlineStr"><is><t>in</t></is></c></row>'
    )
    rows = b"<sheetData>" + rows + b"</sheetData>"
    data = edited(data, SHEET, lambda xml: re.sub(rb"<sheetData>.*</sheetData>", rows, xml))
    assert only(data).rows == (("New York",), ("東京",), ("",), ("a b",), ("in",))


def test_content_names_its_form() -> None:
    found: Content = content(simple())
    assert (found.form, found.notes) == ("xlsx", ())
