"""What a person sees before signing: the place and its reason, the page from its very bytes, the mark as it will be."""

import io
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops

from records.errors import ArchiveFault, Missing, Unfit
from records.units import System
from signing import page_picture
from signing.drawing import DrawLimits
from signing.geometry import Place
from signing.mark import How, MarkOrder, MarkOwner, owner_of
from signing.page_picture import page_png
from signing.placement import find_signature_place
from signing.preview import marked_copy, where_marked
from signing.profiles import Visible, profile_named
from signing.stages import open_copy
from signing.visible import visible_for
from signing.wish import Wish
from tests.cases import stamps
from tests.cases.office import Office, an_office
from tests.cases.papers import Paper, a_paper
from tests.cases.sealing import World, a_pdf

NAME = Paper().name
BOX = Place(1, 0.1, 0.1, 0.6, 0.5)


@pytest.fixture(scope="module")
def office(world: World) -> Office:
    return an_office(world)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> MarkOwner:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "ky.png").write_bytes(stamps.signature_png())
    return MarkOwner(NAME, "UBND tỉnh Thừa Hòa", folder / "ky.png")


def seen(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def differs(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(one, other).getbbox()


def now(world: World) -> datetime:
    return world.clock.now().replace(microsecond=0)


def test_the_room_in_the_paper_is_told_and_why(world: World, owner: MarkOwner, tmp_path: Path) -> None:
    path = a_paper(tmp_path / "qd.pdf", Paper(again="yes"))
    found = where_marked(path, MarkOrder("official", owner, Wish()), now(world))
    room = find_signature_place(path, NAME)
    assert found.how is How.BLOCK and found.place is not None and room is not None
    assert room.x0 <= found.place.x0 < found.place.x1 <= room.x1 and found.place.page == room.page
    assert [(round(page.width_mm), round(page.height_mm)) for page in found.pages] == [(210, 297)] * 2
    corner = where_marked(path, MarkOrder("copy", owner, Wish()), now(world))
    assert corner.how is How.CORNER and corner.place is not None and corner.place.x0 > 0.5
    chosen = where_marked(path, MarkOrder("copy", owner, Wish(place=BOX)), now(world))
    assert chosen.how is How.CHOSEN and chosen.place is not None
    assert BOX.x0 <= chosen.place.x0 < chosen.place.x1 <= BOX.x1


@pytest.mark.parametrize(
    ("profile", "wish", "how", "code"),
    [
        ("official", Wish(), How.REFUSED, "place-needed"),
        ("official", Wish(hidden=True), How.NOTHING, ""),
        ("official", Wish(place=replace(BOX, page=7)), How.REFUSED, "page-unknown"),
        ("official", Wish(place=Place(1, 0.1, 0.1, 0.11, 0.11)), How.REFUSED, "place-too-small"),
        ("seal", Wish(), How.REFUSED, "place-needed"),
        ("copy", Wish(form="SAO CHƠI"), How.REFUSED, "stamp-text"),
        ("copy", Wish(system=System.PARTY), How.CORNER, ""),
    ],
)
def test_what_would_not_be_signed_is_told_before(
    world: World, owner: MarkOwner, tmp_path: Path, profile: str, wish: Wish, how: How, code: str
) -> None:
    owner = replace(owner, image=owner.image if profile == "official" else _a_seal(tmp_path))
    found = where_marked(a_pdf(tmp_path / "a.pdf"), MarkOrder(profile, owner, wish), now(world))
    assert (found.how, found.code) == (how, code)
    assert bool(found.tell) == (how is How.REFUSED) and len(found.pages) == 1


def _a_seal(folder: Path) -> Path:
    path = folder / "dau.png"
    path.write_bytes(stamps.seal_png())
    return path


def test_a_key_without_a_picture_shows_nothing(office: Office, tmp_path: Path) -> None:
    order = MarkOrder("official", owner_of(office.ring.get("chu-tich")), Wish())
    assert order.owner.name == "Nguyễn Văn A"
    path, out = a_pdf(tmp_path / "a.pdf"), tmp_path / "out.pdf"
    assert where_marked(path, order, now(office.world)).how is How.NOTHING
    marked_copy(path, out, order, now(office.world))
    assert out.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("rotate", [0, 270])
def test_the_preview_looks_like_the_signed_paper(
    office: Office, owner: MarkOwner, tmp_path: Path, rotate: int
) -> None:
    path = a_paper(tmp_path / "qd.pdf", Paper(rotate=rotate))
    order, moment = MarkOrder("official", owner, Wish()), now(office.world)
    marked_copy(path, tmp_path / "shown.pdf", order, moment)
    with path.open("rb") as file:
        visible = visible_for(
            profile_named("official"), owner, path, open_copy(file).prev, moment, order.wish
        )
    assert isinstance(visible, Visible)
    office.service.seal(path, tmp_path / "signed.pdf", "official", "chu-tich", visible=visible)
    plain, shown, signed = (
        seen(page_png(p, 1, 900)) for p in (path, tmp_path / "shown.pdf", tmp_path / "signed.pdf")
    )
    assert differs(shown, signed) is None
    ink = differs(plain, shown)
    place = where_marked(path, order, moment).place
    assert ink is not None and place is not None
    across, down = plain.size
    assert place.x0 * across - 2 <= ink[0] < ink[2] <= place.x1 * across + 2
    assert place.y0 * down - 2 <= ink[1] < ink[3] <= place.y1 * down + 2


def test_a_preview_signs_nothing(world: World, owner: MarkOwner, tmp_path: Path) -> None:
    marked_copy(a_pdf(tmp_path / "a.pdf"), tmp_path / "b.pdf", MarkOrder("copy", owner, Wish()), now(world))
    with pikepdf.open(tmp_path / "b.pdf") as pdf:
        assert "/AcroForm" not in pdf.Root and len(pdf.pages[0].Annots) == 1


@pytest.mark.parametrize(("width", "wide", "high"), [(300, 300, 400), (64, 64, 86), (2000, 2000, 2667)])
def test_a_page_is_as_wide_as_asked(tmp_path: Path, width: int, wide: int, high: int) -> None:
    assert seen(page_png(a_pdf(tmp_path / "a.pdf", pages=2), 2, width)).size == (wide, high)


def test_a_tall_page_is_capped_and_pages_differ(tmp_path: Path) -> None:
    path = a_pdf(tmp_path / "a.pdf", pages=2)
    assert differs(seen(page_png(path, 1, 300)), seen(page_png(path, 2, 300))) is not None
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(30, 3000))
        pdf.save(tmp_path / "tall.pdf")
    assert seen(page_png(tmp_path / "tall.pdf", 1, 2000)).size == (41, 4096)


def test_red_is_seen_red_and_blue_blue(tmp_path: Path) -> None:
    path = tmp_path / "colours.pdf"
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(200, 100))
        page.Contents = pdf.make_stream(b"1 0 0 rg 0 0 100 100 re f 0 0 1 rg 100 0 100 100 re f")
        pdf.save(path)
    drawn = seen(page_png(path, 1, 200)).convert("RGB")
    assert (drawn.getpixel((50, 50)), drawn.getpixel((150, 50))) == ((255, 0, 0), (0, 0, 255))


