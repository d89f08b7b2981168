"""Write our verdict as the XML report of ETSI TS 119 102-2, for machines of other houses.

pyHanko's generator writes the report; the indications in it are ours and never greener than the verdict on the file.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESSubIndic
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.ades import AdESWithTimeValidationResult, ValidationObjectSet
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.report.tools import NAMESPACES, generate_report
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator.ltv.poe import ValidationObject, ValidationObjectType

from records.errors import ArchiveFault
from signing.verdict import Answer, SignatureReport, Verdict

_VR = f"{{{NAMESPACES['vr']}}}"
_MAIN = "urn:etsi:019102:mainindication:"
_SUB = "urn:etsi:019102:subindication:"
_RANK = [Answer.VALID, Answer.VALID_LATER_CHANGES, Answer.INDETERMINATE, Answer.INVALID]

_FAILED: dict[str, AdESSubIndic] = {
    "hash-mismatch": AdESFailure.HASH_FAILURE,
    "signature-broken": AdESFailure.SIG_CRYPTO_FAILURE,
    "revoked": AdESFailure.REVOKED,
}
_UNDECIDED: dict[str, AdESSubIndic] = {
    "not-trusted": AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND,
    "chain": AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    "no-revocation-data": AdESIndeterminate.TRY_LATER,
    "expired": AdESIndeterminate.OUT_OF_BOUNDS_NO_POE,
    "time-stamp-expired": AdESIndeterminate.OUT_OF_BOUNDS_NO_POE,
    "time-stamp-missing": AdESIndeterminate.NO_POE,
    "time-order": AdESIndeterminate.TIMESTAMP_ORDER_FAILURE,
    "weak-algorithm": AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE,
    "key-usage": AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE,
}


def etsi_report(path: Path, verdict: Verdict, at: datetime | None = None) -> bytes:
    """Return the XML report on the file at `path`, one `SignatureValidationReport` a signature, in file order.

    `verdict` is what `verify_pdf` said of these bytes at the moment `at` (default: now). A signature that cannot be
    read gets its indication and nothing else. Raises `ArchiveFault`: `not-signed` when the file has no signature to
    report on, `report-other-file` when the bytes are not those of the verdict.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != verdict.sha256:
        raise ArchiveFault(
            f"{path} is not the file of the verdict",
            code="report-other-file",
            tell="Tệp đã thay đổi sau khi kiểm tra. Hãy kiểm tra lại rồi lập báo cáo.",
        )
    if verdict.verdict is Answer.UNSIGNED:
        raise ArchiveFault(
            f"{path} has no signature",
            code="not-signed",
            tell="Tệp không có chữ ký số nên không có báo cáo chữ ký.",
        )
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    known = dict(_signatures(data))
    for prefix, uri in NAMESPACES.items():
        ElementTree.register_namespace(prefix, uri)
    reports = [
        _one(known.get(report.field), report, _answer(report, verdict), moment)
        for report in verdict.signatures or (_of_the_file(verdict),)
    ]
    whole = reports[0]
    for other in reports[1:]:
        _join(whole, other)
    ElementTree.indent(whole)
    return bytes(ElementTree.tostring(whole, encoding="utf-8", xml_declaration=True))


def _of_the_file(verdict: Verdict) -> SignatureReport:
    return SignatureReport("", "signature", verdict.verdict, verdict.reason, verdict.tell)


def _answer(report: SignatureReport, verdict: Verdict) -> tuple[Answer, str]:
    """Return answer and reason of one signature; those of the file when it was refused for its structure."""
    worst = max((s.verdict for s in verdict.signatures), key=_RANK.index, default=Answer.VALID)
    if _RANK.index(verdict.verdict) > _RANK.index(worst):
        return verdict.verdict, verdict.reason
    return report.verdict, report.reason


def _indication(answer: Answer, reason: str) -> AdESSubIndic:
    if answer is Answer.VALID:
        return AdESPassed.OK
    if answer is Answer.INVALID:
        return _FAILED.get(reason, AdESFailure.FORMAT_FAILURE)
    if answer is Answer.VALID_LATER_CHANGES:
        return AdESIndeterminate.SIG_CONSTRAINTS_FAILURE
    return _UNDECIDED.get(reason, AdESIndeterminate.GENERIC)


