"""Rules over the phrases of a sentence, each a regular expression over their codes.

A rule returns a statement, a refusal that carries both lists, or nothing where it doesn't hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.grammar import lexicon
from ingest.grammar.phrases import SCORE_UNITS, Phrases
from ingest.grammar.quantities import Quantity
from ingest.grammar.statements import Direction, Entry, Kind, Refusal, Statement
from ingest.grammar.tokens import Name, Token, Tokens

Found = Statement | Refusal
# --- rules ------------------------------------------------------------------------------------


@dataclass
class State:
    """What one sentence hands on to the next."""

    rank: int | None = None
    """Last rank of a list that "followed by" can continue."""
    tier: tuple[int, int, Quantity | None] | None = None
    """Number of the last tier with scores, its last rank, and its last score."""
    score: Quantity | None = None


_F = "[wvpkgyl@T^]{0,12}?"
_Handler = Callable[[Any, re.Match[str]], "Found | None"]
"""A method of `Sentence`."""


class Sentence:
    def __init__(self, text: str, reader: Tokens, tokens: list[Token], state: State) -> None:
        self.text = text
        phrases = Phrases(tokens, reader)
        self.items, self.codes = phrases.items, phrases.codes
        self.state = state
        self.read_to = 0
        self.told: dict[int, int] = {}
        """Ranks that a relative clause gives, by the place of their name."""

    def read(self) -> list[Found]:
        """What the sentence says: its relative clauses first, then the rest without them."""
        found = list(self._relatives())
        if not re.match(r"[wk]{0,3}c?F", self.codes):
            self.state.rank, self.state.score = None, None
        starts = _STARTS + ("wvpk" if "Z" in self.codes else "")
        at = 0
        while at < len(self.codes):
            if self.codes[at] not in starts:
                at += 1
                continue
            for pattern, handler in _RULES:
                match = pattern.match(self.codes, at)
                if match is None:
                    continue
                if handler is not Sentence.censored and self._denied(match):
                    continue
                statement = handler(self, match)
                if statement is not None:
                    found.append(statement)
                    self.read_to = match.end()
                    at = max(match.end(), at + 1)
                    break
            else:
                at += 1
        return found

    def lost(self, found: Sequence[Found]) -> Refusal | None:
        """What is printed of ranks beside known names, where no rule reads it and none denies it.

        Ranks in words such as "first" or "leads" may mean other things, and are not asked for.
        """
        if "x" in self.codes:
            return None
        names = [n for i in self.items if i.code in "Nl" for n in i.data if n.known]
        spans = [(f.start, f.end) for f in found]
        unread = [
            item
            for item in self.items
            if (item.code in "Kj" or (item.code == "r" and not found and item.data[3] == ""))
            and not any(start <= item.start < end for start, end in spans)
        ]
        if not names or not unread:
            return None
        start = min(names[0].start, unread[0].start)
        end = max(names[-1].end, unread[-1].end)
        printed = tuple(self.text[i.start : i.end] for i in unread)
        reason = "ranks near names, and no rule reads whose they are"
        quote = self.text[start:end]
        return Refusal(tuple(n.text for n in names), printed, reason, start, end, quote)

    def _relatives(self) -> Iterator[Found]:
        """A, ahead of B and C, which came second and third: the clause is of B and C alone."""
        at = 0
        while match := _RELATIVE.search(self.codes, at):
            at = match.start() + 1
            if not self._is_relative(match):
                continue
            names: list[Name] = self._get(match, "one")
            data = self._get(match, "ranks")
            ranks = data if match["ranks"] == "K" else [data]
            printed = [r[0] for r in ranks]
            if self._denied(match):
                continue
            if why := self._why_not(names, len(ranks), "ranks"):
                yield self._refusal(match, names, printed, why)
            else:
                entries = [_entry(n, *r[:3]) for n, r in zip(names, ranks, strict=True)]
                yield self._statement(match, "ranking", entries, 0.85, "ranks in a relative clause")
                self.told |= {n.start: r[0] for n, r in zip(names, ranks, strict=True)}
            index = match.start("one")
            main = [replace(n, score=None, bare=None) for n in names]
            self.items[index] = replace(self.items[index], data=main)
            end = match.end() + (self.codes[match.end() :][:1] == "c")
            del self.items[index + 1 : end]
            self.codes = self.codes[: index + 1] + self.codes[end:]

    def _is_relative(self, match: re.Match[str]) -> bool:
        words = self.items[match.start("rel") : match.start("ranks")]
        texts = [self.text[i.start : i.end].lower() for i in words]
        if texts[0] not in _RELATIVES:
            return False
        if match["ranks"] == "r" and self.codes[
            match.start("one") - 1 : match.start("one")
        ] not in (
            "A",
            "B",
        ):
            return False  # read together with its main clause
        if texts[0] in _ARTICLES:  # the verb ends a German relative clause
            verb = match["last"] and self.codes[match.end() :][:1] in ("", "c", ";")
            if not verb:
                return False
        between = zip(words[1:], texts[1:], strict=True)
        return all(item.code != "w" or text in _ADVERBS for item, text in between)

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
        begin = max(self.codes.rfind(mark, 0, match.start()) for mark in ";c") + 1
        if "T" in self.codes[max(begin - 4, 0) : match.end()]:
            confidence, reason = min(confidence, 0.4), f"{reason}; of an earlier edition"
        if names:
            share = 0.5 if len(names) == len(entries) else 0.8
            confidence, reason = confidence * share, f"{reason}; names unknown"
        topic = lexicon.TOPIC.match(self.text, end) if kind in ("ranking", "set") else None
        return Statement(
            kind,
            tuple(entries),
            start,
            end,
            self.text[start:end],
            round(confidence, 2),
            reason,
            direction=_direction(entries),
            topic=topic["of"].strip() if topic else "",
            **more,
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
        winners, losers = self._get(match, "one"), self._get(match, "other")
        rank = self._get(match, "rank") if "rank" in match.groupdict() else None
        if len(winners) != 1:
            return self._refusal(match, winners, [], "several names overtake at once")
        place = rank[0] if rank else None
        if losers and all(n.start in self.told for n in losers):
            return self._ahead_of_ranked(match, winners[0], losers, place)
        entries = [_entry(winners[0], place, place)] if place else [_entry(winners[0])]
        above = place + 1 if place else None
        entries += [_entry(n, above, None, certain=False) for n in losers]
        if place:
            self.state.rank = place
        return self._statement(
            match, "bound", entries, 0.85 if place else 0.6, "one name overtakes others"
        )

    def _ahead_of_ranked(
        self, match: re.Match[str], winner: Name, losers: list[Name], place: int | None
    ) -> Found:
        """Of those behind, a relative clause has said the ranks."""
        below = min(self.told[n.start] for n in losers)
        if below < 2 or (place and place >= below):
            return self._refusal(match, [winner, *losers], [below], "who is ahead of whom?")
        low, high = (place, place) if place else (1, below - 1)
        kind: Kind = "ranking" if low == high else "bound"
        entries = [_entry(winner, low, high, certain=low == high)]
        return self._statement(match, kind, entries, 0.75, "ahead of those whose ranks are said")

    def overtaken(self, match: re.Match[str]) -> Found | None:
        """The passive: the other name is ahead."""
        losers, winners = self._get(match, "one"), self._get(match, "other")
        if len(winners) != 1:
            return self._refusal(match, [*losers, *winners], [], "several names overtake at once")
        entries = [_entry(winners[0])] + [_entry(n, 2, None, certain=False) for n in losers]
        return self._statement(match, "bound", entries, 0.6, "names overtaken by another")

    def pushed(self, match: re.Match[str]) -> Found | None:
        """One overtakes another, which falls to a rank: the other's is that rank, at best ours."""
        winners, losers, rank = (self._get(match, g) for g in ("one", "other", "rank"))
        if len(winners) != 1 or len(losers) != 1 or rank[0] < 2:
            return self._refusal(match, [*winners, *losers], [rank[0]], "who has the rank?")
        entries = [_entry(winners[0], 1, rank[0] - 1, certain=rank[0] == 2)]
        entries.append(_entry(losers[0], rank[0], rank[0]))
        self.state.rank = rank[0]
        return self._statement(match, "bound", entries, 0.8, "the one overtaken has the rank")

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
        entries = [_entry(n, 1, len(leaders), certain=alone) for n in leaders] + [
            _entry(ours[0], place, place)
        ]
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
        kind: Kind = "ranking" if all(e.order_certain for e in entries) else "bound"
        return self._statement(match, kind, entries, 0.8, "a rank behind those named")

    def ahead(self, match: re.Match[str]) -> Found | None:
        ours, others, rank = (self._get(match, g) for g in ("one", "other", "rank"))
        if len(ours) != 1:
            return self._refusal(match, ours, [], "several names with one rank")
        if others and all(n.start in self.told for n in others):
            return self._ahead_of_ranked(match, ours[0], others, rank[0])
        entries = [_entry(ours[0], rank[0], rank[0])]
        entries += [_entry(n, rank[0] + 1, None, certain=False) for n in others]
        return self._statement(match, "bound", entries, 0.8, "a rank ahead of those named")

    def beyond(self, match: re.Match[str]) -> Found | None:
        names, rank, size = (self._get(match, g) for g in ("one", "rank", "size"))
        edge = rank[0] if rank else size
        entries = [_entry(n, edge + 1, None, certain=False) for n in names]
        return self._statement(match, "bound", entries, 0.7, "below a rank")

    @staticmethod
    def _why_not(names: list[Name], counts: int, what: str) -> str | None:
        """Why names can't be aligned with so many values."""
        if names[0].broken:
            return f"the list around '{names[0].text}' isn't wholly read"
        return None if len(names) == counts else f"{len(names)} names, {counts} {what}"

    def group_values(self, match: re.Match[str]) -> Found | None:
        """Names of a set or a tier, with their values: ranks go on from the tier before."""
        names, values = self._get(match, "one"), self._get(match, "values")
        size, tier = self._get(match, "size"), self._get(match, "tier")
        if why := self._why_not(names, len(values), "values"):
            return self._refusal(match, names, values, why)
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
                _entry(n, a, b, tied=ranks.count((a, b)) > 1, value=v)
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
        goes_on = (
            isinstance(score, Quantity)
            and isinstance(values[0], Quantity)
            and (values[0].value <= score.value)
        )
        return last if number == tier - 1 and goes_on else None

    def _label(self, match: re.Match[str]) -> str:
        found = [i for i in self.items[match.start() : match.end()] if i.code in "stj"]
        return self.text[found[0].start : found[0].end] if found else ""

    def rank_list(self, match: re.Match[str]) -> Found | None:
        names, ranks = self._get(match, "one"), self._get(match, "ranks")
        values = self._get(match, "values") if "values" in match.groupdict() else None
        why = self._why_not(names, len(ranks), "ranks")
        if values and not why:
            why = self._why_not(names, len(values), "values")
        if why:
            return self._refusal(match, names, [*(r[0] for r in ranks), *(values or [])], why)
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
        if why := self._why_not(names, len(values), "values"):
            return self._refusal(match, names, values, why)
        entries = [_entry(n, value=v) for n, v in zip(names, values, strict=True)]
        sure = 0.85 if "D" in match.group() else 0.7
        return self._statement(match, "quantity", entries, sure, "as many values as names")

    def _relates(self, match: re.Match[str], group: str) -> bool:
        """Whether words between the names and a group of places say that they are in it."""
        codes = self.codes[match.end("one") : match.start(group)]
        start = self.items[match.start(group)].start
        printed = self.text[start : self.items[match.start(group)].end]
        if not codes or set(codes) & set("vk@XDacgq") or (codes == "p" and group == "rank"):
            return True
        if "㐀" <= printed[0] <= "鿿" or _SAYS_SO.match(printed):
            return True
        between = self.text[self.items[match.end("one") - 1].end : start]
        return all(word in _ADVERBS for word in re.findall(r"\w+", between.lower()))

    def _is_new_clause(self, match: re.Match[str]) -> bool:
        """Whether a comma parts a name from a verb that isn't a participle: mostly, a cut list."""
        between = self.items[match.end("one") : match.start("rank")]
        codes = "".join(item.code for item in between)
        if "c" not in codes or set(codes) & set("q^"):
            return False
        at = codes.index("c")
        comma = between[at]
        if any(item.data == "unread" for item in between[at:]):
            return True  # a subject of its own, which isn't read as a name
        word = re.match(r"\s*([^\W\d_]+)", self.text[comma.end :])
        first = word[1].lower() if word else ""
        participle = first.endswith(("ing", "ant", "é", "ée")) or first in (
            "ranked",
            "placed",
            "tied",
        )
        return not (participle or "㐀" <= first[:1] <= "鿿" or first == "yang")

    def _other_subject(self, match: re.Match[str], names: list[Name]) -> bool:
        """Whether another name stands before these in their clause, so that it may be meant."""
        begin = max(self.codes.rfind(mark, 0, match.start("one")) for mark in ";ca") + 1
        begin = max(begin, self.read_to)
        if "N" not in self.codes[begin : match.start("one")]:
            return False
        return not all(n.known for n in names) or any(
            n.known for i in self.items[begin : match.start("one")] if i.code == "N" for n in i.data
        )

    def group(self, match: re.Match[str]) -> Found | None:
        """Names of the first k places: who, but in which order only if the text says so."""
        names: list[Name] = self._get(match, "one")
        size: int = self._get(match, "size")
        more = self._get(match, "more") if "more" in match.groupdict() else None
        count = self._group_count(match)
        if count is not None and count != len(names) and count != size:
            return self._refusal(match, names, [count], f"{len(names)} names, but {count} counted")
        before = match.start("one") < match.start("size")
        comma = "comma" in match.groupdict()
        if comma and len(names) != size:
            return None
        if len(names) == 1 and not names[0].certain and before:
            return None
        between = self.codes[match.start("size") + 1 : match.start("one")]
        if not before and len(names) != size and not set(between) & set("kvDIc"):
            return None
        if before and (not self._relates(match, "size") or ("h" in match.group() and not names)):
            return None
        if before and self._other_subject(match, names):
            return self._refusal(match, names, [size], "another name may be meant")
        if names[0].broken:
            return self._refusal(match, names, [size], str(self._why_not(names, size, "")))
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
        if len(names) == 1 and self._label(match).upper().startswith("TOP") and not before:
            return None  # TOP3: of a list's item
        if complete:
            self.state.rank = size
        scored = all(n.score for n in names)
        scores = [n.score for n in names]
        falls = scored and len(names) > 1 and _order(scores) < 0
        if complete and (falls or "I" in match.group()):
            places = _ranks(scores, 0) if falls else [(i, i) for i in range(1, size + 1)]
            entries = [
                _entry(n, a, b, tied=places.count((a, b)) > 1)
                for n, (a, b) in zip(names, places, strict=True)
            ]
            return self._statement(
                match, "ranking", entries, 0.9, "named in order of rank", label=label
            )
        entries = [_entry(n, 1, size, certain=False) for n in names]
        if len(names) == 1 and size > 1:
            return self._statement(match, "set", entries, 0.75, "one of the first", label=label)
        return self._statement(
            match,
            "set",
            entries,
            0.85 if complete else 0.7,
            "who is among the first, but not in which order",
            label=label,
        )

    def tier(self, match: re.Match[str]) -> Found | None:
        names, tier = self._get(match, "one"), self._get(match, "tier")
        count = self._group_count(match)
        if count is not None and count != len(names):
            if len(names) == 1:
                return None
            return self._refusal(match, names, [count], f"{len(names)} names, but {count} counted")
        before = self.state.tier
        base = 0 if tier == 1 else before[1] if before and before[0] == tier - 1 else None
        if count is None or base is None:
            entries = [_entry(n, certain=False) for n in names]
        else:  # counted, so that no city of the tier is left out
            entries = [_entry(n, base + 1, base + count, certain=count == 1) for n in names]
            self.state.tier = tier, base + count, None
        return self._statement(
            match, "tier", entries, 0.8, f"tier {tier}, without order", label=self._label(match)
        )

    def within(self, match: re.Match[str]) -> Found | None:
        """Among the first ten, and its rank there."""
        names, size, rank = (self._get(match, g) for g in ("one", "size", "rank"))
        if len(names) != 1 or rank[1] > size or not self._relates(match, "size"):
            return None
        if self._other_subject(match, names) or not names[0].certain:
            return None
        self.state.rank = rank[1]
        entries = [_entry(names[0], rank[0], rank[1], tied=rank[2])]
        return self._statement(match, "ranking", entries, 0.85, "a rank within the first places")

    def rank_range(self, match: re.Match[str]) -> Found | None:
        names, (low, high, *_) = self._get(match, "one"), self._get(match, "range")
        places = high - low + 1
        if len(names) > places or (len(names) > 1 and len(names) != places):
            return self._refusal(
                match, names, [f"{low}-{high}"], f"{len(names)} names, {places} ranks"
            )
        self.state.rank = high
        if set("DI") & set(match.group()) and len(names) == places:
            if names[0].broken:
                return self._refusal(
                    match, names, [f"{low}-{high}"], str(self._why_not(names, places, "ranks"))
                )
            entries = [_entry(n, r, r) for r, n in enumerate(names, start=low)]
            return self._statement(match, "ranking", entries, 0.9, "named in order of rank")
        entries = [_entry(n, low, high, certain=False) for n in names]
        return self._statement(
            match,
            "set",
            entries,
            0.85,
            "who has these ranks, but not in which order",
            label=self._label(match),
        )

    def rank(self, match: re.Match[str]) -> Found | None:
        names: list[Name] = self._get(match, "one")
        low, high, tied, kind = self._get(match, "rank")
        if kind == "inverse" and "inverse" not in match.re.pattern:
            return None
        if not self._relates(match, "rank") or self._is_new_clause(match):
            return None
        between = self.items[match.end("one") - 1].end, self.items[match.start("rank")].start
        if lexicon.ANOTHERS.search(self.text, *between):
            return None
        before = self.codes[match.start("one") - 1 : match.start("one")]
        direct = "c" not in self.codes[match.end("one") : match.start("rank")]
        if (before == "O" and direct) or self._other_subject(match, names):
            return self._refusal(match, names, [low], "another name may have the rank")
        after = self.codes[match.end("rank") : match.end("rank") + 1]
        if after == "N" and "c" in self.codes[match.end("one") : match.start("rank")]:
            return None  # 甲市，第二名乙市: the rank is the next name's
        if kind == "lead" and not names[0].certain and not names[0].score:
            return None
        if names[0].broken:
            return self._refusal(match, names, [low], str(self._why_not(names, 1, "")))
        tied = tied or "X" in match.group()
        value = self._get(match, "value")
        if len(names) > 1 and not tied and kind == "lead":
            return self._leaders(match, names)
        if len(names) > 1 and not tied:
            return self._refusal(match, names, [low], f"{len(names)} names with one rank")
        entries = [_entry(n, low, high, tied=tied, value=value) for n in names]
        self.state.rank = low + len(names) - 1
        self.state.score = entries[-1].score
        sure = 0.9 if all(n.certain for n in names) else 0.7
        sure -= 0.1 if kind in ("bare", "lead") else 0
        if any(e.missing for e in entries):
            return self._statement(match, "ranking", entries, sure, "a rank; its score is withheld")
        return self._statement(match, "ranking", entries, sure, "a name with its rank")

    def _leaders(self, match: re.Match[str], names: list[Name]) -> Found:
        """A, B and C lead: they are the first three, in no order unless their scores give one."""
        scores = [n.score for n in names]
        if all(scores) and _order(scores) < 0:
            ranks = _ranks(scores, 0)
            entries = [
                _entry(n, a, b, tied=ranks.count((a, b)) > 1)
                for n, (a, b) in zip(names, ranks, strict=True)
            ]
            self.state.rank = len(names)
            return self._statement(match, "ranking", entries, 0.7, "leaders in order of score")
        entries = [_entry(n, 1, len(names), certain=False) for n in names]
        self.state.rank = len(names)
        return self._statement(match, "set", entries, 0.5, "several names lead")

    def tie_with(self, match: re.Match[str]) -> Found | None:
        low, high, *_ = self._get(match, "rank")
        names = [*self._get(match, "one"), *self._get(match, "other")]
        entries = [_entry(n, low, high, tied=True) for n in names]
        return self._statement(match, "ranking", entries, 0.85, "names that share a rank")

    def apposition(self, match: re.Match[str]) -> Found | None:
        """Alphaville, up two places, ranks 4th: what stands between commas is only said of it."""
        names, (low, high, tied, _) = self._get(match, "one"), self._get(match, "rank")
        if len(names) != 1 or self._other_subject(match, names):
            return None
        self.state.rank = low
        entries = [_entry(names[0], low, high, tied=tied)]
        return self._statement(match, "ranking", entries, 0.7, "a name, an apposition, its rank")

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
        if kind == "lead" and "k" not in match.group() and "v" not in match.group():
            return None
        value = self._get(match, "value")
        entries = [_entry(n, low, high, tied=tied, value=value) for n in names]
        self.state.rank, self.state.score = low + len(names) - 1, entries[-1].score
        return self._statement(match, "ranking", entries, 0.8, "a rank and its name")

    def heads_clause(self, match: re.Match[str]) -> Found | None:
        """Led by Alphaville; 第一名甲市: a rank, and right behind it its name."""
        names: list[Name] = self._get(match, "one")
        low, high, tied, kind = self._get(match, "rank")
        start = match.start("rank")
        printed = self.text[self.items[start].start : self.items[start].end]
        heads = start == 0 or self.codes[start - 1] in "c;k"
        if len(names) > 1 or not (kind == "inverse" or (heads and _HEADS.match(printed))):
            return None
        self.state.rank = low
        entries = [_entry(names[0], low, high, tied=tied, value=self._get(match, "value"))]
        return self._statement(match, "ranking", entries, 0.8, "a rank, and right behind its name")

    def followed(self, match: re.Match[str]) -> Found | None:
        names: list[Name] = self._get(match, "one")
        if all(n.start in self.told for n in names):
            return None
        base = self.state.rank
        if base is None:
            base = self._base_from_close(match, len(names))
        if base is None:
            return self._refusal(match, names, [], "they follow a place that isn't known")
        tied = all(n.tied for n in names) and len(names) > 1
        ranked = [n for n in names if n.rank]
        if any(n.rank != (base + i, base + i) for i, n in enumerate(names, 1) if n.rank):
            return self._refusal(match, names, [n.rank for n in ranked], "other ranks in brackets")
        value = self._get(match, "value") if len(names) == 1 else None
        printed = [self.state.score, value, *(n.score for n in names)]
        scores = [score for score in printed if isinstance(score, Quantity)]
        order = _order(scores) if len(scores) > 1 else -1
        if order == 0 and not tied:
            return self._refusal(match, names, scores, "their scores neither fall nor rise")
        entries = [
            _entry(n, base + 1, base + 1, tied=True)
            if tied
            else _entry(n, base + i, base + i, value=value)
            for i, n in enumerate(names, start=1)
        ]
        self.state.rank, self.state.score = base + len(names), entries[-1].score
        sure = 0.85 if len(names) == 1 or all(e.score for e in entries) else 0.75
        found = self._statement(
            match, "ranking", entries, sure if order < 0 else 0.6, "follow the place before"
        )
        rises = order > 0 and len({score.value for score in scores}) > 1
        return replace(found, direction="lower_is_better") if rises else found

    def follows(self, match: re.Match[str]) -> Found | None:
        names: list[Name] = self._get(match, "one")
        if self.state.rank is None or names[0].broken:
            return None
        if len(names) > 1:
            return self._refusal(match, names, [self.state.rank + 1], "several names come next")
        self.state.rank += 1
        entries = [_entry(names[0], self.state.rank, self.state.rank)]
        return self._statement(match, "ranking", entries, 0.75, "follows the place before")

    def _base_from_close(self, match: re.Match[str], count: int) -> int | None:
        """Rank before a list that another name closes: "..., with D rounding out the top five"."""
        close = re.compile(rf"{_F}c?{_F}(?P<one>N){_F}(?P<rank>r)").match(self.codes, match.end())
        if close is None:
            return None
        rank = self.items[close.start("rank")].data
        base = int(rank[0]) - 1 - count
        alone = len(self.items[close.start("one")].data) == 1
        return base if rank[3] == "closes" and alone and base >= 1 else None

    def bracketed(self, match: re.Match[str]) -> Found | None:
        """Names whose own brackets or figures give their ranks or their scores."""
        names: list[Name] = self._get(match, "one")
        if all(n.rank for n in names):
            entries = [_entry(n, n.rank[0], n.rank[1]) for n in names if n.rank]
            # (No. 2) behind a lone name may number a document.
            lone = len(names) == 1 and _NUMBERED.search(self.text, *self._span(match))
            sure = 0.4 if lone else 0.9
            return self._statement(match, "ranking", entries, sure, "ranks in brackets")
        if len(names) > 1 and all(n.bare for n in names):
            values = [n.bare for n in names]
            return self._refusal(match, names, values, "numbers in brackets are ranks or scores")
        if len(names) == 1 and not self._is_figure(match, names[0]):
            return None
        if all(n.score or n.missing for n in names):
            entries = [_entry(n) for n in names]
            sure = 0.8 if len(names) > 1 or names[0].known else 0.6
            return self._statement(match, "quantity", entries, sure, "a name with its figure")
        return None

    def _is_figure(self, match: re.Match[str], name: Name) -> bool:
        """Whether a lone number says what it counts, or is called a score, or has decimals."""
        score = name.score
        if score is None or score.unit or score.value % 1:
            return True
        start, end = self._span(match)
        return _SCORE_WORD.search(self.text, start, end) is not None

    def quantity(self, match: re.Match[str]) -> Found | None:
        names: list[Name] = self._get(match, "one")
        value = self._get(match, "value")
        if not isinstance(value, Quantity):
            return None
        has_word = bool(set("pvk") & set(match.group())) or value.operator != "eq"
        has_word = has_word or value.value == 0
        if len(names) != 1 or not value.unit or not has_word:
            return None
        if SCORE_UNITS.fullmatch(value.unit) is None and not names[0].certain:
            return None
        entries = [_entry(names[0], value=value)]
        return self._statement(match, "quantity", entries, 0.6, "a figure near a name")

    def zero(self, match: re.Match[str]) -> Found | None:
        names, value = self._get(match, "one"), self._get(match, "value")
        if len(names) != 1:
            return None
        entries = [_entry(names[0], value=value)]
        return self._statement(match, "quantity", entries, 0.7, "none, in so many words")

    def censored(self, match: re.Match[str]) -> Found | None:
        start, end = self._span(match)
        names = self._get(match, "one") or []
        entries = [_entry(n) for n in names]
        entries = [replace(e, missing="an asterisk stands for the rank") for e in entries]
        return Statement(
            "withheld",
            tuple(entries),
            start,
            end,
            self.text[start:end],
            0.7,
            "an asterisk in place of 第一",
            candidate=1,
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
        name.text,
        low,
        high,
        tied or name.tied,
        certain,
        score,
        None if score else missing,
        name.start,
        name.end,
        name.known,
    )


