"""Look a second time where the first reading is weak or saw nothing: lines alone, without rules, with the larger net.

The layout analysis is left out: one line is cut from the reading copy and read as a line. What is better stays, and
each word keeps what the other look read. The cost of a page is bounded in lines and in pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from ocr.engine import Engine, Found
from ocr.ink import Ink, Patch, inside, margin, unread, without_rules
from ocr.numbers import reread
from ocr.options import OcrOptions
from ocr.tidy import core, could_be, mean_confidence, runs, tidied

MOST_LINES = 40
"""Lines of a page that are looked at again: as many as a full page has; most are single numbers of a table."""

MOST_PIXELS = 1_500_000
"""Pixels of a page that are looked at again; a full page has about 2,500,000 in its lines."""

_WEAK = 0.6
"""A run of words is read again when one of them is believed less than this."""

_ADMITTED = 0.62
"""What stood in no word is admitted when its letters are believed this much on average, or half of them surely."""

_ALONE = 0.75
"""The same for a number or a short word that nothing around it supports; a single letter is never admitted."""

_DEPTH = 0.6
"""How dark an unread line must be beside the words read: what shines through from the back is paler."""

_SEAL = 0.85
"""How dark a word inside the ring of a seal must be beside the words read to be the paper's own."""

_SURE, _SAMPLE = 0.9, 60
"""Confidence and number of the words that tell how dark writing is on this page."""

_BETTER = 0.08
"""How much surer the second look must be before it replaces what was read."""

_BETTER_PLAIN = 0.15
"""The same for digits and capitals, for which only the letters seen speak."""

_WORD = 0.025
"""How much a unit of log chance counts beside confidence: a line of syllables against one of none 0.15. Never for
digits and capitals."""

_IMPOSSIBLE = -6.0
"""Log chance of what could be no word, by `syllables`; that of a word is 0."""

Score = Callable[[Sequence[str]], float]
"""How likely words are in this order: mean log chance (natural) a word, 0.0 or less."""


def syllables(words: Sequence[str]) -> float:
    """Return the score that knows only which syllables exist."""
    return sum(0.0 if could_be(word) else _IMPOSSIBLE for word in words) / max(len(words), 1)


def second_look(
    ink: Ink,
    words: Sequence[Found],
    rings: Sequence[Patch],
    options: OcrOptions,
    engine: Engine,
    score: Score = syllables,
) -> list[Found]:
    """Return the words after the second look, in reading order.

    `rings` are the seals (`ocr.ink.seals`), `score` says which of two readings is the likelier Vietnamese. Raises
    `ToolMissing` when the model of `options.second` is absent.
    """
    budget = _Budget()
    out: list[Found] = []
    for run in runs(words, ink.capital):
        again = _again(ink, run, options, engine) if _weak(run) and budget.allows(_around(run, ink)) else []
        out.extend(_chosen(run, again, score) if again else run)
    out = tidied(out, ink)
    usual = _usual_depth(ink, out)
    out = [word for word in out if not _of_seal(word, ink, rings, usual)]
    for patch in unread(ink, out):
        pale = ink.depth(patch.x0, patch.y0, patch.x1, patch.y1) < _DEPTH * usual
        if not pale and not _of_seal(patch, ink, rings, usual) and budget.allows(patch):
            seen = tidied(_read(ink, patch, options, engine), ink)
            out = _placed(out, seen, ink.capital) if _admitted(seen) else out
    return reread(ink, out, options, engine, budget.allows)


class _Budget:
    """What of a page may still be looked at again."""

    def __init__(self) -> None:
        self.lines, self.pixels = MOST_LINES, MOST_PIXELS

    def allows(self, patch: Patch) -> bool:
        """Take the patch out of the budget; False when it does not fit."""
        size = (patch.x1 - patch.x0) * (patch.y1 - patch.y0)
        if self.lines < 1 or size > self.pixels or size < 1:
            return False
        self.lines, self.pixels = self.lines - 1, self.pixels - size
        return True


def _usual_depth(ink: Ink, words: Sequence[Found]) -> float:
    """Return how dark the words are that were read surely; 0.0 when there are none."""
    sure = [word for word in words if word.confidence >= _SURE][:_SAMPLE]
    return median(ink.depth(w.x0, w.y0, w.x1, w.y1) for w in sure) if sure else 0.0


def _of_seal(word: Found | Patch, ink: Ink, rings: Sequence[Patch], usual: float) -> bool:
    """Return whether a word is a seal's own: wholly inside its ring and paler than the writing of the page."""
    if not any(inside(ring, word) for ring in rings):
        return False
    return ink.depth(word.x0, word.y0, word.x1, word.y1) < _SEAL * usual


def _weak(run: Sequence[Found]) -> bool:
    return any(word.confidence < _WEAK for word in run)


