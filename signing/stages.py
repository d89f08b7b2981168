"""The stages of a signature on a private copy, one revision each: signature, revocation data, archive time stamp.

pyHanko could do all in one call, but takes the time from the machine and rewrites the description each time
(docs/decisions/0021). What may be signed is decided elsewhere (`order`, `profiles`); here it is only written.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import Signer
from pyhanko.sign.signers.pdf_byterange import BuildProps, PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_signer import (
    PdfSignatureMetadata,
    PdfSigner,
    PdfTBSDocument,
    PdfTimeStamper,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore

from records.errors import ArchiveFault, Unfit
from signing.examine import HOUSE
from signing.mechanisms import digest_for
from signing.paper_fields import Layout
from signing.profiles import Level, Profile, Visible
from signing.time_tokens import carried_by
from signing.timestamps import DIGEST, TimeStamps
from signing.trust import Evidence


class Appender(IncrementalPdfFileWriter):
    """Appends a revision and leaves the description alone: pyHanko would rewrite Info and XMP in every revision."""

    def _update_meta(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Task:
    """What one signature shall be: the profile and level, by whose key, when it claims to be made, what it shows."""

    profile: Profile
    level: Level
    signer: Signer
    certificate: asn1_x509.Certificate
    moment: datetime
    visible: Visible | None = None


@contextmanager
def in_our_words(
    disk: Callable[[OSError], ArchiveFault], odd: Callable[[str], ArchiveFault]
) -> Iterator[None]:
    """Tell what goes wrong while a file is written upon: `disk` its disk, `odd` its own structure; our faults pass.

    pyHanko raises bare built-in errors on odd PDFs; nothing was written where anyone looks.
    """
    try:
        yield
    except ArchiveFault:
        raise
    except OSError as fault:
        raise disk(fault) from fault
    except (PdfError, SigningError, ValueError, TypeError, KeyError, RecursionError) as fault:
        raise odd(f"{type(fault).__name__}: {fault}") from fault


def copy_in(source: Path, temporary: Path) -> None:
    """Copy `source` to the new file `temporary`. Raises `Unfit` (`file-not-a-pdf`), OSError."""
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


def open_copy(file: IO[bytes]) -> Appender:
    """Return a writer over our copy. Raises `Unfit` (`file-encrypted`)."""
    writer = Appender(file)
    if writer.prev.encrypted:
        raise Unfit(
            "encrypted",
            code="file-encrypted",
            tell="Tệp PDF đặt mật khẩu nên không ký được. Hãy gỡ mật khẩu rồi nộp lại.",
        )
    return writer


async def append_unsigned(
    writer: Appender, layout: Layout, task: Task, tsa: TimeStamps
) -> tuple[PreparedByteRangeDigest, PdfTBSDocument]:
    """Append the revision that will hold the signature, with room for it, and hash the file around that room."""
    profile, visible = task.profile, task.visible
    meta = PdfSignatureMetadata(
        field_name=layout.field,
        md_algorithm=digest_for(task.certificate),
        subfilter=SigSeedSubFilter.PADES,
        certify=profile.certify,
        # NO_CHANGES makes some viewers refuse the later revisions; it counts for certification signatures only
        docmdp_permissions=MDPPerm.FILL_FORMS,
        app_build_props=BuildProps(HOUSE, profile.mark(task.level)),
        tight_size_estimates=tsa.constant_size,
    )
    signer = PdfSigner(
        meta,
        task.signer,
        timestamper=tsa,
        stamp_style=visible.style if visible else None,
        new_field_spec=layout.spec,
    )
    session = signer.init_signing_session(writer)
    session.system_time = task.moment
    layout.make_later(writer)
    reserved = await session.estimate_signature_container_size(None, tight=tsa.constant_size)
    unsigned = session.prepare_tbs_document(None, reserved)
    digest, _ = unsigned.digest_tbs_document(in_place=True)
    return digest, unsigned


async def append_evidence(file: IO[bytes], found: Evidence) -> None:
    """Append validation data as a revision of their own: EU DSS then names the level (docs/decisions/0020)."""
    evidence = Appender(file)
    inside = {one.dump() for one in _travelling(evidence)}
    wanted = [one for one in found.certificates if one.dump() not in inside]
    DocumentSecurityStore.supply_dss_in_writer(
        evidence, None, certs=wanted, ocsps=list(found.answers), crls=list(found.lists)
    )
    evidence.write_in_place()  # type: ignore[no-untyped-call]


def _travelling(writer: Appender) -> Iterator[asn1_x509.Certificate]:
    """Yield the certificates that travel in the signatures of a file and their time stamps; once is enough."""
    for one in writer.prev.embedded_signatures:
        for leaf, others in carried_by(one.pkcs7_content):
            yield leaf
            yield from others


async def append_stamp(file: IO[bytes], tsa: TimeStamps, identity: str, digest: str = DIGEST) -> None:
    """Append the archive time stamp as the last revision. Raises `Away` (`time-stamp-away`, `clock-skew`)."""
    stamp = PdfTimeStamper(tsa, field_name=f"DauThoiGian_{identity}")
    await stamp.async_timestamp_pdf(
        Appender(file), digest, in_place=True, tight_size_estimates=tsa.constant_size
    )


async def lift(file: IO[bytes], level: Level, found: Evidence, tsa: TimeStamps, identity: str) -> None:
    """Append what `level` has beyond B-T: nothing, revocation data, or that and the archive time stamp."""
    if level is not Level.T:
        await append_evidence(file, found)
    if level is Level.LTA:
        await append_stamp(file, tsa, identity)
