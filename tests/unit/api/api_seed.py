"""Put papers into a fresh archive through its own rows: page images drawn here, so every word's box is known."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from records.access import Level, Role
from records.document import Fields, FieldValue, PageRole
from records.geometry import Box, Rotation, back, turn
from records.page import PageText, Word, dump_page
from search.entry import IndexedDocument, entries_for
from search.index import SearchIndex
from search.number_keys import own_keys
from storage.batch_values import NewBatch, NewFile
from storage.blobs import BlobStore, Stored
from storage.documents import Archive, NewDocument, Rendition
from storage.pages import NewPage
from storage.work import Work

PASSWORD = "mật khẩu dùng thử"
WIDTH, HEIGHT = 1240, 1754
ROLES = {
    "reader": (Role.READER,),
    "archivist": (Role.ARCHIVIST,),
    "administrator": (Role.ADMINISTRATOR,),
    "clerk": (Role.CLERK,),
    "official": (Role.OFFICIAL,),
    "secrecy-officer": (Role.SECRECY_OFFICER,),
}
LETTER = (
    "TỈNH ỦY LÂM ĐỒNG ĐẢNG CỘNG SẢN VIỆT NAM",
    "Số 1593-CV/TU Lâm Đồng, ngày 09 tháng 7 năm 2025",
    "V/v hướng dẫn chuyển sinh hoạt đảng",
    "Kính gửi: Các huyện ủy, thành ủy, đảng ủy trực thuộc",
    "Thực hiện Điều lệ Đảng, Ban Thường vụ Tỉnh ủy hướng dẫn",
    "thủ tục chuyển sinh hoạt đảng cho đảng viên khi chuyển nơi cư trú.",
)
SECOND = ("Đảng viên nộp hồ sơ tại chi bộ nơi đang sinh hoạt.", "Nơi nhận: như trên, lưu Văn phòng Tỉnh ủy.")
SECRET = ("MẬT", "Báo cáo về công tác bảo vệ chính trị nội bộ quý hai")
BOTH = "Văn phòng"


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was put in: ids by short name, bearer tokens and account ids by role."""

    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paper:
    """A document to put in."""

    name: str
    pages: tuple[tuple[tuple[str, ...], Rotation], ...]
    level: Level
    fields: Fields
    state: str = "archived"


PAPERS = (
    Paper(
        "letter",
        ((LETTER, 0), (SECOND, 90)),
        Level.OPEN,
        Fields(
            type_name="Công văn",
            type_code="17",
            code_number="1593",
            code_notation="CV/TU",
            number="1593-CV/TU",
            issued_date="2025-07-09",
            place="Lâm Đồng",
            organ_name="Tỉnh ủy Lâm Đồng",
            subject="hướng dẫn chuyển sinh hoạt đảng",
            evidence={"number": FieldValue("1593-CV/TU", 0.97, 1, (Box(100, 190, 420, 230),))},
        ),
    ),
    Paper("secret", ((SECRET, 0),), Level.SECRET, Fields(subject="bảo vệ chính trị nội bộ", secrecy="Mật")),
    Paper("refused", ((("Trang hỏng",), 0),), Level.RESTRICTED, Fields(), "refused"),
)


def draw(lines: tuple[str, ...], rotation: Rotation, path: Path) -> PageText:
    """Draw a page whose upright form needs a clockwise turn of `rotation`; return its words with delivered boxes."""
    upright = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(upright)
    font = ImageFont.truetype("DejaVuSans.ttf", 30)
    words: list[tuple[str, Box, int]] = []
    for number, line in enumerate(lines):
        x, y = 100, 140 + number * 60
        for word in line.split():
            left, top, right, bottom = pen.textbbox((x, y), word, font=font)
            pen.text((x, y), word, fill=0, font=font)
            words.append((word, Box(int(left), int(top), int(right) + 1, int(bottom) + 1), number))
            x = int(right) + 14
    delivered = (
        upright.transpose(
            {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}[
                rotation
            ]
        )
        if rotation
        else upright
    )
    delivered.save(path, dpi=(150, 150))
    return PageText(
        page=1,
        width=delivered.width,
        height=delivered.height,
        dpi=150.0,
        rotation=rotation,
        skew=0.0,
        engine="drawn",
        words=tuple(
            Word(text, turn(box, back(rotation), WIDTH, HEIGHT), 0.96, line) for text, box, line in words
        ),
    )


