"""The report of a dry run as compact text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

LINES = 12  # of a table
LONGEST = 60  # characters of a cell
CITIES = 10
REASONS = 3
# Tables whose rows are told one by one below.
TOLD = ("document", "observation", "published_rank", "claim", "event", "quarantine")

Row = Mapping[str, Any]


def text(report: Mapping[str, Any]) -> str:
    lines = [*_faults(report), ""]
    current = report["current"]
    against = f"the release {current}" if current else "nothing: there is no release yet"
    lines += [f"What a release would change, compared with {against}", ""]
    if report["unchanged"]:
        lines += ["  nothing: its content is the same", ""]
    else:
        lines += _changes(report["release"])
        named = report["changed_tables"]
        more = f" and {len(named) - LINES} more" if len(named) > LINES else ""
        lines += [f"  All tables that differ: {', '.join(named[:LINES])}{more}", ""]
    lines += [*_checks(report["checks"]), "", *_verdict(report)]
    if "private" in report:
        names = ", ".join([*report["private_sources"], *report["private_frameworks"]])
        lines += ["", f"NOT IN A RELEASE: what is private changes besides ({names})", ""]
        lines += _changes(report["private"])
        failing = report["private_checks"]
        lines.append(f"Checks that fail or warn with them: {len(failing)}")
        lines += _failing(failing)
        lines += [f"  {reason}" for reason in report["private_refusals"]]
    return "\n".join(lines)


def _faults(report: Mapping[str, Any]) -> list[str]:
    lines = []
    if report["faults"]:
        lines.append(
            f"\nFaults in the catalog: {len(report['faults'])}; what is faulty is left out"
        )
        for fault in report["faults"]:
            place = f"{fault['file']}:{fault['line']}: {fault['entity']}"
            lines += [f"  {place}: {fault['message']}", f"    {fault['remedy']}"]
    if report["problems"]:
        lines.append(f"\nDocuments that could not be read: {len(report['problems'])}")
        lines += [f"  {row['source_id']}: {row['problem']}" for row in report["problems"]]
    if report["stale"]:
        lines.append(f"\nFacts that are older than their cards: {len(report['stale'])}")
        lines += [f"  {row['source_id']}: {row['problem']}" for row in report["stale"]]
    return lines


def _changes(changes: Mapping[str, Any] | None) -> list[str]:
    if changes is None:
        return ["  not known: it could not be built", ""]
    tables = [
        {"catalog": table.split(".")[1], "added": change["added"], "removed": change["removed"]}
        for table, change in changes["tables"].items()
        if table.startswith("raw.") and table.split(".")[1] not in TOLD
        if change["added"] or change["removed"]
    ]
    lines = _table(tables)
    facts = [
        {"fact": row["fact"], "of": " ".join(_subject(row)), **_counts(row)}
        for row in changes["facts"]
    ]
    lines += _table(facts, [_examples(row) for row in changes["facts"]])
    values = [{"indicator": row["indicator"], **_counts(row)} for row in changes["indicators"]]
    lines += _table(values, [_examples(row) for row in changes["indicators"]])
    for ranking in changes["rankings"]:
        lines += _ranking(ranking)
    return lines or ["  no fact, value or rank", ""]


def _subject(row: Row) -> list[str]:
    counted = ("fact", "added", "removed", "changed", "examples")
    return [str(value) for key, value in row.items() if key not in counted]


def _counts(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in ("added", "removed", "changed")}


def _examples(row: Row) -> list[str]:
    found = []
    for example in row["examples"]:
        place = " ".join(str(example[k]) for k in ("city_name", "year") if example.get(k))
        old, new = _cell(example["old"], "missing"), _cell(example["new"], "missing")
        said = {
            "added": new,
            "removed": f"{old} is gone",
            "changed": f"{old} -> {new}" if old != new else f"{new}, other details",
        }[example["change"]]
        found.append(f"{place}: {said}" if place else said)
    return found


def _ranking(ranking: Row) -> list[str]:
    moved = [row for row in ranking["changed"] if row["rank_old"] != row["rank_new"]]
    head = f"  {ranking['framework']} {ranking['edition']}: {ranking['n_ranked_new']} cities ranked"
    if ranking["n_ranked_old"] != ranking["n_ranked_new"]:
        head += f", {ranking['n_ranked_old']} before"
    head += f"; {len(moved)} change their rank, {len(ranking['changed'])} their rank or score"
    rows = [
        {
            "city": row["city_name"],
            "rank": _step(row["rank_old"], row["rank_new"]),
            "score": _step(f"{row['score_old']:.2f}", f"{row['score_new']:.2f}"),
        }
        for row in ranking["changed"][:CITIES]
    ]
    come, go = ranking["come"], ranking["go"]
    rows += [
        {"city": r["city_name"], "rank": f"new: {r['rank_new']}", "score": f"{r['score_new']:.2f}"}
        for r in come[:CITIES]
    ]
    rows += [
        {"city": r["city_name"], "rank": f"gone, was {r['rank_old']}", "score": r["reason"] or ""}
        for r in go[:CITIES]
    ]
    left = sum(max(0, len(part) - CITIES) for part in (ranking["changed"], come, go))
    return [head, *_table(rows, indent="    ", limit=len(rows), left=left)]


def _step(old: Any, new: Any) -> str:
    return str(new) if old == new else f"{old} -> {new}"


def _checks(checks: Sequence[Row]) -> list[str]:
    failed = [c for c in checks if c["blocking"]]
    warned = [c for c in checks if not c["passed"] and not c["blocking"]]
    passed = len(checks) - len(failed) - len(warned)
    head = f"Checks: {passed} passed, {len(warned)} warned, {len(failed)} failed"
    return [head, *_failing([*failed, *warned])]


def _failing(checks: Iterable[Row]) -> list[str]:
    lines = []
    for check in checks:
        word = "failed" if check["blocking"] else "warned"
        lines.append(f"  {word}  {check['asset']}: {check['check']} ({check['n_failed']} rows)")
        # Faults of the catalog are what an analyst mends next: each whole.
        is_fault = check["asset"] == "raw/catalog_error"
        shown = check["sample"][: LINES if is_fault else REASONS]
        for row in shown:
            cells = (_cell(value, longest=1000 if is_fault else LONGEST) for value in row.values())
            lines.append("          " + ", ".join(cells))
        if check["n_failed"] > len(shown):
            lines.append(f"          and {check['n_failed'] - len(shown)} more")
    return lines


def _verdict(report: Mapping[str, Any]) -> list[str]:
    if report["refusals"]:
        reasons = [f"  {reason}" for reason in report["refusals"][:LINES]]
        more = len(report["refusals"]) - len(reasons)
        return ["A release would be REFUSED:", *reasons, *([f"  and {more} more"] if more else [])]
    if report["unchanged"]:
        return ["No release would be made: the current one has this content."]
    return ["A release would be published."]


def _table(
    rows: Sequence[Row],
    below: Sequence[Sequence[str]] = (),
    indent: str = "  ",
    limit: int = LINES,
    left: int = 0,
) -> list[str]:
    """Rows as a table, with lines of detail below each of them; nothing for no rows."""
    if not rows:
        return []
    shown = rows[:limit]
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in shown]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    right = [all(isinstance(row[name], (int, float)) for row in shown) for name in names]

    def line(values: Sequence[str]) -> str:
        padded = [
            value.rjust(width) if number else value.ljust(width)
            for value, width, number in zip(values, widths, right, strict=True)
        ]
        return (indent + "  ".join(padded)).rstrip()

    lines = [line(names)]
    for i, row in enumerate(cells):
        lines.append(line(row))
        lines += [f"{indent}    {detail}" for detail in (below[i] if below else ())]
    left += len(rows) - len(shown)
    if left:
        lines.append(f"{indent}and {left} more")
    return [*lines, ""]


def _cell(value: Any, empty: str = "", longest: int = LONGEST) -> str:
    if value is None:
        return empty
    if isinstance(value, float):
        return f"{value:,.10g}"
    return " ".join(str(value).split())[:longest]
