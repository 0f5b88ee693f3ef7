"""JSON-stat 1.x and 2.0 (json-stat.org/format): data cubes as long tables.

One row a cell: the categories' ids and labels, the value, and the status where there is one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from ingest.reading.content import ReadingError, Table
from ingest.reading.json_values import text

MAX_CELLS = 2_000_000
MAX_DATASETS = 200
VALUE, STATUS, LABEL = "value", "status", " label"


def tables(value: Any, place: str = "") -> list[Table] | None:
    """The cubes of a JSON-stat response as tables, ``None`` where it is something else.

    Columns are, for each dimension, its id (with the category's id) and, where the categories
    have labels, its id and ``label``; then ``value`` and, where there are any, ``status``. A
    cell that a sparse cube leaves out has no row, unless it has a status; one that is null has
    a row with a blank value.

    Raises:
        ReadingError: the cube contradicts itself.
    """
    found = list(islice(_datasets(value, f"{place}: " if place else ""), MAX_DATASETS + 1))
    if len(found) > MAX_DATASETS:
        raise ReadingError(f"a JSON-stat collection of more than {MAX_DATASETS} datasets")
    return [_cube(dataset, path) for path, dataset in found] if found else None


def _datasets(value: Any, prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(value, dict):
        return
    if _is_dataset(value):
        yield prefix, value
    elif value.get("class") == "collection":
        link = value.get("link")
        items = link.get("item") if isinstance(link, dict) else None
        for i, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict) and _is_dataset(item):
                yield f"{prefix}link.item[{i}].", item
    else:  # a bundle of 1.x
        for key, item in value.items():
            if isinstance(item, dict) and _is_dataset(item):
                yield f"{prefix}{key}.", item


def _is_dataset(value: Mapping[str, Any]) -> bool:
    dimension = value.get("dimension")
    if not isinstance(dimension, dict) or not isinstance(value.get("value"), (list, dict)):
        return False
    return isinstance(value.get("id", dimension.get("id")), list)


def _cube(dataset: Mapping[str, Any], path: str) -> Table:
    dimensions = dataset["dimension"]
    ids = dataset.get("id", dimensions.get("id"))
    sizes = dataset.get("size", dimensions.get("size"))
    if not isinstance(sizes, list) or len(sizes) != len(ids):
        raise ReadingError(f"JSON-stat: {path}size does not have one number for each dimension")
    categories = [
        _categories(dimensions.get(name), str(name), size)
        for name, size in zip(ids, sizes, strict=True)
    ]
    n = math.prod(len(c) for c in categories)
    if n > MAX_CELLS:
        raise ReadingError(f"JSON-stat: a cube of {n} cells, at most {MAX_CELLS} are read")
    values = _cells(dataset["value"], n, f"{path}value")
    given = dataset.get("status")
    statuses: dict[int, Any] = dict.fromkeys(range(n), given) if isinstance(given, str) else {}
    if isinstance(given, (list, dict)):
        one = isinstance(given, list) and len(given) == 1 < n  # one for all cells
        statuses = dict.fromkeys(range(n), given[0]) if one else _cells(given, n, f"{path}status")
    labelled = [any(label != "" for _, label in c) for c in categories]
    heading: list[str] = []
    for name, has_labels in zip(ids, labelled, strict=True):
        heading += [str(name), f"{name}{LABEL}"] if has_labels else [str(name)]
    heading += [VALUE, STATUS] if statuses else [VALUE]
    if len(set(heading)) < len(heading):
        raise ReadingError(f"JSON-stat: two columns of one name among {', '.join(heading)}")
    rows, places = [tuple(heading)], [f"{path}dimension"]
    for i, cell in enumerate(product(*categories)):
        if i not in values and i not in statuses:
            continue
        row: list[str] = []
        for (code, label), has_labels in zip(cell, labelled, strict=True):
            row += [code, label] if has_labels else [code]
        row.append(text(values.get(i)))
        if statuses:
            row.append(text(statuses.get(i)))
        rows.append(tuple(row))
        places.append(f"{path}value[{i}]")
    where = path.rstrip(".: ") or "dataset"
    title = text(dataset.get("label"))
    return Table(where, tuple(rows), title=title, header_rows=1, row_places=tuple(places))


def _categories(dimension: Any, name: str, size: Any) -> Sequence[tuple[str, str]]:
    """Ids and labels of a dimension's categories, in the order of the cells."""
    category = dimension.get("category") if isinstance(dimension, dict) else None
    if not isinstance(category, dict):
        raise ReadingError(f"JSON-stat: the dimension {name} has no category")
    index, labels = category.get("index"), category.get("label")
    labels = labels if isinstance(labels, dict) else {}
    if isinstance(index, dict):
        if sorted(index.values(), key=repr) != sorted(range(len(index)), key=repr):
            raise ReadingError(f"JSON-stat: the categories of {name} are not counted from 0")
        codes = sorted(index, key=lambda code: int(index[code]))
    elif isinstance(index, list):
        codes = index
    else:
        codes = list(labels)  # a single category needs no index
        if len(codes) != 1:
            raise ReadingError(f"JSON-stat: the categories of {name} have no order")
    if len(codes) != size or len({str(code) for code in codes}) < len(codes):
        raise ReadingError(f"JSON-stat: {name} has {len(codes)} categories, its size is {size}")
    return [(str(code), " ".join(str(labels.get(code, "")).split())) for code in codes]


def _cells(given: list[Any] | dict[str, Any], n: int, path: str) -> dict[int, Any]:
    """Cells by their position, from a list of all or from an object of those that are there."""
    if isinstance(given, list):
        if len(given) != n:
            raise ReadingError(f"JSON-stat: {path} has {len(given)} cells, the cube has {n}")
        found = dict(enumerate(given))
    else:
        if any(not key.isdecimal() or int(key) >= n for key in given):
            raise ReadingError(f"JSON-stat: {path} has a cell outside of the cube's {n}")
        found = {int(key): cell for key, cell in given.items()}
    if any(isinstance(cell, (dict, list)) for cell in found.values()):
        raise ReadingError(f"JSON-stat: {path} has a cell that is no plain value")
    if path.endswith(STATUS):
        return {i: cell for i, cell in found.items() if cell is not None}
    return found
