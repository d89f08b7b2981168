"""Sign with a key that is elsewhere (a token at the person's desk): prepare, let the hash be signed there, finish.

What waits in between lies in a folder, a JSON record and the prepared PDF each, so that it outlives the process. It is
good for fifteen minutes and for one signature. The certificate is admitted before anything is shown to be signed, and
the signature is checked with it before it goes into the file. See docs/decisions/0081; who keeps both parts for all
machines is `procedures.sign_at_desk` (0086).
"""

import fcntl
import json
import os
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from asn1crypto import cms, x509
from pyhanko.sign.signers import ExternalSigner
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfTBSDocument
from pyhanko_certvalidator.registry import SimpleCertificateStore

from records.clock import new_id
from records.errors import ArchiveFault, Conflict, Missing
from signing.admission import admit, read_certificate
from signing.demo_pki import sync_folder
from signing.fetching import apart
from signing.mark import owner_of
from signing.mechanisms import digest_for, fits, signature_room
from signing.paper_fields import lay_out
from signing.profiles import FieldPlan, Level, Visible, profile_named
from signing.proof import Sealed, draft_beside, publish, sha256_of
from signing.seal import SigningService
from signing.stages import Task, append_unsigned, lift, open_copy
from signing.trust import Evidence
from signing.wish import Wish

