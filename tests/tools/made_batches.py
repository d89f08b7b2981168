"""Deliveries made anew from pages of the corpus: on other paper, at other resolutions, in another order, with truth.

    python -m tests.tools.made_batches OUT [--corpus ../shared/corpus] [--seed 1]

`own_sheets`: a PDF at 300 dpi on yellow paper, parted by our own sheets, one of them for an annex with a letterhead of
its own, one for another dossier. `no_sheets`: a folder of JPEGs at 240 dpi, parted by letterheads alone.
`bureau_codes`: a TIFF of gray pages at 200 dpi with a bureau's QR codes, one sheet upside down. Each has blank backs
that shine through, a sheet scanned twice and turned pages; `expected.json` has the schema of the corpus, and `dossier`.
"""

import argparse
import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
import segno
from PIL import Image

from ingest.separator_sheets import draw_sheets
from records.separators import Follows, Sheet, code_of

NAMES = ("no_sheets", "own_sheets", "bureau_codes")


@dataclass
class Delivery:
    """A delivery that is being made: how it is scanned, its images so far, and what is true of them."""

    name: str
    dpi: int
    paper: tuple[int, int, int]
    chance: random.Random
    corpus: Path
    images: list[Image.Image] = field(default_factory=list)
    truth: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)

    def add(self, picture: np.ndarray, **truth: Any) -> None:
        """Scan a sheet: paper and noise over it, a little askew."""
        height, width = picture.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), self.chance.uniform(-0.8, 0.8), 1.0)
        turned = cv2.warpAffine(picture, matrix, (width, height), borderValue=(255, 255, 255))
        noise = np.random.default_rng(self.chance.getrandbits(32)).normal(0, 3, (height, width, 1))
        scanned = turned.astype(np.float32) * (np.array(self.paper) / 255) + noise
        self.images.append(Image.fromarray(np.clip(scanned, 0, 255).astype(np.uint8)))
        self.truth.append({"index": len(self.images), **truth})

    def document(
        self, pages: list[str], *, code: str | None = None, dossier: str = "", turned: int = 0, twice: int = 0
    ) -> None:
        """Scan a document; page number `turned` upside down, page number `twice` a second time."""
        self.documents.append({"page_ids": [], "barcode": code, "dossier": dossier})
        self.go_on(pages, turned=turned, twice=twice)

    def go_on(self, pages: list[str], *, turned: int = 0, twice: int = 0) -> None:
        """Scan more pages of the same document."""
        for number, page_id in enumerate(pages, 1):
            picture = self.page(page_id)
            if number == turned:
                picture = np.ascontiguousarray(np.rot90(picture, 2))
            self.documents[-1]["page_ids"].append(page_id)
            self.add(
                picture,
                role="page",
                page_id=page_id,
                document=len(self.documents),
                upside_down=number == turned,
            )
            if number == twice:
                self.add(picture, role="duplicate", page_id=page_id)

    def page(self, page_id: str) -> np.ndarray:
        """Return a page of the corpus upright in the resolution of this delivery."""
        page = next(p for p in _truth(self.corpus)["pages"] if p["id"] == page_id)
        with Image.open(self.corpus / page["image"]) as image:
            upright = image.convert("RGB").rotate(page["rotation"], expand=True)
        scale = self.dpi / page["dpi"]
        size = round(upright.width * scale), round(upright.height * scale)
        return np.asarray(upright.resize(size, Image.Resampling.LANCZOS))

    def back(self, page_id: str) -> None:
        """Scan an empty back through which the page before it shows."""
        soft = cv2.GaussianBlur(self.page(page_id)[:, ::-1], (0, 0), self.dpi / 100)
        self.add((255 - (255 - soft.astype(np.float32)) * 0.1).astype(np.uint8), role="blank")

    def sheet(self, drawn: np.ndarray, code: str) -> None:
        """Scan a separator sheet."""
        self.add(drawn, role="separator", barcode=code)

    def our_sheet(self, follows: Follows, dossier: str, serial: int) -> str:
        """Scan a sheet of ours and return its code."""
        sheet = Sheet(follows, dossier, serial)
        pdf = pypdfium2.PdfDocument(draw_sheets([sheet]))
        drawn = pdf[0].render(scale=self.dpi / 72).to_numpy()[:, :, ::-1].copy()
        pdf.close()
        self.sheet(drawn, code_of(sheet))
        return code_of(sheet)

    def bureau_sheet(self, code: str, *, turned: bool) -> str:
        """Scan a bureau's sheet, a QR code of its own on an empty page, and return its code."""
        page = np.full((round(11.69 * self.dpi), round(8.27 * self.dpi), 3), 255, np.uint8)
        side, corner = round(2 * self.dpi), (round(3 * self.dpi), round(3.1 * self.dpi))
        modules = np.array(
            [[0 if dark else 255 for dark in row] for row in segno.make(code).matrix], np.uint8
        )
        qr = cv2.resize(modules, (side, side), interpolation=cv2.INTER_NEAREST)
        page[corner[0] : corner[0] + side, corner[1] : corner[1] + side] = qr[:, :, None]
        self.sheet(np.ascontiguousarray(np.rot90(page, 2)) if turned else page, code)
        return code


