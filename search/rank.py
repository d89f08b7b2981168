"""Judge how well a page answers: what was typed stands there, stands there without marks, or something close to it.

The engine only gathers candidates. Here every candidate's text is aligned with the query, because one misread syllable
breaks up to two bigrams but hardly changes a string. Figures and their measurement: docs/decisions/0032.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from rapidfuzz import fuzz, process

from language.variants import forget_tones
from search.index import Candidate
from search.number_keys import REPAIRED, other_endings, shape
from search.plan import MAX_TOKENS, Part, Query, serial_forms

Match = Literal["exact", "folded", "approximate"]
_ORDER: tuple[Match, ...] = ("exact", "folded", "approximate")

ENGINE = 0.05
"""Share of the engine's score in ours: it orders equals (title, number of occurrences) and outweighs nothing else."""
CITED = 0.94
"""Quality of a number that a page only mentions, against 1.0 for the paper that bears it."""
_ONE_WORD = 0.8  # one letter of five may be misread
_BAG = 0.7  # share of the syllables that must stand on a page when they do not stand together
_BEST_BAG = 0.45  # the most that syllables give that do not stand together


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one page answers; `quality` is 1.0 for what was typed, at most 0.75 for anything approximate."""

    match: Match
    quality: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate worth showing; `score` (0 to 1) orders hits: quality first, then the engine's opinion."""

    candidate: Candidate
    judgement: Judgement
    score: float


class _Sheet:
    """A candidate's texts padded with spaces, so that `" a b " in text` asks for whole tokens."""

    def __init__(self, candidate: Candidate) -> None:
        self.numbers, self.mentions, self.ahead = candidate.numbers, candidate.mentions, candidate.ahead
        self.toned = (f" {candidate.exact} ", f" {candidate.title_exact} ")
        self.folded = (f" {candidate.folded} ", f" {candidate.title_folded} ")
        # only a document's first page has a title
        self.searched = self.folded if candidate.title_folded else self.folded[:1]

    @cached_property
    def beyond(self) -> str:
        """The first folded key of the next page, "" when there is none."""
        return forget_tones(self.ahead.partition(" ")[0])

    @cached_property
    def toned_border(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The last toned keys of the page and the first of the next."""
        return tuple(self.toned[0].rsplit(maxsplit=MAX_TOKENS)[-MAX_TOKENS:]), tuple(self.ahead.split())

    @cached_property
    def folded_border(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The same without marks."""
        here = tuple(self.folded[0].rsplit(maxsplit=MAX_TOKENS)[-MAX_TOKENS:])
        return here, tuple(forget_tones(self.ahead).split())

    @cached_property
    def glued(self) -> str:
        """All folded text without spaces: lost and invented spaces do not matter there."""
        return "".join(self.folded).replace(" ", "")

    def share(self, runs: Sequence[str], texts: Sequence[str], least: float = 0.0) -> float:
        """Return the share of `runs` (tokens or pairs "a b") that stand in one of `texts`, 0.0 when below `least`."""
        missing, most = 0, len(runs) * (1 - least)
        first, rest = texts[0], texts[1:]
        for run in runs:
            spaced = f" {run} "
            if spaced not in first and not any(spaced in text for text in rest):
                missing += 1
                if missing > most:
                    return 0.0
        return 1 - missing / len(runs)


def worst(matches: Sequence[Match]) -> Match:
    """Return the least of `matches`; a query is only as exact as its worst part."""
    return max(matches, key=_ORDER.index)


def least_likeness(letters: int) -> float:
    """Return the alignment ratio from which a passage counts as a misreading of a query of `letters` letters.

    Measured on pages with 5 and 10 % character errors: the true page stays above, the best of 200 others below.
    """
    if letters < 12:
        return 0.88
    return 0.85 if letters < 20 else 0.82


def nearest_word(term: str, words: Sequence[str]) -> tuple[int, float]:
    """Return the place of the word most like `term` and the ratio (0 to 1); ratio 0.0 when none is close enough.

    One syllable is too short for alignment without spaces: it would be found inside any longer word.
    """
    if len(term) < 4 or not term.isalpha():
        return 0, 0.0
    found = process.extractOne(term, words, scorer=fuzz.ratio, processor=None, score_cutoff=100 * _ONE_WORD)
    return (found[2], found[1] / 100) if found else (0, 0.0)


def closeness(ratio: float, letters: int) -> float:
    """Return the quality (0.25 to 0.75) of an alignment ratio (0 to 1), 0.0 when it is not close enough."""
    least = least_likeness(letters)
    return 0.25 + 0.5 * (ratio - least) / (1 - least) if ratio >= least else 0.0


def judge(query: Query, candidates: Sequence[Candidate]) -> list[Judgement | None]:
    """Return for each candidate how it answers, None for what only shares some words by chance."""
    sheets = [_Sheet(candidate) for candidate in candidates]
    columns = [_judge_all(part, sheets) for part in query.parts]
    judged = []
    for row, sheet in enumerate(sheets):
        judgement = _together(query.parts, [column[row] for column in columns])
        if query.whole:
            judgement = _standing(query.whole, sheet) or judgement
        if query.loose_number:
            judgement = _as_number(query.loose_number, query.parts[0], sheet) or judgement
        if not query.parts:
            judgement = Judgement("exact", 1.0)  # only fields were typed: whatever they let through answers
        judged.append(judgement)
    return judged


def order(candidates: Sequence[Candidate], judged: Sequence[Judgement | None]) -> list[Ranked]:
    """Return the candidates that answer (`judged` of each as `judge` gave it), best first."""
    top = max((candidate.score for candidate in candidates), default=0.0) or 1.0
    ranked = [
        Ranked(one, it, round((1 - ENGINE) * it.quality + ENGINE * one.score / top, 4))
        for one, it in zip(candidates, judged, strict=True)
        if it
    ]
    ranked.sort(key=lambda r: (-r.score, r.candidate.page, r.candidate.document_id))
    return ranked


def _together(parts: Sequence[Part], judged: Sequence[Judgement | None]) -> Judgement | None:
    """Return one judgement for all parts: the worst match, the mean quality by length."""
    found = [j for j in judged if j]
    if not found or any(j is None and part.kind != "text" for part, j in zip(parts, judged, strict=True)):
        return None
    match = worst([j.match for j in found]) if len(found) == len(judged) else "approximate"
    letters = [len(part.folded) for part in parts]
    quality = sum(n * j.quality for n, j in zip(letters, judged, strict=True) if j) / sum(letters)
    return Judgement(match, min(quality, 0.75) if match == "approximate" else quality)


def _judge_all(part: Part, sheets: Sequence[_Sheet]) -> list[Judgement | None]:
    """Judge every sheet: those where the part stands first, then the rest in one aligned batch."""
    judged = [_standing(part, sheet) for sheet in sheets]
    rest = [row for row, judgement in enumerate(judged) if judgement is None]
    near = _near(part, {row: sheets[row] for row in rest})
    for row in rest:
        judged[row] = _approximate(part, sheets[row], near.get(row, 0.0))
    return judged


def _near(part: Part, sheets: Mapping[int, _Sheet]) -> dict[int, float]:
    """Return the quality of the passage most like the part for every row that has one."""
    glued = "".join(part.folded)
    if len(part.folded) == 1:
        ratios = {row: nearest_word(glued, sheet.folded[0].split())[1] for row, sheet in sheets.items()}
        return {row: 0.4 * ratio for row, ratio in ratios.items() if ratio}
    found = process.extract(
        glued,
        {row: sheet.glued for row, sheet in sheets.items()},
        scorer=fuzz.partial_ratio,
        processor=None,
        limit=None,
        score_cutoff=100 * least_likeness(len(glued)),
    )
    return {row: closeness(ratio / 100, len(glued)) for _, ratio, row in found}


def _standing(part: Part, sheet: _Sheet) -> Judgement | None:
    """Return the judgement when the part stands there in sequence, with its marks or without."""
    if part.kind == "number":
        return _as_number(part.number, part, sheet)
    toned = f" {' '.join(part.toned)} "
    if toned in sheet.toned[0] or toned in sheet.toned[1]:
        return Judgement("exact", 1.0)
    folded = f" {' '.join(part.folded)} "
    for page, marked in zip(sheet.searched, sheet.toned, strict=False):
        at = page.find(folded)
        if at >= 0:
            first = page.count(" ", 0, at)
            there = marked.split(" ")[first + 1 : first + 1 + len(part.toned)]
            same = sum(a == b for a, b in zip(there, part.toned, strict=False)) / len(part.toned)
            return Judgement("folded", 0.9 + 0.08 * (same if part.accents else 1.0))
    return _across(part, sheet) if sheet.ahead and sheet.beyond in part.folded else None


def _across(part: Part, sheet: _Sheet) -> Judgement | None:
    """Return the judgement when the part begins on the page and ends on the next one."""
    ways: tuple[tuple[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]], Match, float], ...] = (
        (part.toned, sheet.toned_border, "exact", 0.99),
        (part.folded, sheet.folded_border, "folded", 0.9),
    )
    for keys, (own, ahead), match, quality in ways:
        for here in range(max(1, len(keys) - len(ahead)), min(len(keys) - 1, len(own)) + 1):
            if own[-here:] == keys[:here] and ahead[: len(keys) - here] == keys[here:]:
                return Judgement(match, quality)
    return None