LASTS = timedelta(minutes=15)
_ID = re.compile(r"[0-9a-z-]{8,64}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """One signature that waits for its value. Plain texts and numbers, to be kept and sent as JSON.

    `to_be_signed`: the signed attributes (DER, base64), over which the key signs with `digest`; for hardware that takes
    a hash, that is the hash of these bytes. `nonce`: known to whom it was shown; `finish` asks for it.
    """

    id: str
    nonce: str
    profile: str
    level: str
    field: str
    identity: str
    certificate: str
    others: tuple[str, ...]
    digest: str
    document_digest: str
    to_be_signed: str
    room: tuple[int, int]
    source_sha256: str
    prepared_sha256: str
    expires: str

    def to_json(self) -> str:
        """Return the record as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Prepared":
        """Return the record in `text`. Raises `Conflict` (`prepared-tampered`)."""
        try:
            values = json.loads(text)
            return cls(**{**values, "others": tuple(values["others"]), "room": tuple(values["room"])})
        except (ValueError, TypeError, KeyError) as fault:
            raise _tampered(str(fault)) from fault


class InterruptedSigning:
    """Prepares and finishes signatures whose key is elsewhere. Safe between threads and processes on one folder."""

    def __init__(self, service: SigningService, folder: Path) -> None:
        """Take the signing service and the folder for what waits (made when missing, for this user only)."""
        self._service = service
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def prepare(
        self,
        source: Path,
        certificate: bytes,
        profile: str,
        visible: Visible | Wish | None = None,
        *,
        key: str = "",
        chain: Sequence[bytes] = (),
        level: str | None = None,
        later: Sequence[FieldPlan] = (),
        document_id: str = "",
        expected_sha256: str = "",
    ) -> Prepared:
        """Return what the key of `certificate` (DER) shall sign so that `source` is signed for `profile`.

        `chain`: certificates between it and the root, DER. `key`: the key of the table that it must be; a `Wish` needs
        one, for the picture is the key's. Raises `Conflict` (`certificate-other`: not that key's), and as
        `admission.admit` and `SigningService.seal`.
        """
        kind = profile_named(profile)
        wanted = kind.level(level)
        ours, others = read_certificate(certificate), [read_certificate(one) for one in chain]
        known = self._service.keys.get(key) if key else None
        if known is not None:
            if known.certificate_sha256 != ours.sha256.hex():
                raise _refused(
                    "certificate-other",
                    f"Chứng thư gửi lên không phải là chứng thư đã khai của khóa “{key}”.",
                )
            others = others or list(known.chain)
        if isinstance(visible, Wish) and known is None:
            raise ValueError("a wish without a key: nobody knows whose picture to show")
        self._admit(ours, others, profile)
        signer = ExternalSigner(ours, _store(others), bytes(signature_room(ours)), embed_roots=False)
        now = self._service.clock.now()
        drawn = visible if isinstance(visible, Visible) else None
        task = Task(kind, wanted, signer, ours, now.replace(microsecond=0), drawn)
        name = new_id()
        with draft_beside(self._pdf(name)) as temporary:
            with self._service.copied(source, temporary, expected_sha256) as file:
                source_sha256 = sha256_of(temporary)
                writer = open_copy(file)
                self._service.demand_turn(writer, temporary, kind, ours.sha256.hex())
                if isinstance(visible, Wish) and known is not None:
                    from signing.visible import visible_for  # only here: see `SigningService.seal`

                    owner = owner_of(known)
                    shown = visible_for(kind, owner, temporary, writer.prev, task.moment, visible)
                    task = replace(task, visible=shown)
                layout = lay_out(writer.prev, kind, document_id, task.visible, later)

                async def work() -> tuple[PreparedByteRangeDigest, bytes]:
                    digest, _ = await append_unsigned(writer, layout, task, self._service.tsa)
                    attributes = await signer.signed_attrs(
                        digest.document_digest,
                        digest_for(ours),
                        PdfCMSSignedAttributes(signing_time=task.moment),
                        use_pades=True,
                    )
                    return digest, bytes(attributes.dump())

                digest, to_be_signed = apart(work)
            prepared = Prepared(
                id=name,
                nonce=secrets.token_urlsafe(24),
                profile=profile,
                level=str(wanted),
                field=layout.field,
                identity=layout.identity,
                certificate=_text(certificate),
                others=tuple(_text(one.dump()) for one in others),
                digest=digest_for(ours),
                document_digest=digest.document_digest.hex(),
                to_be_signed=_text(to_be_signed),
                room=(digest.reserved_region_start, digest.reserved_region_end),
                source_sha256=source_sha256,
                prepared_sha256=sha256_of(temporary),
                expires=(now + LASTS).isoformat(),
            )
            temporary.replace(self._pdf(name))
        self._write(prepared)
        return prepared

    def finish(
        self, prepared: Prepared, signature: bytes, out: Path, *, certificate: bytes | None = None
    ) -> Sealed:
        """Put the signature into the prepared file, add time stamp and what the level asks, check, write `out`.

        `certificate`: the one that came with the signature, when one did. `out` must not be there, or be the very
        revision that was prepared. What was refused for a reason that may pass (`Away`, `signature-wrong`) may be
        tried again until it expires.
        Raises `Missing` (`prepared-unknown`); `Conflict`: `prepared-used`, `prepared-expired`, `prepared-tampered`,
        `certificate-other`, `signature-wrong`, `revision-changed`; and as `SigningService.seal`.
        """
        with self._held(prepared.id) as kept:
            self._demand_as_kept(prepared, kept)
            if not self._pdf(kept.id).is_file():
                raise _tampered("the prepared file is gone")
            ours = read_certificate(b64decode(kept.certificate))
            others = [read_certificate(b64decode(one)) for one in kept.others]
            if certificate is not None and certificate != ours.dump():
                raise _refused(
                    "certificate-other", "Chứng thư dùng để ký khác với chứng thư đã chọn khi chuẩn bị ký."
                )
            data = b64decode(kept.to_be_signed)
            if not fits(ours, signature, data, kept.digest):
                raise _refused(
                    "signature-wrong", "Giá trị chữ ký gửi lên không khớp với chứng thư và văn bản."
                )
            self._admit(ours, others, kept.profile)
            signer = ExternalSigner(ours, _store(others), signature, embed_roots=False)
            kind, level = profile_named(kept.profile), Level(kept.level)
            with draft_beside(out) as temporary:
                with self._service.copied(self._pdf(kept.id), temporary, "") as file:
                    if sha256_of(temporary) != kept.prepared_sha256:
                        raise _tampered("the prepared file")

                    async def work() -> Evidence:
                        signed = await signer.async_sign_prescribed_attributes(
                            kept.digest, cms.CMSAttributes.load(data), timestamper=self._service.tsa
                        )
                        place = PreparedByteRangeDigest(bytes.fromhex(kept.document_digest), *kept.room)
                        await PdfTBSDocument.async_finish_signing(file, place, signed)
                        check = self._service.check
                        found = check.evidence([signed.dump()]) | check.evidence_of(open_copy(file).prev)
                        await lift(file, level, found, self._service.tsa, kept.identity)
                        return found

                    found = apart(work)
                sealed = self._service.check.prove(temporary, out.name, kind, level, kept.field, found)
                self._mark_used(kept)  # before anybody sees the file: never twice, at the worst not at all
                publish(temporary, out, out, kept.source_sha256)
        self._pdf(prepared.id).unlink(missing_ok=True)
        return replace(sealed, certificate_sha256=ours.sha256.hex())

    def _admit(self, ours: x509.Certificate, others: Sequence[x509.Certificate], profile: str) -> None:
        service = self._service
        admit(ours, others, profile_named(profile), service.keys, service.check)

    def _demand_as_kept(self, prepared: Prepared, kept: Prepared) -> None:
        if not secrets.compare_digest(prepared.to_json().encode(), kept.to_json().encode()):
            raise _tampered("the record that came back is not the one that was kept")
        if self._has_expired(kept):
            raise _refused(
                "prepared-expired", "Lần ký này đã quá 15 phút nên hết hiệu lực. Hãy mở văn bản và ký lại."
            )

    def _has_expired(self, prepared: Prepared) -> bool:
        return self._service.clock.now() >= datetime.fromisoformat(prepared.expires)

    # --- the folder

    def _pdf(self, name: str) -> Path:
        return self._folder / f"{name}.pdf"

    def _write(self, prepared: Prepared) -> None:
        path = self._folder / f"{prepared.id}.json"
        with draft_beside(path) as temporary:
            with temporary.open("x", encoding="utf-8") as file:
                file.write(prepared.to_json())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        sync_folder(self._folder)

    def _mark_used(self, prepared: Prepared) -> None:
        path = self._folder / f"{prepared.id}.json"
        path.rename(path.with_suffix(".used"))
        sync_folder(self._folder)

    @contextmanager
    def _held(self, name: str) -> Iterator[Prepared]:
        """Give the record that was kept, to one at a time."""
        if not _ID.fullmatch(name):
            raise _unknown(name)
        path = self._folder / f"{name}.json"
        try:
            file = path.open("r", encoding="utf-8")
        except FileNotFoundError:
            raise self._gone(name) from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not path.exists():  # whoever held it before us has used it
                raise self._gone(name)
            yield Prepared.from_json(file.read())

    def _gone(self, name: str) -> ArchiveFault:
        if (self._folder / f"{name}.used").exists():
            return _refused("prepared-used", "Lần ký này đã hoàn tất; không dùng lại được.")
        return _unknown(name)


def _store(certificates: Sequence[x509.Certificate]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(certificates)
    return store


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _refused(code: str, tell: str) -> Conflict:
    return Conflict(code, code=code, tell=f"{tell} Văn bản không bị thay đổi.")


def _tampered(why: str) -> Conflict:
    return Conflict(
        why,
        code="prepared-tampered",
        tell="Dữ liệu chuẩn bị ký đã bị thay đổi nên không ký. Hãy mở văn bản và ký lại; "
        "nếu lặp lại, báo quản trị viên.",
    )


def _unknown(name: str) -> Missing:
    return Missing(
        f"nothing prepared under {name!r:.80}",
        code="prepared-unknown",
        tell="Không tìm thấy lần ký này, có thể đã hết hạn. Hãy mở văn bản và ký lại.",
    )
