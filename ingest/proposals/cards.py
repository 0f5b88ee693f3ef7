"""Proposals as files: ready-made cards with what only the analyst can decide left open, and the
candidate rows as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import yaml

from ingest import archive
from ingest.catalog_files import UNDECIDED
from ingest.proposals.propose import Candidate, Line, Proposal
from ingest.settings import Settings

PARSERS = {"tables": "ranking_table", "passages": "quoted_passages"}
HEAD = """\
# Proposed from {name} by `make propose`; nothing of it is a fact yet.
#   accept   write what is meant in place of every ???, correct the rest, make accept CARD=<this>
#   correct  change or delete what is wrong; {csv} has every row with its place
#   reject   delete this folder
# What is decided once is marked &so and repeated as *so: keep the mark, or write out both.
id: {id}  # choose an id that says whose ranking it is
title: &title {title}
private: false  # true: never in a release; it goes into the last folder of AICITY_CATALOG
publisher: &publisher "???"  # who publishes it, not who reprints it
kind: "???"  # report, news, statistics or register
licence: "???"  # licence or terms as they stand in the document or on its page
redistribution: "???"  # open, facts_only (single figures with citation) or none
citation: "???"  # publisher, title, date
cadence: once  # or daily, weekly, monthly or yearly
trust_tier: "???"  # 1 official, 2 publisher's own report, 3 press or repost, 4 doubtful
parser: {parser}
documents:
  - id: {id}
    title: *title
    address: "???"  # where it was found
    form: published  # or derived, where it is not the bytes that stand at the address
    mirror: {name}
    published_on: &published_on "???"  # 2026-05-31; a month or year: published_precision
    standing: "???"  # original, press, repost or content_farm
    seen: full
"""
REPORT = """\
- report_id: {id}  # {why}
  title: {title}
  publisher: *publisher  # who ranks; write another name where it is not the publisher above
  subject: {subject}  # what is ranked, as other cards have it: ai, ai_computing, innovation
  published_on: *published_on
  data_year: {data_year}  # year that the ranking speaks of
  universe: {universe}  # places ranked, in words; then universe_size, universe_country_code
