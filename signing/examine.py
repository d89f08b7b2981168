"""Look at one signature of a PDF: structure, container, digest and signature value, without asking about trust."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime

from asn1crypto import tsp
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.byte_range import Gap, Untidy, check_gap
from signing.container import Container, Odd, read_container
from signing.difference import POLICY
from signing.roles import Key, items, key_of, opened, raw
from signing.trust import weakness
from signing.verdict import Answer, Change, Finding, SignatureReport, sentence, worst

HOUSE = "Vanthu"
ARCHIVE_MARK = "archive B-LTA 1"
"""Written into the signed part of every archive seal: a reader then knows that a document time stamp must follow."""

_PADES, _CMS, _STAMP = "/ETSI.CAdES.detached", "/adbe.pkcs7.detached", "/ETSI.RFC3161"
_CHANGES = {
    ModificationLevel.NONE: "none",
    ModificationLevel.LTA_UPDATES: "lta-updates",
    ModificationLevel.FORM_FILLING: "form-filling",
    ModificationLevel.ANNOTATIONS: "annotations",
}


@dataclass
class Found:
    """What is known so far of one signature field; filled by `examine`, then by `judge.judge`."""

    name: str
    is_stamp: bool = False
    subfilter: str = ""
    embedded: EmbeddedPdfSignature | None = None
    gap: Gap | None = None
    container: Container | None = None
    intact: bool = False
    coverage: str = ""
    changes: str = ""
    declares_archive: bool = False
    certifies: bool = False
    revision: int = -1
    signature_key: Key | None = None
    widgets: tuple[Key, ...] = ()
    later: tuple[Change, ...] = ()
    trusted: bool = False
    level: str = ""
    proven: datetime | None = None
    claimed: datetime | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def readable(self) -> bool:
        """Whether structure and container were understood."""
        return self.container is not None and self.gap is not None

    @property
    def covered_to(self) -> int:
        """File offset at which the signed range ends (0 when unknown)."""
        return self.gap.covered_to if self.gap else 0

    @property
    def gap_start(self) -> int:
        """File offset of the unsigned hole (0 when unknown)."""
        return self.gap.start if self.gap else 0

    @property
    def answer(self) -> Answer:
        """The worst so far."""
        return worst(self.findings).answer if self.findings else Answer.VALID

    def add(self, answer: Answer, code: str, detail: str = "") -> None:
        """Add one conclusion."""
        self.findings.append(Finding(answer, code, detail))

    def report(self) -> SignatureReport:
        """Return the public form."""
        finding = worst(self.findings) if self.findings else Finding(Answer.VALID, "ok")
        plain = SignatureReport(
            self.name,
            "document-time-stamp" if self.is_stamp else "signature",
            finding.answer,
            finding.code,
            sentence(finding),
        )
        if self.container is None:
            return plain
        signer = self.container.signer
        subject, issuer = signer.subject.native, signer.issuer.native
        words = f"{signer.subject.human_friendly} {signer.issuer.human_friendly}"
        key = signer.public_key
        size = f" {key.bit_size}" if key.algorithm == "rsa" else ""
        return replace(
            plain,
            signer=_first(subject, "common_name"),
            organisation=_first(subject, "organization_name"),
            serial=f"{signer.serial_number:x}",
            issuer=_first(issuer, "common_name"),
            valid_from=signer.not_valid_before,
            valid_to=signer.not_valid_after,
            signed_at=self.proven or self.claimed,
            time_source="time-stamp" if self.proven else ("claimed" if self.claimed else ""),
            level=self.level,
            algorithm=f"{key.algorithm.upper()}{size}, {self.container.digest.upper().replace('SHA', 'SHA-')}",
            coverage=self.coverage,
            changes=self.changes,
            intact=self.intact,
            trusted=self.trusted,
            demo="DEMO" in words,
            certified=self.certifies,
            later_changes=self.later,
        )


def _first(name: dict[str, object], key: str) -> str:
    value = name.get(key, "")
    return str(value[0]) if isinstance(value, list) and value else str(value or "")


def refused(found: Found) -> SignatureReport:
    """Return the report of a signature that could not be read."""
    return found.report()


def examine(reader: PdfFileReader, data: bytes, name: str, sig_field: DictionaryObject) -> Found:
    """Return what structure and cryptography say about one filled signature field. Never raises on its content."""
    found = Found(name)
    try:
        _try_open(found, reader, data, sig_field)
        _check_digest(found)
        _check_changes(found, data)
    except Untidy as fault:
        answer = Answer.INVALID if fault.code == "byte-range" else Answer.INDETERMINATE
        found.add(answer, fault.code, str(fault))
    except Odd as fault:
        found.add(Answer.INDETERMINATE, "container", str(fault))
    except (Exception, RecursionError) as fault:  # noqa: BLE001 parsers raise anything on hostile input
        found.add(Answer.INDETERMINATE, "error", f"{type(fault).__name__}: {fault}"[:200])
    return found


def _try_open(found: Found, reader: PdfFileReader, data: bytes, sig_field: DictionaryObject) -> None:
    """Open the signature; whatever a parser stumbles over is a signature not made as the standards say."""
    try:
        _open(found, reader, data, sig_field)
    except (Untidy, Odd):
        raise
    except (Exception, RecursionError) as fault:
        raise Odd(f"{type(fault).__name__}: {fault}"[:200]) from fault


def _open(found: Found, reader: PdfFileReader, data: bytes, sig_field: DictionaryObject) -> None:
    signature = sig_field.get_object()["/V"]  # type: ignore[no-untyped-call]
    found.subfilter = str(signature.get("/SubFilter", ""))
    found.is_stamp = found.subfilter == _STAMP
    if found.subfilter not in (_PADES, _CMS, _STAMP):
        found.add(Answer.INDETERMINATE, "unsupported", found.subfilter[:60] or "không ghi kiểu")
        return
    if found.is_stamp != (str(signature.get("/Type", "/Sig")) == "/DocTimeStamp"):
        raise Odd("type and sub-filter of the signature disagree")
    embedded = EmbeddedPdfSignature(reader, sig_field, found.name)
    gap = check_gap(data, [int(n) for n in embedded.byte_range], embedded.pkcs7_content)
    container = read_container(gap.der, token=found.is_stamp)
    if not container.bound and found.subfilter != _CMS:
        raise Odd("the signed attributes do not name the certificate")
    found.embedded, found.gap, found.container = embedded, gap, container
    found.claimed = embedded.self_reported_timestamp
    found.declares_archive = _declares_archive(signature)
    found.certifies = _certifies(signature)
    found.revision = embedded.signed_revision
    field = sig_field.get_object()  # type: ignore[no-untyped-call]
    found.signature_key = key_of(field.raw_get("/V"))
    own = field.container_ref
    kids = [k for k in map(key_of, items(opened(raw(field, "/Kids")))) if k]
    found.widgets = tuple(kids) or ((own.idnum, own.generation),)


def _certifies(signature: DictionaryObject) -> bool:
    """Return whether a signature restricts later changes of the document (ISO 32000-2 §12.8.2.2)."""
    references = items(opened(raw(signature, "/Reference")))
    return any(str(raw(opened(r), "/TransformMethod")) == "/DocMDP" for r in references)


def _says_archive(mark: str) -> bool:
    """The mark of the archive seal, or of a box that is closed the same way ("archive B-LTA 1 hop")."""
    return mark == ARCHIVE_MARK or mark.startswith(f"{ARCHIVE_MARK} ")


def _declares_archive(signature: DictionaryObject) -> bool:
    try:
        application = signature["/Prop_Build"]["/App"]
        return str(application["/Name"]) == f"/{HOUSE}" and _says_archive(str(application["/REx"]))
    except (KeyError, TypeError):
        return False


def _check_digest(found: Found) -> None:
    """Recompute the digest over the signed range and check the signature value over the signed attributes."""
    if found.container is None or found.embedded is None:
        return
    container = found.container
    found.embedded.compute_digest()
    if container.tst is None:
        intact, valid = _integrity(container, found.embedded.compute_digest(container.digest))
    else:
        intact, valid = check_token(container, found.embedded.compute_digest(imprint_hash(container.tst)))
    if not intact:
        found.add(Answer.INVALID, "hash-mismatch")
    if not valid:
        found.add(Answer.INVALID, "signature-broken")
    found.intact = intact and valid
    weak = weakness(container.digest, container.info["signature_algorithm"], container.signer)
    if container.tst is not None and not weak and imprint_hash(container.tst) in ("sha1", "md5"):
        weak = imprint_hash(container.tst).upper()
    if weak:
        found.add(Answer.INDETERMINATE, "weak-algorithm", weak)


def imprint_hash(tst: tsp.TSTInfo) -> str:
    """Return the name of the hash a token was made over."""
    return str(tst["message_imprint"]["hash_algorithm"]["algorithm"].native)


def check_token(container: Container, expected: bytes) -> tuple[bool, bool]:
    """Return (the token is about `expected`, its signature holds) of a time-stamp container."""
    assert container.tst is not None  # noqa: S101 the caller asked for a token, so `read_container` found one
    content = bytes(container.data["encap_content_info"]["content"])
    same = container.tst["message_imprint"]["hashed_message"].native == expected
    intact, valid = _integrity(container, hashlib.new(container.digest, content).digest())
    return same and intact, valid


def _integrity(container: Container, digest: bytes) -> tuple[bool, bool]:
    return validate_sig_integrity(container.info, container.signer, container.content_type, digest)


def _check_changes(found: Found, data: bytes) -> None:
    """Name what happened after the signature and judge it by the signature's own permissions."""
    if found.embedded is None:
        return
    embedded = found.embedded
    embedded.compute_integrity_info(diff_policy=POLICY, skip_diff=found.covered_to == len(data))  # type: ignore[no-untyped-call]
    if found.covered_to == len(data):
        found.coverage, found.changes = "entire-file", "none"
        return
    if embedded.coverage is not SignatureCoverageLevel.ENTIRE_REVISION:
        found.coverage, found.changes = "partial", "other"
        found.add(Answer.INVALID, "coverage")
        return
    found.coverage = "entire-revision"
    result = embedded.diff_result
    level = result.modification_level if isinstance(result, DiffResult) else ModificationLevel.OTHER
    found.changes = _CHANGES.get(level, "other")
    permitted = level is ModificationLevel.NONE or embedded.summarise_integrity_info()["docmdp_ok"]
    if found.changes == "other" or not permitted:
        found.add(Answer.INVALID, "changes-not-allowed", str(result)[:200])
