"""All pages of one query as one document, one response a line (NDJSON).

Responses are kept whole and compact, with their numbers as printed, so that equal answers are
equal documents. What does not add up is an error: a page that comes twice, a total that is
missed, an error told with status 200.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import jmespath  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ingest.reading.content import ReadingError
from ingest.reading.json_values import described, dump, find, parse, text

MAX_BYTES = 200 * 1024 * 1024
MEDIA_TYPE = "application/x-ndjson"
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def _expression(value: str) -> str:
    try:
        jmespath.compile(value)
    except JMESPathError as error:
        raise ValueError(f"'{value}' is no JMESPath: {' '.join(str(error).split())}") from error
    return value


Expression = Annotated[str, Field(min_length=1), AfterValidator(_expression)]


class Paging(BaseModel):
    """How the interface at an address answers in pages of JSON; its paths are JMESPath."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Literal["page", "offset", "cursor", "link", "one"]
    """What asks for the next page: its number, how many records were received, a cursor or an
    address that the page before names. ``one`` asks once, for ``error`` and ``leave_out``."""
    records: Expression
    """The list of records of a page."""
    parameter: str | None = None
    """Parameter of the query with the page, the offset or the cursor."""
    first: str | int | None = None
    """Its value for the first page: 1 for a page, 0 for an offset, ``*`` for many cursors.
    Without it a cursor is not sent with the first request."""
    pages: Expression | None = None
    """Number of pages as a response gives it."""
    total: Expression | None = None
    """Number of records of all pages as a response gives it."""
    next: Expression | None = None
    """Cursor or address of the next page; null, blank or missing on the last one."""
    error: Expression | None = None
    """What an answer has only where it is an error, such as a message."""
    leave_out: tuple[str, ...] = ()
    """Keys of a response, such as ``meta.took_ms``, that differ from one request to the next and
    say nothing of the data."""
    max_pages: int = Field(100, ge=1, le=10_000)
    """More pages than this are an error, never cut off."""

    @model_validator(mode="after")
    def _says_what_it_needs(self) -> Paging:
        if (self.by in ("page", "offset", "cursor")) != bool(self.parameter):
            raise ValueError("paging by page, offset or cursor has a parameter, and nothing else")
        if (self.by in ("cursor", "link")) != bool(self.next):
            raise ValueError("paging by cursor or link has next, and nothing else")
        if self.by in ("page", "offset") and not isinstance(self.first, int | None):
            raise ValueError("the first page or offset is a number")
        return self


class PagingError(Exception):
    """Pages that do not make up one document; the message says why in one line."""


def fetch_pages(address: str, paging: Paging, ask: Callable[[str], bytes]) -> bytes:
    """Ask for all pages and put them together.

    Args:
        address: that of the query; the paging's parameter is added to it.
        ask: fetches an address, or raises what it raises.

    Raises:
        PagingError: an answer that is not as declared, or pages that do not add up.
    """
    lines: list[bytes] = []
    asked: set[str] = set()
    received, size, promised = 0, 0, None
    url: str | None = _first(address, paging)
    while url is not None:
        where = f"page {len(asked) + 1}"
        if len(asked) == paging.max_pages:
            raise PagingError(f"more than {paging.max_pages} pages: raise max_pages in the card")
        if url in asked:
            raise PagingError(f"{where} is at the address of an earlier one")
        asked.add(url)
        try:
            answer = _answer(ask(url), paging)
            records = find(paging.records, answer)
            total = _number(paging.total, answer)
        except ReadingError as error:
            raise PagingError(f"{where}: {error}") from error
        if not isinstance(records, list):
            what = "nothing" if records is None else described(records)
            raise PagingError(
                f"{where}: '{paging.records}' finds {what}, not a list; {described(answer)}"
            )
        if promised is not None and total != promised:
            raise PagingError(f"{where}: the total changed from {promised} to {total} meanwhile")
        promised = total
        if records or not lines:
            line = _line(answer, paging)
            if lines and line == lines[-1]:
                why = f"is {paging.parameter or paging.next} right?"
                raise PagingError(f"{where} is the same as the one before: {why}")
            lines.append(line)
            size += len(line)
        received += len(records)
        if size > MAX_BYTES:
            raise PagingError(f"larger than {MAX_BYTES} bytes")
        if not records and paging.by in ("page", "offset"):
            break
        url = _next(address, url, answer, paging, len(asked), received)
    if promised is not None and promised != received:
        raise PagingError(f"the pages have {received} records, {promised} were announced")
    return b"\n".join(lines) + b"\n"


def _first(address: str, paging: Paging) -> str:
    usual = {"page": 1, "offset": 0}
    value = usual.get(paging.by) if paging.first is None else paging.first
    if paging.parameter is None or value is None:
        return address
    return _with(address, paging.parameter, str(value))


def _next(
    address: str, url: str, answer: Any, paging: Paging, n_pages: int, received: int
) -> str | None:
    """Address of the next page, none after the last one."""
    if paging.by == "one":
        return None
    if paging.next:
        following = text(_found(paging.next, answer))
        if not following:
            return None
        if paging.by == "cursor":
            return _with(address, str(paging.parameter), following)
        target = urljoin(url, following)
        # A key goes with every request, and must not go to another host.
        if urlsplit(target)[:2] != urlsplit(address)[:2]:
            raise PagingError(f"page {n_pages + 1} is on another host: {urlsplit(target).netloc}")
        return target
    pages, total = (_number(path, answer) for path in (paging.pages, paging.total))
    if (pages is not None and n_pages >= pages) or (total is not None and received >= total):
        return None
    first = int(paging.first if paging.first is not None else (1 if paging.by == "page" else 0))
    step = n_pages if paging.by == "page" else received
    return _with(address, str(paging.parameter), str(first + step))


def _answer(data: bytes, paging: Paging) -> Any:
    values = parse(data)
    if len(values) != 1:
        raise ReadingError("several JSON values in one response")
    answer = values[0][1]
    if paging.error and (fault := find(paging.error, answer)):
        raise ReadingError(f"the publisher answers with an error: {text(fault):.200}")
    return answer


def _found(path: str, answer: Any) -> Any:
    try:
        return find(path, answer)
    except ReadingError as error:
        raise PagingError(str(error)) from error


def _number(path: str | None, answer: Any) -> int | None:
    """A number that a response gives, maybe in quotes."""
    if path is None:
        return None
    value = _found(path, answer)
    if not text(value).isdecimal():
        raise PagingError(f"'{path}' finds no number but {described(value)}")
    return int(text(value))


def _line(answer: Any, paging: Paging) -> bytes:
    for path in paging.leave_out:
        *way, last = _steps(path)
        inner = answer
        for step in way:
            inner = _at(inner, step)
        if isinstance(inner, dict):
            inner.pop(last, None)
    try:
        return dump(answer).encode()
    except UnicodeEncodeError as error:
        raise PagingError(f"half a character in an answer: {error}") from error


def _steps(path: str) -> Iterator[str | int]:
    for number, name in _STEP.findall(path):
        yield int(number) if number else name


def _at(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else None
    return value.get(step) if isinstance(value, dict) else None


def _with(address: str, parameter: str, value: str) -> str:
    """The address with a parameter of its query set; the rest stays as it is written."""
    parts = urlsplit(address)
    kept = [p for p in parts.query.split("&") if p and p.partition("=")[0] != parameter]
    # `$offset` and `page[number]` are names that hosts expect as they are.
    pair = f"{parameter}={quote(value, safe='*')}"
    return urlunsplit(parts._replace(query="&".join([*kept, pair])))
