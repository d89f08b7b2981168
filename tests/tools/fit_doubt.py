"""Fit ocr/doubt.json on pages whose text is known, and say on others how far its p(wrong) can be believed.

    python tests/tools/fit_doubt.py READ_CORPUS [MADE READ_MADE] [--also READ_CORPUS_ANOTHER_WAY] [--try-only]

READ_… are folders of page JSON (tests/tools/read_pages.py). Fitted on the tuning half of the corpus and on made pages
(tests/tools/degraded_pages.py), reported on the other half of the corpus.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ocr.doubt import FEATURES, WEIGHTS, Weights, chance, features
from tests.tools.known_pages import CORPUS, KnownPage, known_pages, scorer

_RIDGE = 2.0
_OF_MADE = 0.08
"""Weight of a word of a made page beside one of the corpus: there are more of them, and they are spoilt on purpose."""
_KNOTS = 10


def table(pages: list[KnownPage]) -> tuple[np.ndarray, np.ndarray]:
    """Return features and whether each word is wrong."""
    rows = [row for page in pages for row in features(page.words)]
    wrong = [not ok for page in pages for ok in page.right]
    return np.array(rows, dtype=float), np.array(wrong, dtype=float)


def fit(rows: np.ndarray, wrong: np.ndarray, weight: np.ndarray) -> Weights:
    """Return the logistic model by Newton's method with a ridge, and its rates in the parts that hold equally many."""
    means, scales = rows.mean(axis=0), np.maximum(rows.std(axis=0), 0.05)
    scaled = np.hstack([(rows - means) / scales, np.ones((len(rows), 1))])
    at = np.zeros(scaled.shape[1])
    ridge = np.diag([_RIDGE] * len(FEATURES) + [0.0])
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(scaled @ at, -30, 30)))
        slope = scaled.T @ (weight * (p - wrong)) + ridge @ at
        bend = (scaled * (weight * p * (1 - p))[:, None]).T @ scaled + ridge
        step = np.linalg.solve(bend, slope)
        at -= step
        if np.abs(step).max() < 1e-8:
            break
    p = 1 / (1 + np.exp(-np.clip(scaled @ at, -30, 30)))
    return Weights(
        round(float(at[-1]), 5),
        tuple(round(float(x), 5) for x in at[:-1]),
        tuple(round(float(x), 5) for x in means),
        tuple(round(float(x), 5) for x in scales),
        knots(p, wrong, weight),
    )


def knots(p: np.ndarray, wrong: np.ndarray, weight: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Return (p, rate of wrong words) at rising p, never falling: pools of equal p-mass, then isotonic."""
    order = np.argsort(p)
    mass = np.cumsum((weight * p)[order])
    cuts = np.searchsorted(mass, np.linspace(0, mass[-1], _KNOTS + 1)[1:-1])
    pools = [
        [float((weight * p)[some].sum()), float((weight * wrong)[some].sum()), float(weight[some].sum())]
        for some in np.split(order, cuts)
        if len(some)
    ]
    at = 0
    while at + 1 < len(pools):
        if pools[at][1] / pools[at][2] > pools[at + 1][1] / pools[at + 1][2]:
            pools[at] = [a + b for a, b in zip(pools[at], pools.pop(at + 1), strict=True)]
            at = max(0, at - 1)
        else:
            at += 1
    inner = [(round(a / n, 5), round(b / n, 5)) for a, b, n in pools]
    return ((0.0, 0.0), *inner, (1.0, max(0.995, inner[-1][1])))


def report(name: str, pages: list[KnownPage], model: Weights) -> None:
    """Print ECE and AUROC as score.py counts them, and what the least certain words hold of the errors."""
    rows, wrong = table(pages)
    p = np.array([chance(row, model) for row in rows])
    engine = np.array([w.trace.engine if w.trace else w.confidence for page in pages for w in page.words])
    calibration = scorer().calibration
    for what, sure in (("engine", engine), ("p(wrong)", 1 - p)):
        ece, auroc = calibration([(float(c), not bad) for c, bad in zip(sure, wrong, strict=True)])
        order = np.argsort(sure, kind="stable")
        found = [
            wrong[order[: round(share * len(order))]].sum() / max(1, wrong.sum()) for share in (0.05, 0.1)
        ]
        print(
            f"{name:14} {what:9} {len(rows)} words, {int(wrong.sum())} wrong: ECE {100 * ece:.2f} %, AUROC {auroc:.3f},"
            f" 5 % hold {100 * found[0]:.0f} %, 10 % hold {100 * found[1]:.0f} % of the errors"
        )


def main() -> None:
    """Fit, write, report."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("read", type=Path)
    asked.add_argument("made", type=Path, nargs="*")
    asked.add_argument(
        "--also", type=Path, default=None, help="the corpus read another way (with a second look)"
    )
    asked.add_argument("--try-only", action="store_true")
    options = asked.parse_args()
    corpus = known_pages(CORPUS, options.read)
    if options.also:
        corpus += known_pages(CORPUS, options.also)
    tuning, other = [p for p in corpus if not p.half], [p for p in corpus if p.half]
    made = known_pages(*options.made) if len(options.made) == 2 else []
    if not options.try_only:
        rows, wrong = table(tuning + made)
        weight = np.array(
            [1.0] * sum(len(p.words) for p in tuning) + [_OF_MADE] * sum(len(p.words) for p in made)
        )
        model = fit(rows, wrong, weight)
        told = {
            "features": FEATURES,
            "bias": model.bias,
            "weights": model.weights,
            "means": model.means,
            "scales": model.scales,
            "knots": model.knots,
        }
        WEIGHTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        for name, w in sorted(zip(FEATURES, model.weights, strict=True), key=lambda pair: -abs(pair[1])):
            print(f"  {name:16} {w:+.3f}")
    told = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    model = Weights(
        told["bias"],
        *(tuple(told[k]) for k in ("weights", "means", "scales")),
        tuple(map(tuple, told["knots"])),
    )
    report("fitted half", tuning, model)
    report("other half", other, model)
    if options.also:
        report("read again", [p for p in known_pages(CORPUS, options.also) if p.half], model)
    if made:
        report("made pages", made, model)


if __name__ == "__main__":
    main()
