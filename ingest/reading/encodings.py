"""Bytes to text, strictly: every byte is decoded or there is an error with its place."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from ingest.reading.content import ReadingError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)

# What a label means on the web (https://encoding.spec.whatwg.org/#names-and-labels): a page
# that calls itself Latin 1 is written in Windows-1252, one that says GB2312 uses its successor.
_LABELS = {
    "gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030",
    "chinese": "gb18030", "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "x-x-big5": "big5hkscs",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "l1": "cp1252",
    "us-ascii": "cp1252", "ascii": "cp1252", "iso-8859-9": "cp1254", "iso-8859-11": "cp874",
    "tis-620": "cp874", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932",
    "x-sjis": "cp932", "windows-31j": "cp932", "ms_kanji": "cp932", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949", "korean": "cp949", "windows-949": "cp949",
    "unicode": "utf-8", "utf8": "utf-8",
}  # fmt: skip

_SAMPLE = 200_000
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ue000-\uf8ff]")


def decode(data: bytes, declared: str | None = None) -> tuple[str, str, bool]:
    """Text, the encoding it was in, and whether that was guessed from the bytes.

    A byte order mark is believed first, then ``declared`` if the bytes are valid in it, then
    UTF-8; after that the encoding is guessed among those in which every byte is valid.

    Raises:
        ReadingError: no encoding fits; names the first byte that isn't UTF-8.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(
                data[len(mark) :] if encoding in ("utf-8", "gb18030") else data, encoding
            )
    if declared and (named := codec_name(declared)):
        if named.startswith(("utf-16", "utf-32")) and not _has_zero_bytes(data):
            named = "utf-8"  # a page whose label could be read as ASCII isn't UTF-16
        try:
            return data.decode(named), named, False
        except UnicodeDecodeError:
            pass
    if _has_zero_bytes(data):
        return _utf_16(data)
    try:
        return data.decode("utf-8"), "utf-8", False
    except UnicodeDecodeError as error:
        found = _guess(data)
        if found is None:
            raise ReadingError(
                f"byte {error.start} (0x{data[error.start]:02x}) isn't UTF-8, and no other known"
                " encoding fits: save the file as UTF-8"
            ) from None
        return data.decode(found), found, True


def decode_page(data: bytes, declared: str | None) -> tuple[str, tuple[str, ...]]:
    """Text of a web page, and notes. As in a browser, few wrong bytes don't spoil the rest.

    They are U+FFFD in the text, so that no number that holds one is read, and are noted.

    Raises:
        ReadingError: see `decode`.
    """
    try:
        text, encoding, guessed = decode(data, declared)
        error = None
    except ReadingError as refused:
        guessed, error = True, refused
    if not guessed:
        return text, ()
    for label in (declared, "utf-8"):
        named = codec_name(label) if label else None
        if named is None or b"\0" in data:
            continue
        lenient = data.decode(named, "replace")
        wrong = lenient.count("\ufffd")
        foreign = sum(sign >= "\x80" for sign in lenient)
        if 20 * wrong < foreign:
            return lenient, (f"{wrong} characters aren't {named}: they stand as U+FFFD",)
    if error is not None:
        raise error
    return text, note(encoding, guessed)


def codec_name(label: str) -> str | None:
    """Python's codec for an encoding's label on the web; None for an unknown one."""
    label = label.strip().strip("\"'").lower()
    try:
        name = codecs.lookup(_LABELS.get(label, label)).name
        "".encode(name)
    except (LookupError, ValueError):
        return None
    return name


def note(encoding: str, guessed: bool) -> tuple[str, ...]:
    return (f"encoding guessed from the bytes: {encoding}",) if guessed else ()


def _strict(data: bytes, encoding: str) -> tuple[str, str, bool]:
    try:
        return data.decode(encoding), encoding, False
    except UnicodeDecodeError as error:
        raise ReadingError(
            f"byte {error.start} isn't {encoding}, though the file begins with its byte order"
            " mark: it is damaged or cut off, get it again"
        ) from None


def _has_zero_bytes(data: bytes) -> bool:
    return b"\0" in data[:_SAMPLE]


def _utf_16(data: bytes) -> tuple[str, str, bool]:
    """Without a mark: blanks and line breaks have their zero byte on one side only."""
    sample = data[: _SAMPLE // 2 * 2]
    sides = ("utf-16-le", sample[1::2].count(0)), ("utf-16-be", sample[::2].count(0))
    for encoding, zeros in sorted(sides, key=lambda side: -side[1]):
        if not zeros:
            continue
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text[:_SAMPLE]):
            return text, encoding, True
    raise ReadingError(f"byte {data.index(0)} is zero: this isn't text")


def _guess(data: bytes) -> str | None:
    """The encoding whose letters look most like writing; None if all are invalid or unlikely."""
    best: tuple[float, str] | None = None
    for encoding, likeness in _CANDIDATES:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        foreign = [sign for sign in text[:_SAMPLE] if sign >= "\x80"]
        if _CONTROL.search(text[:_SAMPLE]):
            continue
        score = likeness(text[:_SAMPLE], foreign)
        if score > (best[0] if best else 0.5):
            best = score, encoding
    return best[1] if best else None


