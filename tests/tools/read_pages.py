"""Read the pages of a corpus folder into page JSON, two at a time: what the fits and score.py take.

python tests/tools/read_pages.py CORPUS OUT [--seconds 200]     pages already there are left; ends after so long
"""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def read(image: Path, out: Path) -> None:
    """Write what is read on `image` to `out`."""
    from ocr.options import OcrOptions
    from ocr.recognise import recognise
    from records.page import dump_page

    out.write_bytes(dump_page(recognise(image, OcrOptions())))


def main() -> int:
    """Return 0 when every page is read, 3 when some are left."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("corpus", type=Path)
    asked.add_argument("out", type=Path)
    asked.add_argument("--seconds", type=float, default=200.0)
    options = asked.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    truth = json.loads((options.corpus / "ground_truth.json").read_text(encoding="utf-8"))
    left = [p for p in truth["pages"] if not (options.out / f"{p['id']}.json").exists()]
    end = time.monotonic() + options.seconds
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        while left and time.monotonic() < end:
            some, left = left[:8], left[8:]
            for done in [
                pool.submit(read, options.corpus / p["image"], options.out / f"{p['id']}.json") for p in some
            ]:
                done.result()
    return 3 if left else 0


if __name__ == "__main__":
    raise SystemExit(main())
