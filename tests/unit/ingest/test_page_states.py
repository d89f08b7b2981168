"""Blanks and second scans of a delivery: set aside, kept, counted once, proposed alike again, and rebuilt."""

import io
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont

from ingest.documents import flag_twins, propose_documents
from ingest.page_flags import page_flags
from ingest.split import split_file
from records.access import LOCAL, SYSTEM
from records.document import PageRole
from records.outcome import Done
from tests.cases.archive_world import World
from tests.cases.rebuilding import push_log, rebuilt, state

FONT = ImageFont.truetype("/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf", 20)


def pile() -> bytes:
    """A TIFF as a feeder gives it: a page, the same page again, an empty back, another page."""
    frames = []
    for text in (
        "Quyết định về việc thành lập tổ công tác số",
        "Quyết định về việc thành lập tổ công tác số",
        "",
        "Thông báo",
    ):
        page = Image.new("L", (827, 1170), 250)
        for row in range(30 if text else 0):
            ImageDraw.Draw(page).text((90, 90 + 33 * row), f"{text} {row * len(text)}", font=FONT, fill=20)
        frames.append(page)
    out = io.BytesIO()
    frames[0].save(
        out, "TIFF", save_all=True, append_images=frames[1:], dpi=(100, 100), compression="tiff_lzw"
    )
    return out.getvalue()


def split(world: World, batch: str) -> None:
    with world.work.reading() as tx:
        [file] = tx.batches.files(SYSTEM, batch)
    assert isinstance(split_file(world.tools, file, 1), Done)


def test_from_the_pile_to_the_books_and_back(world: World, afresh: Callable[[], World]) -> None:
    batch = world.deliver({"xap.tif": pile()})
    split(world, batch)
    assert flag_twins(world.tools, batch) == 1
    assert flag_twins(world.tools, batch) == 0
    [document] = propose_documents(world.tools, batch)
    assert propose_documents(world.tools, batch) == [document]
    with world.work.reading() as tx:
        pages = tx.pages.of_batch(batch)
        progress = tx.batches.progress(SYSTEM, batch)
        flags = {(f.frame, f.finding): f for f in page_flags(tx, LOCAL, batch)}
    assert [p.role for p in pages] == [PageRole.CONTENT, PageRole.DUPLICATE, PageRole.BLANK, PageRole.CONTENT]
    assert [p.number for p in pages] == [1, None, None, 2]
    assert (progress.pages, progress.pages_aside) == (4, 2)
    assert flags[2, "same-image"].sentence == "trùng hoàn toàn với xap.tif, trang 1"
    assert flags[3, "blank"].state == "blank"
    world.archive(document)
    world.finish(batch)
    until = push_log(world)
    before = state(world, until)
    fresh = afresh()
    assert rebuilt(fresh).troubles == ()
    assert state(fresh, until) == before
    with fresh.work.reading() as tx:
        assert {(f.frame, f.finding) for f in page_flags(tx, LOCAL, batch)} == set(flags)
