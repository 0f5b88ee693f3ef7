"""A framework that is told by what it changes in another.

A variant names the other under ``variant_of``. Of its keys, each takes the place of the base's;
stages take the place of the base's stage of their name, new ones stand where their order wants
them. ``without_stages`` and ``without_nodes`` leave some out, and ``nodes`` changes single ones.
The description of the base would be false of it: without one of its own it says what it changes.
What is made of it is checked like a framework that was written out.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from ingest.catalog_errors import Fault, did_you_mean
from ingest.framework_cards import ORDER
from ingest.yaml_lines import Location, line_of

Data = dict[str, Any]
NOT_INHERITED = ("framework", "title", "description", "flagship", "variant_of")
CHANGES = ("stages", "nodes", "without_stages", "without_nodes")


@dataclass
class Resolved:
    """A variant written out, the line of each of its parts in its own file, and its faults."""

    data: Data
    lines: dict[Location, int]
    faults: list[Fault] = field(default_factory=list)


def resolve(base: Data, variant: Data, lines: dict[Location, int]) -> Resolved:
    """Write a variant out.

    Args:
        base: the other framework as in its file, known to be sound.
        variant: the variant as in its file, whatever it may be.
        lines: lines of the entries of the variant's file.

    Returns:
        The whole framework. What it has from the base is on the line of ``variant_of``.
    """
    # What may vary is taken over where it fits, see `ingest.framework_uncertainty.inherited`.
    own = (*NOT_INHERITED, "uncertainty")
    inherited = {key: value for key, value in base.items() if key not in own}
    made = Resolved(deepcopy(inherited), {(): line_of(lines, ("variant_of",))})
    made.data["description"] = _description(base, variant)
    for key in variant:
        if key not in CHANGES:
            made.data[key] = deepcopy(variant[key])
            _copy_lines(lines, (key,), made.lines, (key,))
    _change_stages(made, base, variant, lines)
    if "index" not in variant:
        _drop_unused(made.data)
    if isinstance(made.data.get("index"), dict):
        _drop_nodes(made, variant)
        if "empty_parts" not in variant:
            _drop_empty_parts(made.data)
        _change_nodes(made, variant, lines)
    return made


def _description(base: Data, variant: Data) -> str:
    """What a variant is, told from what its file states."""
    stages = variant.get("stages")
    changed = {
        "stages": [stage.get("stage") for stage in stages if isinstance(stage, dict)]
        if isinstance(stages, list)
        else [],
        "nodes": variant.get("nodes"),
        "without stages": variant.get("without_stages"),
        "without nodes": variant.get("without_nodes"),
    }
    parts = [
        f"{what} {', '.join(map(str, names))}"
        for what, names in changed.items()
        if isinstance(names, (list, dict)) and names
    ]
    own = [str(key) for key in variant if key not in (*CHANGES, *NOT_INHERITED)]
    if own:
        parts.append(f"its own {', '.join(own)}")
    changes = "; ".join(parts) or "nothing but its title"
    return f"Variant of {base['title']}. Changed: {changes}."


def _copy_lines(
    lines: dict[Location, int], old: Location, made: dict[Location, int], new: Location
) -> None:
    for at, line in lines.items():
        if at[: len(old)] == old:
            made[(*new, *at[len(old) :])] = line


def _names(made: Resolved, variant: Data, key: str) -> list[str]:
    """A list of names as stated, with a fault where it is something else."""
    names = variant.get(key)
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        made.faults.append(Fault((key,), f"'{key}' is not a list of names", f"Write '{key}: [a]'."))
        return []
    return names


def _change_stages(made: Resolved, base: Data, variant: Data, lines: dict[Location, int]) -> None:
    without = _names(made, variant, "without_stages")
    stages: list[tuple[str, Any, int | None]] = [
        (stage["stage"], stage, None) for stage in made.data["stages"]
    ]
    there = [name for name, _, _ in stages]
    for i, name in enumerate(without):
        if name not in there:
            message = f"'{base['framework']}' has no stage '{name}'"
            made.faults.append(Fault(("without_stages", i), message, did_you_mean(name, there)))
    own = variant.get("stages", [])
    if not isinstance(own, list) or not all(isinstance(stage, dict) for stage in own):
        made.data["stages"] = own
        _copy_lines(lines, ("stages",), made.lines, ("stages",))
        return
    stages = [stage for stage in stages if stage[0] not in without]
    for i, stage in enumerate(own):
        _put(stages, str(stage.get("stage")), stage, i)
    made.data["stages"] = [deepcopy(stage) for _, stage, _ in stages]
    for place, (_, _, number) in enumerate(stages):
        if number is not None:
            _copy_lines(lines, ("stages", number), made.lines, ("stages", place))


def _put(stages: list[tuple[str, Any, int | None]], name: str, stage: Any, number: int) -> None:
    """Put a stage in the place of the base's of its name, or where its order wants it."""
    for i, (other, _, own) in enumerate(stages):
        if other == name and own is None:
            stages[i] = (name, stage, number)
            return
    order = {stage: i for i, stage in enumerate(ORDER)}
    rank = order.get(name, len(order))
    later = [i for i, (other, _, _) in enumerate(stages) if order.get(other, rank) > rank]
    stages.insert(later[0] if later else len(stages), (name, stage, number))


