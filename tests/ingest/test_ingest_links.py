"""The one link of a page that leads to a document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_bench import REGISTER, REGISTER_FACTS, Bench, Site, register_card
from pydantic import ValidationError

from ingest.pulling.links import Link, LinkError, find_link

PAGE = "https://things.example/notices/1.htm"
HTML = """
<html><head><meta charset="{encoding}"></head><body>
<a href="/">首页</a> <a href="#top">附件 1</a> <a href="mailto:x@y.z">附件</a>
<a href="files/list%202023.docx"> 附件
  1：清单 </a>
<a href="https://files.example/list 2024.docx">附件 2：清单</a>
<a href="https://files.example/list 2024.docx">附件 2：清单</a>
</body></html>
"""


def find(page: str | bytes = "", **link: Any) -> str:
    page = page or HTML.format(encoding="utf-8")
    data = page if isinstance(page, bytes) else page.encode()
    return find_link(data, PAGE, Link.model_validate(link))


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ({"text": "附件 1"}, "https://things.example/notices/files/list%202023.docx"),
        ({"address": "2024"}, "https://files.example/list 2024.docx"),
        ({"address": "list 2023"}, "https://things.example/notices/files/list%202023.docx"),
        ({"text": "清单", "address": r"2024\.docx$"}, "https://files.example/list 2024.docx"),
        ({"text": "清单", "take": "last"}, "https://files.example/list 2024.docx"),
        (
            {"text": "清单", "take": "first"},
            "https://things.example/notices/files/list%202023.docx",
        ),
    ],
)
def test_a_link_of_a_page(link: dict[str, Any], address: str) -> None:
    assert find(**link) == address


def test_a_page_in_another_encoding() -> None:
    data = HTML.format(encoding="gb2312").encode("gb18030")
    assert find(data, text="附件 2") == "https://files.example/list 2024.docx"


def test_the_base_of_a_page() -> None:
    page = '<base href="https://else.example/a/"><a href="b.csv">file</a>'
    assert find(page, text="file") == "https://else.example/a/b.csv"


def test_an_address_in_json() -> None:
    value = {
        "hits": [{"files": [{"self": "https://a.example/1"}, {"self": "https://a.example/2"}]}]
    }
    assert find(json.dumps(value), path="hits[0].files[-1].self") == "https://a.example/2"
    assert find(json.dumps(value), path="hits[].files[].self", take="first").endswith("/1")


@pytest.mark.parametrize(
    ("page", "link", "message"),
    [
        (
            HTML,
            {"text": "附件 9"},
            "none of the page's 4 links fits; the last ones are 首页; 附件 1",
        ),
        (HTML, {"text": "清单"}, "2 links fit"),
        ('<a href="ftp://x.example/f">f</a>', {"text": "f"}, "leads to no web address"),
        ('{"a": 1}', {"path": "a"}, "the path 'a' finds no address"),
        ("<html>", {"path": "a"}, "not JSON"),
        ("<!-- -->", {"text": "f"}, "no readable page"),
    ],
)
def test_no_such_link(page: str, link: dict[str, Any], message: str) -> None:
    with pytest.raises(LinkError) as caught:
        find(page, **link)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "link", [{}, {"path": "a", "text": "b"}, {"text": "("}, {"path": "a["}, {"take": "last"}]
)
def test_a_faulty_declaration(link: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Link.model_validate(link)


@given(st.text())
def test_any_page_has_a_link_or_not(page: str) -> None:
    try:
        assert find(page, text="x").startswith("http")
    except LinkError:
        return


def test_two_pages_lead_to_a_document(bench: Bench, site: Site) -> None:
    """The list of editions, the page of one, the file; only its own host is told of the page."""
    told: list[str] = []
    site.give("/editions", b'<a href="/edition/2023">2023</a><a href="/edition/2024">2024</a>')
    site.give("/edition/2024", b'<a href="/file.csv">Download</a>')
    site.interfaces["/file.csv"] = lambda asked: told.append(asked.headers["Referer"]) or REGISTER
    document = {
        "address": "https://things.example/editions",
        "links": [{"text": "2024"}, {"text": "Download"}],
        "mirror": None,
    }
    bench.write(register_card(document=document, pull={"rate_per_second": 20}))
    mapped = (("https://things.example/", f"{site.url}/"),)
    bench.use(origin="live", mirror=(), address_map=mapped)
    assert bench.pull().failures == []
    bench.parse()
    rows = bench.facts("observation")
    assert sorted((r["city_id"], r["year"], r["value"]) for r in rows) == REGISTER_FACTS
    assert told == ["https://things.example/edition/2024"]
