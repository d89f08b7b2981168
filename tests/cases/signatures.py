"""Files as others sign them: approvals, certifications, stamps, validation data, in any order, with test keys."""

import io
from datetime import UTC, datetime

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import TextStampStyle

from signing.fetching import apart
from tests.cases.sealing import World


class QuietWriter(IncrementalPdfFileWriter):
    """A producer that leaves Info and XMP alone."""

    def _update_meta(self) -> None:
        pass


def sign_with(
    data: bytes,
    world: World,
    field: str = "NguoiKy",
    *,
    signer=None,
    tsa=True,
    box: tuple[int, int, int, int] | None = None,
    text: str = "Da ky",
    md: str = "sha256",
    writer=IncrementalPdfFileWriter,
    page: int = 0,
    spec: dict | None = None,
    existing: bool = False,
    **more,
) -> bytes:
    """Return `data` with one more signature; `box` makes it visible. `existing`: the empty field is there already."""
    more.setdefault("subfilter", SigSeedSubFilter.PADES)
    meta = PdfSignatureMetadata(field_name=field, md_algorithm=md, **more)
    style = TextStampStyle(stamp_text=text, border_width=1) if box or existing else None
    pen = PdfSigner(
        meta,
        signer or world.ring.get().signer,
        timestamper=world.tsa if tsa else None,
        stamp_style=style,
        new_field_spec=None if existing else SigFieldSpec(field, on_page=page, box=box, **(spec or {})),
    )
    out = io.BytesIO()
    apart(lambda: pen.async_sign_pdf(writer(io.BytesIO(data)), output=out))
    return out.getvalue()


def with_field(data: bytes, field: str, box: tuple[int, int, int, int], page: int = 0) -> bytes:
    """Return `data` with an empty signature field, made before anyone signs."""
    pen = IncrementalPdfFileWriter(io.BytesIO(data))
    append_signature_field(pen, SigFieldSpec(field, on_page=page, box=box))
    out = io.BytesIO()
    pen.write(out)
    return out.getvalue()


def with_store(data: bytes, world: World, writer=QuietWriter) -> bytes:
    """Return `data` with a validation store that holds the demo authority's revocation lists."""
    assert world.ring.revocation is not None
    pen = writer(io.BytesIO(data))
    DocumentSecurityStore.supply_dss_in_writer(
        pen, None, crls=list(world.ring.revocation.lists(datetime.now(UTC)))
    )
    out = io.BytesIO()
    pen.write(out)
    return out.getvalue()


def with_stamp(data: bytes, world: World, tsa=None, field: str | None = None, writer=QuietWriter) -> bytes:
    """Return `data` with a document time stamp as its last revision."""
    out = io.BytesIO(data)
    stamper = PdfTimeStamper(tsa or world.tsa, field_name=field)
    apart(lambda: stamper.async_timestamp_pdf(writer(out), "sha256", in_place=True))
    return out.getvalue()


def for_long(data: bytes, world: World, writer=QuietWriter) -> bytes:
    """Return `data` with validation store and document time stamp behind: B-LTA."""
    return with_stamp(with_store(data, world, writer), world, writer=writer)
