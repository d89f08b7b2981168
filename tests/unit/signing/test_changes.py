"""Later changes told object by object, and what each is called."""

import io
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.changes import HARMLESS, WORDS, changes_since
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.sealing import World
from tests.cases.signatures import with_store
from tests.tools.signed_bases import Base, a_form, plain
from tests.tools.tampering import APPENDED

EXPECTED = {
    "page_added": "page-tree",
    "page_removed": "page-tree",
    "pages_swapped": "page-tree",
    "image_swapped": "page-resource",
    "content_replaced": "page-content",
    "content_overridden": "page-content",
    "page_turned": "page-geometry",
    "page_cropped": "page-geometry",
    "page_action": "page-entry",
    "open_action": "catalog-key",
    "catalog_language": "catalog-key",
    "need_appearances": "form-settings",
    "xfa_added": "form-settings",
    "title_changed": "metadata",
    "date_changed": "metadata-dates",
    "xmp_changed": "metadata",
    "xmp_removed": "metadata",
    "square_over_text": "annotation-added",
    "direct_annotation": "annotation-added",
    "unsigned_field_over_text": "empty-signature-field",
    "text_field_over_text": "field-added",
    "font_swapped": "page-resource",
    "shadow_value": "form-value",
    "shadow_value_and_appearance": "form-appearance",
    "shadow_appearance_in_place": "form-appearance",
    "shadow_hide": "page-resource",
    "shadow_layer": "catalog-key",
    "shadow_hide_and_replace": "page-tree",
    "attachment_changed": "catalog-entry",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_change_has_its_name_and_its_sentence(name: str, world: World, tmp_path: Path) -> None:
    shared = name == "font_swapped"  # the form's field uses the font of the page, and is named first
    base = Base("form", plain(tmp_path) if shared else a_form(tmp_path, pages=2), world)
    harmed = APPENDED[name](base)
    assert harmed is not None
    told = changes_since(PdfFileReader(io.BytesIO(harmed)), 0, set())
    assert EXPECTED[name] in {c.code for c in told}, told
    assert all(c.tell and "{" not in c.tell and c.revision == 2 for c in told)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("store_replaced", "dss-removed"),
        ("store_removed", "dss-removed"),
        ("store_emptied", "dss-changed"),
        ("list_overridden", "dss-changed"),
        ("store_extended", "dss-added"),
    ],
)
def test_validation_data_is_only_ever_added(name: str, code: str, world: World, tmp_path: Path) -> None:
    base = Base("stored", with_store(plain(tmp_path), world), world)
    harmed = APPENDED[name](base)
    assert harmed is not None
    told = {c.code for c in changes_since(PdfFileReader(io.BytesIO(harmed)), 1, set())}
    assert code in told
    assert told <= HARMLESS if code == "dss-added" else not told <= HARMLESS


def test_every_code_has_words() -> None:
    assert set(WORDS) >= HARMLESS


def test_an_object_written_again_as_it_was_is_no_change(world: World, tmp_path: Path) -> None:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    pen = IncrementalPdfFileWriter(io.BytesIO(plain(tmp_path)))
    pen._update_meta = lambda: None
    pen.mark_update(pen.root["/Pages"]["/Kids"][0].raw_get("/Contents"))
    out = io.BytesIO()
    pen.write(out)
    told = changes_since(PdfFileReader(io.BytesIO(out.getvalue())), 0, set())
    assert {c.code for c in told} == {"structure", "catalog-link"}  # the writer names a newer PDF version


def test_the_file_of_one_seal_tells_what_followed_it(world: World, sealed: Path) -> None:
    seal, stamp = verify_pdf(sealed, world.roots).signatures
    codes = [c.code for c in seal.later_changes]
    assert {"dss-added", "signature-field-added", "signature-added"} <= set(codes) <= HARMLESS
    assert stamp.later_changes == ()
    assert seal.verdict is Answer.VALID
