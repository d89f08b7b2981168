"""What misread syllables may have been, as candidates for a search: letters that look alike, spaces lost and invented.

Only runs that are no syllable are looked at (the inventory is closed), and only what one slip turns into syllables is
taken, the likeliest first: by how alike the letters look (print, and the table that `respell` was fitted with), then by
how often the syllables stand beside their neighbours in official papers. Everything here is folded: a wrong mark is no
slip, the fold forgives it. Made for indexing: about fifty microseconds for a run not met before, none for the rest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import log

from language.fold import fold
from language.ngrams import counts
from language.respell import slips
from language.syllables import folded_inventory
from language.variants import forget_tones

MOST = 3
"""Readings kept of one run; more gather pages for no gain (docs/decisions/0135)."""
_LONGEST = 16
"""Letters of a run that is looked at: two syllables of the longest kind glued together."""
_ALIKE = (
    *(
        "0o",
        "1l",
        "1i",
        "li",
        "5s",
        "8b",
        "ce",
        "nu",
        "hb",
        "gq",
        "tf",
        "rn",
        "cl:d",
        "rn:m",
        "vv:w",
        "ii:u",
        "ri:n",
    ),
    *("vy", "hn", "6b", "9g", "3e", "|l", "|i", "ij", "mn", "fl:h"),
)
"""Letters that print and scans confuse, both ways; `:` stands where one side has more than one letter."""
_SURE_FROM = 4
"""Letters from which any one letter may be wrong; two or three letters are one slip away from everything."""
_ALIKE_COST, _ANY_COST, _SPLIT_COST = 1.0, 3.0, 1.5
_LETTERS = "abcdeghiklmnopqrstuvxy"  # the folded letters of the inventory
_RARE = -12.0  # natural log of the share of a pair nobody has seen


@dataclass(frozen=True, slots=True)
class Reading:
    """One or two syllables that a run may have been; `cost` grows with how unlike it looks."""

    syllables: tuple[str, ...]
    cost: float


@dataclass(frozen=True, slots=True)
class Readings:
    """What the doubtful runs of a text may have been: syllables, and pairs a_b and a_c with what stands around them."""

    syllables: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()


@cache
def _rules() -> Mapping[str, tuple[str, ...]]:
    """Return {letters as read: (letters as they may have stood, …)}, folded."""
    rules: dict[str, dict[str, None]] = {}
    for alike in _ALIKE:
        one, other = alike.split(":") if ":" in alike else (alike[0], alike[1:])
        rules.setdefault(one, {})[other] = rules.setdefault(other, {})[one] = None
    for read, stood_for in slips().items():
        for stood, _ in stood_for:
            if (a := fold(read)) and a != (b := fold(stood)):
                rules.setdefault(a, {})[b] = None
    return {read: tuple(found) for read, found in rules.items()}


@cache
def _known() -> frozenset[str]:
    """Return what is no misreading: the folded syllables, and what official papers write besides (ubnd, qd)."""
    return folded_inventory() | {forget_tones(key) for key in counts().ones}


@cache
def _pairs() -> Mapping[tuple[str, str], float]:
    """Return the natural log of the share of each folded pair in official papers."""
    total: dict[tuple[str, str], int] = {}
    for (a, b), times in counts().pairs.items():
        key = forget_tones(a), forget_tones(b)
        total[key] = total.get(key, 0) + times
    every = sum(total.values())
    return {key: log(times / every) for key, times in total.items()}


def is_doubtful(run: str) -> bool:
    """Return whether a folded run of letters and digits may be a misread syllable."""
    return run not in _known() and 1 < len(run) <= _LONGEST and sum(map(str.isalpha, run)) > 1


@lru_cache(maxsize=131072)
def readings_of(run: str) -> tuple[Reading, ...]:
    """Return what a doubtful folded run may have been, the likest first; () when one slip leads to no syllable.

    >>> [r.syllables for r in readings_of("cnuyen")], [r.syllables for r in readings_of("congtac")]
    ([('chuyen',)], [('cong', 'tac')])
    """
    inventory = folded_inventory()
    found: dict[tuple[str, ...], float] = {
        (spelt,): _ALIKE_COST for spelt in _undone(run) if spelt in inventory
    }
    found |= dict.fromkeys(_cuts(run), _SPLIT_COST)
    if not found and len(run) >= _SURE_FROM:
        found = {(spelt,): _ANY_COST for spelt in _any(run) if spelt in inventory}
    ranked = sorted(found.items(), key=lambda pair: (pair[1], pair[0]))
    return tuple(Reading(syllables, cost) for syllables, cost in ranked[: 4 * MOST])


def _undone(run: str) -> Iterator[str]:
    """Yield `run` with one pair of look-alikes exchanged."""
    rules = _rules()
    for at in range(len(run)):
        for size in (1, 2):
            for stood in rules.get(run[at : at + size], ()) if at + size <= len(run) else ():
                yield run[:at] + stood + run[at + size :]


def _any(run: str) -> Iterator[str]:
    """Yield `run` with one letter left out, exchanged or put in."""
    for at in range(len(run) + 1):
        left, right = run[:at], run[at:]
        yield left + right[1:]
        for letter in _LETTERS:
            yield left + letter + right[1:]
            yield left + letter + right


def _cuts(run: str) -> Iterator[tuple[str, str]]:
    inventory = folded_inventory()
    for at in range(1, len(run)):
        a, b = run[:at], run[at:]
        if (a in inventory or a.isdecimal()) and b in inventory:
            yield a, b


def readings_in(runs: Sequence[str]) -> Readings:
    """Return what the doubtful ones of folded `runs` (a text in order) may have been, with their neighbours.

    >>> readings_in(["viec", "cnuyen", "sinh", "hoat"])
    Readings(syllables=('chuyen',), pairs=('viec_chuyen', 'chuyen_sinh', 'chuyen_hoat'))
    """
    places = [at for at, run in enumerate(runs) if is_doubtful(run)]
    syllables: dict[str, None] = {}
    pairs: dict[str, None] = {}
    for at in places:
        before, after = runs[max(at - 2, 0) : at], runs[at + 1 : at + 3]
        for reading in _likeliest(readings_of(runs[at]), before[-1:], after[:1]):
            _note(reading.syllables, before, after, syllables, pairs)
        for joined, around in _joins(runs, at):
            _note((joined,), *around, syllables, pairs)
    return Readings(tuple(syllables), tuple(pairs))


def _likeliest(found: Sequence[Reading], before: Sequence[str], after: Sequence[str]) -> list[Reading]:
    """Return the best of what a run may have been: its looks first, its neighbours among equals."""
    if len(found) <= MOST:
        return list(found)
    seen = _pairs()

    def fit(reading: Reading) -> float:
        sides = [(a, reading.syllables[0]) for a in before] + [(reading.syllables[-1], b) for b in after]
        return reading.cost - 0.2 * sum(seen.get(side, _RARE) for side in sides)

    return sorted(found, key=fit)[:MOST]


def _joins(runs: Sequence[str], at: int) -> Iterator[tuple[str, tuple[Sequence[str], Sequence[str]]]]:
    """Yield the syllables that the run and a neighbour make together: a space that was never there."""
    inventory = folded_inventory()
    for first in (at - 1, at):
        if first >= 0 and first + 1 < len(runs):
            joined = runs[first] + runs[first + 1]
            if joined in inventory:
                yield joined, (runs[max(first - 2, 0) : first], runs[first + 2 : first + 4])


def _note(
    reading: Sequence[str],
    before: Sequence[str],
    after: Sequence[str],
    syllables: dict[str, None],
    pairs: dict[str, None],
) -> None:
    """Note the syllables of a reading, and every pair and skip pair of the text that has one of them in it."""
    syllables.update(dict.fromkeys(reading))
    line = [*before, *reading, *after]
    first, last = len(before), len(before) + len(reading) - 1
    for a, b in _close(range(len(line))):
        if first <= a <= last or first <= b <= last:
            pairs[f"{line[a]}_{line[b]}"] = None


def _close(places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the places one and two apart."""
    every = list(places)
    for step in (1, 2):
        yield from zip(every, every[step:], strict=False)
