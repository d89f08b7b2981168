"""The verdict on a handed-in PDF as the API shows it (design §7 `verify --json`)."""

from datetime import datetime

from api.schemas.common import Frozen
from signing.verdict import Verdict, verdict_to_json


class SignatureOut(Frozen):
    """One signature; the meaning of each name is that of `signing.verdict.SignatureReport`."""

    field: str
    kind: str
    verdict: str
    reason: str
    tell: str
    signer: str
    organisation: str
    serial: str
    issuer: str
    valid_from: datetime | None
    valid_to: datetime | None
    signed_at: datetime | None
    time_source: str
    level: str
    algorithm: str
    coverage: str
    changes: str
    intact: bool
    trusted: bool
    demo: bool


class VerdictOut(Frozen):
    """The answer on a whole file: `VALID`, `VALID_LATER_CHANGES`, `INVALID`, `INDETERMINATE` or `UNSIGNED`."""

    file: str
    verdict: str
    reason: str
    tell: str
    sha256: str
    size: int
    level: str
    signatures: list[SignatureOut]

    @classmethod
    def of(cls, verdict: Verdict, size: int) -> "VerdictOut":
        """Return the outgoing form of `verdict` on a file of `size` bytes."""
        return cls.model_validate({**verdict_to_json(verdict), "size": size})
