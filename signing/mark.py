"""Whose mark a paper will show, and what a person is told of it before anything is signed.

Plain values, apart from the drawing (`visible`, `preview`), which takes a second to load.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from signing.geometry import Place
from signing.keys import SealKey
from signing.wish import Wish


@dataclass(frozen=True, slots=True)
class MarkOwner:
    """What the mark of a key is made of; no key is in it.

    `name`: the person's, as the paper has it. `organisation`: the unit's. `image`: the picture, None: it signs without
    one. `diameter_mm`: true size of a round seal.
    """

    name: str
    organisation: str
    image: Path | None = None
    diameter_mm: float = 36.0


@dataclass(frozen=True, slots=True)
class MarkOrder:
    """What a paper is to be signed with, as far as it can be seen."""

    profile: str
    owner: MarkOwner
    wish: Wish


class How(StrEnum):
    """Why a mark goes where it goes."""

    CHOSEN = "chosen"  # by a person
    BLOCK = "signature-block"  # the blank room above the signer's name, read off the paper
    SIGNATURE = "over-signature"  # a seal, over the left third of the official's signature
    CORNER = "corner"  # a mark of copies and annexes, moved off what is written there
    NOTHING = "nothing"  # nothing is shown: hidden, or the key has no picture
    REFUSED = "refused"  # `code` and `tell` say why: as it is, the paper would not be signed


@dataclass(frozen=True, slots=True)
class PageSize:
    """Width and height of an upright page, in millimetres."""

    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Marked:
    """Where a mark goes and why; `place` is the box of the mark itself. `pages`: every page's size, in order."""

    how: How
    pages: tuple[PageSize, ...]
    place: Place | None = None
    code: str = ""
    tell: str = ""


def owner_of(key: SealKey) -> MarkOwner:
    """Return whose mark the signatures of a key show. Certificates put marks before a person's name."""
    subject = key.certificate.subject.native
    name = str(subject.get("common_name", "")).rpartition(" – ")[2].strip()
    organisation = key.unit or str(subject.get("organization_name", ""))
    return MarkOwner(name, organisation, key.image, key.diameter_mm)
