"""What the beginning of a query may mean: numbers, bodies, types; only those on papers the reader may see."""

import re

from api.schemas.search import SuggestionOut
from api.tools import Tools
from language.fold import canonical, fold
from records.access import Actor
from records.paper_types import TYPES

MOST = 8
_SHORTEST = 2
"""Letters of a name below which everything would be suggested."""
_LONGEST = 80
_NUMBER = re.compile(r"(?:so)?[\s:]*(\d{1,6})(?:\s*[-–—/.\s]\s*(.*))?")


def suggest(tools: Tools, reader: Actor, typed: str) -> list[SuggestionOut]:
    """Return at most eight things `typed` may be the beginning of: numbers first, then bodies, then types."""
    beginning = " ".join(fold(canonical(typed)).split())
    if not beginning or len(beginning) > _LONGEST:
        return []
    with tools.work.reading() as tx:
        key = number_beginning(beginning)
        numbers = tx.suggestions.numbers(reader, key, MOST) if key else []
        named = len(beginning) >= _SHORTEST and not beginning.isdigit()
        issuers = tx.suggestions.issuers(reader, beginning, MOST) if named else []
        likely = [each for each in TYPES if named and f" {fold(each.name)}".find(f" {beginning}") >= 0]
        there = set(tx.suggestions.types(reader, [each.code for each in likely]))
    types = [each.name for each in likely if each.code in there]
    told = [("number", one) for one in numbers]
    told += [("issuer", one) for one in issuers] + [("type", one) for one in types]
    return [SuggestionOut(kind=kind, text=text) for kind, text in told[:MOST]]


def number_beginning(beginning: str) -> str:
    """Return the beginning of the key (`search.number_keys`) of a number that is being typed, "" when it is none.

    >>> number_beginning("1593-cv/t"), number_beginning("so 015"), number_beginning("chi bo 3")
    ('1593.cvt', '15', '')
    """
    found = _NUMBER.fullmatch(beginning)
    if not found:
        return ""
    digits = found[1].lstrip("0")
    letters = "".join(c for c in found[2] or "" if c.isalnum())
    return f"{digits}.{letters}" if letters else digits
