"""Read a finished PDF as strangers would, with poppler and with pdfium, and compare with the text we put in."""

import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image
from rapidfuzz.distance import Indel

from ocr.text_layer import writable
from records.errors import ToolMissing, Unfit
from records.page import PageText

TIMEOUT = 600
_HYPHENS = str.maketrans(
    {"\x02": "-", "\ufffe": "-"}
)  # how pdfium writes a hyphen that it takes for a line break
_PDFIUM = threading.Lock()  # pdfium is not thread-safe


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The text of one page: as `pdftotext` orders it, as `pdftotext -raw` finds it in the file, and as pdfium."""

    poppler: str
    poppler_raw: str
    pdfium: str


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """How much of our text came back (see `compare`), 0.0 to 1.0; `worst_page` counts from 1."""

    letters: float
    words: float
    worst_page: int


def read_back(pdf: Path) -> list[ReadBack]:
    """Return the text of every page. Raises `ToolMissing` without pdftotext, `Unfit` when a reader refuses the file."""
    ordered, raw, other = _poppler(pdf), _poppler(pdf, "-raw"), _pdfium_texts(pdf)
    if not len(ordered) == len(raw) == len(other):
        raise Unfit(
            f"{pdf.name}: poppler finds {len(ordered)} pages, pdfium {len(other)}", code="pdf-unreadable"
        )
    return [ReadBack(*texts) for texts in zip(ordered, raw, other, strict=True)]


def compare(pdf: Path, pages: Sequence[PageText]) -> RoundTrip:
    """Read `pdf` back and compare it with `pages`, the text its layer was made from.

    **Letters**: characters that are no white space. Ours in reading order against those of pdfium and of
    `pdftotext -raw` in the order they come: 1 - (insertions + deletions) / (letters there + letters here). Plain
    `pdftotext` orders columns and tables by its own rules, so against it letters count as a multiset. A hyphen that
    ends one of our lines and is missing is forgiven: readers drop it on purpose. The worst of the three counts.

    **Words**: runs of characters that are no white space, as multisets: 2 x common / (words there + words here),
    against plain `pdftotext` and pdfium; the worse counts. Two habits are forgiven, since on a page of few words they
    would weigh more than a lost word: a word hyphenated over a line end comes back glued (`ki-` `lô` as `kilô` or
    `ki-lô`), and poppler takes a line of single characters for one spaced-out word (`- 2 -` as `-2-`).

    Both sums run over the whole document; `worst_page` is the page with the lowest of its own figures. Nothing to read
    and nothing read is 1.0. Raises as `read_back`, and `Unfit` when the number of pages differs.
    """
    found = read_back(pdf)
    if len(found) != len(pages):
        raise Unfit(f"{pdf.name}: {len(found)} pages, {len(pages)} readings", code="pdf-unreadable")
    letters, words = _Sum(3), _Sum(2)
    worst, worst_page = 2.0, 1
    for place, (ours, theirs) in enumerate(zip(pages, found, strict=True), 1):
        low = min(letters.add(_letters(ours, theirs)), words.add(_words(ours, theirs)))
        if low < worst:
            worst, worst_page = low, place
    return RoundTrip(letters.lowest, words.lowest, worst_page)


def render_page(pdf: Path, number: int, dpi: int) -> Image.Image:
    """Return page `number` (1-based) of `pdf` as pdfium shows it, in RGB at `dpi`."""
    with _PDFIUM:
        document = pdfium.PdfDocument(pdf)
        try:
            page = document[number - 1]
            image: Image.Image = page.render(scale=dpi / 72).to_pil().convert("RGB")
            page.close()
        finally:
            document.close()
    return image


@dataclass(frozen=True, slots=True)
class _Share:
    """Good of all, for one comparison."""

    good: float
    all: float

    @property
    def value(self) -> float:
        return self.good / self.all if self.all else 1.0


class _Sum:
    """Shares of several comparisons added up over pages."""

    def __init__(self, comparisons: int) -> None:
        self._shares = [_Share(0, 0)] * comparisons

    def add(self, shares: Sequence[_Share]) -> float:
        """Add one page and return its own lowest value."""
        pairs = zip(self._shares, shares, strict=True)
        self._shares = [_Share(old.good + new.good, old.all + new.all) for old, new in pairs]
        return min(share.value for share in shares)

    @property
    def lowest(self) -> float:
        return min(share.value for share in self._shares)


def _letters(ours: PageText, theirs: ReadBack) -> list[_Share]:
    lines = [[text for word in line if (text := writable(word.text))] for line in ours.lines]
    want = "".join("".join(line) for line in lines).replace(" ", "")
    pardon = sum(1 for line in lines if line and line[-1].endswith("-"))
    shares = []
    for text, ordered in ((theirs.poppler_raw, True), (theirs.pdfium, True), (theirs.poppler, False)):
        got = "".join(text.split())
        if ordered:
            wrong = Indel.distance(want, got)
        else:
            there, here = Counter(want), Counter(got)
            wrong = (there - here).total() + (here - there).total()
        lost = max(want.count("-") - got.count("-"), 0)
        total = len(want) + len(got)
        shares.append(_Share(total - (wrong - min(pardon, lost, wrong)), total))
    return shares


def _words(ours: PageText, theirs: ReadBack) -> list[_Share]:
    lines = [[part for word in line for part in writable(word.text).split()] for line in ours.lines]
    want = Counter(part for line in lines for part in line)
    glued = list(_glued(lines))
    shares = []
    for text in (theirs.poppler, theirs.pdfium):
        got = Counter(text.split())
        lost, found = want - got, got - want
        for parts, whole in glued:
            if found[whole] and Counter(parts) <= lost:
                found[whole] -= 1
                lost -= Counter(parts)
                got[whole] -= 1
                got.update(parts)
        shares.append(_Share(2 * (want & got).total(), want.total() + got.total()))
    return shares


def _glued(lines: Sequence[Sequence[str]]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield words of ours that a reader may glue on purpose, and what it makes of them (see `compare`)."""
    for place, line in enumerate(lines):
        if len(line) > 1 and all(len(part) == 1 for part in line):
            yield tuple(line), "".join(line)
        if line and line[-1].endswith("-"):
            head = line[-1]
            yield (head,), head[:-1]
            for tail in (line[0] for line in lines[place + 1 : place + 2] if line):
                yield (head, tail), head + tail
                yield (head, tail), head[:-1] + tail


