"""The minutes of a hand-over: they say what the account says, every word as a word, and their hash can be reckoned."""

import hashlib
import io
from datetime import date

import pikepdf
import pypdfium2
import pytest

from procedures.handover_minutes import Listed, Minutes, print_minutes, root_of
from records.accounting import Account, DocumentLine, FileLine, PageState

FILES = (
    FileLine("scans/IMG_2.jpg", "b" * 64, 20, "accepted", 1),
    FileLine("lo <quét> & cũ.tif", "a" * 64, 1000, "accepted", 3),
)
DOCUMENTS = (
    DocumentLine("d1", 1, "lo.tif#1-3", "149-TB/ĐU", "archived", 3, "S1"),
    DocumentLine("d2", 2, "scans/IMG_2.jpg", "", "held", 1, ""),
)


def minutes(**changes: object) -> Minutes:
    states = dict.fromkeys(PageState, 0) | {PageState.ARCHIVED: 3, PageState.HELD: 1}
    told: dict[str, object] = {
        "batch_id": "0123456789abcdef",
        "title": "Hộp 12",
        "dossier": "HS-01",
        "organisation": "Lưu trữ lịch sử tỉnh Mẫu",
        "superior": "",
        "giver": "",
        "day": date(2026, 11, 27),
        "first_at": "27/11/2026 08:00",
        "last_at": "27/11/2026 08:05",
        "made_at": "27/11/2026 09:00",
        "account": Account(states, 4, FILES, DOCUMENTS, ()),
        "listed": Listed("danh_muc.csv", "c" * 64, 3, 5, 2),
        "differences": ("3-CV/TU (dòng 4, 1 trang) có trong danh mục nhưng không thấy trong ảnh quét.",),
    }
    return Minutes(**{**told, **changes})  # type: ignore[arg-type]


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = " ".join(document[n].get_textpage().get_text_bounded() for n in range(len(document)))
    document.close()
    return " ".join(text.split())


@pytest.fixture(scope="module")
def drawn() -> bytes:
    return print_minutes(minutes())


def test_it_says_what_arrived_and_leaves_room_for_both_hands(drawn: bytes) -> None:
    said = words(drawn)
    for wanted in (
        "BIÊN BẢN BÀN GIAO TÀI LIỆU", "2 tệp, 4 trang ảnh, 2 tài liệu", "bị giữ vì dấu mật", "149-TB/ĐU",
        "lo <quét> & cũ.tif", "không thấy trong ảnh quét", "ĐẠI DIỆN BÊN GIAO", "ĐẠI DIỆN BÊN NHẬN", "ngày 27 tháng 11",
    ):  # fmt: skip
        assert wanted in said, wanted


def test_it_is_a_paper_for_the_archive_and_the_same_every_time(drawn: bytes) -> None:
    assert print_minutes(minutes()) == drawn
    with pikepdf.open(io.BytesIO(drawn)) as pdf, pdf.open_metadata() as told:
        assert (told["pdfaid:part"], told["pdfaid:conformance"]) == ("2", "B")


def test_without_a_list_it_says_so_and_a_wrong_sum_is_shouted() -> None:
    account = Account(
        minutes().account.states, 5, FILES, DOCUMENTS, ("Lô có 5 trang, cộng các trạng thái được 4.",)
    )
    said = words(print_minutes(minutes(listed=None, differences=(), account=account)))
    assert "không có danh mục bàn giao kèm theo" in said
    assert "Số liệu không khớp: Lô có 5 trang" in said


def test_the_hash_of_the_delivery_is_that_of_what_sha256sum_prints() -> None:
    printed = f"{'a' * 64}  lo <quét> & cũ.tif\n{'b' * 64}  scans/IMG_2.jpg\n"
    assert root_of(FILES) == hashlib.sha256(printed.encode()).hexdigest()
