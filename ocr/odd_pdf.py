"""The OCRmyPDF door: the stock pipeline as people run it, the reference that our own is measured against."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import img2pdf

from records.errors import ArchiveFault


def stock_ocr(
    images: Sequence[Path],
    out: Path,
    languages: str = "vie",
    jobs: int | None = None,
    options: Sequence[str] = (),
) -> None:
    """Bind `images` into a PDF (img2pdf, lossless) and let stock OCRmyPDF make it the searchable PDF/A `out`.

    It runs `ocrmypdf -l vie --rotate-pages --deskew` with more `options` in a process of its own, as a person would;
    `jobs` None leaves the number of workers to it. Raises `ArchiveFault` (`stock-ocr-failed`) when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="stock-") as folder:
        bound = Path(folder) / "images.pdf"
        with bound.open("wb") as stream:
            img2pdf.convert([str(i) for i in images], outputstream=stream, rotation=img2pdf.Rotation.ifvalid)
        workers = [] if jobs is None else ["--jobs", str(jobs)]
        command = ["-l", languages, "--rotate-pages", "--deskew", *workers, *options, str(bound), str(out)]
        done = subprocess.run(
            [sys.executable, "-m", "ocrmypdf", *command], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise ArchiveFault(
            f"ocrmypdf ended with {done.returncode}: {done.stderr[-500:]}", code="stock-ocr-failed"
        )
