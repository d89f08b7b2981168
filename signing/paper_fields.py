"""Name, lay out and lock the signature fields of a paper, so that each later signature was foreseen by the earlier one.

The fields of one paper share an identity: `NguoiKy_<id>`, `NguoiKy_<id>_2` …, `ConDau_<id>`. An official's signature
locks every field but those of who signs after and, when they come later, number and date; the seal locks all. In a
letter with boxes (`OKy_<id>` …, `ODau_<id>` …) official and seal lock every field but those of the boxes still empty.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    SigFieldSpec,
    append_signature_field,
    enumerate_sig_fields,
)

from records.clock import new_id
from records.errors import ArchiveFault, Conflict
from signing.order import NUMBER_FIELDS, text_fields
from signing.profiles import (
    BOXED,
    MOST_OFFICIALS,
    OFFICIAL,
    PROFILES,
    SEAL,
    FieldPlan,
    Lock,
    Profile,
    Visible,
)

_SAME_BOX = 0.5  # points: a box becomes decimal text in the file and may be rounded there
_PREFIXES = "|".join(PROFILES[name].field for name in (OFFICIAL, SEAL, *BOXED))
_OURS = re.compile(rf"(?:{_PREFIXES})_(.+?)(?:_(?:[2-9]|10))?")


@dataclass(frozen=True, slots=True)
class Layout:
    """The field to sign, whether it must be made, and the empty fields to make in the same save."""

    field: str
    identity: str
    spec: SigFieldSpec
    later: tuple[SigFieldSpec, ...] = ()
    boxed: bool = False

    @property
    def stamp_identity(self) -> str:
        """What the field of the archive time stamp is named for: each box has a stamp of its own."""
        return self.field if self.boxed else self.identity

    def make_later(self, writer: IncrementalPdfFileWriter) -> None:
        """Make the empty fields of those who sign later."""
        for spec in self.later:
            append_signature_field(writer, spec)


def lay_out(
    reader: PdfFileReader,
    profile: Profile,
    document_id: str,
    visible: Visible | None,
    later: Sequence[FieldPlan],
) -> Layout:
    """Return where to sign: the first empty field made for this profile, else a new one.

    Raises `ArchiveFault`: `fields-wrong` (a plan that this signature cannot make), `appearance-missing` (the empty
    field is visible and nothing was given to draw), `place-differs` (it lies elsewhere); `Conflict`
    (`too-many-officials`).
    """
    empty, filled = _names(reader, filled=False), _names(reader, filled=True)
    identity = _identity([*filled, *empty]) or document_id or new_id()
    names = _names_for(profile, identity)
    waiting = next((name for name in names if name in empty), None)
    if waiting:
        _demand_place(reader, waiting, visible)
    field = waiting or next((name for name in names if name not in filled), None)
    if field is None:
        raise Conflict(
            f"{profile.name}: every field of {identity} is signed",
            code="too-many-officials",
            tell=f"Văn bản đã có {profile.most} chữ ký loại này, không thêm được nữa.",
        )
    _demand_plans(profile, filled, later)
    still_open = _still_open(reader, profile, identity, filled)
    plans = _name_plans(identity, field, empty, later)
    return Layout(
        field,
        identity,
        _spec(field, profile, visible, still_open),
        tuple(_spec(name, PROFILES[p.profile], p.visible, still_open) for name, p in plans),
        profile.name in BOXED,
    )


def _names(reader: PdfFileReader, *, filled: bool) -> list[str]:
    return [name for name, _, _ in enumerate_sig_fields(reader, filled_status=filled)]


def _identity(names: Sequence[str]) -> str:
    return next((found[1] for name in names if (found := _OURS.fullmatch(name))), "")


def _names_for(profile: Profile, identity: str) -> list[str]:
    first = f"{profile.field}_{identity}"
    return [first, *(f"{first}_{n}" for n in range(2, profile.most + 1))] if profile.several else [first]


def _demand_plans(profile: Profile, filled: Sequence[str], later: Sequence[FieldPlan]) -> None:
    allowed = profile.name == OFFICIAL and not filled
    wrong = [plan.profile for plan in later if plan.profile not in (OFFICIAL, SEAL)]
    seals = sum(plan.profile == SEAL for plan in later)
    if later and (not allowed or wrong or seals > 1 or len(later) - seals >= MOST_OFFICIALS):
        raise ArchiveFault(
            f"{profile.name}, {len(filled)} signed fields: cannot make fields for {[p.profile for p in later]}",
            code="fields-wrong",
            tell="Ô ký của người ký sau và của con dấu chỉ tạo được cùng lúc với chữ ký đầu tiên của người có thẩm "
            "quyền, mỗi văn bản một con dấu.",
        )


def _name_plans(
    identity: str, field: str, empty: Sequence[str], later: Sequence[FieldPlan]
) -> list[tuple[str, FieldPlan]]:
    free = {
        name: [one for one in _names_for(PROFILES[name], identity) if one != field and one not in empty]
        for name in (OFFICIAL, SEAL)
    }
    return [(free[plan.profile].pop(0), plan) for plan in later]


def _still_open(reader: PdfFileReader, profile: Profile, identity: str, filled: Sequence[str]) -> list[str]:
    """Return the fields that may be filled after an official signed, made or not yet; of boxes, the other boxes'."""
    if profile.name in BOXED:
        boxes = [name for one in BOXED for name in _names_for(PROFILES[one], identity)]
        return [name for name in boxes if name not in filled]
    names = [*_names_for(PROFILES[OFFICIAL], identity), *_names_for(PROFILES[SEAL], identity)]
    names += [name for name, _ in text_fields(reader) if name in NUMBER_FIELDS]
    return [name for name in names if name not in filled]


