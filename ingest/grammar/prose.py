"""Ranks and figures asserted in running text.

Tokens become phrases (lists of names, of values, of ranks), and rules over the phrases of a
sentence become statements. Names and values are aligned only when their counts agree; what
looks like a statement and can't be read with certainty is a `Refusal` that carries both lists.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace

from ingest.grammar import lexicon, listings, numerals
from ingest.grammar.phrases import resolve
from ingest.grammar.quantities import decimal_sign
from ingest.grammar.rules import Found, Sentence, State
from ingest.grammar.statements import Cohort, Entry, IsName, Refusal, Statement
from ingest.grammar.tokens import Tokens, sentences, without_titles

__all__ = ["Cohort", "Entry", "Refusal", "Statement", "read_statements"]

LONGEST = 500_000
"""Characters of one text; longer ones are refused by an error."""


def read_statements(
    text: str, is_name: IsName | None = None, decimal: str | None = None
) -> list[Found]:
    """Every ranking, set, tier, bound and figure that a text asserts of named places, in order.

    Args:
        text: running text of one document; paragraphs are apart by line breaks.
        is_name: look-up in a gazetteer. It makes names certain, and keeps whole those that hold
            a comma or an "and"; without it names are told by their form and their place.
        decimal: the text's decimal sign, where known; else its numbers and its language say.

    Raises:
        ValueError: the text is longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        raise ValueError(f"a text of {len(text)} characters; the limit is {LONGEST}")
    reader = Tokens(text, is_name, decimal or decimal_of(text))
    found: list[Found] = list(listings.read_listings(text, reader))
    taken = [(f.start, f.end) for f in found]
    cohorts: list[Cohort] = []
    state = State()
    for sentence in sentences(reader.read()):
        span = sentence[0].start, sentence[-1].end
        note = _cohorts(text, *span)
        cohorts.extend(note)
        if any(start < span[1] and span[0] < end for start, end in taken):
            state = State(tier=state.tier)
            continue
        words = without_titles(sentence, text)
        for token in words:  # 直辖市 is no subject where municipalities are left out
            if any(c.relation == "excludes" and c.start <= token.start < c.end for c in note):
                token.code, token.data = "w", None
        parsed = Sentence(text, reader, resolve(words, reader), state)
        said = parsed.read()
        found.extend(said)
        if lost := parsed.lost(said):
            found.append(lost)
    found.sort(key=lambda f: (f.start, f.end))
    found = [_with_cohort(f, cohorts, text) for f in found]
    if lexicon.LOWER_IS_BETTER.search(text):
        found = [_lower(f) for f in found]
    return found


def _lower(found: Found) -> Found:
    """A statement of a text that says that lower is better."""
    if isinstance(found, Refusal) or found.direction == "higher_is_better":
        return found
    return replace(found, direction="lower_is_better")


_LANGUAGE_WORDS = {
    ",": re.compile(
        r"\b(?:yang|dengan|dan|di|pada|masing-masing|memiliki|der|die|das|und|mit|ist|les|des|est|avec|une|"
        r"et)\b",
        re.IGNORECASE,
    ),
    ".": re.compile(
        r"\b(?:the|of|and|with|in|is|was|by|has|have|for|from|than|at|to)\b|[㐀-鿿]", re.IGNORECASE
    ),
}


def decimal_of(text: str) -> str | None:
    """The decimal sign of a text: on which its numbers agree, or else that of its language."""
    sample = text[:100_000]
    if sign := decimal_sign([sample]):
        return sign
    if any(_settled(number) for number in re.findall(numerals.DIGITS, sample)):
        return None  # numbers of both kinds
    counts = {sign: len(words.findall(sample)) for sign, words in _LANGUAGE_WORDS.items()}
    high, low = max(counts.values()), min(counts.values())
    return max(counts, key=lambda sign: counts[sign]) if high > 2 * low else None


def _settled(number: str) -> bool:
    values = numerals.possible_values(number)
    return not number.isdigit() and len(set(values.values())) == 1 and len(values) == 1


# --- among whom ranks are counted ---------------------------------------------------------------


def _cohorts(text: str, start: int, end: int) -> list[Cohort]:
    found: list[Cohort] = []
    for relation, pattern in (("excludes", lexicon.EXCLUDES), ("among", lexicon.AMONG)):
        for match in pattern.finditer(text, start, end):
            of = next(v for v in match.groupdict().values() if v).strip()
            span = match.start(), match.end()
            if relation == "excludes":
                found.append(Cohort("excludes", of, match.group().strip(), *span))
            else:
                found.append(Cohort("among", of, match.group().strip(), *span))
    return found


_REACH = 2000
"""Characters over which a note governs."""


def _with_cohort(found: Found, cohorts: list[Cohort], text: str) -> Found:
    """A statement with the cohort of its sentence, or else of the note that governs it."""
    if isinstance(found, Refusal) or found.kind == "quantity":
        return found
    low = bisect_left(cohorts, found.start - _REACH, key=lambda c: c.start)
    high = bisect_left(cohorts, found.end + _REACH, key=lambda c: c.start)
    near = sorted(cohorts[low:high], key=lambda c: abs(c.start - found.start))[:50]
    for cohort in near:
        if _between(_SENTENCE_END, text, found, cohort):
            return replace(found, cohort=cohort)
    notes = [c for c in near if c.relation == "excludes" and _between(_BLOCK_END, text, found, c)]
    notes.sort(key=lambda c: (c.start > found.start, abs(c.start - found.start)))
    return replace(found, cohort=notes[0]) if notes else found


_SENTENCE_END = re.compile(r"[.!?](?:\s|$)|[。！？\n]")
_BLOCK_END = re.compile(r"\n\s*\n")


def _between(mark: re.Pattern[str], text: str, found: Statement, cohort: Cohort) -> bool:
    """Whether no such mark lies between a statement and a cohort."""
    low, high = sorted([(found.start, found.end), (cohort.start, cohort.end)])
    return mark.search(text[low[1] : high[0]]) is None