"""
RANKINGS = """\
# Entries with one report_id are parts of one report: ranks that go on from sentence to sentence.
# Where a part is of another ranking, give it a report_id of its own, and an entry in reports.
"""
REPORTS = """\
# *report_... repeats what is written for the first report: write another where it differs.
"""
CLAIMS = """\
# subject: what is claimed, in a few words; attributed_to: who is said to have said it.
# In place of untestable, a claim may name the indicator or the ranking_subject that tests it.
"""
NOTES = {"rankings": RANKINGS, "claims": CLAIMS}
_OPEN = re.compile(rf"\b(?P<key>\w+): ['\"]?{re.escape(UNDECIDED)}['\"]?(?=\s|$)")
LONGEST_TITLE = 100
_CAPTION = re.compile(
    r"(?:^|(?<=[.!?。！？]\s)|(?<=[。！？]))(?:(?:Table|Tabelle|Tableau|Tabel|Figure|Abbildung|Exhibit|Gambar)"
    r"\s*\w+\s*[.:–-]|[表图圖]\s*[\d一二三四五六七八九十]+[-\d]*\s*[.:：]?)\s*(?P<said>\S.*)$"
)


def write(proposal: Proposal, data: bytes, settings: Settings) -> tuple[Path, list[Path]]:
    """Write a proposal into a folder of its own; returns the folder and its cards.

    What an analyst may have edited there stays as it is: a document is proposed once.
    """
    folder = settings.proposals_dir / f"{proposal.slug}-{proposal.sha256[:12]}"
    if not folder.is_dir():
        texts = cards(proposal)
        for name, text in texts.items():
            archive.write_atomically(folder / f"{name}.yml", text.encode())
        archive.write_atomically(folder / f"{proposal.slug}.csv", rows(proposal.lines).encode())
        archive.write_atomically(folder / Path(proposal.name).name, data)
    return folder, sorted(folder.glob("*.yml"))


def cards(proposal: Proposal) -> dict[str, str]:
    """Texts of the cards by their ids: one for the tables, one for the running text."""
    found = {}
    names = {"tables": proposal.slug, "passages": proposal.slug}
    declared = {"tables": proposal.tables, "passages": proposal.statements}
    if all(any(c.declared for c in group) for group in declared.values()):
        names["passages"] += "_text"
    for form, candidates in declared.items():
        taken = [candidate for candidate in candidates if candidate.declared]
        if taken:
            found[names[form]] = _card(proposal, names[form], form, taken)
    return found


def _card(proposal: Proposal, name: str, form: str, taken: Sequence[Candidate]) -> str:
    title = _quoted(title_of(proposal.content.title) or UNDECIDED)
    text = HEAD.format(
        name=_quoted(Path(proposal.name).name),
        csv=f"{proposal.slug}.csv",
        id=name,
        title=title,
        parser=PARSERS[form],
    )
    text += "    options:\n"
    if form == "passages":
        text += f'      decimal: "{proposal.decimal}"\n'
    reports: dict[str, str] = {}
    marked: set[str] = set()
    reported: set[str] = set()
    for key in ("tables", "rankings", "claims"):
        entries = [(c, entry) for c in taken for entry in c.declared.get(key, ())]
        if entries:
            text += f"      {key}:\n"
            text += textwrap.indent(NOTES.get(key, ""), " " * 8)
        for candidate, entry in entries:
            text += textwrap.indent(_once(_entry(candidate, entry), marked), " " * 8)
            if report := entry.get("report_id"):
                why = f"{candidate.where}, confidence {candidate.confidence:.2f}"
                own = title_of(candidate.title)
                title = _quoted(own) if own else "*title"
                open_ = dict.fromkeys(("subject", "data_year", "universe"), UNDECIDED)
                declaration = REPORT.format(id=report, why=_line(why), title=title, **open_)
                reports.setdefault(report, _once(declaration, reported, "report_"))
    if reports:
        text += "    reports:\n"
        text += textwrap.indent(REPORTS, " " * 6) if len(reports) > 1 else ""
        text += textwrap.indent("".join(reports.values()), " " * 6)
    return text


def _once(text: str, marked: set[str], prefix: str = "") -> str:
    """What is left open is asked for once: where it stands again it repeats the first."""

    def mark(found: re.Match[str]) -> str:
        key = found["key"]
        if key in marked:
            return f"{key}: *{prefix}{key}"
        marked.add(key)
        return f'{key}: &{prefix}{key} "{UNDECIDED}"'

    return _OPEN.sub(mark, text)


def title_of(text: str) -> str:
    """The title in what stands above a table: its caption, without sentences before it."""
    title = _line(text)
    if caption := _CAPTION.search(title):
        title = caption["said"]
    elif len(title) > LONGEST_TITLE or re.search(r"[^\W\d_]{3}[.!?] |[。！？]", title):
        return ""  # prose
    if len(title) > LONGEST_TITLE:
        title = textwrap.shorten(title, LONGEST_TITLE, placeholder=" ...")
    return title.rstrip(" .。")


def _entry(candidate: Candidate, entry: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(candidate.counts.items()))
    note = (
        f"{candidate.where}, confidence {candidate.confidence:.2f} ({candidate.reason}): {counts}"
    )
    read = [line.read_confidence for line in candidate.lines if line.read_confidence is not None]
    if read:
        note += f"; read by OCR, whose least sure part has {min(read):.2f}"
    comments = [note, *_doubts(candidate)]
    text = "".join(f"# {_line(comment)}\n" for comment in comments)
    return text + yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=90)


def _doubts(candidate: Candidate) -> Iterator[str]:
    """Rows that accepting the card would not make facts of."""
    doubtful = [line for line in candidate.lines if line.outcome != "proposed"]
    for line in doubtful[:10]:
        meant = f": {line.suggestions}" if line.suggestions else ""
        yield f"{line.outcome}: {line.name or line.quote} ({line.reason}{meant})"
    if len(doubtful) > 10:
        yield f"and {len(doubtful) - 10} more"


def summary(proposal: Proposal) -> list[dict[str, Any]]:
    """A row a candidate: what was found, where, how sure, and what becomes of its rows."""
    return [
        {
            "kind": found.kind,
            "where": found.where,
            "confidence": found.confidence,
            "in the card": "yes" if found.declared else "no",
            "rows": ", ".join(f"{n} {outcome}" for outcome, n in sorted(found.counts.items())),
            "first": "; ".join(shown(line) for line in found.lines[:3]),
            "why": found.reason,
        }
        for found in proposal.candidates
    ]


def shown(line: Line) -> str:
    """A row in few words: ``1 Beijing 91.5 = cn_beijing``."""
    rank = "" if line.rank_from is None else str(line.rank_from)
    if line.rank_to != line.rank_from:
        rank = f"{line.rank_from or ''}-{line.rank_to or ''}"
    printed = " ".join(filter(None, (rank, line.name or line.quote, line.score_as_printed)))
    return f"{printed} = {line.city_id}" if line.city_id else printed


def rows(lines: Sequence[Line]) -> str:
    """Candidate rows as CSV."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [field.name for field in fields(Line)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in lines)
    return stream.getvalue()


def _quoted(text: str) -> str:
    """A text of the document as a YAML scalar."""
    return json.dumps(_line(text), ensure_ascii=False)


def _line(text: str) -> str:
    """One line without signs that YAML does not allow in a comment."""
    return re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+", " ", text).strip()
