"""What a signature shows on the paper and where: rule of the day, picture of the key, room found or chosen.

Looks and places are `appearance`, `stamp`, `geometry` and `placement`; here they meet for one signature.
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader

from records.clock import VIETNAM
from records.errors import ArchiveFault, Unfit
from signing.appearance import Appearance, ImageRule, rules_at
from signing.geometry import PageView, Place, page_view
from signing.mark import MarkOwner
from signing.placement import find_signature_place, free_top_right, seal_place
from signing.profiles import BOXED, COPY, HOP, HOP_SEAL, OFFICIAL, PROFILES, SEAL, Profile, Visible
from signing.stamp import Inlay, Stamp, StampTexts, draw_image, draw_text, stamp_style
from signing.stamp_font import StampFont, load_font
from signing.stamp_image import StampImage, read_image
from signing.wish import Wish

_FIRST_FORM = "SAO Y"


def visible_for(
    profile: Profile, owner: MarkOwner, path: Path, reader: PdfFileReader, moment: datetime, wish: Wish
) -> Visible | None:
    """Return what the signature of `owner` on the paper at `path`, which `reader` reads, shows; None: nothing.

    An official or a seal without a picture in the table of keys signs invisibly, but for the words of a box. Parses and
    draws the paper: only in a limited child. Raises `Unfit` (`place-needed`: no room was found, a person must choose
    one; and as `read_image`),
    `ArchiveFault` (`rules-none`, `place-…`, `stamp-too-long`), `ToolMissing` (`font-missing`).
    """
    if wish.hidden or profile.name not in (OFFICIAL, SEAL, *BOXED, *_MARKED):
        return None
    kind = _LOOKS.get(profile.name, profile.name)
    rule = rules_at(wish.system, kind, moment.astimezone(VIETNAM).date())
    if profile.name in _MARKED:
        return _marked(profile, rule, owner, path, reader, moment, wish)
    image = None
    if owner.image is not None and rule.image is not None:
        image = _picture(_bytes(owner.image), rule.image)
    if wish.drawn:
        return _box(profile, rule, image, reader, wish)
    if image is None:
        return None
    if kind == OFFICIAL:
        return _signature(rule, image, owner, path, reader, wish)
    return _seal(rule, image, owner, reader, wish)


_MARKED = ("copy", "annex")
_LOOKS = {HOP: OFFICIAL, HOP_SEAL: SEAL}
"""In a box, signature and seal look as on any paper."""


def _box(
    profile: Profile, rule: Appearance, image: StampImage | None, reader: PdfFileReader, wish: Wish
) -> Visible:
    """Return the words of a body over the whole of its box, with the picture of the signature in its room."""
    if profile.name != HOP or wish.place is None:
        raise ValueError(f"words of a box without their place, or under {profile.name}")
    view = page_view(reader, wish.place.page)
    words = Stamp(wish.drawn, *view.size_mm(wish.place))
    inlays: tuple[Inlay, ...] = ()
    if image is not None:
        left, top, width, height = wish.room
        picture = draw_image(rule, image, width, height)
        aside, down = (width - picture.width_mm) / 2, (height - picture.height_mm) / 2
        inlays = (Inlay(picture, left + aside, top + down),)
    style = stamp_style(words, view, wish.place, inlays)
    return Visible(style, view.number - 1, view.rectangle(wish.place))


def _signature(
    rule: Appearance, image: StampImage, owner: MarkOwner, path: Path, reader: PdfFileReader, wish: Wish
) -> Visible:
    room = wish.place or find_signature_place(path, owner.name)
    if room is None:
        raise _place_needed(f"Không tìm thấy duy nhất một chỗ ký trống phía trên tên {owner.name}.")
    view = page_view(reader, room.page)
    stamp = draw_image(rule, image, *view.size_mm(room))
    return _shown(stamp, view, view.centred(room, stamp.width_mm, stamp.height_mm))


def _seal(
    rule: Appearance, image: StampImage, owner: MarkOwner, reader: PdfFileReader, wish: Wish
) -> Visible:
    stamp = draw_image(rule, image, owner.diameter_mm)
    if wish.place is not None:
        view = page_view(reader, wish.place.page)
        return _shown(stamp, view, view.centred(wish.place, stamp.width_mm, stamp.height_mm))
    signature = _last_signature(reader)
    if signature is None:
        raise _place_needed(
            "Chữ ký của người có thẩm quyền không hiện trên văn bản nên không biết đặt dấu ở đâu."
        )
    view = page_view(reader, signature.page)
    return _shown(stamp, view, seal_place(signature, owner.diameter_mm, view))


def _marked(
    profile: Profile,
    rule: Appearance,
    owner: MarkOwner,
    path: Path,
    reader: PdfFileReader,
    moment: datetime,
    wish: Wish,
) -> Visible:
    form = (wish.form or _FIRST_FORM) if profile.name == COPY else ""
    stamp = draw_text(rule, StampTexts(moment, owner.organisation, form, wish.number), _font())
    assert rule.text is not None  # noqa: S101  `load_rules` demands it of marks
    view = page_view(reader, 1 if wish.place is None else wish.place.page)
    if wish.place is not None:
        return _shown(stamp, view, view.centred(wish.place, stamp.width_mm, stamp.height_mm))
    text = rule.text
    box = view.in_corner(text.corner, stamp.width_mm, stamp.height_mm, text.aside_mm, text.from_edge_mm)
    return _shown(stamp, view, free_top_right(path, box))


def _shown(stamp: Stamp, view: PageView, place: Place) -> Visible:
    return Visible(stamp_style(stamp, view, place), view.number - 1, view.rectangle(place))


def _last_signature(reader: PdfFileReader) -> Place | None:
    """Return where the last visible signature of an official is."""
    ours = PROFILES[OFFICIAL].field
    for one in reversed(list(reader.embedded_signatures)):
        if not one.field_name.startswith(ours):
            continue
        left, bottom, right, top = (float(side) for side in one.sig_field["/Rect"])
        if right > left and top > bottom:
            for number in range(1, int(reader.root["/Pages"]["/Count"]) + 1):
                page, _ = reader.find_page_for_modification(number - 1)  # type: ignore[no-untyped-call]
                widgets = page.get_object().get("/Annots", ())
                if any(each.get_object() == one.sig_field for each in widgets):
                    return page_view(reader, number).place(left, bottom, right, top)
    return None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise ArchiveFault(
            f"{path}: {fault}",
            code="keys-unreadable",
            tell=f"Không đọc được hình chữ ký hoặc con dấu “{path.name}” của khóa. Hãy báo quản trị viên.",
        ) from fault


@lru_cache(maxsize=16)
def _picture(data: bytes, rule: ImageRule) -> StampImage:
    return read_image(data, rule)


@lru_cache(maxsize=1)
def _font() -> StampFont:
    return load_font()


def _place_needed(why: str) -> Unfit:
    return Unfit(
        why,
        code="place-needed",
        tell=f"{why} Chưa ký gì; hãy mở văn bản và chọn vị trí trên trang rồi ký lại.",
    )
