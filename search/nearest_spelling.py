"""What a query that found nothing may have been meant to be: misspelt syllables replaced by the likeliest ones."""

from language.fold import canonical
from language.readings import is_doubtful, readings_in, readings_of
from language.tokens import tokens
from language.variants import folded_key


def nearest_spelling(typed: str) -> str:
    """Return `typed` with every run that is no syllable as the likeliest one (without marks), "" when none is better.

    Numbers, quotes and the rest of the query stay as they are.

    >>> nearest_spelling("cnuyển sinh hoạt"), nearest_spelling("chuyển sinh hoạt"), nearest_spelling("1593-CV/TU")
    ('chuyen sinh hoạt', '', '')
    """
    text = canonical(typed)
    found = tokens(text)
    runs = [folded_key(token.text) for token in found]
    kept, at = "", 0
    for place, (token, run) in enumerate(zip(found, runs, strict=True)):
        if any(c.isdecimal() for c in run) or not is_doubtful(run):
            continue
        known = {reading.syllables for reading in readings_of(run)}
        near = readings_in(runs[max(place - 1, 0) : place + 2]).syllables
        best = next((words for words in sorted(known, key=lambda w: _rank(w, near)) if words), None)
        if best:
            kept, at = f"{kept}{text[at : token.start]}{' '.join(best)}", token.end
    return kept + text[at:] if at else ""


def _rank(words: tuple[str, ...], near: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Return the order of a reading: as the neighbours have it."""
    return (near.index(words[0]) if words[0] in near else len(near)), words
