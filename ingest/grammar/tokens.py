"""A text as tokens: names, ranks, sets, tiers, quantities, and the words that relate them.

Every token has a one-character code, so that a sentence is a string of codes over which the
grammar's rules are regular expressions:

``n`` name, ``u`` Chinese characters that may be one, ``r`` rank, ``K`` list of ranks, ``s`` first
k places, ``t`` tier, ``q`` quantity, ``M`` sign of a missing value, ``Z`` censored rank, ``b``
brackets, ``c`` comma, ``y`` date, ``g`` count of cities, ``w`` other word, ``;`` clause end,
``.`` sentence end, ``/`` line end; all other codes are those of the lexicon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ingest.grammar import lexicon, numerals, quantities
from ingest.grammar.numerals import fold
from ingest.grammar.quantities import Quantity
from ingest.grammar.ranks import NAMED, ORDINALS
from ingest.grammar.statements import IsName


@dataclass
class Token:
    code: str
    start: int
    end: int
    data: Any = None


@dataclass
class Name:
    """A name with what stands in its brackets, or right behind it."""

    text: str
    start: int
    end: int
    known: bool | None = None
    certain: bool = True
    """False where only its place in the sentence makes it a name."""
    score: Quantity | None = None
    missing: str | None = None
    rank: tuple[int, int] | None = None
    bare: Quantity | None = None
    """A number in brackets of which nothing says whether it is a rank or a score."""
    tied: bool = False
    broken: bool = False
    """True where its list begins before it, with a word that isn't read as a name."""


@dataclass
class Bracket:
    text: str
    tokens: list[Token] = field(default_factory=list)


_CJK = re.compile(r"[㐀-鿿]")
_SPACE = re.compile(r"[ \t\u00a0\u2009\u202f\u2007]+")
_WORD_END = re.compile(r"[\w'’&+\-]*")
_CAPITAL = r"(?:(?:St|Ft|Mt)\.|(?:[A-Z]\.){2,}|[A-ZÀ-ÖØ-ÞŠŽČĆĐŁ](?:[^\W\d_]|['’](?=[^\W\d_]))*)"
_NAME = re.compile(
    rf"{_CAPITAL}(?:(?:\s?[–—\-]\s?(?={_CAPITAL})|[ \u00a0](?:(?:de|of|da|do|del|di|am|upon|"
    rf"an der|"
    rf"sur|en|la|le)[ \u00a0](?={_CAPITAL}))?|[-](?:de|en|la|le|sur|du|"
    rf"aux)-(?={_CAPITAL})){_CAPITAL}){{0,11}}"
)
_KNOWN_RUN = re.compile(
    rf"(?={_CAPITAL})[\w.'’]{{1,40}}(?:(?:[ \u00a0–—\-]|, | & )[\w.'’]{{1,40}}){{0,7}}"
)
_KNOWN_WORD = re.compile(r"[\w.'’]+")
_GLOSS = re.compile(r"\([^()㐀-鿿\d]{1,20}\)")
_QUOTES = "\"'“”‘’「」『』«»„《》〈〉*"
_SCORE_WORD = re.compile(
    r"[ \-]?(?P<unit>points?|pts|poin|punkten?|分(?!别|別))(?![^\W\d_])", re.IGNORECASE
)
_UNIT_WORD = re.compile(
    r"[ \u00a0]?(?P<unit>(?:percentage points?|percent|per cent|persen|poin persentase|"
    r"prozentpunkte?n?|"
    r"prozent|pour cent|points de pourcentage|[PE]FLOPS|EFLOPS|[PE](?![\w-])|US dollars|dollars|"
    r"euros?|yuan|rupiah|(?:(?-i:[A-Z]{2,5}) )?[A-Za-zÀ-ÿ]{3,}))(?![A-Za-zÀ-ÿ])",
    re.IGNORECASE,
)
_NOUN_UNIT = re.compile(
    r"[A-Z]{2}|Prozent|Unternehmen|Firmen|Patente|Einwohner|Universitäten|Stellen|Euro|Dollar"
)
"""Units that begin with a capital; any other such word may be the next name."""
_NO_UNITS = {
    "out",
    "per",
    "from",
    "into",
    "over",
    "under",
    "last",
    "also",
    "more",
    "most",
    "dari",
    "pada",
    "besar",
    "lebih",
    "aus",
    "von",
    "sur",
    "par",
    "plus",
}
_OUT_OF = re.compile(
    r"\s?(?:points?\s)?(?:out of|dari|von|sur|auf)\s(?:a\s)?(?:possible\s|maximal\s|maksimal\s)?"
    r"(?:total of\s)?\d+(?:[.,]\d+)?(?!\d)(?!\s?(?:cities|kota|städte|villes|countries|negara))|"
    r"(?<=\d)/\d+",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"(?:较|比|than|from|with|to|dari|dibanding(?:kan)?|als|gegenüber|que|à)(?: the)?",
    re.IGNORECASE,
)
"""Before a year that a rank is compared with."""
_BEFORE_ORDINAL = frozenset(
    ["in", "at", "into", "to", "is", "was", "are", "now", "still", "again", "est", "ist"]
)
_LETTER_PLACE = re.compile(r"[A-Z](?:市|省|县|城)(?!市)")
_MONTH = lexicon.MONTH.pattern
_DATE_BEFORE = re.compile(rf"\b(?:{_MONTH}|au|le|du|dès le) $", re.IGNORECASE)
_DATE_AFTER = re.compile(rf" (?:of )?{_MONTH}", re.IGNORECASE)
_PLACE_WORD = re.compile(r"place|spot|position|rank|platz|rang|stelle", re.IGNORECASE)
_POSSESSIVE = re.compile(r"\b(?:its|their|his|her|our|ihre[mrn]?|seine[mrn]?|son|sa|leur) $", re.I)
_LONGEST_NAME = 12  # Chinese characters


