"""Pieces of several answers: identifiers in a path, limits of a list, fields with their evidence."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict

from records.document import Fields, fields_to_json

Identifier = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Id of the thing.")]
PageNumber = Annotated[int, Path(ge=1, le=1_000_000, description="Page number from 1.")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Offset = Annotated[int, Query(ge=0, le=10_000, description="How many to leave out first.")]

Item = TypeVar("Item")


class Frozen(BaseModel):
    """What goes out: never changed once made."""

    model_config = ConfigDict(frozen=True)


class Strict(BaseModel):
    """What comes in: unknown names are an error, so that a typing mistake is not silently ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Listing(Frozen, Generic[Item]):
    """One page of a list and how many there are in all."""

    items: list[Item]
    total: int
    limit: int
    offset: int


class Evidence(Frozen):
    """Where a field was read: boxes [x0, y0, x1, y1] in pixels of the page image as delivered."""

    value: str
    confidence: float
    page: int
    boxes: list[list[int]]


class FieldsOut(Frozen):
    """Descriptive fields; "" when not found. `type_code` is the TT 05/2025 code, dates are ISO 8601."""

    type_name: str = ""
    type_code: str = ""
    code_number: str = ""
    code_notation: str = ""
    number: str = ""
    issued_date: str = ""
    place: str = ""
    organ_name: str = ""
    superior_organ: str = ""
    subject: str = ""
    signer_title: str = ""
    signer_name: str = ""
    recipients: list[str] = []
    urgency: str = ""
    secrecy: str = ""
    evidence: dict[str, Evidence] = {}

    @classmethod
    def of(cls, fields: Fields) -> "FieldsOut":
        """Return the outgoing form of `fields`."""
        plain: dict[str, Any] = fields_to_json(fields)
        return cls.model_validate(plain)


class Problem(BaseModel):
    """RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    next: str
    errors: list[dict[str, str]] | None = None
    error_id: str | None = None
    request_id: str | None = None
    part: str | None = None
