"""Documents by content: bytes once written are never changed or deleted."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from filelock import FileLock


@dataclass(frozen=True)
class HeldDocument:
    """A document that a source holds, or a file of bundled facts that stands in for it.

    ``blob`` is the digest of the bytes in the archive. ``document_id`` identifies the
    document that the facts cite; the two differ where only a transcript or bundled facts are
    at hand.
    """

    source_id: str
    document: str
    """Id of the document in its card."""
    blob: str
    origin: str
    fact_kind: str
    """Kind of the bundled facts in the blob, empty for a document itself."""
    document_id: str
    sha256: str
    title: str
    address: str
    media_type: str
    size_bytes: int | None
    published_on: dt.date
    retrieved_on: dt.date | None
    vintage_on: dt.date
    seen: str
    # Holdings outlive upgrades: whatever is added later needs a default.
    published_precision: str = "day"
    parser: str = ""
    """Reader of the document and its version: of bundled facts, the one that made them."""
    etag: str = ""
    """What its host called this version, to be asked whether it is current."""
    last_modified: str = ""
    is_return: bool = False
    """These bytes were another vintage before."""

    @property
    def status(self) -> str:
        """``held`` when the archive has the cited bytes themselves, else ``cited``."""
        return "held" if self.sha256 and self.sha256 == self.blob else "cited"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def cited_id(source_id: str, address: str) -> str:
    """Identifier of a document of which only the address is known, as one source cites it."""
    return f"cited:{sha256(f'{source_id} {address}'.encode())}"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that is either there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def store(archive_dir: Path, data: bytes) -> str:
    """Keep the bytes; returns their digest, which is their file name.

    A file that no longer fits its name was damaged, and is written again.
    """
    digest = sha256(data)
    path = archive_dir / digest
    if not path.exists() or sha256(path.read_bytes()) != digest:
        write_atomically(path, data)
        path.chmod(0o444)
    return digest


def read(archive_dir: Path, digest: str) -> bytes:
    """The bytes of a document.

    Raises:
        OSError: not in the archive.
        ValueError: the file was changed after it was archived.
    """
    data = (archive_dir / digest).read_bytes()
    if sha256(data) != digest:
        raise ValueError(f"{archive_dir / digest} was changed: its digest no longer fits its name")
    return data


def _holdings_path(archive_dir: Path, origin: str, source_id: str) -> Path:
    return archive_dir / "holdings" / origin / f"{source_id}.json"


def read_holdings(archive_dir: Path, origin: str, source_id: str) -> list[HeldDocument]:
    """What a source holds from an origin, earlier versions included; oldest first.

    Raises:
        ValueError: the file was damaged.
    """
    path = _holdings_path(archive_dir, origin, source_id)
    if not path.exists():
        return []
    try:
        return [_held(item) for item in json.loads(path.read_text("utf-8"))]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{path} is damaged ({error}): restore it from a backup, or remove it and pull again"
        ) from error


def _held(item: dict[str, Any]) -> HeldDocument:
    known = {field.name for field in fields(HeldDocument)}
    values = {key: value for key, value in item.items() if key in known}
    for key in ("published_on", "retrieved_on", "vintage_on"):
        values[key] = dt.date.fromisoformat(values[key]) if values[key] else None
    return HeldDocument(**values)


def update_holdings(
    archive_dir: Path, origin: str, source_id: str, document: str, versions: list[HeldDocument]
) -> None:
    """Note the versions held of one document of a source, whoever notes others of it meanwhile."""
    path = _holdings_path(archive_dir, origin, source_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        held = read_holdings(archive_dir, origin, source_id)
        others = [item for item in held if item.document != document]
        write_holdings(archive_dir, origin, source_id, others + versions)


def write_holdings(
    archive_dir: Path, origin: str, source_id: str, documents: Iterable[HeldDocument]
) -> None:
    items = [asdict(document) for document in documents]
    data = json.dumps(items, ensure_ascii=False, indent=1, default=str).encode()
    path = _holdings_path(archive_dir, origin, source_id)
    if not path.exists() or path.read_bytes() != data:
        write_atomically(path, data)
