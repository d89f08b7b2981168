"""How likely each word of a reading is wrong: what the engine felt, what Vietnamese allows, and how the word sits.

A logistic model whose weights stand in `doubt.json`; tests/tools/fit_doubt.py fits them on pages whose text is known.
The confidence of a delivered word is 1 − p(wrong), so that it can be added up and compared. docs/decisions/0120.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import exp, log
from pathlib import Path
from statistics import median

from language.ngrams import BORDER, NUMBER, is_likely_spelt, keys_of, log_chance
from language.syllables import is_folded_syllable
from records.page import Trace, Word

WEIGHTS = Path(__file__).with_name("doubt.json")
FEATURES = (
    "engine",
    "lowest",
    "line",
    "page",
    "worst_neighbour",
    "unknown",
    "no_syllable",
    "no_base",
    "number",
    "signs_only",
    "mixed_case",
    "capitals",
    "short",
    "surprise",
    "surprise_after",
    "tall",
    "wide",
    "same_again",
    "other_again",
    "nothing_again",
)
"""What is looked at, in the order of the weights: see `features`."""

_EDGE = 0.004
"""Confidences are kept this far from 0 and 1: an engine's certainty is no more than that."""

_LETTER_ABOVE_WORD = 2.2
"""How far the least sure letter stands above its word on average, in log odds: for engines that tell no letters."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted model: p = sigmoid(bias + Σ weight · (value − mean) / scale), then through the `knots` (p, rate)."""

    bias: float
    weights: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    knots: tuple[tuple[float, float], ...]


@cache
def weights() -> Weights:
    """Return the weights that ship with the tree."""
    told = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    if tuple(told["features"]) != FEATURES:
        raise ValueError("doubt.json was fitted for other features; run tests/tools/fit_doubt.py")
    return Weights(
        told["bias"],
        tuple(told["weights"]),
        tuple(told["means"]),
        tuple(told["scales"]),
        tuple((p, rate) for p, rate in told["knots"]),
    )


def judged(words: Sequence[Word]) -> tuple[Word, ...]:
    """Return the words of a page, in reading order, each with 1 − p(wrong) as its confidence.

    Words without a trace (typed by a person, taken from a PDF) stay as they are.
    """
    model = weights()
    wrong = [chance(row, model) for row in features(words)]
    return tuple(
        word if word.trace is None else replace(word, confidence=round(1.0 - p, 4))
        for word, p in zip(words, wrong, strict=True)
    )


def chance(row: Sequence[float], model: Weights) -> float:
    """Return p(wrong) of a word with these features."""
    parts = zip(model.weights, row, model.means, model.scales, strict=True)
    total = model.bias + sum(w * (x - mean) / scale for w, x, mean, scale in parts)
    return _through(model.knots, 1.0 / (1.0 + exp(-max(-30.0, min(30.0, total)))))


def features(words: Sequence[Word]) -> list[tuple[float, ...]]:
    """Return the values of `FEATURES` for every word of a page.

    Log odds of confidences, natural logs of chances and of sizes against the page's median, else 0 or 1.
    """
    if not words:
        return []
    traces = [word.trace or Trace(word.confidence) for word in words]
    sure = [_odds(trace.engine) for trace in traces]
    page = median(sure)
    lines: dict[int, list[float]] = {}
    for word, odds in zip(words, sure, strict=True):
        lines.setdefault(word.line, []).append(odds)
    line_mean = {number: sum(some) / len(some) for number, some in lines.items()}
    heights = [max(1, min(word.box.width, word.box.height)) for word in words]
    widths = [max(1, word.box.width, word.box.height) / max(1, len(word.text)) for word in words]
    high, wide = median(heights), median(widths)
    surprises = _surprises(words)
    rows = []
    for n, (word, trace) in enumerate(zip(words, traces, strict=True)):
        before, after = surprises[n]
        near = [sure[k] for k in (n - 1, n + 1) if 0 <= k < len(words) and words[k].line == word.line]
        rows.append(
            (
                sure[n],
                sure[n] + _LETTER_ABOVE_WORD if trace.lowest is None else _odds(trace.lowest),
                line_mean[word.line],
                page,
                min(near, default=page),
                *_spelling(word.text, trace),
                before,
                after,
                abs(log(heights[n] / high)),
                abs(log(widths[n] / wide)),
                float(trace.other is not None and trace.other == word.text),
                float(trace.other not in (None, "", word.text)),
                float(trace.other == ""),
            )
        )
    return rows


def _spelling(text: str, trace: Trace) -> tuple[float, ...]:
    letters = [c for c in text if c.isalpha()]
    number = any(c.isdigit() for c in text)
    spelt = is_likely_spelt(text)
    mixed = any(c.isupper() for c in letters[1:]) and any(c.islower() for c in letters)
    return (
        float(trace.known is False),
        float(bool(letters) and not number and not spelt),
        float(bool(letters) and not number and not spelt and not _based(text)),
        float(number),
        float(not letters and not number),
        float(mixed),
        float(len(letters) > 1 and all(c.isupper() for c in letters)),
        float(len(text) < 3),
    )


def _based(text: str) -> bool:
    """Return whether only the marks keep a word from being syllables."""
    return all(is_folded_syllable(run) for run in keys_of(text))


def _surprises(words: Sequence[Word]) -> list[tuple[float, float]]:
    """Return for every word how unlikely it is after the one before, and how unlikely the next one is after it."""
    keys = [keys_of(word.text) for word in words]
    out = []
    for n, mine in enumerate(keys):
        before = next((keys[k][-1] for k in range(n - 1, max(-1, n - 3), -1) if keys[k]), BORDER)
        after = next((keys[k][0] for k in range(n + 1, min(len(keys), n + 3)) if keys[k]), None)
        if not mine:
            out.append((0.0, 0.0))
            continue
        chain = [before, *mine]
        told = -sum(log_chance(a, b) for a, b in zip(chain, chain[1:], strict=False)) / len(mine)
        out.append((told, 0.0 if after in (None, NUMBER) else -log_chance(mine[-1], str(after))))
    return out


def _odds(share: float) -> float:
    held = min(max(share, _EDGE), 1.0 - _EDGE)
    return log(held / (1.0 - held))


def _through(knots: Sequence[tuple[float, float]], p: float) -> float:
    """Return the rate at `p` on the line through the knots."""
    for (p0, r0), (p1, r1) in zip(knots, knots[1:], strict=False):
        if p <= p1:
            return r0 + (r1 - r0) * (p - p0) / (p1 - p0) if p1 > p0 else r1
    return knots[-1][1]
