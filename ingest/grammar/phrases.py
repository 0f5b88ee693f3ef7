"""Tokens of a sentence as phrases: lists of names, of values, of ranks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ingest.grammar import lexicon, numerals
from ingest.grammar.quantities import Quantity
from ingest.grammar.tokens import Bracket, Name, Token, Tokens

# --- names of a sentence ----------------------------------------------------------------------

_AS_SUBJECT = set("pvrjstDgOUbVqXWF")
_BEFORE_OBJECT = set("FkIOUBADXr")
_OPENERS = {"其中", "而", "但", "此外", "同时", "其余", "其餘"}
_PARTICLES = {
    "的",
    "则",
    "則",
    "均",
    "都",
    "也",
    "仍",
    "还",
    "還",
    "较",
    "暂",
    "仅",
    "已",
    "再",
    "双双",
    "首次",
}


def resolve(tokens: list[Token], reader: Tokens) -> list[Token]:
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

    other = [Token("w", token.start, token.end, "unread")]
    if known:
        return named(True)
    left = before.code if before else ";"
    right = after.code if after else ";"
    opened = before is not None and reader.text[before.start : before.end] in _OPENERS
    begins = left in "c;.FakmT" or lead is not None or opened
    plain = lexicon.CJK_NO_NAME.search(name) is None
    listed = any(
        t is not None and (t.code == "a" or (t.code == "c" and reader.text[t.start] == "、"))
        for t in (before, after)
    )
    counted = _COUNTED.match(name) if listed and token.end - token.start == len(text) else None
    if counted:  # 甲、乙、丙三市
        end = start + counted.end(1)
        first = Name(counted[1], start, end, reader.known(counted[1]) or None)
        number = int(counted[2]) if counted[2].isdigit() else int(numerals.cjk_value(counted[2]))
        stop = start + counted.end()
        rest = [Token("w", stop, token.end)] if stop < token.end else []
        return [Token("n", start, end, first), Token("g", end, stop, number), *rest]
    if plain and listed and len(name) == 1:
        return named(False)
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
    if listed:
        return named(True)
    particle = after is not None and source[after.start : after.end] in _PARTICLES
    if begins and len(name) <= 6 and (right in _AS_SUBJECT or particle or right == "@"):
        return named(False)
    if left in _BEFORE_OBJECT and right in "c;.wpvkF" and len(name) <= 6:
        return named(False)
    return other


_LONGEST_NAME = 12
_COUNTED = re.compile(
    r"(.{1,7}?)([两兩二三四五六七八九十]{1,2}|\d{1,2})(?:省市|大城市|市|地|城|省)(?![区级名市方])"
)


# --- phrases ----------------------------------------------------------------------------------


def _names_in(bracket: Bracket, reader: Tokens) -> list[Name] | None:
    """Names of a bracket that holds nothing but a list of them."""
    tokens = resolve(bracket.tokens, reader)
    names = [t.data for t in tokens if t.code == "n"]
    return names if len(names) > 1 and all(t.code in "nca" for t in tokens) else None


_TIE_MARK = re.compile(
    r"^\s*(?:tie|tied|ties|=|并列|並列|seri)\s*$|=\s?\d|\d(?:st|nd|rd|th)?\s?=|\bT-?\d|并列|並列"
)


def _annotate(name: Name, bracket: Bracket) -> None:
    """What a bracket behind a name says of it: its rank, its score, a tie, or a gloss only."""
    codes = "".join(t.code for t in bracket.tokens)
    ranks = [t.data for t in bracket.tokens if t.code == "r"]
    numbers = [t for t in bracket.tokens if t.code == "q"]
    if "X" in codes or _TIE_MARK.search(bracket.text):
        name.tied = True
    if len(ranks) == 1 and len(numbers) <= 1:
        name.rank = ranks[0][:2]
        name.tied = name.tied or ranks[0][2]
        if numbers and _has_decimals(numbers[0].data):
            name.score = numbers[0].data
    elif len(numbers) == 1 and not ranks:
        quantity: Quantity = numbers[0].data
        signed = bracket.text.strip()[:1] in "+-−–"
        if signed:
            return
        if "p" in codes or quantity.unit or _has_decimals(quantity):
            name.score = quantity
        else:
            name.bare = quantity
    elif "M" in codes:
        name.missing = next(str(t.data) for t in bracket.tokens if t.code == "M")


def _has_decimals(quantity: Quantity) -> bool:
    exponent = quantity.value.as_tuple().exponent
    return isinstance(exponent, int) and exponent < 0 and quantity.upper is None


_EACH = re.compile(r"均|都|皆|\b(?:each|both|jeweils|masing-masing|chacun)", re.IGNORECASE)
_LINKS = {"de", "d", "the", "of", "city", "kota", "ville", "stadt", "du"}
SCORE_UNITS = re.compile(r"points?|pts|poin|punkten?|分", re.IGNORECASE)


class Phrases:
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
            elif (
                code == "r"
                and (end := _list_end(tokens, at, "r")) > at + 1
                and not any(t.data[3] == "lead" for t in tokens[at:end] if t.code == "r")
            ):
                ranks = [t.data for t in tokens[at:end] if t.code == "r"]
                if len(ranks) == 2 and self._between(tokens, at) and ranks[0][0] < ranks[1][0]:
                    span = ranks[0][0], ranks[1][1], False, ""
                    self._add("j", token.start, tokens[end - 1].end, span)
                    at = end
                    continue
                self._add("K", token.start, tokens[end - 1].end, ranks)
                at = end
            elif code == "b":
                names = _names_in(token.data, self.reader)
                if names and self.items and self.items[-1].code in "sjtgwk":
                    self._add("N", token.start, token.end, names)
                at += 1
            elif (
                code == "v"
                and at + 1 < len(tokens)
                and tokens[at + 1].code == "s"
                and ("round" in self.reader.text[token.start : token.end].lower())
            ):
                size = tokens[at + 1].data
                self._add("r", token.start, tokens[at + 1].end, (size, size, False, "closes"))
                at += 2
            elif (
                code == "q"
                and at + 1 < len(tokens)
                and (self.reader.text[tokens[at + 1].start : tokens[at + 1].end] == "的")
            ):
                self._add("w", token.start, token.end)  # of a clause that only describes
                at += 1
            elif code == "m":
                at = self._previous_rank(tokens, at)
            else:
                self.items.append(token)
                at += 1

    def _between(self, tokens: list[Token], at: int) -> bool:
        begin = tokens[max(at - 2, 0)].start
        words = self.reader.text[begin : tokens[at].start].lower()
        return bool(re.search(r"\b(?:between|antara|zwischen|entre)\b|介于", words))

    def _previous_rank(self, tokens: list[Token], at: int) -> int:
        """From a rank to another: the first one is the rank of before."""
        end = at + 1
        while end < len(tokens) and end < at + 6 and tokens[end].code in "wpT":
            end += 1
        if end < len(tokens) and tokens[end].code in "rj":
            self._add("v", tokens[at].start, tokens[end].end)
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
        adjacent = False
        scored: list[tuple[int, Quantity | str]] = []
        while at < len(tokens) and tokens[at].code == "n":
            name = replace(tokens[at].data)
            at += 1
            while at < len(tokens) and tokens[at].code == "b":
                _annotate(name, tokens[at].data)
                at += 1
            names.append(name)
            ends.append(at)
            figure = self._figure(tokens, at)
            if figure is None and self._adjacent(tokens, at):
                figure, adjacent = at + 1, True
            if figure:
                scored.append((len(names) - 1, tokens[figure - 1].data))
                at = figure
                while at < len(tokens) and tokens[at].code == "b":
                    _annotate(names[-1], tokens[at].data)  # 甲市得分92.4分(第1位)
                    at += 1
            after = _separator_end(tokens, at)
            if after is None or after >= len(tokens):
                break
            if self._ends_clause(tokens, first, at):
                break
            skip = after
            while skip < len(tokens) and tokens[skip].code in "wF" and skip < after + 4:
                if tokens[skip].code == "F":
                    break
                skip += 1
            if tokens[after].code == "n":
                at = after
            elif (
                skip < len(tokens)
                and tokens[skip].code == "n"
                and skip > after
                and ((scored and self._figure(tokens, skip + 1)) or self._links(tokens[after:skip]))
            ):
                at = skip
            else:
                break
        if adjacent and len(names) < 2:  # Version 2.0 is no list of scores
            at, scored = ends[-1], []
        covered = {index for index, _ in scored}
        if scored and len(covered) < len(names):
            # A figure behind the last name only need not be that name's alone.
            if covered == {len(names) - 1}:
                words = self.reader.text[tokens[ends[-1] - 1].end : tokens[at - 1].start]
                if _EACH.search(words):
                    scored = [(index, scored[0][1]) for index in range(len(names))]
                else:
                    at, scored = ends[-1], []
            else:
                names[0].broken, scored = True, []
        for index, figure_data in scored:
            if isinstance(figure_data, Quantity):
                names[index].score = figure_data
            else:
                names[index].missing = figure_data
        code = self._code(tokens, first)
        comma = self.reader.text[tokens[first + 1].start] if first + 1 < len(tokens) else ""
        turns = code == "l" or (first > 0 and tokens[first - 1].code in "BUA")
        if turns and len(names) == 2 and comma in (",", "，") and not scored:
            # In Asia, Alphaville ...: a place, and then the subject.
            self._add(code, names[0].start, names[0].end, names[:1])
            self._add("c", tokens[first + 1].start, tokens[first + 1].end)
            code, first, names = "N", first + 2, names[1:]
        if len(names) == 1 and len(self.items) > 1 and self.items[-2].code == "r":
            particle = self.items[-1]
            if self.reader.text[particle.start : particle.end] == "的":  # 位居榜首的甲市
                low, high, tied, _ = self.items[-2].data
                names[0].rank, names[0].tied = (low, high), tied
                self._add("w", self.items[-2].start, particle.end)
                del self.items[-3:-1]
        if self._is_broken(tokens, first) or self._is_cut(tokens, at):
            names[0].broken = True
        self._add(code, tokens[first].start, tokens[at - 1].end, names)
        if _separator_end(tokens, at) is None and at > ends[-1] and not scored:
            return ends[-1]
        return at

    def _adjacent(self, tokens: list[Token], at: int) -> bool:
        """Whether a score stands right behind a name: ``Alpha 92.4, Beta 90.1``, 甲市80.3分."""
        if at >= len(tokens) or tokens[at].code != "q" or _list_end(tokens, at, "qM") > at + 1:
            return False
        quantity: Quantity = tokens[at].data
        if SCORE_UNITS.fullmatch(quantity.unit):
            return True
        return not quantity.unit and quantity.operator == "eq" and _has_decimals(quantity)

    def _links(self, tokens: list[Token]) -> bool:
        words = (self.reader.text[t.start : t.end].lower() for t in tokens)
        return all(word in _LINKS for word in words)

    def _figure(self, tokens: list[Token], at: int) -> int | None:
        """End of a figure right behind a name: ``with a score of 92.4``, 以92.4分."""
        end = at
        while end < len(tokens) and end < at + 6 and tokens[end].code in "pwvk":
            end += 1
        if end == at or end >= len(tokens) or tokens[end].code not in "qM":
            return None
        between = [t.code for t in tokens[at:end]]
        if _list_end(tokens, end, "qM") > end + 1:
            return None
        data = tokens[end].data
        is_score = tokens[end].code == "q" and SCORE_UNITS.fullmatch(data.unit)
        if "p" not in between and not (is_score and end - at <= 2):
            return None
        if end + 1 < len(tokens):
            text = self.reader.text[tokens[end + 1].start : tokens[end + 1].end]
            if text == "的":
                return None
        return end + 1

    def _ends_clause(self, tokens: list[Token], first: int, at: int) -> bool:
        """Whether a comma behind a Chinese name ends the clause: names are apart by 、.

        Only a list that begins its sentence may have commas throughout.
        """
        comma = self.reader.text[tokens[at].start : tokens[at].end]
        name = self.reader.text[tokens[first].start]
        if comma not in (",", "，") or not "㐀" <= name <= "鿿":
            return False
        if tokens[at - 1].code not in "nb":  # behind a figure
            return True
        return first > 0 and tokens[first - 1].code != ";"

    def _is_cut(self, tokens: list[Token], at: int) -> bool:
        """Whether an item behind the last name of a list isn't read as a name."""
        return (
            at + 1 < len(tokens)
            and tokens[at].code == "c"
            and self.reader.text[tokens[at].start] == "、"
            and tokens[at + 1].code in "wu"
        )

    def _is_broken(self, tokens: list[Token], first: int) -> bool:
        """Whether an item before the first name of a list isn't read as a name."""
        return (
            first > 1
            and tokens[first - 1].code == "c"
            and self.reader.text[tokens[first - 1].start] == "、"
            and tokens[first - 2].code in "wu"
        )

    def _code(self, tokens: list[Token], first: int) -> str:
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
