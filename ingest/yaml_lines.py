"""YAML with the line of every entry, so that an error can say where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Location = tuple[str | int, ...]


class YamlError(ValueError):
    """A file that is not readable as YAML, with the line of the fault."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def load_yaml(path: Path) -> tuple[Any, dict[Location, int]]:
    """Read a YAML file.

    Returns the data and, for every key and list item (as a path of keys and positions), the
    line on which it begins, counted from 1.

    Raises:
        YamlError: bad syntax, or a key that is written twice.
    """
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise YamlError(mark.line + 1 if mark else 1, f"not readable as YAML: {error}") from error
    lines: dict[Location, int] = {(): 1}
    constructor = yaml.constructor.SafeConstructor()

    def build(node: yaml.Node, location: Location) -> Any:
        lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            result: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                if not isinstance(key_node, yaml.ScalarNode):
                    raise YamlError(key_node.start_mark.line + 1, "a key must be a plain word")
                # YAML 1.1 takes the bare keys on, off, yes and no for truth values.
                is_word = key_node.tag == "tag:yaml.org,2002:bool"
                key = key_node.value if is_word else build(key_node, (*location, "?"))
                if key in result:
                    raise YamlError(key_node.start_mark.line + 1, f"key '{key}' is written twice")
                lines[(*location, key)] = key_node.start_mark.line + 1
                result[key] = build(value_node, (*location, key))
            return result
        if isinstance(node, yaml.SequenceNode):
            return [build(item, (*location, i)) for i, item in enumerate(node.value)]
        try:
            return constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            if node.tag == "tag:yaml.org,2002:timestamp":
                return node.value  # 30 February: a fault of one entry, not of the whole file
            raise YamlError(node.start_mark.line + 1, f"not readable as YAML: {error}") from error

    return (build(node, ()) if node else None), lines


def line_of(lines: dict[Location, int], location: Location) -> int:
    """Line of an entry, or of the nearest entry around it."""
    while location not in lines and location:
        location = location[:-1]
    return lines.get(location, 1)
