"""Which pages make one document: the rules of the delivery, and that no page is ever left out."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ingest.propose import DeliveredPage, natural, neighbours, propose, set_aside, to_be_read
from records.document import PageRole
from records.separators import Follows, Sheet, code_of


def page(path: str, frame: int = 1, of: int = 1, code: str = "", pdf: bool = False) -> DeliveredPage:
    role = PageRole.SEPARATOR if code else PageRole.CONTENT
    return DeliveredPage(f"{path}:{frame}", path, path, frame, of, pdf, 1, role, code)


def found(pages: list[DeliveredPage]) -> list[tuple[str, ...]]:
    return [p.pages for p in propose(pages)]


def test_loose_images_are_documents_each() -> None:
    assert found([page("b.jpg"), page("a.jpg")]) == [("a.jpg:1",), ("b.jpg:1",)]


def test_a_subfolder_is_one_document_in_natural_order() -> None:
    pages = [page("thu/IMG_10.jpg"), page("thu/IMG_2.jpg"), page("thu/IMG_1.jpg")]
    [one] = propose(pages)
    assert one.pages == ("thu/IMG_1.jpg:1", "thu/IMG_2.jpg:1", "thu/IMG_10.jpg:1")
    assert one.source == "thu"


def test_a_multi_page_file_is_one_document_and_is_the_whole_file() -> None:
    [one] = propose([page("a.tif", n, 3) for n in (1, 2, 3)])
    assert one.pages == ("a.tif:1", "a.tif:2", "a.tif:3")
    assert one.whole_file == "a.tif"


def test_a_single_page_pdf_is_a_document_even_in_a_subfolder() -> None:
    assert found([page("x/a.pdf", pdf=True), page("x/b.jpg")]) == [("x/a.pdf:1",), ("x/b.jpg:1",)]


def test_separators_start_documents_among_loose_images() -> None:
    pages = [
        page("1.jpg"),
        page("2.jpg", code="A"),
        page("3.jpg"),
        page("4.jpg"),
        page("5.jpg", code="B"),
        page("6.jpg"),
    ]
    proposals = propose(pages)
    assert [p.pages for p in proposals] == [("1.jpg:1",), ("3.jpg:1", "4.jpg:1"), ("6.jpg:1",)]
    assert [p.separator for p in proposals] == ["", "A", "B"]


def test_separators_split_a_multi_page_file() -> None:
    pages = [page("a.tif", 1, 4, "A"), page("a.tif", 2, 4), page("a.tif", 3, 4, "B"), page("a.tif", 4, 4)]
    proposals = propose(pages)
    assert [p.pages for p in proposals] == [("a.tif:2",), ("a.tif:4",)]
    assert [p.whole_file for p in proposals] == ["", ""]


def test_separators_without_pages_make_no_empty_document() -> None:
    assert propose([page("1.jpg", code="A"), page("2.jpg", code="B")]) == []


@st.composite
def deliveries(draw: st.DrawFn) -> list[DeliveredPage]:
    pages: list[DeliveredPage] = []
    for number in range(draw(st.integers(0, 8))):
        folder = draw(st.sampled_from(["", "a/", "b/", "a/c/"]))
        of = draw(st.integers(1, 4))
        pdf = draw(st.booleans())
        for frame in range(1, of + 1):
            code = draw(st.sampled_from(["", "", "", "S"]))
            pages.append(page(f"{folder}f{number}", frame, of, code, pdf))
    return pages


@given(deliveries())
def test_every_content_page_is_in_exactly_one_document(pages: list[DeliveredPage]) -> None:
    placed = [p for proposal in propose(pages) for p in proposal.pages]
    assert sorted(placed) == sorted(p.page_id for p in pages if p.role is PageRole.CONTENT)


@given(deliveries(), st.randoms())
def test_the_order_of_arrival_does_not_matter(pages: list[DeliveredPage], random: object) -> None:
    mixed = list(pages)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert propose(mixed) == propose(pages)


def test_natural_order_counts() -> None:
    assert sorted(["IMG_10", "IMG_2", "img_1"], key=natural) == ["img_1", "IMG_2", "IMG_10"]


def test_files_of_one_name_are_kept_apart() -> None:
    pages = [
        DeliveredPage(f"{file}:{frame}", file, "scan.pdf", frame, 3, True, number, PageRole.CONTENT, "")
        for number, file in enumerate(("x", "y"), start=1)
        for frame in (1, 2, 3)
    ]
    assert found(pages) == [("x:1", "x:2", "x:3"), ("y:1", "y:2", "y:3")]


def test_a_folder_inside_another_does_not_cut_it_in_two() -> None:
    pages = [page("a/a.jpg"), page("a/b/1.jpg"), page("a/c.jpg"), page("a/d.jpg")]
    assert sorted(found(pages)) == [("a/a.jpg:1", "a/c.jpg:1", "a/d.jpg:1"), ("a/b/1.jpg:1",)]


def test_superscript_digits_sort_without_failing() -> None:
    assert sorted(["²1", "①2", "3"], key=natural)


def sheet(follows: Follows, dossier: str = "01.HC.2020", serial: int = 1) -> str:
    return code_of(Sheet(follows, dossier, serial))


def test_an_attachment_sheet_lets_the_document_go_on() -> None:
    codes = [
        sheet(Follows.DOCUMENT),
        "",
        sheet(Follows.ATTACHMENT),
        "",
        sheet(Follows.DOCUMENT, serial=2),
        "",
    ]
    pages = [page("a.tif", n, 6, code) for n, code in enumerate(codes, 1)]
    assert found(pages) == [("a.tif:2", "a.tif:4"), ("a.tif:6",)]


def test_an_attachment_sheet_before_anything_opens_a_document() -> None:
    pages = [page("a.tif", 1, 2, sheet(Follows.ATTACHMENT)), page("a.tif", 2, 2)]
    assert found(pages) == [("a.tif:2",)]


def test_a_dossier_sheet_holds_for_all_documents_behind_it() -> None:
    codes = [
        sheet(Follows.DOCUMENT, "A"),
        "",
        sheet(Follows.DOSSIER, "B"),
        "",
        sheet(Follows.DOCUMENT, "C"),
        "",
    ]
    told = propose([page("a.tif", n, 6, code) for n, code in enumerate(codes, 1)])
    assert [(p.pages, p.dossier) for p in told] == [
        (("a.tif:2",), ""),
        (("a.tif:4",), "B"),
        (("a.tif:6",), "B"),
    ]
    assert [p.sheet and p.sheet.dossier for p in told] == ["A", "B", "C"]


def marked(pages: list[DeliveredPage], **marks: set[int]) -> list[DeliveredPage]:
    """Give pages (counted from 1) their findings."""
    out = list(pages)
    for name, numbers in marks.items():
        for n in numbers:
            out[n - 1] = replace(out[n - 1], **{name: True})
    return out


def test_letterheads_part_a_file_without_sheets() -> None:
    pages = marked([page("a.pdf", n, 5, pdf=True) for n in range(1, 6)], begins={1, 4})
    told = propose(pages)
    assert [p.pages for p in told] == [("a.pdf:1", "a.pdf:2", "a.pdf:3"), ("a.pdf:4", "a.pdf:5")]
    assert [p.source for p in told] == ["a.pdf#1-3", "a.pdf#4-5"]
    assert [p.whole_file for p in told] == ["", ""]
    assert to_be_read(pages) == [f"a.pdf:{n}" for n in range(1, 6)]


def test_sheets_are_believed_before_letterheads() -> None:
    pages = marked([page("a.tif", 1, 3, "A"), page("a.tif", 2, 3), page("a.tif", 3, 3)], begins={2, 3})
    assert found(pages) == [("a.tif:2", "a.tif:3")]
    assert to_be_read(pages) == []


def test_a_file_with_text_or_signatures_is_never_parted() -> None:
    pages = marked(
        [page("a.pdf", n, 3, pdf=True) for n in (1, 2, 3)], begins={1, 2}, whole={1, 2, 3}, blank={3}
    )
    assert found(pages) == [("a.pdf:1", "a.pdf:2", "a.pdf:3")]
    assert to_be_read(pages) == [] and set_aside(pages) == {}


def test_loose_images_wait_for_no_reading() -> None:
    assert to_be_read([page("a.jpg"), page("b.jpg")]) == []


def test_blanks_and_second_scans_of_a_run_are_set_aside() -> None:
    pages = marked([page("x/a.jpg"), page("x/b.jpg"), page("x/c.jpg"), page("x/d.jpg")], blank={2})
    pages[2] = replace(pages[2], twin="x/a.jpg:1")
    pages[3] = replace(pages[3], twin="x/c.jpg:1")  # of a page that is set aside itself: kept, a person looks
    assert set_aside(pages) == {"x/b.jpg:1": PageRole.BLANK, "x/c.jpg:1": PageRole.DUPLICATE}


def test_a_lone_blank_image_and_a_run_of_blanks_stay() -> None:
    assert set_aside(marked([page("a.jpg"), page("b.jpg")], blank={1})) == {}
    assert set_aside(marked([page("a.tif", n, 2) for n in (1, 2)], blank={1, 2})) == {}


def test_a_file_whose_blanks_were_set_aside_is_still_whole() -> None:
    pages = [page("a.pdf", n, 3, pdf=True) for n in (1, 2, 3)]
    pages[1] = replace(pages[1], role=PageRole.BLANK)
    [one] = propose(pages)
    assert (one.pages, one.whole_file) == (("a.pdf:1", "a.pdf:3"), "a.pdf")


def test_second_scans_are_looked_for_nearby_and_not_across_a_sheet() -> None:
    pages = [page("a.tif", n, 6, "S" if n == 4 else "") for n in range(1, 7)]
    assert neighbours(pages, 2) == [
        ("a.tif:1", "a.tif:2"), ("a.tif:1", "a.tif:3"), ("a.tif:2", "a.tif:3"), ("a.tif:5", "a.tif:6"),
    ]  # fmt: skip
    assert neighbours([page("a.jpg"), page("b.jpg")], 3) == []
