"""ZIP archives in, the content of their members out."""

from __future__ import annotations

import io
import zipfile

import pytest
from ingest_bench import workbook

from ingest.reading import ReadingError, read, zips
from ingest.reading.archive_zip import content

CSV = b"city,score\nParis,1\n"


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_members_of_every_form() -> None:
    found = content(
        zipped(
            {
                "data/cities.csv": CSV,
                "data/": b"",
                "cities.xlsx": workbook([["Paris", 1]], title="One"),
                "../../etc/notes.txt": b"A note.",
                "__MACOSX/._x": b"\0\1",
                "picture.png": b"\x89PNG\r\n\x1a\n",
                "old.csv": "城市,分\n北京,1\n".encode("gb18030"),
                "inner.zip": zipped({"a.html": b"<html><table><tr><td>1<td>2</table>"}),
            }
        )
    )
    assert found.form == "zip"
    assert [(table.where, table.locator(0, 0)) for table in found.tables] == [
        ("data/cities.csv: table 1", "data/cities.csv: table 1, row 1, column 1"),
        ("cities.xlsx: sheet One", "cities.xlsx: One!A1"),
        ("old.csv: table 1", "old.csv: table 1, row 1, column 1"),
        ("inner.zip: a.html: table 1", "inner.zip: a.html: table 1, row 1, column 1"),
    ]
    assert [(p.where, p.text) for p in found.passages] == [("../../etc/notes.txt", "A note.")]
    assert len(found.notes) == 2
    assert found.notes[0].startswith("picture.png is left out: it is a picture")
    assert found.notes[1] == "old.csv: encoding guessed from the bytes: gb18030"


def test_one_member() -> None:
    data = zipped({"a.csv": CSV, "b.csv": CSV, "c.txt": b"note", "d.bin": b"\x00\x01"})
    assert [t.where for t in read(data, member="b.csv").tables] == ["b.csv: table 1"]
    assert len(read(data, member="*.csv").tables) == 2
    with pytest.raises(ReadingError, match=r"x\.zip: it has no member 'e', only a\.csv, b\.csv"):
        read(data, "x.zip", member="e")
    with pytest.raises(ReadingError, match=r"d\.bin: it is of no known form"):
        read(data, member="d.bin")
    with pytest.raises(ReadingError, match="it is csv, not a ZIP archive"):
        read(CSV, member="a.csv")


def encrypted() -> bytes:
    data = bytearray(zipped({"a.csv": CSV}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def announcing(size: int) -> bytes:
    data = bytearray(zipped({"a.csv": CSV}))
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = size.to_bytes(4, "little")
    return bytes(data)


def damaged() -> bytes:
    data = bytearray(zipped({"a.csv": CSV * 10}))
    data[40:50] = bytes(10)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (encrypted(), "its member a.csv is encrypted"),
        (announcing(1 << 31), r"unpacked it would have 2147483648 bytes.*ZIP bomb"),
        (zipped({"a.csv": bytes(64 << 20)}), "a.csv unpacks to 67108864 bytes.*ZIP bomb"),
        (damaged(), "its member a.csv is damaged"),
        (zipped({"a.zip": zipped({"b.zip": zipped({"c.csv": CSV})})}), "over 2 deep"),
        (zipped({f"{n}.txt": b"x" for n in range(600)}), "600 documents.*choose a member"),
        (zipped({}), "archive is empty"),
        (zipped({"a.csv": CSV})[:-30], "damaged or cut off"),
    ],
)
def test_archives_that_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(ReadingError, match=why):
        content(data)


def test_a_size_smaller_than_the_truth_does_not_get_past_the_bound() -> None:
    """The announced size is where reading stops, so it can't be understated."""
    data = bytearray(zipped({"a.txt": b"x" * 5_000_000}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(mark) + offset
        data[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(ReadingError, match=r"a\.txt is damaged"):
        content(bytes(data))


def test_too_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_MEMBERS", 2)
    with pytest.raises(ReadingError, match="3 members, more than 2"):
        content(zipped(dict.fromkeys("abc", b"")))
