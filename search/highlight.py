"""From a query to boxes on the page: one matcher for every engine, on the word table of the page itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

from rapidfuzz import fuzz

from language.fold import canonical
from language.tokens import bigrams, tokens
from language.variants import folded_key, toned_key
from records.geometry import Box, back, turn
from records.page import PageText, Word
from search.number_keys import find_numbers
from search.plan import Part, Query
from search.rank import Match, least_likeness, nearest_word, worst

MOST_SPANS = 20
"""Passages marked on one page; more would paint the page."""
_BEFORE, _LENGTH = 60, 220  # code points of a snippet
_AROUND = 60  # code points told before and after a passage
_GAP = 3.0  # line heights between two words that still count as neighbours


Kind = Literal["exact", "folded", "ocr"]
"""How one passage stands on the page: as typed, without its marks, or as the engine misread it (or half of it)."""
_KIND: dict[Match, Kind] = {"exact": "exact", "folded": "folded", "approximate": "ocr"}


@dataclass(frozen=True, slots=True)
class Span:
    """A passage of a page: tokens `first` to `last` inclusive."""

    first: int
    last: int
    kind: Kind = "exact"


@dataclass(frozen=True, slots=True)
class Passage:
    """A place of a page that answers: how, its words as read with what stands around them, boxes in delivered pixels.

    A passage over several lines has a box on each, and `lines` says which words each box holds.
    """

    kind: Kind
    text: str
    before: str
    after: str
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Highlight:
    """Where a page answers: how, the snippet with its marked code-point spans, and every passage in reading order."""

    match: Match | None
    snippet: str
    marks: tuple[tuple[int, int], ...]
    passages: tuple[Passage, ...]

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes of all passages, in delivered pixels."""
        return tuple(box for passage in self.passages for box in passage.boxes)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """How each of `boxes` answers."""
        return tuple(passage.kind for passage in self.passages for _ in passage.boxes)


class MarkedPage:
    """The words of a page cut into tokens that know their word and their place in the text."""

    def __init__(self, page: PageText) -> None:
        self.page = page
        self.words: list[Word] = [word for line in page.lines for word in line]
        self.word_of: list[int] = []
        self.places: list[tuple[int, int]] = []
        self.toned: list[str] = []
        self.folded: list[str] = []
        pieces: list[str] = []
        at = 0
        for number, word in enumerate(self.words):
            text, cut = _cut(word.text)
            for start, end, toned, folded in cut:
                self.word_of.append(number)
                self.places.append((at + start, at + end))
                self.toned.append(toned)
                self.folded.append(folded)
            pieces.append(text)
            at += len(text) + 1
        self.text = " ".join(pieces)

    @cached_property
    def glued(self) -> tuple[str, list[int]]:
        """The folded keys without spaces, and for every letter the number of its token."""
        owner = [number for number, key in enumerate(self.folded) for _ in key]
        return "".join(self.folded), owner


@lru_cache(maxsize=65536)
def _cut(word: str) -> tuple[str, tuple[tuple[int, int, str, str], ...]]:
    """Return the canonical text of a word and its tokens (start, end, toned key, folded key); words repeat a lot."""
    text = canonical(word)
    return text, tuple((t.start, t.end, toned_key(t.text), folded_key(t.text)) for t in tokens(text))


def keys_of(word: str) -> tuple[str, ...]:
    """Return the folded keys of the tokens of a word of a page, as `highlight` compares them."""
    return tuple(folded for _, _, _, folded in _cut(word)[1])


def highlight(query: Query, page: PageText) -> Highlight:
    """Return what of `query` stands on `page`. `match` is None when nothing does; the snippet is then its beginning."""
    marked = MarkedPage(page)
    located = [_locate(part, marked) for part in query.parts]
    if query.whole:
        standing = _standing(query.whole, marked)
        located = [standing] if standing[0] else located
    if query.loose_number and located[0][0] not in ("exact", "folded"):
        numbered = _numbered(query.loose_number, marked)
        located = [numbered] if numbered[1] else located
    spans = _distinct([replace(span, kind=_KIND[m]) for m, found in located if m for span in found])
    known = [match for match, _ in located if match]
    match: Match | None = None
    if known:
        match = worst(known) if len(known) == len(located) else "approximate"
    best = next((found[0] for _, found in located if found), None)
    snippet, marks = _snippet(marked, spans, best)
    return Highlight(match, snippet, marks, tuple(_passage(marked, span) for span in spans))


def nearest(query: Query, page: PageText) -> Passage:
    """Return the passage most like `query`, however little: for a page that answers by what is known of its document.

    The whole page when nothing was read on it.
    """
    marked = MarkedPage(page)
    text, owner = marked.glued
    wanted = "".join(key for part in query.parts for key in part.folded)
    found = fuzz.partial_ratio_alignment(wanted, text) if text and wanted else None
    if found is None or found.dest_end <= found.dest_start:
        return Passage("ocr", "", "", "", (Box(0, 0, page.width, page.height),), ("",))
    return _passage(marked, Span(owner[found.dest_start], owner[found.dest_end - 1], "ocr"))


def _passage(marked: MarkedPage, span: Span) -> Passage:
    text, start, end = marked.text, marked.places[span.first][0], marked.places[span.last][1]
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    if start > _AROUND:
        before = before.partition(" ")[2]  # no half words
    if len(text) > end + _AROUND:
        after = after.rpartition(" ")[0]
    boxes, lines = zip(*_pieces(marked, span), strict=True)
    return Passage(span.kind, text[start:end], before, after, boxes, lines)


