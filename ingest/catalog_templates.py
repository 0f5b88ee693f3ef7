"""Series of documents: one entry of a card stands for a document of each year, venue or page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from ingest.yaml_lines import Location

MAX_DOCUMENTS = 5_000
OVER, YEAR = "over", "year"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True)
class Fault:
    at: Location
    message: str
    remedy: str


@dataclass(frozen=True)
class Expanded:
    """A card with its series written out."""

    data: Any
    written: tuple[int, ...]
    """For each document the position of the entry that it comes from."""
    faults: tuple[Fault, ...]

    def location(self, at: Location) -> Location:
        """Where in the card stands what is at a place of its expansion."""
        if len(at) > 1 and at[0] == "documents" and isinstance(at[1], int):
            return ("documents", self.written[at[1]], *at[2:])
        return at


def expand(data: Any) -> Expanded:
    """Write out the documents of a card that have ``over``.

    ``over`` maps names to their values, a list or ``{from: 2013, to: 2025}`` (with ``step``); or
    it is a list of such mappings. Each combination is a document; ``{name}`` in any of its texts
    is replaced, also in those of its options and reports. A text that is nothing but ``{name}``
    becomes the value itself. The year of a series is known as the ``year`` of its documents.
    """
    documents = data.get("documents") if isinstance(data, dict) else None
    if not isinstance(documents, list):
        return Expanded(data, (), ())
    found: list[Any] = []
    written: list[int] = []
    faults: list[Fault] = []
    for i, document in enumerate(documents):
        if not isinstance(document, dict) or OVER not in document:
            found.append(document)
            written.append(i)
            continue
        try:
            for values in _combinations(document[OVER], ("documents", i, OVER)):
                found.append(_filled(document, values, i))
                written.append(i)
                if len(found) > MAX_DOCUMENTS:
                    message = f"more than {MAX_DOCUMENTS} documents"
                    raise _Refused(("documents", i, OVER), message, "Make several cards of it.")
        except _Refused as error:
            faults.append(error.fault)
    return Expanded({**data, "documents": found}, tuple(written), tuple(faults))


class _Refused(Exception):
    def __init__(self, at: Location, message: str, remedy: str) -> None:
        super().__init__(message)
        self.fault = Fault(at, message, remedy)


def _combinations(over: Any, at: Location) -> Iterator[dict[str, Any]]:
    if isinstance(over, list):
        for i, item in enumerate(over):
            yield from _combinations(item, (*at, i))
        return
    if not isinstance(over, dict) or not over:
        raise _Refused(
            at, "over has no names", "Write e.g. 'over: {year: {from: 2013, to: 2025}}'."
        )
    for name in over:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _Refused(at, f"'{name}' is no name", "Names are lower case: year, venue.")
    lists = [_values(values, (*at, name)) for name, values in over.items()]
    for combination in product(*lists):
        yield dict(zip(over, combination, strict=True))


def _values(values: Any, at: Location) -> list[Any]:
    if isinstance(values, dict):
        numbers = {"step": 1, **values}
        if set(numbers) != {"from", "to", "step"} or not all(
            type(n) is int for n in numbers.values()
        ):
            raise _Refused(at, "not a range", "A range is {from: 2013, to: 2025}, or with step: 2.")
        if numbers["step"] < 1 or numbers["from"] > numbers["to"]:
            raise _Refused(at, "an empty range", "It goes from the lesser to the greater number.")
        if (numbers["to"] - numbers["from"]) // numbers["step"] >= MAX_DOCUMENTS:
            raise _Refused(at, f"a range of more than {MAX_DOCUMENTS}", "Make it shorter.")
        return list(range(numbers["from"], numbers["to"] + 1, numbers["step"]))
    if not isinstance(values, list) or not values:
        raise _Refused(at, "no list of values", "Write a list, or {from: 2013, to: 2025}.")
    for i, value in enumerate(values):
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            remedy = "Put it in quotes."
            raise _Refused((*at, i), f"{value!r} is neither text nor a whole number", remedy)
    return values


def _filled(document: Mapping[str, Any], values: Mapping[str, Any], i: int) -> dict[str, Any]:
    used: set[str] = set()

    def fill(value: Any, at: Location) -> Any:
        if isinstance(value, str):
            return text(value, at)
        if isinstance(value, dict):
            # `year: {year}` without quotes is a mapping in YAML.
            if len(value) == 1 and (name := next(iter(value))) in values and value[name] is None:
                used.add(name)
                return values[name]
            return {key: fill(inner, (*at, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [fill(inner, (*at, j)) for j, inner in enumerate(value)]
        return value

    def text(value: str, at: Location) -> Any:
        names = _PLACEHOLDER.findall(value)
        for name in names:
            if name not in values:
                known = ", ".join(f"{{{known}}}" for known in values)
                raise _Refused(at, f"unknown name {{{name}}}", f"Known under over: {known}.")
        used.update(names)
        if names and value == f"{{{names[0]}}}":
            return values[names[0]]
        return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), value)

    at: Location = ("documents", i)
    found = {key: fill(v, (*at, key)) for key, v in document.items() if key != OVER}
    missing = sorted(values.keys() - set(_PLACEHOLDER.findall(str(document.get("id")))))
    if missing:
        wanted = "_".join(f"{{{name}}}" for name in missing)
        message = f"the documents of the series have one id: it lacks {' and '.join(missing)}"
        raise _Refused((*at, "id"), message, f"Add {wanted} to it.")
    if YEAR in values:
        found.setdefault(YEAR, values[YEAR])
    return found
