"""Raised signs: a footnote's mark is not printed text, an exponent or an ordinal's ending is."""

from __future__ import annotations

import re

_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_ORDINALS = {"st", "nd", "rd", "th", "er", "ère", "re", "e", "ème", "eme", "de", "nde", "o", "a",
             "º", "ª", "te", "os", "as"}  # fmt: skip


def superscript(text: str, before: str) -> str:
    """A raised text as it should stand in a line, "" for a footnote's mark.

    Digits after a number stay raised (``12³`` is no 123: it is an exponent, or a note that
    can't be told from one), after a word of over three letters they are a mark; ordinals' endings
    stay (``1st``); brackets, asterisks, daggers and single letters are marks.

    Args:
        before: the text that it is raised on.
    """
    if not text:
        return ""
    base = before.rstrip()[-1:]
    if re.fullmatch(r"[\[(（〔【].{1,12}[\])）〕】]|[*†‡§¶#※，,;\s①-⑳]+", text):
        return ""
    if text.lower() in _ORDINALS and base.isdigit():
        return text
    if re.fullmatch(r"[+\-−]?\d+", text):
        word = re.search(r"[^\W\d_]+$", before.rstrip())
        if word and (len(word.group()) > 3 or not word.group().isascii()):
            return ""
        return text.translate(_RAISED) if base else text
    if re.fullmatch(r"[a-z\d](\s*[,;\s]\s*[a-z\d])*", text, re.IGNORECASE) and base:
        return ""
    if text.upper() in ("TM", "SM", "®", "™"):
        return ""
    return text