def _drop_unused(data: Data) -> None:
    """Take off the base's parts what a method of the variant does not use, so that a variant that
    changes a stage need not name every leaf that said something for it."""
    stages = data["stages"] if isinstance(data["stages"], list) else []
    methods = {str(stage.get("stage")): stage for stage in stages if isinstance(stage, dict)}
    unused: list[str] = []
    if "transform" not in methods:
        unused += ["transform", "boxcox_lambda"]
    if methods.get("select", {}).get("method") == "exact":
        unused.append("max_age_years")
        editions = data["editions"] if isinstance(data["editions"], list) else []
        for edition in editions:
            if isinstance(edition, dict):
                edition.pop("max_age_years", None)
    for _, node in _places(data["index"]):
        for name in unused:
            node.pop(name, None)
        aggregate = methods.get("aggregate", {})
        by_level = aggregate.get("by_level")
        ways = [aggregate.get("method"), *(by_level.values() if isinstance(by_level, dict) else [])]
        if node.get("aggregation", "a_genmean") != "a_genmean" or (
            "aggregation" not in node and "a_genmean" not in ways
        ):
            node.pop("power", None)


# ---------------------------------------------------------------- nodes


def _places(node: Any, at: Location = ("index",)) -> list[tuple[Location, Data]]:
    """The nodes of a tree as written, with their places."""
    if not isinstance(node, dict):
        return []
    found = [(at, node)]
    children = node.get("children")
    for i, child in enumerate(children if isinstance(children, list) else []):
        found += _places(child, (*at, "children", i))
    return found


def _id(node: Data) -> str:
    """Identifier of a node as written, see ``Node.id``."""
    if node.get("node"):
        return str(node["node"])
    denominator = f"_per_{node['denominator']}" if node.get("denominator") else ""
    return f"{node.get('indicator')}{denominator}"


def _drop_nodes(made: Resolved, variant: Data) -> None:
    """Leave nodes out; what they weighed goes to their siblings in proportion."""
    for i, name in enumerate(_names(made, variant, "without_nodes")):
        places = _places(made.data["index"])
        nodes = {_id(node): node for _, node in places}
        if name not in nodes or nodes[name] is made.data["index"]:
            message = f"unknown node '{name}'"
            remedy = did_you_mean(name, nodes)
            if name in nodes:
                message, remedy = "the root can't be left out", "Name nodes below it."
            made.faults.append(Fault(("without_nodes", i), message, remedy))
            continue
        gone = nodes[name]
        while gone is not made.data["index"]:
            parent = next(
                node for _, node in places if any(child is gone for child in _children(node))
            )
            parent["children"] = [child for child in _children(parent) if child is not gone]
            _rescale(parent["children"])
            if parent["children"]:
                break
            gone = parent


def _drop_empty_parts(data: Data) -> None:
    """Take off the empty parts of nodes that the variant does not have."""
    ids = {_id(node) for _, node in _places(data["index"])}
    parts = [part for part in data.get("empty_parts", []) if part.get("below", "") in {"", *ids}]
    if "empty_parts" in data:
        data["empty_parts"] = parts


def _children(node: Data) -> list[Any]:
    children = node.get("children")
    return children if isinstance(children, list) else []


def _rescale(children: list[Data]) -> None:
    weights = [child.get("weight") for child in children if isinstance(child, dict)]
    numbers = [weight for weight in weights if isinstance(weight, (int, float)) and weight > 0]
    if len(numbers) == len(children):
        for child in children:
            child["weight"] /= sum(numbers)


def _change_nodes(made: Resolved, variant: Data, lines: dict[Location, int]) -> None:
    changes = variant.get("nodes")
    if changes is None:
        return
    if not isinstance(changes, dict):
        message = "'nodes' is not a mapping"
        made.faults.append(
            Fault(("nodes",), message, "Write 'nodes: {id of a node: {weight: 1}}'.")
        )
        return
    places = {_id(node): (at, node) for at, node in _places(made.data["index"])}
    for name, change in changes.items():
        if name not in places:
            message = f"unknown node '{name}'"
            remedy = did_you_mean(str(name), places)
            made.faults.append(Fault(("nodes", name), message, remedy))
            continue
        if not isinstance(change, dict):
            message = f"'{name}' does not say what is changed"
            made.faults.append(Fault(("nodes", name), message, f"Write '{name}: {{weight: 1}}'."))
            continue
        at, node = places[name]
        _copy_lines(lines, ("nodes", name), made.lines, at)
        # A fault of siblings together is told where one of them is changed.
        made.lines.setdefault(at[:-2], made.lines[at])
        for key, value in change.items():
            if value is None:
                node.pop(key, None)
            else:
                node[key] = deepcopy(value)


def is_variant(data: Any) -> bool:
    """Whether a file tells a framework by another."""
    return isinstance(data, dict) and data.get("variant_of") is not None
