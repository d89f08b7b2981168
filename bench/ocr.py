"""Measure our whole path image -> PDF/A against OCRmyPDF: pages a second, character error rate, memory.

All read the same corpus pages in the same run, document by document (or all as one: `--whole`), in interleaved
rounds (the order changes every round, so that none always has the warm cache). Stock runs as its manual says with
its own defaults; tuned runs one thread a program, without Ghostscript, without optimising. Their input is a PDF made
beforehand by img2pdf and not timed. The error rate is that of the corpus' score.py. `--ablation` measures our own
levers instead (`bench/ablation.py`).
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

MADE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Paper:
    """One document of the corpus: its id, its page ids and image files, the PDF that stock gets."""

    id: str
    pages: tuple[str, ...]
    images: tuple[Path, ...]
    pdf: Path


@dataclass(slots=True)
class Side:
    """What was measured of one engine: seconds of each round, peak megabytes, error rates."""

    name: str
    pages: int
    seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0
    scores: dict[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Pages a second over all rounds."""
        return self.pages * len(self.seconds) / sum(self.seconds)


def corpus_folder() -> Path:
    """Return the corpus; exits with 4 when it is not there."""
    folder = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (folder / "ground_truth.json").is_file():
        print(f"The corpus is not at {folder}; set VANTHU_CORPUS.", file=sys.stderr)
        raise SystemExit(4)
    return folder


def choose(corpus: Path, limit: int | None, work: Path) -> list[Paper]:
    """Return whole documents, spread over the classes, until `limit` pages are reached."""
    import img2pdf

    truth = json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))
    images = {page["id"]: corpus / page["image"] for page in truth["pages"]}
    by_class: dict[str, list[dict[str, Any]]] = {}
    for document in truth["documents"]:
        by_class.setdefault(document["class"], []).append(document)
    turns = max(len(group) for group in by_class.values())
    order = [group[n] for n in range(turns) for group in by_class.values() if n < len(group)]
    papers: list[Paper] = []
    for document in order:
        if limit is not None and sum(len(paper.pages) for paper in papers) >= limit:
            break
        pages = tuple(document["pages"])
        pdf = work / f"{document['id']}.pdf"
        pdf.write_bytes(img2pdf.convert([str(images[page]) for page in pages]))
        papers.append(Paper(document["id"], pages, tuple(images[page] for page in pages), pdf))
    return papers


def merged(papers: list[Paper], work: Path) -> list[Paper]:
    """Return all pages as one document: stock then starts once and keeps every core busy, its best case."""
    import img2pdf

    images = tuple(image for paper in papers for image in paper.images)
    pdf = work / "all.pdf"
    pdf.write_bytes(img2pdf.convert([str(image) for image in images]))
    return [Paper("all", tuple(page for paper in papers for page in paper.pages), images, pdf)]


def peak_mb(process: int | str = "self") -> float:
    """Return the high-water mark of a process in megabytes, 0.0 when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


def watch(process: "subprocess.Popen[bytes]", side: Side) -> None:
    """Note the largest process at or below `process` five times a second until it ends."""
    import psutil

    while process.poll() is None:
        with suppress(psutil.Error):
            below = psutil.Process(process.pid).children(recursive=True)
            side.peak_mb = max([side.peak_mb, peak_mb(process.pid), *(peak_mb(child.pid) for child in below)])
        time.sleep(0.2)


def read_page(image: Path, number: int) -> tuple[Any, float]:
    """Read one page in a pool worker; return its text and the worker's peak memory."""
    from ocr.options import OcrOptions
    from ocr.recognise import recognise

    return recognise(image, OcrOptions(), page=number), peak_mb()


def bind(paper: Paper, texts: list[Any], out: Path) -> float:
    """Compose one document in a pool worker; return the worker's peak memory."""
    from ocr.compose import ComposePage, compose_pdfa
    from ocr.pdfa import PdfMeta

    pages = [ComposePage(image, text) for image, text in zip(paper.images, texts, strict=True)]
    compose_pdfa(pages, PdfMeta(title=paper.id, created=MADE), out)
    return peak_mb()


