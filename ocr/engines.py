"""Which engines there are, by the name that `VANTHU_OCR_ENGINE` gives: the one place where another one plugs in.

An engine is a module with `version`, `read`, `read_line` and `read_number` (`ocr.engine.Engine`), the only file that
imports its library, and a line here. It gets the upright gray copy and gives words with boxes on that copy; turning,
cleaning, scaling and the way back to the master are ours and the same for all. What its `version` says (program, model
with the start of its hash) stands in every reading and in the cache key, so a page read by one engine is never taken
for the reading of another.
See docs/howto/engines.md.
"""

from ocr import tesseract
from ocr.engine import Engine
from ocr.options import OcrOptions
from records.errors import ArchiveFault

NAMES = ("tesserocr", "pytesseract")
"""What `VANTHU_OCR_ENGINE` may say."""


def engine_for(options: OcrOptions) -> Engine:
    """Return the engine that `options` name. Raises `ArchiveFault` (`bad-option`) when there is none of that name."""
    if options.engine == "tesserocr":
        return tesseract
    if options.engine == "pytesseract":
        from ocr import second_engine  # only here: its library loads much that a reader does not need

        return second_engine
    names = ", ".join(NAMES)
    raise ArchiveFault(
        f"engine {options.engine!r}: expected one of {names}",
        code="bad-option",
        tell=f"Không có bộ nhận dạng tên “{options.engine}”. Đặt VANTHU_OCR_ENGINE là một trong: {names}.",
    )