class Tokens:
    """Reads the tokens of one text. ``decimal`` is its decimal sign, where that is known."""

    def __init__(self, text: str, is_name: IsName | None, decimal: str | None) -> None:
        # The full-width comma stays apart: between numbers it never groups digits.
        self.text = "".join(
            "，" if raw == "，" else plain for raw, plain in zip(text, fold(text), strict=True)
        )
        self.is_name = is_name
        self.decimal = decimal
        self._known: dict[str, bool] = {}

    def known(self, name: str) -> bool:
        if self.is_name is None:
            return False
        if name not in self._known:
            self._known[name] = bool(self.is_name(name))
        return self._known[name]

    def read(self, start: int = 0, end: int | None = None) -> list[Token]:
        tokens: list[Token] = []
        at, stop = start, len(self.text) if end is None else end
        while at < stop:
            token = self._next(at, stop, tokens)
            if token.code and token.end <= stop:
                tokens.append(token)
            at = max(token.end, at + 1)
        return tokens

    # --- one token ----------------------------------------------------------------------------

    def _next(self, at: int, stop: int, before: list[Token]) -> Token:
        text, char = self.text, self.text[at]
        if space := _SPACE.match(text, at):
            return Token("", at, space.end())
        censored = lexicon.CENSORED.match(text, at)
        if censored and (_CJK.match(text[at - 1 : at]) or _CJK.match(text[at + 1 : at + 2])):
            return Token("Z", at, censored.end())
        for read in (self._mark, self._bracket, self._mask):
            if token := read(at, stop, before):
                return token
        word_begins = not (at and (text[at - 1].isalnum() and not _CJK.match(text[at - 1]))) or (
            _CJK.match(char) is not None
        )
        if not word_begins:
            return Token("w", at, self._word_end(at))
        for read in (
            self._known_name,
            self._special,
            self._rank,
            self._quantity,
            self._keyword,
            self._name,
        ):
            if token := read(at, stop, before):
                return token
        if _CJK.match(char):
            return self._run(at, stop)
        return Token("w", at, self._word_end(at))

    def _word_end(self, at: int) -> int:
        found = _WORD_END.match(self.text, at)
        return max(found.end() if found else at, at + 1)

    def _mark(self, at: int, stop: int, before: list[Token]) -> Token | None:
        text, char = self.text, self.text[at]
        if char == "\n":
            return Token("/", at, at + 1)
        if ellipsis := re.compile(r"\.{2,}|…+|⋯+").match(text, at):
            return Token(";", at, ellipsis.end())
        if stray := re.compile(r",\s?\.(?=\s)|\.\s?,").match(text, at):
            return Token("c", at, stray.end())  # ",." of a broken list
        if char in ",，、/" and not (char == "/" and not self._between_names(at)):
            return Token("c", at, at + 1)
        if char in ";；":
            return Token(";", at, at + 1)
        if char in "。！？!?":
            return Token(".", at, at + 1)
        if char == ".":
            return Token("." if not text[at + 1 : at + 2].strip() else "", at, at + 1)
        if char in ":：" or re.match(r"[–—-](?=\s)", text[at : at + 2]):
            return Token("k" if char in ":：" or text[at - 1 : at].isspace() else "w", at, at + 1)
        if char in _QUOTES and not text.startswith("**", at):
            return Token('"', at, at + 1)
        return None

    def _between_names(self, at: int) -> bool:
        sides = self.text[at - 1 : at], self.text[at + 1 : at + 2]
        return all(side.isalpha() for side in sides) and (sides[1].isupper() or sides[1] > "㐀")

    def _bracket(self, at: int, stop: int, before: list[Token]) -> Token | None:
        if self.text[at] not in "([【":
            return Token("", at, at + 1) if self.text[at] in ")]】" else None
        close = {"(": ")", "[": "]", "【": "】"}[self.text[at]]
        end = self.text.find(close, at, min(stop, at + 300))
        if end < 0:
            return Token("", at, at + 1)
        inner = self.read(at + 1, end)
        return Token("b", at, end + 1, Bracket(self.text[at + 1 : end], inner))

    def _mask(self, at: int, stop: int, before: list[Token]) -> Token | None:
        found = quantities.MASK.match(self.text, at)
        if found and found.end() - at > 1 and not self.text[at].isalpha():
            return Token("M", at, found.end(), "masked")
        for word in (
            "未公布",
            "未披露",
            "未公开",
            "not disclosed",
            "not published",
            "n/a",
            "N/A",
            "undisclosed",
            "tidak dipublikasikan",
            "nicht veröffentlicht",
            "non publié",
        ):
            if self.text.startswith(word, at):
                return Token("M", at, at + len(word), quantities.missing_reason(word))
        return None

    def _known_name(self, at: int, stop: int, before: list[Token]) -> Token | None:
        """The longest name here that the caller knows."""
        if self.is_name is None:
            return None
        if _CJK.match(self.text[at]):
            for end in range(min(stop, at + _LONGEST_NAME), at + 1, -1):
                part = self.text[at:end]
                if _CJK.match(part[-1]) and self.known(part):
                    return Token("n", at, end, Name(part, at, end, known=True))
            return None
        run = _KNOWN_RUN.match(self.text, at)
        if run is None:
            return None
        ends = [at + m.end() for m in _KNOWN_WORD.finditer(run.group())]
        for end in reversed(ends):
            if end <= stop and self.known(self.text[at:end]):
                if self.text[end - 1] == "." and self.known(self.text[at : end - 1]):
                    end -= 1  # of the sentence
                return Token("n", at, end, Name(self.text[at:end], at, end, known=True))
        return None

    def _special(self, at: int, stop: int, before: list[Token]) -> Token | None:
        text = self.text
        if found := lexicon.SET.match(text, at):
            number = next((v for k, v in found.groupdict().items() if v and k != "k8"), None)
            size = 3 if found["k8"] else _small(number) if number else 3
            # 百强 stands for a list; a set of one is a rank.
            if size and size > 1:
                return Token("s", at, found.end(), size)
        if found := lexicon.TIER.match(text, at):
            return Token("t", at, found.end(), _tier(found))
        if found := lexicon.ZERO.match(text, at):
            unit = next((v for v in found.groupdict().values() if v), "")
            return Token("0", at, found.end(), Quantity(Decimal(0), unit, printed=found.group()))
        if found := lexicon.LED_BY.match(text, at):
            return Token("r", at, found.end(), (1, 1, False, "inverse"))
        if found := lexicon.LEADS.match(text, at):
            return Token("r", at, found.end(), (1, 1, False, "lead"))
        return None

    def _rank(self, at: int, stop: int, before: list[Token]) -> Token | None:
        text = self.text
        if many := lexicon.MANY_RANKS.match(text, at):
            listed = many["listed"] or many[2] or many["words"]
            each = re.findall(rf"\d+|(?<!\w)(?:{numerals.WORD})(?!\w)", listed, re.IGNORECASE)
            numbers = [int(n) if n.isdecimal() else _ordinal(n) for n in each]
            return Token("K", at, many.end(), [(n, n, False, "") for n in numbers])
        if span := lexicon.RANK_SPAN.match(text, at):
            first, last = _ordinal(span["low"]), _ordinal(span["high"])
            around = (
                _ENDS.split(text[max(at - 200, 0) : at])[-1],
                _ENDS.split(text[at : at + 200])[0],
            )
            if first < last and any(map(lexicon.IN_ORDER.search, around)):
                return Token("j", at, span.end(), (first, last, False, ""))
        found = lexicon.RANK.match(text, at)
        if found is None:
            return None
        groups = {k: v for k, v in found.groupdict().items() if v}
        low = next((v for k, v in groups.items() if k not in ("tie",) and not k.endswith("to")), "")
        high = next((v for k, v in groups.items() if k.endswith("to")), low)
        if "first" in groups:
            number = NAMED.get(low, 1)
            return Token(
                "r",
                at,
                found.end(),
                (number, number, False, "lead" if "领" in low or "領" in low else ""),
            )
        end = found.end()
        try:
            a, b = _ordinal(low), _ordinal(high)
        except ValueError:
            return None
        if b < a:  # from 21st to 8th: two ranks, not a range
            cut = re.compile(r"st|nd|rd|th|e|er|名|位").match(
                text, at + found.group().index(low) + len(low)
            )
            b, end = a, cut.end() if cut else at + found.group().index(low) + len(low)
        if a < 1 or (1900 <= a <= 2100 and "zh" not in groups):
            return None
        kind = ""
        if {"dig", "ord", "bare"} & set(groups) and self._counts_something_else(at, end):
            return None
        if "bare" in groups:
            if not self._bare_is_rank(at, end, before):
                return None
            kind = "bare"
        return Token(
            "j" if b > a else "r", at, end, (a, b, bool({"tie", "jord"} & set(groups)), kind)
        )

    def _counts_something_else(self, at: int, end: int) -> bool:
        """The 95th percentile, the 16th annual edition, its 15th year are no ranks."""
        if _PLACE_WORD.search(self.text[at:end]):
            return False
        if _DATE_BEFORE.search(self.text[max(at - 12, 0) : at]) or _DATE_AFTER.match(
            self.text, end
        ):
            return True
        after = re.match(r"[\s-]+([^\W\d_]+)", self.text[end : end + 30])
        if after and lexicon.AFTER_BARE.match(after[1]):
            return True
        return bool(_POSSESSIVE.search(self.text[max(at - 8, 0) : at]))

    def _bare_is_rank(self, at: int, end: int, before: list[Token]) -> bool:
        """Whether an ordinal in words, alone, is a rank: not so in "first time"."""
        rest = self.text[end : end + 30]
        follower = re.match(r"[ -]+([^\W\d_]+)", rest)
        if follower and (lexicon.AFTER_BARE.match(follower[1]) or rest.startswith("-")):
            return False
        previous = before[-1] if before else None
        if previous is None:
            return False
        word = self.text[previous.start : previous.end].lower()
        earlier = next((t.code for t in reversed(before) if t.code not in "ca"), "")
        follows = previous.code in "ca" and earlier == "r"
        if (
            previous.code == "v"
            or follows
            or word in ("tied", "tied for", "joint", "jointly", "equal")
        ):
            return True
        ends_here = follower is None or bool(
            re.match(
                r"\s*(?:and|with|at|in|globally|nationally|worldwide|overall|to|dan|dengan|und|mit|"
                r"et|avec)\b",
                rest,
            )
        )
        near = previous.code in "n,ubm" or word in _BEFORE_ORDINAL
        return ends_here and near

    def _quantity(self, at: int, stop: int, before: list[Token]) -> Token | None:
        text = self.text
        try:
            found = quantities.quantity_at(text, at, self.decimal)
        except ValueError:
            digits = re.compile(numerals.DIGITS).match(text, at)
            if digits is None:
                return None
            if token := self._fused(digits):
                return token
            return Token("w", at, digits.end(), "unread")
        if found is None:
            return None
        quantity, end = found
        printed = text[at:end]
        if not re.search(r"\d", printed):
            return self._in_words(at, end, quantity)
        year = quantity.unit == "" and re.fullmatch(
            r"(?:19|20)\d\d(?:[-–/](?:\d\d|\d{4}))?", printed
        )
        if year or lexicon.DATE_UNITS.match(text, end) or lexicon.MONTH.match(text, end + 1):
            return Token("y", at, end)
        if before and lexicon.MONTH.fullmatch(text[before[-1].start : before[-1].end]):
            return Token("y", at, end)
        if group := lexicon.GROUP.match(text, end):
            return Token("g", at, group.end(), int(quantity.value))
        if move := lexicon.MOVE.match(text, end):
            return Token("w", at, move.end())
        if (
            not quantity.unit
            and quantity.upper is not None
            and not lexicon.CJK_UNITS.match(text, end)
        ):
            return Token("w", at, end)  # from 0 to 1 is a figure of speech, or a period
        token = self._with_unit(at, end, quantity, stop)
        if not token.data.unit and self._names_a_thing(token.end):
            return Token("w", at, token.end)  # 985高校
        return token

    def _names_a_thing(self, at: int) -> bool:
        """Whether Chinese characters go on right behind a number that has no unit."""
        return bool(
            _CJK.match(self.text[at : at + 1])
            and not lexicon.keyword_at(self.text, at)
            and not lexicon.RANK.match(self.text, at)
            and not lexicon.SET.match(self.text, at)
        )

    def _fused(self, digits: re.Match[str]) -> Token | None:
        """80.3,49.9 without spaces: one list of values."""
        parts = digits.group().split(",")
        if len(parts) < 2 or not all(re.fullmatch(r"\d+\.\d+|\d{1,2}", p) for p in parts):
            return None
        values = [Quantity(Decimal(p), printed=p) for p in parts]
        return Token("V", digits.start(), digits.end(), values)

    def _in_words(self, at: int, end: int, quantity: Quantity) -> Token | None:
        """A number in words counts only with a unit; 一 begins too many words."""
        text = self.text
        if not _CJK.match(text[at]) and not _CJK.match(text[end - 1]):
            return Token("w", at, end)
        group = lexicon.GROUP.match(text, end)
        if group and quantity.value > 1:
            return Token("g", at, group.end(), int(quantity.value))
        unit = lexicon.CJK_UNITS.match(text, end)
        if unit and (quantity.value > 1 or quantity.unit or unit.group() != "个"):
            return self._with_unit(at, end, quantity, len(text))
        return None

    def _with_unit(self, at: int, end: int, quantity: Quantity, stop: int) -> Token:
        text, unit = self.text, quantity.unit
        if found := lexicon.CJK_UNITS.match(text, end):
            factor = {"亿元": 10**8, "万元": 10**4}.get(found.group(), 1)
            unit = found.group()[-1] if factor > 1 else found.group()
            quantity = _scaled(quantity, factor)
            end = found.end()
        elif points := _SCORE_WORD.match(text, end):
            unit, end = points["unit"], points.end()
        elif not unit and (word := _UNIT_WORD.match(text, end)):
            is_keyword = lexicon.keyword_at(text, word.start("unit"))
            plain = word["unit"].lower() in lexicon.LABELS | _NO_UNITS or (
                word["unit"][0].isupper()
                and word.start("unit") > end
                and not _NOUN_UNIT.match(word["unit"])
            )
            if not is_keyword and not plain:
                unit, end = word["unit"], word.end()
        if scale := _OUT_OF.match(text, end):
            end = scale.end()
        end = min(end, stop)
        value = Quantity(
            quantity.value, unit, quantity.operator, quantity.upper, text[at:end].strip()
        )
        return Token("q", at, end, value)

    def _keyword(self, at: int, stop: int, before: list[Token]) -> Token | None:
        found = lexicon.keyword_at(self.text, at)
        if found is None:
            return None
        code, end = found
        if code == "T" and before and _COMPARED.fullmatch(self.text[before[-1].start : at].strip()):
            code = "w"
        conjunction = _CJK.match(self.text[at]) and code == "a" and end == at + 1
        if conjunction and before and before[-1].code == "c" and before[-1].end == at:
            return None  # 、和田 begins a name
        if code == "@":
            return Token("@", at, end)
        return Token(code, at, end)

    # --- names --------------------------------------------------------------------------------

    def _name(self, at: int, stop: int, before: list[Token]) -> Token | None:
        if anonymous := _LETTER_PLACE.match(self.text, at):
            place = Name(anonymous.group(), at, anonymous.end(), known=None)
            return Token("n", at, anonymous.end(), place)
        run = _NAME.match(self.text, at)
        if run is None:
            return None
        words = [(at + m.start(), at + m.end()) for m in re.finditer(r"[^\s]+", run.group())]
        while words and self._is_label(*words[0]):
            words.pop(0)
        if not words:
            return Token("w", at, self._word_end(at))
        if words[0][0] > at:
            return Token("w", at, words[0][0])
        for number, (start, end) in enumerate(words[1:], start=1):
            if self._is_label(start, end) or lexicon.keyword_at(self.text, start):
                words = words[:number]
                break
        start, end = words[0][0], min(words[-1][1], stop)
        name = re.sub(r"['’]s?$", "", self.text[start:end]).rstrip("-–—")
        if name.lower() in ("kota", "stadt", "ville"):
            return Token("w", at, end)
        acronym = len(name) <= 6 and name.isupper() and len(name) > 1 and not self.known(name)
        if acronym or (len(name) == 1 and not self._listed(end)):
            return Token("w", at, end)
        known = None if self.is_name is None else self.known(name)
        return Token("n", start, end, Name(name, start, start + len(name), known=known))

    def _is_label(self, start: int, end: int) -> bool:
        return self.text[start:end].strip(".").lower() in lexicon.LABELS and not (
            end - start == 1 and self._listed(end)
        )

    def _listed(self, end: int) -> bool:
        return bool(
            re.match(r"\s?[,、;(]|\s(?:and|dan|und|et)\s|[.。]?\s*$", self.text[end : end + 6])
        )

    def _run(self, at: int, stop: int) -> Token:
        """Chinese characters up to the next token; a gloss in Latin letters is left out."""
        text, end = self.text, at
        parts: list[str] = []
        while end < stop:
            char = text[end]
            gloss = _GLOSS.match(text, end)
            if gloss and parts and _CJK.match(text[gloss.end() : gloss.end() + 1]):
                end = gloss.end()
                continue
            joined = char in "-·—–" and parts and _CJK.match(text[end + 1 : end + 2])
            if not _CJK.match(char) and not joined:
                break
            if parts and self._begins_token(end, len(parts)):
                break
            parts.append(char)
            end += 1
        return Token("u", at, end, "".join(parts))

    def _begins_token(self, at: int, before: int) -> bool:
        """Whether a token begins here, behind so many characters of a run."""
        text = self.text
        if (
            lexicon.RANK.match(text, at)
            or lexicon.SET.match(text, at)
            or lexicon.TIER.match(text, at)
        ):
            return True
        if lexicon.ZERO.match(text, at):
            return True
        if self.is_name and self._known_name(at, len(text), []):
            return True
        found = lexicon.keyword_at(text, at)
        if found is None:
            cjk = re.compile(numerals.CJK).match(text, at)
            if cjk is None:
                return False
            after = text[cjk.end() : cjk.end() + 4]
            return bool(lexicon.CJK_UNITS.match(after) or lexicon.GROUP.match(after)) and before > 1
        if found[1] - at > 1:
            return True
        # One character may belong to a name: 呼和浩特, 以色列, 成都.
        return before >= 2