def run_ours(papers: list[Paper], out: Path, side: Side) -> None:
    """Read and bind every document on all cores; the pool's start counts."""
    from records.page import page_to_json

    started = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        reading = [
            [pool.submit(read_page, image, number) for number, image in enumerate(paper.images, 1)]
            for paper in papers
        ]
        binding = []
        texts = []
        for paper, pages in zip(papers, reading, strict=True):
            results = [page.result() for page in pages]
            texts.append([text for text, _ in results])
            side.peak_mb = max(side.peak_mb, *(peak for _, peak in results))
            binding.append(pool.submit(bind, paper, texts[-1], out / f"{paper.id}.pdf"))
        side.peak_mb = max(side.peak_mb, *(bound.result() for bound in binding))
        side.seconds.append(time.perf_counter() - started)
    for paper, pages in zip(papers, texts, strict=True):
        for page, text in zip(paper.pages, pages, strict=True):
            (out / f"{page}.json").write_text(json.dumps(page_to_json(text)), encoding="utf-8")


def run_stock(papers: list[Paper], out: Path, side: Side) -> None:
    """Run `ocrmypdf -l vie --rotate-pages --deskew` on every document, one after the other (it uses all cores)."""
    run_peer(papers, out, side, (), {})


def run_tuned(papers: list[Paper], out: Path, side: Side) -> None:
    """Run the same as fast as it can be made: one thread a program, no Ghostscript, no optimising of images."""
    asked = (
        "--output-type",
        "pdfa",
        "--pdfa-backend",
        "internal",
        "--optimize",
        "0",
        "--fast-web-view",
        "999999",
    )
    run_peer(papers, out, side, asked, {"OMP_THREAD_LIMIT": "1"})


