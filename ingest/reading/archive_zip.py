"""ZIP archives: the content of their members, each place with the member's name before it."""

from __future__ import annotations

import dataclasses
import fnmatch
import zipfile

from ingest.reading import dispatch, zips
from ingest.reading.content import Content, Passage, ReadingError, Table

MAX_DEPTH = 2
"""An archive in an archive is read, one in that is not."""
MAX_DOCUMENTS = 500


def content(data: bytes, member: str | None = None, depth: int = 0) -> Content:
    """Tables and passages of all members that can be read; why others can't be is noted.

    Names are only names: nothing is unpacked to a path.

    Args:
        member: read only those whose name matches, like ``*.csv``; what is wrong is an error.

    Raises:
        ReadingError: damaged, encrypted, a bomb, no member matches, or none can be read.
    """
    if depth >= MAX_DEPTH:
        raise ReadingError(f"ZIP archives lie over {MAX_DEPTH} deep in one another")
    archive = zips.open_archive(data)
    members = [info for info in archive.infolist() if not info.is_dir() and not _system(info)]
    if member is not None:
        exact = [info for info in members if info.filename == member]
        chosen = exact or [info for info in members if fnmatch.fnmatch(info.filename, member)]
        if not chosen:
            names = ", ".join(info.filename for info in members[:20])
            raise ReadingError(f"it has no member {member!r}, only {names or 'none at all'}")
        members = chosen
    if len(members) > MAX_DOCUMENTS:
        raise ReadingError(
            f"it has {len(members)} documents, more than {MAX_DOCUMENTS}: choose a member"
        )
    tables: list[Table] = []
    passages: list[Passage] = []
    notes: list[str] = []
    titles: list[str] = []
    read = 0
    for info in members:
        name = info.filename
        try:
            inside = dispatch.content(zips.read_member(archive, info), name, depth=depth + 1)
        except ReadingError as error:
            if member is not None:
                raise ReadingError(f"{name}: {error}") from None
            notes.append(f"{name} is left out: {error}")
            continue
        read += 1
        titles.append(inside.title)
        notes += [f"{name}: {note}" for note in inside.notes]
        tables += [
            dataclasses.replace(table, where=f"{name}: {table.where}") for table in inside.tables
        ]
        passages += [
            dataclasses.replace(passage, where=f"{name}: {passage.where}".removesuffix(": "))
            for passage in inside.passages
        ]
    if not read:
        raise ReadingError("; ".join(notes[:5]) or "the ZIP archive is empty")
    title = titles[0] if len(titles) == 1 else ""
    return Content("zip", tuple(tables), tuple(passages), title, tuple(notes))


def _system(info: zipfile.ZipInfo) -> bool:
    """Files that operating systems put beside the documents."""
    parts = info.filename.split("/")
    return "__MACOSX" in parts or parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")
