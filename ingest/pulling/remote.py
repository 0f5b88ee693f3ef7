"""A document as its card says that it is asked for: by links, with a body, in pages."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from ingest.cards import Document, Pull
from ingest.pulling.http import NONE_HELD, Answer, Validators, fetch
from ingest.pulling.links import LinkError, find_link
from ingest.pulling.paging import MEDIA_TYPE, PagingError, fetch_pages
from ingest.pulling.transport import FetchError
from ingest.settings import Settings

Progress = Callable[[int, int | None], None]


def ask(
    document: Document,
    how: Pull,
    settings: Settings,
    held: Validators = NONE_HELD,
    progress: Progress = lambda size, announced: None,
) -> Answer:
    """The document, or the word of its host that the held version is current.

    Pages are asked for anew each time: what they have together has no validator.

    Raises:
        FetchError: with the reason.
    """
    size = 0

    def get(address: str) -> bytes:
        nonlocal size
        answer = fetch(address, settings, how, body=document.body, progress=progress)
        size += answer.size_bytes
        return answer.data or b""

    address = document.address
    try:
        for link in document.links:
            page, address = address, find_link(get(address), address, link)
            how = _from_page(how, page, address)
        if how.paging is None:
            return fetch(address, settings, how, held, body=document.body, progress=progress)
        data = fetch_pages(address, how.paging, get)
    except (LinkError, PagingError) as error:
        raise FetchError(f"{error}: {address}") from error
    return Answer(data, MEDIA_TYPE, size_bytes=size)


def _from_page(how: Pull, page: str, address: str) -> Pull:
    """Some hosts give a file only to whom their page has led to it; no other host gets the key."""
    headers = {**how.headers, "Referer": quote(page, safe=":/?#[]@!$&'()*+,;=%")}
    key = how.key if urlsplit(page)[:2] == urlsplit(address)[:2] else None
    return how.model_copy(update={"headers": headers, "key": key})
