"""Answer for a PDF as a stranger would: strict structure first, then cryptography, then trust, then looks.

pyHanko's own `bottom_line` is never used: a file with appended objects passes it while viewers show other pages
(reference reliability §5). Nothing is fetched, nothing is written, nothing raises: what cannot be understood is
INDETERMINATE or INVALID with a reason, never green.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import ValidationInfoReadingError

from records.errors import ArchiveFault
from signing.additions import check_additions
from signing.algorithms import AGREED, Algorithms
from signing.examine import ARCHIVE_MARK, HOUSE, Found, examine, refused
from signing.judge import judge
from signing.trust import Evidence, Trust, load_trust
from signing.verdict import Answer, Finding, SignatureReport, Verdict, sentence, worst

__all__ = ["ARCHIVE_MARK", "HOUSE", "verify_pdf"]

_HEADER_WITHIN = 1024
_RANGE = re.compile(rb"/ByteRange\b")
_NOTHING = Evidence()


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a verdict rests on beside the file."""

    trust: Trust
    now: datetime
    algorithms: Algorithms


def verify_pdf(
    path: Path,
    roots: Sequence[Path],
    name: str | None = None,
    *,
    at: datetime | None = None,
    look: bool = True,
    algorithms: Algorithms = AGREED,
    extra: Evidence = _NOTHING,
) -> Verdict:
    """Return the verdict on the PDF at `path`, trusting only the PEM files `roots`; never raises on its content.

    `name` is the file name to report. `at` is the moment of the check (default: now). `look` draws every page of
    the signed revision and of the whole file and compares them when bytes follow a signature (costly: two page
    renders a page). `algorithms` says until when each algorithm is good. `extra` is evidence that was gathered for this
    file and is not in it (yet). Run it in a limited child process when the file comes from outside.
    """
    file = name or path.name
    digest = ""
    try:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        basis = _Basis(load_trust(roots) | extra, at or datetime.now(UTC), algorithms)
        reports, finding = _answer(data, basis, look=look)
    except OSError as fault:
        reports, finding = [], Finding(Answer.INDETERMINATE, "unreadable", str(fault))
    except ArchiveFault as fault:
        return Verdict(file, Answer.INDETERMINATE, fault.code, fault.tell, (), digest, str(fault))
    except (Exception, RecursionError) as fault:  # noqa: BLE001 hostile files raise everything; none may look green
        reports, finding = (
            [],
            Finding(Answer.INDETERMINATE, "error", f"{type(fault).__name__}: {fault}"[:200]),
        )
    return Verdict(
        file, finding.answer, finding.code, sentence(finding), tuple(reports), digest, finding.detail
    )


def _answer(data: bytes, basis: _Basis, *, look: bool) -> tuple[list[SignatureReport], Finding]:
    if not data:
        return [], Finding(Answer.INVALID, "empty-file")
    if b"%PDF-" not in data[:_HEADER_WITHIN]:
        return [], Finding(Answer.INVALID, "not-a-pdf")
    try:
        return _read(data, basis, strict=True, look=look)
    except (Exception, RecursionError) as fault:  # noqa: BLE001 the strict reader refuses by raising anything
        malformed = Finding(Answer.INDETERMINATE, "malformed", f"{type(fault).__name__}: {fault}"[:200])
    try:  # once more with a lenient reader, only to name the signatures; the answer can no longer be good
        reports, finding = _read(data, basis, strict=False, look=False)
    except (Exception, RecursionError):  # noqa: BLE001 nothing to show then
        return [], malformed
    return reports, finding if finding.answer is Answer.INVALID else malformed


def _read(data: bytes, basis: _Basis, *, strict: bool, look: bool) -> tuple[list[SignatureReport], Finding]:
    reader = PdfFileReader(BytesIO(data), strict=strict)  # its default limits are those for untrusted input
    if reader.encrypted:
        return [], Finding(Answer.INDETERMINATE, "encrypted")
    fields = list(enumerate_sig_fields(reader, filled_status=True))
    if not fields:
        if _RANGE.search(data):
            return [], Finding(
                Answer.INDETERMINATE, "malformed", "a byte range outside every signature field"
            )
        return [], Finding(Answer.UNSIGNED, "unsigned")
    found = [examine(reader, data, name, field) for name, _, field in fields]
    found.sort(key=lambda f: f.covered_to)
    good = [f for f in found if f.readable]
    _check_nesting(good)
    judge(good, evidence_of(reader), basis.trust, basis.now, basis.algorithms)
    if len(good) == len(found):  # else the answer cannot be good any more
        check_additions(reader, data, good, look=look)
    reports = [refused(f) if not f.readable else f.report() for f in found]
    findings = [finding for f in found for finding in f.findings]
    return reports, worst(findings) if findings else Finding(Answer.VALID, "ok")


def _check_nesting(found: list[Found]) -> None:
    """Each signature must lie wholly after what the one before it covers."""
    for before, after in zip(found, found[1:], strict=False):
        if before.covered_to > after.gap_start:
            after.add(Answer.INVALID, "coverage", f"ranges of {before.name} and {after.name} overlap")


def evidence_of(reader: PdfFileReader) -> Evidence:
    """Return what the DSS of the file holds; unreadable items count as absent (a chain then lacks its data)."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except ValidationInfoReadingError:
        return Evidence()
    return Evidence(
        tuple(x509.Certificate.load(ref.get_object().data, strict=True) for ref in store.certs.values()),
        tuple(crl.CertificateList.load(ref.get_object().data, strict=True) for ref in store.crls),
        tuple(ocsp.OCSPResponse.load(ref.get_object().data, strict=True) for ref in store.ocsps),
    )
