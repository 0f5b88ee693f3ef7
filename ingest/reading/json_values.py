"""JSON values, read strictly: what the standard forbids or leaves open is an error."""

from __future__ import annotations

import json
import math
from typing import Any

import jmespath  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

from ingest.reading.content import ReadingError

MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 64
MAX_DIGITS = 400


class Decimals(float):
    """A number with a fraction or an exponent, and how it is printed."""

    printed: str

    def __new__(cls, text: str) -> Decimals:
        number = super().__new__(cls, text)
        number.printed = text
        return number


def parse(data: bytes) -> list[tuple[str, Any]]:
    """The JSON values of a document with their places: ``""`` for the only one, or ``line 3``.

    Raises:
        ReadingError: no JSON, a key written twice, NaN or Infinity, a number too long or large.
    """
    if len(data) > MAX_BYTES:
        raise ReadingError(f"JSON of {len(data)} bytes, at most {MAX_BYTES} are read")
    try:
        text = data.decode(json.detect_encoding(data)).removeprefix("﻿")
    except UnicodeDecodeError as error:
        raise ReadingError(f"not JSON, which is in UTF-8, 16 or 32: {error}") from error
    try:
        return [("", _value(text))]
    except json.JSONDecodeError as error:
        lines = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
        # Several values are one a line, or the document is broken.
        if not error.msg.startswith("Extra data") or len(lines) < 2:
            raise ReadingError(f"not JSON: {error}") from error
    found = []
    for i, line in lines:
        try:
            found.append((f"line {i}", _value(line)))
        except json.JSONDecodeError as error:
            raise ReadingError(f"not JSON: line {i}: {error}") from error
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_whole,
            parse_float=_fraction,
        )
    except RecursionError as error:
        raise ReadingError("JSON is nested too deep") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ReadingError(f"key '{twice:.60}' is written twice in one object")
    return found


def _constant(text: str) -> Any:
    raise ReadingError(f"{text} is no JSON: a value that is missing is null")


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ReadingError(f"a number of {len(text)} digits")
    return int(text)


def _fraction(text: str) -> Decimals:
    number = Decimals(text)
    if len(text) > MAX_DIGITS or math.isinf(number):
        raise ReadingError(f"the number {text:.40} is too large or too long")
    return number


def find(expression: str, value: Any) -> Any:
    """What a JMESPath expression finds in a value.

    Raises:
        ReadingError: the expression is none, or does not fit the value.
    """
    try:
        return jmespath.search(expression, value)
    except (JMESPathError, TypeError, AttributeError, KeyError) as error:
        raise ReadingError(f"the path '{expression}': {error}") from error


def check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ReadingError(f"JSON is nested deeper than {MAX_DEPTH} levels")


def text(value: Any) -> str:
    """A plain value as it is printed; null is blank."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimals):
        return value.printed
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(str(value).split())


def described(value: Any) -> str:
    """What a value is, in a few words, for an error."""
    if isinstance(value, dict):
        return f"an object with {', '.join(map(str, list(value)[:12])) or 'no keys'}"[:160]
    if isinstance(value, list):
        first = f", first {described(value[0])}" if value else ""
        return f"a list of {len(value)}{first}"[:160]
    return f"the value {text(value)!r:.60}"


def dump(value: Any) -> str:
    """A value as JSON on one line, its numbers as they were printed."""

    def inner(value: Any, depth: int) -> str:
        check_depth(depth)
        if isinstance(value, dict):
            pairs = (
                f"{json.dumps(k, ensure_ascii=False)}:{inner(v, depth + 1)}"
                for k, v in value.items()
            )
            return "{" + ",".join(pairs) + "}"
        if isinstance(value, list):
            return "[" + ",".join(inner(item, depth + 1) for item in value) + "]"
        return (
            value.printed if isinstance(value, Decimals) else json.dumps(value, ensure_ascii=False)
        )

    return inner(value, 0)
