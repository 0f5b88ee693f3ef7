"""Records of the Research Organization Registry (ROR, CC0), from its data dump.

The dump is a ZIP with one JSON file in schema version 2 (https://ror.readme.io/docs/data-dump);
a table of the same records as CSV is read as well.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
LARGEST_DUMP = 2_000_000_000
"""Bytes of the JSON file in the dump; that of 2026 has some 300 million."""


class RorError(Exception):
    """A file that is no dump of ROR; the message says why."""


@dataclass(frozen=True)
class RorRecord:
    ror_id: str
    """Without the address before it: ``03cve4549``."""
    name: str
    aliases: tuple[str, ...]
    """Other names, in any language; no acronyms where the dump tells them apart."""
    types: tuple[str, ...]
    status: str
    """active, inactive or withdrawn."""
    country_code: str
    place: str
    division: str
    geonames_id: int | None


def read_ror(data: bytes) -> list[RorRecord]:
    """Records of a dump: a ZIP of JSON in schema version 2, that JSON itself, or a CSV.

    Raises:
        RorError: it is none of these.
    """
    try:
        if data[:2] == b"PK":
            data = _unzipped(data)
        text = data.decode("utf-8-sig")
        if text.lstrip()[:1] in "[{":
            return [_from_json(item) for item in json.loads(text)]
        return list(_from_csv(text))
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise RorError(
            f"not a dump of ROR (ZIP or JSON in schema version 2, or its CSV): {error!r}"
        ) from error


def _unzipped(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        # The dumps of 2024 and 2025 have a file in each schema.
        names = sorted(n for n in archive.namelist() if n.endswith(".json"))
        names = [n for n in names if "schema_v2" in n] or names
        if not names:
            raise ValueError(f"no JSON file among {', '.join(archive.namelist()[:5])}")
        if archive.getinfo(names[0]).file_size > LARGEST_DUMP:
            raise ValueError(f"{names[0]} is larger than {LARGEST_DUMP:,} bytes")
        return archive.read(names[0])


def _from_json(item: dict[str, Any]) -> RorRecord:
    shown = next(n["value"] for n in item["names"] if "ror_display" in n["types"])
    others = [
        n["value"] for n in item["names"] if n["value"] != shown and "acronym" not in n["types"]
    ]
    location: dict[str, Any] = next(iter(item["locations"]), {})
    details = location.get("geonames_details", {})
    return RorRecord(
        ror_id=item["id"].rsplit("/", 1)[-1],
        name=shown,
        aliases=tuple(dict.fromkeys(others)),
        types=tuple(item["types"]),
        status=item["status"],
        country_code=details.get("country_code") or "",
        place=details.get("name") or "",
        division=details.get("country_subdivision_name") or "",
        geonames_id=location.get("geonames_id"),
    )


def _from_csv(text: str) -> Iterator[RorRecord]:
    reader = csv.DictReader(io.StringIO(text))
    if "ror_id" not in (reader.fieldnames or []):
        raise ValueError("no column ror_id")
    for row in reader:
        yield RorRecord(
            ror_id=row["ror_id"],
            name=row["name"],
            aliases=tuple(a for a in row["aliases"].split("|") if a and not _is_acronym(a)),
            types=tuple(row["types"].split("|")),
            status=row["status"],
            country_code=row["country_code"],
            place=row["city"],
            division=row["admin1"],
            geonames_id=int(row["geonames_id"]) if row["geonames_id"] else None,
        )


def _is_acronym(name: str) -> bool:
    return bool(re.fullmatch(r"[^\sа-я]{1,10}", name)) and sum(c.isupper() for c in name) > 1
