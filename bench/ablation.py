"""What each lever of the reader is worth: the same pages read with it and without, CPU and error rate by class.

Called by `bench/ocr.py --ablation`. Every lever is a field of `OcrOptions`; a lever that is off by default is measured
on, the others off. CPU is that of the reading process, so other work on the machine hardly counts.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

LEVERS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "no turning": {"turn": False},
    "no straightening": {"deskew": False},
    "capitals 24 px": {"capital_height": 24},
    "capitals 36 px": {"capital_height": 36},
    "seal ink left in": {"lift_ink": False},
    "paper evened out": {"even_paper": True},
    "black borders cleared": {"clear_edges": True},
    "ruled lines cleared": {"clear_rules": True},
    "bars and shreds left in": {"tidy": False, "second": ""},
    "no second look": {"second": ""},
}
"""What is changed against the shipped options, by the name that the table shows."""


def read(image: Path, changed: dict[str, Any]) -> tuple[Any, float]:
    """Read one page in a pool worker; return the page and the CPU seconds it took."""
    from ocr.options import OcrOptions
    from ocr.recognise import recognise

    started = time.process_time()
    page = recognise(image, OcrOptions(**changed))
    return page, time.process_time() - started


def measure(
    pages: Sequence[tuple[str, Path]], score: Callable[[Path], dict[str, Any]], wanted: Sequence[str]
) -> dict[str, tuple[float, dict[str, Any]]]:
    """Return for each lever named in `wanted` (seconds of CPU a page, classes of the scorer); tells each when done."""
    from records.page import page_to_json

    found = {}
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        list(
            pool.map(read, [image for _, image in pages[:2]], [{}] * 2)
        )  # models load here, not in the measure
        for name in wanted:
            with tempfile.TemporaryDirectory() as scratch:
                out = Path(scratch)
                done = list(pool.map(read, [image for _, image in pages], [LEVERS[name]] * len(pages)))
                for (page, _), (text, _) in zip(pages, done, strict=True):
                    (out / f"{page}.json").write_text(json.dumps(page_to_json(text)), encoding="utf-8")
                found[name] = (sum(cpu for _, cpu in done) / len(done), score(out)["classes"])
                print(table({name: found[name]}).splitlines()[-1], file=sys.stderr, flush=True)
    return found


def table(found: dict[str, tuple[float, dict[str, Any]]]) -> str:
    """Return the ablation as a table of Markdown: CPU a page, then the CER of every class in percent."""
    classes = list(next(iter(found.values()))[1])
    rows = [f"| lever | CPU s/page | {' | '.join(classes)} |", f"|---|---|{'---|' * len(classes)}"]
    for name, (cpu, scores) in found.items():
        rates = " | ".join(f"{100 * scores[kind]['cer']:.2f}" for kind in classes)
        rows.append(f"| {name} | {cpu:.2f} | {rates} |")
    return "\n".join(rows)
