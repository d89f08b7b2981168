"""Prove a signature before anyone relies on it, then let the file appear: whole, once, or not at all."""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto import tsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader

from records.clock import Clock, new_id
from records.errors import ArchiveFault, Away, Conflict
from signing.byte_range import holes
from signing.demo_pki import sync_folder
from signing.fetching import Door
from signing.keys import KeyRing
from signing.order import VALIDATION_DATA_LATER, holds
from signing.profiles import Level, Profile
from signing.revocation import RevocationWindow
from signing.time_tokens import Untrue, carried_by, tokens_in
from signing.trust import Evidence, load_trust
from signing.verdict import Answer, SignatureReport, Verdict
from signing.verify import verify_pdf

LEVEL = Level.LTA.value
_NOTHING = Evidence()


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was written: hash and size of the file, its level, the field, the proven time and the certificate.

    A level below the profile's last one (`PAdES-BASELINE-T` of an archive seal) is a file that still waits for its
    archive time stamp (`SigningService.complete`).
    """

    sha256: str
    size: int
    level: str
    field: str
    signed_at: datetime
    certificate_sha256: str
    certificate_serial: str = ""
    time_stamp_serial: str = ""


class OwnCheck:
    """Our own check of what we write and of what others signed before us, and the evidence it rests on."""

    def __init__(self, keys: KeyRing, clock: Clock, trust: Sequence[Path], door: Door | None = None) -> None:
        """Take the PEM files that the check trusts and the door to revocation data (None: nothing is fetched)."""
        self._keys, self._clock, self._trust = keys, clock, tuple(trust)
        self._door = door or Door(())
        self._lock = threading.Lock()
        self._window: tuple[object, RevocationWindow] | None = None

    def admit(self, certificate: x509.Certificate, chain: Iterable[x509.Certificate]) -> Evidence:
        """Refuse to sign now with a certificate that would not stand. Raises as `RevocationWindow.check_usable`."""
        return self.window().check_usable(certificate, chain, self._clock.now())

    def evidence(self, signatures: Iterable[bytes]) -> Evidence:
        """Return what proves now who made these signatures (DER, may be padded) and their time stamps.

        Raises as `RevocationWindow.evidence`.
        """
        now, found = self._clock.now(), Evidence()
        for signature in signatures:
            for leaf, others in carried_by(signature):
                found = found | self.window().evidence([leaf], others, now)
        return found

    def evidence_of(self, reader: PdfFileReader) -> Evidence:
        """Return what proves now who made the signatures of a file. Raises `Away` (`revocation-away`).

        A certificate that is not good adds nothing: the verdict on the file then says so in its own words.
        """
        found = Evidence()
        for one in reader.embedded_signatures:
            try:
                found = found | self.evidence([one.pkcs7_content])
            except Away:
                raise
            except (ArchiveFault, Untrue):
                continue
        return found

    def window(self) -> RevocationWindow:
        """Return the shared evidence; a new one when the files of roots and lists have changed."""
        state = [(path.stat().st_mtime_ns, path.stat().st_size) for path in self._trust if path.exists()]
        with self._lock:
            if self._window is None or self._window[0] != state:
                own = self._keys.revocation.lists if self._keys.revocation is not None else None
                self._window = state, RevocationWindow(load_trust(self._trust), self._door, own_lists=own)
            return self._window[1]

    def verdict(self, path: Path, name: str, *, look: bool, extra: Evidence = _NOTHING) -> Verdict:
        """Return the verdict on `path` now; `extra`: evidence that a B-T file does not carry yet."""
        return verify_pdf(path, self._trust, name, at=self._clock.now(), look=look, extra=extra)

    def prove(
        self, path: Path, name: str, profile: Profile, level: Level, field: str, evidence: Evidence
    ) -> Sealed:
        """Return the facts of the file just signed at `path`. Raises `ArchiveFault` (`seal-not-valid`).

        `evidence` is what was gathered for it: a file below B-LT does not carry it.
        """
        # the signed pages were not written by a stranger: bytes after them are ours, a moment old, and accounted for
        # object by object; drawing every page twice would add a fifth to the whole walk
        verdict = self.verdict(path, name, look=False, extra=evidence if level is Level.T else _NOTHING)
        report = next((one for one in verdict.signatures if one.field == field), None)
        earlier = [
            one for one in verdict.signatures if one.field != field and one.kind != "document-time-stamp"
        ]
        if (
            report is None
            or report.level != level
            or report.signed_at is None
            or not _is_good(report, verdict, profile, level)
            or not all(holds(one) for one in earlier)
        ):
            raise _not_valid(verdict)
        return Sealed(
            verdict.sha256,
            path.stat().st_size,
            report.level,
            field,
            report.signed_at,
            certificate_sha256="",
            certificate_serial=report.serial,
            time_stamp_serial=_time_stamp_serial(path, verdict.signatures.index(report)),
        )


def _time_stamp_serial(path: Path, place: int) -> str:
    """Return the serial number (hexadecimal) of a signature's time stamp; the verdict proved that there is one.

    `place`: of the signature among all of the file, which proved that its holes are those of its signatures, in their
    order. Having the file parsed once more for this would take a tenth of the whole signing.
    """
    data = path.read_bytes()
    start, end = sorted(holes(data))[place]
    (token,) = tokens_in(bytes.fromhex(data[start + 1 : end - 1].decode("ascii")))
    info = tsp.TSTInfo.load(token["content"]["encap_content_info"]["content"].contents)
    return f"{info['serial_number'].native:x}"


def _is_good(report: SignatureReport, verdict: Verdict, profile: Profile, level: Level) -> bool:
    if not (report.intact and report.trusted and report.time_source == "time-stamp"):
        return False
    if profile.promises and level is Level.T:
        # it says that an archive time stamp follows, which is still to come: the one thing that may be missing
        return report.reason == "time-stamp-missing" and verdict.reason == report.reason
    if level is Level.LT and report.reason == VALIDATION_DATA_LATER:
        return verdict.reason == report.reason  # no time stamp covers its data: that is what B-LT is
    return report.verdict is Answer.VALID and verdict.verdict in (Answer.VALID, Answer.VALID_LATER_CHANGES)


def _not_valid(verdict: Verdict) -> ArchiveFault:
    said = [(one.field, str(one.verdict), one.reason, one.level, one.changes) for one in verdict.signatures]
    return ArchiveFault(
        f"own check: {verdict.verdict} {verdict.level} {verdict.reason} {verdict.detail} {said}",
        code="seal-not-valid",
        tell=f"Chữ ký vừa tạo không qua được kiểm tra nên tệp không được dùng. {verdict.tell} Hãy báo quản trị viên.",
    )


@contextmanager
def draft_beside(out: Path) -> Iterator[Path]:
    """Give the name of a file beside `out` to work on; it is gone at the end unless `publish` took it."""
    temporary = out.with_name(f".{out.name[:80]}.{new_id()}.part")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def publish(temporary: Path, out: Path, source: Path, expected_sha256: str = "") -> None:
    """Let the finished file appear as `out`.

    With `expected_sha256` it happens once: over the source only while that still is the revision expected, elsewhere
    only when nothing is there. Raises `Conflict` (`revision-changed`).
    """
    if not expected_sha256:
        temporary.replace(out)
    else:
        with _alone_in(out.parent):
            if is_same(out, source):
                demand_revision(out, expected_sha256)
                temporary.replace(out)
            else:
                try:
                    os.link(temporary, out)
                except FileExistsError:
                    raise revision_changed(f"{out} appeared meanwhile") from None
    sync_folder(out.parent)


def is_same(out: Path, source: Path) -> bool:
    """Return whether both names lead to one file."""
    return out.exists() and source.exists() and out.samefile(source)


def demand_revision(path: Path, expected_sha256: str) -> None:
    """Demand that the file is the revision that the person saw. Raises `Conflict` (`revision-changed`)."""
    if expected_sha256 and (found := sha256_of(path)) != expected_sha256:
        raise revision_changed(f"{path}: expected {expected_sha256}, found {found}")


def revision_changed(why: str) -> Conflict:
    """Return the fault of a file that is not what the person saw."""
    return Conflict(
        why,
        code="revision-changed",
        tell="Văn bản đã thay đổi hoặc đã có người ký trước kể từ khi bạn xem. Chưa ký gì; "
        "hãy mở lại bản mới nhất, xem rồi ký.",
    )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one process at a time replace files of a folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
