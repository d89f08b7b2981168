"""Count which letters are read for which, write language/slips.tsv.gz, and say how often a guess would be right.

    python tests/tools/fit_slips.py READ_CORPUS MADE READ_MADE [--try-only]

Counted on the tuning half of the corpus and on three in four made pages; tried on the other half and the fourth.
"""

import argparse
import gzip
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from language.fold import canonical
from language.respell import SLIPS, Guess, guess, log_share, may_be_respelt
from tests.tools.known_pages import CORPUS, KnownPage, known_pages, scorer

_LEAST = 2
"""A slip seen once is chance."""
_LONGEST = 3
LEADS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
LIMITS = (-12.0, -15.0, -18.0, -22.0, -99.0)


def pieces(read: str, stood: str) -> list[tuple[str, str]]:
    """Return what was read for what, run by run, e.g. [("rn", "m")]; empty when the words differ too much."""
    steps = scorer_align(stood, read)
    if sum(op != "equal" for op, _, _ in steps) > max(2, len(stood) // 2):
        return []
    found: list[tuple[str, str]] = []
    run = ["", ""]
    for op, i, j in [*steps, ("equal", None, None)]:
        if op == "equal":
            if any(run):
                found.append((run[0], run[1]))
            run = ["", ""]
            continue
        run[0] += read[j] if j is not None else ""
        run[1] += stood[i] if i is not None else ""
    return [pair for pair in found if max(map(len, pair)) <= _LONGEST]


scorer_align = scorer().align


def build(pages: list[KnownPage]) -> None:
    """Count and write the table; the chance of a slip is its share of what stood there."""
    seen: Counter[tuple[str, str]] = Counter()
    stood: Counter[str] = Counter()
    for page in pages:
        for word, true in zip(page.words, page.truth, strict=True):
            if true is None:
                continue
            read, held = canonical(word.text).lower(), true.lower()
            stood.update(held)
            stood.update(held[n : n + 2] for n in range(len(held) - 1))
            stood[""] += len(held) + 1
            if read != held:
                seen.update(pieces(read, held))
    lines = []
    for (read, held), times in sorted(seen.items()):
        alone = all(c.isalpha() for c in held) and all(not c.isdigit() for c in read)
        if times >= _LEAST and alone:
            of = stood[held] if len(held) <= 2 else max(stood[held[:2]], times)
            lines.append(f"{read}\t{held}\t{log_share(times, max(of, times))}")
    with SLIPS.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(("\n".join(lines) + "\n").encode())
    print(f"{len(lines)} slips of {sum(seen.values())} seen, {SLIPS.stat().st_size} bytes")


def guesses(pages: list[KnownPage]) -> list[tuple[Guess, str, str | None]]:
    """Return (guess, what was read, what stood there) for every word that is guessed about."""
    out = []
    for page in pages:
        for n, (word, true) in enumerate(zip(page.words, page.truth, strict=True)):
            sure = word.trace.engine if word.trace else word.confidence
            if not may_be_respelt(word.text, sure):
                continue
            before = page.words[n - 1].text if n and page.words[n - 1].line == word.line else ""
            last = n + 1 >= len(page.words) or page.words[n + 1].line != word.line
            found = guess(word.text, before, "" if last else page.words[n + 1].text)
            if found is not None:
                out.append((found, word.text, true))
    return out


def report(name: str, pages: list[KnownPage]) -> None:
    """Print precision and gain for thresholds of lead and score; no word with a digit may be among them."""
    found = guesses(pages)
    pairs = [pair for page in pages for pair in zip(page.words, page.truth, strict=True)]
    wrong = sum(true is not None and canonical(word.text) != true for word, true in pairs)
    assert not any(c.isdigit() for _, read, _ in found for c in read)
    kept = sum(read == true for _, read, true in found)
    print(f"{name}: {wrong} wrong words, {len(found)} guessed about, {kept} of them right as read")
    for least in LIMITS:
        told = []
        for lead in LEADS:
            some = [(g.text == t, r == t) for g, r, t in found if g.lead >= lead and g.score >= least]
            good, harmed = sum(ok for ok, _ in some), sum(was for _, was in some)
            told.append(f"lead {lead:g}: {good}/{len(some)} ({harmed})")
        print(f"  score >= {least:6}: " + "  ".join(told))


def main() -> None:
    """Count, write, report."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("read", type=Path)
    asked.add_argument("made", type=Path)
    asked.add_argument("read_made", type=Path)
    asked.add_argument("--try-only", action="store_true")
    options = asked.parse_args()
    corpus = known_pages(CORPUS, options.read)
    made = known_pages(options.made, options.read_made)
    if not options.try_only:
        build([p for p in corpus if not p.half] + [p for n, p in enumerate(made) if n % 4])
    report("tuning half", [p for p in corpus if not p.half])
    report("other half", [p for p in corpus if p.half])
    report("made, kept apart", made[::4])


if __name__ == "__main__":
    main()
