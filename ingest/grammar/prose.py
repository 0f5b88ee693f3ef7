"""Ranks and figures asserted in running text.

Tokens become phrases (lists of names, of values, of ranks), and rules over the phrases of a
sentence become statements. Names and values are aligned only when their counts agree; what
looks like a statement and can't be read with certainty is a `Refusal` that carries both lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.grammar import lexicon, listings, numerals
from ingest.grammar.lists import IsName
from ingest.grammar.quantities import Quantity, decimal_sign
from ingest.grammar.statements import Cohort, Direction, Entry, Kind, Refusal, Statement
from ingest.grammar.tokens import Bracket, Name, Token, Tokens, sentences

__all__ = ["Cohort", "Entry", "Refusal", "Statement", "read_statements"]

LONGEST = 2_000_000
"""Characters of one text; longer ones are refused by an error."""
Found = Statement | Refusal


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
    state = _State()
    for sentence in sentences(reader.read()):
        span = sentence[0].start, sentence[-1].end
        note = _cohorts(text, *span)
        cohorts.extend(note)
        if any(start < span[1] and span[0] < end for start, end in taken):
            state = _State(tier=state.tier)
            continue
        found.extend(_Sentence(text, reader, _resolve(sentence, reader), state).read())
    found.sort(key=lambda f: (f.start, f.end))
    return [_with_cohort(f, cohorts, text) for f in found]


_LANGUAGE_WORDS = {
    ",": re.compile(
        r"\b(?:yang|dengan|dan|di|masing-masing|der|die|das|und|mit|ist|les|des|est|avec|une|et)\b",
        re.IGNORECASE,
    ),
    ".": re.compile(r"\b(?:the|of|and|with|in|is|was|by)\b|[㐀-鿿]", re.IGNORECASE),
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


# --- names of a sentence ----------------------------------------------------------------------

_AS_SUBJECT = set("pvrjstDgOUbVqXWF")
_BEFORE_OBJECT = set("FkIOUBADXr")
_PARTICLES = {"的", "则", "則", "均", "都", "也", "仍", "还", "還", "较"}


def _resolve(tokens: list[Token], reader: Tokens) -> list[Token]:
    """Runs of Chinese characters become names, by suffix, list or place, or other words."""
    out: list[Token] = []
    for index, token in enumerate(tokens):
        if token.code != "u":
            out.append(token)
            continue
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        out.extend(_run(token, before, after, reader))
    return out


def _run(token: Token, before: Token | None, after: Token | None, reader: Tokens) -> list[Token]:
    text = str(token.data)
    lead = lexicon.CJK_LEAD_IN.match(text)
    name = text[lead.end() :] if lead else text
    start = token.start + (lead.end() if lead else 0)
    known = reader.known(name) if reader.is_name else None

    def named(certain: bool) -> list[Token]:
        return [Token("n", start, token.end, Name(name, start, token.end, known, certain))]

    other = [Token("w", token.start, token.end)]
    if known:
        return named(True)
    left = before.code if before else ";"
    right = after.code if after else ";"
    begins = left in "c;.Fak" or lead is not None
    plain = lexicon.CJK_NO_NAME.search(name) is None
    if plain and lexicon.CJK_SUFFIX.search(name) and 2 <= len(name) <= _LONGEST_NAME:
        return named(True)
    head = re.match(r"[^市省]{1,6}?(?:市|省|自治区)(?=.)", name)
    if head and begins and not lexicon.CJK_NO_NAME.search(head.group()):
        end = start + head.end()
        whole = token.end - token.start == len(text)
        first = Name(head.group(), start, end, reader.known(head.group()) or None, True)
        return [Token("n", start, end, first), Token("w", end, token.end)] if whole else other
    if not plain or not (2 <= len(name) <= 8 or ("-" in name and len(name) <= 30)):
        return other
    source = reader.text
    listed = any(
        t is not None and (t.code == "a" or (t.code == "c" and source[t.start] == "、"))
        for t in (before, after)
    )
    if listed:
        return named(True)
    particle = after is not None and source[after.start : after.end] in _PARTICLES
    if begins and len(name) <= 6 and (right in _AS_SUBJECT or particle or right == "@"):
        return named(False)
    if left in _BEFORE_OBJECT and right in "c;.wpvkF" and len(name) <= 6:
        return named(False)
    return other


_LONGEST_NAME = 12


# --- phrases ----------------------------------------------------------------------------------


def _names_in(bracket: Bracket, reader: Tokens) -> list[Name] | None:
    """Names of a bracket that holds nothing but a list of them."""
    tokens = _resolve(bracket.tokens, reader)
    names = [t.data for t in tokens if t.code == "n"]
    return names if len(names) > 1 and all(t.code in "nca" for t in tokens) else None


def _annotate(name: Name, bracket: Bracket) -> None:
    """What a bracket behind a name says of it: its rank, its score, a tie, or a gloss only."""
    codes = "".join(t.code for t in bracket.tokens)
    ranks = [t.data for t in bracket.tokens if t.code == "r"]
    numbers = [t for t in bracket.tokens if t.code == "q"]
    if "X" in codes or re.fullmatch(r"\s*(?:tie|tied|ties|=|并列|並列|seri)\s*", bracket.text):
        name.tied = True
    if len(ranks) == 1 and not (len(numbers) > 1):
        name.rank = ranks[0][:2]
        name.tied = name.tied or ranks[0][2]
    elif len(numbers) == 1 and not ranks:
        quantity: Quantity = numbers[0].data
        signed = bracket.text.strip()[:1] in "+-−–"
        if signed:
            return
        if "p" in codes or quantity.unit or quantity.value % 1 or "." in quantity.printed:
            name.score = quantity
        else:
            name.bare = quantity
    elif "M" in codes:
        name.missing = next(str(t.data) for t in bracket.tokens if t.code == "M")


_SCORE_UNITS = re.compile(r"points?|pts|poin|punkten?|分", re.IGNORECASE)


class _Phrases:
    """Tokens of a sentence as phrases; ``codes[i]`` is the code of ``items[i]``."""

    def __init__(self, tokens: list[Token], reader: Tokens) -> None:
        self.reader = reader
        self.items: list[Token] = []
        self._read([t for t in tokens if t.code])
        self.codes = "".join(t.code for t in self.items)

    def _read(self, tokens: list[Token]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            code = token.code
            if code == "n":
                at = self._names(tokens, at)
            elif code in "qM" and (end := _list_end(tokens, at, "qM")) > at + 1:
                values = [t.data for t in tokens[at:end] if t.code in "qM"]
                self._add("V", token.start, tokens[end - 1].end, _same_unit(values))
                at = end
            elif code in "rj" and (end := _list_end(tokens, at, "r")) > at + 1:
                ranks = [t.data for t in tokens[at:end] if t.code == "r"]
                self._add("K", token.start, tokens[end - 1].end, ranks)
                at = end
            elif code == "b":
                names = _names_in(token.data, self.reader)
                if names and self.items and self.items[-1].code in "sjtgwk":
                    self._add("N", token.start, token.end, names)
                at += 1
            elif code == "v" and at + 1 < len(tokens) and tokens[at + 1].code == "s" and (
                "round" in self.reader.text[token.start : token.end].lower()
            ):
                size = tokens[at + 1].data
                self._add("r", token.start, tokens[at + 1].end, (size, size, False, ""))
                at += 2
            elif code == "q" and at + 1 < len(tokens) and (
                self.reader.text[tokens[at + 1].start : tokens[at + 1].end] == "的"
            ):
                self._add("w", token.start, token.end)  # of a clause that only describes
                at += 1
            elif code == "m":
                at = self._previous_rank(tokens, at)
            else:
                self.items.append(token)
                at += 1

    def _previous_rank(self, tokens: list[Token], at: int) -> int:
        """From a rank to another: the first one is the rank of before."""
        end = at + 1
        while end < len(tokens) and end < at + 4 and tokens[end].code in "wp":
            end += 1
        if end < len(tokens) and tokens[end].code in "rj":
            self._add("w", tokens[at].start, tokens[end].end)
            return end + 1
        self._add("w", tokens[at].start, tokens[at].end)
        return at + 1

    def _add(self, code: str, start: int, end: int, data: Any = None) -> None:
        self.items.append(Token(code, start, end, data))

    def _names(self, tokens: list[Token], at: int) -> int:
        """A list of names, each with its brackets and perhaps a figure right behind it."""
        first = at
        names: list[Name] = []
        ends: list[int] = []
        scored: list[tuple[int, Quantity | str]] = []
        while at < len(tokens) and tokens[at].code == "n":
            name = replace(tokens[at].data)
            at += 1
            while at < len(tokens) and tokens[at].code == "b":
                _annotate(name, tokens[at].data)
                at += 1
            names.append(name)
            ends.append(at)
            if figure := self._figure(tokens, at):
                scored.append((len(names) - 1, tokens[figure - 1].data))
                at = figure
            after = _separator_end(tokens, at)
            if after is None or after >= len(tokens):
                break
            skip = after
            while skip < len(tokens) and tokens[skip].code in "wF" and skip < after + 4:
                if tokens[skip].code == "F":
                    break
                skip += 1
            if tokens[after].code == "n":
                at = after
            elif scored and skip < len(tokens) and tokens[skip].code == "n" and skip > after and (
                self._figure(tokens, skip + 1)
            ):
                at = skip
            else:
                break
        covered = {index for index, _ in scored}
        if scored and len(covered) not in (len(names),):
            if len(names) > 1 and covered != set(range(1, len(names))):
                at = ends[-1] if covered == {len(names) - 1} else at
                scored = []
        for index, figure_data in scored:
            if isinstance(figure_data, Quantity):
                names[index].score = figure_data
            else:
                names[index].missing = figure_data
        self._add(self._code(tokens, first, names), tokens[first].start, tokens[at - 1].end, names)
        if _separator_end(tokens, at) is None and at > ends[-1] and not scored:
            return ends[-1]
        return at

    def _figure(self, tokens: list[Token], at: int) -> int | None:
        """End of a figure right behind a name: ``with a score of 92.4``, 以92.4分, ``– 84 points``."""
        end = at
        while end < len(tokens) and end < at + 6 and tokens[end].code in "pwvk":
            end += 1
        if end == at or end >= len(tokens) or tokens[end].code not in "qM":
            return None
        between = [t.code for t in tokens[at:end]]
        if _list_end(tokens, end, "qM") > end + 1:
            return None
        data = tokens[end].data
        is_score = tokens[end].code == "q" and _SCORE_UNITS.fullmatch(data.unit)
        if "p" not in between and not (is_score and end - at <= 2):
            return None
        if end + 1 < len(tokens):
            text = self.reader.text[tokens[end + 1].start : tokens[end + 1].end]
            if text == "的":
                return None
        return end + 1

    def _code(self, tokens: list[Token], first: int, names: list[Name]) -> str:
        """``N``, or ``l`` where the list says where something is, not what is ranked."""
        before = tokens[first - 1] if first else None
        return "l" if before is not None and before.code == "@" else "N"


def _separator_end(tokens: list[Token], at: int) -> int | None:
    """End of a comma, an "and", or both."""
    end = at
    if end < len(tokens) and tokens[end].code == "c":
        end += 1
    if end < len(tokens) and tokens[end].code == "a":
        end += 1
    return end if end > at else None


def _list_end(tokens: list[Token], at: int, codes: str) -> int:
    """End of a list of tokens of some codes, apart by separators."""
    end = at + 1
    while (after := _separator_end(tokens, end)) is not None:
        if after >= len(tokens) or tokens[after].code not in codes:
            break
        end = after + 1
    return end


def _same_unit(values: list[Any]) -> list[Quantity | str]:
    """80, 70 and 60 points: the unit of the last one is that of all."""
    last = values[-1]
    if isinstance(last, Quantity) and last.unit:
        return [
            replace(v, unit=last.unit) if isinstance(v, Quantity) and not v.unit else v
            for v in values
        ]
    return values


# --- rules ------------------------------------------------------------------------------------


@dataclass
class _State:
    """What one sentence hands on to the next."""

    rank: int | None = None
    """Last rank of a list that "followed by" can continue."""
    tier: tuple[int, int, Quantity | None] | None = None
    """Number of the last tier with scores, its last rank, and its last score."""
    score: Quantity | None = None
    pending: list[Name] = field(default_factory=list)


_F = "[wvpkgyl@]{0,12}?"
_Handler = Callable[[Any, re.Match[str]], "Found | None"]
"""A method of `_Sentence`."""


class _Sentence:
    def __init__(self, text: str, reader: Tokens, tokens: list[Token], state: _State) -> None:
        self.text = text
        phrases = _Phrases(tokens, reader)
        self.items, self.codes = phrases.items, phrases.codes
        self.state = state
        self.read_to = 0

    def read(self) -> list[Found]:
        found: list[Found] = []
        if not re.match(r"[wk]{0,3}c?F", self.codes):
            self.state.rank, self.state.score = None, None
        at = 0
        while at < len(self.codes):
            for pattern, handler in _RULES:
                match = pattern.match(self.codes, at)
                if match is None:
                    continue
                if handler is not _Sentence.censored and self._denied(match):
                    continue
                statement = handler(self, match)
                if statement is not None:
                    found.append(statement)
                    at = max(match.end(), at + 1)
                    break
            else:
                if self.codes[at] == ";":
                    self.state.rank = None
                at += 1
        return found

    def _denied(self, match: re.Match[str]) -> bool:
        """Whether the clause denies, wishes or hedges what it seems to say."""
        begin = max(self.codes.rfind(mark, 0, match.start()) for mark in ";c") + 1
        return "x" in self.codes[begin : match.end()]

    # --- parts of a match ---

    def _get(self, match: re.Match[str], group: str) -> Any:
        return self.items[match.start(group)].data if match[group] else None

    def _span(self, match: re.Match[str]) -> tuple[int, int]:
        items = self.items[match.start() : match.end()]
        return items[0].start, max(i.end for i in items)

    def _statement(
        self,
        match: re.Match[str],
        kind: Kind,
        entries: list[Entry],
        confidence: float,
        reason: str,
        **more: Any,
    ) -> Statement:
        start, end = self._span(match)
        names = [e for e in entries if e.known is False]
        if names:
            confidence, reason = confidence * 0.8, f"{reason}; names unknown"
        return Statement(
            kind, tuple(entries), start, end, self.text[start:end], round(confidence, 2), reason,
            direction=_direction(entries), **more,
        )

    def _refusal(
        self, match: re.Match[str], names: list[Name], values: list[Any], reason: str
    ) -> Refusal:
        start, end = self._span(match)
        printed = tuple(v.printed if isinstance(v, Quantity) else str(v) for v in values)
        return Refusal(
            tuple(n.text for n in names), printed, reason, start, end, self.text[start:end]
        )

    def _group_count(self, match: re.Match[str]) -> int | None:
        counts = [i.data for i in self.items[match.start() : match.end()] if i.code == "g"]
        return counts[0] if len(counts) == 1 else None

    # --- rules: each returns a statement, a refusal, or nothing where it doesn't hold ---

    def overtake(self, match: re.Match[str]) -> Found | None:
        winners, losers, rank = (self._get(match, g) for g in ("one", "other", "rank"))
        if len(winners) != 1:
            return self._refusal(match, winners, [], "several names overtake at once")
        place = rank[0] if rank else None
        entries = [_entry(winners[0], place, place)] if place else [_entry(winners[0])]
        above = place + 1 if place else None
        entries += [_entry(n, above, None, certain=False) for n in losers]
        if place:
            self.state.rank = place
        return self._statement(
            match, "bound", entries, 0.85 if place else 0.6, "one name overtakes others"
        )

    def behind_only(self, match: re.Match[str]) -> Found | None:
        ours, leaders, rank = (self._get(match, g) for g in ("one", "other", "rank"))
        if len(ours) != 1:
            return self._refusal(match, ours, [], "several names behind others")
        place = len(leaders) + 1
        if rank and rank[0] != place:
            return self._refusal(
                match, [*ours, *leaders], [rank[0]], "the rank isn't the number of names ahead"
            )
        alone = len(leaders) == 1
        entries = [
            _entry(n, 1, len(leaders), certain=alone) for n in leaders
        ] + [_entry(ours[0], place, place)]
        return self._statement(match, "ranking", entries, 0.85, "behind nobody but those named")

    def after(self, match: re.Match[str]) -> Found | None:
        ours, leaders, rank = (self._get(match, g) for g in ("one", "other", "rank"))
        if len(ours) != 1:
            return self._refusal(match, ours, [], "several names with one rank")
        ahead = rank[0] - 1
        if ahead < len(leaders):
            return self._refusal(match, [*ours, *leaders], [rank[0]], "too many names ahead")
        entries = [
            _entry(n, 1, ahead, certain=ahead == 1 and len(leaders) == 1) for n in leaders
        ] + [_entry(ours[0], rank[0], rank[0])]
        return self._statement(match, "bound", entries, 0.8, "a rank behind those named")

    def ahead(self, match: re.Match[str]) -> Found | None:
        ours, others, rank = (self._get(match, g) for g in ("one", "other", "rank"))
        if len(ours) != 1:
            return self._refusal(match, ours, [], "several names with one rank")
        entries = [_entry(ours[0], rank[0], rank[0])]
        entries += [_entry(n, rank[0] + 1, None, certain=False) for n in others]
        return self._statement(match, "bound", entries, 0.8, "a rank ahead of those named")

    def beyond(self, match: re.Match[str]) -> Found | None:
        names, rank, size = (self._get(match, g) for g in ("one", "rank", "size"))
        edge = rank[0] if rank else size
        entries = [_entry(n, edge + 1, None, certain=False) for n in names]
        return self._statement(match, "bound", entries, 0.7, "below a rank")

    def group_values(self, match: re.Match[str]) -> Found | None:
        """Names of a set or a tier, with their values: ranks go on from the tier before."""
        names, values = self._get(match, "one"), self._get(match, "values")
        size, tier = self._get(match, "size"), self._get(match, "tier")
        if len(names) != len(values):
            return self._refusal(match, names, values, f"{len(names)} names, {len(values)} values")
        label = self._label(match)
        order = _order(values)
        base: int | None = 0
        if size is not None and len(names) > size:
            return self._refusal(match, names, values, f"{len(names)} names in the first {size}")
        if tier is not None:
            base = self._tier_base(tier, values, order)
        certain = order != 0 and base is not None and size in (None, len(names))
        if certain and base is not None:
            ranks = _ranks(values, base)
            entries = [
                _entry(n, a, b, tied=b > a or ranks.count((a, b)) > 1, value=v)
                for n, v, (a, b) in zip(names, values, ranks, strict=True)
            ]
            self.state.rank = base + len(names)
            if tier is not None:
                self.state.tier = tier, base + len(names), values[-1]
            sure = 0.9 if order < 0 else 0.6
            return self._statement(
                match, "ranking", entries, sure, "as many values as names, in order", label=label
            )
        upper = size if tier is None else None
        low = 1 if upper else None
        entries = [
            _entry(n, low, upper, certain=False, value=v)
            for n, v in zip(names, values, strict=True)
        ]
        kind: Kind = "set" if tier is None else "tier"
        return self._statement(
            match, kind, entries, 0.7, "values align, but their order gives no ranks", label=label
        )

    def _tier_base(self, tier: int, values: list[Any], order: int) -> int | None:
        """Rank before the first of a tier, if the tier before it is known up to its end."""
        if tier == 1:
            return 0
        if self.state.tier is None or order >= 0:
            return None
        number, last, score = self.state.tier
        goes_on = isinstance(score, Quantity) and isinstance(values[0], Quantity) and (
            values[0].value <= score.value
        )
        return last if number == tier - 1 and goes_on else None

    def _label(self, match: re.Match[str]) -> str:
        found = [i for i in self.items[match.start() : match.end()] if i.code in "stj"]
        return self.text[found[0].start : found[0].end] if found else ""

    def rank_list(self, match: re.Match[str]) -> Found | None:
        names, ranks = self._get(match, "one"), self._get(match, "ranks")
        values = self._get(match, "values") if "values" in match.groupdict() else None
        if len(names) != len(ranks) or (values and len(values) != len(names)):
            printed = [*(r[0] for r in ranks), *(values or [])]
            return self._refusal(match, names, printed, f"{len(names)} names, {len(ranks)} ranks")
        entries = [
            _entry(n, r[0], r[1], tied=r[2], value=values[i] if values else None)
            for i, (n, r) in enumerate(zip(names, ranks, strict=True))
        ]
        self.state.rank = ranks[-1][1]
        return self._statement(match, "ranking", entries, 0.9, "as many ranks as names")

    def values_only(self, match: re.Match[str]) -> Found | None:
        names, values = self._get(match, "one"), self._get(match, "values")
        if len(names) == 1:
            return None
        if len(names) != len(values):
            return self._refusal(match, names, values, f"{len(names)} names, {len(values)} values")
        entries = [_entry(n, value=v) for n, v in zip(names, values, strict=True)]
        sure = 0.85 if "D" in match.group() else 0.7
        return self._statement(match, "quantity", entries, sure, "as many values as names")

    def group(self, match: re.Match[str]) -> Found | None:
        """Names of the first k places: who, but in which order only if the text says so."""
        names: list[Name] = self._get(match, "one")
        size: int = self._get(match, "size")
        more = self._get(match, "more") if "more" in match.groupdict() else None
        count = self._group_count(match)
        if count is not None and count != len(names) and count != size:
            return self._refusal(match, names, [count], f"{len(names)} names, but {count} counted")
        total = len(names) + len(more or [])
        if total > size:
            return self._refusal(match, [*names, *(more or [])], [size], f"{total} names in {size}")
        label = self._label(match)
        if more:
            if total != size:
                return self._refusal(match, [*names, *more], [size], f"{total} names of {size}")
            alone = len(names) == 1
            entries = [_entry(n, 1, len(names), certain=alone) for n in names]
            if alone:
                entries += [_entry(n, i, i) for i, n in enumerate(more, start=2)]
            else:
                entries += [_entry(n, len(names) + 1, size, certain=False) for n in more]
            self.state.rank = size
            kind: Kind = "ranking" if alone else "set"
            return self._statement(match, kind, entries, 0.8, "followed by others", label=label)
        complete = len(names) == size
        if complete:
            self.state.rank = size
        scored = all(n.score for n in names)
        in_order = "I" in match.group() or (scored and _order([n.score for n in names]) < 0)
        if in_order and complete:
            entries = [_entry(n, i, i) for i, n in enumerate(names, start=1)]
            return self._statement(
                match, "ranking", entries, 0.9, "named in order of rank", label=label
            )
        entries = [_entry(n, 1, size, certain=False) for n in names]
        if len(names) == 1 and size > 1:
            return self._statement(match, "set", entries, 0.75, "one of the first", label=label)
        return self._statement(
            match, "set", entries, 0.85 if complete else 0.7,
            "who is among the first, but not in which order", label=label,
        )

    def tier(self, match: re.Match[str]) -> Found | None:
        names, tier = self._get(match, "one"), self._get(match, "tier")
        count = self._group_count(match)
        if count is not None and count != len(names):
            return self._refusal(match, names, [count], f"{len(names)} names, but {count} counted")
        entries = [_entry(n, certain=False) for n in names]
        return self._statement(
            match, "tier", entries, 0.8, f"tier {tier}, without order", label=self._label(match)
        )

    def rank_range(self, match: re.Match[str]) -> Found | None:
        names, (low, high, *_) = self._get(match, "one"), self._get(match, "range")
        places = high - low + 1
        if len(names) > places or (len(names) > 1 and len(names) != places):
            return self._refusal(match, names, [f"{low}-{high}"], f"{len(names)} names, {places} ranks")
        self.state.rank = high
        if "I" in match.group() and len(names) == places:
            entries = [_entry(n, r, r) for r, n in enumerate(names, start=low)]
            return self._statement(match, "ranking", entries, 0.9, "named in order of rank")
        entries = [_entry(n, low, high, certain=False) for n in names]
        return self._statement(
            match, "set", entries, 0.85, "who has these ranks, but not in which order",
            label=self._label(match),
        )

    def rank(self, match: re.Match[str]) -> Found | None:
        names: list[Name] = self._get(match, "one")
        low, high, tied, kind = self._get(match, "rank")
        if kind == "inverse" and "inverse" not in match.re.pattern:
            return None
        tied = tied or "X" in match.group()
        value = self._get(match, "value")
        if len(names) > 1 and not tied:
            return self._refusal(match, names, [low], f"{len(names)} names with one rank")
        if value is not None and len(names) > 1:
            return self._refusal(match, names, [value], "one value for several names")
        entries = [_entry(n, low, high, tied=tied, value=value) for n in names]
        self.state.rank = low + len(names) - 1
        self.state.score = entries[-1].score
        sure = 0.9 if all(n.certain for n in names) else 0.7
        sure -= 0.1 if kind in ("bare", "lead") else 0
        if any(e.missing for e in entries):
            return self._statement(match, "ranking", entries, sure, "a rank; its score is withheld")
        return self._statement(match, "ranking", entries, sure, "a name with its rank")

    def inverse(self, match: re.Match[str]) -> Found | None:
        begin = max(self.codes.rfind(mark, 0, match.start()) for mark in ";c") + 1
        if "N" in self.codes[begin : match.start()]:
            return None
        names: list[Name] = self._get(match, "one")
        low, high, tied, kind = self._get(match, "rank")
        if len(names) > 1 and not tied:
            if kind == "inverse":
                return None
            return self._refusal(match, names, [low], f"{len(names)} names with one rank")
        self.state.rank = low + len(names) - 1
        entries = [_entry(n, low, high, tied=tied) for n in names]
        return self._statement(match, "ranking", entries, 0.8, "a rank and its name")

    def followed(self, match: re.Match[str]) -> Found | None:
        names: list[Name] = self._get(match, "one")
        if self.state.rank is None:
            return self._refusal(match, names, [], "follow a place that isn't known")
        base = self.state.rank
        tied = all(n.tied for n in names) and len(names) > 1
        ranked = [n for n in names if n.rank]
        if any(n.rank != (base + i, base + i) for i, n in enumerate(names, 1) if n.rank):
            return self._refusal(match, names, [n.rank for n in ranked], "other ranks in brackets")
        scores = [n.score for n in names if n.score]
        if len(scores) > 1 and _order(scores) > 0 and not tied:
            return self._refusal(match, names, scores, "scores rise")
        entries = [
            _entry(n, base + 1, base + 1, tied=True) if tied else _entry(n, base + i, base + i)
            for i, n in enumerate(names, start=1)
        ]
        self.state.rank = base + len(names)
        sure = 0.85 if len(names) == 1 or len(scores) == len(names) else 0.75
        return self._statement(match, "ranking", entries, sure, "follow the place before")

    def bracketed(self, match: re.Match[str]) -> Found | None:
        """Names whose own brackets or figures give their ranks or their scores."""
        names: list[Name] = self._get(match, "one")
        if all(n.rank for n in names):
            entries = [_entry(n, *(n.rank or (None, None)), tied=n.tied) for n in names]
            return self._statement(match, "ranking", entries, 0.9, "ranks in brackets")
        if len(names) > 1 and all(n.bare for n in names):
            values = [n.bare for n in names]
            return self._refusal(match, names, values, "numbers in brackets are ranks or scores")
        if all(n.score or n.missing for n in names):
            entries = [_entry(n) for n in names]
            return self._statement(match, "quantity", entries, 0.8, "a name with its figure")
        return None

    def quantity(self, match: re.Match[str]) -> Found | None:
        names: list[Name] = self._get(match, "one")
        value = self._get(match, "value")
        if not isinstance(value, Quantity):
            return None
        has_word = "p" in match.group() or "v" in match.group() or "k" in match.group()
        if len(names) != 1 or not value.unit or not has_word:
            return None
        if _SCORE_UNITS.fullmatch(value.unit) is None and not names[0].certain:
            return None
        entries = [_entry(names[0], value=value)]
        return self._statement(match, "quantity", entries, 0.6, "a figure near a name")

    def censored(self, match: re.Match[str]) -> Found | None:
        start, end = self._span(match)
        names = self._get(match, "one") or []
        entries = [_entry(n) for n in names]
        entries = [replace(e, missing="an asterisk stands for the rank") for e in entries]
        return Statement(
            "withheld", tuple(entries), start, end, self.text[start:end], 0.7,
            "an asterisk in place of 第一", candidate=1,
        )


def _entry(
    name: Name,
    low: int | None = None,
    high: int | None = None,
    tied: bool = False,
    certain: bool = True,
    value: Quantity | str | None = None,
) -> Entry:
    score = value if isinstance(value, Quantity) else name.score
    missing = value if isinstance(value, str) else name.missing
    return Entry(
        name.text, low, high, tied or name.tied, certain, score, None if score else missing,
        name.start, name.end, name.known,
    )


def _order(values: list[Any]) -> int:
    """-1 where values fall (or stay), 1 where they rise, 0 where neither or not all are numbers."""
    if not all(isinstance(v, Quantity) and v.upper is None for v in values) or len(values) < 2:
        return -1 if len(values) == 1 else 0
    if len({v.unit for v in values}) > 1:
        return 0
    numbers = [v.value for v in values]
    if numbers == sorted(numbers, reverse=True):
        return -1
    return 1 if numbers == sorted(numbers) else 0


def _ranks(values: list[Any], base: int) -> list[tuple[int, int]]:
    """Ranks of values in order; equal ones share the better rank."""
    numbers = [v.value for v in values]
    return [(base + numbers.index(n) + 1,) * 2 for n in numbers]


def _direction(entries: list[Entry]) -> Direction | None:
    """Whether a better rank goes with a higher or with a lower score."""
    known = sorted(
        (e.rank_from, e.score.value)
        for e in entries
        if e.score is not None and e.rank_from is not None and e.rank_from == e.rank_to
    )
    scores = [score for _, score in known]
    if len(set(scores)) < 2:
        return None
    if scores == sorted(scores, reverse=True):
        return "higher_is_better"
    return "lower_is_better" if scores == sorted(scores) else None


_ONE, _OTHER = "(?P<one>N)", "(?P<other>N)"
_RULES: list[tuple[re.Pattern[str], _Handler]] = [
    (re.compile(pattern.replace("~", _F)), handler)
    for pattern, handler in (
        (rf"{_ONE}~O~{_OTHER}(?:c?~(?P<rank>r))?", _Sentence.overtake),
        (rf"{_ONE}~(?P<rank>r)?c?~U~{_OTHER}", _Sentence.behind_only),
        (rf"U~{_OTHER}c?~{_ONE}~(?P<rank>r)", _Sentence.behind_only),
        (rf"{_ONE}~(?P<rank>r)c?~B~{_OTHER}(?=[c;a]|$)", _Sentence.after),
        (rf"B~{_OTHER}c~{_ONE}~(?P<rank>r)", _Sentence.after),
        (rf"{_ONE}~(?P<rank>r)c?~A~{_OTHER}(?=[c;a]|$)", _Sentence.ahead),
        (rf"{_ONE}~W~(?:(?P<rank>r)|(?P<size>s))", _Sentence.beyond),
        (
            rf"{_ONE}~(?:(?P<size>s)|(?P<tier>t))c?~D?~(?P<values>V)D?",
            _Sentence.group_values,
        ),
        (
            rf"{_ONE}D?~(?P<values>V)c?D?c?~(?:(?P<size>s)|(?P<tier>t))",
            _Sentence.group_values,
        ),
        (
            rf"(?:(?P<size>s)|(?P<tier>t))~D?I?~{_ONE}c?~D?~(?P<values>V)D?",
            _Sentence.group_values,
        ),
        (rf"{_ONE}~D?~(?P<ranks>K)c?D?~(?P<values>V)D?", _Sentence.rank_list),
        (rf"{_ONE}~D?~(?P<ranks>K)c?D?", _Sentence.rank_list),
        (rf"{_ONE}~D?~(?P<values>V)c?D?", _Sentence.values_only),
        (rf"(?P<size>s)~[ID]?~{_ONE}~c?~F~(?P<more>N)", _Sentence.group),
        (rf"{_ONE}~h?~(?P<size>s)", _Sentence.group),
        (rf"(?P<size>s)~[ID]?~{_ONE}", _Sentence.group),
        (rf"{_ONE}~(?P<range>j)", _Sentence.rank_range),
        (rf"(?P<range>j)~[ID]?~{_ONE}", _Sentence.rank_range),
        (rf"{_ONE}~(?P<tier>t)", _Sentence.tier),
        (rf"(?P<tier>t)~[ID]?~{_ONE}", _Sentence.tier),
        (rf"{_ONE}~a?~X?~(?P<rank>r)c?[wvl@yk]*?p[wpvlk]*?(?P<value>[qM])", _Sentence.rank),
        (rf"{_ONE}~[ac]?v?~X?~(?P<rank>r)(?P<value>q)?", _Sentence.rank),
        (rf"(?P<rank>r)~k?~{_ONE}", _Sentence.inverse),
        (rf"F~{_ONE}", _Sentence.followed),
        (rf"(?P<one>N)?[wvpk]{{0,8}}?Z", _Sentence.censored),
        (_ONE, _Sentence.bracketed),
        (rf"(?P<one>[Nl])~(?P<value>q)", _Sentence.quantity),
    )
]


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


def _with_cohort(found: Found, cohorts: list[Cohort], text: str) -> Found:
    """A statement with the cohort of its sentence, or else of the note that governs it."""
    if isinstance(found, Refusal) or found.kind == "quantity":
        return found
    sentence = [c for c in cohorts if _same_sentence(text, found, c)]
    if sentence:
        nearest = min(sentence, key=lambda c: abs(c.start - found.start))
        return replace(found, cohort=nearest)
    notes = [c for c in cohorts if c.relation == "excludes" and _same_block(text, found, c)]
    before = [c for c in notes if c.start <= found.start]
    if before:
        return replace(found, cohort=before[-1])
    return replace(found, cohort=notes[0]) if notes else found


def _same_sentence(text: str, found: Statement, cohort: Cohort) -> bool:
    low, high = sorted([(found.start, found.end), (cohort.start, cohort.end)])
    return re.search(r"[.。！？!?](?:\s|$)|[。\n]", text[low[1] : high[0]]) is None


def _same_block(text: str, found: Statement, cohort: Cohort) -> bool:
    """Whether no blank line lies between: a note governs the block in which it stands."""
    low, high = sorted([(found.start, found.end), (cohort.start, cohort.end)])
    return re.search(r"\n\s*\n", text[low[1] : high[0]]) is None