def _around(run: Sequence[Found], ink: Ink) -> Patch:
    """Return the run's place on the copy with the room that a line read alone needs."""
    high, wide = ink.all.shape
    tall = median(word.y1 - word.y0 for word in run)
    usual = [
        word for word in run if word.y1 - word.y0 <= 1.6 * tall
    ]  # a shred of a seal must not widen the line
    room = round(0.3 * ink.capital)
    return Patch(
        max(min(word.x0 for word in run) - room, 0),
        max(min(word.y0 for word in usual) - room // 2, 0),
        min(max(word.x1 for word in run) + room, wide),
        min(max(word.y1 for word in usual) + room // 2, high),
        sum(len(word.text) for word in run),
    )


def _again(ink: Ink, run: list[Found], options: OcrOptions, engine: Engine) -> list[Found]:
    seen = _read(ink, _around(run, ink), options, engine)
    return [replace(word, line=run[0].line) for word in seen]


def _read(ink: Ink, patch: Patch, options: OcrOptions, engine: Engine) -> list[Found]:
    """Return the words of one line, boxes on the whole copy; `line` is not meant yet."""
    seen = engine.read_line(without_rules(ink, patch), options)
    left, top = patch.x0 - margin(ink, patch), patch.y0 - margin(ink, patch)
    return [
        replace(
            word,
            x0=word.x0 + left,
            y0=word.y0 + top,
            x1=word.x1 + left,
            y1=word.y1 + top,
            line=0,
            trace=replace(word.trace, reader="second", other="") if word.trace else None,
        )
        for word in seen
    ]


def _chosen(first: list[Found], second: list[Found], score: Score) -> list[Found]:
    """Return for each place on the line the better of two readings; both are kept in its trace."""
    out: list[Found] = []
    for ours, theirs in _places(first, second):
        if theirs and _better(ours, theirs, score):
            out.extend(_told(theirs, ours))
        else:
            out.extend(_told(ours, theirs))
    return out


def _places(first: list[Found], second: list[Found]) -> list[tuple[list[Found], list[Found]]]:
    """Return both readings cut into places: words that lie over one another on the line, from the left."""
    tagged = sorted(
        [(w.x0, w.x1, 0, w) for w in first] + [(w.x0, w.x1, 1, w) for w in second], key=lambda t: t[:3]
    )
    places: list[tuple[list[Found], list[Found]]] = []
    end = -1
    for x0, x1, side, word in tagged:
        if not places or x0 + 0.25 * (x1 - x0) >= end:
            places.append(([], []))
            end = x1
        end = max(end, x1)
        places[-1][side].append(word)
    return places


def _told(words: list[Found], others: list[Found]) -> list[Found]:
    """Return the words with what the other look read in their place."""
    other = " ".join(word.text for word in others)
    return [replace(w, trace=replace(w.trace, other=other)) if w.trace else w for w in words]


def _better(ours: list[Found], theirs: list[Found], score: Score) -> bool:
    if not ours:
        return mean_confidence(theirs) >= _ADMITTED and all(could_be(word.text) for word in theirs)
    plain = any(_untouchable(word.text) for word in (*ours, *theirs))
    gain = mean_confidence(theirs) - mean_confidence(ours)
    if plain:
        return gain > _BETTER_PLAIN
    return gain + _WORD * (score([w.text for w in theirs]) - score([w.text for w in ours])) > _BETTER


def _untouchable(text: str) -> bool:
    """Return whether no idea of what a word should be may count: digits, numbers of documents, names in capitals."""
    inner = core(text)
    return any(c.isdigit() for c in inner) or (len(inner) > 1 and inner.isupper())


def _plausible(words: Sequence[Found]) -> float:
    letters = sum(len(word.text) for word in words)
    return sum(len(word.text) for word in words if could_be(word.text)) / letters if letters else 0.0


def _admitted(seen: Sequence[Found]) -> bool:
    """Return whether a line that the first look did not see is writing."""
    if not seen or _plausible(seen) < 0.5:
        return False
    letters = "".join(core(word.text) for word in seen)
    if len(letters) > 3:
        sure = [word for word in seen if word.confidence >= _SURE and could_be(word.text)]
        most = 2 * sum(len(core(word.text)) for word in sure) >= len(letters)
        return mean_confidence(seen) >= _ADMITTED or (most and len(sure) > 1)
    return (letters.isdigit() or len(letters) > 1) and mean_confidence(seen) >= _ALONE


def _placed(words: list[Found], seen: list[Found], capital: float) -> list[Found]:
    """Return the words with a line more: beside its neighbours on a printed line, else below the line above it."""
    x0, x1 = min(w.x0 for w in seen), max(w.x1 for w in seen)
    y0, y1 = min(w.y0 for w in seen), max(w.y1 for w in seen)
    beside = [
        at
        for at, word in enumerate(words)
        if min(word.y1, y1) - max(word.y0, y0) > 0.5 * min(word.y1 - word.y0, y1 - y0)
        and -0.5 * capital < max(word.x0 - x1, x0 - word.x1) < 4 * capital
    ]
    if beside:
        near = min(beside, key=lambda at: max(words[at].x0 - x1, x0 - words[at].x1))
        line = words[near].line
        after = [at for at in range(len(words)) if words[at].line == line and words[at].x0 < x0]
        first = next(at for at in range(len(words)) if words[at].line == line)
        put = after[-1] + 1 if after else first
        return [*words[:put], *(replace(w, line=line) for w in seen), *words[put:]]
    above = [at for at, word in enumerate(words) if word.y1 <= y0 + 0.5 * (y1 - y0)]
    over = [at for at in above if words[at].x0 < x1 and x0 < words[at].x1] or above
    put = 0
    if over:
        lowest = max(over, key=lambda at: words[at].y1)
        line = words[lowest].line
        put = max(at for at in range(len(words)) if words[at].line == line) + 1
    return _numbered([*words[:put], *(replace(w, line=-1) for w in seen), *words[put:]])


def _numbered(words: list[Found]) -> list[Found]:
    """Return the words with lines counted anew from 0; a change of line number starts a line."""
    out: list[Found] = []
    line, last = -1, None
    for word in words:
        if last is None or word.line != last:
            line += 1
        last = word.line
        out.append(replace(word, line=line))
    return out