def test_what_cannot_be_drawn_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_pdf(tmp_path / "a.pdf")
    with pytest.raises(Missing):
        page_png(path, 2, 300)
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7\n" + os.urandom(2000))
    for asked in (tmp_path / "bad.pdf", _greedy(tmp_path / "greedy.pdf")):
        monkeypatch.setattr(page_picture, "_LIMITS", DrawLimits(memory=400 << 20, seconds=2))
        with pytest.raises(Unfit) as fault:
            page_png(asked, 1, 2000)
        assert fault.value.code == "page-not-drawn" and fault.value.tell


def _greedy(path: Path) -> Path:
    """A form that draws itself twice, thirty deep: no engine comes to its end."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(300, 400))
        form = pdf.make_stream(b"0 0 1 1 re f")
        for _ in range(30):
            outer = pdf.make_stream(b"q /F Do Q q 0.9 0 0 0.9 1 1 cm /F Do Q")
            outer.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
            for one in (form, outer):
                one.Type, one.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
                one.BBox = pikepdf.Array([0, 0, 300, 400])
            form = outer
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
        page.Contents = pdf.make_stream(b"/F Do")
        pdf.save(path)
    return path


def test_a_malformed_paper_has_no_place(world: World, owner: MarkOwner, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>")
    with pytest.raises(ArchiveFault) as fault:
        where_marked(bad, MarkOrder("copy", owner, Wish()), now(world))
    assert fault.value.code == "file-malformed" and fault.value.tell
