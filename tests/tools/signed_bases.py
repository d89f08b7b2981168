"""Untouched signed files of every kind we make or meet: one to three signatures, forms, layers, both table styles."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigSeedSubFilter
from pyhanko_certvalidator import ValidationContext

from signing.trust import load_trust
from tests.cases.sealing import World, a_pdf
from tests.cases.signatures import QuietWriter, for_long, sign_with, with_field


@dataclass(frozen=True)
class Base:
    """One untouched file: its name, its bytes, and the world whose roots it is judged by."""

    name: str
    data: bytes
    world: World


def saved(pdf: pikepdf.Pdf, streams: bool = False) -> bytes:
    out = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if streams else pikepdf.ObjectStreamMode.disable
    pdf.save(out, object_stream_mode=mode)
    return out.getvalue()


def plain(
    folder: Path, pages: int = 1, *, streams: bool = False, words: str = "Quyet dinh", title: str = ""
) -> bytes:
    with pikepdf.open(a_pdf(folder / "plain.pdf", pages, words)) as pdf:
        pdf.docinfo["/Title"] = String(title or "Quyet dinh so 12")
        with pdf.open_metadata() as meta:
            meta["dc:title"] = title or "Quyet dinh so 12"
        return saved(pdf, streams)


def a_form(folder: Path, pages: int = 1) -> bytes:
    """A text field, a layer that is off, a hidden page tree and an attachment: what shadow attacks prepare."""
    with pikepdf.open(io.BytesIO(plain(folder, pages))) as pdf:
        page = pdf.pages[0]
        font = page.Resources.Font.F1
        look = pdf.make_stream(b"/Tx BMC q BT /F1 12 Tf 2 4 Td (100) Tj ET Q EMC")
        look.Type, look.Subtype = Name.XObject, Name.Form
        look.BBox = Array([0, 0, 90, 20])
        look.Resources = Dictionary(Font=Dictionary(F1=font))
        text = pdf.make_indirect(
            Dictionary(
                FT=Name.Tx,
                T=String("SoTien"),
                V=String("100"),
                Type=Name.Annot,
                Subtype=Name.Widget,
                F=4,
                DA=String("/F1 12 Tf 0 g"),
                Rect=Array([30, 150, 120, 170]),
                AP=Dictionary(N=look),
                P=page.obj,
            )
        )
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("An")))
        hidden = pdf.make_stream(b"BT /F1 30 Tf 30 200 Td (An) Tj ET")
        hidden.Type, hidden.Subtype, hidden.OC = Name.XObject, Name.Form, layer
        hidden.BBox = Array([0, 0, 300, 400])
        hidden.Resources = Dictionary(Font=Dictionary(F1=font))
        page.Resources.XObject.Hid = hidden
        cover = pdf.make_stream(b"1 1 1 rg 0 0 120 30 re f")
        cover.Type, cover.Subtype = Name.XObject, Name.Form
        cover.BBox = Array([0, 0, 120, 30])
        page.Resources.XObject.Cover = cover
        page.Contents = pdf.make_stream(
            page.Contents.read_bytes()
            + b" BT /F1 18 Tf 30 240 Td (Bi che) Tj ET q 1 0 0 1 28 235 cm /Cover Do Q q /Hid Do Q"
        )
        page.Annots = Array([text])
        pdf.Root.AcroForm = Dictionary(
            Fields=Array([text]), DR=Dictionary(Font=Dictionary(F1=font)), DA=String("/F1 12 Tf 0 g")
        )
        pdf.Root.OCProperties = Dictionary(
            OCGs=Array([layer]), D=Dictionary(Order=Array([layer]), OFF=Array([layer]))
        )
        pdf.attachments["phuluc.txt"] = b"phu luc"
        other = pdf.make_indirect(Dictionary(page.obj))
        del other.Annots
        other.Contents = pdf.make_stream(b"BT /F1 18 Tf 30 300 Td (Trang khac) Tj ET")
        pdf.Root.PieceInfo = Dictionary(Vanthu=Dictionary(Private=other))
        return saved(pdf)


def turned(folder: Path) -> bytes:
    with pikepdf.open(io.BytesIO(plain(folder, 4))) as pdf:
        for page, angle in zip(pdf.pages, (0, 90, 180, 270), strict=True):
            page.Rotate = angle
            page.CropBox = Array([10, 20, 290, 390])
        return saved(pdf)


def context_of(world: World) -> ValidationContext:
    from datetime import UTC, datetime

    assert world.ring.revocation is not None
    return ValidationContext(
        trust_roots=list(load_trust(world.roots).roots),
        crls=list(world.ring.revocation.lists(datetime.now(UTC))),
        revocation_mode="require",
    )


def sealed(world: World, folder: Path, data: bytes) -> bytes:
    source, out = folder / "in.pdf", folder / "out.pdf"
    source.write_bytes(data)
    world.service.seal(source, out)
    return out.read_bytes()


def bases(world: World, folder: Path) -> Iterator[Base]:
    """Yield the files that are tampered with; all are VALID as they are."""
    box, box2 = (150, 60, 270, 120), (120, 70, 200, 130)

    def base(name: str, data: bytes) -> Base:
        return Base(name, data, world)

    one, three = plain(folder), plain(folder, 3)
    yield base("archive-1", sealed(world, folder, one))
    yield base("archive-3-streams", sealed(world, folder, plain(folder, 3, streams=True)))
    yield base("archive-form", sealed(world, folder, a_form(folder)))
    two = sign_with(sign_with(three, world, box=box), world, "ConDau", box=box2, text="Dau")
    yield base("official-seal-archive", for_long(two, world))
    certified = sign_with(
        with_field(a_form(folder), "ConDau", box2),
        world,
        certify=True,
        docmdp_permissions=MDPPerm.FILL_FORMS,
        box=box,
        writer=QuietWriter,
    )
    yield base("certified-2-approved", for_long(sign_with(certified, world, "ConDau", existing=True), world))
    yield base(
        "certified-1",
        for_long(sign_with(one, world, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES), world),
    )
    open_ = sign_with(one, world, certify=True, docmdp_permissions=MDPPerm.ANNOTATE, writer=QuietWriter)
    yield base("certified-3", for_long(open_, world))
    locked = sign_with(
        a_form(folder, 2), world, spec={"field_mdp_spec": FieldMDPSpec(FieldMDPAction.INCLUDE, ["SoTien"])}
    )
    yield base("locked", for_long(sign_with(locked, world, "ConDau"), world))
    yield base("turned", for_long(sign_with(turned(folder), world, box=box, page=1), world))
    long = sign_with(
        one,
        world,
        embed_validation_info=True,
        validation_context=context_of(world),
        subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
    )
    yield base("one-revision", long)


def untouched(world: World, folder: Path) -> Iterator[Base]:
    """Yield more than a hundred untouched files of many shapes and producers; all are VALID."""
    yield from bases(world, folder)
    box = (40, 40, 150, 90)

    def base(name: str, data: bytes) -> Base:
        return Base(name, data, world)

    for pages in (1, 2, 5, 9):
        for streams in (False, True):
            data = plain(folder, pages, streams=streams, title=f"Van ban {pages}")
            shape = f"{pages}-{'streams' if streams else 'table'}"
            yield base(f"archive-{shape}", sealed(world, folder, data))
            for quiet in (QuietWriter, None):
                more = {"writer": quiet} if quiet else {}
                kind = f"{shape}-{'quiet' if quiet else 'pyhanko'}"
                approval = sign_with(data, world, box=box, page=pages - 1, **more)
                yield base(f"approval-{kind}", for_long(approval, world))
                empty = with_field(data, "ConDau", box)
                certified = sign_with(
                    empty, world, certify=True, docmdp_permissions=MDPPerm.FILL_FORMS, **more
                )
                yield base(f"certified-{kind}", for_long(certified, world))
                seal = sign_with(approval, world, "ConDau", box=(20, 50, 90, 120), page=pages - 1, **more)
                yield base(f"two-{kind}", for_long(seal, world))
                third = sign_with(seal, world, "SaoY", box=(200, 350, 290, 395), **more)
                yield base(f"three-{kind}", for_long(third, world))
                yield base(f"renewed-{kind}", for_long(for_long(approval, world), world))
                countersigned = sign_with(certified, world, "ConDau", existing=True, **more)
                yield base(f"countersigned-{kind}", for_long(countersigned, world))
    form = a_form(folder)
    yield base("form", for_long(sign_with(form, world, box=box), world))
    yield base("stamped-first", for_long(sign_with(for_long(form, world), world), world))