def seed(work: Work, blobs: BlobStore, index: SearchIndex, folder: Path) -> Seeded:
    """Fill the archive; returns what was put in."""
    seeded = Seeded()
    with work.begin() as tx:
        for role, roles in ROLES.items():
            account = tx.accounts.add(role, role.capitalize(), PASSWORD, roles)
            seeded.accounts[role] = account.id
            seeded.tokens[role] = tx.tokens.create(account.id, "test")
        seeded.ids["batch"] = tx.batches.add(NewBatch("Hộp 12", "", seeded.accounts["archivist"])).id
    for ordinal, paper in enumerate(PAPERS, start=1):
        _put(work, blobs, index, folder, seeded, paper, ordinal)
    with work.begin() as tx:
        tx.batches.start(seeded.ids["batch"])
        tx.batches.finish(seeded.ids["batch"], "")
    index.commit()
    return seeded


def _stored(blobs: BlobStore, key: str, path: Path) -> Stored:
    stored = blobs.put_once(key, path)
    assert isinstance(stored, Stored), stored
    return stored


def _put(
    work: Work, blobs: BlobStore, index: SearchIndex, folder: Path, seeded: Seeded, paper: Paper, ordinal: int
) -> None:
    batch_id, document_id = seeded.ids["batch"], hashlib.sha256(paper.name.encode()).hexdigest()[:32]
    seeded.ids[paper.name] = document_id
    texts: list[PageText] = []
    images: list[Stored] = []
    for number, (lines, rotation) in enumerate(paper.pages, start=1):
        path = folder / f"{paper.name}-{number}.png"
        texts.append(draw(lines, rotation, path).numbered(number))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        images.append(_stored(blobs, f"received/{digest[:2]}/{digest}.png", path))
    with work.begin() as tx:
        file = tx.batches.add_file(
            batch_id,
            NewFile(
                f"{paper.name}.png",
                f"{paper.name}.png",
                images[0].sha256,
                images[0].size,
                images[0].key,
                "image/png",
                paper.name,
            ),
        )
        tx.documents.propose(
            NewDocument(
                id=document_id,
                batch_id=batch_id,
                dossier="",
                ordinal=ordinal,
                source=f"{paper.name}.png",
                title="",
                fingerprint=paper.name,
                page_count=len(texts),
                original_key=images[0].key,
                original_sha256=images[0].sha256,
            )
        )
        tx.pages.add_many(
            [
                NewPage(
                    id=f"{document_id}-{text.page}",
                    batch_id=batch_id,
                    file_id=file.id,
                    frame=text.page,
                    ordinal=ordinal * 100 + text.page,
                    role=PageRole.CONTENT,
                    code="",
                    image_key=image.key,
                    image_sha256=image.sha256,
                    media_type="image/png",
                    width=text.width,
                    height=text.height,
                    dpi=text.dpi,
                    exact=True,
                    document_id=document_id,
                    number=text.page,
                )
                for text, image in zip(texts, images, strict=True)
            ]
        )
        for text in texts:
            tx.pages.set_reading(
                f"{document_id}-{text.page}",
                "read",
                reading_key="",
                reading_sha256="",
                text=text.text,
                reading=dump_page(text),
                confidence=text.confidence,
                rotation=text.rotation,
                words=len(text.words),
            )
        if paper.state == "refused":
            tx.documents.refuse(document_id, "read-back", "too few words", "Trang này cần quét lại.")
            return
    pdf = folder / f"{paper.name}.pdf"
    pdf.write_bytes(b"%PDF-1.7\n" + paper.name.encode() * 400_000 + b"\n%%EOF\n")  # larger than one piece
    stored = _stored(blobs, f"documents/{document_id}/v1/access.pdf", pdf)
    listed = folder / f"{paper.name}.json"
    listed.write_text(json.dumps({"document": document_id, "version": 1}))
    kept = _stored(blobs, f"documents/{document_id}/v1/manifest.json", listed)
    with work.begin() as tx:
        tx.documents.archive(
            document_id,
            Archive(
                version=1,
                fields=paper.fields,
                level=paper.level,
                renditions=[
                    Rendition("access.pdf", stored.key, stored.sha256, stored.size, "application/pdf"),
                    Rendition("manifest.json", kept.key, kept.sha256, kept.size, "application/json"),
                ],
                pdfa="2b",
                signature_level="PAdES-BASELINE-LTA",
                verdict="VALID",
                sealed_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
                number_key=(own_keys(paper.fields.number) or [""])[0],
            ),
        )
    index.replace(document_id, entries_for(IndexedDocument(document_id, paper.fields, paper.level), texts))
