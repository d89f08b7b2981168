"""Build language/ngrams.tsv.gz from text we may use, and say how it does on sentences it has not seen.

    python tests/tools/build_ngrams.py [--try-only]

Sources: our own sentences but one in five (tests/tools/house_text.py), the administrative words of the corpus' text
generator, the word list inside the installed vie.traineddata (Apache-2.0). Running it again gives the same bytes.
"""

import argparse
import gzip
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from math import exp
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from language.fold import canonical  # noqa: E402
from language.ngrams import BORDER, COUNTS, keys_of, score  # noqa: E402
from language.syllables import is_syllable  # noqa: E402
from language.variants import toned_key  # noqa: E402
from ocr.engine import tessdata_folder  # noqa: E402
from ocr.options import OcrOptions  # noqa: E402
from tests.tools.house_text import sentences  # noqa: E402

CORPUS = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
_LISTED = 0.5
"""What standing in the word list counts beside being seen once."""


def listed() -> list[str]:
    """Return the words of the engine's own list. Needs combine_tessdata and dawg2wordlist (tesseract-ocr)."""
    model = tessdata_folder(OcrOptions(languages="vie")) / "vie.traineddata"
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        subprocess.run(["combine_tessdata", "-u", str(model), f"{at}/vie."], check=True, capture_output=True)
        parts = [str(at / f"vie.{part}") for part in ("lstm-unicharset", "lstm-word-dawg")]
        subprocess.run(["dawg2wordlist", *parts, str(at / "words")], check=True, capture_output=True)
        return (at / "words").read_text(encoding="utf-8").split()


def administrative() -> list[str]:
    """Return the two-syllable words that the corpus' text generator draws from."""
    spec = importlib.util.spec_from_file_location("textgen", CORPUS / "textgen.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(CORPUS / "textgen.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.CORE)


def build() -> None:
    """Count and write the table."""
    ones: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for text in [*sentences(tried=False), *administrative()]:
        keys = [BORDER, *(key for word in text.split() for key in keys_of(word))]
        ones.update(keys[1:])
        pairs.update(zip(keys, keys[1:], strict=False))
    weights: dict[str, float] = dict(ones)
    for word in {toned_key(canonical(word)) for word in listed() if is_syllable(word)}:
        weights[word] = weights.get(word, 0.0) + _LISTED
    lines = [f"{key}\t{times:g}" for key, times in sorted(weights.items())]
    lines += [f"{a}\t{b}\t{times}" for (a, b), times in sorted(pairs.items())]
    with COUNTS.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(("\n".join(lines) + "\n").encode())
    print(
        f"{len(weights)} syllables, {len(pairs)} pairs, {sum(ones.values())} running, {COUNTS.stat().st_size} bytes"
    )


def tell(name: str, texts: list[str]) -> None:
    """Print the perplexity of texts, and that of the same words in reversed order."""
    kept = [text.split() for text in texts if len(text.split()) > 3]
    sizes = [sum(len(keys_of(word)) for word in words) for words in kept]
    for order, shown in ((1, kept), (-1, [words[::-1] for words in kept])):
        mean = sum(score(words) * size for words, size in zip(shown, sizes, strict=True)) / sum(sizes)
        print(f"{name}{' reversed' if order < 0 else ''}: {mean:.2f} a syllable, perplexity {exp(-mean):.0f}")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--try-only", action="store_true")
    if not asked.parse_args().try_only:
        build()
    tell("our sentences kept apart", sentences(tried=True))
    truth = json.loads((CORPUS / "ground_truth.json").read_text(encoding="utf-8"))
    tell("corpus pages", [line["text"] for page in truth["pages"] for line in page["lines"]])
