"""What the archive holds of a paper: its identity, states, descriptive fields and renditions."""

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from records.geometry import Box


class DocumentState(StrEnum):
    """Where a document stands on the walk of a scan."""

    PROPOSED = "proposed"  # pages found, nothing read yet
    READING = "reading"
    COMPOSED = "composed"
    SEALED = "sealed"
    ARCHIVED = "archived"  # bytes read back, rows written: the archive answers for it
    REFUSED = "refused"  # waits for a person; the reason is kept
    HELD = "held"  # a mark of secrecy was found: an officer releases or removes it, nothing is done with it before
    REMOVED = "removed"  # its bytes were taken out of every store by that officer


class BatchState(StrEnum):
    """Where a delivery stands."""

    RECEIVING = "receiving"
    STARTED = "started"
    ARRANGING = "arranging"  # documents are proposed; people put them in order and confirm
    FINISHED = "finished"


class FileState(StrEnum):
    """Where one delivered file stands."""

    RECEIVED = "received"  # durable, not yet looked at
    ACCEPTED = "accepted"  # its pages belong to documents
    REFUSED = "refused"


class PageRole(StrEnum):
    """What a delivered page image is."""

    CONTENT = "content"
    SEPARATOR = "separator"
    BLANK = "blank"  # set aside: nothing is on it, or a person said so
    DUPLICATE = "duplicate"  # set aside: the page before it, scanned again
    OUT = "out"  # a person took it out of its document
    REPLACED = "replaced"  # a person asked for a better scan; the newer page is in the document


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A descriptive field as read: its value, where it stands (page number and delivered boxes), how sure we are."""

    value: str
    confidence: float
    page: int = 1
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """The descriptive fields of a paper (names of design §7, values as printed; dates ISO 8601; "" when not found).

    `type_code` is the TT 05/2025 code 01–32. `evidence` maps a field name to its `FieldValue`.
    """

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
    recipients: tuple[str, ...] = ()
    urgency: str = ""
    secrecy: str = ""
    evidence: dict[str, FieldValue] = field(default_factory=dict)


def fields_to_json(value: Fields) -> dict[str, Any]:
    """Return the fields as a plain dict; `evidence` becomes {name: {value, confidence, page, boxes}}."""
    plain = {f.name: getattr(value, f.name) for f in fields(value) if f.name != "evidence"}
    plain["recipients"] = list(value.recipients)
    plain["evidence"] = {
        name: {
            **{k: v for k, v in asdict(e).items() if k != "boxes"},
            "boxes": [b.as_list() for b in e.boxes],
        }
        for name, e in value.evidence.items()
    }
    return plain


def fields_from_json(data: dict[str, Any]) -> Fields:
    """Return the `Fields` written by `fields_to_json`; unknown keys are an error (KeyError, TypeError)."""
    plain = dict(data)
    evidence = {
        name: FieldValue(e["value"], e["confidence"], e["page"], tuple(Box(*b) for b in e["boxes"]))
        for name, e in plain.pop("evidence", {}).items()
    }
    plain["recipients"] = tuple(plain.get("recipients", ()))
    return Fields(**plain, evidence=evidence)