def make(name: str, out: Path, corpus: Path, seed: int = 1) -> dict[str, Any]:
    """Write the delivery `name` into `out`, with hand-over list and expected.json; return what is expected."""
    chance = random.Random(f"{name}-{seed}")
    out.mkdir(parents=True, exist_ok=True)
    made = {"own_sheets": _own_sheets, "no_sheets": _no_sheets, "bureau_codes": _bureau_codes}[name](
        chance, corpus
    )
    files = list(_written(made, out))
    for image, (file, frame) in zip(made.truth, files, strict=True):
        image |= {"file": file, "frame": frame}
    told = {"batch": name, "dpi": made.dpi, "images": made.truth, "documents": made.documents}
    (out / "expected.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    _list(made, out / "danh_muc_ban_giao.csv")
    return told


def _own_sheets(chance: random.Random, corpus: Path) -> Delivery:
    made = Delivery("own_sheets", 300, (238, 226, 190), chance, corpus)
    code = made.our_sheet(Follows.DOCUMENT, "07.TC.2024", 1)
    made.document(["d018-p1", "d018-p2"], code=code, twice=2)
    made.our_sheet(Follows.ATTACHMENT, "07.TC.2024", 2)
    made.go_on(["d024-p1"])
    made.back("d024-p1")
    code = made.our_sheet(Follows.DOSSIER, "08.TC.2024", 3)
    made.document(["d010-p1"], code=code, dossier="08.TC.2024", turned=1)
    code = made.our_sheet(Follows.DOCUMENT, "08.TC.2024", 4)
    made.document(["d014-p1", "d014-p2"], code=code, dossier="08.TC.2024")
    return made


def _no_sheets(chance: random.Random, corpus: Path) -> Delivery:
    made = Delivery("no_sheets", 240, (250, 244, 226), chance, corpus)
    made.document(["d031-p1"])
    made.back("d031-p1")
    made.document(["d022-p1", "d022-p2"], twice=1)
    made.document(["d004-p1"], turned=1)
    made.document(["d006-p1"])
    return made


def _bureau_codes(chance: random.Random, corpus: Path) -> Delivery:
    made = Delivery("bureau_codes", 200, (225, 225, 225), chance, corpus)
    for number, (pages, turned, twice) in enumerate(
        [(["d021-p1", "d021-p2"], 2, 0), (["d001-p1"], 0, 1), (["d029-p1", "d029-p2"], 0, 0)], 1
    ):
        code = made.bureau_sheet(f"LO7-{number:05}", turned=number == 2)
        made.document(pages, code=code, turned=turned, twice=twice)
        made.back(pages[-1])
    return made


def _written(made: Delivery, out: Path) -> Iterator[tuple[str, int]]:
    """Write the images as this delivery is delivered; return file and frame of each."""
    size = (made.dpi, made.dpi)
    if made.name == "no_sheets":
        (out / "quet").mkdir(exist_ok=True)
        for number, image in enumerate(made.images, 1):
            file = f"quet/{number:03}.jpg"
            image.save(out / file, quality=80, dpi=size)
            yield file, 1
        return
    images = [image.convert("L") for image in made.images] if made.name == "bureau_codes" else made.images
    file = "lo.tif" if made.name == "bureau_codes" else "lo.pdf"
    more = (
        {"compression": "tiff_lzw", "dpi": size}
        if file == "lo.tif"
        else {"resolution": made.dpi, "quality": 80}
    )
    images[0].save(out / file, save_all=True, append_images=images[1:], **more)
    yield from ((file, frame) for frame in range(1, len(images) + 1))


def _list(made: Delivery, path: Path) -> None:
    truth = _truth(made.corpus)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["STT", "Mã vạch", "Số, ký hiệu", "Trích yếu", "Số trang"])
        for number, document in enumerate(made.documents, 1):
            first = document["page_ids"][0].split("-")[0]
            fields = next(d for d in truth["documents"] if d["id"] == first)["fields"]
            document["number"] = fields["number"]
            told = [document["barcode"] or "", fields["number"], fields["subject"], len(document["page_ids"])]
            rows.writerow([number, *told])


def _truth(corpus: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))
    return told


def main() -> None:
    """Run from the command line."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("out", type=Path)
    words.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    for name in NAMES:
        make(name, asked.out / name, asked.corpus, asked.seed)


if __name__ == "__main__":
    main()
