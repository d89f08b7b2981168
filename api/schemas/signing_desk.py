"""What the API shows before a paper is signed, and what travels to and from a device at a person's desk."""

from datetime import datetime

from pydantic import Field

from api.schemas.common import Frozen, Strict
from api.schemas.signings import PaperOut, SigningBatchOut
from signing.mark import Marked

Sha256 = Field(pattern="^[0-9a-fA-F]{64}$", description="SHA-256 of the bytes that were seen, hexadecimal.")


class SeenIn(Strict):
    """What the person has seen, by paper id. When it is given, it must be every paper of the batch, byte for byte."""

    seen: dict[str, str] | None = Field(default=None, max_length=2000)


class PageSizeOut(Frozen):
    """Size of an upright page in millimetres."""

    number: int
    width_mm: float
    height_mm: float


class PlaceOut(Frozen):
    """A box on a page as a person sees it: fractions of the upright page from its top left corner."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class MarkOut(Frozen):
    """Where the mark of a paper goes and why.

    `how`: `chosen` by a person, `signature-block` (the room above the signer's name), `over-signature` (a seal),
    `corner` (copies, annexes), `nothing` (nothing is shown), `refused` (as it is, it would not be signed: `code` and
    `tell` say why). `sha256`: the bytes all this was read from.
    """

    paper_id: str
    sha256: str
    how: str
    place: PlaceOut | None
    code: str
    tell: str
    page_count: int
    pages: list[PageSizeOut]

    @classmethod
    def of(cls, paper_id: str, sha256: str, found: Marked) -> "MarkOut":
        """Return the outgoing form of `found`."""
        place = found.place
        return cls(
            paper_id=paper_id,
            sha256=sha256,
            how=found.how,
            place=None
            if place is None
            else PlaceOut(page=place.page, x0=place.x0, y0=place.y0, x1=place.x1, y1=place.y1),
            code=found.code,
            tell=found.tell,
            page_count=len(found.pages),
            pages=[
                PageSizeOut(
                    number=number, width_mm=round(size.width_mm, 2), height_mm=round(size.height_mm, 2)
                )
                for number, size in enumerate(found.pages, start=1)
            ],
        )


class SignedOneOut(Frozen):
    """One paper handed in to be signed at once: its batch of one, and the paper."""

    batch: SigningBatchOut
    paper: PaperOut


class PrepareIn(Strict):
    """What the device brings: its certificate, those between it and the root, and what the person saw.

    `certificate`: PEM (which may hold the chain too) or DER in base64; `chain` likewise, one a text.
    """

    certificate: str = Field(min_length=1, max_length=100_000)
    chain: list[str] = Field(default=[], max_length=10)
    sha256: str = Sha256


class PreparedOut(Frozen):
    """What the device shall sign: `digest`, the hash of `signed_attributes` (DER), both base64.

    `digest_algorithm`: sha256, sha384, sha512. `signature_algorithm`: `rsassa-pkcs1-v1_5` or `ecdsa` (value as the DER
    pair of X9.62). Good once, until `expires_at`.
    """

    id: str
    paper_id: str
    sha256: str
    digest: str
    digest_algorithm: str
    signed_attributes: str
    signature_algorithm: str
    level: str
    expires_at: datetime


class FinishIn(Strict):
    """The signature value, base64."""

    signature: str = Field(min_length=1, max_length=8192)