def _signatures(data: bytes) -> Iterator[tuple[str, EmbeddedPdfSignature]]:
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        for name, _, field in enumerate_sig_fields(reader, filled_status=True):
            yield name, EmbeddedPdfSignature(reader, field, name)
    except (Exception, RecursionError):  # noqa: BLE001 a hostile file raises anything; its report is then the bare one
        return


def _one(
    embedded: EmbeddedPdfSignature | None, report: SignatureReport, told: tuple[Answer, str], moment: datetime
) -> ElementTree.Element:
    indication = _indication(*told)
    if embedded is not None and report.signer:
        try:
            text = generate_report(embedded, _result(embedded, report, indication, moment))
            return _mended(ElementTree.fromstring(text.encode()), embedded, indication)  # noqa: S314 our own text
        except (Exception, RecursionError):  # noqa: BLE001 the generator was not made for hostile attributes
            return _bare(indication, moment)
    return _bare(indication, moment)


def _result(
    embedded: EmbeddedPdfSignature, report: SignatureReport, indication: AdESSubIndic, moment: datetime
) -> AdESWithTimeValidationResult:
    certificates = [embedded.signer_cert, *embedded.other_embedded_certs]
    status = PdfSignatureStatus(
        intact=report.intact,
        valid=report.intact,
        trust_problem_indic=None if report.trusted else indication,
        signing_cert=embedded.signer_cert,
        pkcs7_signature_mechanism=str(embedded.signer_info["signature_algorithm"]["algorithm"].native),
        md_algorithm=embedded.md_algorithm,
        validation_path=None,
        revocation_details=None,
        error_time_horizon=None,
        validation_time=moment,
        qualification_result=None,
    )
    proven = report.signed_at if report.time_source == "time-stamp" and report.signed_at else moment
    return AdESWithTimeValidationResult(
        ades_subindic=indication,
        api_status=status,
        failure_msg=None,
        validation_objects=ValidationObjectSet(
            ValidationObject(ValidationObjectType.CERTIFICATE, c) for c in certificates
        ),
        best_signature_time=proven,
        signature_not_before_time=None,
    )


def _mended(
    report: ElementTree.Element, embedded: EmbeddedPdfSignature, indication: AdESSubIndic
) -> ElementTree.Element:
    """Put right what the schema wants otherwise than the generator writes it."""
    for ranges in report.iter(f"{_VR}ByteRange"):
        ranges.text = " ".join(str(int(n)) for n in embedded.byte_range)
    for status in report.iter(f"{_VR}SignatureValidationStatus"):
        for sub in status.findall(f"{_VR}SubIndication"):
            if isinstance(indication, AdESPassed):  # passed has no sub-indication
                status.remove(sub)
    return report


def _bare(indication: AdESSubIndic, moment: datetime) -> ElementTree.Element:
    """Return a report that holds the time of the check and the indication only."""
    root = ElementTree.Element(f"{_VR}ValidationReport")
    one = ElementTree.SubElement(root, f"{_VR}SignatureValidationReport")
    times = ElementTree.SubElement(one, f"{_VR}ValidationTimeInfo")
    told = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    ElementTree.SubElement(times, f"{_VR}ValidationTime").text = told
    best = ElementTree.SubElement(
        times, f"{_VR}BestSignatureTime"
    )  # the schema wants one; nothing earlier is proven
    ElementTree.SubElement(best, f"{_VR}POETime").text = told
    ElementTree.SubElement(best, f"{_VR}TypeOfProof").text = "urn:etsi:019102:poetype:validation"
    status = ElementTree.SubElement(one, f"{_VR}SignatureValidationStatus")
    kind = "total-failed" if isinstance(indication, AdESFailure) else "indeterminate"
    ElementTree.SubElement(status, f"{_VR}MainIndication").text = _MAIN + kind
    ElementTree.SubElement(status, f"{_VR}SubIndication").text = _SUB + str(indication.standard_name)
    return root


def _join(whole: ElementTree.Element, other: ElementTree.Element) -> None:
    """Add the signatures of `other` behind those of `whole`, and its validation objects once each."""
    at = len(whole.findall(f"{_VR}SignatureValidationReport"))
    for report in other.findall(f"{_VR}SignatureValidationReport"):
        whole.insert(at, report)
        at += 1
    objects = other.find(f"{_VR}SignatureValidationObjects")
    if objects is None:
        return
    ours = whole.find(f"{_VR}SignatureValidationObjects")
    if ours is None:
        whole.append(objects)
        return
    known = {thing.get("id") for thing in ours}
    ours.extend(thing for thing in objects if thing.get("id") not in known)
