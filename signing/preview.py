"""Find out and show, before anything is signed, where and how a paper will be marked: what is seen is what is signed.

The mark is the appearance that the signature will have, from the same rules, room and picture; only its time is that
of the looking. Parses foreign files: call it in a limited child process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints

from records.errors import ArchiveFault, Unfit
from signing.geometry import page_view
from signing.mark import How, Marked, MarkOrder, PageSize
from signing.paper_fields import lay_out
from signing.profiles import OFFICIAL, SEAL, Visible, profile_named
from signing.stages import Appender, copy_in, in_our_words, open_copy
from signing.visible import visible_for

_MOST_PAGES = 5000
_PRINT = 4  # the flag of an annotation that is shown and printed (ISO 32000-1, table 165)


def where_marked(path: Path, order: MarkOrder, moment: datetime) -> Marked:
    """Return where the paper at `path` will be marked, or why it would not be signed as it is.

    Raises `Unfit` (`file-malformed`, `file-encrypted`, `page-unfit`: nothing at all can be shown of it).
    """
    with _opened(path, "rb") as file:
        writer = open_copy(file)
        sizes = _sizes(writer)
        try:
            visible = _visible(writer, path, order, moment)
            if visible is None:
                return Marked(How.NOTHING, sizes)
            place = page_view(writer.prev, visible.page + 1).place(*visible.box)
        except ArchiveFault as fault:
            if fault.code == "file-malformed":
                raise
            return Marked(How.REFUSED, sizes, order.wish.place, fault.code, fault.tell)
    return Marked(_how(order), sizes, place)


def marked_copy(path: Path, out: Path, order: MarkOrder, moment: datetime) -> None:
    """Write to `out` a copy of the paper with the mark it will get, as a mere picture: nothing in it is signed.

    A paper that shows nothing is copied as it is. Raises as `visible_for`, and `Unfit` (`file-malformed`,
    `file-encrypted`).
    """
    copy_in(path, out)
    with _opened(out, "r+b") as file:
        writer = open_copy(file)
        visible = _visible(writer, out, order, moment)
        if visible is not None:
            _draw_upon(writer, visible)
            writer.write_in_place()  # type: ignore[no-untyped-call]


def _visible(writer: Appender, path: Path, order: MarkOrder, moment: datetime) -> Visible | None:
    """Return what will be shown; refuse what the fields of the paper would refuse."""
    profile = profile_named(order.profile)
    visible = visible_for(profile, order.owner, path, writer.prev, moment, order.wish)
    lay_out(writer.prev, profile, "", visible, ())
    return visible


def _how(order: MarkOrder) -> How:
    if order.wish.place is not None:
        return How.CHOSEN
    return {OFFICIAL: How.BLOCK, SEAL: How.SIGNATURE}.get(order.profile, How.CORNER)


def _sizes(writer: Appender) -> tuple[PageSize, ...]:
    count = int(writer.prev.root["/Pages"]["/Count"])
    if not 1 <= count <= _MOST_PAGES:
        raise Unfit(
            f"{count} pages",
            code="page-unfit",
            tell=f"Văn bản có {count} trang; chỉ xem trước được văn bản từ 1 đến {_MOST_PAGES} trang.",
        )
    views = (page_view(writer.prev, number) for number in range(1, count + 1))
    return tuple(PageSize(view.width_mm, view.height_mm) for view in views)


def _draw_upon(writer: Appender, visible: Visible) -> None:
    page, _ = writer.find_page_for_modification(visible.page)  # type: ignore[no-untyped-call]
    left, bottom, right, top = visible.box
    stamp = visible.style.create_stamp(writer, BoxConstraints(right - left, top - bottom), {})
    assert stamp is not None  # noqa: S101  our style always draws
    note = generic.DictionaryObject(  # type: ignore[no-untyped-call]
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Stamp"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.FloatObject, visible.box)),
            pdf_name("/F"): generic.NumberObject(_PRINT),  # type: ignore[no-untyped-call]
        }
    )
    stamp.apply_appearance(note)
    writer.register_annotation(page, writer.add_object(note))  # type: ignore[no-untyped-call]


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[IO[bytes]]:
    def disk(fault: OSError) -> ArchiveFault:
        return ArchiveFault(
            f"{path}: {fault}",
            code="seal-write",
            tell="Không đọc được tệp để xem trước. Kiểm tra dung lượng và quyền ghi của máy chủ.",
        )

    def odd(why: str) -> ArchiveFault:
        return Unfit(
            f"{path}: {why}",
            code="file-malformed",
            tell="Tệp sai cấu trúc PDF nên không xem trước và không ký được. Hãy tạo lại tệp.",
        )

    with in_our_words(disk, odd), path.open(mode) as file:
        yield file