def _spec(field: str, profile: Profile, visible: Visible | None, still_open: Sequence[str]) -> SigFieldSpec:
    lock = None
    if profile.lock is Lock.ALL:
        lock = FieldMDPSpec(FieldMDPAction.ALL)
    elif profile.lock is Lock.ALL_BUT_LATER:
        lock = FieldMDPSpec(FieldMDPAction.EXCLUDE, [name for name in still_open if name != field])
    if visible is None:
        return SigFieldSpec(field, field_mdp_spec=lock)
    return SigFieldSpec(field, visible.page, box=visible.box, field_mdp_spec=lock)  # type: ignore[arg-type]


def _demand_place(reader: PdfFileReader, name: str, visible: Visible | None) -> None:
    """Demand that what is drawn fits the empty field that waits for it."""
    (_, _, reference) = next(iter(enumerate_sig_fields(reader, filled_status=False, with_name=name)))
    field = reference.get_object()
    box = [float(n) for n in field.get("/Rect", (0, 0, 0, 0))]
    shown = box[0] != box[2] and box[1] != box[3]
    if shown and visible is None:
        raise ArchiveFault(
            f"{name} is visible, nothing to draw",
            code="appearance-missing",
            tell="Ô ký này hiện trên trang nhưng chưa có hình chữ ký hoặc con dấu để in vào. Chưa ký gì.",
        )
    if visible is None:
        return
    page, _ = reader.find_page_for_modification(visible.page)  # type: ignore[no-untyped-call]
    same_page = "/P" not in field or field.raw_get("/P").reference == page.reference
    if (
        not shown
        or not same_page
        or any(abs(a - b) > _SAME_BOX for a, b in zip(box, visible.box, strict=True))
    ):
        raise ArchiveFault(
            f"{name} lies at {box}, asked for {visible.box} of page {visible.page}",
            code="place-differs",
            tell="Vị trí ký khác với ô đã tạo trước khi người đầu tiên ký. Hãy dùng đúng ô đã tạo.",
        )
