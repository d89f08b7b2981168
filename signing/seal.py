"""Sign and seal finished papers so that they can be trusted decades from now: the one signing service.

Stages: copy → what stands there (`order`) → signature with time stamp → revocation data in its own revision → document
time stamp as the last revision → check as a stranger (`proof`) → rename. The input is only read; the result appears
whole or not at all. See docs/decisions/0020, 0021 and 0080.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

from records.clock import Clock, new_id
from records.errors import ArchiveFault, Conflict, Unfit
from signing.fetching import Door, apart
from signing.keys import KeyRing, SealKey
from signing.mark import owner_of
from signing.order import (
    Standing,
    already_signed,
    demand_numbered,
    demand_order,
    only_numbered,
    read_standing,
)
from signing.paper_fields import lay_out
from signing.profiles import ARCHIVE, SEAL, FieldPlan, Level, Profile, Visible, demand_role, profile_named
from signing.proof import (
    LEVEL,
    OwnCheck,
    Sealed,
    demand_revision,
    draft_beside,
    is_same,
    publish,
    sha256_of,
)
from signing.stages import Appender, Task, append_unsigned, copy_in, in_our_words, lift, open_copy
from signing.timestamps import TimeStamps
from signing.trust import Evidence
from signing.verdict import Answer
from signing.wish import Wish

__all__ = ["LEVEL", "Sealed", "SigningService", "sha256_of"]


class SigningService:
    """Signs files with the keys it was given. Safe between threads; one instance serves a whole process."""

    def __init__(
        self,
        keys: KeyRing,
        tsa: TimeStamps,
        clock: Clock,
        trust: Sequence[Path] = (),
        door: Door | None = None,
    ) -> None:
        """Take the keys, the time-stamp authority and the roots (PEM files) that the own check trusts.

        The PEM files may also hold revocation lists (`X509 CRL`); other revocation data comes through `door`.
        """
        self.keys = keys
        self.tsa = tsa
        self.clock = clock
        self.check = OwnCheck(keys, clock, tuple(trust) or keys.trust, door)

    def seal(
        self,
        source: Path,
        out: Path,
        profile: str = ARCHIVE,
        key: str | None = None,
        document_id: str = "",
        *,
        level: str | None = None,
        visible: Visible | Wish | None = None,
        later: Sequence[FieldPlan] = (),
        expected_sha256: str = "",
    ) -> Sealed:
        """Write the signed copy of `source` to `out` (atomically, replacing what was there) and return its facts.

        `level`: a `Level` of the profile, its usual one by default. `visible`: what it shows, or what a person wishes
        of it (`visible_for`); None: nothing. `later`: empty fields to make together with the
        first official's signature. With `expected_sha256`, the revision the person saw, `source` must still be it,
        `out` may be `source`, and of two at once one wins; nothing else is ever replaced.

        Raises `ArchiveFault`: `profile-unknown`, `level-unknown`, `no-key`, `role-wrong`, `same-file`,
        `fields-wrong`, `appearance-missing`, `place-differs`; `Conflict`: `revision-changed` and those of
        `order.demand_order` and `order.demand_numbered`; `Unfit` when the PDF cannot be signed (`file-not-a-pdf`,
        `file-encrypted`, `file-already-signed`, `file-malformed`); `Away` (`time-stamp-away`, `clock-skew`,
        `token-away`, `revocation-away`) when there is no proven time, no key or no word on a certificate;
        `certificate-…` when the certificate would not stand; `seal-not-valid` when our own check refuses the result.
        """
        kind = profile_named(profile)
        wanted = kind.level(level)
        seal_key = self.keys.for_role(kind.role, key)
        demand_role(kind, seal_key.role, seal_key.name)
        _demand_elsewhere(source, out, expected_sha256)
        self.check.admit(seal_key.certificate, seal_key.chain)
        drawn = None if isinstance(visible, Wish) else visible
        task = Task(kind, wanted, seal_key.signer, seal_key.certificate, self._moment(), drawn)
        with draft_beside(out) as temporary:
            with self.copied(source, temporary, expected_sha256) as file:
                if isinstance(visible, Wish):
                    # only here: the drawing takes a second to load, and the seals of the walk show nothing
                    from signing.visible import visible_for

                    reader = open_copy(file).prev
                    shown = visible_for(kind, owner_of(seal_key), temporary, reader, task.moment, visible)
                    task = replace(task, visible=shown)
                field, found = apart(
                    lambda: self._stages(file, temporary, task, seal_key, document_id, later)
                )
            sealed = self.check.prove(temporary, out.name, kind, wanted, field, found)
            publish(temporary, out, source, expected_sha256)
        return replace(sealed, certificate_sha256=seal_key.certificate_sha256)

    def complete(self, source: Path, out: Path, *, expected_sha256: str = "") -> Sealed:
        """Lift a signed file to B-LTA: append revocation data and the archive time stamp; `out` may be `source`.

        For bulk runs with a slow authority: B-T at once, this at night. Raises as `seal`, and `Conflict`:
        `not-signed`, `already-complete`, `earlier-signature-invalid`.
        """
        expected_sha256 = expected_sha256 or (sha256_of(source) if is_same(out, source) else "")
        with draft_beside(out) as temporary:
            with self.copied(source, temporary, expected_sha256) as file:
                reader = open_copy(file).prev
                found = self.check.evidence_of(reader)
                last = self._last_signature(temporary, reader, found)
                apart(lambda: lift(file, Level.LTA, found, self.tsa, new_id()))
            sealed = self.check.prove(temporary, out.name, profile_named(ARCHIVE), Level.LTA, last[0], found)
            publish(temporary, out, source, expected_sha256)
        return replace(sealed, certificate_sha256=last[1])

    def _last_signature(self, temporary: Path, reader: PdfFileReader, found: Evidence) -> tuple[str, str]:
        """Return field and certificate of the last signature of a file that may be completed."""
        signatures = list(reader.embedded_signatures)
        if not signatures:
            raise Conflict(
                "no signature", code="not-signed", tell="Tệp chưa có chữ ký số nên không có gì để hoàn tất."
            )
        if signatures[-1].sig_object_type == "/DocTimeStamp":
            raise Conflict(
                "a time stamp is the last revision",
                code="already-complete",
                tell="Tệp đã có dấu thời gian lưu trữ, không cần hoàn tất nữa.",
            )
        verdict = self.check.verdict(temporary, temporary.name, look=True, extra=found)
        waiting = verdict.verdict is Answer.INDETERMINATE and verdict.reason == "time-stamp-missing"
        if not waiting and verdict.verdict not in (Answer.VALID, Answer.VALID_LATER_CHANGES):
            raise Conflict(
                f"{verdict.verdict} {verdict.reason} {verdict.detail}",
                code="earlier-signature-invalid",
                tell=f"Không cấp dấu thời gian lưu trữ cho tệp này được. {verdict.tell}",
            )
        # pyHanko's own kind of text holds on to the open file, and could not leave the child
        return str(signatures[-1].field_name), signatures[-1].signer_cert.sha256.hex()

    def standing(self, reader: PdfFileReader, path: Path) -> Standing:
        """Return what stands in the file at `path`, which `reader` reads, by our own check."""
        if not list(reader.embedded_signatures):
            return Standing()
        found = self.check.evidence_of(reader)
        verdict = self.check.verdict(path, path.name, look=True, extra=found)
        if verdict.reason == "looks-different" and only_numbered(verdict):
            # the number came after the official's signature, which left its field open for it; whoever seals now sees
            # it and vouches for it
            verdict = self.check.verdict(path, path.name, look=False, extra=found)
        return read_standing(reader, verdict, self.keys.role_of)

    def demand_turn(self, writer: Appender, path: Path, profile: Profile, certificate_sha256: str) -> None:
        """Demand that it is this signature's turn on the copy at `path`. Raises as `order.demand_order`."""
        if profile.alone:
            if list(writer.prev.embedded_signatures):
                raise already_signed()
            return
        demand_order(profile, certificate_sha256, self.standing(writer.prev, path))
        if profile.name == SEAL:
            demand_numbered(writer.prev)

    async def _stages(
        self,
        file: IO[bytes],
        path: Path,
        task: Task,
        key: SealKey,
        document_id: str,
        later: Sequence[FieldPlan],
    ) -> tuple[str, Evidence]:
        writer = open_copy(file)
        self.demand_turn(writer, path, task.profile, key.certificate_sha256)
        layout = lay_out(writer.prev, task.profile, document_id, task.visible, later)
        digest, unsigned = await append_unsigned(writer, layout, task, self.tsa)
        signed = await unsigned.perform_signature(
            digest.document_digest, PdfCMSSignedAttributes(signing_time=task.moment)
        )
        # an earlier B-T signature carries no evidence of its own
        found = self.check.evidence([signed.sig_contents]) | self.check.evidence_of(writer.prev)
        await lift(file, task.level, found, self.tsa, layout.stamp_identity)
        return layout.field, found

    def _moment(self) -> Any:
        return self.clock.now().replace(microsecond=0)

    @contextmanager
    def copied(self, source: Path, temporary: Path, expected_sha256: str) -> Iterator[IO[bytes]]:
        """Give an open private copy of `source`, and tell its troubles in our words; durable at the end."""

        def disk(fault: OSError) -> ArchiveFault:
            return ArchiveFault(
                f"{source} -> {temporary}: {fault}",
                code="seal-write",
                tell="Không đọc được tệp nguồn hoặc không ghi được tệp đã ký. Kiểm tra dung lượng và quyền ghi.",
            )

        def odd(why: str) -> ArchiveFault:
            return Unfit(
                f"{source}: {why}",
                code="file-malformed",
                tell=f"{source.name} sai cấu trúc PDF nên không ký được. Hãy tạo lại tệp từ bản quét.",
            )

        with in_our_words(disk, odd):
            copy_in(source, temporary)
            demand_revision(temporary, expected_sha256)
            with temporary.open("r+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())


def _demand_elsewhere(source: Path, out: Path, expected_sha256: str) -> None:
    if not expected_sha256 and is_same(out, source):
        raise ArchiveFault(
            f"{source} would be signed in place",
            code="same-file",
            tell="Tệp kết quả trùng với tệp nguồn. Hãy ghi ra một tệp khác để giữ nguyên bản gốc.",
        )
