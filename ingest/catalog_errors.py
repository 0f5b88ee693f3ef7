"""Faults in the catalog, in an analyst's words: file, line, what is wrong, what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import BaseModel

from ingest.yaml_lines import Location

# What a text of a form is, where the form alone does not say it.
FORMS = {
    "^[A-Z]{2}$": "Write the ISO 3166-1 alpha-2 code, e.g. CN.",
    "^[a-z][a-z0-9_]*$": "Write small letters, digits and _, a letter first.",
}
_SHORT_DATE = r"((?:19|20)\d\d)(?:-(0[1-9]|1[0-2]))?"


@dataclass(frozen=True)
class CatalogError:
    """A fault in the catalog, and what to do about it. ``entity`` is what was left out."""

    file: str
    line: int
    entity: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.entity}: {self.message}. {self.remedy}"


class Fault(NamedTuple):
    """A fault at a place in a file, before the line of the place is known."""

    at: Location
    message: str
    remedy: str


def explain(fault: Any, model: type[BaseModel]) -> tuple[str, str]:
    """A fault found by pydantic in an analyst's words, and its remedy."""
    kind, context = fault["type"], fault.get("ctx", {})
    name = str(fault["loc"][-1]) if fault["loc"] else ""
    around = _model_at(model, fault["loc"][:-1])
    own_remedy: str | None = getattr(around, "remedies", {}).get(name)
    if kind == "extra_forbidden":
        known = getattr(around, "model_fields", {})
        return f"unknown key '{name}'", own_remedy or did_you_mean(name, known)
    if kind == "missing":
        return f"'{name}' is missing", f"Add '{name}:'."
    if kind == "value_error":
        return str(context["error"]), "Correct this entry."
    if name == "published_on" and (found := re.fullmatch(_SHORT_DATE, str(fault["input"]))):
        month = found[2] or "01"
        precision = "month" if found[2] else "year"
        remedy = f"Write '{found[1]}-{month}-01' and 'published_precision: {precision}'."
        return f"'{fault['input']}' is not a day", remedy
    if kind == "string_pattern_mismatch":
        message = f"'{fault['input']}' does not have the form {context['pattern']}"
        return message, own_remedy or FORMS.get(context["pattern"], "Correct it.")
    if kind == "model_type":
        fields = getattr(_model_at(model, fault["loc"]), "model_fields", {})
        needed = [key for key, field in fields.items() if field.is_required()]
        found = fault["input"]
        remedy = f"Write {{{needed[0]}: {found}}}." if len(needed) == 1 else "Write its keys."
        return f"keys with values are needed, found {found!r:.60}", own_remedy or remedy
    return (
        f"{fault['msg'][0].lower()}{fault['msg'][1:]}, found {fault['input']!r:.60}",
        own_remedy or _by_value(fault) or "Correct it.",
    )


def _by_value(fault: Any) -> str | None:
    """Remedy for a value that is nearly an allowed one, or no number."""
    kind, context, value = fault["type"], fault.get("ctx", {}), fault["input"]
    if kind == "literal_error":
        remedy = did_you_mean(str(value), re.findall(r"'([^']*)'", context["expected"]))
        return remedy if remedy.startswith("Did") else None
    if kind == "finite_number":
        return "Write a number, or leave it out."
    if kind == "less_than_equal" and context["le"] == 1 and isinstance(value, (int, float)):
        return f"It is a share, from 0 to 1: {value} % are {value / 100:g}."
    return None


def _model_at(model: Any, location: Sequence[Any]) -> Any:
    """The model at a place inside another, or nothing."""
    for part in location:
        if isinstance(part, int) or not hasattr(model, "model_fields"):
            continue
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        inner = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not inner:
            return None
        model = inner[0]
    return model


def _other_prefix(name: str, names: Sequence[str]) -> list[str]:
    """The one name that differs in its first word only, or in having one."""
    prefix, _, rest = name.partition("_")
    ends = {name, rest} if len(rest) >= 2 * len(prefix) else {name}
    same = [n for n in names if (ends - {""}) & {n, n.partition("_")[2]}]
    return same if len(same) == 1 else []


def _with_word(name: str, names: Sequence[str]) -> list[str]:
    """Up to three names that begin with the words of this one, or else contain them."""
    words = f"_{name}_"
    with_word = [n for n in names if len(name) > 2 and words in f"_{n}_"]
    return ([n for n in with_word if n.startswith(f"{name}_")] or with_word)[:3]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the nearest known one, or what is known."""
    listed = list(known)
    names = sorted(listed)
    # One letter of a short name weighs more. Names of one unit or country are alike up to 0.8.
    cutoff = 0.75 if len(name) < 6 else 0.8
    near = difflib.get_close_matches(name, names, n=1, cutoff=cutoff) or _other_prefix(name, names)
    # Where the order of the files is known, what is more general comes first there.
    near = near or _with_word(name, names if isinstance(known, (set, frozenset)) else listed)
    if near:
        *others, last = (f"'{n}'" for n in near)
        return f"Did you mean {', '.join(others)}{' or ' if others else ''}{last}?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"Known: {shown or 'none'}."