def _scaled(quantity: Quantity, factor: int) -> Quantity:
    upper = None if quantity.upper is None else quantity.upper * factor
    return Quantity(
        quantity.value * factor, quantity.unit, quantity.operator, upper, quantity.printed
    )


def _small(printed: str) -> int | None:
    plain = fold(printed).lower()
    if plain.isdigit():
        return int(plain)
    if plain in numerals.WORDS:
        return numerals.WORDS[plain]
    try:
        return int(numerals.cjk_value(plain))
    except (ValueError, KeyError):
        return None


_ENDS = re.compile(r"[.!?]\s|[。！？\n]")


def _ordinal(printed: str) -> int:
    plain = printed.lower()
    number = ORDINALS.get(plain) or _small(plain)
    if number is None:
        raise ValueError(f"'{printed}' is not an ordinal")
    return number


_TIER_WORDS = {"erste": 1, "zweite": 2, "dritte": 3, "a": 1, "b": 2, "c": 3, "d": 4}


def _tier(found: re.Match[str]) -> int:
    """Number of a tier from the top."""
    word = next(v for v in found.groupdict().values() if v).lower()
    if word in _TIER_WORDS or word.rstrip("rn") in _TIER_WORDS:
        return _TIER_WORDS.get(word) or _TIER_WORDS[word.rstrip("rn")]
    if found["en"] and word.strip("iv") == "":
        return numerals.roman_value(word)
    return _ordinal(word)