def _poppler(pdf: Path, *options: str) -> list[str]:
    try:
        done = subprocess.run(
            ["pdftotext", "-enc", "UTF-8", *options, str(pdf.absolute()), "-"],
            capture_output=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
    except FileNotFoundError as why:
        raise _missing() from why
    except subprocess.TimeoutExpired as why:
        raise Unfit(f"{pdf.name}: pdftotext took over {TIMEOUT} s", code="pdf-unreadable") from why
    if done.returncode:
        raise Unfit(
            f"{pdf.name}: pdftotext: {done.stderr.decode(errors='replace')[:300]}", code="pdf-unreadable"
        )
    return done.stdout.decode("utf-8", "replace").split("\f")[:-1]


def probe() -> str:
    """Return where pdftotext is. Raises `ToolMissing`, naming the package."""
    found = shutil.which("pdftotext")
    if found is None:
        raise _missing()
    return found


def _missing() -> ToolMissing:
    return ToolMissing(
        "pdftotext is not installed",
        tell="Máy chưa có công cụ đọc lại PDF (pdftotext). Cài bằng: sudo apt install poppler-utils",
    )


def _pdfium_texts(pdf: Path) -> list[str]:
    with _PDFIUM:
        try:
            document = pdfium.PdfDocument(pdf)
        except (pdfium.PdfiumError, OSError) as why:
            raise Unfit(f"{pdf.name}: pdfium: {why}", code="pdf-unreadable") from why
        try:
            return [_pdfium_text(document, place) for place in range(len(document))]
        finally:
            document.close()


def _pdfium_text(document: pdfium.PdfDocument, place: int) -> str:
    page = document[place]
    text_page = page.get_textpage()
    try:
        text: str = text_page.get_text_range()
        return text.translate(_HYPHENS)
    finally:
        text_page.close()
        page.close()
