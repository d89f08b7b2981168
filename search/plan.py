"""Turn what a person typed into what any engine can run: parts of a query, then clauses over the fields of an entry."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from language.fold import canonical
from language.syllables import folded_inventory
from language.tokens import bigrams, skip_bigrams, token_texts
from language.variants import folded_key, has_marks, toned_key
from records.errors import Unfit
from search.filters import Filters
from search.number_keys import REPAIRED, find_numbers, loose_key, other_endings, shape
from search.query_fields import Narrowed, narrowed

MAX_QUERY = 1000
"""Longest query in characters. A longer one is a mistake (a whole page pasted), answered in words."""
MAX_TOKENS = 48
"""Syllables of a query that are used; forty-eight already name one page among millions."""

GATED = 3
"""From this many syllables on, a page must hold one bigram: a folded syllable alone stands on most pages."""
LONG = 6
"""From this many syllables on a query rarely stands on more pages than are shown, and a page that answers shares pairs
with it, however many of them are misread (decision 0176).
"""
OWN_NUMBER = 20.0
MENTIONED_NUMBER = 6.0
"""Weights of a paper's own number and of one that it cites, against about 1 for a bigram."""

_QUOTED = re.compile(r'["“”«»„]([^"“”«»„]*)["“”«»„]')
_ABSENT = re.compile(r'(?<!\S)-(?:["“”«»„]([^"“”«»„]+)["“”«»„]|([^\W_][^\s"]*))')
_LONE = re.compile("[\ud800-\udfff]")  # half a character: a filter with it is no text for any engine
_NUMBER_WORD = re.compile(r"(?:^|\s)(?:số|so)\s*:?\s*$", re.IGNORECASE)


class In(StrEnum):
    """The fields of an entry that hold text, by the name they have in every engine."""

    EXACT = "ex"
    FOLDED = "fo"
    PAIRS = "bi"
    SKIPS = "sk"
    NUMBERS = "num"
    MENTIONS = "men"
    READINGS = "ca"
    READING_PAIRS = "cb"
    ISSUER = "iss"
    EDGE = "edge"
    TITLE_EXACT = "tex"
    TITLE_FOLDED = "tfo"
    TITLE_PAIRS = "tbi"


PAIRS_OF = {
    **dict.fromkeys((In.EXACT, In.FOLDED), In.PAIRS),
    **dict.fromkeys((In.TITLE_EXACT, In.TITLE_FOLDED), In.TITLE_PAIRS),
}
"""Where the bigrams of a field stand."""
TONED, FOLDED = (In.EXACT, In.TITLE_EXACT), (In.FOLDED, In.TITLE_FOLDED)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a query: running text, a quoted phrase, or a document number (then `number` is its key)."""

    kind: Literal["text", "phrase", "number"]
    toned: tuple[str, ...]
    folded: tuple[str, ...]
    accents: bool
    number: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A query as understood. `loose_number` is set when the whole of it may be a number typed without its marks.

    `whole`: everything as running text, when a number stands among words; a sentence copied from a page is found
    as it stands, not in pieces. `absent`: what must not stand on a page (`-từ`). `fields`: what narrows the search.
    """

    typed: str
    parts: tuple[Part, ...]
    loose_number: str = ""
    whole: Part | None = None
    absent: tuple[Part, ...] = ()
    fields: Narrowed = field(default_factory=lambda: Narrowed(""))

    @property
    def empty(self) -> bool:
        """True when nothing in it can be searched for (only punctuation, spaces, emoji, words to leave out)."""
        return not self.parts and not self.fields.narrows

    @property
    def syllables(self) -> int:
        """How many syllables all parts have together."""
        return sum(len(part.folded) for part in self.parts)

    @property
    def long(self) -> bool:
        """True for running text of `LONG` syllables or more, and nothing else."""
        return [part.kind for part in self.parts] == ["text"] and self.syllables >= LONG

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the person about what was typed and not understood."""
        return self.fields.notes

    def narrowed(self, filters: Filters) -> Filters:
        """Return `filters` (chosen on the page) together with those typed; both have to be met."""
        return filters.also(self.fields.filters)

    @property
    def selective(self) -> bool:
        """True when the engine's own conditions say all: every match of the plan is a hit, and its count is exact."""
        return all(
            part.kind == "phrase" or (part.kind == "text" and len(part.folded) < GATED) for part in self.parts
        )


