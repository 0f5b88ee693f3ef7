"""All pages of one query are one document; what does not add up is an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.pulling.paging import Paging, PagingError, fetch_pages
from ingest.reading.json_data import content

ADDRESS = "https://things.example/rows?size=2"
ROWS = [{"n": i} for i in range(5)]
Server = Callable[[str], bytes]


def serve(answer: Callable[[dict[str, str]], Any], asked: list[str] | None = None) -> Server:
    def ask(url: str) -> bytes:
        if asked is not None:
            asked.append(url)
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        value = answer(query)
        return value if isinstance(value, bytes) else json.dumps(value).encode()

    return ask


def rows(data: bytes, path: str) -> list[str]:
    (table,) = content(data, path).tables
    return [row[0] for row in table.rows[1:]]


def paging(**changes: Any) -> Paging:
    return Paging.model_validate({"by": "page", "parameter": "page", "records": "rows", **changes})


def by_page(query: dict[str, str]) -> Any:
    start = 2 * (int(query["page"]) - 1)
    return {"rows": ROWS[start : start + 2], "total": 5, "pages": "3"}


@pytest.mark.parametrize(
    ("changes", "n_asked"), [({"pages": "pages"}, 3), ({"total": "total"}, 3), ({}, 4)]
)
def test_pages_by_number(changes: dict[str, Any], n_asked: int) -> None:
    asked: list[str] = []
    data = fetch_pages(ADDRESS, paging(**changes), serve(by_page, asked))
    assert rows(data, "rows") == ["0", "1", "2", "3", "4"]
    assert asked[:2] == [f"{ADDRESS}&page=1", f"{ADDRESS}&page=2"]
    assert len(asked) == n_asked
    assert data == fetch_pages(ADDRESS, paging(**changes), serve(by_page))


def test_pages_by_offset() -> None:
    def answer(query: dict[str, str]) -> Any:
        start = int(query["$offset"])
        return {"rows": ROWS[start : start + 2]}

    asked: list[str] = []
    data = fetch_pages(ADDRESS, paging(by="offset", parameter="$offset"), serve(answer, asked))
    assert rows(data, "rows") == ["0", "1", "2", "3", "4"]
    assert [url.rpartition("=")[2] for url in asked] == ["0", "2", "4", "5"]


def test_pages_by_cursor() -> None:
    def answer(query: dict[str, str]) -> Any:
        start = {"*": 0, "a/b=": 2, "c": 4}[query["cursor"]]
        following = {0: "a/b=", 2: "c", 4: None}[start]
        return {"meta": {"next": following}, "rows": ROWS[start : start + 2]}

    how = paging(by="cursor", parameter="cursor", first="*", next="meta.next")
    assert rows(fetch_pages(ADDRESS, how, serve(answer)), "rows") == ["0", "1", "2", "3", "4"]


def test_pages_by_link() -> None:
    def answer(query: dict[str, str]) -> Any:
        start = int(query.get("from", "0"))
        following = f"/rows?from={start + 2}" if start < 4 else ""
        return {"rows": ROWS[start : start + 2], "next": following}

    how = paging(by="link", parameter=None, next="next")
    assert rows(fetch_pages(ADDRESS, how, serve(answer)), "rows") == ["0", "1", "2", "3", "4"]
    elsewhere = serve(lambda query: {"rows": ROWS, "next": "https://other.example/rows"})
    with pytest.raises(PagingError, match=r"page 2 is on another host: other\.example"):
        fetch_pages(ADDRESS, how, elsewhere)


def test_one_answer_without_what_changes_at_each_request() -> None:
    took = iter(range(9))

    def answer(query: dict[str, str]) -> Any:
        return b'{"meta": {"took_ms": %d, "n": 1.50},\r\n "rows": [{"n": 1.10}]}' % next(took)

    how = paging(by="one", parameter=None, leave_out=["meta.took_ms", "meta.no[0].key"])
    data = fetch_pages(ADDRESS, how, serve(answer))
    assert data == b'{"meta":{"n":1.50},"rows":[{"n":1.10}]}\n'
    assert data == fetch_pages(ADDRESS, how, serve(answer))


@pytest.mark.parametrize(
    ("changes", "answer", "message"),
    [
        ({}, {"rows": ROWS}, "page 2 is the same as the one before: is page right?"),
        ({}, {"error": "no"}, "page 1: 'rows' finds nothing, not a list; an object with error"),
        ({"error": "error"}, {"error": "no key"}, "answers with an error: no key"),
        ({}, b"<html>busy</html>", "page 1: not JSON"),
        ({}, b"[1]\n[2]", "several JSON values in one response"),
        ({"total": "n"}, {"rows": [], "n": "many"}, "'n' finds no number but the value 'many'"),
        ({"by": "one", "parameter": None, "total": "n"}, {"rows": [], "n": 7}, "have 0 records, 7"),
    ],
)
def test_what_does_not_add_up(changes: dict[str, Any], answer: Any, message: str) -> None:
    with pytest.raises(PagingError) as caught:
        fetch_pages(ADDRESS, paging(**changes), serve(lambda query: answer))
    assert message in str(caught.value)


def test_what_changes_meanwhile() -> None:
    totals = iter([5, 6])
    answer = serve(lambda query: {"rows": [{"n": query["page"]}], "total": next(totals)})
    with pytest.raises(PagingError, match="page 2: the total changed from 5 to 6 meanwhile"):
        fetch_pages(ADDRESS, paging(total="total"), answer)


def test_more_pages_than_expected() -> None:
    with pytest.raises(PagingError, match="more than 2 pages: raise max_pages"):
        fetch_pages(ADDRESS, paging(max_pages=2), serve(by_page))


def test_a_cursor_that_goes_in_circles() -> None:
    how = paging(by="cursor", parameter="c", next="next")
    answer = serve(lambda query: {"rows": [{"q": query}], "next": "again"})
    with pytest.raises(PagingError, match="page 3 is at the address of an earlier one"):
        fetch_pages(ADDRESS, how, answer)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameter": None}, "has a parameter"),
        ({"by": "one"}, "has a parameter"),
        ({"by": "cursor"}, "has next"),
        ({"next": "x"}, "has next"),
        ({"records": "rows["}, "is no JMESPath"),
        ({"first": "one"}, "is a number"),
        ({"max_pages": 0}, "greater than or equal to 1"),
    ],
)
def test_a_faulty_declaration(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        paging(**changes)


@given(st.lists(st.integers(), unique=True), st.integers(1, 7), st.booleans())
def test_all_records_come_once_and_in_order(numbers: list[int], size: int, promised: bool) -> None:
    def answer(query: dict[str, str]) -> Any:
        start = int(query["at"])
        part = [{"n": n} for n in numbers[start : start + size]]
        return {"rows": part, "total": len(numbers)}

    how = paging(by="offset", parameter="at", total="total" if promised else None, max_pages=200)
    data = fetch_pages(ADDRESS, how, serve(answer))
    if numbers:
        assert rows(data, "rows") == [str(n) for n in numbers]
