"""Number formats of the cells of an XLS workbook, which calamine does not give.

Only what is needed is read of the compound file ([MS-CFB]) and of the records of its workbook
stream ([MS-XLS] 2.4): sheets, formats, and which cell has which.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from openpyxl.styles.numbers import BUILTIN_FORMATS

from ingest.reading.content import Position, ReadingError

_END = 0xFFFFFFFA
"""Sector numbers from here on are marks: end of chain, free."""
_BOF, _EOF, _BOUNDSHEET, _FORMAT, _XF, _FILEPASS = 0x0809, 0x000A, 0x0085, 0x041E, 0x00E0, 0x002F
_FORMULA, _NUMBER, _RK, _MULRK, _ROW, _COLINFO = 0x0006, 0x0203, 0x027E, 0x00BD, 0x0208, 0x007D


@dataclass
class SheetFormats:
    codes: dict[Position, str] = field(default_factory=dict)
    """Format codes of the cells with numbers."""
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)


def sheet_formats(data: bytes) -> dict[str, SheetFormats] | None:
    """By the name of the sheet; None for a workbook whose records can't be followed.

    Raises:
        ReadingError: the workbook is protected by a password.
    """
    try:
        return _read(_workbook_stream(data))
    except (struct.error, LookupError, ValueError):
        return None


def _workbook_stream(data: bytes) -> bytes:
    size = 1 << _u16(data, 30)
    if size not in (512, 4096):
        raise ValueError("no sector size")

    def sector(number: int) -> bytes:
        start = (number + 1) * size
        if start >= len(data):
            raise IndexError("a sector beyond the end")
        return data[start : start + size]

    # The table of chains is itself in sectors: 109 are named in the header, others in a chain.
    fat_sectors = list(struct.unpack_from("<109I", data, 76))
    following = _u32(data, 68)
    while following < _END and len(fat_sectors) * size < len(data):
        numbers = struct.unpack(f"<{size // 4}I", sector(following))
        fat_sectors += numbers[:-1]
        following = numbers[-1]
    fat = [n for s in fat_sectors if s < _END for n in struct.unpack(f"<{size // 4}I", sector(s))]
    directory = b"".join(sector(n) for n in _chain(fat, _u32(data, 48)))
    entries: dict[str, tuple[int, int, int]] = {}
    for place in range(0, len(directory), 128):
        entry = directory[place : place + 128]
        name = entry[: max(0, _u16(entry, 64) - 2)].decode("utf-16-le")
        entries.setdefault(name, (_u32(entry, 116), _u32(entry, 120), entry[66]))
    start, length, _ = entries["Workbook" if "Workbook" in entries else "Book"]
    if length >= _u32(data, 56):
        return b"".join(sector(n) for n in _chain(fat, start))[:length]
    # Short streams lie in small sectors within the stream of the root.
    root = next(first for first, _, kind in entries.values() if kind == 5)
    packed = b"".join(sector(n) for n in _chain(fat, root))
    small = 1 << _u16(data, 32)
    parts = b"".join(sector(n) for n in _chain(fat, _u32(data, 60)))
    short_fat = list(struct.unpack(f"<{len(parts) // 4}I", parts))
    chain = _chain(short_fat, start)
    return b"".join(packed[n * small : (n + 1) * small] for n in chain)[:length]


def _chain(fat: list[int], number: int) -> Iterator[int]:
    for _ in range(len(fat)):
        if number >= _END:
            return
        yield number
        number = fat[number]
    raise ValueError("a chain without end")


def _u16(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 2], "little")


def _u32(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 4], "little")


def _records(stream: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Records of a substream, without those of the charts in it."""
    depth = 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, stream[place + 4 : place + 4 + length]
        place += 4 + length


def _read(stream: bytes) -> dict[str, SheetFormats]:
    unicode_strings = _u16(stream, 4) >= 0x0600
    codes: dict[int, str] = dict(BUILTIN_FORMATS)
    formats: list[int] = []
    sheets: list[tuple[str, int]] = []
    for kind, body in _records(stream, 0):
        if kind == _FILEPASS:
            raise ReadingError("it is protected by a password: take it off and save again")
        if kind == _FORMAT:
            count = _u16(body, 2) if unicode_strings else body[2]
            codes[_u16(body, 0)] = _string(
                body, 4 if unicode_strings else 3, count, unicode_strings
            )
        elif kind == _XF:
            formats.append(_u16(body, 2))
        elif kind == _BOUNDSHEET:
            sheets.append((_string(body, 7, body[6], unicode_strings), _u32(body, 0)))
    return {
        name: _sheet(stream, place, [codes.get(n, "General") for n in formats])
        for name, place in sheets
    }


def _string(body: bytes, place: int, count: int, unicode_strings: bool) -> str:
    if not unicode_strings:
        return body[place : place + count].decode("cp1252")
    wide = body[place] & 1
    text = body[place + 1 : place + 1 + count * (2 if wide else 1)]
    return text.decode("utf-16-le" if wide else "latin-1")


def _sheet(stream: bytes, place: int, codes: list[str]) -> SheetFormats:
    sheet = SheetFormats()
    for kind, body in _records(stream, place):
        if kind in (_NUMBER, _RK, _FORMULA):
            row, column, number = struct.unpack_from("<HHH", body)
            sheet.codes[row, column] = codes[number]
        elif kind == _MULRK:
            row, column = struct.unpack_from("<HH", body)
            for start in range(4, len(body) - 2, 6):
                sheet.codes[row, column] = codes[_u16(body, start)]
                column += 1
        elif kind == _ROW and _u16(body, 12) & 0x20:
            sheet.hidden_rows.append(_u16(body, 0))
        elif kind == _COLINFO and _u16(body, 8) & 1:
            sheet.hidden_columns += range(_u16(body, 0), min(_u16(body, 2), 255) + 1)
    return sheet
