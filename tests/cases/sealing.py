"""A small signing world for tests: a demo authority, a service, plain PDFs, and the ways a file is tampered with."""

import atexit
import io
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import pikepdf
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from records.clock import Clock, FixedClock, SystemClock
from signing import demo_pki
from signing.demo_pki import create_demo_pki
from signing.keys import KeyRing, load_demo_keys, load_p12
from signing.seal import SigningService
from signing.timestamps import DemoTimeStamps

ORGANISATION = "Văn phòng Tỉnh ủy Thừa Thiên Huế"


@dataclass(frozen=True)
class World:
    """One demo authority and everything made from it."""

    folder: Path
    clock: Clock
    ring: KeyRing
    tsa: DemoTimeStamps
    service: SigningService

    @property
    def roots(self) -> list[Path]:
        return [self.folder / "roots.pem"]


def a_world(folder: Path, clock: Clock | None = None) -> World:
    clock = clock or SystemClock()
    create_demo_pki(folder, ORGANISATION, clock)
    return _over(folder, clock)


def _over(folder: Path, clock: Clock) -> World:
    ring, tsa = load_demo_keys(folder), DemoTimeStamps(folder, clock)
    return World(folder, clock, ring, tsa, SigningService(ring, tsa, clock, [folder / "roots.pem"]))


def at_home(folder: Path, clock: Clock | None = None) -> World:
    """Return a world over a copy of one authority, the same for all of a test process that ask at the same time.

    Making its keys takes two seconds. A test that needs somebody else's keys beside them takes `a_world` for those.
    """
    clock = clock or SystemClock()
    made = _made_once(None if isinstance(clock, SystemClock) else clock.now())
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return _over(folder, clock)


def lay_keys(folder: Path) -> None:
    """Lay the keys of such an authority where `vanthu init` will find them: it makes none then."""
    shutil.copytree(_made_once(None), folder)


@cache
def _made_once(at: datetime | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="vanthu-authority-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    create_demo_pki(folder / "keys", ORGANISATION, SystemClock() if at is None else FixedClock(at))
    return folder / "keys"


def certified(
    authority: Path, name: str, bits: int = 2048
) -> tuple[rsa.RSAPrivateKey, asn1_x509.Certificate]:
    """Make a key and have the demo authority in the folder `authority` certify it for signing."""
    root, root_key = load_p12(authority, demo_pki.ROOT)
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject = demo_pki._name(name, f"DEMO – {name}")
    made = demo_pki._certificate(
        subject, key, root.subject, root_key, SystemClock().now(), 5, demo_pki._as_seal
    )
    return key, asn1_x509.Certificate.load(made.public_bytes(Encoding.DER))


def a_pdf(path: Path, pages: int = 1, words: str = "Quyet dinh") -> Path:
    """Write a plain PDF with text and a small image on each page."""
    with pikepdf.new() as pdf:
        font = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
            )
        )
        for number in range(1, pages + 1):
            image = pdf.make_stream(bytes([number % 256]) * 64)
            image.Type = pikepdf.Name.XObject
            image.Subtype = pikepdf.Name.Image
            image.Width = image.Height = image.BitsPerComponent = 8
            image.ColorSpace = pikepdf.Name.DeviceGray
            page = pdf.add_blank_page(page_size=(300, 400))
            page.Resources = pikepdf.Dictionary(
                Font=pikepdf.Dictionary(F1=font), XObject=pikepdf.Dictionary(Im0=image)
            )
            page.Contents = pdf.make_stream(
                f"q 80 0 0 80 20 20 cm /Im0 Do Q BT /F1 18 Tf 30 300 Td ({words} {number}) Tj ET".encode()
            )
        pdf.save(path)
    return path


def byte_ranges(data: bytes) -> list[list[int]]:
    """Return every byte range of a file, in file order."""
    return [
        [int(n) for n in m.groups()]
        for m in re.finditer(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+) ?\]", data)
    ]


def revision_ends(data: bytes) -> list[int]:
    """Return the offset after each `%%EOF` line."""
    return [m.end() for m in re.finditer(rb"%%EOF\n?", data)]


def _append(data: bytes, change) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _first_page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    return writer.root["/Pages"]["/Kids"][0].get_object()


def append_page(data: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        pages = writer.root["/Pages"]
        page = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Page"),
                pdf_name("/Parent"): writer.root.raw_get("/Pages"),
                pdf_name("/MediaBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 300, 400))),
            }
        )
        pages["/Kids"].append(writer.add_object(page))
        pages[pdf_name("/Count")] = generic.NumberObject(int(pages["/Count"]) + 1)
        writer.update_container(pages)

    return _append(data, change)


def swap_image(data: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        image = _first_page(writer)["/Resources"]["/XObject"].raw_get("/Im0")
        image.get_object()._data = bytes(64)
        image.get_object()._encoded_data = None
        writer.mark_update(image)

    return _append(data, change)


def move_seal(data: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"].raw_get(0)
        field.get_object()[pdf_name("/Rect")] = generic.ArrayObject(
            map(generic.NumberObject, (10, 10, 200, 200))
        )
        writer.mark_update(field)

    return _append(data, change)


def empty_store(data: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root["/DSS"][pdf_name("/CRLs")] = generic.ArrayObject()
        writer.update_container(writer.root["/DSS"])

    return _append(data, change)


def more_store(data: bytes) -> bytes:
    """Add a stream to the validation store only: what an unfinished renewal looks like."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        store = writer.root["/DSS"]
        copy = writer.add_object(generic.StreamObject(stream_data=store["/CRLs"][0].get_object().data))
        store["/CRLs"].append(copy)
        writer.update_container(store)

    return _append(data, change)


def overlay(data: bytes) -> bytes:
    """Cover the text with a white square annotation."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        page = _first_page(writer)
        look = generic.StreamObject(stream_data=b"1 1 1 rg 0 0 200 60 re f")
        look.update(
            {
                pdf_name("/Type"): pdf_name("/XObject"),
                pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 200, 60))),
            }
        )
        note = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Square"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (20, 280, 220, 340))),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)}),
            }
        )
        notes = page.get("/Annots", generic.ArrayObject())
        notes.append(writer.add_object(note))
        page[pdf_name("/Annots")] = notes
        writer.update_container(page)

    return _append(data, change)


def hidden_objects(data: bytes) -> bytes:
    """Append a new page content that no cross-reference lists, behind an empty table (the ISA_B attack).

    `startxref` points a little into the table: pyHanko reads on and finds nothing changed, PDFium gives up,
    rebuilds the file by scanning, and shows the new content.
    """
    with pikepdf.open(io.BytesIO(data)) as pdf:
        number = pdf.pages[0].Contents.objgen[0]
        size = int(pdf.trailer.Size)
        root = pdf.trailer.Root.objgen[0]
    body = b"BT /F1 18 Tf 30 300 Td (Da bi sua) Tj ET"
    added = b"\n%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (number, len(body), body)
    previous = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    table = len(data) + len(added) + len("xre")
    added += b"xref\n0 0\ntrailer\n<< /Size %d /Root %d 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        root,
        previous,
        table,
    )
    return data + added


def swap_container(data: bytes, other: bytes) -> bytes:
    """Put the last container of `other` (same length) into `data`."""
    (_, first, second, _), (_, first2, second2, _) = byte_ranges(data)[-1], byte_ranges(other)[-1]
    assert second - first == second2 - first2
    return data[:first] + other[first2:second2] + data[second:]