def _pieces(marked: MarkedPage, span: Span) -> list[tuple[Box, str]]:
    """Return the boxes of a passage with their words: neighbours on a line make one box, each line break another.

    Neighbours are judged on the upright page, so a turned scan gives the same boxes turned.
    """
    page = marked.page
    wide, high = page.upright_size
    runs: list[tuple[int, Box, str]] = []
    for number in dict.fromkeys(marked.word_of[span.first : span.last + 1]):
        word = marked.words[number]
        box = page.upright_box(word.box)
        if runs and runs[-1][0] == word.line:
            _, last, text = runs[-1]
            gap = max(box.x0 - last.x1, last.x0 - box.x1)
            if gap <= _GAP * max(box.height, last.height):
                runs[-1] = (word.line, last.union(box), f"{text} {word.text}")
                continue
        runs.append((word.line, box, word.text))
    return [(turn(box, back(page.rotation), wide, high), text) for _, box, text in runs]


def _locate(part: Part, marked: MarkedPage) -> tuple[Match | None, list[Span]]:
    """Return how the part stands on the page and where, in the order exact, folded, aligned, scattered."""
    match, spans = _standing(part, marked)
    if match:
        return match, spans
    if part.kind == "number":
        match, spans = _numbered(part.number, marked)
        if spans:
            return match, spans
    span = _aligned(part, marked)
    if span:
        return "approximate", [span]
    spans = _scattered(part, marked) if part.kind == "text" else []
    return ("approximate" if spans else None), spans


def _standing(part: Part, marked: MarkedPage) -> tuple[Match | None, list[Span]]:
    """Return where the part stands in sequence: with its marks, else without, else nowhere."""
    spans = _sequence(part.toned, marked.toned)
    if spans:
        return "exact", spans
    spans = _sequence(part.folded, marked.folded)
    return ("folded" if spans else None), spans


def _sequence(keys: Sequence[str], page: Sequence[str]) -> list[Span]:
    """Return every place where `keys` stand one after the other."""
    size, first = len(keys), keys[0]
    wanted = list(keys)
    return [
        Span(at, at + size - 1)
        for at, key in enumerate(page[: len(page) - size + 1] if len(page) >= size else [])
        if key == first and page[at : at + size] == wanted
    ]


def _numbered(key: str, marked: MarkedPage) -> tuple[Match | None, list[Span]]:
    """Return every place where the document number with that key is written, however its parts are joined."""
    spans = []
    match: Match | None = None
    for number in find_numbers(marked.text):
        if key in (number.key, number.repaired):
            inside = [n for n, (a, z) in enumerate(marked.places) if number.start <= a and z <= number.end]
            spans.append(Span(inside[0], inside[-1]))
            match = "folded" if key == number.key or match == "folded" else "approximate"
    return match, spans


def _aligned(part: Part, marked: MarkedPage) -> Span | None:
    """Return the passage most like the part, on token borders; None when nothing is like it."""
    wanted = "".join(part.folded)
    if len(part.folded) == 1:
        at, ratio = nearest_word(wanted, marked.folded)
        return Span(at, at) if ratio else None
    text, owner = marked.glued
    least = 100 * least_likeness(len(wanted))
    found = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=least) if text else None
    if found is None or found.dest_end <= found.dest_start:
        return None
    if part.kind == "number" and part.folded[0] not in marked.folded:
        return None
    first, last = owner[found.dest_start], owner[found.dest_end - 1]
    ends = range(max(first, last - 2), min(last + 2, len(marked.folded) - 1) + 1)
    windows = [(a, z) for a in range(max(0, first - 1), min(first + 2, last) + 1) for z in ends if z >= a]
    first, last = max(
        windows, key=lambda w: (fuzz.ratio(wanted, "".join(marked.folded[w[0] : w[1] + 1])), w[0] - w[1])
    )
    return Span(first, last)


def _scattered(part: Part, marked: MarkedPage) -> list[Span]:
    """Return the pairs of neighbours of the part that stand somewhere, or its single syllables when no pair does."""
    pairs = set(bigrams(part.folded))
    spans: list[Span] = []
    for at, pair in enumerate(bigrams(marked.folded)):
        if pair in pairs:
            if spans and spans[-1].last == at:
                spans[-1] = Span(spans[-1].first, at + 1)
            else:
                spans.append(Span(at, at + 1))
    if not spans and len(part.folded) > 1:
        terms = set(part.folded)
        spans = [Span(at, at) for at, key in enumerate(marked.folded) if key in terms]
    return spans


def _distinct(spans: Sequence[Span]) -> list[Span]:
    """Return the spans in reading order without those inside another, at most `MOST_SPANS`."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.first, -s.last)):
        if not kept or span.last > kept[-1].last:
            kept.append(span)
    return kept[:MOST_SPANS]


def _snippet(
    marked: MarkedPage, spans: Sequence[Span], best: Span | None
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the text around the best passage, cut at words, and the marked spans in it."""
    text = marked.text
    at = marked.places[best.first][0] if best else 0
    start = 0 if at <= _BEFORE else text.rfind(" ", 0, at - _BEFORE) + 1
    end = len(text) if len(text) <= start + _LENGTH else text.find(" ", start + _LENGTH)
    end = len(text) if end < 0 else end
    lead = "… " if start else ""
    snippet = lead + text[start:end] + (" …" if end < len(text) else "")
    marks = []
    for span in spans:
        a, z = marked.places[span.first][0], marked.places[span.last][1]
        if start <= a and z <= end:
            marks.append((a - start + len(lead), z - start + len(lead)))
    return snippet, tuple(marks)