@dataclass(frozen=True, slots=True)
class Clause:
    """Look for `terms` in a field: one term, or several standing in sequence. `edits` allows misspellings (0 to 2).

    `apart`: the terms may stand anywhere in the field, all of them.
    `pairs`: bigrams in `PAIRS_OF[where]` without which the sequence cannot stand; an engine asks for them first, since
    reading where frequent syllables stand costs three times as much.
    """

    where: In
    terms: tuple[str, ...]
    weight: float = 1.0
    edits: int = 0
    pairs: tuple[str, ...] = ()
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine runs: of every group in `must` one clause has to match, `should` only adds to the score.

    `at_least`: how many clauses of `should` have to match. `absent`: no clause of it may match. A plan without any
    clause to match finds nothing, or with `everything` every page that filters and rights let through.
    `first`: pages on which a clause of the first group matches come before all others, then those of the second
    (at most `search.index.TIERS`), whatever their score; that takes nothing away and adds nothing to it. Such a page
    meets the gates as well.
    `gates`: groups as in `must` whose clauses add to the score as well, so that an engine reads their lists once.
    """

    must: tuple[tuple[Clause, ...], ...]
    should: tuple[Clause, ...]
    at_least: int = 0
    absent: tuple[Clause, ...] = ()
    everything: bool = False
    first: tuple[tuple[Clause, ...], ...] = ()
    gates: tuple[tuple[Clause, ...], ...] = ()

    @property
    def empty(self) -> bool:
        """True when there is nothing to look for."""
        return not (self.must or self.gates or self.should or self.everything)

    @property
    def matching(self) -> "Plan":
        """What decides which pages match, without what only adds to a score; enough for counting."""
        if self.at_least or not (self.must or self.gates or self.everything):
            return self
        return replace(self, must=(*self.must, *self.gates), gates=(), should=(), first=())


def parse(typed: str) -> Query:
    """Return the parts of what was typed. Quotes make a phrase, numbers are recognised, everything else is text.

    Raises Unfit (`query-too-long`). Never fails otherwise: what cannot be searched for is left out.
    """
    if len(typed) > MAX_QUERY:
        raise Unfit(
            f"query of {len(typed)} characters",
            code="query-too-long",
            tell=f"Câu tìm quá dài (hơn {MAX_QUERY} ký tự). Hãy chỉ nhập vài từ hoặc một câu ngắn của văn bản.",
        )
    whole_text = _LONE.sub("\ufffd", canonical(typed))
    fields = narrowed(whole_text)
    text, absent = _without_absent(fields.text)
    parts: list[Part] = [part for number in fields.numbers for part in _numbered(number)]
    at = 0
    for quoted in _QUOTED.finditer(text):
        parts += _running(text[at : quoted.start()])
        parts += _part("phrase", quoted.group(1))
        at = quoted.end()
    parts += _running(text[at:])
    plain = text == whole_text
    kinds = {part.kind for part in parts}
    whole = (
        _part("text", text)
        if plain and kinds >= {"number"} and "phrase" not in kinds and len(parts) > 1
        else []
    )
    loose = loose_key(text) if plain else ""
    return Query(whole_text, _capped(parts), loose, next(iter(_capped(whole)), None), _capped(absent), fields)


def _without_absent(text: str) -> tuple[str, list[Part]]:
    """Return the text without what is marked `-từ` or `-"cụm từ"`, and that; a hyphen inside a number marks nothing."""
    numbers = [(number.start, number.end) for number in find_numbers(text)]
    kept, absent, at = "", list[Part](), 0
    for met in _ABSENT.finditer(text):
        if any(start <= met.start() < end for start, end in numbers):
            continue
        kept, at = f"{kept}{text[at : met.start()]} ", met.end()
        absent += _part("phrase", met.group(1) if met.group(1) is not None else met.group(2))
    return (f"{kept}{text[at:]}" if at else text), absent


def _numbered(typed: str) -> list[Part]:
    """Return the number typed behind `số:`, marks or not; a bare serial too. It is text when it is none."""
    found = find_numbers(typed)
    key = found[0].key if found else loose_key(typed) or (typed.lstrip("0") if typed.isdecimal() else "")
    parts = _part("phrase", typed)
    return [Part("number", p.toned, p.folded, p.accents, key) for p in parts] if key else parts


def _part(kind: Literal["text", "phrase"], text: str) -> list[Part]:
    runs = token_texts(text)
    if not runs:
        return []
    toned = tuple(toned_key(run) for run in runs)
    return [Part(kind, toned, tuple(folded_key(run) for run in runs), has_marks(text))]


def _running(text: str) -> list[Part]:
    """Return the parts of unquoted text: the numbers in it and what stands between them."""
    parts: list[Part] = []
    at = 0
    for number in find_numbers(text):
        if not number.clean:
            continue  # "năm 2024 - kế hoạch": words, not a notation
        parts += _part("text", _NUMBER_WORD.sub("", text[at : number.start]))
        written = text[number.start : number.end]
        runs = token_texts(written)
        toned, folded = tuple(toned_key(run) for run in runs), tuple(folded_key(run) for run in runs)
        parts.append(Part("number", toned, folded, has_marks(written), number.key))
        at = number.end
    return parts + _part("text", text[at:])


def _capped(parts: list[Part]) -> tuple[Part, ...]:
    """Return the parts up to `MAX_TOKENS` syllables; a part that would pass the limit is cut, the rest dropped."""
    kept: list[Part] = []
    left = MAX_TOKENS
    for part in parts:
        if left <= 0:
            break
        kept.append(Part(part.kind, part.toned[:left], part.folded[:left], part.accents, part.number))
        left -= len(part.toned)
    return tuple(kept)


def first_stage(query: Query) -> Plan:
    """Return the plan that gathers candidates: selective (bigrams decide from three syllables on), scored by BM25."""
    must: list[tuple[Clause, ...]] = []
    gates: list[tuple[Clause, ...]] = []
    should: list[Clause] = []
    for part in query.parts:
        if part.kind == "text" and len(part.folded) >= GATED:
            # toned words as well would double the engine's work; ranking compares them
            gates.append(_pairs(part))
            continue
        should += (*_pairs(part), *_words(part))
        if part.kind == "number":
            must.append((*_number(part.number, " ".join(part.toned)), *_each(In.PAIRS, bigrams(part.folded))))
        elif part.kind == "phrase":
            must.append(_phrase(part))
        else:
            must += [_anywhere(term) for term in dict.fromkeys(part.folded)]
    if query.loose_number:
        numbers = _number(query.loose_number, query.typed)
        if must:
            should += numbers
        must = [(*group, *numbers) for group in must]
        gates = [(*group, *numbers) for group in gates]
    return _held(query, Plan(tuple(must), tuple(should), first=_hits_first(query), gates=tuple(gates)))


def _held(query: Query, plan: Plan) -> Plan:
    """Return `plan` with what the fields of the query ask for besides filters, and without what must be absent."""
    issuer = [(Clause(In.ISSUER, (word,)),) for word in dict.fromkeys(query.fields.issuer)]
    titles = [(Clause(In.TITLE_FOLDED, name),) for name in query.fields.titles]
    absent = tuple(_phrase(part)[0] for part in query.absent)
    everything = not query.parts and query.fields.narrows
    return replace(plan, must=(*plan.must, *issuer, *titles), absent=absent, everything=everything)


def standing_stage(query: Query) -> Plan | None:
    """Return the plan for pages on which the whole query stands: its syllables in sequence, with marks or without, or
    its number, also with digits misread.

    Its matches are hits, so their number and their facets are exact, and it costs a fraction of the first stage, which
    takes every page that shares two syllables. None when that says nothing new (a phrase or one syllable, exact in the
    first stage) or when the query has pieces of several kinds.
    """
    if len(query.parts) != 1:
        return None
    (part,) = query.parts
    key = query.loose_number or part.number
    if key:
        phrases = tuple(Clause(In.FOLDED, form, MENTIONED_NUMBER) for form in serial_forms(part))
        wanted = (*_number(key, query.typed if query.loose_number else " ".join(part.toned)), *phrases)
        own = tuple(clause for clause in wanted if clause.where is In.NUMBERS)
        cited = tuple(clause for clause in wanted if clause.weight == MENTIONED_NUMBER)
        return _held(query, Plan((wanted,), wanted, first=(own, cited)))
    if part.kind == "phrase" or len(part.folded) == 1:
        return None
    if len(part.folded) < GATED:
        # where the pair stands, both words as typed are the pair as typed, but for a page in thousands; and it is
        # these queries that match a fifth of all pages
        must, typed = _beside(part), tuple(Clause(where, part.toned, apart=True) for where in TONED)
    else:
        must, typed = _phrase(replace(part, accents=False)), _typed(part)
    first = (typed,) if part.accents else ()  # without accents there is nothing to prefer
    return _held(query, Plan((must,), _beside(part), first=first))


def serial_forms(part: Part) -> list[tuple[str, ...]]:
    """Return the folded tokens of a number as typed, and with and without a zero before the serial."""
    bare = part.folded[0].lstrip("0") or "0"
    return [(serial, *part.folded[1:]) for serial in dict.fromkeys((part.folded[0], bare, "0" + bare))]


def _hits_first(query: Query) -> tuple[tuple[Clause, ...], ...]:
    """Return what comes first where matches are hits: the words as typed, or two words side by side; of a long query
    all of it, with marks or without.

    So the engine has the order that ranking gives, and as many pages are loaded as are shown, not the best of many.
    """
    if query.long:
        return (_phrase(replace(query.parts[0], accents=False)),)
    if not query.selective or len(query.parts) != 1:
        return ()
    (part,) = query.parts
    return (_beside(part) if part.kind == "text" and len(part.folded) > 1 else _typed(part),)


def _typed(part: Part) -> tuple[Clause, ...]:
    """Return the part as it was typed, in sequence."""
    return _stands(TONED, part.toned, part)


def _beside(part: Part) -> tuple[Clause, ...]:
    """Return syllables side by side in pairs, also over the end of a page; a pair is cheaper than a phrase."""
    pairs = bigrams(part.folded)
    return (*_each(In.PAIRS, pairs), *_each(In.TITLE_PAIRS, pairs))


def second_stage(query: Query) -> Plan:
    """Return the plan for when the first found nothing good: misreadings and lost spaces allowed, half suffices; what
    a doubtful syllable of the page may have been counts as well.
    """
    folded = [term for part in query.parts for term in part.folded]
    should = [Clause(In.FOLDED, (term,), 1.0, _edits(term)) for term in dict.fromkeys(folded)]
    half = (len(should) + 1) // 2
    glued = dict.fromkeys("".join(pair) for pair in zip(folded, folded[1:], strict=False))
    should += _each(In.FOLDED, glued, 2.0)
    should += _each(In.READINGS, folded, 0.7)
    should += [c for part in query.parts if part.kind == "number" for c in _number(part.number)]
    return _held(query, Plan((), tuple(should), half)) if should else Plan((), ())


def _edits(term: str) -> int:
    """Return how many letters of `term` may be misread; digits must stand as typed, short syllables too, and whatever
    is a syllable: other spellings of it on a page are among the page's own readings, and looking for every word
    that is like a frequent syllable is what makes a query slow (decision 0176).
    """
    if len(term) < 3 or not term.isalpha() or term in folded_inventory():
        return 0
    return 1 if len(term) < 8 else 2


def _each(where: In, terms: Iterable[str], weight: float = 1.0) -> tuple[Clause, ...]:
    return tuple(Clause(where, (term,), weight) for term in dict.fromkeys(terms))


def _anywhere(term: str) -> tuple[Clause, ...]:
    return (Clause(In.FOLDED, (term,)), Clause(In.TITLE_FOLDED, (term,)), Clause(In.NUMBERS, (term,)))


def _number(key: str, typed: str = "") -> tuple[Clause, ...]:
    """Return what finds a number: itself, the other reading of TƯ, and what looks like it once digits are misread."""
    keys = (key, *other_endings(key, typed))
    return (
        *(Clause(In.NUMBERS, (one,), OWN_NUMBER) for one in keys),
        *(Clause(In.MENTIONS, (one,), MENTIONED_NUMBER) for one in keys),
        *(Clause(In.MENTIONS, (REPAIRED + shape(one),), MENTIONED_NUMBER / 2) for one in keys),
    )


def _phrase(part: Part) -> tuple[Clause, ...]:
    """Return the quoted phrase in sequence, with its marks when it was typed with them."""
    fields, terms = (TONED, part.toned) if part.accents else (FOLDED, part.folded)
    return (*_stands(fields, terms, part), Clause(In.EDGE, part.folded))


def _stands(fields: Iterable[In], terms: tuple[str, ...], part: Part) -> tuple[Clause, ...]:
    """Return `terms` (keys of `part`) in sequence in one of `fields`."""
    pairs = tuple(dict.fromkeys(bigrams(part.folded)))
    return tuple(Clause(where, terms, pairs=pairs) for where in fields)


def _pairs(part: Part) -> tuple[Clause, ...]:
    """Return the pairs of a part as they stand and in a title, over a misread syllable, and as they may have been."""
    pairs, skips = bigrams(part.folded), skip_bigrams(part.folded)
    return (
        *_beside(part),
        *_each(In.SKIPS, skips, 0.5),
        *_each(In.READING_PAIRS, pairs, 0.7),
        *_each(In.READING_PAIRS, skips, 0.3),
    )


def _words(part: Part) -> tuple[Clause, ...]:
    """Return what else raises the score of a page: toned words when somebody typed tones, words alone where there
    are too few of them for pairs to tell pages apart (decision 0173), numbers.
    """
    clauses: list[Clause] = []
    if len(part.folded) < GATED or part.kind == "number":
        clauses += (*_each(In.FOLDED, part.folded, 0.5), *_each(In.TITLE_FOLDED, part.folded, 0.5))
    if part.accents:
        clauses += _each(In.EXACT, part.toned, 1.0)
        clauses += _each(In.TITLE_EXACT, part.toned, 0.5)
    if part.kind == "number":
        clauses += _number(part.number, " ".join(part.toned))
    elif len(part.folded) == 1 and part.folded[0].isdecimal():
        clauses.append(Clause(In.NUMBERS, part.folded, OWN_NUMBER))
    return tuple(clauses)