def _as_number(key: str, part: Part, sheet: _Sheet) -> Judgement | None:
    """Judge a number: the paper that bears it, then pages that cite it."""
    keys = (key, *other_endings(key, " ".join(part.toned)))
    cited: Judgement | None = None
    if f" {' '.join(part.toned)} " in sheet.toned[0]:
        cited = Judgement("exact", CITED)
    elif any(one in sheet.mentions for one in keys) or any(
        f" {' '.join(form)} " in sheet.folded[0] for form in serial_forms(part)
    ):
        cited = Judgement("folded", CITED - 0.02)
    for one in keys:
        if one in sheet.numbers:
            whole = 1.0 if sheet.numbers[0] == one else 0.97
            return Judgement(cited.match if cited else "exact" if one == key else "folded", whole)
    return cited


def _approximate(part: Part, sheet: _Sheet, quality: float) -> Judgement | None:
    """Judge a page where the part does not stand: an aligned passage, or at least most of its words."""
    if part.kind == "number":
        # Another number is another paper: only digits read as letters are forgiven, and letters of the notation.
        keys = (part.number, *other_endings(part.number, " ".join(part.toned)))
        if any(REPAIRED + shape(key) in sheet.mentions for key in keys):
            return Judgement("approximate", 0.7)
        serial = any(f" {form[0]} " in sheet.folded[0] for form in serial_forms(part))
        quality = quality if serial else 0.0
    terms = tuple(dict.fromkeys(part.folded))
    if part.kind == "text" and len(terms) > 1 and quality < _BEST_BAG:
        share = sheet.share(terms, sheet.searched, _BAG)
        if share:
            joined = sheet.share([f"{a} {b}" for a, b in pairwise(part.folded)], sheet.searched)
            if share == 1.0 or joined >= 1 / 3:
                quality = max(quality, 0.25 * share * share + 0.2 * joined)
    if part.accents and quality:
        quality += 0.05 * (sheet.share(part.toned, sheet.toned) - 0.5)
    return Judgement("approximate", min(quality, 0.75)) if quality > 0 else None
