"""JSON in, tables out: records, cubes, lines; what is not certainly there is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reading.content import Content, ReadingError, Table
from ingest.reading.json_data import content


def read(value: Any, records: str | None = None) -> Content:
    return content(json.dumps(value, ensure_ascii=False).encode(), records)


def only(found: Content) -> Table:
    assert found.form == "json"
    (table,) = found.tables
    return table


# ---------------------------------------------------------------- records
def test_declared_records_have_dotted_columns_and_places() -> None:
    data = b"""{"meta": {"n": 2}, "data": [
        {"city": {"id": "BJ", "name": "Beijing"}, "gdp": 49843.10, "big": true},
        {"city": {"id": "SH"}, "gdp": null, "tags": ["a", "b"], "year": 2024}]}"""
    table = only(content(data, "data"))
    assert table.rows == (
        ("city.id", "city.name", "gdp", "big", "tags", "year"),
        ("BJ", "Beijing", "49843.10", "true", "", ""),
        ("SH", "", "", "", "a|b", "2024"),
    )
    assert (table.where, table.header_rows) == ("data", 1)
    assert table.locator(2) == "data[1]"
    assert table.locator(2, 2) == "data[1], gdp"


def test_numbers_keep_their_printed_form() -> None:
    table = only(content(b'[{"a": 1.50, "b": 1.78E+13, "c": 12345678901234567890, "d": -0}]'))
    assert table.rows[1] == ("1.50", "1.78E+13", "12345678901234567890", "0")


def test_without_a_path_every_list_of_records_is_a_table() -> None:
    found = read({"a": [{"x": 1}, {"x": 2}], "b": {"c": [{"y": [{"z": 1}], "v": 3}]}, "d": [1, 2]})
    assert [(t.where, t.rows) for t in found.tables] == [
        ("a", (("x",), ("1",), ("2",))),
        ("b.c", (("v",), ("3",))),
    ]
    assert found.notes == ("b.c: y has lists of its own, left out",)
    nested = only(read({"b": {"c": [{"y": [{"z": 1}, {"z": 2}]}, {"y": [{"z": 5}]}]}}, "b.c[].y[]"))
    assert nested.rows == (("z",), ("1",), ("2",), ("5",))
    assert nested.locator(3) == "b.c[1].y[0]"


def test_a_response_of_meta_and_rows() -> None:
    """As version 2 of the World Bank's interface answers."""
    rows = [{"country": {"id": "CN", "value": "China"}, "date": "2023", "value": 17794783039552.0}]
    table = only(read([{"page": 1, "pages": 1, "total": 1}, rows]))
    assert table.rows[0] == ("country.id", "country.value", "date", "value")
    assert table.locator(1) == "[1][0]"
    assert only(read([{"page": 1}, rows], "[1]")).rows == table.rows


def test_records_made_by_an_expression_are_told_by_their_number() -> None:
    node = {"data": {"strdata": "12"}, "wds": [{"wdcode": "reg", "valuecode": "110000"}]}
    path = "nodes[].{region: wds[?wdcode=='reg'].valuecode | [0], value: data.strdata}"
    table = only(read({"nodes": [node]}, path))
    assert table.rows == (("region", "value"), ("110000", "12"))
    assert table.locator(1) == f"record 1 of {path}"


def test_an_object_of_objects_is_records_only_where_declared() -> None:
    value = {"cities": {"Beijing": {"n": 1}, "Shanghai": {"n": 2}}}
    table = only(read(value, "cities"))
    assert table.rows == (("key", "n"), ("Beijing", "1"), ("Shanghai", "2"))
    found = read(value)
    assert found.tables == ()
    assert "no list of records is certainly there, only an object with cities" in found.notes[0]


def test_rows_of_plain_values() -> None:
    table = only(read([["NAME", "POP"], ["Berlin", 3755251]]))
    assert table.rows == (("NAME", "POP"), ("Berlin", "3755251"))
    assert table.header_rows is None
    assert table.locator(1, 1) == "[1], column 2"


def test_one_value_a_line() -> None:
    records = only(content(b'{"city": "A", "n": 1}\n\n{"city": "B", "n": 2}\n'))
    assert records.rows == (("city", "n"), ("A", "1"), ("B", "2"))
    assert records.locator(2) == "line 3"
    pages = b'{"page": 1, "results": [{"n": 1}, {"n": 2}]}\n{"page": 2, "results": [{"n": 3}]}\n'
    table = only(content(pages, "results"))
    assert table.rows == (("n",), ("1",), ("2",), ("3",))
    assert table.locator(3) == "line 2: results[0]"
    found = only(content(pages))
    assert (found.where, found.rows, found.locator(3)) == (
        "results",
        table.rows,
        "line 2: results[0]",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_of_json(encoding: str) -> None:
    text = json.dumps([{"城市": "北京"}], ensure_ascii=False)
    assert only(content(text.encode(encoding))).rows == (("城市",), ("北京",))


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        (b'{"a": [{"x": 1, "x": 2}]}', None, "key 'x' is written twice"),
        (b'[{"x": NaN}]', None, "NaN is no JSON"),
        (b'[{"x": -Infinity}]', None, "Infinity is no JSON"),
        (b'[{"x": 1e999}]', None, "too large"),
        (b'[{"x": ' + b"9" * 500 + b"}]", None, "a number of 500 digits"),
        (b"[" * 5000 + b"]" * 5000, None, "nested too deep"),
        (b"[" * 200 + b"]" * 200, None, "nested deeper than 64 levels"),
        (b'[{"x": 1}', None, "not JSON"),
        (b'{"x": 1} trailing', None, "not JSON"),
        (b'{"x": 1}\n{"x": 2\n', None, "line 2"),
        (b'"\xff"', None, "UTF-8"),
        (b"<html></html>", None, "not JSON"),
        (b'{"a": 1, "b": 2}', "data", "finds nothing, not a list; an object with a, b"),
        (b'{"data": "x"}', "data", "finds the value 'x', not a list"),
        (b'{"data": []}', "data", "finds an empty list"),
        (b'{"data": [1, 2]}', "data", "data[0] is the value '1', not a record"),
        (b'{"data": []}', "data[", "the path 'data['"),
        (b'[{"a": {"b": 1}, "a.b": 2}]', None, "two fields of one record are called 'a.b'"),
    ],
)
def test_what_is_refused(data: bytes, path: str | None, message: str) -> None:
    with pytest.raises(ReadingError) as caught:
        content(data, path)
    assert message.replace("data[0]", "") in str(caught.value).replace("record 1 of data", "")


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@given(trees)
def test_any_json_is_tables_or_refused(value: Any) -> None:
    try:
        found = read(value)
    except ReadingError:
        return
    for table in found.tables:
        assert len({len(row) for row in table.rows}) == 1
        assert len(table.row_places) == len(table.rows)


