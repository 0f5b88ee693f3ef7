"""Before a ZIP file is opened: whether it is a bomb, and whether its XML could be one."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from xml.parsers import expat

from ingest.reading.content import ReadingError

MAX_MEMBERS = 10_000
MAX_BYTES = 1 << 30
"""Of all members unpacked."""
MAX_RATIO = 300
_SMALL = 32 << 20
"""A member may be packed as tightly as it likes up to this size."""


def open_archive(data: bytes) -> zipfile.ZipFile:
    """The archive, if what it announces is within bounds and no member is encrypted.

    Reading a member stops at its announced size, so what is announced is a bound.

    Raises:
        ReadingError: damaged, encrypted, or too large unpacked.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ReadingError(
            f"the ZIP archive is damaged or cut off ({error}): get it again"
        ) from None
    if len(members) > MAX_MEMBERS:
        raise ReadingError(f"the ZIP archive has {len(members)} members, more than {MAX_MEMBERS}")
    total = sum(member.file_size for member in members)
    if total > MAX_BYTES:
        raise ReadingError(
            f"unpacked it would have {total} bytes, more than {MAX_BYTES}: is it a ZIP bomb?"
        )
    for member in members:
        if member.flag_bits & 0x1:
            raise ReadingError(f"its member {member.filename} is encrypted: unpack it first")
        if member.file_size > max(_SMALL, MAX_RATIO * member.compress_size):
            raise ReadingError(
                f"its member {member.filename} unpacks to {member.file_size} bytes,"
                f" over {MAX_RATIO} times its size: is it a ZIP bomb?"
            )
    return archive


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Raises: ReadingError: the member is damaged or packed in an unknown way."""
    try:
        return archive.read(member)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError) as error:
        raise ReadingError(f"its member {member.filename} is damaged ({error})") from None
    except NotImplementedError:
        raise ReadingError(
            f"its member {member.filename} is packed in a way that isn't read: pack it with deflate"
        ) from None
    except Exception as error:  # zlib, lzma and bz2 have errors of their own
        raise ReadingError(f"its member {member.filename} is damaged ({error})") from None


def unpack(data: bytes) -> bytes:
    """What a gzip file holds.

    Raises:
        ReadingError: damaged, cut off, or too large unpacked.
    """
    try:
        with gzip.open(io.BytesIO(data)) as file:
            inside = file.read(MAX_RATIO * max(len(data), _SMALL // MAX_RATIO) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ReadingError(f"the gzip file is damaged or cut off ({error})") from None
    if len(inside) > min(MAX_BYTES, MAX_RATIO * max(len(data), _SMALL // MAX_RATIO)):
        raise ReadingError(
            f"unpacked it has over {len(inside) - 1} bytes, {MAX_RATIO} times its size: is it a"
            " gzip bomb?"
        )
    if inside.startswith(b"\x1f\x8b\x08"):
        raise ReadingError("a gzip file lies in another: unpack it first")
    return inside


def refuse_declarations(archive: zipfile.ZipFile) -> None:
    """Office documents have no document type, so one is there to expand entities.

    Raises:
        ReadingError: a part has a document type declaration.
    """
    for member in archive.infolist():
        if not member.filename.endswith((".xml", ".rels")):
            continue
        try:
            with archive.open(member) as part:
                if _declares(part.read(1 << 20)):
                    raise ReadingError(
                        f"its part {member.filename} declares XML entities, which isn't allowed"
                    )
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError):
            continue  # the reader of the part says what is wrong with it


def _declares(head: bytes) -> bool:
    found = False

    def declared(*_: object) -> None:
        nonlocal found
        found = True
        raise StopIteration

    def begun(*_: object) -> None:
        raise StopIteration

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = begun
    try:
        parser.Parse(head, False)
    except (StopIteration, expat.ExpatError):
        return found
    return found
