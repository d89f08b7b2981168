"""Readings beside what truly stands on the pages, matched word by word as the corpus' score.py matches them."""

import importlib.util
import json
import os
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from records.page import Word, load_page  # noqa: E402  the path is set one line above

CORPUS = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))


@dataclass(frozen=True)
class KnownPage:
    """A page: its words as read, the true word of each (None: nothing of the paper stands there), its document's place.

    `half` is 0 or 1: of every class every other document is for tuning (0), the rest for reporting (1).
    """

    id: str
    kind: str
    half: int
    words: tuple[Word, ...]
    truth: tuple[str | None, ...]

    @property
    def right(self) -> list[bool]:
        """Whether each word is what stands there."""
        return [
            true == unicodedata.normalize("NFC", w.text)
            for w, true in zip(self.words, self.truth, strict=True)
        ]


def scorer() -> ModuleType:
    """Return the corpus' score.py."""
    spec = importlib.util.spec_from_file_location("score", CORPUS / "score.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(CORPUS / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def known_pages(corpus: Path, read: Path) -> list[KnownPage]:
    """Return the pages of `corpus` whose reading (page JSON) lies in `read`."""
    match = scorer().match_boxes
    told = json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))
    half: dict[str, int] = {}
    seen: dict[str, int] = {}
    for document in sorted(told["documents"], key=lambda d: d["id"]):
        half[document["id"]] = seen.get(document["class"], 0) % 2
        seen[document["class"]] = half[document["id"]] + 1
    pages = []
    for page in told["pages"]:
        path = read / f"{page['id']}.json"
        if not path.exists():
            continue
        words = load_page(path.read_bytes()).words
        true = [word for line in page["lines"] for word in line["words"]]
        back = {j: i for i, j in match(true, [{"box": w.box.as_list()} for w in words]).items()}
        stands = [
            unicodedata.normalize("NFC", true[back[n]]["text"]) if n in back else None
            for n in range(len(words))
        ]
        pages.append(KnownPage(page["id"], page["class"], half[page["document"]], words, tuple(stands)))
    return pages
