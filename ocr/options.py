"""What may differ between two readings of the same page; its digest is part of the cache key."""

import hashlib
from dataclasses import dataclass, fields, replace

from records.errors import ArchiveFault

_CAPITALS = range(12, 81)


@dataclass(frozen=True, slots=True)
class OcrOptions:
    """How to read a page. Every field changes the result or the model, so every field is in the digest.

    `languages`: model names joined by "+" (`vie`, `vie+eng`). `tessdata`: folder of the models, "" finds the system's
    own. `capital_height`: pixels that capitals get on the reading copy; Tesseract's networks were trained near 30.
    `turn`: find the right-angle orientation. `deskew`: straighten the reading copy.
    `lift_ink`: take coloured seal and stamp ink out of the reading copy of colour scans.
    `block`: take the page for one block of text instead of looking for columns and tables (`ocr/plain.py`).
    `engine`: who reads, a name of `ocr/engines.py`.
    `even_paper`, `clear_edges`, `clear_rules`: divide the paper's shade out, paint black borders and ruled lines over
    before reading (off by default, see the ablation in docs/benchmarks.md). `tidy`: drop bars of tables and shreds of
    seals. `second`: models of the second look at weak and unread lines, "" for no second look.
    """

    languages: str = "vie"
    tessdata: str = ""
    capital_height: int = 30
    turn: bool = True
    deskew: bool = True
    lift_ink: bool = True
    block: bool = False
    engine: str = "tesserocr"
    even_paper: bool = False
    clear_edges: bool = False
    clear_rules: bool = False
    tidy: bool = True
    second: str = "Vietnamese"

    def __post_init__(self) -> None:
        names = [*self.languages.split("+"), *(self.second.split("+") if self.second else ())]
        if not all(name and name.replace("_", "").isalnum() for name in names):
            raise ArchiveFault(f"languages {self.languages!r}: expected names joined by +", code="bad-option")
        if self.capital_height not in _CAPITALS:
            raise ArchiveFault(f"capital_height {self.capital_height}: expected 12 to 80", code="bad-option")

    def for_second_look(self) -> "OcrOptions":
        """Return the same options with the models of the second look."""
        return replace(self, languages=self.second)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that change with any field except the place of the models."""
        parts = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if f.name != "tessdata"]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
