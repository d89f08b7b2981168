"""Which pages make one document: the rules of the delivery, and that no page is ever left out."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.propose import DeliveredPage, natural, propose
from records.document import PageRole


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
