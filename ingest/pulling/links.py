"""The one link of a page, or of an answer in JSON, that leads to a document.

Publishers put their files behind pages: notices with attachments, download pages, records that
name the newest file. The page is the document's address, and the file is the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urljoin, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from ingest.pulling.paging import Expression
from ingest.reading import html
from ingest.reading.content import ReadingError
from ingest.reading.json_values import find, parse

SHOWN = 8
MAX_PAGE_BYTES = 20 * 1024 * 1024


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"'{value}' is no regular expression: {error}") from error
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]


class Link(BaseModel):
    """How the link is told from the others of the page; all that is given must fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Pattern | None = None
    """Regular expression found in the words of the link."""
    address: Pattern | None = None
    """Regular expression found in its address, percent signs read."""
    path: Expression | None = None
    """In JSON: JMESPath of the address."""
    take: Literal["only", "first", "last"] = "only"
    """Which one, where several fit."""

    @model_validator(mode="after")
    def _says_how(self) -> Link:
        if bool(self.path) == bool(self.text or self.address):
            raise ValueError("a link is told by text and address on a page, or by path in JSON")
        return self


class LinkError(Exception):
    """A page without the link; the message says what it has instead, in one line."""


def find_link(data: bytes, page: str, link: Link) -> str:
    """Address to which the link of a page leads.

    Raises:
        LinkError: no such link, or several where one is expected.
    """
    found = list(dict.fromkeys(_in_json(data, link) if link.path else _on_page(data, page, link)))
    if not found:
        raise LinkError(_nothing(data, page, link))
    if len(found) > 1 and link.take == "only":
        shown = ", ".join(unquote(address) for address in found[:SHOWN])
        raise LinkError(f"{len(found)} links fit: {shown}. Say more of it, or take first or last")
    address = found[-1 if link.take == "last" else 0]
    if urlsplit(address).scheme not in ("http", "https"):
        raise LinkError(f"the link leads to no web address: {address:.200}")
    return address


def _in_json(data: bytes, link: Link) -> list[str]:
    try:
        found = find(str(link.path), parse(data)[0][1])
    except ReadingError as error:
        raise LinkError(str(error)) from error
    values = found if isinstance(found, list) else [found]
    return [value for value in values if isinstance(value, str) and value]


def _on_page(data: bytes, page: str, link: Link) -> Iterator[str]:
    for words, address in _links(data, page):
        fits_text = not link.text or re.search(link.text, words)
        if fits_text and (not link.address or re.search(link.address, unquote(address))):
            yield address


def _links(data: bytes, page: str) -> Iterator[tuple[str, str]]:
    """Words and address of each link of a page."""
    if len(data) > MAX_PAGE_BYTES:
        raise LinkError(f"a page of {len(data)} bytes, at most {MAX_PAGE_BYTES} are read")
    try:
        root: Any = html.parse(data)[0]
    except ReadingError as error:
        raise LinkError(f"no readable page: {error}") from error
    base = next(iter(root.xpath("//base/@href")), "")
    for anchor in root.iter("a"):
        href = (anchor.get("href") or "").strip()
        if href and not href.startswith(("#", "javascript:", "mailto:")):
            try:
                address = urljoin(urljoin(page, base), href)
            except ValueError:  # no address at all
                continue
            words = anchor.text_content() or anchor.get("title") or ""
            yield " ".join(words.split()), address


def _nothing(data: bytes, page: str, link: Link) -> str:
    if link.path:
        return f"the path '{link.path}' finds no address"
    words = [words for words, _ in _links(data, page) if words]
    shown = "; ".join(dict.fromkeys(words[-SHOWN:])) or "none"
    return f"none of the page's {len(words)} links fits; the last ones are {shown:.300}"