@given(st.lists(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1), min_size=1))
def test_every_field_of_a_record_is_a_cell(records: list[dict[str, int]]) -> None:
    try:
        table = only(read(records))
    except ReadingError as error:
        assert "two fields" in str(error)
        return
    for record, row in zip(records, table.rows[1:], strict=True):
        cells = dict(zip(table.rows[0], row, strict=True))
        assert {k: v for k, v in cells.items() if v} == {k: str(v) for k, v in record.items()}


# ---------------------------------------------------------------- JSON-stat
def category(*codes: str, **labels: str) -> dict[str, Any]:
    return {"category": {"index": {c: i for i, c in enumerate(codes)}, "label": labels}}


def cube(**changes: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "class": "dataset",
        "label": "Population",
        "id": ["freq", "cities", "time"],
        "size": [1, 2, 2],
        "dimension": {
            "freq": {"category": {"label": {"A": "Annual"}}},
            "cities": category("DE001C", "DE002C", DE001C="Berlin", DE002C="Hamburg"),
            "time": category("2019", "2020"),
        },
        "value": [3644826, 3669491, None, 1847253],
        **changes,
    }


HEADING = ("freq", "freq label", "cities", "cities label", "time", "value")
ROWS = (
    ("A", "Annual", "DE001C", "Berlin", "2019", "3644826"),
    ("A", "Annual", "DE001C", "Berlin", "2020", "3669491"),
    ("A", "Annual", "DE002C", "Hamburg", "2019", ""),
    ("A", "Annual", "DE002C", "Hamburg", "2020", "1847253"),
)


def test_a_cube_is_a_long_table() -> None:
    table = only(read(cube()))
    assert table.rows == (HEADING, *ROWS)
    assert (table.title, table.where) == ("Population", "dataset")
    assert table.locator(4, 5) == "value[3], value"


def test_a_sparse_cube_with_status() -> None:
    found = read(cube(value={"0": 3644826, "3": 1847253}, status={"0": "b", "2": ":"}))
    assert only(found).rows == (
        (*HEADING, "status"),
        (*ROWS[0], "b"),
        (*ROWS[2], ":"),
        (*ROWS[3], ""),
    )


@pytest.mark.parametrize("status", ["p", ["p"], ["p"] * 4])
def test_one_status_for_all(status: Any) -> None:
    assert {row[-1] for row in only(read(cube(status=status))).rows[1:]} == {"p"}


def test_a_bundle_of_the_first_version() -> None:
    old = cube()
    del old["version"], old["class"]
    dimension = {**old["dimension"], "id": old.pop("id"), "size": old.pop("size")}
    dimension["time"] = {"category": {"index": ["2019", "2020"]}}
    table = only(read({"population": {**old, "dimension": dimension}}))
    assert table.rows == (HEADING, *ROWS)
    assert (table.where, table.locator(1)) == ("population", "population.value[0]")


def test_a_collection() -> None:
    link = {"item": [cube(label="A"), {"class": "dataset", "href": "https://x.org"}, cube()]}
    found = read({"version": "2.0", "class": "collection", "link": link})
    assert [t.title for t in found.tables] == ["A", "Population"]
    assert found.tables[1].locator(1) == "link.item[2].value[0]"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": [1, 2, 3]}, "value has 3 cells, the cube has 4"),
        ({"value": {"4": 1}}, "a cell outside of the cube's 4"),
        ({"size": [1, 2]}, "size does not have one number for each dimension"),
        ({"size": [1, 2, 3]}, "time has 2 categories, its size is 3"),
        ({"value": [[1], 2, 3, 4]}, "a cell that is no plain value"),
        ({"dimension": {"freq": {}, "cities": {}, "time": {}}}, "freq has no category"),
    ],
)
def test_a_cube_that_contradicts_itself(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ReadingError) as caught:
        read(cube(**changes))
    assert message in str(caught.value)


def test_a_cube_too_large() -> None:
    codes = [str(i) for i in range(1500)]
    dimension = {"a": category(*codes), "b": category(*codes)}
    with pytest.raises(ReadingError, match="a cube of 2250000 cells"):
        read(cube(id=["a", "b"], size=[1500, 1500], dimension=dimension, value={}))
