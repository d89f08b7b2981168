"""What runs in child processes at the command of boot: sealing with the key, judging foreign PDFs.

The children import this file, so it knows neither the engine nor the readers.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from boot.settings import Settings
from ingest.children import Kind
from jobs.children import SHUT_IN, ChildPools, default_limits
from jobs.sandbox import Room
from records.clock import SystemClock
from records.errors import ArchiveFault
from signing import demo_pki
from signing.keys import DemoRevocation, load_keys, load_p12
from signing.options import SigningOptions
from signing.seal import Sealed, SigningService
from signing.timestamps import time_stamps
from signing.verdict import Answer, Finding, Verdict, sentence
from signing.verify import verify_pdf
from signing.wish import Wish, wish_of

if TYPE_CHECKING:  # every child pays for what is loaded here, and most of them only seal
    from procedures.case_upload import Filling
    from procedures.check_mark import CheckMark
    from procedures.difference import ChangedLine, Side
    from procedures.papers.sheet import BoxSheet, Sheet
    from procedures.sign_at_desk import Brought
    from procedures.sign_papers import Order
    from signing.interrupted import Prepared
    from signing.mark import Marked, MarkOrder
    from signing.provable import ProvableUntil
    from signing.renew import Renewed, Renewer

VERIFY_SECONDS = 300.0
_SCRATCH = "vanthu-children-"


@contextmanager
def open_children(
    settings: Settings, *kinds: Kind, reads: tuple[Path, ...] = (), writes: tuple[Path, ...] = ()
) -> Iterator[ChildPools]:
    """Hand out child pools of `kinds` (all by default); each starts with its first use and ends with the block.

    Children that read files are shut in (`jobs.sandbox`): of this installation they see the folders of work under way
    and the trusted roots, and besides `reads`, and `writes` also to write, what the command was given by a person.
    """
    limits = default_limits(settings.workers)
    chosen = {k: v for k, v in limits.items() if k in kinds} if kinds else limits
    with ExitStack() as stack:
        room = None
        if settings.sandbox == "must" and not set(chosen).isdisjoint(SHUT_IN):
            _sweep()
            mine = tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-", ignore_cleanup_errors=True)
            temp = Path(stack.enter_context(mine))
            under_way = tuple(settings.data_dir / name for name in ("work", "quarantine", "cache/incoming"))
            for folder in under_way if settings.data_dir.is_dir() else ():
                folder.mkdir(parents=True, exist_ok=True)  # a room shows what is there when a child starts
            named = (settings.tessdata, os.environ.get("TESSDATA_PREFIX", ""))  # Tesseract's own variable
            models = tuple(Path(folder).absolute() for folder in named if folder)
            room = Room(
                (*settings.roots, *models, *(path.absolute() for path in reads)),
                (*under_way, *(path.absolute() for path in writes)),
                temp,
                meeting=(Path("/tmp"),),  # noqa: S108  LibreOffice's own choice
            )
        pools = ChildPools(chosen, room)
        stack.callback(pools.stop)
        yield pools


def _sweep() -> None:
    """Remove temporary files of children whose parent was killed; its number stands in the name of their folder."""
    for left in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        with suppress(ValueError, OSError):
            if not Path("/proc", str(int(left.name.removeprefix(_SCRATCH).partition("-")[0]))).exists():
                shutil.rmtree(left)


def verify_in_child(children: ChildPools, roots: tuple[Path, ...], path: Path, name: str) -> Verdict:
    """Judge an untrusted PDF in a limited child; a child that dies gives INDETERMINATE, never an error."""
    try:
        return children.run("parse", VERIFY_SECONDS, verify_pdf, path, roots, name)
    except ArchiveFault as fault:
        finding = Finding(Answer.INDETERMINATE, "error", fault.code)
        return Verdict(name, finding.answer, finding.code, sentence(finding), detail=str(fault))


def report_in_child(
    children: ChildPools, roots: tuple[Path, ...], path: Path, name: str, kind: str
) -> tuple[Verdict, bytes]:
    """Judge an untrusted PDF in a limited child and write the report there; `kind` is `html`, `pdf` or `etsi`.

    Raises what the child raises (`ChildStuck`, `ChildDied`; `not-signed` of an ETSI report on nothing).
    """
    return children.run("parse", VERIFY_SECONDS, _report, path, roots, name, kind)


def _report(path: Path, roots: tuple[Path, ...], name: str, kind: str) -> tuple[Verdict, bytes]:
    # only here: WeasyPrint and the ETSI schema take a second to load, and few ask for a report
    from signing.report_html import report_html

    verdict = verify_pdf(path, roots, name)
    if kind == "etsi":
        from signing.etsi_report import etsi_report

        return verdict, etsi_report(path, verdict)
    page = report_html(verdict)
    if kind == "pdf":
        from signing.printing import print_page

        return verdict, print_page(page)
    return verdict, page.encode()


@lru_cache(maxsize=2)
def _service(options: SigningOptions) -> SigningService:
    clock = SystemClock()
    tsa = time_stamps(options.check(), clock, policies=options.tsa_policies)
    return SigningService(load_keys(options.keys), tsa, clock, options.roots, options.door())


def seal_in_child(
    options: SigningOptions,
    source: Path,
    out: Path,
    document_id: str,
    profile: str = "archive",
    key: str | None = None,
    level: str | None = None,
    expected_sha256: str = "",
    wish: Wish | None = None,
) -> Sealed:
    """Seal in the signing child: the key is parsed once there and never enters the parent."""
    os.umask(0o077)
    return _service(options).seal(
        source, out, profile, key, document_id, level=level, visible=wish, expected_sha256=expected_sha256
    )


def prepare_in_child(
    options: SigningOptions,
    source: Path,
    folder: Path,
    paper_id: str,
    order: "Order",
    brought: "Brought",
) -> "Prepared":
    """Prepare a signature of a device at a desk in the signing child; file and record go into `folder`."""
    from signing.interrupted import InterruptedSigning

    os.umask(0o077)
    return InterruptedSigning(_service(options), folder).prepare(
        source,
        brought.certificate,
        order.profile,
        wish_of(dict(order.options)),
        key=order.key,
        chain=brought.chain,
        level=order.level or None,
        document_id=paper_id,
    )


def finish_in_child(
    options: SigningOptions, folder: Path, prepared: "Prepared", signature: bytes, out: Path
) -> Sealed:
    """Finish in the signing child what lies prepared in `folder`."""
    from signing.interrupted import InterruptedSigning

    os.umask(0o077)
    return InterruptedSigning(_service(options), folder).finish(prepared, signature, out)


def where_in_child(path: Path, order: "MarkOrder", moment: datetime) -> "Marked":
    """Find in a limited child where a paper will be marked."""
    from signing.preview import where_marked  # only here: WeasyPrint takes a second to load

    return where_marked(path, order, moment)


def mark_in_child(path: Path, out: Path, order: "MarkOrder", moment: datetime) -> None:
    """Draw in a limited child the mark that a paper will get upon a copy of it."""
    from signing.preview import marked_copy

    marked_copy(path, out, order, moment)


def draw_in_child(sheet: "Sheet", created: datetime, mark: "CheckMark | None") -> bytes:
    """Draw in a limited child a paper of a case, from what people wrote into forms."""
    from procedures.papers.faces import load_faces
    from procedures.papers.render import render  # only here: WeasyPrint takes a second to load

    return render(sheet, load_faces(), created, mark).pdf


def fill_in_child(path: Path, filling: "Filling") -> bytes:
    """Make in a limited child the paper of a case out of a PDF that was handed in."""
    from procedures.papers.faces import load_faces
    from procedures.papers.fill import fill_upload  # only here, as above

    return fill_upload(path, filling, load_faces())


def compare_in_child(old: "Side", new: "Side") -> "tuple[ChangedLine, ...]":
    """Tell in a limited child what changed between two versions of a document."""
    from procedures.difference import compare

    return compare(old, new)


def draw_box_in_child(box: "BoxSheet") -> bytes:
    """Draw in a limited child what a body writes into its box of a letter."""
    from procedures.papers.faces import load_faces
    from procedures.papers.render import draw_box

    return draw_box(box, load_faces())


def complete_in_child(options: SigningOptions, source: Path, out: Path, expected_sha256: str = "") -> Sealed:
    """Give a B-T file its archive time stamp in the signing child."""
    os.umask(0o077)
    return _service(options).complete(source, out, expected_sha256=expected_sha256)


@lru_cache(maxsize=2)
def _renewer(options: SigningOptions) -> "Renewer":
    from signing.renew import Renewer

    # the keys that seal have no part in it and stay unread
    clock = SystemClock()
    demo = demo_pki.is_complete(options.keys)
    revocation = DemoRevocation(*load_p12(options.keys, demo_pki.ROOT)) if demo else None
    tsa = time_stamps(options.check(), clock, policies=options.tsa_policies)
    return Renewer(tsa, clock, options.roots, revocation)


def renew_in_child(options: SigningOptions, source: Path, out: Path) -> "Renewed":
    """Renew a sealed file in the signing child."""
    os.umask(0o077)
    return _renewer(options).renew(source, out)


def read_life_in_child(path: Path, roots: tuple[Path, ...]) -> "ProvableUntil":
    """Read in a limited child until when a sealed file can be proven."""
    from signing.provable import provable_until

    return provable_until(path, roots)
