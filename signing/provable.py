"""Say until when a sealed file can still be proven, and which certificates its proof rests on.

The last document time stamp proves everything before it, so only its own certificate, its issuers and its algorithms
count; where nothing was stamped the signature's do. See docs/decisions/0082 and reference signing §2.5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from records.errors import ArchiveFault
from signing.algorithms import AGREED, Algorithms, Use, issuers, uses_of
from signing.container import Container
from signing.examine import Found, examine
from signing.trust import Trust, load_trust
from signing.verify import evidence_of

AHEAD = timedelta(days=183)
"""How long before the end a file is due: half a year, for authorities, tenders and queues are slow."""
LONGEST = timedelta(days=3 * 365)
"""A file is due this long after its last time stamp at the latest."""

SIGNER, TSA, ISSUER = "signer", "tsa", "issuer"
"""What a certificate was used for."""


class NotProvable(ArchiveFault):
    """The file has no signature that can be read, so there is nothing to prove by."""

    code = "not-provable"


@dataclass(frozen=True, slots=True)
class CertificateUse:
    """A certificate that the proof of a file rests on.

    `serial`: lower-case hex; `issuer`: the issuer's name as RFC 4514 says it (human-friendly). `role`: `signer`, `tsa`
    or `issuer`. `used_at`: the proven time of what it signed, None when only claimed. `covered_at`: the time of the
    next document time stamp that does not itself rest on this certificate; it proves that what was signed existed by
    then, whoever got hold of the key. None when no such stamp follows.
    """

    serial: str
    issuer: str
    role: str
    used_at: datetime | None
    covered_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProvableUntil:
    """After `until` the file's last proof proves nothing any more; `why` it ends (Vietnamese, for the record).

    `last_time_stamp`: time of the last token, None when there is none. `certificate_until`: when the certificate
    behind it (or one of its issuers) ends. `algorithm`: of its algorithms the one that ends first (`RSA 3072, SHA-256`
    when none has an end) and `algorithm_until`, None for no end. `time_stamps`: document time stamps in the file.
    """

    until: datetime
    why: str
    last_time_stamp: datetime | None
    certificate_until: datetime
    algorithm: str
    algorithm_until: datetime | None
    time_stamps: int
    certificates: tuple[CertificateUse, ...] = ()

    @property
    def due_at(self) -> datetime:
        """When the file should get its next archive time stamp."""
        ends = [self.certificate_until - AHEAD]
        if self.algorithm_until is not None:
            ends.append(self.algorithm_until - AHEAD)
        if self.last_time_stamp is not None:
            ends.append(self.last_time_stamp + LONGEST)
        return min(ends)


def provable_until(path: Path, roots: Sequence[Path], algorithms: Algorithms = AGREED) -> ProvableUntil:
    """Return until when the PDF at `path` can be proven; whether it is good at all is for `verify_pdf` to say.

    Raises `NotProvable` when it carries no readable signature; OSError; `ArchiveFault` (`trust-unreadable`). Run it in
    a limited child process.
    """
    return provable_bytes(path.read_bytes(), load_trust(roots), algorithms)


def provable_bytes(data: bytes, trust: Trust, algorithms: Algorithms = AGREED) -> ProvableUntil:
    """Return until when the PDF in `data` can be proven (see `provable_until`)."""
    try:
        reader = PdfFileReader(BytesIO(data), strict=True)
        fields = list(enumerate_sig_fields(reader, filled_status=True))
        found = [examine(reader, data, name, field) for name, _, field in fields]
        known = [*evidence_of(reader).certificates, *trust.roots]
    except (Exception, RecursionError) as fault:
        raise NotProvable(f"{type(fault).__name__}: {fault}"[:200]) from fault
    found.sort(key=lambda one: one.covered_to)
    readable = [one for one in found if one.container is not None]
    if not readable or len(readable) < len(found):
        raise NotProvable(f"{len(found) - len(readable)} of {len(found)} signatures cannot be read")
    uses = tuple(
        use for n, one in enumerate(readable) for use in _certificates(one, readable[n + 1 :], known)
    )
    stamps = sum(one.is_stamp for one in readable)
    return _last(readable[-1], known, algorithms, stamps, uses)


def _last(
    one: Found,
    known: Sequence[x509.Certificate],
    algorithms: Algorithms,
    stamps: int,
    uses: tuple[CertificateUse, ...],
) -> ProvableUntil:
    """Return the end of the last signature's or document time stamp's proof."""
    container = one.container
    assert container is not None  # noqa: S101 only readable ones come here
    relied = {*uses_of(container, known)}
    proving = container
    if container.stamp is not None:
        relied |= {*uses_of(container.stamp, known)}
        proving = container.stamp
    path = [c for c in issuers(proving, known) if c.subject.dump() != c.issuer.dump()] or [proving.signer]
    certificate_until = min(c.not_valid_after for c in path)
    ended = algorithms.sunset(relied)
    algorithm, algorithm_until = (_listed(relied), None) if ended is None else (str(ended[0]), ended[1])
    holder = "dấu thời gian" if proving.tst is not None else "chữ ký"
    until, why = certificate_until, f"chứng thư của {holder} hết hạn"
    if algorithm_until is not None and algorithm_until < until:
        until, why = algorithm_until, f"{algorithm} hết được chấp nhận"
    return ProvableUntil(
        until.astimezone(UTC),
        why,
        _moment(proving),
        certificate_until.astimezone(UTC),
        algorithm,
        algorithm_until,
        stamps,
        uses,
    )


def _certificates(
    one: Found, later: Sequence[Found], known: Sequence[x509.Certificate]
) -> list[CertificateUse]:
    container = one.container
    assert container is not None  # noqa: S101 only readable ones come here
    stamps = [stamp.container for stamp in later if stamp.is_stamp and stamp.container]
    if container.stamp is not None:
        used = _moment(container.stamp)
        told = _path_uses(container.stamp, TSA, used, stamps, known)
    else:
        used = _moment(container) if one.is_stamp else next(map(_moment, stamps), None)
        told = []
    return told + _path_uses(container, TSA if one.is_stamp else SIGNER, used, stamps, known)


def _path_uses(
    container: Container,
    role: str,
    used: datetime | None,
    stamps: Sequence[Container],
    known: Sequence[x509.Certificate],
) -> list[CertificateUse]:
    told = []
    for place, certificate in enumerate(issuers(container, known)):
        if certificate.subject.dump() == certificate.issuer.dump():
            continue  # a root is trusted or not; nobody revokes it
        der = certificate.dump()
        covered = (_moment(s) for s in stamps if all(c.dump() != der for c in issuers(s, known)))
        told.append(
            CertificateUse(
                f"{certificate.serial_number:x}",
                certificate.issuer.human_friendly,
                ISSUER if place else role,
                used,
                next(covered, None),
            )
        )
    return told


def _moment(container: Container | None) -> datetime | None:
    if container is None or container.tst is None:
        return None
    moment: datetime = container.tst["gen_time"].native
    return moment


def _listed(uses: set[Use]) -> str:
    return ", ".join(str(use) for use in sorted(uses))