def _share_encoded(foreign: list[str], codec: str, first: int, last: int) -> float:
    """Share of signs whose first byte in a codec is in the rows of its frequent characters."""
    frequent = 0
    for sign in foreign:
        try:
            frequent += first <= sign.encode(codec)[0] <= last
        except UnicodeEncodeError:
            continue
    return frequent / len(foreign)


def _simplified(text: str, foreign: list[str]) -> float:
    # Rows 16 to 55 of GB 2312 hold the 3,755 most frequent characters; row 1 and 3 signs.
    frequent = _share_encoded(foreign, "gb2312", 0xB0, 0xD7)
    signs = _share_encoded(foreign, "gb2312", 0xA1, 0xA3)
    rare = _share_encoded(foreign, "gb2312", 0xD8, 0xF7)
    return frequent + 0.9 * signs + 0.7 * rare if frequent > 0.3 else 0.0


def _traditional(text: str, foreign: list[str]) -> float:
    frequent = _share_encoded(foreign, "big5", 0xA4, 0xC6)
    signs = _share_encoded(foreign, "big5", 0xA1, 0xA3)
    rare = _share_encoded(foreign, "big5", 0xC9, 0xF9)
    return frequent + 0.9 * signs + 0.7 * rare if frequent > 0.3 else 0.0


def _japanese(text: str, foreign: list[str]) -> float:
    kana = sum("\u3041" <= sign <= "\u30fe" for sign in foreign) / len(foreign)
    kanji = sum("\u4e00" <= sign <= "\u9fff" for sign in foreign) / len(foreign)
    signs = sum("\u3000" <= sign <= "\u3020" or sign >= "\uff01" for sign in foreign)
    half = sum("\uff61" <= sign <= "\uff9f" for sign in foreign)
    if half * 4 > len(foreign):
        return 0.0
    level_1 = _share_encoded(foreign, "cp932", 0x88, 0x97) if kanji else 0.0
    # Without kana the same bytes are more likely Chinese.
    return min(1.0, kana + level_1 + 0.9 * signs / len(foreign)) * (1.02 if kana > 0.1 else 0.8)


def _korean(text: str, foreign: list[str]) -> float:
    hangul = _share_encoded(foreign, "euc_kr", 0xB0, 0xC8)
    signs = _share_encoded(foreign, "euc_kr", 0xA1, 0xA3)
    # Its rows are the first half of the frequent Chinese ones: only many syllables tell.
    sure = hangul + signs > 0.97 and hangul * len(foreign) >= 8
    return hangul + 0.9 * signs + (0.15 if sure else -0.1)


def _alphabetic(text: str, foreign: list[str]) -> float:
    """Accented letters stand alone or in pairs beside plain ones; marks stand at word ends."""
    fitting = 0
    for match in _ACCENTED.finditer(text):
        # An upper-case letter within a word is another one, wrongly decoded.
        within = text[match.start() - 1 : match.start()].islower()
        fitting += 0 if within and match.group().isupper() else len(match.group())
    marks = sum(sign in "\xa0§°±²³´·ºª«»¿¡–—‘’“”„‚…•€£¥™©®†‡‰½¼¾×¹µ‹›" for sign in foreign)
    return (fitting + 0.9 * marks) / len(foreign) * 0.99


_ACCENTED = re.compile(
    r"(?:(?<=[A-Za-z])|(?=[^\W\d_]{1,2}[a-zA-Z]))(?:(?![A-Za-z])[^\W\d_ªº]){1,2}(?![^\x00-\x7f])"
)


def _cyrillic(text: str, foreign: list[str]) -> float:
    letters = [sign for sign in foreign if "\u0400" <= sign <= "\u04ff"]
    if len(letters) < 0.8 * len(foreign) or _MIXED.search(text):
        return 0.0
    # Upper case inside words is what KOI8 read as Windows-1251 looks like.
    words = re.findall(r"[\u0400-\u04ff]+", text)
    proper = sum(
        len(word) for word in words if word[1:] == word[1:].lower() or word == word.upper()
    )
    common = sum(sign.lower() in "оеаинтсрвлкмдпуяыьгзбчй" for sign in letters)
    return (proper / len(foreign)) * min(1.0, common / (0.85 * len(letters)))


_MIXED = re.compile(r"[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]")

_CANDIDATES: tuple[tuple[str, Callable[[str, list[str]], float]], ...] = (
    ("gb18030", _simplified),
    ("big5hkscs", _traditional),
    ("cp932", _japanese),
    ("euc_jp", _japanese),
    ("cp949", _korean),
    ("cp1252", _alphabetic),
    ("cp1251", _cyrillic),
    ("koi8_r", _cyrillic),
    ("mac_roman", _alphabetic),
)
