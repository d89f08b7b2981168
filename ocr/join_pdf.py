"""Join PDFs of our own printing into one, so that a document of any length is printed part by part in bounded memory.

Streams are copied from the parts when the whole is saved; only the objects of pages are held. The parts must be PDF/A
of one kind, as `signing.printing` makes them: metadata and output intent are those of the first, and the structure is
left out (a tree a part cannot be one tree; PDF/A-2b asks for none).
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pikepdf


def pages_of(pdf: Path) -> int:
    """Return how many pages a PDF of our own has. Raises pikepdf's PdfError for a file that is none."""
    with pikepdf.Pdf.open(pdf) as opened:
        return len(opened.pages)


def join_pdfs(parts: Sequence[Path], out: Path) -> None:
    """Write all pages of `parts`, in order, into `out`. The same parts give the same bytes."""
    with ExitStack() as stack:
        whole, *rest = (stack.enter_context(pikepdf.Pdf.open(part)) for part in parts)
        for part in rest:
            whole.pages.extend(part.pages)
        for page in whole.pages:
            if "/StructParents" in page.obj:
                del page.obj["/StructParents"]
        for name in ("/StructTreeRoot", "/MarkInfo", "/Outlines"):
            if name in whole.Root:
                del whole.Root[name]
        whole.remove_unreferenced_resources()
        whole.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
