"""Seal a finished PDF/A so that it can be trusted decades from now, and prove it before anyone relies on it.

Stages: copy → signature with time stamp → revocation data in its own revision → document time stamp as the last
revision → check as a stranger → rename. The input is only read; the result appears whole or not at all.
See docs/decisions/0020 and 0021.
"""

import asyncio
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_byterange import BuildProps
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from records.clock import Clock, new_id
from records.errors import ArchiveFault, Unfit
from signing.demo_pki import sync_folder
from signing.keys import KeyRing, SealKey
from signing.options import ARCHIVE, PROFILES
from signing.timestamps import DIGEST, TimeStamps
from signing.trust import load_trust
from signing.verdict import Answer, Verdict
from signing.verify import ARCHIVE_MARK, HOUSE, verify_pdf

LEVEL = "PAdES-BASELINE-LTA"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was written: hash and size of the file, its level, the field, the proven time and the certificate."""

    sha256: str
    size: int
    level: str
    field: str
    signed_at: datetime
    certificate_sha256: str


class _Appender(IncrementalPdfFileWriter):
    """Appends a revision and leaves the description alone: pyHanko would rewrite Info and XMP in every revision."""

    def _update_meta(self) -> None:
        pass


class SigningService:
    """Seals files with the keys it was given. Safe between threads; one instance serves a whole process."""

    def __init__(self, keys: KeyRing, tsa: TimeStamps, clock: Clock, trust: Sequence[Path] = ()) -> None:
        """Take the keys, the time-stamp authority and the roots (PEM files) that the own check trusts.

        The PEM files may also hold revocation lists (`X509 CRL`) of certificates that are not the demo root's.
        """
        self._keys = keys
        self._tsa = tsa
        self._clock = clock
        self._trust = tuple(trust) or keys.trust

    def seal(
        self,
        source: Path,
        out: Path,
        profile: str = ARCHIVE,
        key: str | None = None,
        document_id: str = "",
    ) -> Sealed:
        """Write the sealed copy of `source` to `out` (atomically, replacing what was there) and return its facts.

        Raises `ArchiveFault`: `profile-unknown`, `no-key`, `same-file`; `Unfit` when the PDF cannot be sealed
        (`file-not-a-pdf`, `file-encrypted`, `file-already-signed`, `file-malformed`); `Away` (`time-stamp-away`,
        `clock-skew`) when there is no proven time; `seal-not-valid` when our own check refuses the result.
        """
        if profile not in PROFILES:
            raise ArchiveFault(
                f"profile {profile!r} is not one of {PROFILES}",
                code="profile-unknown",
                tell=f"Chưa có kiểu ký “{profile}”. Kiểu dùng được: {', '.join(PROFILES)}.",
            )
        seal_key = self._keys.get(key)
        if out.exists() and source.exists() and out.samefile(source):
            raise ArchiveFault(
                f"{source} would be signed in place",
                code="same-file",
                tell="Tệp kết quả trùng với tệp nguồn. Hãy ghi ra một tệp khác để giữ nguyên bản gốc.",
            )
        temporary = out.with_name(f".{out.name[:80]}.{new_id()}.part")
        try:
            field = self._write(source, temporary, seal_key, document_id)
            verdict = verify_pdf(
                temporary,
                self._trust,
                out.name,
                at=self._clock.now(),
                # the signed pages were not written by a stranger: bytes after them are ours, a moment old, and
                # accounted for object by object; drawing every page twice would add a fifth to the whole walk
                look=False,
            )
            _demand(verdict)
            size = temporary.stat().st_size
            temporary.replace(out)
            sync_folder(out.parent)
        finally:
            temporary.unlink(missing_ok=True)
        signed_at = verdict.signatures[0].signed_at
        if signed_at is None:  # pragma: no cover  a VALID LTA verdict always carries a proven time
            raise ArchiveFault("valid without a time", code="seal-not-valid")
        return Sealed(verdict.sha256, size, verdict.level, field, signed_at, seal_key.certificate_sha256)

    def _write(self, source: Path, temporary: Path, key: SealKey, document_id: str) -> str:
        try:
            _copy(source, temporary)
            with temporary.open("r+b") as file:
                field = _run(lambda: self._stages(file, key, document_id))
                file.flush()
                os.fsync(file.fileno())
        except ArchiveFault:
            raise
        except OSError as fault:
            raise ArchiveFault(
                f"{source} -> {temporary}: {fault}",
                code="seal-write",
                tell="Không đọc được tệp nguồn hoặc không ghi được tệp đã ký. Kiểm tra dung lượng và quyền ghi.",
            ) from fault
        except (PdfError, SigningError, ValueError, TypeError, KeyError, RecursionError) as fault:
            # pyHanko raises bare built-in errors on odd PDFs; nothing was written where anyone looks
            raise Unfit(
                f"{source}: {type(fault).__name__}: {fault}",
                code="file-malformed",
                tell=f"{source.name} sai cấu trúc PDF nên không ký được. Hãy tạo lại tệp từ bản quét.",
            ) from fault
        return field

    async def _stages(self, file: IO[bytes], key: SealKey, document_id: str) -> str:
        identity = document_id or new_id()
        field = f"LuuTru_{identity}"
        await self._sign(file, key, field)
        evidence = _Appender(file)
        DocumentSecurityStore.supply_dss_in_writer(evidence, None, crls=self._revocation_lists())
        evidence.write_in_place()  # type: ignore[no-untyped-call]
        stamp = PdfTimeStamper(self._tsa, field_name=f"DauThoiGian_{identity}")
        await stamp.async_timestamp_pdf(
            _Appender(file), DIGEST, in_place=True, tight_size_estimates=self._tsa.constant_size
        )
        return field

    async def _sign(self, file: IO[bytes], key: SealKey, field: str) -> None:
        """Append the certifying signature with its time stamp (PAdES B-T)."""
        writer = _Appender(file)
        _demand_fresh(writer)
        meta = PdfSignatureMetadata(
            field_name=field,
            md_algorithm=DIGEST,
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.FILL_FORMS,  # NO_CHANGES makes some viewers refuse the later revisions
            app_build_props=BuildProps(HOUSE, ARCHIVE_MARK),
            tight_size_estimates=self._tsa.constant_size,
        )
        spec = SigFieldSpec(sig_field_name=field, invis_sig_settings=InvisSigSettings())
        signer = PdfSigner(meta, key.signer, timestamper=self._tsa, new_field_spec=spec)
        stages = signer.init_signing_session(writer)
        stages.system_time = self._clock.now().replace(microsecond=0)
        reserved = await stages.estimate_signature_container_size(None, tight=self._tsa.constant_size)
        unsigned = stages.prepare_tbs_document(None, reserved)
        digest, _ = unsigned.digest_tbs_document(in_place=True)
        await unsigned.perform_signature(
            digest.document_digest, PdfCMSSignedAttributes(signing_time=stages.system_time)
        )

    def _revocation_lists(self) -> list[Any]:
        known = list(load_trust(self._trust).lists)
        if self._keys.revocation is not None:
            known.extend(self._keys.revocation.lists(self._clock.now()))
        return known


def _copy(source: Path, temporary: Path) -> None:
    temporary.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as given, temporary.open("xb") as ours:
        head = given.read(1024)
        if b"%PDF-" not in head:
            raise Unfit(
                f"{source}: no %PDF header",
                code="file-not-a-pdf",
                tell=f"{source.name} không phải là tệp PDF nên không ký được.",
            )
        ours.write(head)
        shutil.copyfileobj(given, ours, 1 << 20)


def _demand_fresh(writer: IncrementalPdfFileWriter) -> None:
    """Refuse what an archive seal must not be put on: encrypted files and files that carry a signature."""
    if writer.prev.encrypted:
        raise Unfit(
            "encrypted",
            code="file-encrypted",
            tell="Tệp PDF đặt mật khẩu nên không đóng dấu lưu trữ được. Hãy gỡ mật khẩu rồi nộp lại.",
        )
    if list(writer.prev.embedded_signatures):
        raise Unfit(
            "already signed",
            code="file-already-signed",
            tell="Tệp đã có chữ ký số; dấu lưu trữ chỉ đóng lên bản quét chưa ký. Tệp được giữ nguyên.",
        )


def _demand(verdict: Verdict) -> None:
    if verdict.verdict is Answer.VALID and verdict.level == LEVEL:
        return
    raise ArchiveFault(
        f"own check: {verdict.verdict} {verdict.level} {verdict.reason} {verdict.detail}",
        code="seal-not-valid",
        tell=f"Con dấu vừa đóng không qua được kiểm tra nên tệp không được dùng. {verdict.tell} Hãy báo quản trị viên.",
    )


def _run(work: Callable[[], Coroutine[Any, Any, str]]) -> str:
    """Run a coroutine to its end, also when the calling thread already runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    answer: list[str | BaseException] = []

    def aside() -> None:
        try:
            answer.append(asyncio.run(work()))
        except BaseException as fault:  # noqa: BLE001 carried to the caller's thread and raised there
            answer.append(fault)

    thread = threading.Thread(target=aside, name="seal")
    thread.start()
    thread.join()
    if isinstance(answer[0], BaseException):
        raise answer[0]
    return answer[0]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
