"""Check the signatures of a PDF somebody hands in. The file is judged in a limited child process and not kept."""

from api.multipart import FilePart
from api.schemas.verify import VerdictOut
from api.tools import Tools
from records.access import Actor
from records.errors import Unfit
from signing.verdict import Verdict
from storage.audit import Scalar
from storage.work import Tx

_HEAD = 1024  # ISO 32000-2 7.5.2 note: readers accept the header within the first 1024 bytes


def judge(tools: Tools, part: FilePart) -> Verdict:
    """Return the verdict on a file handed in. Raises `Unfit`: `file-empty`, `not-a-pdf`."""
    demand_pdf(part)
    return tools.verify(part.path, shown_name(part.name))


def demand_pdf(part: FilePart) -> None:
    """Refuse what cannot be judged. Raises `Unfit`: `file-empty`, `not-a-pdf`."""
    if part.size == 0:
        raise Unfit(f"{part.name}: empty", code="file-empty", tell="Tệp rỗng (0 byte). Hãy chọn lại tệp PDF.")
    with part.path.open("rb") as handle:
        head = handle.read(_HEAD)
    if b"%PDF-" not in head:
        raise Unfit(
            f"{part.name}: no PDF header",
            code="not-a-pdf",
            tell="Tệp này không phải PDF. Chỉ kiểm tra được chữ ký số trong tệp PDF; hãy chọn đúng tệp.",
        )


def report_on(tools: Tools, actor: Actor, part: FilePart, kind: str) -> bytes:
    """Return a report on a file handed in, with the same event in the log as a check. Raises as `judge`, `Report`."""
    demand_pdf(part)
    verdict, report = tools.report(part.path, shown_name(part.name), kind)
    with tools.work.begin() as tx:
        write_down(tx, actor, verdict, part.size)
    return report


def write_down(tx: Tx, actor: Actor, verdict: Verdict, size: int) -> VerdictOut:
    """Note in the log who had which bytes judged, and return the outgoing form of the verdict."""
    told: dict[str, Scalar] = {"reason": verdict.reason, "size": size}
    tx.audit.append(actor.id, "pdf-verified", verdict.sha256, verdict.verdict.value, told)
    return VerdictOut.of(verdict, size)


def shown_name(name: str) -> str:
    """Return a sent file name as it may be shown: last part, no control or direction marks, at most 200 letters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:200] or "tài liệu.pdf"
