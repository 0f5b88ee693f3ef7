"""Whether the parts of a framework fit together, and whether the catalog has what they name.

Each fault has the place in the file, what is wrong and what to do. Only what is certain without
figures is a fault; what depends on them is a check of the build.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingest.cards import City
from ingest.catalog_errors import Fault, did_you_mean
from ingest.framework_cards import (
    MAX_LEVELS,
    METHODS,
    NEEDED_STAGES,
    ORDER,
    Framework,
    Node,
    Universe,
)
from ingest.framework_method_checks import faults_of_methods
from ingest.framework_stage_checks import faults_of_stage
from ingest.framework_uncertainty_checks import faults_of_uncertainty
from ingest.yaml_lines import Location

LEAF_ONLY = (
    "direction",
    "denominator",
    "max_age_years",
    "cap_min",
    "cap_max",
    "transform",
    "boxcox_lambda",
    "treatment",
    "points_max",
    "imputation",
    "goalpost_min",
    "goalpost_max",
    "target",
)
BRANCH_ONLY = ("weighting", "aggregation", "power", "missing_children")


def faults_of(framework: Framework) -> list[Fault]:
    """Faults that a framework has whatever the catalog is, in the order in which to mend them."""
    stages = [*_stages(framework), *_order(framework)]
    tree = list(_tree(framework))
    found = [*stages, *tree, *_editions(framework), *_bounds(framework.universe)]
    found += [*_references(framework), *_empty_parts(framework)]
    if not tree:
        for at, node in framework.index.places():
            found += _weights(at, node) if node.children else _leaf(at, node)
    # Whether methods and nodes go together can be told only of those that are known.
    if not stages and not tree:
        found += [*faults_of_methods(framework), *faults_of_uncertainty(framework)]
    return found


def faults_in_catalog(framework: Framework, cities: Mapping[str, City]) -> list[Fault]:
    """Faults in what a framework says of units: its universe, its grouping, its reference."""
    universe = framework.universe
    found = list(_filters(universe, cities))
    members = [city for city in cities.values() if universe.has(city)]
    if found:
        return found
    if not members:
        message = "the universe is empty: no unit passes all of its filters"
        remedy = f"Widen it; its kinds are {', '.join(universe.kinds)}."
        return [Fault(("universe",), message, remedy)]
    names = {name for city in members for name in city.groupings}
    for at, choice in framework.choices():
        if choice.grouping and choice.grouping not in names:
            message = f"no unit of the universe has the grouping '{choice.grouping}'"
            remedy = did_you_mean(choice.grouping, names)
            if remedy.startswith("Known"):
                remedy += f" For another, add the column group_{choice.grouping} to cities.csv."
            found.append(Fault((*at, "grouping"), message, remedy))
        reference = cities.get(choice.reference_unit or "")
        if reference and not universe.has(reference):
            message = f"reference_unit '{reference.city_id}' is not in the universe"
            found.append(Fault((*at, "reference_unit"), message, "Name one that is."))
    return found


# ---------------------------------------------------------------- stages


def _stages(framework: Framework) -> Iterator[Fault]:
    for i, stage in enumerate(framework.stages):
        yield from faults_of_stage(stage, ("stages", i))


def _order(framework: Framework) -> Iterator[Fault]:
    names = [stage.stage for stage in framework.stages]
    for name in NEEDED_STAGES:
        if name not in names:
            one_of = "one of " if len(METHODS[name]) > 1 else ""
            remedy = f"Add it, with the method {one_of}{', '.join(METHODS[name])}."
            yield Fault(("stages",), f"stage '{name}' is missing", remedy)
    places = {name: i for i, name in enumerate(ORDER)}
    places["impute"] = places["screen"]
    for i, name in enumerate(names):
        if name in names[:i]:
            message = f"stage '{name}' stands twice"
            yield Fault(("stages", i), message, "Leave one of them out.")
        elif late := [other for other in names[:i] if places[other] > places[name]]:
            message = f"stage '{name}' comes after '{late[0]}'"
            remedy = f"The order is {', '.join(ORDER)}; screen and impute may change places."
            yield Fault(("stages", i), message, remedy)


# ---------------------------------------------------------------- editions and universe


def _editions(framework: Framework) -> Iterator[Fault]:
    years = [edition.edition for edition in framework.editions]
    for i, year in enumerate(years):
        if year in years[:i]:
            yield Fault(("editions", i), f"edition {year} stands twice", "Leave one of them out.")
    select, impute = framework.stage("select"), framework.stage("impute")
    if select and select.method == "exact":
        aged: list[Location] = [
            ("editions", i, "max_age_years")
            for i, edition in enumerate(framework.editions)
            if edition.max_age_years
        ]
        aged += [
            (*at, "max_age_years")
            for at, node in framework.index.places()
            if node.max_age_years is not None
        ]
        for place in aged:
            message = "max_age_years, but the method 'exact' takes no older value"
            yield Fault(place, message, "Leave it out, or select with the method newest.")
    if impute and impute.method in ("i_latest", "i_linear") and len(years) == 1:
        message = f"'{impute.method}' has no other edition than {years[0]} to take values from"
        place = ("stages", framework.stages.index(impute), "method")
        yield Fault(place, message, "Add editions, or impute by i_median or i_median_grp.")


def _references(framework: Framework) -> Iterator[Fault]:
    for i, code in enumerate(framework.references):
        if code in framework.references[:i]:
            message = f"the reference '{code}' stands twice"
            yield Fault(("references", i), message, "Leave one of them out.")


def _bounds(universe: Universe) -> Iterator[Fault]:
    at: Location = ("universe",)
    low, high = universe.size_min, universe.size_max
    stated = next((n for n in ("size_min", "size_max") if getattr(universe, n) is not None), None)
    if universe.size_indicator and stated is None:
        message = "size_indicator without a size"
        yield Fault((*at, "size_indicator"), message, "Add size_min, size_max or both.")
    if stated and not universe.size_indicator:
        message = f"{stated} without the indicator that tells the size"
        yield Fault((*at, stated), message, "Add size_indicator.")
    if low is not None and high is not None and low > high:
        message = f"size_min {low:g} is above size_max {high:g}: no unit is left"
        yield Fault((*at, "size_min"), message, "Change one of them.")


def units_named(framework: Framework) -> Iterator[tuple[Location, str]]:
    """Every place where a framework names a unit."""
    for name in ("units", "without"):
        for i, unit in enumerate(getattr(framework.universe, name)):
            yield ("universe", name, i), unit
    for at, choice in framework.choices():
        if choice.reference_unit:
            yield (*at, "reference_unit"), choice.reference_unit


def _filters(universe: Universe, cities: Mapping[str, City]) -> Iterator[Fault]:
    at: Location = ("universe",)
    of_kinds = [city for city in cities.values() if city.kind in universe.kinds]
    countries = {city.country_code for city in of_kinds}
    for i, code in enumerate(universe.countries):
        if code not in countries:
            kinds = " or ".join(universe.kinds)
            message = f"no unit ({kinds}) is in the country '{code}'"
            remedy = did_you_mean(code, countries) if countries else "Widen 'kinds'."
            yield Fault((*at, "countries", i), message, remedy)
    for name, values in universe.groups.items():
        known = {city.groupings[name] for city in cities.values() if name in city.groupings}
        if not known:
            message = f"no unit has the grouping '{name}'"
            remedy = did_you_mean(name, {n for city in cities.values() for n in city.groupings})
            yield Fault((*at, "groups", name), message, remedy)
            continue
        for i, value in enumerate(values):
            if value not in known:
                message = f"no unit is in the group '{value}' of '{name}'"
                yield Fault((*at, "groups", name, i), message, did_you_mean(value, known))
    for i, unit in enumerate(universe.units):
        if unit not in cities or universe.has(cities[unit]) or unit in universe.without:
            continue
        city = cities[unit]
        barrier = _barrier(city, universe)
        message = f"'{unit}' is named, but {barrier}"
        yield Fault((*at, "units", i), message, "Leave it out, or widen that filter.")


def _barrier(city: City, universe: Universe) -> str:
    """What keeps a unit out of a universe that names it."""
    if city.kind not in universe.kinds:
        return f"its kind is {city.kind}, and 'kinds' has {', '.join(universe.kinds)}"
    if universe.countries and city.country_code not in universe.countries:
        return f"its country is {city.country_code}"
    return "it is not in the groups"


# ---------------------------------------------------------------- tree


def _tree(framework: Framework) -> Iterator[Fault]:
    root = framework.index
    malformed = list(_malformed(root))
    yield from malformed
    if not root.children and not malformed:
        message = "the index is a single indicator"
        yield Fault(("index",), message, "Give it children: at least one node with indicators.")
    elif root.weight not in (None, 1):
        message = f"the root '{root.id}' has the weight {root.weight:g}"
        yield Fault(("index", "weight"), message, "Leave it out: a weight is a share of a parent.")
    if root.level > MAX_LEVELS:
        message = f"the tree has {root.level} levels"
        remedy = f"{MAX_LEVELS} are the most, indicators and root included: join some of them."
        yield Fault(("index",), message, remedy)
    if not malformed:
        yield from _unbalanced(root)


def _malformed(root: Node) -> Iterator[Fault]:
    ids: set[str] = set()
    for at, node in root.places():
        if not node.indicator and not node.children:
            name = f"'{node.node}'" if node.node else "a node"
            message = f"{name} has neither children nor an indicator"
            yield Fault(at, message, "Give it the one or the other, or leave it out.")
            continue
        if node.indicator and node.children:
            message = f"'{node.id}' has children and an indicator"
            yield Fault(at, message, "Make the indicator a child of its own.")
            continue
        if not node.indicator and not node.node:
            yield Fault(at, "a node with children has no id", "Add 'node:'.")
            continue
        if node.id in ids:
            message = f"node '{node.id}' stands twice"
            remedy = "Leave one of them out, or give it another id under 'node'."
            yield Fault(at, message, remedy)
        ids.add(node.id)
        out_of_place = LEAF_ONLY if node.children else BRANCH_ONLY
        for name in out_of_place:
            if getattr(node, name) is not None:
                holder = (
                    "a leaf, and this has children" if node.children else "a node with children"
                )
                yield Fault((*at, name), f"'{name}' is for {holder}", "Leave it out here.")


def _unbalanced(root: Node) -> Iterator[Fault]:
    for at, node in root.places():
        for i, child in enumerate(node.children):
            if child.level != node.level - 1:
                depth = node.level - 1 - child.level
                between = "a node" if depth == 1 else f"{depth} nodes, one in the other,"
                message = (
                    f"'{child.id}' is on level {child.level}, directly below '{node.node}' "
                    f"on level {node.level}"
                )
                remedy = f"Put {between} between them: all indicators are equally deep."
                yield Fault((*at, "children", i), message, remedy)


def _weights(at: Location, node: Node) -> Iterator[Fault]:
    weights = {child.id: child.weight for child in node.children}
    given = {name: weight for name, weight in weights.items() if weight is not None}
    if not given:
        return
    if len(given) < len(weights):
        without = [name for name, weight in weights.items() if weight is None]
        message = f"of the children of '{node.id}' some have no weight: {', '.join(without)}"
        remedy = "Give all of them one, or none: then they weigh the same."
        yield Fault((*at, "children", list(weights).index(without[0])), message, remedy)
        return
    total = sum(given.values())
    if abs(total - 1) > 1e-9:
        stated = ", ".join(f"{name} {weight:g}" for name, weight in given.items())
        message = f"the weights below '{node.id}' sum to {total:g}, not to 1: {stated}"
        remedy = "Leave them out where all weigh the same."
        if len(set(given.values())) > 1:
            scaled = [f"{name} {weight / total:.4g}" for name, weight in given.items()]
            remedy = f"In proportion they are {', '.join(scaled)}."
        yield Fault(at, message, remedy)


def _leaf(at: Location, node: Node) -> Iterator[Fault]:
    if node.per != 1 and not node.denominator:
        message = "'per' without a denominator"
        yield Fault((*at, "per"), message, "Add 'denominator', or leave it out.")
    if node.denominator and node.denominator == node.indicator:
        message = f"'{node.indicator}' is divided by itself"
        yield Fault((*at, "denominator"), message, "Name another denominator, or none.")
    if node.transform == "boxcox" and node.boxcox_lambda is None:
        yield Fault((*at, "transform"), "boxcox needs 'boxcox_lambda'", "Add 'boxcox_lambda:'.")
    if node.transform != "boxcox" and node.boxcox_lambda is not None:
        message = "boxcox_lambda without 'transform: boxcox'"
        yield Fault((*at, "boxcox_lambda"), message, "Add the one or leave out the other.")
    for low, high in (("cap_min", "cap_max"), ("goalpost_min", "goalpost_max")):
        ends = getattr(node, low), getattr(node, high)
        if None in ends or ends[0] < ends[1]:
            continue
        message = f"{low} {ends[0]:g} is not below {high} {ends[1]:g}"
        remedy = "Write the smaller number first."
        if low == "goalpost_min":
            remedy += " 'direction: lower' turns the scale."
        yield Fault((*at, low), message, remedy)
    for name in ("cap_min", "cap_max", "goalpost_min", "goalpost_max", "target"):
        value = getattr(node, name)
        if value is not None and not _has_transform(node, value):
            message = f"{name} {value:g} has no {node.transform}"
            if name == "cap_max":
                remedy = "Write a number that has one: values beyond count as this."
            else:
                remedy = "Write a larger number, or 'transform: sqrt' where there are zeros."
            if node.transform == "sqrt":
                remedy = "Write a number from 0 up."
            yield Fault((*at, name), message, remedy)


def _has_transform(node: Node, value: float) -> bool:
    if node.transform in ("log", "log10"):
        return value > 0
    if node.transform == "boxcox":
        return value > 0 or (value == 0 and (node.boxcox_lambda or 0) > 0)
    if node.transform == "sqrt":
        return value >= 0
    return node.transform != "log1p" or value > -1


def _empty_parts(framework: Framework) -> Iterator[Fault]:
    ids = [node.id for node in framework.index.walk()]
    titles = [part.title for part in framework.empty_parts]
    for i, part in enumerate(framework.empty_parts):
        if part.below and part.below not in ids:
            message = f"the empty part '{part.title}' is below '{part.below}', which is no node"
            yield Fault(("empty_parts", i, "below"), message, did_you_mean(part.below, ids))
        if part.title in titles[:i]:
            message = f"the empty part '{part.title}' stands twice"
            yield Fault(("empty_parts", i), message, "Leave one of them out.")


def indicators_named(framework: Framework) -> Iterator[tuple[Location, str]]:
    """Every place where a framework names an indicator, but for its references."""
    if framework.universe.size_indicator:
        yield ("universe", "size_indicator"), framework.universe.size_indicator
    for at, node in framework.index.places():
        for name in ("indicator", "denominator"):
            if code := getattr(node, name):
                yield (*at, name), code