def run_peer(
    papers: list[Paper], out: Path, side: Side, more: tuple[str, ...], settings: dict[str, str]
) -> None:
    """Run OCRmyPDF with the arguments `more` and the environment `settings` on every document, one by one."""
    program = shutil.which("ocrmypdf", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        raise SystemExit("ocrmypdf is not installed")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("OMP_THREAD_LIMIT", None)  # stock chooses for itself
    environment.update(settings)
    total = 0.0
    for paper in papers:
        sidecar = out / f"{paper.id}.sidecar"
        asked = ["-l", "vie", "--rotate-pages", "--deskew", *more, "--sidecar", str(sidecar)]
        command = [program, *asked, str(paper.pdf), str(out / "out.pdf")]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        watcher = threading.Thread(target=watch, args=(process, side))
        watcher.start()
        _, told = process.communicate()
        total += time.perf_counter() - started
        watcher.join()
        if process.returncode:
            raise SystemExit(f"ocrmypdf failed on {paper.id}:\n{told.decode(errors='replace')}")
        for page, text in zip(paper.pages, sidecar.read_text(encoding="utf-8").split("\f"), strict=False):
            (out / f"{page}.txt").write_text(text, encoding="utf-8")
    side.seconds.append(total)


def score(corpus: Path, out: Path, papers: list[Paper]) -> dict[str, Any]:
    """Return what the corpus' own scorer says of a result folder, as its --json."""
    target = out / "score.json.out"
    pages = ",".join(page for paper in papers for page in paper.pages)
    command = [
        sys.executable,
        corpus / "score.py",
        out,
        "--truth",
        corpus,
        "--pages",
        pages,
        "--json",
        target,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"score.py failed:\n{done.stderr}")
    return dict(json.loads(target.read_text(encoding="utf-8")))


def overall_cer(scores: dict[str, Any]) -> float:
    """Return the character error rate over all pages, in percent."""
    return 100 * float(scores["classes"]["all"]["cer"])


def cpu_model() -> str:
    """Return the processor's name as the system gives it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown CPU"


def table(stock: Side, others: list[Side], clean: Side) -> str:
    """Return the result as a table for people."""
    rounds = {1: "one round", 3: "three interleaved rounds"}.get(
        len(stock.seconds), f"{len(stock.seconds)} interleaved rounds"
    )
    rows = [
        f"image -> PDF/A-2b, {stock.pages} pages, {os.cpu_count()} cores, {cpu_model()}, {date.today()}, {rounds}",
        f"{'engine':<28}{'pages/s':>8}   {'ratio (min–max)':<18}{'CER':>7}   peak RSS/worker",
        f"{stock.name:<28}{stock.rate:>8.2f}   {'1.0':<18}{overall_cer(stock.scores):>6.2f}%   {stock.peak_mb:.0f} MB",
    ]
    for side in others:
        ratios = [theirs / mine for theirs, mine in zip(stock.seconds, side.seconds, strict=True)]
        spread = f"{side.rate / stock.rate:.1f} ({min(ratios):.1f}–{max(ratios):.1f})"
        cer = overall_cer(side.scores)
        rows.append(f"{side.name:<28}{side.rate:>8.2f}   {spread:<18}{cer:>6.2f}%   {side.peak_mb:.0f} MB")
    if clean.seconds:
        core = clean.rate / (os.cpu_count() or 1)
        rows.append(f"vanthu, clean pages of 300 dpi, start of the pool included: {core:.2f} pages/s/core")
    rows.append(by_class([stock, *others]))
    return "\n".join(rows)


def by_class(sides: list[Side]) -> str:
    """Return a table of Markdown with the error rates of every class, one line an engine."""
    classes = list(sides[0].scores["classes"])
    rows = [f"| CER % | {' | '.join(classes)} |", f"|---|{'---|' * len(classes)}"]
    for side in sides:
        rates = " | ".join(f"{100 * float(side.scores['classes'][kind]['cer']):.2f}" for kind in classes)
        rows.append(f"| {side.name} | {rates} |")
    return "\n".join(rows)


def clean_papers(corpus: Path, papers: list[Paper]) -> list[Paper]:
    """Return the documents of the class `clean`, all of whose pages have 300 dpi."""
    truth = json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))
    names = {document["id"] for document in truth["documents"] if document["class"] == "clean"}
    return [paper for paper in papers if paper.id in names]


def ablate(corpus: Path, papers: list[Paper], levers: list[str]) -> str:
    """Return the table of what each lever is worth on the pages of `papers`."""
    from bench.ablation import measure, table

    pages = [(page, image) for paper in papers for page, image in zip(paper.pages, paper.images, strict=True)]
    return table(measure(pages, lambda out: score(corpus, out, papers), levers))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    parser.add_argument(
        "--pages", type=int, help="about so many pages, whole documents of every class (default all)"
    )
    parser.add_argument(
        "--whole", action="store_true", help="all pages as one document: the best case of stock"
    )
    parser.add_argument("--out", type=Path, help="keep texts, PDFs and scores here")
    parser.add_argument("--json", action="store_true", help="print the measurement as one JSON object")
    parser.add_argument("--ablation", action="store_true", help="measure our own levers one by one instead")
    parser.add_argument("--levers", help="only these levers of the ablation, comma separated")
    asked = parser.parse_args()
    corpus = corpus_folder()
    with tempfile.TemporaryDirectory() as scratch:
        work = asked.out or Path(scratch)
        folders = {name: work / name for name in ("input", "stock", "tuned", "vanthu", "clean")}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        papers = choose(corpus, asked.pages, folders["input"])
        if asked.ablation:
            from bench.ablation import LEVERS

            print(ablate(corpus, papers, asked.levers.split(",") if asked.levers else list(LEVERS)))
            return
        easy = clean_papers(corpus, papers)
        if asked.whole:
            papers = merged(papers, folders["input"])
        pages = sum(len(paper.pages) for paper in papers)
        stock = Side(f"ocrmypdf {version('ocrmypdf')} stock", pages)
        tuned = Side(f"ocrmypdf {version('ocrmypdf')} tuned", pages)
        ours = Side("vanthu", pages)
        clean = Side("vanthu clean", sum(len(paper.pages) for paper in easy))
        for number in range(asked.rounds):
            runs = [(run_stock, "stock", stock), (run_tuned, "tuned", tuned), (run_ours, "vanthu", ours)]
            for run, name, side in runs if number % 2 == 0 else runs[::-1]:
                run(papers, folders[name], side)
                print(f"round {number + 1}: {side.name} {side.seconds[-1]:.1f} s", file=sys.stderr)
            if easy:
                run_ours(easy, folders["clean"], clean)
        for name, side in (("stock", stock), ("tuned", tuned), ("vanthu", ours)):
            side.scores = score(corpus, folders[name], papers)
    if asked.json:
        sides = [asdict(side) for side in (stock, tuned, ours, clean)]
        print(json.dumps({"cpu": cpu_model(), "cores": os.cpu_count(), "sides": sides}))
    else:
        print(table(stock, [tuned, ours], clean))


if __name__ == "__main__":
    main()