_OPENS, _CLOSES = "“‘「『«„《〈", "”’」』»“》〉"
_TITLE_LENGTH = 150


def without_titles(tokens: list[Token], text: str) -> list[Token]:
    """Tokens without quotation marks; the words of a quoted title or term name no place."""
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.code != '"':
            out.append(token)
            at += 1
            continue
        end = _closing(tokens, at, text)
        inner = tokens[at + 1 : end] if end else []
        codes = "".join(t.code for t in inner)
        if end and codes not in ("n", "u") and not set(codes) & set("crsKjt"):
            out.extend(Token("w", t.start, t.end) for t in inner)
            at = end
        at += 1
    return out


def _closing(tokens: list[Token], at: int, text: str) -> int | None:
    """The mark that closes a quotation opened at a token, if it opens one."""
    mark = text[tokens[at].start]
    straight = mark in "\"'*"
    if straight:
        before, after = (
            text[max(tokens[at].start - 1, 0)],
            text[tokens[at].end : tokens[at].end + 1],
        )
        if not after.strip() or (tokens[at].start and before.isalnum() and before.isascii()):
            return None
    elif mark not in _OPENS:
        return None
    closing = mark if straight else _CLOSES[_OPENS.index(mark)]
    for end in range(at + 1, len(tokens)):
        if tokens[end].start - tokens[at].start > _TITLE_LENGTH:
            return None
        if tokens[end].code == '"' and text[tokens[end].start] == closing:
            return end
    return None


def sentences(tokens: list[Token]) -> Iterator[list[Token]]:
    """Tokens up to each sentence end or line end."""
    begin = 0
    for index, token in enumerate(tokens):
        if token.code in "./":
            if index > begin:
                yield tokens[begin:index]
            begin = index + 1
    if begin < len(tokens):
        yield tokens[begin:]
