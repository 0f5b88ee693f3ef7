"""Why a rank changed, in a sentence with figures."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.decomposition import FACTORS, UNEXPLAINED

LARGEST = 3
"""Indicators that a sentence names."""
NOTHING = 5e-10
"""Parts below are rounding."""


def sentences(moves: pd.DataFrame, parts: pd.DataFrame, key: Sequence[str]) -> list[str]:
    """A sentence for each unit that an index ranks before or after a change.

    Args:
        moves: the key, change_kind (``moved``, ``entered`` or ``left``), rank_before, rank,
            score_before, score, and not_ranked_reason where it is not ranked in both.
        parts: the key, change_factor, level (1 for an indicator), title, score_part, rank_part,
            own_score_part, and of indicators value_before, value, value_year_before, value_year
            and unit.
        key: columns that name a unit in an index.
    """
    of_unit: dict[Hashable, list[dict[str, Any]]] = {}
    for row in _records(parts):
        of_unit.setdefault(tuple(row.get(name) for name in key), []).append(row)
    return [
        _sentence(move, of_unit.get(tuple(move.get(name) for name in key), []))
        for move in _records(moves)
    ]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows without what is empty in them."""
    columns = {str(name): frame[name].astype(object) for name in frame.columns}
    known = {name: column.notna().tolist() for name, column in columns.items()}
    values = {name: column.tolist() for name, column in columns.items()}
    return [
        {name: values[name][i] for name in columns if known[name][i]} for i in range(len(frame))
    ]


def _sentence(move: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> str:
    kind = move["change_kind"]
    why = move.get("not_ranked_reason", "no reason is known")
    if kind == "entered":
        now = f"rank {move['rank']:.0f} ({_score(move['score'])})"
        return f"Entered at {now}; not ranked before: {why}."
    if kind == "left":
        was = f"rank {move['rank_before']:.0f} ({_score(move['score_before'])})"
        return f"No longer ranked, after {was}: {why}."
    old, new = f"{move['rank_before']:.0f}", f"{move['rank']:.0f}"
    gained = int(move["rank_before"] - move["rank"])
    head = f"Stayed at rank {new}"
    if gained:
        places = f"{abs(gained)} rank{'s' if abs(gained) > 1 else ''}"
        head = f"{'Rose' if gained > 0 else 'Fell'} {places} from {old} to {new}"
    change = move["score"] - move["score_before"]
    scores = _score(move["score"])
    if abs(change) > NOTHING:
        ends = f"from {figure(move['score_before'])} to {figure(move['score'])}"
        scores = f"score {signed(change)}, {ends}"
    return f"{head} ({scores}): {_reasons(parts)}."


def _reasons(parts: Sequence[Mapping[str, Any]]) -> str:
    whole = {part["change_factor"]: part for part in parts if part["level"] > 1}
    if not set(FACTORS) & set(whole):
        return "not divided, since an index between the two has no score for it"
    leaves = [part for part in parts if part["level"] == 1 and _counts(part)]
    # Places are what readers ask for; where none changed hands, points.
    by = "rank_part" if any(abs(part["rank_part"]) > NOTHING for part in whole.values()) else None
    leaves.sort(key=lambda p: (-abs(p.get(by or "", 0)), -abs(p["score_part"]), p["title"]))
    named, rest = leaves[:LARGEST], leaves[LARGEST:]
    texts = [f"{part['title']} {_part(part)}{_figures(part)}" for part in named]
    if rest:
        total = {name: sum(part[name] for part in rest) for name in ("score_part", "rank_part")}
        n = len(rest)
        texts.append(f"{n} other indicator{'s' if n > 1 else ''} {_part(total)}")
    if not leaves and _counts(whole.get(FACTORS[0], {})):
        texts.append(f"data {_part(whole[FACTORS[0]])}")
    if not texts:
        texts = ["data 0"]
    others = (*FACTORS[1:], UNEXPLAINED)
    return "; ".join(
        [*texts, *(f"{name} {_part(whole[name])}" for name in others if name in whole)]
    )


def _counts(part: Mapping[str, Any]) -> bool:
    return any(abs(part.get(name, 0)) > NOTHING for name in ("score_part", "rank_part"))


def _part(part: Mapping[str, Any]) -> str:
    """Points, and places where there are any."""
    score, rank = part["score_part"], part["rank_part"]
    if abs(rank) <= NOTHING:
        return signed(score)
    places = f"{rank:+.2g}" if abs(rank) < 10 else f"{rank:+.0f}"
    return f"{signed(score)} and {places} rank{'' if places[1:] == '1' else 's'}"


def _figures(part: Mapping[str, Any]) -> str:
    """The figure of the city before and after, and what is due to those of others."""
    before, after = (part.get(f"value{end}") for end in ("_before", ""))
    years = [part.get(f"value_year{end}") for end in ("_before", "")]
    numbers = ["no figure" if value is None else figure(value) for value in (before, after)]
    # What is counted stands in the title.
    unit = part.get("unit", "").removeprefix("count").strip()
    known = [f"{year:.0f}" for year in dict.fromkeys(years) if year is not None]
    text = " to ".join(dict.fromkeys(numbers))
    if unit and (before is not None or after is not None):
        text = f"{text} {unit}"
    if before == after:
        text = f"{text} as before"
    texts = [", ".join(filter(None, [text, " to ".join(known)]))]
    others = part["score_part"] - part.get("own_score_part", part["score_part"])
    if abs(others) > NOTHING:
        texts.append(f"of it by the figures of others {signed(others)}")
    return f" ({'; '.join(texts)})"


def _score(score: float) -> str:
    return f"score {figure(score)}"


def figure(value: float) -> str:
    """A number to four digits, or to the unit where it has more."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def signed(value: float) -> str:
    """Points with their sign, 0 for none."""
    if abs(value) <= NOTHING:
        return "0"
    return f"{value:+,.0f}" if abs(value) >= 1000 else f"{value:+.3g}"