def _order(values: list[Any]) -> int:
    """-1 where values fall (or stay), 1 where they rise, 0 where neither or not all are numbers."""
    if not all(isinstance(v, Quantity) and v.upper is None for v in values) or len(values) < 2:
        return -1 if len(values) == 1 else 0
    if len({v.unit for v in values} - {""}) > 1:
        return 0
    numbers = [v.value for v in values]
    if numbers == sorted(numbers, reverse=True):
        return -1
    return 1 if numbers == sorted(numbers) else 0


def _ranks(values: list[Any], base: int) -> list[tuple[int, int]]:
    """Ranks of values in order; equal ones share the better rank."""
    numbers = [v.value for v in values]
    return [(base + numbers.index(n) + 1, base + numbers.index(n) + 1) for n in numbers]


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


_STARTS = "NlstjrFUB0Z"
"""Codes with which a rule begins."""
_HEADS = re.compile(r"第.*[名位]$|[冠亚季]军|[亞]軍|榜首|首位")
_NUMBERED = re.compile(r"\((?:No|Nr|n°|nº)\b", re.IGNORECASE)
_SCORE_WORD = re.compile(r"scor|skor|nilai|indeks|index|punkt|point|分|指数|指數", re.IGNORECASE)
_SAYS_SO = re.compile(r"[a-z]+(?:s|ed) |lead|led|tops|topped|head|führt|liegt|arrive|mène", re.I)
_ADVERB_WORDS = """
now also again still then currently both only just together jointly this year in the a to into
kini juga kembali masih ke nun auch wieder jetzt noch auf an der dem den
maintenant aussi encore toujours désormais à au la
"""
_ADVERBS = frozenset(_ADVERB_WORDS.split())
_RELATIVE = re.compile(
    r"(?P<one>N)c?(?P<rel>[\^w])[wvk@TDI]{0,5}?(?P<ranks>[Kr])(?:c?D)?(?P<last>[wvk]{0,2}v)?"
)
_ARTICLES = frozenset(["die", "der", "das"])
_RELATIVES = _ARTICLES | frozenset(
    ["which", "who", "qui", "yang", "后者", "後者", "后两者", "後兩者", "后三者"]
)
_SCORE = "(?:c[wvk]{0,3}p[wvpk]{0,4}(?P<value>[qM]))?"
_ONE, _OTHER = "(?P<one>N)", "(?P<other>N)"
_RULES: list[tuple[re.Pattern[str], _Handler]] = [
    (re.compile(pattern.replace("~", _F)), handler)
    for pattern, handler in (
        (rf"{_ONE}~O~{_OTHER}c?\^~(?P<rank>r)", Sentence.pushed),
        (rf"{_ONE}c\^[wvk@]{{0,3}}?O~{_OTHER}(?:[ac]?~(?P<rank>r))?", Sentence.overtake),
        (rf"{_ONE}~O~{_OTHER}(?:[ac]?~(?P<rank>r))?", Sentence.overtake),
        (rf"{_ONE}p{_OTHER}[wvp]{{0,3}}?O", Sentence.overtake),
        (rf"{_ONE}~P~{_OTHER}", Sentence.overtaken),
        (rf"{_ONE}~Q~{_OTHER}~O", Sentence.overtaken),
        (rf"{_ONE}~B~{_OTHER}~(?P<rank>r)", Sentence.after),
        (rf"{_ONE}~(?P<rank>r)?c?~U~{_OTHER}", Sentence.behind_only),
        (rf"U~{_OTHER}c?~{_ONE}~(?P<rank>r)", Sentence.behind_only),
        (rf"{_ONE}~a?~(?P<rank>r)c?~B~{_OTHER}(?=[c;a]|$)", Sentence.after),
        (rf"B~{_OTHER}c~{_ONE}~(?P<rank>r)", Sentence.after),
        (rf"{_ONE}~a?~(?P<rank>r)c?~A~{_OTHER}(?=[c;a]|$)", Sentence.ahead),
        (rf"{_ONE}~W~(?:(?P<rank>r)|(?P<size>s))", Sentence.beyond),
        (rf"{_ONE}~X~(?P<rank>r)p{_OTHER}", Sentence.tie_with),
        (rf"{_ONE}~Xp{_OTHER}~(?P<rank>r)", Sentence.tie_with),
        (
            rf"{_ONE}~(?:(?P<size>s)|(?P<tier>t))c?~[DI]?~(?P<values>V)D?",
            Sentence.group_values,
        ),
        (
            rf"{_ONE}[DI]?~(?P<values>V)c?D?c?~(?:(?P<size>s)|(?P<tier>t))",
            Sentence.group_values,
        ),
        (
            rf"(?:(?P<size>s)|(?P<tier>t))~D?I?~{_ONE}c?~[DI]?~(?P<values>V)D?",
            Sentence.group_values,
        ),
        (rf"{_ONE}~[DI]?~(?P<values>V)c?~D?~(?P<ranks>K)D?", Sentence.rank_list),
        (rf"{_ONE}~sc?~(?P<ranks>K)c?D?", Sentence.rank_list),
        (rf"{_ONE}~D?~(?P<ranks>K)c?[DI]?~(?P<values>V)D?", Sentence.rank_list),
        (rf"{_ONE}~D?~(?P<ranks>K)c?D?", Sentence.rank_list),
        (rf"{_ONE}~[DI]?~(?P<values>V)c?D?", Sentence.values_only),
        (r"(?P<one>[Nl])c?~[DI]~(?P<values>V)", Sentence.values_only),
        (rf"(?P<size>s)~[ID]?~{_ONE}~c?~F~(?P<more>N)", Sentence.group),
        (rf"{_ONE}~(?P<size>s)c~(?P<rank>r)", Sentence.within),
        (rf"{_ONE}~[hD]?~(?P<size>s)", Sentence.group),
        (rf"(?P<size>s)~[ID]?~{_ONE}(?:c?~I)?", Sentence.group),
        (rf"(?P<size>s)(?P<comma>c){_ONE}", Sentence.group),
        (rf"{_ONE}~[DI]?~(?P<range>j)(?:c?[DI])?", Sentence.rank_range),
        (rf"(?P<range>j)~[ID]?~{_ONE}(?:c?~I)?", Sentence.rank_range),
        (rf"{_ONE}~(?P<tier>t)", Sentence.tier),
        (rf"(?P<tier>t)~[ID]?~{_ONE}", Sentence.tier),
        (
            rf"{_ONE}~a?~X?~(?P<rank>r)c?[wvl@yk]{{0,8}}?p[wpvlk]{{0,6}}?(?P<value>[qM])",
            Sentence.rank,
        ),
        (rf"{_ONE}~[ac]?v?~X?~(?P<rank>r)(?P<value>q)?", Sentence.rank),
        (
            rf"{_ONE}[wvpk]{{0,5}}?(?P<value>q)[wvpk]{{0,4}}?c?[wv@y]*?(?P<rank>r)",
            Sentence.rank,
        ),
        (
            rf"{_ONE}c[wvpkgyq@l]{{1,8}}c[wk]{{0,2}}?v[wvkp@]{{0,4}}?(?P<rank>r)",
            Sentence.apposition,
        ),
        (rf"{_ONE}c[wvpkgyq@l]{{1,8}}c(?P<rank>r)", Sentence.apposition),
        (rf"(?P<rank>r)[wvyp@gl]{{0,6}}?[kv][wvk]{{0,2}}?{_ONE}{_SCORE}", Sentence.inverse),
        (rf"(?P<rank>r){_ONE}{_SCORE}", Sentence.heads_clause),
        (rf"F~{_ONE}{_SCORE}", Sentence.followed),
        (rf"{_ONE}~f", Sentence.follows),
        (r"(?P<one>N)?[wvpk]{0,8}?Z", Sentence.censored),
        (_ONE, Sentence.bracketed),
        (r"(?P<one>[Nl])[wvpk]{0,5}?(?P<value>q)", Sentence.quantity),
        (r"(?P<value>0)[wvpkgyl@m]{0,5}?(?P<one>[Nl])", Sentence.zero),
        (r"(?P<one>[Nl])[wvpk@]{0,3}?(?P<value>0)", Sentence.zero),
    )
]
